#ifndef RELM_TOTALS_SWEEP_H
#define RELM_TOTALS_SWEEP_H

#include "collapsed.h"
#include "totals.h"

/* Given the totals of a chain's leaves: each coordinate of its groupings' covariances by a
   slice of their density with all effects integrated out (Neal 2003), then the coefficients and
   the effects. Nothing in it looks at a row. */
status_t sweep_given_totals(const model_t *model, totals_t *totals, state_t *state);

#endif
