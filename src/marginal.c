#include <math.h>
#include <string.h>
#ifdef _OPENMP
# include <omp.h>
#endif
#include "crossprods.h"
#include "group.h"
#include "lanes.h"
#include "linalg.h"
#include "marginal.h"
#include "panels.h"

/* Groups are summed in chunks, and the chunks' sums in order: the result does not
   depend on how many threads share them. */
enum { CHUNK_GROUPS = 512, CHUNKS_PER_THREAD = 8 };

/* A determinant is below 1e200, or the data have been refused. */
static const double LARGE_PRODUCT = 1e100;

static inline double product_of_lanes(const lanes_t *x)
{
    double product = 1.0;
    for (int i = 0; i < LANES; i++) product *= LANE(*x, i);
    return product;
}

/* Moves a product of determinants into its logarithm before it overflows. */
static inline void empty_product(lanes_t *product, double *log_det)
{
    double all = product_of_lanes(product);
    if (all < LARGE_PRODUCT) return;
    *log_det += log(all);
    *product = 1.0 + 0.0 * *product;
}

/* One column: V is I + a^2 in the one direction of Z_j. */
FOR_WIDE_VECTORS_TOO
static double add_one_column(const group_data_t *data, const double *L, int from, int to,
                             lanes_t *sums)
{
    int n = data->n_coef + 1;
    double log_det = 0.0;
    lanes_t product = { 1.0 };
    product = 1.0 + 0.0 * product;
    for (int block = from; block < to; block++) {
        const lanes_t *R = (const lanes_t *) data->factor + (size_t) (1 + n) * block;
        const lanes_t *c = R + 1;
        lanes_t a = R[0] * L[0], d = 1.0 + a * a, weight = 1.0 / d, *sum = sums;
        product *= d;
        empty_product(&product, &log_det);
        for (int k = 0; k < n; k++) {
            lanes_t weighted = weight * c[k];
            for (int l = 0; l <= k; l++) *sum++ += weighted * c[l];
        }
    }
    return log_det + log(product_of_lanes(&product));
}

/* Two columns. With D = I + A A', A = R L, and s = D_12/D_22,
       c'D^-1 c = c_2^2/D_22 + (c_1 - s c_2)^2 D_22/|D|,
       |D| = 1 + (sum of squares of A) + |A|^2,
   sums of positive terms throughout. first: n_coef + 1 lanes. */
FOR_WIDE_VECTORS_TOO
static double add_two_columns(const group_data_t *data, const double *L, int from, int to,
                              lanes_t *sums, lanes_t *first)
{
    int n = data->n_coef + 1;
    double l00 = L[0], l10 = L[1], l11 = L[3], log_det = 0.0;
    lanes_t product = { 1.0 };
    product = 1.0 + 0.0 * product;
    for (int block = from; block < to; block++) {
        const lanes_t *R = (const lanes_t *) data->factor + (size_t) (3 + 2 * n) * block;
        const lanes_t *c0 = R + 3, *c1 = c0 + n;
        lanes_t a00 = R[0] * l00 + R[1] * l10, a01 = R[1] * l11;
        lanes_t a10 = R[2] * l10, a11 = R[2] * l11, root = R[0] * l00 * a11;
        lanes_t d11 = 1.0 + a10 * a10 + a11 * a11;
        lanes_t det = d11 + a00 * a00 + a01 * a01 + root * root;
        lanes_t weight1 = 1.0 / d11, weight0 = d11 / det;
        lanes_t slope = (a00 * a10 + a01 * a11) * weight1, *sum = sums;
        product *= det;
        empty_product(&product, &log_det);
        for (int k = 0; k < n; k++) first[k] = c0[k] - slope * c1[k];
        for (int k = 0; k < n; k++) {
            lanes_t w0 = weight0 * first[k], w1 = weight1 * c1[k];
            for (int l = 0; l <= k; l++) *sum++ += w0 * first[l] + w1 * c1[l];
        }
    }
    return log_det + log(product_of_lanes(&product));
}

