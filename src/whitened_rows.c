#include <math.h>
#include <string.h>
#include "group.h"
#include "linalg.h"
#include "random.h"
#include "several.h"
#include "slice.h"
#include "whitened.h"

/* Standard deviations and correlations given u_j, a row of L at a time. */

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
    if (state->several) {
        subtract_effects(model, state, NONE_STAYS, 1);
        sum_by_group(model, state, g);
    }
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
            if (!state->several) h[a] += dot(q, W + (size_t) q * a, e);
            for (int c = 0; c <= a; c++) {
                double product = dot(q, W + (size_t) q * a, W + (size_t) q * c);
                G[c + (size_t) n * a] += product;
                if (c < a) G[a + (size_t) n * c] += product;
            }
        }
        const double *sum = state->several ? state->several->sums + (size_t) q * j : NULL;
        for (int l = 0; sum && l < q; l++)
            for (int k = 0; k <= l; k++) h[entry(l, k)] += sum[l] * u[k];
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
static double log_row(void *data, double value)
{
    const row_t *row = (const row_t *) data;
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

/* A slice: of log tau by stepping out; of z from the whole of its range. */
static double slice_row(row_t *row, double x)
{
    return row->k < 0 ? step_by_slice(log_row, row, x)
        : step_within(log_row, row, x, -MOST_Z, MOST_Z);
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
    double *z = whitened_z(grouping, w, b) + entry(l - first, 0) - (l - first);
    row_t row = { block, l - first, size, own_G, own_h, from, z, w->log_tau[l], -1 };
    w->log_tau[l] = row.log_tau = slice_row(&row, row.log_tau);
    for (row.k = 0; row.k < size - 1; row.k++) row.z[row.k] = slice_row(&row, row.z[row.k]);
    set_whitened_factor(q, w, block, whitened_z(grouping, w, b));
    for (int k = 0; k < size; k++) {
        double change = w->L[l + (size_t) q * (first + k)] - from[k];
        for (int a = 0; a < n; a++) h[a] -= G[a + (size_t) n * entry(l, first + k)] * change;
    }
}

static int has_rows(const cov_block_t *block)
{
    return block->kind == COV_LKJ || block->kind == COV_VARIANCE;
}

void draw_whitened_rows(const model_t *model, state_t *state, int g)
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
    set_whitened_effects(grouping, state->grouping + g);
}
