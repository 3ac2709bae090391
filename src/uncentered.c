#include "conditionals.h"
#include "samplers.h"

/* The Gibbs sampler of the uncentered parameterization,
       y_j ~ N(X_j beta + Z_j gamma_j, sigma^2 I),  gamma_j ~ N(0, Sigma).
   `effect` is gamma_j and its mean is 0; all columns of X stay in the
   regression. */
status_t uncentered_sweep(const model_t *model, state_t *state)
{
    /* gamma_j | . ~ N(V_j Z_j'(y_j - X_j beta)/sigma^2, V_j),
       V_j = (Sigma^-1 + Z_j'Z_j/sigma^2)^-1 */
    for (int g = 0; g < model->n_groupings; g++)
        RETURN_IF_FAILED(draw_group_effects(model, state, g));
    /* beta | . ~ N((X'X)^-1 sum_j X_j'(y_j - Z_j gamma_j), sigma^2 (X'X)^-1) */
    RETURN_IF_FAILED(draw_coefficients(model, state));
    /* tau_k^2 | . ~ IG((J - 1)/2, sum_j gamma_kj^2 / 2) */
    for (int g = 0; g < model->n_groupings; g++)
        RETURN_IF_FAILED(draw_covariance(model, state, g));
    /* sigma^2 | . ~ IG(n/2, sum_j |y_j - X_j beta - Z_j gamma_j|^2 / 2) */
    return draw_residual_variances(model, state);
}
