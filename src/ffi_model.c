#include <limits.h>
#include <string.h>
#include "chain.h"
#include "ffi_augmented.h"
#include "ffi_merged.h"
#include "ffi_responses.h"
#include "threads.h"
#include "weighing.h"

/* shape, rate, upper, kind, df, scale */
enum { SCALE_PRIOR_LENGTH = 6 };

static scale_prior_t scale_prior_from(const double *prior)
{
    if (!(prior[3] >= SCALE_CONJUGATE && prior[3] <= SCALE_FIXED))
        error("internal error: there is no prior of a scale of kind %g", prior[3]);
    scale_prior_t scale = { prior[0], prior[1], prior[2], (scale_kind_t) prior[3],
                            prior[4], prior[5] };
    return scale;
}

scale_prior_t decode_scale_prior(SEXP prior)
{
    return scale_prior_from(checked_doubles(prior, "prior", SCALE_PRIOR_LENGTH));
}

/* Priors of the standard deviations of a block, a column each in `values`. */
static const scale_prior_t *decode_scale_priors(const double *values, int size)
{
    scale_prior_t *sd = (scale_prior_t *) R_alloc((size_t) size, sizeof(scale_prior_t));
    for (int k = 0; k < size; k++)
        sd[k] = scale_prior_from(values + SCALE_PRIOR_LENGTH * k);
    return sd;
}

/* The blocks are the columns of Z, all and in their order: many a buffer's size depends on it. */
static void decode_blocks(SEXP list, grouping_t *grouping)
{
    SEXP blocks = checked_list(list_element(list, "blocks"), "blocks");
    cov_block_t *block = (cov_block_t *)
        R_alloc((size_t) length(blocks) + 1, sizeof(cov_block_t));
    grouping->n_blocks = length(blocks);
    grouping->block = block;
    int n_columns = 0;
    for (int b = 0; b < grouping->n_blocks; b++) {
        SEXP element = VECTOR_ELT(blocks, b);
        block[b].first = list_integer(element, "first", 0);
        block[b].size = list_integer(element, "size", 1);
        if (block[b].first != n_columns || block[b].size > grouping->n_random - n_columns)
            error("internal error: covariance block %d does not follow the one before", b + 1);
        n_columns += block[b].size;
        int kind = list_integer(element, "kind", COV_VARIANCE);
        if (kind > COV_DIAGONAL) error("internal error: no covariance of kind %d", kind);
        block[b].kind = (cov_kind_t) kind;
        block[b].is_homogeneous = *list_places(element, "homogeneous", 1, 0, 2);
        block[b].sd = decode_scale_priors(
            list_doubles(element, "variance", (double) SCALE_PRIOR_LENGTH * block[b].size),
            block[b].size);
        block[b].parameter = *list_doubles(element, "parameter", 1);
        block[b].scale =
            list_doubles(element, "scale", (double) block[b].size * block[b].size);
    }
    if (n_columns != grouping->n_random)
        error("internal error: covariance blocks of %d columns for %d", n_columns,
              grouping->n_random);
}

static void decode_grouping(SEXP list, const model_t *model, grouping_t *grouping)
{
    int p = model->n_coef, q = grouping->n_random = list_integer(list, "n_random", 1);
    grouping->n_groups = list_integer(list, "n_groups", 1);
    grouping->n_cells = list_integer(list, "n_cells", 1);
    grouping->n_means = list_integer(list, "n_means", 0);
    grouping->n_pairs = list_integer(list, "n_pairs", 0);
    grouping->mean_coef = list_places(list, "mean_coef", grouping->n_means, 0, p);
    grouping->mean_column = list_places(list, "mean_column", grouping->n_means, 0, q);
    grouping->pair_coef = list_places(list, "pair_coef", grouping->n_pairs, 0, p);
    grouping->pair_column = list_places(list, "pair_column", grouping->n_pairs, 0, q);
    grouping->group_start =
        checked_starts(list_element(list, "group_start"), "group_start", grouping->n_groups,
                       grouping->n_cells);
    grouping->cell_stratum =
        list_places(list, "cell_stratum", grouping->n_cells, 0, model->n_strata);
    double cell_size = q * ((double) q + model->n_staying + 1);
    grouping->cell_size = (size_t) cell_size;
    grouping->cell_factor = list_doubles(list, "cell_factor", cell_size * grouping->n_cells);
    if (model->cells.n > 0) {
        grouping->place = list_places(list, "place", q, 0, model->cells.n_columns);
        grouping->stratum_factor =
            list_doubles(list, "stratum_factor",
                         (p + 1.0) * (model->n_staying + 1.0) * model->n_strata);
    }
    decode_blocks(list, grouping);
}

