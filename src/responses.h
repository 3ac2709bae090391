#ifndef RELM_RESPONSES_H
#define RELM_RESPONSES_H

#include "status.h"
#include "workspace.h"

/* The log likelihood of a row given its linear predictor eta, y successes in m trials or the sum of
   m counts, up to a constant:
       LOGIT      y eta - m log(1 + exp eta)
       PROBIT     y log Phi(eta) + (m - y) log Phi(-eta)
       CLOGLOG    y log(1 - exp(-exp eta)) - (m - y) exp eta
       COUNTS     y eta - m exp eta
       DISPERSED  y e - (y + m r) log(1 + exp e), e = eta - log r: counts with variance mu + mu^2/r,
                  beside the sum of log Gamma(y + r) - log Gamma(r) over them */
typedef enum {
    LIKELIHOOD_LOGIT,
    LIKELIHOOD_PROBIT,
    LIKELIHOOD_CLOGLOG,
    LIKELIHOOD_COUNTS,
    LIKELIHOOD_DISPERSED
} likelihood_t;

/* The most columns of Z whose effects are integrated out together. */
enum { MOST_LATTICE_COLUMNS = 8 };

/* Responses of another family than the Gaussian, rows of a group beside each other; each group's
   number of rows has been made a multiple of LANES by rows without trials. A model without groups
   has one, whose rows have no columns of Z. */
typedef struct responses {
    likelihood_t likelihood;
    int n_groups, n_coef, n_random;
    int most_rows;                  /* of a group */
    const int *start;               /* n_groups + 1 */
    const double *X, *Z;            /* rows x p, rows x q: a block for each group */
    const double *y, *trials, *offset;
    int is_single;                  /* has no row more than one trial? */
    int is_intercept;               /* is Z one column of ones? */
    const double *mode;             /* q x n_groups: near the modes of standardized effects */
    int n_values;                   /* of DISPERSED: distinct counts, and how many rows have each */
    const double *value, *times;
} responses_t;

#endif
