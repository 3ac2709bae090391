#include <string.h>
#include "conditionals.h"
#include "hierarchy.h"
#include "linalg.h"

static column_below_t find_below(const model_t *model, const step_t *step, int l, int place)
{
    column_below_t below = { -1, 0 };
    for (int m = l - 1; m >= 0 && below.grouping < 0; m--) {
        const grouping_t *grouping = model->grouping + step->grouping[m];
        for (int k = 0; k < grouping->n_random; k++)
            if (grouping->place[k] == place) {
                below.grouping = step->grouping[m];
                below.column = k;
            }
    }
    return below;
}

void find_columns_below(const model_t *model, column_below_t *columns, column_below_t **below)
{
    for (int s = 0; s < model->n_steps; s++)
        for (int l = 0; l < model->step[s].n; l++) {
            int g = model->step[s].grouping[l];
            below[g] = columns;
            for (int k = 0; k < model->grouping[g].n_random; k++)
                *columns++ = find_below(model, model->step + s, l, model->grouping[g].place[k]);
        }
}

int is_above(const model_t *model, const state_t *state, int g)
{
    for (int k = 0; k < model->grouping[g].n_random; k++)
        if (state->several->below[g][k].grouping >= 0) return 1;
    return 0;
}

/* The columns that y depends on itself. */
static int has_own_columns(const model_t *model, const state_t *state, int g)
{
    for (int k = 0; k < model->grouping[g].n_random; k++)
        if (state->several->below[g][k].grouping < 0) return 1;
    return 0;
}

/* A group, its grouping, and the groups below it on one level: places first .. end - 1 there. */
typedef struct {
    int g, j;
    int below, first, end;
    const step_level_t *level;
} children_t;

/* sum (q of the level below) <- sum_i (gamma_i - mean) over the groups below. */
static void sum_below(const model_t *model, const state_t *state, const children_t *family,
                      double *sum)
{
    const grouping_state_t *own = state->grouping + family->below;
    int q = model->grouping[family->below].n_random;
    memset(sum, 0, sizeof(double) * q);
    for (int i = family->first; i < family->end; i++) {
        const double *effect = own->effect + (size_t) q * family->level->number[i];
        for (int k = 0; k < q; k++) sum[k] += effect[k] - own->mean[k];
    }
}

/* P <- P + n S'Sigma^-1 S and h <- h + S'Sigma^-1 sum_i (gamma_i - mean) of n groups below, S their
   columns that hang on those of the group. */
static void add_below(const model_t *model, const state_t *state, const children_t *family, double *P,
                      double *h)
{
    int q = model->grouping[family->g].n_random, q_below = model->grouping[family->below].n_random;
    const column_below_t *column = state->several->below[family->g];
    double *sum = state->buffers.effect_sum, n = family->end - family->first;
    sum_below(model, state, family, sum);
    for (int k = 0; k < q; k++) {
        if (column[k].grouping != family->below) continue;
        const double *inverse = state->grouping[family->below].Sigma_inverse
            + (size_t) q_below * column[k].column;
        h[k] += dot(q_below, inverse, sum);
        for (int l = 0; l <= k; l++)
            if (column[l].grouping == family->below)
                P[l + (size_t) q * k] += n * inverse[column[l].column];
    }
}

/* P and h with what the rows of group j say of the columns that y depends on. */
static void add_own(const model_t *model, const state_t *state, int g, int j, double *P, double *h)
{
    const column_below_t *column = state->several->below[g];
    int q = model->grouping[g].n_random;
    double *own = state->buffers.S;
    memset(own, 0, sizeof(double) * q * q);
    add_group_precision(model, state, g, j, own);
    for (int k = 0; k < q; k++) {
        if (column[k].grouping >= 0) continue;
        h[k] += state->several->sums[k + (size_t) q * j];
        for (int l = 0; l <= k; l++)
            if (column[l].grouping < 0) P[l + (size_t) q * k] += own[l + (size_t) q * k];
    }
}

/* gamma_i <- gamma_i - S d below. */
static void move_below(const model_t *model, const state_t *state, const children_t *family,
                       const double *d)
{
    const column_below_t *column = state->several->below[family->g];
    int q_below = model->grouping[family->below].n_random;
    for (int k = 0; k < model->grouping[family->g].n_random; k++) {
        if (column[k].grouping != family->below) continue;
        for (int i = family->first; i < family->end; i++)
            state->grouping[family->below].effect[column[k].column
                + (size_t) q_below * family->level->number[i]] -= d[k];
    }
}

