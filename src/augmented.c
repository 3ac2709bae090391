#include <math.h>
#include <string.h>
#include "augmented.h"
#include "collapsed.h"
#include "crossprods.h"
#include "family_target.h"
#include "linalg.h"
#include "polya_gamma.h"
#include "several.h"
#include "slice.h"
#include "student.h"

/* Rows that are reflected at once. */
enum { BLOCK_ROWS = 64 };

/* A row of a sum counts as so many visits, and so does a number of a column; a piece of a
   Polya-Gamma draw as one. */
static const double VISITS_PER_ROW = 0.25, VISITS_PER_NUMBER = 0.01;

void take_augmented(const model_t *model, augmented_t *augmented, workspace_t *work)
{
    int q = 0, p = model->n_staying;
    for (int g = 0; g < model->n_groupings; g++)
        if (model->grouping[g].n_random > q) q = model->grouping[g].n_random;
    augmented->eta = take(work, augmented->n_rows);
    augmented->root = take(work, augmented->n_rows);
    augmented->c = take(work, augmented->n_rows);
    augmented->block = take_matrix(work, BLOCK_ROWS, q + p + 1);
    augmented->rest = take_matrix(work, p + 1, (p + 1) * model->n_strata);
    if (!is_student(model)) return;
    augmented->square = take(work, augmented->n_rows);
    augmented->sigma = take(work, model->n_strata);
    augmented->present = take(work, model->n_strata);
    augmented->precision = take(work, model->n_strata);
    take_information(model, augmented, work);
}

static status_t set_predictor(const model_t *model, const state_t *state,
                              const augmented_t *augmented)
{
    double *eta = augmented->eta;
    size_t n = (size_t) augmented->n_rows;
    double visits = VISITS_PER_NUMBER * (double) n;
    memcpy(eta, augmented->offset, sizeof(double) * n);
    for (int k = 0; k < model->n_staying; k++) {
        const double *x = augmented->X + n * k;
        for (size_t i = 0; i < n; i++) eta[i] += x[i] * state->staying[k];
        if (user_wants_to_stop(state->monitor, visits)) return STATUS_INTERRUPTED;
    }
    for (int g = 0; g < model->n_groupings; g++) {
        const augmented_grouping_t *own = augmented->grouping + g;
        size_t q = (size_t) model->grouping[g].n_random;
        for (size_t k = 0; k < q; k++) {
            const double *z = own->Z + n * k, *effect = state->grouping[g].effect + k;
            for (size_t i = 0; i < n; i++) eta[i] += z[i] * effect[q * own->group[i]];
            if (user_wants_to_stop(state->monitor, visits)) return STATUS_INTERRUPTED;
        }
    }
    return STATUS_OK;
}

/* What the shape's conditional density is made of. */
typedef struct {
    const model_t *model;
    const augmented_t *augmented;
    monitor_t *monitor;
    int is_interrupted;
} shape_data_t;

/* log p(log r | eta, y), with weights integrated out. */
static double log_shape_density(void *data, double log_shape)
{
    shape_data_t *given = (shape_data_t *) data;
    const augmented_t *augmented = given->augmented;
    double shape = exp(log_shape);
    if (given->is_interrupted || !(shape > 1e-300 && shape < 1e300)) return -INFINITY;
    double sum = log_shape_prior(&given->model->shape_prior, shape)
        + log_gamma_sums(given->model->responses, shape);
    for (int i = 0; i < augmented->n_rows; i++) {
        double e = augmented->eta[i] - log_shape, y = augmented->y[i];
        double softplus = fmax(e, 0.0) + log1p(exp(-fabs(e)));
        sum += y * e - (y + augmented->trials[i] * shape) * softplus;
        if (user_wants_to_stop(given->monitor, VISITS_PER_ROW)) {
            given->is_interrupted = 1;
            return -INFINITY;
        }
    }
    return isnan(sum) ? -INFINITY : sum;
}

static status_t draw_shape(const model_t *model, state_t *state, const augmented_t *augmented)
{
    shape_data_t given = { model, augmented, state->monitor, 0 };
    double log_shape = step_by_slice(log_shape_density, &given, log(state->shape));
    if (given.is_interrupted) return STATUS_INTERRUPTED;
    state->shape = exp(log_shape);
    return STATUS_OK;
}

