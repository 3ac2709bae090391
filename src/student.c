#include <math.h>
#include <string.h>
#include <R_ext/Random.h>
#include <Rmath.h>
#include "gamma_variates.h"
#include "linalg.h"
#include "panels.h"
#include "pooled.h"
#include "random.h"
#include "slice.h"
#include "student.h"

/* A row of a sum counts as so many visits; one of a draw as one. */
static const double VISITS_PER_ROW = 0.05, VISITS_PER_DRAW = 1.0;

/* Rows of a sum between two questions to the monitor. */
enum { ROWS_PER_QUESTION = 1 << 16 };

/* Products of so much are turned into a logarithm. */
static const double LARGE_PRODUCT = 1e150;

/* Above, 1 + x with x of the order of 1/nu loses the digits of x. */
static const double LARGE_DF = 1e6;

/* Above, log Gamma(x + 1/2) - log Gamma(x) by its series is as close as double precision. */
static const double LARGE_GAMMA = 1e3;

/* Nearer to LEAST_DF doubles lose what is above it. The prior's share there is below 1e-9. */
static const double LEAST_LOG_DF = -20.0;

static double log_gamma_ratio(double x)
{
    if (x > LARGE_GAMMA) return 0.5 * log(x) - (1.0 - 1.0 / (24.0 * x * x)) / (8.0 * x);
    return lgammafn(x + 0.5) - lgammafn(x);
}

/* Adds log(1 + squares_i/(nu sigma^2)) of rows first .. end - 1 to the sum and the logarithm of the
   product. */
static void add_logs(int first, int end, const double *squares, const int *stratum,
                     const double *precision, double *sum, double *product)
{
    for (int i = first; i < end; i++) {
        double factor = 1.0 + squares[i] * precision[stratum[i]];
        if (factor > LARGE_PRODUCT) {
            *sum += log(factor);
            continue;
        }
        *product *= factor;
        if (*product < LARGE_PRODUCT) continue;
        *sum += log(*product);
        *product = 1.0;
    }
}

/* The same, of many degrees of freedom. */
static void add_near_normal(int first, int end, const double *squares, const int *stratum,
                            const double *precision, double *sum)
{
    for (int i = first; i < end; i++) *sum += log1p(squares[i] * precision[stratum[i]]);
}

/* What the densities of nu and sigma are made of. */
typedef struct {
    const model_t *model;
    const augmented_t *augmented;
    monitor_t *monitor;
    scale_prior_t sigma_prior;
    const double *sigma;    /* n_strata: at the start */
    double df;              /* at the start */
    double *present;        /* n_strata: where the density is evaluated */
    int stratum;            /* whose sigma is drawn */
    int is_interrupted;
} student_data_t;

/* Is there a sigma that is drawn? */
static int draws_sigma(const model_t *model)
{
    return model->sigma_prior.kind != SCALE_FIXED;
}

static double log_density_at(student_data_t *given, double df)
{
    const model_t *model = given->model;
    const augmented_t *augmented = given->augmented;
    double sum = 0.0;
    if (given->is_interrupted) return -INFINITY;
    for (int s = 0; draws_sigma(model) && s < model->n_strata; s++) {
        double sigma = given->present[s];
        if (!(sigma > 1e-300 && sigma < 1e300)) return -INFINITY;
        /* of log sigma */
        sum += log_scale_density(&given->sigma_prior, sigma) + log(sigma);
    }
    sum += log_student_density(augmented->n_rows, augmented->square, augmented->stratum,
                               model->n_strata, model->stratum_rows, df, given->present,
                               augmented->precision, given->monitor);
    if (user_wants_to_stop(given->monitor, 0.0)) {
        given->is_interrupted = 1;
        return -INFINITY;
    }
    return isnan(sum) ? -INFINITY : sum;
}

