#define USE_FC_LEN_T
#include <Rconfig.h>
#include <R_ext/Lapack.h>
#ifndef FCONE
# define FCONE
#endif
#include <string.h>
#include "linalg.h"
#include "panels.h"

/* Below this order a plain loop beats the overhead of a LAPACK call. */
enum { LAPACK_FROM = 16 };

/* The order of the leading minor that is not positive definite; 0 where there is none. */
static int failing_order_loop(int n, double *A)
{
    for (int j = 0; j < n; j++) {
        double *column = A + (size_t) n * j;
        for (int i = 0; i < j; i++) {
            const double *left = A + (size_t) n * i;
            column[i] = (column[i] - dot(i, left, column)) / left[i];
        }
        double pivot = column[j] - dot(j, column, column);
        if (!(pivot > 0.0)) return j + 1;
        column[j] = sqrt(pivot);
    }
    return 0;
}

static int failing_order(int n, double *A)
{
    if (n < LAPACK_FROM) return failing_order_loop(n, A);
    if (n >= MANY_COLUMNS) return cholesky_in_panels(n, A);
    int info = 0;
    F77_CALL(dpotrf)("U", &n, A, &n, &info FCONE);
    return info;
}

status_t cholesky_general(int n, double *A)
{
    return failing_order(n, A) == 0 ? STATUS_OK : STATUS_NOT_POSITIVE_DEFINITE;
}

status_t cholesky_with_residual(int n, double *A)
{
    const double *last = A + (size_t) n * (n - 1);
    double square = last[n - 1];
    int order = failing_order(n, A);
    if (order == 0) return STATUS_OK;
    /* Up to the last pivot the factor is there. */
    if (order < n || !(fabs(square - dot(n - 1, last, last)) <= 1e-8 * square))
        return STATUS_NOT_POSITIVE_DEFINITE;
    A[(size_t) n * n - 1] = 0.0;
    return STATUS_OK;
}

void solve_upper_transposed_general(int n, const double *U, double *x)
{
    for (int j = 0; j < n; j++) {
        const double *column = U + (size_t) n * j;
        x[j] = (x[j] - dot(j, column, x)) / column[j];
    }
}

void solve_upper_general(int n, const double *U, double *x)
{
    for (int j = n - 1; j >= 0; j--) {
        const double *column = U + (size_t) n * j;
        x[j] /= column[j];
        for (int i = 0; i < j; i++) x[i] -= column[i] * x[j];
    }
}

void inverse_from_cholesky(int n, const double *U, double *inverse)
{
    memset(inverse, 0, sizeof(double) * (size_t) n * n);
    for (int j = 0; j < n; j++) {
        double *column = inverse + (size_t) n * j;
        column[j] = 1.0;
        solve_upper_transposed(n, U, column);
        solve_upper(n, U, column);
    }
}

void add_crossproducts(int rows, int columns, const double *W, double sigma2,
                       double *products)
{
    for (int k = 0; k < columns; k++)
        for (int l = 0; l <= k; l++)
            products[l + (size_t) columns * k] +=
                dot(rows, W + (size_t) rows * l, W + (size_t) rows * k) / sigma2;
}
