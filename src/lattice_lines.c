#include <math.h>
#include "lane_math.h"
#include "lattice_group.h"
#include <Rmath.h>

/* Has no row many trials, so that powers of rows are multiplied and one logarithm is taken of
   many? */
INLINED int takes_products(const lattice_group_t *g)
{
    return g->responses->has_few_trials && g->responses->likelihood == LIKELIHOOD_LOGIT;
}

/* What a row's factor is at the first nodes and from a vector of nodes to the next. */
INLINED void first_nodes(double at, double step, lanes_t *nodes, double *to_next)
{
#if defined(__GNUC__) && !defined(RELM_WITHOUT_VECTORS)
    double square = step * step;
    *nodes = (lanes_t) { at, at * step, at * square, at * step * square };
    *to_next = square * square;
#else
    *nodes = at;
    *to_next = step;
#endif
}

/* exp(c t) of the first dimension at POWER_NODES nodes about the mode, row by row. */
INLINED void fill_powers(const lattice_group_t *g)
{
    const lattice_buffers_t *b = g->b;
    double first = g->h * (g->shift[0] - POWER_NODES / 2), *start = b->A;
    for (int i = 0; i < g->n; i += LANES) {
        lanes_t at = first * *const_lanes_of(b->c + i);
        exp_lanes(&at);
        *lanes_of(start + i) = at;
    }
    for (int i = 0; i < g->n; i++) {
        double *power = b->power + (size_t) POWER_NODES * i, next;
        lanes_t P;
        first_nodes(start[i], b->step[i], &P, &next);
        for (int k = 0; k < POWER_NODES; k += LANES) {
            *lanes_of(power + k) = P;
            P *= next;
        }
    }
}

/* Rows that only fill a group up have nothing but ones for factors. */
FOR_WIDE_VECTORS_TOO
void prepare_lines(lattice_group_t *g)
{
    const lattice_buffers_t *b = g->b;
    likelihood_t likelihood = g->responses->likelihood;
    lanes_t total = ALL_LANES(0.0), n_trials = total;
    int n = g->n, is_single = g->responses->is_single && likelihood == LIKELIHOOD_LOGIT;
    /* Where c is the same in all rows, the first stands for them. */
    int n_steps = g->is_equal ? LANES : n;
    for (int k = 0; k < g->q; k++)
        for (int i = 0; i < n_steps; i += LANES) {
            lanes_t step = g->h * *const_lanes_of(b->c + i + (size_t) n * k);
            if (!is_plain(g)) exp_lanes(&step);
            *lanes_of(b->step + i + (size_t) n * k) = step;
        }
    for (int i = 0; i < n; i += LANES) {
        lanes_t mean = *const_lanes_of(b->mean + i), trials = *const_lanes_of(g->trials + i);
        total += mean;
        n_trials += trials;
        if (is_single)
            *lanes_of(b->rest + i) = *const_lanes_of(b->rest + i) * trials + (1.0 - trials);
        if (likelihood == LIKELIHOOD_COUNTS || is_single) *lanes_of(b->weight + i) = mean;
        else if (is_plain(g)) *lanes_of(b->weight + i) = ALL_LANES(0.0);
        else {
            lanes_t least = ALL_LANES(1e-300);
            raise_lanes(&trials, &least);
            *lanes_of(b->weight + i) = mean / trials;
        }
    }
    g->total_mean = sum_of_lanes(&total);
    g->n_trials = sum_of_lanes(&n_trials);
    g->has_powers = b->power && !is_plain(g) && g->largest * g->h * POWER_NODES < 300.0;
    if (g->has_powers) fill_powers(g);
}

const double *powers_from(const lattice_group_t *g, int number, int n)
{
    int place = number + POWER_NODES / 2;
    return g->has_powers && place >= 0 && place + n <= POWER_NODES ? g->b->power + place : NULL;
}

const double *factor_at_mode(const lattice_group_t *g)
{
    return g->b->weight;
}

/* Of a row whose factor is of one node after another what they are at four vectors of nodes, up to
   `width` of them. */
typedef struct {
    lanes_t v0, v1, v2, v3;
} four_t;

