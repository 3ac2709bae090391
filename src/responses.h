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

/* Is the likelihood of a row no product of what rows and nodes have? */
static inline int is_plain_likelihood(likelihood_t likelihood)
{
    return likelihood == LIKELIHOOD_PROBIT || likelihood == LIKELIHOOD_CLOGLOG;
}

/* Up to so many trials of a row are multiplied. */
enum { FEW_TRIALS = 64 };

/* The most columns of Z whose effects are integrated out together. */
enum { MOST_LATTICE_COLUMNS = 8 };

/* Responses of another family than the Gaussian, rows of a group beside each other; each group's
   number of rows has been made a multiple of LANES by rows without trials. A model without groups
   has one, whose rows have no columns of Z; one of several groupings has the same rows for each, in
   the order of its groups. */
typedef struct responses {
    likelihood_t likelihood;
    int n_groups, n_coef, n_random;
    int most_rows;                  /* of a group */
    const int *start;               /* n_groups + 1 */
    const int *row;                 /* rows: which of the data each is, -1 of those that fill up; NULL
                                       in a model of one grouping */
    const double *X, *Z;            /* rows x p, rows x q: a block for each group */
    const double *y, *trials, *offset;
    int is_single;                  /* has no row more than one trial? */
    int has_few_trials;             /* has no row more than FEW_TRIALS, and each a whole number? */
    int is_intercept;               /* is Z one column of ones? */
    const double *mode;             /* q x n_groups: near the modes of standardized effects, or NULL */
    const double *slope;            /* n_mode_slopes() x q x n_groups: their derivatives there, or NULL */
    const double *reference;        /* n_mode_slopes(): where */
    const double *linear, *curved;  /* q x n_groups, q x q x n_groups: of effects b the log likelihood
                                       is about r'b - b'Wb/2; or NULL */
    int n_values;                   /* of DISPERSED: distinct counts, and how many rows have each */
    const double *value, *times;
} responses_t;

/* What modes depend on: theta, the lower triangle of L by columns, and log r of DISPERSED. */
static inline int n_mode_slopes(const responses_t *responses)
{
    int q = responses->n_random;
    return responses->n_coef + q * (q + 1) / 2 + (responses->likelihood == LIKELIHOOD_DISPERSED);
}

#endif
