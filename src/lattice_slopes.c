#include <math.h>
#include "lattice_group.h"

/* The derivative of the slope in u at the mode, by a parameter that moves a row's linear
   predictor by move[i]: with A = Z L, row i's slope is A_i (y_i - mean_i), and `own` has what
   else changes. */
static void solve_for_mode(const lattice_group_t *g, const double *move, const double *own,
                           double *slope, int stride)
{
    double solved[MOST_Q];
    int n = g->n, q = g->q;
    for (int k = 0; k < q; k++) {
        double sum = own[k];
        for (int i = 0; i < n; i++)
            sum -= g->b->A[i + (size_t) n * k] * g->b->weight[i] * move[i];
        solved[k] = sum;
    }
    /* By H^-1 = C'^-1 C^-1. */
    for (int k = q - 1; k >= 0; k--) {
        double sum = 0.0;
        for (int l = 0; l <= k; l++) sum += g->inverse[k + q * l] * solved[l];
        solved[k] = sum;
    }
    for (int k = 0; k < q; k++) {
        double sum = 0.0;
        for (int l = k; l < q; l++) sum += g->inverse[l + q * k] * solved[l];
        slope[(size_t) stride * k] = sum;
    }
}

static void slopes_in_L(const lattice_group_t *g, int stride, double *slope)
{
    int n = g->n, q = g->q, place = 0;
    double own[MOST_Q], *move = g->b->rest;
    for (int l = 0; l < q; l++)
        for (int m = l; m < q; m++, place++) {
            const double *z = g->Z + (size_t) n * m;
            for (int k = 0; k < q; k++) own[k] = 0.0;
            for (int i = 0; i < n; i++) {
                move[i] = z[i] * g->u[l];
                own[l] += z[i] * (g->y[i] - g->b->mean[i]);
            }
            solve_for_mode(g, move, own, slope + place, stride);
        }
}

/* log r lowers e, and makes trials of y + m r. */
static void slope_in_shape(const lattice_group_t *g, double shape, const double *times, int stride,
                           double *slope)
{
    int n = g->n;
    double own[MOST_Q], *move = g->b->rest;
    for (int k = 0; k < g->q; k++) {
        own[k] = 0.0;
        for (int i = 0; i < n; i++)
            if (times[i] > 0.0)
                own[k] -= g->b->A[i + (size_t) n * k] * shape * times[i]
                    * g->b->mean[i] / g->trials[i];
    }
    for (int i = 0; i < n; i++) move[i] = -1.0;
    solve_for_mode(g, move, own, slope, stride);
}

status_t find_mode_slopes(const responses_t *responses, int group,
                          const group_parameters_t *parameters, const lattice_buffers_t *buffers,
                          double *mode, double *slope)
{
    lattice_group_t g;
    responses_t plain = *responses;
    int p = responses->n_coef, n = n_mode_slopes(responses);
    double own[MOST_Q] = { 0.0 };
    plain.is_intercept = 0;
    if (!center_group(&plain, group, parameters, 1e-16, buffers, &g)) return STATUS_NOT_FINITE;
    for (int k = 0; k < g.q; k++) mode[k] = g.u[k];
    for (int l = 0; l < p; l++) solve_for_mode(&g, g.X + (size_t) g.n * l, own, slope + l, n);
    slopes_in_L(&g, n, slope + p);
    if (responses->likelihood == LIKELIHOOD_DISPERSED)
        slope_in_shape(&g, parameters->shape, responses->trials + responses->start[group], n,
                       slope + n - 1);
    return STATUS_OK;
}
