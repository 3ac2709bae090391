#include <string.h>
#include <R_ext/Random.h>
#include "family.h"

static void draw_gaussian(size_t n, double multiple, const double *scale, double *values)
{
    for (size_t i = 0; i < n; i++) values[i] += multiple * scale[i] * norm_rand();
}

static void draw_gaussian_given(size_t n, double multiple, const double *scale,
                                const double *variates, double *values)
{
    for (size_t i = 0; i < n; i++) values[i] += multiple * scale[i] * variates[i];
}

static const family_t FAMILIES[] = {
    { "gaussian", draw_gaussian, draw_gaussian_given },
};

const family_t *family_named(const char *name)
{
    for (size_t k = 0; k < sizeof FAMILIES / sizeof *FAMILIES; k++)
        if (strcmp(name, FAMILIES[k].name) == 0) return FAMILIES + k;
    return NULL;
}
