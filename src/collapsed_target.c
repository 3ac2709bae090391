#include <math.h>
#include <string.h>
#include "collapsed.h"
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

/* D = I + A A': a group's rotated covariance, in place of V: it has the same
   determinant as I + L'Z'Z L, and no inverse of Sigma. */
static void group_covariance(int q, const double *A, double *D)
{
    for (int k = 0; k < q; k++)
        for (int l = 0; l <= k; l++) {
            double sum = l == k ? 1.0 : 0.0;
            for (int r = 0; r < q; r++)
                sum += A[l + (size_t) q * r] * A[k + (size_t) q * r];
            D[l + (size_t) q * k] = sum;
        }
}

/* products <- products + W'W, W = U'^-1 [C c], upper half. */
static void add_group(int q, int n_columns, const double *U, const double *C, double *W,
                      double *products)
{
    memcpy(W, C, sizeof(double) * q * n_columns);
    for (int k = 0; k < n_columns; k++) {
        solve_upper_transposed(q, U, W + (size_t) q * k);
        for (int l = 0; l <= k; l++)
            products[l + (size_t) n_columns * k] +=
                dot(q, W + (size_t) q * l, W + (size_t) q * k);
    }
}

status_t marginal_products(const model_t *model, const double *L, marginal_t *marginal,
                           monitor_t *monitor, double *work)
{
    int q = model->n_random, p = model->n_coef, n_columns = p + 1;
    double *A = work, *D = A + q * q, *W = D + q * q;
    const double *T = level_factor(model, 0);
    double *products = marginal->root, log_product = 1.0;
    for (int k = 0; k < n_columns; k++)
        for (int l = 0; l <= k; l++)
            products[l + (size_t) n_columns * k] =
                dot(n_columns, T + (size_t) n_columns * l, T + (size_t) n_columns * k);
    marginal->log_det = 0.0;
    for (int j = 0; j < model->n_groups; j++) {
        const double *R = cell_factor(model, j);
        multiply_factors(q, R, L, A);
        group_covariance(q, A, D);
        RETURN_IF_FAILED(cholesky(q, D));
        for (int k = 0; k < q; k++) log_product *= D[k + (size_t) q * k];
        /* One logarithm for many groups: the product is emptied before it overflows. */
        if (!(log_product < 1e100)) {
            marginal->log_det += 2.0 * log(log_product);
            log_product = 1.0;
        }
        add_group(q, n_columns, D, R + q * q, W, products);
        if (user_wants_to_stop(monitor, cell_visits(model))) return STATUS_INTERRUPTED;
    }
    marginal->log_det += 2.0 * log(log_product);
    return STATUS_OK;
}

status_t marginal_root(const model_t *model, marginal_t *marginal)
{
    return cholesky(model->n_coef + 1, marginal->root);
}

/* Products at sigma, with those of the normal prior of theta:
   [X y]'V^-1[X y]/sigma^2 + [P, h; h', m'P m]. */
static void add_prior_products(const model_t *model, double sigma2, double *products)
{
    int p = model->n_coef, n_columns = p + 1;
    for (int k = 0; k < n_columns; k++)
        for (int l = 0; l <= k; l++) {
            double *element = products + l + (size_t) n_columns * k;
            *element /= sigma2;
            if (k < p) *element += model->prior_precision[l + (size_t) p * k];
            else *element += l < p ? model->prior_linear[l] : model->prior_square;
        }
}

double log_marginal(const model_t *model, const marginal_t *marginal)
{
    int p = model->n_coef, rows = p + 1;
    const scale_prior_t *prior = &model->sigma_prior;
    double df = model->level_rows[0] - p - model->n_random + 2.0 * prior->shape;
    double r = marginal->root[p + (size_t) rows * p], log_det_R = 0.0;
    for (int k = 0; k < p; k++) log_det_R += log(marginal->root[k + (size_t) rows * k]);
    return -0.5 * marginal->log_det - log_det_R - 0.5 * df * log(0.5 * r * r + prior->rate);
}

int n_coordinates(const model_t *model)
{
    int n = model->n_random;
    for (int b = 0; b < model->n_blocks; b++)
        n += model->block[b].size * (model->block[b].size - 1) / 2;
    return n;
}

/* log cosh x without overflow. */
static double log_cosh(double x)
{
    double size = fabs(x);
    return size + log1p(exp(-2.0 * size)) - 0.69314718055994531;
}

/* The Cholesky factor of a correlation matrix from its canonical partial correlations
   y_lk = tanh(z_lk) (Lewandowski, Kurowicka and Joe 2009): under LKJ(eta), y_lk has
   density ∝ (1 - y^2)^(eta + (size - 1 - k)/2 - 1), k = 1, 2, ..., and dy/dz is
   1 - y^2. */
