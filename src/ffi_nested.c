#include <string.h>
#include "ffi.h"
#include "ffi_augmented.h"
#include "ffi_nested.h"

void allocate_nested(const model_t *model, const step_t *step, nested_t *nested)
{
    memset(nested, 0, sizeof *nested);
    if (step->n > MOST_LEVELS) error("internal error: a chain of %d groupings", step->n);
    nested->n_levels = step->n;
    nested->n_coef = model->n_coef;
    int n_after = model->n_coef + 1;
    for (int l = step->n - 1; l >= 0; l--) {
        const grouping_t *grouping = model->grouping + step->grouping[l];
        nested_level_t *level = nested->level + l;
        level->n_groups = grouping->n_groups;
        level->n_random = grouping->n_random;
        level->n_after = n_after;
        level->parent = step->level[l].parent;
        level->child_start = step->level[l].child_start;
        n_after += level->n_random;
    }
    place_in_lanes(nested, (int *) R_alloc(count_places(nested), sizeof(int)));
    ALLOCATE(take_nested(nested, &work));
}

int *places_in_chain(const grouping_t *grouping, const step_level_t *level)
{
    int *place = (int *) R_alloc((size_t) grouping->n_groups, sizeof(int));
    for (int k = 0; k < grouping->n_groups; k++) place[level->number[k]] = k;
    return place;
}

chain_data_t *new_chain_data(const model_t *model, const step_t *step, int with_effects)
{
    chain_data_t *chain = (chain_data_t *) R_alloc(1, sizeof(chain_data_t));
    memset(chain, 0, sizeof *chain);
    allocate_nested(model, step, &chain->nested);
    chain->place = places_in_chain(model->grouping + step->grouping[0], step->level);
    chain->rows = doubles((double) nested_rows_size(model, step));
    for (int l = 0; l < step->n; l++) {
        double q = model->grouping[step->grouping[l]].n_random;
        chain->L[l] = doubles(q * q);
    }
    if (!with_effects) return chain;
    ALLOCATE(take_nested_effects(&chain->nested, &chain->effects, &work));
    for (int l = 0; l < step->n; l++) {
        const grouping_t *grouping = model->grouping + step->grouping[l];
        chain->effect[l] = doubles((double) grouping->n_random * grouping->n_groups);
    }
    return chain;
}

/* The columns of the chain, level by level. */
static void number_columns(const nested_t *nested, scan_t *scan)
{
    int n = 0;
    for (int l = 0; l < nested->n_levels; l++) n += nested->level[l].n_random;
    scan->n_columns = n;
    scan->level = ints((size_t) n);
    scan->column = ints((size_t) n);
    scan->is_used = ints((size_t) n);
    scan->width = ints((size_t) nested->n_levels);
    for (int l = 0, k = 0; l < nested->n_levels; l++) {
        scan->width[l] = nested->level[l].n_random;
        for (int i = 0; i < scan->width[l]; i++, k++) {
            scan->level[k] = l;
            scan->column[k] = i;
        }
    }
}

/* Where each row's group stands in the chain, on each level. */
static void place_rows(const model_t *model, const step_t *step, const joint_effects_t *joint,
                       scan_t *scan)
{
    scan->place = (int **) R_alloc((size_t) step->n, sizeof(int *));
    for (int l = 0; l < step->n; l++) {
        const int *place = places_in_chain(model->grouping + step->grouping[l], step->level + l);
        const int *group = model->cells.group + (size_t) model->cells.n * step->grouping[l];
        scan->place[l] = ints((size_t) joint->rows.n);
        for (int i = 0; i < joint->rows.n; i++)
            scan->place[l][i] = place[group[joint->rows.cell[i]]];
    }
}

static double **pointers(int n)
{
    return (double **) R_alloc((size_t) n + 1, sizeof(double *));
}

static scan_t *new_scan(const model_t *model, int number, const nested_t *nested,
                        joint_effects_t *joint)
{
    scan_t *scan = (scan_t *) R_alloc(1, sizeof(scan_t));
    const step_t *step = model->step + number;
    int p = model->n_coef, most = 0;
    memset(scan, 0, sizeof *scan);
    scan->step = number;
    scan->joint = joint;
    number_columns(nested, scan);
    place_rows(model, step, joint, scan);
    scan->basis = pointers(scan->n_columns);
    for (int k = 0; k < scan->n_columns; k++)
        scan->basis[k] = has_plain_basis(model) ? NULL : doubles(joint->rows.n);
    scan->sums = pointers(step->n);
    for (int l = 0; l < step->n; l++) {
        int n_groups = nested->level[l].n_groups;
        scan->sums[l] = doubles((double) scan->width[l] * n_groups);
        if (n_groups > most) most = n_groups;
    }
    scan->squares = doubles(most);
    scan->scale = doubles(nested->level[0].n_groups);
    scan->Xy = doubles(p);
    scan->fixed_Xy = doubles(p);
    scan->strata_Xy = doubles(p);
    return scan;
}

static joint_effects_t *new_joint_effects(const model_t *model, const state_t *state)
{
    joint_effects_t *joint = (joint_effects_t *) R_alloc(1, sizeof(joint_effects_t));
    int n = model->n_steps;
    double q = model->cells.n_columns;
    if (state->augmented) allocate_augmented_rows(model, state->augmented, &joint->rows);
    else allocate_rows(&model->cells, &joint->rows);
    joint->e = doubles(joint->rows.n);
    joint->leaf = (int **) R_alloc((size_t) n, sizeof(int *));
    joint->total = pointers(n);
    joint->on_X = pointers(n);
    for (int s = 0; s < n; s++) {
        joint->total[s] = doubles(q * model->grouping[model->step[s].grouping[0]].n_groups);
        joint->on_X[s] = doubles(model->n_coef);
    }
    return joint;
}

void weigh_at_edge(collapsed_target_t *target, const double *sigma2)
{
    monitor_t jumping = jumping_monitor(), *own = target->monitor;
    target->monitor = &jumping;
    status_t status = weigh_target(target, sigma2);
    target->monitor = own;
    if (status != STATUS_OK) raise_status(status, 0);
}

void start_scan(const model_t *model, const state_t *state, collapsed_t *collapsed)
{
    monitor_t jumping = jumping_monitor();
    joint_effects_t *joint = new_joint_effects(model, state);
    for (int s = 0; s < model->n_steps; s++) {
        collapsed_t *own = collapsed + s;
        chain_data_t *chain = own->target.chain;
        scan_t *scan = own->scan = new_scan(model, s, &chain->nested, joint);
        joint->leaf[s] = scan->place[0];
        tell_effects(model, state, model->step + s, scan);
        if (own->target.sigma_role == SIGMA_GIVEN) continue;
        weigh_at_edge(&own->target, NULL);
        status_t status = make_basis(model, model->step + s, NULL, chain, scan, &jumping);
        if (status != STATUS_OK) raise_status(status, 0);
    }
}
