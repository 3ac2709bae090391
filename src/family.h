#ifndef RELM_FAMILY_H
#define RELM_FAMILY_H

#include <stddef.h>

/* Observations given their linear predictors: families in R/family.R, of which C knows what it
   draws, by the key of the table there. `values` holds n draws of a row's linear predictor, and
   observations afterwards; `scale` their scale parameters, NULL where the family has none: n for each
   parameter, one after another. `size`
   is the row's precision weight, or its number of trials. A mean that overflows is its
   observation. */
typedef struct {
    const char *name;
    int n_scales;               /* parameters of scale */
    /* By R's generator, whose state the caller holds. */
    void (*draw)(size_t n, double size, const double *scale, double *values);
    /* The same from a random number each, which rows may share: variates() of R/family.R. */
    void (*draw_given)(size_t n, double size, const double *scale, const double *variates,
                       double *values);
} family_t;

/* The family of this name; NULL when there is none. */
const family_t *family_named(const char *name);

#endif
