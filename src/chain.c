#include "chain.h"
#include "hyper.h"

static void store_effects(int q, const grouping_state_t *own, const kept_effects_t *kept,
                          int draw)
{
    double *out = kept->effects + (size_t) q * kept->n * draw;
    for (int j = 0; j < kept->n; j++)
        for (int k = 0; k < q; k++)
            *out++ = own->effect[(size_t) q * kept->group[j] + k] - own->mean[k];
}

/* hyper: the draw's n_hyper(model). */
static void store_draw(const model_t *model, const state_t *state, const chain_t *chain,
                       int draw, double *hyper)
{
    store_hyper(model, state, hyper);
    for (int g = 0; g < model->n_groupings; g++)
        store_effects(model->grouping[g].n_random, state->grouping + g, chain->kept + g, draw);
}

status_t run_chain(const model_t *model, state_t *state, sweep_t sweep, chain_t *chain)
{
    size_t n = (size_t) n_hyper(model);
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
        store_draw(model, state, chain, draw, chain->hyper + n * draw);
    }
    return STATUS_OK;
}
