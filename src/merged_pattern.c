#include <string.h>
#include "merged_pattern.h"

enum { WORD = 64 };

static inline int has_bit(const uint64_t *row, int k)
{
    return (int) (row[k / WORD] >> (k % WORD) & 1);
}

static inline void set_bit(uint64_t *row, int k)
{
    row[k / WORD] |= (uint64_t) 1 << (k % WORD);
}

static inline void clear_bit(uint64_t *row, int k)
{
    row[k / WORD] &= ~((uint64_t) 1 << (k % WORD));
}

static int count_bits(int n_words, const uint64_t *row)
{
    int n = 0;
    for (int w = 0; w < n_words; w++)
        for (uint64_t bits = row[w]; bits; bits &= bits - 1) n++;
    return n;
}

static inline uint64_t *bits_of(const pattern_search_t *search, uint64_t *bits, int node)
{
    return bits + (size_t) search->n_words * node;
}

void size_search(const meetings_t *meetings, pattern_search_t *search)
{
    int leaf = 0, n = 0;
    for (int g = 0; g < meetings->n_groupings; g++) {
        if (meetings->n_groups[g] > meetings->n_groups[leaf]) leaf = g;
        n += meetings->n_groups[g];
    }
    search->leaf = leaf;
    search->n_others = n - meetings->n_groups[leaf];
    search->n_words = (search->n_others + WORD - 1) / WORD;
}

/* The number of a grouping's first group among the others than the leaf's. */
static int first_other(const meetings_t *meetings, const pattern_search_t *search, int g)
{
    int n = 0;
    for (int h = 0; h < g; h++)
        if (h != search->leaf) n += meetings->n_groups[h];
    return n;
}

static int grouping_of_other(const meetings_t *meetings, const pattern_search_t *search, int node)
{
    for (int g = 0; g < meetings->n_groupings; g++) {
        if (g == search->leaf) continue;
        if (node < meetings->n_groups[g]) return g;
        node -= meetings->n_groups[g];
    }
    return -1;
}

/* Multiplications of the rows of a node with h columns behind its own w. */
static double node_cost(int w, int h)
{
    double cost = 0.0;
    for (int r = 0; r < w; r++) cost += 0.5 * (w - r + h) * ((double) w - r + h);
    return cost;
}

/* The cells of each leaf's group. */
static void sort_cells(const meetings_t *meetings, pattern_search_t *search)
{
    const int *leaf = meetings->group + (size_t) meetings->n_cells * search->leaf;
    int n_leaves = meetings->n_groups[search->leaf], *start = search->cell_start;
    memset(start, 0, sizeof(int) * ((size_t) n_leaves + 1));
    for (int cell = 0; cell < meetings->n_cells; cell++) start[leaf[cell]]++;
    for (int j = 1; j <= n_leaves; j++) start[j] += start[j - 1];
    for (int cell = meetings->n_cells - 1; cell >= 0; cell--)
        search->cell[--start[leaf[cell]]] = cell;
}

/* search->met <- the others that a leaf's group meets, each once; the answer is their number. */
static int gather_met(const meetings_t *meetings, const pattern_search_t *search, int j)
{
    int n = 0, first = 0;
    for (int g = 0; g < meetings->n_groupings; g++) {
        if (g == search->leaf) continue;
        const int *group = meetings->group + (size_t) meetings->n_cells * g;
        for (int i = search->cell_start[j]; i < search->cell_start[j + 1]; i++) {
            int node = first + group[search->cell[i]];
            if (search->mark[node]) continue;
            search->mark[node] = 1;
            search->met[n++] = node;
        }
        first += meetings->n_groups[g];
    }
    for (int i = 0; i < n; i++) search->mark[search->met[i]] = 0;
    return n;
}

static int width_of_met(const meetings_t *meetings, const pattern_search_t *search, int n)
{
    int width = meetings->n_behind;
    for (int i = 0; i < n; i++)
        width += meetings->width[grouping_of_other(meetings, search, search->met[i])];
    return width;
}

/* Once a leaf's group is eliminated, those that it meets meet each other. */
static double join_leaves(const meetings_t *meetings, pattern_search_t *search)
{
    double n_entries = 0.0;
    for (int j = 0; j < meetings->n_groups[search->leaf]; j++) {
        int n = gather_met(meetings, search, j);
        n_entries += n;
        search->multiplications += node_cost(meetings->width[search->leaf],
                                             width_of_met(meetings, search, n));
        if (search->multiplications > meetings->most) return -1.0;
        for (int i = 0; i < n; i++) {
            uint64_t *row = bits_of(search, search->meets, search->met[i]);
            for (int k = 0; k < n; k++) set_bit(row, search->met[k]);
        }
    }
    return n_entries;
}

