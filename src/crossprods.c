#include <math.h>
#include <string.h>
#include "crossprods.h"
#include "linalg.h"
#include "panels.h"

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

/* Many columns are absorbed in panels, for which rows are collected. */
static int is_wide(int n_coef) { return n_coef + 1 >= MANY_COLUMNS; }

absorb_buffers_t take_rows(int n_random, int n_coef, workspace_t *work)
{
    absorb_buffers_t buffers;
    buffers.block = take_matrix(work, is_wide(n_coef) ? PANEL_ROWS : BLOCK_ROWS,
                                n_random + n_coef + 1);
    buffers.panels = take_panels(is_wide(n_coef) ? n_coef + 1 : 0, work);
    return buffers;
}

/* The rows order[0..n_rows-1] as a block of [Z X y], shifted and weighted. */
static void gather_block(const rows_t *rows, int q, int p,
                         const int *order, int n_rows, int ld, double *block)
{
    for (int k = 0; k < q + p + 1; k++) {
        const double *source = k < q ? rows->Z + (size_t) rows->n_rows * k
            : k < q + p ? rows->X + (size_t) rows->n_rows * (k - q) : rows->y;
        double *column = block + (size_t) ld * k;
        for (int i = 0; i < n_rows; i++)
            column[i] = source[order[i]] - rows->shift[k];
        if (rows->weights)
            for (int i = 0; i < n_rows; i++)
                column[i] *= sqrt(rows->weights[order[i]]);
    }
}

/* One past the last of the rows from `start` on that are absorbed at once. */
static int end_of_block(const rows_t *rows, int start)
{
    int cell = rows->cell[rows->order[start]], end = start + 1;
    while (end < rows->n_rows && end - start < BLOCK_ROWS
           && rows->cell[rows->order[end]] == cell)
        end++;
    return end;
}

/* Gathers a block and reflects it into its cell's factor, which leaves [X y] beside Z. */
static void absorb_into_cell(const rows_t *rows, factors_t *factors, int start, int end, int ld,
                             double *block)
{
    int q = factors->n_random, p = factors->n_coef, m = q + p + 1;
    int cell = rows->cell[rows->order[start]];
    gather_block(rows, q, p, rows->order + start, end - start, ld, block);
    absorb_block(q, m, factors->cell_factor + (size_t) q * m * cell, end - start, ld, block);
}

static double *factor_of_stratum(const factors_t *factors, int stratum)
{
    return factors->stratum_factor
        + (size_t) (factors->n_coef + 1) * (factors->n_coef + 1) * stratum;
}

/* Rows of one stratum are collected until no block has room beside them. */
static void absorb_wide_rows(const rows_t *rows, factors_t *factors,
                             const absorb_buffers_t *buffers)
{
    int q = factors->n_random, p = factors->n_coef, collected = 0, stratum = 0;
    double *Xy = buffers->block + (size_t) PANEL_ROWS * q;
    for (int start = 0, end; start < rows->n_rows; start = end) {
        int own = rows->cell_stratum[rows->cell[rows->order[start]]];
        end = end_of_block(rows, start);
        if (own != stratum || collected + BLOCK_ROWS > PANEL_ROWS) {
            absorb_panels(p + 1, factor_of_stratum(factors, stratum), collected, PANEL_ROWS, Xy,
                          &buffers->panels);
            collected = 0;
        }
        stratum = own;
        absorb_into_cell(rows, factors, start, end, PANEL_ROWS, buffers->block + collected);
        collected += end - start;
    }
    absorb_panels(p + 1, factor_of_stratum(factors, stratum), collected, PANEL_ROWS, Xy,
                  &buffers->panels);
}

void absorb_rows(const rows_t *rows, factors_t *factors, const absorb_buffers_t *buffers)
{
    int q = factors->n_random, p = factors->n_coef;
    if (is_wide(p)) {
        absorb_wide_rows(rows, factors, buffers);
        return;
    }
    for (int start = 0, end; start < rows->n_rows; start = end) {
        int stratum = rows->cell_stratum[rows->cell[rows->order[start]]];
        end = end_of_block(rows, start);
        absorb_into_cell(rows, factors, start, end, BLOCK_ROWS, buffers->block);
        absorb_block(p + 1, p + 1, factor_of_stratum(factors, stratum), end - start, BLOCK_ROWS,
                     buffers->block + (size_t) BLOCK_ROWS * q);
    }
}

/* Are cells collected, too? */
static int in_panels(int n_random, int n_coef)
{
    return is_wide(n_coef) && n_random <= PANEL_ROWS;
}

