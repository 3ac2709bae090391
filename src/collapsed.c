#include <math.h>
#include <string.h>
#include <R_ext/Random.h>
#include "collapsed.h"
#include "conditionals.h"
#include "group_effects.h"
#include "linalg.h"

/* One Metropolis-Hastings step to next_point; log_ratio is that of the proposals'
   densities, from there to here over from here to there. */
static status_t step_to_next(const model_t *model, collapsed_t *c, int in_domain,
                             double log_proposal, double log_ratio)
{
    double value = -INFINITY, u = unif_rand();
    c->proposed++;
    if (!in_domain) return STATUS_OK;
    status_t status = log_target_at(model, c, c->next_point, &value, c->next_root);
    if (status == STATUS_INTERRUPTED) return status;
    /* So far out that the factor is singular in floating point: refused. */
    if (status != STATUS_OK || !isfinite(value)) return STATUS_OK;
    if (!(log(u) < value - c->log_target + log_ratio)) return STATUS_OK;
    double *point = c->point, *root = c->root;
    c->point = c->next_point;
    c->root = c->next_root;
    c->next_point = point;
    c->next_root = root;
    c->log_target = value;
    c->log_proposal = log_proposal;
    c->accepted++;
    return STATUS_OK;
}

static status_t step_independently(const model_t *model, collapsed_t *c)
{
    int in_domain = propose_independently(&c->proposal, c->next_point);
    double density = in_domain ? log_proposal_density(&c->proposal, c->next_point, c->work)
        : 0.0;
    return step_to_next(model, c, in_domain, density, c->log_proposal - density);
}

static status_t step_nearby(const model_t *model, collapsed_t *c)
{
    int in_domain = propose_nearby(&c->proposal, c->point, c->next_point, c->work);
    double density = in_domain ? log_proposal_density(&c->proposal, c->next_point, c->work)
        : 0.0;
    return step_to_next(model, c, in_domain, density, 0.0);
}

/* What is known of the present point: once, or anew when sigma2 has changed. */
static status_t refresh_point(const model_t *model, const state_t *state, collapsed_t *c)
{
    if (c->sigma_role == SIGMA_GIVEN)
        weigh_groups(model, state->sigma2, &c->data, c->weigh_work);
    else if (c->started)
        return STATUS_OK;
    c->started = 1;
    c->log_proposal = log_proposal_density(&c->proposal, c->point, c->work);
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
    if (c->sigma_role == SIGMA_COORDINATE) {
        state->sigma2[0] = exp(2.0 * c->point[c->n - 1]);
        return STATUS_OK;
    }
    return draw_variance(&model->sigma_prior, model->level_rows[0] - p - model->n_random,
                         r * r, state->sigma2);
}

/* beta | L, sigma^2 ~ N(R^-1 R'^-1 X'V^-1y, sigma^2 (R'R)^-1); where sigma is not
   integrated out the root has been divided by it. */
static void draw_beta(const model_t *model, state_t *state)
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
    memcpy(state->fixed, state->theta, sizeof(double) * p);
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

/* The group effects given all else, in the units of the weighed groups, whose residual
   standard deviation is sigma. */
static status_t draw_effects_at(const model_t *model, state_t *state, const double *L,
                                double sigma)
{
    collapsed_t *c = state->collapsed;
    int q = model->n_random;
    for (int j = 0; j < model->n_groups; j++) {
        unpack_group(&c->data, j, c->weigh_work);
        draw_standard_normals(q, state->normals);
        RETURN_IF_FAILED(draw_one_group(q, model->n_coef, c->weigh_work, L, state->fixed,
                                        sigma, state->normals,
                                        state->effect + (size_t) q * j,
                                        state->work + q * q));
        if (user_wants_to_stop(state->monitor, cell_visits(model))) return STATUS_INTERRUPTED;
    }
    return STATUS_OK;
}

/* The point goes where Sigma has been drawn given the effects; back to where it was, with
   Sigma, when that is out of floating point's range. */
static status_t follow_covariance(const model_t *model, state_t *state, const double *Sigma,
                                  double unit)
{
    collapsed_t *c = state->collapsed;
    double value = -INFINITY, *point = c->point, *root = c->root;
    memcpy(c->next_point, c->point, sizeof(double) * c->n);
    point_at(model, c, state->Sigma, unit, c->next_point);
    status_t status = log_target_at(model, c, c->next_point, &value, c->next_root);
    if (status == STATUS_INTERRUPTED) return status;
    if (status != STATUS_OK || !isfinite(value)) {
        memcpy(state->Sigma, Sigma, sizeof(double) * model->n_random * model->n_random);
        return STATUS_OK;
    }
    c->point = c->next_point;
    c->root = c->next_root;
    c->next_point = point;
    c->next_root = root;
    c->log_target = value;
    c->log_proposal = log_proposal_density(&c->proposal, c->point, c->work);
    return STATUS_OK;
}

/* Sigma given the effects, as the Gibbs samplers draw it. Effects that nearly vanish or
   depend on each other have no such draw, and Sigma stays. */
static status_t draw_through_effects(const model_t *model, state_t *state, double unit)
{
    double *Sigma = state->collapsed->sigma_before;
    memcpy(Sigma, state->Sigma, sizeof(double) * model->n_random * model->n_random);
    status_t status = draw_covariance(model, state);
    if (status == STATUS_INTERRUPTED) return status;
    if (status != STATUS_OK)
        memcpy(state->Sigma, Sigma, sizeof(double) * model->n_random * model->n_random);
    return follow_covariance(model, state, Sigma, unit);
}

/* The collapsed sampler: L from its marginal posterior, by Metropolis-Hastings, then
   everything else exactly given it. With one residual variance the group effects are
   left to draw_effects(), since no hyperparameter depends on them, but where the proposals
   are accepted too seldom: there they are drawn, and Sigma anew given them. Several
   residual variances are drawn given the effects, after L, beta and the effects given them
   (van Dyk and Park 2008). */
status_t collapsed_sweep(const model_t *model, state_t *state)
{
    collapsed_t *c = state->collapsed;
    double *L = state->work;
    int is_given = c->sigma_role == SIGMA_GIVEN;
    RETURN_IF_FAILED(refresh_point(model, state, c));
    for (int i = 0; i < c->proposal.n_independent; i++)
        RETURN_IF_FAILED(step_independently(model, c));
    for (int i = 0; i < c->proposal.n_walk; i++) RETURN_IF_FAILED(step_nearby(model, c));
    factor_at(model, c, c->point, L);
    RETURN_IF_FAILED(draw_sigma(model, state));
    draw_beta(model, state);
    double unit = is_given ? 1.0 : state->sigma2[0];
    set_covariance(model, state, L, unit);
    if (is_given || c->proposal.through_effects)
        RETURN_IF_FAILED(draw_effects_at(model, state, L, sqrt(unit)));
    if (c->proposal.through_effects)
        RETURN_IF_FAILED(draw_through_effects(model, state, unit));
    return is_given ? draw_residual_variances(model, state) : STATUS_OK;
}
