#include <limits.h>
#include <string.h>
#include <R_ext/Random.h>
#include "ffi.h"
#include "ffi_collapsed.h"
#include "spectrum.h"

/* Nodes of a table have numbers that are ints. */
static void decode_size(SEXP list, const model_t *model, table_t *table)
{
    table->n = length(list_element(list, "size"));
    if (table->n < 1 || table->n > TABLE_DIMENSIONS)
        error("internal error: a table of %d dimensions", table->n);
    const int *size = list_places(list, "size", table->n, 1, INT_MAX);
    double n_nodes = 1.0;
    for (int k = 0; k < table->n; k++) {
        table->size[k] = size[k];
        table->folded[k] = k < model->n_random;
        n_nodes *= size[k];
    }
    if (n_nodes > INT_MAX) error("internal error: a table of %.0f nodes", n_nodes);
    table->n_nodes = (size_t) n_nodes;
}

/* NULL when it is R's NULL. */
static const table_t *decode_table(SEXP list, const model_t *model)
{
    if (isNull(list)) return NULL;
    table_t *table = (table_t *) R_alloc(1, sizeof(table_t));
    decode_size(list, model, table);
    table->low = list_doubles(list, "low", table->n);
    table->step = list_doubles(list, "step", table->n);
    table->center = list_doubles(list, "center", table->n);
    table->spread = list_doubles(list, "spread", table->n);
    table->defence = *list_doubles(list, "defence", 1);
    for (int k = 0; k < table->n; k++)
        table->mirrored[k] = table->folded[k] && table->low[k] < 0.75 * table->step[k];
    table->density = list_doubles(list, "density", (double) table->n_nodes);
    table->keep = doubles((double) table->n_nodes);
    table->alias = (int *) R_alloc(table->n_nodes, sizeof(int));
    int *stack = (int *) R_alloc(table->n_nodes, sizeof(int));
    double total = 0.0;
    for (size_t i = 0; i < table->n_nodes; i++) total += table->density[i];
    make_aliases(table->n_nodes, table->density, total, table->keep, table->alias, stack);
    return table;
}

/* The signs of the columns are the bits of an int. A sweep has few moves. */
enum { SIGN_BITS = 30, MOST_MOVES = 1000 };

static void decode_proposal(SEXP tuning, const model_t *model, double n,
                            proposal_t *proposal)
{
    proposal->n = (int) n;
    proposal->n_columns = model->n_random;
    proposal->sign_columns = list_integers(tuning, "sign_columns", n);
    proposal->center = list_doubles(tuning, "center", n);
    proposal->root = list_doubles(tuning, "root", n * n);
    proposal->flipped = doubles(n);
    proposal->distance = doubles(n);
    proposal->df = *list_doubles(tuning, "df", 1);
    proposal->near = (unsigned) list_integer(tuning, "near", 0);
    if (model->n_random > SIGN_BITS || proposal->near >> model->n_random)
        error("internal error: signs of columns that are none of %d", model->n_random);
    proposal->n_independent = *list_places(tuning, "n_independent", 1, 0, MOST_MOVES);
    proposal->n_ellipse = *list_places(tuning, "n_ellipse", 1, 0, MOST_MOVES);
    proposal->table = decode_table(list_element(tuning, "table"), model);
    if (proposal->table && proposal->table->n != proposal->n)
        error("internal error: a table of %d dimensions for %d coordinates",
              proposal->table->n, proposal->n);
}

/* Element `spectrum` of a model, where it has one. */
static const spectrum_t *decode_spectrum(SEXP model_list, const model_t *model)
{
    SEXP list = optional_element(model_list, "spectrum");
    if (isNull(list)) return NULL;
    double n = model->n_groups, p = model->n_coef;
    spectrum_t *spectrum = (spectrum_t *) R_alloc(1, sizeof(spectrum_t));
    if (model->n_random != 1 || model->n_strata != 1 || model->n_staying != model->n_coef)
        error("internal error: this model has no spectrum");
    spectrum->n = model->n_groups;
    spectrum->largest = *list_doubles(list, "largest", 1);
    spectrum->rest = *list_doubles(list, "rest", 1);
    spectrum->size = list_doubles(list, "size", n);
    spectrum->along = list_doubles(list, "along", n);
    spectrum->explained = list_doubles(list, "explained", n);
    spectrum->cross = list_doubles(list, "cross", p * n);
    spectrum->start = list_doubles(list, "start", p);
    spectrum->v = doubles(n);
    spectrum->normals = doubles(p);
    return spectrum;
}

