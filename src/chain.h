#ifndef RELM_CHAIN_H
#define RELM_CHAIN_H

#include "samplers.h"

/* How long a chain runs, and where its draws go, one column a draw. */
typedef struct {
    int warmup, draws, thin;
    double *hyper;          /* n_hyper(model) x draws */
    int n_kept;             /* groups whose effects are stored */
    const int *kept;        /* n_kept, from 0 */
    double *effects;        /* q x n_kept x draws of gamma_j */
    int sweeps_done;
} chain_t;

status_t run_chain(const model_t *model, state_t *state, sweep_t sweep, chain_t *chain);

#endif
