#include <string.h>
#include "crossprods.h"
#include "ffi.h"
#include "rank.h"

static int *integers(int length)
{
    return (int *) R_alloc((size_t) length + 1, sizeof(int));
}

/* codes: factor codes without NA, at most n_codes. */
SEXP ffi_number_by_first_row(SEXP codes, SEXP n_codes)
{
    int n_rows = length(codes), most = checked_integer(n_codes, "n_codes", 0);
    const int *code = checked_integers(codes, "codes", n_rows);
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
    const int *x_dims = checked_dims(X, "X", 2), *z_dims = checked_dims(Z, "Z", 2);
    R_xlen_t n_rows = x_dims[0];
    checked_integers(paired, "paired", z_dims[1]);
    if (z_dims[0] != n_rows) error("internal error: X and Z have not the same rows");
    SEXP still = PROTECT(duplicate(paired));
    for (int k = 0; k < length(paired); k++) {
        if (INTEGER(paired)[k] == NA_INTEGER) continue;
        if (INTEGER(paired)[k] < 1 || INTEGER(paired)[k] > x_dims[1])
            error("internal error: X has no column %d", INTEGER(paired)[k]);
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

/* What the factors of cells and strata are, and the stratum of each cell. */
typedef struct {
    factors_t factors;
    int n_cells, n_strata;
    const int *cell_stratum;    /* from 0 */
} cells_t;

/* cell_factor is q x (q + p + 1) x cells, stratum_factor (p + 1) x (p + 1) x strata. */
static cells_t decode_factors(SEXP cell_factor, SEXP stratum_factor)
{
    const int *cell_dims = checked_dims(cell_factor, "cell_factor", 3);
    int q = cell_dims[0], p = cell_dims[1] - q - 1;
    int n_dims = length(getAttrib(stratum_factor, R_DimSymbol));
    const int *stratum_dims = checked_dims(stratum_factor, "stratum_factor", n_dims == 2 ? 2 : 3);
    if (p < 0 || stratum_dims[0] != p + 1 || stratum_dims[1] != p + 1)
        error("internal error: factors of %d x %d and %d x %d", q, cell_dims[1], stratum_dims[0],
              stratum_dims[1]);
    cells_t cells = { { q, p, REAL(cell_factor), REAL(stratum_factor) }, cell_dims[2],
                      n_dims == 2 ? 1 : stratum_dims[2], NULL };
    return cells;
}

static cells_t decode_cells(SEXP cell_factor, SEXP stratum_factor, SEXP cell_stratum)
{
    cells_t cells = decode_factors(cell_factor, stratum_factor);
    cells.cell_stratum =
        checked_places(cell_stratum, "cell_stratum", cells.n_cells, 0, cells.n_strata);
    return cells;
}

/* The stratum of each cell. Only those of these rows are looked at: a chunk of the data costs the
   same however many cells there are. */
static const int *strata_of_rows(const rows_t *rows, SEXP cell_stratum, const cells_t *cells)
{
    const int *stratum = checked_integers(cell_stratum, "cell_stratum", cells->n_cells);
    for (int i = 0; i < rows->n_rows; i++) {
        int own = stratum[rows->cell[i]];
        if (own < 0 || own >= cells->n_strata)
            error("internal error: cell %d is in stratum %d", rows->cell[i] + 1, own + 1);
    }
    return stratum;
}

/* Absorbs rows into cell_factor and stratum_factor, in place: the arrays belong
   to the accumulation alone until it is done, and a copy for every chunk of the
   data would cost more than the data. */
SEXP ffi_absorb_rows(SEXP rows_list, SEXP cell_factor, SEXP stratum_factor, SEXP cell_stratum)
{
    allow_stop();
    cells_t cells = decode_factors(cell_factor, stratum_factor);
    double q = cells.factors.n_random, p = cells.factors.n_coef;
    SEXP weights = list_element(rows_list, "weights");
    rows_t rows;
    rows.n_rows = length(list_element(rows_list, "y"));
    rows.y = list_doubles(rows_list, "y", rows.n_rows);
    rows.X = list_doubles(rows_list, "X", rows.n_rows * p);
    rows.Z = list_doubles(rows_list, "Z", rows.n_rows * q);
    rows.weights = isNull(weights) ? NULL : list_doubles(rows_list, "weights", rows.n_rows);
    rows.shift = list_doubles(rows_list, "shift", q + p + 1);
    rows.cell = list_places(rows_list, "cell", rows.n_rows, 0, cells.n_cells);
    rows.order = order_by_cell(rows.n_rows, rows.cell, cells.n_cells,
                               integers(rows.n_rows), integers(rows.n_rows));
    rows.cell_stratum = strata_of_rows(&rows, cell_stratum, &cells);
    absorb_buffers_t buffers;
    ALLOCATE(buffers = take_rows(cells.factors.n_random, cells.factors.n_coef, &work));
    absorb_rows(&rows, &cells.factors, &buffers);
    return R_NilValue;
}

SEXP ffi_stratum_totals(SEXP cell_factor, SEXP stratum_factor, SEXP cell_stratum)
{
    cells_t cells = decode_cells(cell_factor, stratum_factor, cell_stratum);
    SEXP totals = PROTECT(duplicate(stratum_factor));
    absorb_buffers_t buffers;
    ALLOCATE(buffers = take_cells(cells.factors.n_random, cells.factors.n_coef, &work));
    allow_stop();
    absorb_cells(&cells.factors, cells.n_cells, cells.cell_stratum, cells.n_strata, REAL(totals),
                 &buffers);
    UNPROTECT(1);
    return totals;
}

/* As many of `left` pieces of work, each of so many multiplications, as take a few milliseconds:
   so that an interrupt is heard between them. */
static int at_once(double multiplications, int left)
{
    double most = 4e6 / (multiplications + 1.0);
    return most < 1.0 ? 1 : most < left ? (int) most : left;
}

static coordinates_t decode_coordinates(SEXP n_random, SEXP intercept, SEXP shift, SEXP A,
                                        SEXP offset)
{
    coordinates_t to;
    const int *dims = checked_dims(A, "A", 2);
    to.n_random = checked_integer(n_random, "n_random", 0);
    to.n_coef = dims[0];
    to.n_new = dims[1];
    to.intercept = checked_integer(intercept, "intercept", -1);
    to.shift = checked_doubles(shift, "shift", to.n_random);
    to.A = REAL(A);
    to.offset = checked_doubles(offset, "offset", to.n_coef);
    if (to.intercept >= to.n_random && to.intercept > -1)
        error("internal error: there is no column %d", to.intercept + 1);
    return to;
}

/* factors is n_rows x (n_random + n_coef + 1) x anything. */
SEXP ffi_change_coordinates(SEXP factors, SEXP n_random, SEXP intercept, SEXP shift,
                            SEXP A, SEXP offset)
{
    coordinates_t to = decode_coordinates(n_random, intercept, shift, A, offset);
    const int *dims = checked_dims(factors, "factors", 3);
    int n_factors = dims[2], n_columns = to.n_random + to.n_new + 1;
    to.n_rows = dims[0];
    if (dims[1] != to.n_random + to.n_coef + 1)
        error("internal error: the factors have not the coordinates' columns");
    SEXP changed = PROTECT(alloc3DArray(REALSXP, to.n_rows, n_columns, n_factors));
    double multiplications = (double) to.n_rows * to.n_coef * (to.n_new + 1.0);
    for (int i = 0, n; i < n_factors; i += n) {
        allow_stop();
        n = at_once(multiplications, n_factors - i);
        change_coordinates(&to, n, REAL(factors) + (size_t) to.n_rows * dims[1] * i,
                           REAL(changed) + (size_t) to.n_rows * n_columns * i);
    }
    UNPROTECT(1);
    return changed;
}

static int most_cells(int n_groups, const int *group_start)
{
    int most = 1;
    for (int j = 0; j < n_groups; j++) {
        int cells = group_start[j + 1] - group_start[j];
        if (cells > most) most = cells;
    }
    return most;
}

/* stratum_factor: one (p + 1) x (p + 1) factor of what all Z leave of [X y]. */
SEXP ffi_rank_beside(SEXP cell_factor, SEXP stratum_factor, SEXP group_start, SEXP chosen,
                     SEXP column_length)
{
    cells_t cells = decode_factors(cell_factor, stratum_factor);
    int q = cells.factors.n_random, p = cells.factors.n_coef;
    int n_groups = length(group_start) - 1, n_chosen = length(chosen);
    const int *start = checked_starts(group_start, "group_start", n_groups, cells.n_cells);
    const int *column = checked_places(chosen, "columns", n_chosen, 0, q);
    const double *lengths = checked_doubles(column_length, "column_length", n_chosen);
    SEXP residual = PROTECT(duplicate(stratum_factor));
    grouping_t grouping = { .n_cells = cells.n_cells, .n_random = q,
                            .cell_factor = cells.factors.cell_factor,
                            .cell_size = (size_t) q * (q + p + 1) };
    double *rows;
    ALLOCATE(rows = take_group_rows(most_cells(n_groups, start), q, p, &work));
    double rank = 0.0, per_group = (double) q * (n_chosen + p + 1.0) * (n_chosen + p + 1.0);
    per_group *= (double) cells.n_cells / (n_groups + 1.0);
    for (int j = 0, n; j < n_groups; j += n) {
        allow_stop();
        n = at_once(per_group, n_groups - j);
        grouping.n_groups = n;
        grouping.group_start = start + j;
        rank += absorb_beside_columns(&grouping, p, n_chosen, column, lengths, REAL(residual),
                                      rows);
    }
    const char *names[] = { "rank", "residual" };
    SEXP values[] = { PROTECT(ScalarReal(rank)), residual };
    SEXP answer = named_list(2, names, values);
    UNPROTECT(2);
    return answer;
}
