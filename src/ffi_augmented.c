#include <limits.h>
#include <string.h>
#include <R_ext/Random.h>
#include "crossprods.h"
#include "ffi_augmented.h"
#include "gamma_variates.h"
#include "polya_gamma.h"
#include "student.h"

static void decode_df_prior(SEXP list, df_prior_t *prior)
{
    prior->is_student = 1;
    prior->is_fixed = *list_doubles(list, "is_fixed", 1) != 0.0;
    prior->shape = *list_doubles(list, "shape", 1);
    prior->rate = *list_doubles(list, "rate", 1);
}

void decode_rows(SEXP model_list, model_t *model)
{
    SEXP df_prior = optional_element(model_list, "df_prior");
    if (!isNull(df_prior)) {
        decode_df_prior(df_prior, &model->df_prior);
        return;
    }
    SEXP list = optional_element(model_list, "rows");
    if (isNull(list)) return;
    if (model->n_strata != 1) error("internal error: rows with several residual variances");
    responses_t *responses = (responses_t *) R_alloc(1, sizeof(responses_t));
    memset(responses, 0, sizeof *responses);
    int likelihood = list_integer(list, "likelihood", 0);
    if (likelihood != LIKELIHOOD_LOGIT && likelihood != LIKELIHOOD_DISPERSED)
        error("internal error: rows of likelihood %d have no weights", likelihood);
    responses->likelihood = (likelihood_t) likelihood;
    responses->n_values = length(list_element(list, "value"));
    responses->value = list_doubles(list, "value", responses->n_values);
    responses->times = list_doubles(list, "times", responses->n_values);
    model->responses = responses;
    if (has_shape(model))
        model->shape_prior = decode_scale_prior(list_element(list, "shape_prior"));
}

/* The columns of Z that a grouping has. */
static const double *own_columns(const model_t *model, const augmented_t *augmented, int g)
{
    const grouping_t *grouping = model->grouping + g;
    size_t n = (size_t) augmented->n_rows;
    if (!grouping->place) return augmented->Z;
    double *Z = doubles((double) n * grouping->n_random);
    for (int k = 0; k < grouping->n_random; k++)
        memcpy(Z + n * k, augmented->Z + n * grouping->place[k], sizeof(double) * n);
    return Z;
}

/* The order of rows by numbers below n, and where those of each number start in it. */
static void sort_rows(int n_rows, const int *number, int n, const int **order, const int **start)
{
    int *sorted = ints((size_t) n_rows), *work = ints((size_t) n_rows);
    int *first = ints((size_t) n + 1);
    *order = order_by_cell(n_rows, number, n, sorted, work);
    memset(first, 0, sizeof(int) * ((size_t) n + 1));
    for (int i = 0; i < n_rows; i++) first[number[i] + 1]++;
    for (int j = 0; j < n; j++) first[j + 1] += first[j];
    *start = first;
}

/* The cell of each row: that of its group in its stratum. */
static const int *cells_of_rows(const augmented_t *augmented, const int *group,
                                const grouping_t *grouping)
{
    int *cell = ints((size_t) augmented->n_rows);
    for (int i = 0; i < augmented->n_rows; i++) {
        int at = grouping->group_start[group[i]], end = grouping->group_start[group[i] + 1];
        while (at < end && grouping->cell_stratum[at] != augmented->stratum[i]) at++;
        if (at == end) error("internal error: row %d is of no cell", i + 1);
        cell[i] = at;
    }
    return cell;
}

/* The factors of cells are the sampler's. What they leave is not made of several groupings. */
static void own_groupings(const int *group, model_t *model, augmented_t *augmented)
{
    size_t n = (size_t) model->n_groupings;
    grouping_t *grouping = (grouping_t *) R_alloc(n + 1, sizeof(grouping_t));
    augmented->grouping =
        (augmented_grouping_t *) R_alloc(n + 1, sizeof(augmented_grouping_t));
    for (int g = 0; g < model->n_groupings; g++) {
        augmented_grouping_t *own = augmented->grouping + g;
        grouping[g] = model->grouping[g];
        own->Z = own_columns(model, augmented, g);
        own->group = group + (size_t) augmented->n_rows * g;
        sort_rows(augmented->n_rows, cells_of_rows(augmented, own->group, grouping + g),
                  grouping[g].n_cells, &own->order, &own->start);
        own->factor = doubles((double) grouping[g].cell_size * grouping[g].n_cells);
        memset(own->factor, 0,
               sizeof(double) * grouping[g].cell_size * (size_t) grouping[g].n_cells);
        grouping[g].cell_factor = own->factor;
        grouping[g].stratum_factor = NULL;
    }
    model->grouping = grouping;
}

