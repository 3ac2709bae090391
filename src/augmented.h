#ifndef RELM_AUGMENTED_H
#define RELM_AUGMENTED_H

#include "samplers.h"

/* Samplers of models that are linear ones given a weight for each row: Student's t residuals
   (student.h), and logistic regression and dispersed counts by Polya-Gamma augmentation
   (Polson, Scott and Windle 2013). A row's likelihood is, with eta its linear predictor, offset
   included,
       exp(e)^y / (1 + exp(e))^b = 2^-b exp(kappa e) E exp(-w e^2 / 2),  w ~ PG(b, 0),
       kappa = y - b/2,
   where e = eta and b = m for y successes in m trials, and e = eta - log r and b = y + m r for a
   sum y of m counts with shape r. Given weights w | e ~ PG(b, e) the working response
       kappa/w + log r - offset
   is normal about x'theta + z'gamma with precision w: the model of the Gaussian samplers with a
   residual variance of 1. In each sweep its factors are made anew from the rows. */

/* Of a grouping. */
typedef struct {
    const double *Z;                /* rows x q */
    const int *group;               /* rows */
    const int *order, *start;       /* rows, n_cells + 1: the rows of each cell */
    double *factor;                 /* the model's */
} augmented_grouping_t;

typedef struct augmented {
    sweep_t sweep;                  /* given the weights */
    int n_rows, n_columns;          /* n_columns: those of Z of all groupings, each once */
    const double *X;                /* rows x n_staying, in the coordinates of theta */
    const double *Z;                /* rows x n_columns */
    const double *y, *trials, *offset;  /* of t residuals trials are known precisions */
    const int *stratum;             /* rows */
    const int *order, *start;       /* rows, n_strata + 1: the rows of each stratum */
    augmented_grouping_t *grouping; /* n_groupings */
    double *stratum_factor, *stratum_gram;      /* the model's */
    double *joint_factor;           /* the model's, of several groupings: their rows, as far as they are
                                       asked for */
    int *joint_cell, *joint_row;    /* rows: the cell of each, and its number there */
    double *eta;                    /* rows */
    double *root, *c;               /* rows: square roots of the weights, and these times the
                                       working responses */
    double *block, *rest;           /* rows that are reflected at once; (n_staying + 1)^2 x n_strata */
    double *square;                 /* rows, of t residuals */
    double *sigma, *present, *precision;    /* n_strata, of t residuals */
    double *information;            /* p x p x n_strata: X'X over known variances, of t residuals */
    double *root_information, *next_theta, *score, *next_eta;   /* p x p, p, p, rows */
    joint_rows_t *joint_rows;       /* what a sampler has of the rows of several groupings, or NULL */
} augmented_t;

/* Its buffers; the rest is set. */
void take_augmented(const model_t *model, augmented_t *augmented, workspace_t *work);

/* Draws what the weights depend on given eta, then the weights given both, and makes of these what
   the state's model has of the data; then the sweep. */
status_t augmented_sweep(const model_t *model, state_t *state);

#endif
