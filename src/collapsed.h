#ifndef RELM_COLLAPSED_H
#define RELM_COLLAPSED_H

#include "collapsed_target.h"
#include "group.h"
#include "moves.h"
#include "samplers.h"
#include "scan.h"

/* What collapsed_sweep() has of each step beside the state. */
typedef struct collapsed {
    collapsed_target_t target;
    moves_t moves;
    double *L;              /* q x q: at the present point */
    group_buffers_t group;
    scan_t *scan;           /* of several steps, else NULL */
} collapsed_t;

/* What a step of several finds of the others' effects before its moves. */
status_t face_others(const model_t *model, const state_t *state, collapsed_t *c);

#endif
