#include <limits.h>
#include <string.h>
#include <R_ext/Random.h>
#include "ffi.h"
#include "ffi_collapsed.h"
#include "ffi_merged.h"
#include "ffi_nested.h"
#include "family_follow.h"
#include "ffi_family_scan.h"
#include "hyper.h"
#include "spectrum.h"

/* Nodes of a table have numbers that are ints. */
static void decode_size(SEXP list, const grouping_t *grouping, table_t *table)
{
    table->n = length(list_element(list, "size"));
    if (table->n < 1 || table->n > TABLE_DIMENSIONS)
        error("internal error: a table of %d dimensions", table->n);
    const int *size = list_places(list, "size", table->n, 1, INT_MAX);
    double n_nodes = 1.0;
    for (int k = 0; k < table->n; k++) {
        table->size[k] = size[k];
        table->folded[k] = k < n_scales(grouping);
        n_nodes *= size[k];
    }
    if (n_nodes > INT_MAX) error("internal error: a table of %.0f nodes", n_nodes);
    table->n_nodes = (size_t) n_nodes;
}

/* NULL when it is R's NULL. */
static const table_t *decode_table(SEXP list, const grouping_t *grouping)
{
    if (isNull(list)) return NULL;
    table_t *table = (table_t *) R_alloc(1, sizeof(table_t));
    decode_size(list, grouping, table);
    table->low = list_doubles(list, "low", table->n);
    table->step = list_doubles(list, "step", table->n);
    table->center = list_doubles(list, "center", table->n);
    table->spread = list_doubles(list, "spread", table->n);
    table->defence = *list_doubles(list, "defence", 1);
    for (int k = 0; k < table->n; k++)
        table->mirrored[k] = table->folded[k] && table->low[k] < 0.75 * table->step[k];
    table->density = list_doubles(list, "density", (double) table->n_nodes);
    table->keep = list_doubles(list, "keep", (double) table->n_nodes);
    table->alias = list_places(list, "alias", (double) table->n_nodes, 0, (int) table->n_nodes);
    return table;
}

/* keep and alias of a table whose nodes have these weights. */
SEXP ffi_make_aliases(SEXP weights)
{
    size_t n = (size_t) xlength(weights);
    if (TYPEOF(weights) != REALSXP || n > INT_MAX) error("internal error: no weights of a table");
    SEXP keep = PROTECT(allocVector(REALSXP, (R_xlen_t) n));
    SEXP alias = PROTECT(allocVector(INTSXP, (R_xlen_t) n));
    double total = 0.0;
    for (size_t i = 0; i < n; i++) total += REAL(weights)[i];
    make_aliases(n, REAL(weights), total, REAL(keep), INTEGER(alias),
                 (int *) R_alloc(n, sizeof(int)));
    const char *names[] = { "keep", "alias" };
    SEXP values[] = { keep, alias };
    SEXP answer = named_list(2, names, values);
    UNPROTECT(2);
    return answer;
}

/* The signs of the columns are the bits of an int. A sweep has few moves. */
enum { SIGN_BITS = 30, MOST_MOVES = 1000 };

/* NULL when there is none. */
static surrogate_t *decode_surrogate(SEXP list, int n)
{
    if (isNull(list)) return NULL;
    surrogate_t *surrogate = (surrogate_t *) R_alloc(1, sizeof(surrogate_t));
    surrogate->n = n;
    surrogate->n_terms = length(list_element(list, "coefficient"));
    surrogate->n_tries = *list_places(list, "n_tries", 1, 1, MOST_MOVES);
    surrogate->center = list_doubles(list, "center", n);
    surrogate->root = list_doubles(list, "root", (double) n * n);
    surrogate->df = *list_doubles(list, "df", 1);
    surrogate->coefficient = list_doubles(list, "coefficient", surrogate->n_terms);
    surrogate->factor = list_places(list, "factor", (double) FACTORS * surrogate->n_terms, 0, n + 1);
    surrogate->v = doubles(n + 1.0);
    return surrogate;
}

