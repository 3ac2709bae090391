#include <math.h>
#include <string.h>
#include <R_ext/Arith.h>
#include <R_ext/Random.h>
#include <Rmath.h>
#include "family.h"

static void draw_gaussian(size_t n, double size, const double *scale, double *values)
{
    double multiple = 1.0 / sqrt(size);
    for (size_t i = 0; i < n; i++) values[i] += multiple * scale[i] * norm_rand();
}

static void draw_gaussian_given(size_t n, double size, const double *scale,
                                const double *variates, double *values)
{
    double multiple = 1.0 / sqrt(size);
    for (size_t i = 0; i < n; i++) values[i] += multiple * scale[i] * variates[i];
}

/* Probabilities of a success ----------------------------------------------------------------- */

static double logit_probability(double eta) { return plogis(eta, 0.0, 1.0, 1, 0); }

static double probit_probability(double eta) { return pnorm(eta, 0.0, 1.0, 1, 0); }

static double cloglog_probability(double eta) { return -expm1(-exp(fmin(eta, 700.0))); }

/* R's functions of a probability that is no number would warn. */
static void draw_successes(size_t n, double size, double (*probability)(double), double *values)
{
    for (size_t i = 0; i < n; i++)
        if (!ISNAN(values[i])) values[i] = rbinom(size, probability(values[i]));
}

static void draw_successes_given(size_t n, double size, double (*probability)(double),
                                 const double *variates, double *values)
{
    for (size_t i = 0; i < n; i++)
        if (!ISNAN(values[i]))
            values[i] = qbinom(variates[i], size, probability(values[i]), 1, 0);
}

static void draw_logit(size_t n, double size, const double *scale, double *values)
{
    (void) scale;
    draw_successes(n, size, logit_probability, values);
}

static void draw_logit_given(size_t n, double size, const double *scale, const double *variates,
                             double *values)
{
    (void) scale;
    draw_successes_given(n, size, logit_probability, variates, values);
}

static void draw_probit(size_t n, double size, const double *scale, double *values)
{
    (void) scale;
    draw_successes(n, size, probit_probability, values);
}

static void draw_probit_given(size_t n, double size, const double *scale, const double *variates,
                              double *values)
{
    (void) scale;
    draw_successes_given(n, size, probit_probability, variates, values);
}

static void draw_cloglog(size_t n, double size, const double *scale, double *values)
{
    (void) scale;
    draw_successes(n, size, cloglog_probability, values);
}

static void draw_cloglog_given(size_t n, double size, const double *scale, const double *variates,
                               double *values)
{
    (void) scale;
    draw_successes_given(n, size, cloglog_probability, variates, values);
}

/* Counts ------------------------------------------------------------------------------------- */

static void draw_poisson(size_t n, double size, const double *scale, double *values)
{
    (void) size;
    (void) scale;
    for (size_t i = 0; i < n; i++) {
        double mean = exp(values[i]);
        values[i] = R_FINITE(mean) ? rpois(mean) : mean;
    }
}

static void draw_poisson_given(size_t n, double size, const double *scale, const double *variates,
                               double *values)
{
    (void) size;
    (void) scale;
    for (size_t i = 0; i < n; i++) {
        double mean = exp(values[i]);
        values[i] = R_FINITE(mean) ? qpois(variates[i], mean, 1, 0) : mean;
    }
}

static void draw_negative_binomial(size_t n, double size, const double *scale, double *values)
{
    (void) size;
    for (size_t i = 0; i < n; i++) {
        double mean = exp(values[i]);
        values[i] = R_FINITE(mean) ? rnbinom_mu(scale[i], mean) : mean;
    }
}

static void draw_negative_binomial_given(size_t n, double size, const double *scale,
                                         const double *variates, double *values)
{
    (void) size;
    for (size_t i = 0; i < n; i++) {
        double mean = exp(values[i]);
        values[i] = R_FINITE(mean) ? qnbinom_mu(variates[i], scale[i], mean, 1, 0) : mean;
    }
}

/* Student's t residuals: scale is sigma, then the degrees of freedom. */
static void draw_student(size_t n, double size, const double *scale, double *values)
{
    double multiple = 1.0 / sqrt(size);
    for (size_t i = 0; i < n; i++) values[i] += multiple * scale[i] * rt(scale[n + i]);
}

static const family_t FAMILIES[] = {
    { "gaussian", 1, draw_gaussian, draw_gaussian_given },
    { "binomial", 0, draw_logit, draw_logit_given },
    { "binomial_probit", 0, draw_probit, draw_probit_given },
    { "binomial_cloglog", 0, draw_cloglog, draw_cloglog_given },
    { "poisson", 0, draw_poisson, draw_poisson_given },
    { "negative_binomial", 1, draw_negative_binomial, draw_negative_binomial_given },
    { "student", 2, draw_student, draw_gaussian_given },
};

const family_t *family_named(const char *name)
{
    for (size_t k = 0; k < sizeof FAMILIES / sizeof *FAMILIES; k++)
        if (strcmp(name, FAMILIES[k].name) == 0) return FAMILIES + k;
    return NULL;
}
