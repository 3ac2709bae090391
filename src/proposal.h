#ifndef RELM_PROPOSAL_H
#define RELM_PROPOSAL_H

#include <stddef.h>
#include "table.h"

/* Proposals of the collapsed sampler's coordinates x: a multivariate Student t around
   the mode, a table of the density itself, and steps of a random walk. */

/* Points that differ in the signs of some lambda_k, and of their correlations, are one
   and the same L. `sign_columns` says which signs each coordinate changes with: bit k
   for column k of Z. */
typedef struct {
    int n, n_columns;               /* coordinates; the first are the columns' */
    const int *sign_columns;        /* n */
    const double *center;           /* n */
    const double *root;             /* n x n, upper: U'U is the inverse of the scale */
    double df, step;                /* of t; of the walk, in the same root */
    unsigned near;                  /* columns whose sign the proposals may change */
    int n_independent, n_walk;      /* proposals of a sweep */
    int through_effects;            /* does a sweep also draw Sigma given the effects? */
    const table_t *table;           /* or NULL; in place of t */
} proposal_t;

/* Changes the signs of the columns in `signs`. */
void flip_signs(const proposal_t *proposal, unsigned signs, double *point);

/* Flips the near columns to positive x; answers 0 when another is negative. */
int fold_point(const proposal_t *proposal, double *point);

/* A point, folded; answers 0 when it has left the domain. */
int propose_independently(const proposal_t *proposal, double *point);

/* Its log density, up to a constant. work holds 2 n doubles. */
double log_proposal_density(const proposal_t *proposal, const double *point, double *work);

/* A step from one of the points that are the same L as `from`, so that the walk does
   not depend on which it is. */
int propose_nearby(const proposal_t *proposal, const double *from, double *point,
                   double *work);

#endif
