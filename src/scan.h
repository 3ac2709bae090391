#ifndef RELM_SCAN_H
#define RELM_SCAN_H

#include "collapsed_target.h"

/* Several steps, one after another, each on y less the effects of the others, whose covariances are
   held (not those relative to sigma). Of a step Z'Z, Z'X and X'X are made once; Z'y, X'y and y'y anew
   in each scan, by one passage over the rows.

   Rows are those of the cells' factors. A group's c is their projection on orthonormal columns: with
   Z = B R, B'B = I over the rows of a group, c = B'e. So no square is taken off another, but for
   what the groups leave of y'y, which is summed again where it would cancel. */
typedef struct {
    joint_rows_t rows;
    int **leaf;             /* steps: of each row, the place of its leaf in the step's chain */
    double **total;         /* steps: q* x leaves, the effects of a leaf and of its ancestors together */
    double **on_X;          /* steps: p, X'Z gamma */
    double *e;              /* rows: what the effects of others than a step leave, step by step */
} joint_effects_t;

typedef struct {
    int step;               /* its number */
    int n_columns;          /* of the chain: those of all its levels */
    int *level, *column;    /* n_columns: the level of each, and its place there */
    double **basis;         /* n_columns: rows; NULL where has_plain_basis() */
    int *is_used;           /* n_columns: has any group this direction? */
    int **place;            /* levels: of each row's group in the chain's order */
    int *width;             /* levels: their q */
    double **sums;          /* levels: by group, q x n_groups */
    double *squares;        /* of the largest level: n_groups */
    double *scale;          /* leaves: where one column is all there is, by what its sums are divided */
    double *Xy, *fixed_Xy;  /* p: X'y less the others' effects, and with all */
    double *strata_Xy;      /* p: of it what the cells' factors leave */
    double fixed_yy;        /* what they leave of y'y */
    joint_effects_t *joint; /* of all steps */
} scan_t;

/* With one column in all, one residual variance and no weights a leaf's basis is z over its length, and what lies
   above the leaves adds nothing to it. */
static inline int has_plain_basis(const model_t *model)
{
    return model->cells.n_columns == 1 && model->n_strata == 1 && !is_student(model);
}

/* What the other steps take of a step's effects. */
void tell_effects(const model_t *model, const state_t *state, const step_t *step, scan_t *scan);

/* The step's columns made orthonormal, once its chain has all cells; the chain loses directions that
   have nearly nothing. sigma2: the residual variances that the chain is in units of, or NULL. */
status_t make_basis(const model_t *model, const step_t *step, const double *sigma2,
                    chain_data_t *chain, scan_t *scan, monitor_t *monitor);

/* The step's chain with y less the effects of the others. */
status_t subtract_others(const model_t *model, const double *sigma2, chain_data_t *chain,
                         scan_t *scan, monitor_t *monitor);

#endif
