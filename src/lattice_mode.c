#include <math.h>
#include <string.h>
#include <Rmath.h>
#include "lane_math.h"
#include "lattice_group.h"

/* Rows ---------------------------------------------------------------------------------------- */

/* out += sum of columns times coefficients; out: n. */
INLINED void add_columns(int n, int n_columns, const double *columns, const double *coef,
                         double *out)
{
    for (int k = 0; k < n_columns; k++) {
        const double *x = columns + (size_t) n * k;
        double b = coef[k];
        for (int i = 0; i < n; i += LANES)
            *lanes_of(out + i) += b * *const_lanes_of(x + i);
    }
}

/* The group's rows at these parameters: trials, X theta with the offset, Z L but where all rows
   have the same. */
INLINED void start_group(const responses_t *responses, int j, const group_parameters_t *at,
                         const lattice_buffers_t *b, lattice_group_t *g)
{
    int p = responses->n_coef, q = responses->n_random;
    size_t first = (size_t) responses->start[j];
    int n = g->n = (int) ((size_t) responses->start[j + 1] - first);
    g->responses = responses;
    g->b = b;
    g->q = q;
    g->X = responses->X + first * p;
    g->Z = responses->Z + first * q;
    g->y = responses->y + first;
    g->offset = responses->offset + first;
    g->trials = responses->trials + first;
    double from_offset = 0.0;
    if (responses->likelihood == LIKELIHOOD_DISPERSED) {
        double shape = bounded_shape(at->shape);
        from_offset = log(shape);
        for (int i = 0; i < n; i += LANES)
            *lanes_of(b->trials + i) = *const_lanes_of(g->y + i)
                + shape * *const_lanes_of(g->trials + i);
        g->trials = b->trials;
    }
    for (int i = 0; i < n; i += LANES)
        *lanes_of(b->base + i) = *const_lanes_of(g->offset + i) - from_offset;
    add_columns(n, p, g->X, at->theta, b->base);
    g->L = at->L;
    g->is_equal = responses->is_intercept && !is_plain(g);
    if (g->is_equal) return;
    memset(b->A, 0, sizeof(double) * n * q);
    for (int k = 0; k < q; k++)
        add_columns(n, q - k, g->Z + (size_t) n * k, at->L + k + (size_t) q * k,
                    b->A + (size_t) n * k);
}

INLINED void predict_rows(const lattice_group_t *g, const double *u)
{
    memcpy(g->b->eta, g->b->base, sizeof(double) * g->n);
    add_columns(g->n, g->q, g->b->A, u, g->b->eta);
}

/* Of logistic rows: E/(1 + E) and 1/(1 + E); of counts the mean. */
INLINED void logistic_rows(const lattice_group_t *g)
{
    const lattice_buffers_t *b = g->b;
    for (int i = 0; i < g->n; i += LANES) {
        lanes_t E = *const_lanes_of(b->eta + i);
        exp_lanes(&E);
        lanes_t rest = 1.0 / (1.0 + E), mean = E * rest, trials = *const_lanes_of(g->trials + i);
        *lanes_of(b->rest + i) = rest;
        *lanes_of(b->mean + i) = trials * mean;
        *lanes_of(b->weight + i) = trials * mean * rest;
    }
}

INLINED void count_rows(const lattice_group_t *g)
{
    const lattice_buffers_t *b = g->b;
    for (int i = 0; i < g->n; i += LANES) {
        lanes_t mean = *const_lanes_of(b->eta + i);
        exp_lanes(&mean);
        mean *= *const_lanes_of(g->trials + i);
        *lanes_of(b->mean + i) = mean;
        *lanes_of(b->weight + i) = mean;
    }
}

static row_t probit_row(double eta, double y, double trials)
{
    double log_density = -0.5 * eta * eta - 0.918938533204672742;
    double above = pnorm(eta, 0.0, 1.0, 1, 1), below = pnorm(eta, 0.0, 1.0, 0, 1);
    double up = exp(log_density - above), down = exp(log_density - below);
    row_t row = { y * above + (trials - y) * below, y * up - (trials - y) * down,
                  y * up * (up + eta) + (trials - y) * down * (down - eta) };
    return row;
}

