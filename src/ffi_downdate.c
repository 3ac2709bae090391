#include <math.h>
#include <string.h>
#include "downdate.h"
#include "ffi.h"
#include "linalg.h"

/* Blocks of rows and the factors that they are taken out of. */
typedef struct {
    int q, p;
    double *cell_factor, *stratum_factor;
    const double *noise;    /* p + 1, of [X y] */
    double least, *own;     /* q */
    double *row;            /* q + p + 1 */
} downdate_t;

/* What of a column's length in a cell is rounding. */
static const double rounding = 1e-12;

/* The rows of one cell: what the reflections leave of them is taken out of its stratum. */
static void remove_of_cell(const downdate_t *from, int cell, int stratum, int n_rows, double *block,
                           removal_t *removal)
{
    int q = from->q, p = from->p, m = q + p + 1;
    double *left = from->stratum_factor + (size_t) (p + 1) * (p + 1) * stratum;
    if (cell >= 0) {
        double *top = from->cell_factor + (size_t) q * m * cell;
        for (int k = 0; k < q; k++)
            from->own[k] = rounding * sqrt(dot(q, top + (size_t) q * k, top + (size_t) q * k));
        clear_noise(q, m, top, from->own, left, from->row);
        remove_block(q, m, top, n_rows, n_rows, block, from->own, from->least, removal);
    }
    if (removal->least_share < from->least) return;
    removal_t beside = { removal->least_share, -1 };
    clear_noise(p + 1, p + 1, left, from->noise, NULL, from->row);
    remove_block(p + 1, p + 1, left, n_rows, n_rows, block + (size_t) n_rows * q, from->noise,
                 from->least, &beside);
    if (beside.column >= 0) {
        removal->least_share = beside.least_share;
        removal->column = q + beside.column;
    }
}

/* rows is n_rows x (q + p + 1) x blocks, each of the cell and stratum (from 0) of these lists, with
   -1 for rows of a stratum alone. noise: of [X y], below which nothing is taken out. Factors are
   those that are left; share, the smallest of a pivot's square that is left, and column (from 1),
   whose; where it is below `least` they are of no use. */
SEXP ffi_remove_rows(SEXP rows, SEXP cells, SEXP strata, SEXP cell_factor, SEXP stratum_factor,
                     SEXP noise, SEXP least)
{
    const int *dims = checked_dims(rows, "rows", 3);
    const int *cell_dims = checked_dims(cell_factor, "cell_factor", 3);
    const int *stratum_dims = checked_dims(stratum_factor, "stratum_factor", 3);
    int n_blocks = dims[2], n_rows = dims[0], q = cell_dims[0], p = cell_dims[1] - q - 1;
    if (p < 0 || dims[1] != q + p + 1 || stratum_dims[0] != p + 1 || stratum_dims[1] != p + 1)
        error("internal error: rows of %d columns and factors of %d", dims[1], cell_dims[1]);
    const int *cell = checked_places(cells, "cells", n_blocks, -1, cell_dims[2]);
    const int *stratum = checked_places(strata, "strata", n_blocks, 0, stratum_dims[2]);
    SEXP left = PROTECT(duplicate(cell_factor)), left_strata = PROTECT(duplicate(stratum_factor));
    downdate_t from = { q, p, REAL(left), REAL(left_strata),
                        checked_doubles(noise, "noise", p + 1.0),
                        *checked_doubles(least, "least", 1), doubles(q), doubles(q + p + 1.0) };
    size_t size = (size_t) n_rows * (q + p + 1);
    double *block = doubles((double) size);
    removal_t removal = { 1.0, -1 };
    for (int i = 0; i < n_blocks && removal.least_share >= from.least; i++) {
        if (i % 1024 == 0) allow_stop();
        memcpy(block, REAL(rows) + size * i, sizeof(double) * size);
        remove_of_cell(&from, cell[i], stratum[i], n_rows, block, &removal);
    }
    const char *names[] = { "cells", "strata", "share", "column" };
    SEXP values[] = { left, left_strata, PROTECT(ScalarReal(removal.least_share)),
                      PROTECT(ScalarInteger(removal.column + 1)) };
    SEXP answer = named_list(4, names, values);
    UNPROTECT(4);
    return answer;
}
