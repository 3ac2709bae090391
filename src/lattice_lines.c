#include <math.h>
#include "lane_math.h"
#include "lattice_group.h"
#include <Rmath.h>

/* Are there no trials but single ones, so that rows are multiplied and one logarithm is taken of
   many? */
INLINED int takes_products(const lattice_group_t *g)
{
    return g->responses->is_single && g->responses->likelihood == LIKELIHOOD_LOGIT;
}

/* Rows that only fill a group up have nothing but ones for factors. */
FOR_WIDE_VECTORS_TOO
void prepare_lines(lattice_group_t *g)
{
    const lattice_buffers_t *b = g->b;
    likelihood_t likelihood = g->responses->likelihood;
    lanes_t total = ALL_LANES(0.0);
    int n = g->n;
    /* Where c is the same in all rows, the first stands for them. */
    int n_steps = g->responses->is_intercept ? LANES : n;
    for (int k = 0; k < g->q; k++)
        for (int i = 0; i < n_steps; i += LANES) {
            lanes_t step = g->h * *const_lanes_of(b->c + i + (size_t) n * k);
            if (!is_plain(g)) exp_lanes(&step);
            *lanes_of(b->step + i + (size_t) n * k) = step;
        }
    for (int i = 0; i < n; i += LANES) {
        lanes_t mean = *const_lanes_of(b->mean + i), trials = *const_lanes_of(g->trials + i);
        total += mean;
        if (likelihood == LIKELIHOOD_COUNTS) *lanes_of(b->weight + i) = mean;
        else if (is_plain(g)) *lanes_of(b->weight + i) = ALL_LANES(0.0);
        else if (takes_products(g)) {
            *lanes_of(b->weight + i) = mean;
            *lanes_of(b->rest + i) = *const_lanes_of(b->rest + i) * trials + (1.0 - trials);
        } else {
            lanes_t least = ALL_LANES(1e-300);
            raise_lanes(&trials, &least);
            *lanes_of(b->weight + i) = mean / trials;
        }
    }
    g->total_mean = sum_of_lanes(&total);
}

const double *factor_at_mode(const lattice_group_t *g)
{
    return g->b->weight;
}

/* What a row's factor is at the first nodes and from a vector of nodes to the next. */
INLINED void first_nodes(double at, double step, lanes_t *nodes, double *to_next)
{
#ifdef __GNUC__
    double square = step * step;
    *nodes = (lanes_t) { at, at * step, at * square, at * step * square };
    *to_next = square * square;
#else
    *nodes = at;
    *to_next = step;
#endif
}

/* Products over rows of rest + mean P for nodes in `width` vectors; rows from, ..., to - 1. */
INLINED void multiply_rows(const lattice_group_t *g, const line_t *line, int width, int from, int to,
                           const double *start, lanes_t *product)
{
    const lattice_buffers_t *b = g->b;
    lanes_t a0 = ALL_LANES(1.0), a1 = a0, a2 = a0, a3 = a0;
    for (int i = from; i < to; i++) {
        double next, rest = b->rest[i];
        lanes_t P;
        first_nodes(line->factor[i] * start[i], b->step[i], &P, &next);
        a0 *= rest + P;
        P *= next;
        if (width > 1) a1 *= rest + P;
        if (width > 2) { P *= next; a2 *= rest + P; }
        if (width > 3) { P *= next; a3 *= rest + P; }
    }
    product[0] = a0;
    if (width > 1) product[1] = a1;
    if (width > 2) product[2] = a2;
    if (width > 3) product[3] = a3;
}

/* The same where c is the same in all rows: nodes are the first row's. */
INLINED void multiply_equal_rows(const lattice_group_t *g, const line_t *line, int width, int from, int to,
                                 const double *start, lanes_t *product)
{
    const lattice_buffers_t *b = g->b;
    double next;
    lanes_t a0 = ALL_LANES(1.0), a1 = a0, a2 = a0, a3 = a0;
    lanes_t P0;
    first_nodes(start[0], b->step[0], &P0, &next);
    lanes_t P1 = next * P0, P2 = next * P1, P3 = next * P2;
    for (int i = from; i < to; i++) {
        double rest = b->rest[i], mean = line->factor[i];
        a0 *= rest + mean * P0;
        if (width > 1) a1 *= rest + mean * P1;
        if (width > 2) a2 *= rest + mean * P2;
        if (width > 3) a3 *= rest + mean * P3;
    }
    product[0] = a0;
    if (width > 1) product[1] = a1;
    if (width > 2) product[2] = a2;
    if (width > 3) product[3] = a3;
}

