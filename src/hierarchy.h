#ifndef RELM_HIERARCHY_H
#define RELM_HIERARCHY_H

#include "several.h"

/* Hierarchical centering in a nested chain: with b_j = gamma_j + b_parent in the columns that a
   grouping shares with one above it,
       b_j ~ N(b_parent, Sigma),  ...,  b_root ~ N(beta, Sigma_root),
   and y depends on the lowest b of a column alone. The state has gamma_j and, where a grouping's
   effects have coefficients for their means, gamma_j + beta: given gamma_j + b_parent a change of
   b_parent is one of gamma_j the other way. */

/* For each column of each grouping the nearest grouping below it in its chain that has the column,
   -1 for none, and its place there. columns: of all groupings. */
void find_columns_below(const model_t *model, column_below_t *columns, column_below_t **below);

/* Does a grouping share a column with one below it? */
int is_above(const model_t *model, const state_t *state, int g);

/* Z'e/sigma^2 of the groups of a grouping that is_above(), if y depends on any of its columns. */
status_t sum_of_above(const model_t *model, const state_t *state, int g);

/* P (upper half) and h with what is said of the effects of the group at place r of level l by
   b_j of the groups below and, once there are sums, by its rows. */
void add_said_of_above(const model_t *model, const state_t *state, const step_t *step, int l, int r,
                       double *P, double *h);

/* Its effects gain d, and those below lose it, so that their b_j stay. */
void move_above(const model_t *model, const state_t *state, const step_t *step, int l, int r,
                const double *d);

/* Effects of level l of a step, which is_above(), given b_j of those below. */
status_t draw_above(const model_t *model, state_t *state, const step_t *step, int l);

/* All effects of the centered parameterization, each chain from the leaf up. */
status_t draw_effects_upward(const model_t *model, state_t *state);

#endif
