#include <math.h>
#include <string.h>
#include <Rmath.h>
#include <R_ext/Random.h>
#include "collapsed.h"
#include "conditionals.h"
#include "linalg.h"

/* Proposals of L in a sweep: independent ones, and steps of a random walk, which move
   a chain that the independent ones leave standing. */
enum { INDEPENDENT_PROPOSALS = 2, WALK_PROPOSALS = 1 };

/* Changes the signs of the lambda_k whose bit in `signs` is set, and of their partial
   correlations. */
static void flip_signs(const model_t *model, unsigned signs, double *point)
{
    double *z = point + model->n_random;
    for (int k = 0; k < model->n_random; k++)
        if (signs >> k & 1u) point[k] = -point[k];
    for (int b = 0; b < model->n_blocks; b++) {
        int first = model->block[b].first;
        for (int l = 0; l < model->block[b].size; l++)
            for (int k = 0; k < l; k++, z++)
                if ((signs >> (first + l) ^ signs >> (first + k)) & 1u) *z = -*z;
    }
}

/* Log density of the proposal, up to a constant. */
static double log_student(const collapsed_t *c, const double *point, double *work)
{
    int n = c->n;
    double square = 0.0;
    for (int k = 0; k < n; k++) work[k] = point[k] - c->center[k];
    for (int r = 0; r < n; r++) {
        double sum = 0.0;
        for (int k = r; k < n; k++) sum += c->proposal_root[r + (size_t) n * k] * work[k];
        square += sum * sum;
    }
    return -0.5 * (c->df + n) * log1p(square / c->df);
}

/* The proposal's density, summed over the points that differ in signs alone, which are
   one and the same L. */
static double log_folded(const model_t *model, const collapsed_t *c, const double *point,
                         double *work)
{
    double *flipped = work, *rest = work + c->n, top = -INFINITY, sum = 0.0;
    for (unsigned signs = 0; signs < 1u << model->n_random; signs++) {
        memcpy(flipped, point, sizeof(double) * c->n);
        flip_signs(model, signs, flipped);
        double value = log_student(c, flipped, rest);
        if (value > top) {
            sum = 1.0 + sum * exp(top - value);
            top = value;
        } else {
            sum += exp(value - top);
        }
    }
    return top + log(sum);
}

/* One Metropolis-Hastings step to next_point; log_ratio is that of the proposals'
   densities. */
static status_t step_to_next(const model_t *model, collapsed_t *c, double log_ratio)
{
    double value;
    status_t status = log_target_at(model, c, c->next_point, &value, c->next_root, c->work);
    double u = unif_rand();
    c->proposed++;
    if (status == STATUS_INTERRUPTED) return status;
    /* So far out that the factor is singular in floating point: refused. */
    if (status != STATUS_OK || !isfinite(value)) return STATUS_OK;
    if (!(log(u) < value - c->log_target + log_ratio)) return STATUS_OK;
    size_t root_size = (size_t) (model->n_coef + 1) * (model->n_coef + 1);
    memcpy(c->point, c->next_point, sizeof(double) * c->n);
    memcpy(c->root, c->next_root, sizeof(double) * root_size);
    c->log_target = value;
    c->accepted++;
    return STATUS_OK;
}

static void draw_direction(collapsed_t *c, double size)
{
    draw_standard_normals(c->n, c->next_point);
    solve_upper(c->n, c->proposal_root, c->next_point);
    for (int k = 0; k < c->n; k++) c->next_point[k] *= size;
}

static status_t propose_independently(const model_t *model, collapsed_t *c)
{
    draw_direction(c, 1.0);
    double size = 1.0 / sqrt(rchisq(c->df) / c->df);
    for (int k = 0; k < c->n; k++) c->next_point[k] = c->center[k] + size * c->next_point[k];
    return step_to_next(model, c, log_folded(model, c, c->point, c->work)
                        - log_folded(model, c, c->next_point, c->work));
}

/* The walk starts from any of the points that are this L, so that it is the same
   from each. */
static status_t propose_nearby(const model_t *model, collapsed_t *c)
{
    flip_signs(model, (unsigned) (unif_rand() * (1u << model->n_random)), c->point);
    draw_direction(c, c->step);
    for (int k = 0; k < c->n; k++) c->next_point[k] += c->point[k];
    return step_to_next(model, c, 0.0);
}

/* beta | L, sigma^2 ~ N(R^-1 R'^-1 X'V^-1y, sigma^2 (R'R)^-1); a root that has
   sigma as a coordinate has been divided by it. */
