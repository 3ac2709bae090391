#include <limits.h>
#include <string.h>
#include <time.h>
#include <R_ext/Random.h>
#include "chain.h"
#include "ffi.h"
#include "ffi_collapsed.h"
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
    if (strcmp(name, "common_line") == 0) return common_line_sweep;
    error("internal error: there is no sampler '%s'", name);
}

/* point: logarithms of the standard deviations and z, or nothing. */
static void allocate_whitened(int p, const grouping_t *grouping, SEXP point, whitened_t *whitened)
{
    double q = grouping->n_random;
    int n = grouping->n_random + n_correlations(grouping);
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

static SEXP copy_vector(const double *source, R_xlen_t length)
{
    SEXP copy = allocVector(REALSXP, length);
    if (length > 0) memcpy(REAL(copy), source, sizeof(double) * (size_t) length);
    return copy;
}

static SEXP encode_state(const model_t *model, const state_t *state)
{
    const grouping_t *grouping = model->grouping;
    const grouping_state_t *own = state->grouping;
    R_xlen_t q = grouping->n_random;
    const collapsed_t *collapsed = state->collapsed;
    const whitened_t *whitened = own->whitened;
    const double *point = collapsed ? collapsed->moves.point
        : whitened ? whitened->log_tau : NULL;
    int n = collapsed ? collapsed->target.target.n
        : whitened ? grouping->n_random + n_correlations(grouping) : 0;
    const char *names[] = { "theta", "Sigma", "sigma2", "point" };
    SEXP values[4];
    values[0] = PROTECT(copy_vector(state->theta, model->n_coef));
    values[1] = PROTECT(copy_vector(own->Sigma, q * q));
    values[2] = PROTECT(copy_vector(state->sigma2, model->n_strata));
    values[3] = PROTECT(copy_vector(point, n));
    SEXP list = named_list(4, names, values);
    UNPROTECT(4);
    return list;
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
    chain_t chain = { sweeps[0], sweeps[1], sweeps[2], NULL, { { 0, NULL, NULL } }, 0 };
    watch_t watch = { progress, &chain, clock() };
    monitor_t monitor = { watch_stop, &watch, 0.0 };
    decode_model(model_list, &model);
    chain.kept->n = length(kept);
    chain.kept->group =
        checked_places(kept, "kept", chain.kept->n, 0, model.grouping->n_groups);
    allocate_state(&model, list_element(start, "Sigma"), list_element(start, "sigma2"),
                   &monitor, &state);
    memcpy(state.theta, list_doubles(start, "theta", model.n_coef),
           sizeof(double) * model.n_coef);
    sweep_t sweep = sweep_of(sampler, &model);
    collapsed_t collapsed;
    if (sweep == collapsed_sweep) {
        decode_collapsed(model_list, list_element(start, "point"), &model, state.sigma2,
                         &monitor, &collapsed);
        state.collapsed = &collapsed;
    }

    whitened_t whitened;
    if (sweep == whitened_sweep) {
        allocate_whitened(model.n_coef, model.grouping, list_element(start, "point"), &whitened);
        state.grouping->whitened = &whitened;
    }

    SEXP hyper = PROTECT(draw_matrix(n_hyper(&model), chain.draws));
    double size = (double) model.grouping->n_random * chain.kept->n;
    SEXP effects = PROTECT(draw_matrix(size, chain.draws));
    chain.hyper = REAL(hyper);
    chain.kept->effects = REAL(effects);

    GetRNGstate();
    status_t status = run_chain(&model, &state, sweep, &chain);
    PutRNGstate();
    if (status != STATUS_OK && status != STATUS_INTERRUPTED)
        raise_status(status, chain.sweeps_done);

    if (state.collapsed) {
        state.proposals = collapsed.moves.proposed;
        state.accepted = collapsed.moves.accepted;
    }
    const char *names[] = { "hyper", "effects", "state", "proposals", "refused",
                            "interrupted", "accepted" };
    SEXP values[7] = { hyper, effects };
    values[2] = PROTECT(encode_state(&model, &state));
    values[3] = PROTECT(ScalarReal(state.proposals));
    values[4] = PROTECT(ScalarReal(state.refused));
    values[5] = PROTECT(ScalarLogical(status == STATUS_INTERRUPTED));
    values[6] = PROTECT(ScalarReal(state.accepted));
    SEXP answer = named_list(7, names, values);
    UNPROTECT(7);
    return answer;
}