static status_t draw_polya_gamma_weights(const model_t *model, state_t *state,
                                         const augmented_t *augmented)
{
    int is_dispersed = has_shape(model);
    if (is_dispersed) RETURN_IF_FAILED(draw_shape(model, state, augmented));
    double log_shape = is_dispersed ? log(state->shape) : 0.0;
    for (int i = 0; i < augmented->n_rows; i++) {
        double b = augmented->trials[i], e = augmented->eta[i] - log_shape;
        if (is_dispersed) b = augmented->y[i] + b * state->shape;
        if (!isfinite(e) || !isfinite(b)) return STATUS_NOT_FINITE;
        double weight = draw_polya_gamma(b, e);
        if (!(weight > 0.0)) return STATUS_NOT_FINITE;
        augmented->root[i] = sqrt(weight);
        augmented->c[i] = (augmented->y[i] - 0.5 * b) / augmented->root[i]
            + augmented->root[i] * (log_shape - augmented->offset[i]);
        if (user_wants_to_stop(state->monitor, n_pieces(b, e))) return STATUS_INTERRUPTED;
    }
    return STATUS_OK;
}

/* Rows order[0 .. n - 1] as a block of [Z X y] over what their residual standard deviations are in
   units of their stratum's. */
static void gather_weighted(const augmented_t *augmented, const double *Z, int q, int n_staying,
                            const int *order, int n)
{
    size_t n_rows = (size_t) augmented->n_rows;
    for (int k = 0; k < q + n_staying; k++) {
        const double *source = k < q ? Z + n_rows * k : augmented->X + n_rows * (k - q);
        double *column = augmented->block + (size_t) BLOCK_ROWS * k;
        for (int r = 0; r < n; r++)
            column[r] = augmented->root[order[r]] * source[order[r]];
    }
    double *column = augmented->block + (size_t) BLOCK_ROWS * (q + n_staying);
    for (int r = 0; r < n; r++) column[r] = augmented->c[order[r]];
}

/* What the reflections leave of [X y] beside q columns. */
static void absorb_rest(const augmented_t *augmented, int stratum, int q, int n_staying, int n)
{
    size_t m = (size_t) n_staying + 1;
    absorb_block((int) m, (int) m, augmented->rest + m * m * stratum, n, BLOCK_ROWS,
                 augmented->block + (size_t) BLOCK_ROWS * q);
}

/* [R C c] of each cell; of the only grouping what they leave, too. */
static status_t make_cells(const model_t *model, const state_t *state,
                           const augmented_t *augmented, int g)
{
    const augmented_grouping_t *own = augmented->grouping + g;
    const grouping_t *grouping = model->grouping + g;
    int q = grouping->n_random, p = model->n_staying, m = q + p + 1;
    double visits = VISITS_PER_ROW + 0.005 * m * (q + p);
    memset(own->factor, 0, sizeof(double) * q * m * (size_t) grouping->n_cells);
    for (int j = 0; j < grouping->n_cells; j++)
        for (int first = own->start[j]; first < own->start[j + 1]; first += BLOCK_ROWS) {
            int n = own->start[j + 1] - first;
            if (n > BLOCK_ROWS) n = BLOCK_ROWS;
            gather_weighted(augmented, own->Z, q, p, own->order + first, n);
            absorb_block(q, m, own->factor + (size_t) q * m * j, n, BLOCK_ROWS,
                         augmented->block);
            if (model->n_groupings == 1)
                absorb_rest(augmented, grouping->cell_stratum[j], q, p, n);
            if (user_wants_to_stop(state->monitor, visits * n)) return STATUS_INTERRUPTED;
        }
    return STATUS_OK;
}

/* Without groupings all rows are what is left. */
static status_t absorb_all_rows(const model_t *model, const state_t *state,
                                const augmented_t *augmented)
{
    int p = model->n_staying;
    double visits = VISITS_PER_ROW + 0.005 * (p + 1) * p;
    for (int s = 0; s < model->n_strata; s++)
        for (int first = augmented->start[s]; first < augmented->start[s + 1];
             first += BLOCK_ROWS) {
            int n = augmented->start[s + 1] - first;
            if (n > BLOCK_ROWS) n = BLOCK_ROWS;
            gather_weighted(augmented, NULL, 0, p, augmented->order + first, n);
            absorb_rest(augmented, s, 0, p, n);
            if (user_wants_to_stop(state->monitor, visits * n)) return STATUS_INTERRUPTED;
        }
    return STATUS_OK;
}

/* Several groupings have the rows themselves. */
static status_t make_joint_rows(const model_t *model, const state_t *state,
                                const augmented_t *augmented)
{
    joint_rows_t *rows = augmented->joint_rows;
    size_t n = (size_t) augmented->n_rows, q = (size_t) augmented->n_columns;
    double visits = VISITS_PER_NUMBER * (double) (q + model->n_staying);
    if (rows) memcpy(rows->c, augmented->c, sizeof(double) * n);
    for (size_t i = 0; i < n; i++) {
        double *C = augmented->joint_factor + model->cells.size * augmented->joint_cell[i] + q * q
            + augmented->joint_row[i];
        for (size_t k = 0; rows && k < q; k++)
            rows->z[k + q * i] = augmented->root[i] * augmented->Z[i + n * k];
        for (int k = 0; k < model->n_staying; k++)
            C[q * k] = augmented->root[i] * augmented->X[i + n * k];
        if (user_wants_to_stop(state->monitor, visits)) return STATUS_INTERRUPTED;
    }
    return STATUS_OK;
}

