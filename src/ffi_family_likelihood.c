#include <string.h>
#include "family_likelihood.h"
#include "ffi_responses.h"

NORET static void raise_draw(R_xlen_t draw)
{
    error("The likelihood of draw %.0f left the range of double precision: "
          "rescale the columns, or give the standard deviations a proper prior.",
          (double) draw + 1.0);
}

/* Draws of the hyperparameters, and the responses of which likelihoods are asked: those of the
   model, or others with its columns. Modes are found for a group before its first draw, at a draw
   that does not depend on which are asked. */
typedef struct {
    model_t model;
    responses_t responses;
    hyper_draws_t draws, reference;
    family_likelihood_t likelihood;
    double *mode, *slope;       /* the responses', of all groups */
} given_t;

static group_parameters_t parameters_of(const given_t *given, const hyper_draws_t *draws, int i)
{
    size_t p = (size_t) given->responses.n_coef, q = (size_t) given->responses.n_random;
    group_parameters_t at = { draws->theta + p * i, q ? draws->L[0] + q * q * i : NULL,
                              draws->shape ? draws->shape[i] : 0.0, 1.0 };
    return at;
}

static void decode_given(SEXP model_list, SEXP responses_list, SEXP hyper, SEXP reference,
                         monitor_t *monitor, given_t *given)
{
    decode_uncentered_model(model_list, &given->model);
    const responses_t *own = given->model.responses;
    if (!own || given->model.n_groupings > 1)
        error("internal error: not a model of responses with one grouping");
    if (isNull(responses_list)) given->responses = *own;
    else given->responses = *read_responses(responses_list, own);
    given->responses.linear = given->responses.curved = NULL;
    decode_draws(&given->model, hyper, &given->draws);
    decode_draws(&given->model, reference, &given->reference);
    if (given->reference.n != 1) error("internal error: not one draw of reference");
    int n = n_mode_slopes(own);
    size_t size = (size_t) own->n_random * given->responses.n_groups;
    double *at = doubles(n);
    group_parameters_t parameters = parameters_of(given, &given->reference, 0);
    encode_reference(own, &parameters, at);
    given->mode = doubles((double) size);
    given->slope = doubles((double) n * size);
    memset(given->mode, 0, sizeof(double) * size);
    memset(given->slope, 0, sizeof(double) * n * size);
    given->responses.mode = given->mode;
    given->responses.slope = given->slope;
    given->responses.reference = at;
    ALLOCATE(take_family_likelihood(&given->responses, &work, &given->likelihood));
    given->likelihood.whole.monitor = given->likelihood.other.monitor = monitor;
}

/* Where no mode is found, draws start from 0. */
static void start_group(given_t *given, int group)
{
    const responses_t *responses = &given->responses;
    size_t q = (size_t) responses->n_random, n = (size_t) n_mode_slopes(responses);
    group_parameters_t at = parameters_of(given, &given->reference, 0);
    double *mode = given->mode + q * group, *slope = given->slope + n * q * group;
    if (find_mode_slopes(responses, group, &at, &given->likelihood.whole, mode, slope) == STATUS_OK)
        return;
    memset(mode, 0, sizeof(double) * q);
    memset(slope, 0, sizeof(double) * n * q);
}

/* log p(y_j | draw) of the groups `chosen` (from 0): draws x chosen. */
SEXP ffi_family_groups(SEXP model_list, SEXP responses_list, SEXP hyper, SEXP reference,
                       SEXP chosen)
{
    given_t given;
    monitor_t monitor = jumping_monitor();
    decode_given(model_list, responses_list, hyper, reference, &monitor, &given);
    const responses_t *responses = &given.responses;
    const int *group = checked_places(chosen, "groups", length(chosen), 0, responses->n_groups);
    int n = given.draws.n;
    SEXP values = PROTECT(allocMatrix(REALSXP, n, length(chosen)));
    for (int k = 0; k < length(chosen); k++) {
        int rows = responses->start[group[k] + 1] - responses->start[group[k]];
        start_group(&given, group[k]);
        for (int i = 0; i < n; i++) {
            group_parameters_t at = parameters_of(&given, &given.draws, i);
            double *value = REAL(values) + i + (size_t) n * k;
            user_wants_to_stop(&monitor, responses->n_random > 1 ? VISITS_PER_QUESTION / 8.0
                                                                 : 2.0 * rows);
            *value = log_group_integral(responses, group[k], &at, &given.likelihood.whole);
            if (!R_FINITE(*value)) raise_draw(i);
        }
    }
    UNPROTECT(1);
    return values;
}

/* group: from 0, or -1; at: the number of the row, among all of the responses, that a row is a part
   of, or empty. */
static likelihood_rows_t decode_rows(SEXP list, SEXP starts, const responses_t *responses)
{
    int n = length(list_element(list, "y"));
    likelihood_rows_t rows = {
        n, list_doubles(list, "X", (double) n * responses->n_coef),
        list_doubles(list, "Z", (double) n * responses->n_random), list_doubles(list, "y", n),
        list_doubles(list, "trials", n), list_doubles(list, "offset", n),
        list_places(list, "group", n, -1, responses->n_groups), NULL
    };
    SEXP at = list_element(list, "at");
    if (isNull(at)) return rows;
    const int *start = checked_integers(starts, "start", responses->n_groups + 1.0);
    const int *place = checked_places(at, "at", n, 0, start[responses->n_groups]);
    int *within = ints((size_t) n);
    for (int i = 0; i < n; i++) {
        int group = rows.group[i];
        if (group < 0 || place[i] < start[group] || place[i] >= start[group + 1])
            error("internal error: row %d is not in its group", i + 1);
        within[i] = place[i] - start[group];
    }
    rows.at = within;
    return rows;
}

