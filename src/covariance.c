#include <math.h>
#include <string.h>
#include <Rmath.h>
#include <R_ext/Random.h>
#include "covariance.h"
#include "linalg.h"
#include "random.h"
#include "slice.h"

/* Proposals of Sigma before the old one is kept. To keep it when all are
   refused leaves the conditional distribution as it is, since whether that
   happens does not depend on the old value. */
enum { MAX_PROPOSALS = 1000 };

/* Independent proposals of Sigma in a draw where a prior is not uniform. */
enum { INDEPENDENT_PROPOSALS = 3 };

block_buffers_t take_block(int size, workspace_t *work)
{
    block_buffers_t buffers;
    buffers.proposal = take_matrix(work, size, size);
    buffers.root_S = take_matrix(work, size, size);
    buffers.inverse = take_matrix(work, size, size);
    buffers.root = take_matrix(work, size, size);
    buffers.row = take(work, size);
    buffers.wishart = take_wishart(size, work);
    return buffers;
}

int block_is_flat(const cov_block_t *block)
{
    if (block->kind == COV_INVERSE_WISHART || block->kind == COV_HUANG_WAND) return 0;
    for (int k = 0; k < block->size; k++)
        if (!is_flat(block->sd + k)) return 0;
    return 1;
}

/* The factor of rho^|k - l|, with root = sqrt(1 - rho^2). */
static void autoregressive_factor(int q, int size, double rho, double root, double *corner)
{
    for (int k = 0; k < size; k++) {
        double value = k == 0 ? 1.0 : root;
        for (int l = k; l < size; l++, value *= rho) corner[l + (size_t) q * k] = value;
    }
}

/* That of equal correlations: with d_k = 1 + k rho its element k of the diagonal is
   sqrt((1 - rho) d_k / d_(k-1)), and what is below that rho sqrt((1 - rho) / (d_k d_(k-1))). rest =
   1 - rho, last = d_(size-1): both may be near 0. */
static void symmetric_factor(int q, int size, double rho, double rest, double last,
                             double *corner)
{
    double before = rest;
    for (int k = 0; k < size; k++) {
        double d = k == size - 1 ? last : 1.0 + k * rho;
        corner[k + (size_t) q * k] = sqrt(rest * d / before);
        for (int l = k + 1; l < size; l++)
            corner[l + (size_t) q * k] = k == 0 ? rho : rho * sqrt(rest / (before * d));
        before = d;
    }
    corner[0] = 1.0;
}

/* log(1/(1 + exp(-x))) */
static double log_logistic(double x)
{
    return x < -700.0 ? x : -log1p(exp(-x));
}

static double structured_factor(int q, const cov_block_t *block, const double *z, double *L)
{
    int size = block->size;
    double *corner = L + block->first + (size_t) q * block->first;
    if (block->kind == COV_DIAGONAL) {
        for (int k = 0; k < size; k++) corner[k + (size_t) q * k] = 1.0;
        return 0.0;
    }
    double log_u = log_logistic(2.0 * *z), log_rest = log_logistic(-2.0 * *z);
    double u = exp(log_u), rest = exp(log_rest), b = (size - 1.0) * (block->parameter - 1.0) + 1.0;
    if (block->kind == COV_AUTOREGRESSIVE) {
        autoregressive_factor(q, size, u - rest, 2.0 * sqrt(u * rest), corner);
        return b * (log_u + log_rest);
    }
    double width = size / (size - 1.0);
    symmetric_factor(q, size, 1.0 - width * rest, width * rest, size * u, corner);
    return block->parameter * log_u + b * log_rest;
}

