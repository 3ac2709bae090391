#include <math.h>
#include <string.h>
#include "family_likelihood.h"
#include "lanes.h"

/* How far beyond the usual radius nodes lie of which one row is left out, and how much closer those
   to which one is added. */
static const double REACH_OF_REST = 1.3, CLOSENESS_OF_MORE = 0.7;

/* The squared distance from the mode, in standard deviations, at which nodes are placed. */
static const double NEAR_MODE = 0.05;

/* The most that a row which is added makes a density narrower: its curvature in units of the
   group's. */
static const double MOST_CURVATURE = 1.0;

void take_family_likelihood(const responses_t *responses, workspace_t *work,
                            family_likelihood_t *own)
{
    responses_t larger = *responses;
    changed_group_t *changed = &own->changed;
    size_t p = (size_t) responses->n_coef, q = (size_t) responses->n_random;
    larger.most_rows += LANES;
    size_t n = (size_t) larger.most_rows;
    own->responses = responses;
    own->whole = take_lattice(responses, work);
    own->other = take_lattice(&larger, work);
    size_t nodes = own->places.stride = own->whole.most_nodes;
    own->places.t = take_aligned(work, nodes * (q > 0 ? q : 1));
    own->places.at_border = take_aligned(work, nodes);
    own->eta = take_aligned(work, nodes);
    own->value = take_aligned(work, nodes);
    changed->X = take_aligned(work, n * p);
    changed->Z = take_aligned(work, n * q);
    changed->y = take_aligned(work, n);
    changed->trials = take_aligned(work, n);
    changed->offset = take_aligned(work, n);
}

/* A row given the parameters, its likelihood in the form of row_at_predictors(). */
typedef struct {
    double base, y, trials;     /* eta where the effects are 0, of DISPERSED e */
    double a[MOST_Q];           /* L'z */
} given_row_t;

static given_row_t row_given(const responses_t *responses, const likelihood_rows_t *rows, int i,
                             const group_parameters_t *at)
{
    int p = responses->n_coef, q = responses->n_random, n = rows->n;
    given_row_t row = { rows->offset[i], rows->y[i], rows->trials[i], { 0.0 } };
    for (int k = 0; k < p; k++) row.base += rows->X[i + (size_t) n * k] * at->theta[k];
    for (int k = 0; k < q; k++)
        for (int l = k; l < q; l++)
            row.a[k] += rows->Z[i + (size_t) n * l] * at->L[l + (size_t) q * k];
    if (responses->likelihood == LIKELIHOOD_DISPERSED) {
        double shape = bounded_shape(at->shape);
        row.base -= log(shape);
        row.trials = row.y + shape * row.trials;
    }
    return row;
}

static double log_density_at(likelihood_t likelihood, const given_row_t *row, double eta)
{
    double at[LANES], value[LANES];
    for (int i = 0; i < LANES; i++) at[i] = eta;
    row_at_predictors(likelihood, row->y, row->trials, LANES, at, value);
    return value[0];
}

static double curvature_at(likelihood_t likelihood, const given_row_t *row, double eta)
{
    double mean = 1.0 / (1.0 + exp(-eta));
    if (is_plain_likelihood(likelihood))
        return plain_row(likelihood, eta, row->y, row->trials).weight;
    return likelihood == LIKELIHOOD_COUNTS ? row->trials * exp(eta)
        : row->trials * mean * (1.0 - mean);
}

/* Groups that are changed --------------------------------------------------------------------- */

void start_changed_group(family_likelihood_t *own, int group)
{
    const responses_t *responses = own->responses;
    changed_group_t *changed = &own->changed;
    size_t first = (size_t) responses->start[group];
    int p = responses->n_coef, q = responses->n_random;
    int n = (int) ((size_t) responses->start[group + 1] - first), stride = n + LANES;
    changed->stride = stride;
    changed->extra = n;
    memset(changed->X, 0, sizeof(double) * stride * p);
    memset(changed->Z, 0, sizeof(double) * stride * q);
    for (int k = 0; k < p; k++)
        memcpy(changed->X + (size_t) stride * k, responses->X + first * p + (size_t) n * k,
               sizeof(double) * n);
    for (int k = 0; k < q; k++)
        memcpy(changed->Z + (size_t) stride * k, responses->Z + first * q + (size_t) n * k,
               sizeof(double) * n);
    double *of_rows[] = { changed->y, changed->trials, changed->offset };
    const double *from[] = { responses->y, responses->trials, responses->offset };
    for (int k = 0; k < 3; k++) {
        memset(of_rows[k], 0, sizeof(double) * stride);
        memcpy(of_rows[k], from[k] + first, sizeof(double) * n);
    }
    changed->start[0] = 0;
    changed->start[1] = stride;
    responses_t *alone = &changed->responses;
    *alone = *responses;
    alone->n_groups = 1;
    alone->most_rows = stride;
    alone->start = changed->start;
    alone->X = changed->X;
    alone->Z = changed->Z;
    alone->y = changed->y;
    alone->trials = changed->trials;
    alone->offset = changed->offset;
    size_t n_slopes = (size_t) n_mode_slopes(responses);
    alone->mode = responses->mode ? responses->mode + (size_t) q * group : NULL;
    alone->slope = responses->slope ? responses->slope + n_slopes * q * group : NULL;
}