absorb_buffers_t take_cells(int n_random, int n_coef, workspace_t *work)
{
    int wide = in_panels(n_random, n_coef);
    absorb_buffers_t buffers;
    buffers.block = take_matrix(work, wide ? PANEL_ROWS : n_random, n_coef + 1);
    buffers.panels = take_panels(wide ? n_coef + 1 : 0, work);
    return buffers;
}

/* The cells of one stratum after another. */
static void absorb_wide_cells(const factors_t *factors, int n_cells, const int *cell_stratum,
                              int stratum, double *total, const absorb_buffers_t *buffers)
{
    int q = factors->n_random, p = factors->n_coef, collected = 0;
    double *block = buffers->block;
    for (int cell = 0; cell < n_cells; cell++) {
        if (cell_stratum[cell] != stratum) continue;
        if (collected + q > PANEL_ROWS) {
            absorb_panels(p + 1, total, collected, PANEL_ROWS, block, &buffers->panels);
            collected = 0;
        }
        const double *Cc = factors->cell_factor + (size_t) q * (q + p + 1) * cell + q * q;
        for (int k = 0; k < p + 1; k++)
            memcpy(block + collected + (size_t) PANEL_ROWS * k, Cc + (size_t) q * k,
                   sizeof(double) * q);
        collected += q;
    }
    absorb_panels(p + 1, total, collected, PANEL_ROWS, block, &buffers->panels);
}

void absorb_cells(const factors_t *factors, int n_cells, const int *cell_stratum, int n_strata,
                  double *totals, const absorb_buffers_t *buffers)
{
    int q = factors->n_random, p = factors->n_coef;
    size_t cell_size = (size_t) q * (q + p + 1);
    size_t stratum_size = (size_t) (p + 1) * (p + 1);
    if (in_panels(q, p)) {
        for (int s = 0; s < n_strata; s++)
            absorb_wide_cells(factors, n_cells, cell_stratum, s, totals + stratum_size * s,
                              buffers);
        return;
    }
    for (int cell = 0; cell < n_cells; cell++) {
        const double *Cc = factors->cell_factor + cell_size * cell + (size_t) q * q;
        memcpy(buffers->block, Cc, sizeof(double) * q * (p + 1));
        absorb_block(p + 1, p + 1, totals + stratum_size * cell_stratum[cell], q, q,
                     buffers->block);
    }
}

static int is_upper_triangular(int n_rows, int n_columns, const double *A)
{
    for (int l = 0; l < n_columns; l++)
        for (int k = l + 1; k < n_rows; k++)
            if (A[k + (size_t) n_rows * l] != 0.0) return 0;
    return 1;
}

/* out <- C a, C n x p. */
static void combine_columns(int n, int p, const double *C, const double *a, double *out)
{
    if (n == 1 && p >= MANY_COLUMNS) {
        *out = long_dot(p, C, a);
        return;
    }
    for (int r = 0; r < n; r++) out[r] = 0.0;
    for (int k = 0; k < p; k++)
        for (int r = 0; r < n; r++) out[r] += C[r + (size_t) n * k] * a[k];
}

static void change_one(const coordinates_t *to, int is_upper, const double *old, double *out)
{
    int n = to->n_rows, q = to->n_random, p = to->n_coef;
    const double *C = old + (size_t) n * q, *c = C + (size_t) n * p;
    for (int k = 0; k < q; k++) {
        const double *ones = old + (size_t) n * (to->intercept < 0 ? 0 : to->intercept);
        double shift = to->intercept < 0 ? 0.0 : to->shift[k];
        for (int r = 0; r < n; r++) *out++ = old[r + (size_t) n * k] + shift * ones[r];
    }
    for (int l = 0; l < to->n_new; l++, out += n)
        combine_columns(n, is_upper && l < p ? l + 1 : p, C, to->A + (size_t) p * l, out);
    for (int r = 0; r < n; r++) {
        double rest = c[r];
        for (int k = 0; k < p; k++) rest -= C[r + (size_t) n * k] * to->offset[k];
        *out++ = rest;
    }
}

void change_coordinates(const coordinates_t *to, int n_factors,
                        const double *factors, double *changed)
{
    size_t old_size = (size_t) to->n_rows * (to->n_random + to->n_coef + 1);
    size_t new_size = (size_t) to->n_rows * (to->n_random + to->n_new + 1);
    int is_upper = is_upper_triangular(to->n_coef, to->n_new, to->A);
    for (int i = 0; i < n_factors; i++)
        change_one(to, is_upper, factors + old_size * i, changed + new_size * i);
}
