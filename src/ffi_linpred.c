#include <R_ext/Random.h>
#include "family.h"
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

/* These are NULL when they are R's NULL. */
static const double *list_doubles_or_null(SEXP list, const char *name, double length)
{
    return isNull(list_element(list, name)) ? NULL : list_doubles(list, name, length);
}

static const int *list_places_or_null(SEXP list, const char *name, double length, int limit)
{
    return isNull(list_element(list, name)) ? NULL : list_places(list, name, length, 0, limit);
}

/* What a grouping adds: effects are draws x q x groups. */
typedef struct {
    columns_t Z;
    const double *effects;
    const int *group;
} random_part_t;

/* What rows are predicted from. beta: draws x p. family: NULL where linear predictors are asked
   for; scale: (draws for each parameter) x strata; size: of each row (family.h), NULL for 1; variates: draws, or NULL
   for new ones in each row. */
typedef struct {
    int n_rows, n_parts;
    columns_t X, beta, scale;
    const random_part_t *part;
    const double *offset, *size, *variates;
    const int *stratum;
    const family_t *family;
} predictor_t;

static random_part_t decode_part(SEXP list, int n_rows, int n_draws)
{
    random_part_t part;
    part.Z = decode_columns(list_element(list, "Z"), n_rows);
    columns_t effects = decode_columns(list_element(list, "effects"), n_draws);
    int n_groups = part.Z.n_columns > 0 ? effects.n_columns / part.Z.n_columns : 0;
    part.effects = effects.values;
    part.group = list_places(list, "group", n_rows, 0, n_groups);
    return part;
}

static predictor_t decode_predictor(SEXP list, int n_draws)
{
    SEXP X = list_element(list, "X"), parts = list_element(list, "random");
    predictor_t rows = { 0 };
    int n_rows = rows.n_rows = nrows(X);
    rows.X = decode_columns(X, n_rows);
    rows.beta = decode_columns(list_element(list, "beta"), n_draws);
    if (rows.X.n_columns != rows.beta.n_columns)
        error("internal error: %d coefficients for %d columns", rows.beta.n_columns,
              rows.X.n_columns);
    rows.n_parts = length(parts);
    random_part_t *part = (random_part_t *) R_alloc((size_t) rows.n_parts, sizeof(random_part_t));
    for (int g = 0; g < rows.n_parts; g++)
        part[g] = decode_part(VECTOR_ELT(parts, g), n_rows, n_draws);
    rows.part = part;
    rows.offset = list_doubles_or_null(list, "offset", n_rows);
    return rows;
}

static void decode_noise(SEXP list, int n_draws, predictor_t *rows)
{
    const char *name = CHAR(asChar(list_element(list, "family")));
    rows->family = family_named(name);
    if (!rows->family) error("internal error: there is no family '%s'", name);
    int n_scales = rows->family->n_scales;
    rows->scale = decode_columns(list_element(list, "scale"), n_draws * n_scales);
    if (n_scales > 0 && rows->scale.n_columns < 1)
        error("internal error: no scale parameter");
    rows->stratum = list_places_or_null(list, "stratum", rows->n_rows, rows->scale.n_columns);
    rows->size = list_doubles_or_null(list, "size", rows->n_rows);
    rows->variates = list_doubles_or_null(list, "variates", n_draws);
}

static void fill_row(const predictor_t *rows, int i, size_t n, double *value)
{
    start_eta(n, rows->offset ? rows->offset[i] : 0.0, value);
    add_to_eta(n, rows->X.n_columns, rows->X.values + i, rows->n_rows, rows->beta.values, value);
    for (int g = 0; g < rows->n_parts; g++) {
        const random_part_t *part = rows->part + g;
        int q = part->Z.n_columns;
        add_to_eta(n, q, part->Z.values + i, rows->n_rows, part->effects + n * q * part->group[i],
                   value);
    }
    if (!rows->family) return;
    double size = rows->size ? rows->size[i] : 1.0;
    int n_scales = rows->family->n_scales;
    const double *scale = n_scales > 0
        ? rows->scale.values + n * n_scales * (rows->stratum ? rows->stratum[i] : 0) : NULL;
    if (rows->variates) rows->family->draw_given(n, size, scale, rows->variates, value);
    else rows->family->draw(n, size, scale, value);
}

/* Fills columns of `values` (draws x rows) in place, one for each row of X and in their
   order, with x'beta + z'gamma_group of each grouping + offset or, unless noise is NULL, an
   observation. FALSE once the user wants to stop.

   Nothing between GetRNGstate() and PutRNGstate() raises an error, allocates or jumps: all is
   decoded before, and what asks whether the user wants to stop catches the jump. */
SEXP ffi_fill_predictor(SEXP values, SEXP columns, SEXP predictor, SEXP noise)
{
    const int *dims = checked_dims(values, "values", 2);
    int n_draws = dims[0], stopped = 0, is_random = 0;
    predictor_t rows = decode_predictor(predictor, n_draws);
    const int *column = checked_places(columns, "columns", rows.n_rows, 0, dims[1]);
    if (!isNull(noise)) decode_noise(noise, n_draws, &rows);
    is_random = rows.family && !rows.variates;
    double *filled = REAL(values);
    double visits = 1.0 + 0.02 * n_draws * (rows.X.n_columns + 10.0);
    for (int g = 0; g < rows.n_parts; g++) visits += 0.02 * n_draws * rows.part[g].Z.n_columns;
    monitor_t monitor = new_monitor();
    if (is_random) GetRNGstate();
    for (int i = 0; i < rows.n_rows && !stopped; i++) {
        fill_row(&rows, i, (size_t) n_draws, filled + (size_t) n_draws * column[i]);
        stopped = user_wants_to_stop(&monitor, visits);
    }
    if (is_random) PutRNGstate();
    return ScalarLogical(!stopped);
}