double correlation_factor(int q, const cov_block_t *block, const double *z, double *L)
{
    int size = block->size, first = block->first;
    double log_density = 0.0;
    if (is_structured(block)) return structured_factor(q, block, z, L);
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

/* The marginal of Huang and Wand's prior over a:
   |Sigma|^-(df + 2 size)/2 prod_k (df (Sigma^-1)_kk + 1/scale_k^2)^-(df + size)/2. */
double log_matrix_density(const cov_block_t *block, double log_det,
                          const double *Sigma_inverse)
{
    int size = block->size;
    double df = block->parameter;
    if (block->kind == COV_INVERSE_WISHART)
        return -0.5 * (df + size + 1.0) * log_det
            - 0.5 * dot(size * size, block->scale, Sigma_inverse);
    double value = -0.5 * (df + 2.0 * size) * log_det;
    for (int k = 0; k < size; k++) {
        double scale = block->sd[k].scale;
        value -= 0.5 * (df + size)
            * log(df * Sigma_inverse[(size_t) (size + 1) * k] + 1.0 / (scale * scale));
    }
    return value;
}

/* Both halves of the inverse of A, by its factor in U. */
static status_t invert(int n, const double *A, double *U, double *inverse)
{
    memcpy(U, A, sizeof(double) * (size_t) n * n);
    RETURN_IF_FAILED(cholesky(n, U));
    inverse_from_cholesky(n, U, inverse);
    return STATUS_OK;
}

/* Sigma ~ IW(J - 1, S) until one is accepted: uniform standard deviations and
   LKJ(eta) have density ∝ |Sigma|^(-size/2) |C|^(size/2 + eta - 1). */
static void draw_flat_lkj(const cov_block_t *block, int n_groups, const double *root_S,
                          double *Sigma, const block_buffers_t *buffers,
                          proposals_t *proposals)
{
    int size = block->size, accepted = 0;
    double power = 0.5 * size + block->parameter - 1.0, log_det = 0.0;
    double *proposal = buffers->proposal;
    for (int tries = 0; tries < MAX_PROPOSALS && !accepted; tries++) {
        draw_inverse_wishart(size, n_groups - 1.0, root_S, proposal, &buffers->wishart);
        /* A matrix that is singular in floating point has no chance. */
        int regular =
            log_det_correlation(size, proposal, buffers->root, &log_det) == STATUS_OK;
        accepted = log(unif_rand()) < power * log_det && regular;
        proposals->proposals++;
    }
    if (accepted) memcpy(Sigma, proposal, sizeof(double) * (size_t) size * size);
    else proposals->refused++;
}

/* What the target has beside IW(J - 1, S):
   |C|^(size/2 + eta - 1) prod_k p(tau_k). root: size x size. */
static double log_lkj_weight(const cov_block_t *block, const double *Sigma, double *root)
{
    int size = block->size;
    double log_det;
    if (log_det_correlation(size, Sigma, root, &log_det) != STATUS_OK) return -INFINITY;
    double weight = (0.5 * size + block->parameter - 1.0) * log_det;
    for (int k = 0; k < size; k++)
        weight += log_scale_density(block->sd + k, sqrt(Sigma[(size_t) (size + 1) * k]));
    return weight;
}

/* Metropolis steps with IW(J - 1, S) as proposal. */
static void propose_wishart(const cov_block_t *block, int n_groups, const double *root_S,
                            double *Sigma, const block_buffers_t *buffers)
{
    int size = block->size;
    double *proposal = buffers->proposal;
    double weight = log_lkj_weight(block, Sigma, buffers->root);
    for (int i = 0; i < INDEPENDENT_PROPOSALS; i++) {
        draw_inverse_wishart(size, n_groups - 1.0, root_S, proposal, &buffers->wishart);
        double next = log_lkj_weight(block, proposal, buffers->root);
        if (log(unif_rand()) < next - weight) {
            memcpy(Sigma, proposal, sizeof(double) * (size_t) size * size);
            weight = next;
        }
    }
}

/* tau_k given the correlations and the other standard deviations, through x, the old
   tau_k over the new one:
   log p(x) = (J - 2) log x - square x^2 / 2 - product x + log p(tau_k),
   which is concave in x for every prior there is. */
typedef struct {
    const scale_prior_t *prior;
    double tau, n, square, product;
} one_scale_t;

static log_density_t log_inverse_scale_at(const void *data, double x)
{
    const one_scale_t *one = (const one_scale_t *) data;
    log_density_t prior = scale_density_at(one->prior, one->tau / x);
    log_density_t at = {
        one->n * log(x) - 0.5 * one->square * x * x - one->product * x + prior.value,
        (one->n - prior.slope) / x - one->square * x - one->product,
        (prior.curvature + prior.slope - one->n) / (x * x) - one->square
    };
    return at;
}

/* P is Sigma^-1, S has both halves. */
static status_t draw_scale(const cov_block_t *block, int n_groups, const double *S, int k,
                           double *Sigma, double *P)
{
    int size = block->size;
    size_t place = (size_t) (size + 1) * k;
    one_scale_t one = { block->sd + k, sqrt(Sigma[place]), n_groups - 2.0,
                        P[place] * S[place], 0.0 };
    for (int l = 0; l < size; l++)
        if (l != k) one.product += P[l + (size_t) size * k] * S[l + (size_t) size * k];
    double x;
    RETURN_IF_FAILED(draw_log_concave(log_inverse_scale_at, &one, 1.0,
                                      one.tau / one.prior->upper, &x));
    for (int l = 0; l < size; l++) {
        size_t across = k + (size_t) size * l, down = l + (size_t) size * k;
        Sigma[across] /= x;
        Sigma[down] /= x;
        P[across] *= x;
        P[down] *= x;
    }
    return isfinite(Sigma[place]) && Sigma[place] > 0.0 ? STATUS_OK : STATUS_NOT_FINITE;
}

/* Of two effects: the exponent eta - 1 - J/2, t_kk + t_ll, and t_kl. */
typedef struct {
    double power, squares, product;
} pair_t;

/* log p(u), u the partial correlation of two effects given the others:
   (eta - 1 - J/2) log(1 - u^2) - (t_kk + t_ll - 2 u t_kl) / (2 (1 - u^2)). */
static double log_partial(void *data, double u)
{
    const pair_t *pair = (const pair_t *) data;
    double rest = (1.0 - u) * (1.0 + u);
    if (!(u > -1.0 && u < 1.0)) return -INFINITY;
    return pair->power * log(rest) - 0.5 * (pair->squares - 2.0 * u * pair->product) / rest;
}

/* The correlation of effects k and l given the other correlations and the standard
   deviations. With the others given, the two have covariance M = (P_aa)^-1 and sum of
   squares T = M P_a. S P_.a M, a = (k, l). */
static status_t draw_correlation(const cov_block_t *block, int n_groups, const double *S,
                                 int k, int l, double *Sigma, double *P,
                                 const block_buffers_t *buffers)
{
    int size = block->size, pair[2] = { k, l };
    double W[4], *PS = buffers->row;
    for (int i = 0; i < 2; i++) {
        const double *row = P + (size_t) size * pair[i];
        for (int m = 0; m < size; m++) PS[m] = dot(size, row, S + (size_t) size * m);
        for (int j = 0; j < 2; j++) W[i + 2 * j] = dot(size, PS, P + (size_t) size * pair[j]);
    }
    double a = P[k + (size_t) size * k], b = P[l + (size_t) size * l];
    double c = P[k + (size_t) size * l];
    /* M = [b, -c; -c, a] / det; t = T over the standard deviations of M. */
    double det = a * b - c * c;
    if (!(det > 0.0)) return STATUS_NOT_POSITIVE_DEFINITE;
    double t_kk = (b * b * W[0] - 2.0 * b * c * W[2] + c * c * W[3]) / (b * det);
    double t_ll = (c * c * W[0] - 2.0 * a * c * W[2] + a * a * W[3]) / (a * det);
    double t_kl = ((a * b + c * c) * W[2] - b * c * W[0] - a * c * W[3])
        / (sqrt(a * b) * det);
    double old = -c / sqrt(a * b);
    pair_t given = { block->parameter - 1.0 - 0.5 * n_groups, t_kk + t_ll, t_kl };
    double u = step_within(log_partial, &given, old, -1.0, 1.0);
    double before = Sigma[k + (size_t) size * l];
    double after = before + (u - old) * sqrt(a * b) / det;
    Sigma[k + (size_t) size * l] = Sigma[l + (size_t) size * k] = after;
    if (invert(size, Sigma, buffers->root, P) == STATUS_OK) return STATUS_OK;
    /* Singular in floating point: refused. */
    Sigma[k + (size_t) size * l] = Sigma[l + (size_t) size * k] = before;
    return invert(size, Sigma, buffers->root, P);
}

/* Where a standard deviation is not uniform: proposals of the whole matrix, which mix
   well while the effects outweigh the priors and need as many groups; then each
   standard deviation and each correlation given the rest, which mix where the
   priors outweigh the effects and need nothing. */
static status_t draw_lkj(const cov_block_t *block, int n_groups, double *S, double *Sigma,
                         const block_buffers_t *buffers)
{
    int size = block->size;
    double *root_S = buffers->root_S, *P = buffers->inverse;
    for (int k = 0; k < size; k++)
        for (int l = 0; l < k; l++) S[k + (size_t) size * l] = S[l + (size_t) size * k];
    if (n_groups - 1 >= size) {
        memcpy(root_S, S, sizeof(double) * (size_t) size * size);
        RETURN_IF_FAILED(cholesky(size, root_S));
        propose_wishart(block, n_groups, root_S, Sigma, buffers);
    }
    RETURN_IF_FAILED(invert(size, Sigma, buffers->root, P));
    for (int k = 0; k < size; k++)
        RETURN_IF_FAILED(draw_scale(block, n_groups, S, k, Sigma, P));
    for (int k = 1; k < size; k++)
        for (int l = 0; l < k; l++)
            RETURN_IF_FAILED(draw_correlation(block, n_groups, S, k, l, Sigma, P, buffers));
    return STATUS_OK;
}

/* Sigma ~ IW(J + df, S + scale). */
static status_t draw_wishart(const cov_block_t *block, int n_groups, double *S,
                             double *Sigma, const block_buffers_t *buffers)
{
    int size = block->size;
    for (int k = 0; k < size * size; k++) S[k] += block->scale[k];
    RETURN_IF_FAILED(cholesky(size, S));
    draw_inverse_wishart(size, n_groups + block->parameter, S, Sigma, &buffers->wishart);
    return STATUS_OK;
}

/* a_k | Sigma ~ IG((df + size)/2, df (Sigma^-1)_kk + 1/scale_k^2), then
   Sigma ~ IW(J + df + size - 1, S + 2 df diag(1/a)). */
static status_t draw_huang_wand(const cov_block_t *block, int n_groups, double *S,
                                double *Sigma, const block_buffers_t *buffers)
{
    int size = block->size;
    double df = block->parameter, *P = buffers->inverse;
    RETURN_IF_FAILED(invert(size, Sigma, buffers->root, P));
    for (int k = 0; k < size; k++) {
        size_t place = (size_t) (size + 1) * k;
        double scale = block->sd[k].scale;
        double rate = df * P[place] + 1.0 / (scale * scale);
        S[place] += 2.0 * df * rgamma(0.5 * (df + size), 1.0 / rate);
    }
    RETURN_IF_FAILED(cholesky(size, S));
    draw_inverse_wishart(size, n_groups + df + size - 1.0, S, Sigma, &buffers->wishart);
    return STATUS_OK;
}

status_t draw_block(const cov_block_t *block, int n_groups, double *S, double *Sigma,
                    const block_buffers_t *buffers, proposals_t *proposals)
{
    switch (block->kind) {
    case COV_VARIANCE:
        return draw_variance(block->sd, n_groups, S[0], Sigma);
    case COV_INVERSE_WISHART:
        return draw_wishart(block, n_groups, S, Sigma, buffers);
    case COV_HUANG_WAND:
        return draw_huang_wand(block, n_groups, S, Sigma, buffers);
    case COV_SYMMETRIC:
    case COV_AUTOREGRESSIVE:
    case COV_DIAGONAL:
        return STATUS_NOT_FINITE;   /* which have no such draw: R refuses them */
    case COV_LKJ:
        break;
    }
    if (!block_is_flat(block)) return draw_lkj(block, n_groups, S, Sigma, buffers);
    RETURN_IF_FAILED(cholesky(block->size, S));
    draw_flat_lkj(block, n_groups, S, Sigma, buffers, proposals);
    return STATUS_OK;
}
