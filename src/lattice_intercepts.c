#include "intercept_group.h"

/* Sums beyond these are left to others. */
static const double LEAST_SUM = 1e-250, MOST_SUM = 1e250;

static double general_integral(const intercepts_t *all, int j)
{
    const intercept_draws_t *draws = all->draws;
    if (!draws) return log_group_integral(all->responses, j, all->at, all->b);
    group_draw_t draw = draw_of(draws, j);
    return draw_group_by_lattice(all->responses, j, all->at, uniforms_of(draws, j), all->b, &draw);
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
        LANE(g->uniform, l) = all->draws ? *uniforms_of(all->draws, j) : 0.5;
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
        LANE(left, l) *= uniforms_of(all->draws, j)[1];
    }
    for (int k = g->from; k < g->end - 1; k++) {
        lanes_t none = zero, one = ALL_LANES(1.0);
        left -= *const_lanes_of(g->node + LANES * k);
        swap_lanes(&none, &one, &zero, &left);
        number += none;
    }
    lanes_t u = g->u + (g->first + number * g->h) / g->C;
    for (int l = 0; l < LANES && first + l < to; l++) {
        double mode = all->tau * LANE(g->u, l), W = LANE(g->mean, l);
        store_draw(all->draws, first + l, all->tau * LANE(u, l),
                   LANE(g->sum_y, l) - W + W * mode, W);
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

double draw_ones_by_lattice(const responses_t *responses, int group,
                            const group_parameters_t *parameters, const double *uniform,
                            const lattice_buffers_t *buffers, const group_draw_t *draw)
{
    intercept_draws_t draws = { group, uniform, draw->effect, draw->linear, draw->curved };
    return sum_intercept_integrals(responses, group, group + 1, parameters, buffers, &draws);
}
