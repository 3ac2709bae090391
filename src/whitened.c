#include <math.h>
#include <string.h>
#include "conditionals.h"
#include "group.h"
#include "linalg.h"
#include "random.h"
#include "samplers.h"
#include "several.h"
#include "whitened.h"

/* Under LKJ(1/2) one correlation in ten thousand is within 1e-8 of -1 or 1. */
static const double least_plain_eta = 0.5;

int needs_whitening(const model_t *model)
{
    int small = 0;
    for (int g = 0; g < model->n_groupings; g++)
        for (int b = 0; b < model->grouping[g].n_blocks; b++) {
            const cov_block_t *block = model->grouping[g].block + b;
            if (block->size > MOST_BLOCK) return 0;
            if (block->kind == COV_LKJ && block->parameter < least_plain_eta) small = 1;
        }
    return small;
}

whitened_buffers_t take_whitened(int q, int p, workspace_t *work)
{
    int n = n_entries(q);
    whitened_buffers_t buffers;
    buffers.weighed = take_weighed(q, p, work);
    buffers.group = take_group(q, work);
    buffers.G = take_matrix(work, n, n);
    buffers.h = take(work, n);
    buffers.W = take_matrix(work, q, n);
    buffers.e = take(work, q);
    buffers.P = take_matrix(work, q, q);
    buffers.shift = take(work, q);
    buffers.root = take_matrix(work, q, q);
    buffers.V = take_matrix(work, q, q);
    buffers.next = take_matrix(work, q, q);
    buffers.old = take_matrix(work, q, q);
    buffers.accepted = take_matrix(work, q, q);
    buffers.wishart = take_wishart(q, work);
    return buffers;
}

void set_whitened_factor(int q, whitened_t *w, const cov_block_t *block, const double *z)
{
    int first = block->first, end = first + block->size;
    correlation_factor(q, block, z, w->L);
    for (int l = first; l < end; l++)
        for (int k = first; k <= l; k++)
            w->L[l + (size_t) q * k] *= exp(w->log_tau[l]);
}

/* With y_lk = tanh z_lk the remainder of a row after entry k is to entry k as 1 is to
   sinh z_lk. */
void set_whitened_coordinates(int q, whitened_t *w, const cov_block_t *block, double *z)
{
    int first = block->first, end = first + block->size;
    for (int l = first; l < end; l++) {
        double rest = fabs(w->L[l + (size_t) q * l]);
        double *row = z + entry(l - first, 0) - (l - first);
        for (int k = l - 1; k >= first; k--) {
            double own = w->L[l + (size_t) q * k];
            row[k - first] = fmax(fmin(asinh(own / rest), MOST_Z), -MOST_Z);
            rest = hypot(rest, own);
        }
        w->log_tau[l] = log(rest);
    }
}

double *whitened_z(const grouping_t *grouping, const whitened_t *w, int b)
{
    double *z = w->z;
    for (int i = 0; i < b; i++) z += block_correlations(grouping->block + i);
    return z;
}

status_t factor_whitened_block(const grouping_t *grouping, whitened_t *w, int b, double *Sigma)
{
    const cov_block_t *block = grouping->block + b;
    int q = grouping->n_random, size = block->size, first = block->first;
    RETURN_IF_FAILED(cholesky(size, Sigma));
    for (int l = 0; l < size; l++)
        for (int k = 0; k <= l; k++)
            w->L[first + l + (size_t) q * (first + k)] = Sigma[k + size * l];
    set_whitened_coordinates(q, w, block, whitened_z(grouping, w, b));
    set_whitened_factor(q, w, block, whitened_z(grouping, w, b));
    return STATUS_OK;
}

double whitened_correlation(int q, const whitened_t *w, int k, int l)
{
    double sum = 0.0;
    for (int m = 0; m <= l; m++)
        sum += w->L[l + (size_t) q * m] * exp(-w->log_tau[l])
            * (w->L[k + (size_t) q * m] * exp(-w->log_tau[k]));
    return sum;
}

void set_whitened_effects(const grouping_t *grouping, grouping_state_t *own)
{
    const whitened_t *w = own->whitened;
    int q = grouping->n_random;
    for (int j = 0; j < grouping->n_groups; j++)
        for (int l = 0; l < q; l++) {
            const double *u = w->effect + (size_t) q * j;
            double sum = 0.0;
            for (int k = 0; k <= l; k++) sum += w->L[l + (size_t) q * k] * u[k];
            own->effect[l + (size_t) q * j] = sum;
        }
    for (int l = 0; l < q; l++)
        for (int k = 0; k <= l; k++) {
            double sum = 0.0;
            for (int m = 0; m <= k; m++)
                sum += w->L[l + (size_t) q * m] * w->L[k + (size_t) q * m];
            own->Sigma[l + (size_t) q * k] = own->Sigma[k + (size_t) q * l] = sum;
        }
}

status_t start_whitened(const model_t *model, state_t *state, int g)
{
    const grouping_t *grouping = model->grouping + g;
    grouping_state_t *own = state->grouping + g;
    whitened_t *w = own->whitened;
    int q = grouping->n_random;
    memset(w->L, 0, sizeof(double) * q * q);
    for (int b = 0; b < grouping->n_blocks; b++) {
        const cov_block_t *block = grouping->block + b;
        double *root = w->buffers.root;
        if (w->has_coordinates) {
            set_whitened_factor(q, w, block, whitened_z(grouping, w, b));
            continue;
        }
        copy_block(q, block, own->Sigma, root, 1);
        RETURN_IF_FAILED(factor_whitened_block(grouping, w, b, root));
    }
    return STATUS_OK;
}

