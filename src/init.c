#include <R_ext/Rdynload.h>
#include "ffi.h"
#include "threads.h"

/* By way of a type that compilers take for any function's. */
#define CALL_ENTRY(name, n_arguments) { #name, (DL_FUNC) (void (*)(void)) &name, n_arguments }

static const R_CallMethodDef call_entries[] = {
    CALL_ENTRY(ffi_absorb_rows, 4),
    CALL_ENTRY(ffi_number_by_first_row, 2),
    CALL_ENTRY(ffi_still_paired, 3),
    CALL_ENTRY(ffi_stratum_totals, 3),
    CALL_ENTRY(ffi_change_coordinates, 6),
    CALL_ENTRY(ffi_rank_beside, 5),
    CALL_ENTRY(ffi_run_chain, 6),
    CALL_ENTRY(ffi_em_step, 3),
    CALL_ENTRY(ffi_draw_step_effects, 3),
    CALL_ENTRY(ffi_group_modes, 2),
    CALL_ENTRY(ffi_family_groups, 5),
    CALL_ENTRY(ffi_family_rows, 6),
    CALL_ENTRY(ffi_family_row_draws, 7),
    CALL_ENTRY(ffi_family_evidence, 5),
    CALL_ENTRY(ffi_draw_family_effects, 7),
    CALL_ENTRY(ffi_draw_polya_gamma, 2),
    CALL_ENTRY(ffi_draw_gamma, 2),
    CALL_ENTRY(ffi_student_rows, 7),
    CALL_ENTRY(ffi_t_and_normal, 4),
    CALL_ENTRY(ffi_log_target, 4),
    CALL_ENTRY(ffi_propose, 3),
    CALL_ENTRY(ffi_make_aliases, 1),
    CALL_ENTRY(ffi_marginal, 3),
    CALL_ENTRY(ffi_scan_target, 6),
    CALL_ENTRY(ffi_draw_deferred, 7),
    CALL_ENTRY(ffi_group_moments, 3),
    CALL_ENTRY(ffi_draw_nested, 7),
    CALL_ENTRY(ffi_nested_moments, 3),
    CALL_ENTRY(ffi_merge_pattern, 5),
    CALL_ENTRY(ffi_draw_merged, 7),
    CALL_ENTRY(ffi_merged_moments, 3),
    CALL_ENTRY(ffi_fill_predictor, 4),
    CALL_ENTRY(ffi_group_log_lik, 5),
    CALL_ENTRY(ffi_nested_log_lik, 5),
    CALL_ENTRY(ffi_nested_rows, 6),
    CALL_ENTRY(ffi_predict_rows, 6),
    CALL_ENTRY(ffi_log_evidence, 4),
    CALL_ENTRY(ffi_summarize_columns, 2),
    CALL_ENTRY(ffi_work_for, 1),
    CALL_ENTRY(ffi_remove_rows, 7),
    CALL_ENTRY(ffi_new_keys, 1),
    CALL_ENTRY(ffi_number_keys, 2),
    CALL_ENTRY(ffi_add_at, 3),
    { NULL, NULL, 0 }
};

void R_init_relm(DllInfo *dll)
{
    R_registerRoutines(dll, NULL, call_entries, NULL, NULL);
    R_useDynamicSymbols(dll, FALSE);
    R_forceSymbols(dll, TRUE);
    watch_forks();
}