static inline rotated_buffers_t take_rotated(int q, int p, workspace_t *work)
{
    rotated_buffers_t buffers;
    buffers.factor = take_matrix(work, q, q + p + 1);
    buffers.U = take_matrix(work, q, q);
    buffers.A = take_matrix(work, q, q);
    buffers.spare = take_matrix(work, q, q);
    return buffers;
}

/* U with U'U = I + A A', A = R L, of group j, and factor <- [R W], W = U'^-1 [C c]. */
static status_t rotate_group(const group_data_t *data, const double *L, int j,
                             const rotated_buffers_t *buffers)
{
    int q = data->n_random, n = data->n_coef + 1;
    double *U = buffers->U, *W = buffers->factor + q * q;
    unpack_group(data, j, buffers->factor);
    multiply_transposed(q, buffers->factor, L, buffers->A, U);
    RETURN_IF_FAILED(unit_plus_root(q, buffers->A, U, buffers->spare));
    for (int k = 0; k < n; k++) solve_upper_transposed(q, U, W + (size_t) q * k);
    return STATUS_OK;
}

/* The groups of a block one by one. */
static status_t add_block_by_group(const group_data_t *data, const double *L, int block,
                                   double *sums, const rotated_buffers_t *buffers,
                                   double *log_det)
{
    int q = data->n_random, n = data->n_coef + 1;
    const double *U = buffers->U, *W = buffers->factor + q * q;
    for (int i = 0; i < LANES && LANES * block + i < data->n_groups; i++) {
        double *sum = sums + i;
        RETURN_IF_FAILED(rotate_group(data, L, LANES * block + i, buffers));
        for (int k = 0; k < q; k++) *log_det += 2.0 * log(U[k + (size_t) q * k]);
        for (int k = 0; k < n; k++)
            for (int l = 0; l <= k; l++, sum += LANES)
                *sum += dot(q, W + (size_t) q * l, W + (size_t) q * k);
    }
    return STATUS_OK;
}

/* A = R L by rows, for R by rows. Are its sums of squares below LARGE_SQUARE? */
INLINED int multiply_block(int q, const lanes_t *R, const double *L, lanes_t *A)
{
    lanes_t square = 0.0 * R[0];
    for (int r = 0; r < q; r++) {
        for (int k = 0; k < q; k++) {
            lanes_t sum = 0.0 * R[0];
            for (int l = r > k ? r : k; l < q; l++) sum += R[l - r] * L[l + (size_t) q * k];
            A[k + q * r] = sum;
            square += sum * sum;
        }
        R += q - r;
    }
    for (int i = 0; i < LANES; i++)
        if (!(LANE(square, i) <= LARGE_SQUARE)) return 0;
    return 1;
}

/* Row r of M, and weight = 1/d_r, which joins the product; t holds r lanes. */
INLINED void factor_row(int q, int r, const lanes_t *A, lanes_t *M, lanes_t *weight, lanes_t *t,
                        lanes_t *product)
{
    lanes_t d = 1.0 + 0.0 * A[0];
    for (int k = 0; k < q; k++) d += A[k + q * r] * A[k + q * r];
    for (int s = 0; s < r; s++) {
        lanes_t rest = 0.0 * A[0];
        for (int k = 0; k < q; k++) rest += A[k + q * r] * A[k + q * s];
        for (int m = 0; m < s; m++) rest -= t[m] * M[m + q * s];
        t[s] = rest;
        M[s + q * r] = rest * weight[s];
        d -= rest * M[s + q * r];
    }
    weight[r] = 1.0 / d;
    *product *= d;
}

static inline lanes_t *take_lanes(workspace_t *work, size_t n)
{
    return (lanes_t *) take(work, LANES * n);
}

typedef struct {
    lanes_t *A, *M;         /* q x q */
    lanes_t *t, *weight;    /* q */
    lanes_t *W;             /* (p + 1) x q */
    rotated_buffers_t alone;
} columns_buffers_t;

