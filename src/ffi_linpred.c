#include <math.h>
#include <R_ext/Random.h>
#include "ffi.h"
#include "linpred.h"

/* Columns of doubles with n_rows rows, as many as there are; NULL when it is R's NULL. */
typedef struct {
    const double *values;
    int n_columns;
} columns_t;

static columns_t decode_columns(SEXP matrix, int n_rows)
{
    columns_t columns = { NULL, 0 };
    if (isNull(matrix)) return columns;
    if (TYPEOF(matrix) != REALSXP || nrows(matrix) != n_rows)
        error("internal error: not a matrix of %d rows", n_rows);
    columns.values = REAL(matrix);
    columns.n_columns = ncols(matrix);
    return columns;
}

static const double *decode_values(SEXP values, int n)
{
    if (isNull(values)) return NULL;
    if (TYPEOF(values) != REALSXP || length(values) != n)
        error("internal error: not %d values", n);
    return REAL(values);
}

/* Places below `limit`, one for each row; NULL when it is R's NULL. */
static const int *decode_places(SEXP places, int n, int limit)
{
    if (isNull(places)) return NULL;
    if (TYPEOF(places) != INTSXP || length(places) != n)
        error("internal error: not %d places", n);
    for (int i = 0; i < n; i++)
        if (INTEGER(places)[i] < 0 || INTEGER(places)[i] >= limit)
            error("internal error: there is no place %d", INTEGER(places)[i]);
    return INTEGER(places);
}

/* Fills columns of `values` (draws x rows) in place, one for each row of X and in their
   order, with x'beta + z'gamma_group + offset and, unless noise is NULL, a residual.
   beta: draws x p; effects: draws x q x groups; sigma: draws x levels. */
SEXP ffi_fill_predictor(SEXP values, SEXP columns, SEXP predictor, SEXP noise)
{
    SEXP X_ = list_element(predictor, "X"), Z_ = list_element(predictor, "Z");
    int n_rows = nrows(X_), n_draws = nrows(values);
    const int *column = decode_places(columns, n_rows, ncols(values));
    columns_t X = decode_columns(X_, n_rows), Z = decode_columns(Z_, n_rows);
    columns_t beta = decode_columns(list_element(predictor, "beta"), n_draws);
    columns_t effects = decode_columns(list_element(predictor, "effects"), n_draws);
    if (X.n_columns != beta.n_columns)
        error("internal error: %d coefficients for %d columns", beta.n_columns, X.n_columns);
    int n_groups = Z.n_columns > 0 ? effects.n_columns / Z.n_columns : 0;
    const int *group = decode_places(list_element(predictor, "group"), n_rows, n_groups);
    const double *offset = decode_values(list_element(predictor, "offset"), n_rows);
    columns_t sigma = { NULL, 0 };
    const int *level = NULL;
    const double *weights = NULL;
    if (!isNull(noise)) {
        sigma = decode_columns(list_element(noise, "sigma"), n_draws);
        level = decode_places(list_element(noise, "level"), n_rows, sigma.n_columns);
        weights = decode_values(list_element(noise, "weights"), n_rows);
        GetRNGstate();
    }
    size_t n = n_draws;
    for (int i = 0; i < n_rows; i++) {
        double *value = REAL(values) + n * column[i];
        start_mean(n, offset ? offset[i] : 0.0, value);
        add_to_mean(n, X.n_columns, X.values + i, n_rows, beta.values, value);
        if (group)
            add_to_mean(n, Z.n_columns, Z.values + i, n_rows,
                        effects.values + n * Z.n_columns * group[i], value);
        if (sigma.values)
            add_residuals(n, weights ? 1.0 / sqrt(weights[i]) : 1.0,
                          sigma.values + n * (level ? level[i] : 0), value);
        R_CheckUserInterrupt();
    }
    if (!isNull(noise)) PutRNGstate();
    return R_NilValue;
}
