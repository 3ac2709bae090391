#ifndef RELM_WHITENED_H
#define RELM_WHITENED_H

#include "group.h"
#include "model.h"

typedef struct {
    weighed_buffers_t weighed;
    group_buffers_t group;
    double *G, *h;          /* of the entries of L: n x n and n, n = q (q + 1)/2 */
    double *W, *e;          /* q x n, q */
    double *P, *shift;      /* a block: q x q and less, q */
    double *root, *V, *next, *old, *accepted;   /* the same */
    wishart_buffers_t wishart;
} whitened_buffers_t;

/* The interweaved sampler in coordinates that stay sound where correlations near -1 or 1: under
   LKJ(eta) with a small eta most of a correlation's density lies closer to them than double
   precision tells apart.

   Sigma = L L', its standard deviations by their logarithms and the correlations of each block
   by z, the inverse hyperbolic tangents of canonical partial correlations, row by row; and
   u_j ~ N(0, I) with gamma_j = L u_j. Nothing is ever divided by L but in proportion to it. */
typedef struct whitened {
    double *log_tau;        /* q */
    double *z;              /* of all blocks */
    double *L;              /* q x q, lower triangular */
    double *effect;         /* q x n_groups: u_j */
    whitened_buffers_t buffers;
    int has_coordinates;    /* else they follow from Sigma */
} whitened_t;

/* Columns of the largest block that it takes; and how far a z is looked for: beyond, the secant of
   a correlation's angle underflows. */
enum { MOST_BLOCK = 32, MOST_Z = 700 };

/* Has a grouping a block under LKJ(eta) with so small an eta? */
int needs_whitening(const model_t *model);

whitened_buffers_t take_whitened(int q, int p, workspace_t *work);

/* Coordinates from the Sigma of grouping number g, unless there are some, and L from them. */
status_t start_whitened(const model_t *model, state_t *state, int g);

/* Correlation of columns l < k of Z, which may be -1 or 1 in double precision. */
double whitened_correlation(int q, const whitened_t *whitened, int k, int l);

/* The steps of its sweep that draw Sigma: given gamma_j (whitened_blocks.c), and the standard
   deviations and correlations given u_j (whitened_rows.c). */
status_t draw_whitened_blocks(const model_t *model, state_t *state, int g);
void draw_whitened_rows(const model_t *model, state_t *state, int g);

/* The z of block number b, row by row. */
double *whitened_z(const grouping_t *grouping, const whitened_t *whitened, int b);

/* A block's rows of L from its coordinates, and the coordinates from the rows. */
void set_whitened_factor(int q, whitened_t *whitened, const cov_block_t *block, const double *z);
void set_whitened_coordinates(int q, whitened_t *whitened, const cov_block_t *block, double *z);

/* L of a block from its Sigma (size x size), and its coordinates. */
status_t factor_whitened_block(const grouping_t *grouping, whitened_t *whitened, int b,
                               double *Sigma);

/* gamma_j = L u_j and Sigma = L L'. */
void set_whitened_effects(const grouping_t *grouping, grouping_state_t *own);

/* Entries of a lower triangle, q x q, and the place of (l, k), row by row. */
static inline int n_entries(int q)
{
    return q * (q + 1) / 2;
}

static inline int entry(int l, int k)
{
    return l * (l + 1) / 2 + k;
}

#endif
