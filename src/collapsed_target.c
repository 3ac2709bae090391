#include <math.h>
#include <string.h>
#include "collapsed_target.h"
#include "hyper.h"
#include "linalg.h"
#include "merged.h"
#include "spectrum.h"

/* scale sinh(x), and its derivative over the scale beside others. */
static double lambda_at(double scale, double x, double *cosh_product)
{
    double up = exp(x), down = 1.0 / up, x2 = x * x;
    *cosh_product *= 0.5 * (up + down);
    /* Where the difference would cancel, the series of sinh has converged. */
    if (fabs(x) < 1e-2)
        return scale * x * (1.0 + x2 / 6.0 * (1.0 + x2 / 20.0 * (1.0 + x2 / 42.0)));
    return 0.5 * scale * (up - down);
}

double factor_at(const collapsed_target_t *target, const double *point, double *L)
{
    const grouping_t *grouping = target->grouping;
    int q = grouping->n_random, n = n_scales(grouping);
    double log_density = 0.0, cosh_product = 1.0;
    const double *z = point + n;
    memset(L, 0, sizeof(double) * q * q);
    /* d lambda is d tau over sigma. */
    double unit = 1.0;
    if (target->sigma_role == SIGMA_BESIDE) {
        double log_sigma = point[target->target.n - 1];
        unit = exp(-log_sigma);
        log_density -= n * log_sigma;
    }
    for (int b = 0, i = 0; b < grouping->n_blocks; b++) {
        const cov_block_t *block = grouping->block + b;
        log_density += correlation_factor(q, block, z, L);
        z += block_angles(block);
        double lambda = 0.0;
        for (int l = block->first; l < block->first + block->size; l++) {
            if (l == block->first || !block->is_homogeneous) {
                lambda = lambda_at(target->scale[i], point[i], &cosh_product);
                if (is_structured(block)) lambda = fabs(lambda);
                i++;
            }
            for (int k = 0; k <= l; k++) L[l + (size_t) q * k] *= lambda * unit;
        }
    }
    return log_density + log(cosh_product);
}

void invert_factor(int q, int size, const double *corner, double sigma, double *inverse,
                   double *columns)
{
    for (int c = 0; c < size; c++) {
        double *column = columns + size * c;
        for (int r = 0; r < size; r++) {
            double sum = r == c ? 1.0 / sigma : 0.0;
            for (int k = c; k < r; k++) sum -= corner[r + (size_t) q * k] * column[k];
            column[r] = r < c ? 0.0 : sum / corner[r + (size_t) q * r];
        }
    }
    for (int k = 0; k < size; k++)
        for (int l = 0; l < size; l++)
            inverse[l + size * k] = dot(size, columns + size * l, columns + size * k);
}

/* Log density of a block's Sigma in its standard deviations and correlations,
   dSigma = 2^size prod tau_k^size dtau dC; that of LKJ correlations is in their
   coordinates. */
static double log_block_prior(int q, const cov_block_t *block, const double *L, double sigma,
                              const target_buffers_t *buffers)
{
    int size = block->size, first = block->first;
    const double *corner = L + first + (size_t) q * first;
    int is_matrix = block->kind == COV_INVERSE_WISHART || block->kind == COV_HUANG_WAND;
    double log_density = 0.0, log_det = 0.0;
    if (block_is_flat(block)) return 0.0;
    for (int k = 0; k < size; k++) {
        double square = 0.0;
        for (int l = 0; l <= k; l++)
            square += corner[k + (size_t) q * l] * corner[k + (size_t) q * l];
        double tau = sigma * sqrt(square);
        if (k > 0 && block->is_homogeneous) break;
        log_density += is_matrix ? size * log(tau) : log_scale_density(block->sd + k, tau);
        log_det += 2.0 * log(sigma * fabs(corner[k + (size_t) q * k]));
    }
    if (!is_matrix) return log_density;
    invert_factor(q, size, corner, sigma, buffers->inverse, buffers->columns);
    return log_density + log_matrix_density(block, log_det, buffers->inverse);
}

