#include <string.h>
#include "crossprods.h"
#include "linalg.h"
#include "nested_effects.h"
#include "random.h"

static inline size_t top_size(const nested_effects_t *effects, int l)
{
    int q = effects->nested->level[l].n_random;
    return (size_t) q * (q + effects->n_ancestors[l] + 1);
}

double *top_of_group(const nested_effects_t *effects, int l, int group)
{
    return effects->top[l] + top_size(effects, l) * group;
}

void take_nested_effects(nested_t *nested, nested_effects_t *effects, workspace_t *work)
{
    int n_most = 1;
    effects->nested = nested;
    for (int l = 0; l < nested->n_levels; l++) {
        const nested_level_t *level = nested->level + l;
        int q = level->n_random;
        effects->n_ancestors[l] = level->n_after - nested->n_coef - 1;
        effects->top[l] = take(work, top_size(effects, l) * level->n_groups);
        effects->rows[l] = take_matrix(work, q, effects->n_ancestors[l] + 1);
        effects->above[l] = take(work, effects->n_ancestors[l]);
        effects->group[l] = take_group(q, work);
        if (q > n_most) n_most = q;
    }
    effects->normals = take(work, n_most);
}

/* [R, Z of ancestors, e], e = c - C theta. */
static void reduce_group(const nested_effects_t *effects, int l, int group, const double *theta)
{
    const nested_t *nested = effects->nested;
    const nested_level_t *level = nested->level + l;
    int q = level->n_random, n_kept = q + effects->n_ancestors[l], p = nested->n_coef;
    const double *factor = level->factor + (size_t) q * (q + level->n_after) * group;
    const double *C = factor + (size_t) q * n_kept, *c = C + (size_t) q * p;
    double *top = top_of_group(effects, l, group), *e = top + (size_t) q * n_kept;
    memcpy(top, factor, sizeof(double) * q * n_kept);
    for (int r = 0; r < q; r++) e[r] = c[r];
    for (int k = 0; k < p; k++)
        for (int r = 0; r < q; r++) e[r] -= C[r + (size_t) q * k] * theta[k];
}

status_t tell_ancestors(const nested_effects_t *effects, int l, int group, const double *L)
{
    const nested_t *nested = effects->nested;
    const group_buffers_t *buffers = effects->group + l;
    int q = nested->level[l].n_random, n_after = effects->n_ancestors[l] + 1;
    const double *top = top_of_group(effects, l, group);
    double *rows = effects->rows[l];
    multiply_transposed(q, top, L, buffers->A, buffers->U);
    RETURN_IF_FAILED(unit_plus_root(q, buffers->A, buffers->U, buffers->spare));
    memcpy(rows, top + (size_t) q * q, sizeof(double) * q * n_after);
    for (int k = 0; k < n_after; k++)
        solve_upper_transposed(q, buffers->U, rows + (size_t) q * k);
    for (int m = l + 1; m < nested->n_levels; m++) {
        int theirs = nested->level[m].n_random;
        group = nested->level[m - 1].parent[group];
        absorb_block(theirs, theirs + effects->n_ancestors[m] + 1, top_of_group(effects, m, group), q, q,
                     rows);
        rows += (size_t) q * theirs;
    }
    return STATUS_OK;
}

status_t inform_group(const nested_effects_t *effects, int l, int group, const double *theta,
                      const double *const *L)
{
    const nested_level_t *level = effects->nested->level + l;
    reduce_group(effects, l, group, theta);
    if (l == 0) return STATUS_OK;
    for (int c = level->child_start[group]; c < level->child_start[group + 1]; c++) {
        RETURN_IF_FAILED(inform_group(effects, l - 1, c, theta, L));
        RETURN_IF_FAILED(tell_ancestors(effects, l - 1, c, L[l - 1]));
    }
    return STATUS_OK;
}

status_t draw_below(const nested_effects_t *effects, int l, int group, const double *const *L,
                    double sigma, double *const *effect)
{
    const nested_level_t *level = effects->nested->level + l;
    int q = level->n_random, n_ancestors = effects->n_ancestors[l];
    double *own = effect[l] + (size_t) q * group;
    draw_standard_normals(q, effects->normals);
    RETURN_IF_FAILED(draw_one_group(q, n_ancestors, top_of_group(effects, l, group), L[l],
                                    effects->above[l], sigma, effects->normals, own,
                                    effects->group + l));
    if (l == 0) return STATUS_OK;
    memcpy(effects->above[l - 1], own, sizeof(double) * q);
    if (n_ancestors > 0)
        memcpy(effects->above[l - 1] + q, effects->above[l], sizeof(double) * n_ancestors);
    for (int c = level->child_start[group]; c < level->child_start[group + 1]; c++)
        RETURN_IF_FAILED(draw_below(effects, l - 1, c, L, sigma, effect));
    return STATUS_OK;
}

size_t normals_below(const nested_t *nested, int l, int group)
{
    const nested_level_t *level = nested->level + l;
    size_t n = (size_t) level->n_random;
    if (l == 0) return n;
    for (int c = level->child_start[group]; c < level->child_start[group + 1]; c++)
        n += normals_below(nested, l - 1, c);
    return n;
}
