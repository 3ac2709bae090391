#ifndef RELM_STEP_H
#define RELM_STEP_H

#include "grouping.h"
#include "merged_pattern.h"

/* A grouping of a longer chain: its groups in an order in which the children of a group are
   neighbors. */
typedef struct {
    const int *number;              /* n_groups: of each group in this order */
    const int *parent;              /* n_groups: its place among those of the next; 0 at the root */
    const int *child_start;         /* n_groups + 1: its children among those of the one before; NULL
                                       at the leaf */
} step_level_t;

/* What is drawn jointly: a nested chain of groupings, from the leaf, the groups of which lie in
   those of the next, to the root; or all of a model, however they lie to each other. One grouping is
   a chain of length one. Each grouping of a model is in one of its steps. */
typedef struct {
    int n;
    const int *grouping;            /* n: their numbers, leaf to root */
    grouping_t whole;               /* columns and blocks of them all, one after another; of a chain of
                                       length one that grouping itself */
    const step_level_t *level;      /* n, of a longer chain; else NULL */
    const merged_pattern_t *merged; /* of crossed groupings in one step; else NULL */
} step_t;

/* The number of the grouping of a step that is no longer chain: only_step() of the edge
   refuses others to whoever takes but one. */
static inline int only_grouping(const step_t *step)
{
    return step->grouping[0];
}

#endif
