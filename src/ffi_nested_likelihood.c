#include <string.h>
#include "ffi.h"
#include "nested_likelihood.h"

NORET static void raise_draw(R_xlen_t draw)
{
    error("The likelihood of draw %.0f left the range of double precision: "
          "rescale the columns or the response.", (double) draw + 1.0);
}

/* Draws of the hyperparameters, L of Sigma itself, and the cells of a chain of the model's
   groupings. */
typedef struct {
    model_t model;
    hyper_draws_t draws;
    int n_strata;               /* of sigma */
    chain_cells_t chain;
} nested_draws_t;

static void decode_shape(SEXP list, nested_draws_t *own)
{
    nested_t *nested = &own->chain.nested;
    SEXP numbers = list_element(list, "groupings");
    SEXP levels = checked_list(list_element(list, "levels"), "levels");
    int n = nested->n_levels = length(numbers), n_after = 1;
    if (n > MOST_LEVELS || length(levels) != n) error("internal error: a chain of %d levels", n);
    own->chain.grouping = checked_places(numbers, "groupings", n, 0, own->model.n_groupings);
    for (int l = 0; l < n; l++)
        nested->level[l].n_groups = length(list_element(VECTOR_ELT(levels, l), "number"));
    for (int l = n - 1; l >= 0; l--) {
        nested_level_t *level = nested->level + l;
        SEXP element = VECTOR_ELT(levels, l);
        level->n_random = own->model.grouping[own->chain.grouping[l]].n_random;
        level->n_after = n_after;
        n_after += level->n_random;
        level->parent = list_places(element, "parent", level->n_groups, 0,
                                    l + 1 < n ? nested->level[l + 1].n_groups : 1);
        level->child_start = l == 0 ? NULL
            : checked_starts(list_element(element, "child_start"), "child_start", level->n_groups,
                             nested->level[l - 1].n_groups);
    }
}

static void decode_cells(SEXP list, nested_draws_t *own)
{
    chain_cells_t *chain = &own->chain;
    joint_cells_t *cells = &chain->cells;
    int n_levels = chain->nested.n_levels, p = own->model.n_coef;
    int n_roots = n_levels > 0 ? chain->nested.level[n_levels - 1].n_groups : 0;
    cells->n = length(list_element(list, "stratum"));
    cells->n_columns = own->model.cells.n_columns;
    double size = cells->n_columns * ((double) cells->n_columns + p + 1);
    cells->size = (size_t) size;
    cells->factor = list_doubles(list, "factor", size * cells->n);
    cells->stratum = list_places(list, "stratum", cells->n, 0, own->n_strata);
    chain->cell_rows = list_doubles(list, "rows", cells->n);
    chain->root_start = checked_starts(list_element(list, "root_start"), "root_start", n_roots,
                                       cells->n);
    chain->leaf = n_levels == 0 ? NULL
        : list_places(list, "leaf", cells->n, 0, chain->nested.level[0].n_groups);
    if (isNull(optional_element(list, "rest"))) return;
    chain->rest = list_doubles(list, "rest", (p + 1.0) * (p + 1) * cells->n);
    chain->log_weights = list_doubles(list, "log_weights", n_roots);
}

/* Effects of other groupings, of which rows is a list if there are rows. */
static void decode_others(SEXP list, nested_draws_t *own, int n_rows)
{
    SEXP others = list_element(list, "others");
    int n = own->chain.n_others = length(others);
    other_effects_t *other = (other_effects_t *) R_alloc((size_t) n + 1, sizeof(other_effects_t));
    for (int h = 0; h < n; h++) {
        SEXP element = VECTOR_ELT(others, h);
        other[h].grouping = list_integer(element, "grouping", 0);
        if (other[h].grouping >= own->model.n_groupings) error("internal error: no such grouping");
        double q = own->model.grouping[other[h].grouping].n_random;
        other[h].n = list_integer(element, "n", 0);
        other[h].effects = list_doubles(element, "effects", q * other[h].n * own->draws.n);
        other[h].cell = list_places(element, "cell", own->chain.cells.n, -1, other[h].n);
        other[h].row = list_places(element, "row", n_rows, -1, other[h].n);
    }
    own->chain.other = other;
}

static void decode_nested_draws(SEXP model_list, SEXP list, SEXP hyper, SEXP sigma, int n_rows,
                                nested_draws_t *own)
{
    memset(own, 0, sizeof *own);
    decode_uncentered_model(model_list, &own->model);
    decode_draws(&own->model, hyper, &own->draws);
    if (own->model.n_strata == 1) scale_factors(&own->model, &own->draws);
    if (checked_dims(sigma, "sigma", 2)[1] != own->draws.n || nrows(sigma) < own->model.n_strata)
        error("internal error: not %d draws of sigma", own->draws.n);
    own->n_strata = nrows(sigma);
    own->draws.sigma = REAL(sigma);
    own->chain.model = &own->model;
    decode_shape(list, own);
    decode_cells(list, own);
    decode_others(list, own, n_rows);
    ALLOCATE(take_chain_cells(&own->chain, &work));
}

/* L: of all groupings. */
static hyper_t set_draw(nested_draws_t *own, int i, double **L)
{
    size_t p = (size_t) own->model.n_coef;
    for (int g = 0; g < own->model.n_groupings; g++) {
        size_t q = (size_t) own->model.grouping[g].n_random;
        L[g] = own->draws.L[g] + q * q * i;
    }
    for (int l = 0; l < own->chain.nested.n_levels; l++)
        own->chain.L[l] = L[own->chain.grouping[l]];
    hyper_t hyper = { own->draws.beta + p * i, own->draws.theta + p * i, NULL,
                      own->draws.sigma + (size_t) own->n_strata * i };
    return hyper;
}

