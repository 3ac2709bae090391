#include <math.h>
#include <string.h>
#include "crossprods.h"
#include "lanes.h"
#include "linalg.h"
#include "scan.h"

/* A direction with less than this of a column's length in a group is none. */
static const double LEAST_SHARE = 1e-8;
/* The same of a column of X over all rows. */
static const double LEAST_FIXED = 1e-10;

static inline double cell_scale(const model_t *model, int cell, const double *sigma2)
{
    return sigma2 ? 1.0 / sqrt(sigma2[model->cells.stratum[cell]]) : 1.0;
}

/* Xb <- Xb + Z'X b summed over a grouping's groups. */
static void add_on_columns(const model_t *model, const state_t *state, int g, double *Xb)
{
    const grouping_t *grouping = model->grouping + g;
    int q = grouping->n_random, p = model->n_coef;
    for (int j = 0; j < grouping->n_groups; j++) {
        const double *b = state->grouping[g].effect + (size_t) q * j;
        for (int cell = grouping->group_start[j]; cell < grouping->group_start[j + 1]; cell++) {
            const double *R = cell_factor(grouping, cell), *C = R + (size_t) q * q;
            for (int r = 0; r < q; r++) {
                double Rb = 0.0;
                for (int k = r; k < q; k++) Rb += R[r + (size_t) q * k] * b[k];
                for (int k = 0; k < p; k++) Xb[k] += Rb * C[r + (size_t) q * k];
            }
        }
    }
}

/* From the root down: each leaf has what its ancestors have. */
static void add_totals(const model_t *model, const state_t *state, const step_t *step, double *total)
{
    int n = model->cells.n_columns, n_leaves = model->grouping[step->grouping[0]].n_groups;
    memset(total, 0, sizeof(double) * n * n_leaves);
    for (int leaf = 0; leaf < n_leaves; leaf++) {
        int group = leaf;
        double *own = total + (size_t) n * leaf;
        for (int l = 0; l < step->n; l++) {
            const grouping_t *grouping = model->grouping + step->grouping[l];
            int q = grouping->n_random, number = step->level[l].number[group];
            const double *b = state->grouping[step->grouping[l]].effect + (size_t) q * number;
            for (int k = 0; k < q; k++) own[grouping->place[k]] += b[k];
            group = step->level[l].parent[group];
        }
    }
}

void tell_effects(const model_t *model, const state_t *state, const step_t *step, scan_t *scan)
{
    double *on_X = scan->joint->on_X[scan->step];
    add_totals(model, state, step, scan->joint->total[scan->step]);
    memset(on_X, 0, sizeof(double) * model->n_coef);
    for (int l = 0; l < step->n; l++) add_on_columns(model, state, step->grouping[l], on_X);
}

/* v <- v - B h of each row's group, with h = B'v summed over it. */
static void project_out(const scan_t *scan, int m, int n_groups, double *v)
{
    const int *place = scan->place[scan->level[m]];
    const double *B = scan->basis[m];
    double *h = scan->squares;
    memset(h, 0, sizeof(double) * n_groups);
    for (int i = 0; i < scan->joint->rows.n; i++) h[place[i]] += B[i] * v[i];
    for (int i = 0; i < scan->joint->rows.n; i++) v[i] -= h[place[i]] * B[i];
}

static void sum_squares(int n, const int *place, int n_groups, const double *v, double *squares)
{
    memset(squares, 0, sizeof(double) * n_groups);
    for (int i = 0; i < n; i++) squares[place[i]] += v[i] * v[i];
}

/* Takes a direction out of a group's factor, whose row is absorbed by those that are left. */
static void drop_direction(nested_t *nested, int l, int group, int k)
{
    nested_level_t *level = nested->level + l;
    int q = level->n_random, n = q + level->n_after;
    double *factor = level->factor + (size_t) q * n * group, *row = nested->buffers[l].gram;
    for (int i = 0; i < n; i++) {
        row[i] = i > k ? factor[k + (size_t) q * i] : 0.0;
        factor[k + (size_t) q * i] = 0.0;
    }
    absorb_from(nested, l, group, 1, 1, row);
}

