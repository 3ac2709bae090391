#include <math.h>
#include <string.h>
#include "crossprods.h"
#include "linalg.h"

/* Rows that are reflected at once: enough to amortize a reflection, few
   enough to stay in the first-level cache. */
enum { BLOCK_ROWS = 64 };

/* A smaller sum of squares, of what rounding leaves of rounding errors, has an inverse that
   overflows. */
static const double least_square = 1e-307;

void absorb_block(int n_pivots, int n_columns, double *top,
                  int n_rows, int ld, double *block)
{
    for (int k = 0; k < n_pivots; k++) {
        const double *tail = block + (size_t) ld * k;
        double tail2 = dot(n_rows, tail, tail);
        if (tail2 < least_square) continue;
        double *pivot = top + (size_t) n_pivots * k + k;
        double norm = sqrt(*pivot * *pivot + tail2);
        /* The first element of the reflection's vector, pivot - norm, in the
           form that does not cancel (Parlett 1971). */
        double head = -tail2 / (*pivot + norm);
        double scale = 2.0 / (head * head + tail2);
        *pivot = norm;
        for (int l = k + 1; l < n_columns; l++) {
            double *above = top + (size_t) n_pivots * l + k;
            double *column = block + (size_t) ld * l;
            double along = scale * (head * *above + dot(n_rows, tail, column));
            *above -= along * head;
            for (int i = 0; i < n_rows; i++) column[i] -= along * tail[i];
        }
    }
}

/* Digits of the cells' numbers in a radix sort. */
enum { DIGIT_BITS = 11, N_DIGITS = 1 << DIGIT_BITS };

static void sort_by_digit(int n_rows, const int *cell, int shift, const int *from, int *to)
{
    int start[N_DIGITS + 1] = { 0 };
    for (int i = 0; i < n_rows; i++) start[((cell[i] >> shift) & (N_DIGITS - 1)) + 1]++;
    for (int d = 0; d < N_DIGITS; d++) start[d + 1] += start[d];
    for (int i = 0; i < n_rows; i++)
        to[start[(cell[from[i]] >> shift) & (N_DIGITS - 1)]++] = from[i];
}

const int *order_by_cell(int n_rows, const int *cell, int n_cells, int *order, int *work)
{
    int sorted = 1;
    for (int i = 0; i < n_rows; i++) {
        order[i] = i;
        if (i > 0 && cell[i] < cell[i - 1]) sorted = 0;
    }
    if (sorted) return order;
    for (int shift = 0; shift < 31 && (n_cells - 1) >> shift > 0; shift += DIGIT_BITS) {
        sort_by_digit(n_rows, cell, shift, order, work);
        int *sorted_order = work;
        work = order;
        order = sorted_order;
    }
    return order;
}

int number_by_first_row(int n_rows, const int *code, int *number_of, int *first, int *number)
{
    int n_seen = 0;
    for (int i = 0; i < n_rows; i++) {
        int *own = number_of + code[i] - 1;
        if (*own == 0) {
            first[n_seen++] = code[i];
            *own = n_seen;
        }
        number[i] = *own;
    }
    return n_seen;
}

size_t absorb_rows_work(int n_random, int n_fixed)
{
    return (size_t) BLOCK_ROWS * ((size_t) n_random + n_fixed + 1);
}

/* The rows order[0..n_rows-1] as a block of [Z X y], shifted and weighted. */
static void gather_block(const rows_t *rows, int q, int p,
                         const int *order, int n_rows, double *block)
{
    for (int k = 0; k < q + p + 1; k++) {
        const double *source = k < q ? rows->Z + (size_t) rows->n_rows * k
            : k < q + p ? rows->X + (size_t) rows->n_rows * (k - q) : rows->y;
        double *column = block + (size_t) BLOCK_ROWS * k;
        for (int i = 0; i < n_rows; i++)
            column[i] = source[order[i]] - rows->shift[k];
        if (rows->weights)
            for (int i = 0; i < n_rows; i++)
                column[i] *= sqrt(rows->weights[order[i]]);
    }
}

void absorb_rows(const rows_t *rows, factors_t *factors, double *work)
{
    int q = factors->n_random, p = factors->n_fixed, m = q + p + 1;
    for (int start = 0, end; start < rows->n_rows; start = end) {
        int cell = rows->cell[rows->order[start]];
        for (end = start + 1; end < rows->n_rows && end - start < BLOCK_ROWS; end++)
            if (rows->cell[rows->order[end]] != cell) break;
        gather_block(rows, q, p, rows->order + start, end - start, work);
        absorb_block(q, m, factors->cell_factor + (size_t) q * m * cell,
                     end - start, BLOCK_ROWS, work);
        size_t level_size = (size_t) (p + 1) * (p + 1);
        absorb_block(p + 1, p + 1,
                     factors->level_factor + level_size * rows->cell_level[cell],
                     end - start, BLOCK_ROWS, work + (size_t) BLOCK_ROWS * q);
    }
}

void absorb_cells(const factors_t *factors, int n_cells, const int *cell_level,
                  double *totals, double *work)
{
    int q = factors->n_random, p = factors->n_fixed;
    size_t cell_size = (size_t) q * (q + p + 1);
    size_t level_size = (size_t) (p + 1) * (p + 1);
    for (int cell = 0; cell < n_cells; cell++) {
        const double *Cc = factors->cell_factor + cell_size * cell + (size_t) q * q;
        memcpy(work, Cc, sizeof(double) * q * (p + 1));
        absorb_block(p + 1, p + 1, totals + level_size * cell_level[cell], q, q, work);
    }
}

static void change_one(const coordinates_t *to, const double *old, double *out)
{
    int n = to->n_rows, q = to->n_random, p = to->n_fixed;
    const double *C = old + (size_t) n * q, *c = C + (size_t) n * p;
    for (int k = 0; k < q; k++) {
        const double *ones = old + (size_t) n * (to->intercept < 0 ? 0 : to->intercept);
        double shift = to->intercept < 0 ? 0.0 : to->shift[k];
        for (int r = 0; r < n; r++) *out++ = old[r + (size_t) n * k] + shift * ones[r];
    }
    for (int l = 0; l < to->n_new; l++)
        for (int r = 0; r < n; r++) {
            double sum = 0.0;
            for (int k = 0; k < p; k++)
                sum += C[r + (size_t) n * k] * to->A[k + (size_t) p * l];
            *out++ = sum;
        }
    for (int r = 0; r < n; r++) {
        double rest = c[r];
        for (int k = 0; k < p; k++) rest -= C[r + (size_t) n * k] * to->offset[k];
        *out++ = rest;
    }
}

void change_coordinates(const coordinates_t *to, int n_factors,
                        const double *factors, double *changed)
{
    size_t old_size = (size_t) to->n_rows * (to->n_random + to->n_fixed + 1);
    size_t new_size = (size_t) to->n_rows * (to->n_random + to->n_new + 1);
    for (int i = 0; i < n_factors; i++)
        change_one(to, factors + old_size * i, changed + new_size * i);
}
