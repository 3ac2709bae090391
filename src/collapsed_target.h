#ifndef RELM_COLLAPSED_TARGET_H
#define RELM_COLLAPSED_TARGET_H

#include "marginal.h"
#include "nested_effects.h"
#include "target.h"
#include "weighing.h"

/* The posterior of the relative covariance factor L, with Sigma = sigma^2 L L', the
   coefficients and the group effects integrated out. What becomes of sigma: */
typedef enum {
    SIGMA_INTEGRATED,   /* no prior but sigma's own knows a scale (flat coefficients,
                           uniform standard deviations, LKJ): integrated out as well */
    SIGMA_COORDINATE,   /* log sigma is one coordinate more */
    SIGMA_GIVEN,        /* several residual variances: they are given, and L is the
                           factor of Sigma itself */
    SIGMA_BESIDE,       /* log sigma is one coordinate more, and the others are of the standard
                           deviations themselves, which a narrow prior may hold faster than
                           the data hold sigma */
    SIGMA_NONE,         /* the family has none, and L is the factor of Sigma itself */
    SIGMA_FIXED         /* it is known */
} sigma_role_t;

static inline int sigma_is_coordinate(sigma_role_t role)
{
    return role == SIGMA_COORDINATE || role == SIGMA_BESIDE;
}

/* Of an evaluation. */
typedef struct {
    double *L;              /* q x q */
    double *columns, *inverse;  /* a block: q x q and less */
    weighing_buffers_t weighing;
} target_buffers_t;

target_buffers_t take_target(int q, int p, workspace_t *work);

/* The data of a longer chain, and the factors of its levels out of L. */
typedef struct chain_data {
    nested_t nested;
    const int *place;       /* of each group of the leaf in the chain's order */
    double *rows;           /* nested_rows_size() */
    double *L[MOST_LEVELS]; /* q x q */
    nested_effects_t effects;   /* where they are drawn in the chain; else without memory */
    double *effect[MOST_LEVELS];    /* q x n_groups, in the chain's order */
} chain_data_t;

/* L[l] <- the levels' blocks of the whole L. */
void split_factor(const model_t *model, const step_t *step, const double *whole, double *const *L);

/* A target of unconstrained coordinates of L: x_k with lambda_k = scale_k sinh(x_k), one of a
   homogeneous block, then the inverse hyperbolic tangents of the canonical partial correlations of
   each block, row by row, or z of a structured one, then log sigma where it is a coordinate; where
   sigma is beside them, tau_k = sigma lambda_k = scale_k sinh(x_k). lambda_k is signed: to change
   its sign and those of its correlations changes nothing, and points are kept in the half
   where all x_k are positive. A structured block cannot change the signs of correlations, and has
   |lambda_k| instead. Its by-product is the marginal's root, (p + 1) x (p + 1), or
   where the spectrum serves its last element alone, r. */
typedef struct {
    target_t target;
    const model_t *model;
    const step_t *step;
    const grouping_t *grouping;     /* the step's whole: L is its */
    sigma_role_t sigma_role;
    const double *scale;    /* n_scales() */
    group_data_t data;      /* of a step of one grouping */
    struct chain_data *chain;   /* of a longer chain, else NULL */
    struct merged *merged;  /* of crossed groupings in one step, else NULL */
    int weighed;            /* are the data those of the present residual variances? */
    const struct spectrum *spectrum;    /* or NULL */
    struct family_data *family;     /* of another family than the Gaussian, else NULL */
    target_buffers_t buffers;
    monitor_t *monitor;
} collapsed_target_t;

/* Sets all that follows from the model, a step of it and the role. */
void start_target(const model_t *model, const step_t *step, sigma_role_t role,
                  collapsed_target_t *target);

/* From now on the residual variances are these. */
status_t weigh_target(collapsed_target_t *target, const double *sigma2);

/* L from coordinates, and the log density of the coordinates' prior and Jacobian. */
double factor_at(const collapsed_target_t *target, const double *point, double *L);

/* The inverse of sigma^2 L L' over one block, whose corner of L has the leading dimension q,
   and that of its factor in columns: size x size. */
void invert_factor(int q, int size, const double *corner, double sigma, double *inverse,
                   double *columns);

/* Adds the log density of L's standard deviations and covariances at sigma. */
void add_factor_prior(const collapsed_target_t *target, const double *L, double sigma,
                      double *value);

/* log p(L | y) without the prior of L, up to a constant, under uniform standard
   deviations tau_k = sigma lambda_k, whose Jacobian is in it, and a conjugate prior of
   sigma^2: -log_det/2 - log|R| - (n - p - q + 2 shape)/2 log(r^2/2 + rate). */
double log_marginal(const model_t *model, const grouping_t *grouping,
                    const marginal_t *marginal);

/* Products at sigma, with those of the normal prior of theta:
   [X y]'V^-1[X y]/sigma^2 + [P, h; h', m'P m]. */
void add_prior_products(const model_t *model, double sigma2, double *products);

/* Does the spectrum tell all that is asked at L? */
int is_spectral(const collapsed_target_t *target, const double *L);

/* log|R| of the coefficients' part of the root. */
double log_det_root(int p, const double *root);

#endif
