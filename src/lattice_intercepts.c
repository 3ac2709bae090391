#include <math.h>
#include "lane_math.h"
#include "lattice_group.h"
#include "lattice_intercepts.h"

/* Groups at one point. */
typedef struct {
    const responses_t *responses;
    const group_parameters_t *at;
    const lattice_buffers_t *b;
    const intercept_draws_t *draws;     /* or NULL */
    double tau;                         /* L */
} intercepts_t;

/* Beyond these numbers, steps and nodes a group is left to others. */
static const double LEAST_SUM = 1e-250, MOST_SUM = 1e250, MOST_EXPONENT = 300.0, MOST_MOVE = 3.0;
enum { MOST_STEPS = 20, MOST_NODES = 4096, MOST_ROWS = 16384 };
/* On either side of the mode, to begin with. */
enum { FIRST_NODES = 16 };

static double general_integral(const intercepts_t *all, int j)
{
    const intercept_draws_t *draws = all->draws;
    if (!draws) return log_group_integral(all->responses, j, all->at, all->b);
    group_draw_t draw = { draws->effect + j, draws->linear + j, draws->curved + j };
    return draw_group_by_lattice(all->responses, j, all->at, draws->uniform + 2 * (size_t) j,
                                 all->b, &draw);
}

/* A group's rows. */
typedef struct {
    int n, p;
    const double *X, *offset, *y, *trials;
} rows_t;

INLINED rows_t rows_of(const responses_t *responses, int j)
{
    size_t start = (size_t) responses->start[j];
    int p = responses->n_coef;
    rows_t rows = { (int) ((size_t) responses->start[j + 1] - start), p,
                    responses->X + start * p, responses->offset + start, responses->y + start,
                    responses->trials + start };
    return rows;
}

/* X theta with the offset, of the vector of rows from i on. */
INLINED void predict(const rows_t *rows, const double *theta, int i, lanes_t *eta)
{
    *eta = *const_lanes_of(rows->offset + i);
    for (int k = 0; k < rows->p; k++)
        *eta += theta[k] * *const_lanes_of(rows->X + i + (size_t) rows->n * k);
}

/* Counts -------------------------------------------------------------------------------------- */

/* A vector of groups. */
typedef struct {
    lanes_t sum_y, y_eta;       /* of their rows: of y, and y eta at u = 0 */
    lanes_t sum;                /* S */
    lanes_t start, uniform;
    lanes_t u, mean, slope;     /* near the mode; S exp(tau u); of the log density in u */
    lanes_t C, c, h, first;     /* as in lattice_group_t; t of node number 0 */
    lanes_t linear, square;     /* log integrand over that at u: linear t - square t^2
                                   - mean (exp(c t) - 1) */
    lanes_t top;
    double lost;
    int from, end;              /* nodes' numbers */
    double *node;               /* LANES x nodes: that of number 0 */
} counts_t;

/* Fewer groups than there is room for are made up by the last of them. */
INLINED int start_counts(const intercepts_t *all, int first, int to, counts_t *g)
{
    for (int l = 0; l < LANES; l++) {
        int j = first + l < to ? first + l : to - 1;
        rows_t rows = rows_of(all->responses, j);
        lanes_t sum = ALL_LANES(0.0), sum_y = sum, y_eta = sum;
        for (int i = 0; i < rows.n; i += LANES) {
            lanes_t y = *const_lanes_of(rows.y + i), eta;
            predict(&rows, all->at->theta, i, &eta);
            sum_y += y;
            y_eta += y * eta;
            exp_lanes(&eta);
            sum += *const_lanes_of(rows.trials + i) * eta;
        }
        LANE(g->sum, l) = sum_of_lanes(&sum);
        LANE(g->sum_y, l) = sum_of_lanes(&sum_y);
        LANE(g->y_eta, l) = sum_of_lanes(&y_eta);
        LANE(g->start, l) = start_of_search(all->responses, j, all->at);
        LANE(g->uniform, l) = all->draws ? all->draws->uniform[2 * (size_t) j] : 0.5;
        if (!(LANE(g->sum, l) > LEAST_SUM && LANE(g->sum, l) < MOST_SUM)) return 0;
    }
    return 1;
}

/* Newton's method in each lane; 0 where it takes long, or would move rows far. Lanes that have
   arrived stay. */
