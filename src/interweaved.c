#include <math.h>
#include <string.h>
#include <R_ext/Random.h>
#include "conditionals.h"
#include "hierarchy.h"
#include "interweaved.h"
#include "linalg.h"
#include "samplers.h"

/* In chains, of the groupings above others. */
static status_t draw_all_above(const model_t *model, state_t *state)
{
    for (int s = 0; s < model->n_steps; s++)
        for (int l = 1; l < model->step[s].n; l++) {
            if (!is_above(model, state, model->step[s].grouping[l])) continue;
            /* gamma_parent | b_j, Sigma, sigma^2 */
            RETURN_IF_FAILED(draw_above(model, state, model->step + s, l));
            /* tau_parent | eta_parent, b_j, sigma^2 */
            RETURN_IF_FAILED(draw_standardized_above(model, state, model->step + s, l));
        }
    return STATUS_OK;
}

/* Interweaving (Yu and Meng 2011) of three parameterizations of the group effects:
   gamma_j; beta_j = beta + gamma_j, centered; and eta_j = diag(tau)^-1 gamma_j,
   standardized; in a chain the last two also of a grouping beside b_j = gamma_j + b_parent of
   those below it. A sweep draws the group effects once and then moves through each
   parameterization, so that it mixes where any of them does. The state is that of
   the uncentered sampler. */
status_t interweaved_sweep(const model_t *model, state_t *state)
{
    int is_drawn = 0;
    for (int g = 0; g < model->n_groupings; g++) {
        /* gamma_j | beta, Sigma, sigma^2 */
        RETURN_IF_FAILED(draw_group_effects(model, state, g));
        /* beta, tau | eta_j, C, sigma^2 */
        RETURN_IF_FAILED(draw_standardized(model, state, g));
        if (scales_are_uniform(model->grouping + g)) is_drawn = 1;
    }
    /* beta | gamma_j, sigma^2; drawn above already under uniform tau */
    if (!is_drawn) RETURN_IF_FAILED(draw_coefficients(model, state));
    if (model->n_groupings > 1) RETURN_IF_FAILED(draw_all_above(model, state));
    for (int g = 0; g < model->n_groupings; g++) {
        /* beta | beta_j, Sigma */
        if (model->grouping[g].n_pairs > 0) RETURN_IF_FAILED(draw_translation(model, state, g));
        /* Sigma | gamma_j */
        RETURN_IF_FAILED(draw_covariance(model, state, g));
    }
    /* sigma^2 | beta, gamma_j */
    return draw_residual_variances(model, state);
}

int scales_are_uniform(const grouping_t *grouping)
{
    for (int b = 0; b < grouping->n_blocks; b++)
        if (!block_is_flat(grouping->block + b)) return 0;
    return 1;
}

/* What a grouping's cells add to the moments below; h is NULL where there are others. */
static void add_cells_moments(const model_t *model, const state_t *state, int g,
                              double *P, double *h)
{
    const grouping_t *grouping = model->grouping + g;
    const double *effects = state->grouping[g].effect;
    int q = grouping->n_random, p = model->n_coef, all = p + q;
    for (int j = 0; j < grouping->n_groups; j++) {
        const double *effect = effects + (size_t) q * j;
        for (int cell = grouping->group_start[j]; cell < grouping->group_start[j + 1]; cell++) {
            const double *R = cell_factor(grouping, cell);
            const double *C = R + q * q, *c = C + (size_t) q * p;
            double precision = 1.0 / state->sigma2[grouping->cell_stratum[cell]];
            for (int k = 0; h && k < p; k++)
                h[k] += precision * dot(q, C + (size_t) q * k, c);
            for (int k = 0; k < q; k++) {
                const double *column = R + (size_t) q * k;
                double weight = precision * effect[k];
                double *out = P + (size_t) all * (p + k);
                if (h) h[p + k] += weight * dot(k + 1, column, c);
                for (int l = 0; l < p; l++)
                    out[l] += weight * dot(k + 1, column, C + (size_t) q * l);
                for (int l = 0; l <= k; l++)
                    out[p + l] += weight * effect[l]
                        * dot(l + 1, R + (size_t) q * l, column);
            }
        }
    }
}

