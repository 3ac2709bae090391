#ifndef RELM_LANE_MATH_H
#define RELM_LANE_MATH_H

#include <math.h>
#include <stdint.h>
#include "lanes.h"

/* exp() and log() of LANES numbers at once, in place, to about one unit in the last place. Functions
   that use them in a loop are made FOR_WIDE_VECTORS_TOO. Vectors go by pointer: compilers differ in how
   they would go by value. */

#define ALL_LANES(x) ((lanes_t) { 0.0 } + (x))

#ifdef __GNUC__

typedef int64_t bits_t __attribute__((vector_size(32), aligned(8), may_alias));

/* *x becomes the other where the mask is set. */
# define REPLACE_LANES(x, mask, other)                                        \
    (*(x) = (lanes_t) (((mask) & (bits_t) (other)) | (~(mask) & (bits_t) *(x))))

INLINED void lower_lanes(lanes_t *x, double most)
{
    lanes_t limit = ALL_LANES(most);
    bits_t mask = (bits_t) (*x > limit);
    REPLACE_LANES(x, mask, limit);
}

INLINED void raise_lanes(lanes_t *x, const lanes_t *least)
{
    bits_t mask = (bits_t) (*x < *least);
    REPLACE_LANES(x, mask, *least);
}

/* Beyond 700 on either side it stays where it is there. By the series of exp(f), with x = k log 2 + f:
   the bits of k lie at the end of the sum with a number whose unit in the last place is 1. */
INLINED void exp_lanes(lanes_t *x)
{
    const double unit = 0x1.8p52;
    lanes_t least = ALL_LANES(-700.0);
    lower_lanes(x, 700.0);
    raise_lanes(x, &least);
    lanes_t shifted = *x * 1.4426950408889634 + unit, k = shifted - unit;
    lanes_t f = (*x - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10;
    lanes_t sum = f * (1.0 / 479001600) + 1.0 / 39916800;
    sum = sum * f + 1.0 / 3628800;
    sum = sum * f + 1.0 / 362880;
    sum = sum * f + 1.0 / 40320;
    sum = sum * f + 1.0 / 5040;
    sum = sum * f + 1.0 / 720;
    sum = sum * f + 1.0 / 120;
    sum = sum * f + 1.0 / 24;
    sum = sum * f + 1.0 / 6;
    sum = sum * f + 0.5;
    sum = sum * f + 1.0;
    sum = sum * f + 1.0;
    *x = (lanes_t) ((bits_t) sum + ((bits_t) shifted << 52));
}

/* Of positive normal numbers. x = 2^k m, m near 1, log m = 2 artanh((m - 1)/(m + 1)). */
INLINED void log_lanes(lanes_t *x)
{
    const int64_t root_half = 0x3fe6a09e667f3bcdLL, one = 1023LL << 52;
    bits_t bits = (bits_t) *x, k = ((bits - root_half + one) >> 52) - 1023;
    lanes_t m = (lanes_t) (bits - (k << 52));
    lanes_t count = (lanes_t) (k + 0x4338000000000000LL) - 0x1.8p52;
    lanes_t s = (m - 1.0) / (m + 1.0), z = s * s;
    lanes_t sum = z * (1.0 / 21) + 1.0 / 19;
    sum = sum * z + 1.0 / 17;
    sum = sum * z + 1.0 / 15;
    sum = sum * z + 1.0 / 13;
    sum = sum * z + 1.0 / 11;
    sum = sum * z + 1.0 / 9;
    sum = sum * z + 1.0 / 7;
    sum = sum * z + 1.0 / 5;
    sum = sum * z + 1.0 / 3;
    sum = sum * z + 1.0;
    *x = count * 0.6931471805599453 + 2.0 * s * sum;
}

#else

INLINED void lower_lanes(lanes_t *x, double most) { if (*x > most) *x = most; }
INLINED void raise_lanes(lanes_t *x, const lanes_t *least) { if (*x < *least) *x = *least; }
INLINED void exp_lanes(lanes_t *x) { *x = exp(fmax(fmin(*x, 700.0), -700.0)); }
INLINED void log_lanes(lanes_t *x) { *x = log(*x); }

#endif

INLINED lanes_t *lanes_of(double *x)
{
    return (lanes_t *) x;
}

INLINED const lanes_t *const_lanes_of(const double *x)
{
    return (const lanes_t *) x;
}

INLINED double sum_of_lanes(const lanes_t *x)
{
    double sum = 0.0;
    for (int i = 0; i < LANES; i++) sum += LANE(*x, i);
    return sum;
}

#endif
