#ifndef RELM_LINPRED_H
#define RELM_LINPRED_H

#include <stddef.h>

/* Draws of a row's mean and of observations about it. Draws lie next to each other:
   a column of coefficients holds n of them. */

/* mean <- offset */
void start_mean(size_t n, double offset, double *mean);

/* mean <- mean + sum_k x_k coefficients_k; the x_k lie `stride` doubles apart,
   coefficients: n x k. */
void add_to_mean(size_t n, int k, const double *x, size_t stride, const double *coefficients,
                 double *mean);

/* values <- values + scale sigma z, z standard normal; sigma: n. */
void add_residuals(size_t n, double scale, const double *sigma, double *values);

/* The same with the n normals that are given. */
void add_given_residuals(size_t n, double scale, const double *sigma, const double *normals,
                         double *values);

#endif
