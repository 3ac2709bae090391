#include <math.h>
#include <string.h>
#include "collapsed.h"
#include "conditionals.h"
#include "family_follow.h"
#include "family_target.h"
#include "group.h"
#include "hyper.h"
#include "linalg.h"
#include "merged_effects.h"
#include "spectrum.h"
#include "totals_sweep.h"

/* sigma^2 | L ~ IG((n - p - q)/2 + shape, r^2/2 + rate), or the coordinate's, or as it is fixed. */
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
                         model->stratum_rows[0] - p - n_scales(c->target.grouping), r * r,
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

void set_covariance(int q, const double *L, int ld, double unit, double *Sigma)
{
    for (int k = 0; k < q; k++)
        for (int l = 0; l < q; l++) {
            double sum = 0.0;
            for (int m = 0; m <= (k < l ? k : l); m++)
                sum += L[l + (size_t) ld * m] * L[k + (size_t) ld * m];
            Sigma[l + (size_t) q * k] = unit * sum;
        }
}

/* Those of the step's groupings, with the corners of its L. */
static void set_covariances(const model_t *model, const collapsed_t *c, double unit,
                            state_t *state)
{
    const step_t *step = c->target.step;
    int n = step->whole.n_random, first = 0;
    for (int l = 0; l < step->n; l++) {
        int q = model->grouping[step->grouping[l]].n_random;
        set_covariance(q, c->L + first + (size_t) n * first, n, unit,
                       state->grouping[step->grouping[l]].Sigma);
        first += q;
    }
}

/* Effects in the chain's order as those of the groupings. */
static void place_effects(const model_t *model, const collapsed_t *c, state_t *state)
{
    const step_t *step = c->target.step;
    for (int l = 0; l < step->n; l++) {
        const grouping_t *grouping = model->grouping + step->grouping[l];
        size_t q = (size_t) grouping->n_random;
        double *effect = state->grouping[step->grouping[l]].effect;
        for (int k = 0; k < grouping->n_groups; k++)
            memcpy(effect + q * step->level[l].number[k], c->target.chain->effect[l] + q * k,
                   sizeof(double) * q);
    }
}

/* The residual standard deviation in the units of the weighed groups. */
static double unit_of_effects(const state_t *state, const collapsed_t *c)
{
    return c->target.sigma_role == SIGMA_GIVEN ? 1.0 : sqrt(state->sigma2[0]);
}

/* Those of a chain, root by root. */
static status_t draw_chain_effects(const model_t *model, state_t *state, const collapsed_t *c)
{
    chain_data_t *chain = c->target.chain;
    const double *const *L = (const double *const *) chain->L;
    int last = chain->nested.n_levels - 1;
    double sigma = unit_of_effects(state, c);
    split_factor(model, c->target.step, c->L, chain->L);
    for (int k = 0; k < chain->nested.level[last].n_groups; k++) {
        RETURN_IF_FAILED(inform_group(&chain->effects, last, k, state->staying, L));
        RETURN_IF_FAILED(draw_below(&chain->effects, last, k, L, sigma, chain->effect));
        if (user_wants_to_stop(state->monitor, cell_visits(model, &c->target.step->whole)))
            return STATUS_INTERRUPTED;
    }
    place_effects(model, c, state);
    return STATUS_OK;
}

/* Those of crossed groupings, from the factor at the present point. */
static status_t draw_merged_effects(const model_t *model, state_t *state, const collapsed_t *c)
{
    merged_t *merged = c->target.merged;
    marginal_t marginal = { 0.0, c->moves.next_by_product };
    split_factor(model, c->target.step, c->L, merged->L);
    RETURN_IF_FAILED(merged_products(model, merged, &marginal, state->monitor));
    draw_standard_normals(merged->n_columns, merged->normals);
    for (int l = 0; l < merged->n_levels; l++)
        merged->effect[l] = state->grouping[merged->grouping[l]].effect;
    solve_effects(merged, state->staying, unit_of_effects(state, c), merged->effect);
    return STATUS_OK;
}

