#include <limits.h>
#include <string.h>
#include "ffi_merged.h"
#include "merged_lists.h"

/* Nodes whose pairs are bits. */
enum { MOST_OTHERS = 4096 };

static void allocate_search(const meetings_t *meetings, pattern_search_t *search)
{
    size_t n = (size_t) search->n_others, n_leaves = (size_t) meetings->n_groups[search->leaf];
    search->cell = ints((size_t) meetings->n_cells);
    search->cell_start = ints(n_leaves + 1);
    search->mark = ints(n);
    search->met = ints(n);
    search->degree = ints(n);
    search->order = ints(n);
    search->place = ints(n);
    search->meets = (uint64_t *) R_alloc(n * search->n_words + 1, sizeof(uint64_t));
    search->shares_rows = (uint64_t *) R_alloc(n * search->n_words + 1, sizeof(uint64_t));
}

static SEXP encode_pattern(const meetings_t *meetings, const pattern_search_t *search,
                           int n_entries)
{
    int n = search->n_others + meetings->n_groups[search->leaf];
    const char *names[] = { "order", "start", "later", "has_rows", "multiplications" };
    SEXP values[5];
    values[0] = PROTECT(allocVector(INTSXP, n));
    values[1] = PROTECT(allocVector(INTSXP, n + 1));
    values[2] = PROTECT(allocVector(INTSXP, n_entries));
    values[3] = PROTECT(allocVector(INTSXP, n_entries));
    values[4] = PROTECT(ScalarReal(search->multiplications));
    write_pattern(meetings, search, INTEGER(values[0]), INTEGER(values[1]), INTEGER(values[2]),
                  INTEGER(values[3]));
    SEXP list = named_list(5, names, values);
    UNPROTECT(5);
    return list;
}

/* The pattern of all groupings of a model in one step; NULL where its factor would take more
   multiplications than `most`. group: cells x groupings, from 0; width: columns of each grouping;
   n_behind: columns of X, and y. */
SEXP ffi_merge_pattern(SEXP group, SEXP n_groups, SEXP width, SEXP n_behind, SEXP most)
{
    meetings_t meetings;
    pattern_search_t search;
    int n = meetings.n_groupings = length(n_groups);
    meetings.n_groups = checked_places(n_groups, "n_groups", n, 1, INT_MAX);
    meetings.width = checked_places(width, "width", n, 1, INT_MAX);
    meetings.n_cells = nrows(group);
    meetings.group = checked_integers(group, "group", (double) meetings.n_cells * n);
    meetings.n_behind = checked_integer(n_behind, "n_behind", 1);
    meetings.most = *checked_doubles(most, "most", 1);
    for (int g = 0; g < n; g++)
        for (int cell = 0; cell < meetings.n_cells; cell++) {
            int own = meetings.group[cell + (size_t) meetings.n_cells * g];
            if (own < 0 || own >= meetings.n_groups[g])
                error("internal error: cell %d is of no group", cell + 1);
        }
    size_search(&meetings, &search);
    if (search.n_others > MOST_OTHERS) return R_NilValue;
    allocate_search(&meetings, &search);
    double n_entries = find_pattern(&meetings, &search);
    if (n_entries < 0.0 || n_entries > INT_MAX) return R_NilValue;
    return encode_pattern(&meetings, &search, (int) n_entries);
}

static void check_rising(const merged_pattern_t *pattern, int n_entries)
{
    const int *start = pattern->start;
    int rises = start[0] == 0 && start[pattern->n_nodes] == n_entries;
    for (int k = 0; rises && k < pattern->n_nodes; k++) rises = start[k] <= start[k + 1];
    if (!rises) error("internal error: 'start' does not rise from 0 to %d", n_entries);
    for (int k = 0; k < pattern->n_nodes; k++)
        for (int i = pattern->start[k]; i < pattern->start[k + 1]; i++)
            if (pattern->later[i] <= (i > pattern->start[k] ? pattern->later[i - 1] : k))
                error("internal error: groups meet out of order");
}

