#include <math.h>
#include <string.h>
#include "panels.h"
#include "random.h"
#include "spectrum.h"

static const double MOST_SERVED = 1e6;

int spectrum_serves(const spectrum_t *spectrum, double lambda)
{
    return lambda * lambda * spectrum->largest <= MOST_SERVED;
}

double spectral_log_det(const spectrum_t *spectrum, double lambda, double *r2)
{
    double log_det = 0.0, product = 1.0, square = lambda * lambda, sum = spectrum->rest;
    for (int i = 0; i < spectrum->n; i++) {
        double d = 1.0 + square * spectrum->size[i];
        sum += spectrum->explained[i] / d;
        product *= d;
        if (product < 1e100) continue;
        log_det += log(product);
        product = 1.0;
    }
    *r2 = sum;
    return log_det + log(product);
}

void draw_spectral_theta(const spectrum_t *spectrum, int p, double lambda, double sigma,
                         double *theta)
{
    int n = spectrum->n;
    double *v = spectrum->v, *normals = spectrum->normals;
    draw_standard_normals(n, v);
    draw_standard_normals(p, normals);
    for (int i = 0; i < n; i++) {
        double d = 1.0 + lambda * lambda * spectrum->size[i];
        v[i] = lambda * (lambda * spectrum->along[i] + sigma * sqrt(d) * v[i]) / d;
    }
    for (int k = 0; k < p; k++) theta[k] = spectrum->start[k] + sigma * normals[k];
    subtract_from(p, n, spectrum->cross, v, theta);
}
