#include <math.h>
#include <string.h>
#include "crossprods.h"
#include "group_effects.h"
#include "linalg.h"
#include "marginal.h"
#include "panels.h"

/* The lower triangular factor of a correlation matrix, that may be singular in floating
   point, times its standard deviations over sigma. */
static void decode_factor(const model_t *model, const double *sd, const double *correlation,
                          double sigma, double *L)
{
    int q = model->n_random;
    memset(L, 0, sizeof(double) * q * q);
    for (int b = 0; b < model->n_blocks; b++) {
        int first = model->block[b].first, size = model->block[b].size;
        double *corner = L + first + (size_t) q * first;
        for (int r = 0; r < size; r++) {
            double rest = 1.0;
            for (int k = 0; k < r; k++) {
                double sum = *correlation++;
                for (int m = 0; m < k; m++)
                    sum -= corner[r + (size_t) q * m] * corner[k + (size_t) q * m];
                double pivot = corner[k + (size_t) q * k];
                corner[r + (size_t) q * k] = pivot > 0.0 ? sum / pivot : 0.0;
                rest -= corner[r + (size_t) q * k] * corner[r + (size_t) q * k];
            }
            corner[r + (size_t) q * r] = rest > 0.0 ? sqrt(rest) : 0.0;
        }
    }
    for (int r = 0; r < q; r++)
        for (int k = 0; k <= r; k++) L[r + (size_t) q * k] *= sd[r] / sigma;
}

void decode_hyper(const model_t *model, int n_hyper, const double *hyper,
                  hyper_draws_t *draws, double *work)
{
    int p = model->n_coef, q = model->n_random, n_levels = model->n_levels;
    int n_correlations = 0;
    for (int b = 0; b < model->n_blocks; b++)
        n_correlations += model->block[b].size * (model->block[b].size - 1) / 2;
    for (int i = 0; i < draws->n; i++) {
        double *theta = draws->theta + (size_t) p * i;
        const double *sigma = hyper + p + q + n_correlations;
        memcpy(draws->sigma + (size_t) n_levels * i, sigma, sizeof(double) * n_levels);
        for (int s = 0; s < n_levels; s++)
            draws->sigma2[s + (size_t) n_levels * i] = sigma[s] * sigma[s];
        memcpy(draws->beta + (size_t) p * i, hyper, sizeof(double) * p);
        for (int k = 0; k < p; k++) work[k] = hyper[k] - model->beta_shift[k];
        for (int k = 0; k < p; k++) theta[k] = 0.0;
        for (int l = 0; l < p; l++)
            for (int k = 0; k < p; k++)
                theta[k] += model->from_beta[k + (size_t) p * l] * work[l];
        decode_factor(model, hyper + p, hyper + p + q, n_levels == 1 ? sigma[0] : 1.0,
                      draws->L + (size_t) q * q * i);
        hyper += n_hyper;
    }
}

/* Of a group's moments, and of the weighing of its cells. */
static size_t moments_work(int q)
{
    return (size_t) 4 * q * q + 4 * q;
}

