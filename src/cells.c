#include "cells.h"

static int is_zero_row(int n, const double *factor, int r)
{
    for (int k = 0; k < n; k++)
        if (factor[r + (size_t) n * k] != 0.0) return 0;
    return 1;
}

int count_rows(const joint_cells_t *cells)
{
    int n = cells->n_columns, n_rows = 0;
    for (int cell = 0; cell < cells->n; cell++)
        for (int r = 0; r < n; r++) n_rows += !is_zero_row(n, joint_factor(cells, cell), r);
    return n_rows;
}

void split_cells(const joint_cells_t *cells, joint_rows_t *rows)
{
    size_t n = (size_t) cells->n_columns, last = cells->size - n;
    int i = 0;
    for (int cell = 0; cell < cells->n; cell++) {
        const double *factor = joint_factor(cells, cell);
        for (int r = 0; r < cells->n_columns; r++) {
            if (is_zero_row(cells->n_columns, factor, r)) continue;
            for (size_t k = 0; k < n; k++) rows->z[k + n * i] = factor[r + n * k];
            rows->c[i] = factor[last + r];
            rows->cell[i] = cell;
            rows->row[i] = r;
            i++;
        }
    }
    rows->n = i;
}
