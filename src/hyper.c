#include <math.h>
#include <string.h>
#include "hyper.h"
#include "whitened.h"

int n_correlations(const model_t *model)
{
    int n = 0;
    for (int b = 0; b < model->n_blocks; b++)
        n += block_correlations(model->block + b);
    return n;
}

int n_hyper(const model_t *model)
{
    int n_pooled = model->sigma_prior.kind == SCALE_POOLED ? 2 : 0;
    return model->n_coef + model->n_random + n_correlations(model) + model->n_strata + n_pooled;
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

void store_hyper(const model_t *model, const state_t *state, double *out)
{
    out = store_coefficients(model, state, out);
    out = store_covariance(model, state, out);
    for (int s = 0; s < model->n_strata; s++) *out++ = sqrt(state->sigma2[s]);
    if (model->sigma_prior.kind != SCALE_POOLED) return;
    *out++ = state->pooled_df;
    *out++ = state->pooled_scale;
}

void factor_from_correlations(const model_t *model, const double *sd,
                              const double *correlation, double unit, double *L)
{
    int q = model->n_random;
    memset(L, 0, sizeof(double) * q * q);
    for (int b = 0; b < model->n_blocks; b++) {
        int first = model->block[b].first, size = model->block[b].size;
        double *corner = L + first + (size_t) q * first;
        for (int r = 0; r < size; r++) {
            double rest = 1.0;
            for (int k = 0; k < r; k++) {
                double sum = *correlation++;
                for (int m = 0; m < k; m++)
                    sum -= corner[r + (size_t) q * m] * corner[k + (size_t) q * m];
                double pivot = corner[k + (size_t) q * k];
                corner[r + (size_t) q * k] = pivot > 0.0 ? sum / pivot : 0.0;
                rest -= corner[r + (size_t) q * k] * corner[r + (size_t) q * k];
            }
            corner[r + (size_t) q * r] = rest > 0.0 ? sqrt(rest) : 0.0;
        }
    }
    for (int r = 0; r < q; r++)
        for (int k = 0; k <= r; k++) L[r + (size_t) q * k] *= sd[r] / unit;
}

void decode_hyper(const model_t *model, const double *hyper, hyper_draws_t *draws,
                  double *spare)
{
    int p = model->n_coef, q = model->n_random, n_strata = model->n_strata;
    for (int i = 0; i < draws->n; i++) {
        double *theta = draws->theta + (size_t) p * i;
        const double *sigma = hyper + p + q + n_correlations(model);
        memcpy(draws->sigma + (size_t) n_strata * i, sigma, sizeof(double) * n_strata);
        for (int s = 0; s < n_strata; s++)
            draws->sigma2[s + (size_t) n_strata * i] = sigma[s] * sigma[s];
        memcpy(draws->beta + (size_t) p * i, hyper, sizeof(double) * p);
        for (int k = 0; k < p; k++) spare[k] = hyper[k] - model->beta_shift[k];
        for (int k = 0; k < p; k++) theta[k] = 0.0;
        for (int l = 0; l < p; l++)
            for (int k = 0; k < p; k++)
                theta[k] += model->from_beta[k + (size_t) p * l] * spare[l];
        factor_from_correlations(model, hyper + p, hyper + p + q, n_strata == 1 ? sigma[0] : 1.0,
                                 draws->L + (size_t) q * q * i);
        hyper += n_hyper(model);
    }
}

hyper_t hyper_of_draw(const model_t *model, const hyper_draws_t *draws, int i)
{
    size_t p = (size_t) model->n_coef, q = (size_t) model->n_random;
    hyper_t hyper = { draws->beta + p * i, draws->theta + p * i, draws->L + q * q * i,
                      draws->sigma + (size_t) model->n_strata * i };
    return hyper;
}
