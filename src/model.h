#ifndef RELM_MODEL_H
#define RELM_MODEL_H

#include "cells.h"
#include "covariance.h"
#include "grouping.h"
#include "monitor.h"
#include "random.h"
#include "responses.h"
#include "scale_prior.h"
#include "status.h"
#include "step.h"
#include "workspace.h"

/* The model y_j = X_j beta + Z_j gamma_j + e_j, with gamma_j ~ N_q(0, Sigma)
   and residual variance sigma2[stratum], as one parameterization sees it.

   A parameterization says which columns of X keep their coefficient in the
   regression (n_staying of them: all in the uncentered, those without a group
   version in the centered) and which become the mean of a grouping's effects
   (n_means of them). Everything else is shared.

   The columns that stay are orthonormalized over all rows, and y may have been
   shifted: theta holds the coefficients in these coordinates, in the order of
   X's columns, and beta = to_beta theta + beta_shift.

   What belongs to a grouping is a grouping_t's, of which a model may have none. */

/* The degrees of freedom of residuals that have Student's t distribution: Gamma(shape, rate) above
   LEAST_DF, or known. */
typedef struct {
    int is_student, is_fixed;
    double shape, rate;
} df_prior_t;

typedef struct {
    int n_groupings, n_steps;
    const grouping_t *grouping;     /* n_groupings */
    const step_t *step;             /* n_steps */
    joint_cells_t cells;                  /* of several groupings; of one it has them itself */
    int n_strata;
    int n_coef;                     /* p */
    int n_staying;                  /* the others are means of effects */
    const int *staying_coef;        /* n_staying: their places in theta */
    const double *stratum_factor;   /* (p + 1) x (n_staying + 1) x n_strata */
    const double *stratum_gram;     /* n_staying x n_staying x n_strata: X'X of a stratum,
                                       I when there is one stratum */
    const double *stratum_rows;     /* n_strata: their numbers of rows */

    int beta_is_flat;
    const double *prior_precision;  /* p x p, of theta */
    const double *prior_linear;     /* p, precision times mean */
    double prior_square;            /* mean' precision mean */
    const double *beta_mean;        /* p: prior mean and precision of beta itself */
    const double *beta_precision;   /* p, 0 where flat */
    const double *to_beta;          /* p x p */
    const double *from_beta;        /* p x p, its inverse */
    const double *beta_shift;       /* p */

    scale_prior_t sigma_prior;
    df_prior_t df_prior;

    /* Of a family other than the Gaussian; then sigma stands for nothing. */
    const responses_t *responses;   /* or NULL; of several groupings n_groupings of them */
    scale_prior_t shape_prior;      /* of r^-1/2, r the shape of dispersed counts */
} model_t;

/* Buffers of the full conditionals and of the steps that interweaving adds, with room for any
   one of the groupings; nothing is handed over in them from one to the next. */
typedef struct {
    double *group_P, *group_h, *e;      /* a group: q x q, q; a cell: q */
    double *effect_sum;                 /* q */
    double *staying_h;                  /* n_staying */
    double *mean_P, *mean_h, *mean_z;   /* n_means x n_means, n_means */
    double *coef_P;                     /* p x p */
    double *S, *Sigma;                  /* a block: q x q and less */
    double *root, *inverse;             /* the same */
    block_buffers_t block;
    double *all_P, *all_h;              /* (p + q) x (p + q), p + q */
    double *squares;                    /* q */
    double *pair_P, *shift;             /* n_pairs x n_pairs, n_pairs */
    double *normals;                    /* p + q */
    double *joint_e;                    /* q*, of a cell of several groupings */
} state_buffers_t;

typedef struct {
    double *theta;          /* p */
    double *sigma2;         /* n_strata */
    grouping_state_t *grouping;     /* n_groupings */

    double *staying;        /* n_staying: theta of the columns that stay */

    double *sum_of_squares; /* n_strata */
    state_buffers_t buffers;
    double pooled_df, pooled_scale; /* of sigma2, where it is pooled */
    double shape;           /* of dispersed counts */
    double df;              /* of Student's t residuals */
    double proposals;       /* of Sigma, under LKJ */
    double refused;         /* times that no proposal was accepted */
    double accepted;        /* of L, by the collapsed sampler */
    monitor_t *monitor;
    struct several *several;        /* of a Gibbs sampler with several groupings, else NULL */
    struct augmented *augmented;    /* of one whose rows have weights that are drawn, else NULL */
    struct collapsed *collapsed;    /* n_steps, of the collapsed sampler, else NULL */
    int n_totals;
    struct totals *totals;          /* of another family's nested chains, else NULL */
} state_t;

state_buffers_t take_state(const model_t *model, workspace_t *work);

/* What a stratum's rows hold beside their cells: (p + 1) x (n_staying + 1). */
static inline const double *stratum_factor(const model_t *model, int stratum)
{
    return model->stratum_factor
        + (size_t) (model->n_coef + 1) * (model->n_staying + 1) * stratum;
}

/* Visits that a cell and a stratum count for: more columns take longer. */
static inline double cell_visits(const model_t *model, const grouping_t *grouping)
{
    return 1.0 + 0.1 * grouping->n_random * (grouping->n_random + model->n_staying);
}

static inline double stratum_visits(const model_t *model)
{
    return 1.0 + 0.1 * model->n_coef * model->n_coef;
}

/* Is there a shape of dispersed counts among the hyperparameters? */
static inline int has_shape(const model_t *model)
{
    return model->responses && model->responses->likelihood == LIKELIHOOD_DISPERSED;
}

/* Have the residuals Student's t distribution? */
static inline int is_student(const model_t *model)
{
    return model->df_prior.is_student;
}

/* Do all columns of X stay in the regression? */
static inline int is_uncentered(const model_t *model)
{
    return model->n_staying == model->n_coef;
}

/* Sets what follows from theta and Sigma: staying, mean, Sigma_inverse. */
status_t refresh_state(const model_t *model, state_t *state);

#endif
