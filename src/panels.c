#include <math.h>
#include <string.h>
#include "lanes.h"
#include "panels.h"

/* Columns of a panel. */
enum { PANEL = 32 };

INLINED double sum_of_lanes(lanes_t x)
{
    double sum = 0.0;
    for (int i = 0; i < LANES; i++) sum += LANE(x, i);
    return sum;
}

INLINED const lanes_t *lanes_at(const double *x) { return (const lanes_t *) x; }

/* Four columns of V by two of B. */
INLINED void cross_tile(int n, const double *V, size_t ld_v, const double *B, size_t ld_b,
                        double *W, size_t ld_w)
{
    lanes_t zero = { 0.0 };
    lanes_t s00 = zero, s10 = zero, s20 = zero, s30 = zero;
    lanes_t s01 = zero, s11 = zero, s21 = zero, s31 = zero;
    for (int i = 0; i < n; i += LANES) {
        lanes_t b0 = *lanes_at(B + i), b1 = *lanes_at(B + ld_b + i), v;
        v = *lanes_at(V + i);
        s00 += v * b0;
        s01 += v * b1;
        v = *lanes_at(V + ld_v + i);
        s10 += v * b0;
        s11 += v * b1;
        v = *lanes_at(V + 2 * ld_v + i);
        s20 += v * b0;
        s21 += v * b1;
        v = *lanes_at(V + 3 * ld_v + i);
        s30 += v * b0;
        s31 += v * b1;
    }
    W[0] = sum_of_lanes(s00);
    W[1] = sum_of_lanes(s10);
    W[2] = sum_of_lanes(s20);
    W[3] = sum_of_lanes(s30);
    W += ld_w;
    W[0] = sum_of_lanes(s01);
    W[1] = sum_of_lanes(s11);
    W[2] = sum_of_lanes(s21);
    W[3] = sum_of_lanes(s31);
}

INLINED double cross_one(int n, const double *v, const double *b)
{
    lanes_t even = { 0.0 }, odd = { 0.0 };
    int i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
        even += *lanes_at(v + i) * *lanes_at(b + i);
        odd += *lanes_at(v + i + LANES) * *lanes_at(b + i + LANES);
    }
    if (i < n) even += *lanes_at(v + i) * *lanes_at(b + i);
    return sum_of_lanes(even + odd);
}

FOR_WIDE_VECTORS_TOO
double long_dot(int n, const double *x, const double *y)
{
    int whole = n / LANES * LANES;
    double sum = whole > 0 ? cross_one(whole, x, y) : 0.0;
    for (int i = whole; i < n; i++) sum += x[i] * y[i];
    return sum;
}

FOR_WIDE_VECTORS_TOO
void cross_products(int n_rows, int n_v, const double *V, int ld_v, int n_b, const double *B,
                    int ld_b, double *W, int ld_w)
{
    for (int b = 0; b < n_b; b += 2) {
        const double *column = B + (size_t) ld_b * b;
        double *out = W + (size_t) ld_w * b;
        int v = 0;
        if (b + 1 < n_b)
            for (; v + 4 <= n_v; v += 4)
                cross_tile(n_rows, V + (size_t) ld_v * v, ld_v, column, ld_b, out + v, ld_w);
        for (; v < n_v; v++) {
            out[v] = cross_one(n_rows, V + (size_t) ld_v * v, column);
            if (b + 1 < n_b)
                out[v + ld_w] = cross_one(n_rows, V + (size_t) ld_v * v, column + ld_b);
        }
    }
}

