#ifndef RELM_FFI_MOMENTS_H
#define RELM_FFI_MOMENTS_H

#include "ffi.h"

/* Sums over draws of what group_moments() gives of a grouping, by number: q x J, q x q x J,
   q x J. */
typedef struct {
    double *mean, *covariance, *with_beta, *first;
} moment_sums_t;

/* A list of them. */
SEXP allocate_moments(const grouping_t *grouping, moment_sums_t *sums);

/* Adds draw i of n: mean (q x groups) and covariance (q x q x groups) of the effects given it, of
   groups with these numbers. p: coefficients. */
void add_moments(const grouping_t *grouping, const int *number, const double *mean,
                 const double *covariance, const hyper_draws_t *draws, int i, int p,
                 const double *beta_mean, moment_sums_t *sums);

void average_moments(const grouping_t *grouping, int n, moment_sums_t *sums);

#endif