void add_factor_prior(const collapsed_target_t *target, const double *L, double sigma,
                      double *value)
{
    const grouping_t *grouping = target->grouping;
    for (int b = 0; b < grouping->n_blocks; b++)
        *value += log_block_prior(grouping->n_random, grouping->block + b, L, sigma,
                                  &target->buffers);
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
static double integrate_sigma(const model_t *model, const grouping_t *grouping, double log_dets,
                              double r)
{
    const scale_prior_t *prior = &model->sigma_prior;
    double df = model->stratum_rows[0] - model->n_coef - n_scales(grouping) + 2.0 * prior->shape;
    return log_dets - 0.5 * df * log(0.5 * r * r + prior->rate);
}

double log_marginal(const model_t *model, const grouping_t *grouping,
                    const marginal_t *marginal)
{
    int p = model->n_coef, rows = p + 1;
    return integrate_sigma(model, grouping,
                           -0.5 * marginal->log_det - log_det_root(p, marginal->root),
                           marginal->root[p + (size_t) rows * p]);
}

/* log p(L | sigma, y), and of a sigma that is a coordinate, in (lambda, log sigma); the
   density of the other coordinates aside. Units are those of V: sigma^2, or 1 where the
   groups have been weighed with the residual variances given. log_root is log|R|. */
static void add_scale(const collapsed_target_t *target, const double *L, double log_sigma,
                      double log_det, double log_root, double r, double *value)
{
    const model_t *model = target->model;
    int n = n_scales(target->grouping);
    double sigma = exp(log_sigma);
    add_factor_prior(target, L, sigma, value);
    *value += -0.5 * log_det - 0.5 * r * r - log_root;
    if (sigma_is_coordinate(target->sigma_role))
        *value += log_scale_density(&model->sigma_prior, sigma)
            - (model->stratum_rows[0] - n - 1.0) * log_sigma;
}

target_buffers_t take_target(int q, int p, workspace_t *work)
{
    target_buffers_t buffers;
    buffers.L = take_matrix(work, q, q);
    buffers.columns = take_matrix(work, q, q);
    buffers.inverse = take_matrix(work, q, q);
    buffers.weighing = take_weighing(q, p, work);
    return buffers;
}

static double log_sigma_at(const collapsed_target_t *target, const double *point)
{
    if (target->sigma_role == SIGMA_FIXED) return log(target->model->sigma_prior.scale);
    return sigma_is_coordinate(target->sigma_role) ? point[target->target.n - 1] : 0.0;
}

int is_spectral(const collapsed_target_t *target, const double *L)
{
    return target->spectrum && spectrum_serves(target->spectrum, L[0]);
}

/* The root divided by sigma has the determinant |R| sigma^-p. */
static void add_spectral_target(const collapsed_target_t *target, const double *point,
                                const double *L, double *value, double *root)
{
    int p = target->model->n_coef;
    double r2, log_sigma = log_sigma_at(target, point);
    double log_det = spectral_log_det(target->spectrum, L[0], &r2);
    double r = sqrt(r2) / exp(log_sigma);
    root[p + (size_t) (p + 1) * p] = r;
    if (target->sigma_role == SIGMA_INTEGRATED)
        *value += integrate_sigma(target->model, target->grouping, -0.5 * log_det, r);
    else
        add_scale(target, L, log_sigma, log_det, -p * log_sigma, r, value);
}

void split_factor(const model_t *model, const step_t *step, const double *whole, double *const *L)
{
    int first = 0, n = step->whole.n_random;
    for (int l = 0; l < step->n; l++) {
        int q = model->grouping[step->grouping[l]].n_random;
        for (int k = 0; k < q; k++)
            memcpy(L[l] + (size_t) q * k, whole + first + (size_t) n * (first + k),
                   sizeof(double) * q);
        first += q;
    }
}

status_t weigh_target(collapsed_target_t *target, const double *sigma2)
{
    if (target->merged)
        RETURN_IF_FAILED(weigh_merged(target->model, sigma2, target->merged, target->monitor));
    else if (target->chain)
        RETURN_IF_FAILED(weigh_nested(target->model, target->step, sigma2, target->chain->place,
                                      &target->chain->nested, target->chain->rows,
                                      target->monitor));
    else
        weigh_groups(target->model, target->grouping, sigma2, &target->data,
                     &target->buffers.weighing);
    target->weighed = 1;
    return STATUS_OK;
}

/* log|V| and the products [X y]'V^-1[X y]. */
static status_t products_at(collapsed_target_t *target, const double *L, marginal_t *marginal)
{
    chain_data_t *chain = target->chain;
    if (target->merged) {
        split_factor(target->model, target->step, L, target->merged->L);
        return merged_products(target->model, target->merged, marginal, target->monitor);
    }
    if (!chain) return marginal_products(&target->data, L, marginal, target->monitor);
    split_factor(target->model, target->step, L, chain->L);
    return nested_products(&chain->nested, (const double *const *) chain->L, marginal,
                           target->monitor);
}

/* After products_at(), their root. */
static status_t root_at(collapsed_target_t *target, const double *L, marginal_t *marginal)
{
    chain_data_t *chain = target->chain;
    if (target->merged)
        return merged_root(target->model, target->merged, marginal, target->monitor);
    if (!chain) return marginal_root(&target->data, L, marginal, target->monitor);
    return nested_root(&chain->nested, (const double *const *) chain->L, marginal,
                       target->monitor);
}

/* log p(coordinates | y), and the marginal's root. */
static status_t collapsed_target_at(target_t *base, const double *point, double *value,
                                    double *root)
{
    collapsed_target_t *target = (collapsed_target_t *) base;
    const model_t *model = target->model;
    int p = model->n_coef, rows = p + 1;
    marginal_t marginal = { 0.0, root };
    double *L = target->buffers.L;
    *value = factor_at(target, point, L);
    if (is_spectral(target, L)) {
        add_spectral_target(target, point, L, value, root);
        return STATUS_OK;
    }
    if (!target->weighed) RETURN_IF_FAILED(weigh_target(target, NULL));
    RETURN_IF_FAILED(products_at(target, L, &marginal));
    if (target->sigma_role == SIGMA_INTEGRATED) {
        RETURN_IF_FAILED(root_at(target, L, &marginal));
        *value += log_marginal(model, target->grouping, &marginal);
        return STATUS_OK;
    }
    double log_sigma = log_sigma_at(target, point), sigma = exp(log_sigma);
    add_prior_products(model, sigma * sigma, root);
    RETURN_IF_FAILED(cholesky_with_residual(rows, root));
    add_scale(target, L, log_sigma, marginal.log_det, log_det_root(p, root),
              root[p + (size_t) rows * p], value);
    return STATUS_OK;
}

void start_target(const model_t *model, const step_t *step, sigma_role_t role,
                  collapsed_target_t *target)
{
    size_t rows = (size_t) model->n_coef + 1;
    const grouping_t *grouping = &step->whole;
    target->model = model;
    target->step = step;
    target->grouping = grouping;
    target->target.n = n_scales(grouping) + n_angles(grouping) + sigma_is_coordinate(role);
    target->target.by_product_size = rows * rows;
    target->target.at = collapsed_target_at;
    target->sigma_role = role;
    target->weighed = 0;
}