INLINED int approach_counts(double tau, counts_t *g)
{
    lanes_t near = ALL_LANES(NEAR_ENOUGH);
    g->u = g->start;
    for (int round = 0; round < MOST_STEPS; round++) {
        lanes_t mean = tau * g->u, none = ALL_LANES(0.0);
        exp_lanes(&mean);
        g->mean = g->sum * mean;
        g->slope = tau * (g->sum_y - g->mean) - g->u;
        g->C = 1.0 + tau * tau * g->mean;
        lanes_t step = g->slope / g->C, decrement = g->slope * step;
        int is_near = 1;
        for (int l = 0; l < LANES; l++) {
            int has_arrived = LANE(decrement, l) < NEAR_ENOUGH;
            if (!has_arrived && !(fabs(tau * LANE(step, l)) <= MOST_MOVE)) return 0;
            is_near = is_near && has_arrived;
        }
        if (is_near) return 1;
        swap_lanes(&step, &none, &decrement, &near);
        g->u += step;
    }
    return 0;
}

INLINED void place_counts(const intercepts_t *all, counts_t *g)
{
    double half = 0.0;
    for (int l = 0; l < LANES; l++) {
        double C = sqrt(LANE(g->C, l)), c = all->tau / C;
        spacing_t spacing = space_nodes(LIKELIHOOD_COUNTS, 1, fabs(c), all->at->fineness, 1.0);
        LANE(g->C, l) = C;
        LANE(g->c, l) = c;
        LANE(g->h, l) = spacing.h;
        g->lost = spacing.lost;
        half = fmax(half, ceil(spacing.radius / spacing.h));
    }
    g->first = g->h * g->uniform + g->slope / g->C;
    g->linear = (all->tau * g->sum_y - g->u) / g->C;
    g->square = 0.5 / (g->C * g->C);
    g->end = half < FIRST_NODES ? (int) half : FIRST_NODES;
    g->from = -g->end;
    g->top = ALL_LANES(-INFINITY);
    g->node = all->b->node + LANES * MOST_NODES;
}

INLINED void fill_counts(counts_t *g, int from, int to)
{
    lanes_t P = g->c * (g->first + from * g->h), step = g->c * g->h;
    exp_lanes(&P);
    exp_lanes(&step);
    for (int k = from; k < to; k++) {
        lanes_t t = g->first + k * g->h;
        lanes_t value = (g->linear - g->square * t) * t - g->mean * (P - 1.0);
        *lanes_of(g->node + LANES * k) = value;
        raise_lanes(&g->top, &value);
        P *= step;
    }
}

/* Is the node after these two, which the chord through them bounds, something still? */
INLINED int goes_on(const counts_t *g, int last, int before)
{
    const double *x = g->node + LANES * last, *y = g->node + LANES * before;
    int answer = 0;
    for (int l = 0; l < LANES; l++)
        answer |= 2.0 * x[l] - y[l] > LANE(g->top, l) + g->lost;
    return answer;
}

INLINED int fill_all_counts(counts_t *g)
{
    const int more = 2;
    fill_counts(g, g->from, g->end);
    while (goes_on(g, g->from, g->from + 1)) {
        if (g->from - more < -MOST_NODES) return 0;
        fill_counts(g, g->from - more, g->from);
        g->from -= more;
    }
    while (goes_on(g, g->end - 1, g->end - 2)) {
        if (g->end + more > MOST_NODES) return 0;
        fill_counts(g, g->end, g->end + more);
        g->end += more;
    }
    return 1;
}

/* Nodes become their shares, and the answer is their sum. */
INLINED void share_counts(counts_t *g, lanes_t *sum)
{
    *sum = ALL_LANES(0.0);
    for (int k = g->from; k < g->end; k++) {
        lanes_t share = *lanes_of(g->node + LANES * k) - g->top;
        exp_lanes(&share);
        *lanes_of(g->node + LANES * k) = share;
        *sum += share;
    }
}

