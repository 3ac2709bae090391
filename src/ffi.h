#ifndef RELM_FFI_H
#define RELM_FFI_H

#include <R.h>
#include <Rinternals.h>
#include "group_effects.h"
#include "marginal.h"
#include "model.h"
#include "workspace.h"

/* The edge to R: these functions decode, call and encode; they alone handle
   SEXPs, allocate, touch the generator's state, ask for interrupts and raise
   errors. All their memory is R's, so that an error leaks nothing. */

SEXP ffi_absorb_rows(SEXP rows, SEXP cell_factor, SEXP stratum_factor, SEXP cell_stratum);
SEXP ffi_number_by_first_row(SEXP codes, SEXP n_codes);
SEXP ffi_still_paired(SEXP Z, SEXP X, SEXP paired);
SEXP ffi_stratum_totals(SEXP cell_factor, SEXP stratum_factor, SEXP cell_stratum);
SEXP ffi_change_coordinates(SEXP factors, SEXP n_random, SEXP intercept, SEXP shift,
                            SEXP A, SEXP offset);
SEXP ffi_rank_beside(SEXP cell_factor, SEXP stratum_factor, SEXP group_start, SEXP chosen,
                     SEXP column_length);
SEXP ffi_run_chain(SEXP model, SEXP sampler, SEXP start, SEXP length, SEXP kept,
                   SEXP progress);
SEXP ffi_log_target(SEXP model, SEXP tuning, SEXP points, SEXP sigma2);
SEXP ffi_propose(SEXP model, SEXP tuning, SEXP n);
SEXP ffi_make_aliases(SEXP weights);
SEXP ffi_marginal(SEXP model, SEXP L, SEXP threads);
SEXP ffi_scan_target(SEXP model, SEXP step, SEXP points, SEXP sigma2, SEXP effect,
                     SEXP present);
SEXP ffi_draw_deferred(SEXP model, SEXP hyper, SEXP chosen, SEXP tile, SEXP seeds,
                       SEXP first, SEXP set_seed);
SEXP ffi_group_moments(SEXP model, SEXP hyper, SEXP beta_mean);
SEXP ffi_draw_nested(SEXP model, SEXP hyper, SEXP chosen, SEXP tile, SEXP seeds, SEXP first,
                     SEXP set_seed);
SEXP ffi_nested_moments(SEXP model, SEXP hyper, SEXP beta_mean);
SEXP ffi_merge_pattern(SEXP group, SEXP n_groups, SEXP width, SEXP n_behind, SEXP most);
SEXP ffi_draw_merged(SEXP model, SEXP hyper, SEXP chosen, SEXP tile, SEXP seeds, SEXP first,
                     SEXP set_seed);
SEXP ffi_merged_moments(SEXP model, SEXP hyper, SEXP beta_mean);
SEXP ffi_group_log_lik(SEXP model, SEXP groups, SEXP hyper, SEXP sigma, SEXP chosen);
SEXP ffi_nested_log_lik(SEXP model, SEXP chain, SEXP hyper, SEXP sigma, SEXP chosen);
SEXP ffi_nested_rows(SEXP model, SEXP chain, SEXP hyper, SEXP sigma, SEXP rows, SEXP leave_out);
SEXP ffi_predict_rows(SEXP model, SEXP groups, SEXP hyper, SEXP sigma, SEXP rows,
                      SEXP leave_out);
SEXP ffi_log_evidence(SEXP model, SEXP L, SEXP sigma, SEXP threads);
SEXP ffi_draw_step_effects(SEXP model, SEXP tuning, SEXP point);
SEXP ffi_group_modes(SEXP model, SEXP hyper);
SEXP ffi_family_groups(SEXP model, SEXP responses, SEXP hyper, SEXP reference, SEXP chosen);
SEXP ffi_family_rows(SEXP model, SEXP responses, SEXP hyper, SEXP reference, SEXP rows,
                     SEXP leave_out);
SEXP ffi_family_row_draws(SEXP model, SEXP responses, SEXP hyper, SEXP reference, SEXP rows,
                          SEXP shift, SEXP uniform);
SEXP ffi_family_evidence(SEXP model, SEXP theta, SEXP L, SEXP shape, SEXP threads);
SEXP ffi_draw_family_effects(SEXP model, SEXP hyper, SEXP chosen, SEXP tile, SEXP seeds,
                             SEXP first, SEXP set_seed);
