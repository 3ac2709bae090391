#include <string.h>
#include "crossprods.h"
#include "ffi.h"
#include "rank.h"

static int dim_of(SEXP array, int which)
{
    return INTEGER(getAttrib(array, R_DimSymbol))[which];
}

static int *integers(int length)
{
    return (int *) R_alloc((size_t) length + 1, sizeof(int));
}

/* codes: factor codes without NA, at most n_codes. */
SEXP ffi_number_by_first_row(SEXP codes, SEXP n_codes)
{
    int n_rows = length(codes), most = asInteger(n_codes);
    const int *code = INTEGER(codes);
    for (int i = 0; i < n_rows; i++)
        if (code[i] < 1 || code[i] > most)
            error("internal error: row %d has code %d of %d", i + 1, code[i], most);
    int *number_of = integers(most), *first = integers(most);
    memset(number_of, 0, sizeof(int) * (size_t) most);
    SEXP index = PROTECT(allocVector(INTSXP, n_rows));
    int n_seen = number_by_first_row(n_rows, code, number_of, first, INTEGER(index));
    SEXP seen = PROTECT(allocVector(INTSXP, n_seen));
    memcpy(INTEGER(seen), first, sizeof(int) * (size_t) n_seen);
    const char *names[] = { "codes", "index" };
    SEXP values[] = { seen, index };
    SEXP answer = named_list(2, names, values);
    UNPROTECT(2);
    return answer;
}

/* paired: for each column of Z (n x q, finite) the column of X (n x p, from 1) of the same
   name, or NA; and NA in the answer where the two differ. */
SEXP ffi_still_paired(SEXP Z, SEXP X, SEXP paired)
{
    SEXP still = PROTECT(duplicate(paired));
    R_xlen_t n_rows = dim_of(X, 0);
    for (int k = 0; k < length(paired); k++) {
        if (INTEGER(paired)[k] == NA_INTEGER) continue;
        const double *z = REAL(Z) + n_rows * k;
        const double *x = REAL(X) + n_rows * (INTEGER(paired)[k] - 1);
        for (R_xlen_t i = 0; i < n_rows; i++)
            if (z[i] != x[i]) {
                INTEGER(still)[k] = NA_INTEGER;
                break;
            }
    }
    UNPROTECT(1);
    return still;
}

/* cell_factor is q x (q + p + 1) x cells. */
static factors_t decode_factors(SEXP cell_factor, SEXP level_factor)
{
    factors_t factors;
    R_CheckUserInterrupt();
    factors.n_random = dim_of(cell_factor, 0);
    factors.n_fixed = dim_of(cell_factor, 1) - factors.n_random - 1;
    factors.cell_factor = REAL(cell_factor);
    factors.level_factor = REAL(level_factor);
    return factors;
}

/* Absorbs rows into cell_factor and level_factor, in place: the arrays belong
   to the accumulation alone until it is done, and a copy for every chunk of the
   data would cost more than the data. */
SEXP ffi_absorb_rows(SEXP rows_list, SEXP cell_factor, SEXP level_factor, SEXP cell_level)
{
    factors_t factors = decode_factors(cell_factor, level_factor);
    double q = factors.n_random, p = factors.n_fixed;
    SEXP weights = list_element(rows_list, "weights");
    rows_t rows;
    rows.n_rows = length(list_element(rows_list, "y"));
    rows.y = list_doubles(rows_list, "y", rows.n_rows);
    rows.X = list_doubles(rows_list, "X", rows.n_rows * p);
    rows.Z = list_doubles(rows_list, "Z", rows.n_rows * q);
    rows.weights = isNull(weights) ? NULL : list_doubles(rows_list, "weights", rows.n_rows);
    rows.shift = list_doubles(rows_list, "shift", q + p + 1);
    rows.cell = list_integers(rows_list, "cell", rows.n_rows);
    rows.order = order_by_cell(rows.n_rows, rows.cell, length(cell_level),
                               integers(rows.n_rows), integers(rows.n_rows));
    rows.cell_level = INTEGER(cell_level);
    absorb_rows(&rows, &factors,
                doubles((double) absorb_rows_work(factors.n_random, factors.n_fixed)));
    return R_NilValue;
}

SEXP ffi_level_totals(SEXP cell_factor, SEXP level_factor, SEXP cell_level)
{
    factors_t factors = decode_factors(cell_factor, level_factor);
    SEXP totals = PROTECT(duplicate(level_factor));
    absorb_cells(&factors, length(cell_level), INTEGER(cell_level), dim_of(level_factor, 2),
                 REAL(totals),
                 doubles((double) absorb_cells_work(factors.n_random, factors.n_fixed)));
    UNPROTECT(1);
    return totals;
}

/* factors is n_rows x (n_random + n_fixed + 1) x anything. */
SEXP ffi_change_coordinates(SEXP factors, SEXP n_random, SEXP intercept, SEXP shift,
                            SEXP A, SEXP offset)
{
    coordinates_t to;
    to.n_rows = dim_of(factors, 0);
    to.n_random = asInteger(n_random);
    to.n_fixed = dim_of(A, 0);
    to.n_new = dim_of(A, 1);
    to.intercept = asInteger(intercept);
    to.shift = REAL(shift);
    to.A = REAL(A);
    to.offset = REAL(offset);
    int n_factors = dim_of(factors, 2);
    R_CheckUserInterrupt();
    if (dim_of(factors, 1) != to.n_random + to.n_fixed + 1)
        error("internal error: the factors have not the coordinates' columns");
    SEXP changed = PROTECT(alloc3DArray(REALSXP, to.n_rows,
                                        to.n_random + to.n_new + 1, n_factors));
    change_coordinates(&to, n_factors, REAL(factors), REAL(changed));
    UNPROTECT(1);
    return changed;
}

static int most_cells(SEXP group_start)
{
    int most = 1;
    for (int j = 0; j + 1 < length(group_start); j++) {
        int cells = INTEGER(group_start)[j + 1] - INTEGER(group_start)[j];
        if (cells > most) most = cells;
    }
    return most;
}

/* level_factor: one (p + 1) x (p + 1) factor of what all Z leave of [X y]. */
SEXP ffi_rank_beside(SEXP cell_factor, SEXP level_factor, SEXP group_start, SEXP chosen,
                     SEXP column_length)
{
    factors_t factors = decode_factors(cell_factor, level_factor);
    SEXP residual = PROTECT(duplicate(level_factor));
    double *work = doubles((double) most_cells(group_start)
                           * (double) rank_work(factors.n_random, factors.n_fixed));
    double rank = absorb_beside_columns(&factors, length(group_start) - 1,
                                        INTEGER(group_start), length(chosen),
                                        INTEGER(chosen), REAL(column_length),
                                        REAL(residual), work);
    const char *names[] = { "rank", "residual" };
    SEXP values[] = { PROTECT(ScalarReal(rank)), residual };
    SEXP answer = named_list(2, names, values);
    UNPROTECT(2);
    return answer;
}
