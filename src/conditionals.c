#include <math.h>
#include <string.h>
#include <R_ext/Random.h>
#include "conditionals.h"
#include "linalg.h"
#include "pooled.h"
#include "several.h"
#include "whitened.h"

static int larger(int a, int b)
{
    return a > b ? a : b;
}

state_buffers_t take_state(const model_t *model, workspace_t *work)
{
    int q = 0, n_means = 0, n_pairs = 0, p = model->n_coef;
    for (int g = 0; g < model->n_groupings; g++) {
        const grouping_t *grouping = model->grouping + g;
        q = larger(q, grouping->n_random);
        n_means = larger(n_means, grouping->n_means);
        n_pairs = larger(n_pairs, grouping->n_pairs);
    }
    int all = p + q;
    state_buffers_t buffers;
    buffers.group_P = take_matrix(work, q, q);
    buffers.group_h = take(work, q);
    buffers.e = take(work, q);
    buffers.effect_sum = take(work, q);
    buffers.staying_h = take(work, model->n_staying);
    buffers.mean_P = take_matrix(work, n_means, n_means);
    buffers.mean_h = take(work, n_means);
    buffers.mean_z = take(work, n_means);
    buffers.coef_P = take_matrix(work, p, p);
    buffers.S = take_matrix(work, q, q);
    buffers.Sigma = take_matrix(work, q, q);
    buffers.root = take_matrix(work, q, q);
    buffers.inverse = take_matrix(work, q, q);
    buffers.block = take_block(q, work);
    buffers.all_P = take_matrix(work, all, all);
    buffers.all_h = take(work, all);
    buffers.squares = take(work, q);
    buffers.pair_P = take_matrix(work, n_pairs, n_pairs);
    buffers.shift = take(work, n_pairs);
    buffers.normals = take(work, all);
    buffers.joint_e = take(work, model->cells.n_columns);
    return buffers;
}

/* e = c - C fixed: the group's data, rotated, less what the columns that stay give. */
static inline void subtract_staying(int q, int n_staying, const double *C,
                                    const double *staying, double *e)
{
    const double *c = C + (size_t) q * n_staying;
    if (q == 2) {
        double e0 = c[0], e1 = c[1];
        for (int k = 0; k < n_staying; k++) {
            e0 -= C[2 * k] * staying[k];
            e1 -= C[2 * k + 1] * staying[k];
        }
        e[0] = e0;
        e[1] = e1;
        return;
    }
    for (int r = 0; r < q; r++) e[r] = c[r];
    for (int k = 0; k < n_staying; k++)
        for (int r = 0; r < q; r++) e[r] -= C[(size_t) q * k + r] * staying[k];
}

/* e <- e - R effect, R upper triangular. */
static inline void subtract_effect(int q, const double *R, const double *effect,
                                   double *e)
{
    if (q == 2) {
        e[0] -= R[0] * effect[0] + R[2] * effect[1];
        e[1] -= R[3] * effect[1];
        return;
    }
    for (int k = 0; k < q; k++)
        for (int r = 0; r <= k; r++) e[r] -= R[(size_t) q * k + r] * effect[k];
}

/* P <- P + R'R/sigma2 (upper half), h <- h + R'e/sigma2. */
static inline void add_likelihood(int q, const double *R, const double *e,
                                  double sigma2, double *P, double *h)
{
    double precision = 1.0 / sigma2;
    if (q == 2) {
        P[0] += precision * R[0] * R[0];
        P[2] += precision * R[0] * R[2];
        P[3] += precision * (R[2] * R[2] + R[3] * R[3]);
        h[0] += precision * R[0] * e[0];
        h[1] += precision * (R[2] * e[0] + R[3] * e[1]);
        return;
    }
    for (int k = 0; k < q; k++) {
        const double *column = R + (size_t) q * k;
        h[k] += precision * dot(k + 1, column, e);
        for (int r = 0; r <= k; r++)
            P[(size_t) q * k + r] += precision * dot(r + 1, R + (size_t) q * r, column);
    }
}

