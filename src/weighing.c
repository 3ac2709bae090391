#include <math.h>
#include <string.h>
#include "crossprods.h"
#include "linalg.h"
#include "panels.h"
#include "weighing.h"

weighing_buffers_t take_weighing(int q, int p, workspace_t *work)
{
    weighing_buffers_t buffers;
    buffers.group = take_weighed(q, p, work);
    buffers.rows = take_matrix(work, p + 1, p + 1);
    buffers.gathered = take_gathered(p + 1, work);
    return buffers;
}

/* The triangular factor of the rows of a stratum, (p + 1) x (p + 1), and so are rows. */
static void triangularize(int p, const double *factor, double *root, double *rows)
{
    size_t size = (size_t) (p + 1) * (p + 1);
    memset(root, 0, sizeof(double) * size);
    memcpy(rows, factor, sizeof(double) * size);
    absorb_block(p + 1, p + 1, root, p + 1, p + 1, rows);
}

static int is_upper_triangular(int n, const double *A)
{
    for (int k = 0; k < n; k++)
        for (int l = k + 1; l < n; l++)
            if (A[l + (size_t) n * k] != 0.0) return 0;
    return 1;
}

/* products <- A'A, upper half, for A upper triangular. */
static void square_triangle(int n, const double *A, double *products)
{
    for (int k = 0; k < n; k++)
        for (int l = 0; l <= k; l++)
            products[l + (size_t) n * k] =
                long_dot(l + 1, A + (size_t) n * l, A + (size_t) n * k);
}

/* root <- A with a nonnegative diagonal. */
static void turn_rows(int n, const double *A, double *root)
{
    memset(root, 0, sizeof(double) * n * n);
    for (int k = 0; k < n; k++)
        for (int l = 0; l <= k; l++) {
            size_t place = l + (size_t) n * k;
            root[place] = A[l + (size_t) n * l] < 0.0 ? -A[place] : A[place];
        }
}

void square_strata(const model_t *model, double *products)
{
    int rows = model->n_coef + 1;
    size_t size = (size_t) rows * rows;
    memset(products, 0, sizeof(double) * size * model->n_strata);
    for (int s = 0; s < model->n_strata; s++, products += size) {
        const double *factor = stratum_factor(model, s);
        if (is_upper_triangular(rows, factor)) square_triangle(rows, factor, products);
        else add_crossproducts(rows, rows, factor, 1.0, products);
    }
}

static void weigh_strata(const model_t *model, const double *sigma2, group_data_t *data,
                         double *spare)
{
    int p = model->n_coef, rows = p + 1;
    size_t size = (size_t) rows * rows;
    for (int s = 0; s < model->n_strata; s++) {
        double unit = sigma2 ? sigma2[s] : 1.0;
        if (data->stratum_products)
            for (size_t i = 0; i < size; i++)
                data->rest[i] += data->stratum_products[size * s + i] / unit;
        else
            add_crossproducts(rows, rows, stratum_factor(model, s), unit, data->rest);
    }
    /* With several residual variances the root comes from products alone. */
    if (!sigma2) triangularize(p, stratum_factor(model, 0), data->rest_root, spare);
}

void weigh_groups(const model_t *model, const grouping_t *grouping, const double *sigma2,
                  group_data_t *data, const weighing_buffers_t *buffers)
{
    int rows = model->n_coef + 1;
    gathered_t rest = { rows, 0, buffers->gathered, data->rest };
    memset(data->rest, 0, sizeof(double) * rows * rows);
    if (!sigma2 && rows >= MANY_COLUMNS && is_upper_triangular(rows, stratum_factor(model, 0))) {
        square_triangle(rows, stratum_factor(model, 0), data->rest);
        turn_rows(rows, stratum_factor(model, 0), data->rest_root);
    } else {
        weigh_strata(model, sigma2, data, buffers->rows);
    }
    for (int j = 0; j < grouping->n_groups; j++) {
        if (!sigma2) {
            pack_group(data, j, cell_factor(grouping, j));
            continue;
        }
        weigh_group(model, grouping, sigma2, j, &buffers->group, &rest);
        pack_group(data, j, buffers->group.factor);
    }
    if (rest.n_rows > 0) add_gathered(&rest);
}

size_t nested_rows_size(const model_t *model, const step_t *step)
{
    int n_rows = model->cells.n_columns, p = model->n_coef;
    if (n_rows < p + 1) n_rows = p + 1;
    return (size_t) n_rows * (step->whole.n_random + p + 1);
}

