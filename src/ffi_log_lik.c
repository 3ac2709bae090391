#include <string.h>
#include "ffi.h"
#include "ffi_nested.h"
#include "log_lik.h"
#include "logml.h"

NORET static void raise_draw(R_xlen_t draw)
{
    error("The likelihood of draw %.0f left the range of double precision: "
          "rescale the columns or the response.", (double) draw + 1.0);
}

/* The grouping of a step; an empty one where there is no step. */
static grouping_t grouping_of_step(const model_t *model, const step_t *step)
{
    grouping_t none;
    memset(&none, 0, sizeof none);
    return step ? model->grouping[only_grouping(step)] : none;
}

/* Groups of the data that `list` describes, with the columns and the parameters of
   `model`; n_strata residual variances. */
static void decode_groups(SEXP list, const model_t *model, int n_strata, groups_t *groups)
{
    double p = model->n_coef;
    groups->model = *model;
    groups->model.n_strata = n_strata;
    groups->step = step_if_any(model);
    groups->grouping = grouping_of_step(model, groups->step);
    grouping_t *grouping = &groups->grouping;
    int n_cells = grouping->n_cells = length(list_element(list, "cell_stratum"));
    int n_groups = grouping->n_groups = length(list_element(list, "group_start")) - 1;
    grouping->group_start =
        checked_starts(list_element(list, "group_start"), "group_start", n_groups, n_cells);
    grouping->cell_stratum = list_places(list, "cell_stratum", n_cells, 0, n_strata);
    grouping->cell_factor =
        list_doubles(list, "cell_factor", (double) grouping->cell_size * n_cells);
    groups->cell_rows = list_doubles(list, "cell_rows", n_cells);
    groups->group_rows = list_doubles(list, "group_rows", n_groups);
    groups->log_weights = list_doubles(list, "log_weights", n_groups);
    SEXP rest = list_element(list, "rest");
    groups->rest = isNull(rest) ? NULL
        : list_doubles(list, "rest", (p + 1) * (p + 1) * n_cells);
}

void scale_factors(const model_t *model, const hyper_draws_t *draws)
{
    for (int g = 0; g < model->n_groupings; g++) {
        size_t q = (size_t) model->grouping[g].n_random, size = q * q;
        for (int i = 0; i < draws->n; i++)
            for (size_t k = 0; k < size; k++) draws->L[g][k + size * i] *= draws->sigma[i];
    }
}

/* Draws, with L the factor of Sigma itself, and the groups; sigma: strata x draws. */
static void decode_given(SEXP model_list, SEXP groups_list, SEXP hyper, SEXP sigma,
                         groups_t *groups, hyper_draws_t *draws)
{
    model_t model;
    decode_uncentered_model(model_list, &model);
    decode_draws(&model, hyper, draws);
    if (model.n_strata == 1) scale_factors(&model, draws);
    if (checked_dims(sigma, "sigma", 2)[1] != draws->n || nrows(sigma) < model.n_strata)
        error("internal error: not %d draws of sigma", draws->n);
    draws->sigma = REAL(sigma);
    decode_groups(groups_list, &model, nrows(sigma), groups);
}

/* Draws between two questions whether the user wants to stop. */
enum { DRAWS_PER_QUESTION = 64 };

/* log p(y_j | draw) of the groups `chosen` (from 0): draws x chosen. */
SEXP ffi_group_log_lik(SEXP model_list, SEXP groups_list, SEXP hyper, SEXP sigma, SEXP chosen)
{
    groups_t groups;
    hyper_draws_t draws;
    decode_given(model_list, groups_list, hyper, sigma, &groups, &draws);
    if (!groups.rest) error("internal error: the groups' own factors are missing");
    log_lik_buffers_t buffers;
    ALLOCATE(buffers = take_log_lik(groups.grouping.n_random, &work));
    const int *group =
        checked_places(chosen, "groups", length(chosen), 0, groups.grouping.n_groups);
    SEXP values = PROTECT(allocMatrix(REALSXP, draws.n, length(chosen)));
    for (int k = 0; k < length(chosen); k++) {
        for (int i = 0; i < draws.n; i++) {
            hyper_t one = hyper_of_draw(&groups.model, &draws, groups.step, i);
            double *value = REAL(values) + i + (size_t) draws.n * k;
            if (i % DRAWS_PER_QUESTION == 0) allow_stop();
            if (group_log_lik(&groups, group[k], &one, &buffers, value) != STATUS_OK
                || !R_FINITE(*value)) raise_draw(i);
        }
    }
    UNPROTECT(1);
    return values;
}