/* Rows of one trial: their product, whose logarithm is taken before it leaves the range. */
INLINED void single_rows(const lattice_group_t *g, const line_t *line, int width, const double *start,
                         lanes_t *sum)
{
    double reach = g->largest * (fabs(line->t) + LANES * width * g->h + g->radius) + 1e-3;
    int block = reach > 300.0 ? 1 : (int) (600.0 / reach);
    lanes_t product[4];
    for (int from = 0; from < g->n; from += block) {
        int to = from + block < g->n ? from + block : g->n;
        if (g->responses->is_intercept)
            multiply_equal_rows(g, line, width, from, to, start, product);
        else multiply_rows(g, line, width, from, to, start, product);
        for (int v = 0; v < width; v++) {
            log_lanes(product + v);
            sum[v] -= product[v];
        }
    }
}

INLINED void weighted_rows(const lattice_group_t *g, const line_t *line, int width, const double *start,
                           lanes_t *sum)
{
    const lattice_buffers_t *b = g->b;
    int is_equal = g->responses->is_intercept;
    for (int i = 0; i < g->n; i++) {
        double next, trials = g->trials[i];
        int k = is_equal ? 0 : i;
        if (trials == 0.0) continue;
        lanes_t P;
        first_nodes(line->factor[i] * start[k], b->step[k], &P, &next);
        for (int v = 0; v < width; v++) {
            lanes_t total = b->rest[i] + P;
            log_lanes(&total);
            sum[v] -= trials * total;
            P *= next;
        }
    }
}

INLINED void counted_rows(const lattice_group_t *g, const line_t *line, int width, const double *start,
                          lanes_t *sum)
{
    const lattice_buffers_t *b = g->b;
    int n = g->responses->is_intercept ? 1 : g->n;
    for (int v = 0; v < width; v++) sum[v] = ALL_LANES(g->total_mean);
    for (int i = 0; i < n; i++) {
        double next, mean = g->responses->is_intercept ? g->total_mean : line->factor[i];
        lanes_t P;
        first_nodes(mean * start[i], b->step[i], &P, &next);
        for (int v = 0; v < width; v++) {
            sum[v] -= P;
            P *= next;
        }
    }
}

/* The log likelihoods of y successes in m trials at nodes: log Phi(eta) and log Phi(-eta) are those of
   either tail. */
INLINED void probit_nodes(double y, double m, const lanes_t *eta, lanes_t *sum)
{
    lanes_t zero = ALL_LANES(0.0), other = -*eta, tail = *eta, rest;
    raise_lanes(&tail, &other);
    log_tail_lanes(&tail);
    rest = tail;
    exp_lanes(&rest);
    rest = 1.0 - rest;
    log_lanes(&rest);
    lanes_t above = rest, below = tail;
    swap_lanes(&above, &below, eta, &zero);
    *sum += y * above + (m - y) * below;
}

/* log(1 - exp(-e)) is log e less e/2 where e is small. */
INLINED void cloglog_nodes(double y, double m, const lanes_t *eta, lanes_t *sum)
{
    lanes_t e = *eta, small = ALL_LANES(1e-4), far;
    exp_lanes(&e);
    far = -e;
    exp_lanes(&far);
    far = 1.0 - far;
    lanes_t least = ALL_LANES(1e-300), near = *eta - e * (0.5 - e * (1.0 / 24));
    raise_lanes(&far, &least);
    log_lanes(&far);
    swap_lanes(&far, &near, &e, &small);
    *sum += y * far - (m - y) * e;
}

/* Rows of other links, factor being what the line adds to eta. */
INLINED void other_rows(const lattice_group_t *g, const line_t *line, int width, lanes_t *sum)
{
    const lattice_buffers_t *b = g->b;
    int is_probit = g->responses->likelihood == LIKELIHOOD_PROBIT;
    double t[4 * 4];
    for (int k = 0; k < LANES * width; k++) t[k] = line->t + g->h * k;
    for (int v = 0; v < width; v++) sum[v] = ALL_LANES(-g->at_mode);
    for (int i = 0; i < g->n; i++) {
        double y = g->y[i], m = g->trials[i], base = b->eta[i] + line->factor[i], c = b->c[i];
        if (m == 0.0) continue;
        for (int v = 0; v < width; v++) {
            lanes_t eta = base + c * *const_lanes_of(t + LANES * v);
            if (is_probit) probit_nodes(y, m, &eta, sum + v);
            else cloglog_nodes(y, m, &eta, sum + v);
        }
    }
}