void decode_tuning(SEXP model_list, SEXP tuning, const model_t *model,
                          const double *sigma2, monitor_t *monitor, collapsed_t *collapsed)
{
    double p = model->n_coef;
    memset(collapsed, 0, sizeof *collapsed);
    int role = list_integer(tuning, "sigma_role", SIGMA_INTEGRATED);
    if (role > SIGMA_BESIDE || model->n_means > 0 || model->n_groups < 1)
        error("internal error: not a model and tuning of the collapsed sampler");
    collapsed->sigma_role = (sigma_role_t) role;
    if ((collapsed->sigma_role == SIGMA_GIVEN) != (model->n_strata > 1))
        error("internal error: %d residual variances", model->n_strata);
    double n = collapsed->n = n_coordinates(model, collapsed->sigma_role);
    collapsed->monitor = monitor;
    collapsed->scale = list_doubles(tuning, "scale", model->n_random);
    decode_proposal(tuning, model, n, &collapsed->proposal);
    allocate_group_data(model, threads_for(model, list_integer(tuning, "threads", 1)),
                        &collapsed->data);
    collapsed->point = doubles(n);
    collapsed->next_point = doubles(n);
    collapsed->ellipse.from = doubles(n);
    collapsed->ellipse.other = doubles(n);
    collapsed->root = doubles((p + 1) * (p + 1));
    collapsed->next_root = doubles((p + 1) * (p + 1));
    collapsed->L = doubles((double) model->n_random * model->n_random);
    ALLOCATE(collapsed->buffers, take_target(model->n_random, model->n_coef, &work));
    ALLOCATE(collapsed->group_buffers, take_group(model->n_random, &work));
    collapsed->spectrum = decode_spectrum(model_list, model);
    if (collapsed->sigma_role != SIGMA_GIVEN) return;
    weigh_groups(model, sigma2, &collapsed->data, &collapsed->buffers.weighing);
    collapsed->weighed = 1;
}

/* log p(coordinates | y) of the collapsed sampler at points (n x points), given sigma2
   where there are several; -Inf where it cannot be told from nothing, NA once the user
   wants to stop. */
SEXP ffi_log_target(SEXP model_list, SEXP tuning, SEXP points, SEXP sigma2)
{
    model_t model;
    collapsed_t collapsed;
    monitor_t monitor = new_monitor();
    decode_model(model_list, &model);
    decode_tuning(model_list, tuning, &model,
                  checked_doubles(sigma2, "sigma2", model.n_strata), &monitor, &collapsed);
    if (TYPEOF(points) != REALSXP || collapsed.n < 1 || xlength(points) % collapsed.n != 0)
        error("internal error: the points have not %d coordinates", collapsed.n);
    R_xlen_t n_points = xlength(points) / collapsed.n;
    SEXP values = PROTECT(allocVector(REALSXP, n_points));
    for (R_xlen_t i = 0; i < n_points; i++) {
        double *value = REAL(values) + i;
        status_t status = log_target_at(&model, &collapsed, REAL(points) + collapsed.n * i,
                                        value, collapsed.root);
        if (status == STATUS_INTERRUPTED) {
            *value = NA_REAL;
            break;
        }
        if (status != STATUS_OK || !(*value < INFINITY)) *value = -INFINITY;
    }
    UNPROTECT(1);
    return values;
}

/* n proposals (coordinates x n) and their log densities; NA where one has left the
   domain. */
SEXP ffi_propose(SEXP model_list, SEXP tuning, SEXP n)
{
    model_t model;
    collapsed_t c;
    monitor_t monitor = new_monitor();
    int n_points = checked_integer(n, "n", 0);
    decode_model(model_list, &model);
    decode_tuning(model_list, tuning, &model, model.stratum_rows, &monitor, &c);
    SEXP points = PROTECT(allocMatrix(REALSXP, c.n, n_points));
    SEXP densities = PROTECT(allocVector(REALSXP, n_points));
    GetRNGstate();
    for (int i = 0; i < n_points; i++) {
        double *point = REAL(points) + (size_t) c.n * i;
        REAL(densities)[i] = propose_independently(&c.proposal, point)
            ? log_proposal_density(&c.proposal, point) : NA_REAL;
    }
    PutRNGstate();
    const char *names[] = { "points", "log_density" };
    SEXP values[] = { points, densities };
    SEXP answer = named_list(2, names, values);
    UNPROTECT(2);
    return answer;
}

/* log|I + L'Z'Z L| over all groups, the root of [X y]'V^-1[X y], and log p(L | y)
   without the prior of L. */
SEXP ffi_marginal(SEXP model_list, SEXP L, SEXP threads)
{
    model_t model;
    decode_uncentered_model(model_list, &model);
    int q = model.n_random, rows = model.n_coef + 1;
    checked_doubles(L, "L", (double) q * q);
    if (model.n_groups < 1) error("internal error: no groups");
    SEXP root = PROTECT(allocMatrix(REALSXP, rows, rows));
    memset(REAL(root), 0, sizeof(double) * rows * rows);
    marginal_t marginal = { 0.0, REAL(root) };
    monitor_t monitor = new_monitor();
    group_data_t data;
    allocate_group_data(&model, threads_for(&model, asInteger(threads)), &data);
    weighing_buffers_t weighing;
    ALLOCATE(weighing, take_weighing(q, model.n_coef, &work));
    weigh_groups(&model, NULL, &data, &weighing);
    status_t status = marginal_products(&data, REAL(L), &marginal, &monitor);
    if (status == STATUS_OK) status = marginal_root(&data, REAL(L), &marginal, &monitor);
    if (status != STATUS_OK) raise_status(status, 0);
    const char *names[] = { "log_det", "root", "log_density" };
    SEXP values[] = { PROTECT(ScalarReal(marginal.log_det)), root,
                      PROTECT(ScalarReal(log_marginal(&model, &marginal))) };
    SEXP answer = named_list(3, names, values);
    UNPROTECT(3);
    return answer;
}