size_t group_effects_work(int q, int p)
{
    return moments_work(q) + (size_t) 2 * q * (q + p + 1);
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

/* U with U'U = M, and u = A'e. work holds 2 q^2 doubles. */
static status_t effect_system(int q, const double *factor, const double *L,
                              const double *e, double *U, double *u, double *work)
{
    double *A = work;
    multiply_factors(q, factor, L, A);
    for (int k = 0; k < q; k++) u[k] = dot(q, A + (size_t) q * k, e);
    return unit_plus_root(q, A, U, work + q * q);
}

/* effect <- L u. */
static void multiply_lower(int q, const double *L, const double *u, double *effect)
{
    for (int r = 0; r < q; r++) {
        effect[r] = 0.0;
        for (int k = 0; k <= r; k++) effect[r] += L[r + (size_t) q * k] * u[k];
    }
}

status_t draw_whitened_effect(int q, int p, const double *factor, const double *L,
                              const double *theta, double sigma, const double *normals,
                              double *u, double *work)
{
    double *U = work, *e = U + q * q;
    residual_of(q, p, factor, theta, e);
    RETURN_IF_FAILED(effect_system(q, factor, L, e, U, u, e + q));
    solve_upper_transposed(q, U, u);
    for (int k = 0; k < q; k++) u[k] += sigma * normals[k];
    solve_upper(q, U, u);
    return STATUS_OK;
}

status_t draw_one_group(int q, int p, const double *factor, const double *L,
                        const double *theta, double sigma, const double *normals,
                        double *effect, double *work)
{
    if (q == 1) {
        draw_one_effect(p, factor, L[0], theta, sigma, normals[0], effect);
        return STATUS_OK;
    }
    if (q == 2) {
        draw_two_effects(p, factor, L, theta, sigma, normals, effect);
        return STATUS_OK;
    }
    double *u = work;
    RETURN_IF_FAILED(draw_whitened_effect(q, p, factor, L, theta, sigma, normals, u, u + q));
    multiply_lower(q, L, u, effect);
    return STATUS_OK;
}

status_t draw_group(const model_t *model, int group, const hyper_draws_t *draws, int from,
                    int to, const double *normals, double *effects, size_t stride,
                    double *work)
{
    int q = model->n_random, p = model->n_coef;
    const double *factor = cell_factor(model, group);
    for (int i = from; i < to; i++) {
        RETURN_IF_FAILED(draw_one_group(q, p, factor, draws->L + (size_t) q * q * i,
                                        draws->theta + (size_t) p * i, draws->sigma[i],
                                        normals, effects, work));
        normals += q;
        effects += stride;
    }
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
                                double *work)
{
    double *U = work, *e = U + q * q, *u = e + q;
    residual_of(q, p, factor, theta, e);
    RETURN_IF_FAILED(effect_system(q, factor, L, e, U, u, u + q));
    solve_upper_transposed(q, U, u);
    solve_upper(q, U, u);
    multiply_lower(q, L, u, mean);
    for (int r = 0; r < q; r++) {
        double *w = W + (size_t) q * r;
        for (int k = 0; k < q; k++) w[k] = k <= r ? sigma * L[r + (size_t) q * k] : 0.0;
        solve_upper_transposed(q, U, w);
    }
    return STATUS_OK;
}

void weigh_group(const model_t *model, const double *sigma2, int group, double *factor,
                 double *work, gathered_t *rest)
{
    int q = model->n_random, p = model->n_fixed, n_columns = q + p + 1;
    int start = model->group_start[group], end = model->group_start[group + 1];
    size_t size = (size_t) q * n_columns;
    for (int cell = start; cell < end; cell++) {
        double scale = 1.0 / sqrt(sigma2[model->cell_level[cell]]);
        const double *source = cell_factor(model, cell);
        double *target = cell == start ? factor : work;
        for (size_t k = 0; k < size; k++) target[k] = scale * source[k];
        if (cell == start) continue;
        absorb_block(q, n_columns, factor, q, q, work);
        if (!rest) continue;
        if (p + 1 < MANY_COLUMNS) add_crossproducts(q, p + 1, work + q * q, 1.0, rest->products);
        else gather_rows(rest, q, work + q * q);
    }
}

/* [R C c] of a group given draw i, of which there is one for all where there is one
   residual variance. work holds 2 q (q + p + 1) doubles. */
static const double *group_factor(const model_t *model, int group, const hyper_draws_t *draws,
                                  int i, double *work)
{
    int q = model->n_random, p = model->n_coef;
    if (model->n_levels == 1) return cell_factor(model, group);
    weigh_group(model, draws->sigma2 + (size_t) model->n_levels * i, group, work,
                work + (size_t) q * (q + p + 1), NULL);
    return work;
}

/* E(gamma_j | draw) and its covariance, sigma^2 L M^-1 L' = W'W with W = sigma U'^-1 L'. */
static status_t conditional_moments(const model_t *model, const double *factor,
                                    const hyper_draws_t *draws, int i, double *mean,
                                    double *W, double *work)
{
    int q = model->n_random, p = model->n_coef;
    const double *L = draws->L + (size_t) q * q * i;
    const double *theta = draws->theta + (size_t) p * i;
    double sigma = model->n_levels == 1 ? draws->sigma[i] : 1.0;
    if (q > 2) return moments_of_many(q, p, factor, L, theta, sigma, mean, W, work);
    if (q == 1) moments_of_one(p, factor, L[0], theta, sigma, mean, W);
    else moments_of_two(p, factor, L, theta, sigma, mean, W);
    return STATUS_OK;
}

status_t group_moments(const model_t *model, int group, const hyper_draws_t *draws,
                       const double *beta_mean, double *mean, double *covariance,
                       double *with_beta, double *work)
{
    int q = model->n_random, p = model->n_coef, n = draws->n;
    double *m = work, *first = m + q, *W = first + q, *rest = W + q * q;
    memset(mean, 0, sizeof(double) * q);
    memset(covariance, 0, sizeof(double) * q * q);
    memset(with_beta, 0, sizeof(double) * q);
    for (int i = 0; i < n; i++) {
        const double *factor = group_factor(model, group, draws, i, work + moments_work(q));
        RETURN_IF_FAILED(conditional_moments(model, factor, draws, i, m, W, rest));
        if (i == 0) memcpy(first, m, sizeof(double) * q);
        for (int k = 0; k < q; k++) m[k] -= first[k];
        for (int k = 0; k < q; k++) {
            mean[k] += m[k];
            for (int l = 0; l <= k; l++)
                covariance[l + (size_t) q * k] +=
                    dot(q, W + (size_t) q * l, W + (size_t) q * k) + m[k] * m[l];
        }
        for (int k = 0; k < model->n_pairs; k++) {
            int column = model->pair_column[k], coef = model->pair_coef[k];
            with_beta[column] += m[column] * (draws->beta[coef + (size_t) p * i] - beta_mean[coef]);
        }
    }
    for (int k = 0; k < q; k++) {
        mean[k] /= n;
        with_beta[k] /= n;
        for (int l = 0; l <= k; l++) {
            double *element = covariance + l + (size_t) q * k;
            *element = *element / n - mean[l] * mean[k];
            covariance[k + (size_t) q * l] = *element;
        }
    }
    for (int k = 0; k < q; k++) mean[k] += first[k];
    return STATUS_OK;
}