/* What add_row() and remove_row() change of a group, to be undone. */
typedef struct {
    int place;
    double y, trials, Z[MOST_Q];
    int is_single, has_few_trials, is_intercept;
} change_t;

static change_t remember(const changed_group_t *changed, int place)
{
    change_t change = { place, changed->y[place], changed->trials[place], { 0.0 },
                        changed->responses.is_single, changed->responses.has_few_trials,
                        changed->responses.is_intercept };
    for (int k = 0; k < changed->responses.n_random; k++)
        change.Z[k] = changed->Z[place + (size_t) changed->stride * k];
    return change;
}

static void undo(changed_group_t *changed, const change_t *change)
{
    int place = change->place;
    changed->y[place] = change->y;
    changed->trials[place] = change->trials;
    for (int k = 0; k < changed->responses.n_random; k++)
        changed->Z[place + (size_t) changed->stride * k] = change->Z[k];
    changed->responses.is_single = change->is_single;
    changed->responses.has_few_trials = change->has_few_trials;
    changed->responses.is_intercept = change->is_intercept;
}

static change_t remove_row(changed_group_t *changed, const likelihood_rows_t *rows, int i)
{
    int place = rows->at[i];
    change_t change = remember(changed, place);
    changed->y[place] -= rows->y[i];
    changed->trials[place] -= rows->trials[i];
    if (changed->trials[place] == 0.0 && !changed->responses.is_intercept)
        for (int k = 0; k < changed->responses.n_random; k++)
            changed->Z[place + (size_t) changed->stride * k] = 0.0;
    return change;
}

static change_t add_row(changed_group_t *changed, const likelihood_rows_t *rows, int i)
{
    responses_t *alone = &changed->responses;
    int place = changed->extra, stride = changed->stride;
    change_t change = remember(changed, place);
    changed->y[place] = rows->y[i];
    changed->trials[place] = rows->trials[i];
    changed->offset[place] = rows->offset[i];
    for (int k = 0; k < alone->n_coef; k++)
        changed->X[place + (size_t) stride * k] = rows->X[i + (size_t) rows->n * k];
    for (int k = 0; k < alone->n_random; k++)
        changed->Z[place + (size_t) stride * k] = rows->Z[i + (size_t) rows->n * k];
    if (rows->trials[i] != 1.0) alone->is_single = 0;
    if (!(rows->trials[i] <= FEW_TRIALS)) alone->has_few_trials = 0;
    if (alone->is_intercept && rows->Z[i] != 1.0) alone->is_intercept = 0;
    return change;
}

/* log p of the group with the row added or left out. */
static double log_integral_changed(family_likelihood_t *own, const likelihood_rows_t *rows, int i,
                                   int leave_out, const group_parameters_t *at)
{
    changed_group_t *changed = &own->changed;
    change_t change = leave_out ? remove_row(changed, rows, i) : add_row(changed, rows, i);
    double value = log_group_integral(&changed->responses, 0, at, &own->other);
    undo(changed, &change);
    return value;
}

/* A row whose group has no data: its effects matter by their sum alone, which is normal. */
static double log_density_alone(family_likelihood_t *own, const likelihood_rows_t *rows, int i,
                                const given_row_t *row, const group_parameters_t *at)
{
    const responses_t *responses = own->responses;
    changed_group_t *changed = &own->changed;
    double square = 0.0, one = 1.0;
    for (int k = 0; k < responses->n_random; k++) square += row->a[k] * row->a[k];
    if (square == 0.0) return log_density_at(responses->likelihood, row, row->base);
    double *of_row[] = { changed->Z, changed->y, changed->trials, changed->offset };
    int shape_in_base = responses->likelihood == LIKELIHOOD_DISPERSED;
    double values[] = { sqrt(square), rows->y[i], rows->trials[i],
                        row->base + (shape_in_base ? log(bounded_shape(at->shape)) : 0.0) };
    for (int k = 0; k < 4; k++) {
        memset(of_row[k], 0, sizeof(double) * LANES);
        of_row[k][0] = values[k];
    }
    int start[2] = { 0, LANES };
    responses_t alone = *responses;
    alone.n_groups = alone.n_random = 1;
    alone.n_coef = 0;
    alone.most_rows = LANES;
    alone.start = start;
    alone.X = changed->X;
    alone.Z = changed->Z;
    alone.y = changed->y;
    alone.trials = changed->trials;
    alone.offset = changed->offset;
    alone.is_single = rows->trials[i] == 1.0;
    alone.has_few_trials = rows->trials[i] <= FEW_TRIALS;
    alone.is_intercept = 0;
    alone.mode = alone.slope = NULL;
    group_parameters_t parameters = { NULL, &one, at->shape, at->fineness };
    return log_group_integral(&alone, 0, &parameters, &own->other);
}

