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

/* products <- A'A, upper half, and root <- A with a nonnegative diagonal, for A upper
   triangular. */
static void square_triangle(int n, const double *A, double *products, double *root)
{
    for (int k = 0; k < n; k++)
        for (int l = 0; l <= k; l++) {
            size_t place = l + (size_t) n * k;
            products[place] = long_dot(l + 1, A + (size_t) n * l, A + (size_t) n * k);
            root[place] = A[l + (size_t) n * l] < 0.0 ? -A[place] : A[place];
        }
}

static void weigh_strata(const model_t *model, const double *sigma2, group_data_t *data,
                         double *spare)
{
    int p = model->n_coef, rows = p + 1;
    for (int s = 0; s < model->n_strata; s++)
        add_crossproducts(rows, rows, stratum_factor(model, s), sigma2 ? sigma2[s] : 1.0,
                          data->rest);
    /* With several residual variances the root comes from products alone. */
    if (!sigma2) triangularize(p, stratum_factor(model, 0), data->rest_root, spare);
}

void weigh_groups(const model_t *model, const double *sigma2, group_data_t *data,
                  const weighing_buffers_t *buffers)
{
    int rows = model->n_coef + 1;
    memset(data->rest, 0, sizeof(double) * rows * rows);
    if (!sigma2 && rows >= MANY_COLUMNS && is_upper_triangular(rows, stratum_factor(model, 0))) {
        memset(data->rest_root, 0, sizeof(double) * rows * rows);
        square_triangle(rows, stratum_factor(model, 0), data->rest, data->rest_root);
    } else {
        weigh_strata(model, sigma2, data, buffers->rows);
    }
    for (int j = 0; j < model->n_groups; j++) {
        if (!sigma2) {
            pack_group(data, j, cell_factor(model, j));
            continue;
        }
        weigh_group(model, sigma2, j, &buffers->group, data->rest);
        pack_group(data, j, buffers->group.factor);
    }
}
