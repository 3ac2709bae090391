#include <math.h>
#include <string.h>
#include "family_follow.h"
#include "lattice_group.h"
#include "linalg.h"

follow_buffers_t take_follow_buffers(const responses_t *responses, int rows, workspace_t *work)
{
    size_t p = (size_t) responses->n_coef, q = (size_t) responses->n_random;
    follow_buffers_t buffers;
    buffers.rows = take(work, (size_t) rows * p);
    buffers.DB = take(work, q * p);
    buffers.XVX = take(work, p * p);
    return buffers;
}

void take_follow(const responses_t *responses, int n_coordinates, workspace_t *work,
                 family_follow_t *follow)
{
    size_t p = (size_t) responses->n_coef, q = (size_t) responses->n_random;
    size_t J = (size_t) responses->n_groups;
    follow->weight = take(work, (size_t) responses->start[responses->n_groups]);
    follow->cross = take(work, q * p * J);
    follow->spread = take(work, q * q * J);
    follow->linear = take(work, q * J);
    follow->reference = take(work, p);
    follow->score = take(work, q);
    follow->moved = take(work, (size_t) n_coordinates);
}

/* D of a group at its mode: with C^-1 = F and CC' = I + L'WL it is (L F')(L F')'. */
static void find_spread(const lattice_group_t *g, double *D)
{
    int q = g->q;
    double LF[MOST_Q * MOST_Q];
    for (int k = 0; k < q; k++) {
        double row[MOST_Q] = { 0.0 };
        for (int l = 0; l <= k; l++) row[l] = g->inverse[k + q * l];
        effects_of(g, row, LF + q * k);
    }
    for (int k = 0; k < q; k++)
        for (int l = 0; l < q; l++) {
            D[l + q * k] = 0.0;
            for (int m = 0; m < q; m++) D[l + q * k] += LF[l + q * m] * LF[k + q * m];
        }
}

/* B = Z'WX, and D B. */
static void find_cross(const lattice_group_t *g, int p, const double *D, double *B, double *DB)
{
    int q = g->q, n = g->n;
    for (int k = 0; k < p; k++) {
        const double *x = g->X + (size_t) n * k;
        for (int l = 0; l < q; l++) {
            const double *z = g->Z + (size_t) n * l;
            double sum = 0.0;
            for (int i = 0; i < n; i++) sum += z[i] * g->b->weight[i] * x[i];
            B[l + q * k] = sum;
        }
        for (int l = 0; l < q; l++) {
            double sum = 0.0;
            for (int m = 0; m < q; m++) sum += D[l + q * m] * B[m + q * k];
            DB[l + q * k] = sum;
        }
    }
}

/* The group's rows w (x - z'DB), and X'WX - B'DB to the sum. */
static void add_group(const lattice_group_t *g, int p, const int *row,
                      const follow_buffers_t *buffers)
{
    int q = g->q, n = g->n;
    for (int i = 0; i < n; i++) {
        if (row[i] < 0) continue;
        double *out = buffers->rows + (size_t) p * row[i];
        for (int k = 0; k < p; k++) {
            double left = g->X[i + (size_t) n * k];
            for (int l = 0; l < q; l++)
                left -= g->Z[i + (size_t) n * l] * buffers->DB[l + q * k];
            out[k] = g->b->weight[i] * left;
        }
        for (int k = 0; k < p; k++)
            for (int l = 0; l < p; l++)
                buffers->XVX[l + p * k] += g->X[i + (size_t) n * l] * out[k];
    }
}

/* follow <- sum over rows of their row times z', for one grouping. */
static void add_rows(const responses_t *responses, int p, const double *rows, double *follow)
{
    int q = responses->n_random;
    memset(follow, 0, sizeof(double) * p * q * responses->n_groups);
    for (int j = 0; j < responses->n_groups; j++) {
        int first = responses->start[j], n = responses->start[j + 1] - first;
        const double *Z = responses->Z + (size_t) first * q;
        for (int i = 0; i < n; i++) {
            int row = responses->row[first + i];
            if (row < 0) continue;
            for (int k = 0; k < q; k++) {
                double z = Z[i + (size_t) n * k], *out = follow + (size_t) p * (k + q * j);
                for (int l = 0; l < p; l++) out[l] += z * rows[(size_t) p * row + l];
            }
        }
    }
}

/* shift <- the map of the effects. */
static void map_effects(const model_t *model, const family_follow_t *follow,
                        const grouping_state_t *effect, double *shift)
{
    int p = model->n_coef;
    memset(shift, 0, sizeof(double) * p);
    for (int s = 0; s < model->n_groupings; s++) {
        const double *column = follow->map[s], *b = effect[s].effect;
        if (!column) continue;
        int n = model->grouping[s].n_random * model->grouping[s].n_groups;
        for (int j = 0; j < n; j++, column += p)
            for (int k = 0; k < p; k++) shift[k] += column[k] * b[j];
    }
}