/* Two vectors of rows by four columns of B. */
INLINED void subtract_tile(int n_v, const double *V, size_t ld_v, const double *W, size_t ld_w,
                           double *B, size_t ld_b)
{
    lanes_t *B0 = (lanes_t *) B, *B1 = (lanes_t *) (B + ld_b);
    lanes_t *B2 = (lanes_t *) (B + 2 * ld_b), *B3 = (lanes_t *) (B + 3 * ld_b);
    lanes_t zero = { 0.0 };
    lanes_t s00 = zero, s10 = zero, s01 = zero, s11 = zero;
    lanes_t s02 = zero, s12 = zero, s03 = zero, s13 = zero;
    for (int k = 0; k < n_v; k++, V += ld_v) {
        lanes_t v0 = lanes_at(V)[0], v1 = lanes_at(V)[1];
        const double *w = W + k;
        s00 += v0 * w[0];
        s10 += v1 * w[0];
        s01 += v0 * w[ld_w];
        s11 += v1 * w[ld_w];
        s02 += v0 * w[2 * ld_w];
        s12 += v1 * w[2 * ld_w];
        s03 += v0 * w[3 * ld_w];
        s13 += v1 * w[3 * ld_w];
    }
    B0[0] -= s00;
    B0[1] -= s10;
    B1[0] -= s01;
    B1[1] -= s11;
    B2[0] -= s02;
    B2[1] -= s12;
    B3[0] -= s03;
    B3[1] -= s13;
}

INLINED void subtract_column(int n_rows, int n_v, const double *V, size_t ld_v, const double *w,
                             double *b)
{
    for (int k = 0; k < n_v; k += 4) {
        const double *v = V + ld_v * k;
        int more = n_v - k - 1;
        const double *v1 = more > 0 ? v + ld_v : v, *v2 = more > 1 ? v + 2 * ld_v : v;
        const double *v3 = more > 2 ? v + 3 * ld_v : v;
        double w1 = more > 0 ? w[k + 1] : 0.0, w2 = more > 1 ? w[k + 2] : 0.0;
        double w3 = more > 2 ? w[k + 3] : 0.0;
        for (int i = 0; i < n_rows; i += LANES)
            *(lanes_t *) (b + i) -= *lanes_at(v + i) * w[k] + *lanes_at(v1 + i) * w1
                + *lanes_at(v2 + i) * w2 + *lanes_at(v3 + i) * w3;
    }
}

FOR_WIDE_VECTORS_TOO
void subtract_product(int n_rows, int n_v, const double *V, int ld_v, int n_b, const double *W,
                      int ld_w, double *B, int ld_b)
{
    int b = 0;
    if (n_rows % (2 * LANES) == 0)
        for (; b + 4 <= n_b; b += 4)
            for (int i = 0; i < n_rows; i += 2 * LANES)
                subtract_tile(n_v, V + i, ld_v, W + (size_t) ld_w * b, ld_w,
                              B + i + (size_t) ld_b * b, ld_b);
    for (; b < n_b; b++)
        subtract_column(n_rows, n_v, V, ld_v, W + (size_t) ld_w * b, B + (size_t) ld_b * b);
}

FOR_WIDE_VECTORS_TOO
void subtract_from(int n_rows, int n_columns, const double *A, const double *x, double *y)
{
    int whole = n_rows / LANES * LANES;
    subtract_column(whole, n_columns, A, n_rows, x, y);
    for (int k = 0; k < n_columns; k++)
        for (int i = whole; i < n_rows; i++) y[i] -= A[i + (size_t) n_rows * k] * x[k];
}

/* Rows that a product reads again and again: few, to stay in the cache. */
enum { GRAM_ROWS = 64, GRAM_COLUMNS = 64 };

void add_gram(int n_rows, int n_columns, const double *A, int ld, double *products)
{
    double sums[GRAM_COLUMNS * GRAM_COLUMNS];
    for (int first = 0; first < n_rows; first += GRAM_ROWS) {
        int rows = n_rows - first < GRAM_ROWS ? n_rows - first : GRAM_ROWS;
        for (int b = 0; b < n_columns; b += GRAM_COLUMNS)
            for (int a = 0; a <= b; a += GRAM_COLUMNS) {
                int n_a = n_columns - a < GRAM_COLUMNS ? n_columns - a : GRAM_COLUMNS;
                int n_b = n_columns - b < GRAM_COLUMNS ? n_columns - b : GRAM_COLUMNS;
                cross_products(rows, n_a, A + first + (size_t) ld * a, ld, n_b,
                               A + first + (size_t) ld * b, ld, sums, GRAM_COLUMNS);
                for (int l = 0; l < n_b; l++)
                    for (int k = 0; k < n_a && a + k <= b + l; k++)
                        products[a + k + (size_t) n_columns * (b + l)] +=
                            sums[k + GRAM_COLUMNS * l];
            }
    }
}

