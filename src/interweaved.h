#ifndef RELM_INTERWEAVED_H
#define RELM_INTERWEAVED_H

#include "model.h"

/* The steps of interweaved_sweep() that no other sampler has. They work on a model
   in the uncentered parameterization. */

/* beta and the standard deviations tau given eta_j = diag(tau)^-1 gamma_j: jointly
   normal, with signed tau, where all tau are uniform; elsewhere that normal is a
   proposal, accepted by what the priors add. */
status_t draw_standardized(const model_t *model, state_t *state);

/* beta given beta_j = beta + gamma_j. */
status_t draw_translation(const model_t *model, state_t *state);

/* Are all standard deviations uniform on (0, Inf)? */
int scales_are_uniform(const model_t *model);

#endif