static row_t cloglog_row(double eta, double y, double trials)
{
    double e = exp(fmin(eta, 700.0));
    double g = e < 700.0 ? e / expm1(e) : 0.0;
    /* 1 - exp(-e) is e where e is nothing beside 1. */
    double log_one = e < 1e-300 ? eta : log(-expm1(-e));
    row_t row = { y * log_one - (trials - y) * e, y * g - (trials - y) * e,
                  y * g * (e + g - 1.0) + (trials - y) * e };
    return row;
}

row_t plain_row(likelihood_t likelihood, double eta, double y, double trials)
{
    return likelihood == LIKELIHOOD_PROBIT ? probit_row(eta, y, trials)
        : cloglog_row(eta, y, trials);
}

/* mean is such that y - mean is the slope. */
static void plain_rows(const lattice_group_t *g)
{
    const lattice_buffers_t *b = g->b;
    for (int i = 0; i < g->n; i++) {
        if (i % ROWS_PER_QUESTION == 0 && is_left(g)) return;
        row_t row = plain_row(g->responses->likelihood, b->eta[i], g->y[i], g->trials[i]);
        b->mean[i] = g->y[i] - row.slope;
        b->weight[i] = row.weight;
    }
}

/* Vectors of rows whose product is made before its logarithm, and the power of e, downwards,
   that it does not pass. */
enum { MOST_FACTORS = 64 };
static const double MOST_FALL = 600.0;

/* Sums of the logarithms of 1/(1 + E) over rows of one trial. */
INLINED double log_rests(const lattice_group_t *g)
{
    const lattice_buffers_t *b = g->b;
    lanes_t sum = ALL_LANES(0.0);
    for (int from = 0; from < g->n; from += LANES * MOST_FACTORS) {
        int to = from + LANES * MOST_FACTORS < g->n ? from + LANES * MOST_FACTORS : g->n;
        lanes_t product = ALL_LANES(1.0), fall = ALL_LANES(0.0);
        for (int i = from; i < to; i += LANES) {
            lanes_t eta = *const_lanes_of(b->eta + i), other = -eta;
            lanes_t trials = *const_lanes_of(g->trials + i);
            raise_lanes(&eta, &other);
            fall += eta + 0.7;
            product *= *const_lanes_of(b->rest + i) * trials + (1.0 - trials);
        }
        if (sum_of_lanes(&fall) < MOST_FALL) {
            log_lanes(&product);
            sum += product;
        } else {
            for (int i = from; i < to; i += LANES) {
                lanes_t log_rest = *const_lanes_of(b->rest + i);
                log_lanes(&log_rest);
                sum += log_rest * *const_lanes_of(g->trials + i);
            }
        }
    }
    return sum_of_lanes(&sum);
}

INLINED double log_likelihood(const lattice_group_t *g)
{
    const lattice_buffers_t *b = g->b;
    lanes_t sum = ALL_LANES(0.0);
    if (is_plain(g)) {
        double value = 0.0;
        for (int i = 0; i < g->n; i++) {
            if (i % ROWS_PER_QUESTION == 0 && is_left(g)) return NAN;
            value += plain_row(g->responses->likelihood, b->eta[i], g->y[i], g->trials[i]).value;
        }
        return value;
    }
    if (g->responses->likelihood == LIKELIHOOD_COUNTS) {
        for (int i = 0; i < g->n; i += LANES)
            sum += *const_lanes_of(g->y + i) * *const_lanes_of(b->eta + i)
                - *const_lanes_of(b->mean + i);
        return sum_of_lanes(&sum);
    }
    if (g->responses->is_single && g->responses->likelihood == LIKELIHOOD_LOGIT) {
        for (int i = 0; i < g->n; i += LANES)
            sum += *const_lanes_of(g->y + i) * *const_lanes_of(b->eta + i);
        return sum_of_lanes(&sum) + log_rests(g);
    }
    /* log(1 + E) is -log(rest). */
    for (int i = 0; i < g->n; i += LANES) {
        lanes_t log_rest = *const_lanes_of(b->rest + i);
        log_lanes(&log_rest);
        sum += *const_lanes_of(g->y + i) * *const_lanes_of(b->eta + i)
            + *const_lanes_of(g->trials + i) * log_rest;
    }
    return sum_of_lanes(&sum);
}

/* The mode ------------------------------------------------------------------------------------ */

/* In place, lower triangular. */
static int factor_small(int q, double *H)
{
    for (int k = 0; k < q; k++)
        for (int l = k; l < q; l++) {
            double sum = H[l + q * k];
            for (int m = 0; m < k; m++) sum -= H[l + q * m] * H[k + q * m];
            if (l > k) H[l + q * k] = sum / H[k + q * k];
            else if (sum > 0.0 && sum < INFINITY) H[k + q * k] = sqrt(sum);
            else return 0;
        }
    return 1;
}