static void decode_proposal(SEXP tuning, const grouping_t *grouping, int n_coordinates,
                            proposal_t *proposal)
{
    double n = n_coordinates;
    proposal->n = n_coordinates;
    proposal->n_columns = n_scales(grouping);
    proposal->sign_columns = list_integers(tuning, "sign_columns", n);
    proposal->center = list_doubles(tuning, "center", n);
    proposal->root = list_doubles(tuning, "root", n * n);
    proposal->flipped = doubles(n);
    proposal->distance = doubles(n);
    proposal->df = *list_doubles(tuning, "df", 1);
    proposal->near = (unsigned) list_integer(tuning, "near", 0);
    if (proposal->n_columns > SIGN_BITS || proposal->near >> proposal->n_columns)
        error("internal error: signs of columns that are none of %d", proposal->n_columns);
    proposal->n_independent = *list_places(tuning, "n_independent", 1, 0, MOST_MOVES);
    proposal->n_ellipse = *list_places(tuning, "n_ellipse", 1, 0, MOST_MOVES);
    proposal->table = decode_table(list_element(tuning, "table"), grouping);
    proposal->surrogate = decode_surrogate(optional_element(tuning, "surrogate"), n_coordinates);
    proposal->shape = NULL;
    if (proposal->surrogate) {
        proposal_t *shape = (proposal_t *) R_alloc(1, sizeof(proposal_t));
        *shape = *proposal;
        shape->root = proposal->surrogate->root;
        shape->df = proposal->surrogate->df;
        proposal->shape = shape;
    }
    if (proposal->table && proposal->table->n != proposal->n)
        error("internal error: a table of %d dimensions for %d coordinates",
              proposal->table->n, proposal->n);
}

/* Element `spectrum` of a model, where it has one. */
static const spectrum_t *decode_spectrum(SEXP model_list, const model_t *model,
                                         const grouping_t *grouping)
{
    SEXP list = optional_element(model_list, "spectrum");
    if (isNull(list)) return NULL;
    double n = grouping->n_groups, p = model->n_coef;
    if (model->n_groupings > 1) error("internal error: this model has no spectrum");
    spectrum_t *spectrum = (spectrum_t *) R_alloc(1, sizeof(spectrum_t));
    if (grouping->n_random != 1 || model->n_strata != 1 || !is_uncentered(model))
        error("internal error: this model has no spectrum");
    spectrum->n = grouping->n_groups;
    spectrum->largest = *list_doubles(list, "largest", 1);
    spectrum->rest = *list_doubles(list, "rest", 1);
    spectrum->size = list_doubles(list, "size", n);
    spectrum->along = list_doubles(list, "along", n);
    spectrum->explained = list_doubles(list, "explained", n);
    spectrum->cross = list_doubles(list, "cross", p * n);
    spectrum->start = list_doubles(list, "start", p);
    spectrum->v = doubles(n);
    spectrum->normals = doubles(p);
    return spectrum;
}

/* The target that a tuning and its model are of, without data yet. */
static void decode_role(SEXP tuning, const model_t *model, collapsed_target_t *target)
{
    const step_t *step = checked_step(model, list_integer(tuning, "step", 0));
    int role = list_integer(tuning, "sigma_role", SIGMA_INTEGRATED);
    if (role > SIGMA_FIXED || !is_uncentered(model))
        error("internal error: not a model and tuning of the collapsed sampler");
    if ((role == SIGMA_NONE) != (model->responses != NULL))
        error("internal error: a family and a role of sigma");
    int is_given = model->n_strata > 1 || (is_student(model) && model->n_steps > 1);
    if ((role == SIGMA_GIVEN) != is_given)
        error("internal error: %d residual variances", model->n_strata);
    if (!is_given && (role == SIGMA_FIXED) != (model->sigma_prior.kind == SCALE_FIXED))
        error("internal error: is the residual variance known?");
    memset(target, 0, sizeof *target);
    start_target(model, step, (sigma_role_t) role, target);
    if (model->responses) start_family_target(target);
}