status_t draw_group_effects(const model_t *model, state_t *state, int g)
{
    if (model->n_groupings > 1) return draw_effects_among(model, state, g);
    const grouping_t *grouping = model->grouping + g;
    const grouping_state_t *own = state->grouping + g;
    int q = grouping->n_random;
    double *P = state->buffers.group_P, *prior_h = state->buffers.group_h;
    double *e = state->buffers.e, visits = cell_visits(model, grouping);
    for (int k = 0; k < q; k++)
        prior_h[k] = dot(q, own->Sigma_inverse + (size_t) q * k, own->mean);

    for (int j = 0; j < grouping->n_groups; j++) {
        double *effect = own->effect + (size_t) q * j;
        for (int k = 0; k < q * q; k++) P[k] = own->Sigma_inverse[k];
        for (int k = 0; k < q; k++) effect[k] = prior_h[k];
        for (int cell = grouping->group_start[j]; cell < grouping->group_start[j + 1]; cell++) {
            const double *R = cell_factor(grouping, cell);
            subtract_staying(q, model->n_staying, R + q * q, state->staying, e);
            add_likelihood(q, R, e, state->sigma2[grouping->cell_stratum[cell]], P, effect);
        }
        draw_standard_normals(q, state->buffers.normals);
        RETURN_IF_FAILED(draw_normal_given_precision(q, P, state->buffers.normals, effect));
        if (user_wants_to_stop(state->monitor,
                               visits * (grouping->group_start[j + 1] - grouping->group_start[j])))
            return STATUS_INTERRUPTED;
    }
    return STATUS_OK;
}

/* h <- h + C'(c - R effect) of the cells of the only grouping, each divided by its variance;
   or, with one stratum, not divided. */
static void add_cells_linear_term(const model_t *model, const state_t *state, int g, double *h)
{
    const grouping_t *grouping = model->grouping + g;
    const double *effects = state->grouping[g].effect;
    int q = grouping->n_random, n_staying = model->n_staying;
    double *e = state->buffers.e;
    for (int j = 0; j < grouping->n_groups; j++)
        for (int cell = grouping->group_start[j]; cell < grouping->group_start[j + 1]; cell++) {
            const double *R = cell_factor(grouping, cell), *C = R + q * q;
            double precision = model->n_strata == 1 ? 1.0
                : 1.0 / state->sigma2[grouping->cell_stratum[cell]];
            for (int r = 0; r < q; r++) e[r] = C[(size_t) q * n_staying + r];
            subtract_effect(q, R, effects + (size_t) q * j, e);
            for (int r = 0; r < q; r++) e[r] *= precision;
            for (int k = 0; k < n_staying; k++) h[k] += dot(q, C + (size_t) q * k, e);
        }
}

/* h <- X'(y - Z effect), each stratum divided by its variance; or, with one
   stratum, not divided. */
static void staying_linear_term(const model_t *model, const state_t *state, double *h)
{
    int n_staying = model->n_staying, rows = model->n_coef + 1;
    memset(h, 0, sizeof(double) * n_staying);
    for (int s = 0; s < model->n_strata; s++) {
        const double *T = stratum_factor(model, s);
        double precision = model->n_strata == 1 ? 1.0 : 1.0 / state->sigma2[s];
        for (int k = 0; k < n_staying; k++)
            h[k] += precision
                * dot(rows, T + (size_t) rows * k, T + (size_t) rows * n_staying);
    }
    if (model->n_groupings == 1) add_cells_linear_term(model, state, 0, h);
    if (model->n_groupings > 1) {
        subtract_effects(model, state, NONE_STAYS, 0);
        add_on_staying(model, state, 0, h);
    }
}

void sum_effects(const model_t *model, const state_t *state, int g, double *sum)
{
    const double *effects = state->grouping[g].effect;
    int q = model->grouping[g].n_random;
    memset(sum, 0, sizeof(double) * q);
    for (int j = 0; j < model->grouping[g].n_groups; j++)
        for (int k = 0; k < q; k++) sum[k] += effects[(size_t) q * j + k];
}

/* P <- J Sigma^-1 and h <- Sigma^-1 sum_j effect_j, in the rows and columns of
   the coefficients that are means of a grouping's effects. */
