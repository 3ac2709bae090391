#ifndef RELM_TOTALS_H
#define RELM_TOTALS_H

#include "collapsed_target.h"

/* A nested chain of another family than the Gaussian one, given the totals of its leaves: a leaf's own
   effects with those of its ancestors and the coefficients of columns that are linear combinations of
   the leaf's within each leaf,
       a_j = b_j + sum_l P_l b_l(j) + M_j beta_C.
   The likelihood knows the totals alone. Given them, and effects of ancestors that leaves have no column
   for, all else is a Gaussian model without a likelihood of its own: covariances from the density with
   beta_C and the ancestors' effects integrated out, then these, and what is left to the leaves. This
   is an interweaving (Yu and Meng 2011): without it leaves hold their ancestors where they are. */
typedef struct {
    int n_random, n_groups;
    int grouping;               /* its number */
    const int *parent;          /* n_groups: of each group, the number of its group at the next level */
    int n_shared, n_other;
    int *own, *leaf;            /* n_shared: columns that leaves have too, here and there */
    int *other;                 /* n_other: columns that they have not */
    int first;                  /* of the shared columns among all that are eliminated */
    double *gram;               /* n x n x n_groups: products of [P_l ... M a] below a group that are
                                   not eliminated yet; none of the leaves */
    /* Of L L' with the other columns first: */
    double *root;               /* n_random x n_random, lower triangular */
    double *given;              /* n_other x n_groups: standardized effects of the other columns */
    double *effect;             /* n_shared x n_groups, as they are drawn */
} totals_level_t;

typedef struct totals {
    const model_t *model;
    int n_levels, n;            /* n: columns, of ancestors, of beta_C and a */
    totals_level_t *level;      /* leaf to root */
    int n_fixed;
    const int *fixed;           /* n_fixed: their places in beta */
    const double *version;      /* n_fixed x q x leaves: M_j */
    double **L;                 /* levels: q x q, at which the density is wanted */
    double *beta;               /* p */
    double *total;              /* q x leaves */
    double *product;            /* n x n x q x q x groups above the leaves */
    double *row;                /* n x q */
    double *rest;               /* n x n: what no group takes up */
    double *precision;          /* q x q, of the leaves */
    double *H, *T, *A;          /* matrices of n x n and less */
    double *fixed_root;         /* (n_fixed + 1)^2 */
    double *normals;
} totals_t;

/* Sets the sizes; `work` has the rest. */
void take_totals(totals_t *totals, workspace_t *work);

/* The totals of the present effects and coefficients, and their products. */
void find_totals(const state_t *state, totals_t *totals);

/* log density of L[] given the totals, without the prior of L; not a number where it has none. */
double log_totals_density(totals_t *totals);

/* After log_totals_density(): beta_C, the ancestors' effects and the leaves', into the state. */
status_t draw_given_totals(totals_t *totals, state_t *state);

#endif
