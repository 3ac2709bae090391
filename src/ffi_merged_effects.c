#include <limits.h>
#include <string.h>
#include <R_ext/Random.h>
#include "ffi_merged.h"
#include "ffi_moments.h"
#include "merged_effects.h"

/* Crossed groupings with one residual variance, and draws of the hyperparameters. */
typedef struct {
    model_t model;
    merged_t *merged;
    hyper_draws_t draws;
    monitor_t monitor;
    marginal_t marginal;
    double **effect;        /* levels: q x groups, of one draw */
    double **out;           /* levels: q x chosen x draws */
    const int **chosen;     /* levels */
    int *n_chosen;
} merged_draws_t;

static void decode_merged_draws(SEXP model_list, SEXP hyper, merged_draws_t *own)
{
    model_t *model = &own->model;
    decode_uncentered_model(model_list, model);
    if (model->n_steps != 1 || !model->step->merged || model->n_strata != 1)
        error("internal error: no crossed groupings in one step");
    own->monitor = new_monitor();
    decode_draws(model, hyper, &own->draws);
    own->merged = new_merged(model, model->step);
    own->effect = (double **) R_alloc((size_t) model->n_groupings, sizeof(double *));
    for (int l = 0; l < own->merged->n_levels; l++)
        own->effect[l] = doubles((double) own->merged->width[l] * own->merged->n_groups[l]);
    own->marginal.root = doubles((model->n_coef + 1.0) * (model->n_coef + 1.0));
    monitor_t jumping = jumping_monitor();
    status_t status = weigh_merged(model, NULL, own->merged, &jumping);
    if (status != STATUS_OK) raise_status(status, 0);
}

static SEXP allocate_draws(SEXP chosen, merged_draws_t *own)
{
    int n = own->merged->n_levels;
    SEXP effects = PROTECT(allocVector(VECSXP, n));
    own->out = (double **) R_alloc((size_t) n, sizeof(double *));
    own->chosen = (const int **) R_alloc((size_t) n, sizeof(int *));
    own->n_chosen = ints((size_t) n);
    for (int l = 0; l < n; l++) {
        int g = own->merged->grouping[l], n_groups = own->merged->n_groups[l];
        double q = own->merged->width[l];
        SEXP groups = list_item(chosen, "groups", g, n);
        own->n_chosen[l] = length(groups);
        own->chosen[l] = checked_places(groups, "groups", length(groups), 0, n_groups);
        SET_VECTOR_ELT(effects, g, draw_matrix(q * length(groups), own->draws.n));
        own->out[l] = REAL(VECTOR_ELT(effects, g));
    }
    UNPROTECT(1);
    return effects;
}

static void copy_chosen(const merged_draws_t *own, int draw)
{
    for (int l = 0; l < own->merged->n_levels; l++) {
        size_t q = (size_t) own->merged->width[l], n = (size_t) own->n_chosen[l];
        double *out = own->out[l] + q * n * draw;
        for (size_t i = 0; i < n; i++)
            memcpy(out + q * i, own->effect[l] + q * own->chosen[l][i], sizeof(double) * q);
    }
}

/* R of draw i. */
static status_t factor_draw(merged_draws_t *own, int i)
{
    merged_t *merged = own->merged;
    for (int l = 0; l < merged->n_levels; l++) {
        size_t q = (size_t) merged->width[l];
        memcpy(merged->L[l], own->draws.L[merged->grouping[l]] + q * q * i, sizeof(double) * q * q);
    }
    return merged_products(&own->model, merged, &own->marginal, &own->monitor);
}

/* Draw i of all effects; one that is not wanted passes over its normals. */
static status_t draw_merged(merged_draws_t *own, int i)
{
    merged_t *merged = own->merged;
    draw_standard_normals(merged->n_columns, merged->normals);
    if (i < 0 || i >= own->draws.n) return STATUS_OK;
    RETURN_IF_FAILED(factor_draw(own, i));
    solve_effects(merged, own->draws.theta + (size_t) own->model.n_coef * i, own->draws.sigma[i],
                  own->effect);
    copy_chosen(own, i);
    return STATUS_OK;
}