const merged_pattern_t *decode_pattern(SEXP list, const model_t *model, int n)
{
    merged_pattern_t *pattern = (merged_pattern_t *) R_alloc(1, sizeof(merged_pattern_t));
    double n_nodes = 0.0;
    if (n < 2 || n != model->n_groupings)
        error("internal error: %d of %d groupings in one step", n, model->n_groupings);
    for (int g = 0; g < n; g++) n_nodes += model->grouping[g].n_groups;
    if (n_nodes > INT_MAX / 2) error("internal error: %.0f groups in one step", n_nodes);
    int n_entries = length(list_element(list, "later"));
    pattern->n_nodes = (int) n_nodes;
    pattern->order = list_places(list, "order", n_nodes, 0, pattern->n_nodes);
    pattern->start = list_places(list, "start", n_nodes + 1, 0, n_entries + 1);
    pattern->later = list_places(list, "later", n_entries, 0, pattern->n_nodes);
    pattern->has_rows = list_places(list, "has_rows", n_entries, 0, 2);
    int *seen = ints((size_t) n_nodes);
    memset(seen, 0, sizeof(int) * (size_t) n_nodes);
    for (int k = 0; k < pattern->n_nodes; k++)
        if (seen[pattern->order[k]]++) error("internal error: a group stands twice in a step");
    check_rising(pattern, n_entries);
    return pattern;
}

/* Of two groups that share a cell the pattern knows. */
static void check_cells(const model_t *model, const merged_t *merged)
{
    for (int cell = 0; cell < model->cells.n; cell++)
        for (int l = 0; l < merged->n_levels; l++)
            for (int m = 0; m < merged->n_levels; m++)
                if (l != m && !cell_is_known(model, merged, l, m, cell))
                    error("internal error: a step knows not of cell %d", cell + 1);
}

static void allocate_levels(const model_t *model, const step_t *step, merged_t *merged)
{
    int n = step->n;
    merged->n_levels = n;
    merged->grouping = step->grouping;
    merged->width = ints((size_t) n);
    merged->n_groups = ints((size_t) n);
    merged->node = (int **) R_alloc((size_t) n, sizeof(int *));
    merged->L = (double **) R_alloc((size_t) n, sizeof(double *));
    merged->effect = (double **) R_alloc((size_t) n, sizeof(double *));
    for (int l = 0; l < n; l++) {
        const grouping_t *grouping = model->grouping + step->grouping[l];
        merged->width[l] = grouping->n_random;
        merged->n_groups[l] = grouping->n_groups;
        merged->node[l] = ints((size_t) grouping->n_groups);
    }
}

static void allocate_lists(merged_t *merged)
{
    size_t n_nodes = (size_t) merged->pattern->n_nodes, n = (size_t) merged->n_columns;
    merged->list_start = (size_t *) R_alloc(n_nodes + 1, sizeof(size_t));
    size_t size = size_lists(merged);
    if (size > INT_MAX) error("internal error: a step of %.0f elements", (double) size);
    merged->list = ints(size);
    merged->row_list = ints(n);
    merged->row_length = ints(n);
    merged->row_gapless = ints(n);
    merged->row_start = (size_t *) R_alloc(n + 1, sizeof(size_t));
    list_columns(merged);
    if (merged->row_start[n] > INT_MAX) error("internal error: a step has too many elements");
    merged->before_start = ints(n + 1);
    size = size_before(merged);
    merged->before = ints(size);
    merged->before_at = ints(size);
    list_before(merged);
}

merged_t *new_merged(const model_t *model, const step_t *step)
{
    merged_t *merged = (merged_t *) R_alloc(1, sizeof(merged_t));
    memset(merged, 0, sizeof *merged);
    merged->pattern = step->merged;
    merged->n_coef = model->n_coef;
    size_t n_nodes = (size_t) merged->pattern->n_nodes;
    allocate_levels(model, step, merged);
    merged->level = ints(n_nodes);
    merged->group = ints(n_nodes);
    merged->first = ints(n_nodes + 1);
    number_nodes(merged);
    allocate_lists(merged);
    check_cells(model, merged);
    merged->own_start = (size_t *) R_alloc(n_nodes + 1, sizeof(size_t));
    merged->gram_start = (size_t *)
        R_alloc((size_t) merged->pattern->start[n_nodes] + 1, sizeof(size_t));
    size_grams(merged);
    ALLOCATE(take_merged(merged, &work));
    return merged;
}
