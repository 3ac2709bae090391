#include <math.h>
#include <string.h>
#include "crossprods.h"
#include "group.h"
#include "lanes.h"
#include "linalg.h"
#include "nested.h"

static inline int n_columns(const nested_level_t *level)
{
    return level->n_random + level->n_after;
}

static inline double *level_factor(const nested_level_t *level, int group)
{
    return level->factor + (size_t) level->n_random * n_columns(level) * group;
}

static inline int blocks_of(int n_groups)
{
    return (n_groups + LANES - 1) / LANES;
}

size_t count_places(const nested_t *nested)
{
    size_t n = 0;
    for (int l = 0; l < nested->n_levels; l++) n += 2 * (size_t) nested->level[l].n_groups + 1;
    return n;
}

/* The children of a group begin with a block of their own. */
static int place_children(const nested_level_t *level, nested_level_t *below)
{
    int block = 0;
    for (int k = 0; k < level->n_groups; k++) {
        int start = level->child_start[k], end = level->child_start[k + 1];
        level->block_start[k] = block;
        for (int c = start; c < end; c++) below->place[c] = LANES * block + c - start;
        block += blocks_of(end - start);
    }
    level->block_start[level->n_groups] = block;
    return LANES * block;
}

void place_in_lanes(nested_t *nested, int *memory)
{
    for (int l = 0; l < nested->n_levels; l++) {
        nested_level_t *level = nested->level + l;
        level->place = memory;
        level->block_start = memory + level->n_groups;
        memory += 2 * (size_t) level->n_groups + 1;
    }
    for (int l = 0; l < nested->n_levels; l++) {
        nested_level_t *level = nested->level + l;
        int n_placed = level->n_groups;
        if (l + 1 < nested->n_levels)
            n_placed = place_children(level + 1, level);
        else
            for (int k = 0; k < level->n_groups; k++) level->place[k] = k;
        level->data.n_random = level->n_random;
        level->data.n_coef = level->n_after - 1;
        level->data.n_groups = n_placed;
        level->data.n_threads = 1;
    }
}

static level_buffers_t take_level(const nested_level_t *level, workspace_t *work)
{
    int q = level->n_random, n = n_columns(level), n_after = level->n_after;
    level_buffers_t buffers;
    buffers.gram = take_matrix(work, n, n);
    buffers.lost = take(work, n);
    buffers.factor = take_matrix(work, q, n);
    buffers.rows = take_matrix(work, q, n_after);
    buffers.sums = take_aligned(work, sums_size(n_after - 1));
    buffers.scratch = take_aligned(work, scratch_size(q, n_after - 1));
    buffers.A = take_matrix(work, q, q);
    buffers.U = take_matrix(work, q, q);
    buffers.spare = take_matrix(work, q, q);
    return buffers;
}

void take_nested(nested_t *nested, workspace_t *work)
{
    int rows = nested->n_coef + 1;
    nested->rest = take_matrix(work, rows, rows);
    nested->rest_root = take_matrix(work, rows, rows);
    nested->lost = take(work, rows);
    for (int l = 0; l < nested->n_levels; l++) {
        nested_level_t *level = nested->level + l;
        size_t n = n_columns(level), size = level->n_random * n;
        level->factor = take(work, size * level->n_groups);
        level->gram = l > 0 ? take(work, n * n * level->n_groups) : NULL;
        level->data.factor = take_aligned(work, packed_size(level->n_random, level->n_after - 1,
                                                    level->data.n_groups));
        nested->buffers[l] = take_level(level, work);
    }
}

void clear_nested(nested_t *nested)
{
    size_t rows = (size_t) nested->n_coef + 1;
    memset(nested->rest_root, 0, sizeof(double) * rows * rows);
    for (int l = 0; l < nested->n_levels; l++) {
        nested_level_t *level = nested->level + l;
        memset(level->factor, 0, sizeof(double) * level->n_random * n_columns(level)
               * level->n_groups);
        memset(level->data.factor, 0, sizeof(double)
               * packed_size(level->n_random, level->n_after - 1, level->data.n_groups));
    }
}

void absorb_from(nested_t *nested, int l, int group, int n_rows, int ld, double *rows)
{
    int p = nested->n_coef;
    for (; l < nested->n_levels; l++) {
        nested_level_t *level = nested->level + l;
        absorb_block(level->n_random, n_columns(level), level_factor(level, group), n_rows, ld,
                     rows);
        rows += (size_t) ld * level->n_random;
        group = level->parent[group];
    }
    absorb_block(p + 1, p + 1, nested->rest_root, n_rows, ld, rows);
}

