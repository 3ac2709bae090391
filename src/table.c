#include <math.h>
#include <R_ext/Random.h>
#include "table.h"

/* Walker's method of aliases, set up as Vose (1991) does: a node is drawn by one
   uniform variate and one comparison. */
void make_aliases(size_t n, const double *weights, double total, double *keep,
                  int *alias, int *stack)
{
    size_t n_small = 0, n_large = 0;    /* small from the bottom, large from the top */
    for (size_t i = 0; i < n; i++) {
        keep[i] = weights[i] * (double) n / total;
        alias[i] = (int) i;
        if (keep[i] < 1.0) stack[n_small++] = (int) i;
        else stack[n - ++n_large] = (int) i;
    }
    while (n_small > 0 && n_large > 0) {
        int small = stack[--n_small], large = stack[n - n_large];
        alias[small] = large;
        keep[large] -= 1.0 - keep[small];
        if (keep[large] < 1.0) {
            n_large--;
            stack[n_small++] = large;
        }
    }
    /* Rounding leaves one or two that are full. */
    while (n_small > 0) keep[stack[--n_small]] = 1.0;
    while (n_large > 0) keep[stack[n - n_large--]] = 1.0;
}

static size_t draw_node(const table_t *table)
{
    double u = unif_rand() * (double) table->n_nodes;
    size_t node = (size_t) u;
    if (node >= table->n_nodes) node = table->n_nodes - 1;
    return u - (double) node < table->keep[node] ? node : (size_t) table->alias[node];
}

/* |x - center|/spread has density (1 + t)^-2. */
static double draw_heavy_tailed(double center, double spread)
{
    double distance = spread * (1.0 / unif_rand() - 1.0);
    return unif_rand() < 0.5 ? center - distance : center + distance;
}

static double heavy_tailed_density(double center, double spread, double x)
{
    double t = 1.0 + fabs(x - center) / spread;
    return 0.5 / (spread * t * t);
}

void draw_from_table(const table_t *table, double *point)
{
    if (unif_rand() < table->defence) {
        for (int k = 0; k < table->n; k++)
            point[k] = draw_heavy_tailed(table->center[k], table->spread[k]);
    } else {
        size_t node = draw_node(table);
        for (int k = 0; k < table->n; k++) {
            double place = (double) (node % table->size[k]);
            double u = unif_rand();
            point[k] = table->low[k] + table->step[k] * (place + u + unif_rand() - 1.0);
            node /= table->size[k];
        }
    }
    for (int k = 0; k < table->n; k++)
        if (table->folded[k] && point[k] < 0.0) point[k] = -point[k];
}

/* The nodes on both sides of x and their weights; a node off the grid has none, or is
   the mirror image of one. */
static void find_nodes(const table_t *table, int axis, double x, size_t stride,
                       size_t *place, double *weight)
{
    double t = (x - table->low[axis]) / table->step[axis];
    double below = floor(t);
    for (int side = 0; side < 2; side++) {
        double node = below + side;
        weight[side] = side ? t - below : 1.0 - (t - below);
        if (node == -1.0 && table->mirrored[axis]) node = 0.0;
        if (!(node >= 0.0 && node < table->size[axis])) {
            weight[side] = 0.0;
            node = 0.0;
        }
        place[side] = stride * (size_t) node;
    }
}

static double interpolated(const table_t *table, const double *point)
{
    size_t place[TABLE_DIMENSIONS][2], stride = 1;
    double weight[TABLE_DIMENSIONS][2], sum = 0.0;
    for (int k = 0; k < table->n; k++) {
        find_nodes(table, k, point[k], stride, place[k], weight[k]);
        stride *= table->size[k];
    }
    for (int corner = 0; corner < 1 << table->n; corner++) {
        size_t node = 0;
        double product = 1.0;
        for (int k = 0; k < table->n; k++) {
            int side = corner >> k & 1;
            node += place[k][side];
            product *= weight[k][side];
        }
        if (product > 0.0) sum += product * table->density[node];
    }
    return sum;
}

double table_density(const table_t *table, const double *point)
{
    double heavy = 1.0;
    for (int k = 0; k < table->n; k++) {
        double own = heavy_tailed_density(table->center[k], table->spread[k], point[k]);
        if (table->folded[k])
            own += heavy_tailed_density(table->center[k], table->spread[k], -point[k]);
        heavy *= own;
    }
    return (1.0 - table->defence) * interpolated(table, point) + table->defence * heavy;
}
