#ifndef RELM_RANDOM_H
#define RELM_RANDOM_H

#include "status.h"

/* Draws from named distributions, by R's generator. The caller holds
   GetRNGstate() and PutRNGstate(). */

/* A conjugate prior of a standard deviation s:
   p(s^2) ∝ (s^2)^-(shape + 1) exp(-rate / s^2) for s < upper.
   shape = rate = 0 is Jeffreys' prior; shape = -1/2, rate = 0 is uniform in s. */
typedef struct {
    double shape, rate, upper;
} scale_prior_t;

/* log p(s) of a standard deviation s > 0, up to a constant; -INFINITY beyond the upper
   bound. */
double log_scale_density(const scale_prior_t *prior, double s);

/* The variance given n normal residuals with this sum of squares:
   IG(n/2 + shape, sum_of_squares/2 + rate), cut off at upper^2. */
status_t draw_variance(const scale_prior_t *prior, double n, double sum_of_squares,
                       double *variance);

void draw_standard_normals(int n, double *z);

/* x ~ N(P^-1 h, P^-1), with x = P^-1 h + U^-1 z and U'U = P. P is overwritten
   by U; x holds h on entry; z holds standard normals. */
status_t draw_normal_given_precision(int n, double *P, const double *z, double *x);

/* Sigma ~ IW(df, S), density ∝ |Sigma|^-(df+n+1)/2 exp(-tr(S Sigma^-1)/2).
   root_S holds U with U'U = S; work holds 2 n^2 doubles. */
void draw_inverse_wishart(int n, double df, const double *root_S,
                          double *Sigma, double *work);

/* log|C| of the correlation matrix C of Sigma; work holds n^2 doubles. */
status_t log_det_correlation(int n, const double *Sigma, double *work, double *value);

#endif
