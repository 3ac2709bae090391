#ifndef RELM_RANDOM_H
#define RELM_RANDOM_H

#include "status.h"
#include "workspace.h"

/* Draws from named distributions, by R's generator. The caller holds
   GetRNGstate() and PutRNGstate(). */

void draw_standard_normals(int n, double *z);

/* x ~ N(P^-1 h, P^-1), with x = P^-1 h + U^-1 z and U'U = P. P is overwritten
   by U; x holds h on entry; z holds standard normals. */
status_t draw_normal_given_precision(int n, double *P, const double *z, double *x);

typedef struct {
    double *A, *B;          /* n x n */
} wishart_buffers_t;

wishart_buffers_t take_wishart(int n, workspace_t *work);

/* Sigma ~ IW(df, S), density ∝ |Sigma|^-(df+n+1)/2 exp(-tr(S Sigma^-1)/2).
   root_S holds U with U'U = S. */
void draw_inverse_wishart(int n, double df, const double *root_S, double *Sigma,
                          const wishart_buffers_t *buffers);

/* log|C| of the correlation matrix C of Sigma, whose factor is left in root, n x n. */
status_t log_det_correlation(int n, const double *Sigma, double *root, double *value);

#endif
