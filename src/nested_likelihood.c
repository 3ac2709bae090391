#include <math.h>
#include <string.h>
#include "crossprods.h"
#include "linalg.h"
#include "nested_likelihood.h"

static const double LOG_2_PI = 1.83787706640934548;

void take_chain_cells(chain_cells_t *chain, workspace_t *work)
{
    int n = chain->cells.n_columns, n_random = 0;
    take_nested_effects(&chain->nested, &chain->effects, work);
    take_nested_moments(&chain->effects, &chain->moments, work);
    for (int l = 0; l < chain->nested.n_levels; l++) {
        const nested_level_t *level = chain->nested.level + l;
        size_t q = (size_t) level->n_random, J = (size_t) level->n_groups;
        n_random += level->n_random;
        chain->moments.mean[l] = take(work, q * J);
        chain->moments.covariance[l] = take(work, q * q * J);
    }
    chain->rows = take_matrix(work, n, n_random + 1);
    chain->z = take(work, n_random);
    chain->t = take(work, n);
}

static inline const grouping_t *level_grouping(const chain_cells_t *chain, int l)
{
    return chain->model->grouping + chain->grouping[l];
}

static void clear_below(const chain_cells_t *chain, int l, int group)
{
    const nested_level_t *level = chain->nested.level + l;
    int q = level->n_random;
    memset(top_of_group(&chain->effects, l, group), 0,
           sizeof(double) * q * (q + chain->effects.n_ancestors[l] + 1));
    if (l == 0) return;
    for (int c = level->child_start[group]; c < level->child_start[group + 1]; c++)
        clear_below(chain, l - 1, c);
}

/* e <- c - C theta, less what the other groupings give. */
static void residual_of_cell(const chain_cells_t *chain, int cell, int i, const double *theta,
                             double *e)
{
    const joint_cells_t *cells = &chain->cells;
    int n = cells->n_columns, p = chain->model->n_coef;
    const double *factor = cells->factor + cells->size * cell, *C = factor + (size_t) n * n;
    memcpy(e, C + (size_t) n * p, sizeof(double) * n);
    for (int k = 0; k < p; k++)
        for (int r = 0; r < n; r++) e[r] -= C[r + (size_t) n * k] * theta[k];
    for (int h = 0; h < chain->n_others; h++) {
        const other_effects_t *other = chain->other + h;
        const grouping_t *grouping = chain->model->grouping + other->grouping;
        size_t q = (size_t) grouping->n_random;
        const double *effect = other->effects + q * (other->cell[cell] + (size_t) other->n * i);
        for (size_t k = 0; k < q; k++) {
            const double *Z = factor + (size_t) n * grouping->place[k];
            for (int r = 0; r < n; r++) e[r] -= Z[r] * effect[k];
        }
    }
}

/* The groups of a cell absorb its rows; the sum of squares that they leave. */
static double absorb_cell(chain_cells_t *chain, int cell, int i, const hyper_t *hyper)
{
    const joint_cells_t *cells = &chain->cells;
    int n = cells->n_columns, group = chain->leaf[cell];
    double scale = 1.0 / hyper->sigma[cells->stratum[cell]], *rows = chain->rows;
    const double *factor = cells->factor + cells->size * cell;
    for (int l = 0; l < chain->nested.n_levels; l++) {
        const grouping_t *grouping = level_grouping(chain, l);
        for (int k = 0; k < grouping->n_random; k++, rows += n)
            for (int r = 0; r < n; r++)
                rows[r] = scale * factor[r + (size_t) n * grouping->place[k]];
    }
    residual_of_cell(chain, cell, i, hyper->theta, rows);
    for (int r = 0; r < n; r++) rows[r] *= scale;
    rows = chain->rows;
    for (int l = 0; l < chain->nested.n_levels; l++) {
        const nested_level_t *level = chain->nested.level + l;
        int q = level->n_random;
        absorb_block(q, q + chain->effects.n_ancestors[l] + 1,
                     top_of_group(&chain->effects, l, group), n, n, rows);
        rows += (size_t) n * q;
        group = level->parent[group];
    }
    return dot(n, rows, rows);
}

static status_t eliminate_below(chain_cells_t *chain, int l, int group, double *log_root,
                                double *square)
{
    const nested_level_t *level = chain->nested.level + l;
    int q = level->n_random;
    if (l > 0)
        for (int c = level->child_start[group]; c < level->child_start[group + 1]; c++)
            RETURN_IF_FAILED(eliminate_below(chain, l - 1, c, log_root, square));
    RETURN_IF_FAILED(tell_ancestors(&chain->effects, l, group, chain->L[l]));
    const double *U = chain->effects.group[l].U;
    const double *e = chain->effects.rows[l] + (size_t) q * chain->effects.n_ancestors[l];
    for (int k = 0; k < q; k++) *log_root += log(U[k + (size_t) q * k]);
    *square += dot(q, e, e);
    return STATUS_OK;
}

status_t inform_root(chain_cells_t *chain, int root, int i, const hyper_t *hyper, double *log_root,
                     double *square)
{
    int last = chain->nested.n_levels - 1;
    *log_root = *square = 0.0;
    clear_below(chain, last, root);
    for (int cell = chain->root_start[root]; cell < chain->root_start[root + 1]; cell++)
        *square += absorb_cell(chain, cell, i, hyper);
    return eliminate_below(chain, last, root, log_root, square);
}

