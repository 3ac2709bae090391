#include <limits.h>
#include <string.h>
#include <time.h>
#include <R_ext/Random.h>
#include "chain.h"
#include "ffi_family_scan.h"
#include "ffi.h"
#include "ffi_augmented.h"
#include "ffi_collapsed.h"
#include "hierarchy.h"
#include "whitened.h"

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
    if (!is_uncentered(model)) error("internal error: not the uncentered coordinates");
    if (strcmp(name, "collapsed") == 0) return collapsed_sweep;
    if (strcmp(name, "interweaved") == 0)
        return needs_whitening(model) ? whitened_sweep : interweaved_sweep;
    if (strcmp(name, "common_line") == 0) {
        if (model->n_groupings > 0) error("internal error: a common line has no groups");
        return common_line_sweep;
    }
    error("internal error: there is no sampler '%s'", name);
}

static int n_coordinates(const grouping_t *grouping)
{
    return grouping->n_random + n_correlations(grouping);
}

/* point: logarithms of the standard deviations and z, or nothing. */
static void allocate_whitened(int p, const grouping_t *grouping, SEXP point, whitened_t *whitened)
{
    double q = grouping->n_random;
    int n = n_coordinates(grouping);
    whitened->log_tau = doubles(n);
    whitened->z = whitened->log_tau + grouping->n_random;
    whitened->L = doubles(q * q);
    whitened->effect = doubles(q * grouping->n_groups);
    ALLOCATE(whitened->buffers = take_whitened(grouping->n_random, p, &work));
    whitened->has_coordinates = length(point) > 0;
    if (!whitened->has_coordinates) return;
    if (TYPEOF(point) != REALSXP || length(point) != n)
        error("internal error: a starting point has not %d coordinates", n);
    memcpy(whitened->log_tau, REAL(point), sizeof(double) * n);
}

/* Of each grouping. points: a list, by grouping, or an empty one. */
static void start_whitening(const model_t *model, SEXP points, state_t *state)
{
    int n = model->n_groupings;
    whitened_t *whitened = (whitened_t *) R_alloc((size_t) n + 1, sizeof(whitened_t));
    for (int g = 0; g < n; g++) {
        SEXP point = length(points) > 0 ? list_item(points, "point", g, n) : R_NilValue;
        allocate_whitened(model->n_coef, model->grouping + g, point, whitened + g);
        state->grouping[g].whitened = whitened + g;
    }
}

static SEXP copy_vector(const double *source, R_xlen_t length)
{
    SEXP copy = allocVector(REALSXP, length);
    if (length > 0) memcpy(REAL(copy), source, sizeof(double) * (size_t) length);
    return copy;
}

/* Coordinates of each step by the collapsed sampler, of each grouping by the whitened one. */
static SEXP encode_points(const model_t *model, const state_t *state, sweep_t sweep)
{
    int n = sweep == collapsed_sweep ? model->n_steps
        : sweep == whitened_sweep ? model->n_groupings : 0;
    SEXP points = PROTECT(allocVector(VECSXP, n));
    for (int i = 0; i < n; i++) {
        if (sweep == collapsed_sweep) {
            const moves_t *moves = &state->collapsed[i].moves;
            SET_VECTOR_ELT(points, i, copy_vector(moves->point, moves->target->n));
        } else {
            const grouping_t *grouping = model->grouping + i;
            SET_VECTOR_ELT(points, i, copy_vector(state->grouping[i].whitened->log_tau,
                                                  n_coordinates(grouping)));
        }
    }
    UNPROTECT(1);
    return points;
}

/* Do chains go on from the effects where they ended? The first step of a sweep of several
   groupings, or of a scan over steps, faces those of the others; that of a sweep with weights faces
   all. */
static int starts_from_effects(const model_t *model, sweep_t sweep)
{
    if (is_student(model)) return 1;
    return sweep == collapsed_sweep ? model->n_steps > 1
        : model->n_groupings > 1 || model->responses;
}

static int is_family_scan(const model_t *model, sweep_t sweep)
{
    return sweep == collapsed_sweep && model->responses && model->n_steps > 1;
}

