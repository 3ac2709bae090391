#ifndef RELM_HYPER_H
#define RELM_HYPER_H

#include "model.h"

/* The hyperparameters of a draw: how many there are, their order, and what is computed from them.
   beta; of each grouping the standard deviations of the effects, then their correlations within
   each block row by row; then sigma, then the parameters of a pooled prior of sigma, then degrees of freedom of
   Student's t residuals; of other families without a sigma the shape, where they have one. */

/* Of all blocks. */
int n_correlations(const grouping_t *grouping);

/* Coordinates of the collapsed sampler, over all blocks. */
int n_scales(const grouping_t *grouping);
int n_angles(const grouping_t *grouping);
int n_hyper(const model_t *model);

/* The state's hyperparameters, n_hyper(model) of them. */
void store_hyper(const model_t *model, const state_t *state, double *out);

/* The hyperparameters of one draw, as they tell of a grouping. */
typedef struct {
    const double *beta, *theta;     /* p */
    const double *L;                /* q x q, of one grouping: see hyper_draws_t */
    const double *sigma;            /* n_strata */
} hyper_t;

/* Of several draws. */
typedef struct {
    int n;
    double *theta;      /* p x n */
    double **L;         /* of each grouping, q x q x n, lower triangular: Sigma = sigma^2 L L';
                           with several residual variances, the factor of Sigma itself */
    double *shape;      /* n, of dispersed counts, else NULL */
    double *sigma, *sigma2; /* n_strata x n: residual standard deviations and variances */
    double *beta;       /* p x n */
} hyper_draws_t;

/* Of draw i, with the L of the grouping of a step; none where that is NULL. */
hyper_t hyper_of_draw(const model_t *model, const hyper_draws_t *draws, const step_t *step,
                      int i);

/* Coefficients in the coordinates of the samplers, and back: p. */
void theta_to_beta(const model_t *model, const double *theta, double *beta);
void beta_to_theta(const model_t *model, const double *beta, double *theta);

/* hyper: n_hyper x n, as chains store them. */
void decode_hyper(const model_t *model, const double *hyper, hyper_draws_t *draws);

/* The lower triangular factor of a correlation matrix, that may be singular in floating point,
   times its standard deviations over `unit`. */
void factor_from_correlations(const grouping_t *grouping, const double *sd,
                              const double *correlation, double unit, double *L);

#endif