/* Slope and minus the curvature of the group's log likelihood in its effects b. */
INLINED void differentiate(lattice_group_t *g)
{
    const lattice_buffers_t *b = g->b;
    int n = g->n, q = g->q;
    for (int k = 0; k < q; k++) {
        const double *z = g->Z + (size_t) n * k;
        lanes_t sum = ALL_LANES(0.0);
        for (int i = 0; i < n; i += LANES)
            sum += *const_lanes_of(z + i)
                * (*const_lanes_of(g->y + i) - *const_lanes_of(b->mean + i));
        g->slope[k] = sum_of_lanes(&sum);
        for (int l = k; l < q; l++) {
            const double *other = g->Z + (size_t) n * l;
            lanes_t square = ALL_LANES(0.0);
            for (int i = 0; i < n; i += LANES)
                square += *const_lanes_of(z + i) * *const_lanes_of(other + i)
                    * *const_lanes_of(b->weight + i);
            g->curved[l + q * k] = g->curved[k + q * l] = sum_of_lanes(&square);
        }
    }
}

/* H <- I + L'WL, of which the lower triangle. */
INLINED void add_curvature(int q, const double *L, const double *W, double *H)
{
    for (int k = 0; k < q; k++) {
        double WL[MOST_Q];
        for (int m = 0; m < q; m++) {
            WL[m] = 0.0;
            for (int l = k; l < q; l++) WL[m] += W[m + q * l] * L[l + q * k];
        }
        for (int l = k; l < q; l++) {
            H[l + q * k] = l == k;
            for (int m = l; m < q; m++) H[l + q * k] += L[m + q * l] * WL[m];
        }
    }
}

/* out <- L's. */
INLINED void turn_slope(int q, const double *L, const double *slope, double *out)
{
    for (int k = 0; k < q; k++) {
        out[k] = 0.0;
        for (int l = k; l < q; l++) out[k] += L[l + q * k] * slope[l];
    }
}

/* The share of a step that moves no row by more than `most`. */
INLINED double cut_step(const lattice_group_t *g, const double *step, double most)
{
    double largest = g->is_equal ? fabs(g->equal * step[0]) : 0.0;
    if (g->is_equal) return largest > most ? most / largest : 1.0;
    for (int i = 0; i < g->n; i++) {
        double sum = 0.0;
        for (int k = 0; k < g->q; k++) sum += g->b->A[i + (size_t) g->n * k] * step[k];
        if (fabs(sum) > largest) largest = fabs(sum);
    }
    return largest > most ? most / largest : 1.0;
}

/* All of this where Z L is one and the same number. */
INLINED void differentiate_equal(lattice_group_t *g, double u)
{
    const lattice_buffers_t *b = g->b;
    double a = g->equal;
    lanes_t slope = ALL_LANES(0.0), curvature = slope;
    int is_counts = g->responses->likelihood == LIKELIHOOD_COUNTS;
    for (int i = 0; i < g->n; i += LANES) {
        lanes_t eta = *const_lanes_of(b->base + i) + a * u, E = eta;
        lanes_t trials = *const_lanes_of(g->trials + i);
        exp_lanes(&E);
        if (is_counts) {
            E *= trials;
            curvature += E;
        } else {
            lanes_t rest = 1.0 / (1.0 + E);
            *lanes_of(b->rest + i) = rest;
            E *= rest * trials;
            curvature += E * rest;
        }
        *lanes_of(b->mean + i) = E;
        *lanes_of(b->eta + i) = eta;
        slope += *const_lanes_of(g->y + i) - E;
    }
    g->slope[0] = sum_of_lanes(&slope);
    g->curved[0] = sum_of_lanes(&curvature);
}

INLINED void look_at(lattice_group_t *g, const double *u)
{
    if (g->is_equal) {
        differentiate_equal(g, u[0]);
        return;
    }
    predict_rows(g, u);
    if (is_plain(g)) plain_rows(g);
    else if (g->responses->likelihood == LIKELIHOOD_COUNTS) count_rows(g);
    else logistic_rows(g);
    differentiate(g);
}

