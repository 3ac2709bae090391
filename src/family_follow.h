#ifndef RELM_FAMILY_FOLLOW_H
#define RELM_FAMILY_FOLLOW_H

#include "family_scan.h"
#include "lattice.h"

/* Where a step's density moves to when the effects of other groupings change, to first order
   about a reference: weights W of the rows at the modes of the step's effects there. */
typedef struct family_follow {
    double **map;           /* groupings: p x (q x groups), NULL for the step's own: by how much effects
                               lower the coefficients that generalized least squares finds,
                                   (X'V^-1X + P)^-1 X'V^-1 Z_s,  V^-1 = W - W Z D Z'W,
                                   D = L (I + L'Z'WZL)^-1 L' */
    double *weight;         /* rows */
    double *cross;          /* q x p x groups: Z'WX */
    double *spread;         /* q x q x groups: D */
    double *linear;         /* q x groups: at no offset of others and no shift, of effects b the log
                               likelihood is about r'b - b'Z'WZb/2 */
    double *reference;      /* p: the shift there */
    const double *center;   /* coordinates: of the proposals there */
    const double *slope;    /* coordinates x q: what they move by with the score */
    const double *mean_score;   /* q */
    double *score;          /* q: the sum over groups of squares of D r, which the standard deviations go
                               by */
    double *moved;          /* coordinates: where proposals are centered now */
} family_follow_t;

typedef struct {
    double *rows;           /* rows of the data x p: X'V^-1, a row beside the next */
    double *DB;             /* q x p: D Z'WX */
    double *XVX;            /* p x p */
} follow_buffers_t;

/* `rows`: of the data. */
follow_buffers_t take_follow_buffers(const responses_t *responses, int rows, workspace_t *work);
void take_follow(const responses_t *responses, int n_coordinates, workspace_t *work,
                 family_follow_t *follow);

/* All but center, slope and mean_score, with the reference's effects in the scan's offset and
   parameters; effect: groupings. */
status_t find_follow(const model_t *model, const family_scan_t *scan, const grouping_state_t *effect,
                     const group_parameters_t *parameters, const lattice_buffers_t *lattice,
                     const follow_buffers_t *buffers, monitor_t *monitor, family_follow_t *follow);

/* The score, and where proposals are centered, at the offset and the effects of now; theta: its
   place among n coordinates. The shift is left in scan->shift. */
void move_center(const model_t *model, const grouping_state_t *effect, family_scan_t *scan,
                 int theta, int n);

#endif
