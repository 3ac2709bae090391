/* Memory that the package takes of R, with a fence behind each piece: for tools/sanitize.R. Pieces of
   their own reach the system's allocator, which the checker watches; small ones share a page of R's. */
#include <R_ext/Memory.h>
#include <sanitizer/asan_interface.h>

enum { FENCE = 256, FENCE_DOUBLES = 4 };

static inline char *fenced_alloc(size_t n, int size)
{
    char *memory = (R_alloc)(n * (size_t) size + FENCE, 1);
    ASAN_POISON_MEMORY_REGION(memory + n * (size_t) size, FENCE);
    return memory;
}

/* A buffer of a workspace, where there is memory. */
static inline void fence_buffer(double *buffer, size_t n)
{
    if (!buffer) return;
    ASAN_UNPOISON_MEMORY_REGION(buffer, n * sizeof(double));
    ASAN_POISON_MEMORY_REGION(buffer + n, FENCE_DOUBLES * sizeof(double));
}

#define R_alloc(n, size) fenced_alloc(n, size)
