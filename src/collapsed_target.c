#include <math.h>
#include <string.h>
#include "collapsed.h"
#include "crossprods.h"
#include "group_effects.h"
#include "linalg.h"
#include "panels.h"
#include "spectrum.h"

int n_coordinates(const model_t *model, sigma_role_t role)
{
    int n = model->n_random + sigma_is_coordinate(role);
    for (int b = 0; b < model->n_blocks; b++)
        n += model->block[b].size * (model->block[b].size - 1) / 2;
    return n;
}

double factor_at(const model_t *model, const collapsed_t *collapsed, const double *point,
                 double *L)
{
    int q = model->n_random;
    double log_density = 0.0, cosh_product = 1.0;
    const double *z = point + q;
    memset(L, 0, sizeof(double) * q * q);
    for (int b = 0; b < model->n_blocks; b++) {
        const cov_block_t *block = model->block + b;
        log_density += correlation_factor(q, block, z, L);
        z += block->size * (block->size - 1) / 2;
    }
    /* d lambda is d tau over sigma. */
    double unit = 1.0;
    if (collapsed->sigma_role == SIGMA_BESIDE) {
        unit = exp(-point[collapsed->n - 1]);
        log_density -= q * point[collapsed->n - 1];
    }
    for (int l = 0; l < q; l++) {
        double up = exp(point[l]), down = 1.0 / up;
        double lambda = 0.5 * collapsed->scale[l] * (up - down);
        /* Where the difference would cancel, the series of sinh has converged. */
        if (fabs(point[l]) < 1e-2) {
            double x2 = point[l] * point[l];
            lambda = collapsed->scale[l] * point[l] * (1.0 + x2 / 6.0 * (1.0 + x2 / 20.0
                     * (1.0 + x2 / 42.0)));
        }
        cosh_product *= 0.5 * (up + down);
        for (int k = 0; k <= l; k++) L[l + (size_t) q * k] *= lambda * unit;
    }
    return log_density + log(cosh_product);
}

/* The inverse of sigma^2 L L' over one block; work holds size^2 doubles. */
static void invert_factor(int q, int size, const double *corner, double sigma,
                          double *inverse, double *work)
{
    for (int c = 0; c < size; c++) {
        double *column = work + size * c;
        for (int r = 0; r < size; r++) {
            double sum = r == c ? 1.0 / sigma : 0.0;
            for (int k = c; k < r; k++) sum -= corner[r + (size_t) q * k] * column[k];
            column[r] = r < c ? 0.0 : sum / corner[r + (size_t) q * r];
        }
    }
    for (int k = 0; k < size; k++)
        for (int l = 0; l < size; l++)
            inverse[l + size * k] = dot(size, work + size * l, work + size * k);
}

/* Log density of a block's Sigma in its standard deviations and correlations,
   dSigma = 2^size prod tau_k^size dtau dC; that of LKJ correlations is in their
   coordinates. work holds 2 size^2 doubles. */
static double log_block_prior(const model_t *model, const cov_block_t *block,
                              const double *L, double sigma, double *work)
{
    int q = model->n_random, size = block->size, first = block->first;
    const double *corner = L + first + (size_t) q * first;
    int is_matrix = block->kind != COV_VARIANCE && block->kind != COV_LKJ;
    double log_density = 0.0, log_det = 0.0;
    if (block_is_flat(block)) return 0.0;
    for (int k = 0; k < size; k++) {
        double square = 0.0;
        for (int l = 0; l <= k; l++)
            square += corner[k + (size_t) q * l] * corner[k + (size_t) q * l];
        double tau = sigma * sqrt(square);
        log_density += is_matrix ? size * log(tau) : log_scale_density(block->sd + k, tau);
        log_det += 2.0 * log(sigma * fabs(corner[k + (size_t) q * k]));
    }
    if (!is_matrix) return log_density;
    invert_factor(q, size, corner, sigma, work, work + size * size);
    return log_density + log_matrix_density(block, log_det, work);
}

void add_prior_products(const model_t *model, double sigma2, double *products)
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

double log_det_root(int p, const double *root)
{
    double product = 1.0, log_det = 0.0;
    for (int k = 0; k < p; k++) {
        product *= root[k + (size_t) (p + 1) * k];
        if (product > 1e-100 && product < 1e100) continue;
        log_det += log(product);
        product = 1.0;
    }
    return log_det + log(product);
}

