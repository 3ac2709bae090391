#include <math.h>
#include <string.h>
#include "hyper.h"
#include "linalg.h"
#include "totals.h"

void take_totals(totals_t *totals, workspace_t *work)
{
    size_t n = (size_t) totals->n, q = (size_t) totals->level->n_random;
    size_t most = n;
    for (int l = 0; l < totals->n_levels; l++) {
        totals_level_t *level = totals->level + l;
        size_t own = (size_t) level->n_random;
        if (own > most) most = own;
        totals->L[l] = take(work, own * own);
        level->gram = take(work, l == 0 ? 0 : n * n * level->n_groups);
        level->root = take(work, own * own);
        level->given = take(work, (size_t) level->n_other * level->n_groups);
        level->effect = take(work, (size_t) level->n_shared * level->n_groups);
    }
    totals->beta = take(work, (size_t) totals->model->n_coef);
    totals->total = take(work, q * totals->level->n_groups);
    totals->product = take(work, n * n * q * q * totals->level[1].n_groups);
    totals->row = take(work, n * q);
    totals->rest = take(work, n * n);
    totals->precision = take(work, q * q);
    totals->H = take(work, most * most);
    totals->T = take(work, most * most);
    totals->A = take(work, most * most);
    totals->fixed_root = take(work, (size_t) (totals->n_fixed + 1) * (totals->n_fixed + 1));
    totals->normals = take(work, most + q);
}

/* The group of a level that a leaf lies in. */
static int ancestor_of(const totals_t *totals, int leaf, int l)
{
    int group = leaf;
    for (int m = 0; m < l; m++) group = totals->level[m].parent[group];
    return group;
}

static inline const double *version_of(const totals_t *totals, int leaf, int k)
{
    size_t q = (size_t) totals->level->n_random;
    return totals->version + q * ((size_t) totals->n_fixed * leaf + k);
}

/* total <- sign times what ancestors and fixed columns give a leaf, added. */
static void add_above(const totals_t *totals, const grouping_state_t *state, int leaf, double sign,
                      double *total)
{
    int q = totals->level->n_random;
    for (int l = 1; l < totals->n_levels; l++) {
        const totals_level_t *level = totals->level + l;
        const double *b = state[level->grouping].effect
            + (size_t) level->n_random * ancestor_of(totals, leaf, l);
        for (int k = 0; k < level->n_shared; k++) total[level->leaf[k]] += sign * b[level->own[k]];
    }
    for (int k = 0; k < totals->n_fixed; k++) {
        const double *version = version_of(totals, leaf, k);
        for (int r = 0; r < q; r++) total[r] += sign * version[r] * totals->beta[totals->fixed[k]];
    }
}

/* [P_1 ... M a] of a leaf, a row for each of its columns. */
static void fill_rows(const totals_t *totals, int leaf, double *row)
{
    int n = totals->n, q = totals->level->n_random, first_fixed = n - 1 - totals->n_fixed;
    memset(row, 0, sizeof(double) * n * q);
    for (int l = 1; l < totals->n_levels; l++) {
        const totals_level_t *level = totals->level + l;
        for (int k = 0; k < level->n_shared; k++)
            row[level->first + k + (size_t) n * level->leaf[k]] = 1.0;
    }
    for (int r = 0; r < q; r++) {
        for (int k = 0; k < totals->n_fixed; k++)
            row[first_fixed + k + (size_t) n * r] = version_of(totals, leaf, k)[r];
        row[n - 1 + (size_t) n * r] = totals->total[r + (size_t) q * leaf];
    }
}

static void add_products(const totals_t *totals, int leaf)
{
    int n = totals->n, q = totals->level->n_random, group = totals->level->parent[leaf];
    double *product = totals->product + (size_t) n * n * q * q * group;
    fill_rows(totals, leaf, totals->row);
    for (int s = 0; s < q; s++)
        for (int r = 0; r < q; r++, product += (size_t) n * n) {
            const double *x = totals->row + (size_t) n * r, *y = totals->row + (size_t) n * s;
            for (int k = 0; k < n; k++)
                for (int l = 0; l < n; l++) product[l + (size_t) n * k] += x[l] * y[k];
        }
}

