#ifndef RELM_MERGED_LISTS_H
#define RELM_MERGED_LISTS_H

#include "merged.h"

/* After pattern, n_levels, n_coef, width and n_groups have been set, one after another, with memory
   for what each sets: level, group, node, first and n_columns; list_start; list, row_list,
   row_length, row_gapless and row_start; before_start; before and before_at; own_start and
   gram_start. size_lists() and size_before() give the lengths of the lists. */
void number_nodes(merged_t *merged);
size_t size_lists(merged_t *merged);
void list_columns(merged_t *merged);
size_t size_before(merged_t *merged);
void list_before(merged_t *merged);
void size_grams(merged_t *merged);

#endif