/* Of each grouping. */
static SEXP encode_effects(const model_t *model, const state_t *state)
{
    SEXP effects = PROTECT(allocVector(VECSXP, model->n_groupings));
    for (int g = 0; g < model->n_groupings; g++) {
        const grouping_t *grouping = model->grouping + g;
        SET_VECTOR_ELT(effects, g,
                       copy_vector(state->grouping[g].effect,
                                   (R_xlen_t) grouping->n_random * grouping->n_groups));
    }
    UNPROTECT(1);
    return effects;
}

/* From what each step of a family's scan seeks the modes of its groups; NULL of others. */
static SEXP encode_near(const model_t *model, const state_t *state, sweep_t sweep)
{
    if (!is_family_scan(model, sweep)) return R_NilValue;
    SEXP near = PROTECT(allocVector(VECSXP, model->n_steps));
    for (int s = 0; s < model->n_steps; s++) {
        const family_scan_t *scan = state->collapsed[s].target.family->scan;
        SET_VECTOR_ELT(near, s, copy_vector(scan->near, (R_xlen_t) near_size(&scan->responses)));
    }
    UNPROTECT(1);
    return near;
}

/* The same from a start, if it has it; and the shape of dispersed counts. */
static void start_near(SEXP start, const model_t *model, state_t *state)
{
    SEXP near = optional_element(start, "near");
    for (int s = 0; s < model->n_steps; s++) {
        const collapsed_t *own = state->collapsed + s;
        const family_scan_t *scan = own->target.family->scan;
        size_t size = near_size(&scan->responses);
        state->shape = shape_at(&own->target, own->moves.point);
        if (isNull(near)) continue;
        memcpy(scan->near, checked_doubles(list_item(near, "near", s, model->n_steps), "near",
                                           (double) size), sizeof(double) * size);
    }
}

static SEXP encode_state(const model_t *model, const state_t *state, sweep_t sweep)
{
    const char *names[] = { "theta", "Sigma", "sigma2", "point", "effect",
                            is_student(model) ? "df" : "shape", "near" };
    SEXP values[7];
    values[0] = PROTECT(copy_vector(state->theta, model->n_coef));
    values[1] = PROTECT(allocVector(VECSXP, model->n_groupings));
    for (int g = 0; g < model->n_groupings; g++) {
        R_xlen_t q = model->grouping[g].n_random;
        SET_VECTOR_ELT(values[1], g, copy_vector(state->grouping[g].Sigma, q * q));
    }
    values[2] = PROTECT(copy_vector(state->sigma2, model->n_strata));
    values[3] = PROTECT(encode_points(model, state, sweep));
    int has_effects = starts_from_effects(model, sweep);
    values[4] = PROTECT(has_effects ? encode_effects(model, state) : R_NilValue);
    values[5] = PROTECT(ScalarReal(is_student(model) ? state->df : state->shape));
    values[6] = PROTECT(encode_near(model, state, sweep));
    int n = is_family_scan(model, sweep) ? 7 : state->augmented ? 6 : has_effects ? 5 : 4;
    SEXP list = named_list(n, names, values);
    UNPROTECT(7);
    return list;
}

/* Room for the effects of the groups that are kept, which a list names by grouping; the answer is
   a list, by grouping, of arrays: columns x groups x draws. */
static SEXP allocate_kept(const model_t *model, SEXP kept, chain_t *chain)
{
    int n = model->n_groupings;
    SEXP effects = PROTECT(allocVector(VECSXP, n));
    chain->kept = (kept_effects_t *) R_alloc((size_t) n + 1, sizeof(kept_effects_t));
    for (int g = 0; g < n; g++) {
        SEXP groups = list_item(kept, "kept", g, n);
        kept_effects_t *own = chain->kept + g;
        own->n = length(groups);
        own->group = checked_places(groups, "kept", own->n, 0, model->grouping[g].n_groups);
        double size = (double) model->grouping[g].n_random * own->n;
        SET_VECTOR_ELT(effects, g, draw_matrix(size, chain->draws));
        SEXP dim = PROTECT(allocVector(INTSXP, 3));
        INTEGER(dim)[0] = model->grouping[g].n_random;
        INTEGER(dim)[1] = own->n;
        INTEGER(dim)[2] = chain->draws;
        setAttrib(VECTOR_ELT(effects, g), R_DimSymbol, dim);
        UNPROTECT(1);
        own->effects = REAL(VECTOR_ELT(effects, g));
    }
    UNPROTECT(1);
    return effects;
}

