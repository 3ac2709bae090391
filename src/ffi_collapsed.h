#ifndef RELM_FFI_COLLAPSED_H
#define RELM_FFI_COLLAPSED_H

#include "collapsed.h"
#include "ffi.h"

/* Elements `spectrum` and `tuning` of a model, and the point where the chain starts. sigma2: the
   residual variances where they are given, else not looked at. */
void decode_collapsed(SEXP model_list, SEXP point, const model_t *model, const double *sigma2,
                      monitor_t *monitor, collapsed_t *collapsed);

#endif