double log_student_density(int n, const double *squares, const int *stratum, int n_strata,
                           const double *rows, double df, const double *sigma,
                           double *precision, monitor_t *monitor)
{
    double gammas = log_gamma_ratio(0.5 * df) - 0.5 * log(df), sum = 0.0;
    double logs = 0.0, product = 1.0;
    for (int s = 0; s < n_strata; s++) {
        precision[s] = 1.0 / (df * sigma[s] * sigma[s]);
        sum += rows[s] * (gammas - log(sigma[s]));
    }
    for (int first = 0, end; first < n; first = end) {
        end = n - first > ROWS_PER_QUESTION ? first + ROWS_PER_QUESTION : n;
        if (df > LARGE_DF) add_near_normal(first, end, squares, stratum, precision, &logs);
        else add_logs(first, end, squares, stratum, precision, &logs, &product);
        if (user_wants_to_stop(monitor, VISITS_PER_ROW * (end - first))) return NAN;
    }
    return sum - 0.5 * (df + 1.0) * (logs + log(product));
}

/* Of x = log(nu - 1), where sigma (nu + 1)/nu stays what it was: in nu and its logarithm the
   information matrix of a t sample is diagonal, since that in log sigma and nu has the elements
   2 nu/(nu + 3) and -2/((nu + 1)(nu + 3)) (Lange, Little and Taylor 1989, appendix B). */
static double log_df_density(void *data, double x)
{
    student_data_t *given = (student_data_t *) data;
    const df_prior_t *prior = &given->model->df_prior;
    double df = LEAST_DF + exp(x), ratio = 1.0;
    if (!(x > LEAST_LOG_DF && df < 1e10)) return -INFINITY;
    if (draws_sigma(given->model)) ratio = (1.0 + 1.0 / given->df) / (1.0 + 1.0 / df);
    for (int s = 0; s < given->model->n_strata; s++)
        given->present[s] = given->sigma[s] * ratio;
    return (prior->shape - 1.0) * log(df) - prior->rate * df + x + log_density_at(given, df);
}

static double log_sigma_density(void *data, double log_sigma)
{
    student_data_t *given = (student_data_t *) data;
    given->present[given->stratum] = exp(log_sigma);
    return log_density_at(given, given->df);
}

/* nu, and sigma on its line. */
static void draw_df(student_data_t *given, state_t *state)
{
    double x = step_by_slice(log_df_density, given, log(state->df - LEAST_DF));
    if (given->is_interrupted) return;
    double df = LEAST_DF + exp(x), ratio = (1.0 + 1.0 / state->df) / (1.0 + 1.0 / df);
    for (int s = 0; draws_sigma(given->model) && s < given->model->n_strata; s++)
        state->sigma2[s] *= ratio * ratio;
    state->df = df;
}

static void draw_scales(student_data_t *given, state_t *state)
{
    int n = given->model->n_strata;
    for (int s = 0; s < n; s++) given->present[s] = sqrt(state->sigma2[s]);
    given->df = state->df;
    for (int s = 0; s < n && !given->is_interrupted; s++) {
        given->stratum = s;
        double x = step_by_slice(log_sigma_density, given, 0.5 * log(state->sigma2[s]));
        if (given->is_interrupted) return;
        given->present[s] = exp(x);
        state->sigma2[s] = exp(2.0 * x);
    }
}

void take_information(const model_t *model, augmented_t *augmented, workspace_t *work)
{
    int p = model->n_coef;
    augmented->information = take_matrix(work, p, p * model->n_strata);
    augmented->root_information = take_matrix(work, p, p);
    augmented->next_theta = take(work, p);
    augmented->score = take(work, p);
    augmented->next_eta = take(work, augmented->n_rows);
}

void set_information(const model_t *model, const augmented_t *augmented, monitor_t *monitor)
{
    size_t n = (size_t) augmented->n_rows, p = (size_t) model->n_coef;
    if (!is_uncentered(model)) return;
    memset(augmented->information, 0, sizeof(double) * p * p * model->n_strata);
    for (size_t k = 0; k < p; k++)
        for (size_t l = 0; l <= k; l++) {
            for (size_t i = 0; i < n; i++)
                augmented->information[l + p * k + p * p * augmented->stratum[i]] +=
                    augmented->trials[i] * augmented->X[i + n * l] * augmented->X[i + n * k];
            if (user_wants_to_stop(monitor, VISITS_PER_ROW * (double) n)) return;
        }
}

