#ifndef RELM_PROPOSAL_H
#define RELM_PROPOSAL_H

#include <stddef.h>
#include "surrogate.h"
#include "table.h"

/* Proposals of a target's points x: a multivariate Student t, or a table
   of the density itself; and ellipses to move along, through normals that the t is a mixture
   of. */

/* Points that differ in the signs of some lambda_k, and of their correlations, are one
   and the same L. `sign_columns` says which signs each coordinate changes with: bit k
   for column k of Z. */
typedef struct proposal {
    int n, n_columns;               /* coordinates; the first are the columns' */
    const int *sign_columns;        /* n */
    const double *center;           /* n */
    const double *root;             /* n x n, upper: U'U is the inverse of the scale */
    double df;                      /* of t */
    unsigned near;                  /* columns whose sign the proposals may change */
    int n_independent, n_ellipse;   /* proposals of a sweep, and elliptical slices */
    const table_t *table;           /* or NULL; in place of t */
    surrogate_t *surrogate;         /* or NULL; tells which of several proposals is tried */
    struct proposal *shape;         /* the surrogate's t, with center and signs of this one */
    double *flipped, *distance;     /* n: a point that is the same L, and less the center */
} proposal_t;

/* Changes the signs of the columns in `signs`. */
void flip_signs(const proposal_t *proposal, unsigned signs, double *point);

/* Flips the near columns to positive x; answers 0 when another is negative. */
int fold_point(const proposal_t *proposal, double *point);

/* A point, folded; answers 0 when it has left the domain. */
int propose_independently(const proposal_t *proposal, double *point);

/* Its log density, up to a constant. */
double log_proposal_density(const proposal_t *proposal, const double *point);

/* log of the surrogate's density over that of the proposals, up to a constant; 0 without one. */
double log_surrogate_weight(const proposal_t *proposal, const double *point);

/* center + cos(angle) from + sin(angle) other; all n. */
typedef struct {
    double *from, *other;
} ellipse_t;

/* The folded t is a mixture of normals around its center, over the points that are the same
   L and over sizes: one of them, drawn given the point, and another draw from it. */
void draw_ellipse(const proposal_t *proposal, const double *point, ellipse_t *ellipse);

/* The point at an angle, folded; answers 0 when it has left the domain. */
int point_on_ellipse(const proposal_t *proposal, const ellipse_t *ellipse, double angle,
                     double *point);

#endif