double *take_gathered(int n_columns, workspace_t *work)
{
    return take_matrix(work, GRAM_ROWS, n_columns);
}

void gather_rows(gathered_t *gathered, int n_rows, const double *block)
{
    for (int row = 0, taken; row < n_rows; row += taken) {
        taken = n_rows - row;
        if (taken > GRAM_ROWS - gathered->n_rows) taken = GRAM_ROWS - gathered->n_rows;
        for (int k = 0; k < gathered->n_columns; k++)
            memcpy(gathered->rows + gathered->n_rows + (size_t) GRAM_ROWS * k,
                   block + row + (size_t) n_rows * k, sizeof(double) * taken);
        gathered->n_rows += taken;
        if (gathered->n_rows == GRAM_ROWS) add_gathered(gathered);
    }
}

void add_gathered(gathered_t *gathered)
{
    int n = gathered->n_rows, padded = padded_rows(n);
    for (int k = 0; k < gathered->n_columns; k++)
        for (int i = n; i < padded; i++) gathered->rows[i + (size_t) GRAM_ROWS * k] = 0.0;
    add_gram(padded, gathered->n_columns, gathered->rows, GRAM_ROWS, gathered->products);
    gathered->n_rows = 0;
}

/* B <- U'^-1 B for the triangle U, n x n; columns lie ld apart. */
static void solve_panel(int n, const double *U, int n_b, double *B, int ld)
{
    for (int b = 0; b < n_b; b++, B += ld)
        for (int k = 0; k < n; k++) {
            const double *column = U + (size_t) ld * k;
            B[k] = (B[k] - long_dot(k, column, B)) / column[k];
        }
}

/* The factor of a diagonal block; 0, or the order that fails. */
static int factor_panel(int n, double *A, int ld)
{
    for (int k = 0; k < n; k++) {
        double *column = A + (size_t) ld * k;
        solve_panel(k, A, 1, column, ld);
        double pivot = column[k] - long_dot(k, column, column);
        if (!(pivot > 0.0)) return k + 1;
        column[k] = sqrt(pivot);
    }
    return 0;
}

/* Column panels from left to right, each from the top: what is above has its products taken
   off before a block is solved for, or factored where it is the last. */
int cholesky_in_panels(int n, double *A)
{
    double products[PANEL * PANEL];
    for (int right = 0; right < n; right += PANEL) {
        int width = n - right < PANEL ? n - right : PANEL;
        double *B = A + (size_t) n * right;
        for (int above = 0; above <= right; above += PANEL) {
            const double *V = A + (size_t) n * above;
            int height = above < right ? PANEL : width;
            cross_products(above, height, V, n, width, B, n, products, PANEL);
            for (int k = 0; k < width; k++)
                for (int l = 0; l < height; l++)
                    B[above + l + (size_t) n * k] -= products[l + PANEL * k];
            if (above < right) solve_panel(PANEL, V + above, width, B + above, n);
        }
        int failing = factor_panel(width, B + right, n);
        if (failing) return right + failing;
    }
    return 0;
}

panel_buffers_t take_panels(int n_columns, workspace_t *work)
{
    panel_buffers_t buffers;
    buffers.T = take_matrix(work, PANEL, PANEL);
    buffers.heads = take(work, PANEL);
    buffers.W = take_matrix(work, PANEL, n_columns);
    return buffers;
}

/* Reflects column k of the block into its pivot, with v = [head; tail] of square length 2,
   H = I - v v', and answers with the head. The tail takes the column's place. */