/* Rows that the others share with each other. */
static void note_rows(const meetings_t *meetings, const pattern_search_t *search)
{
    for (int g = 0; g < meetings->n_groupings; g++)
        for (int h = 0; h < meetings->n_groupings; h++) {
            if (g == h || g == search->leaf || h == search->leaf) continue;
            int first_g = first_other(meetings, search, g);
            int first_h = first_other(meetings, search, h);
            const int *one = meetings->group + (size_t) meetings->n_cells * g;
            const int *other = meetings->group + (size_t) meetings->n_cells * h;
            for (int cell = 0; cell < meetings->n_cells; cell++)
                set_bit(bits_of(search, search->shares_rows, first_g + one[cell]),
                        first_h + other[cell]);
        }
}

/* The node of least degree that is left, the first of several. */
static int least_degree(const pattern_search_t *search)
{
    int best = -1;
    for (int node = 0; node < search->n_others; node++)
        if (search->degree[node] >= 0
            && (best < 0 || search->degree[node] < search->degree[best]))
            best = node;
    return best;
}

/* Those that a node meets meet each other from now on, and it no more. */
static void eliminate(pattern_search_t *search, int node)
{
    const uint64_t *own = bits_of(search, search->meets, node);
    search->degree[node] = -1;
    for (int k = 0; k < search->n_others; k++) {
        if (!has_bit(own, k)) continue;
        uint64_t *row = bits_of(search, search->meets, k);
        for (int w = 0; w < search->n_words; w++) row[w] |= own[w];
        clear_bit(row, k);
        clear_bit(row, node);
        search->degree[k] = count_bits(search->n_words, row);
    }
}

static double eliminate_others(const meetings_t *meetings, pattern_search_t *search)
{
    double n_entries = 0.0;
    for (int node = 0; node < search->n_others; node++) {
        uint64_t *row = bits_of(search, search->meets, node);
        clear_bit(row, node);
        search->degree[node] = count_bits(search->n_words, row);
    }
    for (int i = 0; i < search->n_others; i++) {
        int node = least_degree(search), n = 0;
        const uint64_t *row = bits_of(search, search->meets, node);
        for (int k = 0; k < search->n_others; k++)
            if (has_bit(row, k)) search->met[n++] = k;
        n_entries += n;
        search->multiplications +=
            node_cost(meetings->width[grouping_of_other(meetings, search, node)],
                      width_of_met(meetings, search, n));
        if (search->multiplications > meetings->most) return -1.0;
        search->order[i] = node;
        eliminate(search, node);
    }
    return n_entries;
}

double find_pattern(const meetings_t *meetings, pattern_search_t *search)
{
    size_t size = (size_t) search->n_words * search->n_others;
    search->multiplications = 0.0;
    memset(search->mark, 0, sizeof(int) * ((size_t) search->n_others + 1));
    memset(search->meets, 0, sizeof(uint64_t) * size);
    memset(search->shares_rows, 0, sizeof(uint64_t) * size);
    sort_cells(meetings, search);
    double of_leaves = join_leaves(meetings, search);
    if (of_leaves < 0.0) return -1.0;
    note_rows(meetings, search);
    double of_others = eliminate_others(meetings, search);
    if (of_others < 0.0) return -1.0;
    int n_leaves = meetings->n_groups[search->leaf];
    for (int i = 0; i < search->n_others; i++) search->place[search->order[i]] = n_leaves + i;
    return of_leaves + of_others;
}

static void sort_places(int n, int *place)
{
    for (int i = 1; i < n; i++) {
        int own = place[i], k = i;
        for (; k > 0 && place[k - 1] > own; k--) place[k] = place[k - 1];
        place[k] = own;
    }
}

/* The number of a group of the others among those of all groupings. */
static int number_of_other(const meetings_t *meetings, const pattern_search_t *search, int node)
{
    int before = 0, g = grouping_of_other(meetings, search, node);
    for (int h = 0; h < g; h++) before += meetings->n_groups[h];
    return before + node - first_other(meetings, search, g);
}

void write_pattern(const meetings_t *meetings, const pattern_search_t *search, int *order,
                   int *start, int *later, int *has_rows)
{
    int n_leaves = meetings->n_groups[search->leaf], before = 0, n_entries = 0;
    for (int g = 0; g < search->leaf; g++) before += meetings->n_groups[g];
    for (int j = 0; j < n_leaves; j++) {
        int n = gather_met(meetings, search, j);
        order[j] = before + j;
        start[j] = n_entries;
        for (int i = 0; i < n; i++) {
            later[n_entries + i] = search->place[search->met[i]];
            has_rows[n_entries + i] = 1;
        }
        sort_places(n, later + n_entries);
        n_entries += n;
    }
    for (int i = 0; i < search->n_others; i++) {
        int node = search->order[i];
        const uint64_t *row = bits_of(search, search->meets, node);
        const uint64_t *shared = bits_of(search, search->shares_rows, node);
        order[n_leaves + i] = number_of_other(meetings, search, node);
        start[n_leaves + i] = n_entries;
        for (int k = i + 1; k < search->n_others; k++) {
            if (!has_bit(row, search->order[k])) continue;
            later[n_entries] = n_leaves + k;
            has_rows[n_entries++] = has_bit(shared, search->order[k]);
        }
    }
    start[n_leaves + search->n_others] = n_entries;
}
