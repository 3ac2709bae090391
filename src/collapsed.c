#include <math.h>
#include <string.h>
#include <R_ext/Random.h>
#include "collapsed.h"
#include "conditionals.h"
#include "group.h"
#include "linalg.h"
#include "spectrum.h"

/* The target at next_point; -Inf so far out that the factor is singular in floating point. */
static status_t evaluate_next(const model_t *model, collapsed_t *c, double *value)
{
    status_t status = log_target_at(model, c, c->next_point, value, c->next_root);
    if (status == STATUS_INTERRUPTED) return status;
    if (status != STATUS_OK || !isfinite(*value)) *value = -INFINITY;
    return STATUS_OK;
}

static void move_to_next(collapsed_t *c, double value, double log_proposal)
{
    double *point = c->point, *root = c->root;
    c->point = c->next_point;
    c->root = c->next_root;
    c->next_point = point;
    c->next_root = root;
    c->log_target = value;
    c->log_proposal = log_proposal;
}

/* One Metropolis-Hastings step with a proposal that does not depend on the point. */
static status_t step_independently(const model_t *model, collapsed_t *c)
{
    int in_domain = propose_independently(&c->proposal, c->next_point);
    double value, log_u = log(unif_rand());
    c->proposed++;
    if (!in_domain) return STATUS_OK;
    double density = log_proposal_density(&c->proposal, c->next_point);
    RETURN_IF_FAILED(evaluate_next(model, c, &value));
    if (!(log_u < value - density - (c->log_target - c->log_proposal))) return STATUS_OK;
    move_to_next(c, value, density);
    c->accepted++;
    return STATUS_OK;
}

/* An elliptical slice (Murray, Adams and MacKay 2010) of the target over the t (Nishihara,
   Murray and Adams 2014): the range of angles shrinks towards the present point, at 0, until
   the ratio is high enough, or no angle is left. */
static status_t step_on_ellipse(const model_t *model, collapsed_t *c)
{
    const double turn = 2.0 * M_PI;
    draw_ellipse(&c->proposal, c->point, &c->ellipse);
    double level = c->log_target - c->log_proposal + log(unif_rand());
    double angle = turn * unif_rand(), low = angle - turn, high = angle;
    while (high - low > 1e-12) {
        double value = -INFINITY, density = 0.0;
        if (point_on_ellipse(&c->proposal, &c->ellipse, angle, c->next_point)) {
            RETURN_IF_FAILED(evaluate_next(model, c, &value));
            density = log_proposal_density(&c->proposal, c->next_point);
        }
        if (value - density > level) {
            move_to_next(c, value, density);
            return STATUS_OK;
        }
        *(angle < 0.0 ? &low : &high) = angle;
        angle = low + (high - low) * unif_rand();
    }
    return STATUS_OK;
}

/* What is known of the present point: once, or anew when sigma2 has changed. */
static status_t refresh_point(const model_t *model, const state_t *state, collapsed_t *c)
{
    if (c->sigma_role == SIGMA_GIVEN) {
        weigh_groups(model, state->sigma2, &c->data, &c->buffers.weighing);
        c->weighed = 1;
    } else if (c->started) {
        return STATUS_OK;
    }
    c->started = 1;
    c->log_proposal = log_proposal_density(&c->proposal, c->point);
    status_t status = log_target_at(model, c, c->point, &c->log_target, c->root);
    if (status == STATUS_OK && !isfinite(c->log_target)) return STATUS_NOT_FINITE;
    return status;
}

/* sigma^2 | L ~ IG((n - p - q)/2 + shape, r^2/2 + rate), or the coordinate's. */
static status_t draw_sigma(const model_t *model, state_t *state)
{
    const collapsed_t *c = state->collapsed;
    int p = model->n_coef;
    double r = c->root[p + (size_t) (p + 1) * p];
    if (c->sigma_role == SIGMA_GIVEN) return STATUS_OK;
    if (sigma_is_coordinate(c->sigma_role)) {
        state->sigma2[0] = exp(2.0 * c->point[c->n - 1]);
        return STATUS_OK;
    }
    return draw_variance(&model->sigma_prior, model->stratum_rows[0] - p - model->n_random,
                         r * r, state->sigma2);
}

/* beta | L, sigma^2 ~ N(R^-1 R'^-1 X'V^-1y, sigma^2 (R'R)^-1); where sigma is not
   integrated out the root has been divided by it. */
static void draw_from_root(const model_t *model, state_t *state)
{
    int p = model->n_coef, rows = p + 1;
    const double *root = state->collapsed->root;
    double sigma = state->collapsed->sigma_role == SIGMA_INTEGRATED
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
    const collapsed_t *c = state->collapsed;
    if (is_spectral(c, L))
        draw_spectral_theta(c->spectrum, model->n_coef, L[0], sqrt(state->sigma2[0]),
                            state->theta);
    else
        draw_from_root(model, state);
    memcpy(state->staying, state->theta, sizeof(double) * model->n_coef);
}

/* Sigma = unit L L'. */
static void set_covariance(const model_t *model, state_t *state, const double *L,
                           double unit)
{
    int q = model->n_random;
    for (int k = 0; k < q; k++)
        for (int l = 0; l < q; l++) {
            double sum = 0.0;
            for (int m = 0; m <= (k < l ? k : l); m++)
                sum += L[l + (size_t) q * m] * L[k + (size_t) q * m];
            state->Sigma[l + (size_t) q * k] = unit * sum;
        }
}

/* The group effects given all else, in the units of the weighed groups, and then the
   residual variances. */
static status_t draw_given_variances(const model_t *model, state_t *state, const double *L)
{
    collapsed_t *c = state->collapsed;
    int q = model->n_random;
    double *factor = c->buffers.weighing.group.factor;
    for (int j = 0; j < model->n_groups; j++) {
        unpack_group(&c->data, j, factor);
        draw_standard_normals(q, state->normals);
        RETURN_IF_FAILED(draw_one_group(q, model->n_coef, factor, L, state->staying, 1.0,
                                        state->normals, state->effect + (size_t) q * j,
                                        &c->group_buffers));
        if (user_wants_to_stop(state->monitor, cell_visits(model))) return STATUS_INTERRUPTED;
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
    double *L = c->L;
    RETURN_IF_FAILED(refresh_point(model, state, c));
    for (int i = 0; i < c->proposal.n_independent; i++)
        RETURN_IF_FAILED(step_independently(model, c));
    for (int i = 0; i < c->proposal.n_ellipse; i++)
        RETURN_IF_FAILED(step_on_ellipse(model, c));
    factor_at(model, c, c->point, L);
    RETURN_IF_FAILED(draw_sigma(model, state));
    draw_beta(model, state, L);
    set_covariance(model, state, L, c->sigma_role == SIGMA_GIVEN ? 1.0 : state->sigma2[0]);
    if (c->sigma_role == SIGMA_GIVEN) return draw_given_variances(model, state, L);
    return STATUS_OK;
}