/* Of a model with several groupings. */
static void decode_cells(SEXP list, int n_groupings, model_t *model)
{
    joint_cells_t *cells = &model->cells;
    cells->n = list_integer(list, "n", 1);
    cells->n_columns = list_integer(list, "n_columns", 1);
    double size = cells->n_columns * ((double) cells->n_columns + model->n_staying + 1);
    cells->size = (size_t) size;
    cells->factor = list_doubles(list, "factor", size * cells->n);
    cells->stratum = list_places(list, "stratum", cells->n, 0, model->n_strata);
    cells->group = list_integers(list, "group", (double) cells->n * n_groupings);
}

/* The groups of the cells are those that the groupings have. */
static void check_cell_groups(const model_t *model)
{
    for (int g = 0; g < model->n_groupings; g++)
        for (int cell = 0; cell < model->cells.n; cell++) {
            int group = model->cells.group[cell + (size_t) model->cells.n * g];
            if (group < 0 || group >= model->grouping[g].n_groups)
                error("internal error: cell %d is of no group", cell + 1);
        }
}

/* A coefficient stays in the regression, or is the mean of a grouping's effects. */
static void decode_groupings(SEXP list, model_t *model)
{
    SEXP groupings = checked_list(list_element(list, "groupings"), "groupings");
    int n = model->n_groupings = length(groupings), n_means = 0;
    if (n > 1) decode_cells(list_element(list, "cells"), n, model);
    grouping_t *grouping = (grouping_t *) R_alloc((size_t) n + 1, sizeof(grouping_t));
    memset(grouping, 0, sizeof(grouping_t) * ((size_t) n + 1));
    for (int g = 0; g < n; g++) {
        decode_grouping(VECTOR_ELT(groupings, g), model, grouping + g);
        n_means += grouping[g].n_means;
    }
    if (n_means != model->n_coef - model->n_staying)
        error("internal error: %d of %d columns are means", n_means, model->n_coef);
    model->grouping = grouping;
    check_cell_groups(model);
}

static int *zeros(size_t n)
{
    int *values = (int *) R_alloc(n + 1, sizeof(int));
    memset(values, 0, sizeof(int) * (n + 1));
    return values;
}

/* One grouping of a chain: each of its groups once, its children beside each other. */
static void decode_level(SEXP list, const grouping_t *own, const grouping_t *above,
                         const grouping_t *below, step_level_t *level)
{
    int n = own->n_groups, *seen = zeros((size_t) n);
    level->number = list_places(list, "number", n, 0, n);
    for (int k = 0; k < n; k++)
        if (seen[level->number[k]]++) error("internal error: a group stands twice in a chain");
    level->parent = list_places(list, "parent", n, 0, above ? above->n_groups : 1);
    level->child_start = NULL;
    if (below)
        level->child_start = checked_starts(list_element(list, "child_start"), "child_start", n,
                                            below->n_groups);
}

static void check_children(const grouping_t *own, const step_level_t *level,
                           const step_level_t *below)
{
    for (int k = 0; k < own->n_groups; k++)
        for (int c = level->child_start[k]; c < level->child_start[k + 1]; c++)
            if (below->parent[c] != k) error("internal error: a group has another parent");
}

static void decode_levels(SEXP list, const model_t *model, step_t *step)
{
    SEXP levels = checked_list(list_element(list, "levels"), "levels");
    step_level_t *level = (step_level_t *) R_alloc((size_t) step->n, sizeof(step_level_t));
    if (length(levels) != step->n) error("internal error: a chain of %d levels", length(levels));
    for (int l = 0; l < step->n; l++) {
        const grouping_t *own = model->grouping + step->grouping[l];
        decode_level(VECTOR_ELT(levels, l), own,
                     l + 1 < step->n ? model->grouping + step->grouping[l + 1] : NULL,
                     l > 0 ? model->grouping + step->grouping[l - 1] : NULL, level + l);
        if (l > 0) check_children(own, level + l, level + l - 1);
    }
    step->level = level;
}

/* Columns and blocks one after another. */
static void join_groupings(const model_t *model, step_t *step)
{
    grouping_t *whole = &step->whole;
    *whole = model->grouping[step->grouping[0]];
    if (step->n == 1) return;
    int n_blocks = 0, n_random = 0;
    for (int l = 0; l < step->n; l++) n_blocks += model->grouping[step->grouping[l]].n_blocks;
    cov_block_t *block = (cov_block_t *) R_alloc((size_t) n_blocks, sizeof(cov_block_t));
    whole->block = block;
    for (int l = 0; l < step->n; l++) {
        const grouping_t *grouping = model->grouping + step->grouping[l];
        for (int b = 0; b < grouping->n_blocks; b++) {
            *block = grouping->block[b];
            block->first += n_random;
            block++;
        }
        n_random += grouping->n_random;
    }
    whole->n_blocks = n_blocks;
    whole->n_random = n_random;
}

