#include <limits.h>
#include <math.h>
#include <string.h>
#include <R_ext/Random.h>
#include "ffi_collapsed.h"
#include "ffi_responses.h"
#include "lanes.h"

/* Rows of each group in a block of its own, column by column, made up to whole vectors. */
typedef struct {
    int n_rows, n_groups;
    const int *from, *to;       /* n_groups + 1: where a group's rows start in R's order and in C's */
    const int *order;           /* n_rows: the row of R's arrays that each is, or NULL */
} packing_t;

static double *pack_columns(const packing_t *packing, const double *columns, const int *place,
                            int n_columns)
{
    allow_stop();
    double *packed;
    size_t size = (size_t) packing->to[packing->n_groups] * n_columns;
    ALLOCATE(packed = take_aligned(&work, size));
    memset(packed, 0, sizeof(double) * size);
    for (int j = 0; j < packing->n_groups; j++) {
        int first = packing->from[j], n = packing->from[j + 1] - first;
        int m = packing->to[j + 1] - packing->to[j];
        double *block = packed + (size_t) packing->to[j] * n_columns;
        for (int k = 0; k < n_columns; k++) {
            const double *column = columns + (size_t) packing->n_rows * (place ? place[k] : k);
            double *out = block + (size_t) m * k;
            if (!packing->order) memcpy(out, column + first, sizeof(double) * n);
            else for (int i = 0; i < n; i++) out[i] = column[packing->order[first + i]];
        }
    }
    return packed;
}

static int *pack_numbers(const packing_t *packing)
{
    int size = packing->to[packing->n_groups];
    int *row = ints((size_t) size);
    for (int i = 0; i < size; i++) row[i] = -1;
    for (int j = 0; j < packing->n_groups; j++)
        for (int i = packing->from[j]; i < packing->from[j + 1]; i++)
            row[packing->to[j] + i - packing->from[j]] = packing->order[i];
    return row;
}

static packing_t place_rows(SEXP list, int n_groups, int n_rows, int *most_rows)
{
    int *to = ints((size_t) n_groups + 1);
    const int *from =
        checked_starts(list_element(list, "start"), "start", n_groups, n_rows);
    SEXP order = optional_element(list, "order");
    double total = 0.0;
    to[0] = *most_rows = 0;
    for (int j = 0; j < n_groups; j++) {
        int m = (from[j + 1] - from[j] + LANES - 1) / LANES * LANES;
        if (m > *most_rows) *most_rows = m;
        total += m;
        if (total > INT_MAX) error("internal error: %.0f rows", total);
        to[j + 1] = to[j] + m;
    }
    packing_t packing = { n_rows, n_groups, from, to,
                          isNull(order) ? NULL : checked_places(order, "order", n_rows, 0, n_rows) };
    return packing;
}

static void look_at_rows(responses_t *responses)
{
    int n = responses->start[responses->n_groups], q = responses->n_random;
    responses->is_single = responses->has_few_trials = 1;
    responses->is_intercept = q == 1;
    for (int i = 0; i < n; i++) {
        double trials = responses->trials[i];
        if (trials != 0.0 && trials != 1.0) responses->is_single = 0;
        if (!(trials <= FEW_TRIALS && trials == floor(trials))) responses->has_few_trials = 0;
        if (q == 1 && trials != 0.0 && responses->Z[i] != 1.0) responses->is_intercept = 0;
    }
}

/* Rows of a list, whose Z has n_columns, in groups and the order that `sorted` has; place: the
   columns that these groups have, or NULL for all. */
static void pack_rows(SEXP list, SEXP sorted, const int *place, int n_columns,
                      responses_t *responses)
{
    int n = length(list_element(list, "y"));
    double p = responses->n_coef, q = n_columns;
    packing_t packing = place_rows(sorted, responses->n_groups, n, &responses->most_rows);
    responses->start = packing.to;
    responses->row = packing.order ? pack_numbers(&packing) : NULL;
    responses->X = pack_columns(&packing, list_doubles(list, "X", p * n), NULL, responses->n_coef);
    responses->Z = pack_columns(&packing, list_doubles(list, "Z", q * n), place,
                                responses->n_random);
    responses->y = pack_columns(&packing, list_doubles(list, "y", n), NULL, 1);
    responses->trials = pack_columns(&packing, list_doubles(list, "trials", n), NULL, 1);
    responses->offset = pack_columns(&packing, list_doubles(list, "offset", n), NULL, 1);
    look_at_rows(responses);
}

/* The rows as one grouping has them, or a model without groups. n_columns: of R's Z. */
static void pack_responses(SEXP list, SEXP sorted, const model_t *model, int g, int n_columns,
                           responses_t *responses)
{
    const grouping_t *grouping = model->n_groupings ? model->grouping + g : NULL;
    const int *place = model->n_groupings > 1 ? grouping->place : NULL;
    responses->n_coef = model->n_coef;
    responses->n_random = grouping ? grouping->n_random : 0;
    responses->n_groups = grouping ? grouping->n_groups : 1;
    if (responses->n_random > MOST_LATTICE_COLUMNS)
        error("internal error: %d random columns", responses->n_random);
    pack_rows(list, sorted, place, n_columns, responses);
    if ((responses->row != NULL) != (model->n_groupings > 1))
        error("internal error: an order of rows for %d groupings", model->n_groupings);
    responses->n_values = length(list_element(list, "value"));
    responses->value = list_doubles(list, "value", responses->n_values);
    responses->times = list_doubles(list, "times", responses->n_values);
}