static double **pointers(int n)
{
    return (double **) R_alloc((size_t) n + 1, sizeof(double *));
}

/* log p(y_root | draw) of the roots `chosen` (from 0): draws x chosen. */
SEXP ffi_nested_log_lik(SEXP model_list, SEXP list, SEXP hyper, SEXP sigma, SEXP chosen)
{
    nested_draws_t own;
    decode_nested_draws(model_list, list, hyper, sigma, 0, &own);
    if (!own.chain.rest || own.chain.n_others) error("internal error: not all of a likelihood");
    int n_levels = own.chain.nested.n_levels, n_draws = own.draws.n;
    const int *root = checked_places(chosen, "groups", length(chosen), 0,
                                     own.chain.nested.level[n_levels - 1].n_groups);
    double **L = pointers(own.model.n_groupings);
    SEXP values = PROTECT(allocMatrix(REALSXP, n_draws, length(chosen)));
    for (int k = 0; k < length(chosen); k++)
        for (int i = 0; i < n_draws; i++) {
            hyper_t one = set_draw(&own, i, L);
            double *value = REAL(values) + i + (size_t) n_draws * k;
            allow_stop();
            if (root_log_lik(&own.chain, root[k], &one, value) != STATUS_OK || !R_FINITE(*value))
                raise_draw(i);
        }
    UNPROTECT(1);
    return values;
}

static void decode_rows(SEXP list, const nested_draws_t *own, row_data_t *rows)
{
    double n = rows->n = length(list_element(list, "y"));
    int n_levels = own->chain.nested.n_levels;
    rows->X = list_doubles(list, "X", n * own->model.n_coef);
    rows->Z = list_doubles(list, "Z", n * own->chain.cells.n_columns);
    rows->y = list_doubles(list, "y", n);
    rows->weights = isNull(list_element(list, "weights")) ? NULL
        : list_doubles(list, "weights", n);
    rows->group = list_integers(list, "group", n * n_levels);
    for (int l = 0; l < n_levels; l++)
        for (int i = 0; i < rows->n; i++) {
            int group = rows->group[i + (size_t) rows->n * l];
            if (group < -1 || group >= own->chain.nested.level[l].n_groups)
                error("internal error: row %d is of no group", i + 1);
        }
    rows->stratum = list_places(list, "stratum", n, 0, own->n_strata);
}

/* Rows from `from` on that are of the same groups of levels l, ..., the root. */
static int end_of_groups(const row_data_t *rows, int from, int l, int n_levels)
{
    for (int to = from + 1; to < rows->n; to++)
        for (int m = l; m < n_levels; m++)
            if (rows->group[to + (size_t) rows->n * m] != rows->group[from + (size_t) rows->n * m])
                return to;
    return rows->n;
}

/* Rows from, ..., to - 1 of one root in draw i. */
static status_t rows_of_root(nested_draws_t *own, const row_data_t *rows, int from, int to,
                             int leave_out, int i, double **L, double *mean, double *sd)
{
    int n_levels = own->chain.nested.n_levels;
    size_t stride = (size_t) own->draws.n;
    double log_root, square;
    hyper_t hyper = set_draw(own, i, L);
    int root = n_levels > 0 ? rows->group[from + (size_t) rows->n * (n_levels - 1)] : -1;
    if (root >= 0)
        RETURN_IF_FAILED(inform_root(&own->chain, root, i, &hyper, &log_root, &square));
    for (int start = from, end; start < to; start = end) {
        end = end_of_groups(rows, start, 0, n_levels);
        size_t place = i + stride * start;
        RETURN_IF_FAILED(nested_rows(&own->chain, rows, start, end, leave_out, i, &hyper, L,
                                     mean + place, sd + place, stride));
    }
    return STATUS_OK;
}

/* Means and standard deviations of rows given each draw, the data of the chain's groups and the
   effects of the others: two matrices, draws x rows. Rows of the same groups are neighbors, and so
   are those of a root. */
SEXP ffi_nested_rows(SEXP model_list, SEXP list, SEXP hyper, SEXP sigma, SEXP rows_list,
                     SEXP leave_out)
{
    nested_draws_t own;
    row_data_t rows;
    decode_nested_draws(model_list, list, hyper, sigma, length(list_element(rows_list, "y")), &own);
    decode_rows(rows_list, &own, &rows);
    double **L = pointers(own.model.n_groupings);
    const char *names[] = { "mean", "sd" };
    SEXP values[] = { PROTECT(allocMatrix(REALSXP, own.draws.n, rows.n)),
                      PROTECT(allocMatrix(REALSXP, own.draws.n, rows.n)) };
    int n_levels = own.chain.nested.n_levels;
    for (int from = 0, to; from < rows.n; from = to) {
        to = end_of_groups(&rows, from, n_levels > 0 ? n_levels - 1 : 0, n_levels);
        for (int i = 0; i < own.draws.n; i++) {
            allow_stop();
            if (rows_of_root(&own, &rows, from, to, asLogical(leave_out), i, L, REAL(values[0]),
                             REAL(values[1])) != STATUS_OK) raise_draw(i);
        }
    }
    SEXP answer = named_list(2, names, values);
    UNPROTECT(2);
    return answer;
}
