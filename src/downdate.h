#ifndef RELM_DOWNDATE_H
#define RELM_DOWNDATE_H

#include "workspace.h"

/* Rows taken out of triangular factors, the reverse of absorb_block(): by hyperbolic reflections,
   which subtract, so that digits are lost where little is left of a pivot. */

/* What has become of pivots' squares. */
typedef struct {
    double least_share;     /* the smallest share that is left of any, below 0 where rows are taken
                               out that were not there */
    int column;             /* whose that is, from 0 among the columns of the factor */
} removal_t;

/* A pivot that is 0 but for rounding says nothing, and yet its row may hold any share of the
   columns behind it. Rows whose pivot is no more than noise[k] are absorbed by those below, and what
   these leave of the columns beside the pivots by `beside`, a triangle of n_columns - n_pivots
   columns, or NULL where there are none. row has room for n_columns. */
void clear_noise(int n_pivots, int n_columns, double *top, const double *noise, double *beside,
                 double *row);

/* Takes a block of rows (n_rows x n_columns, leading dimension ld) out of the n_pivots top rows, so
   that the block's first n_pivots columns vanish; its others hold what is still to be taken out of
   what lies beside. Where the block has no more of a column than noise[k] it is left as it is. A
   pivot of which less than `least` is left ends the removal. */
void remove_block(int n_pivots, int n_columns, double *top, int n_rows, int ld, double *block,
                  const double *noise, double least, removal_t *removal);

#endif