static double make_reflection(double *pivot, int n_rows, double *column)
{
    double tail2 = long_dot(n_rows, column, column);
    double norm = sqrt(*pivot * *pivot + tail2);
    double head = tail2 > 0.0 ? -tail2 / (*pivot + norm) : 0.0;
    double scale = sqrt(2.0 / (head * head + tail2));
    /* Nothing, or what rounding leaves of rounding errors. */
    if (!(scale < INFINITY)) {
        memset(column, 0, sizeof(double) * n_rows);
        return 0.0;
    }
    *pivot = norm;
    for (int i = 0; i < n_rows; i++) column[i] *= scale;
    return head * scale;
}

/* The reflections of columns first .. first + n - 1, which are applied to these alone;
   heads holds n. */
static void reflect_panel(int n_columns, double *top, int first, int n, int n_rows, int ld,
                          double *block, double *heads)
{
    for (int k = first; k < first + n; k++) {
        double *tail = block + (size_t) ld * k;
        double head = make_reflection(top + (size_t) n_columns * k + k, n_rows, tail);
        heads[k - first] = head;
        for (int l = k + 1; l < first + n; l++) {
            double *above = top + (size_t) n_columns * l + k, *column = block + (size_t) ld * l;
            double along = head * *above + long_dot(n_rows, tail, column);
            *above -= along * head;
            subtract_product(n_rows, 1, tail, ld, 1, &along, 1, column, ld);
        }
    }
}

/* T of H_1 ... H_n = I - V T V', upper triangular with leading dimension PANEL: with unit
   coefficients, T_kk = 1 and T_.k = -T V'v_k. */
static void panel_factor(int n, int n_rows, int ld, const double *V, double *T)
{
    cross_products(n_rows, n, V, ld, n, V, ld, T, PANEL);
    for (int k = 0; k < n; k++) {
        double *column = T + PANEL * k;
        for (int r = 0; r < k; r++) {
            double sum = 0.0;
            for (int c = r; c < k; c++) sum += T[r + PANEL * c] * column[c];
            column[r] = -sum;
        }
        column[k] = 1.0;
    }
}

/* [above; column] <- (I - V T V')' [above; column], for the columns from `from` on. W holds
   PANEL x (n_columns - from). */
static void apply_panel(int n_columns, double *top, int first, int n, int from, int n_rows,
                        int ld, double *block, const double *heads, const double *T, double *W)
{
    const double *V = block + (size_t) ld * first;
    int m = n_columns - from;
    cross_products(n_rows, n, V, ld, m, block + (size_t) ld * from, ld, W, PANEL);
    for (int l = 0; l < m; l++) {
        double *w = W + (size_t) PANEL * l;
        double *above = top + (size_t) n_columns * (from + l) + first;
        for (int k = 0; k < n; k++) w[k] += heads[k] * above[k];
        for (int k = n - 1; k >= 0; k--) {
            double sum = 0.0;
            for (int r = 0; r <= k; r++) sum += T[r + PANEL * k] * w[r];
            w[k] = sum;
            above[k] -= heads[k] * sum;
        }
    }
    subtract_product(n_rows, n, V, ld, m, W, PANEL, block + (size_t) ld * from, ld);
}

void absorb_panels(int n_columns, double *top, int n_rows, int ld, double *block,
                   const panel_buffers_t *buffers)
{
    double *T = buffers->T, *heads = buffers->heads, *W = buffers->W;
    int padded = padded_rows(n_rows);
    if (n_rows == 0) return;
    for (int k = 0; k < n_columns; k++)
        for (int i = n_rows; i < padded; i++) block[i + (size_t) ld * k] = 0.0;
    for (int first = 0; first < n_columns; first += PANEL) {
        int n = n_columns - first < PANEL ? n_columns - first : PANEL;
        reflect_panel(n_columns, top, first, n, padded, ld, block, heads);
        if (first + n == n_columns) return;
        panel_factor(n, padded, ld, block + (size_t) ld * first, T);
        apply_panel(n_columns, top, first, n, first + n, padded, ld, block, heads, T, W);
    }
}