SEXP ffi_draw_polya_gamma(SEXP b, SEXP c);
SEXP ffi_draw_gamma(SEXP n, SEXP shape);
SEXP ffi_student_rows(SEXP e, SEXP s2, SEXP weight, SEXP Z, SEXP L, SEXP df, SEXP leave_out);
SEXP ffi_t_and_normal(SEXP r, SEXP v, SEXP s2, SEXP df);
SEXP ffi_em_step(SEXP model, SEXP Sigma, SEXP sigma2);
SEXP ffi_fill_predictor(SEXP values, SEXP columns, SEXP predictor, SEXP noise);
SEXP ffi_summarize_columns(SEXP values, SEXP probabilities);
SEXP ffi_work_for(SEXP parent);
SEXP ffi_remove_rows(SEXP rows, SEXP cells, SEXP strata, SEXP cell_factor, SEXP stratum_factor,
                     SEXP noise, SEXP least);
SEXP ffi_new_keys(SEXP width);
SEXP ffi_number_keys(SEXP table, SEXP columns);
SEXP ffi_add_at(SEXP totals, SEXP places, SEXP values);

/* Element `name` of a list; an error when it is missing. */
SEXP list_element(SEXP list, const char *name);

/* The same; NULL when it is missing. */
SEXP optional_element(SEXP list, const char *name);

/* A list, and item i of a list of length n, or an error that names it. */
SEXP checked_list(SEXP list, const char *name);
SEXP list_item(SEXP list, const char *name, int i, int n);

/* Vectors of this length, or an error that names them. An integer is not missing and at least
   `least`; places lie in least .. limit - 1; n starts and their end rise from 0 to `end`. */
const double *checked_doubles(SEXP vector, const char *name, double length);
const int *checked_integers(SEXP vector, const char *name, double length);
int checked_integer(SEXP vector, const char *name, int least);
const int *checked_places(SEXP vector, const char *name, double length, int least, int limit);
const int *checked_starts(SEXP vector, const char *name, int n, int end);

/* The dimensions of an array of doubles. */
const int *checked_dims(SEXP array, const char *name, int n_dims);

/* The same of an element of a list. */
const double *list_doubles(SEXP list, const char *name, double length);
const int *list_integers(SEXP list, const char *name, double length);
const int *list_places(SEXP list, const char *name, double length, int least, int limit);
int list_integer(SEXP list, const char *name, int least);

double *doubles(double length);
int *ints(size_t n);

/* Runs `taking`, which takes buffers from `&work`, without memory, to count, and then with it. */
#define ALLOCATE(taking)                                                     \
    do {                                                                     \
        workspace_t work = { NULL, 0 };                                      \
        taking;                                                              \
        work.memory = doubles((double) work.taken);                          \
        work.taken = 0;                                                      \
        taking;                                                              \
    } while (0)

/* What the samplers know of a scale's prior. */
scale_prior_t decode_scale_prior(SEXP prior);

/* A column for each draw. */
SEXP draw_matrix(double n_variables, int draws);

/* Calls set.seed(). */
void seed_generator(SEXP seed_function, int seed);

/* A list of these elements; names and values have n entries. */
SEXP named_list(int n, const char **names, SEXP *values);

/* Points into the list's arrays, which must outlive the model. */
void decode_model(SEXP list, model_t *model);

/* What handles no more than one step of one grouping asks here for the step with a number, for the
   only one, or for that or NULL of a model without group effects: an error where there is more. */
const step_t *checked_step(const model_t *model, int number);
const step_t *only_step(const model_t *model);
const step_t *step_if_any(const model_t *model);

/* States of the groupings that have effects alone: those of a list, or 0 where that is NULL. */
grouping_state_t *effects_alone(SEXP effects, const model_t *model);

/* A model whose columns all stay in the regression, as most of what takes one expects. */
void decode_uncentered_model(SEXP list, model_t *model);

/* Between two pieces of work, where nothing is held: an interrupt jumps, and so does the end of
   the process that this one works for. */
void allow_stop(void);

/* Within one: has either come? */
int stop_is_asked(void *data);
monitor_t new_monitor(void);

/* One that jumps, for work at the edge itself, where nothing is held. */
monitor_t jumping_monitor(void);

/* The error that a status stands for, in this sweep (from 0). */
NORET void raise_status(status_t status, int sweeps_done);

/* A state of the model's size, its Sigma and sigma2 copied. */
void allocate_state(const model_t *model, SEXP Sigma, SEXP sigma2, monitor_t *monitor,
                    state_t *state);

/* The rows of the cells of several groupings. */
void allocate_rows(const joint_cells_t *cells, joint_rows_t *rows);

/* Buffers for the data in the units of a marginal. */
void allocate_group_data(const model_t *model, const grouping_t *grouping, int n_threads,
                         group_data_t *data);

/* As many threads as were asked for, where there are groups enough for them. */
int threads_for(const grouping_t *grouping, int asked);

/* hyper: hyperparameters x draws. */
void decode_draws(const model_t *model, SEXP hyper, hyper_draws_t *draws);

/* L becomes the factor of Sigma itself, not of Sigma / sigma^2. */
void scale_factors(const model_t *model, const hyper_draws_t *draws);

#endif