/* h of y less the others' effects. */
static void add_moments_among(const model_t *model, const state_t *state, int g, double *h)
{
    const grouping_t *grouping = model->grouping + g;
    int q = grouping->n_random;
    const double *sum = state->several->sums, *effect = state->grouping[g].effect;
    subtract_effects(model, state, g, 0);
    add_on_staying(model, state, 1, h);
    sum_by_group(model, state, g);
    for (int j = 0; j < grouping->n_groups; j++)
        for (int k = 0; k < q; k++, sum++, effect++) h[model->n_coef + k] += *effect * *sum;
}

/* P and h of the regression of y on [X, Z diag(gamma_j)], whose coefficients are
   theta and the factors s by which the standard deviations change. */
static void standardized_moments(const model_t *model, const state_t *state, int g,
                                 double *P, double *h)
{
    int q = model->grouping[g].n_random, p = model->n_coef, all = p + q, rows = p + 1;
    memset(P, 0, sizeof(double) * all * all);
    memset(h, 0, sizeof(double) * all);
    for (int k = 0; k < p; k++) {
        h[k] = model->prior_linear[k];
        memcpy(P + (size_t) all * k, model->prior_precision + (size_t) p * k,
               sizeof(double) * p);
    }
    for (int s = 0; s < model->n_strata; s++) {
        const double *T = stratum_factor(model, s);
        const double *gram = model->stratum_gram + (size_t) p * p * s;
        double precision = 1.0 / state->sigma2[s];
        for (int k = 0; k < p; k++) {
            h[k] += precision * dot(rows, T + (size_t) rows * k, T + (size_t) rows * p);
            for (int l = 0; l <= k; l++)
                P[l + (size_t) all * k] += precision * gram[l + (size_t) p * k];
        }
    }
    if (model->n_groupings == 1) {
        add_cells_moments(model, state, g, P, h);
    } else {
        add_cells_moments(model, state, g, P, NULL);
        add_moments_among(model, state, g, h);
    }
}

/* The inverse of diag(s) Sigma diag(s) over one block; s may be NULL, for 1. */
static void scaled_inverse(int q, const grouping_state_t *own, const cov_block_t *block,
                           const double *s, double *inverse)
{
    int size = block->size, first = block->first;
    for (int k = 0; k < size; k++)
        for (int l = 0; l < size; l++)
            inverse[l + size * k] = own->Sigma_inverse[first + l + (size_t) q * (first + k)]
                / (s ? s[first + k] * s[first + l] : 1.0);
}

/* What the prior of a block says of s beyond a uniform one, against s = 1:
   prod p(|s_k| tau_k) / p(tau_k) for standard deviations; and for a matrix, whose density
   is in Sigma and whose correlations stay, prod |s_k|^size p(diag(s) Sigma diag(s)) /
   p(Sigma). */
static double log_block_weight(int q, const grouping_state_t *own, const cov_block_t *block,
                               const double *s, double *inverse)
{
    int size = block->size, first = block->first;
    double weight = 0.0;
    if (block_is_flat(block)) return 0.0;
    for (int k = 0; k < size; k++) {
        double size_k = fabs(s[first + k]);
        double tau = sqrt(own->Sigma[(size_t) (q + 1) * (first + k)]);
        if (block->kind == COV_VARIANCE || block->kind == COV_LKJ)
            weight += log_scale_density(block->sd + k, size_k * tau)
                - log_scale_density(block->sd + k, tau);
        else
            weight += size * log(size_k);
    }
    if (block->kind == COV_VARIANCE || block->kind == COV_LKJ) return weight;
    double log_det = 0.0;
    scaled_inverse(q, own, block, NULL, inverse);
    weight -= log_matrix_density(block, log_det, inverse);
    for (int k = 0; k < size; k++) log_det += 2.0 * log(fabs(s[first + k]));
    scaled_inverse(q, own, block, s, inverse);
    return weight + log_matrix_density(block, log_det, inverse);
}