/* e of the rows, log p(e | nu, sigma), and the score of theta: X'u and the prior's. NaN when
   the user wants to stop. */
static double score_at(const model_t *model, const state_t *state, const augmented_t *augmented,
                       const double *theta, double *eta, double *score)
{
    size_t n = (size_t) augmented->n_rows, p = (size_t) model->n_coef;
    double *u = augmented->c, value, visits = VISITS_PER_ROW * (double) n;
    for (size_t k = 0; k < p; k++) {
        const double *x = augmented->X + n * k;
        double change = theta[k] - state->theta[k];
        for (size_t i = 0; change != 0.0 && i < n; i++) eta[i] += change * x[i];
        if (change != 0.0 && user_wants_to_stop(state->monitor, visits)) return NAN;
    }
    for (size_t i = 0; i < n; i++) {
        double e = augmented->y[i] - eta[i], sigma = augmented->sigma[augmented->stratum[i]];
        augmented->square[i] = augmented->trials[i] * e * e;
        u[i] = (state->df + 1.0) * augmented->trials[i] * e
            / (state->df * sigma * sigma + augmented->square[i]);
    }
    value = log_student_density(augmented->n_rows, augmented->square, augmented->stratum,
                                model->n_strata, model->stratum_rows, state->df,
                                augmented->sigma, augmented->precision, state->monitor);
    for (size_t k = 0; k < p; k++) {
        const double *P = model->prior_precision + p * k;
        double pull = long_dot((int) p, P, theta);
        score[k] = long_dot((int) n, augmented->X + n * k, u) + model->prior_linear[k] - pull;
        value += theta[k] * (model->prior_linear[k] - 0.5 * pull);
        if (user_wants_to_stop(state->monitor, visits)) return NAN;
    }
    return value;
}

/* The factor of the expected information on theta: (nu + 1)/(nu + 3) X'AX/sigma^2 and the prior's. */
static status_t factor_information(const model_t *model, const state_t *state,
                                   const augmented_t *augmented)
{
    size_t size = (size_t) model->n_coef * model->n_coef;
    memcpy(augmented->root_information, model->prior_precision, sizeof(double) * size);
    for (int s = 0; s < model->n_strata; s++) {
        double share = (state->df + 1.0) / (state->df + 3.0) / state->sigma2[s];
        for (size_t i = 0; i < size; i++)
            augmented->root_information[i] += share * augmented->information[size * s + i];
    }
    return cholesky(model->n_coef, augmented->root_information);
}

/* distance <- U (to - from) - U'^-1 score, U'U the information: standard normal where `to` is proposed
   from there. Its square. */
static double square_from(const model_t *model, const augmented_t *augmented, const double *from,
                          const double *to, double *score)
{
    int p = model->n_coef;
    double square = 0.0;
    solve_upper_transposed(p, augmented->root_information, score);
    for (int k = 0; k < p; k++) {
        double distance = -score[k];
        for (int l = k; l < p; l++)
            distance += augmented->root_information[k + (size_t) p * l] * (to[l] - from[l]);
        square += distance * distance;
    }
    return square;
}

/* theta | effects, nu, sigma, the weights integrated out: a proposal about a step of Fisher scoring, with
   the expected information (Qi and Minka 2002). */