static inline columns_buffers_t take_columns(int q, int p, workspace_t *work)
{
    columns_buffers_t buffers;
    buffers.A = take_lanes(work, (size_t) q * q);
    buffers.M = take_lanes(work, (size_t) q * q);
    buffers.t = take_lanes(work, q);
    buffers.weight = take_lanes(work, q);
    buffers.W = take_lanes(work, (size_t) q * (p + 1));
    buffers.alone = take_rotated(q, p, work);
    return buffers;
}

/* Three columns and more. With D = I + A A' = M diag(d) M', M lower triangular with a unit
   diagonal,
       c'D^-1 c = sum_r w_r^2/d_r, M w = c.
   Where an A is so large that its squares lose digits, its block goes group by group. */
FOR_WIDE_VECTORS_TOO
static status_t add_columns(const group_data_t *data, const double *L, int from, int to,
                            lanes_t *sums, workspace_t work, double *log_det)
{
    int q = data->n_random, n = data->n_coef + 1, triangle = q * (q + 1) / 2;
    columns_buffers_t buffers = take_columns(q, n - 1, &work);
    lanes_t *A = buffers.A, *M = buffers.M, *t = buffers.t, *weight = buffers.weight;
    lanes_t *W = buffers.W;
    lanes_t product = { 1.0 };
    product = 1.0 + 0.0 * product;
    *log_det = 0.0;
    for (int block = from; block < to; block++) {
        const lanes_t *R = (const lanes_t *) data->factor + (size_t) (triangle + q * n) * block;
        const lanes_t *c = R + triangle;
        if (!multiply_block(q, R, L, A)) {
            RETURN_IF_FAILED(add_block_by_group(data, L, block, (double *) sums, &buffers.alone,
                                                log_det));
            continue;
        }
        for (int r = 0; r < q; r++, c += n) {
            lanes_t *w = W + (size_t) n * r, *sum = sums;
            factor_row(q, r, A, M, weight, t, &product);
            for (int k = 0; k < n; k++) {
                lanes_t rest = c[k];
                for (int m = 0; m < r; m++) rest -= M[m + q * r] * W[k + (size_t) n * m];
                w[k] = rest;
                rest *= weight[r];
                for (int l = 0; l <= k; l++) *sum++ += rest * w[l];
            }
        }
        empty_product(&product, log_det);
    }
    *log_det += log(product_of_lanes(&product));
    return STATUS_OK;
}

/* Doubles of a group: R's upper half and [C c]. */
static size_t group_size(int q, int p)
{
    return (size_t) q * (q + 1) / 2 + q * (p + 1);
}

size_t packed_size(int q, int p, int n_groups)
{
    return group_size(q, p) * LANES * (((size_t) n_groups + LANES - 1) / LANES);
}

/* Element e of group j in lanes: R by rows, then [C c] by rows. */
void unpack_group(const group_data_t *data, int j, double *factor)
{
    int q = data->n_random, n = data->n_coef + 1;
    const double *in = data->factor + group_size(q, n - 1) * (j - j % LANES) + j % LANES;
    for (int r = 0; r < q; r++)
        for (int k = 0; k < q; k++) {
            factor[r + q * k] = k < r ? 0.0 : *in;
            if (k >= r) in += LANES;
        }
    for (int r = 0; r < q; r++)
        for (int k = 0; k < n; k++, in += LANES) factor[r + q * (q + k)] = *in;
}

void pack_group(group_data_t *data, int j, const double *factor)
{
    int q = data->n_random, n = data->n_coef + 1;
    double *out = data->factor + group_size(q, n - 1) * (j - j % LANES) + j % LANES;
    for (int r = 0; r < q; r++)
        for (int k = r; k < q; k++, out += LANES) *out = factor[r + q * k];
    for (int r = 0; r < q; r++)
        for (int k = 0; k < n; k++, out += LANES) *out = factor[r + q * (q + k)];
}