static int accept_scales(const model_t *model, const state_t *state, int g, const double *s)
{
    const grouping_t *grouping = model->grouping + g;
    double weight = 0.0;
    if (scales_are_uniform(grouping)) return 1;
    for (int b = 0; b < grouping->n_blocks; b++)
        weight += log_block_weight(grouping->n_random, state->grouping + g, grouping->block + b, s,
                                   state->buffers.inverse);
    return log(unif_rand()) < weight;
}

/* Sigma <- diag(s) Sigma diag(s), */
static void rescale_covariance(int q, grouping_state_t *own, const double *s)
{
    for (int k = 0; k < q; k++)
        for (int l = 0; l < q; l++) {
            own->Sigma[l + (size_t) q * k] *= s[l] * s[k];
            own->Sigma_inverse[l + (size_t) q * k] /= s[l] * s[k];
        }
}

/* and gamma_j <- diag(s) gamma_j. A negative s_k changes the sign of gamma_k and of its
   correlations, which is the same model. */
static void rescale_effects(const grouping_t *grouping, grouping_state_t *own,
                            const double *s)
{
    int q = grouping->n_random;
    for (int j = 0; j < grouping->n_groups; j++)
        for (int k = 0; k < q; k++) own->effect[(size_t) q * j + k] *= s[k];
    rescale_covariance(q, own, s);
}

/* Where X fits the rows whatever s is, the normal does not exist, and only the priors hold s.
   Its last pivots are then 0 but for rounding, against the squares of the columns
   Z diag(gamma_j); a ratio that does not change with s, so that to pass the step over leaves
   the posterior as it is. */
static int scales_are_told(int p, int q, const double *U, const double *squares)
{
    for (int k = 0; k < q; k++) {
        double root = U[(size_t) (p + q + 1) * (p + k)];
        if (!(root * root > 1e-12 * squares[k])) return 0;
    }
    return 1;
}

status_t draw_standardized(const model_t *model, state_t *state, int g)
{
    const grouping_t *grouping = model->grouping + g;
    int q = grouping->n_random, p = model->n_coef, all = p + q;
    double *P = state->buffers.all_P, *h = state->buffers.all_h;
    double *squares = state->buffers.squares;
    standardized_moments(model, state, g, P, h);
    for (int k = 0; k < q; k++) squares[k] = P[(size_t) (all + 1) * (p + k)];
    draw_standard_normals(all, state->buffers.normals);
    status_t status = draw_normal_given_precision(all, P, state->buffers.normals, h);
    if (!scales_are_uniform(grouping)
        && (status != STATUS_OK || !scales_are_told(p, q, P, squares))) return STATUS_OK;
    RETURN_IF_FAILED(status);
    if (!accept_scales(model, state, g, h + p)) return STATUS_OK;
    memcpy(state->theta, h, sizeof(double) * p);
    memcpy(state->staying, h, sizeof(double) * p);
    rescale_effects(grouping, state->grouping + g, h + p);
    return STATUS_OK;
}

/* P (q x q) and h of the regression of b_j below, and of y in the columns that it depends on, on
   the effects of the groups of level l: of how much the factors s differ from 1. */
