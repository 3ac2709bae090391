#include <math.h>
#include <R_ext/Random.h>
#include "log_concave.h"

enum { MAX_NEWTON_STEPS = 500, MAX_WIDTHS = 500, MAX_TRIALS = 100000 };

/* By how much the log density may have fallen where a tangent touches it. */
static const double least_fall = 0.4, most_fall = 2.5;

/* Newton's steps on the slope, kept between points known to lie on either side of the
   mode, and within reach. */
static status_t climb(log_density_at_t at, const void *data, double x, double lower,
                      double *mode)
{
    double below = lower, above = INFINITY;
    for (int i = 0; i < MAX_NEWTON_STEPS; i++) {
        log_density_t here = at(data, x);
        if (!isfinite(here.value) || isnan(here.slope)) return STATUS_NOT_FINITE;
        double reach = isfinite(lower) ? 3.0 * (x - lower) : 3.0;
        double step = here.curvature < 0.0 ? -here.slope / here.curvature
            : here.slope > 0.0 ? reach : -reach;
        /* The density at x is within 1e-16 of the greatest. */
        if (here.slope * step < 1e-16) {
            *mode = x;
            return STATUS_OK;
        }
        if (here.slope > 0.0) below = x;
        else above = x;
        double next = x + fmax(fmin(step, reach), -reach);
        x = next > below && next < above ? next : 0.5 * (below + above);
    }
    return STATUS_NOT_FINITE;
}

static status_t find_mode(log_density_at_t at, const void *data, double start,
                          double lower, double *mode)
{
    if (isfinite(lower)) {
        log_density_t end = at(data, lower);
        if (isfinite(end.value) && end.slope <= 0.0) {
            *mode = lower;
            return STATUS_OK;
        }
    }
    return climb(at, data, start, lower, mode);
}

/* Where a tangent touches, on the side of the mode that `sign` says. `limit` is how
   far the support goes; answers 0 when it ends before the density has fallen. */
static int find_tangent(log_density_at_t at, const void *data, double mode,
                        log_density_t top, double sign, double limit,
                        double *x, log_density_t *touch)
{
    double near = 0.0, far = INFINITY;
    double width = sqrt(2.0) / (sqrt(-top.curvature) + fabs(top.slope));
    width = fmin(width, 0.5 * limit);
    if (!(width > 0.0)) return 0;
    for (int i = 0; i < MAX_WIDTHS; i++) {
        *x = mode + sign * width;
        *touch = at(data, *x);
        double fall = top.value - touch->value;
        if (fall >= least_fall && fall <= most_fall) break;
        if (fall < least_fall) near = width;
        else far = width;
        width = isfinite(far) ? 0.5 * (near + far) : 2.0 * width;
        if (width >= limit) return 0;
    }
    return 1;
}

status_t draw_log_concave(log_density_at_t at, const void *data, double start,
                          double lower, double *draw)
{
    double mode, x = 0.0;
    log_density_t touch = { 0.0, 0.0, 0.0 };
    RETURN_IF_FAILED(find_mode(at, data, start, lower, &mode));
    log_density_t top = at(data, mode);

    /* The hat is flat from left to right, and exponential beyond, with these slopes. */
    double left = lower, right, left_slope = INFINITY, right_slope;
    if (find_tangent(at, data, mode, top, -1.0, mode - lower, &x, &touch)) {
        left_slope = touch.slope;
        left = x + (top.value - touch.value) / left_slope;
    }
    find_tangent(at, data, mode, top, 1.0, INFINITY, &x, &touch);
    right_slope = touch.slope;
    right = x + (top.value - touch.value) / right_slope;
    double left_area = 1.0 / left_slope, middle = right - left;
    double area = left_area + middle - 1.0 / right_slope;
    if (!(right_slope < 0.0) || !(left_slope > 0.0) || !(middle >= 0.0) || !isfinite(area))
        return STATUS_NOT_FINITE;

    for (int i = 0; i < MAX_TRIALS; i++) {
        double u = area * unif_rand(), log_hat = 0.0;
        if (u < left_area) {
            log_hat = log(u / left_area);
            x = left + log_hat / left_slope;
        } else if (u <= left_area + middle) {
            x = left + (u - left_area);
        } else {
            log_hat = log((u - left_area - middle) * -right_slope);
            x = right + log_hat / right_slope;
        }
        double height = x > lower ? at(data, x).value - top.value : -INFINITY;
        if (log(unif_rand()) < height - log_hat) {
            *draw = x;
            return STATUS_OK;
        }
    }
    return STATUS_NOT_FINITE;
}