void find_totals(const state_t *state, totals_t *totals)
{
    const totals_level_t *leaves = totals->level;
    size_t n = (size_t) totals->n, q = (size_t) leaves->n_random;
    theta_to_beta(totals->model, state->theta, totals->beta);
    memcpy(totals->total, state->grouping[leaves->grouping].effect,
           sizeof(double) * q * leaves->n_groups);
    memset(totals->product, 0, sizeof(double) * n * n * q * q * leaves[1].n_groups);
    for (int j = 0; j < leaves->n_groups; j++) {
        add_above(totals, state->grouping, j, 1.0, totals->total + q * j);
        add_products(totals, j);
    }
    for (int l = 1; l < totals->n_levels; l++) {
        totals_level_t *level = totals->level + l;
        const double *effect = state->grouping[level->grouping].effect;
        for (int g = 0; g < level->n_groups; g++)
            for (int k = 0; k < level->n_other; k++)
                level->given[k + (size_t) level->n_other * g] =
                    effect[level->other[k] + (size_t) level->n_random * g];
    }
}

/* Density ------------------------------------------------------------------------------------- */

/* The root of L L' with the other columns first; 0 where it has none. */
static int reorder_root(const totals_level_t *level, const double *L)
{
    int q = level->n_random;
    for (int k = 0; k < q; k++)
        for (int l = k; l < q; l++) {
            int row = l < level->n_other ? level->other[l] : level->own[l - level->n_other];
            int column = k < level->n_other ? level->other[k] : level->own[k - level->n_other];
            double sum = 0.0;
            for (int m = 0; m < q; m++) sum += L[row + q * m] * L[column + q * m];
            for (int m = 0; m < k; m++) sum -= level->root[l + q * m] * level->root[k + q * m];
            if (l > k) level->root[l + q * k] = sum / level->root[k + q * k];
            else if (sum > 0.0) level->root[k + q * k] = sqrt(sum);
            else return 0;
        }
    return 1;
}

/* The leaves' precision, and log|L|. */
static double invert_leaves(const totals_t *totals)
{
    int q = totals->level->n_random;
    const double *L = totals->L[0];
    double log_det = 0.0;
    for (int k = 0; k < q; k++) log_det += log(fabs(L[k + q * k]));
    invert_factor(q, q, L, 1.0, totals->precision, totals->H);
    return log_det;
}

static void sum_leaves(const totals_t *totals)
{
    int q = totals->level->n_random;
    size_t size = (size_t) totals->n * totals->n;
    const totals_level_t *level = totals->level + 1;
    const double *product = totals->product;
    for (int g = 0; g < level->n_groups; g++) {
        double *gram = level->gram + size * g;
        memset(gram, 0, sizeof(double) * size);
        for (int rs = 0; rs < q * q; rs++, product += size)
            for (size_t k = 0; k < size; k++) gram[k] += totals->precision[rs] * product[k];
    }
    for (int l = 2; l < totals->n_levels; l++)
        memset(totals->level[l].gram, 0, sizeof(double) * size * totals->level[l].n_groups);
}

/* Other columns' effects standardized, by what they move the shared ones' mean. out: n_shared. The
   answer is half of their square. */
static double mean_of_shared(const totals_level_t *level, int group, double *out)
{
    int q = level->n_random, n_other = level->n_other;
    double u[MOST_LATTICE_COLUMNS], square = 0.0;
    for (int k = 0; k < n_other; k++) {
        u[k] = level->given[k + (size_t) n_other * group];
        for (int l = 0; l < k; l++) u[k] -= level->root[k + q * l] * u[l];
        u[k] /= level->root[k + q * k];
        square += u[k] * u[k];
    }
    for (int k = 0; k < level->n_shared; k++) {
        out[k] = 0.0;
        for (int l = 0; l < n_other; l++) out[k] += level->root[n_other + k + q * l] * u[l];
    }
    return 0.5 * square;
}

