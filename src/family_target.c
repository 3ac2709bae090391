#include <math.h>
#ifdef _OPENMP
# include <omp.h>
#endif
#include "family_target.h"
#include "hyper.h"
#include "linalg.h"

const double *theta_at(const collapsed_target_t *target, const double *point)
{
    return point + target->grouping->n_random + n_correlations(target->grouping);
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

static double sum_chunk(const responses_t *responses, const group_parameters_t *parameters,
                        int chunk, const lattice_buffers_t *buffers)
{
    int from = chunk * LATTICE_CHUNK, to = from + LATTICE_CHUNK;
    double sum = 0.0;
    if (to > responses->n_groups) to = responses->n_groups;
    for (int j = from; j < to; j++) sum += log_group_integral(responses, j, parameters, buffers);
    return sum;
}

/* Chunks first, ..., end - 1. A team of one thread costs more than a small model's sum. */
static void sum_chunks(const responses_t *responses, const group_parameters_t *parameters, int first,
                       int end, const family_data_t *family)
{
    if (family->n_threads == 1) {
        for (int chunk = first; chunk < end; chunk++)
            family->sums[chunk - first] = sum_chunk(responses, parameters, chunk, family->buffers);
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
        family->sums[chunk - first] = sum_chunk(responses, parameters, chunk,
                                                family->buffers + thread);
    }
}

/* Chunks between two questions: as many as a thread has room for, or one where a group has many nodes,
   or each is slow. */
static int chunks_in_turn(const responses_t *responses)
{
    int is_slow = responses->n_random > 1 || responses->likelihood == LIKELIHOOD_PROBIT
        || responses->likelihood == LIKELIHOOD_CLOGLOG;
    return is_slow ? 1 : LATTICE_CHUNKS_PER_THREAD;
}

/* A row of a group with one random column counts for as many visits. */
static const double VISITS_PER_ROW = 1.0;

static status_t add_integrals(const collapsed_target_t *target,
                              const group_parameters_t *parameters, double *value)
{
    const responses_t *responses = target->model->responses;
    const family_data_t *family = target->family;
    int n_chunks = (responses->n_groups - 1) / LATTICE_CHUNK + 1;
    int in_turn = chunks_in_turn(responses), round = family->n_threads * in_turn;
    for (int first = 0; first < n_chunks; first += round) {
        int end = first + round < n_chunks ? first + round : n_chunks;
        sum_chunks(responses, parameters, first, end, family);
        for (int chunk = first; chunk < end; chunk++) *value += family->sums[chunk - first];
        int to = end == n_chunks ? responses->n_groups : end * LATTICE_CHUNK;
        double rows = responses->start[to] - responses->start[first * LATTICE_CHUNK];
        double visits = in_turn == 1 ? (double) VISITS_PER_QUESTION : VISITS_PER_ROW * rows;
        if (user_wants_to_stop(target->monitor, visits)) return STATUS_INTERRUPTED;
    }
    return STATUS_OK;
}

static status_t family_target_at(target_t *base, const double *point, double *value,
                                 double *by_product)
{
    collapsed_target_t *target = (collapsed_target_t *) base;
    const model_t *model = target->model;
    double *L = target->buffers.L;
    group_parameters_t parameters = { theta_at(target, point), L, shape_at(target, point),
                                      target->family->fineness };
    (void) by_product;
    *value = factor_at(target, point, L) + log_theta_prior(model, parameters.theta);
    add_factor_prior(target, L, 1.0, value);
    if (has_shape(model)) {
        if (!(parameters.shape > 1e-300 && parameters.shape < 1e300)) return STATUS_NOT_FINITE;
        *value += log_shape_prior(&model->shape_prior, parameters.shape)
            + log_gamma_sums(model->responses, parameters.shape);
    }
    return add_integrals(target, &parameters, value);
}

void start_family_target(collapsed_target_t *target)
{
    target->target.n = target->grouping->n_random + n_correlations(target->grouping)
        + target->model->n_coef + has_shape(target->model);
    target->target.by_product_size = 0;
    target->target.at = family_target_at;
}
