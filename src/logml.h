#ifndef RELM_LOGML_H
#define RELM_LOGML_H

#include "collapsed_target.h"

/* log p(y | Sigma, sigma) with the coefficients, under a normal prior, and the group effects
   integrated out. */
typedef struct {
    const model_t *model;
    grouping_t grouping;    /* the whole of the only step; empty in a model without one */
    const step_t *step;     /* of a longer chain, whose data are in chain; else NULL */
    chain_data_t *chain;
    monitor_t *monitor;
    group_data_t data;
    double *root;           /* (p + 1) x (p + 1) */
    double *L;              /* q x q */
    double *sigma2;         /* n_strata */
    weighing_buffers_t weighing;
} evidence_t;

/* Weighs the data once where there is one residual variance. */
status_t start_evidence(evidence_t *evidence);

/* At the factor L of Sigma (q x q) and the residual standard deviations. What depends on
   neither is left out: log(2 pi), the weights and the determinant of the coefficients'
   prior. */
status_t log_evidence(evidence_t *evidence, const double *L, const double *sigma,
                      double *value);

#endif
