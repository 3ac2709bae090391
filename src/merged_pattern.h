#ifndef RELM_MERGED_PATTERN_H
#define RELM_MERGED_PATTERN_H

#include <stddef.h>
#include <stdint.h>

/* Which groups of crossed groupings meet each other once others have been eliminated: the pattern
   of a sparse Cholesky factor, whose nodes are groups. Those of the grouping with the most groups, the
   leaf, come first, in their order, since no two of them share a row; the others by least degree
   (Tinney and Walker 1967). */
typedef struct {
    int n_nodes;
    const int *order;       /* n_nodes: the groups of all groupings, numbered one grouping after
                               another, in the order in which they are eliminated */
    const int *start;       /* n_nodes + 1 */
    const int *later;       /* the places in this order, rising, of those that a node meets later */
    const int *has_rows;    /* of each: do they share a row, or only those before them? */
} merged_pattern_t;

/* What the pattern is found from. */
typedef struct {
    int n_cells, n_groupings;
    const int *group;       /* n_cells x n_groupings, from 0 */
    const int *n_groups;    /* n_groupings */
    const int *width;       /* n_groupings: random columns */
    int n_behind;           /* columns behind those of all groups: of X, and y */
    double most;            /* multiplications that the factor may take */
} meetings_t;

/* Bits of the others than the leaf's groups, a row a node. */
typedef struct {
    int leaf, n_others, n_words;
    int *cell, *cell_start; /* n_cells; leaf groups + 1: the cells of each */
    int *mark, *met;        /* n_others: those that a leaf's group meets */
    uint64_t *meets;        /* n_words x n_others */
    uint64_t *shares_rows;  /* the same */
    int *degree;            /* n_others */
    int *order;             /* n_others: as they are eliminated */
    int *place;             /* n_others: among all nodes */
    double multiplications;
} pattern_search_t;

/* Sets leaf, n_others and n_words, from which memory can be had. */
void size_search(const meetings_t *meetings, pattern_search_t *search);

/* How many entries `later` has; -1 where the factor would take too many multiplications. */
double find_pattern(const meetings_t *meetings, pattern_search_t *search);

/* After find_pattern(): the elements of a merged_pattern_t. */
void write_pattern(const meetings_t *meetings, const pattern_search_t *search, int *order,
                   int *start, int *later, int *has_rows);

#endif