/* The step's group effects given all else, in the units of the weighed groups. */
static status_t draw_step_effects(const model_t *model, state_t *state, const collapsed_t *c)
{
    if (c->target.merged) return draw_merged_effects(model, state, c);
    if (c->target.chain) return draw_chain_effects(model, state, c);
    const grouping_t *grouping = c->target.grouping;
    double *effects = state->grouping[only_grouping(c->target.step)].effect;
    double *factor = c->target.buffers.weighing.group.factor, *normals = state->buffers.normals;
    double sigma = unit_of_effects(state, c);
    int q = grouping->n_random;
    for (int j = 0; j < grouping->n_groups; j++) {
        unpack_group(&c->target.data, j, factor);
        draw_standard_normals(q, normals);
        RETURN_IF_FAILED(draw_one_group(q, model->n_coef, factor, c->L, state->staying,
                                        sigma, normals, effects + (size_t) q * j, &c->group));
        if (user_wants_to_stop(state->monitor, cell_visits(model, grouping)))
            return STATUS_INTERRUPTED;
    }
    return STATUS_OK;
}

/* Another step's point has its standard deviations over sigma: they stay as they are when sigma
   changes. */
static void change_unit(collapsed_t *c, double old_sigma, double sigma)
{
    const collapsed_target_t *target = &c->target;
    double *point = c->moves.point;
    if (target->sigma_role == SIGMA_GIVEN || target->sigma_role == SIGMA_FIXED) return;
    if (target->sigma_role != SIGMA_BESIDE)
        for (int k = 0; k < n_scales(target->grouping); k++)
            point[k] = asinh(sinh(point[k]) * old_sigma / sigma);
    if (sigma_is_coordinate(target->sigma_role)) point[target->target.n - 1] = log(sigma);
}

void face_new_data(const model_t *model, state_t *state, double old_sigma)
{
    for (int s = 0; state->collapsed && s < model->n_steps; s++) {
        collapsed_t *c = state->collapsed + s;
        change_unit(c, old_sigma, sqrt(state->sigma2[0]));
        c->target.weighed = 0;
        c->moves.is_known = 0;
    }
}

status_t face_others(const model_t *model, const state_t *state, collapsed_t *c)
{
    collapsed_target_t *target = &c->target;
    const double *sigma2 = target->sigma_role == SIGMA_GIVEN ? state->sigma2 : NULL;
    if (sigma2) {
        RETURN_IF_FAILED(weigh_target(target, sigma2));
        RETURN_IF_FAILED(make_basis(model, target->step, sigma2, target->chain, c->scan,
                                    state->monitor));
    }
    c->moves.is_known = 0;
    return subtract_others(model, sigma2, target->chain, c->scan, state->monitor);
}

/* What it leaves to them after. */
static status_t face_back(const model_t *model, state_t *state, collapsed_t *c, double old_sigma)
{
    RETURN_IF_FAILED(draw_chain_effects(model, state, c));
    tell_effects(model, state, c->target.step, c->scan);
    for (int s = 0; s < model->n_steps; s++)
        if (state->collapsed + s != c)
            change_unit(state->collapsed + s, old_sigma, sqrt(state->sigma2[0]));
    return STATUS_OK;
}

const double *follow_others(const model_t *model, const state_t *state, collapsed_t *c)
{
    family_scan_t *scan = c->target.family->scan;
    face_other_effects(scan);
    move_center(model, state->grouping, scan, place_of_theta(&c->target), c->target.target.n);
    return scan->shift;
}

/* The point of a step is the state's. */
static void visit_family_step(const model_t *model, state_t *state, collapsed_t *c)
{
    family_scan_t *scan = c->target.family->scan;
    int theta = place_of_theta(&c->target), n = c->target.target.n;
    if (scan->follow) follow_others(model, state, c);
    else face_other_effects(scan);
    draw_uniforms(scan);
    memcpy(c->moves.point + theta, state->theta, sizeof(double) * model->n_coef);
    if (has_shape(model)) c->moves.point[n - 1] = log(state->shape);
    c->moves.is_known = 0;
}

