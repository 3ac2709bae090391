#include <math.h>
#include <string.h>
#include "linalg.h"
#include "rank.h"

double *take_group_rows(int n_cells, int n_random, int n_coef, workspace_t *work)
{
    return take(work, (size_t) n_cells * n_random * ((size_t) n_random + n_coef + 1));
}

/* Eliminates column k from columns k + 1.. by a reflection of its rows
   n_done.. ; answers whether the column was independent of those before. */
static int reflect_column(int n_rows, int n_columns, double *block, int k, int n_done,
                          double zero)
{
    double *column = block + (size_t) n_rows * k, *tail = column + n_done;
    double whole = sqrt(dot(n_rows, column, column));
    double rest = sqrt(dot(n_rows - n_done, tail, tail));
    if (!(rest > RANK_TOLERANCE * whole && rest > zero)) return 0;
    double head = tail[0] + (tail[0] >= 0.0 ? rest : -rest);
    tail[0] = head;
    double scale = 2.0 / dot(n_rows - n_done, tail, tail);
    for (int l = k + 1; l < n_columns; l++) {
        double *other = block + (size_t) n_rows * l + n_done;
        double along = scale * dot(n_rows - n_done, tail, other);
        for (int i = 0; i < n_rows - n_done; i++) other[i] -= along * tail[i];
    }
    return 1;
}

double absorb_beside_columns(const grouping_t *grouping, int n_coef, int n_chosen,
                             const int *chosen, const double *column_length,
                             double *residual, double *rows)
{
    int q = grouping->n_random, p = n_coef, n_columns = n_chosen + p + 1;
    const int *group_start = grouping->group_start;
    double total = 0.0;
    for (int j = 0; j < grouping->n_groups; j++) {
        int n_cells = group_start[j + 1] - group_start[j], n_rows = n_cells * q;
        for (int l = 0; l < n_columns; l++) {
            int source = l < n_chosen ? chosen[l] : q + l - n_chosen;
            for (int cell = 0; cell < n_cells; cell++)
                memcpy(rows + (size_t) n_rows * l + (size_t) q * cell,
                       cell_factor(grouping, group_start[j] + cell) + (size_t) q * source,
                       sizeof(double) * q);
        }
        int rank = 0;
        for (int k = 0; k < n_chosen && rank < n_rows; k++)
            rank += reflect_column(n_rows, n_columns, rows, k, rank,
                                   ZERO_TOLERANCE * column_length[k]);
        absorb_block(p + 1, p + 1, residual, n_rows - rank, n_rows,
                     rows + (size_t) n_rows * n_chosen + rank);
        total += rank;
    }
    return total;
}