static void moments_above(const model_t *model, const state_t *state, const step_t *step, int l,
                          double *P, double *h)
{
    int g = step->grouping[l], q = model->grouping[g].n_random;
    double *own_P = state->buffers.group_P, *own_h = state->buffers.group_h;
    memset(P, 0, sizeof(double) * q * q);
    memset(h, 0, sizeof(double) * q);
    for (int r = 0; r < model->grouping[g].n_groups; r++) {
        const double *effect = state->grouping[g].effect + (size_t) q * step->level[l].number[r];
        memset(own_P, 0, sizeof(double) * q * q);
        memset(own_h, 0, sizeof(double) * q);
        add_said_of_above(model, state, step, l, r, own_P, own_h);
        for (int k = 0; k < q; k++) {
            h[k] += effect[k] * own_h[k];
            for (int m = 0; m <= k; m++)
                P[m + (size_t) q * k] += effect[m] * effect[k] * own_P[m + (size_t) q * k];
        }
    }
}

status_t draw_standardized_above(const model_t *model, state_t *state, const step_t *step, int l)
{
    int g = step->grouping[l], q = model->grouping[g].n_random;
    double *P = state->buffers.all_P, *s = state->buffers.all_h, *squares = state->buffers.squares;
    double *d = state->buffers.e;
    RETURN_IF_FAILED(sum_of_above(model, state, g));
    moments_above(model, state, step, l, P, s);
    for (int k = 0; k < q; k++) squares[k] = P[(size_t) (q + 1) * k];
    draw_standard_normals(q, state->buffers.normals);
    status_t status = draw_normal_given_precision(q, P, state->buffers.normals, s);
    if (status != STATUS_OK || !scales_are_told(0, q, P, squares)) return STATUS_OK;
    for (int k = 0; k < q; k++) s[k] += 1.0;
    if (!accept_scales(model, state, g, s)) return STATUS_OK;
    for (int r = 0; r < model->grouping[g].n_groups; r++) {
        const double *effect = state->grouping[g].effect + (size_t) q * step->level[l].number[r];
        for (int k = 0; k < q; k++) d[k] = (s[k] - 1.0) * effect[k];
        move_above(model, state, step, l, r, d);
    }
    rescale_covariance(q, state->grouping + g, s);
    return STATUS_OK;
}

/* beta <- beta + d and gamma_j <- gamma_j - d in the columns that have both: the
   draw of beta given beta_j. Prior of beta included,
   d ~ N(P^-1 h, P^-1), P = J Sigma^-1 + D, h = Sigma^-1 sum_j gamma_j + D (m - beta). */
status_t draw_translation(const model_t *model, state_t *state, int g)
{
    const grouping_t *grouping = model->grouping + g;
    grouping_state_t *own = state->grouping + g;
    int q = grouping->n_random, p = model->n_coef, n = grouping->n_pairs;
    double *sum = state->buffers.effect_sum, *P = state->buffers.pair_P;
    double *d = state->buffers.shift;
    sum_effects(model, state, g, sum);
    for (int k = 0; k < n; k++) {
        int coef = grouping->pair_coef[k];
        const double *column = own->Sigma_inverse + (size_t) q * grouping->pair_column[k];
        double beta = model->beta_shift[coef];
        for (int l = 0; l < p; l++)
            beta += model->to_beta[coef + (size_t) p * l] * state->theta[l];
        for (int l = 0; l < n; l++)
            P[l + n * k] = grouping->n_groups * column[grouping->pair_column[l]];
        P[k + n * k] += model->beta_precision[coef];
        d[k] = dot(q, column, sum)
            + model->beta_precision[coef] * (model->beta_mean[coef] - beta);
    }
    draw_standard_normals(n, state->buffers.normals);
    RETURN_IF_FAILED(draw_normal_given_precision(n, P, state->buffers.normals, d));
    for (int k = 0; k < n; k++) {
        for (int l = 0; l < p; l++)
            state->theta[l] += model->from_beta[l + (size_t) p * grouping->pair_coef[k]] * d[k];
        for (int j = 0; j < grouping->n_groups; j++)
            own->effect[(size_t) q * j + grouping->pair_column[k]] -= d[k];
    }
    memcpy(state->staying, state->theta, sizeof(double) * p);
    return STATUS_OK;
}
