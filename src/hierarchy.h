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

/* Effects of level l of a step, which is_above(), given b_j of those below. */
status_t draw_above(const model_t *model, state_t *state, const step_t *step, int l);

/* All effects of the centered parameterization, each chain from the leaf up. */
status_t draw_effects_upward(const model_t *model, state_t *state);

/* draw_above() of all groupings that it takes. */
status_t draw_all_above(const model_t *model, state_t *state);

#endif