typedef status_t row_work_t(family_likelihood_t *own, const row_request_t *request,
                            const group_parameters_t *at);

/* Each run of rows of one group, at each draw; draws x rows. uniform: the same, shift: q x draws,
   or neither. */
static SEXP work_on_rows(given_t *given, const likelihood_rows_t *rows, int leave_out,
                         const double *shift, const double *uniform, row_work_t *work)
{
    monitor_t *monitor = given->likelihood.whole.monitor;
    int n = given->draws.n, q = given->responses.n_random;
    SEXP values = PROTECT(allocMatrix(REALSXP, n, rows->n));
    for (int from = 0, to; from < rows->n; from = to) {
        for (to = from + 1; to < rows->n && rows->group[to] == rows->group[from];) to++;
        if (rows->group[from] >= 0) {
            start_group(given, rows->group[from]);
            start_changed_group(&given->likelihood, rows->group[from]);
        }
        for (int i = 0; i < n; i++) {
            group_parameters_t at = parameters_of(given, &given->draws, i);
            size_t place = i + (size_t) n * from;
            row_request_t request = { rows, from, to, leave_out, monitor,
                                      shift ? shift + (size_t) q * i : NULL,
                                      uniform ? uniform + place : NULL, (size_t) n,
                                      REAL(values) + place };
            if (work(&given->likelihood, &request, &at) != STATUS_OK) raise_draw(i);
        }
    }
    UNPROTECT(1);
    return values;
}

static SEXP starts_of(SEXP model_list, SEXP responses_list)
{
    if (!isNull(responses_list)) return list_element(responses_list, "start");
    SEXP sorted = list_element(list_element(model_list, "responses"), "sorted");
    return list_element(list_item(sorted, "sorted", 0, 1), "start");
}

/* log p(y_i | draw, the data of its group), of rows sorted by group: draws x rows. With leave_out
   they are among the data and left out of them. */
SEXP ffi_family_rows(SEXP model_list, SEXP responses_list, SEXP hyper, SEXP reference,
                     SEXP rows_list, SEXP leave_out)
{
    given_t given;
    monitor_t monitor = jumping_monitor();
    decode_given(model_list, responses_list, hyper, reference, &monitor, &given);
    likelihood_rows_t rows =
        decode_rows(rows_list, starts_of(model_list, responses_list), &given.responses);
    if (asLogical(leave_out) && !rows.at) error("internal error: rows without their places");
    return work_on_rows(&given, &rows, asLogical(leave_out), NULL, NULL,
                        log_densities_given_group);
}

/* Linear predictors of rows that are left out, by uniform random numbers: draws x rows. */
SEXP ffi_family_row_draws(SEXP model_list, SEXP responses_list, SEXP hyper, SEXP reference,
                          SEXP rows_list, SEXP shift, SEXP uniform)
{
    given_t given;
    monitor_t monitor = jumping_monitor();
    decode_given(model_list, responses_list, hyper, reference, &monitor, &given);
    likelihood_rows_t rows =
        decode_rows(rows_list, starts_of(model_list, responses_list), &given.responses);
    if (!rows.at) error("internal error: rows without their places");
    double n = given.draws.n;
    return work_on_rows(&given, &rows, 1,
                        checked_doubles(shift, "shift", n * given.responses.n_random),
                        checked_doubles(uniform, "uniform", n * rows.n), draw_predictors_left_out);
}

/* log p(y | theta, Sigma, shape) without constants at each of n points, theta (p x n), L (q x q x
   n) and, of dispersed counts, shape (n); -Inf where it cannot be told from nothing, NA from the
   point on at which the user wants to stop. */
SEXP ffi_family_evidence(SEXP model_list, SEXP theta, SEXP L, SEXP shape, SEXP threads)
{
    model_t model;
    monitor_t monitor = new_monitor();
    decode_uncentered_model(model_list, &model);
    const responses_t *responses = model.responses;
    if (!responses || model.n_groupings > 1)
        error("internal error: not a model of responses with one grouping");
    size_t p = (size_t) responses->n_coef, q = (size_t) responses->n_random;
    const int *dims = checked_dims(theta, "theta", 2);
    int n = dims[1];
    if ((size_t) dims[0] != p) error("internal error: not %d coefficients", responses->n_coef);
    checked_doubles(L, "L", (double) (q * q) * n);
    checked_doubles(shape, "shape", has_shape(&model) ? n : 0);
    int n_threads = model.n_groupings ? threads_for(model.grouping, asInteger(threads)) : 1;
    family_data_t *family = new_family_data(&model, model.step, n_threads, 1.0, &monitor);
    SEXP values = PROTECT(allocVector(REALSXP, n));
    for (int i = 0; i < n; i++) REAL(values)[i] = NA_REAL;
    for (int i = 0; i < n; i++) {
        group_parameters_t at = { REAL(theta) + p * i, REAL(L) + q * q * i,
                                  has_shape(&model) ? REAL(shape)[i] : 0.0, 1.0 };
        double value = has_shape(&model) ? log_gamma_sums(responses, at.shape) : 0.0;
        status_t status = add_group_integrals(family, &at, &monitor, &value);
        if (status == STATUS_INTERRUPTED) break;
        REAL(values)[i] = status == STATUS_OK && R_FINITE(value) ? value : R_NegInf;
    }
    UNPROTECT(1);
    return values;
}