/* No group deviates: effects are 0, or the coefficients that are their means. */
static void start_without_effects(const grouping_t *grouping, const double *theta, double *effect)
{
    size_t q = (size_t) grouping->n_random;
    memset(effect, 0, sizeof(double) * q * grouping->n_groups);
    for (int k = 0; k < grouping->n_means; k++)
        for (int j = 0; j < grouping->n_groups; j++)
            effect[q * j + grouping->mean_column[k]] = theta[grouping->mean_coef[k]];
}

/* The effects of a start, if it has any. */
static void start_effects(SEXP start, const model_t *model, state_t *state)
{
    SEXP effects = optional_element(start, "effect");
    for (int g = 0; g < model->n_groupings; g++) {
        double size = (double) model->grouping[g].n_random * model->grouping[g].n_groups;
        double *effect = state->grouping[g].effect;
        if (isNull(effects)) {
            start_without_effects(model->grouping + g, state->theta, effect);
            continue;
        }
        SEXP own = list_item(effects, "effect", g, model->n_groupings);
        memcpy(effect, checked_doubles(own, "effect", size), sizeof(double) * (size_t) size);
    }
}

/* What the steps of a Gibbs sampler take of the other groupings. */
static void allocate_several(const model_t *model, state_t *state)
{
    size_t n_columns = 0, most = 0;
    several_t *several = (several_t *) R_alloc(1, sizeof(several_t));
    for (int g = 0; g < model->n_groupings; g++) {
        const grouping_t *grouping = model->grouping + g;
        size_t size = (size_t) grouping->n_random * grouping->n_groups;
        n_columns += (size_t) grouping->n_random;
        if (size > most) most = size;
    }
    if (state->augmented) allocate_augmented_rows(model, state->augmented, &several->rows);
    else allocate_rows(&model->cells, &several->rows);
    several->e = doubles(several->rows.n);
    several->sums = doubles((double) most);
    several->below =
        (column_below_t **) R_alloc((size_t) model->n_groupings, sizeof(column_below_t *));
    find_columns_below(model, (column_below_t *) R_alloc(n_columns, sizeof(column_below_t)),
                       several->below);
    state->several = several;
}

/* What a sampler has beside the state. */
static void start_sampler(SEXP model_list, SEXP points, const model_t *model, sweep_t sweep,
                          state_t *state)
{
    if (sweep == collapsed_sweep)
        state->collapsed = decode_collapsed(model_list, points, model, state);
    else if (model->n_groupings > 1)
        allocate_several(model, state);
    if (sweep == whitened_sweep) start_whitening(model, points, state);
}

/* Of a family's scan, element `record` of a model: for each step a column of each visit. */
static SEXP allocate_records(SEXP model_list, const model_t *model, int n_sweeps, state_t *state)
{
    if (isNull(optional_element(model_list, "record"))) return R_NilValue;
    if (!model->responses || model->n_steps < 2 || !state->collapsed)
        error("internal error: records are of a family's scan");
    SEXP records = PROTECT(allocVector(VECSXP, model->n_steps));
    for (int s = 0; s < model->n_steps; s++) {
        collapsed_t *own = state->collapsed + s;
        SET_VECTOR_ELT(records, s, draw_matrix((int) record_size(own), n_sweeps));
        own->record = REAL(VECTOR_ELT(records, s));
        own->n_recorded = 0;
    }
    UNPROTECT(1);
    return records;
}

/* After the last visit: p x steps, or NULL without records. */
static SEXP encode_shifts(const model_t *model, state_t *state, SEXP records)
{
    if (isNull(records)) return R_NilValue;
    size_t p = (size_t) model->n_coef;
    SEXP shifts = PROTECT(allocMatrix(REALSXP, model->n_coef, model->n_steps));
    for (int s = 0; s < model->n_steps; s++)
        memcpy(REAL(shifts) + p * s, follow_others(model, state, state->collapsed + s),
               sizeof(double) * p);
    UNPROTECT(1);
    return shifts;
}

