#include <math.h>
#include <string.h>
#include "crossprods.h"
#include "lanes.h"
#include "linalg.h"
#include "merged.h"

void take_merged(merged_t *merged, workspace_t *work)
{
    const merged_pattern_t *pattern = merged->pattern;
    int rows = merged->n_coef + 1, most = 1;
    size_t n = (size_t) merged->n_columns;
    merged->own_gram = take(work, merged->own_start[pattern->n_nodes]);
    merged->gram = take(work, merged->gram_start[pattern->start[pattern->n_nodes]]);
    merged->linear = take(work, n * rows);
    merged->rest = take_matrix(work, rows, rows);
    merged->R = take(work, merged->row_start[n]);
    merged->row = take(work, n + rows);
    merged->root = take_matrix(work, rows, rows);
    merged->spare = take_matrix(work, rows, rows);
    for (int l = 0; l < merged->n_levels; l++) {
        int q = merged->width[l];
        if (q > most) most = q;
        merged->L[l] = take_matrix(work, q, q);
    }
    merged->product = take_matrix(work, most, most);
    merged->normals = take(work, n);
    merged->u = take(work, n);
}

/* The data ------------------------------------------------------------------------------------ */

static inline double cell_weight(const model_t *model, const double *sigma2, int cell)
{
    return sigma2 ? 1.0 / sigma2[model->cells.stratum[cell]] : 1.0;
}

static inline int node_of_cell(const model_t *model, const merged_t *merged, int l, int cell)
{
    return merged->node[l][model->cells.group[cell + (size_t) model->cells.n
                                              * merged->grouping[l]]];
}

/* The entry of a node for a later one, which it meets. */
static int find_entry(const merged_pattern_t *pattern, int node, int later)
{
    int low = pattern->start[node], high = pattern->start[node + 1] - 1;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (pattern->later[middle] < later) low = middle + 1;
        else high = middle;
    }
    return low;
}

int cell_is_known(const model_t *model, const merged_t *merged, int l, int m, int cell)
{
    const merged_pattern_t *pattern = merged->pattern;
    int node = node_of_cell(model, merged, l, cell);
    int other = node_of_cell(model, merged, m, cell);
    if (node > other) return 1;
    int entry = find_entry(pattern, node, other);
    return entry < pattern->start[node + 1] && pattern->later[entry] == other
        && pattern->has_rows[entry];
}

/* products (n_a x n_b, by rows) <- products + weight A'B of the columns with these places. */
static void add_products(int n, double weight, const double *factor, const grouping_t *a,
                         const grouping_t *b, double *products)
{
    for (int k = 0; k < a->n_random; k++)
        for (int l = 0; l < b->n_random; l++)
            *products++ += weight * dot(n, factor + (size_t) n * a->place[k],
                                        factor + (size_t) n * b->place[l]);
}

static void weigh_cell(const model_t *model, merged_t *merged, double weight, int cell)
{
    const merged_pattern_t *pattern = merged->pattern;
    int n = model->cells.n_columns, p = merged->n_coef;
    const double *factor = joint_factor(&model->cells, cell), *C = factor + (size_t) n * n;
    for (int l = 0; l < merged->n_levels; l++) {
        int node = node_of_cell(model, merged, l, cell);
        const grouping_t *own = model->grouping + merged->grouping[l];
        add_products(n, weight, factor, own, own, merged->own_gram + merged->own_start[node]);
        double *linear = merged->linear + (size_t) (p + 1) * merged->first[node];
        for (int k = 0; k < own->n_random; k++)
            for (int c = 0; c <= p; c++)
                *linear++ += weight * dot(n, factor + (size_t) n * own->place[k],
                                          C + (size_t) n * c);
        for (int m = 0; m < merged->n_levels; m++) {
            int other = node_of_cell(model, merged, m, cell);
            if (other <= node) continue;
            int entry = find_entry(pattern, node, other);
            add_products(n, weight, factor, own, model->grouping + merged->grouping[m],
                         merged->gram + merged->gram_start[entry]);
        }
    }
    add_crossproducts(n, p + 1, C, 1.0 / weight, merged->rest);
}

