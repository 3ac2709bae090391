#include <math.h>
#include <string.h>
#include "crossprods.h"
#include "group.h"
#include "linalg.h"

void multiply_factors(int q, const double *R, const double *L, double *A)
{
    for (int k = 0; k < q; k++)
        for (int r = 0; r < q; r++) {
            double sum = 0.0;
            for (int l = r > k ? r : k; l < q; l++)
                sum += R[r + (size_t) q * l] * L[l + (size_t) q * k];
            A[r + (size_t) q * k] = sum;
        }
}

void multiply_transposed(int q, const double *R, const double *L, double *A, double *spare)
{
    multiply_factors(q, R, L, spare);
    for (int k = 0; k < q; k++)
        for (int l = 0; l < q; l++) A[l + (size_t) q * k] = spare[k + (size_t) q * l];
}

status_t unit_plus_root(int q, const double *A, double *U, double *spare)
{
    double square = dot(q * q, A, A);
    for (int k = 0; k < q; k++)
        for (int l = 0; l < q; l++)
            U[l + (size_t) q * k] = (l == k ? 1.0 : 0.0)
                + (square > LARGE_SQUARE || l > k ? 0.0
                   : dot(q, A + (size_t) q * l, A + (size_t) q * k));
    if (!(square > LARGE_SQUARE)) return cholesky(q, U);
    memcpy(spare, A, sizeof(double) * q * q);
    absorb_block(q, q, U, q, q, spare);
    return isfinite(square) ? STATUS_OK : STATUS_NOT_FINITE;
}

weighed_buffers_t take_weighed(int q, int p, workspace_t *work)
{
    weighed_buffers_t buffers;
    buffers.factor = take_matrix(work, q, q + p + 1);
    buffers.cell = take_matrix(work, q, q + p + 1);
    return buffers;
}

group_buffers_t take_group(int q, workspace_t *work)
{
    group_buffers_t buffers;
    buffers.A = take_matrix(work, q, q);
    buffers.U = take_matrix(work, q, q);
    buffers.spare = take_matrix(work, q, q);
    buffers.e = take(work, q);
    buffers.u = take(work, q);
    return buffers;
}

void weigh_group(const model_t *model, const grouping_t *grouping, const double *sigma2,
                 int group, const weighed_buffers_t *weighed, gathered_t *rest)
{
    int q = grouping->n_random, p = model->n_coef, n_columns = q + p + 1;
    int start = grouping->group_start[group], end = grouping->group_start[group + 1];
    size_t size = grouping->cell_size;
    for (int cell = start; cell < end; cell++) {
        double scale = 1.0 / sqrt(sigma2[grouping->cell_stratum[cell]]);
        const double *source = cell_factor(grouping, cell);
        double *target = cell == start ? weighed->factor : weighed->cell;
        for (size_t k = 0; k < size; k++) target[k] = scale * source[k];
        if (cell == start) continue;
        absorb_block(q, n_columns, weighed->factor, q, q, weighed->cell);
        if (!rest) continue;
        if (p + 1 < MANY_COLUMNS)
            add_crossproducts(q, p + 1, weighed->cell + q * q, 1.0, rest->products);
        else
            gather_rows(rest, q, weighed->cell + q * q);
    }
}

/* target <- the cell's [R e] over its residual standard deviation, q x (q + 1), with
   e = c - C theta. */
static void weigh_cell(int p, const grouping_t *grouping, int cell, const hyper_t *hyper,
                       double *target)
{
    int q = grouping->n_random;
    const double *factor = cell_factor(grouping, cell), *C = factor + q * q;
    double scale = 1.0 / hyper->sigma[grouping->cell_stratum[cell]];
    double *e = target + q * q;
    for (int k = 0; k < q * q; k++) target[k] = scale * factor[k];
    for (int r = 0; r < q; r++) e[r] = C[r + (size_t) q * p];
    for (int k = 0; k < p; k++)
        for (int r = 0; r < q; r++) e[r] -= C[r + (size_t) q * k] * hyper->theta[k];
    for (int r = 0; r < q; r++) e[r] *= scale;
}