/* log p(L | y) of -log_det/2 - log|R| and r. */
static double integrate_sigma(const model_t *model, double log_dets, double r)
{
    const scale_prior_t *prior = &model->sigma_prior;
    double df = model->level_rows[0] - model->n_coef - model->n_random + 2.0 * prior->shape;
    return log_dets - 0.5 * df * log(0.5 * r * r + prior->rate);
}

double log_marginal(const model_t *model, const marginal_t *marginal)
{
    int p = model->n_coef, rows = p + 1;
    return integrate_sigma(model,
                           -0.5 * marginal->log_det - log_det_root(p, marginal->root),
                           marginal->root[p + (size_t) rows * p]);
}

/* log p(L | sigma, y), and of a sigma that is a coordinate, in (lambda, log sigma); the
   density of the other coordinates aside. Units are those of V: sigma^2, or 1 where the
   groups have been weighed with the residual variances given. log_root is log|R|. */
static void add_scale(const model_t *model, const collapsed_t *collapsed, const double *L,
                      double log_sigma, double log_det, double log_root, double r,
                      double *value)
{
    double sigma = exp(log_sigma);
    for (int b = 0; b < model->n_blocks; b++)
        *value += log_block_prior(model, model->block + b, L, sigma, collapsed->work);
    *value += -0.5 * log_det - 0.5 * r * r - log_root;
    if (sigma_is_coordinate(collapsed->sigma_role))
        *value += log_scale_density(&model->sigma_prior, sigma)
            - (model->level_rows[0] - model->n_random - 1.0) * log_sigma;
}

size_t collapsed_work(int q, int p)
{
    size_t n = (size_t) q * (q + 1) / 2 + 1;
    return (size_t) 4 * q * q + (size_t) q * (p + 1) + 3 * n;
}

static double log_sigma_at(const collapsed_t *collapsed, const double *point)
{
    return sigma_is_coordinate(collapsed->sigma_role) ? point[collapsed->n - 1] : 0.0;
}

int is_spectral(const collapsed_t *collapsed, const double *L)
{
    return collapsed->spectrum && spectrum_serves(collapsed->spectrum, L[0]);
}

/* The root divided by sigma has the determinant |R| sigma^-p. */
static void add_spectral_target(const model_t *model, const collapsed_t *collapsed,
                                const double *point, const double *L, double *value,
                                double *root)
{
    int p = model->n_coef;
    double r2, log_sigma = log_sigma_at(collapsed, point);
    double log_det = spectral_log_det(collapsed->spectrum, L[0], &r2);
    double r = sqrt(r2) / exp(log_sigma);
    root[p + (size_t) (p + 1) * p] = r;
    if (collapsed->sigma_role == SIGMA_INTEGRATED)
        *value += integrate_sigma(model, -0.5 * log_det, r);
    else
        add_scale(model, collapsed, L, log_sigma, log_det, -p * log_sigma, r, value);
}

static void weigh_once(const model_t *model, collapsed_t *collapsed)
{
    if (collapsed->weighed) return;
    weigh_groups(model, NULL, &collapsed->data, collapsed->weigh_work);
    collapsed->weighed = 1;
}

status_t log_target_at(const model_t *model, collapsed_t *collapsed,
                       const double *point, double *value, double *root)
{
    int q = model->n_random, p = model->n_coef, rows = p + 1;
    marginal_t marginal = { 0.0, root };
    double *L = collapsed->work + 3 * q * q;
    *value = factor_at(model, collapsed, point, L);
    if (is_spectral(collapsed, L)) {
        add_spectral_target(model, collapsed, point, L, value, root);
        return STATUS_OK;
    }
    weigh_once(model, collapsed);
    RETURN_IF_FAILED(marginal_products(&collapsed->data, L, &marginal,
                                       collapsed->monitor));
    if (collapsed->sigma_role == SIGMA_INTEGRATED) {
        RETURN_IF_FAILED(marginal_root(&collapsed->data, L, &marginal, collapsed->monitor));
        *value += log_marginal(model, &marginal);
        return STATUS_OK;
    }
    double log_sigma = log_sigma_at(collapsed, point), sigma = exp(log_sigma);
    add_prior_products(model, sigma * sigma, root);
    RETURN_IF_FAILED(cholesky_with_residual(rows, root));
    add_scale(model, collapsed, L, log_sigma, marginal.log_det, log_det_root(p, root),
              root[p + (size_t) rows * p], value);
    return STATUS_OK;
}

