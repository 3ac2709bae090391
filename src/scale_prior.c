#include <math.h>
#include <Rmath.h>
#include <R_ext/Random.h>
#include "scale_prior.h"

int is_flat(const scale_prior_t *prior)
{
    return prior->kind == SCALE_CONJUGATE && prior->shape == -0.5 && prior->rate == 0.0
        && !isfinite(prior->upper);
}

log_density_t scale_density_at(const scale_prior_t *prior, double s)
{
    /* A prior that is positive at 0 has neither power nor rate. */
    double power = -(2.0 * prior->shape + 1.0);
    double fall = prior->rate > 0.0 ? prior->rate / (s * s) : 0.0;
    double power_part = power == 0.0 ? 0.0 : power * log(s);
    log_density_t at = { power_part - fall, power + 2.0 * fall, -4.0 * fall };
    double ratio = s / prior->scale;
    double square = ratio * ratio;
    switch (prior->kind) {
    case SCALE_HALF_T: {
        /* The share of s^2 in df scale^2 + s^2. */
        double share = 1.0 / (1.0 + prior->df / square), power_t = prior->df + 1.0;
        at.value -= 0.5 * power_t * log1p(square / prior->df);
        at.slope -= power_t * share;
        at.curvature -= 2.0 * power_t * share * (1.0 - share);
        break;
    }
    case SCALE_HALF_NORMAL:
        at.value -= 0.5 * square;
        at.slope -= square;
        at.curvature -= 2.0 * square;
        break;
    case SCALE_EXPONENTIAL:
        at.value -= ratio;
        at.slope -= ratio;
        at.curvature -= ratio;
        break;
    case SCALE_CONJUGATE:
    case SCALE_POOLED:
    case SCALE_FIXED:
        break;
    }
    return at;
}

double log_scale_density(const scale_prior_t *prior, double s)
{
    return s < prior->upper ? scale_density_at(prior, s).value : -INFINITY;
}

/* A gamma variate above a bound, by inversion of its upper tail, on the log
   scale: the bound may lie far out in the tail. */
static double draw_gamma_above(double bound, double shape, double scale)
{
    double log_tail = pgamma(bound, shape, scale, 0, 1);
    return qgamma(log(unif_rand()) + log_tail, shape, scale, 0, 1);
}

static status_t draw_conjugate(const scale_prior_t *prior, double n, double sum_of_squares,
                               double *variance)
{
    double shape = 0.5 * n + prior->shape;
    double rate = 0.5 * sum_of_squares + prior->rate;
    if (!(shape > 0.0) || !(rate > 0.0) || !isfinite(rate)) return STATUS_NOT_FINITE;
    double precision = isfinite(prior->upper)
        ? draw_gamma_above(1.0 / (prior->upper * prior->upper), shape, 1.0 / rate)
        : rgamma(shape, 1.0 / rate);
    *variance = 1.0 / precision;
    return STATUS_OK;
}

/* What a standard deviation's conditional is made of. */
typedef struct {
    const scale_prior_t *prior;
    double n, sum_of_squares;
} residuals_t;

/* log p(log s | residuals) = (1 - n) log s - sum_of_squares / (2 s^2) + log p(s). */
static log_density_t log_scale_at(const void *data, double log_s)
{
    const residuals_t *residuals = (const residuals_t *) data;
    double s = exp(log_s), fall = residuals->sum_of_squares / (s * s);
    log_density_t at = scale_density_at(residuals->prior, s);
    at.value += (1.0 - residuals->n) * log_s - 0.5 * fall;
    at.slope += (1.0 - residuals->n) + fall;
    at.curvature -= 2.0 * fall;
    return at;
}

status_t draw_variance(const scale_prior_t *prior, double n, double sum_of_squares,
                       double *variance)
{
    if (prior->kind == SCALE_FIXED) {
        *variance = prior->scale * prior->scale;
    } else if (prior->kind == SCALE_CONJUGATE) {
        RETURN_IF_FAILED(draw_conjugate(prior, n, sum_of_squares, variance));
    } else {
        residuals_t residuals = { prior, n, sum_of_squares };
        double log_s;
        if (!(sum_of_squares > 0.0) || !isfinite(sum_of_squares)) return STATUS_NOT_FINITE;
        double start = 0.5 * log(sum_of_squares / fmax(n, 1.0));
        RETURN_IF_FAILED(draw_log_concave(log_scale_at, &residuals, start, -INFINITY, &log_s));
        *variance = exp(2.0 * log_s);
    }
    return isfinite(*variance) && *variance > 0.0 ? STATUS_OK : STATUS_NOT_FINITE;
}
