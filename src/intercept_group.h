#ifndef RELM_INTERCEPT_GROUP_H
#define RELM_INTERCEPT_GROUP_H

#include "lane_math.h"
#include "lattice_group.h"
#include "lattice_intercepts.h"

/* Groups at one point. */
typedef struct {
    const responses_t *responses;
    const group_parameters_t *at;
    const lattice_buffers_t *b;
    const intercept_draws_t *draws;     /* or NULL */
    double tau;                         /* L */
} intercepts_t;

/* Beyond these steps, nodes and moves of a linear predictor a group is left to others. */
static const double MOST_MOVE = 3.0;
enum { MOST_STEPS = 20, MOST_NODES = 4096 };
/* On either side of the mode, to begin with. */
enum { FIRST_NODES = 16 };

INLINED const double *uniforms_of(const intercept_draws_t *draws, int j)
{
    return draws->uniform + 2 * (size_t) (j - draws->first);
}

INLINED group_draw_t draw_of(const intercept_draws_t *draws, int j)
{
    int i = j - draws->first;
    group_draw_t draw = { draws->effect + i, draws->linear ? draws->linear + i : NULL,
                          draws->curved ? draws->curved + i : NULL };
    return draw;
}

INLINED void store_draw(const intercept_draws_t *draws, int j, double effect, double linear,
                        double curved)
{
    group_draw_t draw = draw_of(draws, j);
    *draw.effect = effect;
    if (!draw.linear) return;
    *draw.linear = linear;
    *draw.curved = curved;
}

/* A group's rows. */
typedef struct {
    int n, p;
    const double *X, *offset, *y, *trials;
} rows_t;

INLINED rows_t rows_of(const responses_t *responses, int j)
{
    size_t start = (size_t) responses->start[j];
    int p = responses->n_coef;
    rows_t rows = { (int) ((size_t) responses->start[j + 1] - start), p,
                    responses->X + start * p, responses->offset + start, responses->y + start,
                    responses->trials + start };
    return rows;
}

/* X theta with the offset, of the vector of rows from i on. */
INLINED void predict(const rows_t *rows, const double *theta, int i, lanes_t *eta)
{
    *eta = *const_lanes_of(rows->offset + i);
    for (int k = 0; k < rows->p; k++)
        *eta += theta[k] * *const_lanes_of(rows->X + i + (size_t) rows->n * k);
}

/* The integral of a group whose rows are of one trial; not a number where it is left to others. */
double ones_integral(const intercepts_t *all, int j);

#endif
