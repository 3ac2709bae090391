#ifndef RELM_SAMPLERS_H
#define RELM_SAMPLERS_H

#include "model.h"

/* One sweep of a sampler: every part of the state is drawn once. */
typedef status_t (*sweep_t)(const model_t *model, state_t *state);

status_t centered_sweep(const model_t *model, state_t *state);
status_t uncentered_sweep(const model_t *model, state_t *state);
status_t interweaved_sweep(const model_t *model, state_t *state);
status_t collapsed_sweep(const model_t *model, state_t *state);
status_t whitened_sweep(const model_t *model, state_t *state);
status_t common_line_sweep(const model_t *model, state_t *state);

#endif