/* Column k of the chain, orthonormal to those before it in each group. */
static void make_column(const model_t *model, const step_t *step, int k, const double *sigma2,
                        nested_t *nested, scan_t *scan)
{
    const joint_effects_t *joint = scan->joint;
    int n = model->cells.n_columns, l = scan->level[k];
    const grouping_t *grouping = model->grouping + step->grouping[l];
    int column = grouping->place[scan->column[k]], n_groups = grouping->n_groups;
    const int *place = scan->place[l];
    double *v = scan->basis[k], *before = scan->sums[l];
    for (int i = 0; i < joint->rows.n; i++)
        v[i] = cell_scale(model, joint->rows.cell[i], sigma2)
            * joint->rows.z[column + (size_t) n * i];
    sum_squares(joint->rows.n, place, n_groups, v, before);
    for (int pass = 0; pass < 2; pass++)
        for (int m = 0; m < k; m++)
            if (scan->is_used[m])
                project_out(scan, m, nested->level[scan->level[m]].n_groups, v);
    sum_squares(joint->rows.n, place, n_groups, v, scan->squares);
    scan->is_used[k] = 0;
    for (int j = 0; j < n_groups; j++) {
        if (k == 0) scan->scale[j] = before[j] > 0.0 ? 1.0 / sqrt(before[j]) : 0.0;
        if (scan->squares[j] > LEAST_SHARE * LEAST_SHARE * before[j]) {
            scan->squares[j] = 1.0 / sqrt(scan->squares[j]);
            scan->is_used[k] = 1;
            continue;
        }
        scan->squares[j] = 0.0;
        drop_direction(nested, l, j, scan->column[k]);
    }
    for (int i = 0; i < joint->rows.n; i++) v[i] *= scan->squares[place[i]];
}

/* The columns of a chain with a plain basis. */
static void make_plain_columns(nested_t *nested, scan_t *scan)
{
    const joint_effects_t *joint = scan->joint;
    const nested_level_t *leaves = nested->level;
    double *squares = scan->squares;
    sum_squares(joint->rows.n, scan->place[0], leaves->n_groups, joint->rows.z, squares);
    scan->is_used[0] = 0;
    for (int j = 0; j < leaves->n_groups; j++) {
        scan->scale[j] = squares[j] > 0.0 ? 1.0 / sqrt(squares[j]) : 0.0;
        if (squares[j] > 0.0) scan->is_used[0] = 1;
        else drop_direction(nested, 0, j, 0);
    }
    for (int k = 1; k < scan->n_columns; k++) {
        scan->is_used[k] = 0;
        for (int j = 0; j < nested->level[k].n_groups; j++) drop_direction(nested, k, j, 0);
    }
}

/* B of row i, from B where that is kept. */
INLINED double basis_at(const scan_t *scan, const double *B, const int *place, int i)
{
    return B ? B[i] : scan->joint->rows.z[i] * scan->scale[place[i]];
}

/* X'y of all rows, and what the cells leave of y'y. */
static void sum_fixed(const model_t *model, const double *sigma2, scan_t *scan)
{
    int n = model->cells.n_columns, p = model->n_coef, rows = p + 1;
    memset(scan->fixed_Xy, 0, sizeof(double) * p);
    memset(scan->strata_Xy, 0, sizeof(double) * p);
    scan->fixed_yy = 0.0;
    for (int cell = 0; cell < model->cells.n; cell++) {
        double scale = cell_scale(model, cell, sigma2);
        const double *C = joint_factor(&model->cells, cell) + (size_t) n * n;
        const double *c = C + (size_t) n * p;
        for (int k = 0; k < p; k++)
            scan->fixed_Xy[k] += scale * scale * dot(n, C + (size_t) n * k, c);
    }
    for (int s = 0; s < model->n_strata; s++) {
        const double *T = stratum_factor(model, s), *t = T + (size_t) rows * p;
        double unit = sigma2 ? 1.0 / sigma2[s] : 1.0;
        for (int k = 0; k < p; k++)
            scan->strata_Xy[k] += unit * dot(rows, T + (size_t) rows * k, t);
        scan->fixed_yy += unit * dot(rows, t, t);
    }
    for (int k = 0; k < p; k++) scan->fixed_Xy[k] += scan->strata_Xy[k];
}

/* A passage over the rows, before the next. */
static int passage_is_stopped(const scan_t *scan, monitor_t *monitor)
{
    return user_wants_to_stop(monitor, 0.2 * scan->joint->rows.n);
}

/* The square of column k of X over all rows. */
static double square_of_fixed(const model_t *model, const double *sigma2, int k)
{
    int n = model->cells.n_columns, rows = model->n_coef + 1;
    double square = 0.0;
    for (int cell = 0; cell < model->cells.n; cell++) {
        double scale = cell_scale(model, cell, sigma2);
        const double *C = joint_factor(&model->cells, cell) + (size_t) n * (n + k);
        square += scale * scale * dot(n, C, C);
    }
    for (int s = 0; s < model->n_strata; s++) {
        const double *T = stratum_factor(model, s) + (size_t) rows * k;
        square += (sigma2 ? 1.0 / sigma2[s] : 1.0) * dot(rows, T, T);
    }
    return square;
}

