#ifndef RELM_FFI_NESTED_H
#define RELM_FFI_NESTED_H

#include "collapsed.h"

/* A chain's levels with room for their factors. */
void allocate_nested(const model_t *model, const step_t *step, nested_t *nested);

/* The place of each group in the order of its chain. */
int *places_in_chain(const grouping_t *grouping, const step_level_t *level);

/* with_effects: are these drawn in the chain? */
chain_data_t *new_chain_data(const model_t *model, const step_t *step, int with_effects);

/* weigh_target() where an interrupt may jump. */
void weigh_at_edge(collapsed_target_t *target, const double *sigma2);

/* What the steps of a scan have of each other, once each has its target. */
void start_scan(const model_t *model, const state_t *state, collapsed_t *collapsed);

#endif
