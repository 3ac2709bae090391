#ifndef RELM_POOLED_H
#define RELM_POOLED_H

#include "scale_prior.h"
#include "status.h"

/* n residual variances sigma_k^2 ~ scaled-inverse-chi^2(nu, s^2), under p(s) ∝ 1/s and
   nu ~ Gamma(2, 0.1) (Juárez and Steel 2010), and what is known of them. */
typedef struct {
    int n;
    const double *rows;             /* n */
    const double *sum_of_squares;   /* n, of the residuals */
} pooled_t;

/* nu and s from their distribution given the residuals, the sigma_k integrated out: first
   exactly given the old sigma_k, so that no old nu and s are needed, then each given
   the other and the residuals. New sigma_k must be drawn given these. */
status_t draw_pooled(const pooled_t *pooled, const double *sigma2, double *df,
                     double *scale);

/* nu and s exactly given the sigma_k. */
status_t draw_pooled_given_sigma(int n, const double *sigma2, double *df, double *scale);

/* The prior of each sigma_k that they make. */
scale_prior_t pooled_prior(double df, double scale);

#endif
