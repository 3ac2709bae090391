#ifndef RELM_SURROGATE_H
#define RELM_SURROGATE_H

/* A cheap density near a target: a t, whose tails are no heavier than the target's, times
   exp(g), g a polynomial that has been fitted to the target's log density less that of the t,
   cut to a range. Moves on it, by proposals of heavier tails, decide which one the target is
   asked about (surrogate transition, Liu 2001, section 9.4.3). */
typedef struct {
    int n, n_terms;             /* coordinates, terms */
    int n_tries;                /* proposals for each that the target is asked about */
    const double *center;       /* n */
    const double *root;         /* n x n, upper, of the t; root (x - center), cut to a range, are the
                                   coordinates of g */
    double df;                  /* of the t */
    const double *coefficient;  /* n_terms */
    const int *factor;          /* FACTORS x n_terms: the coordinates of a term, n for 1 */
    double *v;                  /* n + 1 */
} surrogate_t;

enum { FACTORS = 4 };

/* g at a point. */
double surrogate_log_weight(const surrogate_t *surrogate, const double *point);

#endif
