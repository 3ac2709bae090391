#include "threads.h"
#ifdef _OPENMP
# include <omp.h>
#endif

#if defined(_OPENMP) && !defined(_WIN32)
# include <pthread.h>

/* A property of the process, which only a variable of the process can tell. */
static int forked = 0;

static void note_fork(void)
{
    forked = 1;
}

void watch_forks(void)
{
    pthread_atfork(0, 0, note_fork);
}

int is_forked(void)
{
    return forked;
}

#else

void watch_forks(void)
{
}

int is_forked(void)
{
    return 0;
}

#endif

/* Here, and not beside R's headers: these define names that clang's header of OpenMP has. */
int processors(void)
{
#ifdef _OPENMP
    return omp_get_num_procs();
#else
    return 0;
#endif
}
