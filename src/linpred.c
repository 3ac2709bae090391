#include "linpred.h"

void start_eta(size_t n, double offset, double *eta)
{
    for (size_t i = 0; i < n; i++) eta[i] = offset;
}

void add_to_eta(size_t n, int k, const double *x, size_t stride, const double *coefficients,
                double *eta)
{
    for (int c = 0; c < k; c++) {
        const double *column = coefficients + n * c;
        double value = x[stride * c];
        /* One by one a loop as short as this costs a third more where the linker puts it badly. */
#ifdef _OPENMP
# pragma omp simd
#endif
        for (size_t i = 0; i < n; i++) eta[i] += value * column[i];
    }
}
