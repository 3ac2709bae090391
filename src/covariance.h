#ifndef RELM_COVARIANCE_H
#define RELM_COVARIANCE_H

#include <math.h>
#include "random.h"
#include "scale_prior.h"
#include "status.h"
#include "workspace.h"

/* Blocks of the covariance matrix of the group effects, with their priors.
   COV_VARIANCE         one standard deviation
   COV_LKJ              standard deviations, and correlations C with density ∝ |C|^(eta - 1)
   COV_INVERSE_WISHART  IW(df, scale)
   COV_HUANG_WAND       IW(df + size - 1, 2 df diag(1/a)), a_k ~ IG(1/2, 1/scale_k^2), under
                        which tau_k ~ half-t(df, scale_k) (Huang and Wand 2013)
   COV_SYMMETRIC        all correlations are rho, -1/(size - 1) < rho < 1
   COV_AUTOREGRESSIVE   the correlation of columns k and l is rho^|k - l|
   COV_DIAGONAL         no correlations
   Under the first two of the last three rho has density ∝ |C|^(eta - 1), as LKJ's has within all
   correlation matrices. */
typedef enum {
    COV_VARIANCE, COV_LKJ, COV_INVERSE_WISHART, COV_HUANG_WAND,
    COV_SYMMETRIC, COV_AUTOREGRESSIVE, COV_DIAGONAL
} cov_kind_t;

typedef struct {
    int first, size;            /* columns of Z: first, first + 1, ... */
    cov_kind_t kind;
    int is_homogeneous;         /* have all columns one standard deviation? */
    const scale_prior_t *sd;    /* size: of each standard deviation, under COV_VARIANCE and
                                   COV_LKJ; sd[k].scale is scale_k of COV_HUANG_WAND */
    double parameter;           /* eta of LKJ, df of the others */
    const double *scale;        /* size x size, scale of the inverse Wishart */
} cov_block_t;

static inline int block_correlations(const cov_block_t *block)
{
    return block->kind == COV_DIAGONAL ? 0 : block->size * (block->size - 1) / 2;
}

/* Is rho, if anything, all that its correlations are made of? */
static inline int is_structured(const cov_block_t *block)
{
    return block->kind >= COV_SYMMETRIC;
}

/* Coordinates that the collapsed sampler has of it: standard deviations, and what correlations
   are made of. */
static inline int block_scales(const cov_block_t *block)
{
    return block->is_homogeneous ? 1 : block->size;
}

static inline int block_angles(const cov_block_t *block)
{
    return is_structured(block) ? block->kind != COV_DIAGONAL : block_correlations(block);
}

/* Are all its standard deviations uniform on (0, Inf)? Not for the last two kinds. */
int block_is_flat(const cov_block_t *block);

/* log cosh x without overflow. */
static inline double log_cosh(double x)
{
    double size = fabs(x);
    return size + log1p(exp(-2.0 * size)) - 0.69314718055994531;
}

/* The Cholesky factor of a block's correlation matrix, in its place in L (q x q), from its
   canonical partial correlations y_lk = tanh(z_lk) (Lewandowski, Kurowicka and Joe 2009), row by
   row; and the log density of z. Under LKJ(eta) y_lk has density
   ∝ (1 - y^2)^(eta + (size - 1 - k)/2 - 1), k = 1, 2, ..., and dy/dz is 1 - y^2.
   Of a structured block z is one number: rho = low + (1 - low) u, u = (1 + tanh z)/2, with low
   = -1/(size - 1) or -1. |C| is (1 - rho)^(size - 1) (1 + (size - 1) rho) ∝ (1 - u)^(size - 1) u,
   or (1 - rho^2)^(size - 1), so that u ~ Beta(a, b), b = (size - 1)(eta - 1) + 1, a = eta or b. */
double correlation_factor(int q, const cov_block_t *block, const double *z, double *L);

/* log p of a block's Sigma (size x size) with respect to dSigma, up to a constant, given
   its inverse and log determinant; inverse-Wishart and Huang-Wand blocks. */
double log_matrix_density(const cov_block_t *block, double log_det,
                          const double *Sigma_inverse);

/* Proposals of a whole Sigma under LKJ, and draws in which none was accepted where
   one had to be. */
typedef struct {
    double proposals, refused;
} proposals_t;

/* Of blocks up to this size. */
typedef struct {
    double *proposal;       /* size x size, as all but the row */
    double *root_S;         /* U with U'U = S */
    double *inverse;        /* of Sigma */
    double *root;           /* of whatever is factored on the way */
    double *row;            /* size */
    wishart_buffers_t wishart;
} block_buffers_t;

block_buffers_t take_block(int size, workspace_t *work);

/* Sigma given n_groups effects N(0, Sigma) with S their sum of squares and products:
   both size x size, S in its upper half; S is overwritten. */
status_t draw_block(const cov_block_t *block, int n_groups, double *S, double *Sigma,
                    const block_buffers_t *buffers, proposals_t *proposals);

#endif
