#ifndef RELM_STUDENT_ROWS_H
#define RELM_STUDENT_ROWS_H

#include "status.h"
#include "workspace.h"

/* Densities of rows with t residuals given hyperparameters and the weights of the other rows of a
   group, whose effects are then normal and integrated out, as the row's own weight is. */

/* log p(r) of the sum of a normal variable with variance v and of a t variable with df degrees of
   freedom and the square of its scale s2:
       log int N(r; 0, v + s2/w) dGamma(w; df/2, df/2),
   by the trapezoidal rule in log w. */
double log_t_and_normal(double r, double v, double s2, double df);

/* The rows of a group in one draw, each `stride` doubles after the one before. */
typedef struct {
    int n, q;
    size_t stride;
    const double *Z;            /* n x q, rows `n_all` apart */
    size_t n_all;
    const double *e;            /* y less all but the effects of the group */
    const double *s2;           /* squares of scales: sigma^2 over the row's precision */
    const double *weight;
    const double *L;            /* q x q: Sigma = L L' */
    double df;
} student_rows_t;

typedef struct {
    double *A;                  /* q x n: L'z over the standard deviation of each row */
    double *U;                  /* q x q */
    double *u;                  /* q */
} student_rows_buffers_t;

student_rows_buffers_t take_student_rows(int most_rows, int q, workspace_t *work);

/* values: log densities of the rows given the weights of all or, with leave_out, of the others.
   With M = I + A A' and h = a'M^-1 a a row's leverage, the row that is left out has the residual
   e - z'mean over 1 - h, and z'gamma then the variance s2/w h/(1 - h). */
status_t student_row_densities(const student_rows_t *rows, int leave_out,
                               const student_rows_buffers_t *buffers, double *values);

#endif
