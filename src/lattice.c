#include <math.h>
#include <string.h>
#include "lane_math.h"
#include "lattice_group.h"
#include <Rmath.h>

/* By the number of columns. */
static const spacing_t spacing[MOST_Q + 1] = {
    { 1.0, 0.0, 0.0 }, { 0.84, 6.72, -23.0 }, { 1.0, 5.8, 0.0 }, { 1.15, 5.3, 0.0 },
    { 1.25, 5.0, 0.0 }, { 1.3, 4.9, 0.0 }, { 1.3, 4.8, 0.0 }, { 1.35, 4.7, 0.0 },
    { 1.4, 4.6, 0.0 }
};

/* The most that a node's distance is times |c|, by likelihood: the logistic function has poles at
   i pi, and exp(-exp x) grows beyond i pi / 2. */
static const double most_step[] = { 0.95, 0.6, 0.45, 0.45, 0.95 };

spacing_t space_nodes(likelihood_t likelihood, int q, double largest, double fineness,
                      double closeness)
{
    spacing_t own = spacing[q];
    own.h *= closeness;
    if (own.h * largest > most_step[likelihood]) own.h = most_step[likelihood] / largest;
    own.h *= fineness;
    if (fineness > 1.0) {
        own.radius /= sqrt(fineness);
        own.lost /= fineness * fineness;
    } else if (q > 1) {
        /* A finer lattice shows what a ball has left out too, and its border is lower. */
        own.radius /= sqrt(sqrt(fineness));
    }
    return own;
}

static size_t nodes_for(int q)
{
    return q == 0 ? LANES : q < 3 ? 131072 : 524288;
}

lattice_buffers_t take_lattice(const responses_t *responses, workspace_t *work)
{
    size_t n = (size_t) responses->most_rows, q = (size_t) responses->n_random;
    lattice_buffers_t b;
    b.trials = take_aligned(work, n);
    b.base = take_aligned(work, n);
    b.eta = take_aligned(work, n);
    b.mean = take_aligned(work, n);
    b.rest = take_aligned(work, n);
    b.weight = take_aligned(work, n);
    b.A = take_aligned(work, n * q);
    b.c = take_aligned(work, n * q);
    b.step = take_aligned(work, n * q);
    b.factor = take_aligned(work, n * q);
    b.power = q > 1 && n <= MOST_POWER_ROWS ? take_aligned(work, n * POWER_NODES) : NULL;
    b.most_nodes = nodes_for(responses->n_random);
    b.node = take_aligned(work, b.most_nodes);
    b.monitor = NULL;
    return b;
}

FOR_WIDE_VECTORS_TOO
double log_sum_of_exp(size_t n, const double *x, double top)
{
    lanes_t sum = ALL_LANES(0.0);
    for (size_t i = 0; i < n; i += LANES) {
        lanes_t term = *const_lanes_of(x + i) - top;
        exp_lanes(&term);
        sum += term;
    }
    return top + log(sum_of_lanes(&sum));
}

FOR_WIDE_VECTORS_TOO
double sum_shares(size_t n, double *x, double top)
{
    lanes_t sum = ALL_LANES(0.0);
    for (size_t i = 0; i < n; i += LANES) {
        lanes_t share = *const_lanes_of(x + i) - top;
        exp_lanes(&share);
        *lanes_of(x + i) = share;
        sum += share;
    }
    return sum_of_lanes(&sum);
}

static double largest_of(size_t n, const double *x, double largest)
{
    for (size_t i = 0; i < n; i++) if (x[i] > largest) largest = x[i];
    return largest;
}

double most_step_of(likelihood_t likelihood)
{
    return most_step[likelihood];
}

/* Of several dimensions what a normal density is where it is a node's distance from the border. */
double most_at_border(int q)
{
    double inner = spacing[q].radius - spacing[q].h;
    return q == 1 ? -18.0 : 1.0 - 0.5 * inner * inner;
}

/* The nodes' distance, and their shift from the mode; uniform: q, or NULL. */
static void place_nodes(lattice_group_t *g, double fineness, double closeness, double reach,
                        const double *uniform)
{
    spacing_t own = space_nodes(g->responses->likelihood, g->q, g->largest, fineness, closeness);
    g->h = own.h;
    g->reach = reach;
    g->radius = reach * own.radius;
    g->lost = reach * reach * own.lost;
    for (int k = 0; k < g->q; k++)
        g->shift[k] = uniform ? uniform[k] - 0.5 * (k > 0) : k == 0 ? 0.5 : 0.0;
    if (g->q == 1) g->shift[0] += g->center[0] / g->h;
}

static double square_of(int q, const double *u)
{
    double sum = 0.0;
    for (int k = 0; k < q; k++) sum += u[k] * u[k];
    return sum;
}

