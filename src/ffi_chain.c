#include <limits.h>
#include <string.h>
#include <time.h>
#include <R_ext/Random.h>
#include "chain.h"
#include "collapsed.h"
#include "ffi.h"
#include "group_effects.h"
#include "spectrum.h"
#include "start.h"
#include "whitened.h"

NORET static void raise_status(status_t status, int sweeps)
{
    if (status == STATUS_NOT_POSITIVE_DEFINITE)
        error("A covariance matrix lost its positive definiteness in sweep %d: "
              "rescale the columns, or give the standard deviations a proper prior.",
              sweeps + 1);
    error("A variance left the range of double precision in sweep %d: "
          "rescale the response, or give the standard deviations a proper prior.",
          sweeps + 1);
}

/* What the monitor needs to tell how far a chain is. */
typedef struct {
    SEXP progress;          /* a function of the sweeps done, or NULL */
    const chain_t *chain;
    clock_t told;
} watch_t;

static int tell_progress(watch_t *watch)
{
    int failed = 0;
    SEXP done = PROTECT(ScalarInteger(watch->chain->sweeps_done));
    SEXP call = PROTECT(lang2(watch->progress, done));
    R_tryEvalSilent(call, R_GlobalEnv, &failed);
    UNPROTECT(2);
    return failed;
}

/* Interrupts are caught here and reported as a status, so that no sampler is
   ever left by a jump. */
static int watch_stop(void *data)
{
    watch_t *watch = (watch_t *) data;
    if (stop_is_asked(NULL)) return 1;
    clock_t now = clock();
    if (isNull(watch->progress) || now - watch->told < CLOCKS_PER_SEC / 10) return 0;
    watch->told = now;
    return tell_progress(watch);
}

static sweep_t sweep_of(SEXP sampler, const model_t *model)
{
    const char *name = CHAR(asChar(sampler));
    if (strcmp(name, "centered") == 0) return centered_sweep;
    if (strcmp(name, "uncentered") == 0) return uncentered_sweep;
    if (model->n_means > 0) error("internal error: not the uncentered coordinates");
    if (strcmp(name, "collapsed") == 0) return collapsed_sweep;
    if (strcmp(name, "interweaved") == 0)
        return needs_whitening(model) ? whitened_sweep : interweaved_sweep;
    if (strcmp(name, "common_line") == 0) return common_line_sweep;
    error("internal error: there is no sampler '%s'", name);
}

/* Nodes of a table have numbers that are ints. */
static void decode_size(SEXP list, const model_t *model, table_t *table)
{
    table->n = length(list_element(list, "size"));
    if (table->n < 1 || table->n > TABLE_DIMENSIONS)
        error("internal error: a table of %d dimensions", table->n);
    const int *size = list_places(list, "size", table->n, 1, INT_MAX);
    double n_nodes = 1.0;
    for (int k = 0; k < table->n; k++) {
        table->size[k] = size[k];
        table->folded[k] = k < model->n_random;
        n_nodes *= size[k];
    }
    if (n_nodes > INT_MAX) error("internal error: a table of %.0f nodes", n_nodes);
    table->n_nodes = (size_t) n_nodes;
}

/* NULL when it is R's NULL. */
static const table_t *decode_table(SEXP list, const model_t *model)
{
    if (isNull(list)) return NULL;
    table_t *table = (table_t *) R_alloc(1, sizeof(table_t));
    decode_size(list, model, table);
    table->low = list_doubles(list, "low", table->n);
    table->step = list_doubles(list, "step", table->n);
    table->center = list_doubles(list, "center", table->n);
    table->spread = list_doubles(list, "spread", table->n);
    table->defence = *list_doubles(list, "defence", 1);
    for (int k = 0; k < table->n; k++)
        table->mirrored[k] = table->folded[k] && table->low[k] < 0.75 * table->step[k];
    table->density = list_doubles(list, "density", (double) table->n_nodes);
    table->keep = doubles((double) table->n_nodes);
    table->alias = (int *) R_alloc(table->n_nodes, sizeof(int));
    int *stack = (int *) R_alloc(table->n_nodes, sizeof(int));
    double total = 0.0;
    for (size_t i = 0; i < table->n_nodes; i++) total += table->density[i];
    make_aliases(table->n_nodes, table->density, total, table->keep, table->alias, stack);
    return table;
}