static void decode_rows(SEXP list, const groups_t *groups, row_data_t *rows)
{
    double n = rows->n = length(list_element(list, "y"));
    rows->X = list_doubles(list, "X", n * groups->model.n_coef);
    rows->Z = list_doubles(list, "Z", n * groups->grouping.n_random);
    rows->y = list_doubles(list, "y", n);
    rows->weights = isNull(list_element(list, "weights")) ? NULL
        : list_doubles(list, "weights", n);
    rows->group = list_places(list, "group", n, -1, groups->grouping.n_groups);
    rows->stratum = list_places(list, "stratum", n, 0, groups->model.n_strata);
}

/* Means and standard deviations of rows given each draw and the groups' data: two matrices,
   draws x rows. */
SEXP ffi_predict_rows(SEXP model_list, SEXP groups_list, SEXP hyper, SEXP sigma,
                      SEXP rows_list, SEXP leave_out)
{
    groups_t groups;
    hyper_draws_t draws;
    row_data_t rows;
    decode_given(model_list, groups_list, hyper, sigma, &groups, &draws);
    decode_rows(rows_list, &groups, &rows);
    log_lik_buffers_t buffers;
    ALLOCATE(buffers = take_log_lik(groups.grouping.n_random, &work));
    const char *names[] = { "mean", "sd" };
    SEXP values[] = { PROTECT(allocMatrix(REALSXP, draws.n, rows.n)),
                      PROTECT(allocMatrix(REALSXP, draws.n, rows.n)) };
    size_t stride = (size_t) draws.n;
    for (int from = 0, to; from < rows.n; from = to) {
        for (to = from + 1; to < rows.n && rows.group[to] == rows.group[from];) to++;
        int between = 1 + DRAWS_PER_QUESTION / (to - from);
        for (int i = 0; i < draws.n; i++) {
            if (i % between == 0) allow_stop();
            hyper_t one = hyper_of_draw(&groups.model, &draws, groups.step, i);
            size_t place = i + stride * from;
            if (predict_rows(&groups, &rows, from, to, asLogical(leave_out), &one,
                             REAL(values[0]) + place, REAL(values[1]) + place, stride, &buffers)
                != STATUS_OK) raise_draw(i);
        }
    }
    SEXP answer = named_list(2, names, values);
    UNPROTECT(2);
    return answer;
}

static void decode_evidence(const model_t *model, SEXP threads, monitor_t *monitor,
                            evidence_t *evidence)
{
    double p = model->n_coef;
    evidence->model = model;
    evidence->monitor = monitor;
    evidence->chain = NULL;
    if (model->n_steps == 1 && model->step->n > 1) {
        evidence->step = model->step;
        evidence->grouping = model->step->whole;
        evidence->chain = new_chain_data(model, model->step, 0);
    } else {
        evidence->grouping = grouping_of_step(model, step_if_any(model));
        allocate_group_data(model, &evidence->grouping,
                            threads_for(&evidence->grouping, asInteger(threads)), &evidence->data);
    }
    const grouping_t *grouping = &evidence->grouping;
    double q = grouping->n_random;
    evidence->root = doubles((p + 1) * (p + 1));
    evidence->L = doubles(q * q);
    evidence->sigma2 = doubles(model->n_strata);
    ALLOCATE(evidence->weighing = take_weighing(grouping->n_random, model->n_coef, &work));
}

/* log_evidence() at each L (q x q x n) and sigma (strata x n); -Inf where it cannot be told
   from nothing, NA once the user wants to stop. L is the factor of Sigma. */
SEXP ffi_log_evidence(SEXP model_list, SEXP L, SEXP sigma, SEXP threads)
{
    model_t model;
    evidence_t evidence;
    monitor_t monitor = new_monitor();
    decode_uncentered_model(model_list, &model);
    decode_evidence(&model, threads, &monitor, &evidence);
    size_t q = (size_t) evidence.grouping.n_random;
    const int *dims = checked_dims(sigma, "sigma", 2);
    int n = dims[1];
    if (dims[0] != model.n_strata) error("internal error: not %d strata", model.n_strata);
    checked_doubles(L, "L", (double) (q * q) * n);
    monitor_t jumping = jumping_monitor();
    evidence.monitor = &jumping;
    start_evidence(&evidence);
    evidence.monitor = &monitor;
    SEXP values = PROTECT(allocVector(REALSXP, n));
    for (int i = 0; i < n; i++) {
        double *value = REAL(values) + i;
        status_t status = log_evidence(&evidence, REAL(L) + q * q * i,
                                       REAL(sigma) + (size_t) model.n_strata * i, value);
        if (status == STATUS_INTERRUPTED) {
            *value = NA_REAL;
            break;
        }
        if (status != STATUS_OK || !R_FINITE(*value)) *value = R_NegInf;
    }
    UNPROTECT(1);
    return values;
}