/* One dimension ------------------------------------------------------------------------------- */

/* Nodes number first, ..., end - 1 are those that are kept at `node`, which is the one of number 0. */
typedef struct {
    int first, end, most;
    double top;
    double *node;
} range_t;

static void fill_range(const lattice_group_t *g, int from, int to, range_t *range)
{
    for (int k = from; k < to; k += 4 * LANES) {
        int width = (to - k) / LANES < 4 ? (to - k) / LANES : 4;
        line_t line = { g->h * (k + g->shift[0]), factor_at_mode(g), range->node + k, 0.0,
                        -g->u[0] * g->u[0], g->u[0], NULL, NULL };
        fill_nodes(g, &line, width, g->b->A);
        if (is_left(g)) {
            range->top = NAN;
            return;
        }
    }
    range->top = largest_of((size_t) (to - from), range->node + from, range->top);
}

/* Nodes are added on either side until the next one, which the chord through the last two bounds, is
   nothing. Not many to begin with: where nodes lie close the density may end far from where a normal
   one would, and its factors would overflow. */
static range_t fill_one_dimension(const lattice_group_t *g)
{
    int half = (int) (g->b->most_nodes / 2), more = LANES;
    range_t range = { 0, 0, half - more, -INFINITY, g->b->node + half };
    double n = ceil(2.0 * g->radius / g->h / LANES) * LANES, lost = g->lost;
    range.end = n < 8 * LANES ? (int) n / 2 : 4 * LANES;
    range.first = -range.end;
    fill_range(g, range.first, range.end, &range);
    const double *node = range.node;
    while (2.0 * node[range.first] - node[range.first + 1] > range.top + lost) {
        if (range.first - more < -range.most) { range.top = NAN; break; }
        fill_range(g, range.first - more, range.first, &range);
        range.first -= more;
    }
    while (2.0 * node[range.end - 1] - node[range.end - 2] > range.top + lost) {
        if (range.end + more > range.most) { range.top = NAN; break; }
        fill_range(g, range.end, range.end + more, &range);
        range.end += more;
    }
    return range;
}

/* Several dimensions -------------------------------------------------------------------------- */

/* b where a is not a number. */
static inline double larger(double a, double b)
{
    return a > b ? a : b;
}

/* The lines of a ball, one after another: their nodes are filled, or one node is sought among them. */
typedef struct {
    lattice_group_t *g;
    double t[MOST_Q];
    int at_edge;                /* is one of the other dimensions at its first or last node? */
    int is_full;                /* has there been no room for all nodes? */
    size_t n, sought;           /* nodes so far; the number of one, or none */
    double top;                 /* the largest of all */
    double slice;               /* the largest of the last line, or of the last node of a dimension */
    double beyond;              /* what the next node beyond the border is at most */
    const node_places_t *places;    /* where no node is filled, but each place is told; or NULL */
} walk_t;

static const size_t NONE = (size_t) -1;

static void tell_places(const walk_t *walk, double first, int n)
{
    const node_places_t *places = walk->places;
    for (int k = 0; k < n; k++) {
        size_t place = walk->n + (size_t) k;
        places->t[place] = first + walk->g->h * k;
        for (int l = 1; l < walk->g->q; l++) places->t[place + places->stride * l] = walk->t[l];
        places->at_border[place] = walk->at_edge || k == 0 || k == n - 1;
    }
}

/* The next value of a concave function is below the chord through these two. */
static inline void bound_next(walk_t *walk, double last, double before)
{
    walk->beyond = larger(2.0 * last - before, walk->beyond);
}

/* Nodes of a line are those within the ball, a vector at least. The answer is 1 when the sought one is
   among them: t[0] is its. */