/* Effects of groups of crossed groupings in one step for draws of the hyperparameters, as
   ffi_draw_nested() gives them. Normals come in batches of tile[1] draws, a seed each. */
SEXP ffi_draw_merged(SEXP model_list, SEXP hyper, SEXP chosen, SEXP tile, SEXP seeds, SEXP first,
                     SEXP set_seed)
{
    merged_draws_t own;
    memset(&own, 0, sizeof own);
    decode_merged_draws(model_list, hyper, &own);
    const int *tile_size = checked_places(tile, "tile", 2, 1, INT_MAX / 1024);
    int skipped = checked_integer(first, "first", 0), batches = length(seeds);
    checked_integers(seeds, "seeds", batches);
    if (skipped >= tile_size[1] || (double) batches * tile_size[1] - skipped < own.draws.n)
        error("internal error: too few seeds for %d draws", own.draws.n);
    SEXP effects = PROTECT(allocate_draws(chosen, &own));
    for (int batch = 0; batch < batches; batch++) {
        int from = batch * tile_size[1] - skipped, to = from + tile_size[1];
        if (to > own.draws.n) to = own.draws.n;
        allow_stop();
        seed_generator(set_seed, INTEGER(seeds)[batch]);
        GetRNGstate();
        status_t status = STATUS_OK;
        for (int i = from; status == STATUS_OK && i < to; i++) status = draw_merged(&own, i);
        PutRNGstate();
        if (status == STATUS_INTERRUPTED) {
            UNPROTECT(1);
            return R_NilValue;
        }
        if (status != STATUS_OK) raise_status(status, 0);
    }
    UNPROTECT(1);
    return effects;
}

static int *numbers_to(int n)
{
    int *number = ints((size_t) n);
    for (int k = 0; k < n; k++) number[k] = k;
    return number;
}

/* As ffi_nested_moments(). */
SEXP ffi_merged_moments(SEXP model_list, SEXP hyper, SEXP beta_mean)
{
    merged_draws_t own;
    selected_inverse_t selected;
    memset(&own, 0, sizeof own);
    decode_merged_draws(model_list, hyper, &own);
    const merged_t *merged = own.merged;
    int n = merged->n_levels, p = own.model.n_coef;
    checked_doubles(beta_mean, "beta_mean", p);
    moment_sums_t *sums = (moment_sums_t *) R_alloc((size_t) n, sizeof(moment_sums_t));
    double **covariance = (double **) R_alloc((size_t) n, sizeof(double *));
    int **number = (int **) R_alloc((size_t) n, sizeof(int *));
    memset(merged->normals, 0, sizeof(double) * (size_t) merged->n_columns);
    selected.inverse = doubles((double) merged->row_start[merged->n_columns]);
    selected.sums = doubles(merged->n_columns);
    selected.at = ints((size_t) merged->n_columns);
    SEXP answer = PROTECT(allocVector(VECSXP, n));
    for (int l = 0; l < n; l++) {
        const grouping_t *grouping = own.model.grouping + merged->grouping[l];
        covariance[l] = doubles((double) merged->width[l] * merged->width[l] * merged->n_groups[l]);
        number[l] = numbers_to(merged->n_groups[l]);
        SET_VECTOR_ELT(answer, merged->grouping[l], allocate_moments(grouping, sums + l));
    }
    for (int i = 0; i < own.draws.n; i++) {
        status_t status = factor_draw(&own, i);
        if (status == STATUS_INTERRUPTED) {
            UNPROTECT(1);
            return R_NilValue;
        }
        if (status != STATUS_OK) raise_status(status, 0);
        solve_effects(merged, own.draws.theta + (size_t) p * i, 0.0, own.effect);
        find_covariances(merged, own.draws.sigma[i], &selected, covariance);
        for (int l = 0; l < n; l++)
            add_moments(own.model.grouping + merged->grouping[l], number[l], own.effect[l],
                        covariance[l], &own.draws, i, p, REAL(beta_mean), sums + l);
    }
    for (int l = 0; l < n; l++)
        average_moments(own.model.grouping + merged->grouping[l], own.draws.n, sums + l);
    UNPROTECT(1);
    return answer;
}