/* The signs of the columns are the bits of an int. A sweep has few moves. */
enum { SIGN_BITS = 30, MOST_MOVES = 1000 };

static void decode_proposal(SEXP tuning, const model_t *model, double n,
                            proposal_t *proposal)
{
    proposal->n = (int) n;
    proposal->n_columns = model->n_random;
    proposal->sign_columns = list_integers(tuning, "sign_columns", n);
    proposal->center = list_doubles(tuning, "center", n);
    proposal->root = list_doubles(tuning, "root", n * n);
    proposal->df = *list_doubles(tuning, "df", 1);
    proposal->near = (unsigned) list_integer(tuning, "near", 0);
    if (model->n_random > SIGN_BITS || proposal->near >> model->n_random)
        error("internal error: signs of columns that are none of %d", model->n_random);
    proposal->n_independent = *list_places(tuning, "n_independent", 1, 0, MOST_MOVES);
    proposal->n_ellipse = *list_places(tuning, "n_ellipse", 1, 0, MOST_MOVES);
    proposal->table = decode_table(list_element(tuning, "table"), model);
    if (proposal->table && proposal->table->n != proposal->n)
        error("internal error: a table of %d dimensions for %d coordinates",
              proposal->table->n, proposal->n);
}

/* Element `spectrum` of a model, where it has one. */
static const spectrum_t *decode_spectrum(SEXP model_list, const model_t *model)
{
    SEXP list = optional_element(model_list, "spectrum");
    if (isNull(list)) return NULL;
    double n = model->n_groups, p = model->n_coef;
    spectrum_t *spectrum = (spectrum_t *) R_alloc(1, sizeof(spectrum_t));
    if (model->n_random != 1 || model->n_levels != 1 || model->n_fixed != model->n_coef)
        error("internal error: this model has no spectrum");
    spectrum->n = model->n_groups;
    spectrum->largest = *list_doubles(list, "largest", 1);
    spectrum->rest = *list_doubles(list, "rest", 1);
    spectrum->size = list_doubles(list, "size", n);
    spectrum->along = list_doubles(list, "along", n);
    spectrum->explained = list_doubles(list, "explained", n);
    spectrum->cross = list_doubles(list, "cross", p * n);
    spectrum->start = list_doubles(list, "start", p);
    spectrum->work = doubles(n + p);
    return spectrum;
}

/* sigma2: the residual variances where they are given, else not looked at. */
static void decode_tuning(SEXP model_list, SEXP tuning, const model_t *model,
                          const double *sigma2, monitor_t *monitor, collapsed_t *collapsed)
{
    double p = model->n_coef;
    memset(collapsed, 0, sizeof *collapsed);
    int role = list_integer(tuning, "sigma_role", SIGMA_INTEGRATED);
    if (role > SIGMA_BESIDE || model->n_means > 0 || model->n_groups < 1)
        error("internal error: not a model and tuning of the collapsed sampler");
    collapsed->sigma_role = (sigma_role_t) role;
    if ((collapsed->sigma_role == SIGMA_GIVEN) != (model->n_levels > 1))
        error("internal error: %d residual variances", model->n_levels);
    double n = collapsed->n = n_coordinates(model, collapsed->sigma_role);
    collapsed->monitor = monitor;
    collapsed->scale = list_doubles(tuning, "scale", model->n_random);
    decode_proposal(tuning, model, n, &collapsed->proposal);
    allocate_group_data(model, threads_for(model, list_integer(tuning, "threads", 1)),
                        &collapsed->data);
    collapsed->point = doubles(n);
    collapsed->next_point = doubles(n);
    collapsed->ellipse.from = doubles(n);
    collapsed->ellipse.other = doubles(n);
    collapsed->root = doubles((p + 1) * (p + 1));
    collapsed->next_root = doubles((p + 1) * (p + 1));
    collapsed->work = doubles((double) collapsed_work(model->n_random, model->n_coef));
    collapsed->weigh_work = doubles((double) weigh_work(model->n_random, model->n_coef));
    collapsed->spectrum = decode_spectrum(model_list, model);
    if (collapsed->sigma_role != SIGMA_GIVEN) return;
    weigh_groups(model, sigma2, &collapsed->data, collapsed->weigh_work);
    collapsed->weighed = 1;
}