static status_t move_coefficients(const model_t *model, state_t *state,
                                  const augmented_t *augmented)
{
    int p = model->n_coef;
    size_t n = (size_t) augmented->n_rows;
    double *theta = augmented->next_theta, *score = augmented->score;
    if (p == 0 || !is_uncentered(model)) return STATUS_OK;
    if (factor_information(model, state, augmented) != STATUS_OK) return STATUS_OK;
    double here = score_at(model, state, augmented, state->theta, augmented->eta, score);
    if (user_wants_to_stop(state->monitor, 0.0)) return STATUS_INTERRUPTED;
    draw_standard_normals(p, state->buffers.normals);
    memcpy(theta, score, sizeof(double) * p);
    solve_upper_transposed(p, augmented->root_information, theta);
    for (int k = 0; k < p; k++) theta[k] += state->buffers.normals[k];
    solve_upper(p, augmented->root_information, theta);
    for (int k = 0; k < p; k++) theta[k] += state->theta[k];
    double forth = square_from(model, augmented, state->theta, theta, score);
    memcpy(augmented->next_eta, augmented->eta, sizeof(double) * n);
    double there = score_at(model, state, augmented, theta, augmented->next_eta, score);
    if (user_wants_to_stop(state->monitor, 0.0)) return STATUS_INTERRUPTED;
    double back = square_from(model, augmented, theta, state->theta, score);
    if (!(log(unif_rand()) < there - here - 0.5 * (back - forth))) return STATUS_OK;
    memcpy(state->theta, theta, sizeof(double) * p);
    memcpy(state->staying, theta, sizeof(double) * p);
    memcpy(augmented->eta, augmented->next_eta, sizeof(double) * n);
    return STATUS_OK;
}

static void set_squares(const augmented_t *augmented)
{
    for (int i = 0; i < augmented->n_rows; i++) {
        double e = augmented->y[i] - augmented->eta[i];
        augmented->square[i] = augmented->trials[i] * e * e;
    }
}

static status_t draw_weights(const model_t *model, state_t *state, const augmented_t *augmented)
{
    gamma_variates_t gammas = gamma_variates(0.5 * (state->df + 1.0));
    for (int s = 0; s < model->n_strata; s++) augmented->precision[s] = 1.0 / state->sigma2[s];
    for (int i = 0; i < augmented->n_rows; i++) {
        double q = augmented->square[i] * augmented->precision[augmented->stratum[i]];
        double weight = draw_gamma(&gammas) * 2.0 / (state->df + q);
        if (!(weight > 0.0) || !isfinite(weight)) return STATUS_NOT_FINITE;
        augmented->root[i] = sqrt(weight * augmented->trials[i]);
        augmented->c[i] = augmented->root[i] * augmented->y[i];
        if (user_wants_to_stop(state->monitor, VISITS_PER_DRAW)) return STATUS_INTERRUPTED;
    }
    return STATUS_OK;
}

status_t draw_student_weights(const model_t *model, state_t *state, const augmented_t *augmented)
{
    student_data_t given = { model, augmented, state->monitor, model->sigma_prior,
                             augmented->sigma, state->df, augmented->present, 0, 0 };
    for (int s = 0; s < model->n_strata; s++) augmented->sigma[s] = sqrt(state->sigma2[s]);
    /* theta | gamma, nu, sigma */
    RETURN_IF_FAILED(move_coefficients(model, state, augmented));
    set_squares(augmented);
    /* What pools several sigma given them. */
    if (model->sigma_prior.kind == SCALE_POOLED) {
        RETURN_IF_FAILED(draw_pooled_given_sigma(model->n_strata, state->sigma2,
                                                 &state->pooled_df, &state->pooled_scale));
        given.sigma_prior = pooled_prior(state->pooled_df, state->pooled_scale);
    }
    /* nu, sigma | e on one line, then sigma | nu, e */
    if (!model->df_prior.is_fixed) draw_df(&given, state);
    if (draws_sigma(model) && !given.is_interrupted) draw_scales(&given, state);
    if (given.is_interrupted) return STATUS_INTERRUPTED;
    /* w_i | e_i, nu, sigma ~ Gamma((nu + 1)/2, rate (nu + a_i e_i^2/sigma^2)/2) */
    return draw_weights(model, state, augmented);
}
