#include <math.h>
#include <string.h>
#include <Rmath.h>
#include <R_ext/Random.h>
#include "conditionals.h"
#include "group.h"
#include "linalg.h"
#include "random.h"
#include "samplers.h"
#include "whitened.h"

/* Independent proposals of a block in a sweep; steps of a slice. */
enum { BLOCK_PROPOSALS = 3, MAX_STEPS = 2000 };

/* How far a z is looked for: beyond, the secant of a correlation's angle underflows. */
static const double most_z = 700.0;

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

static int n_entries(int q)
{
    return q * (q + 1) / 2;
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

/* Element (l, k) of a lower triangle, stored row by row. */
static int entry(int l, int k)
{
    return l * (l + 1) / 2 + k;
}

/* One block's rows of L from its coordinates. */
static void set_factor(int q, whitened_t *w, const cov_block_t *block,
                       const double *z)
{
    int first = block->first, end = first + block->size;
    correlation_factor(q, block, z, w->L);
    for (int l = first; l < end; l++)
        for (int k = first; k <= l; k++)
            w->L[l + (size_t) q * k] *= exp(w->log_tau[l]);
}

/* And the coordinates from the rows: with y_lk = tanh z_lk the remainder of the row after entry k
   is to entry k as 1 is to sinh z_lk. */
static void set_coordinates(int q, whitened_t *w, const cov_block_t *block,
                            double *z)
{
    int first = block->first, end = first + block->size;
    for (int l = first; l < end; l++) {
        double rest = fabs(w->L[l + (size_t) q * l]);
        double *row = z + entry(l - first, 0) - (l - first);
        for (int k = l - 1; k >= first; k--) {
            double own = w->L[l + (size_t) q * k];
            row[k - first] = fmax(fmin(asinh(own / rest), most_z), -most_z);
            rest = hypot(rest, own);
        }
        w->log_tau[l] = log(rest);
    }
}

static double *block_z(const grouping_t *grouping, const whitened_t *w, int b)
{
    double *z = w->z;
    for (int i = 0; i < b; i++) z += block_correlations(grouping->block + i);
    return z;
}

/* L of a block from its Sigma (size x size), and its coordinates. */
static status_t factor_block(const grouping_t *grouping, whitened_t *w, int b, double *Sigma)
{
    const cov_block_t *block = grouping->block + b;
    int q = grouping->n_random, size = block->size, first = block->first;
    RETURN_IF_FAILED(cholesky(size, Sigma));
    for (int l = 0; l < size; l++)
        for (int k = 0; k <= l; k++)
            w->L[first + l + (size_t) q * (first + k)] = Sigma[k + size * l];
    set_coordinates(q, w, block, block_z(grouping, w, b));
    set_factor(q, w, block, block_z(grouping, w, b));
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

/* gamma_j = L u_j and Sigma = L L'. */
static void set_effects(const grouping_t *grouping, grouping_state_t *own)
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
            set_factor(q, w, block, block_z(grouping, w, b));
            continue;
        }
        copy_block(q, block, own->Sigma, root, 1);
        RETURN_IF_FAILED(factor_block(grouping, w, b, root));
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
    for (int j = 0; j < grouping->n_groups; j++) {
        weigh_group(model, grouping, state->sigma2, j, weighed, NULL);
        draw_standard_normals(q, state->normals);
        RETURN_IF_FAILED(draw_whitened_effect(q, p, weighed->factor, w->L, state->staying, 1.0,
                                              state->normals, w->effect + (size_t) q * j,
                                              &w->buffers.group));
        if (user_wants_to_stop(state->monitor, cell_visits(model, grouping)))
            return STATUS_INTERRUPTED;
    }
    set_effects(grouping, state->grouping + g);
    return STATUS_OK;
}

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
    draw_standard_normals(size, state->normals);
    RETURN_IF_FAILED(draw_normal_given_precision(size, P, state->normals, e));
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
    set_effects(grouping, state->grouping + g);
    return STATUS_OK;
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
    set_coordinates(q, w, block, block_z(grouping, w, b));
    set_factor(q, w, block, block_z(grouping, w, b));
    return STATUS_OK;
}

/* G = W'W and h = W'(y - X beta - Z gamma_j) over their residual variances, of the regression of
   y on Z_l u_k, whose coefficients are the entries of L, row by row. Effects and coefficients may
   be far larger than their sum: so what is regressed is what they leave. */
static void entry_moments(const model_t *model, const state_t *state, int g, double *G,
                          double *h)
{
    const grouping_t *grouping = model->grouping + g;
    const whitened_t *w = state->grouping[g].whitened;
    int q = grouping->n_random, p = model->n_coef, n = n_entries(q);
    const double *factor = w->buffers.weighed.factor;
    double *W = w->buffers.W, *e = w->buffers.e;
    memset(G, 0, sizeof(double) * (size_t) n * n);
    memset(h, 0, sizeof(double) * n);
    for (int j = 0; j < grouping->n_groups; j++) {
        const double *u = w->effect + (size_t) q * j;
        weigh_group(model, grouping, state->sigma2, j, &w->buffers.weighed, NULL);
        residual_of(q, p, factor, state->staying, e);
        for (int l = 0; l < q; l++) {
            double effect = 0.0;
            for (int k = 0; k <= l; k++) {
                effect += w->L[l + (size_t) q * k] * u[k];
                for (int r = 0; r < q; r++)
                    W[r + (size_t) q * entry(l, k)] = r <= l ? factor[r + q * l] * u[k] : 0.0;
            }
            for (int r = 0; r <= l; r++) e[r] -= factor[r + q * l] * effect;
        }
        for (int a = 0; a < n; a++) {
            h[a] += dot(q, W + (size_t) q * a, e);
            for (int c = 0; c <= a; c++) {
                double product = dot(q, W + (size_t) q * a, W + (size_t) q * c);
                G[c + (size_t) n * a] += product;
                if (c < a) G[a + (size_t) n * c] += product;
            }
        }
    }
}

