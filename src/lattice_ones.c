#include "intercept_group.h"

/* Odds, exponents and rows beyond these are left to others. */
static const double MOST_ODDS = 1e250, MOST_EXPONENT = 300.0;
enum { MOST_ROWS = 16384 };

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
        if (!(g->largest < MOST_ODDS)) return 0;
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
double ones_integral(const intercepts_t *all, int j)
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
