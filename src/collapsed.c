#include <math.h>
#include <string.h>
#include "collapsed.h"
#include "conditionals.h"
#include "group.h"
#include "linalg.h"
#include "spectrum.h"

/* sigma^2 | L ~ IG((n - p - q)/2 + shape, r^2/2 + rate), or the coordinate's. */
static status_t draw_sigma(const model_t *model, state_t *state, const collapsed_t *c)
{
    sigma_role_t role = c->target.sigma_role;
    int p = model->n_coef;
    double r = c->moves.by_product[p + (size_t) (p + 1) * p];
    if (role == SIGMA_GIVEN) return STATUS_OK;
    if (sigma_is_coordinate(role)) {
        state->sigma2[0] = exp(2.0 * c->moves.point[c->target.target.n - 1]);
        return STATUS_OK;
    }
    return draw_variance(&model->sigma_prior,
                         model->stratum_rows[0] - p - c->target.grouping->n_random, r * r,
                         state->sigma2);
}

/* beta | L, sigma^2 ~ N(R^-1 R'^-1 X'V^-1y, sigma^2 (R'R)^-1); where sigma is not
   integrated out the root has been divided by it. */
static void draw_from_root(const model_t *model, state_t *state, const collapsed_t *c)
{
    int p = model->n_coef, rows = p + 1;
    const double *root = c->moves.by_product;
    double sigma = c->target.sigma_role == SIGMA_INTEGRATED ? sqrt(state->sigma2[0]) : 1.0;
    draw_standard_normals(p, state->buffers.normals);
    for (int k = p - 1; k >= 0; k--) {
        double sum = root[k + (size_t) rows * p] + sigma * state->buffers.normals[k];
        for (int l = k + 1; l < p; l++)
            sum -= root[k + (size_t) rows * l] * state->theta[l];
        state->theta[k] = sum / root[k + (size_t) rows * k];
    }
}

static void draw_beta(const model_t *model, state_t *state, const collapsed_t *c)
{
    if (is_spectral(&c->target, c->L))
        draw_spectral_theta(c->target.spectrum, model->n_coef, c->L[0], sqrt(state->sigma2[0]),
                            state->theta);
    else
        draw_from_root(model, state, c);
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

/* The step's group effects given all else, in the units of the weighed groups. */
static status_t draw_step_effects(const model_t *model, state_t *state, const collapsed_t *c)
{
    const grouping_t *grouping = c->target.grouping;
    double *effects = state->grouping[only_grouping(c->target.step)].effect;
    double *factor = c->target.buffers.weighing.group.factor, *normals = state->buffers.normals;
    int q = grouping->n_random;
    for (int j = 0; j < grouping->n_groups; j++) {
        unpack_group(&c->target.data, j, factor);
        draw_standard_normals(q, normals);
        RETURN_IF_FAILED(draw_one_group(q, model->n_coef, factor, c->L, state->staying, 1.0,
                                        normals, effects + (size_t) q * j, &c->group));
        if (user_wants_to_stop(state->monitor, cell_visits(model, grouping)))
            return STATUS_INTERRUPTED;
    }
    return STATUS_OK;
}

/* L, sigma, beta and, with several residual variances, the effects of a step. */
static status_t draw_step(const model_t *model, state_t *state, collapsed_t *c)
{
    int is_given = c->target.sigma_role == SIGMA_GIVEN;
    if (is_given) weigh_target(&c->target, state->sigma2);
    if (is_given || !c->moves.is_known) RETURN_IF_FAILED(look_at_point(&c->moves));
    RETURN_IF_FAILED(make_moves(&c->moves));
    factor_at(&c->target, c->moves.point, c->L);
    RETURN_IF_FAILED(draw_sigma(model, state, c));
    draw_beta(model, state, c);
    set_covariance(c->target.grouping->n_random, c->L, is_given ? 1.0 : state->sigma2[0],
                   state->grouping[only_grouping(c->target.step)].Sigma);
    return is_given ? draw_step_effects(model, state, c) : STATUS_OK;
}

/* The collapsed sampler: step by step L from its marginal posterior, by Metropolis-Hastings and
   elliptical slices, then everything else exactly given it. With one residual variance the
   group effects are left to draw_deferred_group(), since nothing depends on them; several residual
   variances are drawn given the effects, after L, beta and the effects given them (van Dyk
   and Park 2008). */
status_t collapsed_sweep(const model_t *model, state_t *state)
{
    for (int s = 0; s < model->n_steps; s++)
        RETURN_IF_FAILED(draw_step(model, state, state->collapsed + s));
    return model->n_strata > 1 ? draw_residual_variances(model, state) : STATUS_OK;
}