size_t sums_size(int p)
{
    size_t size = (size_t) LANES * (p + 1) * (p + 2) / 2 + 1;
    return (size + 7) / 8 * 8;
}

size_t scratch_size(int q, int p)
{
    workspace_t work = { NULL, 0 };
    if (q > 2) take_columns(q, p, &work);
    else take_lanes(&work, (size_t) p + 1);
    return work.taken;
}

marginal_buffers_t take_marginal(int q, int p, int n_threads, workspace_t *work)
{
    marginal_buffers_t buffers = { 0 };
    buffers.rotated = take_rotated(q, p, work);
    buffers.diagonal = take(work, (size_t) p + 1);
    if (p + 1 >= MANY_COLUMNS) {
        buffers.rows = take_gathered(p + 1, work);
        return buffers;
    }
    buffers.scratch_size = scratch_size(q, p);
    buffers.scratch = take_aligned(work, n_threads * buffers.scratch_size);
    buffers.sums = take_aligned(work, n_threads * CHUNKS_PER_THREAD * sums_size(p));
    return buffers;
}

status_t sum_lanes(const group_data_t *data, const double *L, int from, int to, double *sums,
                   double *scratch)
{
    int q = data->n_random, p = data->n_coef;
    double *log_det = sums + sums_size(p) - 1;
    memset(sums, 0, sizeof(double) * sums_size(p));
    if (q > 2) {
        workspace_t work = { scratch, 0 };
        return add_columns(data, L, from, to, (lanes_t *) sums, work, log_det);
    }
    *log_det = q == 1 ? add_one_column(data, L, from, to, (lanes_t *) sums)
        : add_two_columns(data, L, from, to, (lanes_t *) sums, (lanes_t *) scratch);
    return STATUS_OK;
}

static status_t sum_chunk(const group_data_t *data, const double *L, int chunk,
                          double *sums, double *scratch)
{
    int from = chunk * CHUNK_GROUPS, to = from + CHUNK_GROUPS;
    if (to > data->n_groups) to = data->n_groups;
    return sum_lanes(data, L, from / LANES, (to + LANES - 1) / LANES, sums, scratch);
}

/* Chunks first, first + 1, ..., one after the other. */
static status_t sum_chunks_in_turn(const group_data_t *data, const double *L, int first,
                                   int end, double *sums)
{
    for (int chunk = first; chunk < end; chunk++)
        RETURN_IF_FAILED(sum_chunk(data, L, chunk, sums + sums_size(data->n_coef)
                                   * (chunk - first), data->buffers.scratch));
    return STATUS_OK;
}

/* The same chunks on several threads. */
static status_t sum_chunks_in_threads(const group_data_t *data, const double *L, int first,
                                      int end, double *sums)
{
    const marginal_buffers_t *buffers = &data->buffers;
    int p = data->n_coef;
    status_t status = STATUS_OK;
#ifdef _OPENMP
# pragma omp parallel for num_threads(data->n_threads) schedule(static)
#endif
    for (int chunk = first; chunk < end; chunk++) {
        int thread = 0;
#ifdef _OPENMP
        thread = omp_get_thread_num();
#endif
        status_t own = sum_chunk(data, L, chunk, sums + sums_size(p) * (chunk - first),
                                 buffers->scratch + buffers->scratch_size * thread);
        if (own != STATUS_OK) {
#ifdef _OPENMP
# pragma omp atomic write
#endif
            status = own;
        }
    }
    return status;
}

/* A team of one thread costs more than a small model's sum. */
static status_t sum_chunks(const group_data_t *data, const double *L, int first, int end)
{
    double *sums = data->buffers.sums;
    if (data->n_threads == 1) return sum_chunks_in_turn(data, L, first, end, sums);
    return sum_chunks_in_threads(data, L, first, end, sums);
}

void add_sums(int p, const double *sums, marginal_t *marginal)
{
    int n = p + 1;
    marginal->log_det += sums[sums_size(p) - 1];
    for (int k = 0; k < n; k++)
        for (int l = 0; l <= k; l++)
            for (int i = 0; i < LANES; i++) marginal->root[l + n * k] += *sums++;
}