void absorb_nested_rows(nested_t *nested, int leaf, int n_rows, int ld, double *rows)
{
    absorb_from(nested, 0, leaf, n_rows, ld, rows);
}

void settle_nested(nested_t *nested)
{
    int rows = nested->n_coef + 1;
    memset(nested->rest, 0, sizeof(double) * rows * rows);
    add_crossproducts(rows, rows, nested->rest_root, 1.0, nested->rest);
    for (int l = 0; l < nested->n_levels; l++) {
        nested_level_t *level = nested->level + l;
        size_t n = n_columns(level);
        if (l == 0) {
            for (int k = 0; k < level->n_groups; k++)
                pack_group(&level->data, level->place[k], level_factor(level, k));
            continue;
        }
        memset(level->gram, 0, sizeof(double) * n * n * level->n_groups);
        for (int k = 0; k < level->n_groups; k++)
            add_crossproducts(level->n_random, (int) n, level_factor(level, k), 1.0,
                              level->gram + n * n * k);
    }
}

/* c of a group in lanes. */
static void pack_response(nested_level_t *level, int k)
{
    int q = level->n_random, n = n_columns(level), p = level->n_after;
    const double *c = level_factor(level, k) + (size_t) q * (n - 1);
    int place = level->place[k];
    double *out = level->data.factor + packed_size(q, p - 1, place - place % LANES)
        + place % LANES;
    out += (size_t) LANES * (q * (q + 1) / 2);
    for (int r = 0; r < q; r++) out[(size_t) LANES * (p * r + p - 1)] = c[r];
}

/* y's column of a group's products. */
static void renew_gram(nested_level_t *level, int k)
{
    int q = level->n_random, n = n_columns(level);
    const double *factor = level_factor(level, k), *c = factor + (size_t) q * (n - 1);
    double *y = level->gram + (size_t) n * n * k + (size_t) n * (n - 1);
    for (int l = 0; l < n; l++) y[l] = dot(q, factor + (size_t) q * l, c);
}

void renew_response(nested_t *nested)
{
    for (int l = 0; l < nested->n_levels; l++) {
        nested_level_t *level = nested->level + l;
        for (int k = 0; k < level->n_groups; k++)
            if (l == 0) pack_response(level, k);
            else renew_gram(level, k);
    }
}

/* By reflections ------------------------------------------------------------------------------ */

/* An elimination by reflections: of all, where the last level is that of the roots and rows go from
   there to the root; or of what is below one group, which is on the last level, and the products of
   what it leaves join those of the level above. */
typedef struct {
    nested_t *nested;
    const double *const *L;
    int last;
    double *root;           /* (p + 1) x (p + 1), or NULL */
    double *above;          /* n_after^2 of the last level */
    double log_det;
    monitor_t *monitor;
} reflection_t;

/* The rows' columns are those of this level on. */
static void pass_rows(const reflection_t *reflection, int l, int n_rows, double *rows)
{
    const nested_t *nested = reflection->nested;
    int n_left = nested->n_coef + 1;
    for (; l <= reflection->last; l++) {
        const nested_level_t *level = nested->level + l;
        absorb_block(level->n_random, n_columns(level), nested->buffers[l].factor, n_rows, n_rows,
                     rows);
        rows += (size_t) n_rows * level->n_random;
        n_left = level->n_after;
    }
    if (reflection->root)
        absorb_block(n_left, n_left, reflection->root, n_rows, n_rows, rows);
    else
        add_crossproducts(n_rows, n_left, rows, 1.0, reflection->above);
}

/* rows <- U'^-1 [C c] of a level's factor. */
static status_t rotate_level(reflection_t *reflection, int l)
{
    const nested_level_t *level = reflection->nested->level + l;
    const level_buffers_t *buffers = reflection->nested->buffers + l;
    int q = level->n_random;
    multiply_transposed(q, buffers->factor, reflection->L[l], buffers->A, buffers->U);
    RETURN_IF_FAILED(unit_plus_root(q, buffers->A, buffers->U, buffers->spare));
    memcpy(buffers->rows, buffers->factor + (size_t) q * q, sizeof(double) * q * level->n_after);
    for (int k = 0; k < level->n_after; k++)
        solve_upper_transposed(q, buffers->U, buffers->rows + (size_t) q * k);
    for (int k = 0; k < q; k++) reflection->log_det += 2.0 * log(buffers->U[k + (size_t) q * k]);
    return STATUS_OK;
}