INLINED void nodes_of_row(const lattice_group_t *g, const line_t *line, int i, int width,
                          const double *start, four_t *P)
{
    double next;
    if (line->power) {
        const double *power = line->power + (size_t) POWER_NODES * i;
        P->v0 = *const_lanes_of(power);
        if (width > 1) P->v1 = *const_lanes_of(power + LANES);
        if (width > 2) P->v2 = *const_lanes_of(power + 2 * LANES);
        if (width > 3) P->v3 = *const_lanes_of(power + 3 * LANES);
        return;
    }
    first_nodes(start[i], g->b->step[i], &P->v0, &next);
    if (width > 1) P->v1 = next * P->v0;
    if (width > 2) P->v2 = next * P->v1;
    if (width > 3) P->v3 = next * P->v2;
}

/* product *= term^times. */
INLINED void multiply_power(four_t *product, four_t *term, int width, int times)
{
    for (;;) {
        if (times & 1) {
            product->v0 *= term->v0;
            if (width > 1) product->v1 *= term->v1;
            if (width > 2) product->v2 *= term->v2;
            if (width > 3) product->v3 *= term->v3;
        }
        times >>= 1;
        if (times == 0) return;
        term->v0 *= term->v0;
        if (width > 1) term->v1 *= term->v1;
        if (width > 2) term->v2 *= term->v2;
        if (width > 3) term->v3 *= term->v3;
    }
}

/* A row's rest + mean P. */
INLINED void terms_of_row(double rest, double mean, const four_t *P, int width, four_t *term)
{
    term->v0 = rest + mean * P->v0;
    if (width > 1) term->v1 = rest + mean * P->v1;
    if (width > 2) term->v2 = rest + mean * P->v2;
    if (width > 3) term->v3 = rest + mean * P->v3;
}

/* Products over rows from, ..., to - 1 of their terms, each as often as it has trials, for
   nodes in `width` vectors. Where c is the same in all rows, so are their nodes; where all have
   one trial, rows that fill a group up have ones for terms. */
INLINED void multiply_rows(const lattice_group_t *g, const line_t *line, int width, int is_equal,
                           int is_single, int from, int to, const double *start, four_t *product)
{
    lanes_t one = ALL_LANES(1.0);
    four_t all = { one, one, one, one }, P, term;
    nodes_of_row(g, line, 0, width, start, &P);
    for (int i = from; i < to; i++) {
        if (!is_equal) nodes_of_row(g, line, i, width, start, &P);
        terms_of_row(g->b->rest[i], line->factor[i], &P, width, &term);
        multiply_power(&all, &term, width, is_single ? 1 : (int) g->trials[i]);
    }
    *product = all;
}

/* Not in line, as what follows: once is enough of so much code. */
FOR_WIDE_VECTORS_TOO
static void add_logs(four_t *product, int width, double times, lanes_t *sum)
{
    log_lanes(&product->v0);
    sum[0] -= times * product->v0;
    if (width > 1) { log_lanes(&product->v1); sum[1] -= times * product->v1; }
    if (width > 2) { log_lanes(&product->v2); sum[2] -= times * product->v2; }
    if (width > 3) { log_lanes(&product->v3); sum[3] -= times * product->v3; }
}

FOR_WIDE_VECTORS_TOO
static void weighted_rows(const lattice_group_t *g, const line_t *line, int width, int from, int to,
                           const double *start, lanes_t *sum)
{
    four_t P, term;
    int is_equal = g->is_equal;
    for (int i = from; i < to; i++) {
        if (g->trials[i] == 0.0) continue;
        nodes_of_row(g, line, is_equal ? 0 : i, width, start, &P);
        terms_of_row(g->b->rest[i], line->factor[i], &P, width, &term);
        add_logs(&term, width, g->trials[i], sum);
    }
}

/* The least power of e, either way, that a product of rows may reach. */
static const double MOST_PRODUCT = 600.0;

/* As many rows from this one on as do not leave the range together. */
INLINED int end_of_block(const lattice_group_t *g, int from, double reach)
{
    double left = MOST_PRODUCT / reach - g->trials[from];
    int to = from + 1;
    while (to < g->n && g->trials[to] <= left) left -= g->trials[to++];
    return to;
}

/* Rows of few trials: their product, whose logarithm is taken before it leaves the range. */
INLINED void few_trials_rows(const lattice_group_t *g, const line_t *line, int width, int is_equal,
                             int is_single, const double *start, lanes_t *sum)
{
    double reach = g->largest * (fabs(line->t) + LANES * width * g->h + g->radius) + 1e-3;
    double all = g->n_trials * reach;
    four_t product;
    for (int from = 0; from < g->n; ) {
        int to = all <= MOST_PRODUCT ? g->n : end_of_block(g, from, reach);
        if (to == from + 1 && g->trials[from] * reach > MOST_PRODUCT) {
            weighted_rows(g, line, width, from, to, start, sum);
        } else {
            multiply_rows(g, line, width, is_equal, is_single, from, to, start, &product);
            add_logs(&product, width, 1.0, sum);
        }
        from = to;
    }
}

