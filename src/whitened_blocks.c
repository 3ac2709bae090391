#include <math.h>
#include <string.h>
#include <Rmath.h>
#include <R_ext/Random.h>
#include "conditionals.h"
#include "linalg.h"
#include "whitened.h"

/* Sigma given gamma_j, block by block. */

/* Independent proposals of a block in a sweep. */
enum { BLOCK_PROPOSALS = 3 };

/* S = sum_j u_j u_j' over a block, upper half. */
static void whitened_squares(const grouping_t *grouping, const whitened_t *w,
                             const cov_block_t *block, double *S)
{
    int q = grouping->n_random, size = block->size;
    memset(S, 0, sizeof(double) * size * size);
    for (int j = 0; j < grouping->n_groups; j++) {
        const double *u = w->effect + (size_t) q * j + block->first;
        for (int k = 0; k < size; k++)
            for (int l = 0; l <= k; l++) S[l + size * k] += u[l] * u[k];
    }
}

/* log of |C|^(size/2 + eta - 1) prod_k p(tau_k), from rows of a factor, size x size. */
static double log_factor_weight(const cov_block_t *block, const double *L)
{
    int size = block->size;
    double log_det = 0.0, weight = 0.0;
    for (int l = 0; l < size; l++) {
        double tau = 0.0;
        for (int k = 0; k <= l; k++) tau = hypot(tau, L[l + size * k]);
        log_det += 2.0 * (log(L[l + size * l]) - log(tau));
        weight += log_scale_density(block->sd + l, tau);
    }
    return weight + (0.5 * size + block->parameter - 1.0) * log_det;
}

/* Metropolis steps with Sigma ~ IW(J - 1, S), S of gamma_j: with S = L T L', T of u_j, that is
   L V L' with V ~ IW(J - 1, T), whose factor is L times that of V. gamma_j stays. */
static status_t propose_block(const grouping_t *grouping, whitened_t *w, int b)
{
    const cov_block_t *block = grouping->block + b;
    int q = grouping->n_random, size = block->size, first = block->first, moved = 0;
    size_t square = (size_t) size * size;
    double *root = w->buffers.root, *V = w->buffers.V, *next = w->buffers.next;
    double *old = w->buffers.old, *accepted = w->buffers.accepted;
    if (grouping->n_groups - 1 < size) return STATUS_OK;
    whitened_squares(grouping, w, block, root);
    if (cholesky(size, root) != STATUS_OK) return STATUS_OK;
    copy_block(q, block, w->L, old, 1);
    double weight = log_factor_weight(block, old);
    for (int i = 0; i < BLOCK_PROPOSALS; i++) {
        draw_inverse_wishart(size, grouping->n_groups - 1.0, root, V, &w->buffers.wishart);
        double log_u = log(unif_rand());
        if (cholesky(size, V) != STATUS_OK) continue;
        memset(next, 0, sizeof(double) * square);
        for (int l = 0; l < size; l++)
            for (int k = 0; k <= l; k++)
                for (int m = k; m <= l; m++)
                    next[l + size * k] += old[l + size * m] * V[k + size * m];
        double own = log_factor_weight(block, next);
        /* Not where an entry has underflowed. */
        if (!isfinite(own) || !(log_u < own - weight)) continue;
        weight = own;
        moved = 1;
        memcpy(accepted, V, sizeof(double) * square);
        copy_block(q, block, w->L, next, 0);
    }
    if (!moved) return STATUS_OK;
    for (int j = 0; j < grouping->n_groups; j++)
        solve_upper_transposed(size, accepted, w->effect + (size_t) q * j + first);
    set_whitened_coordinates(q, w, block, whitened_z(grouping, w, b));
    set_whitened_factor(q, w, block, whitened_z(grouping, w, b));
    return STATUS_OK;
}

/* A block of another kind given gamma_j, which stays. */
static status_t draw_other_block(const model_t *model, state_t *state, int g, int b)
{
    const grouping_t *grouping = model->grouping + g;
    grouping_state_t *own = state->grouping + g;
    whitened_t *w = own->whitened;
    const cov_block_t *block = grouping->block + b;
    int q = grouping->n_random, size = block->size, first = block->first;
    double *S = state->buffers.S, *Sigma = state->buffers.Sigma;
    proposals_t proposals = { 0.0, 0.0 };
    effect_sums_of_squares(model, state, g, block, S);
    copy_block(q, block, own->Sigma, Sigma, 1);
    RETURN_IF_FAILED(draw_block(block, grouping->n_groups, S, Sigma, &state->buffers.block,
                                &proposals));
    RETURN_IF_FAILED(factor_whitened_block(grouping, w, b, Sigma));
    for (int j = 0; j < grouping->n_groups; j++)
        for (int l = 0; l < size; l++) {
            double *u = w->effect + (size_t) q * j + first;
            const double *row = w->L + first + l + (size_t) q * first;
            double sum = own->effect[(size_t) q * j + first + l];
            for (int k = 0; k < l; k++) sum -= row[(size_t) q * k] * u[k];
            u[l] = sum / row[(size_t) q * l];
        }
    return STATUS_OK;
}

status_t draw_whitened_blocks(const model_t *model, state_t *state, int g)
{
    const grouping_t *grouping = model->grouping + g;
    whitened_t *w = state->grouping[g].whitened;
    for (int b = 0; b < grouping->n_blocks; b++)
        if (grouping->block[b].kind == COV_LKJ) RETURN_IF_FAILED(propose_block(grouping, w, b));
        else RETURN_IF_FAILED(draw_other_block(model, state, g, b));
    return STATUS_OK;
}
