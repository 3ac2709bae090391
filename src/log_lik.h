#ifndef RELM_LOG_LIK_H
#define RELM_LOG_LIK_H

#include "group.h"
#include "hyper.h"
#include "model.h"

/* Densities of the data given the hyperparameters, with the group effects integrated out:
       y_j ~ N(X_j beta, W_j^-1 + Z_j Sigma Z_j'),
   W_j the weights over the residual variances. All they need of a group is its cells'
   factors, and of Sigma its factor L, which is never inverted. */

/* Groups, which need not be those of a fit. */
typedef struct {
    model_t model;                  /* its own groups aside */
    const step_t *step;             /* whose effects are integrated out, or NULL */
    grouping_t grouping;            /* its columns, with these groups; empty where there is none */
    const double *rest;             /* (p + 1) x (p + 1) x cells: what the factors leave
                                       of a cell's [X y], in the coordinates of theta */
    const double *cell_rows;        /* n_cells */
    const double *group_rows;       /* n_groups */
    const double *log_weights;      /* n_groups: sums of log w */
} groups_t;

typedef struct {
    double *Re, *cell;      /* q x (q + 1) */
    double *mean, *t;       /* q */
    group_buffers_t group;
} log_lik_buffers_t;

log_lik_buffers_t take_log_lik(int q, workspace_t *work);

/* |rest (y - X theta)|^2 over a cell's rows, rest: (p + 1) x (p + 1). */
double rest_square(int p, const double *rest, const double *theta);

/* log p(y_j | hyperparameters). */
status_t group_log_lik(const groups_t *groups, int group, const hyper_t *hyper,
                       const log_lik_buffers_t *buffers, double *value);

/* Rows of data. */
typedef struct {
    int n;
    const double *X, *Z, *y;        /* n x p, n x q, n */
    const double *weights;          /* n, or NULL for ones */
    const int *group, *stratum;       /* n, from 0; group -1 is one without data */
} row_data_t;

/* Mean and standard deviation of the rows from, ..., to - 1, all of one group, given the
   hyperparameters and the group's data: y_i is one of these and left out, or it is none of
   them. A row's results lie `stride` doubles apart.

   With K = L M^-1 L', M = I + L'Z'WZ L, the covariance of gamma_j given its data, and
   h = w z'K z a row's leverage, the row that is left out has the residual e / (1 - h) and
   the variance 1 / (w (1 - h)); a new one has z'K z + 1/w. */
status_t predict_rows(const groups_t *groups, const row_data_t *rows, int from, int to,
                      int leave_out, const hyper_t *hyper, double *mean, double *sd,
                      size_t stride, const log_lik_buffers_t *buffers);

#endif
