#include <math.h>
#include <string.h>
#include <Rmath.h>
#include <R_ext/Random.h>
#include "linalg.h"
#include "proposal.h"
#include "random.h"

static int changes_sign(int columns, unsigned signs)
{
    unsigned both = (unsigned) columns & signs;
    return both != 0 && (both & (both - 1)) == 0;
}

void flip_signs(const proposal_t *proposal, unsigned signs, double *point)
{
    for (int k = 0; k < proposal->n; k++)
        if (changes_sign(proposal->sign_columns[k], signs)) point[k] = -point[k];
}

int fold_point(const proposal_t *proposal, double *point)
{
    unsigned negative = 0;
    for (int k = 0; k < proposal->n_columns; k++)
        if (point[k] < 0.0) negative |= 1u << k;
    flip_signs(proposal, negative, point);
    return (negative & ~proposal->near) == 0;
}

static void draw_direction(const proposal_t *proposal, double *point)
{
    draw_standard_normals(proposal->n, point);
    solve_upper(proposal->n, proposal->root, point);
}

int propose_independently(const proposal_t *proposal, double *point)
{
    if (proposal->table) {
        draw_from_table(proposal->table, point);
        return 1;
    }
    draw_direction(proposal, point);
    double size = 1.0 / sqrt(rchisq(proposal->df) / proposal->df);
    for (int k = 0; k < proposal->n; k++)
        point[k] = proposal->center[k] + size * point[k];
    return fold_point(proposal, point);
}

/* |U (point - center)|^2, and the difference. */
static double squared_distance(const proposal_t *proposal, const double *point,
                               double *difference)
{
    int n = proposal->n;
    double square = 0.0;
    for (int k = 0; k < n; k++) difference[k] = point[k] - proposal->center[k];
    for (int r = 0; r < n; r++) {
        double sum = 0.0;
        for (int k = r; k < n; k++) sum += proposal->root[r + (size_t) n * k] * difference[k];
        square += sum * sum;
    }
    return square;
}

static double log_student(const proposal_t *proposal, const double *point)
{
    double square = squared_distance(proposal, point, proposal->distance);
    return -0.5 * (proposal->df + proposal->n) * log1p(square / proposal->df);
}

/* The density of the folded t: summed over the points that differ in the signs of near
   columns alone. */
static double log_folded(const proposal_t *proposal, const double *point)
{
    double *flipped = proposal->flipped, top = -INFINITY, sum = 0.0;
    for (unsigned signs = 0; signs <= proposal->near; signs++) {
        if (signs & ~proposal->near) continue;
        memcpy(flipped, point, sizeof(double) * proposal->n);
        flip_signs(proposal, signs, flipped);
        double value = log_student(proposal, flipped);
        if (value > top) {
            sum = 1.0 + sum * exp(top - value);
            top = value;
        } else {
            sum += exp(value - top);
        }
    }
    return top + log(sum);
}

double log_proposal_density(const proposal_t *proposal, const double *point)
{
    if (proposal->table) return log(table_density(proposal->table, point));
    return log_folded(proposal, point);
}

double log_surrogate_weight(const proposal_t *proposal, const double *point)
{
    if (!proposal->surrogate) return 0.0;
    return surrogate_log_weight(proposal->surrogate, point) + log_folded(proposal->shape, point)
        - log_folded(proposal, point);
}

/* Flips the signs of near columns to one of the points that are the same L, with probability
   in proportion to the t's density there: each in turn may take the place of those before. */
static void draw_signs(const proposal_t *proposal, const double *point, double *unfolded)
{
    double *flipped = proposal->flipped, top = -INFINITY, sum = 0.0;
    for (unsigned signs = 0; signs <= proposal->near; signs++) {
        if (signs & ~proposal->near) continue;
        memcpy(flipped, point, sizeof(double) * proposal->n);
        flip_signs(proposal, signs, flipped);
        double value = log_student(proposal, flipped), greater = fmax(top, value);
        sum = sum * exp(top - greater) + exp(value - greater);
        top = greater;
        if (signs == 0 || unif_rand() * sum < exp(value - top))
            memcpy(unfolded, flipped, sizeof(double) * proposal->n);
    }
}

void draw_ellipse(const proposal_t *proposal, const double *point, ellipse_t *ellipse)
{
    int n = proposal->n;
    draw_signs(proposal, point, ellipse->other);
    double square = squared_distance(proposal, ellipse->other, ellipse->from);
    double size = sqrt((proposal->df + square) / rchisq(proposal->df + n));
    draw_direction(proposal, ellipse->other);
    for (int k = 0; k < n; k++) ellipse->other[k] *= size;
}

int point_on_ellipse(const proposal_t *proposal, const ellipse_t *ellipse, double angle,
                     double *point)
{
    double c = cos(angle), s = sin(angle);
    for (int k = 0; k < proposal->n; k++)
        point[k] = proposal->center[k] + c * ellipse->from[k] + s * ellipse->other[k];
    return fold_point(proposal, point);
}
