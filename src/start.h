#ifndef RELM_START_H
#define RELM_START_H

#include "model.h"

/* What one step of the EM algorithm for random-effects models (Laird and Ware
   1982) finds at a given Sigma and sigma2, in the uncentered parameterization. */
typedef struct {
    double *theta;          /* p: generalized least squares */
    double *precision;      /* p x p of theta, group effects integrated out */
    double *sum_of_squares; /* n_strata: E |y - X theta - Z gamma|^2 */
    double *moment;         /* q x q: mean_j E(gamma_j gamma_j' | y) */
    double *effective;      /* q: half the information on each log sd: the
                               sum of squared reliabilities 1 - var(gamma | y)/tau^2 */
} em_t;

typedef struct {
    double *U, *V;          /* q x q */
    double *h;              /* q */
    double *A;              /* q x p */
    double *root;           /* p x p */
} em_buffers_t;

em_buffers_t take_em(int q, int p, workspace_t *work);

/* For a step, or where that is NULL for a model without group effects, of which there is then no
   moment. state gives Sigma and sigma2, and room for the group effects. */
status_t em_step(const model_t *model, state_t *state, const step_t *step, em_t *em,
                 const em_buffers_t *buffers);

#endif