/* Cells that a chain's columns are taken from, and what they leave of their strata. */
typedef struct {
    int n, n_columns;
    const double *factor;   /* n_columns x (n_columns + p + 1) x n */
    const int *stratum;     /* n */
    const int *leaf;        /* n: the group of the leaf; NULL where these are its own cells */
    const double *strata;   /* (p + 1) x (p + 1) x n_strata */
} source_t;

static int column_at(const grouping_t *grouping, int place)
{
    for (int k = 0; k < grouping->n_random; k++)
        if (grouping->place[k] == place) return k;
    return -1;
}

/* Has the leaf all columns of its chain? Then its own cells serve, which are fewer. */
static int leaf_has_all(const model_t *model, const step_t *step)
{
    const grouping_t *leaf = model->grouping + step->grouping[0];
    if (!leaf->stratum_factor) return 0;
    for (int l = 1; l < step->n; l++) {
        const grouping_t *grouping = model->grouping + step->grouping[l];
        for (int k = 0; k < grouping->n_random; k++)
            if (column_at(leaf, grouping->place[k]) < 0) return 0;
    }
    return 1;
}

static source_t find_source(const model_t *model, const step_t *step)
{
    const joint_cells_t *cells = &model->cells;
    const grouping_t *leaf = model->grouping + step->grouping[0];
    if (leaf_has_all(model, step))
        return (source_t) { leaf->n_cells, leaf->n_random, leaf->cell_factor, leaf->cell_stratum,
                            NULL, leaf->stratum_factor };
    return (source_t) { cells->n, cells->n_columns, cells->factor, cells->stratum,
                        cells->group + (size_t) cells->n * step->grouping[0],
                        model->stratum_factor };
}

/* The rows of a cell's factor, with the columns of the chain. */
static void gather_cell(const model_t *model, const step_t *step, const source_t *source,
                        int cell, double scale, double *rows)
{
    int n = source->n_columns, p = model->n_coef;
    const grouping_t *leaf = model->grouping + step->grouping[0];
    const double *factor = source->factor + (size_t) n * (n + p + 1) * cell;
    for (int l = 0; l < step->n; l++) {
        const grouping_t *grouping = model->grouping + step->grouping[l];
        for (int k = 0; k < grouping->n_random; k++, rows += n) {
            int place = grouping->place[k];
            const double *column =
                factor + (size_t) n * (source->leaf ? place : column_at(leaf, place));
            for (int r = 0; r < n; r++) rows[r] = scale * column[r];
        }
    }
    const double *C = factor + (size_t) n * n;
    for (int k = 0; k < n * (p + 1); k++) rows[k] = scale * C[k];
}

static status_t absorb_cell(const model_t *model, const step_t *step, const source_t *source,
                            int cell, int leaf, const double *sigma2, nested_t *nested,
                            double *rows, monitor_t *monitor)
{
    int p = model->n_coef, n = source->n_columns;
    double scale = sigma2 ? 1.0 / sqrt(sigma2[source->stratum[cell]]) : 1.0;
    double visits = 2.0 + 0.05 * n * (p + 1) * (p + 1);
    gather_cell(model, step, source, cell, scale, rows);
    absorb_nested_rows(nested, leaf, n, n, rows);
    return user_wants_to_stop(monitor, visits) ? STATUS_INTERRUPTED : STATUS_OK;
}

status_t weigh_nested(const model_t *model, const step_t *step, const double *sigma2,
                      const int *place, nested_t *nested, double *rows, monitor_t *monitor)
{
    const grouping_t *leaf = model->grouping + step->grouping[0];
    source_t source = find_source(model, step);
    int n = model->n_coef + 1;
    clear_nested(nested);
    if (source.leaf) {
        for (int cell = 0; cell < source.n; cell++)
            RETURN_IF_FAILED(absorb_cell(model, step, &source, cell, place[source.leaf[cell]],
                                         sigma2, nested, rows, monitor));
    } else {
        for (int j = 0; j < leaf->n_groups; j++)
            for (int cell = leaf->group_start[j]; cell < leaf->group_start[j + 1]; cell++)
                RETURN_IF_FAILED(absorb_cell(model, step, &source, cell, place[j], sigma2, nested,
                                             rows, monitor));
    }
    for (int s = 0; s < model->n_strata; s++) {
        double scale = sigma2 ? 1.0 / sqrt(sigma2[s]) : 1.0;
        const double *factor = source.strata + (size_t) n * n * s;
        for (int k = 0; k < n * n; k++) rows[k] = scale * factor[k];
        absorb_block(n, n, nested->rest_root, n, n, rows);
    }
    settle_nested(nested);
    return STATUS_OK;
}
