#include <math.h>
#include <string.h>
#include "linalg.h"
#include "logml.h"

static status_t weigh(evidence_t *evidence, const double *sigma2)
{
    chain_data_t *chain = evidence->chain;
    if (chain)
        return weigh_nested(evidence->model, evidence->step, sigma2, chain->place,
                            &chain->nested, chain->rows, evidence->monitor);
    weigh_groups(evidence->model, &evidence->grouping, sigma2, &evidence->data,
                 &evidence->weighing);
    return STATUS_OK;
}

status_t start_evidence(evidence_t *evidence)
{
    return weigh(evidence, NULL);
}

/* Products of the rest alone where there are no groups. */
static status_t products(const evidence_t *evidence, const double *L, marginal_t *marginal)
{
    size_t rows = (size_t) evidence->model->n_coef + 1;
    chain_data_t *chain = evidence->chain;
    if (chain) {
        split_factor(evidence->model, evidence->step, L, chain->L);
        return nested_products(&chain->nested, (const double *const *) chain->L, marginal,
                               evidence->monitor);
    }
    if (evidence->grouping.n_groups > 0)
        return marginal_products(&evidence->data, L, marginal, evidence->monitor);
    memcpy(marginal->root, evidence->data.rest, sizeof(double) * rows * rows);
    marginal->log_det = 0.0;
    return STATUS_OK;
}

/* With V = I + Z L L'Z' in units of the residual variance and P the precision of theta,
       -sum_l n_l log sigma_l - log|V|/2 - log|R| - r^2/2,
   R'R = X'V^-1 X + P, and r^2 the sum of squares, penalized by P, at its minimum. */
status_t log_evidence(evidence_t *evidence, const double *L, const double *sigma,
                      double *value)
{
    const model_t *model = evidence->model;
    int p = model->n_coef, rows = p + 1, q = evidence->grouping.n_random;
    int is_common = model->n_strata == 1;
    marginal_t marginal = { 0.0, evidence->root };
    double unit = is_common ? sigma[0] : 1.0;
    for (int k = 0; k < q * q; k++) evidence->L[k] = L[k] / unit;
    *value = 0.0;
    for (int s = 0; s < model->n_strata; s++) *value -= model->stratum_rows[s] * log(sigma[s]);
    if (!is_common) {
        double *sigma2 = evidence->sigma2;
        for (int s = 0; s < model->n_strata; s++) sigma2[s] = sigma[s] * sigma[s];
        RETURN_IF_FAILED(weigh(evidence, sigma2));
    }
    RETURN_IF_FAILED(products(evidence, evidence->L, &marginal));
    if (user_wants_to_stop(evidence->monitor, stratum_visits(model))) return STATUS_INTERRUPTED;
    add_prior_products(model, unit * unit, evidence->root);
    RETURN_IF_FAILED(cholesky(rows, evidence->root));
    double r = evidence->root[p + (size_t) rows * p];
    *value += -0.5 * marginal.log_det - log_det_root(p, evidence->root) - 0.5 * r * r;
    return STATUS_OK;
}
