#ifndef RELM_FFI_COLLAPSED_H
#define RELM_FFI_COLLAPSED_H

#include "collapsed.h"
#include "ffi.h"

/* Of each step: its tuning, the model's `spectrum`, and the one of `points` where the chain starts.
   sigma2: the residual variances where they are given, else not looked at. */
collapsed_t *decode_collapsed(SEXP model_list, SEXP points, const model_t *model,
                              const double *sigma2, monitor_t *monitor);

#endif
