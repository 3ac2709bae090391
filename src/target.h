#ifndef RELM_TARGET_H
#define RELM_TARGET_H

#include <math.h>
#include <stddef.h>
#include "status.h"

/* A log density at a point, up to a constant, with what is computed on the way to it. Proposals,
   moves and tables know nothing else of a model. A kind of target is a struct whose first member
   is this one. */
typedef struct target {
    int n;                  /* coordinates of a point */
    size_t by_product_size; /* doubles */
    status_t (*at)(struct target *target, const double *point, double *value,
                   double *by_product);
} target_t;

/* The same; where the density cannot be told from nothing, as so far out that a factor is
   singular in floating point, -Inf is no failure. */
static inline status_t evaluate_target(target_t *target, const double *point, double *value,
                                       double *by_product)
{
    status_t status = target->at(target, point, value, by_product);
    if (status == STATUS_INTERRUPTED) return status;
    if (status != STATUS_OK || !(*value < INFINITY)) *value = -INFINITY;
    return STATUS_OK;
}

#endif
