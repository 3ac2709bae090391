#include <math.h>
#include <Rmath.h>
#include <R_ext/Random.h>
#include "log_concave.h"
#include "pooled.h"
#include "slice.h"

static const double df_shape = 2.0, df_rate = 0.1;

/* n precisions u_k, through n log(sum_k u_k) - sum_k log(u_k). */
typedef struct {
    double n, spread;
} precisions_t;

/* log p(log nu | sigma) at x = nu/2:
   lgamma(n x) - n lgamma(x) - x spread + df_shape log(nu) - df_rate nu,
   which is concave in log nu, since 2 psi'(y) + y psi''(y) < 1/y. */
static log_density_t log_df_at(const void *data, double log_df)
{
    const precisions_t *u = (const precisions_t *) data;
    double df = exp(log_df), x = 0.5 * df, n = u->n;
    double slope = x * (n * (digamma(n * x) - digamma(x)) - u->spread);
    log_density_t at = {
        lgammafn(n * x) - n * lgammafn(x) - x * u->spread + df_shape * log_df - df_rate * df,
        slope + df_shape - df_rate * df,
        slope + x * x * n * (n * trigamma(n * x) - trigamma(x)) - df_rate * df
    };
    return at;
}

/* nu with s^2 integrated out, then s^2 ~ Gamma(n nu/2, nu/2 sum_k 1/sigma_k^2). */
status_t draw_pooled_given_sigma(int n, const double *sigma2, double *df, double *scale)
{
    double total = 0.0, logs = 0.0, log_df;
    for (int k = 0; k < n; k++) {
        total += 1.0 / sigma2[k];
        logs -= log(sigma2[k]);
    }
    precisions_t u = { n, n * log(total) - logs };
    RETURN_IF_FAILED(draw_log_concave(log_df_at, &u, log(10.0), -INFINITY, &log_df));
    *df = exp(log_df);
    *scale = sqrt(rgamma(0.5 * n * *df, 2.0 / (*df * total)));
    return isfinite(*scale) && *scale > 0.0 ? STATUS_OK : STATUS_NOT_FINITE;
}

/* With sigma_k integrated out, n_k residuals with sum of squares S_k have density ∝
   Gamma((nu + n_k)/2) / Gamma(nu/2) (nu s^2)^-(n_k/2) (1 + r_k)^-((nu + n_k)/2),
   r_k = S_k / (nu s^2). */
typedef struct {
    const pooled_t *pooled;
    double df, scale;
} marginal_scale_t;

/* Given nu it is concave in log s. */
static log_density_t log_scale_at(const void *data, double log_s)
{
    const marginal_scale_t *marginal = (const marginal_scale_t *) data;
    const pooled_t *pooled = marginal->pooled;
    double square = marginal->df * exp(2.0 * log_s);
    log_density_t at = { 0.0, 0.0, 0.0 };
    for (int k = 0; k < pooled->n; k++) {
        double power = marginal->df + pooled->rows[k];
        double ratio = pooled->sum_of_squares[k] / square;
        double share = ratio / (1.0 + ratio);
        at.value -= pooled->rows[k] * log_s + 0.5 * power * log1p(ratio);
        at.slope += power * share - pooled->rows[k];
        at.curvature -= 2.0 * power * share / (1.0 + ratio);
    }
    return at;
}

static double log_marginal_df(void *data, double log_df)
{
    const marginal_scale_t *marginal = (const marginal_scale_t *) data;
    const pooled_t *pooled = marginal->pooled;
    double df = exp(log_df), square = df * marginal->scale * marginal->scale;
    double value = df_shape * log_df - df_rate * df;
    double rows = NAN, gammas = 0.0;
    for (int k = 0; k < pooled->n; k++) {
        if (pooled->rows[k] != rows) {
            rows = pooled->rows[k];
            gammas = lgammafn(0.5 * (df + rows)) - lgammafn(0.5 * df) - 0.5 * rows * log_df;
        }
        value += gammas - 0.5 * (df + rows) * log1p(pooled->sum_of_squares[k] / square);
    }
    return value;
}

status_t draw_pooled(const pooled_t *pooled, const double *sigma2, double *df,
                     double *scale)
{
    double log_s;
    RETURN_IF_FAILED(draw_pooled_given_sigma(pooled->n, sigma2, df, scale));
    marginal_scale_t marginal = { pooled, *df, *scale };
    RETURN_IF_FAILED(draw_log_concave(log_scale_at, &marginal, log(*scale), -INFINITY, &log_s));
    *scale = marginal.scale = exp(log_s);
    *df = exp(step_by_slice(log_marginal_df, &marginal, log(*df)));
    return isfinite(*scale) && *scale > 0.0 ? STATUS_OK : STATUS_NOT_FINITE;
}

scale_prior_t pooled_prior(double df, double scale)
{
    scale_prior_t prior = { 0.5 * df, 0.5 * df * scale * scale, INFINITY,
                            SCALE_CONJUGATE, 0.0, 1.0 };
    return prior;
}