/* The collapsed sampler and draws of sigma take all of a cell's factor. */
static status_t fill_joint_factors(const model_t *model, const state_t *state,
                                   const augmented_t *augmented)
{
    size_t n = (size_t) augmented->n_rows, q = (size_t) augmented->n_columns;
    for (size_t i = 0; i < n; i++) {
        double *R = augmented->joint_factor + model->cells.size * augmented->joint_cell[i]
            + augmented->joint_row[i];
        for (size_t k = 0; k < q; k++) R[q * k] = augmented->root[i] * augmented->Z[i + n * k];
        R[q * (q + model->n_staying)] = augmented->c[i];
        if (user_wants_to_stop(state->monitor, VISITS_PER_NUMBER * (double) (q + 1)))
            return STATUS_INTERRUPTED;
    }
    return STATUS_OK;
}

static status_t make_gram(const model_t *model, const state_t *state,
                          const augmented_t *augmented)
{
    size_t n = (size_t) augmented->n_rows, p = (size_t) model->n_staying;
    memset(augmented->stratum_gram, 0, sizeof(double) * p * p * model->n_strata);
    for (size_t k = 0; k < p; k++) {
        for (size_t l = 0; l <= k; l++) {
            const double *x = augmented->X + n * k, *z = augmented->X + n * l;
            for (size_t i = 0; i < n; i++)
                augmented->stratum_gram[l + p * k + p * p * augmented->stratum[i]] +=
                    augmented->root[i] * x[i] * (augmented->root[i] * z[i]);
            for (int s = 0; s < model->n_strata; s++) {
                double *gram = augmented->stratum_gram + p * p * s;
                gram[k + p * l] = gram[l + p * k];
            }
            if (user_wants_to_stop(state->monitor, VISITS_PER_NUMBER * (double) n))
                return STATUS_INTERRUPTED;
        }
    }
    return STATUS_OK;
}

/* The rows of a stratum's factor are as many as coefficients, and one: those below are 0. */
static void copy_rest(const model_t *model, const augmented_t *augmented)
{
    size_t rows = (size_t) model->n_coef + 1, n = (size_t) model->n_staying + 1;
    for (int s = 0; s < model->n_strata; s++)
        for (size_t k = 0; k < n; k++)
            memcpy(augmented->stratum_factor + rows * (k + n * s),
                   augmented->rest + n * (k + n * s), sizeof(double) * n);
}

static status_t make_factors(const model_t *model, const state_t *state,
                             const augmented_t *augmented)
{
    size_t p = (size_t) model->n_staying;
    memset(augmented->rest, 0, sizeof(double) * (p + 1) * (p + 1) * model->n_strata);
    /* The collapsed sampler takes joint cells of several. */
    int has_joint = model->n_groupings > 1;
    for (int g = 0; g < model->n_groupings && !(has_joint && state->collapsed); g++)
        RETURN_IF_FAILED(make_cells(model, state, augmented, g));
    if (model->n_groupings == 0) RETURN_IF_FAILED(absorb_all_rows(model, state, augmented));
    if (has_joint) RETURN_IF_FAILED(make_joint_rows(model, state, augmented));
    if (has_joint && is_student(model))
        RETURN_IF_FAILED(fill_joint_factors(model, state, augmented));
    copy_rest(model, augmented);
    return state->collapsed ? STATUS_OK : make_gram(model, state, augmented);
}

status_t augmented_sweep(const model_t *model, state_t *state)
{
    const augmented_t *augmented = state->augmented;
    double old_sigma = sqrt(state->sigma2[0]);
    RETURN_IF_FAILED(set_predictor(model, state, augmented));
    /* nu, sigma | eta; w_i | eta_i, nu, sigma; or r | eta; w_i | eta_i, r ~ PG(b_i, e_i) */
    if (is_student(model))
        RETURN_IF_FAILED(draw_student_weights(model, state, augmented));
    else
        RETURN_IF_FAILED(draw_polya_gamma_weights(model, state, augmented));
    RETURN_IF_FAILED(make_factors(model, state, augmented));
    face_new_data(model, state, old_sigma);
    /* gamma_j, beta, Sigma, sigma | w */
    return augmented->sweep(model, state);
}