static void decode_steps(SEXP list, model_t *model)
{
    SEXP steps = checked_list(list_element(list, "steps"), "steps");
    int n = model->n_steps = length(steps), n_groupings = 0;
    step_t *step = (step_t *) R_alloc((size_t) n + 1, sizeof(step_t));
    for (int s = 0; s < n; s++) {
        SEXP numbers = list_element(VECTOR_ELT(steps, s), "groupings");
        step[s].n = length(numbers);
        step[s].grouping =
            checked_places(numbers, "groupings", step[s].n, 0, model->n_groupings);
        step[s].level = NULL;
        memset(&step[s].whole, 0, sizeof step[s].whole);
        if (step[s].n == 0 && model->responses && n == 1) continue;
        if (step[s].n < 1) error("internal error: a step of no grouping");
        join_groupings(model, step + s);
        SEXP merged = optional_element(VECTOR_ELT(steps, s), "merged");
        step[s].merged = isNull(merged) ? NULL : decode_pattern(merged, model, step[s].n);
        if (!step[s].merged && (step[s].n > 1 || n > 1))
            decode_levels(VECTOR_ELT(steps, s), model, step + s);
        n_groupings += step[s].n;
    }
    if (n_groupings != model->n_groupings)
        error("internal error: %d groupings in steps for %d", n_groupings, model->n_groupings);
    model->step = step;
}

const step_t *checked_step(const model_t *model, int number)
{
    if (number >= model->n_steps) error("internal error: there is no step %d", number);
    return model->step + number;
}

const step_t *only_step(const model_t *model)
{
    if (model->n_steps != 1 || model->step->n != 1)
        error("internal error: %d steps where one of one grouping is meant", model->n_steps);
    return model->step;
}

const step_t *step_if_any(const model_t *model)
{
    return model->n_steps > 0 ? only_step(model) : NULL;
}

static void decode_layout(SEXP list, model_t *model)
{
    memset(model, 0, sizeof *model);
    model->n_coef = list_integer(list, "n_coef", 0);
    model->n_staying = list_integer(list, "n_staying", 0);
    model->n_strata = list_integer(list, "n_strata", 1);
    if (model->n_staying > model->n_coef)
        error("internal error: %d of %d columns", model->n_staying, model->n_coef);
    model->staying_coef = list_places(list, "staying_coef", model->n_staying, 0, model->n_coef);
}

/* Whoever asks for a model is about to work over all groups, perhaps for long: here nothing
   is held yet that an interrupt could leave behind. */
void decode_model(SEXP list, model_t *model)
{
    allow_stop();
    decode_layout(list, model);
    double p = model->n_coef, n_staying = model->n_staying, n_strata = model->n_strata;
    model->stratum_factor =
        list_doubles(list, "stratum_factor", (p + 1) * (n_staying + 1) * n_strata);
    model->stratum_gram = list_doubles(list, "stratum_gram", n_staying * n_staying * n_strata);
    model->stratum_rows = list_doubles(list, "stratum_rows", n_strata);
    model->beta_is_flat = list_integer(list, "beta_is_flat", 0);
    model->prior_precision = list_doubles(list, "prior_precision", p * p);
    model->prior_linear = list_doubles(list, "prior_linear", p);
    model->prior_square = *list_doubles(list, "prior_square", 1);
    model->beta_mean = list_doubles(list, "beta_mean", p);
    model->beta_precision = list_doubles(list, "beta_precision", p);
    model->from_beta = list_doubles(list, "from_beta", p * p);
    model->to_beta = list_doubles(list, "to_beta", p * p);
    model->beta_shift = list_doubles(list, "beta_shift", p);
    model->sigma_prior = decode_scale_prior(list_element(list, "sigma_prior"));
    decode_groupings(list, model);
    decode_responses(list, model);
    decode_rows(list, model);
    decode_steps(list, model);
}

void decode_uncentered_model(SEXP list, model_t *model)
{
    decode_model(list, model);
    if (!is_uncentered(model)) error("internal error: not the uncentered coordinates");
}

static double *copy_doubles(SEXP source, const char *name, double length)
{
    const double *values = checked_doubles(source, name, length);
    double *copy = doubles(length);
    if (length > 0) memcpy(copy, values, sizeof(double) * (size_t) length);
    return copy;
}

static void allocate_grouping(const grouping_t *grouping, SEXP Sigma, grouping_state_t *own)
{
    double q = grouping->n_random;
    own->Sigma = copy_doubles(Sigma, "Sigma", q * q);
    own->Sigma_inverse = doubles(q * q);
    own->mean = doubles(q);
    own->effect = doubles(q * grouping->n_groups);
}

