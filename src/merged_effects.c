#include <string.h>
#include "linalg.h"
#include "merged_effects.h"

void solve_effects(const merged_t *merged, const double *theta, double sigma,
                   double *const *effect)
{
    int p = merged->n_coef;
    double *u = merged->u;
    for (int c = merged->n_columns - 1; c >= 0; c--) {
        int n = merged->row_length[c];
        const int *list = merged->list + merged->row_list[c];
        const double *R = merged->R + merged->row_start[c], *W = R + n;
        double sum = W[p] + sigma * merged->normals[c] - dot(p, W, theta);
        for (int i = 1; i < n; i++) sum -= R[i] * u[list[i]];
        u[c] = sum / R[0];
    }
    for (int node = 0; node < merged->pattern->n_nodes; node++) {
        int l = merged->level[node], q = merged->width[l];
        const double *own = u + merged->first[node];
        double *out = effect[l] + (size_t) q * merged->group[node];
        for (int k = 0; k < q; k++) out[k] = 0.0;
        for (int i = 0; i < q; i++)
            for (int k = i; k < q; k++) out[k] += merged->L[l][k + (size_t) q * i] * own[i];
    }
}

/* Row c of the inverse, once those behind it are there. */
static void invert_row(const merged_t *merged, const selected_inverse_t *selected, int c)
{
    int n = merged->row_length[c];
    const int *list = merged->list + merged->row_list[c];
    const double *R = merged->R + merged->row_start[c];
    double *own = selected->inverse + merged->row_start[c], *sums = selected->sums, square = 0.0;
    for (int i = 1; i < n; i++) {
        selected->at[list[i]] = i;
        sums[i] = 0.0;
    }
    for (int i = 1; i < n; i++) {
        int other = list[i], n_other = merged->row_length[other];
        const int *theirs = merged->list + merged->row_list[other];
        const double *row = selected->inverse + merged->row_start[other];
        sums[i] += R[i] * row[0];
        for (int k = 1; k < n_other; k++) {
            int at = selected->at[theirs[k]];
            if (at == 0) continue;
            sums[i] += R[at] * row[k];
            sums[at] += R[i] * row[k];
        }
    }
    for (int i = 1; i < n; i++) {
        selected->at[list[i]] = 0;
        own[i] = -sums[i] / R[0];
        square += R[i] * own[i];
    }
    own[0] = (1.0 / R[0] - square) / R[0];
}

/* C <- sigma^2 L S L', S the inverse's block of a node. */
static void spread_block(const merged_t *merged, const selected_inverse_t *selected, int node,
                         double sigma, double *C)
{
    int q = node_width(merged, node), first = merged->first[node];
    const double *L = merged->L[merged->level[node]];
    for (int k = 0; k < q; k++)
        for (int l = 0; l < q; l++) {
            double sum = 0.0;
            for (int i = 0; i <= k; i++)
                for (int j = 0; j <= l; j++) {
                    int low = i < j ? i : j, high = i < j ? j : i;
                    const double *row = selected->inverse + merged->row_start[first + low];
                    sum += L[k + (size_t) q * i] * row[high - low] * L[l + (size_t) q * j];
                }
            C[l + (size_t) q * k] = sigma * sigma * sum;
        }
}

void find_covariances(const merged_t *merged, double sigma, const selected_inverse_t *selected,
                      double *const *covariance)
{
    memset(selected->at, 0, sizeof(int) * (size_t) merged->n_columns);
    for (int c = merged->n_columns - 1; c >= 0; c--) invert_row(merged, selected, c);
    for (int node = 0; node < merged->pattern->n_nodes; node++) {
        int l = merged->level[node];
        size_t q = (size_t) merged->width[l];
        spread_block(merged, selected, node, sigma,
                     covariance[l] + q * q * (size_t) merged->group[node]);
    }
}