/* The family of a group with the next level below that of `family`. */
static void descend(const step_t *step, int m, children_t *family)
{
    const int *child_start = step->level[m + 1].child_start;
    family->first = child_start[family->first];
    family->end = child_start[family->end];
    family->below = step->grouping[m];
    family->level = step->level + m;
}

void add_said_of_above(const model_t *model, const state_t *state, const step_t *step, int l, int r,
                       double *P, double *h)
{
    int g = step->grouping[l], j = step->level[l].number[r];
    children_t family = { g, j, g, r, r + 1, step->level + l };
    if (has_own_columns(model, state, g)) add_own(model, state, g, j, P, h);
    for (int m = l - 1; m >= 0; m--) {
        descend(step, m, &family);
        add_below(model, state, &family, P, h);
    }
}

void move_above(const model_t *model, const state_t *state, const step_t *step, int l, int r,
                const double *d)
{
    int g = step->grouping[l], q = model->grouping[g].n_random, j = step->level[l].number[r];
    children_t family = { g, j, g, r, r + 1, step->level + l };
    for (int k = 0; k < q; k++) state->grouping[g].effect[k + (size_t) q * j] += d[k];
    for (int m = l - 1; m >= 0; m--) {
        descend(step, m, &family);
        move_below(model, state, &family, d);
    }
}

status_t sum_of_above(const model_t *model, const state_t *state, int g)
{
    if (!has_own_columns(model, state, g)) return STATUS_OK;
    subtract_effects(model, state, NONE_STAYS, 1);
    sum_by_group(model, state, g);
    return passage_is_over(state->several, state->monitor) ? STATUS_INTERRUPTED : STATUS_OK;
}

/* b of the group at place r of level l: d ~ N(P^-1 h, P^-1) is added to its effects and taken off
   those below, P = Sigma^-1 + sum_m n_m S'Sigma_m^-1 S + Z'Z/sigma^2, where Z'Z is of the columns
   that y depends on, and h = Sigma^-1 (mean - b) + sum_m S'Sigma_m^-1 sum_i gamma_i +
   Z'e/sigma^2 with e what all effects leave. */
static status_t draw_one_above(const model_t *model, state_t *state, const step_t *step, int l,
                               int r)
{
    int g = step->grouping[l], q = model->grouping[g].n_random;
    const grouping_state_t *own = state->grouping + g;
    const double *effect = own->effect + (size_t) q * step->level[l].number[r];
    double *P = state->buffers.group_P, *h = state->buffers.group_h, *e = state->buffers.e;
    memcpy(P, own->Sigma_inverse, sizeof(double) * q * q);
    for (int k = 0; k < q; k++) e[k] = own->mean[k] - effect[k];
    for (int k = 0; k < q; k++) h[k] = dot(q, own->Sigma_inverse + (size_t) q * k, e);
    add_said_of_above(model, state, step, l, r, P, h);
    draw_standard_normals(q, state->buffers.normals);
    RETURN_IF_FAILED(draw_normal_given_precision(q, P, state->buffers.normals, h));
    move_above(model, state, step, l, r, h);
    return STATUS_OK;
}

status_t draw_above(const model_t *model, state_t *state, const step_t *step, int l)
{
    const grouping_t *grouping = model->grouping + step->grouping[l];
    RETURN_IF_FAILED(sum_of_above(model, state, step->grouping[l]));
    for (int r = 0; r < grouping->n_groups; r++) {
        RETURN_IF_FAILED(draw_one_above(model, state, step, l, r));
        if (user_wants_to_stop(state->monitor, cell_visits(model, grouping)))
            return STATUS_INTERRUPTED;
    }
    return STATUS_OK;
}

status_t draw_effects_upward(const model_t *model, state_t *state)
{
    for (int s = 0; s < model->n_steps; s++)
        for (int l = 0; l < model->step[s].n; l++) {
            int g = model->step[s].grouping[l];
            if (l > 0 && is_above(model, state, g))
                RETURN_IF_FAILED(draw_above(model, state, model->step + s, l));
            else
                RETURN_IF_FAILED(draw_group_effects(model, state, g));
        }
    return STATUS_OK;
}
