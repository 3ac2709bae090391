#include <math.h>
#include <string.h>
#include "hyper.h"
#include "whitened.h"

int n_correlations(const grouping_t *grouping)
{
    int n = 0;
    for (int b = 0; b < grouping->n_blocks; b++)
        n += block_correlations(grouping->block + b);
    return n;
}

int n_scales(const grouping_t *grouping)
{
    int n = 0;
    for (int b = 0; b < grouping->n_blocks; b++) n += block_scales(grouping->block + b);
    return n;
}

int n_angles(const grouping_t *grouping)
{
    int n = 0;
    for (int b = 0; b < grouping->n_blocks; b++) n += block_angles(grouping->block + b);
    return n;
}

/* Standard deviations of the residuals, and what pools them; or what a family has in their place. */
static int n_residual(const model_t *model)
{
    if (model->responses) return has_shape(model);
    return model->n_strata + (model->sigma_prior.kind == SCALE_POOLED ? 2 : 0)
        + is_student(model);
}

int n_hyper(const model_t *model)
{
    int n = model->n_coef + n_residual(model);
    for (int g = 0; g < model->n_groupings; g++)
        n += model->grouping[g].n_random + n_correlations(model->grouping + g);
    return n;
}

void theta_to_beta(const model_t *model, const double *theta, double *beta)
{
    int p = model->n_coef;
    for (int k = 0; k < p; k++) beta[k] = model->beta_shift[k];
    for (int l = 0; l < p; l++)
        for (int k = 0; k < p; k++) beta[k] += model->to_beta[k + (size_t) p * l] * theta[l];
}

void beta_to_theta(const model_t *model, const double *beta, double *theta)
{
    int p = model->n_coef;
    for (int k = 0; k < p; k++) theta[k] = 0.0;
    for (int l = 0; l < p; l++) {
        double deviation = beta[l] - model->beta_shift[l];
        for (int k = 0; k < p; k++) theta[k] += model->from_beta[k + (size_t) p * l] * deviation;
    }
}

static double *store_covariance(const grouping_t *grouping, const grouping_state_t *own,
                                double *out)
{
    int q = grouping->n_random;
    const whitened_t *whitened = own->whitened;
    double *sd = out;
    for (int k = 0; k < q; k++)
        *out++ = whitened ? exp(whitened->log_tau[k])
            : sqrt(own->Sigma[(size_t) (q + 1) * k]);
    for (int b = 0; b < grouping->n_blocks; b++) {
        int first = grouping->block[b].first, end = first + grouping->block[b].size;
        if (grouping->block[b].kind == COV_DIAGONAL) continue;
        for (int k = first + 1; k < end; k++)
            for (int l = first; l < k; l++) {
                double r = whitened ? whitened_correlation(grouping->n_random, whitened, k, l)
                    : own->Sigma[l + (size_t) q * k] / (sd[l] * sd[k]);
                /* Rounding may carry it beyond. */
                *out++ = fmax(fmin(r, 1.0), -1.0);
            }
    }
    return out;
}

void store_hyper(const model_t *model, const state_t *state, double *out)
{
    theta_to_beta(model, state->theta, out);
    out += model->n_coef;
    for (int g = 0; g < model->n_groupings; g++)
        out = store_covariance(model->grouping + g, state->grouping + g, out);
    if (model->responses) {
        if (has_shape(model)) *out = state->shape;
        return;
    }
    for (int s = 0; s < model->n_strata; s++) *out++ = sqrt(state->sigma2[s]);
    if (model->sigma_prior.kind == SCALE_POOLED) {
        *out++ = state->pooled_df;
        *out++ = state->pooled_scale;
    }
    if (is_student(model)) *out = state->df;
}

void factor_from_correlations(const grouping_t *grouping, const double *sd,
                              const double *correlation, double unit, double *L)
{
    int q = grouping->n_random;
    memset(L, 0, sizeof(double) * q * q);
    for (int b = 0; b < grouping->n_blocks; b++) {
        int first = grouping->block[b].first, size = grouping->block[b].size;
        double *corner = L + first + (size_t) q * first;
        int is_diagonal = grouping->block[b].kind == COV_DIAGONAL;
        for (int r = 0; r < size; r++) {
            double rest = 1.0;
            for (int k = 0; k < r; k++) {
                double sum = is_diagonal ? 0.0 : *correlation++;
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

/* The L of all draws, each of which has n hyperparameters, sigma at `to_sigma`. */
static void decode_factors(const model_t *model, const double *hyper, int n, int to_sigma,
                           const hyper_draws_t *draws)
{
    int is_common = model->n_strata == 1 && !model->responses;
    int place = model->n_coef;
    for (int g = 0; g < model->n_groupings; g++) {
        const grouping_t *grouping = model->grouping + g;
        int q = grouping->n_random;
        double *L = draws->L[g];
        for (int i = 0; i < draws->n; i++) {
            const double *draw = hyper + (size_t) n * i, *sd = draw + place;
            factor_from_correlations(grouping, sd, sd + q, is_common ? draw[to_sigma] : 1.0,
                                     L + (size_t) q * q * i);
        }
        place += q + n_correlations(grouping);
    }
}

void decode_hyper(const model_t *model, const double *hyper, hyper_draws_t *draws)
{
    int p = model->n_coef, n_strata = model->n_strata, n = n_hyper(model);
    int to_sigma = n - n_residual(model);
    decode_factors(model, hyper, n, to_sigma, draws);
    for (int i = 0; i < draws->n; i++) {
        double *theta = draws->theta + (size_t) p * i;
        const double one = 1.0, *sigma = model->responses ? &one : hyper + to_sigma;
        if (has_shape(model)) draws->shape[i] = hyper[to_sigma];
        memcpy(draws->sigma + (size_t) n_strata * i, sigma, sizeof(double) * n_strata);
        for (int s = 0; s < n_strata; s++)
            draws->sigma2[s + (size_t) n_strata * i] = sigma[s] * sigma[s];
        memcpy(draws->beta + (size_t) p * i, hyper, sizeof(double) * p);
        beta_to_theta(model, hyper, theta);
        hyper += n;
    }
}

hyper_t hyper_of_draw(const model_t *model, const hyper_draws_t *draws, const step_t *step,
                      int i)
{
    size_t p = (size_t) model->n_coef;
    hyper_t hyper = { draws->beta + p * i, draws->theta + p * i, NULL,
                      draws->sigma + (size_t) model->n_strata * i };
    if (step) {
        int g = only_grouping(step);
        size_t q = (size_t) model->grouping[g].n_random;
        hyper.L = draws->L[g] + q * q * i;
    }
    return hyper;
}
