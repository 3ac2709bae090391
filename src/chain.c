#include "chain.h"
#include "hyper.h"

static void store_effects(const model_t *model, const state_t *state, const chain_t *chain,
                          double *out)
{
    int q = model->n_random;
    for (int j = 0; j < chain->n_kept; j++)
        for (int k = 0; k < q; k++)
            *out++ = state->effect[(size_t) q * chain->kept[j] + k] - state->mean[k];
}

static void store_draw(const model_t *model, const state_t *state, const chain_t *chain,
                       int draw)
{
    store_hyper(model, state, chain->hyper + (size_t) n_hyper(model) * draw);
    store_effects(model, state, chain,
                  chain->effects + (size_t) model->n_random * chain->n_kept * draw);
}

status_t run_chain(const model_t *model, state_t *state, sweep_t sweep, chain_t *chain)
{
    RETURN_IF_FAILED(refresh_state(model, state));
    for (int i = 0; i < chain->warmup; i++) {
        RETURN_IF_FAILED(sweep(model, state));
        chain->sweeps_done++;
    }
    for (int draw = 0; draw < chain->draws; draw++) {
        for (int i = 0; i < chain->thin; i++) {
            RETURN_IF_FAILED(sweep(model, state));
            chain->sweeps_done++;
        }
        store_draw(model, state, chain, draw);
    }
    return STATUS_OK;
}
