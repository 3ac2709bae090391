#ifndef RELM_CHAIN_H
#define RELM_CHAIN_H

#include "samplers.h"

/* How long a chain runs, and where its draws go, one column a draw. */
typedef struct {
    int warmup, draws, thin;
    double *hyper;          /* n_hyper(model) x draws */
    double *effects;        /* q x n_groups x draws of gamma_j, or NULL */
    int sweeps_done;
} chain_t;

/* beta, then the standard deviations of the group effects, then their
   correlations within each block, then sigma, then the parameters of a pooled
   prior of sigma. */
int n_hyper(const model_t *model);

status_t run_chain(const model_t *model, state_t *state, sweep_t sweep, chain_t *chain);

#endif