/* The node at which the cumulated shares reach the second of the uniform numbers. */
INLINED void draw_counts(const intercepts_t *all, int first, int to, const counts_t *g,
                         const lanes_t *sum)
{
    lanes_t left = *sum, number = ALL_LANES((double) g->from), zero = ALL_LANES(0.0);
    for (int l = 0; l < LANES; l++) {
        int j = first + l < to ? first + l : to - 1;
        LANE(left, l) *= all->draws->uniform[2 * (size_t) j + 1];
    }
    for (int k = g->from; k < g->end - 1; k++) {
        lanes_t none = zero, one = ALL_LANES(1.0);
        left -= *const_lanes_of(g->node + LANES * k);
        swap_lanes(&none, &one, &zero, &left);
        number += none;
    }
    lanes_t u = g->u + (g->first + number * g->h) / g->C;
    for (int l = 0; l < LANES && first + l < to; l++) {
        double b = all->tau * LANE(u, l), mode = all->tau * LANE(g->u, l), W = LANE(g->mean, l);
        all->draws->effect[first + l] = b;
        all->draws->linear[first + l] = LANE(g->sum_y, l) - W + W * mode;
        all->draws->curved[first + l] = W;
    }
}

/* Groups first, ... of those before `to`; not a number where they are left to others. */
INLINED double counts_integral(const intercepts_t *all, int first, int to)
{
    counts_t g;
    if (!start_counts(all, first, to, &g) || !approach_counts(all->tau, &g)) return NAN;
    place_counts(all, &g);
    if (!fill_all_counts(&g)) return NAN;
    lanes_t sum;
    share_counts(&g, &sum);
    lanes_t size = sum * g.h / g.C;
    log_lanes(&size);
    lanes_t value = g.y_eta + all->tau * g.sum_y * g.u - g.mean - 0.5 * g.u * g.u + g.top + size
        - LOG_ROOT_2PI;
    if (all->draws) draw_counts(all, first, to, &g, &sum);
    double total = 0.0;
    for (int l = 0; l < LANES && first + l < to; l++) total += LANE(value, l);
    return total;
}

FOR_WIDE_VECTORS_TOO
static double sum_counts(const intercepts_t *all, int from, int to)
{
    const int *start = all->responses->start;
    double total = 0.0;
    for (int first = from; first < to; first += LANES) {
        double value = counts_integral(all, first, to);
        int end = first + LANES < to ? first + LANES : to;
        if (is_stopped_after(all->b, start[end] - start[first])) return NAN;
        if (isfinite(value)) {
            total += value;
            continue;
        }
        for (int j = first; j < end; j++) total += general_integral(all, j);
    }
    return total;
}

/* Rows of one trial --------------------------------------------------------------------------- */

typedef struct {
    int n;                      /* rows */
    double u, sum_y, y_eta;     /* as of counts */
    double mean, weight;        /* sums over rows */
    double largest;             /* E */
    double log_largest;         /* log(1 + E) of it */
    int n_pairs;
    double C, c, center, h, first;
    double lost, top;
    int half, from, end;        /* numbers of nodes; how far they may go */
    double *node;
} ones_t;

/* E, and sums over rows of the mean and the weight. */
INLINED void add_odds(const lanes_t *E, lanes_t *mean, lanes_t *weight, lanes_t *largest)
{
    lanes_t rest = 1.0 / (1.0 + *E), own = *E * rest;
    *mean += own;
    *weight += own * rest;
    raise_lanes(largest, E);
}

INLINED void leave_sums(const lanes_t *mean, const lanes_t *weight, const lanes_t *largest,
                        ones_t *g)
{
    g->mean = sum_of_lanes(mean);
    g->weight = sum_of_lanes(weight);
    g->largest = 0.0;
    for (int l = 0; l < LANES; l++)
        if (!(LANE(*largest, l) <= g->largest)) g->largest = LANE(*largest, l);
}

INLINED void start_ones(const intercepts_t *all, int j, ones_t *g)
{
    rows_t rows = rows_of(all->responses, j);
    double by = all->tau * g->u, *odds = all->b->eta;
    lanes_t zero = ALL_LANES(0.0), mean = zero, weight = zero, most = zero;
    lanes_t sum_y = zero, y_eta = zero;
    for (int i = 0; i < rows.n; i += LANES) {
        lanes_t own = *const_lanes_of(rows.y + i), E;
        predict(&rows, all->at->theta, i, &E);
        sum_y += own;
        y_eta += own * E;
        E += by;
        exp_lanes(&E);
        E *= *const_lanes_of(rows.trials + i);
        *lanes_of(odds + i) = E;
        add_odds(&E, &mean, &weight, &most);
    }
    g->sum_y = sum_of_lanes(&sum_y);
    g->y_eta = sum_of_lanes(&y_eta);
    leave_sums(&mean, &weight, &most, g);
}

