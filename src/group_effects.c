#include <string.h>
#include "group_effects.h"
#include "linalg.h"

group_effects_buffers_t take_group_effects(int q, int p, workspace_t *work)
{
    group_effects_buffers_t buffers;
    buffers.mean = take(work, q);
    buffers.first = take(work, q);
    buffers.W = take_matrix(work, q, q);
    buffers.weighed = take_weighed(q, p, work);
    buffers.group = take_group(q, work);
    return buffers;
}

status_t draw_deferred_group(const model_t *model, const step_t *step, int group,
                             const hyper_draws_t *draws, int from, int to,
                             const double *normals, double *effects, size_t stride,
                             const group_effects_buffers_t *buffers)
{
    int g = only_grouping(step), q = model->grouping[g].n_random, p = model->n_coef;
    const double *factor = cell_factor(model->grouping + g, group), *L = draws->L[g];
    for (int i = from; i < to; i++) {
        RETURN_IF_FAILED(draw_one_group(q, p, factor, L + (size_t) q * q * i,
                                        draws->theta + (size_t) p * i, draws->sigma[i],
                                        normals, effects, &buffers->group));
        normals += q;
        effects += stride;
    }
    return STATUS_OK;
}

/* [R C c] of a group given draw i, of which there is one for all where there is one
   residual variance. */
static const double *group_factor(const model_t *model, const grouping_t *grouping, int group,
                                  const hyper_draws_t *draws, int i,
                                  const weighed_buffers_t *weighed)
{
    if (model->n_strata == 1) return cell_factor(grouping, group);
    weigh_group(model, grouping, draws->sigma2 + (size_t) model->n_strata * i, group, weighed,
                NULL);
    return weighed->factor;
}

status_t group_moments(const model_t *model, const step_t *step, int group,
                       const hyper_draws_t *draws, const double *beta_mean, double *mean,
                       double *covariance, double *with_beta,
                       const group_effects_buffers_t *buffers)
{
    int g = only_grouping(step);
    const grouping_t *grouping = model->grouping + g;
    int q = grouping->n_random, p = model->n_coef, n = draws->n;
    double *m = buffers->mean, *first = buffers->first, *W = buffers->W;
    memset(mean, 0, sizeof(double) * q);
    memset(covariance, 0, sizeof(double) * q * q);
    memset(with_beta, 0, sizeof(double) * q);
    for (int i = 0; i < n; i++) {
        const double *factor = group_factor(model, grouping, group, draws, i, &buffers->weighed);
        RETURN_IF_FAILED(group_conditional(q, p, factor, draws->L[g] + (size_t) q * q * i,
                                           draws->theta + (size_t) p * i,
                                           model->n_strata == 1 ? draws->sigma[i] : 1.0, m, W,
                                           &buffers->group));
        if (i == 0) memcpy(first, m, sizeof(double) * q);
        for (int k = 0; k < q; k++) m[k] -= first[k];
        for (int k = 0; k < q; k++) {
            mean[k] += m[k];
            for (int l = 0; l <= k; l++)
                covariance[l + (size_t) q * k] +=
                    dot(q, W + (size_t) q * l, W + (size_t) q * k) + m[k] * m[l];
        }
        for (int k = 0; k < grouping->n_pairs; k++) {
            int column = grouping->pair_column[k], coef = grouping->pair_coef[k];
            with_beta[column] += m[column] * (draws->beta[coef + (size_t) p * i] - beta_mean[coef]);
        }
    }
    for (int k = 0; k < q; k++) {
        mean[k] /= n;
        with_beta[k] /= n;
        for (int l = 0; l <= k; l++) {
            double *element = covariance + l + (size_t) q * k;
            *element = *element / n - mean[l] * mean[k];
            covariance[k + (size_t) q * l] = *element;
        }
    }
    for (int k = 0; k < q; k++) mean[k] += first[k];
    return STATUS_OK;
}
