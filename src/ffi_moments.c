#include <string.h>
#include "ffi_moments.h"

SEXP allocate_moments(const grouping_t *grouping, moment_sums_t *sums)
{
    size_t q = (size_t) grouping->n_random, J = (size_t) grouping->n_groups;
    const char *names[] = { "mean", "covariance", "with_beta" };
    SEXP values[3];
    values[0] = PROTECT(draw_matrix((double) (q * J), 1));
    values[1] = PROTECT(draw_matrix((double) (q * q * J), 1));
    values[2] = PROTECT(draw_matrix((double) (q * J), 1));
    for (int k = 0; k < 3; k++)
        memset(REAL(values[k]), 0, sizeof(double) * (size_t) xlength(values[k]));
    sums->mean = REAL(values[0]);
    sums->covariance = REAL(values[1]);
    sums->with_beta = REAL(values[2]);
    sums->first = doubles((double) (q * J));
    SEXP list = named_list(3, names, values);
    UNPROTECT(3);
    return list;
}

/* Means as they differ from those of the first. */
void add_moments(const grouping_t *grouping, const int *number, const double *mean,
                 const double *covariance, const hyper_draws_t *draws, int i, int p,
                 const double *beta_mean, moment_sums_t *sums)
{
    int q = grouping->n_random;
    for (int place = 0; place < grouping->n_groups; place++) {
        size_t j = (size_t) number[place];
        const double *m = mean + (size_t) q * place;
        const double *C = covariance + (size_t) q * q * place;
        double *first = sums->first + q * j, *total = sums->covariance + q * q * j;
        if (i == 0) memcpy(first, m, sizeof(double) * q);
        for (int k = 0; k < q; k++) {
            double change = m[k] - first[k];
            sums->mean[k + q * j] += change;
            for (int r = 0; r < q; r++)
                total[r + (size_t) q * k] += C[r + (size_t) q * k] + change * (m[r] - first[r]);
        }
        for (int k = 0; k < grouping->n_pairs; k++) {
            int column = grouping->pair_column[k], coef = grouping->pair_coef[k];
            sums->with_beta[column + q * j] += (m[column] - first[column])
                * (draws->beta[coef + (size_t) p * i] - beta_mean[coef]);
        }
    }
}

void average_moments(const grouping_t *grouping, int n, moment_sums_t *sums)
{
    int q = grouping->n_random;
    for (int j = 0; j < grouping->n_groups; j++) {
        double *mean = sums->mean + (size_t) q * j, *C = sums->covariance + (size_t) q * q * j;
        for (int k = 0; k < q; k++) {
            mean[k] /= n;
            sums->with_beta[k + (size_t) q * j] /= n;
        }
        for (int k = 0; k < q; k++)
            for (int r = 0; r < q; r++)
                C[r + (size_t) q * k] = C[r + (size_t) q * k] / n - mean[r] * mean[k];
        for (int k = 0; k < q; k++) mean[k] += sums->first[k + (size_t) q * j];
    }
}