/* point: logarithms of the standard deviations and z, or nothing. */
static void allocate_whitened(const model_t *model, SEXP point, whitened_t *whitened)
{
    double q = model->n_random;
    int n = model->n_random + n_correlations(model);
    whitened->log_tau = doubles(n);
    whitened->z = whitened->log_tau + model->n_random;
    whitened->L = doubles(q * q);
    whitened->effect = doubles(q * model->n_groups);
    whitened->work = doubles((double) whitened_work(model->n_random, model->n_coef));
    whitened->has_coordinates = length(point) > 0;
    if (!whitened->has_coordinates) return;
    if (TYPEOF(point) != REALSXP || length(point) != n)
        error("internal error: a starting point has not %d coordinates", n);
    memcpy(whitened->log_tau, REAL(point), sizeof(double) * n);
}

static SEXP copy_vector(const double *source, R_xlen_t length)
{
    SEXP copy = allocVector(REALSXP, length);
    if (length > 0) memcpy(REAL(copy), source, sizeof(double) * (size_t) length);
    return copy;
}

static SEXP encode_state(const model_t *model, const state_t *state)
{
    R_xlen_t q = model->n_random;
    const collapsed_t *collapsed = state->collapsed;
    const whitened_t *whitened = state->whitened;
    const double *point = collapsed ? collapsed->point : whitened ? whitened->log_tau : NULL;
    int n = collapsed ? collapsed->n : whitened ? model->n_random + n_correlations(model) : 0;
    const char *names[] = { "theta", "Sigma", "sigma2", "point" };
    SEXP values[4];
    values[0] = PROTECT(copy_vector(state->theta, model->n_coef));
    values[1] = PROTECT(copy_vector(state->Sigma, q * q));
    values[2] = PROTECT(copy_vector(state->sigma2, model->n_levels));
    values[3] = PROTECT(copy_vector(point, n));
    SEXP list = named_list(4, names, values);
    UNPROTECT(4);
    return list;
}

static SEXP draw_matrix(double n_variables, int draws)
{
    if (n_variables > INT_MAX)
        error("internal error: %.0f variables in one draw", n_variables);
    return allocMatrix(REALSXP, (int) n_variables, draws);
}

/* length: warmup, draws, thin. kept: the groups whose effects are stored, from 0; none by
   the collapsed sampler with one residual variance. The answer's hyper and effects have
   a column a draw. */
SEXP ffi_run_chain(SEXP model_list, SEXP sampler, SEXP start, SEXP length_, SEXP kept,
                   SEXP progress)
{
    model_t model;
    state_t state;
    const int *sweeps = checked_places(length_, "length", 3, 0, INT_MAX);
    chain_t chain = { sweeps[0], sweeps[1], sweeps[2], NULL, 0, NULL, NULL, 0 };
    watch_t watch = { progress, &chain, clock() };
    monitor_t monitor = { watch_stop, &watch, 0.0 };
    decode_model(model_list, &model);
    chain.n_kept = length(kept);
    chain.kept = checked_places(kept, "kept", chain.n_kept, 0, model.n_groups);
    allocate_state(&model, list_element(start, "Sigma"), list_element(start, "sigma2"),
                   &monitor, &state);
    memcpy(state.theta, list_doubles(start, "theta", model.n_coef),
           sizeof(double) * model.n_coef);
    sweep_t sweep = sweep_of(sampler, &model);
    collapsed_t collapsed;
    if (sweep == collapsed_sweep) {
        decode_tuning(model_list, list_element(model_list, "tuning"), &model, state.sigma2,
                      &monitor, &collapsed);
        memcpy(collapsed.point, list_doubles(start, "point", collapsed.n),
               sizeof(double) * collapsed.n);
        state.collapsed = &collapsed;
    }

    whitened_t whitened;
    if (sweep == whitened_sweep) {
        allocate_whitened(&model, list_element(start, "point"), &whitened);
        state.whitened = &whitened;
    }

    SEXP hyper = PROTECT(draw_matrix(n_hyper(&model), chain.draws));
    SEXP effects = PROTECT(draw_matrix((double) model.n_random * chain.n_kept, chain.draws));
    chain.hyper = REAL(hyper);
    chain.effects = REAL(effects);

    GetRNGstate();
    status_t status = run_chain(&model, &state, sweep, &chain);
    PutRNGstate();
    if (status != STATUS_OK && status != STATUS_INTERRUPTED)
        raise_status(status, chain.sweeps_done);

    if (state.collapsed) {
        state.proposals = collapsed.proposed;
        state.accepted = collapsed.accepted;
    }
    const char *names[] = { "hyper", "effects", "state", "proposals", "kept",
                            "interrupted", "accepted" };
    SEXP values[7] = { hyper, effects };
    values[2] = PROTECT(encode_state(&model, &state));
    values[3] = PROTECT(ScalarReal(state.proposals));
    values[4] = PROTECT(ScalarReal(state.kept));
    values[5] = PROTECT(ScalarLogical(status == STATUS_INTERRUPTED));
    values[6] = PROTECT(ScalarReal(state.accepted));
    SEXP answer = named_list(7, names, values);
    UNPROTECT(7);
    return answer;
}