double weigh_residual(const model_t *model, const grouping_t *grouping, const hyper_t *hyper,
                      int group, double *Re, double *cell)
{
    int q = grouping->n_random, p = model->n_coef, start = grouping->group_start[group];
    double left = 0.0;
    weigh_cell(p, grouping, start, hyper, Re);
    for (int i = start + 1; i < grouping->group_start[group + 1]; i++) {
        weigh_cell(p, grouping, i, hyper, cell);
        absorb_block(q, q + 1, Re, q, q, cell);
        left += dot(q, cell + q * q, cell + q * q);
    }
    return left;
}

static void draw_one_effect(int p, const double *factor, double lambda,
                            const double *theta, double sigma, double z, double *effect)
{
    double e, a = factor[0] * lambda, m = 1.0 + a * a;
    residual_of(1, p, factor, theta, &e);
    effect[0] = lambda * (a * e + sigma * sqrt(m) * z) / m;
}

/* Two effects: A = R L and U with U'U = M = I + A'A; the diagonal of U is inverted.
   |M| = 1 + (sum of squares of A) + |A|^2, a sum of positive terms. */
typedef struct {
    double a00, a10, a01, a11;
    double inverse0, u01, inverse1;
} pair_t;

static inline pair_t factor_pair(const double *factor, const double *L)
{
    double r00 = factor[0], r01 = factor[2], r11 = factor[3];
    pair_t P;
    P.a00 = r00 * L[0] + r01 * L[1];
    P.a01 = r01 * L[3];
    P.a10 = r11 * L[1];
    P.a11 = r11 * L[3];
    double root = r00 * L[0] * P.a11;
    double m00 = 1.0 + P.a00 * P.a00 + P.a10 * P.a10;
    double det = m00 + P.a01 * P.a01 + P.a11 * P.a11 + root * root;
    double u00 = sqrt(m00);
    P.inverse0 = 1.0 / u00;
    P.u01 = (P.a00 * P.a01 + P.a10 * P.a11) * P.inverse0;
    P.inverse1 = u00 / sqrt(det);
    return P;
}

/* effect <- L U^-1 (U'^-1 A'e + z). */
static inline void solve_pair(const pair_t *P, const double *L, const double *e, double z0,
                              double z1, double *effect)
{
    double v0 = (P->a00 * e[0] + P->a10 * e[1]) * P->inverse0;
    double v1 = (P->a01 * e[0] + P->a11 * e[1] - P->u01 * v0) * P->inverse1;
    double x1 = (v1 + z1) * P->inverse1;
    double x0 = (v0 + z0 - P->u01 * x1) * P->inverse0;
    effect[0] = L[0] * x0;
    effect[1] = L[1] * x0 + L[3] * x1;
}

static void draw_two_effects(int p, const double *factor, const double *L,
                             const double *theta, double sigma, const double *z,
                             double *effect)
{
    double e[2];
    pair_t P = factor_pair(factor, L);
    residual_of(2, p, factor, theta, e);
    solve_pair(&P, L, e, sigma * z[0], sigma * z[1], effect);
}

/* U with U'U = M, and u = A'e. */
static status_t effect_system(int q, const double *factor, const double *L, const double *e,
                              double *u, const group_buffers_t *buffers)
{
    const double *A = buffers->A;
    multiply_factors(q, factor, L, buffers->A);
    for (int k = 0; k < q; k++) u[k] = dot(q, A + (size_t) q * k, e);
    return unit_plus_root(q, A, buffers->U, buffers->spare);
}

/* effect <- L u. */
static void multiply_lower(int q, const double *L, const double *u, double *effect)
{
    for (int r = 0; r < q; r++) {
        effect[r] = 0.0;
        for (int k = 0; k <= r; k++) effect[r] += L[r + (size_t) q * k] * u[k];
    }
}

status_t group_mean(int q, const double *factor, const double *L, const double *e, double *mean,
                    const group_buffers_t *buffers)
{
    double *u = buffers->u;
    RETURN_IF_FAILED(effect_system(q, factor, L, e, u, buffers));
    solve_upper_transposed(q, buffers->U, u);
    solve_upper(q, buffers->U, u);
    multiply_lower(q, L, u, mean);
    return STATUS_OK;
}