/* Row k of a triangular factor goes into those below it, by rotations. */
static void rotate_down(int n, int k, double *R, double *row)
{
    for (int j = k; j < n; j++) {
        row[j] = R[k + (size_t) n * j];
        R[k + (size_t) n * j] = 0.0;
    }
    row[k] = 0.0;
    for (int j = k + 1; j < n; j++) {
        double *diagonal = R + j + (size_t) n * j, length = hypot(*diagonal, row[j]);
        if (row[j] == 0.0) continue;
        double c = *diagonal / length, s = row[j] / length;
        for (int m = j; m < n; m++) {
            double *own = R + j + (size_t) n * m, before = *own;
            *own = c * before + s * row[m];
            row[m] = c * row[m] - s * before;
        }
    }
}

/* Columns of X of which the chain leaves nothing have no row of the rest's root, whose last column
   is set anew in each scan. */
static void drop_fixed(const model_t *model, const double *sigma2, nested_t *nested)
{
    int n = nested->n_coef + 1;
    for (int k = 0; k < nested->n_coef; k++) {
        double left = nested->rest_root[k + (size_t) n * k];
        if (left * left <= LEAST_FIXED * LEAST_FIXED * square_of_fixed(model, sigma2, k))
            rotate_down(n, k, nested->rest_root, nested->lost);
    }
}

status_t make_basis(const model_t *model, const step_t *step, const double *sigma2,
                    chain_data_t *chain, scan_t *scan, monitor_t *monitor)
{
    int is_plain = has_plain_basis(model);
    if (is_plain) make_plain_columns(&chain->nested, scan);
    for (int k = 0; !is_plain && k < scan->n_columns; k++) {
        make_column(model, step, k, sigma2, &chain->nested, scan);
        if (passage_is_stopped(scan, monitor)) return STATUS_INTERRUPTED;
    }
    drop_fixed(model, sigma2, &chain->nested);
    settle_nested(&chain->nested);
    sum_fixed(model, sigma2, scan);
    return passage_is_stopped(scan, monitor) ? STATUS_INTERRUPTED : STATUS_OK;
}

/* e <- e less what one step's effects give, with n columns. */
INLINED void subtract_total(int n, const joint_effects_t *joint, int step, double *e)
{
    const double *z = joint->rows.z, *total = joint->total[step];
    const int *leaf = joint->leaf[step];
    for (int i = 0; i < joint->rows.n; i++, z += n) {
        const double *own = total + (size_t) n * leaf[i];
        double sum = 0.0;
        for (int k = 0; k < n; k++) sum += z[k] * own[k];
        e[i] -= sum;
    }
}

/* joint->e <- c less the others' effects, in units of sigma2 where it is given. */
static void find_residuals(const model_t *model, const double *sigma2, const scan_t *scan)
{
    const joint_effects_t *joint = scan->joint;
    int n = model->cells.n_columns;
    double *e = joint->e;
    memcpy(e, joint->rows.c, sizeof(double) * joint->rows.n);
    for (int s = 0; s < model->n_steps; s++) {
        if (s == scan->step) continue;
        if (n == 1) subtract_total(1, joint, s, e);
        else if (n == 2) subtract_total(2, joint, s, e);
        else if (n == 3) subtract_total(3, joint, s, e);
        else subtract_total(n, joint, s, e);
    }
    if (!sigma2) return;
    for (int i = 0; i < joint->rows.n; i++) e[i] *= cell_scale(model, joint->rows.cell[i], sigma2);
}

/* One column in all and two steps: the rows' z are the basis but for the length of a leaf's. */
static double project_single(const scan_t *scan)
{
    const joint_effects_t *joint = scan->joint;
    int other = 1 - scan->step, n = joint->rows.n;
    const double *z = joint->rows.z, *c = joint->rows.c, *total = joint->total[other];
    const int *theirs = joint->leaf[other], *own = joint->leaf[scan->step];
    double yy = 0.0, *sums = scan->sums[0];
    for (int i = 0; i < n; i++) {
        double e = c[i] - z[i] * total[theirs[i]];
        sums[own[i]] += z[i] * e;
        yy += e * e;
    }
    return yy;
}

/* X'e of the rows, weighed. */
static void add_weighed_Xy(const model_t *model, const double *sigma2, const scan_t *scan)
{
    const joint_effects_t *joint = scan->joint;
    int n = model->cells.n_columns, p = model->n_coef;
    for (int i = 0; i < joint->rows.n; i++) {
        double e = cell_scale(model, joint->rows.cell[i], sigma2) * joint->e[i];
        const double *C = joint_factor(&model->cells, joint->rows.cell[i]) + (size_t) n * n
            + joint->rows.row[i];
        for (int k = 0; k < p; k++) scan->Xy[k] += e * C[(size_t) n * k];
    }
}

