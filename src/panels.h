#ifndef RELM_PANELS_H
#define RELM_PANELS_H

#include "workspace.h"

/* Dense linear algebra of many columns, in vectors and in blocks that stay in a cache: what
   a reference BLAS does at an eighth of the speed. Rows come in multiples of ROW_MULTIPLE,
   the last of them zeros. */

/* From this many columns on blocks pay (bench/columns.R). */
enum { MANY_COLUMNS = 64 };

enum { ROW_MULTIPLE = 4, PANEL_ROWS = 256 };

static inline int padded_rows(int n_rows)
{
    return (n_rows + ROW_MULTIPLE - 1) / ROW_MULTIPLE * ROW_MULTIPLE;
}

/* x'y of n numbers, in vectors. */
double long_dot(int n, const double *x, const double *y);

/* W <- V'B, W n_v x n_b, V n_rows x n_v, B n_rows x n_b. */
void cross_products(int n_rows, int n_v, const double *V, int ld_v, int n_b, const double *B,
                    int ld_b, double *W, int ld_w);

/* B <- B - V W. */
void subtract_product(int n_rows, int n_v, const double *V, int ld_v, int n_b, const double *W,
                      int ld_w, double *B, int ld_b);

/* y <- y - A x, A n_rows x n_columns, of any number of rows. */
void subtract_from(int n_rows, int n_columns, const double *A, const double *x, double *y);

/* products <- products + A'A, upper half, for A n_rows x n_columns. */
void add_gram(int n_rows, int n_columns, const double *A, int ld, double *products);

typedef struct {
    double *T, *heads, *W;  /* of a panel: PANEL x PANEL, PANEL, PANEL x n_columns */
} panel_buffers_t;

panel_buffers_t take_panels(int n_columns, workspace_t *work);

/* Rows that are collected, a few at a time, for products of many at once. */
typedef struct {
    int n_columns, n_rows;
    double *rows;       /* take_gathered() */
    double *products;   /* n_columns x n_columns */
} gathered_t;

double *take_gathered(int n_columns, workspace_t *work);

/* The rows of a block n_rows x n_columns. */
void gather_rows(gathered_t *gathered, int n_rows, const double *block);

/* products <- products + A'A, upper half, of the rows A that are left. */
void add_gathered(gathered_t *gathered);

/* U with U'U = A in place of A's upper half. The order of the leading minor that is not
   positive definite; 0 where there is none. */
int cholesky_in_panels(int n, double *A);

/* What absorb_block() does to a square top, n_columns x n_columns, in panels of reflections,
   whose product is I - V T V' (Schreiber and Van Loan 1989). Nothing is left of the block.
   The block's rows are padded with zeros here. */
void absorb_panels(int n_columns, double *top, int n_rows, int ld, double *block,
                   const panel_buffers_t *buffers);

#endif
