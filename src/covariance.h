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
                        which tau_k ~ half-t(df, scale_k) (Huang and Wand 2013) */
typedef enum { COV_VARIANCE, COV_LKJ, COV_INVERSE_WISHART, COV_HUANG_WAND } cov_kind_t;

typedef struct {
    int first, size;            /* columns of Z: first, first + 1, ... */
    cov_kind_t kind;
    const scale_prior_t *sd;    /* size: of each standard deviation, under COV_VARIANCE and
                                   COV_LKJ; sd[k].scale is scale_k of COV_HUANG_WAND */
    double parameter;           /* eta of LKJ, df of the others */
    const double *scale;        /* size x size, scale of the inverse Wishart */
} cov_block_t;

static inline int block_correlations(const cov_block_t *block)
{
    return block->size * (block->size - 1) / 2;
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
   ∝ (1 - y^2)^(eta + (size - 1 - k)/2 - 1), k = 1, 2, ..., and dy/dz is 1 - y^2. */
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
