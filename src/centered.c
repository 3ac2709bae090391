#include "conditionals.h"
#include "hierarchy.h"
#include "samplers.h"

/* The Gibbs sampler of the centered parameterization,
       y_j ~ N(Z_j beta_j, sigma^2 I),  beta_j ~ N(beta, Sigma)
   (Gelfand, Sahu and Carlin 1995). `effect` is beta_j and its mean is beta;
   columns of X that vary by group in no way stay in the regression. Of several groupings one
   takes up a coefficient, and in a chain each is centered on the one above it (hierarchy.h). */
status_t centered_sweep(const model_t *model, state_t *state)
{
    /* beta_j | . ~ N(V_j (Sigma^-1 beta + X_j'y_j/sigma^2), V_j),
       V_j = (Sigma^-1 + X_j'X_j/sigma^2)^-1 */
    RETURN_IF_FAILED(draw_effects_upward(model, state));
    /* beta | . ~ N(mean_j beta_j, Sigma/J) */
    RETURN_IF_FAILED(draw_coefficients(model, state));
    /* tau_k^2 | . ~ IG((J - 1)/2, sum_j (beta_kj - beta_k)^2 / 2) */
    for (int g = 0; g < model->n_groupings; g++)
        RETURN_IF_FAILED(draw_covariance(model, state, g));
    /* sigma^2 | . ~ IG(n/2, sum_j |y_j - X_j beta_j|^2 / 2) */
    return draw_residual_variances(model, state);
}
