#include "intercept_group.h"

/* Odds, exponents, shares and rows beyond these are left to others. */
static const double MOST_ODDS = 1e250, MOST_EXPONENT = 300.0, MOST_SHARE = 1e150;
enum { MOST_ROWS = 16384 };

typedef struct {
    int n;                      /* rows */
    double u, sum_y, y_eta;     /* as of counts */
    double mean, weight;        /* sums over rows */
    double largest;             /* E */
    int n_pairs;
    double C, c, center, h, first;
    double linear, square;      /* log integrand over that at u: linear t - square t^2
                                   - sum of log(1 + E exp(c t))/(1 + E) */
    double at_zero, log_at_zero;    /* the product of 1 + E over the last block of pairs; the
                                       logarithm of that over all others */
    double lost, top;           /* shares: of the largest where no more are needed; the largest */
    int from, end;              /* numbers of nodes */
    double *node;               /* their shares: that of number 0 */
} ones_t;

/* Of whole vectors of numbers. */
INLINED double sum_vectors(const double *x, size_t n)
{
    lanes_t sum = ALL_LANES(0.0);
    for (size_t k = 0; k < n; k += LANES) sum += *const_lanes_of(x + k);
    return sum_of_lanes(&sum);
}

/* No less than log x, nor much more: by the exponent of 2. */
INLINED double log_above(double x)
{
    return (ilogb(x) + 1) * 0.693147180559945309;
}

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
}

/* Equally spaced vectors of nodes, up to five. */
typedef struct {
    lanes_t P[5], share[5];
    lanes_t normal[5];      /* exp(linear t - square t^2), its root of the number of blocks */
} vectors_t;

/* Blocks of so many pairs, of which none's product leaves the range of numbers at nodes up to `far`
   from the place; 0 where there are none. As many as the normal factor needs. */
INLINED int block_of_pairs(const ones_t *g, double far)
{
    /* log(1 + E P) of the largest is at most this. */
    double row = log_above(1.0 + g->largest) + fabs(g->c) * far;
    double size = MOST_EXPONENT / (2.0 * row);
    double blocks = (fabs(g->linear) * far + g->square * far * far) / MOST_EXPONENT;
    if (blocks > 1.0) size = fmin(size, g->n_pairs / blocks);
    return size < g->n_pairs ? (int) (size / LANES) * LANES : g->n_pairs;
}

INLINED void start_vectors(const ones_t *g, int number, int width, int blocks, vectors_t *at)
{
    double part = 1.0 / blocks, d = LANES * g->h, square = g->square * part;
    lanes_t t = ALL_LANES(g->first + number * g->h);
    for (int l = 1; l < LANES; l++) LANE(t, l) += l * g->h;
    at->P[0] = g->c * t;
    at->normal[0] = (g->linear * part - square * t) * t;
    exp_lanes(at->P);
    exp_lanes(at->normal);
    at->share[0] = ALL_LANES(1.0);
    if (width == 1) return;
    lanes_t step = ALL_LANES(g->c * d), last = ALL_LANES(-2.0 * square * d * d);
    lanes_t next = g->linear * part * d - square * d * (2.0 * t + d);
    exp_lanes(&step);
    exp_lanes(&last);
    exp_lanes(&next);
    for (int v = 1; v < width; v++, next *= last) {
        at->P[v] = at->P[v - 1] * step;
        at->normal[v] = at->normal[v - 1] * next;
        at->share[v] = ALL_LANES(1.0);
    }
}

/* The products over pairs from, ..., to - 1 divide the nodes' shares, which are multiplied by that at
   t = 0; and the latter. */
INLINED double divide_by_block(const intercepts_t *all, int from, int to, int width, vectors_t *at)
{
    const double *sum = all->b->mean, *product = all->b->rest;
    lanes_t term[5], zero = ALL_LANES(1.0);
    for (int v = 0; v < width; v++) term[v] = ALL_LANES(1.0);
    for (int i = from; i < to; i += LANES)
        zero *= 1.0 + (*const_lanes_of(sum + i) + *const_lanes_of(product + i));
    for (int i = from; i < to; i++) {
        double s = sum[i], q = product[i];
        term[0] *= 1.0 + at->P[0] * (s + q * at->P[0]);
        if (width > 1) term[1] *= 1.0 + at->P[1] * (s + q * at->P[1]);
        if (width > 2) term[2] *= 1.0 + at->P[2] * (s + q * at->P[2]);
        if (width > 3) term[3] *= 1.0 + at->P[3] * (s + q * at->P[3]);
        if (width > 4) term[4] *= 1.0 + at->P[4] * (s + q * at->P[4]);
    }
    double at_zero = product_of_lanes(&zero);
    for (int v = 0; v < width; v++) at->share[v] *= at_zero / term[v] * at->normal[v];
    return at_zero;
}