/* Sums of B'e by group, and the answer e'e; weighed: X'e too. */
static double project_rows(const model_t *model, const double *sigma2, const scan_t *scan)
{
    const double *e = scan->joint->e;
    int n = scan->joint->rows.n;
    double yy = 0.0;
    find_residuals(model, sigma2, scan);
    for (int i = 0; i < n; i++) yy += e[i] * e[i];
    for (int k = 0; k < scan->n_columns; k++) {
        if (!scan->is_used[k]) continue;
        int l = scan->level[k], width = scan->width[l];
        const int *place = scan->place[l];
        const double *B = scan->basis[k];
        double *sum = scan->sums[l] + scan->column[k];
        for (int i = 0; i < n; i++)
            sum[(size_t) width * place[i]] += basis_at(scan, B, place, i) * e[i];
    }
    if (sigma2) add_weighed_Xy(model, sigma2, scan);
    return yy;
}

/* |e - B c|^2, which loses no digits. */
static double sum_left(const model_t *model, const double *sigma2, const scan_t *scan)
{
    int n = scan->joint->rows.n;
    double yy = 0.0, *e = scan->joint->e;
    find_residuals(model, sigma2, scan);
    for (int k = 0; k < scan->n_columns; k++) {
        if (!scan->is_used[k]) continue;
        int l = scan->level[k], width = scan->width[l];
        const int *place = scan->place[l];
        const double *B = scan->basis[k], *sum = scan->sums[l] + scan->column[k];
        for (int i = 0; i < n; i++)
            e[i] -= basis_at(scan, B, place, i) * sum[(size_t) width * place[i]];
    }
    for (int i = 0; i < n; i++) yy += e[i] * e[i];
    return yy;
}

/* The sums as the c of each level's groups; the rest loses their products. The answer is c'c. */
static double set_responses(nested_t *nested, const scan_t *scan, double *rest_Xy)
{
    int p = nested->n_coef;
    double cc = 0.0;
    for (int l = 0; l < nested->n_levels; l++) {
        nested_level_t *level = nested->level + l;
        int q = level->n_random, n = q + level->n_after;
        for (int j = 0; j < level->n_groups; j++) {
            double *factor = level->factor + (size_t) q * n * j;
            double *C = factor + (size_t) q * (n - p - 1), *c = C + (size_t) q * p;
            memcpy(c, scan->sums[l] + (size_t) q * j, sizeof(double) * q);
            for (int k = 0; k < p; k++) rest_Xy[k] -= dot(q, C + (size_t) q * k, c);
            cc += dot(q, c, c);
        }
    }
    return cc;
}

/* The last column of the rest, and of its root: R^-T X'y where X leaves anything. */
static void set_rest(nested_t *nested, const double *Xy, double yy)
{
    int p = nested->n_coef, n = p + 1;
    double *rest = nested->rest + (size_t) n * p, *root = nested->rest_root + (size_t) n * p;
    for (int k = 0; k < p; k++) rest[k] = Xy[k];
    rest[p] = yy;
    double left = yy;
    for (int k = 0; k < p; k++) {
        const double *R = nested->rest_root + (size_t) n * k;
        double sum = Xy[k] - dot(k, R, root);
        root[k] = R[k] != 0.0 ? sum / R[k] : 0.0;
        left -= root[k] * root[k];
    }
    root[p] = left > 0.0 ? sqrt(left) : 0.0;
}

/* X'y of all rows less the others' effects, where no cell is weighed. */
static void subtract_on_X(const model_t *model, const scan_t *scan)
{
    memcpy(scan->Xy, scan->fixed_Xy, sizeof(double) * model->n_coef);
    for (int s = 0; s < model->n_steps; s++)
        if (s != scan->step)
            for (int k = 0; k < model->n_coef; k++) scan->Xy[k] -= scan->joint->on_X[s][k];
}

status_t subtract_others(const model_t *model, const double *sigma2, chain_data_t *chain,
                         scan_t *scan, monitor_t *monitor)
{
    nested_t *nested = &chain->nested;
    for (int l = 0; l < nested->n_levels; l++)
        memset(scan->sums[l], 0,
               sizeof(double) * scan->width[l] * (size_t) nested->level[l].n_groups);
    if (sigma2) memcpy(scan->Xy, scan->strata_Xy, sizeof(double) * model->n_coef);
    else subtract_on_X(model, scan);
    int single = has_plain_basis(model) && model->n_steps == 2;
    double of_rows = single ? project_single(scan) : project_rows(model, sigma2, scan);
    if (single)
        for (int j = 0; j < nested->level[0].n_groups; j++) scan->sums[0][j] *= scan->scale[j];
    double cc = set_responses(nested, scan, scan->Xy), left = of_rows - cc;
    if (!(left > 1e-6 * of_rows)) left = sum_left(model, sigma2, scan);
    set_rest(nested, scan->Xy, left + scan->fixed_yy);
    renew_response(nested);
    return passage_is_stopped(scan, monitor) ? STATUS_INTERRUPTED : STATUS_OK;
}
