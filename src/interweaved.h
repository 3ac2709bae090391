#ifndef RELM_INTERWEAVED_H
#define RELM_INTERWEAVED_H

#include "model.h"

/* The steps of interweaved_sweep() that no other sampler has. They work on a model
   in the uncentered parameterization; g is the number of a grouping. */

/* beta and the standard deviations tau given eta_j = diag(tau)^-1 gamma_j: jointly
   normal, with signed tau, where all tau are uniform; elsewhere that normal is a
   proposal, accepted by what the priors add. */
status_t draw_standardized(const model_t *model, state_t *state, int g);

/* tau of level l of a chain given eta_j and b_j = gamma_j + b_parent of the groupings below, where
   that level is_above(). */
status_t draw_standardized_above(const model_t *model, state_t *state, const step_t *step, int l);

/* beta given beta_j = beta + gamma_j. */
status_t draw_translation(const model_t *model, state_t *state, int g);

/* Are all standard deviations of its effects uniform on (0, Inf)? */
int scales_are_uniform(const grouping_t *grouping);

#endif