static int walk_line(walk_t *walk, const double *factor, double left)
{
    lattice_group_t *g = walk->g;
    int q = g->q, half = (int) (sqrt(left) / g->h + 0.5), n = (2 * half + LANES - 1) / LANES * LANES;
    if (n < LANES) n = LANES;
    double first = g->h * (-n / 2 + g->shift[0]);
    if (walk->places) {
        tell_places(walk, first, n);
        walk->n += n;
        return 0;
    }
    if (walk->sought != NONE) {
        if (walk->sought >= walk->n + n) {
            walk->n += n;
            return 0;
        }
        walk->t[0] = first + g->h * (double) (walk->sought - walk->n);
        return 1;
    }
    if (walk->n + n > g->b->most_nodes) {
        walk->is_full = 1;
        return 1;
    }
    double *node = g->b->node + walk->n;
    line_t line = { first, factor, node, 0.0, -square_of(q, g->u), g->u[0], walk->t, NULL };
    for (int k = 1; k < q; k++) {
        double u = g->u[k];
        for (int l = k; l < q; l++) u += g->inverse[l + q * k] * walk->t[l];
        line.square += u * u;
        line.first_u += g->inverse[k] * walk->t[k];
        line.linear += g->along[k] * walk->t[k];
    }
    for (int k = 0; k < n; k += 4 * LANES) {
        int width = (n - k) / LANES < 4 ? (n - k) / LANES : 4;
        line.t = first + g->h * k;
        line.out = node + k;
        line.power = powers_from(g, k - n / 2, LANES * width);
        fill_nodes(g, &line, width, g->b->A);
        if (is_left(g)) {
            walk->top = NAN;
            return 1;
        }
    }
    walk->slice = largest_of((size_t) n, node, -INFINITY);
    walk->top = larger(walk->slice, walk->top);
    bound_next(walk, node[0], node[1]);
    bound_next(walk, node[n - 1], node[n - 2]);
    walk->n += n;
    return 0;
}

/* Nodes of this dimension, each with all of those below; left: of the square of the radius. The largest
   value at each is concave in t of this dimension too. */
static int walk_dimension(walk_t *walk, int dimension, const double *outer, double left)
{
    lattice_group_t *g = walk->g;
    if (dimension == 0) return walk_line(walk, outer, left);
    double *factor = g->b->factor + (size_t) g->n * dimension, before = -INFINITY, most = before;
    int last = (int) floor(sqrt(left) / g->h), was_at_edge = walk->at_edge;
    int computes = walk->sought == NONE && !walk->places;
    for (int k = -last; k <= last; k++) {
        double t = walk->t[dimension] = g->h * (k + g->shift[dimension]);
        walk->at_edge = was_at_edge || k == -last || k == last;
        if (computes && k == -last) start_factor(g, dimension, t, outer, factor);
        else if (computes) step_factor(g, dimension, factor);
        if (walk_dimension(walk, dimension - 1, factor, larger(left - t * t, 0.0))) return 1;
        if (last == 0) walk->beyond = larger(walk->slice, walk->beyond);
        else if (k == 1 - last) bound_next(walk, before, walk->slice);
        if (last > 0 && k == last) bound_next(walk, walk->slice, before);
        before = walk->slice;
        most = larger(before, most);
    }
    walk->slice = most;
    walk->at_edge = was_at_edge;
    return 0;
}

static walk_t start_walk(lattice_group_t *g, size_t sought)
{
    walk_t walk = { g, { 0.0 }, 0, 0, 0, sought, -INFINITY, -INFINITY, -INFINITY, NULL };
    return walk;
}

/* Nodes of a ball that is surely too large for them lie farther apart at once: its volume, less a
   tenth for its border, is that of the cubes of its nodes. */
static void make_room(lattice_group_t *g)
{
    double q = g->q, r = g->radius / g->h;
    double cubes = q * log(r) + 0.5 * q * log(M_PI) - lgammafn(0.5 * q + 1.0);
    double too_many = cubes + log(0.9 / (double) g->b->most_nodes);
    if (too_many > 0.0) g->h *= exp(too_many / q);
}

/* The ball grows until the density beyond its border is not above that of a normal one, or there is no
   room for more nodes. Lines end half a step within it at most: the square of the distance of a node
   beyond them is more than (r - h/2)^2 - h^2/2, r being the radius. */
static walk_t fill_ball(lattice_group_t *g)
{
    double inner = g->radius / g->reach - 0.5 * g->h;
    double lost = 1.0 - 0.5 * (inner * inner - 0.5 * g->h * g->h);
    for (;;) {
        make_room(g);
        prepare_lines(g);
        walk_t walk = start_walk(g, NONE);
        walk_dimension(&walk, g->q - 1, factor_at_mode(g), g->radius * g->radius);
        if (walk.is_full) {
            g->h *= 1.1;
            continue;
        }
        if (!(walk.beyond > walk.top + lost) || g->radius > 60.0) return walk;
        g->radius *= 1.25;
    }
}

/* What is asked ------------------------------------------------------------------------------- */

/* The squared distance from the mode, in standard deviations, at which nodes are placed
   about the point itself in several dimensions. */
static const double NEARER_MODE = 0.05;

/* The nodes of a group: of one dimension, or of several. */
typedef struct {
    size_t n;
    double *node, top;
    int first;
    walk_t walk;
} nodes_t;

static void fill_all(lattice_group_t *g, nodes_t *nodes)
{
    if (g->q > 1) {
        nodes->walk = fill_ball(g);
        nodes->n = nodes->walk.n;
        nodes->node = g->b->node;
        nodes->top = nodes->walk.top;
        return;
    }
    prepare_lines(g);
    range_t range = fill_one_dimension(g);
    nodes->n = (size_t) (range.end - range.first);
    nodes->node = range.node + range.first;
    nodes->top = range.top;
    nodes->first = range.first;
}