static void decode_target(SEXP model_list, SEXP tuning, const model_t *model,
                          const double *sigma2, monitor_t *monitor, collapsed_target_t *target)
{
    decode_role(tuning, model, target);
    const grouping_t *grouping = target->grouping;
    target->monitor = monitor;
    target->scale = list_doubles(tuning, "scale", n_scales(grouping));
    int is_scanned = model->n_steps > 1, threads = list_integer(tuning, "threads", 1);
    if (model->responses)
        target->family = new_family_data(model, target->step, threads_for(grouping, threads),
                                         *list_doubles(tuning, "fineness", 1), monitor);
    else if (target->step->merged)
        target->merged = new_merged(model, target->step);
    else if (is_scanned || target->step->n > 1)
        target->chain = new_chain_data(model, target->step,
                                       is_scanned || is_student(model)
                                           || target->sigma_role == SIGMA_GIVEN);
    else
        allocate_group_data(model, grouping,
                            threads_for(grouping, threads), &target->data);
    ALLOCATE(target->buffers = take_target(grouping->n_random, model->n_coef, &work));
    target->spectrum = decode_spectrum(model_list, model, grouping);
    if (target->sigma_role == SIGMA_GIVEN) weigh_at_edge(target, sigma2);
}

static void decode_moves(SEXP tuning, SEXP point, collapsed_t *collapsed)
{
    collapsed_target_t *target = &collapsed->target;
    moves_t *moves = &collapsed->moves;
    int n = target->target.n;
    moves->target = &target->target;
    decode_proposal(tuning, target->grouping, n, &moves->proposal);
    ALLOCATE(take_moves(moves, &work));
    memcpy(moves->point, checked_doubles(point, "point", n), sizeof(double) * n);
}

/* Proposals that have their center elsewhere, and change as what is there does. */
static void center_at(const double *center, proposal_t *proposal)
{
    proposal->center = center;
    if (!proposal->surrogate) return;
    proposal->surrogate->center = center;
    proposal->shape->center = center;
}

/* Proposals of a family's scan follow the effects of others from those that their tunings have. The
   shares are the reference's meanwhile. */
static void start_following(SEXP model_list, const model_t *model, const grouping_state_t *present,
                            double **share, collapsed_t *collapsed)
{
    SEXP steps = list_element(model_list, "steps");
    SEXP effects = PROTECT(allocVector(VECSXP, model->n_groupings));
    for (int s = 0; s < model->n_steps; s++) {
        SEXP tuning = list_element(VECTOR_ELT(steps, s), "tuning");
        SET_VECTOR_ELT(effects, only_grouping(model->step + s),
                       list_element(tuning, "reference_effect"));
    }
    grouping_state_t *reference = effects_alone(effects, model);
    share_all(model, reference, share);
    for (int s = 0; s < model->n_steps; s++) {
        start_follow(list_element(VECTOR_ELT(steps, s), "tuning"), model,
                     &collapsed[s].target, reference);
        center_at(collapsed[s].target.family->scan->follow->moved, &collapsed[s].moves.proposal);
    }
    share_all(model, present, share);
    UNPROTECT(1);
}

collapsed_t *decode_collapsed(SEXP model_list, SEXP points, const model_t *model,
                              const state_t *state)
{
    const double *sigma2 = state->sigma2;
    monitor_t *monitor = state->monitor;
    SEXP steps = list_element(model_list, "steps");
    int n_steps = model->n_steps, is_family = model->responses != NULL;
    double **share = is_family && n_steps > 1 ? new_shares(model, state->grouping) : NULL;
    collapsed_t *collapsed = (collapsed_t *) R_alloc((size_t) n_steps + 1, sizeof(collapsed_t));
    memset(collapsed, 0, sizeof(collapsed_t) * ((size_t) n_steps + 1));
    for (int s = 0; s < n_steps; s++) {
        collapsed_t *own = collapsed + s;
        SEXP tuning = list_element(VECTOR_ELT(steps, s), "tuning");
        decode_target(model_list, tuning, model, sigma2, monitor, &own->target);
        if (own->target.step != model->step + s)
            error("internal error: step %d has not its own tuning", s);
        int q = own->target.grouping->n_random;
        own->L = doubles((double) q * q);
        ALLOCATE(own->group = take_group(q, &work));
        decode_moves(tuning, list_item(points, "point", s, n_steps), own);
        if (share) start_family_scan(model, model->step + s, share, own->target.family);
    }
    if (share) start_following(model_list, model, state->grouping, share, collapsed);
    else if (n_steps > 1) start_scan(model, state, collapsed);
    return collapsed;
}

