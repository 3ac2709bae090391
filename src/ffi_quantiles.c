#include <string.h>
#include "ffi.h"
#include "quantiles.h"

/* Mean, standard deviation and quantiles of each column: (2 + probabilities) x columns, NA
   where there is a NaN. The probabilities rise. */
SEXP ffi_summarize_columns(SEXP values, SEXP probabilities)
{
    const int *dims = checked_dims(values, "values", 2);
    int k = length(probabilities), n_columns = dims[1];
    size_t n = (size_t) dims[0];
    if (TYPEOF(probabilities) != REALSXP || n < 1)
        error("internal error: not columns of draws");
    for (int j = 0; j < k; j++) {
        double p = REAL(probabilities)[j];
        if (!(p >= 0.0 && p <= 1.0) || (j > 0 && p < REAL(probabilities)[j - 1]))
            error("internal error: probabilities that do not rise within [0, 1]");
    }
    double *x = doubles((double) n);
    SEXP summaries = PROTECT(allocMatrix(REALSXP, k + 2, n_columns));
    for (int i = 0; i < n_columns; i++) {
        double *summary = REAL(summaries) + (size_t) (k + 2) * i;
        memcpy(x, REAL(values) + n * i, sizeof(double) * n);
        if (any_nan(n, x)) {
            for (int j = 0; j < k + 2; j++) summary[j] = NA_REAL;
            continue;
        }
        mean_and_sd(n, x, summary, summary + 1);
        if (n == 1) summary[1] = NA_REAL;
        rising_quantiles(n, x, k, REAL(probabilities), summary + 2);
        allow_stop();
    }
    UNPROTECT(1);
    return summaries;
}
