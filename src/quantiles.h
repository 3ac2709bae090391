#ifndef RELM_QUANTILES_H
#define RELM_QUANTILES_H

#include <stddef.h>

int any_nan(size_t n, const double *x);

/* Mean and standard deviation (divisor n - 1) of n values. */
void mean_and_sd(size_t n, const double *x, double *mean, double *sd);

/* Quantiles by linear interpolation between the order statistics, as Hyndman and Fan
   (1996) define their type 7. probabilities: k, rising. x, without a NaN, is permuted. */
void rising_quantiles(size_t n, double *x, int k, const double *probabilities,
                      double *quantiles);

#endif
