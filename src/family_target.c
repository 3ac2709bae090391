#include <math.h>
#ifdef _OPENMP
# include <omp.h>
#endif
#include "family_target.h"
#include "hyper.h"
#include "lattice_intercepts.h"
#include "linalg.h"

int place_of_theta(const collapsed_target_t *target)
{
    return n_scales(target->grouping) + n_angles(target->grouping);
}

const double *theta_at(const collapsed_target_t *target, const double *point)
{
    return point + place_of_theta(target);
}

double shape_at(const collapsed_target_t *target, const double *point)
{
    return has_shape(target->model) ? exp(point[target->target.n - 1]) : 0.0;
}

/* d r^-1/2 = -r^-1/2 / 2 d log r */
double log_shape_prior(const scale_prior_t *prior, double shape)
{
    double root = 1.0 / sqrt(shape);
    return log_scale_density(prior, root) + log(root);
}

static double log_theta_prior(const model_t *model, const double *theta)
{
    int p = model->n_coef;
    double sum = 0.0;
    if (model->beta_is_flat) return 0.0;
    for (int k = 0; k < p; k++)
        sum += theta[k] * (dot(p, model->prior_precision + (size_t) p * k, theta)
                           - 2.0 * model->prior_linear[k]);
    return -0.5 * (sum + model->prior_square);
}

/* What the groups' integrals are made of. by_product: of a scan. */
typedef struct {
    const family_data_t *family;
    const group_parameters_t *parameters;
    double *by_product;
} integrals_t;

static double group_integral(const integrals_t *integrals, int j, const lattice_buffers_t *buffers)
{
    const responses_t *responses = integrals->family->responses;
    const family_scan_t *scan = integrals->family->scan;
    if (!scan) return log_group_integral(responses, j, integrals->parameters, buffers);
    group_draw_t draw = { effects_in(responses, integrals->by_product, j),
                          linear_in(responses, integrals->by_product, j),
                          curved_in(responses, integrals->by_product, j) };
    return draw_group_by_lattice(responses, j, integrals->parameters,
                                 scan->uniform + (size_t) (responses->n_random + 1) * j, buffers,
                                 &draw);
}

static double sum_of_intercepts(const integrals_t *integrals, int from, int to,
                                const lattice_buffers_t *buffers)
{
    const responses_t *responses = integrals->family->responses;
    const family_scan_t *scan = integrals->family->scan;
    if (!scan)
        return sum_intercept_integrals(responses, from, to, integrals->parameters, buffers, NULL);
    intercept_draws_t draws = { 0, scan->uniform, effects_in(responses, integrals->by_product, 0),
                                linear_in(responses, integrals->by_product, 0),
                                curved_in(responses, integrals->by_product, 0) };
    return sum_intercept_integrals(responses, from, to, integrals->parameters, buffers, &draws);
}

static double sum_chunk(const integrals_t *integrals, int chunk, const lattice_buffers_t *buffers)
{
    int from = chunk * LATTICE_CHUNK, to = from + LATTICE_CHUNK;
    double sum = 0.0;
    if (to > integrals->family->responses->n_groups) to = integrals->family->responses->n_groups;
    if (has_intercept_lattice(integrals->family->responses))
        return sum_of_intercepts(integrals, from, to, buffers);
    const int *start = integrals->family->responses->start;
    for (int j = from; j < to; j++) {
        sum += group_integral(integrals, j, buffers);
        if (is_stopped_after(buffers, start[j + 1] - start[j])) return NAN;
    }
    return sum;
}

/* Chunks first, ..., end - 1. A team of one thread costs more than a small model's sum. */
static void sum_chunks(const integrals_t *integrals, int first, int end)
{
    const family_data_t *family = integrals->family;
    if (family->n_threads == 1) {
        for (int chunk = first; chunk < end; chunk++)
            family->sums[chunk - first] = sum_chunk(integrals, chunk, family->buffers);
        return;
    }
#ifdef _OPENMP
# pragma omp parallel for num_threads(family->n_threads) schedule(static)
#endif
    for (int chunk = first; chunk < end; chunk++) {
        int thread = 0;
#ifdef _OPENMP
        thread = omp_get_thread_num();
#endif
        family->sums[chunk - first] = sum_chunk(integrals, chunk, family->buffers + thread);
    }
}

/* Chunks between two questions: as many as a thread has room for, or one. */
static int chunks_in_turn(const responses_t *responses)
{
    return is_slow_group(responses) ? 1 : LATTICE_CHUNKS_PER_THREAD;
}

/* A row of a group with one random column counts for as many visits. */
static const double VISITS_PER_ROW = 1.0;

static status_t add_integrals(const integrals_t *integrals, monitor_t *monitor, double *value)
{
    const family_data_t *family = integrals->family;
    const responses_t *responses = family->responses;
    int n_chunks = (responses->n_groups - 1) / LATTICE_CHUNK + 1;
    int in_turn = chunks_in_turn(responses), round = family->n_threads * in_turn;
    for (int first = 0; first < n_chunks; first += round) {
        int end = first + round < n_chunks ? first + round : n_chunks;
        sum_chunks(integrals, first, end);
        for (int chunk = first; chunk < end; chunk++) *value += family->sums[chunk - first];
        int to = end == n_chunks ? responses->n_groups : end * LATTICE_CHUNK;
        double rows = responses->start[to] - responses->start[first * LATTICE_CHUNK];
        double visits = in_turn == 1 ? (double) VISITS_PER_QUESTION : VISITS_PER_ROW * rows;
        if (user_wants_to_stop(monitor, visits)) return STATUS_INTERRUPTED;
    }
    return STATUS_OK;
}

status_t add_group_integrals(const family_data_t *family, const group_parameters_t *parameters,
                             monitor_t *monitor, double *value)
{
    integrals_t integrals = { family, parameters, NULL };
    return add_integrals(&integrals, monitor, value);
}

static status_t family_target_at(target_t *base, const double *point, double *value,
                                 double *by_product)
{
    collapsed_target_t *target = (collapsed_target_t *) base;
    const model_t *model = target->model;
    double *L = target->buffers.L;
    group_parameters_t parameters = { theta_at(target, point), L, shape_at(target, point),
                                      target->family->fineness };
    integrals_t integrals = { target->family, &parameters, by_product };
    *value = factor_at(target, point, L) + log_theta_prior(model, parameters.theta);
    add_factor_prior(target, L, 1.0, value);
    if (has_shape(model)) {
        if (!(parameters.shape > 1e-300 && parameters.shape < 1e300)) return STATUS_NOT_FINITE;
        *value += log_shape_prior(&model->shape_prior, parameters.shape)
            + log_gamma_sums(model->responses, parameters.shape);
    }
    return add_integrals(&integrals, target->monitor, value);
}

const responses_t *responses_of_step(const model_t *model, const step_t *step)
{
    return model->responses + (model->n_groupings > 1 ? only_grouping(step) : 0);
}

void start_family_target(collapsed_target_t *target)
{
    const model_t *model = target->model;
    target->target.n = place_of_theta(target) + model->n_coef + has_shape(model);
    target->target.by_product_size =
        model->n_groupings > 1 ? scan_by_product_size(responses_of_step(model, target->step)) : 0;
    target->target.at = family_target_at;
}