static void mean_precision(const model_t *model, const state_t *state, int g,
                           double *P, double *h)
{
    const grouping_t *grouping = model->grouping + g;
    int q = grouping->n_random, n_means = grouping->n_means;
    double *sum = state->buffers.effect_sum;
    sum_effects(model, state, g, sum);
    for (int k = 0; k < n_means; k++) {
        const double *column = state->grouping[g].Sigma_inverse
            + (size_t) q * grouping->mean_column[k];
        h[k] = dot(q, column, sum);
        for (int l = 0; l < n_means; l++)
            P[l + (size_t) n_means * k] =
                grouping->n_groups * column[grouping->mean_column[l]];
    }
}

/* Sets staying and mean from theta. */
static void split_theta(const model_t *model, state_t *state)
{
    for (int k = 0; k < model->n_staying; k++)
        state->staying[k] = state->theta[model->staying_coef[k]];
    for (int g = 0; g < model->n_groupings; g++) {
        const grouping_t *grouping = model->grouping + g;
        for (int k = 0; k < grouping->n_means; k++)
            state->grouping[g].mean[grouping->mean_column[k]] =
                state->theta[grouping->mean_coef[k]];
    }
}

/* Coefficients that are means of a grouping's effects, under a flat prior. */
static status_t draw_means(const model_t *model, state_t *state, int g)
{
    const grouping_t *grouping = model->grouping + g;
    double *mean_P = state->buffers.mean_P, *mean_h = state->buffers.mean_h;
    double *z = state->buffers.mean_z;
    int n_means = grouping->n_means;
    if (n_means == 0) return STATUS_OK;
    mean_precision(model, state, g, mean_P, mean_h);
    for (int k = 0; k < n_means; k++) z[k] = state->buffers.normals[grouping->mean_coef[k]];
    RETURN_IF_FAILED(draw_normal_given_precision(n_means, mean_P, z, mean_h));
    for (int k = 0; k < n_means; k++) state->theta[grouping->mean_coef[k]] = mean_h[k];
    return STATUS_OK;
}

/* Flat prior, one sigma^2: the two kinds of coefficients are independent, and
   those that stay, being orthonormal, each from the other. */
static status_t draw_separate(const model_t *model, state_t *state)
{
    const double *staying_h = state->buffers.staying_h;
    double sigma = sqrt(state->sigma2[0]);
    for (int k = 0; k < model->n_staying; k++) {
        int coef = model->staying_coef[k];
        state->theta[coef] = staying_h[k] + sigma * state->buffers.normals[coef];
    }
    for (int g = 0; g < model->n_groupings; g++)
        RETURN_IF_FAILED(draw_means(model, state, g));
    return STATUS_OK;
}

/* P <- P + sum_s X_s'X_s / sigma_s^2 in the rows and columns of those that stay. */
static void add_staying_precision(const model_t *model, const state_t *state, double *P)
{
    int p = model->n_coef, n_staying = model->n_staying;
    for (int s = 0; s < model->n_strata; s++) {
        const double *gram = model->stratum_gram + (size_t) n_staying * n_staying * s;
        double precision = 1.0 / state->sigma2[s];
        for (int k = 0; k < n_staying; k++)
            for (int l = 0; l < n_staying; l++)
                P[model->staying_coef[l] + (size_t) p * model->staying_coef[k]] +=
                    precision * gram[l + (size_t) n_staying * k];
    }
}

/* P and h with what a grouping's effects say of their means. */
static void add_means(const model_t *model, state_t *state, int g, double *P, double *h)
{
    const grouping_t *grouping = model->grouping + g;
    const state_buffers_t *buffers = &state->buffers;
    int p = model->n_coef, n_means = grouping->n_means;
    if (n_means == 0) return;
    mean_precision(model, state, g, buffers->mean_P, buffers->mean_h);
    for (int k = 0; k < n_means; k++) {
        h[grouping->mean_coef[k]] += buffers->mean_h[k];
        for (int l = 0; l < n_means; l++)
            P[grouping->mean_coef[l] + (size_t) p * grouping->mean_coef[k]] +=
                buffers->mean_P[l + (size_t) n_means * k];
    }
}