/* x <- C^-1 x, and x <- C'^-1 x. */
INLINED void solve_forward(int q, const double *C, double *x)
{
    for (int k = 0; k < q; k++) {
        for (int l = 0; l < k; l++) x[k] -= C[k + q * l] * x[l];
        x[k] /= C[k + q * k];
    }
}

INLINED void solve_backward(int q, const double *C, double *x)
{
    for (int k = q - 1; k >= 0; k--) {
        for (int l = k + 1; l < q; l++) x[k] -= C[l + q * k] * x[l];
        x[k] /= C[k + q * k];
    }
}

enum { MOST_NEWTON_STEPS = 200 };

/* A step moves no row by more than this, and by twice as much after each that was cut: a row may
   start thousands away. */
static const double SHORT_MOVE = 3.0;

typedef struct {
    double most, last[MOST_Q];
} moves_to_mode_t;

/* The log density is concave: where its slope leads back, a long move went too far, and half of it
   is taken back. */
INLINED int took_back(lattice_group_t *g, const double *slope, moves_to_mode_t *moves)
{
    double along = 0.0;
    if (moves->most <= SHORT_MOVE) return 0;
    for (int k = 0; k < g->q; k++) along += slope[k] * moves->last[k];
    if (along >= 0.0) return 0;
    moves->most *= 0.5;
    for (int k = 0; k < g->q; k++) g->u[k] -= moves->last[k] *= 0.5;
    return 1;
}

INLINED void move_on(lattice_group_t *g, const double *step, moves_to_mode_t *moves)
{
    double cut = cut_step(g, step, moves->most);
    for (int k = 0; k < g->q; k++) g->u[k] += moves->last[k] = cut * step[k];
    if (cut < 1.0) moves->most *= 2.0;
}

/* Newton's method from g->u, until its decrement is nearly nothing; 0 where it fails. What a step
   more would be in the coordinates t is left in g->center. */
INLINED int approach_mode(lattice_group_t *g, double enough)
{
    int q = g->q;
    double step[MOST_Q];
    moves_to_mode_t moves = { SHORT_MOVE, { 0.0 } };
    for (int round = 0; round < MOST_NEWTON_STEPS; round++) {
        look_at(g, g->u);
        if (is_left(g)) return 0;
        turn_slope(q, g->L, g->slope, step);
        for (int k = 0; k < q; k++) step[k] -= g->u[k];
        if (took_back(g, step, &moves)) continue;
        add_curvature(q, g->L, g->curved, g->C);
        if (!factor_small(q, g->C)) return 0;
        solve_forward(q, g->C, step);
        double decrement = 0.0;
        for (int k = 0; k < q; k++) {
            decrement += step[k] * step[k];
            g->center[k] = step[k];
        }
        if (decrement < enough) return 1;
        solve_backward(q, g->C, step);
        move_on(g, step, &moves);
    }
    return 0;
}

void store_quadratic(const lattice_group_t *g, double *linear, double *curved)
{
    int q = g->q;
    double b[MOST_Q];
    effects_of(g, g->u, b);
    for (int k = 0; k < q; k++) {
        linear[k] = g->slope[k];
        for (int l = 0; l < q; l++) linear[k] += g->curved[k + q * l] * b[l];
    }
    if (curved) memcpy(curved, g->curved, sizeof(double) * q * q);
}

/* The same where all rows have one c, which stands in the first vector. */
INLINED void turn_equal_rows(lattice_group_t *g)
{
    lanes_t y = ALL_LANES(0.0);
    double c = g->equal / g->C[0];
    for (int i = 0; i < g->n; i += LANES) y += *const_lanes_of(g->y + i);
    *lanes_of(g->b->c) = ALL_LANES(c);
    g->inverse[0] = 1.0 / g->C[0];
    g->log_det = log(g->C[0]);
    g->largest = fabs(c);
    g->along[0] = c * sum_of_lanes(&y);
}

