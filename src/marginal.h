#ifndef RELM_MARGINAL_H
#define RELM_MARGINAL_H

#include <stddef.h>
#include "model.h"
#include "workspace.h"

/* The likelihood of the covariance factor L alone, group effects and coefficients
   integrated out: with V = I + Z L L' Z' (in units of the residual variance), all it
   needs is log|V| and [X y]'V^-1[X y]. Nothing is ever divided by L, so that it stays
   sound as a standard deviation goes to 0. */

/* From here on more than one thread pays. */
enum { GROUPS_FOR_THREADS = 10000 };

/* A group's [R W], q x (q + p + 1), and what it is made with, q x q. */
typedef struct {
    double *factor, *U, *A, *spare;
} rotated_buffers_t;

typedef struct {
    rotated_buffers_t rotated;
    double *diagonal;       /* p + 1 */
    double *rows;           /* of many columns: WIDE_ROWS x (p + 1) */
    double *scratch;        /* of fewer: scratch_size doubles for each thread */
    size_t scratch_size;
    double *sums;           /* of chunks */
} marginal_buffers_t;

marginal_buffers_t take_marginal(int q, int p, int n_threads, workspace_t *work);

/* The data, in units of the residual variance. */
typedef struct {
    int n_random, n_coef, n_groups;    /* q, p, J */
    double *factor;         /* packed_size() doubles: [R C c] of each group, as
                               pack_group() puts it */
    double *rest;           /* (p + 1) x (p + 1), upper half: products of what the
                               groups' factors leave of [X y] */
    double *stratum_products; /* (p + 1) x (p + 1) x n_strata, upper halves: the squares of the
                               strata's factors, where these are many and weighed often; or NULL */
    double *rest_root;      /* (p + 1) x (p + 1): their triangular factor */
    int n_threads;
    marginal_buffers_t buffers;
} group_data_t;

typedef struct {
    double log_det;         /* log|V| = sum_j log|I + L'Z_j'Z_j L| */
    double *root;           /* (p + 1) x (p + 1): [X y]'V^-1[X y], upper half; then its
                               upper Cholesky factor */
} marginal_t;

size_t packed_size(int q, int p, int n_groups);

/* Stores group j, q x (q + p + 1): [R C c]. What no group fills must hold zeros. */
void pack_group(group_data_t *data, int j, const double *factor);
void unpack_group(const group_data_t *data, int j, double *factor);

/* The groups in the lanes from, ..., to - 1: their products in lanes, upper half by columns, then
   their log determinant, sums_size() doubles; scratch: scratch_size() doubles. */
status_t sum_lanes(const group_data_t *data, const double *L, int from, int to, double *sums,
                   double *scratch);
size_t sums_size(int p);
size_t scratch_size(int q, int p);

/* Adds these sums to a marginal's. */
void add_sums(int p, const double *sums, marginal_t *marginal);

/* Does a Cholesky factor of products (upper half, diagonal given apart) lose more than six
   digits of some column? */
int has_cancelled(int n, const double *root, const double *diagonal);

/* log_det and the products at L (q x q, lower triangular). */
status_t marginal_products(const group_data_t *data, const double *L,
                           marginal_t *marginal, monitor_t *monitor);

/* root <- the Cholesky factor of the products; where that would cancel, by reflections of
   the groups' rows. */
status_t marginal_root(const group_data_t *data, const double *L, marginal_t *marginal,
                       monitor_t *monitor);

#endif