static status_t draw_jointly(const model_t *model, state_t *state)
{
    const state_buffers_t *buffers = &state->buffers;
    int p = model->n_coef;
    double *h = state->theta, *P = buffers->coef_P;
    double precision = model->n_strata == 1 ? 1.0 / state->sigma2[0] : 1.0;
    memcpy(P, model->prior_precision, sizeof(double) * p * p);
    memcpy(h, model->prior_linear, sizeof(double) * p);
    add_staying_precision(model, state, P);
    for (int k = 0; k < model->n_staying; k++)
        h[model->staying_coef[k]] += precision * buffers->staying_h[k];
    for (int g = 0; g < model->n_groupings; g++) add_means(model, state, g, P, h);
    return draw_normal_given_precision(p, P, state->buffers.normals, h);
}

status_t draw_coefficients(const model_t *model, state_t *state)
{
    if (model->n_staying > 0) staying_linear_term(model, state, state->buffers.staying_h);
    draw_standard_normals(model->n_coef, state->buffers.normals);
    if (model->beta_is_flat && model->n_strata == 1)
        RETURN_IF_FAILED(draw_separate(model, state));
    else
        RETURN_IF_FAILED(draw_jointly(model, state));
    split_theta(model, state);
    return STATUS_OK;
}

void effect_sums_of_squares(const model_t *model, const state_t *state, int g,
                            const cov_block_t *block, double *S)
{
    const grouping_state_t *own = state->grouping + g;
    int q = model->grouping[g].n_random, size = block->size;
    const double *mean = own->mean + block->first;
    memset(S, 0, sizeof(double) * size * size);
    for (int j = 0; j < model->grouping[g].n_groups; j++) {
        const double *effect = own->effect + (size_t) q * j + block->first;
        for (int k = 0; k < size; k++)
            for (int l = 0; l <= k; l++)
                S[l + size * k] += (effect[l] - mean[l]) * (effect[k] - mean[k]);
    }
}

static status_t invert_block(const model_t *model, state_t *state, int g,
                             const cov_block_t *block)
{
    grouping_state_t *own = state->grouping + g;
    int q = model->grouping[g].n_random, size = block->size;
    size_t corner = block->first + (size_t) q * block->first;
    double *U = state->buffers.root, *inverse = state->buffers.inverse;
    for (int k = 0; k < size; k++)
        for (int l = 0; l < size; l++)
            U[l + size * k] = own->Sigma[corner + l + (size_t) q * k];
    RETURN_IF_FAILED(cholesky(size, U));
    inverse_from_cholesky(size, U, inverse);
    for (int k = 0; k < size; k++)
        for (int l = 0; l < size; l++)
            own->Sigma_inverse[corner + l + (size_t) q * k] = inverse[l + size * k];
    return STATUS_OK;
}

void copy_block(int q, const cov_block_t *block, double *whole, double *own,
                       int outward)
{
    for (int k = 0; k < block->size; k++) {
        double *column = whole + block->first + (size_t) q * (block->first + k);
        double *copy = own + (size_t) block->size * k;
        if (outward) memcpy(copy, column, sizeof(double) * block->size);
        else memcpy(column, copy, sizeof(double) * block->size);
    }
}

status_t draw_covariance(const model_t *model, state_t *state, int g)
{
    const grouping_t *grouping = model->grouping + g;
    grouping_state_t *own = state->grouping + g;
    int q = grouping->n_random;
    proposals_t proposals = { 0.0, 0.0 };
    for (int b = 0; b < grouping->n_blocks; b++) {
        const cov_block_t *block = grouping->block + b;
        double *S = state->buffers.S, *Sigma = state->buffers.Sigma;
        effect_sums_of_squares(model, state, g, block, S);
        copy_block(q, block, own->Sigma, Sigma, 1);
        RETURN_IF_FAILED(draw_block(block, grouping->n_groups, S, Sigma, &state->buffers.block,
                                    &proposals));
        copy_block(q, block, own->Sigma, Sigma, 0);
        RETURN_IF_FAILED(invert_block(model, state, g, block));
    }
    state->proposals += proposals.proposals;
    state->refused += proposals.refused;
    return STATUS_OK;
}

/* |c - C theta - R effect|^2 of the cells, to the sum of their stratum. */
static void add_cells_squares(const model_t *model, state_t *state, int g)
{
    const grouping_t *grouping = model->grouping + g;
    const double *effects = state->grouping[g].effect;
    int q = grouping->n_random, n_staying = model->n_staying;
    double *e = state->buffers.e;
    for (int j = 0; j < grouping->n_groups; j++) {
        const double *effect = effects + (size_t) q * j;
        for (int cell = grouping->group_start[j]; cell < grouping->group_start[j + 1]; cell++) {
            const double *R = cell_factor(grouping, cell);
            subtract_staying(q, n_staying, R + q * q, state->staying, e);
            subtract_effect(q, R, effect, e);
            state->sum_of_squares[grouping->cell_stratum[cell]] += dot(q, e, e);
        }
    }
}

