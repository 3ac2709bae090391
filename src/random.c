#include <math.h>
#include <string.h>
#include <Rmath.h>
#include <R_ext/Random.h>
#include "linalg.h"
#include "random.h"

void draw_standard_normals(int n, double *z)
{
    for (int k = 0; k < n; k++) z[k] = norm_rand();
}

/* Two columns by hand, with two divisions for the five of the general form: this
   is most of what a group costs beside its variates. */
static status_t draw_two_given_precision(double *P, const double *z, double *x)
{
    if (!(P[0] > 0.0)) return STATUS_NOT_POSITIVE_DEFINITE;
    P[0] = sqrt(P[0]);
    double inverse0 = 1.0 / P[0];
    P[2] *= inverse0;
    P[3] -= P[2] * P[2];
    if (!(P[3] > 0.0)) return STATUS_NOT_POSITIVE_DEFINITE;
    P[3] = sqrt(P[3]);
    double inverse1 = 1.0 / P[3];
    double v0 = x[0] * inverse0;
    double v1 = (x[1] - P[2] * v0) * inverse1;
    x[1] = (v1 + z[1]) * inverse1;
    x[0] = (v0 + z[0] - P[2] * x[1]) * inverse0;
    return STATUS_OK;
}

status_t draw_normal_given_precision(int n, double *P, const double *z, double *x)
{
    if (n == 2) return draw_two_given_precision(P, z, x);
    RETURN_IF_FAILED(cholesky(n, P));
    solve_upper_transposed(n, P, x);
    for (int k = 0; k < n; k++) x[k] += z[k];
    solve_upper(n, P, x);
    return STATUS_OK;
}

/* Bartlett's factor, lower triangular, row by row: A A' ~ Wishart(df, I). */
static void draw_bartlett(int n, double df, double *A)
{
    memset(A, 0, sizeof(double) * (size_t) n * n);
    for (int k = 0; k < n; k++) {
        A[k + (size_t) n * k] = sqrt(rchisq(df - k));
        for (int l = 0; l < k; l++) A[k + (size_t) n * l] = norm_rand();
    }
}

wishart_buffers_t take_wishart(int n, workspace_t *work)
{
    wishart_buffers_t buffers;
    buffers.A = take_matrix(work, n, n);
    buffers.B = take_matrix(work, n, n);
    return buffers;
}

/* With S = U'U, W = U^-1 A A' U'^-1 is Wishart(df, S^-1), and its inverse is
   B'B with B = A^-1 U. */
void draw_inverse_wishart(int n, double df, const double *root_S, double *Sigma,
                          const wishart_buffers_t *buffers)
{
    double *A = buffers->A, *B = buffers->B;
    draw_bartlett(n, df, A);
    for (int j = 0; j < n; j++) {
        double *b = B + (size_t) n * j;
        for (int i = 0; i < n; i++) {
            double sum = i <= j ? root_S[i + (size_t) n * j] : 0.0;
            for (int k = 0; k < i; k++) sum -= A[i + (size_t) n * k] * b[k];
            b[i] = sum / A[i + (size_t) n * i];
        }
    }
    for (int j = 0; j < n; j++)
        for (int i = 0; i < n; i++)
            Sigma[i + (size_t) n * j] = dot(n, B + (size_t) n * i, B + (size_t) n * j);
}

status_t log_det_correlation(int n, const double *Sigma, double *root, double *value)
{
    for (int j = 0; j < n; j++)
        for (int i = 0; i < n; i++)
            root[i + (size_t) n * j] = Sigma[i + (size_t) n * j]
                / (sqrt(Sigma[i + (size_t) n * i]) * sqrt(Sigma[j + (size_t) n * j]));
    RETURN_IF_FAILED(cholesky(n, root));
    *value = 0.0;
    for (int k = 0; k < n; k++) *value += 2.0 * log(root[k + (size_t) n * k]);
    return STATUS_OK;
}