/* By step: how many proposals there were, and how many were accepted. */
static SEXP encode_counts(const model_t *model, const state_t *state)
{
    SEXP counts = PROTECT(allocMatrix(REALSXP, 2, state->collapsed ? model->n_steps : 0));
    for (int s = 0; s < ncols(counts); s++) {
        REAL(counts)[2 * s] = state->collapsed[s].moves.proposed;
        REAL(counts)[2 * s + 1] = state->collapsed[s].moves.accepted;
    }
    UNPROTECT(1);
    return counts;
}

static void count_moves(const model_t *model, state_t *state)
{
    for (int s = 0; state->collapsed && s < model->n_steps; s++) {
        state->proposals += state->collapsed[s].moves.proposed;
        state->accepted += state->collapsed[s].moves.accepted;
    }
}

/* length: warmup, draws, thin. kept: by grouping, the groups whose effects are stored, from 0;
   none by the collapsed sampler with one residual variance. The answer's hyper has a
   column a draw; those of sweeps that were not run are not set. */
SEXP ffi_run_chain(SEXP model_list, SEXP sampler, SEXP start, SEXP length_, SEXP kept,
                   SEXP progress)
{
    model_t model;
    state_t state;
    const int *sweeps = checked_places(length_, "length", 3, 0, INT_MAX);
    chain_t chain = { sweeps[0], sweeps[1], sweeps[2], NULL, NULL, 0 };
    watch_t watch = { progress, &chain, clock() };
    monitor_t monitor = { watch_stop, &watch, 0.0 };
    decode_model(model_list, &model);
    allocate_state(&model, list_element(start, "Sigma"), list_element(start, "sigma2"),
                   &monitor, &state);
    memcpy(state.theta, list_doubles(start, "theta", model.n_coef),
           sizeof(double) * model.n_coef);
    sweep_t sweep = sweep_of(sampler, &model);
    if (starts_from_effects(&model, sweep)) start_effects(start, &model, &state);
    state.augmented = start_augmented(model_list, start, sweep, &model, &state);
    start_sampler(model_list, list_element(start, "point"), &model, sweep, &state);
    if (is_family_scan(&model, sweep)) {
        start_near(start, &model, &state);
        start_totals(model_list, &model, &state);
    }

    SEXP hyper = PROTECT(draw_matrix(n_hyper(&model), chain.draws));
    SEXP effects = PROTECT(allocate_kept(&model, kept, &chain));
    chain.hyper = REAL(hyper);
    SEXP records = PROTECT(allocate_records(model_list, &model, sweeps[0] + sweeps[1] * sweeps[2],
                                            &state));

    GetRNGstate();
    status_t status =
        run_chain(&model, &state, state.augmented ? augmented_sweep : sweep, &chain);
    PutRNGstate();
    if (status != STATUS_OK && status != STATUS_INTERRUPTED)
        raise_status(status, chain.sweeps_done);

    count_moves(&model, &state);
    const char *names[] = { "hyper", "effects", "state", "proposals", "refused",
                            "interrupted", "accepted", "records", "counts", "shifts", "sweeps" };
    SEXP values[11] = { hyper, effects };
    values[2] = PROTECT(encode_state(&model, &state, sweep));
    values[3] = PROTECT(ScalarReal(state.proposals));
    values[4] = PROTECT(ScalarReal(state.refused));
    values[5] = PROTECT(ScalarLogical(status == STATUS_INTERRUPTED));
    values[6] = PROTECT(ScalarReal(state.accepted));
    values[7] = records;
    values[8] = PROTECT(encode_counts(&model, &state));
    values[9] = PROTECT(encode_shifts(&model, &state, records));
    values[10] = PROTECT(ScalarInteger(chain.sweeps_done));
    SEXP answer = named_list(11, names, values);
    UNPROTECT(11);
    return answer;
}
