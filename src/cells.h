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

/* The rows of their factors that are not zero. */
typedef struct {
    int n;
    double *z, *c;          /* q* x rows, rows: [R c] */
    int *cell, *row;        /* rows: the cell of each, and its number in the cell's factor */
} joint_rows_t;

static inline const double *joint_factor(const joint_cells_t *cells, int cell)
{
    return cells->factor + cells->size * cell;
}

/* How many rows there are, and they. */
int count_rows(const joint_cells_t *cells);
void split_cells(const joint_cells_t *cells, joint_rows_t *rows);

#endif