/* Nodes of the whole group -------------------------------------------------------------------- */

/* A row at the nodes: c = C^-1 L'z, its linear predictors, and its log densities. */
typedef struct {
    double at_mode, c[MOST_Q], length;      /* eta there; the sum of |c| */
    double square;                          /* |c|^2 */
} turned_row_t;

static turned_row_t turn_row(const lattice_group_t *g, const given_row_t *row)
{
    turned_row_t turned = { row->base, { 0.0 }, 0.0, 0.0 };
    for (int k = 0; k < g->q; k++) {
        turned.at_mode += row->a[k] * g->u[k];
        for (int l = 0; l <= k; l++) turned.c[k] += g->inverse[k + g->q * l] * row->a[l];
        turned.length += fabs(turned.c[k]);
        turned.square += turned.c[k] * turned.c[k];
    }
    return turned;
}

FOR_WIDE_VECTORS_TOO
static void add_multiples(size_t n, const double *t, double c, double *eta)
{
    for (size_t i = 0; i < n; i++) eta[i] += c * t[i];
}

/* value <- log f + sign log p_i; the largest of it, its number, and the largest at the border. */
typedef struct {
    double top, edge;
    size_t place;
} summit_t;

static summit_t weigh_nodes(family_likelihood_t *own, const lattice_group_t *g,
                            const filled_nodes_t *nodes, const given_row_t *row,
                            const turned_row_t *turned, double sign)
{
    summit_t summit = { -INFINITY, -INFINITY, 0 };
    for (size_t i = 0; i < nodes->n; i++) own->eta[i] = turned->at_mode;
    for (int k = 0; k < g->q; k++)
        add_multiples(nodes->n, own->places.t + own->places.stride * k, turned->c[k], own->eta);
    row_at_predictors(own->responses->likelihood, row->y, row->trials, nodes->n, own->eta,
                      own->value);
    for (size_t i = 0; i < nodes->n; i++) {
        double value = own->value[i] = nodes->value[i] + sign * own->value[i];
        if (value > summit.top) {
            summit.top = value;
            summit.place = i;
        }
        if (own->places.at_border[i] > 0.0 && value > summit.edge) summit.edge = value;
    }
    return summit;
}

static int nodes_serve(family_likelihood_t *own, const lattice_group_t *g, const given_row_t *row,
                       const turned_row_t *turned, const summit_t *summit, int leave_out)
{
    likelihood_t likelihood = own->responses->likelihood;
    if (!(summit->edge <= summit->top + most_at_border(g->q))) return 0;
    if (leave_out) return 1;
    double curvature = curvature_at(likelihood, row, own->eta[summit->place]) * turned->square;
    return curvature <= MOST_CURVATURE && g->h * turned->length <= most_step_of(likelihood);
}

/* Visits that a group's integral and a row at its nodes count for. */
static double group_visits(const family_likelihood_t *own)
{
    return is_slow_group(own->responses) ? (double) VISITS_PER_QUESTION : 2.0 * own->changed.stride;
}

static status_t start_nodes(family_likelihood_t *own, const row_request_t *request,
                            const group_parameters_t *at, lattice_group_t *g, filled_nodes_t *nodes)
{
    int group = request->rows->group[request->from];
    double closeness = request->leave_out ? 1.0 : CLOSENESS_OF_MORE;
    double reach = request->leave_out ? REACH_OF_REST : 1.0;
    if (!center_group(own->responses, group, at, NEAR_MODE, &own->whole, g))
        return STATUS_NOT_FINITE;
    fill_group_nodes(g, at->fineness, closeness, reach, request->shift, &own->places, nodes);
    return user_wants_to_stop(request->monitor, group_visits(own)) ? STATUS_INTERRUPTED : STATUS_OK;
}

