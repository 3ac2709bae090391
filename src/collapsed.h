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
    double *record;         /* of a family's scan in a pilot: a column for each visit, or NULL */
    int n_recorded;
} collapsed_t;

/* Of a step of a family's scan: proposals to where the effects of others are now, and the shift of
   theta there. */
const double *follow_others(const model_t *model, const state_t *state, collapsed_t *c);

/* Numbers of a visit's column in `record`. */
size_t record_size(const collapsed_t *c);

/* Sigma = unit L L', L with the leading dimension ld. */
void set_covariance(int q, const double *L, int ld, double unit, double *Sigma);

/* What the steps have of the data is to be found anew, and their points for the state's sigma. */
void face_new_data(const model_t *model, state_t *state, double old_sigma);

/* What a step of several finds of the others' effects before its moves. */
status_t face_others(const model_t *model, const state_t *state, collapsed_t *c);

#endif
