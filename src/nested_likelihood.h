#ifndef RELM_NESTED_LIKELIHOOD_H
#define RELM_NESTED_LIKELIHOOD_H

#include "cells.h"
#include "log_lik.h"
#include "nested_moments.h"

/* Densities of the rows of a nested chain of groupings with the effects of all its groups
   integrated out, given those of other groupings, if there are any. Cells are rows [Z e] / sigma,
   with one column e = c - C theta - Z gamma of the others, that a chain's groups absorb anew for
   each draw: with several residual variances like with one. */

/* Draws of the effects of some groups of a grouping outside the chain. */
typedef struct {
    int grouping;               /* its number */
    int n;                      /* groups */
    const double *effects;      /* q x n x draws */
    const int *cell, *row;      /* the group of each cell and row among these, or -1 */
} other_effects_t;

typedef struct {
    const model_t *model;
    joint_cells_t cells;        /* cells of a root are neighbors */
    const int *root_start;      /* roots + 1 */
    const int *leaf;            /* cells->n: in the chain's order */
    const double *rest;         /* (p + 1) x (p + 1) x cells: what their factors leave of [X y], in
                                   the coordinates of theta; NULL where it is not needed */
    const double *cell_rows;    /* cells->n */
    const double *log_weights;  /* roots: sums of log w */
    const int *grouping;        /* of each level, its number */
    int n_others;
    const other_effects_t *other;
    nested_t nested;            /* its shape: numbers, children, parents; no levels where all
                                   effects are given */
    nested_effects_t effects;
    nested_moments_t moments;
    const double *L[MOST_LEVELS];   /* of Sigma itself, in one draw */
    double *rows, *z, *t;
} chain_cells_t;

void take_chain_cells(chain_cells_t *chain, workspace_t *work);

/* The groups below a root are told their cells in draw i: log|V|/2, and e'V^-1 e. */
status_t inform_root(chain_cells_t *chain, int root, int i, const hyper_t *hyper,
                     double *log_root, double *square);

/* log p(y_root | hyperparameters). */
status_t root_log_lik(chain_cells_t *chain, int root, const hyper_t *hyper, double *value);

/* Means and standard deviations of rows from, ..., to - 1, all of the same groups of the chain,
   whose root is informed: as predict_rows() has them. group: n x levels, -1 below the first that the data
   have; Z has the columns of the cells. L: of all groupings. */
status_t nested_rows(chain_cells_t *chain, const row_data_t *rows, int from, int to, int leave_out,
                     int i, const hyper_t *hyper, double *const *L, double *mean, double *sd,
                     size_t stride);

#endif
