#include <R_ext/Random.h>
#include "linpred.h"

void start_mean(size_t n, double offset, double *mean)
{
    for (size_t i = 0; i < n; i++) mean[i] = offset;
}

void add_to_mean(size_t n, int k, const double *x, size_t stride, const double *coefficients,
                 double *mean)
{
    for (int c = 0; c < k; c++) {
        const double *column = coefficients + n * c;
        double value = x[stride * c];
        for (size_t i = 0; i < n; i++) mean[i] += value * column[i];
    }
}

void add_residuals(size_t n, double scale, const double *sigma, double *values)
{
    for (size_t i = 0; i < n; i++) values[i] += scale * sigma[i] * norm_rand();
}

void add_given_residuals(size_t n, double scale, const double *sigma, const double *normals,
                         double *values)
{
    for (size_t i = 0; i < n; i++) values[i] += scale * sigma[i] * normals[i];
}
