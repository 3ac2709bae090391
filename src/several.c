#include <string.h>
#include "linalg.h"
#include "several.h"

/* e <- e - z'gamma of each row's group. */
static void subtract_grouping(const model_t *model, const state_t *state, int g)
{
    const grouping_t *grouping = model->grouping + g;
    const joint_rows_t *rows = &state->several->rows;
    const int *group = model->cells.group + (size_t) model->cells.n * g;
    const double *effects = state->grouping[g].effect;
    double *e = state->several->e;
    size_t n = (size_t) model->cells.n_columns, q = (size_t) grouping->n_random;
    for (int i = 0; i < rows->n; i++) {
        const double *z = rows->z + n * i, *effect = effects + q * group[rows->cell[i]];
        double sum = 0.0;
        for (size_t k = 0; k < q; k++) sum += z[grouping->place[k]] * effect[k];
        e[i] -= sum;
    }
}

/* C of a row, whose columns are n apart. */
static inline const double *row_on_X(const model_t *model, const joint_rows_t *rows, int i)
{
    size_t n = (size_t) model->cells.n_columns;
    return joint_factor(&model->cells, rows->cell[i]) + n * n + rows->row[i];
}

void subtract_effects(const model_t *model, const state_t *state, int stays, int without_X)
{
    const joint_rows_t *rows = &state->several->rows;
    double *e = state->several->e;
    size_t n = (size_t) model->cells.n_columns;
    memcpy(e, rows->c, sizeof(double) * rows->n);
    for (int i = 0; without_X && i < rows->n; i++) {
        const double *C = row_on_X(model, rows, i);
        for (int k = 0; k < model->n_staying; k++) e[i] -= C[n * k] * state->staying[k];
    }
    for (int g = 0; g < model->n_groupings; g++)
        if (g != stays) subtract_grouping(model, state, g);
}

void sum_by_group(const model_t *model, const state_t *state, int g)
{
    const grouping_t *grouping = model->grouping + g;
    const joint_rows_t *rows = &state->several->rows;
    const int *group = model->cells.group + (size_t) model->cells.n * g;
    size_t n = (size_t) model->cells.n_columns, q = (size_t) grouping->n_random;
    double *sums = state->several->sums;
    memset(sums, 0, sizeof(double) * q * grouping->n_groups);
    for (int i = 0; i < rows->n; i++) {
        int cell = rows->cell[i];
        const double *z = rows->z + n * i;
        double *sum = sums + q * group[cell];
        double e = state->several->e[i] / state->sigma2[model->cells.stratum[cell]];
        for (size_t k = 0; k < q; k++) sum[k] += z[grouping->place[k]] * e;
    }
}

void add_on_staying(const model_t *model, const state_t *state, int is_divided, double *h)
{
    const joint_rows_t *rows = &state->several->rows;
    size_t n = (size_t) model->cells.n_columns;
    int is_plain = model->n_strata == 1 && !is_divided;
    for (int i = 0; i < rows->n; i++) {
        const double *C = row_on_X(model, rows, i);
        double e = state->several->e[i];
        if (!is_plain) e /= state->sigma2[model->cells.stratum[rows->cell[i]]];
        for (int k = 0; k < model->n_staying; k++) h[k] += C[n * k] * e;
    }
}

void add_group_precision(const model_t *model, const state_t *state, int g, int j, double *P)
{
    const grouping_t *grouping = model->grouping + g;
    int q = grouping->n_random;
    for (int cell = grouping->group_start[j]; cell < grouping->group_start[j + 1]; cell++) {
        const double *R = cell_factor(grouping, cell);
        double precision = 1.0 / state->sigma2[grouping->cell_stratum[cell]];
        for (int k = 0; k < q; k++)
            for (int l = 0; l <= k; l++)
                P[l + (size_t) q * k] +=
                    precision * dot(l + 1, R + (size_t) q * l, R + (size_t) q * k);
    }
}

status_t draw_effects_among(const model_t *model, state_t *state, int g)
{
    const grouping_t *grouping = model->grouping + g;
    const grouping_state_t *own = state->grouping + g;
    int q = grouping->n_random;
    double *P = state->buffers.group_P, *prior_h = state->buffers.group_h;
    subtract_effects(model, state, g, 1);
    sum_by_group(model, state, g);
    if (passage_is_over(state->several, state->monitor)) return STATUS_INTERRUPTED;
    for (int k = 0; k < q; k++)
        prior_h[k] = dot(q, own->Sigma_inverse + (size_t) q * k, own->mean);
    for (int j = 0; j < grouping->n_groups; j++) {
        double *effect = own->effect + (size_t) q * j;
        const double *sum = state->several->sums + (size_t) q * j;
        memcpy(P, own->Sigma_inverse, sizeof(double) * q * q);
        for (int k = 0; k < q; k++) effect[k] = prior_h[k] + sum[k];
        add_group_precision(model, state, g, j, P);
        draw_standard_normals(q, state->buffers.normals);
        RETURN_IF_FAILED(draw_normal_given_precision(q, P, state->buffers.normals, effect));
    }
    return user_wants_to_stop(state->monitor, cell_visits(model, grouping) * grouping->n_cells)
        ? STATUS_INTERRUPTED : STATUS_OK;
}
