#ifndef RELM_STEP_H
#define RELM_STEP_H

/* What is drawn jointly: a nested chain of groupings, from the leaf, the groups of which lie in
   those of the next, to the root. One grouping is a chain of length one. Each grouping of a model
   is in one of its steps. */
typedef struct {
    int n;
    const int *grouping;            /* n: their numbers, leaf to root */
} step_t;

/* The number of the grouping of a step that is no longer chain: checked_step() of the edge
   refuses others to whoever takes but one. */
static inline int only_grouping(const step_t *step)
{
    return step->grouping[0];
}

#endif
