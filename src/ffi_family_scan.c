#include <string.h>
#include "family_follow.h"
#include "ffi_family_scan.h"

int n_data_rows(const responses_t *responses)
{
    int n = 0;
    for (int i = 0; i < responses->start[responses->n_groups]; i++) n += responses->row[i] >= 0;
    return n;
}

double **new_shares(const model_t *model, const grouping_state_t *grouping)
{
    double **share = (double **) R_alloc((size_t) model->n_groupings, sizeof(double *));
    for (int g = 0; g < model->n_groupings; g++)
        share[g] = doubles(n_data_rows(model->responses + g));
    share_all(model, grouping, share);
    return share;
}

static int **new_places(const model_t *model, const responses_t *own, int grouping)
{
    int **place = (int **) R_alloc((size_t) model->n_groupings, sizeof(int *));
    int *group = ints((size_t) n_data_rows(own));
    for (int s = 0; s < model->n_groupings; s++) {
        place[s] = s == grouping ? NULL : ints((size_t) own->start[own->n_groups]);
        if (place[s]) find_places(own, model->responses + s, group, place[s]);
    }
    return place;
}

void start_family_scan(const model_t *model, const step_t *step, double **share,
                       family_data_t *family)
{
    family_scan_t *scan = (family_scan_t *) R_alloc(1, sizeof(family_scan_t));
    const responses_t *responses = family->responses;
    size_t J = (size_t) responses->n_groups, q = (size_t) responses->n_random;
    size_t n = (size_t) responses->start[J];
    scan->grouping = only_grouping(step);
    scan->n_groupings = model->n_groupings;
    scan->responses = *responses;
    scan->given = responses->offset;
    ALLOCATE(scan->offset = take_aligned(&work, n));
    scan->share = share;
    scan->place = new_places(model, responses, scan->grouping);
    scan->follow = NULL;
    scan->shift = doubles(model->n_coef);
    scan->uniform = doubles((double) (q + 1) * J);
    for (size_t i = 0; i < (q + 1) * J; i++) scan->uniform[i] = 0.5;
    scan->near = doubles((double) near_size(responses));
    memset(scan->near, 0, sizeof(double) * near_size(responses));
    scan->responses.offset = scan->offset;
    scan->responses.linear = scan->near;
    scan->responses.curved = scan->near + q * J;
    family->responses = &scan->responses;
    family->scan = scan;
    face_other_effects(scan);
}

/* The maps have memory of their own for each grouping. */
static void allocate_maps(const model_t *model, int own, family_follow_t *follow)
{
    follow->map = (double **) R_alloc((size_t) model->n_groupings, sizeof(double *));
    for (int s = 0; s < model->n_groupings; s++) {
        const grouping_t *grouping = model->grouping + s;
        double size = (double) model->n_coef * grouping->n_random * grouping->n_groups;
        follow->map[s] = s == own ? NULL : doubles(size);
    }
}

void start_follow(SEXP tuning, const model_t *model, const collapsed_target_t *target,
                  const grouping_state_t *effect)
{
    family_scan_t *scan = target->family->scan;
    int n = target->target.n, rows = n_data_rows(&scan->responses);
    const double *point = list_doubles(tuning, "reference", n);
    family_follow_t *follow = (family_follow_t *) R_alloc(1, sizeof(family_follow_t));
    follow_buffers_t buffers;
    monitor_t jumping = jumping_monitor();
    ALLOCATE(take_follow(&scan->responses, n, &work, follow));
    ALLOCATE(buffers = take_follow_buffers(&scan->responses, rows, &work));
    allocate_maps(model, scan->grouping, follow);
    factor_at(target, point, target->buffers.L);
    group_parameters_t parameters = { theta_at(target, point), target->buffers.L,
                                      shape_at(target, point), 1.0 };
    face_other_effects(scan);
    lattice_buffers_t lattice = *target->family->buffers;
    lattice.monitor = &jumping;
    status_t status = find_follow(model, scan, effect, &parameters, &lattice, &buffers, &jumping,
                                  follow);
    if (status != STATUS_OK) raise_status(status, 0);
    follow->center = list_doubles(tuning, "center", n);
    follow->slope = list_doubles(tuning, "slope", (double) n * scan->responses.n_random);
    follow->mean_score = list_doubles(tuning, "mean_score", scan->responses.n_random);
    scan->follow = follow;
}

/* A level of a chain: which of its columns leaves have, and each group's at the next level. */
static void decode_totals_level(SEXP list, const model_t *model, int n_parents, int leaf_columns,
                                totals_level_t *level)
{
    level->grouping = list_integer(list, "grouping", 0);
    if (level->grouping >= model->n_groupings)
        error("internal error: there is no grouping %d", level->grouping);
    const grouping_t *grouping = model->grouping + level->grouping;
    int q = level->n_random = grouping->n_random;
    level->n_groups = grouping->n_groups;
    level->parent = n_parents ? list_places(list, "parent", level->n_groups, 0, n_parents) : NULL;
    const int *leaf = list_places(list, "leaf", q, -1, leaf_columns);
    level->own = ints((size_t) q);
    level->leaf = ints((size_t) q);
    level->other = ints((size_t) q);
    level->n_shared = level->n_other = 0;
    for (int k = 0; k < q; k++) {
        if (leaf[k] < 0) {
            level->other[level->n_other++] = k;
            continue;
        }
        level->own[level->n_shared] = k;
        level->leaf[level->n_shared++] = leaf[k];
    }
}

static int grouping_of_level(SEXP levels, int l, const model_t *model)
{
    int g = list_integer(VECTOR_ELT(levels, l), "grouping", 0);
    if (g >= model->n_groupings) error("internal error: there is no grouping %d", g);
    return g;
}

static void decode_totals(SEXP list, const model_t *model, totals_t *totals)
{
    SEXP levels = checked_list(list_element(list, "levels"), "levels");
    totals->model = model;
    totals->n_levels = length(levels);
    if (totals->n_levels < 2) error("internal error: a chain of %d levels", totals->n_levels);
    totals->level = (totals_level_t *) R_alloc((size_t) totals->n_levels, sizeof(totals_level_t));
    totals->L = (double **) R_alloc((size_t) totals->n_levels, sizeof(double *));
    const grouping_t *leaves = model->grouping + grouping_of_level(levels, 0, model);
    totals->n = 0;
    for (int l = 0; l < totals->n_levels; l++) {
        int n_parents = l + 1 == totals->n_levels ? 0
            : model->grouping[grouping_of_level(levels, l + 1, model)].n_groups;
        totals_level_t *level = totals->level + l;
        decode_totals_level(VECTOR_ELT(levels, l), model, n_parents, leaves->n_random, level);
        level->first = totals->n;
        if (l > 0) totals->n += level->n_shared;
    }
    SEXP fixed = list_element(list, "fixed");
    totals->n_fixed = length(fixed);
    totals->fixed = checked_places(fixed, "fixed", totals->n_fixed, 0, model->n_coef);
    totals->version = list_doubles(list, "version", (double) totals->n_fixed * leaves->n_random
                                   * leaves->n_groups);
    totals->n += totals->n_fixed + 1;
    ALLOCATE(take_totals(totals, &work));
}

void start_totals(SEXP model_list, const model_t *model, state_t *state)
{
    SEXP chains = optional_element(model_list, "chains");
    int n = isNull(chains) ? 0 : length(checked_list(chains, "chains"));
    state->n_totals = n;
    state->totals = (totals_t *) R_alloc((size_t) n + 1, sizeof(totals_t));
    for (int i = 0; i < n; i++) decode_totals(VECTOR_ELT(chains, i), model, state->totals + i);
}