static status_t reflect_children(reflection_t *reflection, int l, int group);

/* A group and all below it, whose rows go up. */
static status_t reflect_group(reflection_t *reflection, int l, int group)
{
    const nested_level_t *level = reflection->nested->level + l;
    RETURN_IF_FAILED(reflect_children(reflection, l, group));
    RETURN_IF_FAILED(rotate_level(reflection, l));
    pass_rows(reflection, l + 1, level->n_random, reflection->nested->buffers[l].rows);
    double visits = 1.0 + 0.05 * level->n_random * n_columns(level) * n_columns(level);
    return user_wants_to_stop(reflection->monitor, visits) ? STATUS_INTERRUPTED : STATUS_OK;
}

/* buffers->factor <- the factor of a group with all below it eliminated. */
static status_t reflect_children(reflection_t *reflection, int l, int group)
{
    const nested_level_t *level = reflection->nested->level + l;
    memcpy(reflection->nested->buffers[l].factor, level_factor(level, group),
           sizeof(double) * level->n_random * n_columns(level));
    if (l == 0) return STATUS_OK;
    for (int c = level->child_start[group]; c < level->child_start[group + 1]; c++)
        RETURN_IF_FAILED(reflect_group(reflection, l - 1, c));
    return STATUS_OK;
}

status_t reflect_nested(nested_t *nested, const double *const *L, double *log_det, double *root,
                        monitor_t *monitor)
{
    int last = nested->n_levels - 1, rows = nested->n_coef + 1;
    reflection_t reflection = { nested, L, last, root, NULL, 0.0, monitor };
    memcpy(root, nested->rest_root, sizeof(double) * rows * rows);
    for (int k = 0; k < nested->level[last].n_groups; k++)
        RETURN_IF_FAILED(reflect_group(&reflection, last, k));
    *log_det = reflection.log_det;
    return STATUS_OK;
}

/* By products --------------------------------------------------------------------------------- */

/* [R C c] of the first q columns of a gram with the squares that it has lost; 0 where digits are lost
   that reflections would keep. A column of nothing has a row of zeros. */
static int factor_gram(int q, int n, const double *gram, const double *lost, double *factor)
{
    for (int r = 0; r < q; r++) {
        double square = gram[r + (size_t) n * r], most = square + lost[r];
        for (int s = 0; s < r; s++) {
            double element = factor[s + (size_t) q * r];
            square -= element * element;
        }
        for (int k = 0; k < r; k++) factor[r + (size_t) q * k] = 0.0;
        int is_nothing = most == 0.0;
        if (!is_nothing && !(square > 1e-6 * most)) return 0;
        double pivot = sqrt(square), unit = is_nothing ? 0.0 : 1.0 / pivot;
        factor[r + (size_t) q * r] = pivot;
        for (int k = r + 1; k < n; k++) {
            double sum = gram[r + (size_t) n * k];
            for (int s = 0; s < r; s++)
                sum -= factor[s + (size_t) q * r] * factor[s + (size_t) q * k];
            factor[r + (size_t) q * k] = unit * sum;
        }
    }
    return 1;
}

/* above <- above + what the factor leaves of the gram. */
static void leave_gram(int q, int n, const double *gram, const double *gram_lost,
                       const double *factor, double *above, double *lost)
{
    int n_after = n - q;
    for (int k = 0; k < n_after; k++) {
        const double *F = factor + (size_t) q * (q + k), *G = gram + (size_t) n * (q + k) + q;
        for (int l = 0; l <= k; l++)
            above[l + (size_t) n_after * k] += G[l] - dot(q, F, factor + (size_t) q * (q + l));
        lost[k] += gram_lost[q + k] + dot(q, F, F);
    }
}

typedef struct {
    nested_t *nested;
    const double *const *L;
    double log_det;
    monitor_t *monitor;
} elimination_t;

static status_t close_group(elimination_t *elimination, int l, int group, double *above,
                            double *lost);

