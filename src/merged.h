#ifndef RELM_MERGED_H
#define RELM_MERGED_H

#include "marginal.h"
#include "merged_pattern.h"

/* Crossed groupings as one step. Of V = I + Z L L'Z', Z all their columns and L block diagonal, a
   block a group, the sparse Cholesky factor R'R = I + L'Z'Z L has |R|^2 = |V|, and with
   W = R'^-1 L'Z'[X y] the products [X y]'V^-1[X y] are [X y]'[X y] - W'W. Its pattern is found
   once. Products subtract: a factor that would lose six digits is made again from the rows of the
   data by Givens rotations, one row after another (George and Heath 1980), which square nothing.

   A row of R is that of one column of Z: the elements from the diagonal on that the pattern has,
   then those of W. */
typedef struct merged {
    const merged_pattern_t *pattern;
    int n_levels;           /* groupings of the step */
    const int *grouping;    /* n_levels: their numbers in the model */
    int n_columns, n_coef;  /* of Z: one for each column of each group; p */
    int *width;             /* levels: q */
    int *n_groups;          /* levels */
    int *level, *group;     /* nodes: the grouping of each, and its number there */
    int **node;             /* levels: of each group, its place in the pattern */
    int *first;             /* nodes + 1: their first columns */

    size_t *list_start;     /* nodes + 1 */
    int *list;              /* by node: its columns, and those behind that it meets */
    int *row_list, *row_length; /* n_columns: where in the list those of a row begin; how many */
    int *row_gapless;       /* n_columns: from here on they follow each other */
    size_t *row_start;      /* n_columns + 1 */
    int *before_start;      /* n_columns + 1 */
    int *before, *before_at;    /* rows with an element in this column off their diagonal; where */

    size_t *own_start, *gram_start; /* nodes; entries of the pattern: where their products begin */
    double *own_gram;       /* nodes: Z'Z, q x q */
    double *gram;           /* entries with rows: Z'Z, q x q of the later node */
    double *linear;         /* columns: Z'[X y], p + 1 */
    double *rest;           /* (p + 1) x (p + 1), upper half: [X y]'[X y] */
    const double *sigma2;   /* the residual variances that the data are in units of, or NULL */

    double **L;             /* levels */
    double *R;
    double *row;            /* n_columns + p + 1, zeros between two uses */
    double *root;           /* (p + 1) x (p + 1): by rotations */
    double *spare;          /* the same */
    double *product;        /* q x q, of the most */
    double *normals, *u;    /* n_columns */
    double **effect;        /* levels: q x groups, where they are drawn in the chain */
    int is_rotated;         /* are R and root by rotations? */
} merged_t;

static inline int node_width(const merged_t *merged, int node)
{
    return merged->width[merged->level[node]];
}

/* Memory for the rest, once the lists are there (merged_lists.h). */
void take_merged(merged_t *merged, workspace_t *work);

/* Does the pattern have the groups of a cell of the model in two of the levels? */
int cell_is_known(const model_t *model, const merged_t *merged, int l, int m, int cell);

/* The data in units of sigma2, which must outlive them, or of 1 where that is NULL. */
status_t weigh_merged(const model_t *model, const double *sigma2, merged_t *merged,
                      monitor_t *monitor);

/* log|V| and the products [X y]'V^-1[X y] at merged->L; R is theirs. */
status_t merged_products(const model_t *model, merged_t *merged, marginal_t *marginal,
                         monitor_t *monitor);

/* root <- the Cholesky factor of these; where that would cancel, by rotations. */
status_t merged_root(const model_t *model, merged_t *merged, marginal_t *marginal,
                     monitor_t *monitor);

/* R, log|V| and the root by rotations alone. */
status_t rotate_merged(const model_t *model, merged_t *merged, double *log_det, double *root,
                       monitor_t *monitor);

#endif
