#ifndef RELM_LATTICE_H
#define RELM_LATTICE_H

#include "monitor.h"
#include "responses.h"

/* The integral of a group's likelihood over its effects, b = L u with u ~ N_q(0, I), by the
   trapezoidal rule. About the mode of u, in the coordinates t in which its curvature is the
   identity, nodes are h (k + shift), k whole numbers, within a ball; for densities like these the
   rule's error falls like exp(-2 pi^2 / h^2). The sum does not depend on the shift, so a node that
   is drawn by its share of the sum, at a uniform shift, is a draw of u. */

/* The shape of DISPERSED counts in their likelihood: beyond this they are Poisson's to mean/shape,
   and log(1 + mean/shape) loses its digits. */
static inline double bounded_shape(double shape)
{
    return shape < 1e9 ? shape : 1e9;
}

typedef struct {
    const double *theta;    /* p */
    const double *L;        /* q x q, lower triangular: Sigma = L L' */
    double shape;           /* r, of dispersed counts */
    double fineness;        /* 1, less for nodes that lie closer, more for fewer of them */
} group_parameters_t;

typedef struct {
    double *trials, *base, *eta, *mean, *rest, *weight;     /* rows */
    double *A, *c, *step;       /* rows x q: Z L; Z L C'^-1; exp(c h) */
    double *factor;             /* rows x q: of a line of nodes, by dimension */
    double *power;              /* POWER_NODES x rows, of several columns: exp(c t); or NULL */
    double *node;               /* most_nodes: log of the integrand over that at the mode */
    size_t most_nodes;
    monitor_t *monitor;         /* asked amid the rows of a large group; or NULL */
} lattice_buffers_t;

/* Does the user want to stop after so many rows? What is summed is not a number then. */
static inline int is_stopped_after(const lattice_buffers_t *buffers, double rows)
{
    return buffers->monitor && user_wants_to_stop(buffers->monitor, rows);
}

/* Nodes of the first dimension whose factors are kept for all lines; in groups of up to so many
   rows. */
enum { POWER_NODES = 16, MOST_POWER_ROWS = 65536 };

lattice_buffers_t take_lattice(const responses_t *responses, workspace_t *work);

/* log p(y_j | theta, L), of DISPERSED without the gamma functions; not a number where it fails. */
double log_group_integral(const responses_t *responses, int group,
                          const group_parameters_t *parameters, const lattice_buffers_t *buffers);

/* The mode of u, and its derivatives: n_mode_slopes() x q. */
status_t find_mode_slopes(const responses_t *responses, int group,
                          const group_parameters_t *parameters, const lattice_buffers_t *buffers,
                          double *mode, double *slope);

/* A draw of a group's effects, and what the next search for its mode starts from (responses_t). */
typedef struct {
    double *effect;             /* q */
    double *linear, *curved;    /* q, q x q, or NULL */
} group_draw_t;

/* log_group_integral() with the nodes shifted at random, and a draw of b from uniform random
   numbers: uniform, q + 1. Not a number where it fails. */
double draw_group_by_lattice(const responses_t *responses, int group,
                             const group_parameters_t *parameters, const double *uniform,
                             const lattice_buffers_t *buffers, const group_draw_t *draw);

/* Are nodes computed one by one, or in several dimensions, so that a question whether to stop comes
   after each group? */
static inline int is_slow_group(const responses_t *responses)
{
    return responses->n_random > 1 || is_plain_likelihood(responses->likelihood);
}

/* The sum of the gamma functions of DISPERSED counts. */
double log_gamma_sums(const responses_t *responses, double shape);

#endif
