#ifndef RELM_NESTED_MOMENTS_H
#define RELM_NESTED_MOMENTS_H

#include "nested_effects.h"

/* Conditional means and covariances of the effects of a nested chain, from roots to leaves:
   gamma_j given those of its ancestors a has the mean m + B a and the covariance W'W, so that with
   a ~ (mean, C) its own covariance is W'W + B C B'. */
typedef struct {
    const nested_effects_t *effects;
    double *joint[MOST_LEVELS];     /* (q + ancestors')^2: covariance of [gamma_j, a] */
    double *B[MOST_LEVELS];         /* q x ancestors' */
    double *W[MOST_LEVELS];         /* q x q */
    double *mean[MOST_LEVELS];      /* q x n_groups, in the chain's order */
    double *covariance[MOST_LEVELS];    /* q x q x n_groups */
} nested_moments_t;

/* With memory for what is of one group; mean and covariance are the caller's. */
void take_nested_moments(const nested_effects_t *effects, nested_moments_t *moments,
                         workspace_t *work);

/* Those of a group that has been informed, and effects->above of the level below; before it those of
   its ancestors, from the root on. */
status_t moments_of_group(const nested_moments_t *moments, int l, int group,
                          const double *const *L, double sigma);

/* Those of a group that has been informed, and of all below it. */
status_t moments_below(const nested_moments_t *moments, int l, int group, const double *const *L,
                       double sigma);

#endif