status_t draw_whitened_effect(int q, int p, const double *factor, const double *L,
                              const double *theta, double sigma, const double *normals,
                              double *u, const group_buffers_t *buffers)
{
    residual_of(q, p, factor, theta, buffers->e);
    RETURN_IF_FAILED(effect_system(q, factor, L, buffers->e, u, buffers));
    solve_upper_transposed(q, buffers->U, u);
    for (int k = 0; k < q; k++) u[k] += sigma * normals[k];
    solve_upper(q, buffers->U, u);
    return STATUS_OK;
}

status_t draw_whitened_among(int q, const double *factor, const double *L, const double *h,
                             const double *normals, double *u, const group_buffers_t *buffers)
{
    multiply_factors(q, factor, L, buffers->A);
    for (int k = 0; k < q; k++) {
        u[k] = 0.0;
        for (int r = k; r < q; r++) u[k] += L[r + (size_t) q * k] * h[r];
    }
    RETURN_IF_FAILED(unit_plus_root(q, buffers->A, buffers->U, buffers->spare));
    solve_upper_transposed(q, buffers->U, u);
    for (int k = 0; k < q; k++) u[k] += normals[k];
    solve_upper(q, buffers->U, u);
    return STATUS_OK;
}

status_t draw_one_group(int q, int p, const double *factor, const double *L,
                        const double *theta, double sigma, const double *normals,
                        double *effect, const group_buffers_t *buffers)
{
    if (q == 1) {
        draw_one_effect(p, factor, L[0], theta, sigma, normals[0], effect);
        return STATUS_OK;
    }
    if (q == 2) {
        draw_two_effects(p, factor, L, theta, sigma, normals, effect);
        return STATUS_OK;
    }
    RETURN_IF_FAILED(draw_whitened_effect(q, p, factor, L, theta, sigma, normals, buffers->u,
                                          buffers));
    multiply_lower(q, L, buffers->u, effect);
    return STATUS_OK;
}

static void moments_of_one(int p, const double *factor, double lambda, const double *theta,
                           double sigma, double *mean, double *W)
{
    double e, a = factor[0] * lambda, m = 1.0 + a * a;
    residual_of(1, p, factor, theta, &e);
    mean[0] = lambda * a * e / m;
    W[0] = sigma * lambda / sqrt(m);
}

static void moments_of_two(int p, const double *factor, const double *L,
                           const double *theta, double sigma, double *mean, double *W)
{
    double e[2];
    pair_t P = factor_pair(factor, L);
    residual_of(2, p, factor, theta, e);
    solve_pair(&P, L, e, 0.0, 0.0, mean);
    W[0] = sigma * L[0] * P.inverse0;
    W[1] = -P.u01 * W[0] * P.inverse1;
    W[2] = sigma * L[1] * P.inverse0;
    W[3] = (sigma * L[3] - P.u01 * W[2]) * P.inverse1;
}

static status_t moments_of_many(int q, int p, const double *factor, const double *L,
                                const double *theta, double sigma, double *mean, double *W,
                                const group_buffers_t *buffers)
{
    residual_of(q, p, factor, theta, buffers->e);
    RETURN_IF_FAILED(group_mean(q, factor, L, buffers->e, mean, buffers));
    for (int r = 0; r < q; r++) {
        double *w = W + (size_t) q * r;
        for (int k = 0; k < q; k++) w[k] = k <= r ? sigma * L[r + (size_t) q * k] : 0.0;
        solve_upper_transposed(q, buffers->U, w);
    }
    return STATUS_OK;
}

status_t group_conditional(int q, int p, const double *factor, const double *L,
                           const double *theta, double sigma, double *mean, double *W,
                           const group_buffers_t *buffers)
{
    if (q > 2) return moments_of_many(q, p, factor, L, theta, sigma, mean, W, buffers);
    if (q == 1) moments_of_one(p, factor, L[0], theta, sigma, mean, W);
    else moments_of_two(p, factor, L, theta, sigma, mean, W);
    return STATUS_OK;
}
