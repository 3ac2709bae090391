#include <math.h>
#include "conditionals.h"
#include "linalg.h"
#include "samplers.h"

/* The common line y ~ N(X beta, sigma^2 I) under a flat beta: independent draws
   from the conjugate posterior,
       sigma^2 ~ IG((n - p)/2, |y - X b|^2 / 2),  beta | sigma^2 ~ N(b, sigma^2 (X'X)^-1),
   with b the least-squares coefficients. X is orthonormal here, so b = X'y. */
status_t common_line_sweep(const model_t *model, state_t *state)
{
    int p = model->n_coef, rows = p + 1;
    const double *T = model->stratum_factor, *Ty = T + (size_t) rows * p;
    for (int k = 0; k < p; k++) state->staying[k] = dot(rows, T + (size_t) rows * k, Ty);
    residual_sums_of_squares(model, state);
    RETURN_IF_FAILED(draw_variance(&model->sigma_prior, model->stratum_rows[0] - p,
                                   state->sum_of_squares[0], state->sigma2));
    double sigma = sqrt(state->sigma2[0]);
    draw_standard_normals(p, state->buffers.normals);
    for (int k = 0; k < p; k++)
        state->theta[k] = state->staying[k] += sigma * state->buffers.normals[k];
    return user_wants_to_stop(state->monitor, stratum_visits(model)) ? STATUS_INTERRUPTED
        : STATUS_OK;
}
