#include <math.h>
#include "crossprods.h"
#include "downdate.h"
#include "linalg.h"

void clear_noise(int n_pivots, int n_columns, double *top, const double *noise, double *beside,
                 double *row)
{
    for (int k = 0; k < n_pivots; k++) {
        if (top[(size_t) n_pivots * k + k] > noise[k]) continue;
        for (int l = 0; l < n_columns; l++) {
            double *element = top + (size_t) n_pivots * l + k;
            row[l] = l > k ? *element : 0.0;
            *element = 0.0;
        }
        absorb_block(n_pivots, n_columns, top, 1, 1, row);
        int n_beside = n_columns - n_pivots;
        if (beside) absorb_block(n_beside, n_beside, beside, 1, 1, row + n_pivots);
    }
}

/* With a^2 - b'b for the square of (a, b), a reflection in v = (pivot - norm, tail), whose square
   is -2 norm (pivot - norm), takes (pivot, tail) to (norm, 0) (Golub and Van Loan 2013, section
   6.5.4). */
static void reflect_out(int n_columns, int n_pivots, int k, double *top, double norm, double tail2,
                        int n_rows, int ld, double *block)
{
    const double *tail = block + (size_t) ld * k;
    double *pivot = top + (size_t) n_pivots * k + k;
    /* pivot - norm in the form that does not cancel. */
    double head = tail2 / (*pivot + norm);
    *pivot = norm;
    for (int l = k + 1; l < n_columns; l++) {
        double *above = top + (size_t) n_pivots * l + k;
        double *column = block + (size_t) ld * l;
        double along = (dot(n_rows, tail, column) - head * *above) / (norm * head);
        *above -= along * head;
        for (int i = 0; i < n_rows; i++) column[i] -= along * tail[i];
    }
}

void remove_block(int n_pivots, int n_columns, double *top, int n_rows, int ld, double *block,
                  const double *noise, double least, removal_t *removal)
{
    for (int k = 0; k < n_pivots; k++) {
        const double *tail = block + (size_t) ld * k;
        double tail2 = dot(n_rows, tail, tail), pivot = top[(size_t) n_pivots * k + k];
        double length = sqrt(tail2);
        if (length <= noise[k]) continue;
        double share = pivot > 0.0 ? (1.0 - length / pivot) * (1.0 + length / pivot) : -1.0;
        if (share < removal->least_share) {
            removal->least_share = share;
            removal->column = k;
        }
        if (share < least) return;
        reflect_out(n_columns, n_pivots, k, top, pivot * sqrt(share), tail2, n_rows, ld, block);
    }
}
