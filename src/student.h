#ifndef RELM_STUDENT_H
#define RELM_STUDENT_H

#include "augmented.h"

/* Residuals with Student's t distribution, as normal ones whose precisions have weights (West 1987):
       e_i | w_i ~ N(0, sigma^2/(a_i w_i)),  w_i ~ Gamma(nu/2, rate nu/2),
   a_i the row's known precision beside sigma. */

/* Degrees of freedom are above this where they are not known. */
static const double LEAST_DF = 1.0;

/* log p(e | nu, sigma) up to a constant, the weights integrated out. squares: a_i e_i^2; stratum: of
   each row; rows: numbers of those of each stratum; precision: n_strata, spare. NaN when
   the user wants to stop. */
double log_student_density(int n, const double *squares, const int *stratum, int n_strata,
                           const double *rows, double df, const double *sigma,
                           double *precision, monitor_t *monitor);

/* Its buffers of the coefficients' step; and what that takes of the rows, once. */
void take_information(const model_t *model, augmented_t *augmented, workspace_t *work);
void set_information(const model_t *model, const augmented_t *augmented, monitor_t *monitor);

/* Coefficients, then nu and sigma given the residuals, weights integrated out; then the weights given both: root and c
   of the rows. */
status_t draw_student_weights(const model_t *model, state_t *state,
                              const augmented_t *augmented);

#endif
