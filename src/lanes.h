#ifndef RELM_LANES_H
#define RELM_LANES_H

/* LANES numbers that lie side by side are computed at once: by vectors of two where
   a processor has these alone, as every x86-64 and ARM64 one has, and of four where it has
   those. The sums are the same either way. Without a compiler that knows vectors, or
   with RELM_WITHOUT_VECTORS, one by one. */
#if defined(__GNUC__) && !defined(__clang__) && !defined(RELM_WITHOUT_VECTORS) \
    && defined(__x86_64__) && defined(__GLIBC__)
# define FOR_WIDE_VECTORS_TOO __attribute__((target_clones("avx2", "default")))
#else
# define FOR_WIDE_VECTORS_TOO
#endif
#if defined(__GNUC__) && !defined(RELM_WITHOUT_VECTORS)
enum { LANES = 4 };
typedef double lanes_t __attribute__((vector_size(32), aligned(8), may_alias));
# define LANE(x, i) ((x)[i])
# define INLINED static inline __attribute__((always_inline))
#else
enum { LANES = 1 };
typedef double lanes_t;
# define LANE(x, i) (x)
# define INLINED static inline
#endif

#endif