static int center_nodes(const responses_t *responses, int group,
                        const group_parameters_t *parameters, const double *uniform,
                        const lattice_buffers_t *buffers, lattice_group_t *g)
{
    double near = responses->n_random == 1 ? NEAR_ENOUGH : NEARER_MODE;
    if (!center_group(responses, group, parameters, near, buffers, g)) return 0;
    if (g->q > 0) place_nodes(g, parameters->fineness, 1.0, 1.0, uniform);
    return 1;
}

/* log_sum: of the integrand over that at the mode. */
static double log_integral(const lattice_group_t *g, double log_sum)
{
    return g->at_mode - 0.5 * square_of(g->q, g->u) - g->log_det
        + g->q * (log(g->h) - LOG_ROOT_2PI) + log_sum;
}

void fill_group_nodes(lattice_group_t *g, double fineness, double closeness, double reach,
                      const double *shift, const node_places_t *places, filled_nodes_t *filled)
{
    nodes_t nodes;
    place_nodes(g, fineness, closeness, reach, shift);
    fill_all(g, &nodes);
    filled->n = nodes.n;
    filled->value = nodes.node;
    filled->log_sum = log_sum_of_exp(nodes.n, nodes.node, nodes.top);
    filled->log_integral = log_integral(g, filled->log_sum);
    if (g->q > 1) {
        walk_t walk = start_walk(g, NONE);
        walk.places = places;
        walk_dimension(&walk, g->q - 1, NULL, g->radius * g->radius);
        return;
    }
    for (size_t i = 0; i < nodes.n; i++) {
        places->t[i] = g->h * (nodes.first + (double) i + g->shift[0]);
        places->at_border[i] = i == 0 || i == nodes.n - 1;
    }
}

double log_group_integral(const responses_t *responses, int group,
                          const group_parameters_t *parameters, const lattice_buffers_t *buffers)
{
    lattice_group_t g;
    nodes_t nodes;
    if (!center_nodes(responses, group, parameters, NULL, buffers, &g)) return NAN;
    if (g.q == 0) return g.at_mode;
    fill_all(&g, &nodes);
    return log_integral(&g, log_sum_of_exp(nodes.n, nodes.node, nodes.top));
}

size_t choose_node(size_t n, const double *share, double sum, double u)
{
    double left = u * sum;
    size_t likely = 0;
    for (size_t i = 0; i < n; i++) {
        if (share[i] < 1e-290) continue;
        likely = i;
        left -= share[i];
        if (left <= 0.0) break;
    }
    return likely;
}

/* The effects at the chosen node. */
static void effect_at_node(lattice_group_t *g, const nodes_t *nodes, size_t chosen, double *effect)
{
    double t[MOST_Q], u[MOST_Q];
    int q = g->q;
    if (q == 1) t[0] = g->h * (nodes->first + (double) chosen + g->shift[0]);
    else {
        walk_t search = start_walk(g, chosen);
        walk_dimension(&search, q - 1, NULL, g->radius * g->radius);
        memcpy(t, search.t, sizeof(double) * q);
    }
    for (int k = 0; k < q; k++) {
        u[k] = g->u[k];
        for (int l = k; l < q; l++) u[k] += g->inverse[l + q * k] * t[l];
    }
    effects_of(g, u, effect);
}

double draw_group_by_lattice(const responses_t *responses, int group,
                             const group_parameters_t *parameters, const double *uniform,
                             const lattice_buffers_t *buffers, const group_draw_t *draw)
{
    lattice_group_t g;
    nodes_t nodes;
    if (!center_nodes(responses, group, parameters, uniform, buffers, &g)) return NAN;
    fill_all(&g, &nodes);
    double sum = sum_shares(nodes.n, nodes.node, nodes.top);
    if (!isfinite(sum)) return NAN;
    effect_at_node(&g, &nodes, choose_node(nodes.n, nodes.node, sum, uniform[g.q]), draw->effect);
    if (draw->linear) store_quadratic(&g, draw->linear, draw->curved);
    return log_integral(&g, nodes.top + log(sum));
}

/* By the logarithm of the beta function, which keeps the digits of a large shape. */
double log_gamma_sums(const responses_t *responses, double shape)
{
    double sum = 0.0, r = bounded_shape(shape);
    for (int i = 0; i < responses->n_values; i++) {
        double y = responses->value[i];
        if (y > 0.0) sum += responses->times[i] * (lgammafn(y) - lbeta(r, y));
    }
    return sum;
}
