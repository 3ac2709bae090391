#include <math.h>
#include <string.h>
#include <R_ext/Random.h>
#include "moves.h"

void take_moves(moves_t *moves, workspace_t *work)
{
    size_t n = (size_t) moves->target->n, size = moves->target->by_product_size;
    moves->point = take(work, n);
    moves->next_point = take(work, n);
    moves->ellipse.from = take(work, n);
    moves->ellipse.other = take(work, n);
    moves->by_product = take(work, size);
    moves->next_by_product = take(work, size);
}

status_t look_at_point(moves_t *moves)
{
    moves->is_known = 1;
    moves->log_surrogate = log_surrogate_weight(&moves->proposal, moves->point);
    moves->log_proposal = log_proposal_density(&moves->proposal, moves->point);
    status_t status = moves->target->at(moves->target, moves->point, &moves->log_target,
                                        moves->by_product);
    if (status == STATUS_OK && !isfinite(moves->log_target)) return STATUS_NOT_FINITE;
    return status;
}

static void move_to_next(moves_t *moves, double value, double log_proposal)
{
    double *point = moves->point, *by_product = moves->by_product;
    moves->point = moves->next_point;
    moves->by_product = moves->next_by_product;
    moves->next_point = point;
    moves->next_by_product = by_product;
    moves->log_target_other = moves->log_target;
    moves->log_target = value;
    moves->log_proposal = log_proposal;
    moves->log_surrogate = log_surrogate_weight(&moves->proposal, moves->point);
}

static status_t step_independently(moves_t *moves)
{
    int in_domain = propose_independently(&moves->proposal, moves->next_point);
    double value, log_u = log(unif_rand());
    moves->proposed++;
    moves->log_target_other = NAN;
    if (!in_domain) return STATUS_OK;
    double density = log_proposal_density(&moves->proposal, moves->next_point);
    RETURN_IF_FAILED(evaluate_target(moves->target, moves->next_point, &value,
                                     moves->next_by_product));
    moves->log_target_other = value;
    if (!(log_u < value - density - (moves->log_target - moves->log_proposal)))
        return STATUS_OK;
    move_to_next(moves, value, density);
    moves->accepted++;
    return STATUS_OK;
}

/* Steps from the point that keep the surrogate's density s, by proposals q, to another one in
   next_point, with its log s/q; answers 0 where it has not moved. */
static int move_on_surrogate(moves_t *moves, double *log_surrogate)
{
    int n_tries = moves->proposal.surrogate->n_tries;
    double *to = moves->next_point, *tried = moves->ellipse.other;
    int has_moved = 0;
    *log_surrogate = moves->log_surrogate;
    for (int i = 0; i < n_tries; i++) {
        if (!propose_independently(&moves->proposal, tried)) continue;
        double g = log_surrogate_weight(&moves->proposal, tried);
        if (g < *log_surrogate && !(log(unif_rand()) < g - *log_surrogate)) continue;
        memcpy(to, tried, sizeof(double) * (size_t) moves->target->n);
        *log_surrogate = g;
        has_moved = 1;
    }
    return has_moved;
}

/* The steps are reversible with regard to s, so that from x to y they lead s(y)/s(x) times as
   often as from y to x: y is accepted with probability min(1, p(y) s(x) / (p(x) s(y))), which
   leaves the target p as it is whatever s is. */
static status_t step_by_surrogate(moves_t *moves)
{
    double value, g;
    moves->proposed++;
    moves->log_target_other = NAN;
    if (!move_on_surrogate(moves, &g)) return STATUS_OK;
    double log_u = log(unif_rand()), here = moves->log_proposal + moves->log_surrogate;
    double density = log_proposal_density(&moves->proposal, moves->next_point);
    RETURN_IF_FAILED(evaluate_target(moves->target, moves->next_point, &value,
                                     moves->next_by_product));
    if (!(log_u < value - (density + g) - (moves->log_target - here))) return STATUS_OK;
    move_to_next(moves, value, density);
    moves->accepted++;
    return STATUS_OK;
}

/* The range of angles shrinks towards the present point, at 0, until the ratio is high enough, or
   no angle is left. */
static status_t step_on_ellipse(moves_t *moves)
{
    const double turn = 2.0 * M_PI;
    moves->log_target_other = NAN;
    draw_ellipse(&moves->proposal, moves->point, &moves->ellipse);
    double level = moves->log_target - moves->log_proposal + log(unif_rand());
    double angle = turn * unif_rand(), low = angle - turn, high = angle;
    while (high - low > 1e-12) {
        double value = -INFINITY, density = 0.0;
        if (point_on_ellipse(&moves->proposal, &moves->ellipse, angle, moves->next_point)) {
            RETURN_IF_FAILED(evaluate_target(moves->target, moves->next_point, &value,
                                             moves->next_by_product));
            density = log_proposal_density(&moves->proposal, moves->next_point);
        }
        if (value - density > level) {
            move_to_next(moves, value, density);
            return STATUS_OK;
        }
        *(angle < 0.0 ? &low : &high) = angle;
        angle = low + (high - low) * unif_rand();
    }
    return STATUS_OK;
}

status_t make_moves(moves_t *moves)
{
    for (int i = 0; i < moves->proposal.n_independent; i++)
        RETURN_IF_FAILED(moves->proposal.surrogate ? step_by_surrogate(moves)
                                                   : step_independently(moves));
    for (int i = 0; i < moves->proposal.n_ellipse; i++)
        RETURN_IF_FAILED(step_on_ellipse(moves));
    return STATUS_OK;
}
