#ifndef RELM_TABLE_H
#define RELM_TABLE_H

#include <stddef.h>

/* A density tabulated on a grid of nodes, linear between them in each direction: the
   mixture, over the nodes, of products of triangular densities. A folded axis is one of
   positive values; where its first node lies half a step above 0 it has a mirror image
   below. A small share of a density with heavy tails covers the rest of the space. */

enum { TABLE_DIMENSIONS = 3 };

typedef struct {
    int n;                          /* dimensions, up to TABLE_DIMENSIONS */
    size_t n_nodes;                 /* the product of size[] */
    int size[TABLE_DIMENSIONS];
    int folded[TABLE_DIMENSIONS], mirrored[TABLE_DIMENSIONS];
    const double *low, *step;       /* n: first node, and distance of the nodes */
    const double *center, *spread;  /* n: of the heavy-tailed density */
    double defence;                 /* its share */
    const double *density;          /* n_nodes, the first axis fastest */
    const double *keep;             /* n_nodes: Walker's table of aliases */
    const int *alias;               /* n_nodes */
} table_t;

/* Fills keep and alias, for weights that add up to `total`; stack holds n ints. */
void make_aliases(size_t n, const double *weights, double total, double *keep,
                  int *alias, int *stack);

void draw_from_table(const table_t *table, double *point);

double table_density(const table_t *table, const double *point);

#endif
