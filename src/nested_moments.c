#include <string.h>
#include "linalg.h"
#include "nested_moments.h"

void take_nested_moments(const nested_effects_t *effects, nested_moments_t *moments,
                         workspace_t *work)
{
    moments->effects = effects;
    for (int l = 0; l < effects->nested->n_levels; l++) {
        int q = effects->nested->level[l].n_random, n = effects->n_ancestors[l];
        moments->joint[l] = take_matrix(work, q + n, q + n);
        moments->B[l] = take_matrix(work, q, n);
        moments->W[l] = take_matrix(work, q, q);
    }
}

/* B: what each effect of the ancestors moves, -L M^-1 A' Z of it. */
static status_t regress_on_ancestors(int q, int n, const double *top, const double *L, double *B,
                                     const group_buffers_t *buffers)
{
    for (int k = 0; k < n; k++) {
        RETURN_IF_FAILED(group_mean(q, top, L, top + (size_t) q * (q + k), B + (size_t) q * k,
                                    buffers));
        for (int r = 0; r < q; r++) B[r + (size_t) q * k] *= -1.0;
    }
    return STATUS_OK;
}

/* joint <- the covariance of [gamma, a] from that of a. */
static void join_covariances(int q, int n, const double *W, const double *B, const double *above,
                             double *joint)
{
    int ld = q + n;
    for (int k = 0; k < n; k++) {
        memcpy(joint + q + (size_t) ld * (q + k), above + (size_t) n * k, sizeof(double) * n);
        for (int r = 0; r < q; r++) {
            double sum = 0.0;
            for (int m = 0; m < n; m++) sum += B[r + (size_t) q * m] * above[m + (size_t) n * k];
            joint[r + (size_t) ld * (q + k)] = joint[q + k + (size_t) ld * r] = sum;
        }
    }
    for (int r = 0; r < q; r++)
        for (int s = 0; s < q; s++) {
            double sum = dot(q, W + (size_t) q * r, W + (size_t) q * s);
            for (int m = 0; m < n; m++)
                sum += joint[r + (size_t) ld * (q + m)] * B[s + (size_t) q * m];
            joint[r + (size_t) ld * s] = sum;
        }
}

status_t moments_of_group(const nested_moments_t *moments, int l, int group,
                          const double *const *L, double sigma)
{
    const nested_effects_t *effects = moments->effects;
    int q = effects->nested->level[l].n_random, n = effects->n_ancestors[l], ld = q + n;
    const double *top = top_of_group(effects, l, group);
    double *mean = moments->mean[l] + (size_t) q * group;
    RETURN_IF_FAILED(group_conditional(q, n, top, L[l], effects->above[l], sigma, mean,
                                       moments->W[l], effects->group + l));
    RETURN_IF_FAILED(regress_on_ancestors(q, n, top, L[l], moments->B[l], effects->group + l));
    join_covariances(q, n, moments->W[l], moments->B[l],
                     n > 0 ? moments->joint[l + 1] : NULL, moments->joint[l]);
    double *covariance = moments->covariance[l] + (size_t) q * q * group;
    for (int k = 0; k < q; k++)
        memcpy(covariance + (size_t) q * k, moments->joint[l] + (size_t) ld * k, sizeof(double) * q);
    if (l == 0) return STATUS_OK;
    memcpy(effects->above[l - 1], mean, sizeof(double) * q);
    if (n > 0) memcpy(effects->above[l - 1] + q, effects->above[l], sizeof(double) * n);
    return STATUS_OK;
}

status_t moments_below(const nested_moments_t *moments, int l, int group, const double *const *L,
                       double sigma)
{
    const nested_level_t *level = moments->effects->nested->level + l;
    RETURN_IF_FAILED(moments_of_group(moments, l, group, L, sigma));
    if (l == 0) return STATUS_OK;
    for (int c = level->child_start[group]; c < level->child_start[group + 1]; c++)
        RETURN_IF_FAILED(moments_below(moments, l - 1, c, L, sigma));
    return STATUS_OK;
}