status_t weigh_merged(const model_t *model, const double *sigma2, merged_t *merged,
                      monitor_t *monitor)
{
    const merged_pattern_t *pattern = merged->pattern;
    int n = pattern->n_nodes, rows = merged->n_coef + 1;
    double visits = 1.0 + 0.02 * model->cells.n_columns * rows * rows;
    merged->sigma2 = sigma2;
    memset(merged->own_gram, 0, sizeof(double) * merged->own_start[n]);
    memset(merged->gram, 0, sizeof(double) * merged->gram_start[pattern->start[n]]);
    memset(merged->linear, 0, sizeof(double) * rows * (size_t) merged->n_columns);
    memset(merged->rest, 0, sizeof(double) * rows * rows);
    memset(merged->row, 0, sizeof(double) * ((size_t) merged->n_columns + rows));
    for (int s = 0; s < model->n_strata; s++)
        add_crossproducts(rows, rows, stratum_factor(model, s), sigma2 ? sigma2[s] : 1.0,
                          merged->rest);
    for (int cell = 0; cell < model->cells.n; cell++) {
        weigh_cell(model, merged, cell_weight(model, sigma2, cell), cell);
        if (user_wants_to_stop(monitor, visits)) return STATUS_INTERRUPTED;
    }
    return STATUS_OK;
}

/* By products --------------------------------------------------------------------------------- */

/* product (n_a x n_b, by rows) <- A'G B, A and B lower triangular. */
static void scale_products(int n_a, const double *A, const double *G, int n_b, const double *B,
                           double *product)
{
    for (int k = 0; k < n_a; k++)
        for (int l = 0; l < n_b; l++) {
            double sum = 0.0;
            for (int i = k; i < n_a; i++)
                for (int j = l; j < n_b; j++)
                    sum += A[i + (size_t) n_a * k] * G[j + (size_t) n_b * i]
                        * B[j + (size_t) n_b * l];
            product[l + (size_t) n_b * k] = sum;
        }
}

/* The row of a node with one column, which most have. */
static void fill_row(const merged_t *merged, int node)
{
    const merged_pattern_t *pattern = merged->pattern;
    int first = merged->first[node], rows = merged->n_coef + 1;
    double lambda = merged->L[merged->level[node]][0], *R = merged->R + merged->row_start[first];
    const double *linear = merged->linear + (size_t) rows * first;
    *R++ = 1.0 + lambda * lambda * merged->own_gram[merged->own_start[node]];
    for (int i = pattern->start[node]; i < pattern->start[node + 1]; i++) {
        int l = merged->level[pattern->later[i]], q = merged->width[l];
        const double *L = merged->L[l], *G = merged->gram + merged->gram_start[i];
        if (!pattern->has_rows[i]) {
            for (int k = 0; k < q; k++) *R++ = 0.0;
        } else if (q == 1) {
            *R++ = lambda * G[0] * L[0];
        } else {
            for (int k = 0; k < q; k++)
                *R++ = lambda * dot(q - k, G + k, L + k + (size_t) q * k);
        }
    }
    for (int c = 0; c < rows; c++) R[c] = lambda * linear[c];
}

/* The rows of a node of I + L'Z'Z L, and of L'Z'[X y]. */
static void fill_rows(const merged_t *merged, int node)
{
    const merged_pattern_t *pattern = merged->pattern;
    int q = node_width(merged, node), rows = merged->n_coef + 1, first = merged->first[node];
    const double *L = merged->L[merged->level[node]];
    const double *linear = merged->linear + (size_t) rows * first;
    double *product = merged->product;
    scale_products(q, L, merged->own_gram + merged->own_start[node], q, L, product);
    for (int r = 0; r < q; r++) {
        double *R = merged->R + merged->row_start[first + r];
        for (int c = r; c < q; c++) R[c - r] = product[c + (size_t) q * r] + (c == r);
    }
    int at = q;
    for (int i = pattern->start[node]; i < pattern->start[node + 1]; i++) {
        int other = pattern->later[i], theirs = node_width(merged, other);
        if (pattern->has_rows[i])
            scale_products(q, L, merged->gram + merged->gram_start[i], theirs,
                           merged->L[merged->level[other]], product);
        else
            memset(product, 0, sizeof(double) * q * theirs);
        for (int r = 0; r < q; r++)
            memcpy(merged->R + merged->row_start[first + r] + at - r, product + theirs * r,
                   sizeof(double) * theirs);
        at += theirs;
    }
    for (int r = 0; r < q; r++) {
        double *W = merged->R + merged->row_start[first + r] + at - r;
        for (int c = 0; c < rows; c++) {
            double sum = 0.0;
            for (int i = r; i < q; i++) sum += L[i + (size_t) q * r] * linear[c + rows * i];
            W[c] = sum;
        }
    }
}

/* x <- x - factor y */
INLINED void subtract_multiple(int n, double factor, const double *y, double *x)
{
    int k = 0;
    for (; k + LANES <= n; k += LANES)
        *(lanes_t *) (x + k) -= factor * *(const lanes_t *) (y + k);
    for (; k < n; k++) x[k] -= factor * y[k];
}

