#ifndef RELM_GROUPING_H
#define RELM_GROUPING_H

#include <stddef.h>
#include "covariance.h"

/* A grouping of the rows: gamma_j ~ N_q(0, Sigma) for each of its groups. A cell is the rows of
   one group that share one residual variance (a stratum); the cells of a group are neighbours. */
typedef struct {
    int n_groups, n_cells;
    int n_random;                   /* q, columns of Z */
    const int *place;               /* q: their places among those of joint_cells_t; NULL in a model of
                                       one grouping */
    const int *parent;              /* n_groups: the group of another grouping that each lies in;
                                       NULL where it lies in none */
    const int *group_start;         /* n_groups + 1: cells of group j */
    const int *cell_stratum;        /* n_cells */
    const double *cell_factor;      /* cell_size x n_cells: [R C c] */
    size_t cell_size;               /* q (q + n_staying + 1) */
    const double *stratum_factor;   /* (p + 1) x (n_staying + 1) x n_strata, what its cells leave of
                                       their strata; NULL in a model of one grouping */

    int n_means;                    /* coefficients that are means of its effects */
    const int *mean_coef;           /* n_means: their places in theta */
    const int *mean_column;         /* n_means: the columns of Z they are the means of */
    int n_pairs;                    /* columns of X with a group version, in whichever
                                       parameterization */
    const int *pair_coef;           /* n_pairs: their places in beta */
    const int *pair_column;         /* n_pairs: their columns of Z */

    int n_blocks;                   /* of Sigma: the columns of Z, all and in their order */
    const cov_block_t *block;
} grouping_t;

/* A column of a grouping below in a chain; the number -1 for none. */
typedef struct {
    int grouping, column;
} column_below_t;

/* What a sampler knows of its effects. */
typedef struct {
    double *Sigma;                  /* q x q */
    double *Sigma_inverse;          /* q x q */
    double *mean;                   /* q: mean of the group effects, 0 without one */
    double *effect;                 /* q x n_groups: gamma_j, or beta_j when centered */
    struct whitened *whitened;      /* where correlations may be near -1 or 1, else NULL */
} grouping_state_t;

/* [R C c] of a cell: q x (q + n_staying + 1). */
static inline const double *cell_factor(const grouping_t *grouping, int cell)
{
    return grouping->cell_factor + grouping->cell_size * cell;
}

#endif
