#ifndef RELM_FAMILY_LIKELIHOOD_H
#define RELM_FAMILY_LIKELIHOOD_H

#include "lattice_group.h"
#include "model.h"

/* Densities of rows of another family than the Gaussian given the data of their group, the group's
   effects integrated out by its lattice. With f the integrand of a group's likelihood and p_i the
   density of a row, both functions of the effects,
       p(y_i | all of the group)    = sum f p_i / sum f,
       p(y_i | the rest of it)      = sum f / sum f/p_i,
   over the same nodes. f/p_i has no singularity that f has not and is wider, so that only the nodes
   at the border may be too near; f p_i is narrower, and has nodes that lie closer to each other.
   Where they do not serve, as with few rows or one that outweighs the others, a lattice of its own
   integrates the group with the row added or without it. Constants are left out, and gamma functions
   of DISPERSED counts. */

/* One group by itself, some of whose rows have been changed; `stride` rows. */
typedef struct {
    responses_t responses;
    int start[2], stride, extra;    /* extra: the place of a row that may be added */
    double *X, *Z, *y, *trials, *offset;
} changed_group_t;

typedef struct {
    const responses_t *responses;
    lattice_buffers_t whole, other;     /* of the groups as they are; of changed ones */
    node_places_t places;
    double *eta, *value;                /* nodes */
    changed_group_t changed;
} family_likelihood_t;

/* `responses` must outlive it. */
void take_family_likelihood(const responses_t *responses, workspace_t *work,
                            family_likelihood_t *own);

/* Rows of one group beside each other. */
typedef struct {
    int n;
    const double *X, *Z;        /* n x p, n x q */
    const double *y, *trials, *offset;
    const int *group;           /* n: -1 where it has no data */
    const int *at;              /* n: which of the group's rows it is a part of; or NULL */
} likelihood_rows_t;

/* What is asked of the rows from, ..., to - 1, all of one group. */
typedef struct {
    const likelihood_rows_t *rows;
    int from, to;
    int leave_out;
    monitor_t *monitor;
    const double *shift, *uniform;      /* of draws: q; rows, `stride` apart */
    size_t stride;
    double *out;                        /* the first row's, `stride` apart */
} row_request_t;

/* Before the rows of another group than before. */
void start_changed_group(family_likelihood_t *own, int group);

/* log p(y_i | the group's data) of each row, left out of them or not. */
status_t log_densities_given_group(family_likelihood_t *own, const row_request_t *request,
                                   const group_parameters_t *at);

/* Draws of the linear predictors of rows that are left out of the group's data. */
status_t draw_predictors_left_out(family_likelihood_t *own, const row_request_t *request,
                                  const group_parameters_t *at);

#endif
