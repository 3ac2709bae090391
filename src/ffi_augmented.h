#ifndef RELM_FFI_AUGMENTED_H
#define RELM_FFI_AUGMENTED_H

#include "augmented.h"
#include "ffi.h"

/* Elements `rows` and `df_prior` of a model, where it has them: what the likelihood of the rows is. */
void decode_rows(SEXP list, model_t *model);

/* A sampler given the rows' weights, for the state; NULL without rows. What the model has of the
   data becomes the sampler's own. start: has the shape, or the degrees of freedom. */
augmented_t *start_augmented(SEXP model_list, SEXP start, sweep_t sweep, model_t *model,
                             state_t *state);

/* The rows themselves, of several groupings. */
void allocate_augmented_rows(const model_t *model, augmented_t *augmented, joint_rows_t *rows);

#endif
