#ifndef RELM_FFI_COLLAPSED_H
#define RELM_FFI_COLLAPSED_H

#include "collapsed.h"
#include "ffi.h"

/* Of each step: its tuning, the model's `spectrum`, and the one of `points` where the chain starts. Of
   the state sigma2 is looked at where residual variances are given, and the effects where there are
   several steps. */
collapsed_t *decode_collapsed(SEXP model_list, SEXP points, const model_t *model,
                              const state_t *state);

#endif