INLINED void counted_rows(const lattice_group_t *g, const line_t *line, int width, const double *start,
                          lanes_t *sum)
{
    int n = g->is_equal ? 1 : g->n;
    lanes_t zero = ALL_LANES(0.0);
    four_t total = { zero, zero, zero, zero }, P;
    for (int i = 0; i < n; i++) {
        double mean = g->is_equal ? g->total_mean : line->factor[i];
        nodes_of_row(g, line, i, width, start, &P);
        total.v0 += mean * P.v0;
        if (width > 1) total.v1 += mean * P.v1;
        if (width > 2) total.v2 += mean * P.v2;
        if (width > 3) total.v3 += mean * P.v3;
    }
    sum[0] = g->total_mean - total.v0;
    if (width > 1) sum[1] = g->total_mean - total.v1;
    if (width > 2) sum[2] = g->total_mean - total.v2;
    if (width > 3) sum[3] = g->total_mean - total.v3;
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

INLINED void logistic_nodes(double y, double m, const lanes_t *eta, lanes_t *sum)
{
    lanes_t zero = ALL_LANES(0.0), above = *eta, small = -*eta;
    raise_lanes(&small, &above);
    small = -small;
    exp_lanes(&small);
    small = 1.0 + small;
    log_lanes(&small);
    raise_lanes(&above, &zero);
    *sum += y * *eta - m * (above + small);
}

FOR_WIDE_VECTORS_TOO
void row_at_predictors(likelihood_t likelihood, double y, double trials, size_t n, const double *eta,
                       double *value)
{
    for (size_t i = 0; i < n; i += LANES) {
        lanes_t at = *const_lanes_of(eta + i), sum = ALL_LANES(0.0);
        if (likelihood == LIKELIHOOD_PROBIT) probit_nodes(y, trials, &at, &sum);
        else if (likelihood == LIKELIHOOD_CLOGLOG) cloglog_nodes(y, trials, &at, &sum);
        else if (likelihood == LIKELIHOOD_COUNTS) {
            lanes_t mean = at;
            exp_lanes(&mean);
            sum = y * at - trials * mean;
        } else logistic_nodes(y, trials, &at, &sum);
        *lanes_of(value + i) = sum;
    }
}

/* Rows of other links, factor being what the line adds to eta. */
FOR_WIDE_VECTORS_TOO
static void other_rows(const lattice_group_t *g, const line_t *line, int width, lanes_t *sum)
{
    const lattice_buffers_t *b = g->b;
    int is_probit = g->responses->likelihood == LIKELIHOOD_PROBIT;
    double t[4 * 4];
    for (int k = 0; k < LANES * width; k++) t[k] = line->t + g->h * k;
    for (int v = 0; v < width; v++) sum[v] = ALL_LANES(-g->at_mode);
    for (int i = 0; i < g->n; i++) {
        if (i % ROWS_PER_QUESTION == 0 && is_left(g)) return;
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
            double at_mode = b->eta[i], eta = at_mode + b->c[g->is_equal ? 0 : i] * t;
            if (i % ROWS_PER_QUESTION == 0 && is_left(g)) return;
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
    int n = line->power ? 0 : g->is_equal ? LANES : g->n;
    for (int i = 0; i < n; i += LANES) {
        lanes_t at = line->t * *const_lanes_of(b->c + i);
        exp_lanes(&at);
        *lanes_of(start + i) = at;
    }
    if (g->responses->likelihood == LIKELIHOOD_COUNTS) counted_rows(g, line, width, start, sum);
    else if (!takes_products(g)) weighted_rows(g, line, width, 0, g->n, start, sum);
    else if (width == 4 && g->is_equal && g->responses->is_single)
        few_trials_rows(g, line, width, 1, 1, start, sum);
    else if (g->is_equal) few_trials_rows(g, line, width, 1, 0, start, sum);
    else if (g->responses->is_single) few_trials_rows(g, line, width, 0, 1, start, sum);
    else few_trials_rows(g, line, width, 0, 0, start, sum);
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
