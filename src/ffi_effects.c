#include <limits.h>
#include <R_ext/Random.h>
#include "ffi.h"
#include "group_effects.h"

void seed_generator(SEXP seed_function, int seed)
{
    SEXP number = PROTECT(ScalarInteger(seed));
    SEXP call = PROTECT(lang2(seed_function, number));
    eval(call, R_GlobalEnv);
    UNPROTECT(2);
}

/* Groups from 0, rising. */
static void check_chosen(SEXP chosen, int n_groups)
{
    const int *group = checked_places(chosen, "groups", length(chosen), 0, n_groups);
    for (int i = 1; i < length(chosen); i++)
        if (group[i] <= group[i - 1]) error("internal error: the groups do not rise");
}

/* Effects of the groups `chosen` (from 0, rising) for draws of the hyperparameters, one
   residual variance: q x chosen x draws. Normals come in tiles, of tile[0] groups by
   tile[1] draws, each with a seed of its own (seeds: tiles of groups x tiles of draws),
   group by group within a tile: those of a group and a draw do not depend on which others
   are wanted. The first draw is number `first` (from 0) of its tile. */
SEXP ffi_draw_deferred(SEXP model_list, SEXP hyper, SEXP chosen, SEXP tile, SEXP seeds,
                       SEXP first, SEXP set_seed)
{
    model_t model;
    hyper_draws_t draws;
    decode_uncentered_model(model_list, &model);
    decode_draws(&model, hyper, &draws);
    const step_t *step = only_step(&model);
    const grouping_t *grouping = model.grouping + only_grouping(step);
    int q = grouping->n_random, n_chosen = length(chosen);
    const int *tile_size = checked_places(tile, "tile", 2, 1, INT_MAX / 1024);
    int tile_groups = tile_size[0], tile_draws = tile_size[1];
    int skipped = checked_integer(first, "first", 0), blocks = nrows(seeds), batches = ncols(seeds);
    checked_integers(seeds, "seeds", (double) blocks * batches);
    if (skipped >= tile_draws || (double) batches * tile_draws - skipped < draws.n)
        error("internal error: %d batches of seeds for %d draws", batches, draws.n);
    check_chosen(chosen, grouping->n_groups);
    group_effects_buffers_t buffers;
    ALLOCATE(buffers = take_group_effects(q, model.n_coef, &work));
    double *normals = doubles((double) q * tile_draws);
    size_t stride = (size_t) q * n_chosen;
    SEXP effects = PROTECT(draw_matrix((double) stride, draws.n));
    for (int batch = 0; batch < batches; batch++) {
        int from = batch * tile_draws - skipped, to = from + tile_draws;
        int start = from < 0 ? 0 : from, end = to < draws.n ? to : draws.n;
        for (int i = 0; i < n_chosen;) {
            int block = INTEGER(chosen)[i] / tile_groups;
            if (block >= blocks) error("internal error: no seed for group %d", block);
            allow_stop();
            seed_generator(set_seed, INTEGER(seeds)[block + (size_t) blocks * batch]);
            GetRNGstate();
            status_t status = STATUS_OK;
            for (int group = block * tile_groups; status == STATUS_OK; group++) {
                if (i >= n_chosen || INTEGER(chosen)[i] >= (block + 1) * tile_groups) break;
                draw_standard_normals(q * tile_draws, normals);
                if (group != INTEGER(chosen)[i]) continue;
                status = draw_deferred_group(&model, step, group, &draws, start, end,
                                             normals + (size_t) q * (start - from),
                                             REAL(effects) + stride * start + (size_t) q * i,
                                             stride, &buffers);
                i++;
            }
            PutRNGstate();
            if (status != STATUS_OK) raise_status(status, 0);
        }
    }
    UNPROTECT(1);
    return effects;
}

/* group_moments() of every group: mean (q x J), covariance (q x q x J), with_beta (q x J). */
SEXP ffi_group_moments(SEXP model_list, SEXP hyper, SEXP beta_mean)
{
    model_t model;
    hyper_draws_t draws;
    decode_uncentered_model(model_list, &model);
    decode_draws(&model, hyper, &draws);
    const step_t *step = only_step(&model);
    const grouping_t *grouping = model.grouping + only_grouping(step);
    int q = grouping->n_random;
    R_xlen_t J = grouping->n_groups;
    checked_doubles(beta_mean, "beta_mean", model.n_coef);
    group_effects_buffers_t buffers;
    ALLOCATE(buffers = take_group_effects(q, model.n_coef, &work));
    const char *names[] = { "mean", "covariance", "with_beta" };
    SEXP values[3];
    values[0] = PROTECT(allocVector(REALSXP, q * J));
    values[1] = PROTECT(allocVector(REALSXP, q * q * J));
    values[2] = PROTECT(allocVector(REALSXP, q * J));
    for (int j = 0; j < J; j++) {
        status_t status = group_moments(&model, step, j, &draws, REAL(beta_mean),
                                        REAL(values[0]) + (size_t) q * j,
                                        REAL(values[1]) + (size_t) q * q * j,
                                        REAL(values[2]) + (size_t) q * j, &buffers);
        if (status != STATUS_OK) raise_status(status, 0);
        if (j % 64 == 0) allow_stop();
    }
    SEXP answer = named_list(3, names, values);
    UNPROTECT(3);
    return answer;
}