/* Steps of one grouping have its factors. */
static void own_steps(model_t *model)
{
    step_t *step = (step_t *) R_alloc((size_t) model->n_steps + 1, sizeof(step_t));
    for (int s = 0; s < model->n_steps; s++) {
        step[s] = model->step[s];
        if (step[s].n == 1)
            step[s].whole.cell_factor = model->grouping[step[s].grouping[0]].cell_factor;
    }
    model->step = step;
}

/* Numbers of the strata of the rows: all 0 where they have none. */
static const int *checked_strata(SEXP list, const model_t *model, int n_rows)
{
    SEXP given = optional_element(list, "stratum");
    if (!isNull(given)) return checked_places(given, "stratum", n_rows, 0, model->n_strata);
    if (model->n_strata != 1) error("internal error: rows without strata");
    int *stratum = ints((size_t) n_rows);
    memset(stratum, 0, sizeof(int) * (size_t) n_rows);
    return stratum;
}

/* Numbers of the groups, rows x groupings. */
static const int *checked_groups(SEXP list, const model_t *model, int n_rows)
{
    const int *group =
        list_integers(list, "group", (double) n_rows * model->n_groupings);
    for (int g = 0; g < model->n_groupings; g++)
        for (int i = 0; i < n_rows; i++) {
            int own = group[i + (size_t) n_rows * g];
            if (own < 0 || own >= model->grouping[g].n_groups)
                error("internal error: row %d is of no group", i + 1);
        }
    return group;
}

static int have_same_groups(const int *group, int n_rows, int n_groupings, int i, int l)
{
    for (int g = 0; g < n_groupings; g++)
        if (group[i + (size_t) n_rows * g] != group[l + (size_t) n_rows * g]) return 0;
    return 1;
}

/* Cells of as many rows that follow each other, of the same groups, as a factor has. cell and row:
   of each of the rows. */
static void own_joint_cells(const int *group, model_t *model, augmented_t *augmented, int *cell,
                            int *row)
{
    joint_cells_t *cells = &model->cells;
    int n = augmented->n_rows, q = cells->n_columns;
    cells->n = 0;
    for (int i = 0; i < n; i++) {
        int goes_on = i > 0 && row[i - 1] + 1 < q
            && augmented->stratum[i - 1] == augmented->stratum[i]
            && have_same_groups(group, n, model->n_groupings, i - 1, i);
        if (!goes_on) cells->n++;
        row[i] = goes_on ? row[i - 1] + 1 : 0;
        cell[i] = cells->n - 1;
    }
    int *of_cell = ints((size_t) cells->n * model->n_groupings);
    int *stratum = ints((size_t) cells->n);
    for (int i = 0; i < n; i++) stratum[cell[i]] = augmented->stratum[i];
    for (int g = 0; g < model->n_groupings; g++)
        for (int i = 0; i < n; i++)
            of_cell[cell[i] + (size_t) cells->n * g] = group[i + (size_t) n * g];
    augmented->joint_factor = doubles((double) cells->size * cells->n);
    memset(augmented->joint_factor, 0, sizeof(double) * cells->size * cells->n);
    cells->factor = augmented->joint_factor;
    cells->group = of_cell;
    cells->stratum = stratum;
    augmented->joint_cell = cell;
    augmented->joint_row = row;
}

void allocate_augmented_rows(const model_t *model, augmented_t *augmented, joint_rows_t *rows)
{
    augmented->joint_rows = rows;
    rows->n = augmented->n_rows;
    rows->z = doubles((double) model->cells.n_columns * rows->n);
    rows->c = doubles(rows->n);
    rows->cell = augmented->joint_cell;
    rows->row = augmented->joint_row;
}