/* out += sign (Z'W o - Z'WX shift) of one group, with the offset o of the others. */
static void add_moved(const family_scan_t *scan, const family_follow_t *follow, int j, double sign,
                      const double *shift, double *out)
{
    const responses_t *responses = &scan->responses;
    int p = responses->n_coef, q = responses->n_random;
    int first = responses->start[j], n = responses->start[j + 1] - first;
    const double *Z = responses->Z + (size_t) first * q;
    const double *cross = follow->cross + (size_t) q * p * j;
    for (int k = 0; k < q; k++) {
        double sum = 0.0;
        for (int i = 0; i < n; i++)
            sum += follow->weight[first + i] * Z[i + (size_t) n * k]
                * (scan->offset[first + i] - scan->given[first + i]);
        for (int l = 0; l < p; l++) sum -= cross[k + (size_t) q * l] * shift[l];
        out[k] += sign * sum;
    }
}

status_t find_follow(const model_t *model, const family_scan_t *scan, const grouping_state_t *effect,
                     const group_parameters_t *parameters, const lattice_buffers_t *lattice,
                     const follow_buffers_t *buffers, monitor_t *monitor, family_follow_t *follow)
{
    /* Rows' weights are wanted, also where they could be summed at once. */
    responses_t rows = scan->responses;
    const responses_t *responses = &rows;
    int p = model->n_coef, q = responses->n_random;
    rows.is_intercept = 0;
    memcpy(buffers->XVX, model->prior_precision, sizeof(double) * p * p);
    for (int j = 0; j < responses->n_groups; j++) {
        lattice_group_t g;
        int first = responses->start[j];
        double *D = follow->spread + (size_t) q * q * j, *r = follow->linear + (size_t) q * j;
        if (!center_group(responses, j, parameters, 1e-4, lattice, &g)) return STATUS_NOT_FINITE;
        memcpy(follow->weight + first, g.b->weight, sizeof(double) * g.n);
        find_spread(&g, D);
        find_cross(&g, p, D, follow->cross + (size_t) q * p * j, buffers->DB);
        store_quadratic(&g, r, NULL);
        add_group(&g, p, responses->row + first, buffers);
        if (user_wants_to_stop(monitor, 4.0 * g.n * (1 + p))) return STATUS_INTERRUPTED;
    }
    RETURN_IF_FAILED(cholesky(p, buffers->XVX));
    for (int s = 0; s < scan->n_groupings; s++) {
        const responses_t *other = model->responses + s;
        if (!follow->map[s]) continue;
        add_rows(other, p, buffers->rows, follow->map[s]);
        if (user_wants_to_stop(monitor, other->start[other->n_groups])) return STATUS_INTERRUPTED;
        for (int j = 0; j < other->n_random * other->n_groups; j++) {
            solve_upper_transposed(p, buffers->XVX, follow->map[s] + (size_t) p * j);
            solve_upper(p, buffers->XVX, follow->map[s] + (size_t) p * j);
        }
    }
    map_effects(model, follow, effect, follow->reference);
    for (int j = 0; j < responses->n_groups; j++)
        add_moved(scan, follow, j, 1.0, follow->reference, follow->linear + (size_t) q * j);
    return STATUS_OK;
}

static void find_score(const family_scan_t *scan, const family_follow_t *follow)
{
    int q = scan->responses.n_random;
    memset(follow->score, 0, sizeof(double) * q);
    for (int j = 0; j < scan->responses.n_groups; j++) {
        const double *D = follow->spread + (size_t) q * q * j;
        double r[MOST_Q];
        memcpy(r, follow->linear + (size_t) q * j, sizeof(double) * q);
        add_moved(scan, follow, j, -1.0, scan->shift, r);
        for (int k = 0; k < q; k++) {
            double b = 0.0;
            for (int l = 0; l < q; l++) b += D[k + q * l] * r[l];
            follow->score[k] += b * b;
        }
    }
}

void move_center(const model_t *model, const grouping_state_t *effect, family_scan_t *scan,
                 int theta, int n)
{
    family_follow_t *follow = scan->follow;
    int q = scan->responses.n_random;
    map_effects(model, follow, effect, scan->shift);
    find_score(scan, follow);
    for (int k = 0; k < model->n_coef; k++) scan->shift[k] -= follow->reference[k];
    memcpy(follow->moved, follow->center, sizeof(double) * n);
    for (int k = 0; k < model->n_coef; k++) follow->moved[theta + k] -= scan->shift[k];
    for (int l = 0; l < q; l++)
        for (int k = 0; k < n; k++)
            follow->moved[k] += follow->slope[k + (size_t) n * l]
                * (follow->score[l] - follow->mean_score[l]);
}