/* At u of now; times: of all E. */
INLINED void move_odds(const intercepts_t *all, double times, ones_t *g)
{
    lanes_t zero = ALL_LANES(0.0), mean = zero, weight = zero, most = zero;
    double *odds = all->b->eta;
    for (int i = 0; i < g->n; i += LANES) {
        lanes_t E = times * *const_lanes_of(odds + i);
        *lanes_of(odds + i) = E;
        add_odds(&E, &mean, &weight, &most);
    }
    leave_sums(&mean, &weight, &most, g);
}

INLINED int approach_ones(const intercepts_t *all, ones_t *g)
{
    double tau = all->tau;
    for (int round = 0; round < MOST_STEPS; round++) {
        if (!(g->largest < MOST_SUM)) return 0;
        double slope = tau * (g->sum_y - g->mean) - g->u, H = 1.0 + tau * tau * g->weight;
        double step = slope / H;
        g->C = sqrt(H);
        g->center = slope / g->C;
        if (slope * step < NEAR_ENOUGH) return H < INFINITY;
        if (!(fabs(tau * step) <= MOST_MOVE)) return 0;
        g->u += step;
        move_odds(all, exp(tau * step), g);
    }
    return 0;
}

/* Of pairs of rows E_1 + E_2 and E_1 E_2, pairs side by side. */
INLINED void pair_odds(const intercepts_t *all, ones_t *g)
{
    const double *odds = all->b->eta;
    double *sum = all->b->mean, *product = all->b->rest;
    int i = 0, k = 0;
    for (; i + LANES < g->n; i += 2 * LANES, k += LANES) {
        lanes_t one = *const_lanes_of(odds + i), two = *const_lanes_of(odds + i + LANES);
        *lanes_of(sum + k) = one + two;
        *lanes_of(product + k) = one * two;
    }
    if (i < g->n) {
        *lanes_of(sum + k) = *const_lanes_of(odds + i);
        *lanes_of(product + k) = ALL_LANES(0.0);
        k += LANES;
    }
    g->n_pairs = k;
    g->log_largest = log1p(g->largest);
}

/* Less the logarithms of the products over pairs from, ..., to - 1, at `width` vectors of nodes, up
   to five. */
INLINED void add_block(const intercepts_t *all, int from, int to, int width, const lanes_t *P,
                       lanes_t *value)
{
    const double *sum = all->b->mean, *product = all->b->rest;
    lanes_t term[5];
    for (int v = 0; v < width; v++) term[v] = ALL_LANES(1.0);
    for (int i = from; i < to; i++) {
        double s = sum[i], q = product[i];
        term[0] *= 1.0 + P[0] * (s + q * P[0]);
        if (width > 1) term[1] *= 1.0 + P[1] * (s + q * P[1]);
        if (width > 2) term[2] *= 1.0 + P[2] * (s + q * P[2]);
        if (width > 3) term[3] *= 1.0 + P[3] * (s + q * P[3]);
        if (width > 4) term[4] *= 1.0 + P[4] * (s + q * P[4]);
    }
    for (int v = 0; v < width; v++) {
        log_lanes(term + v);
        value[v] -= term[v];
    }
}

/* The log integrand at vectors of nodes from a number on: of all rows y eta - log(1 + E P), and
   -u^2/2. 0 where a product would leave the range. */
INLINED int fill_vectors(const intercepts_t *all, ones_t *g, int number, int width)
{
    lanes_t P[5], value[5], t = ALL_LANES(g->first + number * g->h), top = ALL_LANES(g->top);
    for (int l = 1; l < LANES; l++) LANE(t, l) += l * g->h;
    double far = fmax(fabs(LANE(t, 0)), fabs(g->first + (number + LANES * width) * g->h));
    int block = (int) (MOST_EXPONENT / (g->log_largest + fabs(g->c) * far));
    if (block < 1) return 0;
    for (int v = 0; v < width; v++, t += LANES * g->h) {
        lanes_t u = g->u + t / g->C;
        P[v] = g->c * t;
        exp_lanes(P + v);
        value[v] = g->y_eta + all->tau * g->sum_y * u - 0.5 * u * u;
    }
    for (int from = 0; from < g->n_pairs; from += block) {
        int to = from + block < g->n_pairs ? from + block : g->n_pairs;
        add_block(all, from, to, width, P, value);
    }
    for (int v = 0; v < width; v++) {
        *lanes_of(g->node + number + LANES * v) = value[v];
        raise_lanes(&top, value + v);
    }
    for (int l = 0; l < LANES; l++) if (LANE(top, l) > g->top) g->top = LANE(top, l);
    return 1;
}

