#ifndef RELM_FAMILY_SCAN_H
#define RELM_FAMILY_SCAN_H

#include "model.h"

/* A step of another family among others: the coefficients, its standard deviations and its
   effects given the effects of the other groupings, which are in the offset. One evaluation of
   its target draws its effects too, from random numbers that stay the same for all points of a
   visit; so those of the point that a visit ends at are drawn from their conditional
   distribution. Proposals do not depend on the point, but on the others' effects, with which
   their center moves (family_follow.h). */
typedef struct family_scan {
    int grouping;                   /* its number */
    int n_groupings;
    responses_t responses;          /* offset and starts of modes are those below */
    const double *given;            /* rows: the model's own offset */
    double *offset;                 /* rows */
    double *const *share;           /* groupings: what effects add to eta, by row of the data, or by
                                       group where Z is ones */
    int **place;                    /* groupings: of each row its place there, any of those that
                                       fill up; NULL of the step's own */
    double *shift;                  /* p: what theta is less by at the others' effects */
    struct family_follow *follow;   /* or NULL */
    double *uniform;                /* (q + 1) x groups */
    double *near;                   /* `linear` and `curved` of responses_t, one after the other */
} family_scan_t;

static inline size_t near_size(const responses_t *responses)
{
    size_t q = (size_t) responses->n_random;
    return (size_t) responses->n_groups * q * (1 + q);
}

/* What an evaluation leaves: effects, and from what the next visit seeks modes. */
static inline size_t scan_by_product_size(const responses_t *responses)
{
    return (size_t) responses->n_random * responses->n_groups + near_size(responses);
}

static inline double *effects_in(const responses_t *responses, double *by_product, int group)
{
    return by_product + (size_t) responses->n_random * group;
}

static inline double *linear_in(const responses_t *responses, double *by_product, int group)
{
    return by_product + (size_t) responses->n_random * (responses->n_groups + (size_t) group);
}

static inline double *curved_in(const responses_t *responses, double *by_product, int group)
{
    size_t q = (size_t) responses->n_random;
    return by_product + q * 2 * responses->n_groups + q * q * group;
}

/* Where rows find what another grouping's effects add. group: room for the rows of the data. */
void find_places(const responses_t *own, const responses_t *other, int *group, int *place);

/* The others' effects to the offset. */
void face_other_effects(family_scan_t *scan);

/* The visit's random numbers. */
void draw_uniforms(family_scan_t *scan);

/* Effects of a grouping, as rows have them, in their order or by group. */
void share_effects(const responses_t *responses, const double *effect, double *share);

/* The same of all groupings. */
void share_all(const model_t *model, const grouping_state_t *grouping, double *const *share);

/* The visit's effects to the state, and to the other steps. */
void leave_effects(const double *by_product, double *effect, family_scan_t *scan);

#endif