/* What is asked ------------------------------------------------------------------------------- */

static status_t log_density_of(family_likelihood_t *own, const row_request_t *request, int i,
                               const lattice_group_t *g, const filled_nodes_t *nodes,
                               const group_parameters_t *at, double *value)
{
    double sign = request->leave_out ? -1.0 : 1.0;
    given_row_t row = row_given(own->responses, request->rows, i, at);
    turned_row_t turned = turn_row(g, &row);
    summit_t summit = weigh_nodes(own, g, nodes, &row, &turned, sign);
    if (nodes_serve(own, g, &row, &turned, &summit, request->leave_out)) {
        *value = sign * (log_sum_of_exp(nodes->n, own->value, summit.top) - nodes->log_sum);
        return STATUS_OK;
    }
    *value = sign * (log_integral_changed(own, request->rows, i, request->leave_out, at)
                     - nodes->log_integral);
    return user_wants_to_stop(request->monitor, group_visits(own)) ? STATUS_INTERRUPTED : STATUS_OK;
}

status_t log_densities_given_group(family_likelihood_t *own, const row_request_t *request,
                                   const group_parameters_t *at)
{
    const likelihood_rows_t *rows = request->rows;
    lattice_group_t g;
    filled_nodes_t nodes;
    int has_nodes = own->responses->n_random > 0 && rows->group[request->from] >= 0;
    if (has_nodes) RETURN_IF_FAILED(start_nodes(own, request, at, &g, &nodes));
    for (int i = request->from; i < request->to; i++) {
        double *value = request->out + request->stride * (i - request->from);
        if (has_nodes) {
            RETURN_IF_FAILED(log_density_of(own, request, i, &g, &nodes, at, value));
        } else {
            given_row_t row = row_given(own->responses, rows, i, at);
            *value = log_density_alone(own, rows, i, &row, at);
        }
        if (user_wants_to_stop(request->monitor, 8.0)) return STATUS_INTERRUPTED;
        if (!isfinite(*value)) return STATUS_NOT_FINITE;
    }
    return STATUS_OK;
}

/* From a lattice of the group without the row. */
static status_t draw_changed(family_likelihood_t *own, const row_request_t *request, int i,
                             double uniform, const given_row_t *row, const group_parameters_t *at,
                             double *eta)
{
    changed_group_t *changed = &own->changed;
    const likelihood_rows_t *rows = request->rows;
    int q = own->responses->n_random;
    double random[MOST_Q + 1], effect[MOST_Q];
    memcpy(random, request->shift, sizeof(double) * q);
    random[q] = uniform;
    change_t change = remove_row(changed, rows, i);
    group_draw_t draw = { effect, NULL, NULL };
    double value =
        draw_group_by_lattice(&changed->responses, 0, at, random, &own->other, &draw);
    undo(changed, &change);
    *eta = row->base;
    for (int k = 0; k < q; k++) *eta += rows->Z[i + (size_t) rows->n * k] * effect[k];
    if (user_wants_to_stop(request->monitor, group_visits(own))) return STATUS_INTERRUPTED;
    return isfinite(value) ? STATUS_OK : STATUS_NOT_FINITE;
}

status_t draw_predictors_left_out(family_likelihood_t *own, const row_request_t *request,
                                  const group_parameters_t *at)
{
    const responses_t *responses = own->responses;
    lattice_group_t g;
    filled_nodes_t nodes;
    if (responses->n_random > 0) RETURN_IF_FAILED(start_nodes(own, request, at, &g, &nodes));
    for (int i = request->from; i < request->to; i++) {
        size_t place = request->stride * (i - request->from);
        given_row_t row = row_given(responses, request->rows, i, at);
        double eta = row.base, uniform = request->uniform[place];
        if (responses->n_random > 0) {
            turned_row_t turned = turn_row(&g, &row);
            summit_t summit = weigh_nodes(own, &g, &nodes, &row, &turned, -1.0);
            if (nodes_serve(own, &g, &row, &turned, &summit, 1)) {
                double sum = sum_shares(nodes.n, own->value, summit.top);
                eta = own->eta[choose_node(nodes.n, own->value, sum, uniform)];
            } else RETURN_IF_FAILED(draw_changed(own, request, i, uniform, &row, at, &eta));
        }
        if (responses->likelihood == LIKELIHOOD_DISPERSED) eta += log(bounded_shape(at->shape));
        request->out[place] = eta;
        if (user_wants_to_stop(request->monitor, 8.0)) return STATUS_INTERRUPTED;
        if (!isfinite(eta)) return STATUS_NOT_FINITE;
    }
    return STATUS_OK;
}