/* row <- row - factor times the elements of another from `at` on. */
INLINED void subtract_row(const merged_t *merged, int other, int at)
{
    int n = merged->row_length[other], gapless = merged->row_gapless[other];
    const int *list = merged->list + merged->row_list[other];
    const double *R = merged->R + merged->row_start[other];
    double factor = R[at], *row = merged->row, *end = row + merged->n_columns;
    int i = at;
    for (; i < gapless; i++) row[list[i]] -= factor * R[i];
    subtract_multiple(n - i, factor, R + i, row + list[i]);
    for (int c = 0; c <= merged->n_coef; c++) end[c] -= factor * R[n + c];
}

/* A row less those before it that have an element in its column. */
FOR_WIDE_VECTORS_TOO
static void subtract_before(const merged_t *merged, int c)
{
    int n = merged->row_length[c], rows = merged->n_coef + 1;
    const int *list = merged->list + merged->row_list[c];
    double *R = merged->R + merged->row_start[c], *row = merged->row;
    double *end = row + merged->n_columns;
    for (int i = 0; i < n; i++) row[list[i]] = R[i];
    memcpy(end, R + n, sizeof(double) * rows);
    for (int k = merged->before_start[c]; k < merged->before_start[c + 1]; k++)
        subtract_row(merged, merged->before[k], merged->before_at[k]);
    for (int i = 0; i < n; i++) {
        R[i] = row[list[i]];
        row[list[i]] = 0.0;
    }
    memcpy(R + n, end, sizeof(double) * rows);
    memset(end, 0, sizeof(double) * rows);
}

/* Divides a row by the root of its diagonal, and takes its W'W off the products; 0 where the
   diagonal has lost six digits. */
static int close_row(const merged_t *merged, int c, double before, double *products)
{
    int n = merged->row_length[c], rows = merged->n_coef + 1;
    double *R = merged->R + merged->row_start[c], *W = R + n;
    if (!(R[0] > 1e-6 * before)) return 0;
    double root = sqrt(R[0]), scale = 1.0 / root;
    R[0] = root;
    for (int i = 1; i < n + rows; i++) R[i] *= scale;
    for (int k = 0; k < rows; k++)
        for (int l = 0; l <= k; l++) products[l + (size_t) rows * k] -= W[l] * W[k];
    return 1;
}

/* R, log|V| and the products; 0 where digits have been lost. */
static int factor_products(merged_t *merged, marginal_t *marginal)
{
    int rows = merged->n_coef + 1;
    double product = 1.0;
    marginal->log_det = 0.0;
    memcpy(marginal->root, merged->rest, sizeof(double) * rows * rows);
    for (int node = 0; node < merged->pattern->n_nodes; node++) {
        if (node_width(merged, node) == 1) fill_row(merged, node);
        else fill_rows(merged, node);
        for (int c = merged->first[node]; c < merged->first[node + 1]; c++) {
            double *R = merged->R + merged->row_start[c], before = R[0];
            if (merged->before_start[c] < merged->before_start[c + 1]) subtract_before(merged, c);
            if (!close_row(merged, c, before, marginal->root)) return 0;
            product *= R[0];
            if (product > 1e100) {
                marginal->log_det += 2.0 * log(product);
                product = 1.0;
            }
        }
    }
    marginal->log_det += 2.0 * log(product);
    return 1;
}

static void square_root(int n, const double *root, double *products)
{
    memset(products, 0, sizeof(double) * n * n);
    add_crossproducts(n, n, root, 1.0, products);
}

status_t merged_products(const model_t *model, merged_t *merged, marginal_t *marginal,
                         monitor_t *monitor)
{
    double visits = 0.1 * (double) merged->row_start[merged->n_columns];
    if (user_wants_to_stop(monitor, visits)) return STATUS_INTERRUPTED;
    merged->is_rotated = 0;
    if (factor_products(merged, marginal)) return STATUS_OK;
    RETURN_IF_FAILED(rotate_merged(model, merged, &marginal->log_det, merged->root, monitor));
    square_root(merged->n_coef + 1, merged->root, marginal->root);
    return STATUS_OK;
}

status_t merged_root(const model_t *model, merged_t *merged, marginal_t *marginal,
                     monitor_t *monitor)
{
    int n = merged->n_coef + 1;
    if (!merged->is_rotated) {
        double *most = merged->spare;
        for (int k = 0; k < n; k++) most[k] = merged->rest[k + (size_t) n * k];
        status_t status = cholesky(n, marginal->root);
        if (status == STATUS_OK && !has_cancelled(n, marginal->root, most)) return STATUS_OK;
        RETURN_IF_FAILED(rotate_merged(model, merged, &marginal->log_det, merged->root, monitor));
    }
    memcpy(marginal->root, merged->root, sizeof(double) * n * n);
    return STATUS_OK;
}

