#ifndef RELM_LATTICE_GROUP_H
#define RELM_LATTICE_GROUP_H

#include "lattice.h"

enum { MOST_Q = MOST_LATTICE_COLUMNS };

/* Of one group at one point. */
typedef struct {
    const responses_t *responses;
    const lattice_buffers_t *b;
    int n, q;                   /* rows, columns */
    int is_equal;               /* has Z L the same number, `equal`, in all rows? */
    double equal;
    const double *X, *Z, *y, *offset;
    const double *trials;
    const double *L;            /* q x q */
    double u[MOST_Q];           /* the mode, or near it */
    double center[MOST_Q];      /* t of the mode */
    double slope[MOST_Q], curved[MOST_Q * MOST_Q];  /* of the log likelihood in b at u: Z'(y - mean),
                                                       Z'WZ */
    double C[MOST_Q * MOST_Q];  /* lower triangular: CC' is minus the second derivative there */
    double inverse[MOST_Q * MOST_Q];    /* of C */
    double along[MOST_Q];       /* y'c */
    double at_mode;             /* log likelihood there */
    double log_det;             /* log|C| */
    double total_mean;          /* of COUNTS */
    double n_trials;            /* of all rows */
    int has_powers;             /* does the buffers' `power` hold? */
    double largest;             /* the largest sum over columns of |c| */
    double h, radius;
    double lost;                /* log of what the density has fallen to where nodes of one dimension
                                   end */
    double reach;               /* the radius over the usual one, to begin with */
    double shift[MOST_Q];
} lattice_group_t;

/* b = L u. */
static inline void effects_of(const lattice_group_t *g, const double *u, double *b)
{
    for (int k = 0; k < g->q; k++) {
        b[k] = 0.0;
        for (int l = 0; l <= k; l++) b[k] += g->L[k + (size_t) g->q * l] * u[l];
    }
}

/* A row of PROBIT or CLOGLOG: its log likelihood, slope and minus its curvature. */
typedef struct {
    double value, slope, weight;
} row_t;

row_t plain_row(likelihood_t likelihood, double eta, double y, double trials);

/* The log likelihoods of a row of any family at n linear predictors, in whole vectors. Of DISPERSED
   eta is e, and trials are y + m r. */
void row_at_predictors(likelihood_t likelihood, double y, double trials, size_t n,
                       const double *eta, double *value);

/* Are its rows' likelihoods no products of what rows and nodes have? */
static inline int is_plain(const lattice_group_t *g)
{
    return is_plain_likelihood(g->responses->likelihood);
}

/* Rows after which the monitor is asked, within a group of more. */
enum { ROWS_PER_QUESTION = 8192 };

/* Does the user want to stop amid the rows of a large group? Its integral is not a number then. */
static inline int is_left(const lattice_group_t *g)
{
    return g->n > ROWS_PER_QUESTION && is_stopped_after(g->b, VISITS_PER_QUESTION);
}

/* The group at these parameters with its mode, found from where it was before: all but h, the radius
   and the shift; and what nodes are made of. 0 where there is no mode. */
int center_group(const responses_t *responses, int j, const group_parameters_t *at, double enough,
                 const lattice_buffers_t *b, lattice_group_t *g);

/* Of one column: u of the place where the search for the mode begins. */
double start_of_search(const responses_t *responses, int j, const group_parameters_t *at);

/* Of the log likelihood in b, about r'b - b'Wb/2: r = s + W b of the slope s at b = L u, q; and W,
   q x q, or NULL. */
void store_quadratic(const lattice_group_t *g, double *linear, double *curved);

/* The nodes of a group's integral, in whole vectors, and where they lie. */
typedef struct {
    size_t n;
    const double *value;        /* log of the integrand over that at the mode */
    double log_sum;             /* of it */
    double log_integral;        /* log p(y_j) */
} filled_nodes_t;

typedef struct {
    size_t stride;
    double *t;                  /* stride x q */
    double *at_border;          /* stride: 1, or 0 within */
} node_places_t;

/* g: the group with its mode. closeness, reach: the nodes' distance and radius over the usual ones.
   shift: q, from 0 to 1, or NULL for the usual one. */
void fill_group_nodes(lattice_group_t *g, double fineness, double closeness, double reach,
                      const double *shift, const node_places_t *places, filled_nodes_t *filled);

/* What the largest node at the border, over the largest of all, is at most where no more are
   needed. */
double most_at_border(int q);

/* The most that a node's distance is times |c|. */
double most_step_of(likelihood_t likelihood);

/* How nodes lie: their distance, the radius of their ball, and log of what the density has lost
   where no more are needed. */
typedef struct {
    double h, radius, lost;
} spacing_t;

/* largest: as of a group. closeness: the distance over the usual one, where rows need no less. */
spacing_t space_nodes(likelihood_t likelihood, int q, double largest, double fineness,
                      double closeness);

/* The squared distance from the mode, in standard deviations, at which nodes of one column are placed
   about it. */
static const double NEAR_ENOUGH = 0.3;

/* log(2 pi) / 2 */
static const double LOG_ROOT_2PI = 0.918938533204672742;

double log_sum_of_exp(size_t n, const double *x, double top);

/* x <- exp(x - top); the answer is their sum. And the number of the node at which the nodes'
   cumulated shares reach u of their sum. */
double sum_shares(size_t n, double *x, double top);
size_t choose_node(size_t n, const double *share, double sum, double u);

/* What lines of nodes multiply by, at the distance h. */
void prepare_lines(lattice_group_t *g);

/* exp(c t) of the first row at n nodes of the first dimension from a number on, of the next
   POWER_NODES further on; NULL where that is not at hand. */
const double *powers_from(const lattice_group_t *g, int number, int n);

/* Nodes t, t + h, ... of the first dimension. */
typedef struct {
    double t;
    const double *factor;       /* rows: what the other dimensions make of the mean at the mode, or of
                                   other links add to eta */
    double *out;
    double linear;              /* y'c t of the other dimensions */
    double square;              /* their |u|^2, less that at the mode */
    double first_u;             /* u of the first dimension where its t is 0 */
    const double *others;       /* q: t of the other dimensions */
    const double *power;        /* of these nodes: powers_from() */
} line_t;

/* The log integrand over that at the mode, at `width` vectors of nodes, up to four. start: rows. */
void fill_nodes(const lattice_group_t *g, const line_t *line, int width, double *start);

/* The factor of a line whose other dimensions are all 0. */
const double *factor_at_mode(const lattice_group_t *g);

/* factor <- that at t of another dimension, from `outer`; or from one node of it to the next. */
void start_factor(const lattice_group_t *g, int dimension, double t, const double *outer,
                  double *factor);
void step_factor(const lattice_group_t *g, int dimension, double *factor);

#endif