/* A coordinate of one row of L given u_j and all else. */
typedef struct {
    const cov_block_t *block;
    int row, size;              /* within its block */
    const double *G;            /* size x size: of the row's entries */
    const double *h;            /* size: their linear term at `from` */
    const double *from;         /* size: the row as it was */
    double *z, log_tau;         /* the row's z, size - 1 */
    int k;                      /* which z; -1 for log tau */
} row_t;

/* log p: h'd - d'G d/2 + log p(tau) + log tau + the density of z, 2 (eta + (size - 2 - k)/2)
   log sech z_k, with d the row at these coordinates less the row as it was. */
static double log_row(const row_t *row, double value)
{
    double entries[MOST_BLOCK], rest, log_density;
    double log_tau = row->k < 0 ? value : row->log_tau;
    log_density = log_scale_density(row->block->sd + row->row, exp(log_tau)) + log_tau;
    rest = exp(log_tau);
    for (int k = 0; k < row->size - 1; k++) {
        double z = k == row->k ? value : row->z[k], log_secant = -log_cosh(z);
        entries[k] = rest * tanh(z);
        rest *= exp(log_secant);
        if (k == row->k)
            log_density += 2.0 * (row->block->parameter + 0.5 * (row->block->size - 2 - k))
                * log_secant;
    }
    entries[row->size - 1] = rest;
    for (int k = 0; k < row->size; k++) entries[k] -= row->from[k];
    for (int k = 0; k < row->size; k++)
        log_density += entries[k]
            * (row->h[k] - 0.5 * dot(row->size, row->G + row->size * k, entries));
    return isnan(log_density) ? -INFINITY : log_density;
}

/* A slice (Neal 2003): of log tau by stepping out; of z from the whole of its range. */
static double slice_row(const row_t *row, double x)
{
    double level = log_row(row, x) + log(unif_rand()), low = -most_z, high = most_z;
    if (row->k < 0) {
        low = x - unif_rand();
        high = low + 1.0;
        for (int i = 0; i < MAX_STEPS && log_row(row, low) > level; i++) low -= 1.0;
        for (int i = 0; i < MAX_STEPS && log_row(row, high) > level; i++) high += 1.0;
    }
    for (int i = 0; i < MAX_STEPS; i++) {
        double next = low + (high - low) * unif_rand();
        if (log_row(row, next) > level) return next;
        if (next < x) low = next;
        else high = next;
    }
    return x;
}

/* Each coordinate of row l of L, given u_j. h follows. */
static void draw_row(const grouping_t *grouping, whitened_t *w, int b, int l,
                     const double *G, double *h)
{
    const cov_block_t *block = grouping->block + b;
    int q = grouping->n_random, n = n_entries(q), first = block->first, size = l - first + 1;
    double own_G[MOST_BLOCK * MOST_BLOCK], from[MOST_BLOCK];
    const double *own_h = h + entry(l, first);
    for (int k = 0; k < size; k++) {
        from[k] = w->L[l + (size_t) q * (first + k)];
        for (int m = 0; m < size; m++)
            own_G[m + size * k] = G[entry(l, first + m) + (size_t) n * entry(l, first + k)];
    }
    row_t row = { block, l - first, size, own_G, own_h, from,
                  block_z(grouping, w, b) + entry(l - first, 0) - (l - first), w->log_tau[l], -1 };
    w->log_tau[l] = row.log_tau = slice_row(&row, row.log_tau);
    for (row.k = 0; row.k < size - 1; row.k++) row.z[row.k] = slice_row(&row, row.z[row.k]);
    set_factor(q, w, block, block_z(grouping, w, b));
    for (int k = 0; k < size; k++) {
        double change = w->L[l + (size_t) q * (first + k)] - from[k];
        for (int a = 0; a < n; a++) h[a] -= G[a + (size_t) n * entry(l, first + k)] * change;
    }
}

static int has_rows(const cov_block_t *block)
{
    return block->kind == COV_LKJ || block->kind == COV_VARIANCE;
}

static void draw_rows(const model_t *model, state_t *state, int g)
{
    const grouping_t *grouping = model->grouping + g;
    whitened_t *w = state->grouping[g].whitened;
    double *G = w->buffers.G, *h = w->buffers.h;
    entry_moments(model, state, g, G, h);
    for (int b = 0; b < grouping->n_blocks; b++) {
        const cov_block_t *block = grouping->block + b;
        for (int l = block->first; has_rows(block) && l < block->first + block->size; l++)
            draw_row(grouping, w, b, l, G, h);
    }
    set_effects(grouping, state->grouping + g);
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
    RETURN_IF_FAILED(factor_block(grouping, w, b, Sigma));
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

static status_t draw_blocks(const model_t *model, state_t *state, int g)
{
    const grouping_t *grouping = model->grouping + g;
    whitened_t *w = state->grouping[g].whitened;
    for (int b = 0; b < grouping->n_blocks; b++)
        if (grouping->block[b].kind == COV_LKJ) RETURN_IF_FAILED(propose_block(grouping, w, b));
        else RETURN_IF_FAILED(draw_other_block(model, state, g, b));
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
        RETURN_IF_FAILED(draw_blocks(model, state, g));
        /* tau, C | u_j, beta, sigma^2 */
        draw_rows(model, state, g);
    }
    /* sigma^2 | beta, gamma_j */
    return draw_residual_variances(model, state);
}