/* u_j | . ~ N(M^-1 A'e, M^-1), A = R L, M = I + A'A, from the group's rows over their
   residual standard deviations; and gamma_j. */
static status_t draw_whitened_effects(const model_t *model, state_t *state, int g)
{
    const grouping_t *grouping = model->grouping + g;
    whitened_t *w = state->grouping[g].whitened;
    int q = grouping->n_random, p = model->n_coef;
    const weighed_buffers_t *weighed = &w->buffers.weighed;
    if (state->several) {
        subtract_effects(model, state, g, 1);
        sum_by_group(model, state, g);
    }
    for (int j = 0; j < grouping->n_groups; j++) {
        weigh_group(model, grouping, state->sigma2, j, weighed, NULL);
        draw_standard_normals(q, state->buffers.normals);
        double *u = w->effect + (size_t) q * j;
        status_t status = state->several
            ? draw_whitened_among(q, weighed->factor, w->L, state->several->sums + (size_t) q * j,
                                  state->buffers.normals, u, &w->buffers.group)
            : draw_whitened_effect(q, p, weighed->factor, w->L, state->staying, 1.0,
                                   state->buffers.normals, u, &w->buffers.group);
        RETURN_IF_FAILED(status);
        if (user_wants_to_stop(state->monitor, cell_visits(model, grouping)))
            return STATUS_INTERRUPTED;
    }
    set_whitened_effects(grouping, state->grouping + g);
    return STATUS_OK;
}

/* beta <- beta + L e and u_j <- u_j - e, in a block all of whose columns have a group version:
   beta given beta_j. e ~ N(P^-1 h, P^-1), P = J I + L'D L, h = sum_j u_j + L'D (m - beta). */
static status_t translate_block(const model_t *model, state_t *state, int g,
                                const cov_block_t *block, const int *pair)
{
    const grouping_t *grouping = model->grouping + g;
    whitened_t *w = state->grouping[g].whitened;
    int q = grouping->n_random, p = model->n_coef, size = block->size, first = block->first;
    double *P = w->buffers.P, *e = w->buffers.shift;
    memset(P, 0, sizeof(double) * size * size);
    memset(e, 0, sizeof(double) * size);
    for (int j = 0; j < grouping->n_groups; j++)
        for (int k = 0; k < size; k++) e[k] += w->effect[(size_t) q * j + first + k];
    for (int k = 0; k < size; k++) P[(size + 1) * k] = grouping->n_groups;
    for (int l = 0; l < size; l++) {
        int coef = grouping->pair_coef[pair[l]];
        const double *row = w->L + first + l + (size_t) q * first;
        double precision = model->beta_precision[coef], beta = model->beta_shift[coef];
        for (int k = 0; k < p; k++)
            beta += model->to_beta[coef + (size_t) p * k] * state->theta[k];
        for (int k = 0; k <= l; k++) {
            e[k] += row[(size_t) q * k] * precision * (model->beta_mean[coef] - beta);
            for (int m = 0; m <= k; m++)
                P[m + size * k] += row[(size_t) q * m] * precision * row[(size_t) q * k];
        }
    }
    draw_standard_normals(size, state->buffers.normals);
    RETURN_IF_FAILED(draw_normal_given_precision(size, P, state->buffers.normals, e));
    for (int l = 0; l < size; l++) {
        const double *row = w->L + first + l + (size_t) q * first;
        double d = 0.0;
        for (int k = 0; k <= l; k++) d += row[(size_t) q * k] * e[k];
        for (int k = 0; k < p; k++)
            state->theta[k] +=
                model->from_beta[k + (size_t) p * grouping->pair_coef[pair[l]]] * d;
    }
    for (int j = 0; j < grouping->n_groups; j++)
        for (int k = 0; k < size; k++) w->effect[(size_t) q * j + first + k] -= e[k];
    memcpy(state->staying, state->theta, sizeof(double) * p);
    return STATUS_OK;
}

static status_t translate_blocks(const model_t *model, state_t *state, int g)
{
    const grouping_t *grouping = model->grouping + g;
    for (int b = 0; b < grouping->n_blocks; b++) {
        const cov_block_t *block = grouping->block + b;
        int pair[MOST_BLOCK], found = 0;
        for (int l = 0; l < block->size; l++)
            for (int i = 0; i < grouping->n_pairs; i++)
                if (grouping->pair_column[i] == block->first + l) pair[found++] = i;
        if (found == block->size)
            RETURN_IF_FAILED(translate_block(model, state, g, block, pair));
    }
    set_whitened_effects(grouping, state->grouping + g);
    return STATUS_OK;
}

/* The interweaved sampler in these coordinates: beta given gamma_j, and given beta_j; Sigma given
   gamma_j, and given u_j. */
status_t whitened_sweep(const model_t *model, state_t *state)
{
    /* u_j | beta, L, sigma^2 */
    for (int g = 0; g < model->n_groupings; g++)
        RETURN_IF_FAILED(draw_whitened_effects(model, state, g));
    /* beta | gamma_j, sigma^2 */
    RETURN_IF_FAILED(draw_coefficients(model, state));
    for (int g = 0; g < model->n_groupings; g++) {
        /* beta | beta_j, L */
        RETURN_IF_FAILED(translate_blocks(model, state, g));
        /* Sigma | gamma_j */
        RETURN_IF_FAILED(draw_whitened_blocks(model, state, g));
        /* tau, C | u_j, beta, sigma^2 */
        draw_whitened_rows(model, state, g);
    }
    /* sigma^2 | beta, gamma_j */
    return draw_residual_variances(model, state);
}
