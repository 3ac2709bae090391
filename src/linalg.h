#ifndef RELM_LINALG_H
#define RELM_LINALG_H

#include <math.h>
#include "status.h"

/* Small dense linear algebra. Matrices are stored by columns; an n x n matrix
   has leading dimension n. Symmetric matrices are read in their upper half. */

/* U with U'U = A, in place of A's upper half, for any n. */
status_t cholesky_general(int n, double *A);

/* The same of [X y]'[X y], whose last pivot, the square of what X leaves of y, may be nothing
   but rounding: it is 0 then. */
status_t cholesky_with_residual(int n, double *A);

/* x <- U'^-1 x and x <- U^-1 x, for any n. */
void solve_upper_transposed_general(int n, const double *U, double *x);
void solve_upper_general(int n, const double *U, double *x);

/* A^-1 from U with U'U = A; both halves are filled. */
void inverse_from_cholesky(int n, const double *U, double *inverse);

/* products <- products + W'W/sigma2, upper half, W rows x columns. */
void add_crossproducts(int rows, int columns, const double *W, double sigma2,
                       double *products);

/* sum_k x_k y_k */
static inline double dot(int n, const double *x, const double *y)
{
    double sum = 0.0;
    for (int k = 0; k < n; k++) sum += x[k] * y[k];
    return sum;
}

/* One and two columns are what most models have; unrolled, a group's draw
   takes half the time that the general loops take. */
static inline status_t cholesky(int n, double *A)
{
    if (n == 1) {
        if (!(A[0] > 0.0)) return STATUS_NOT_POSITIVE_DEFINITE;
        A[0] = sqrt(A[0]);
        return STATUS_OK;
    }
    if (n == 2) {
        if (!(A[0] > 0.0)) return STATUS_NOT_POSITIVE_DEFINITE;
        A[0] = sqrt(A[0]);
        A[2] /= A[0];
        A[3] -= A[2] * A[2];
        if (!(A[3] > 0.0)) return STATUS_NOT_POSITIVE_DEFINITE;
        A[3] = sqrt(A[3]);
        return STATUS_OK;
    }
    return cholesky_general(n, A);
}

static inline void solve_upper_transposed(int n, const double *U, double *x)
{
    if (n == 1) {
        x[0] /= U[0];
    } else if (n == 2) {
        x[0] /= U[0];
        x[1] = (x[1] - U[2] * x[0]) / U[3];
    } else {
        solve_upper_transposed_general(n, U, x);
    }
}

static inline void solve_upper(int n, const double *U, double *x)
{
    if (n == 1) {
        x[0] /= U[0];
    } else if (n == 2) {
        x[1] /= U[3];
        x[0] = (x[0] - U[2] * x[1]) / U[0];
    } else {
        solve_upper_general(n, U, x);
    }
}

#endif
