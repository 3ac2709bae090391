#ifndef RELM_GROUP_EFFECTS_H
#define RELM_GROUP_EFFECTS_H

#include "model.h"
#include "panels.h"

/* The group effects given the hyperparameters. With Sigma = sigma^2 L L', A = R L,
   M = I + A'A and e = c - C theta (a group's rotated data),
       gamma_j = L u_j,  u_j ~ N(M^-1 A'e, sigma^2 M^-1).
   With several residual variances a group's data are those of its cells, each over its
   residual standard deviation, and sigma is 1: so the moments are had, and not the draws,
   which chains make. */

/* Draws of the hyperparameters. */
typedef struct {
    int n;
    double *theta;      /* p x n */
    double *L;          /* q x q x n, lower triangular; with several residual variances,
                           the factor of Sigma itself */
    double *sigma, *sigma2; /* n_levels x n: residual standard deviations and variances */
    double *beta;       /* p x n */
} hyper_draws_t;

/* hyper: n_hyper x n, as chains store them. work holds p doubles. */
void decode_hyper(const model_t *model, int n_hyper, const double *hyper,
                  hyper_draws_t *draws, double *work);

/* The cells of one group, each divided by its residual standard deviation, as one factor
   [R C c], q x (q + p + 1). The products of what they leave join those of rest, unless it is
   NULL: at once or, of many columns, by add_gathered(). work holds as many doubles as the
   factor. */
void weigh_group(const model_t *model, const double *sigma2, int group, double *factor,
                 double *work, gathered_t *rest);

size_t group_effects_work(int q, int p);

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

/* u_j of a group, from its factor [R C c] and q standard normals. */
status_t draw_whitened_effect(int q, int p, const double *factor, const double *L,
                              const double *theta, double sigma, const double *normals,
                              double *u, double *work);

/* One draw for a group, from its factor [R C c] and q standard normals. */
status_t draw_one_group(int q, int p, const double *factor, const double *L,
                        const double *theta, double sigma, const double *normals,
                        double *effect, double *work);

/* Draws from, from + 1, ..., to - 1 of one group: normals holds q for each; effects of
   two draws lie `stride` doubles apart. */
status_t draw_group(const model_t *model, int group, const hyper_draws_t *draws, int from,
                    int to, const double *normals, double *effects, size_t stride,
                    double *work);

/* The mean of gamma_j over the hyperparameters' draws, its covariance (within a draw and
   between draws), and the covariance of each effect with the coefficient that it
   deviates from, by the conditional means and covariances given each draw (Gelfand and
   Smith 1990). mean: q, covariance: q x q, with_beta: q. */
status_t group_moments(const model_t *model, int group, const hyper_draws_t *draws,
                       const double *beta_mean, double *mean, double *covariance,
                       double *with_beta, double *work);

#endif
