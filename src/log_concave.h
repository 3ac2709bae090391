#ifndef RELM_LOG_CONCAVE_H
#define RELM_LOG_CONCAVE_H

#include "status.h"

/* A log density at a point, up to a constant, and its first two derivatives. */
typedef struct {
    double value, slope, curvature;
} log_density_t;

typedef log_density_t (*log_density_at_t)(const void *data, double x);

/* One exact draw from a density on (lower, Inf), lower perhaps -INFINITY, whose
   logarithm is concave there, by rejection (Devroye 1986, section VII.2): the hat is
   flat around the mode and follows a tangent on either side, where the density has
   fallen by a factor of about e. Of normal proposals eight in nine are accepted.
   Nothing is tuned, and nothing depends on an old value; `start` is where the search
   for the mode begins. */
status_t draw_log_concave(log_density_at_t at, const void *data, double start,
                          double lower, double *draw);

#endif