/* So far out that factors would leave the range, from the linear predictors themselves. */
static void far_rows(const lattice_group_t *g, const line_t *line, int width, lanes_t *sum)
{
    const lattice_buffers_t *b = g->b;
    double *out = (double *) sum;
    for (int k = 0; k < LANES * width; k++) {
        double t = line->t + g->h * k, total = 0.0;
        for (int i = 0; i < g->n; i++) {
            double at_mode = b->eta[i], eta = at_mode + b->c[i] * t;
            if (g->trials[i] == 0.0) continue;
            for (int l = 1; l < g->q; l++) eta += b->c[i + (size_t) g->n * l] * line->others[l];
            total -= g->trials[i] * (g->responses->likelihood == LIKELIHOOD_COUNTS
                                     ? exp(fmin(eta, 700.0)) - exp(fmin(at_mode, 700.0))
                                     : log1pexp(eta) - log1pexp(at_mode));
        }
        out[k] = total;
    }
}

/* Where is a factor of the line's, or one on the way to it, near the end of the range? */
INLINED int is_far(const lattice_group_t *g, const line_t *line, int width)
{
    double last = line->t + LANES * width * g->h, reach = fmax(fabs(line->t), fabs(last));
    for (int l = 1; l < g->q; l++) reach = fmax(reach, fabs(line->others[l]));
    return g->largest * reach > 300.0;
}

/* The log likelihood of the nodes of a line over that at the mode, less y'c t, but for other links. */
INLINED void sum_rows(const lattice_group_t *g, const line_t *line, int width, double *start, lanes_t *sum)
{
    const lattice_buffers_t *b = g->b;
    for (int v = 0; v < width; v++) sum[v] = ALL_LANES(0.0);
    if (is_plain(g)) {
        other_rows(g, line, width, sum);
        return;
    }
    if (is_far(g, line, width)) {
        far_rows(g, line, width, sum);
        return;
    }
    int n = g->responses->is_intercept ? LANES : g->n;
    for (int i = 0; i < n; i += LANES) {
        lanes_t at = line->t * *const_lanes_of(b->c + i);
        exp_lanes(&at);
        *lanes_of(start + i) = at;
    }
    if (g->responses->likelihood == LIKELIHOOD_COUNTS) counted_rows(g, line, width, start, sum);
    else if (takes_products(g)) single_rows(g, line, width, start, sum);
    else weighted_rows(g, line, width, start, sum);
}

INLINED void fill_line(const lattice_group_t *g, const line_t *line, int width, double *start)
{
    lanes_t sum[4];
    double t[4 * 4], slope = is_plain(g) ? 0.0 : g->along[0];
    double linear = is_plain(g) ? 0.0 : line->linear;
    sum_rows(g, line, width, start, sum);
    for (int k = 0; k < LANES * width; k++) t[k] = line->t + g->h * k;
    for (int v = 0; v < width; v++) {
        lanes_t at = *const_lanes_of(t + LANES * v), u = line->first_u + g->inverse[0] * at;
        *lanes_of(line->out + LANES * v) = sum[v] + linear + slope * at
            - 0.5 * (line->square + u * u);
    }
}

FOR_WIDE_VECTORS_TOO
void fill_nodes(const lattice_group_t *g, const line_t *line, int width, double *start)
{
    if (width == 1) fill_line(g, line, 1, start);
    else if (width == 2) fill_line(g, line, 2, start);
    else if (width == 3) fill_line(g, line, 3, start);
    else fill_line(g, line, 4, start);
}

FOR_WIDE_VECTORS_TOO
void start_factor(const lattice_group_t *g, int dimension, double t, const double *outer,
                  double *factor)
{
    const double *c = g->b->c + (size_t) g->n * dimension;
    for (int i = 0; i < g->n; i += LANES) {
        lanes_t own = t * *const_lanes_of(c + i), from = *const_lanes_of(outer + i);
        if (is_plain(g)) {
            *lanes_of(factor + i) = from + own;
            continue;
        }
        exp_lanes(&own);
        *lanes_of(factor + i) = from * own;
    }
}

FOR_WIDE_VECTORS_TOO
void step_factor(const lattice_group_t *g, int dimension, double *factor)
{
    const double *step = g->b->step + (size_t) g->n * dimension;
    for (int i = 0; i < g->n; i += LANES)
        if (is_plain(g)) *lanes_of(factor + i) += *const_lanes_of(step + i);
        else *lanes_of(factor + i) *= *const_lanes_of(step + i);
}
