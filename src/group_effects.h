#ifndef RELM_GROUP_EFFECTS_H
#define RELM_GROUP_EFFECTS_H

#include "group.h"
#include "hyper.h"

/* Draws and moments of the effects of a step given draws of the hyperparameters. With
   several residual variances the moments are had, and not the draws, which chains make. */

/* What one group needs, whatever the draws. */
typedef struct {
    double *mean, *first;   /* q: given one draw, and given the first */
    double *W;              /* q x q */
    weighed_buffers_t weighed;
    group_buffers_t group;
} group_effects_buffers_t;

group_effects_buffers_t take_group_effects(int q, int p, workspace_t *work);

/* Draws from, from + 1, ..., to - 1 of one group: normals holds q for each; effects of
   two draws lie `stride` doubles apart. */
status_t draw_deferred_group(const model_t *model, const step_t *step, int group,
                             const hyper_draws_t *draws, int from, int to,
                             const double *normals, double *effects, size_t stride,
                             const group_effects_buffers_t *buffers);

/* The mean of gamma_j over the hyperparameters' draws, its covariance (within a draw and
   between draws), and the covariance of each effect with the coefficient that it
   deviates from, by the conditional means and covariances given each draw (Gelfand and
   Smith 1990). mean: q, covariance: q x q, with_beta: q. */
status_t group_moments(const model_t *model, const step_t *step, int group,
                       const hyper_draws_t *draws, const double *beta_mean, double *mean,
                       double *covariance, double *with_beta,
                       const group_effects_buffers_t *buffers);

#endif