/* log p(coordinates | y) of the collapsed sampler at points (n x points), given sigma2
   where there are several; -Inf where it cannot be told from nothing, NA once the user
   wants to stop. */
SEXP ffi_log_target(SEXP model_list, SEXP tuning, SEXP points, SEXP sigma2)
{
    model_t model;
    collapsed_t collapsed;
    monitor_t monitor = new_monitor();
    decode_model(model_list, &model);
    decode_tuning(model_list, tuning, &model,
                  checked_doubles(sigma2, "sigma2", model.n_levels), &monitor, &collapsed);
    if (TYPEOF(points) != REALSXP || collapsed.n < 1 || xlength(points) % collapsed.n != 0)
        error("internal error: the points have not %d coordinates", collapsed.n);
    R_xlen_t n_points = xlength(points) / collapsed.n;
    SEXP values = PROTECT(allocVector(REALSXP, n_points));
    for (R_xlen_t i = 0; i < n_points; i++) {
        double *value = REAL(values) + i;
        status_t status = log_target_at(&model, &collapsed, REAL(points) + collapsed.n * i,
                                        value, collapsed.root);
        if (status == STATUS_INTERRUPTED) {
            *value = NA_REAL;
            break;
        }
        if (status != STATUS_OK || !(*value < INFINITY)) *value = -INFINITY;
    }
    UNPROTECT(1);
    return values;
}

/* n proposals (coordinates x n) and their log densities; NA where one has left the
   domain. */
SEXP ffi_propose(SEXP model_list, SEXP tuning, SEXP n)
{
    model_t model;
    collapsed_t c;
    monitor_t monitor = new_monitor();
    int n_points = checked_integer(n, "n", 0);
    decode_model(model_list, &model);
    decode_tuning(model_list, tuning, &model, model.level_rows, &monitor, &c);
    SEXP points = PROTECT(allocMatrix(REALSXP, c.n, n_points));
    SEXP densities = PROTECT(allocVector(REALSXP, n_points));
    GetRNGstate();
    for (int i = 0; i < n_points; i++) {
        double *point = REAL(points) + (size_t) c.n * i;
        REAL(densities)[i] = propose_independently(&c.proposal, point)
            ? log_proposal_density(&c.proposal, point, c.work) : NA_REAL;
    }
    PutRNGstate();
    const char *names[] = { "points", "log_density" };
    SEXP values[] = { points, densities };
    SEXP answer = named_list(2, names, values);
    UNPROTECT(2);
    return answer;
}

/* log|I + L'Z'Z L| over all groups, the root of [X y]'V^-1[X y], and log p(L | y)
   without the prior of L. */
SEXP ffi_marginal(SEXP model_list, SEXP L, SEXP threads)
{
    model_t model;
    decode_uncentered_model(model_list, &model);
    int q = model.n_random, rows = model.n_coef + 1;
    checked_doubles(L, "L", (double) q * q);
    if (model.n_groups < 1) error("internal error: no groups");
    SEXP root = PROTECT(allocMatrix(REALSXP, rows, rows));
    memset(REAL(root), 0, sizeof(double) * rows * rows);
    marginal_t marginal = { 0.0, REAL(root) };
    monitor_t monitor = new_monitor();
    group_data_t data;
    allocate_group_data(&model, threads_for(&model, asInteger(threads)), &data);
    weigh_groups(&model, NULL, &data, doubles((double) weigh_work(q, model.n_coef)));
    status_t status = marginal_products(&data, REAL(L), &marginal, &monitor);
    if (status == STATUS_OK) status = marginal_root(&data, REAL(L), &marginal, &monitor);
    if (status != STATUS_OK) raise_status(status, 0);
    const char *names[] = { "log_det", "root", "log_density" };
    SEXP values[] = { PROTECT(ScalarReal(marginal.log_det)), root,
                      PROTECT(ScalarReal(log_marginal(&model, &marginal))) };
    SEXP answer = named_list(3, names, values);
    UNPROTECT(3);
    return answer;
}

