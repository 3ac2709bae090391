#include <math.h>
#include <R_ext/Random.h>
#include "gamma_variates.h"

/* Above, the region of acceptance is so narrow that pairs are drawn from a parallelogram around it. */
static const double LARGE_SHAPE = 2.5;

gamma_variates_t gamma_variates(double shape)
{
    gamma_variates_t of;
    of.mode = shape - 1.0;
    of.ratio = (shape - 1.0 / (6.0 * shape)) / of.mode;
    of.power = 2.0 / of.mode;
    of.bound = of.power + 2.0;
    of.slant = shape > LARGE_SHAPE ? 1.0 / sqrt(shape) : 0.0;
    return of;
}

/* The ratio of two uniforms (Cheng and Feast 1979, GKM3): u1 <= f(u2/u1)^(1/2) with the density f, by a
   bound of the logarithms first. Half of the time that R's own takes, which has a normal in each. */
double draw_gamma(const gamma_variates_t *of)
{
    for (;;) {
        double u1 = unif_rand(), u2 = unif_rand();
        if (of->slant > 0.0) {
            u1 = u2 + (1.0 - 1.86 * u1) * of->slant;
            if (!(u1 > 0.0 && u1 < 1.0)) continue;
        }
        double v = of->ratio * u2 / u1;
        if (of->power * u1 - of->bound + v + 1.0 / v <= 0.0) return of->mode * v;
        if (of->power * log(u1) - log(v) + v <= 1.0) return of->mode * v;
    }
}
