#ifndef RELM_MONITOR_H
#define RELM_MONITOR_H

#include <math.h>

/* Asked now and then; answers nonzero when the user wants to stop. */
typedef struct {
    int (*stop)(void *data);
    void *data;
    double visits;          /* made since it was last asked; infinite once it answered so */
} monitor_t;

/* Visits between two questions to the monitor: about a millisecond. */
enum { VISITS_PER_QUESTION = 8192 };

/* A visit is to a cell, with its share of the columns, or to a stratum. */
static inline int user_wants_to_stop(monitor_t *monitor, double visits)
{
    monitor->visits += visits;
    if (monitor->visits < VISITS_PER_QUESTION) return 0;
    if (monitor->visits < INFINITY)
        monitor->visits = monitor->stop(monitor->data) ? INFINITY : 0.0;
    return monitor->visits > 0.0;
}

#endif