grouping_state_t *effects_alone(SEXP effects, const model_t *model)
{
    size_t n = (size_t) model->n_groupings;
    grouping_state_t *states = (grouping_state_t *) R_alloc(n + 1, sizeof(grouping_state_t));
    memset(states, 0, sizeof(grouping_state_t) * (n + 1));
    for (int g = 0; g < model->n_groupings; g++) {
        double size = (double) model->grouping[g].n_random * model->grouping[g].n_groups;
        states[g].effect = isNull(effects) ? doubles(size)
            : copy_doubles(list_item(effects, "effect", g, model->n_groupings), "effect", size);
        if (isNull(effects)) memset(states[g].effect, 0, sizeof(double) * (size_t) size);
    }
    return states;
}

void allocate_state(const model_t *model, SEXP Sigma, SEXP sigma2, monitor_t *monitor,
                    state_t *state)
{
    size_t n = (size_t) model->n_groupings;
    memset(state, 0, sizeof *state);
    state->theta = doubles(model->n_coef);
    memset(state->theta, 0, sizeof(double) * model->n_coef);
    state->sigma2 = copy_doubles(sigma2, "sigma2", model->n_strata);
    state->staying = doubles(model->n_staying);
    state->sum_of_squares = doubles(model->n_strata);
    state->grouping = (grouping_state_t *) R_alloc(n + 1, sizeof(grouping_state_t));
    memset(state->grouping, 0, sizeof(grouping_state_t) * (n + 1));
    for (int g = 0; g < model->n_groupings; g++)
        allocate_grouping(model->grouping + g, list_item(Sigma, "Sigma", g, model->n_groupings),
                          state->grouping + g);
    ALLOCATE(state->buffers = take_state(model, &work));
    state->monitor = monitor;
}

void allocate_rows(const joint_cells_t *cells, joint_rows_t *rows)
{
    size_t n = (size_t) count_rows(cells);
    rows->z = doubles((double) cells->n_columns * n);
    rows->c = doubles((double) n);
    rows->cell = (int *) R_alloc(n + 1, sizeof(int));
    rows->row = (int *) R_alloc(n + 1, sizeof(int));
    split_cells(cells, rows);
}

void allocate_group_data(const model_t *model, const grouping_t *grouping, int n_threads,
                         group_data_t *data)
{
    double p = model->n_coef;
    size_t size = packed_size(grouping->n_random, model->n_coef, grouping->n_groups);
    data->n_random = grouping->n_random;
    data->n_coef = model->n_coef;
    data->n_groups = grouping->n_groups;
    data->n_threads = n_threads;
    ALLOCATE(data->factor = take_aligned(&work, size));
    memset(data->factor, 0, sizeof(double) * size);
    data->rest = doubles((p + 1) * (p + 1));
    data->rest_root = doubles((p + 1) * (p + 1));
    data->stratum_products = NULL;
    if (model->n_strata > 1 && p + 1 >= MANY_COLUMNS) {
        data->stratum_products = doubles((p + 1) * (p + 1) * model->n_strata);
        square_strata(model, data->stratum_products);
    }
    ALLOCATE(data->buffers = take_marginal(grouping->n_random, model->n_coef, n_threads, &work));
}

/* More threads only wait for each other, and a system may have no room for them. */
enum { THREADS_PER_PROCESSOR = 4 };

int threads_for(const grouping_t *grouping, int asked)
{
    int most = THREADS_PER_PROCESSOR * processors();
    if (grouping->n_groups < GROUPS_FOR_THREADS || asked < 1 || most < 1 || is_forked()) return 1;
    return asked < most ? asked : most;
}

static void allocate_hyper_draws(const model_t *model, int n, hyper_draws_t *draws)
{
    double p = model->n_coef;
    draws->n = n;
    draws->theta = doubles(p * n);
    draws->beta = doubles(p * n);
    draws->L = (double **) R_alloc((size_t) model->n_groupings + 1, sizeof(double *));
    for (int g = 0; g < model->n_groupings; g++) {
        double q = model->grouping[g].n_random;
        draws->L[g] = doubles(q * q * n);
    }
    draws->shape = has_shape(model) ? doubles(n) : NULL;
    draws->sigma = doubles((double) model->n_strata * n);
    draws->sigma2 = doubles((double) model->n_strata * n);
}

void decode_draws(const model_t *model, SEXP hyper, hyper_draws_t *draws)
{
    int rows = n_hyper(model);
    if (TYPEOF(hyper) != REALSXP || xlength(hyper) % rows != 0
        || xlength(hyper) / rows > INT_MAX)
        error("internal error: draws have not %d hyperparameters", rows);
    allocate_hyper_draws(model, (int) (xlength(hyper) / rows), draws);
    decode_hyper(model, REAL(hyper), draws);
}
