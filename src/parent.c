#include "parent.h"

#ifdef _WIN32

/* Processes there are not forked: they end with the connection that they were made for. */
void work_for(int parent)
{
    (void) parent;
}

int is_orphaned(void)
{
    return 0;
}

#else
# include <signal.h>
# include <unistd.h>
# ifdef __linux__
#  include <sys/prctl.h>
# endif

/* A property of the process, which only a variable of the process can tell; 0 for none. */
static pid_t owner = 0;

void work_for(int parent)
{
    owner = (pid_t) parent;
# if defined(__linux__) && defined(PR_SET_PDEATHSIG)
    prctl(PR_SET_PDEATHSIG, SIGKILL);
# endif
}

/* Orphans are given another parent. */
int is_orphaned(void)
{
    return owner != 0 && getppid() != owner;
}

#endif
