#include "ffi.h"
#include "start.h"

/* NULL once the user wants to stop. moment and effective are lists, by grouping, as Sigma is. */
SEXP ffi_em_step(SEXP model_list, SEXP Sigma, SEXP sigma2)
{
    model_t model;
    state_t state;
    monitor_t monitor = new_monitor();
    decode_uncentered_model(model_list, &model);
    allocate_state(&model, Sigma, sigma2, &monitor, &state);
    const step_t *step = step_if_any(&model);
    int q = step ? model.grouping[only_grouping(step)].n_random : 0, p = model.n_coef;
    const char *names[] = { "theta", "precision", "moment", "effective",
                            "sum_of_squares" };
    SEXP values[5];
    values[0] = PROTECT(allocVector(REALSXP, p));
    values[1] = PROTECT(allocMatrix(REALSXP, p, p));
    values[2] = PROTECT(allocVector(VECSXP, model.n_groupings));
    values[3] = PROTECT(allocVector(VECSXP, model.n_groupings));
    values[4] = PROTECT(allocVector(REALSXP, model.n_strata));
    em_t em = { REAL(values[0]), REAL(values[1]), REAL(values[4]), NULL, NULL };
    if (step) {
        int g = only_grouping(step);
        SET_VECTOR_ELT(values[2], g, allocMatrix(REALSXP, q, q));
        SET_VECTOR_ELT(values[3], g, allocVector(REALSXP, q));
        em.moment = REAL(VECTOR_ELT(values[2], g));
        em.effective = REAL(VECTOR_ELT(values[3], g));
    }
    em_buffers_t buffers;
    ALLOCATE(buffers = take_em(q, p, &work));
    status_t status = em_step(&model, &state, step, &em, &buffers);
    if (status != STATUS_OK && status != STATUS_INTERRUPTED) raise_status(status, 0);
    SEXP answer = status == STATUS_INTERRUPTED ? R_NilValue : named_list(5, names, values);
    UNPROTECT(5);
    return answer;
}