/* a <- a less the mean of the shared columns' effects. */
static void shift_totals(int n, const totals_level_t *level, const double *mean, double *gram)
{
    int a = n - 1, first = level->first;
    for (int k = 0; k < level->n_shared; k++) {
        double by = mean[k];
        if (by == 0.0) continue;
        for (int i = 0; i < n; i++) gram[i + n * a] -= by * gram[i + n * (first + k)];
        for (int i = 0; i < n; i++) gram[a + n * i] -= by * gram[first + k + n * i];
    }
}

/* H = I + T'GT = U'U of the shared columns, with T their corner of the root; TU^-1 is left in
   T. The answer is log|U|. */
static double root_of_group(const totals_t *totals, const totals_level_t *level, const double *gram)
{
    int n = totals->n, q = level->n_random, m = level->n_shared, first = level->first;
    double *T = totals->T, *H = totals->H, *A = totals->A, log_det = 0.0;
    for (int k = 0; k < m; k++)
        for (int l = 0; l < m; l++)
            T[l + m * k] = l < k ? 0.0 : level->root[level->n_other + l + q * (level->n_other + k)];
    for (int k = 0; k < m; k++)
        for (int l = 0; l < m; l++) {
            A[l + m * k] = 0.0;
            for (int i = k; i < m; i++)
                A[l + m * k] += gram[first + l + (size_t) n * (first + i)] * T[i + m * k];
        }
    for (int k = 0; k < m; k++)
        for (int l = 0; l <= k; l++)
            H[l + m * k] = (l == k) + dot(m, T + m * l, A + m * k);
    if (cholesky(m, H) != STATUS_OK) return NAN;
    for (int k = 0; k < m; k++) {
        for (int i = 0; i < m; i++) {
            for (int l = 0; l < k; l++) T[i + m * k] -= T[i + m * l] * H[l + m * k];
            T[i + m * k] /= H[k + m * k];
        }
        log_det += log(H[k + m * k]);
    }
    return log_det;
}

/* Takes a group's effects out of its products, and gives what is left to its parent, or at the
   root to `rest`. The answer is its part of the log density. */
static double eliminate_group(const totals_t *totals, int l, int group, double *rest)
{
    const totals_level_t *level = totals->level + l;
    int n = totals->n, m = level->n_shared, from = level->first + m;
    double *gram = level->gram + (size_t) n * n * group, mean[MOST_LATTICE_COLUMNS];
    double value = -mean_of_shared(level, group, mean);
    shift_totals(n, level, mean, gram);
    value -= root_of_group(totals, level, gram);
    double *out = rest ? rest : totals->level[l + 1].gram + (size_t) n * n * level->parent[group];
    for (int k = from; k < n; k++) {
        double *a = totals->A;
        for (int i = 0; i < m; i++)
            a[i] = dot(m, totals->T + m * i, gram + level->first + (size_t) n * k);
        for (int j = from; j <= k; j++) {
            double sum = gram[j + (size_t) n * k];
            for (int i = 0; i < m; i++)
                sum -= a[i] * dot(m, totals->T + m * i, gram + level->first + (size_t) n * j);
            out[j + (size_t) n * k] += sum;
            if (j < k) out[k + (size_t) n * j] += sum;
        }
    }
    return value;
}

