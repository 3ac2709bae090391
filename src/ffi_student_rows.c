#include "ffi.h"
#include "student_rows.h"

/* Draws between two questions whether the user wants to stop. */
enum { ROWS_PER_QUESTION = 2000 };

/* Log densities of the rows of one group, draws x rows: e, s2 and weight are draws x rows, Z rows x q,
   L q x q x draws, df draws. */
SEXP ffi_student_rows(SEXP e, SEXP s2, SEXP weight, SEXP Z, SEXP L, SEXP df, SEXP leave_out)
{
    const int *dims = checked_dims(e, "e", 2);
    int n_draws = dims[0], n = dims[1], q = checked_dims(Z, "Z", 2)[1];
    double size = (double) n_draws * n;
    student_rows_t rows = { n, q, (size_t) n_draws, checked_doubles(Z, "Z", (double) n * q),
                            (size_t) n, NULL, NULL, NULL, NULL, 0.0 };
    const double *all_e = checked_doubles(e, "e", size), *all_s2 = checked_doubles(s2, "s2", size);
    const double *all_weight = checked_doubles(weight, "weight", size);
    const double *all_L = checked_doubles(L, "L", (double) q * q * n_draws);
    const double *all_df = checked_doubles(df, "df", n_draws);
    student_rows_buffers_t buffers;
    ALLOCATE(buffers = take_student_rows(n, q, &work));
    SEXP values = PROTECT(allocMatrix(REALSXP, n_draws, n));
    int between = 1 + ROWS_PER_QUESTION / (n + 1);
    for (int i = 0; i < n_draws; i++) {
        if (i % between == 0) allow_stop();
        rows.e = all_e + i;
        rows.s2 = all_s2 + i;
        rows.weight = all_weight + i;
        rows.L = all_L + (size_t) q * q * i;
        rows.df = all_df[i];
        if (student_row_densities(&rows, asLogical(leave_out), &buffers, REAL(values) + i)
            != STATUS_OK)
            error("The likelihood of draw %d left the range of double precision: "
                  "rescale the columns or the response.", i + 1);
    }
    UNPROTECT(1);
    return values;
}

/* log_t_and_normal() of numbers. */
SEXP ffi_t_and_normal(SEXP r, SEXP v, SEXP s2, SEXP df)
{
    R_xlen_t n = xlength(r);
    const double *at = checked_doubles(r, "r", (double) n);
    const double *variance = checked_doubles(v, "v", (double) n);
    const double *square = checked_doubles(s2, "s2", (double) n);
    const double *freedom = checked_doubles(df, "df", (double) n);
    SEXP values = PROTECT(allocVector(REALSXP, n));
    for (R_xlen_t i = 0; i < n; i++)
        REAL(values)[i] = log_t_and_normal(at[i], variance[i], square[i], freedom[i]);
    UNPROTECT(1);
    return values;
}
