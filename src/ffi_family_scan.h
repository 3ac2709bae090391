#ifndef RELM_FFI_FAMILY_SCAN_H
#define RELM_FFI_FAMILY_SCAN_H

#include "ffi_responses.h"
#include "totals.h"

/* Of several groupings: the rows of the data. */
int n_data_rows(const responses_t *responses);

/* What effects of each of several groupings add to the linear predictor, by row of the data. */
double **new_shares(const model_t *model, const grouping_state_t *grouping);

/* What a step of several has of the others, of whose effects rows have the shares. */
void start_family_scan(const model_t *model, const step_t *step, double **share,
                       family_data_t *family);

/* How its proposals follow them, about the reference of its tuning and these effects. */
void start_follow(SEXP tuning, const model_t *model, const collapsed_target_t *target,
                  const grouping_state_t *effect);

/* Element `chains` of a model: nested ones. */
void start_totals(SEXP model_list, const model_t *model, state_t *state);

#endif
