#ifndef RELM_LINPRED_H
#define RELM_LINPRED_H

#include <stddef.h>

/* Draws of a row's linear predictor. Draws lie next to each other: a column of coefficients
   holds n of them. */

/* eta <- offset */
void start_eta(size_t n, double offset, double *eta);

/* eta <- eta + sum_k x_k coefficients_k; the x_k lie `stride` doubles apart,
   coefficients: n x k. */
void add_to_eta(size_t n, int k, const double *x, size_t stride, const double *coefficients,
                double *eta);

#endif
