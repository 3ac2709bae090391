#ifndef RELM_NESTED_H
#define RELM_NESTED_H

#include "marginal.h"

/* A nested chain of groupings, from leaves to roots: each group of a level but the last is within
   one of the next, its parent. A row has the columns [Z_leaf ... Z_root X y]; a level sees its own
   and those behind them. Eliminated from the leaves on, no group takes up anything from another:
   what reflections into a group leave of its rows is absorbed by its parent, and what they leave in
   the roots goes to the coefficients. In V = I + sum_l Z_l L_l L_l' Z_l' the groups that are below one
   are integrated out by W = U'^-1 [C c], U'U = I + (R L)(R L)', which for its parent is rows like
   any others.

   The groups of a level stand in an order in which the children of a group are neighbors. */

enum { MOST_LEVELS = 12 };

typedef struct {
    int n_groups;
    int n_random;           /* q */
    int n_after;            /* columns behind its own */
    const int *child_start; /* n_groups + 1: its children on the level below; NULL for leaves */
    const int *parent;      /* n_groups: on the next level, 0 where there is none */
    int *block_start;       /* n_groups + 1: blocks of lanes that its children stand in */
    int *place;             /* n_groups: in lanes; children of a group begin with a block */
    double *factor;         /* q x (q + n_after) x n_groups: [R C c], what the levels below leave of
                               a group's rows */
    double *gram;           /* (q + n_after)^2 x n_groups, upper halves: the products of the
                               factors; not of leaves */
    group_data_t data;      /* the groups in lanes, with those below them eliminated */
} nested_level_t;

typedef struct {
    double *gram;           /* (q + n_after)^2 */
    double *lost;           /* q + n_after: what was taken off the squares in it */
    double *factor;         /* q x (q + n_after) */
    double *rows;           /* q x n_after */
    double *sums, *scratch; /* of groups in lanes */
    double *A, *U, *spare;  /* q x q */
} level_buffers_t;

typedef struct {
    int n_levels, n_coef;
    nested_level_t level[MOST_LEVELS];
    double *rest;           /* (p + 1) x (p + 1), upper half: products of what the chain leaves of
                               [X y] */
    double *rest_root;      /* their triangular factor */
    double *lost;           /* p + 1 */
    level_buffers_t buffers[MOST_LEVELS];
} nested_t;

/* From n_levels, n_coef, and the numbers, children and parents of the levels: the rest, with
   memory for places that holds count_places() ints. */
size_t count_places(const nested_t *nested);
void place_in_lanes(nested_t *nested, int *memory);
void take_nested(nested_t *nested, workspace_t *work);

/* Before any rows. */
void clear_nested(nested_t *nested);

/* Absorbs rows of a leaf, n_rows x all columns, which are used up. */
void absorb_nested_rows(nested_t *nested, int leaf, int n_rows, int ld, double *rows);

/* The same of rows of a group on level l, whose columns are those of this level on. */
void absorb_from(nested_t *nested, int l, int group, int n_rows, int ld, double *rows);

/* After all rows. */
void settle_nested(nested_t *nested);

/* After the last columns of the levels' factors, of the rest and of its root have been set anew. */
void renew_response(nested_t *nested);

/* log|V| and the products [X y]'V^-1[X y], with L[l] the relative covariance factor of level l. */
status_t nested_products(nested_t *nested, const double *const *L, marginal_t *marginal,
                         monitor_t *monitor);

/* root <- the Cholesky factor of the products; where that would cancel, by reflections. */
status_t nested_root(nested_t *nested, const double *const *L, marginal_t *marginal,
                     monitor_t *monitor);

/* log|V| and the root by reflections alone. */
status_t reflect_nested(nested_t *nested, const double *const *L, double *log_det, double *root,
                        monitor_t *monitor);

#endif
