#ifndef RELM_FAMILY_TARGET_H
#define RELM_FAMILY_TARGET_H

#include "collapsed_target.h"
#include "lattice.h"

/* What the target of a step of another family has beside a Gaussian one's. */
typedef struct family_data {
    int n_threads;
    double fineness;            /* of the lattice: see group_parameters_t */
    lattice_buffers_t *buffers; /* n_threads */
    double *sums;               /* n_threads x CHUNKS_PER_THREAD */
} family_data_t;

/* Groups whose integrals are added up by one thread, and how many times of these between two
   questions whether to stop. */
enum { LATTICE_CHUNK = 16, LATTICE_CHUNKS_PER_THREAD = 32 };

/* The posterior of the coefficients, the standard deviations and correlations of the effects, and of
   dispersed counts the shape r, with the effects integrated out. Coordinates: those of L as in
   collapsed_target_t, tau_k = scale_k sinh(x_k); theta; log r. It has no by-product. */
void start_family_target(collapsed_target_t *target);

/* log p(log r) of the shape, up to a constant, whose prior is of r^-1/2. */
double log_shape_prior(const scale_prior_t *prior, double shape);

/* theta and r of a point. */
const double *theta_at(const collapsed_target_t *target, const double *point);
double shape_at(const collapsed_target_t *target, const double *point);

#endif