INLINED int fill_ones(const intercepts_t *all, ones_t *g)
{
    const int more = LANES;
    for (int k = g->from; k < g->end; ) {
        int is_wide = g->end - k >= 5 * LANES;
        if (!(is_wide ? fill_vectors(all, g, k, 5) : fill_vectors(all, g, k, 1))) return 0;
        k += is_wide ? 5 * LANES : LANES;
    }
    while (2.0 * g->node[g->from] - g->node[g->from + 1] > g->top + g->lost) {
        if (g->from - more < -MOST_NODES) return 0;
        if (!fill_vectors(all, g, g->from - more, 1)) return 0;
        g->from -= more;
    }
    while (2.0 * g->node[g->end - 1] - g->node[g->end - 2] > g->top + g->lost) {
        if (g->end + more > MOST_NODES) return 0;
        if (!fill_vectors(all, g, g->end, 1)) return 0;
        g->end += more;
    }
    return 1;
}

/* A vector of nodes more than a normal density needs: mostly no more have to be added. */
INLINED void place_ones(const intercepts_t *all, int j, ones_t *g)
{
    g->c = all->tau / g->C;
    spacing_t spacing = space_nodes(LIKELIHOOD_LOGIT, 1, fabs(g->c), all->at->fineness, 1.0);
    double uniform = all->draws ? all->draws->uniform[2 * (size_t) j] : 0.5;
    double half = (ceil(2.0 * spacing.radius / spacing.h / LANES) + 1.0) * LANES / 2.0;
    g->h = spacing.h;
    g->lost = spacing.lost;
    g->first = g->h * uniform + g->center;
    g->end = half < FIRST_NODES ? (int) half : FIRST_NODES;
    g->from = -g->end;
    g->top = -INFINITY;
    g->node = all->b->node + MOST_NODES;
}

FOR_WIDE_VECTORS_TOO
static double ones_integral(const intercepts_t *all, int j)
{
    ones_t g;
    g.n = all->responses->start[j + 1] - all->responses->start[j];
    if (g.n > MOST_ROWS) return NAN;
    g.u = start_of_search(all->responses, j, all->at);
    start_ones(all, j, &g);
    if (!approach_ones(all, &g)) return NAN;
    pair_odds(all, &g);
    place_ones(all, j, &g);
    if (!fill_ones(all, &g)) return NAN;
    size_t n = (size_t) (g.end - g.from);
    double *share = g.node + g.from, sum = sum_shares(n, share, g.top);
    if (!isfinite(sum)) return NAN;
    if (all->draws) {
        size_t chosen = choose_node(n, share, sum, all->draws->uniform[2 * (size_t) j + 1]);
        double t = g.first + (g.from + (double) chosen) * g.h;
        all->draws->effect[j] = all->tau * (g.u + t / g.C);
        all->draws->linear[j] = g.sum_y - g.mean + g.weight * all->tau * g.u;
        all->draws->curved[j] = g.weight;
    }
    return g.top + log(sum * g.h / g.C) - LOG_ROOT_2PI;
}

double sum_intercept_integrals(const responses_t *responses, int from, int to,
                               const group_parameters_t *parameters,
                               const lattice_buffers_t *buffers, const intercept_draws_t *draws)
{
    intercepts_t all = { responses, parameters, buffers, draws, parameters->L[0] };
    double total = 0.0;
    if (responses->likelihood == LIKELIHOOD_COUNTS) return sum_counts(&all, from, to);
    for (int j = from; j < to; j++) {
        double value = ones_integral(&all, j);
        total += isfinite(value) ? value : general_integral(&all, j);
        if (is_stopped_after(buffers, responses->start[j + 1] - responses->start[j])) return NAN;
    }
    return total;
}
