#include <string.h>
#include "merged_lists.h"

void number_nodes(merged_t *merged)
{
    const merged_pattern_t *pattern = merged->pattern;
    int n = 0;
    for (int k = 0; k < pattern->n_nodes; k++) {
        int group = pattern->order[k], l = 0;
        for (; group >= merged->n_groups[l]; l++) group -= merged->n_groups[l];
        merged->level[k] = l;
        merged->group[k] = group;
        merged->node[l][group] = k;
        merged->first[k] = n;
        n += merged->width[l];
    }
    merged->first[pattern->n_nodes] = n;
    merged->n_columns = n;
}

size_t size_lists(merged_t *merged)
{
    const merged_pattern_t *pattern = merged->pattern;
    size_t n = 0;
    for (int k = 0; k < pattern->n_nodes; k++) {
        merged->list_start[k] = n;
        n += (size_t) node_width(merged, k);
        for (int i = pattern->start[k]; i < pattern->start[k + 1]; i++)
            n += (size_t) node_width(merged, pattern->later[i]);
    }
    merged->list_start[pattern->n_nodes] = n;
    return n;
}

static void list_rows(merged_t *merged, int node, int n, size_t *size)
{
    int start = (int) merged->list_start[node], gapless = n - 1;
    const int *list = merged->list + start;
    while (gapless > 0 && list[gapless - 1] == list[gapless] - 1) gapless--;
    for (int r = 0; r < node_width(merged, node); r++) {
        int row = merged->first[node] + r;
        merged->row_list[row] = start + r;
        merged->row_length[row] = n - r;
        merged->row_gapless[row] = gapless > r ? gapless - r : 0;
        merged->row_start[row] = *size;
        *size += (size_t) (n - r + merged->n_coef + 1);
    }
}

void list_columns(merged_t *merged)
{
    const merged_pattern_t *pattern = merged->pattern;
    size_t size = 0;
    for (int k = 0; k < pattern->n_nodes; k++) {
        int *list = merged->list + merged->list_start[k], n = 0;
        for (int r = 0; r < node_width(merged, k); r++) list[n++] = merged->first[k] + r;
        for (int i = pattern->start[k]; i < pattern->start[k + 1]; i++)
            for (int r = 0; r < node_width(merged, pattern->later[i]); r++)
                list[n++] = merged->first[pattern->later[i]] + r;
        list_rows(merged, k, n, &size);
    }
    merged->row_start[merged->n_columns] = size;
}

size_t size_before(merged_t *merged)
{
    int n = merged->n_columns, *start = merged->before_start;
    memset(start, 0, sizeof(int) * ((size_t) n + 1));
    for (int row = 0; row < n; row++)
        for (int i = 1; i < merged->row_length[row]; i++)
            start[merged->list[merged->row_list[row] + i] + 1]++;
    for (int c = 0; c < n; c++) start[c + 1] += start[c];
    return (size_t) start[n];
}

void list_before(merged_t *merged)
{
    int n = merged->n_columns, *start = merged->before_start;
    for (int row = 0; row < n; row++)
        for (int i = 1; i < merged->row_length[row]; i++) {
            int k = start[merged->list[merged->row_list[row] + i]]++;
            merged->before[k] = row;
            merged->before_at[k] = i;
        }
    for (int c = n; c > 0; c--) start[c] = start[c - 1];
    start[0] = 0;
}

void size_grams(merged_t *merged)
{
    const merged_pattern_t *pattern = merged->pattern;
    size_t own = 0, shared = 0;
    for (int k = 0; k < pattern->n_nodes; k++) {
        size_t q = (size_t) node_width(merged, k);
        merged->own_start[k] = own;
        own += q * q;
        for (int i = pattern->start[k]; i < pattern->start[k + 1]; i++) {
            merged->gram_start[i] = shared;
            if (pattern->has_rows[i]) shared += q * (size_t) node_width(merged, pattern->later[i]);
        }
    }
    merged->own_start[pattern->n_nodes] = own;
    merged->gram_start[pattern->start[pattern->n_nodes]] = shared;
}
