#ifndef RELM_LATTICE_INTERCEPTS_H
#define RELM_LATTICE_INTERCEPTS_H

#include "lattice.h"

/* The integrals of groups whose Z is one column of ones, in fewer passages over rows than others:
       COUNTS  the rows of a group are known by S = sum m exp(x'theta + offset), so that groups lie
               beside each other in vectors, whatever their numbers of rows;
       LOGIT   of rows of one trial: (1 + E_1 P)(1 + E_2 P) = 1 + P (E_1 + E_2 + E_1 E_2 P) of two
               rows at once, E = exp eta at u near the mode and P = exp(c t).
   Nodes are those of lattice.h. What would leave the range of numbers, or takes long, is left to
   log_group_integral() and draw_group_by_lattice(). */
typedef struct {
    int first;                          /* group that the arrays begin with */
    const double *uniform;              /* 2 x groups */
    double *effect, *linear, *curved;   /* groups: as in group_draw_t */
} intercept_draws_t;

/* The second of them. */
static inline int has_lattice_of_ones(const responses_t *responses)
{
    return responses->is_intercept && responses->likelihood == LIKELIHOOD_LOGIT
        && responses->is_single;
}

static inline int has_intercept_lattice(const responses_t *responses)
{
    return has_lattice_of_ones(responses)
        || (responses->is_intercept && responses->likelihood == LIKELIHOOD_COUNTS);
}

/* The sum over groups from, ..., to - 1 of log_group_integral(), or with draws, of
   draw_group_by_lattice(); not a number where one fails. */
double sum_intercept_integrals(const responses_t *responses, int from, int to,
                               const group_parameters_t *parameters,
                               const lattice_buffers_t *buffers, const intercept_draws_t *draws);

/* draw_group_by_lattice() of a group of rows of one trial. */
double draw_ones_by_lattice(const responses_t *responses, int group,
                            const group_parameters_t *parameters, const double *uniform,
                            const lattice_buffers_t *buffers, const group_draw_t *draw);

#endif