/* Of many columns, the groups' rows are collected for products in blocks. */
static status_t add_wide_groups(const group_data_t *data, const double *L,
                                marginal_t *marginal, monitor_t *monitor)
{
    int q = data->n_random, n = data->n_coef + 1;
    const rotated_buffers_t *rotated = &data->buffers.rotated;
    const double *U = rotated->U, *W = rotated->factor + q * q;
    gathered_t gathered = { n, 0, data->buffers.rows, marginal->root };
    double visits = 1.0 + 0.05 * q * n * n;
    for (int j = 0; j < data->n_groups; j++) {
        RETURN_IF_FAILED(rotate_group(data, L, j, rotated));
        for (int k = 0; k < q; k++) marginal->log_det += 2.0 * log(U[k + (size_t) q * k]);
        gather_rows(&gathered, q, W);
        if (user_wants_to_stop(monitor, visits)) return STATUS_INTERRUPTED;
    }
    add_gathered(&gathered);
    return STATUS_OK;
}

status_t marginal_products(const group_data_t *data, const double *L,
                           marginal_t *marginal, monitor_t *monitor)
{
    int q = data->n_random, p = data->n_coef;
    int n_chunks = (data->n_groups - 1) / CHUNK_GROUPS + 1;
    int round = data->n_threads * CHUNKS_PER_THREAD;
    const double *sums = data->buffers.sums;
    double visits = 1.0 + 0.1 * q * (q + p);
    memcpy(marginal->root, data->rest, sizeof(double) * (p + 1) * (p + 1));
    marginal->log_det = 0.0;
    if (p + 1 >= MANY_COLUMNS) return add_wide_groups(data, L, marginal, monitor);
    for (int first = 0; first < n_chunks; first += round) {
        int end = first + round < n_chunks ? first + round : n_chunks;
        RETURN_IF_FAILED(sum_chunks(data, L, first, end));
        for (int chunk = first; chunk < end; chunk++)
            add_sums(p, sums + sums_size(p) * (chunk - first), marginal);
        int groups = end == n_chunks ? data->n_groups - first * CHUNK_GROUPS
            : round * CHUNK_GROUPS;
        if (user_wants_to_stop(monitor, visits * groups)) return STATUS_INTERRUPTED;
    }
    return STATUS_OK;
}

int has_cancelled(int n, const double *root, const double *diagonal)
{
    for (int k = 0; k < n; k++) {
        double pivot = root[k + (size_t) n * k];
        if (!(pivot * pivot > 1e-6 * diagonal[k])) return 1;
    }
    return 0;
}

/* The root from the groups' rows by reflections, which square nothing. */
static status_t reflected_root(const group_data_t *data, const double *L, double *root,
                               monitor_t *monitor)
{
    int q = data->n_random, n = data->n_coef + 1;
    const rotated_buffers_t *rotated = &data->buffers.rotated;
    double visits = 1.0 + 0.05 * q * n * n;
    memcpy(root, data->rest_root, sizeof(double) * n * n);
    for (int j = 0; j < data->n_groups; j++) {
        RETURN_IF_FAILED(rotate_group(data, L, j, rotated));
        absorb_block(n, n, root, q, q, rotated->factor + q * q);
        if (user_wants_to_stop(monitor, visits)) return STATUS_INTERRUPTED;
    }
    return STATUS_OK;
}

status_t marginal_root(const group_data_t *data, const double *L, marginal_t *marginal,
                       monitor_t *monitor)
{
    int n = data->n_coef + 1;
    double *diagonal = data->buffers.diagonal;
    for (int k = 0; k < n; k++) diagonal[k] = marginal->root[k + (size_t) n * k];
    status_t status = cholesky(n, marginal->root);
    if (status == STATUS_OK && !has_cancelled(n, marginal->root, diagonal)) return STATUS_OK;
    return reflected_root(data, L, marginal->root, monitor);
}