/* Are all shares such that another block may follow? */
INLINED int is_in_range(const vectors_t *at, int width)
{
    int answer = 1;
    for (int v = 0; v < width; v++)
        for (int l = 0; l < LANES; l++) {
            double share = LANE(at->share[v], l);
            answer = answer && share > 1.0 / MOST_SHARE && share < MOST_SHARE;
        }
    return answer;
}

/* The integrand at vectors of nodes from a number on, over that at t = 0: of all rows
   exp(y eta)/(1 + E P), and exp(-u^2/2). 0 where a product would leave the range. */
INLINED int fill_vectors(const intercepts_t *all, ones_t *g, int number, int width)
{
    double far = fmax(fabs(g->first + number * g->h),
                      fabs(g->first + (number + LANES * width) * g->h));
    int block = block_of_pairs(g, far);
    if (block < 1) return 0;
    vectors_t at;
    start_vectors(g, number, width, (g->n_pairs + block - 1) / block, &at);
    g->at_zero = 1.0;
    g->log_at_zero = 0.0;
    for (int from = 0; from < g->n_pairs; from += block) {
        int to = from + block < g->n_pairs ? from + block : g->n_pairs;
        if (from > 0) {
            if (!is_in_range(&at, width)) return 0;
            g->log_at_zero += log(g->at_zero);
        }
        g->at_zero = divide_by_block(all, from, to, width, &at);
    }
    lanes_t top = ALL_LANES(g->top);
    for (int v = 0; v < width; v++) {
        *lanes_of(g->node + number + LANES * v) = at.share[v];
        raise_lanes(&top, at.share + v);
    }
    for (int l = 0; l < LANES; l++) if (LANE(top, l) > g->top) g->top = LANE(top, l);
    return 1;
}

/* Is the node after these two, whose logarithm is at most on the chord through theirs, something
   still? */
INLINED int goes_on_after(const ones_t *g, double last, double before)
{
    return last * last > before * g->top * g->lost;
}

INLINED int fill_ones(const intercepts_t *all, ones_t *g)
{
    const int more = LANES;
    for (int k = g->from; k < g->end; ) {
        int is_wide = g->end - k >= 5 * LANES;
        if (!(is_wide ? fill_vectors(all, g, k, 5) : fill_vectors(all, g, k, 1))) return 0;
        k += is_wide ? 5 * LANES : LANES;
    }
    while (goes_on_after(g, g->node[g->from], g->node[g->from + 1])) {
        if (g->from - more < -MOST_NODES) return 0;
        if (!fill_vectors(all, g, g->from - more, 1)) return 0;
        g->from -= more;
    }
    while (goes_on_after(g, g->node[g->end - 1], g->node[g->end - 2])) {
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
    double uniform = all->draws ? *uniforms_of(all->draws, j) : 0.5;
    double half = (ceil(2.0 * spacing.radius / spacing.h / LANES) + 1.0) * LANES / 2.0;
    g->h = spacing.h;
    g->lost = exp(spacing.lost);
    g->linear = (all->tau * g->sum_y - g->u) / g->C;
    g->square = 0.5 / (g->C * g->C);
    g->first = g->h * uniform + g->center;
    g->end = half < FIRST_NODES ? (int) half : FIRST_NODES;
    g->from = -g->end;
    g->top = 0.0;
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
    const double *share = g.node + g.from;
    double sum = sum_vectors(share, n);
    if (!(sum > 0.0 && sum < INFINITY)) return NAN;
    if (all->draws) {
        size_t chosen = choose_node(n, share, sum, uniforms_of(all->draws, j)[1]);
        double t = g.first + (g.from + (double) chosen) * g.h;
        store_draw(all->draws, j, all->tau * (g.u + t / g.C),
                   g.sum_y - g.mean + g.weight * all->tau * g.u, g.weight);
    }
    return g.y_eta + (all->tau * g.sum_y - 0.5 * g.u) * g.u - g.log_at_zero
        + log(sum * g.h / (g.C * g.at_zero)) - LOG_ROOT_2PI;
}
