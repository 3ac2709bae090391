#include <string.h>
#include <time.h>
#include <R_ext/Random.h>
#include "chain.h"
#include "collapsed.h"
#include "ffi.h"
#include "start.h"

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

static void check_interrupt(void *data)
{
    (void) data;
    R_CheckUserInterrupt();
}

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
    if (!R_ToplevelExec(check_interrupt, NULL)) return 1;
    clock_t now = clock();
    if (isNull(watch->progress) || now - watch->told < CLOCKS_PER_SEC / 10) return 0;
    watch->told = now;
    return tell_progress(watch);
}

static int never_stop(void *data)
{
    (void) data;
    return 0;
}

static sweep_t sweep_of(SEXP sampler)
{
    const char *name = CHAR(asChar(sampler));
    if (strcmp(name, "centered") == 0) return centered_sweep;
    if (strcmp(name, "uncentered") == 0) return uncentered_sweep;
    if (strcmp(name, "collapsed") == 0) return collapsed_sweep;
    if (strcmp(name, "interweaved") == 0) return interweaved_sweep;
    if (strcmp(name, "common_line") == 0) return common_line_sweep;
    error("internal error: there is no sampler '%s'", name);
}

static void decode_tuning(SEXP tuning, const model_t *model, monitor_t *monitor,
                          collapsed_t *collapsed)
{
    int with_sigma = list_integer(tuning, "with_sigma");
    double n = n_coordinates(model) + (with_sigma != 0), p = model->n_coef;
    memset(collapsed, 0, sizeof *collapsed);
    collapsed->with_sigma = with_sigma;
    collapsed->n = (int) n;
    collapsed->monitor = monitor;
    collapsed->scale = list_doubles(tuning, "scale", model->n_random);
    collapsed->center = list_doubles(tuning, "center", n);
    collapsed->proposal_root = list_doubles(tuning, "root", n * n);
    collapsed->df = *list_doubles(tuning, "df", 1);
    collapsed->step = *list_doubles(tuning, "step", 1);
    collapsed->point = doubles(n);
    collapsed->next_point = doubles(n);
    collapsed->root = doubles((p + 1) * (p + 1));
    collapsed->next_root = doubles((p + 1) * (p + 1));
    collapsed->work = doubles((double) collapsed_work(model->n_random, model->n_coef));
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
    const char *names[] = { "theta", "Sigma", "sigma2", "point" };
    SEXP values[4];
    values[0] = PROTECT(copy_vector(state->theta, model->n_coef));
    values[1] = PROTECT(copy_vector(state->Sigma, q * q));
    values[2] = PROTECT(copy_vector(state->sigma2, model->n_levels));
    values[3] = PROTECT(copy_vector(collapsed ? collapsed->point : NULL,
                                    collapsed ? collapsed->n : 0));
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

/* length: warmup, draws, thin. The answer's hyper has a column a draw, and so
   has effects, or it has none. */
SEXP ffi_run_chain(SEXP model_list, SEXP sampler, SEXP start, SEXP length_,
                   SEXP store_effects, SEXP progress)
{
    model_t model;
    state_t state;
    chain_t chain = { INTEGER(length_)[0], INTEGER(length_)[1], INTEGER(length_)[2],
                      NULL, NULL, 0 };
    watch_t watch = { progress, &chain, clock() };
    monitor_t monitor = { watch_stop, &watch, 0.0 };
    decode_model(model_list, &model);
    allocate_state(&model, list_element(start, "Sigma"), list_element(start, "sigma2"),
                   &monitor, &state);
    memcpy(state.theta, list_doubles(start, "theta", model.n_coef),
           sizeof(double) * model.n_coef);
    sweep_t sweep = sweep_of(sampler);
    collapsed_t collapsed;
    if (sweep == collapsed_sweep) {
        decode_tuning(list_element(model_list, "tuning"), &model, &monitor, &collapsed);
        memcpy(collapsed.point, list_doubles(start, "point", collapsed.n),
               sizeof(double) * collapsed.n);
        state.collapsed = &collapsed;
    }

    int stored = asLogical(store_effects);
    double n_effects = stored ? (double) model.n_random * model.n_groups : 0;
    SEXP hyper = PROTECT(draw_matrix(n_hyper(&model), chain.draws));
    SEXP effects = PROTECT(draw_matrix(n_effects, chain.draws));
    chain.hyper = REAL(hyper);
    chain.effects = n_effects > 0 ? REAL(effects) : NULL;

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

/* log p(coordinates | y) of the collapsed sampler; -Inf where it cannot be told from
   nothing, NA when the user wants to stop. */
SEXP ffi_log_target(SEXP model_list, SEXP tuning, SEXP point)
{
    model_t model;
    collapsed_t collapsed;
    double value;
    watch_t watch = { R_NilValue, NULL, clock() };
    monitor_t monitor = { watch_stop, &watch, 0.0 };
    decode_model(model_list, &model);
    decode_tuning(tuning, &model, &monitor, &collapsed);
    if (TYPEOF(point) != REALSXP || length(point) != collapsed.n)
        error("internal error: the point has not %d coordinates", collapsed.n);
    status_t status = log_target_at(&model, &collapsed, REAL(point), &value,
                                    collapsed.root, collapsed.work);
    if (status == STATUS_INTERRUPTED) return ScalarReal(NA_REAL);
    return ScalarReal(status == STATUS_OK ? value : R_NegInf);
}

/* log|I + L'Z'Z L| over all groups, the root of [X y]'V^-1[X y], and log p(L | y)
   without the prior of L. */
SEXP ffi_marginal(SEXP model_list, SEXP L)
{
    model_t model;
    decode_model(model_list, &model);
    int q = model.n_random, rows = model.n_coef + 1;
    if (TYPEOF(L) != REALSXP || length(L) != q * q)
        error("internal error: L has not %d elements", q * q);
    SEXP root = PROTECT(allocMatrix(REALSXP, rows, rows));
    memset(REAL(root), 0, sizeof(double) * rows * rows);
    marginal_t marginal = { 0.0, REAL(root) };
    monitor_t monitor = { never_stop, NULL, 0.0 };
    status_t status = marginal_products(&model, REAL(L), &marginal, &monitor,
                                        doubles((double) collapsed_work(q, model.n_coef)));
    if (status == STATUS_OK) status = marginal_root(&model, &marginal);
    if (status != STATUS_OK) raise_status(status, 0);
    const char *names[] = { "log_det", "root", "log_density" };
    SEXP values[] = { PROTECT(ScalarReal(marginal.log_det)), root,
                      PROTECT(ScalarReal(log_marginal(&model, &marginal))) };
    SEXP answer = named_list(3, names, values);
    UNPROTECT(3);
    return answer;
}

SEXP ffi_em_step(SEXP model_list, SEXP Sigma, SEXP sigma2)
{
    model_t model;
    state_t state;
    monitor_t monitor = { never_stop, NULL, 0.0 };
    decode_model(model_list, &model);
    if (model.n_means > 0) error("internal error: EM needs the uncentered coordinates");
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
    if (status != STATUS_OK) raise_status(status, 0);
    SEXP answer = named_list(5, names, values);
    UNPROTECT(5);
    return answer;
}
