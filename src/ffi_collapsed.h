#ifndef RELM_FFI_COLLAPSED_H
#define RELM_FFI_COLLAPSED_H

#include "collapsed.h"
#include "ffi.h"

/* Element `spectrum` of a model and the tuning of its collapsed sampler. sigma2: the residual
   variances where they are given, else not looked at. */
void decode_tuning(SEXP model_list, SEXP tuning, const model_t *model, const double *sigma2,
                   monitor_t *monitor, collapsed_t *collapsed);

#endif
