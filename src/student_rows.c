#include <math.h>
#include <Rmath.h>
#include "linalg.h"
#include "student_rows.h"

/* Nodes of the trapezoidal rule lie as far apart as this share of a standard deviation at the mode, and
   as far as logarithms below the mode reach. */
static const double NODE_SHARE = 0.5, MOST_APART = 0.3, NEGLIGIBLE = 40.0;

enum { MOST_NODES = 20000, MOST_STEPS = 60 };

/* The log of the integrand at x = log w, and its first two derivatives. */
typedef struct {
    double v, s2, r2, a;        /* a = df/2 */
} mixture_t;

static double log_mixture(const mixture_t *m, double x)
{
    double V = m->v + m->s2 * exp(-x);
    return m->a * (x - expm1(x)) - 0.5 * log(V) - 0.5 * m->r2 / V;
}

static double slope_of_mixture(const mixture_t *m, double x)
{
    double s = m->s2 * exp(-x), V = m->v + s;
    return -m->a * expm1(x) + 0.5 * s / V * (1.0 - m->r2 / V);
}

/* As much as minus its second derivative is about x, or more. */
static double curvature_bound(const mixture_t *m, double x)
{
    return m->a * exp(x) + 0.5 + 0.5 * m->r2 / (m->v + m->s2 * exp(-x));
}

/* About where it is greatest, to a tenth of its width, by bisection. */
static double mode_of_mixture(const mixture_t *m)
{
    double low = -1.0, high = 1.0;
    while (slope_of_mixture(m, low) < 0.0 && low > -700.0) low *= 2.0;
    while (slope_of_mixture(m, high) > 0.0 && high < 700.0) high *= 2.0;
    for (int i = 0; i < MOST_STEPS; i++) {
        double middle = 0.5 * (low + high);
        if ((high - low) * sqrt(curvature_bound(m, high)) < 0.1) break;
        if (slope_of_mixture(m, middle) > 0.0) low = middle;
        else high = middle;
    }
    return 0.5 * (low + high);
}

static double node_distance(const mixture_t *m, double mode)
{
    double h = 1e-3, curvature = (slope_of_mixture(m, mode - h) - slope_of_mixture(m, mode + h))
        / (2.0 * h);
    double most = curvature_bound(m, mode);
    if (!(curvature > most)) curvature = most;
    return fmin(NODE_SHARE / sqrt(curvature), MOST_APART);
}

/* log (a^a e^-a / Gamma(a)), without the digits that large a would lose. */
static double log_gamma_constant(double a)
{
    if (a > 1e3) return 0.5 * (log(a) - M_LN_2PI) - (1.0 - 1.0 / (30.0 * a * a)) / (12.0 * a);
    return a * log(a) - a - lgammafn(a);
}

double log_t_and_normal(double r, double v, double s2, double df)
{
    mixture_t m = { v, s2, r * r, 0.5 * df };
    double mode = mode_of_mixture(&m), top = log_mixture(&m, mode);
    double apart = node_distance(&m, mode), sum = 1.0;
    for (int side = -1; side <= 1; side += 2)
        for (int k = 1; k < MOST_NODES; k++) {
            double less = log_mixture(&m, mode + side * k * apart) - top;
            if (less < -NEGLIGIBLE) break;
            sum += exp(less);
        }
    return top + log(sum * apart) + log_gamma_constant(m.a) - M_LN_SQRT_2PI;
}

student_rows_buffers_t take_student_rows(int most_rows, int q, workspace_t *work)
{
    student_rows_buffers_t buffers;
    buffers.A = take_matrix(work, q, most_rows);
    buffers.U = take_matrix(work, q, q);
    buffers.u = take(work, q);
    return buffers;
}

/* A, U with U'U = I + A A', and u = U'^-1 A e. */
static status_t weigh_rows(const student_rows_t *rows, const student_rows_buffers_t *buffers)
{
    int q = rows->q;
    double *U = buffers->U, *u = buffers->u;
    for (int k = 0; k < q; k++) {
        u[k] = 0.0;
        for (int l = 0; l < q; l++) U[l + (size_t) q * k] = l == k;
    }
    for (int i = 0; i < rows->n; i++) {
        double root = sqrt(rows->weight[rows->stride * i] / rows->s2[rows->stride * i]);
        double *a = buffers->A + (size_t) q * i;
        for (int k = 0; k < q; k++) {
            a[k] = 0.0;
            for (int l = k; l < q; l++)
                a[k] += rows->L[l + (size_t) q * k] * rows->Z[i + rows->n_all * l];
            a[k] *= root;
            u[k] += a[k] * root * rows->e[rows->stride * i];
        }
        for (int k = 0; k < q; k++)
            for (int l = 0; l <= k; l++) U[l + (size_t) q * k] += a[l] * a[k];
    }
    RETURN_IF_FAILED(cholesky(q, U));
    solve_upper_transposed(q, U, u);
    return STATUS_OK;
}

status_t student_row_densities(const student_rows_t *rows, int leave_out,
                               const student_rows_buffers_t *buffers, double *values)
{
    int q = rows->q;
    RETURN_IF_FAILED(weigh_rows(rows, buffers));
    for (int i = 0; i < rows->n; i++) {
        size_t at = rows->stride * i;
        double *a = buffers->A + (size_t) q * i, unit = rows->s2[at] / rows->weight[at];
        solve_upper_transposed(q, buffers->U, a);
        double h = dot(q, a, a), residual = rows->e[at] - sqrt(unit) * dot(q, a, buffers->u);
        if (leave_out) {
            residual /= 1.0 - h;
            h /= 1.0 - h;
        }
        if (!isfinite(residual) || !isfinite(h)) return STATUS_NOT_FINITE;
        values[at] = log_t_and_normal(residual, h * unit, rows->s2[at], rows->df);
    }
    return STATUS_OK;
}
