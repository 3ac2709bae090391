#ifndef RELM_MOVES_H
#define RELM_MOVES_H

#include "proposal.h"
#include "target.h"
#include "workspace.h"

/* Where a chain is among the points of a target, and its moves, which leave the target as it is. */
typedef struct {
    target_t *target;
    proposal_t proposal;
    double *point;          /* n: where it is */
    double *by_product;     /* of the target there */
    double log_target, log_proposal;
    double log_surrogate;   /* log_surrogate_weight() */
    int is_known;           /* are these four those of the point? */
    /* At next_point after a step: of the proposal that was not accepted, or of where the chain was;
       NAN where it was not asked. */
    double log_target_other;
    double proposed, accepted;
    ellipse_t ellipse;
    double *next_point, *next_by_product;
} moves_t;

/* Sets what the moves need from the target; `work` has the rest. */
void take_moves(moves_t *moves, workspace_t *work);

/* What is known of the present point, once, or again when the target has changed. */
status_t look_at_point(moves_t *moves);

/* The moves of a sweep: Metropolis-Hastings steps with proposals that do not depend on the
   point, or with those that several steps on a surrogate lead to, then elliptical slices
   (Murray, Adams and MacKay 2010) of the target over the t (Nishihara, Murray and Adams 2014). */
status_t make_moves(moves_t *moves);

#endif