static void seed_generator(SEXP seed_function, int seed)
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
SEXP ffi_draw_effects(SEXP model_list, SEXP hyper, SEXP chosen, SEXP tile, SEXP seeds,
                      SEXP first, SEXP set_seed)
{
    model_t model;
    hyper_draws_t draws;
    decode_uncentered_model(model_list, &model);
    decode_draws(&model, hyper, &draws);
    int q = model.n_random, n_chosen = length(chosen);
    const int *tile_size = checked_places(tile, "tile", 2, 1, INT_MAX / 1024);
    int tile_groups = tile_size[0], tile_draws = tile_size[1];
    int skipped = checked_integer(first, "first", 0), blocks = nrows(seeds), batches = ncols(seeds);
    checked_integers(seeds, "seeds", (double) blocks * batches);
    if (skipped >= tile_draws || (double) batches * tile_draws - skipped < draws.n)
        error("internal error: %d batches of seeds for %d draws", batches, draws.n);
    check_chosen(chosen, model.n_groups);
    double *work = doubles((double) group_effects_work(q, model.n_coef));
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
                status = draw_group(&model, group, &draws, start, end,
                                    normals + (size_t) q * (start - from),
                                    REAL(effects) + stride * start + (size_t) q * i, stride,
                                    work);
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
    int q = model.n_random;
    R_xlen_t J = model.n_groups;
    checked_doubles(beta_mean, "beta_mean", model.n_coef);
    double *work = doubles((double) group_effects_work(q, model.n_coef));
    const char *names[] = { "mean", "covariance", "with_beta" };
    SEXP values[3];
    values[0] = PROTECT(allocVector(REALSXP, q * J));
    values[1] = PROTECT(allocVector(REALSXP, q * q * J));
    values[2] = PROTECT(allocVector(REALSXP, q * J));
    for (int j = 0; j < J; j++) {
        status_t status = group_moments(&model, j, &draws, REAL(beta_mean),
                                        REAL(values[0]) + (size_t) q * j,
                                        REAL(values[1]) + (size_t) q * q * j,
                                        REAL(values[2]) + (size_t) q * j, work);
        if (status != STATUS_OK) raise_status(status, 0);
        if (j % 64 == 0) allow_stop();
    }
    SEXP answer = named_list(3, names, values);
    UNPROTECT(3);
    return answer;
}

/* NULL once the user wants to stop. */
SEXP ffi_em_step(SEXP model_list, SEXP Sigma, SEXP sigma2)
{
    model_t model;
    state_t state;
    monitor_t monitor = new_monitor();
    decode_uncentered_model(model_list, &model);
    allocate_state(&model, Sigma, sigma2, &monitor, &state);
    int q = model.n_random, p = model.n_coef;
    const char *names[] = { "theta", "precision", "moment", "effective",
                            "sum_of_squares" };
    SEXP values[5];
    values[0] = PROTECT(allocVector(REALSXP, p));
    values[1] = PROTECT(allocMatrix(REALSXP, p, p));
    values[2] = PROTECT(allocMatrix(REALSXP, q, q));
    values[3] = PROTECT(allocVector(REALSXP, q));
    values[4] = PROTECT(allocVector(REALSXP, model.n_levels));
    em_t em = { REAL(values[0]), REAL(values[1]), REAL(values[2]), REAL(values[3]),
                REAL(values[4]) };
    status_t status = em_step(&model, &state, &em, doubles((double) em_work(q, p)));
    if (status != STATUS_OK && status != STATUS_INTERRUPTED) raise_status(status, 0);
    SEXP answer = status == STATUS_INTERRUPTED ? R_NilValue : named_list(5, names, values);
    UNPROTECT(5);
    return answer;
}
