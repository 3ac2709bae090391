#ifndef RELM_WEIGHING_H
#define RELM_WEIGHING_H

#include "group.h"
#include "marginal.h"
#include "nested.h"

/* The groups of a grouping as the data of a marginal, in units of their residual variances. */
typedef struct {
    weighed_buffers_t group;
    double *rows;           /* (p + 1) x (p + 1) */
    double *gathered;
} weighing_buffers_t;

weighing_buffers_t take_weighing(int q, int p, workspace_t *work);

/* Squares of the factors of strata: group_data_t's stratum_products. */
void square_strata(const model_t *model, double *products);

/* In units of the residual variances sigma2, or of the common one where sigma2 is NULL. */
void weigh_groups(const model_t *model, const grouping_t *grouping, const double *sigma2,
                  group_data_t *data, const weighing_buffers_t *buffers);

/* The cells of the model as the data of a longer chain, in the same units. rows:
   nested_rows_size() doubles; place: the place of each group of the leaf in the chain's order. */
status_t weigh_nested(const model_t *model, const step_t *step, const double *sigma2,
                      const int *place, nested_t *nested, double *rows, monitor_t *monitor);
size_t nested_rows_size(const model_t *model, const step_t *step);

#endif
