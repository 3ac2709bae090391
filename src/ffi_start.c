#include "ffi.h"
#include "start.h"

/* NULL once the user wants to stop. */
SEXP ffi_em_step(SEXP model_list, SEXP Sigma, SEXP sigma2)
{
    model_t model;
    state_t state;
    monitor_t monitor = new_monitor();
    decode_uncentered_model(model_list, &model);
    allocate_state(&model, Sigma, sigma2, &monitor, &state);
    int q = model.grouping->n_random, p = model.n_coef;
    const char *names[] = { "theta", "precision", "moment", "effective",
                            "sum_of_squares" };
    SEXP values[5];
    values[0] = PROTECT(allocVector(REALSXP, p));
    values[1] = PROTECT(allocMatrix(REALSXP, p, p));
    values[2] = PROTECT(allocMatrix(REALSXP, q, q));
    values[3] = PROTECT(allocVector(REALSXP, q));
    values[4] = PROTECT(allocVector(REALSXP, model.n_strata));
    em_t em = { REAL(values[0]), REAL(values[1]), REAL(values[2]), REAL(values[3]),
                REAL(values[4]) };
    em_buffers_t buffers;
    ALLOCATE(buffers = take_em(q, p, &work));
    status_t status = em_step(&model, &state, 0, &em, &buffers);
    if (status != STATUS_OK && status != STATUS_INTERRUPTED) raise_status(status, 0);
    SEXP answer = status == STATUS_INTERRUPTED ? R_NilValue : named_list(5, names, values);
    UNPROTECT(5);
    return answer;
}
