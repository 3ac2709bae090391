#include <math.h>
#include <string.h>
#include "collapsed.h"
#include "conditionals.h"
#include "group.h"
#include "linalg.h"
#include "spectrum.h"

/* sigma^2 | L ~ IG((n - p - q)/2 + shape, r^2/2 + rate), or the coordinate's. */
static status_t draw_sigma(const model_t *model, state_t *state)
{
    const collapsed_t *c = state->collapsed;
    sigma_role_t role = c->target.sigma_role;
    int p = model->n_coef;
    double r = c->moves.by_product[p + (size_t) (p + 1) * p];
    if (role == SIGMA_GIVEN) return STATUS_OK;
    if (sigma_is_coordinate(role)) {
        state->sigma2[0] = exp(2.0 * c->moves.point[c->target.target.n - 1]);
        return STATUS_OK;
    }
    return draw_variance(&model->sigma_prior,
                         model->stratum_rows[0] - p - grouping_of(&c->target)->n_random, r * r,
                         state->sigma2);
}

/* beta | L, sigma^2 ~ N(R^-1 R'^-1 X'V^-1y, sigma^2 (R'R)^-1); where sigma is not
   integrated out the root has been divided by it. */
static void draw_from_root(const model_t *model, state_t *state)
{
    int p = model->n_coef, rows = p + 1;
    const double *root = state->collapsed->moves.by_product;
    double sigma = state->collapsed->target.sigma_role == SIGMA_INTEGRATED
        ? sqrt(state->sigma2[0]) : 1.0;
    draw_standard_normals(p, state->normals);
    for (int k = p - 1; k >= 0; k--) {
        double sum = root[k + (size_t) rows * p] + sigma * state->normals[k];
        for (int l = k + 1; l < p; l++)
            sum -= root[k + (size_t) rows * l] * state->theta[l];
        state->theta[k] = sum / root[k + (size_t) rows * k];
    }
}

static void draw_beta(const model_t *model, state_t *state, const double *L)
{
    const collapsed_target_t *target = &state->collapsed->target;
    if (is_spectral(target, L))
        draw_spectral_theta(target->spectrum, model->n_coef, L[0], sqrt(state->sigma2[0]),
                            state->theta);
    else
        draw_from_root(model, state);
    memcpy(state->staying, state->theta, sizeof(double) * model->n_coef);
}

/* Sigma = unit L L'. */
static void set_covariance(int q, const double *L, double unit, double *Sigma)
{
    for (int k = 0; k < q; k++)
        for (int l = 0; l < q; l++) {
            double sum = 0.0;
            for (int m = 0; m <= (k < l ? k : l); m++)
                sum += L[l + (size_t) q * m] * L[k + (size_t) q * m];
            Sigma[l + (size_t) q * k] = unit * sum;
        }
}

/* The group effects given all else, in the units of the weighed groups, and then the
   residual variances. */
static status_t draw_given_variances(const model_t *model, state_t *state, const double *L)
{
    collapsed_t *c = state->collapsed;
    const grouping_t *grouping = grouping_of(&c->target);
    double *effects = state->grouping[c->target.g].effect;
    int q = grouping->n_random;
    double *factor = c->target.buffers.weighing.group.factor;
    for (int j = 0; j < grouping->n_groups; j++) {
        unpack_group(&c->target.data, j, factor);
        draw_standard_normals(q, state->normals);
        RETURN_IF_FAILED(draw_one_group(q, model->n_coef, factor, L, state->staying, 1.0,
                                        state->normals, effects + (size_t) q * j, &c->group));
        if (user_wants_to_stop(state->monitor, cell_visits(model, grouping)))
            return STATUS_INTERRUPTED;
    }
    return draw_residual_variances(model, state);
}

/* The collapsed sampler: L from its marginal posterior, by Metropolis-Hastings and
   elliptical slices, then everything else exactly given it. With one residual variance the
   group effects are left to draw_deferred_group(), since nothing depends on them; several residual
   variances are drawn given the effects, after L, beta and the effects given them (van Dyk
   and Park 2008). */
status_t collapsed_sweep(const model_t *model, state_t *state)
{
    collapsed_t *c = state->collapsed;
    int is_given = c->target.sigma_role == SIGMA_GIVEN;
    if (is_given) weigh_target(&c->target, state->sigma2);
    if (is_given || !c->moves.is_known) RETURN_IF_FAILED(look_at_point(&c->moves));
    RETURN_IF_FAILED(make_moves(&c->moves));
    factor_at(&c->target, c->moves.point, c->L);
    RETURN_IF_FAILED(draw_sigma(model, state));
    draw_beta(model, state, c->L);
    set_covariance(grouping_of(&c->target)->n_random, c->L, is_given ? 1.0 : state->sigma2[0],
                   state->grouping[c->target.g].Sigma);
    return is_given ? draw_given_variances(model, state, c->L) : STATUS_OK;
}
