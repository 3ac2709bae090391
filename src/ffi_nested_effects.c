#include <limits.h>
#include <string.h>
#include <R_ext/Random.h>
#include "ffi.h"
#include "ffi_moments.h"
#include "ffi_nested.h"
#include "nested_moments.h"

/* A chain of groupings with one residual variance, and draws of the hyperparameters. */
typedef struct {
    model_t model;
    const step_t *step;
    hyper_draws_t draws;
    chain_data_t *chain;
    monitor_t monitor;
} chain_draws_t;

static void decode_chain(SEXP model_list, SEXP hyper, chain_draws_t *own)
{
    decode_uncentered_model(model_list, &own->model);
    if (own->model.n_steps != 1 || own->model.step->n < 2 || own->model.step->merged
        || own->model.n_strata != 1)
        error("internal error: no chain of groupings");
    own->step = own->model.step;
    own->monitor = new_monitor();
    decode_draws(&own->model, hyper, &own->draws);
    own->chain = new_chain_data(&own->model, own->step, 1);
    monitor_t jumping = jumping_monitor();
    status_t status = weigh_nested(&own->model, own->step, NULL, own->chain->place,
                                   &own->chain->nested, own->chain->rows, &jumping);
    if (status != STATUS_OK) raise_status(status, 0);
}

static const grouping_t *level_grouping(const chain_draws_t *own, int l)
{
    return own->model.grouping + own->step->grouping[l];
}

/* The levels' factors in draw i. */
static void set_factors(chain_draws_t *own, int i)
{
    for (int l = 0; l < own->step->n; l++) {
        size_t q = (size_t) level_grouping(own, l)->n_random;
        own->chain->L[l] = own->draws.L[own->step->grouping[l]] + q * q * i;
    }
}

/* Where the draws of each group go: its column among those of its grouping, or -1. */
static int *columns_of_chosen(SEXP chosen, int n_groups)
{
    int *column = (int *) R_alloc((size_t) n_groups, sizeof(int));
    const int *group = checked_places(chosen, "groups", length(chosen), 0, n_groups);
    for (int j = 0; j < n_groups; j++) column[j] = -1;
    for (int i = 0; i < length(chosen); i++) column[group[i]] = i;
    return column;
}

typedef struct {
    chain_draws_t *own;
    int *column[MOST_LEVELS];       /* by the number of a group */
    int *is_wanted;                 /* of each root: is a group below it chosen? */
    double *out[MOST_LEVELS];       /* q x chosen x draws */
    size_t stride[MOST_LEVELS];
} wanted_t;

static int is_chosen_below(const wanted_t *wanted, int l, int group)
{
    const nested_level_t *level = wanted->own->chain->nested.level + l;
    if (wanted->column[l][wanted->own->step->level[l].number[group]] >= 0) return 1;
    if (l == 0) return 0;
    for (int c = level->child_start[group]; c < level->child_start[group + 1]; c++)
        if (is_chosen_below(wanted, l - 1, c)) return 1;
    return 0;
}

static void copy_below(const wanted_t *wanted, int l, int group, int draw)
{
    const nested_level_t *level = wanted->own->chain->nested.level + l;
    size_t q = (size_t) level->n_random;
    int column = wanted->column[l][wanted->own->step->level[l].number[group]];
    if (column >= 0)
        memcpy(wanted->out[l] + wanted->stride[l] * draw + q * column,
               wanted->own->chain->effect[l] + q * group, sizeof(double) * q);
    if (l == 0) return;
    for (int c = level->child_start[group]; c < level->child_start[group + 1]; c++)
        copy_below(wanted, l - 1, c, draw);
}

/* A root and all below it in draws start, ..., end - 1 of a tile that begins with draw `from` and
   has n of them: normals of the others are passed over. */
static status_t draw_root(const wanted_t *wanted, int root, int from, int n, int start, int end)
{
    chain_draws_t *own = wanted->own;
    int last = own->step->n - 1;
    size_t size = normals_below(&own->chain->nested, last, root);
    for (int i = from; i < from + n; i++) {
        if (i < start || i >= end || !wanted->is_wanted[root]) {
            for (size_t k = 0; k < size; k++) norm_rand();
            continue;
        }
        set_factors(own, i);
        const double *const *L = (const double *const *) own->chain->L;
        const double *theta = own->draws.theta + (size_t) own->model.n_coef * i;
        RETURN_IF_FAILED(inform_group(&own->chain->effects, last, root, theta, L));
        RETURN_IF_FAILED(draw_below(&own->chain->effects, last, root, L, own->draws.sigma[i],
                                    own->chain->effect));
        copy_below(wanted, last, root, i);
        if (user_wants_to_stop(&own->monitor, 4.0 * size)) return STATUS_INTERRUPTED;
    }
    return STATUS_OK;
}

static SEXP allocate_wanted(SEXP chosen, chain_draws_t *own, wanted_t *wanted)
{
    int n = own->step->n, n_roots = level_grouping(own, n - 1)->n_groups;
    SEXP effects = PROTECT(allocVector(VECSXP, n));
    wanted->own = own;
    for (int l = 0; l < n; l++) {
        const grouping_t *grouping = level_grouping(own, l);
        int g = own->step->grouping[l];
        SEXP groups = list_item(chosen, "groups", g, n);
        wanted->column[l] = columns_of_chosen(groups, grouping->n_groups);
        wanted->stride[l] = (size_t) grouping->n_random * length(groups);
        SET_VECTOR_ELT(effects, g, draw_matrix((double) wanted->stride[l], own->draws.n));
        wanted->out[l] = REAL(VECTOR_ELT(effects, g));
    }
    wanted->is_wanted = (int *) R_alloc((size_t) n_roots, sizeof(int));
    for (int k = 0; k < n_roots; k++)
        wanted->is_wanted[k] = is_chosen_below(wanted, n - 1, k);
    UNPROTECT(1);
    return effects;
}