responses_t *read_responses(SEXP list, const responses_t *like)
{
    responses_t *responses = (responses_t *) R_alloc(1, sizeof(responses_t));
    *responses = *like;
    responses->n_groups = length(list_element(list, "start")) - 1;
    pack_rows(list, list, NULL, like->n_random, responses);
    return responses;
}

/* Modes of the groups, with their derivatives; of one grouping, where it has them. */
static void decode_modes(SEXP list, responses_t *responses)
{
    SEXP mode = optional_element(list, "mode"), slope = optional_element(list, "slope");
    double size = (double) responses->n_random * responses->n_groups;
    if (!isNull(mode)) responses->mode = checked_doubles(mode, "mode", size);
    if (isNull(slope)) return;
    int n_slopes = n_mode_slopes(responses);
    responses->slope = checked_doubles(slope, "slope", n_slopes * size);
    responses->reference = list_doubles(list, "reference", n_slopes);
}

void decode_responses(SEXP model_list, model_t *model)
{
    SEXP list = optional_element(model_list, "responses");
    if (isNull(list)) return;
    if (model->n_strata != 1 || !is_uncentered(model))
        error("internal error: not a model of responses");
    int n = model->n_groupings > 1 ? model->n_groupings : 1;
    int likelihood = list_integer(list, "likelihood", 0);
    if (likelihood > LIKELIHOOD_DISPERSED) error("internal error: no likelihood %d", likelihood);
    SEXP sorted = checked_list(list_element(list, "sorted"), "sorted");
    int n_columns = n > 1 ? model->cells.n_columns
        : model->n_groupings ? model->grouping->n_random : 0;
    responses_t *responses = (responses_t *) R_alloc((size_t) n, sizeof(responses_t));
    memset(responses, 0, sizeof(responses_t) * n);
    for (int g = 0; g < n; g++) {
        responses[g].likelihood = (likelihood_t) likelihood;
        pack_responses(list, list_item(sorted, "sorted", g, n), model, g, n_columns, responses + g);
    }
    if (n == 1) decode_modes(list, responses);
    model->responses = responses;
    if (has_shape(model))
        model->shape_prior = decode_scale_prior(list_element(list, "shape_prior"));
}

family_data_t *new_family_data(const model_t *model, const step_t *step, int n_threads,
                               double fineness, monitor_t *monitor)
{
    family_data_t *family = (family_data_t *) R_alloc(1, sizeof(family_data_t));
    family->responses = responses_of_step(model, step);
    family->scan = NULL;
    family->n_threads = n_threads;
    family->fineness = fineness;
    family->buffers = (lattice_buffers_t *)
        R_alloc((size_t) n_threads, sizeof(lattice_buffers_t));
    for (int i = 0; i < n_threads; i++)
        ALLOCATE(family->buffers[i] = take_lattice(family->responses, &work));
    family->buffers[0].monitor = monitor;
    family->sums = doubles((double) n_threads * LATTICE_CHUNKS_PER_THREAD);
    return family;
}

void encode_reference(const responses_t *responses, const group_parameters_t *at,
                      double *reference)
{
    int p = responses->n_coef, q = responses->n_random, place = p;
    memcpy(reference, at->theta, sizeof(double) * p);
    for (int l = 0; l < q; l++)
        for (int m = l; m < q; m++) reference[place++] = at->L[m + (size_t) q * l];
    if (responses->likelihood == LIKELIHOOD_DISPERSED) reference[place] = log(at->shape);
}

/* The modes of the standardized effects, q x groups, at the first of the draws `hyper`, their
   derivatives, and by what. */
SEXP ffi_group_modes(SEXP model_list, SEXP hyper)
{
    model_t model;
    hyper_draws_t draws;
    decode_uncentered_model(model_list, &model);
    if (!model.responses || model.n_groupings > 1)
        error("internal error: not a model of responses with one grouping");
    decode_draws(&model, hyper, &draws);
    if (draws.n < 1) error("internal error: no draw to find modes at");
    int q = model.responses->n_random, J = model.responses->n_groups;
    int n = n_mode_slopes(model.responses);
    monitor_t monitor = jumping_monitor();
    family_data_t *family = new_family_data(&model, model.step, 1, 1.0, &monitor);
    group_parameters_t parameters = { draws.theta, q ? draws.L[0] : NULL,
                                      draws.shape ? draws.shape[0] : 0.0, 1.0 };
    SEXP modes = PROTECT(allocMatrix(REALSXP, q, J));
    SEXP slopes = PROTECT(alloc3DArray(REALSXP, n, q, J));
    SEXP reference = PROTECT(allocVector(REALSXP, n));
    encode_reference(model.responses, &parameters, REAL(reference));
    for (int j = 0; j < J; j++) {
        status_t status = find_mode_slopes(model.responses, j, &parameters, family->buffers,
                                           REAL(modes) + (size_t) q * j,
                                           REAL(slopes) + (size_t) n * q * j);
        if (status != STATUS_OK) raise_status(status, 0);
        if (j % 64 == 0) allow_stop();
    }
    const char *names[] = { "mode", "slope", "reference" };
    SEXP values[] = { modes, slopes, reference };
    SEXP answer = named_list(3, names, values);
    UNPROTECT(3);
    return answer;
}