/* buffers->gram of a group: its own and what its children give it. */
static status_t gather_children(elimination_t *elimination, int l, int group)
{
    nested_t *nested = elimination->nested;
    const nested_level_t *level = nested->level + l, *below = level - 1;
    const level_buffers_t *buffers = nested->buffers + l, *theirs = buffers - 1;
    int n = n_columns(level), start = level->child_start[group], end = level->child_start[group + 1];
    memcpy(buffers->gram, level->gram + (size_t) n * n * group, sizeof(double) * n * n);
    memset(buffers->lost, 0, sizeof(double) * n);
    if (l > 1)
        for (int c = start; c < end; c++)
            RETURN_IF_FAILED(close_group(elimination, l - 1, c, buffers->gram, buffers->lost));
    RETURN_IF_FAILED(sum_lanes(&below->data, elimination->L[l - 1], level->block_start[group],
                               level->block_start[group + 1], theirs->sums, theirs->scratch));
    marginal_t sum = { elimination->log_det, buffers->gram };
    add_sums(n - 1, theirs->sums, &sum);
    elimination->log_det = sum.log_det;
    double visits = 1.0 + 0.1 * below->n_random * n;
    return user_wants_to_stop(elimination->monitor, visits * (end - start)) ? STATUS_INTERRUPTED
        : STATUS_OK;
}

/* A group by reflections of all below it. */
static status_t close_by_reflections(elimination_t *elimination, int l, int group, double *above)
{
    nested_t *nested = elimination->nested;
    reflection_t reflection = { nested, elimination->L, l, NULL, above, 0.0,
                                elimination->monitor };
    return reflect_children(&reflection, l, group);
}

/* A group with all below it eliminated, in lanes; what it leaves goes to `above`. */
static status_t close_group(elimination_t *elimination, int l, int group, double *above,
                            double *lost)
{
    nested_level_t *level = elimination->nested->level + l;
    const level_buffers_t *buffers = elimination->nested->buffers + l;
    int q = level->n_random, n = n_columns(level);
    RETURN_IF_FAILED(gather_children(elimination, l, group));
    if (factor_gram(q, n, buffers->gram, buffers->lost, buffers->factor))
        leave_gram(q, n, buffers->gram, buffers->lost, buffers->factor, above, lost);
    else
        RETURN_IF_FAILED(close_by_reflections(elimination, l, group, above));
    pack_group(&level->data, level->place[group], buffers->factor);
    return STATUS_OK;
}

/* Blocks of the roots that are summed at once. */
enum { ROOT_BLOCKS = 128 };

static status_t sum_roots(elimination_t *elimination, marginal_t *marginal)
{
    const nested_t *nested = elimination->nested;
    int last = nested->n_levels - 1, p = nested->n_coef;
    const nested_level_t *level = nested->level + last;
    const level_buffers_t *buffers = nested->buffers + last;
    int n_blocks = blocks_of(level->n_groups);
    double visits = 1.0 + 0.1 * level->n_random * n_columns(level);
    for (int from = 0; from < n_blocks; from += ROOT_BLOCKS) {
        int to = from + ROOT_BLOCKS < n_blocks ? from + ROOT_BLOCKS : n_blocks;
        RETURN_IF_FAILED(sum_lanes(&level->data, elimination->L[last], from, to, buffers->sums,
                                   buffers->scratch));
        add_sums(p, buffers->sums, marginal);
        if (user_wants_to_stop(elimination->monitor, visits * LANES * (to - from)))
            return STATUS_INTERRUPTED;
    }
    return STATUS_OK;
}

status_t nested_products(nested_t *nested, const double *const *L, marginal_t *marginal,
                         monitor_t *monitor)
{
    int last = nested->n_levels - 1;
    size_t rows = (size_t) nested->n_coef + 1;
    elimination_t elimination = { nested, L, 0.0, monitor };
    memcpy(marginal->root, nested->rest, sizeof(double) * rows * rows);
    memset(nested->lost, 0, sizeof(double) * rows);
    if (last > 0)
        for (int k = 0; k < nested->level[last].n_groups; k++)
            RETURN_IF_FAILED(close_group(&elimination, last, k, marginal->root, nested->lost));
    marginal->log_det = elimination.log_det;
    return sum_roots(&elimination, marginal);
}

status_t nested_root(nested_t *nested, const double *const *L, marginal_t *marginal,
                     monitor_t *monitor)
{
    int n = nested->n_coef + 1;
    double *most = nested->lost;
    for (int k = 0; k < n; k++) most[k] += marginal->root[k + (size_t) n * k];
    status_t status = cholesky(n, marginal->root);
    if (status == STATUS_OK && !has_cancelled(n, marginal->root, most)) return STATUS_OK;
    return reflect_nested(nested, L, &marginal->log_det, marginal->root, monitor);
}
