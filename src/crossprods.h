#ifndef RELM_CROSSPRODS_H
#define RELM_CROSSPRODS_H

#include "panels.h"
#include "workspace.h"

/* Rows of data are absorbed into triangular factors by Householder
   reflections, never into sums of products: no digits cancel, and the factors
   of two chunks of data are absorbed into one another as if they were rows.

   A cell holds the rows of one group that share one residual variance. Its
   factor has q rows, [R C c], with Z'Z = R'R, Z'X = R'C, Z'y = R'c. What the
   reflections leave of [X y], orthogonal to Z, goes into the factor of the
   cell's residual variance, (p + 1) x (p + 1) and upper triangular. */

/* Reflects a block of rows (n_rows x n_columns, leading dimension ld) into the
   n_pivots top rows (n_pivots x n_columns), so that the block's first n_pivots
   columns vanish. The top keeps a nonnegative diagonal. The block's vanished
   columns are left with nothing of use; the others hold the residual rows. */
void absorb_block(int n_pivots, int n_columns, double *top,
                  int n_rows, int ld, double *block);

typedef struct {
    int n_random;           /* q, columns of Z */
    int n_coef;            /* p, columns of X */
    double *cell_factor;    /* q x (q + p + 1) x cells */
    double *stratum_factor; /* (p + 1) x (p + 1) x strata */
} factors_t;

typedef struct {
    int n_rows;
    const double *Z, *X, *y;        /* n_rows x q, n_rows x p, n_rows */
    const double *weights;          /* n_rows, or NULL for ones */
    const double *shift;            /* q + p + 1, taken off each column */
    const int *order;               /* of the rows: see order_by_cell() */
    const int *cell;                /* n_rows: cell of each row, from 0 */
    const int *cell_stratum;        /* stratum of each cell, from 0 */
} rows_t;

/* The rows (from 0), those of a cell together and in their own order; cells are numbered
   from 0. The answer is order or work, each with room for n_rows. */
const int *order_by_cell(int n_rows, const int *cell, int n_cells, int *order, int *work);

/* Numbers the codes 1, 2, ... in the order in which the rows first show them: number has
   that of each row, and first the codes in this order. Returns how many there are.
   number_of holds a zero for each code on entry, its number afterwards. */
int number_by_first_row(int n_rows, const int *code, int *number_of, int *first, int *number);

/* Rows that are absorbed at once. */
typedef struct {
    double *block;          /* a column for each of theirs */
    panel_buffers_t panels; /* of many columns */
} absorb_buffers_t;

absorb_buffers_t take_rows(int n_random, int n_coef, workspace_t *work);

void absorb_rows(const rows_t *rows, factors_t *factors, const absorb_buffers_t *buffers);

absorb_buffers_t take_cells(int n_random, int n_coef, workspace_t *work);

/* Turns each stratum's factor into that of [X y] over all rows of the stratum, by
   absorbing the [C c] of its cells. totals holds the stratum factors on entry. */
void absorb_cells(const factors_t *factors, int n_cells, const int *cell_stratum, int n_strata,
                  double *totals, const absorb_buffers_t *buffers);

/* Factors in other coordinates, one after another: rows of
   [R C c] (n_rows x (n_random + n_coef + 1)) become
   [R + R_intercept shift', C A, c - C offset], with A n_coef x n_new.
   Without a shifted intercept, intercept is -1. */
typedef struct {
    int n_rows, n_random, n_coef, n_new, intercept;
    const double *shift;    /* n_random */
    const double *A;        /* n_coef x n_new */
    const double *offset;   /* n_coef */
} coordinates_t;

void change_coordinates(const coordinates_t *to, int n_factors,
                        const double *factors, double *changed);

#endif