static double correlation_factor(const model_t *model, const cov_block_t *block,
                                 const double *z, double *L)
{
    int q = model->n_random, size = block->size, first = block->first;
    double log_density = 0.0;
    for (int l = 0; l < size; l++) {
        double rest = 1.0;
        /* An inverse-Wishart prior is added to the uniform one. */
        double eta = block->kind == COV_LKJ ? block->parameter : 1.0;
        for (int k = 0; k < l; k++, z++) {
            double log_secant = -log_cosh(*z), secant = exp(log_secant);
            log_density += 2.0 * (eta + 0.5 * (size - 2 - k)) * log_secant;
            L[first + l + (size_t) q * (first + k)] = rest * tanh(*z);
            rest *= secant;
        }
        L[first + l + (size_t) q * (first + l)] = rest;
    }
    return log_density;
}

double factor_at(const model_t *model, const collapsed_t *collapsed, const double *point,
                 double *L)
{
    int q = model->n_random;
    double log_density = 0.0;
    const double *z = point + q;
    memset(L, 0, sizeof(double) * q * q);
    for (int b = 0; b < model->n_blocks; b++) {
        const cov_block_t *block = model->block + b;
        log_density += correlation_factor(model, block, z, L);
        z += block->size * (block->size - 1) / 2;
    }
    for (int l = 0; l < q; l++) {
        double lambda = collapsed->scale[l] * sinh(point[l]);
        log_density += log_cosh(point[l]);
        for (int k = 0; k <= l; k++) L[l + (size_t) q * k] *= lambda;
    }
    return log_density;
}

/* Log density of a block's standard deviations, and of the rest of an inverse-Wishart
   prior in their and the correlations' measure, dSigma = 2^q prod tau_k^q dtau dC. */
static double log_block_prior(const model_t *model, const cov_block_t *block,
                              const double *L, double sigma, double *work)
{
    int q = model->n_random, size = block->size, first = block->first;
    const double *corner = L + first + (size_t) q * first;
    double log_det = 0.0, log_taus = 0.0, trace = 0.0;
    if (block->kind == COV_LKJ) return 0.0;
    if (block->kind == COV_VARIANCE) {
        double tau = sigma * fabs(corner[0]);
        if (tau >= block->variance.upper) return -INFINITY;
        return -(2.0 * block->variance.shape + 1.0) * log(tau)
            - block->variance.rate / (tau * tau);
    }
    for (int k = 0; k < size; k++) {
        double square = 0.0;
        for (int l = 0; l <= k; l++) square += corner[k + (size_t) q * l] * corner[k + (size_t) q * l];
        log_taus += log(sigma) + 0.5 * log(square);
        log_det += 2.0 * (log(sigma) + log(fabs(corner[k + (size_t) q * k])));
    }
    /* tr(S Sigma^-1) = |L^-1 S^(1/2)|^2 / sigma^2, by the columns of L^-1. */
    for (int c = 0; c < size; c++) {
        double *column = work + size * c;
        for (int r = 0; r < size; r++) {
            double sum = r == c ? 1.0 : 0.0;
            for (int k = c; k < r; k++) sum -= corner[r + (size_t) q * k] * column[k];
            column[r] = r < c ? 0.0 : sum / corner[r + (size_t) q * r];
        }
    }
    for (int a = 0; a < size; a++)
        for (int b = 0; b < size; b++)
            trace += block->scale[a + size * b] * dot(size, work + size * a, work + size * b);
    return size * log_taus - 0.5 * (block->parameter + size + 1.0) * log_det
        - 0.5 * trace / (sigma * sigma);
}

/* log p(L, sigma | y) in (lambda, log sigma), the prior of the coordinates aside. */
static status_t add_sigma(const model_t *model, const double *L, double log_sigma,
                          marginal_t *marginal, double *work, double *value)
{
    int p = model->n_coef, rows = p + 1;
    double sigma = exp(log_sigma);
    const scale_prior_t *prior = &model->sigma_prior;
    add_prior_products(model, sigma * sigma, marginal->root);
    RETURN_IF_FAILED(marginal_root(model, marginal));
    if (sigma >= prior->upper) *value = -INFINITY;
    for (int b = 0; b < model->n_blocks; b++)
        *value += log_block_prior(model, model->block + b, L, sigma, work);
    double r = marginal->root[p + (size_t) rows * p];
    *value += -0.5 * marginal->log_det - 0.5 * r * r
        - (model->level_rows[0] - model->n_random + 2.0 * prior->shape) * log_sigma
        - prior->rate / (sigma * sigma);
    for (int k = 0; k < p; k++) *value -= log(marginal->root[k + (size_t) rows * k]);
    return STATUS_OK;
}

size_t collapsed_work(int q, int p)
{
    return (size_t) 5 * q * q + (size_t) q * (p + 3);
}

status_t log_target_at(const model_t *model, const collapsed_t *collapsed,
                       const double *point, double *value, double *root, double *work)
{
    int q = model->n_random;
    marginal_t marginal = { 0.0, root };
    *value = factor_at(model, collapsed, point, work);
    RETURN_IF_FAILED(marginal_products(model, work, &marginal, collapsed->monitor,
                                       work + q * q));
    if (collapsed->with_sigma)
        return add_sigma(model, work, point[collapsed->n - 1], &marginal, work + q * q,
                         value);
    RETURN_IF_FAILED(marginal_root(model, &marginal));
    *value += log_marginal(model, &marginal);
    return STATUS_OK;
}