/* The log density at points, side by side: NA once the user wants to stop. */
static SEXP evaluate_points(target_t *target, SEXP points)
{
    int n = target->n;
    if (TYPEOF(points) != REALSXP || n < 1 || xlength(points) % n != 0)
        error("internal error: the points have not %d coordinates", n);
    SEXP values = PROTECT(allocVector(REALSXP, xlength(points) / n));
    double *by_product = doubles((double) target->by_product_size);
    for (R_xlen_t i = 0; i < xlength(values); i++)
        if (evaluate_target(target, REAL(points) + n * i, REAL(values) + i, by_product)
            != STATUS_OK) {
            REAL(values)[i] = NA_REAL;
            break;
        }
    UNPROTECT(1);
    return values;
}

/* A step of a family's scan faces the effects that the model's list has. */
static void face_listed_effects(SEXP model_list, const model_t *model, collapsed_target_t *target)
{
    if (!model->responses || model->n_groupings < 2) return;
    grouping_state_t *effects = effects_alone(optional_element(model_list, "effect"), model);
    start_family_scan(model, target->step, new_shares(model, effects), target->family);
}

/* log p(coordinates | y) of the collapsed sampler at points (n x points), given sigma2
   where there are several; -Inf where it cannot be told from nothing, NA once the user
   wants to stop. */
SEXP ffi_log_target(SEXP model_list, SEXP tuning, SEXP points, SEXP sigma2)
{
    model_t model;
    collapsed_target_t target;
    monitor_t monitor = new_monitor();
    decode_model(model_list, &model);
    decode_target(model_list, tuning, &model,
                  checked_doubles(sigma2, "sigma2", model.n_strata), &monitor, &target);
    face_listed_effects(model_list, &model, &target);
    return evaluate_points(&target.target, points);
}

/* Effects of a family's step at a point, given those of the others: q x groups. */
SEXP ffi_draw_step_effects(SEXP model_list, SEXP tuning, SEXP point)
{
    model_t model;
    collapsed_target_t target;
    monitor_t monitor = new_monitor();
    double one = 1.0, value;
    decode_model(model_list, &model);
    decode_target(model_list, tuning, &model, &one, &monitor, &target);
    face_listed_effects(model_list, &model, &target);
    if (!target.family || !target.family->scan) error("internal error: not a step of several");
    const responses_t *responses = target.family->responses;
    GetRNGstate();
    draw_uniforms(target.family->scan);
    PutRNGstate();
    double *by_product = doubles((double) target.target.by_product_size);
    const double *at = checked_doubles(point, "point", target.target.n);
    status_t status = target.target.at(&target.target, at, &value, by_product);
    if (status == STATUS_OK && !isfinite(value)) status = STATUS_NOT_FINITE;
    if (status != STATUS_OK) raise_status(status, 0);
    SEXP effects = PROTECT(allocMatrix(REALSXP, responses->n_random, responses->n_groups));
    memcpy(REAL(effects), by_product,
           sizeof(double) * (size_t) responses->n_random * responses->n_groups);
    UNPROTECT(1);
    return effects;
}