/* By rotations -------------------------------------------------------------------------------- */

/* merged->row, whose first column is c, into R: each rotation leaves a row whose columns the next
   row of R has. What is left is of [X y] alone. */
static void rotate_row(const merged_t *merged, int c)
{
    int n_columns = merged->n_columns, rows = merged->n_coef + 1;
    double *row = merged->row, *end = row + n_columns;
    while (c < n_columns) {
        int n = merged->row_length[c];
        const int *list = merged->list + merged->row_list[c];
        double *R = merged->R + merged->row_start[c], element = row[c];
        if (element != 0.0) {
            double length = hypot(R[0], element), cosine = R[0] / length, sine = element / length;
            R[0] = length;
            row[c] = 0.0;
            for (int i = 1; i < n; i++) {
                double own = R[i], other = row[list[i]];
                R[i] = cosine * own + sine * other;
                row[list[i]] = cosine * other - sine * own;
            }
            for (int k = 0; k < rows; k++) {
                double own = R[n + k], other = end[k];
                R[n + k] = cosine * own + sine * other;
                end[k] = cosine * other - sine * own;
            }
        }
        c = n > 1 ? list[1] : n_columns;
    }
    memcpy(merged->spare, end, sizeof(double) * rows);
    memset(end, 0, sizeof(double) * rows);
    absorb_block(rows, rows, merged->root, 1, 1, merged->spare);
}

/* merged->row <- row r of a cell's factor, with Z L for Z; the answer is its first column. */
static int spread_row(const model_t *model, const merged_t *merged, int cell, int r, double scale)
{
    int n = model->cells.n_columns, first = merged->n_columns;
    const double *factor = joint_factor(&model->cells, cell) + r, *C = factor + (size_t) n * n;
    for (int l = 0; l < merged->n_levels; l++) {
        int start = merged->first[node_of_cell(model, merged, l, cell)], q = merged->width[l];
        const grouping_t *own = model->grouping + merged->grouping[l];
        for (int k = 0; k < q; k++) {
            double sum = 0.0;
            for (int i = k; i < q; i++)
                sum += factor[(size_t) n * own->place[i]] * merged->L[l][i + (size_t) q * k];
            merged->row[start + k] = scale * sum;
        }
        if (start < first) first = start;
    }
    for (int k = 0; k <= merged->n_coef; k++)
        merged->row[merged->n_columns + k] = scale * C[(size_t) n * k];
    return first;
}

/* R and the root before any rows: those of I. */
static void clear_factor(const model_t *model, const merged_t *merged)
{
    int rows = merged->n_coef + 1;
    memset(merged->R, 0, sizeof(double) * merged->row_start[merged->n_columns]);
    for (int c = 0; c < merged->n_columns; c++) merged->R[merged->row_start[c]] = 1.0;
    memset(merged->root, 0, sizeof(double) * rows * rows);
    for (int s = 0; s < model->n_strata; s++) {
        double scale = merged->sigma2 ? 1.0 / sqrt(merged->sigma2[s]) : 1.0;
        const double *factor = stratum_factor(model, s);
        for (int k = 0; k < rows * rows; k++) merged->spare[k] = scale * factor[k];
        absorb_block(rows, rows, merged->root, rows, rows, merged->spare);
    }
}

status_t rotate_merged(const model_t *model, merged_t *merged, double *log_det, double *root,
                       monitor_t *monitor)
{
    int n = model->cells.n_columns, rows = merged->n_coef + 1;
    double visits = 0.2 * (double) merged->row_start[merged->n_columns] / merged->n_columns;
    memset(merged->row, 0, sizeof(double) * ((size_t) merged->n_columns + rows));
    clear_factor(model, merged);
    for (int cell = 0; cell < model->cells.n; cell++) {
        double scale = sqrt(cell_weight(model, merged->sigma2, cell));
        for (int r = 0; r < n; r++)
            rotate_row(merged, spread_row(model, merged, cell, r, scale));
        if (user_wants_to_stop(monitor, n * (4.0 + visits))) return STATUS_INTERRUPTED;
    }
    *log_det = 0.0;
    for (int c = 0; c < merged->n_columns; c++)
        *log_det += 2.0 * log(merged->R[merged->row_start[c]]);
    if (root != merged->root) memcpy(root, merged->root, sizeof(double) * rows * rows);
    merged->is_rotated = 1;
    return STATUS_OK;
}
