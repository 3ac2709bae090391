#ifndef RELM_CONDITIONALS_H
#define RELM_CONDITIONALS_H

#include "model.h"

/* The full conditionals. Each draws its part of the state given the rest; X and theta here are the
   columns that stay in the regression and their coefficients, and g is the number of a grouping. */

/* effect_j ~ N(V_j (Sigma^-1 mean + Z_j'(y_j - X_j theta)/sigma^2), V_j),
   V_j = (Sigma^-1 + Z_j'Z_j/sigma^2)^-1, for every group j. */
status_t draw_group_effects(const model_t *model, state_t *state, int g);

/* All coefficients at once. Those in the regression:
   N((X'X)^-1 X'(y - Z effect), sigma^2 (X'X)^-1); those that are means of group
   effects: N(mean_j effect_j, Sigma/J). A normal prior is added to both. */
status_t draw_coefficients(const model_t *model, state_t *state);

/* Sigma, block by block, from S = sum_j (effect_j - mean)(effect_j - mean)':
   tau_k^2 ~ IG((J - 1)/2, S_kk/2) under a uniform tau_k; IW(J + df, S + scale)
   under IW(df, scale); the other priors as draw_block() says. */
status_t draw_covariance(const model_t *model, state_t *state, int g);

/* sigma_s^2 ~ IG(n_s/2, sum |y - X theta - Z effect|^2 / 2), for every stratum s; pooled,
   the parameters of their prior before them. Other families than the Gaussian have none. */
status_t draw_residual_variances(const model_t *model, state_t *state);

/* S = sum_j (effect_j - mean)(effect_j - mean)' over one block, upper half. */
void effect_sums_of_squares(const model_t *model, const state_t *state, int g,
                            const cov_block_t *block, double *S);

/* own (size x size) <- a block of whole (q x q), or the reverse where not outward. */
void copy_block(int q, const cov_block_t *block, double *whole, double *own, int outward);

/* sum (q) = sum_j effect_j. */
void sum_effects(const model_t *model, const state_t *state, int g, double *sum);

/* sum_of_squares[s] = sum |y - X theta - Z effect|^2 over the rows of stratum s,
   as a sum of squares throughout. */
void residual_sums_of_squares(const model_t *model, state_t *state);

#endif
