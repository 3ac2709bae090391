#include <string.h>
#include "ffi.h"
#include "keys.h"

/* A table is an external pointer to nothing, whose protected value is a list of its parts: an
   object that changes in place and whose memory is R's. Words of text are the addresses of its
   strings, which R has once each; the list keeps them. */
enum { SIZES, WORDS, SLOTS, STRINGS, N_PARTS };
enum { WIDTH, N_KEYS, ROOM, N_SIZES };

SEXP ffi_new_keys(SEXP width)
{
    SEXP parts = PROTECT(allocVector(VECSXP, N_PARTS));
    SEXP sizes = PROTECT(allocVector(INTSXP, N_SIZES));
    INTEGER(sizes)[WIDTH] = checked_integer(width, "width", 1);
    INTEGER(sizes)[N_KEYS] = INTEGER(sizes)[ROOM] = 0;
    SET_VECTOR_ELT(parts, SIZES, sizes);
    SET_VECTOR_ELT(parts, WORDS, allocVector(RAWSXP, 0));
    SET_VECTOR_ELT(parts, SLOTS, allocVector(INTSXP, 0));
    SEXP table = R_MakeExternalPtr(NULL, install("relm_keys"), parts);
    UNPROTECT(2);
    return table;
}

static SEXP parts_of(SEXP table)
{
    if (TYPEOF(table) != EXTPTRSXP || R_ExternalPtrTag(table) != install("relm_keys"))
        error("internal error: no table of keys");
    return R_ExternalPtrProtected(table);
}

static keys_t decode_keys(SEXP parts)
{
    const int *sizes = INTEGER(VECTOR_ELT(parts, SIZES));
    keys_t keys = { sizes[WIDTH], sizes[N_KEYS], length(VECTOR_ELT(parts, SLOTS)),
                    (uint64_t *) RAW(VECTOR_ELT(parts, WORDS)),
                    INTEGER(VECTOR_ELT(parts, SLOTS)) };
    return keys;
}

/* Room for so many keys more, twice what there was or more: each key is moved a few times at most,
   however many come. Half of the slots stay free. */
static void make_room(SEXP parts, int n_more)
{
    int *sizes = INTEGER(VECTOR_ELT(parts, SIZES));
    enum { MOST_KEYS = 1 << 29 };
    if (n_more > MOST_KEYS - sizes[N_KEYS]) error("more than %d groups or cells", MOST_KEYS);
    int needed = sizes[N_KEYS] + n_more, room = 64;
    if (needed <= sizes[ROOM]) return;
    while (room < needed) room *= 2;
    SEXP words = PROTECT(allocVector(RAWSXP, (R_xlen_t) sizeof(uint64_t) * sizes[WIDTH] * room));
    SEXP slots = PROTECT(allocVector(INTSXP, 2 * room));
    memcpy(RAW(words), RAW(VECTOR_ELT(parts, WORDS)),
           sizeof(uint64_t) * sizes[WIDTH] * sizes[N_KEYS]);
    memset(INTEGER(slots), 0, sizeof(int) * 2 * (size_t) room);
    SET_VECTOR_ELT(parts, WORDS, words);
    SET_VECTOR_ELT(parts, SLOTS, slots);
    sizes[ROOM] = room;
    UNPROTECT(2);
    keys_t keys = decode_keys(parts);
    fill_slots(&keys);
}

static uint64_t word_of_row(SEXP column, int row)
{
    switch (TYPEOF(column)) {
    case REALSXP: return word_of_double(REAL(column)[row]);
    case INTSXP: return (uint64_t) (int64_t) INTEGER(column)[row];
    default: return (uint64_t) (uintptr_t) STRING_ELT(column, row);
    }
}

static void check_key_columns(SEXP columns, int width, int n_rows)
{
    if (TYPEOF(columns) != VECSXP || length(columns) != width)
        error("internal error: keys have %d columns", width);
    for (int k = 0; k < width; k++) {
        SEXP column = VECTOR_ELT(columns, k);
        int type = TYPEOF(column);
        if (length(column) != n_rows || (type != REALSXP && type != INTSXP && type != STRSXP))
            error("internal error: column %d of keys is not one of numbers or text", k + 1);
    }
}

/* The strings of these rows (from 1) stay in memory, where their addresses say what they are. */
static void keep_strings(SEXP parts, SEXP columns, SEXP rows)
{
    for (int k = 0; k < length(columns); k++) {
        SEXP column = VECTOR_ELT(columns, k);
        if (TYPEOF(column) != STRSXP || length(rows) == 0) continue;
        SEXP strings = PROTECT(allocVector(STRSXP, length(rows)));
        for (int i = 0; i < length(rows); i++)
            SET_STRING_ELT(strings, i, STRING_ELT(column, INTEGER(rows)[i] - 1));
        SET_VECTOR_ELT(parts, STRINGS, CONS(strings, VECTOR_ELT(parts, STRINGS)));
        UNPROTECT(1);
    }
}

/* columns: as many as a key has words. The number of each row's key, and the rows (from 1) that
   showed a key for the first time. Text is in one encoding. */
SEXP ffi_number_keys(SEXP table, SEXP columns)
{
    allow_stop();
    SEXP parts = parts_of(table);
    int *sizes = INTEGER(VECTOR_ELT(parts, SIZES)), width = sizes[WIDTH];
    int n_rows = length(columns) ? length(VECTOR_ELT(columns, 0)) : 0;
    check_key_columns(columns, width, n_rows);
    make_room(parts, n_rows);
    keys_t keys = decode_keys(parts);
    uint64_t *key = (uint64_t *) R_alloc(width, sizeof(uint64_t));
    int *first = ints(n_rows), before = keys.n_keys;
    SEXP number = PROTECT(allocVector(INTSXP, n_rows));
    for (int i = 0; i < n_rows; i++) {
        for (int k = 0; k < width; k++) key[k] = word_of_row(VECTOR_ELT(columns, k), i);
        int seen = keys.n_keys;
        INTEGER(number)[i] = number_of_key(&keys, key);
        if (keys.n_keys > seen) first[seen - before] = i + 1;
    }
    SEXP new_rows = PROTECT(allocVector(INTSXP, keys.n_keys - before));
    if (length(new_rows))
        memcpy(INTEGER(new_rows), first, sizeof(int) * (size_t) length(new_rows));
    keep_strings(parts, columns, new_rows);
    sizes[N_KEYS] = keys.n_keys;
    const char *names[] = { "number", "new_rows" };
    SEXP values[] = { number, new_rows };
    SEXP answer = named_list(2, names, values);
    UNPROTECT(2);
    return answer;
}

/* Adds values, or one value, to the totals at these places (from 1), in place. */
SEXP ffi_add_at(SEXP totals, SEXP places, SEXP values)
{
    int n = length(places), n_values = length(values);
    if (TYPEOF(totals) != REALSXP) error("internal error: totals are no doubles");
    const int *place = checked_places(places, "places", n, 1, length(totals) + 1);
    if (n_values != 1 && n_values != n) error("internal error: %d values", n_values);
    add_at(n, place, n_values, checked_doubles(values, "values", n_values), REAL(totals));
    return R_NilValue;
}
