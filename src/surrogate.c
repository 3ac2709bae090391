#include <math.h>
#include <stddef.h>
#include "surrogate.h"

/* How far coordinates and g reach: beyond, a polynomial says nothing. */
static const double MOST_COORDINATE = 4.0, LEAST_LOG_WEIGHT = -3.0, MOST_LOG_WEIGHT = 6.0;

static double cut_to(double x, double least, double most)
{
    return x > most ? most : x < least ? least : x;
}

double surrogate_log_weight(const surrogate_t *surrogate, const double *point)
{
    int n = surrogate->n;
    double *v = surrogate->v, g = 0.0;
    for (int r = 0; r < n; r++) {
        double sum = 0.0;
        for (int k = r; k < n; k++)
            sum += surrogate->root[r + (size_t) n * k] * (point[k] - surrogate->center[k]);
        v[r] = cut_to(sum, -MOST_COORDINATE, MOST_COORDINATE);
    }
    v[n] = 1.0;
    for (int t = 0; t < surrogate->n_terms; t++) {
        const int *factor = surrogate->factor + (size_t) FACTORS * t;
        g += surrogate->coefficient[t] * (v[factor[0]] * v[factor[1]]) * (v[factor[2]] * v[factor[3]]);
    }
    return cut_to(g, LEAST_LOG_WEIGHT, MOST_LOG_WEIGHT);
}
