#ifndef RELM_MERGED_EFFECTS_H
#define RELM_MERGED_EFFECTS_H

#include "merged.h"

/* Effects given theta and sigma, from R: u = R^-1 (W_y - W_X theta + sigma z), z the normals;
   gamma = L u: by level, q x groups. */
void solve_effects(const merged_t *merged, const double *theta, double sigma,
                   double *const *effect);

/* Covariances of each group's effects, by level, q x q x groups, from the elements of (R'R)^-1 that
   the pattern has (Takahashi, Fagan and Chen 1973). */
typedef struct {
    double *inverse;        /* as R, without W */
    double *sums;           /* n_columns */
    int *at;                /* n_columns: where a row has a column behind its diagonal, or 0 */
} selected_inverse_t;

void find_covariances(const merged_t *merged, double sigma, const selected_inverse_t *selected,
                      double *const *covariance);

#endif
