#ifndef RELM_SCALE_PRIOR_H
#define RELM_SCALE_PRIOR_H

#include "log_concave.h"
#include "status.h"

/* Priors of a standard deviation s.
   Conjugate: p(s^2) ∝ (s^2)^-(shape + 1) exp(-rate / s^2) for s < upper; shape = rate = 0
   is Jeffreys' prior, shape = -1/2 and rate = 0 is uniform in s. The others are a
   factor beside the uniform one:
   half-t      (1 + s^2 / (df scale^2))^-((df + 1)/2)
   half-normal exp(-s^2 / (2 scale^2))
   exponential exp(-s / scale)
   Pooled: s^2 ~ scaled-inverse-chi^2, whose parameters are drawn with the rest.
   Fixed: s is the scale, and is not drawn. */
typedef enum {
    SCALE_CONJUGATE, SCALE_HALF_T, SCALE_HALF_NORMAL, SCALE_EXPONENTIAL, SCALE_POOLED,
    SCALE_FIXED
} scale_kind_t;

typedef struct {
    double shape, rate, upper;
    scale_kind_t kind;
    double df, scale;
} scale_prior_t;

/* Uniform on (0, Inf)? */
int is_flat(const scale_prior_t *prior);

/* log p(s) of a standard deviation s > 0, up to a constant; -INFINITY beyond the
   upper bound. */
double log_scale_density(const scale_prior_t *prior, double s);

/* The same, and its derivatives in log s; the bound aside. */
log_density_t scale_density_at(const scale_prior_t *prior, double s);

/* The variance given n normal residuals with this sum of squares. Conjugate:
   IG(n/2 + shape, sum_of_squares/2 + rate), cut off at upper^2. The others: exactly,
   by their log density, which is concave in log s; fixed, without a random number. */
status_t draw_variance(const scale_prior_t *prior, double n, double sum_of_squares,
                       double *variance);

#endif
