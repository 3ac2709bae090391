#ifndef RELM_WORKSPACE_H
#define RELM_WORKSPACE_H

#include <stddef.h>
#include <stdint.h>

/* Memory that buffers are taken from, one after another. A workspace without memory only counts:
   what takes a computation's buffers is run on one first, and `taken` is then the memory that it
   needs (ALLOCATE() of ffi.h runs it twice). */
typedef struct {
    double *memory;         /* or NULL */
    size_t taken;           /* doubles */
} workspace_t;

/* The next n doubles; NULL where there is no memory. */
static inline double *take(workspace_t *work, size_t n)
{
    double *buffer = work->memory ? work->memory + work->taken : NULL;
    work->taken += n;
    return buffer;
}

/* The same, beginning with a line of the cache: vectors do not lie across two of them. */
static inline double *take_aligned(workspace_t *work, size_t n)
{
    enum { LINE = 8 };
    double *buffer = take(work, n + LINE - 1);
    if (!buffer) return NULL;
    size_t beyond = (uintptr_t) buffer / sizeof(double) % LINE;
    return buffer + (LINE - beyond) % LINE;
}

static inline double *take_matrix(workspace_t *work, int n_rows, int n_columns)
{
    return take(work, (size_t) n_rows * n_columns);
}

#endif
