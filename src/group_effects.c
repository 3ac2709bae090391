#include <string.h>
#include "group_effects.h"
#include "linalg.h"

/* Of a group's moments, and of the weighing of its cells. */
static size_t moments_work(int q)
{
    return (size_t) 4 * q * q + 4 * q;
}

size_t group_effects_work(int q, int p)
{
    return moments_work(q) + (size_t) 2 * q * (q + p + 1);
}

status_t draw_group(const model_t *model, int group, const hyper_draws_t *draws, int from,
                    int to, const double *normals, double *effects, size_t stride,
                    double *work)
{
    int q = model->n_random, p = model->n_coef;
    const double *factor = cell_factor(model, group);
    for (int i = from; i < to; i++) {
        RETURN_IF_FAILED(draw_one_group(q, p, factor, draws->L + (size_t) q * q * i,
                                        draws->theta + (size_t) p * i, draws->sigma[i],
                                        normals, effects, work));
        normals += q;
        effects += stride;
    }
    return STATUS_OK;
}

/* [R C c] of a group given draw i, of which there is one for all where there is one
   residual variance. work holds 2 q (q + p + 1) doubles. */
static const double *group_factor(const model_t *model, int group, const hyper_draws_t *draws,
                                  int i, double *work)
{
    int q = model->n_random, p = model->n_coef;
    if (model->n_levels == 1) return cell_factor(model, group);
    weigh_group(model, draws->sigma2 + (size_t) model->n_levels * i, group, work,
                work + (size_t) q * (q + p + 1), NULL);
    return work;
}

status_t group_moments(const model_t *model, int group, const hyper_draws_t *draws,
                       const double *beta_mean, double *mean, double *covariance,
                       double *with_beta, double *work)
{
    int q = model->n_random, p = model->n_coef, n = draws->n;
    double *m = work, *first = m + q, *W = first + q, *rest = W + q * q;
    memset(mean, 0, sizeof(double) * q);
    memset(covariance, 0, sizeof(double) * q * q);
    memset(with_beta, 0, sizeof(double) * q);
    for (int i = 0; i < n; i++) {
        const double *factor = group_factor(model, group, draws, i, work + moments_work(q));
        RETURN_IF_FAILED(group_conditional(q, p, factor, draws->L + (size_t) q * q * i,
                                           draws->theta + (size_t) p * i,
                                           model->n_levels == 1 ? draws->sigma[i] : 1.0, m, W,
                                           rest));
        if (i == 0) memcpy(first, m, sizeof(double) * q);
        for (int k = 0; k < q; k++) m[k] -= first[k];
        for (int k = 0; k < q; k++) {
            mean[k] += m[k];
            for (int l = 0; l <= k; l++)
                covariance[l + (size_t) q * k] +=
                    dot(q, W + (size_t) q * l, W + (size_t) q * k) + m[k] * m[l];
        }
        for (int k = 0; k < model->n_pairs; k++) {
            int column = model->pair_column[k], coef = model->pair_coef[k];
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
