#ifndef RELM_FFI_RESPONSES_H
#define RELM_FFI_RESPONSES_H

#include "family_target.h"
#include "ffi.h"

/* Element `responses` of a model, where it has one, as the model's. */
void decode_responses(SEXP list, model_t *model);

/* Rows with the columns of others, in groups of their own: all but modes and counts. */
responses_t *read_responses(SEXP list, const responses_t *like);

/* Of one draw what modes depend on: n_mode_slopes(). */
void encode_reference(const responses_t *responses, const group_parameters_t *at,
                      double *reference);

/* A step's rows, and buffers of its lattices, of which those of the first thread ask the monitor. */
family_data_t *new_family_data(const model_t *model, const step_t *step, int n_threads,
                               double fineness, monitor_t *monitor);

#endif
