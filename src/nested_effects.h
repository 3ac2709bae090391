#ifndef RELM_NESTED_EFFECTS_H
#define RELM_NESTED_EFFECTS_H

#include "group.h"
#include "nested.h"

/* Effects of the groups of a nested chain given the hyperparameters and the coefficients, one residual
   variance or in its units: from leaves to roots each group is given what those below it say, and
   from roots to leaves each draws its effects given those of its ancestors. */
typedef struct {
    nested_t *nested;
    double *top[MOST_LEVELS];       /* q x (q + ancestors' q + 1) x n_groups: [R, Z of ancestors, e] with
                                       all below a group eliminated */
    int n_ancestors[MOST_LEVELS];   /* columns of the ancestors */
    double *rows[MOST_LEVELS];      /* q x (ancestors' + 1) */
    double *above[MOST_LEVELS];     /* effects of the ancestors, nearest first */
    group_buffers_t group[MOST_LEVELS];
    double *normals;                /* the most columns of a level */
} nested_effects_t;

void take_nested_effects(nested_t *nested, nested_effects_t *effects, workspace_t *work);

/* What a group has been told by those below it: [R, Z of ancestors, e]. */
double *top_of_group(const nested_effects_t *effects, int l, int group);

/* What a group and all below it say, given theta and the factors L of the levels. */
status_t inform_group(const nested_effects_t *effects, int l, int group, const double *theta,
                      const double *const *L);

/* What a group says of its ancestors, as rows that these absorb: effects->rows[l], of which the last
   column is left with what they have not taken up, and the determinant of I + L'Z'Z L that of U'U,
   U in effects->group[l]. */
status_t tell_ancestors(const nested_effects_t *effects, int l, int group, const double *L);

/* Draws the effects of a group and of all below it: effect[l] is q x n_groups, in the order of the
   chain. */
status_t draw_below(const nested_effects_t *effects, int l, int group, const double *const *L,
                    double sigma, double *const *effect);

/* Normals that draw_below() takes for a group. */
size_t normals_below(const nested_t *nested, int l, int group);

#endif
