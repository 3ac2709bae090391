#include <math.h>
#include "chain.h"
#include "whitened.h"

int n_correlations(const model_t *model)
{
    int n = 0;
    for (int b = 0; b < model->n_blocks; b++)
        n += model->block[b].size * (model->block[b].size - 1) / 2;
    return n;
}

int n_hyper(const model_t *model)
{
    int n_pooled = model->sigma_prior.kind == SCALE_POOLED ? 2 : 0;
    return model->n_coef + model->n_random + n_correlations(model) + model->n_levels + n_pooled;
}

static double *store_coefficients(const model_t *model, const state_t *state, double *out)
{
    int p = model->n_coef;
    for (int k = 0; k < p; k++) out[k] = model->beta_shift[k];
    for (int l = 0; l < p; l++)
        for (int k = 0; k < p; k++)
            out[k] += model->to_beta[k + (size_t) p * l] * state->theta[l];
    return out + p;
}

static double *store_covariance(const model_t *model, const state_t *state, double *out)
{
    int q = model->n_random;
    const whitened_t *whitened = state->whitened;
    double *sd = out;
    for (int k = 0; k < q; k++)
        *out++ = whitened ? exp(whitened->log_tau[k])
            : sqrt(state->Sigma[(size_t) (q + 1) * k]);
    for (int b = 0; b < model->n_blocks; b++) {
        int first = model->block[b].first, end = first + model->block[b].size;
        for (int k = first + 1; k < end; k++)
            for (int l = first; l < k; l++) {
                double r = whitened ? whitened_correlation(model, whitened, k, l)
                    : state->Sigma[l + (size_t) q * k] / (sd[l] * sd[k]);
                /* Rounding may carry it beyond. */
                *out++ = fmax(fmin(r, 1.0), -1.0);
            }
    }
    return out;
}

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
    double *out = chain->hyper + (size_t) n_hyper(model) * draw;
    out = store_coefficients(model, state, out);
    out = store_covariance(model, state, out);
    for (int s = 0; s < model->n_levels; s++) *out++ = sqrt(state->sigma2[s]);
    if (model->sigma_prior.kind == SCALE_POOLED) {
        *out++ = state->pooled_df;
        *out++ = state->pooled_scale;
    }
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
