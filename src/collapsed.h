#ifndef RELM_COLLAPSED_H
#define RELM_COLLAPSED_H

#include "marginal.h"
#include "proposal.h"
#include "samplers.h"

/* The posterior of the relative covariance factor L, with Sigma = sigma^2 L L', the
   coefficients and the group effects integrated out. What becomes of sigma: */
typedef enum {
    SIGMA_INTEGRATED,   /* no prior but sigma's own knows a scale (flat coefficients,
                           uniform standard deviations, LKJ): integrated out as well */
    SIGMA_COORDINATE,   /* log sigma is one coordinate more */
    SIGMA_GIVEN,        /* several residual variances: they are given, and L is the
                           factor of Sigma itself */
    SIGMA_BESIDE        /* log sigma is one coordinate more, and the others are of the standard
                           deviations themselves, which a narrow prior may hold faster than
                           the data hold sigma */
} sigma_role_t;

static inline int sigma_is_coordinate(sigma_role_t role)
{
    return role == SIGMA_COORDINATE || role == SIGMA_BESIDE;
}

/* Unconstrained coordinates of L: x_k with lambda_k = scale_k sinh(x_k), then the
   inverse hyperbolic tangents of the canonical partial correlations of each block, row
   by row, then log sigma where it is a coordinate; where sigma is beside them,
   tau_k = sigma lambda_k = scale_k sinh(x_k). lambda_k is signed: to change its
   sign and those of its correlations changes nothing, and points are kept in the half
   where all x_k are positive. */
typedef struct collapsed {
    int n;                  /* coordinates */
    sigma_role_t sigma_role;
    const double *scale;    /* q */
    group_data_t data;
    int weighed;            /* are the data those of the present residual variances? */
    const struct spectrum *spectrum;    /* or NULL */
    proposal_t proposal;
    double *point;          /* n: where the chain is */
    double *root;           /* (p + 1) x (p + 1): the marginal's root there; where the
                               spectrum serves its last element alone, r */
    double log_target, log_proposal;
    int started;
    double proposed, accepted;
    ellipse_t ellipse;
    double *next_point, *next_root, *work, *weigh_work;
    monitor_t *monitor;
} collapsed_t;

int n_coordinates(const model_t *model, sigma_role_t role);

size_t collapsed_work(int q, int p);

/* L from coordinates, and the log density of the coordinates' prior and Jacobian. */
double factor_at(const model_t *model, const collapsed_t *collapsed, const double *point,
                 double *L);

/* log p(coordinates | y), up to a constant, and the marginal's root there. */
status_t log_target_at(const model_t *model, collapsed_t *collapsed,
                       const double *point, double *value, double *root);

/* log p(L | y) without the prior of L, up to a constant, under uniform standard
   deviations tau_k = sigma lambda_k, whose Jacobian is in it, and a conjugate prior of
   sigma^2: -log_det/2 - log|R| - (n - p - q + 2 shape)/2 log(r^2/2 + rate). */
double log_marginal(const model_t *model, const marginal_t *marginal);

/* Products at sigma, with those of the normal prior of theta:
   [X y]'V^-1[X y]/sigma^2 + [P, h; h', m'P m]. */
void add_prior_products(const model_t *model, double sigma2, double *products);

/* Does the spectrum tell all that is asked at L? */
int is_spectral(const collapsed_t *collapsed, const double *L);

/* log|R| of the coefficients' part of the root. */
double log_det_root(int p, const double *root);

/* The data in units of the residual variances sigma2, or of the common one where sigma2
   is NULL. work holds weigh_work() doubles. */
size_t weigh_work(int q, int p);

/* Squares of the factors of levels: group_data_t's level_products. */
void square_levels(const model_t *model, double *products);

void weigh_groups(const model_t *model, const double *sigma2, group_data_t *data,
                  double *work);

#endif
