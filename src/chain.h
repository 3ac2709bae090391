#ifndef RELM_CHAIN_H
#define RELM_CHAIN_H

#include "samplers.h"

/* The groups of a grouping whose effects are stored. */
typedef struct {
    int n;
    const int *group;       /* n, from 0 */
    double *effects;        /* q x n x draws of gamma_j */
} kept_effects_t;

/* How long a chain runs, and where its draws go, one column a draw. */
typedef struct {
    int warmup, draws, thin;
    double *hyper;          /* n_hyper(model) x draws */
    kept_effects_t *kept;   /* of each grouping */
    int sweeps_done;
} chain_t;

status_t run_chain(const model_t *model, state_t *state, sweep_t sweep, chain_t *chain);

#endif
