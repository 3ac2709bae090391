#include <limits.h>
#include <math.h>
#include <R_ext/Random.h>
#include "ffi.h"
#include "ffi_responses.h"
#include "group_effects.h"
#include "lattice_intercepts.h"
#include "random.h"

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

/* How the effects of one group are drawn. */
typedef struct {
    int n_groups, n_random, n_draws;
    int n_variates;             /* random numbers for a draw */
    void (*make)(int n, double *variates);
    /* Draws from, ..., end - 1 of a group; effects of two draws lie `stride` doubles apart. */
    status_t (*draw)(void *data, int group, int from, int end, const double *variates,
                     double *effects, size_t stride);
    void *data;
    int is_slow;                /* is to be asked after each group whether to stop */
} deferred_t;

/* Effects of the groups `chosen` (from 0, rising) for draws of the hyperparameters: q x chosen x
   draws. Random numbers come in tiles, of tile[0] groups by tile[1] draws, each with a seed of its own
   (seeds: tiles of groups x tiles of draws), group by group within a tile: those of a group and a draw
   do not depend on which others are wanted. The first draw is number `first` (from 0) of its tile. */
static SEXP draw_in_tiles(const deferred_t *deferred, SEXP chosen, SEXP tile, SEXP seeds, SEXP first,
                          SEXP set_seed)
{
    int q = deferred->n_random, n_chosen = length(chosen), n_variates = deferred->n_variates;
    const int *tile_size = checked_places(tile, "tile", 2, 1, INT_MAX / 1024);
    int tile_groups = tile_size[0], tile_draws = tile_size[1];
    int skipped = checked_integer(first, "first", 0), blocks = nrows(seeds), batches = ncols(seeds);
    checked_integers(seeds, "seeds", (double) blocks * batches);
    if (skipped >= tile_draws || (double) batches * tile_draws - skipped < deferred->n_draws)
        error("internal error: %d batches of seeds for %d draws", batches, deferred->n_draws);
    check_chosen(chosen, deferred->n_groups);
    double *variates = doubles((double) n_variates * tile_draws);
    size_t stride = (size_t) q * n_chosen;
    SEXP effects = PROTECT(draw_matrix((double) stride, deferred->n_draws));
    for (int batch = 0; batch < batches; batch++) {
        int from = batch * tile_draws - skipped, to = from + tile_draws;
        int start = from < 0 ? 0 : from, end = to < deferred->n_draws ? to : deferred->n_draws;
        for (int i = 0; i < n_chosen;) {
            int block = INTEGER(chosen)[i] / tile_groups;
            if (block >= blocks) error("internal error: no seed for group %d", block);
            allow_stop();
            seed_generator(set_seed, INTEGER(seeds)[block + (size_t) blocks * batch]);
            GetRNGstate();
            status_t status = STATUS_OK;
            for (int group = block * tile_groups; status == STATUS_OK; group++) {
                if (i >= n_chosen || INTEGER(chosen)[i] >= (block + 1) * tile_groups) break;
                deferred->make(n_variates * tile_draws, variates);
                if (group != INTEGER(chosen)[i]) continue;
                status = deferred->draw(deferred->data, group, start, end,
                                        variates + (size_t) n_variates * (start - from),
                                        REAL(effects) + stride * start + (size_t) q * i, stride);
                i++;
                if (!deferred->is_slow) continue;
                PutRNGstate();
                allow_stop();
                GetRNGstate();
            }
            PutRNGstate();
            if (status != STATUS_OK) raise_status(status, 0);
        }
    }
    UNPROTECT(1);
    return effects;
}

typedef struct {
    const model_t *model;
    const step_t *step;
    const hyper_draws_t *draws;
    group_effects_buffers_t buffers;
} normal_effects_t;

static status_t draw_normal(void *data, int group, int from, int end, const double *variates,
                            double *effects, size_t stride)
{
    const normal_effects_t *own = (const normal_effects_t *) data;
    return draw_deferred_group(own->model, own->step, group, own->draws, from, end, variates,
                               effects, stride, &own->buffers);
}

/* With one residual variance. */
SEXP ffi_draw_deferred(SEXP model_list, SEXP hyper, SEXP chosen, SEXP tile, SEXP seeds,
                       SEXP first, SEXP set_seed)
{
    model_t model;
    hyper_draws_t draws;
    decode_uncentered_model(model_list, &model);
    decode_draws(&model, hyper, &draws);
    const step_t *step = only_step(&model);
    const grouping_t *grouping = model.grouping + only_grouping(step);
    int q = grouping->n_random;
    normal_effects_t own = { &model, step, &draws, { 0 } };
    ALLOCATE(own.buffers = take_group_effects(q, model.n_coef, &work));
    deferred_t deferred = { grouping->n_groups, q, draws.n, q, draw_standard_normals, draw_normal,
                            &own, 0 };
    return draw_in_tiles(&deferred, chosen, tile, seeds, first, set_seed);
}

typedef struct {
    const model_t *model;
    const hyper_draws_t *draws;
    const lattice_buffers_t *buffers;
} family_effects_t;

static status_t draw_by_lattice(void *data, int group, int from, int end, const double *variates,
                                double *effects, size_t stride)
{
    const family_effects_t *own = (const family_effects_t *) data;
    const hyper_draws_t *draws = own->draws;
    size_t p = (size_t) own->model->n_coef, q = (size_t) own->model->grouping->n_random;
    const responses_t *responses = own->model->responses;
    int has_ones = has_lattice_of_ones(responses);
    for (int i = from; i < end; i++) {
        group_parameters_t at = { draws->theta + p * i, draws->L[0] + q * q * i,
                                  draws->shape ? draws->shape[i] : 0.0, 1.0 };
        group_draw_t draw = { effects + stride * (i - from), NULL, NULL };
        const double *uniform = variates + (q + 1) * (i - from);
        double value = has_ones
            ? draw_ones_by_lattice(responses, group, &at, uniform, own->buffers, &draw)
            : draw_group_by_lattice(responses, group, &at, uniform, own->buffers, &draw);
        if (isnan(value)) return STATUS_NOT_FINITE;
    }
    return STATUS_OK;
}

static void make_uniforms(int n, double *variates)
{
    for (int i = 0; i < n; i++) variates[i] = unif_rand();
}

/* The same of another family. */
SEXP ffi_draw_family_effects(SEXP model_list, SEXP hyper, SEXP chosen, SEXP tile, SEXP seeds,
                             SEXP first, SEXP set_seed)
{
    model_t model;
    hyper_draws_t draws;
    decode_uncentered_model(model_list, &model);
    if (!model.responses || model.n_groupings != 1)
        error("internal error: not a model of another family with groups");
    decode_draws(&model, hyper, &draws);
    const grouping_t *grouping = model.grouping;
    int q = grouping->n_random;
    monitor_t monitor = jumping_monitor();
    family_effects_t own = { &model, &draws,
                             new_family_data(&model, model.step, 1, 1.0, &monitor)->buffers };
    deferred_t deferred = { grouping->n_groups, q, draws.n, q + 1, make_uniforms, draw_by_lattice,
                            &own, 1 };
    return draw_in_tiles(&deferred, chosen, tile, seeds, first, set_seed);
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
