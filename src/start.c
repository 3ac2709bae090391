#include <string.h>
#include "conditionals.h"
#include "linalg.h"
#include "start.h"

em_buffers_t take_em(int q, int p, workspace_t *work)
{
    em_buffers_t buffers;
    buffers.U = take_matrix(work, q, q);
    buffers.V = take_matrix(work, q, q);
    buffers.h = take(work, q);
    buffers.A = take_matrix(work, q, p);
    buffers.root = take_matrix(work, p, p);
    return buffers;
}

/* For group j: U with U'U = Sigma^-1 + Z'Z/sigma^2, A = Z'X/sigma^2 (q x p),
   h = Z'y/sigma^2. */
static status_t group_system(const model_t *model, const state_t *state, int g, int j,
                             const em_buffers_t *buffers)
{
    const grouping_t *grouping = model->grouping + g;
    int q = grouping->n_random, p = model->n_coef;
    double *U = buffers->U, *A = buffers->A, *h = buffers->h;
    memcpy(U, state->grouping[g].Sigma_inverse, sizeof(double) * q * q);
    memset(A, 0, sizeof(double) * q * p);
    memset(h, 0, sizeof(double) * q);
    for (int cell = grouping->group_start[j]; cell < grouping->group_start[j + 1]; cell++) {
        const double *R = cell_factor(grouping, cell);
        const double *C = R + q * q;
        double precision = 1.0 / state->sigma2[grouping->cell_stratum[cell]];
        for (int r = 0; r < q; r++) {
            const double *column = R + (size_t) q * r;
            for (int k = 0; k <= r; k++)
                U[k + q * r] += precision * dot(k + 1, R + (size_t) q * k, column);
            for (int k = 0; k < p; k++)
                A[r + (size_t) q * k] += precision * dot(r + 1, column, C + (size_t) q * k);
            h[r] += precision * dot(r + 1, column, C + (size_t) q * p);
        }
    }
    return cholesky(q, U);
}

/* precision and theta <- X'V^-1X and X'V^-1y of the strata alone, which have no effects. */
static void strata_moments(const model_t *model, const state_t *state, em_t *em)
{
    int p = model->n_coef, rows = p + 1;
    memset(em->precision, 0, sizeof(double) * p * p);
    memset(em->theta, 0, sizeof(double) * p);
    for (int s = 0; s < model->n_strata; s++) {
        const double *T = stratum_factor(model, s);
        const double *gram = model->stratum_gram + (size_t) p * p * s;
        for (int k = 0; k < p * p; k++) em->precision[k] += gram[k] / state->sigma2[s];
        for (int k = 0; k < p; k++)
            em->theta[k] += dot(rows, T + (size_t) rows * k, T + (size_t) rows * p)
                / state->sigma2[s];
    }
}

/* What the groups add, V being the covariance of y. */
static status_t add_group_moments(const model_t *model, state_t *state, int g, em_t *em,
                                  const em_buffers_t *buffers)
{
    const grouping_t *grouping = model->grouping + g;
    int q = grouping->n_random, p = model->n_coef;
    double *U = buffers->U, *h = buffers->h, *A = buffers->A;
    double visits = cell_visits(model, grouping) + 0.01 * q * p * p;
    for (int j = 0; j < grouping->n_groups; j++) {
        for (int cell = grouping->group_start[j]; cell < grouping->group_start[j + 1]; cell++) {
            const double *C = cell_factor(grouping, cell) + q * q;
            for (int k = 0; k < p; k++)
                em->theta[k] += dot(q, C + (size_t) q * k, C + (size_t) q * p)
                    / state->sigma2[grouping->cell_stratum[cell]];
        }
        RETURN_IF_FAILED(group_system(model, state, g, j, buffers));
        if (user_wants_to_stop(state->monitor, visits)) return STATUS_INTERRUPTED;
        solve_upper_transposed(q, U, h);
        for (int k = 0; k < p; k++) solve_upper_transposed(q, U, A + (size_t) q * k);
        for (int k = 0; k < p; k++) {
            em->theta[k] -= dot(q, A + (size_t) q * k, h);
            for (int l = 0; l < p; l++)
                em->precision[l + (size_t) p * k] -=
                    dot(q, A + (size_t) q * l, A + (size_t) q * k);
        }
    }
    return STATUS_OK;
}

/* The mean and covariance of each gamma_j given theta, and what they add to
   the moments. */
static status_t effect_moments(const model_t *model, state_t *state, int g, em_t *em,
                               const em_buffers_t *buffers)
{
    const grouping_t *grouping = model->grouping + g;
    const grouping_state_t *own = state->grouping + g;
    int q = grouping->n_random, p = model->n_coef, J = grouping->n_groups;
    double *U = buffers->U, *V = buffers->V, *h = buffers->h, *A = buffers->A;
    double visits = cell_visits(model, grouping);
    memset(em->moment, 0, sizeof(double) * q * q);
    memset(em->effective, 0, sizeof(double) * q);
    for (int j = 0; j < J; j++) {
        double *effect = own->effect + (size_t) q * j;
        RETURN_IF_FAILED(group_system(model, state, g, j, buffers));
        if (user_wants_to_stop(state->monitor, visits)) return STATUS_INTERRUPTED;
        for (int r = 0; r < q; r++) {
            effect[r] = h[r];
            for (int k = 0; k < p; k++) effect[r] -= A[r + (size_t) q * k] * em->theta[k];
        }
        solve_upper_transposed(q, U, effect);
        solve_upper(q, U, effect);
        inverse_from_cholesky(q, U, V);
        for (int k = 0; k < q; k++) {
            double reliability = 1.0 - V[k + q * k] / own->Sigma[k + q * k];
            em->effective[k] += reliability * reliability;
            for (int l = 0; l < q; l++)
                em->moment[l + q * k] += (V[l + q * k] + effect[l] * effect[k]) / J;
        }
        for (int cell = grouping->group_start[j]; cell < grouping->group_start[j + 1]; cell++) {
            const double *R = cell_factor(grouping, cell);
            double *sum = em->sum_of_squares + grouping->cell_stratum[cell];
            for (int k = 0; k < q; k++)
                for (int l = 0; l < q; l++)
                    *sum += V[l + q * k] * dot((k < l ? k : l) + 1, R + (size_t) q * k,
                                               R + (size_t) q * l);
        }
    }
    return STATUS_OK;
}

status_t em_step(const model_t *model, state_t *state, const step_t *step, em_t *em,
                 const em_buffers_t *buffers)
{
    int p = model->n_coef;
    double *U = buffers->root;
    RETURN_IF_FAILED(refresh_state(model, state));
    strata_moments(model, state, em);
    if (step) RETURN_IF_FAILED(add_group_moments(model, state, only_grouping(step), em, buffers));
    memcpy(U, em->precision, sizeof(double) * p * p);
    RETURN_IF_FAILED(cholesky(p, U));
    solve_upper_transposed(p, U, em->theta);
    solve_upper(p, U, em->theta);
    memset(em->sum_of_squares, 0, sizeof(double) * model->n_strata);
    if (step) RETURN_IF_FAILED(effect_moments(model, state, only_grouping(step), em, buffers));
    memcpy(state->staying, em->theta, sizeof(double) * p);
    double *expected = em->sum_of_squares;
    residual_sums_of_squares(model, state);
    for (int s = 0; s < model->n_strata; s++) expected[s] += state->sum_of_squares[s];
    return STATUS_OK;
}