/* Effects of groups of a chain of groupings for draws of the hyperparameters: a list by grouping of
   q x chosen x draws; NULL once the user wants to stop. chosen: a list by grouping of groups (from 0). Normals come in tiles, as those of
   ffi_draw_deferred() do, of tile[0] roots with all below them by tile[1] draws. */
SEXP ffi_draw_nested(SEXP model_list, SEXP hyper, SEXP chosen, SEXP tile, SEXP seeds, SEXP first,
                     SEXP set_seed)
{
    chain_draws_t own;
    wanted_t wanted;
    decode_chain(model_list, hyper, &own);
    const int *tile_size = checked_places(tile, "tile", 2, 1, INT_MAX / 1024);
    int skipped = checked_integer(first, "first", 0), blocks = nrows(seeds), batches = ncols(seeds);
    int n_roots = level_grouping(&own, own.step->n - 1)->n_groups;
    checked_integers(seeds, "seeds", (double) blocks * batches);
    if (skipped >= tile_size[1] || (double) batches * tile_size[1] - skipped < own.draws.n
        || (double) blocks * tile_size[0] < n_roots)
        error("internal error: too few seeds for %d draws of %d groups", own.draws.n, n_roots);
    SEXP effects = PROTECT(allocate_wanted(chosen, &own, &wanted));
    for (int batch = 0; batch < batches; batch++) {
        int from = batch * tile_size[1] - skipped, to = from + tile_size[1];
        int start = from < 0 ? 0 : from, end = to < own.draws.n ? to : own.draws.n;
        for (int block = 0; block < blocks; block++) {
            allow_stop();
            seed_generator(set_seed, INTEGER(seeds)[block + (size_t) blocks * batch]);
            GetRNGstate();
            status_t status = STATUS_OK;
            int root = block * tile_size[0], stop = root + tile_size[0];
            for (; status == STATUS_OK && root < stop && root < n_roots; root++)
                status = draw_root(&wanted, root, from, tile_size[1], start, end);
            PutRNGstate();
            if (status == STATUS_INTERRUPTED) {
                UNPROTECT(1);
                return R_NilValue;
            }
            if (status != STATUS_OK) raise_status(status, 0);
        }
    }
    UNPROTECT(1);
    return effects;
}

static status_t moments_of_draw(chain_draws_t *own, const nested_moments_t *moments, int i)
{
    int last = own->step->n - 1;
    set_factors(own, i);
    const double *const *L = (const double *const *) own->chain->L;
    const double *theta = own->draws.theta + (size_t) own->model.n_coef * i;
    for (int k = 0; k < level_grouping(own, last)->n_groups; k++) {
        RETURN_IF_FAILED(inform_group(&own->chain->effects, last, k, theta, L));
        RETURN_IF_FAILED(moments_below(moments, last, k, L, own->draws.sigma[i]));
        double visits = 4.0 * (double) normals_below(&own->chain->nested, last, k);
        if (user_wants_to_stop(&own->monitor, visits)) return STATUS_INTERRUPTED;
    }
    return STATUS_OK;
}

/* Means and covariances of the effects, and their covariances with the coefficients that they deviate
   from, over draws of the hyperparameters: a list by grouping of what ffi_group_moments() gives; NULL
   once the user wants to stop. */
SEXP ffi_nested_moments(SEXP model_list, SEXP hyper, SEXP beta_mean)
{
    chain_draws_t own;
    nested_moments_t moments;
    moment_sums_t sums[MOST_LEVELS];
    decode_chain(model_list, hyper, &own);
    checked_doubles(beta_mean, "beta_mean", own.model.n_coef);
    int n = own.step->n;
    ALLOCATE(take_nested_moments(&own.chain->effects, &moments, &work));
    SEXP answer = PROTECT(allocVector(VECSXP, n));
    for (int l = 0; l < n; l++) {
        const grouping_t *grouping = level_grouping(&own, l);
        double q = grouping->n_random, J = grouping->n_groups;
        moments.mean[l] = doubles(q * J);
        moments.covariance[l] = doubles(q * q * J);
        SET_VECTOR_ELT(answer, own.step->grouping[l], allocate_moments(grouping, sums + l));
    }
    for (int i = 0; i < own.draws.n; i++) {
        status_t status = moments_of_draw(&own, &moments, i);
        if (status == STATUS_INTERRUPTED) {
            UNPROTECT(1);
            return R_NilValue;
        }
        if (status != STATUS_OK) raise_status(status, 0);
        for (int l = 0; l < n; l++)
            add_moments(level_grouping(&own, l), own.step->level[l].number, moments.mean[l],
                        moments.covariance[l], &own.draws, i, own.model.n_coef,
                        REAL(beta_mean), sums + l);
    }
    for (int l = 0; l < n; l++) average_moments(level_grouping(&own, l), own.draws.n, sums + l);
    UNPROTECT(1);
    return answer;
}
