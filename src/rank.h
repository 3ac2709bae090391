#ifndef RELM_RANK_H
#define RELM_RANK_H

#include "crossprods.h"
#include "grouping.h"

/* A column counts as dependent when what the columns before it leave of it is
   below this share of its own length in the group, about the square root of the
   precision; or below this share of its length over all groups, which is what
   rounding leaves of zeros. */
#define RANK_TOLERANCE 1e-8
#define ZERO_TOLERANCE 1e-12

/* For chosen columns of Z (0-based, in order; column_length has the length of each
   over all groups), block-diagonal over groups:
   returns their rank, and absorbs into residual ((p + 1) x (p + 1), zero or a
   factor of what the rows hold besides) what they leave of [X y] in the cells. */
double absorb_beside_columns(const grouping_t *grouping, int n_coef, int n_chosen,
                             const int *chosen, const double *column_length,
                             double *residual, double *rows);

/* Rows of a group, of which none has more than this many cells. */
double *take_group_rows(int n_cells, int n_random, int n_coef, workspace_t *work);

#endif
