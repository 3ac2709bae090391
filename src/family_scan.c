#include <string.h>
#include <R_ext/Random.h>
#include "family_scan.h"

void find_places(const responses_t *own, const responses_t *other, int *group, int *place)
{
    for (int j = 0; j < other->n_groups; j++)
        for (int i = other->start[j]; i < other->start[j + 1]; i++)
            if (other->row[i] >= 0) group[other->row[i]] = j;
    for (int i = 0; i < own->start[own->n_groups]; i++) {
        int row = own->row[i];
        place[i] = row < 0 ? 0 : other->is_intercept ? group[row] : row;
    }
}

void face_other_effects(family_scan_t *scan)
{
    const responses_t *responses = &scan->responses;
    int n = responses->start[responses->n_groups];
    memcpy(scan->offset, scan->given, sizeof(double) * n);
    for (int s = 0; s < scan->n_groupings; s++) {
        const double *share = scan->share[s];
        const int *place = scan->place[s];
        if (!place) continue;
        for (int i = 0; i < n; i++) scan->offset[i] += share[place[i]];
    }
}

void draw_uniforms(family_scan_t *scan)
{
    size_t n = (size_t) (scan->responses.n_random + 1) * scan->responses.n_groups;
    for (size_t i = 0; i < n; i++) scan->uniform[i] = unif_rand();
}

void share_effects(const responses_t *responses, const double *effect, double *share)
{
    int q = responses->n_random;
    if (responses->is_intercept) {
        memcpy(share, effect, sizeof(double) * responses->n_groups);
        return;
    }
    for (int j = 0; j < responses->n_groups; j++) {
        int first = responses->start[j], n = responses->start[j + 1] - first;
        const double *Z = responses->Z + (size_t) first * q, *b = effect + (size_t) q * j;
        for (int i = 0; i < n; i++) {
            int row = responses->row[first + i];
            if (row < 0) continue;
            double sum = 0.0;
            for (int k = 0; k < q; k++) sum += Z[i + (size_t) n * k] * b[k];
            share[row] = sum;
        }
    }
}

void share_all(const model_t *model, const grouping_state_t *grouping, double *const *share)
{
    for (int g = 0; g < model->n_groupings; g++)
        share_effects(model->responses + g, grouping[g].effect, share[g]);
}

void leave_effects(const double *by_product, double *effect, family_scan_t *scan)
{
    const responses_t *responses = &scan->responses;
    size_t n_effects = (size_t) responses->n_random * responses->n_groups;
    memcpy(effect, by_product, sizeof(double) * n_effects);
    memcpy(scan->near, by_product + n_effects, sizeof(double) * near_size(responses));
    share_effects(responses, effect, scan->share[scan->grouping]);
}
