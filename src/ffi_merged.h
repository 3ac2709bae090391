#ifndef RELM_FFI_MERGED_H
#define RELM_FFI_MERGED_H

#include "ffi.h"
#include "merged.h"

/* The pattern of a step of n groupings, which are all of the model's. */
const merged_pattern_t *decode_pattern(SEXP list, const model_t *model, int n);

/* Crossed groupings in one step, without data yet. */
merged_t *new_merged(const model_t *model, const step_t *step);

#endif