/* A normal prior of the coefficients, perhaps without any precision: X is not orthonormal beside
   the weights. */
static void own_strata(model_t *model, augmented_t *augmented)
{
    double p = model->n_coef, n_staying = model->n_staying;
    double size = (p + 1) * (n_staying + 1) * model->n_strata;
    augmented->stratum_factor = doubles(size);
    memset(augmented->stratum_factor, 0, sizeof(double) * (size_t) size);
    augmented->stratum_gram = doubles(n_staying * n_staying * model->n_strata);
    model->stratum_factor = augmented->stratum_factor;
    model->stratum_gram = augmented->stratum_gram;
    model->beta_is_flat = 0;
}

augmented_t *start_augmented(SEXP model_list, SEXP start, sweep_t sweep, model_t *model,
                             state_t *state)
{
    SEXP list = optional_element(model_list, "rows");
    if (isNull(list)) return NULL;
    augmented_t *augmented = (augmented_t *) R_alloc(1, sizeof(augmented_t));
    memset(augmented, 0, sizeof *augmented);
    int n = augmented->n_rows = length(list_element(list, "y"));
    augmented->sweep = sweep;
    augmented->n_columns = model->n_groupings > 1 ? model->cells.n_columns
        : model->n_groupings == 1 ? model->grouping->n_random : 0;
    augmented->X = list_doubles(list, "X", (double) n * model->n_staying);
    augmented->Z = list_doubles(list, "Z", (double) n * augmented->n_columns);
    augmented->y = list_doubles(list, "y", n);
    augmented->trials = list_doubles(list, "trials", n);
    augmented->offset = list_doubles(list, "offset", n);
    const int *group = checked_groups(list, model, n);
    augmented->stratum = checked_strata(list, model, n);
    sort_rows(n, augmented->stratum, model->n_strata, &augmented->order, &augmented->start);
    own_groupings(group, model, augmented);
    own_steps(model);
    if (model->n_groupings > 1)
        own_joint_cells(group, model, augmented, ints((size_t) n), ints((size_t) n));
    own_strata(model, augmented);
    ALLOCATE(take_augmented(model, augmented, &work));
    if (has_shape(model)) state->shape = *list_doubles(start, "shape", 1);
    if (is_student(model)) {
        state->df = *list_doubles(start, "df", 1);
        set_information(model, augmented, state->monitor);
    }
    return augmented;
}

/* Draws of PG(b, c), one for each b. */
SEXP ffi_draw_polya_gamma(SEXP b, SEXP c)
{
    R_xlen_t n = xlength(b);
    const double *shape = checked_doubles(b, "b", (double) n);
    const double *tilt = checked_doubles(c, "c", (double) n);
    SEXP draws = PROTECT(allocVector(REALSXP, n));
    for (R_xlen_t i = 0; i < n; i++)
        if (!(shape[i] > 0.0 && R_FINITE(shape[i]) && R_FINITE(tilt[i])))
            error("internal error: there is no PG(%g, %g)", shape[i], tilt[i]);
    GetRNGstate();
    for (R_xlen_t i = 0; i < n; i++) REAL(draws)[i] = draw_polya_gamma(shape[i], tilt[i]);
    PutRNGstate();
    UNPROTECT(1);
    return draws;
}

/* As many gamma draws of one shape above 1, scale 1. */
SEXP ffi_draw_gamma(SEXP n, SEXP shape)
{
    int n_draws = asInteger(n);
    double at = *checked_doubles(shape, "shape", 1);
    if (n_draws == NA_INTEGER || n_draws < 0 || !(at > 1.0 && R_FINITE(at)))
        error("internal error: there are no %d gamma draws of shape %g", n_draws, at);
    gamma_variates_t gammas = gamma_variates(at);
    SEXP draws = PROTECT(allocVector(REALSXP, n_draws));
    GetRNGstate();
    for (int i = 0; i < n_draws; i++) REAL(draws)[i] = draw_gamma(&gammas);
    PutRNGstate();
    UNPROTECT(1);
    return draws;
}