status_t root_log_lik(chain_cells_t *chain, int root, const hyper_t *hyper, double *value)
{
    int p = chain->model->n_coef;
    size_t size = (size_t) (p + 1) * (p + 1);
    double log_root, square;
    RETURN_IF_FAILED(inform_root(chain, root, 0, hyper, &log_root, &square));
    *value = 0.5 * chain->log_weights[root] - log_root;
    for (int cell = chain->root_start[root]; cell < chain->root_start[root + 1]; cell++) {
        double sigma = hyper->sigma[chain->cells.stratum[cell]];
        square += rest_square(p, chain->rest + size * cell, hyper->theta) / (sigma * sigma);
        *value -= chain->cell_rows[cell] * (0.5 * LOG_2_PI + log(sigma));
    }
    *value -= 0.5 * square;
    return STATUS_OK;
}

/* Rows -------------------------------------------------------------------------------------- */

/* z'gamma and z'Sigma z of a grouping's columns; gamma may be NULL. */
static void effect_of_row(const row_data_t *rows, int i, const grouping_t *grouping,
                          const double *L, const double *gamma, double *effect, double *variance)
{
    int q = grouping->n_random;
    *effect = *variance = 0.0;
    for (int k = 0; k < q; k++) {
        double t = 0.0, z = rows->Z[i + (size_t) rows->n * grouping->place[k]];
        if (gamma) *effect += z * gamma[k];
        for (int r = k; r < q; r++)
            t += L[r + (size_t) q * k] * rows->Z[i + (size_t) rows->n * grouping->place[r]];
        *variance += t * t;
    }
}

/* What all effects of a row give: their mean, their variance as it is known and without data, and
   the variance of those of other groupings that are not given. */
typedef struct {
    double mean, left, prior, beside;
} row_effects_t;

/* Levels from `known` on have data. */
static row_effects_t effects_of_row(chain_cells_t *chain, const row_data_t *rows, int i, int draw,
                                    int known, double *const *L)
{
    row_effects_t row = { 0.0, 0.0, 0.0, 0.0 };
    double effect, variance, *z = chain->z;
    int n = 0;
    for (int l = 0; l < chain->nested.n_levels; l++) {
        const grouping_t *grouping = level_grouping(chain, l);
        effect_of_row(rows, i, grouping, chain->L[l], NULL, &effect, &variance);
        row.prior += variance;
        if (l < known) row.left += variance;
        else
            for (int k = 0; k < grouping->n_random; k++)
                z[n++] = rows->Z[i + (size_t) rows->n * grouping->place[k]];
    }
    if (n > 0) {
        const double *joint = chain->moments.joint[known];
        int q = level_grouping(chain, known)->n_random;
        int group = rows->group[i + (size_t) rows->n * known];
        row.mean = dot(q, z, chain->moments.mean[known] + (size_t) q * group)
            + dot(n - q, z + q, chain->effects.above[known]);
        for (int k = 0; k < n; k++) row.left += z[k] * dot(n, z, joint + (size_t) n * k);
    }
    for (int h = 0; h < chain->n_others; h++) {
        const other_effects_t *other = chain->other + h;
        const grouping_t *grouping = chain->model->grouping + other->grouping;
        size_t q = (size_t) grouping->n_random;
        int place = other->row[i];
        effect_of_row(rows, i, grouping, L[other->grouping],
                      place < 0 ? NULL : other->effects + q * (place + (size_t) other->n * draw),
                      &effect, &variance);
        row.mean += effect;
        if (place < 0) row.beside += variance;
    }
    return row;
}

static int first_known(const chain_cells_t *chain, const row_data_t *rows, int i)
{
    int l = 0;
    while (l < chain->nested.n_levels && rows->group[i + (size_t) rows->n * l] < 0) l++;
    return l;
}

static int is_alone(const chain_cells_t *chain, int root)
{
    int cell = chain->root_start[root];
    return chain->root_start[root + 1] == cell + 1 && chain->cell_rows[cell] == 1.0;
}

status_t nested_rows(chain_cells_t *chain, const row_data_t *rows, int from, int to, int leave_out,
                     int i, const hyper_t *hyper, double *const *L, double *mean, double *sd,
                     size_t stride)
{
    int n_levels = chain->nested.n_levels, p = chain->model->n_coef;
    int known = first_known(chain, rows, from);
    const int *group = rows->group + from;
    int alone = known == n_levels
        || (leave_out && is_alone(chain, group[(size_t) rows->n * (n_levels - 1)]));
    if (alone) known = n_levels;
    for (int l = n_levels - 1; l >= known; l--)
        RETURN_IF_FAILED(moments_of_group(&chain->moments, l, group[(size_t) rows->n * l],
                                          chain->L, 1.0));
    for (int j = from; j < to; j++, mean += stride, sd += stride) {
        row_effects_t row = effects_of_row(chain, rows, j, i, known, L);
        double sigma = hyper->sigma[rows->stratum[j]];
        double variance = sigma * sigma / (rows->weights ? rows->weights[j] : 1.0);
        *mean = row.mean;
        for (int k = 0; k < p; k++) *mean += rows->X[j + (size_t) rows->n * k] * hyper->beta[k];
        if (leave_out && !alone) {
            /* No data leave more than the prior does: 1 - h >= 1/(1 + w z'Sigma z). */
            double least = 1.0 / (1.0 + row.prior / variance);
            double spare = fmax(1.0 - row.left / variance, least);
            *mean = rows->y[j] - (rows->y[j] - *mean) / spare;
            *sd = sqrt(variance / spare);
        } else {
            *sd = sqrt(variance + row.left + row.beside);
        }
    }
    return STATUS_OK;
}