static void draw_beta(const model_t *model, state_t *state)
{
    int p = model->n_coef, rows = p + 1;
    const double *root = state->collapsed->root;
    double sigma = state->collapsed->with_sigma ? 1.0 : sqrt(state->sigma2[0]);
    draw_standard_normals(p, state->normals);
    for (int k = p - 1; k >= 0; k--) {
        double sum = root[k + (size_t) rows * p] + sigma * state->normals[k];
        for (int l = k + 1; l < p; l++)
            sum -= root[k + (size_t) rows * l] * state->theta[l];
        state->theta[k] = sum / root[k + (size_t) rows * k];
    }
    memcpy(state->fixed, state->theta, sizeof(double) * p);
}

/* gamma_j = L u_j with u_j ~ N(M^-1 L'Z_j'(y_j - X_j beta), sigma^2 M^-1),
   M = I + L'Z_j'Z_j L. */
static status_t draw_effects(const model_t *model, state_t *state, const double *L)
{
    int q = model->n_random;
    double *A = state->work + q * q, *M = A + q * q, *e = M + q * q, *u = e + q;
    double sigma = sqrt(state->sigma2[0]);
    for (int j = 0; j < model->n_groups; j++) {
        const double *R = cell_factor(model, j), *C = R + q * q;
        double *effect = state->effect + (size_t) q * j;
        multiply_factors(q, R, L, A);
        for (int r = 0; r < q; r++) {
            e[r] = C[(size_t) q * model->n_coef + r];
            for (int k = 0; k < model->n_coef; k++)
                e[r] -= C[r + (size_t) q * k] * state->fixed[k];
        }
        for (int k = 0; k < q; k++) {
            u[k] = dot(q, A + (size_t) q * k, e);
            for (int l = 0; l <= k; l++)
                M[l + q * k] = (l == k) + dot(q, A + (size_t) q * l, A + (size_t) q * k);
        }
        draw_standard_normals(q, state->normals);
        for (int k = 0; k < q; k++) state->normals[k] *= sigma;
        RETURN_IF_FAILED(draw_normal_given_precision(q, M, state->normals, u));
        for (int r = 0; r < q; r++) {
            effect[r] = 0.0;
            for (int k = 0; k <= r; k++) effect[r] += L[r + q * k] * u[k];
        }
        if (user_wants_to_stop(state->monitor, cell_visits(model))) return STATUS_INTERRUPTED;
    }
    return STATUS_OK;
}

static status_t start_collapsed(const model_t *model, collapsed_t *c)
{
    if (c->started) return STATUS_OK;
    c->started = 1;
    return log_target_at(model, c, c->point, &c->log_target, c->root, c->work);
}

/* sigma^2 | L ~ IG((n - p - q)/2 + shape, r^2/2 + rate), or the coordinate's. */
static status_t draw_sigma(const model_t *model, state_t *state)
{
    const collapsed_t *c = state->collapsed;
    int p = model->n_coef;
    double r = c->root[p + (size_t) (p + 1) * p];
    if (c->with_sigma) {
        state->sigma2[0] = exp(2.0 * c->point[c->n - 1]);
        return STATUS_OK;
    }
    return draw_variance(&model->sigma_prior, model->level_rows[0] - p - model->n_random,
                         r * r, state->sigma2);
}

/* The collapsed sampler: L from its marginal posterior, by Metropolis-Hastings, then
   everything else exactly given L. */
status_t collapsed_sweep(const model_t *model, state_t *state)
{
    collapsed_t *c = state->collapsed;
    int q = model->n_random;
    double *L = state->work;
    RETURN_IF_FAILED(start_collapsed(model, c));
    for (int i = 0; i < INDEPENDENT_PROPOSALS; i++)
        RETURN_IF_FAILED(propose_independently(model, c));
    for (int i = 0; i < WALK_PROPOSALS; i++)
        RETURN_IF_FAILED(propose_nearby(model, c));
    factor_at(model, c, c->point, L);
    RETURN_IF_FAILED(draw_sigma(model, state));
    draw_beta(model, state);
    RETURN_IF_FAILED(draw_effects(model, state, L));
    for (int k = 0; k < q; k++)
        for (int l = 0; l < q; l++) {
            double sum = 0.0;
            for (int m = 0; m <= (k < l ? k : l); m++) sum += L[l + q * m] * L[k + q * m];
            state->Sigma[l + q * k] = state->sigma2[0] * sum;
        }
    return STATUS_OK;
}
