#ifndef RELM_SEVERAL_H
#define RELM_SEVERAL_H

#include "model.h"

/* A grouping among others: its full conditionals take y less the effects of the others. R'R of its
   own cells is what it was, and what is linear in y is summed anew over the rows of all cells, at
   a cost that is linear in them. */
typedef struct several {
    joint_rows_t rows;
    double *e;              /* rows: what is left of c */
    double *sums;           /* of the largest grouping: q x n_groups */
    column_below_t **below; /* n_groupings: n_random */
} several_t;

/* The Gibbs samplers are told by which grouping's effects stay in y. */
enum { NONE_STAYS = -1 };

/* several->e <- c less the effects of all groupings but number `stays`; and less X theta of the
   columns that stay in the regression, where without_X. */
void subtract_effects(const model_t *model, const state_t *state, int stays, int without_X);

/* several->sums (q x n_groups) <- Z'e/sigma^2 of each of its groups. */
void sum_by_group(const model_t *model, const state_t *state, int g);

/* h <- h + X'e of the columns that stay: divided by the residual variances or, where there is but
   one and not is_divided, not divided. */
void add_on_staying(const model_t *model, const state_t *state, int is_divided, double *h);

/* P <- P + Z_j'Z_j/sigma^2 (upper half) of group j. */
void add_group_precision(const model_t *model, const state_t *state, int g, int j, double *P);

/* draw_group_effects() of one of several groupings. */
status_t draw_effects_among(const model_t *model, state_t *state, int g);

/* A passage over the rows counts as so many visits. */
static inline int passage_is_over(const several_t *several, monitor_t *monitor)
{
    return user_wants_to_stop(monitor, 0.2 * several->rows.n);
}

#endif