/* The triangular factor of the rows of a level, (p + 1) x (p + 1). work holds as many. */
static void triangularize(int p, const double *factor, double *root, double *work)
{
    size_t size = (size_t) (p + 1) * (p + 1);
    memset(root, 0, sizeof(double) * size);
    memcpy(work, factor, sizeof(double) * size);
    absorb_block(p + 1, p + 1, root, p + 1, p + 1, work);
}

static int is_upper_triangular(int n, const double *A)
{
    for (int k = 0; k < n; k++)
        for (int l = k + 1; l < n; l++)
            if (A[l + (size_t) n * k] != 0.0) return 0;
    return 1;
}

/* products <- A'A, upper half, for A upper triangular. */
static void square_triangle(int n, const double *A, double *products)
{
    for (int k = 0; k < n; k++)
        for (int l = 0; l <= k; l++)
            products[l + (size_t) n * k] =
                long_dot(l + 1, A + (size_t) n * l, A + (size_t) n * k);
}

/* root <- A with a nonnegative diagonal. */
static void turn_rows(int n, const double *A, double *root)
{
    memset(root, 0, sizeof(double) * n * n);
    for (int k = 0; k < n; k++)
        for (int l = 0; l <= k; l++) {
            size_t place = l + (size_t) n * k;
            root[place] = A[l + (size_t) n * l] < 0.0 ? -A[place] : A[place];
        }
}

void square_levels(const model_t *model, double *products)
{
    int rows = model->n_fixed + 1;
    size_t size = (size_t) rows * rows;
    memset(products, 0, sizeof(double) * size * model->n_levels);
    for (int s = 0; s < model->n_levels; s++, products += size) {
        const double *factor = level_factor(model, s);
        if (is_upper_triangular(rows, factor)) square_triangle(rows, factor, products);
        else add_crossproducts(rows, rows, factor, 1.0, products);
    }
}

static void weigh_levels(const model_t *model, const double *sigma2, group_data_t *data,
                         double *work)
{
    int p = model->n_fixed, rows = p + 1;
    size_t size = (size_t) rows * rows;
    for (int s = 0; s < model->n_levels; s++) {
        double unit = sigma2 ? sigma2[s] : 1.0;
        if (data->level_products)
            for (size_t i = 0; i < size; i++)
                data->rest[i] += data->level_products[size * s + i] / unit;
        else
            add_crossproducts(rows, rows, level_factor(model, s), unit, data->rest);
    }
    /* With several residual variances the root comes from products alone. */
    if (!sigma2) triangularize(p, level_factor(model, 0), data->rest_root, work);
}

size_t weigh_work(int q, int p)
{
    return (size_t) 2 * q * (q + p + 1) + (size_t) (p + 1) * (p + 1) + gathered_size(p + 1);
}

void weigh_groups(const model_t *model, const double *sigma2, group_data_t *data,
                  double *work)
{
    int q = model->n_random, p = model->n_fixed, rows = p + 1;
    double *other = work + (size_t) q * (q + rows), *rest_work = other + (size_t) q * (q + rows);
    gathered_t rest = { rows, 0, rest_work + (size_t) rows * rows, data->rest };
    memset(data->rest, 0, sizeof(double) * rows * rows);
    if (!sigma2 && rows >= MANY_COLUMNS && is_upper_triangular(rows, level_factor(model, 0))) {
        square_triangle(rows, level_factor(model, 0), data->rest);
        turn_rows(rows, level_factor(model, 0), data->rest_root);
    } else {
        weigh_levels(model, sigma2, data, rest_work);
    }
    for (int j = 0; j < model->n_groups; j++) {
        if (!sigma2) {
            pack_group(data, j, cell_factor(model, j));
            continue;
        }
        weigh_group(model, sigma2, j, work, other, &rest);
        pack_group(data, j, work);
    }
    if (rest.n_rows > 0) add_gathered(&rest);
}
