#include "threads.h"

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