/* Of the fixed columns, with their prior, and a: the last group's products are `rest`. */
static double finish_density(totals_t *totals, const double *rest)
{
    int n = totals->n, m = totals->n_fixed, rows = m + 1, first = n - 1 - m;
    double *root = totals->fixed_root, log_det = 0.0;
    for (int k = 0; k < rows; k++)
        for (int l = 0; l < rows; l++)
            root[l + rows * k] = rest[first + l + (size_t) n * (first + k)];
    for (int k = 0; k < m; k++) {
        int place = totals->fixed[k];
        double precision = totals->model->beta_precision[place];
        double mean = totals->model->beta_mean[place];
        root[k + rows * k] += precision;
        root[k + rows * m] += precision * mean;
        root[m + rows * m] += precision * mean * mean;
    }
    if (cholesky_with_residual(rows, root) != STATUS_OK) return NAN;
    for (int k = 0; k < m; k++) log_det += log(root[k + rows * k]);
    double residual = root[m + rows * m];
    return -log_det - 0.5 * residual * residual;
}

/* Chains of intercepts: a level's shared column is one, and has nothing beside it. Of products the
   upper triangle does. */
static int is_of_intercepts(const totals_t *totals)
{
    for (int l = 0; l < totals->n_levels; l++)
        if (totals->level[l].n_random != 1 || totals->level[l].n_shared != 1) return 0;
    return 1;
}

/* eliminate_group() of one column; the answer is H. */
static double eliminate_intercept(int n, const totals_level_t *level, const double *gram,
                                  double *row, double *out)
{
    int first = level->first;
    double variance = level->root[0] * level->root[0];
    for (int k = first; k < n; k++) row[k] = gram[first + (size_t) n * k];
    double H = 1.0 + variance * row[first];
    for (int k = first + 1; k < n; k++) {
        double a = row[k] * variance / H;
        for (int j = first + 1; j <= k; j++)
            out[j + (size_t) n * k] += gram[j + (size_t) n * k] - a * row[j];
    }
    return H;
}

/* Beyond this the logarithm of a product is taken. */
static const double MOST_PRODUCT = 1e8;

static double eliminate_intercepts(const totals_t *totals)
{
    int n = totals->n, last = totals->n_levels - 1;
    size_t size = (size_t) n * n;
    double value = 0.0, product = 1.0;
    for (int l = 2; l <= last; l++)
        memset(totals->level[l].gram, 0, sizeof(double) * size * totals->level[l].n_groups);
    for (int l = 1; l <= last; l++) {
        const totals_level_t *level = totals->level + l;
        for (int g = 0; g < level->n_groups; g++) {
            double *gram = level->gram + size * g;
            for (int k = 0; l == 1 && k < n; k++)
                for (int j = 0; j <= k; j++)
                    gram[j + (size_t) n * k] = totals->precision[0]
                        * totals->product[size * g + j + (size_t) n * k];
            double *out = l == last ? totals->rest : level[1].gram + size * level->parent[g];
            product *= eliminate_intercept(n, level, gram, totals->A, out);
            if (product < MOST_PRODUCT) continue;
            value -= 0.5 * log(product);
            product = 1.0;
        }
    }
    return value - 0.5 * log(product);
}

double log_totals_density(totals_t *totals)
{
    int last = totals->n_levels - 1;
    size_t n = (size_t) totals->n;
    double value = -totals->level->n_groups * invert_leaves(totals);
    double *rest = totals->rest;
    memset(rest, 0, sizeof(double) * n * n);
    for (int l = 1; l <= last; l++)
        if (!reorder_root(totals->level + l, totals->L[l])) return NAN;
    if (is_of_intercepts(totals))
        return value + eliminate_intercepts(totals) + finish_density(totals, rest);
    sum_leaves(totals);
    for (int l = 1; l <= last; l++) {
        totals_level_t *level = totals->level + l;
        for (int k = 0; k < level->n_other; k++)
            value -= level->n_groups * log(level->root[k + level->n_random * k]);
        for (int g = 0; g < level->n_groups; g++)
            value += eliminate_group(totals, l, g, l == last ? rest : NULL);
    }
    return value + finish_density(totals, rest);
}

