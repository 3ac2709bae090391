#ifndef RELM_CELLS_H
#define RELM_CELLS_H

#include <stddef.h>

/* The cells of a model with several groupings: the rows of one group of each, in one stratum. */
typedef struct {
    int n;
    int n_columns;          /* q*, of Z: those of all groupings, each once */
    size_t size;            /* q* (q* + n_staying + 1) */
    const double *factor;   /* size x n: [R C c] */
    const int *stratum;     /* n */
    const int *group;       /* n x n_groupings */
} joint_cells_t;

#endif
