#ifndef RELM_FAMILY_TARGET_H
#define RELM_FAMILY_TARGET_H

#include "collapsed_target.h"
#include "family_scan.h"
#include "lattice.h"

/* What the target of a step of another family has beside a Gaussian one's. */
typedef struct family_data {
    const responses_t *responses;
    family_scan_t *scan;        /* of several groupings, else NULL */
    int n_threads;
    double fineness;            /* of the lattice: see group_parameters_t */
    lattice_buffers_t *buffers; /* n_threads */
    double *sums;               /* n_threads x CHUNKS_PER_THREAD */
} family_data_t;

/* Groups whose integrals are added up by one thread, and how many times of these between two
   questions whether to stop. */
enum { LATTICE_CHUNK = 16, LATTICE_CHUNKS_PER_THREAD = 32 };

/* The posterior of the coefficients, the standard deviations and correlations of the effects,
   and of dispersed counts the shape r, with the effects integrated out. Coordinates: those of L
   as in collapsed_target_t, tau_k = scale_k sinh(x_k); theta; log r. It has no by-product, but
   for a step of a scan, whose is the visit's effects. */
void start_family_target(collapsed_target_t *target);

/* log p(log r) of the shape, up to a constant, whose prior is of r^-1/2. */
double log_shape_prior(const scale_prior_t *prior, double shape);

/* Adds log_group_integral() of all groups to *value. */
status_t add_group_integrals(const family_data_t *family, const group_parameters_t *parameters,
                             monitor_t *monitor, double *value);

/* The rows that a step integrates over. */
const responses_t *responses_of_step(const model_t *model, const step_t *step);

/* theta and r of a point, and the place of the first. */
int place_of_theta(const collapsed_target_t *target);
const double *theta_at(const collapsed_target_t *target, const double *point);
double shape_at(const collapsed_target_t *target, const double *point);

#endif
