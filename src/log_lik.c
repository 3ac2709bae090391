#include <math.h>
#include <string.h>
#include "group.h"
#include "linalg.h"
#include "log_lik.h"

static const double LOG_2_PI = 1.83787706640934548;

log_lik_buffers_t take_log_lik(int q, workspace_t *work)
{
    log_lik_buffers_t buffers;
    buffers.Re = take_matrix(work, q, q + 1);
    buffers.cell = take_matrix(work, q, q + 1);
    buffers.mean = take(work, q);
    buffers.t = take(work, q);
    buffers.group = take_group(q, work);
    return buffers;
}

double rest_square(int p, const double *rest, const double *theta)
{
    int n = p + 1;
    double square = 0.0;
    for (int r = 0; r < n; r++) {
        double e = rest[r + (size_t) n * p];
        for (int k = 0; k < p; k++) e -= rest[r + (size_t) n * k] * theta[k];
        square += e * e;
    }
    return square;
}

status_t group_log_lik(const groups_t *groups, int group, const hyper_t *hyper,
                       const log_lik_buffers_t *buffers, double *value)
{
    const model_t *model = &groups->model;
    const grouping_t *grouping = &groups->grouping;
    int q = grouping->n_random, p = model->n_coef;
    double *Re = buffers->Re, *A = buffers->group.A, *U = buffers->group.U;
    double square = weigh_residual(model, grouping, hyper, group, Re, buffers->cell);
    /* By D = I + A A', A = R L, which has the determinant of I + L'Z'WZ L. */
    multiply_transposed(q, Re, hyper->L, A, buffers->group.spare);
    RETURN_IF_FAILED(unit_plus_root(q, A, U, buffers->group.spare));
    double *e = Re + q * q;
    solve_upper_transposed(q, U, e);
    square += dot(q, e, e);
    *value = 0.5 * groups->log_weights[group];
    for (int k = 0; k < q; k++) *value -= log(U[k + (size_t) q * k]);
    for (int cell = grouping->group_start[group]; cell < grouping->group_start[group + 1]; cell++) {
        double sigma = hyper->sigma[grouping->cell_stratum[cell]], n = groups->cell_rows[cell];
        size_t size = (size_t) (p + 1) * (p + 1);
        square += rest_square(p, groups->rest + size * cell, hyper->theta) / (sigma * sigma);
        *value -= n * (0.5 * LOG_2_PI + log(sigma));
    }
    *value -= 0.5 * square;
    return STATUS_OK;
}

/* A group's effects given its data: buffers->mean = L M^-1 A'e, and buffers->group.U with
   U'U = M = I + A'A. */
static status_t condition_on_group(const groups_t *groups, int group, const hyper_t *hyper,
                                   const log_lik_buffers_t *buffers)
{
    const grouping_t *grouping = &groups->grouping;
    int q = grouping->n_random;
    double *U = buffers->group.U;
    memset(buffers->mean, 0, sizeof(double) * q);
    memset(U, 0, sizeof(double) * q * q);
    if (group < 0) {
        for (int k = 0; k < q; k++) U[k + (size_t) q * k] = 1.0;
        return STATUS_OK;
    }
    weigh_residual(&groups->model, grouping, hyper, group, buffers->Re, buffers->cell);
    return group_mean(q, buffers->Re, hyper->L, buffers->Re + q * q, buffers->mean,
                      &buffers->group);
}

/* Products of one row: x'beta, z'E(gamma_j), z'Sigma z and z'K z. */
typedef struct {
    double x_beta, effect, prior, left;
} row_moments_t;

static row_moments_t moments_of_row(const row_data_t *rows, int i, int q, int p,
                                    const hyper_t *hyper,
                                    const log_lik_buffers_t *buffers)
{
    double *t = buffers->t;
    row_moments_t row = { 0.0, 0.0, 0.0, 0.0 };
    for (int k = 0; k < p; k++) row.x_beta += rows->X[i + (size_t) rows->n * k] * hyper->beta[k];
    for (int k = 0; k < q; k++) {
        t[k] = 0.0;
        row.effect += rows->Z[i + (size_t) rows->n * k] * buffers->mean[k];
        for (int r = k; r < q; r++)
            t[k] += hyper->L[r + (size_t) q * k] * rows->Z[i + (size_t) rows->n * r];
    }
    row.prior = dot(q, t, t);
    solve_upper_transposed(q, buffers->group.U, t);
    row.left = dot(q, t, t);
    return row;
}

status_t predict_rows(const groups_t *groups, const row_data_t *rows, int from, int to,
                      int leave_out, const hyper_t *hyper, double *mean, double *sd,
                      size_t stride, const log_lik_buffers_t *buffers)
{
    int q = groups->grouping.n_random, p = groups->model.n_coef, group = rows->group[from];
    int is_alone = leave_out && (group < 0 || groups->group_rows[group] == 1.0);
    if (is_alone) group = -1;
    RETURN_IF_FAILED(condition_on_group(groups, group, hyper, buffers));
    for (int i = from; i < to; i++, mean += stride, sd += stride) {
        row_moments_t row = moments_of_row(rows, i, q, p, hyper, buffers);
        double sigma = hyper->sigma[rows->stratum[i]];
        double variance = sigma * sigma / (rows->weights ? rows->weights[i] : 1.0);
        *mean = row.x_beta + row.effect;
        if (leave_out && !is_alone) {
            /* No data leave more than the prior does: 1 - h >= 1/(1 + w z'Sigma z). */
            double least = 1.0 / (1.0 + row.prior / variance);
            double spare = fmax(1.0 - row.left / variance, least);
            *mean = rows->y[i] - (rows->y[i] - *mean) / spare;
            *sd = sqrt(variance / spare);
        } else {
            *sd = sqrt(variance + row.left);
        }
    }
    return STATUS_OK;
}
