#ifndef RELM_FFI_RESPONSES_H
#define RELM_FFI_RESPONSES_H

#include "family_target.h"
#include "ffi.h"

/* Element `responses` of a model, where it has one, as the model's. */
void decode_responses(SEXP list, model_t *model);

/* A step's rows, and buffers of its lattices. */
family_data_t *new_family_data(const model_t *model, const step_t *step, int n_threads,
                               double fineness);

#endif
