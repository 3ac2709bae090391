#include "ffi.h"
#include "parent.h"

static void check_interrupt(void *data)
{
    (void) data;
    R_CheckUserInterrupt();
}

int stop_is_asked(void *data)
{
    (void) data;
    return is_orphaned() || is_told_to_stop() || !R_ToplevelExec(check_interrupt, NULL);
}

void allow_stop(void)
{
    if (is_orphaned()) error("The process that this one worked for has ended.");
    if (is_told_to_stop()) error("This process was interrupted.");
    R_CheckUserInterrupt();
}

monitor_t new_monitor(void)
{
    monitor_t monitor = { stop_is_asked, NULL, 0.0 };
    return monitor;
}

static int jump_if_asked(void *data)
{
    (void) data;
    allow_stop();
    return 0;
}

monitor_t jumping_monitor(void)
{
    monitor_t monitor = { jump_if_asked, NULL, 0.0 };
    return monitor;
}

SEXP ffi_work_for(SEXP parent)
{
    work_for(checked_integer(parent, "parent", 1));
    return R_NilValue;
}

NORET void raise_status(status_t status, int sweeps)
{
    if (status == STATUS_NOT_POSITIVE_DEFINITE)
        error("A covariance matrix lost its positive definiteness in sweep %d: "
              "rescale the columns, or give the standard deviations a proper prior.",
              sweeps + 1);
    error("A variance left the range of double precision in sweep %d: "
          "rescale the response, or give the standard deviations a proper prior.",
          sweeps + 1);
}
