#ifndef RELM_COLLAPSED_H
#define RELM_COLLAPSED_H

#include "model.h"
#include "samplers.h"

/* The posterior of the relative covariance factor L, with Sigma = sigma^2 L L', the
   coefficients and the group effects integrated out, for one residual variance.
   Where no prior but that of sigma knows a scale (flat coefficients, uniform standard
   deviations, LKJ), sigma is integrated out too; elsewhere it is one coordinate
   more. */

/* What the integral leaves at L (q x q, lower triangular). */
typedef struct {
    double log_det;         /* sum_j log|I + L'Z_j'Z_j L| */
    double *root;           /* (p + 1) x (p + 1): [X y]'V^-1[X y], upper half, V = I +
                               Z L L' Z'; then its upper Cholesky factor */
} marginal_t;

/* log_det and the products; the root is then theirs, or theirs and the prior's. */
status_t marginal_products(const model_t *model, const double *L, marginal_t *marginal,
                           monitor_t *monitor, double *work);

/* root <- the factor of the products. */
status_t marginal_root(const model_t *model, marginal_t *marginal);

/* A = R L, for R upper and L lower triangular, q x q. */
void multiply_factors(int q, const double *R, const double *L, double *A);

/* log p(L | y) without the prior of L, up to a constant; under uniform standard
   deviations tau_k = sigma lambda_k, whose Jacobian is in it, and the conjugate
   prior of sigma^2:
   -log_det/2 - log|R| - (n - p - q + 2 shape)/2 log(r^2/2 + rate). */
double log_marginal(const model_t *model, const marginal_t *marginal);

/* Unconstrained coordinates of L: x_k with lambda_k = scale_k sinh(x_k), then the
   inverse hyperbolic tangents of the canonical partial correlations of each block,
   row by row, then log sigma where it is a coordinate. lambda_k is signed: to change its sign and those of its correlations
   changes nothing. */
typedef struct collapsed {
    int n;                  /* coordinates */
    int with_sigma;         /* is log sigma the last of them? */
    const double *scale;    /* q */
    /* The proposal: multivariate Student t, folded to positive lambda. */
    const double *center;   /* n */
    const double *proposal_root;    /* n x n, upper: U'U is the inverse of its scale */
    double df;
    /* The random walk's steps, in the same root. */
    double step;
    double *point;          /* n: where the chain is */
    double *root;           /* (p + 1) x (p + 1): the marginal's root there */
    double log_target;
    int started;
    double proposed, accepted;
    double *next_point, *next_root, *work;
    monitor_t *monitor;
} collapsed_t;

int n_coordinates(const model_t *model);

/* L from coordinates, and the log density of the coordinates' prior and Jacobian. */
double factor_at(const model_t *model, const collapsed_t *collapsed, const double *point,
                 double *L);

/* log p(coordinates | y), up to a constant, and the marginal's root there. */
status_t log_target_at(const model_t *model, const collapsed_t *collapsed,
                       const double *point, double *value, double *root, double *work);

size_t collapsed_work(int q, int p);

#endif
