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
    const int *from, *to;       /* n_groups + 1: where a group's rows start in R's arrays and in C's */
} packing_t;

static double *pack_columns(const packing_t *packing, const double *columns, int n_columns)
{
    double *packed;
    size_t size = (size_t) packing->to[packing->n_groups] * n_columns;
    ALLOCATE(packed = take_aligned(&work, size));
    memset(packed, 0, sizeof(double) * size);
    for (int j = 0; j < packing->n_groups; j++) {
        int n = packing->from[j + 1] - packing->from[j], m = packing->to[j + 1] - packing->to[j];
        double *block = packed + (size_t) packing->to[j] * n_columns;
        for (int k = 0; k < n_columns; k++)
            memcpy(block + (size_t) m * k,
                   columns + packing->from[j] + (size_t) packing->n_rows * k, sizeof(double) * n);
    }
    return packed;
}

static packing_t place_rows(SEXP list, int n_groups, int n_rows, int *most_rows)
{
    int *to = (int *) R_alloc((size_t) n_groups + 1, sizeof(int));
    const int *from =
        checked_starts(list_element(list, "start"), "start", n_groups, n_rows);
    double total = 0.0;
    to[0] = *most_rows = 0;
    for (int j = 0; j < n_groups; j++) {
        int m = (from[j + 1] - from[j] + LANES - 1) / LANES * LANES;
        if (m > *most_rows) *most_rows = m;
        total += m;
        if (total > INT_MAX) error("internal error: %.0f rows", total);
        to[j + 1] = to[j] + m;
    }
    packing_t packing = { n_rows, n_groups, from, to };
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

void decode_responses(SEXP model_list, model_t *model)
{
    SEXP list = optional_element(model_list, "responses");
    if (isNull(list)) return;
    if (model->n_strata != 1 || model->n_groupings > 1 || !is_uncentered(model))
        error("internal error: not a model of responses");
    responses_t *responses = (responses_t *) R_alloc(1, sizeof(responses_t));
    memset(responses, 0, sizeof *responses);
    int likelihood = list_integer(list, "likelihood", 0);
    if (likelihood > LIKELIHOOD_DISPERSED) error("internal error: no likelihood %d", likelihood);
    responses->likelihood = (likelihood_t) likelihood;
    responses->n_coef = model->n_coef;
    responses->n_random = model->n_groupings ? model->grouping->n_random : 0;
    responses->n_groups = model->n_groupings ? model->grouping->n_groups : 1;
    if (responses->n_random > MOST_LATTICE_COLUMNS)
        error("internal error: %d random columns", responses->n_random);
    int n = length(list_element(list, "y"));
    packing_t packing = place_rows(list, responses->n_groups, n, &responses->most_rows);
    double p = model->n_coef, q = responses->n_random;
    responses->start = packing.to;
    responses->X = pack_columns(&packing, list_doubles(list, "X", p * n), model->n_coef);
    responses->Z = pack_columns(&packing, list_doubles(list, "Z", q * n), responses->n_random);
    responses->y = pack_columns(&packing, list_doubles(list, "y", n), 1);
    responses->trials = pack_columns(&packing, list_doubles(list, "trials", n), 1);
    responses->offset = pack_columns(&packing, list_doubles(list, "offset", n), 1);
    SEXP mode = optional_element(list, "mode");
    if (!isNull(mode))
        responses->mode = checked_doubles(mode, "mode", q * responses->n_groups);
    SEXP slope = optional_element(list, "slope");
    if (!isNull(slope)) {
        int n_slopes = n_mode_slopes(responses);
        responses->slope = checked_doubles(slope, "slope", n_slopes * q * responses->n_groups);
        responses->reference = list_doubles(list, "reference", n_slopes);
    }
    responses->n_values = length(list_element(list, "value"));
    responses->value = list_doubles(list, "value", responses->n_values);
    responses->times = list_doubles(list, "times", responses->n_values);
    look_at_rows(responses);
    model->responses = responses;
    if (has_shape(model))
        model->shape_prior = decode_scale_prior(list_element(list, "shape_prior"));
}

family_data_t *new_family_data(const model_t *model, int n_threads, double fineness)
{
    family_data_t *family = (family_data_t *) R_alloc(1, sizeof(family_data_t));
    family->n_threads = n_threads;
    family->fineness = fineness;
    family->buffers = (lattice_buffers_t *)
        R_alloc((size_t) n_threads, sizeof(lattice_buffers_t));
    for (int i = 0; i < n_threads; i++)
        ALLOCATE(family->buffers[i] = take_lattice(model->responses, &work));
    family->sums = doubles((double) n_threads * LATTICE_CHUNKS_PER_THREAD);
    return family;
}

/* Of one draw what modes depend on: n_mode_slopes(). */
static void encode_reference(const responses_t *responses, const group_parameters_t *at, double *reference)
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
    if (!model.responses) error("internal error: a model without responses");
    decode_draws(&model, hyper, &draws);
    int q = model.responses->n_random, J = model.responses->n_groups;
    int n = n_mode_slopes(model.responses);
    family_data_t *family = new_family_data(&model, 1, 1.0);
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