/* C^-1, c = Z L C'^-1 with its largest sum, and y'c. */
INLINED void turn_rows(lattice_group_t *g)
{
    const lattice_buffers_t *b = g->b;
    int n = g->n, q = g->q;
    g->log_det = 0.0;
    memset(b->c, 0, sizeof(double) * n * q);
    for (int k = 0; k < q; k++) {
        g->log_det += log(g->C[k + q * k]);
        for (int l = k; l < q; l++) {
            double sum = l == k;
            for (int m = k; m < l; m++) sum -= g->C[l + q * m] * g->inverse[m + q * k];
            g->inverse[l + q * k] = sum / g->C[l + q * l];
        }
    }
    for (int k = 0; k < q; k++)
        for (int l = 0; l <= k; l++)
            add_columns(n, 1, b->A + (size_t) n * l, g->inverse + k + q * l,
                        b->c + (size_t) n * k);
    lanes_t largest = ALL_LANES(0.0);
    for (int i = 0; i < n; i += LANES) {
        lanes_t sum = ALL_LANES(0.0);
        for (int k = 0; k < q; k++) {
            lanes_t c = *const_lanes_of(b->c + i + (size_t) n * k);
            lanes_t other = -c;
            raise_lanes(&c, &other);
            sum += c;
        }
        raise_lanes(&largest, &sum);
    }
    g->largest = 0.0;
    for (int i = 0; i < LANES; i++)
        if (LANE(largest, i) > g->largest) g->largest = LANE(largest, i);
    for (int k = 0; k < q; k++) {
        lanes_t sum = ALL_LANES(0.0);
        for (int i = 0; i < n; i += LANES)
            sum += *const_lanes_of(g->y + i) * *const_lanes_of(b->c + i + (size_t) n * k);
        g->along[k] = sum_of_lanes(&sum);
    }
}

/* How far from the mode of the reference another one is thought to be at most, in standard
   deviations of the effects. */
static const double FARTHEST_MODE = 2.0;

/* To first order from the mode at the reference. */
INLINED void predict_mode(const responses_t *responses, int j, const group_parameters_t *at, double *u)
{
    int p = responses->n_coef, q = responses->n_random, n = n_mode_slopes(responses);
    const double *from = responses->reference, *slope = responses->slope + (size_t) n * q * j;
    double shift[MOST_Q] = { 0.0 }, square = 0.0;
    for (int k = 0; k < q; k++) {
        double sum = 0.0;
        const double *own = slope + (size_t) n * k;
        for (int l = 0; l < p; l++) sum += own[l] * (at->theta[l] - from[l]);
        int place = p;
        for (int l = 0; l < q; l++)
            for (int m = l; m < q; m++, place++)
                sum += own[place] * (at->L[m + (size_t) q * l] - from[place]);
        if (place < n) sum += own[place] * (log(at->shape) - from[place]);
        shift[k] = sum;
        square += sum * sum;
    }
    double cut = square > FARTHEST_MODE * FARTHEST_MODE ? FARTHEST_MODE / sqrt(square) : 1.0;
    for (int k = 0; k < q; k++) u[k] += cut * shift[k];
}

/* At the mode of r'b - b'Wb/2 - |u|^2/2; 0 where there is none. */
INLINED int solve_quadratic(const responses_t *responses, int j, lattice_group_t *g)
{
    int q = g->q;
    double C[MOST_Q * MOST_Q];
    add_curvature(q, g->L, responses->curved + (size_t) q * q * j, C);
    turn_slope(q, g->L, responses->linear + (size_t) q * j, g->u);
    if (!factor_small(q, C)) return 0;
    solve_forward(q, C, g->u);
    solve_backward(q, C, g->u);
    return 1;
}

/* Where the search begins: where the group was before, with other effects' offsets and another
   L; or at a given mode, moved by its derivatives; or at 0. */
INLINED void start_search(const responses_t *responses, int j, const group_parameters_t *at,
                          lattice_group_t *g)
{
    if (responses->linear && solve_quadratic(responses, j, g)) return;
    for (int k = 0; k < g->q; k++)
        g->u[k] = responses->mode ? responses->mode[k + (size_t) g->q * j] : 0.0;
    if (responses->slope) predict_mode(responses, j, at, g->u);
}

double start_of_search(const responses_t *responses, int j, const group_parameters_t *at)
{
    lattice_group_t g;
    g.q = 1;
    g.L = at->L;
    start_search(responses, j, at, &g);
    return g.u[0];
}

FOR_WIDE_VECTORS_TOO
int center_group(const responses_t *responses, int j, const group_parameters_t *at, double enough,
                 const lattice_buffers_t *b, lattice_group_t *g)
{
    start_group(responses, j, at, b, g);
    if (g->is_equal) g->equal = at->L[0];
    start_search(responses, j, at, g);
    if (is_left(g) || !approach_mode(g, enough)) return 0;
    g->at_mode = log_likelihood(g);
    if (g->is_equal) turn_equal_rows(g);
    else turn_rows(g);
    return 1;
}
