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

int is_told_to_stop(void)
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
static volatile sig_atomic_t told_to_stop = 0;

static void hear_interrupt(int signal)
{
    (void) signal;
    told_to_stop = 1;
}

/* R would leave what runs at an interrupt, and its draws with it. */
void work_for(int parent)
{
    struct sigaction action;
    owner = (pid_t) parent;
    action.sa_handler = hear_interrupt;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
# if defined(__linux__) && defined(PR_SET_PDEATHSIG)
    prctl(PR_SET_PDEATHSIG, SIGKILL);
# endif
}

/* Orphans are given another parent. */
int is_orphaned(void)
{
    return owner != 0 && getppid() != owner;
}

int is_told_to_stop(void)
{
    return told_to_stop;
}

#endif
