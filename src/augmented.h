#ifndef RELM_AUGMENTED_H
#define RELM_AUGMENTED_H

#include "samplers.h"

/* The Gibbs samplers of logistic regression and of dispersed counts, by Polya-Gamma augmentation
   (Polson, Scott and Windle 2013). A row's likelihood is, with eta its linear predictor, offset
   included,
       exp(e)^y / (1 + exp(e))^b = 2^-b exp(kappa e) E exp(-w e^2 / 2),  w ~ PG(b, 0),
       kappa = y - b/2,
   where e = eta and b = m for y successes in m trials, and e = eta - log r and b = y + m r for a
   sum y of m counts with shape r. Given weights w | e ~ PG(b, e) the working response
       kappa/w + log r - offset
   is normal about x'theta + z'gamma with precision w: the model of the Gaussian samplers with a
   residual variance of 1, whose factors are made anew from the rows. */

/* Of a grouping. */
typedef struct {
    const double *Z;                /* rows x q */
    const int *group;               /* rows */
    const int *order, *start;       /* rows, n_groups + 1: the rows of each group */
    double *factor;                 /* those of the model's cells, one for each group */
} augmented_grouping_t;

typedef struct augmented {
    sweep_t sweep;                  /* given the weights */
    int n_rows, n_columns;          /* n_columns: those of Z of all groupings, each once */
    const double *X;                /* rows x n_staying, in the coordinates of theta */
    const double *Z;                /* rows x n_columns */
    const double *y, *trials, *offset;
    augmented_grouping_t *grouping; /* n_groupings */
    double *stratum_factor, *stratum_gram;      /* the model's */
    double *joint_factor;           /* the model's, of several groupings: X of their rows */
    int *joint_cell, *joint_row;    /* rows: the cell of each, and its number there */
    double *eta;                    /* rows */
    double *root, *c;               /* rows: square roots of the weights, and these times the
                                       working responses */
    double *block, *rest;           /* rows that are reflected at once; (n_staying + 1)^2 */
} augmented_t;

/* Its buffers; the rest is set. */
void take_augmented(const model_t *model, augmented_t *augmented, workspace_t *work);

/* Draws the shape given eta, then the weights given both, and from these what the state's model
   has of the data; then the sweep. */
status_t augmented_sweep(const model_t *model, state_t *state);

#endif