/* Draws --------------------------------------------------------------------------------------- */

static void draw_fixed(totals_t *totals)
{
    int m = totals->n_fixed, rows = m + 1;
    const double *root = totals->fixed_root;
    draw_standard_normals(m, totals->normals);
    for (int k = m - 1; k >= 0; k--) {
        double sum = root[k + rows * m] + totals->normals[k];
        for (int l = k + 1; l < m; l++)
            sum -= root[k + rows * l] * totals->beta[totals->fixed[l]];
        totals->beta[totals->fixed[k]] = sum / root[k + rows * k];
    }
}

/* A group's shared effects given those above it. Its products have been shifted by the mean. */
static status_t draw_shared(totals_t *totals, int l, int group)
{
    const totals_level_t *level = totals->level + l;
    int n = totals->n, m = level->n_shared, above = group;
    const double *gram = level->gram + (size_t) n * n * group;
    double h[MOST_LATTICE_COLUMNS], mean[MOST_LATTICE_COLUMNS], v[MOST_LATTICE_COLUMNS];
    mean_of_shared(level, group, mean);
    if (isnan(root_of_group(totals, level, gram))) return STATUS_NOT_FINITE;
    for (int k = 0; k < m; k++) h[k] = gram[level->first + k + (size_t) n * (n - 1)];
    for (int upper = l + 1; upper < totals->n_levels; upper++) {
        const totals_level_t *ancestors = totals->level + upper;
        above = totals->level[upper - 1].parent[above];
        for (int i = 0; i < ancestors->n_shared; i++)
            for (int k = 0; k < m; k++)
                h[k] -= gram[level->first + k + (size_t) n * (ancestors->first + i)]
                    * ancestors->effect[i + (size_t) ancestors->n_shared * above];
    }
    for (int i = 0; i < totals->n_fixed; i++)
        for (int k = 0; k < m; k++)
            h[k] -= gram[level->first + k + (size_t) n * (n - 1 - totals->n_fixed + i)]
                * totals->beta[totals->fixed[i]];
    draw_standard_normals(m, totals->normals);
    for (int k = 0; k < m; k++) v[k] = dot(m, totals->T + m * k, h) + totals->normals[k];
    for (int k = 0; k < m; k++) {
        double effect = mean[k];
        for (int i = 0; i < m; i++) effect += totals->T[k + m * i] * v[i];
        level->effect[k + (size_t) m * group] = effect;
    }
    return STATUS_OK;
}

static void store_effects(const totals_t *totals, state_t *state)
{
    const totals_level_t *leaves = totals->level;
    size_t q = (size_t) leaves->n_random;
    for (int l = 1; l < totals->n_levels; l++) {
        const totals_level_t *level = totals->level + l;
        double *effect = state->grouping[level->grouping].effect;
        for (int g = 0; g < level->n_groups; g++)
            for (int k = 0; k < level->n_shared; k++)
                effect[level->own[k] + (size_t) level->n_random * g] =
                    level->effect[k + (size_t) level->n_shared * g];
    }
    double *own = state->grouping[leaves->grouping].effect;
    memcpy(own, totals->total, sizeof(double) * q * leaves->n_groups);
    for (int j = 0; j < leaves->n_groups; j++)
        add_above(totals, state->grouping, j, -1.0, own + q * j);
}

status_t draw_given_totals(totals_t *totals, state_t *state)
{
    const model_t *model = totals->model;
    draw_fixed(totals);
    for (int l = totals->n_levels - 1; l > 0; l--)
        for (int g = 0; g < totals->level[l].n_groups; g++)
            RETURN_IF_FAILED(draw_shared(totals, l, g));
    store_effects(totals, state);
    beta_to_theta(model, totals->beta, state->theta);
    memcpy(state->staying, state->theta, sizeof(double) * model->n_coef);
    return STATUS_OK;
}
