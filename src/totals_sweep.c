#include <math.h>
#include <string.h>
#include "family_target.h"
#include "hyper.h"
#include "slice.h"
#include "totals_sweep.h"

/* log density of the coordinates of all levels, their prior and Jacobian included. */
static double density_at_points(totals_t *totals, const state_t *state)
{
    double value = 0.0;
    for (int l = 0; l < totals->n_levels; l++) {
        const collapsed_t *own = state->collapsed + totals->level[l].grouping;
        const proposal_t *proposal = &own->moves.proposal;
        for (int k = 0; k < proposal->n_columns; k++)
            if (own->moves.point[k] < 0.0 && !(proposal->near >> k & 1u)) return -INFINITY;
        value += factor_at(&own->target, own->moves.point, totals->L[l]);
        add_factor_prior(&own->target, totals->L[l], 1.0, &value);
    }
    value += log_totals_density(totals);
    return value < INFINITY ? value : -INFINITY;
}

/* The density along one coordinate; `value` is known at its place. */
typedef struct {
    totals_t *totals;
    const state_t *state;
    double *coordinate, value;
} line_of_totals_t;

static double density_on_line(void *data, double x)
{
    line_of_totals_t *line = (line_of_totals_t *) data;
    if (x == *line->coordinate) return line->value;
    *line->coordinate = x;
    line->value = density_at_points(line->totals, line->state);
    return line->value;
}

static void leave_totals(const model_t *model, const totals_t *totals, state_t *state)
{
    for (int l = 0; l < totals->n_levels; l++) {
        int g = totals->level[l].grouping, q = totals->level[l].n_random;
        collapsed_t *own = state->collapsed + g;
        fold_point(&own->moves.proposal, own->moves.point);
        factor_at(&own->target, own->moves.point, own->L);
        set_covariance(q, own->L, q, 1.0, state->grouping[g].Sigma);
        share_effects(model->responses + g, state->grouping[g].effect,
                      own->target.family->scan->share[g]);
    }
}

/* One coordinate after the other, each by a slice, from a level on. */
static status_t slice_coordinates(totals_t *totals, const state_t *state, int first, double *value)
{
    double visits = 0.1 * totals->n * totals->n * totals->level[1].n_groups;
    for (int l = first; l < totals->n_levels; l++) {
        const collapsed_t *own = state->collapsed + totals->level[l].grouping;
        int n = n_scales(own->target.grouping) + n_angles(own->target.grouping);
        for (int k = 0; k < n; k++) {
            line_of_totals_t line = { totals, state, own->moves.point + k, *value };
            double x = step_by_slice(density_on_line, &line, own->moves.point[k]);
            *value = density_on_line(&line, x);
            if (user_wants_to_stop(state->monitor, 6.0 * visits)) return STATUS_INTERRUPTED;
        }
    }
    return STATUS_OK;
}

/* Variances of several levels above the leaves, of which rows tell little, make up for each other:
   they have further rounds of slices. Of lme4's grouseticks two more make .24 effective draws a
   sweep .4. */
enum { MORE_ROUNDS = 2 };

status_t sweep_given_totals(const model_t *model, totals_t *totals, state_t *state)
{
    find_totals(state, totals);
    double value = density_at_points(totals, state);
    /* So far out that nothing can be told: the scan goes on without. */
    if (!isfinite(value)) return STATUS_OK;
    RETURN_IF_FAILED(slice_coordinates(totals, state, 0, &value));
    for (int round = 0; round < MORE_ROUNDS && totals->n_levels > 2; round++)
        RETURN_IF_FAILED(slice_coordinates(totals, state, 1, &value));
    /* Products are to be those of the present point. */
    if (!isfinite(density_at_points(totals, state))) return STATUS_NOT_FINITE;
    RETURN_IF_FAILED(draw_given_totals(totals, state));
    leave_totals(model, totals, state);
    return STATUS_OK;
}
