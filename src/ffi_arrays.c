#include <string.h>
#include "ffi.h"

/* Lists and arrays from R. What a user can hold may have been edited: nothing is read before
   its type, its size and the places that it points to are known. */

static R_xlen_t find_element(SEXP list, const char *name)
{
    SEXP names = getAttrib(list, R_NamesSymbol);
    if (TYPEOF(list) != VECSXP) error("internal error: no list that has '%s'", name);
    for (R_xlen_t i = 0; i < xlength(names); i++)
        if (strcmp(CHAR(STRING_ELT(names, i)), name) == 0) return i;
    return -1;
}

SEXP optional_element(SEXP list, const char *name)
{
    R_xlen_t place = find_element(list, name);
    return place < 0 ? R_NilValue : VECTOR_ELT(list, place);
}

SEXP checked_list(SEXP list, const char *name)
{
    if (TYPEOF(list) != VECSXP) error("internal error: '%s' is no list", name);
    return list;
}

SEXP list_item(SEXP list, const char *name, int i, int n)
{
    if (length(checked_list(list, name)) != n)
        error("internal error: '%s' has length %d, not %d", name, length(list), n);
    return VECTOR_ELT(list, i);
}

SEXP list_element(SEXP list, const char *name)
{
    R_xlen_t place = find_element(list, name);
    if (place < 0) error("internal error: element '%s' is missing", name);
    return VECTOR_ELT(list, place);
}

static SEXP checked_vector(SEXP vector, const char *name, int type, double length)
{
    if (TYPEOF(vector) != type || (double) xlength(vector) != length)
        error("internal error: element '%s' has type %s and length %.0f, not %s and %.0f",
              name, type2char(TYPEOF(vector)), (double) xlength(vector),
              type2char((SEXPTYPE) type), length);
    return vector;
}

const double *checked_doubles(SEXP vector, const char *name, double length)
{
    return REAL(checked_vector(vector, name, REALSXP, length));
}

const int *checked_integers(SEXP vector, const char *name, double length)
{
    return INTEGER(checked_vector(vector, name, INTSXP, length));
}

int checked_integer(SEXP vector, const char *name, int least)
{
    int value = *checked_integers(vector, name, 1);
    if (value == NA_INTEGER || value < least)
        error("internal error: '%s' is below %d or missing", name, least);
    return value;
}

const int *checked_places(SEXP vector, const char *name, double length, int least, int limit)
{
    const int *place = checked_integers(vector, name, length);
    for (R_xlen_t i = 0; i < xlength(vector); i++)
        if (place[i] < least || place[i] >= limit)
            error("internal error: element %.0f of '%s' is none of %d places",
                  (double) i + 1.0, name, limit);
    return place;
}

const int *checked_starts(SEXP vector, const char *name, int n, int end)
{
    const int *start = checked_integers(vector, name, n + 1.0);
    int rises = start[0] == 0 && start[n] == end;
    for (int i = 0; rises && i < n; i++) rises = start[i] < start[i + 1];
    if (!rises) error("internal error: '%s' does not rise from 0 to %d", name, end);
    return start;
}

const int *checked_dims(SEXP array, const char *name, int n_dims)
{
    SEXP dims = getAttrib(array, R_DimSymbol);
    if (TYPEOF(array) != REALSXP || length(dims) != n_dims)
        error("internal error: '%s' is no array of doubles with %d dimensions", name, n_dims);
    return INTEGER(dims);
}

const double *list_doubles(SEXP list, const char *name, double length)
{
    return checked_doubles(list_element(list, name), name, length);
}

const int *list_integers(SEXP list, const char *name, double length)
{
    return checked_integers(list_element(list, name), name, length);
}

const int *list_places(SEXP list, const char *name, double length, int least, int limit)
{
    return checked_places(list_element(list, name), name, length, least, limit);
}

int list_integer(SEXP list, const char *name, int least)
{
    return checked_integer(list_element(list, name), name, least);
}

double *doubles(double length)
{
    if (length > 9e15) error("internal error: %.0f doubles were asked for", length);
    return (double *) R_alloc((size_t) (length > 0 ? length : 1), sizeof(double));
}

int *ints(size_t n)
{
    return (int *) R_alloc(n + 1, sizeof(int));
}

SEXP named_list(int n, const char **names, SEXP *values)
{
    SEXP list = PROTECT(allocVector(VECSXP, n));
    SEXP tags = PROTECT(allocVector(STRSXP, n));
    for (int i = 0; i < n; i++) {
        SET_STRING_ELT(tags, i, mkChar(names[i]));
        SET_VECTOR_ELT(list, i, values[i]);
    }
    setAttrib(list, R_NamesSymbol, tags);
    UNPROTECT(2);
    return list;
}

SEXP draw_matrix(double n_variables, int draws)
{
    if (n_variables > INT_MAX)
        error("internal error: %.0f variables in one draw", n_variables);
    return allocMatrix(REALSXP, (int) n_variables, draws);
}