/* A state of which a scan has the effects alone. */
static state_t state_of_effects(const model_t *model, SEXP effect, const double *sigma2)
{
    state_t state;
    monitor_t *monitor = (monitor_t *) R_alloc(1, sizeof(monitor_t));
    memset(&state, 0, sizeof state);
    *monitor = new_monitor();
    state.monitor = monitor;
    state.sigma2 = doubles(model->n_strata);
    memcpy(state.sigma2, sigma2, sizeof(double) * model->n_strata);
    state.grouping = effects_alone(effect, model);
    return state;
}

/* ffi_log_target() of a step of several, on y less the effects of the others; `present` has a point
   of each step. */
SEXP ffi_scan_target(SEXP model_list, SEXP step, SEXP points, SEXP sigma2, SEXP effect,
                     SEXP present)
{
    model_t model;
    decode_model(model_list, &model);
    int s = checked_integer(step, "step", 0);
    if (model.n_steps < 2 || s >= model.n_steps) error("internal error: there is no step %d", s);
    state_t state = state_of_effects(&model, effect,
                                     checked_doubles(sigma2, "sigma2", model.n_strata));
    collapsed_t *own = decode_collapsed(model_list, present, &model, &state) + s;
    status_t status = face_others(&model, &state, own);
    if (status != STATUS_OK) raise_status(status, 0);
    return evaluate_points(&own->target.target, points);
}

/* n proposals (coordinates x n) and their log densities; NA where one has left the
   domain. */
SEXP ffi_propose(SEXP model_list, SEXP tuning, SEXP n)
{
    model_t model;
    collapsed_target_t target;
    proposal_t proposal;
    int n_points = checked_integer(n, "n", 0);
    decode_model(model_list, &model);
    decode_role(tuning, &model, &target);
    decode_proposal(tuning, target.grouping, target.target.n, &proposal);
    SEXP points = PROTECT(allocMatrix(REALSXP, proposal.n, n_points));
    SEXP densities = PROTECT(allocVector(REALSXP, n_points));
    GetRNGstate();
    for (int i = 0; i < n_points; i++) {
        double *point = REAL(points) + (size_t) proposal.n * i;
        REAL(densities)[i] = propose_independently(&proposal, point)
            ? log_proposal_density(&proposal, point) : NA_REAL;
    }
    PutRNGstate();
    const char *names[] = { "points", "log_density" };
    SEXP values[] = { points, densities };
    SEXP answer = named_list(2, names, values);
    UNPROTECT(2);
    return answer;
}

/* log|I + L'Z'Z L| over all groups, the root of [X y]'V^-1[X y], and log p(L | y)
   without the prior of L. */
SEXP ffi_marginal(SEXP model_list, SEXP L, SEXP threads)
{
    model_t model;
    decode_uncentered_model(model_list, &model);
    const grouping_t *grouping = model.grouping + only_grouping(only_step(&model));
    int q = grouping->n_random, rows = model.n_coef + 1;
    checked_doubles(L, "L", (double) q * q);
    SEXP root = PROTECT(allocMatrix(REALSXP, rows, rows));
    memset(REAL(root), 0, sizeof(double) * rows * rows);
    marginal_t marginal = { 0.0, REAL(root) };
    monitor_t monitor = new_monitor();
    group_data_t data;
    allocate_group_data(&model, grouping, threads_for(grouping, asInteger(threads)), &data);
    weighing_buffers_t weighing;
    ALLOCATE(weighing = take_weighing(q, model.n_coef, &work));
    weigh_groups(&model, grouping, NULL, &data, &weighing);
    status_t status = marginal_products(&data, REAL(L), &marginal, &monitor);
    if (status == STATUS_OK) status = marginal_root(&data, REAL(L), &marginal, &monitor);
    if (status != STATUS_OK) raise_status(status, 0);
    const char *names[] = { "log_det", "root", "log_density" };
    SEXP values[] = { PROTECT(ScalarReal(marginal.log_det)), root,
                      PROTECT(ScalarReal(log_marginal(&model, grouping, &marginal))) };
    SEXP answer = named_list(3, names, values);
    UNPROTECT(3);
    return answer;
}
