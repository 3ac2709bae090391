#ifndef RELM_GROUP_H
#define RELM_GROUP_H

#include "hyper.h"
#include "panels.h"

/* One group given the hyperparameters. With Sigma = sigma^2 L L', A = R L, M = I + A'A and
   e = c - C theta (a group's rotated data),
       gamma_j = L u_j,  u_j ~ N(M^-1 A'e, sigma^2 M^-1).
   With several residual variances a group's data are those of its cells, each over its residual
   standard deviation, and sigma is 1. Nothing is ever divided by L. */

/* Above, I + A'A would lose digits that A still has. */
static const double LARGE_SQUARE = 1e4;

/* A = R L, for R upper and L lower triangular, q x q. */
void multiply_factors(int q, const double *R, const double *L, double *A);

/* A' for the same A; spare: q x q. */
void multiply_transposed(int q, const double *R, const double *L, double *A, double *spare);

/* U with U'U = I + A'A, q x q. Where A is large, its squares would lose the digits of a
   nearly singular A: reflections of [I; A] keep them. spare: q x q. */
status_t unit_plus_root(int q, const double *A, double *U, double *spare);

/* A group's data, its cells weighed. */
typedef struct {
    double *factor, *cell;  /* q x (q + p + 1) */
} weighed_buffers_t;

weighed_buffers_t take_weighed(int q, int p, workspace_t *work);

/* The cells of one group, each divided by its residual standard deviation, as one
   weighed->factor [R C c]. The products of what they leave join those of rest, unless it is
   NULL: at once or, of many columns, by add_gathered(). */
void weigh_group(const model_t *model, const grouping_t *grouping, const double *sigma2,
                 int group, const weighed_buffers_t *weighed, gathered_t *rest);

/* The same cells as one [R e], q x (q + 1), with e = c - C theta; the answer is the sum of squares
   that they leave. cell: q x (q + 1). */
double weigh_residual(const model_t *model, const grouping_t *grouping, const hyper_t *hyper,
                      int group, double *Re, double *cell);

/* e = c - C theta, with a group's factor [R C c]. */
static inline void residual_of(int q, int p, const double *factor, const double *theta,
                               double *e)
{
    const double *C = factor + q * q, *c = C + (size_t) q * p;
    if (q == 1 && p >= MANY_COLUMNS) {
        e[0] = c[0] - long_dot(p, C, theta);
        return;
    }
    for (int r = 0; r < q; r++) e[r] = c[r];
    for (int k = 0; k < p; k++)
        for (int r = 0; r < q; r++) e[r] -= C[r + (size_t) q * k] * theta[k];
}

typedef struct {
    double *A, *U, *spare;  /* q x q */
    double *e, *u;          /* q */
} group_buffers_t;

group_buffers_t take_group(int q, workspace_t *work);

/* E(gamma_j | .) = L M^-1 A'e, and buffers->U with U'U = M. */
status_t group_mean(int q, const double *factor, const double *L, const double *e, double *mean,
                    const group_buffers_t *buffers);

/* u_j of a group, from its factor [R C c] and q standard normals. */
status_t draw_whitened_effect(int q, int p, const double *factor, const double *L,
                              const double *theta, double sigma, const double *normals,
                              double *u, const group_buffers_t *buffers);

/* The same of one of several groupings: from R of the factor and h = Z'e in place of R'e, in the
   units in which sigma is 1. */
status_t draw_whitened_among(int q, const double *factor, const double *L, const double *h,
                             const double *normals, double *u, const group_buffers_t *buffers);

/* One draw for a group, from its factor [R C c] and q standard normals. */
status_t draw_one_group(int q, int p, const double *factor, const double *L,
                        const double *theta, double sigma, const double *normals,
                        double *effect, const group_buffers_t *buffers);

/* E(gamma_j | .) from a group's factor [R C c], and W with W'W its covariance,
   sigma^2 L M^-1 L': W = sigma U'^-1 L'. */
status_t group_conditional(int q, int p, const double *factor, const double *L,
                           const double *theta, double sigma, double *mean, double *W,
                           const group_buffers_t *buffers);

#endif