size_t record_size(const collapsed_t *c)
{
    const responses_t *responses = c->target.family->responses;
    return (size_t) (2 * c->target.target.n + responses->n_coef + responses->n_random + 1);
}

/* What a pilot learns from: the point, the shift of theta and the score; the other point of the
   last step, and how much less the log density is there. */
static void record_visit(collapsed_t *c)
{
    const family_scan_t *scan = c->target.family->scan;
    int n = c->target.target.n, p = scan->responses.n_coef, q = scan->responses.n_random;
    double *out = c->record + record_size(c) * c->n_recorded++;
    memcpy(out, c->moves.point, sizeof(double) * n);
    memcpy(out + n, scan->shift, sizeof(double) * p);
    memcpy(out + n + p, scan->follow->score, sizeof(double) * q);
    memcpy(out + n + p + q, c->moves.next_point, sizeof(double) * n);
    out[n + p + q + n] = c->moves.log_target - c->moves.log_target_other;
}

/* Of another family than the Gaussian the point is all there is. Effects are drawn after the
   chain, or with several groupings at each evaluation. */
static status_t draw_family_step(const model_t *model, state_t *state, collapsed_t *c)
{
    family_scan_t *scan = c->target.family->scan;
    if (scan) visit_family_step(model, state, c);
    if (!c->moves.is_known) RETURN_IF_FAILED(look_at_point(&c->moves));
    RETURN_IF_FAILED(make_moves(&c->moves));
    factor_at(&c->target, c->moves.point, c->L);
    memcpy(state->theta, theta_at(&c->target, c->moves.point), sizeof(double) * model->n_coef);
    memcpy(state->staying, state->theta, sizeof(double) * model->n_coef);
    state->shape = shape_at(&c->target, c->moves.point);
    set_covariances(model, c, 1.0, state);
    if (scan)
        leave_effects(c->moves.by_product, state->grouping[scan->grouping].effect, scan);
    if (c->record) record_visit(c);
    return STATUS_OK;
}

/* L, sigma, beta and, with several residual variances or steps, the effects of a step. */
static status_t draw_step(const model_t *model, state_t *state, collapsed_t *c)
{
    if (model->responses) return draw_family_step(model, state, c);
    int is_given = c->target.sigma_role == SIGMA_GIVEN;
    double old_sigma = sqrt(state->sigma2[0]);
    if (c->scan) RETURN_IF_FAILED(face_others(model, state, c));
    else if (is_given) RETURN_IF_FAILED(weigh_target(&c->target, state->sigma2));
    if (is_given || !c->moves.is_known) RETURN_IF_FAILED(look_at_point(&c->moves));
    RETURN_IF_FAILED(make_moves(&c->moves));
    factor_at(&c->target, c->moves.point, c->L);
    RETURN_IF_FAILED(draw_sigma(model, state, c));
    draw_beta(model, state, c);
    set_covariances(model, c, is_given ? 1.0 : state->sigma2[0], state);
    if (c->scan) return face_back(model, state, c, old_sigma);
    return is_given || state->augmented ? draw_step_effects(model, state, c) : STATUS_OK;
}

/* The collapsed sampler: step by step L from its marginal posterior, by Metropolis-Hastings and
   elliptical slices, then everything else exactly given it. With one residual variance the
   group effects are left to draw_deferred_group(), since nothing depends on them; several residual
   variances are drawn given the effects, after L, beta and the effects given them (van Dyk
   and Park 2008). Where rows have weights, these depend on the effects, which are drawn. */
status_t collapsed_sweep(const model_t *model, state_t *state)
{
    for (int s = 0; s < model->n_steps; s++)
        RETURN_IF_FAILED(draw_step(model, state, state->collapsed + s));
    for (int i = 0; i < state->n_totals; i++)
        RETURN_IF_FAILED(sweep_given_totals(model, state->totals + i, state));
    return model->n_strata > 1 ? draw_residual_variances(model, state) : STATUS_OK;
}