/* The same of the cells of several groupings. */
static void add_joint_squares(const model_t *model, state_t *state)
{
    const joint_cells_t *cells = &model->cells;
    int n = cells->n_columns, n_staying = model->n_staying;
    double *e = state->buffers.joint_e;
    for (int cell = 0; cell < cells->n; cell++) {
        const double *factor = cells->factor + cells->size * cell;
        subtract_staying(n, n_staying, factor + (size_t) n * n, state->staying, e);
        for (int g = 0; g < model->n_groupings; g++) {
            const grouping_t *grouping = model->grouping + g;
            const double *effect = state->grouping[g].effect + (size_t) grouping->n_random
                * cells->group[cell + (size_t) cells->n * g];
            for (int k = 0; k < grouping->n_random; k++)
                for (int r = 0; r < n; r++)
                    e[r] -= factor[r + (size_t) n * grouping->place[k]] * effect[k];
        }
        state->sum_of_squares[cells->stratum[cell]] += dot(n, e, e);
    }
}

void residual_sums_of_squares(const model_t *model, state_t *state)
{
    int n_staying = model->n_staying, rows = model->n_coef + 1;
    for (int s = 0; s < model->n_strata; s++) {
        const double *T = stratum_factor(model, s);
        double sum = 0.0;
        for (int r = 0; r < rows; r++) {
            double rest = T[(size_t) rows * n_staying + r];
            for (int k = 0; k < n_staying; k++)
                rest -= T[(size_t) rows * k + r] * state->staying[k];
            sum += rest * rest;
        }
        state->sum_of_squares[s] = sum;
    }
    if (model->n_groupings == 1) add_cells_squares(model, state, 0);
    else if (model->n_groupings > 1) add_joint_squares(model, state);
}

status_t draw_residual_variances(const model_t *model, state_t *state)
{
    if (model->responses) return STATUS_OK;
    residual_sums_of_squares(model, state);
    double visits = stratum_visits(model);
    scale_prior_t prior = model->sigma_prior;
    if (prior.kind == SCALE_POOLED) {
        pooled_t pooled = { model->n_strata, model->stratum_rows, state->sum_of_squares };
        RETURN_IF_FAILED(draw_pooled(&pooled, state->sigma2, &state->pooled_df,
                                     &state->pooled_scale));
        prior = pooled_prior(state->pooled_df, state->pooled_scale);
    }
    for (int s = 0; s < model->n_strata; s++) {
        RETURN_IF_FAILED(draw_variance(&prior, model->stratum_rows[s],
                                       state->sum_of_squares[s], state->sigma2 + s));
        if (user_wants_to_stop(state->monitor, visits)) return STATUS_INTERRUPTED;
    }
    return STATUS_OK;
}

/* Sigma_inverse, or what stands in for it. */
static status_t refresh_grouping(const model_t *model, state_t *state, int g)
{
    const grouping_t *grouping = model->grouping + g;
    if (state->grouping[g].whitened) return start_whitened(model, state, g);
    /* Its Sigma, of which it needs no inverse, may be singular in double precision. */
    if (state->collapsed) return STATUS_OK;
    for (int b = 0; b < grouping->n_blocks; b++)
        RETURN_IF_FAILED(invert_block(model, state, g, grouping->block + b));
    return STATUS_OK;
}

status_t refresh_state(const model_t *model, state_t *state)
{
    for (int g = 0; g < model->n_groupings; g++) {
        size_t q = (size_t) model->grouping[g].n_random;
        memset(state->grouping[g].mean, 0, sizeof(double) * q);
        memset(state->grouping[g].Sigma_inverse, 0, sizeof(double) * q * q);
    }
    split_theta(model, state);
    for (int g = 0; g < model->n_groupings; g++)
        RETURN_IF_FAILED(refresh_grouping(model, state, g));
    return STATUS_OK;
}
