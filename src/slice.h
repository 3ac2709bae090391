#ifndef RELM_SLICE_H
#define RELM_SLICE_H

/* A log density at a point, up to a constant. */
typedef double (*log_value_at_t)(void *data, double x);

/* A slice step from x, stepping out by 1 (Neal 2003); or from the whole of an interval. */
double step_by_slice(log_value_at_t at, void *data, double x);
double step_within(log_value_at_t at, void *data, double x, double low, double high);

#endif
