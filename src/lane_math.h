#ifndef RELM_LANE_MATH_H
#define RELM_LANE_MATH_H

#include <math.h>
#include <stdint.h>
#include "lanes.h"

/* exp(), log() and the logarithm of the normal distribution of LANES numbers at once, in place, to about one unit in the last place. Functions
   that use them in a loop are made FOR_WIDE_VECTORS_TOO. Vectors go by pointer: compilers differ in how
   they would go by value. */

#define ALL_LANES(x) ((lanes_t) { 0.0 } + (x))

#if defined(__GNUC__) && !defined(RELM_WITHOUT_VECTORS)

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

/* Exchanges *a and *b where *x is less than *y. */
INLINED void swap_lanes(lanes_t *a, lanes_t *b, const lanes_t *x, const lanes_t *y)
{
    bits_t mask = (bits_t) (*x < *y);
    lanes_t first = *a;
    REPLACE_LANES(a, mask, *b);
    REPLACE_LANES(b, mask, first);
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
INLINED void swap_lanes(lanes_t *a, lanes_t *b, const lanes_t *x, const lanes_t *y)
{
    lanes_t first = *a;
    if (!(*x < *y)) return;
    *a = *b;
    *b = first;
}
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

/* log Phi(-x), x not negative. With z = x / sqrt(2) and t = 2/(2 + z) that of erfc(z) + z^2 - log t is
   smooth in t: a Chebyshev series, whose coefficients were computed in 400 bits. */
INLINED void log_tail_lanes(lanes_t *x)
{
    static const double series[] = {
        -0.65132685985890855, 0.64196979235649021, 0.019476473204185937, -0.0095615147868087311,
        -0.00094659534448193793, 0.00036683949785266219, 4.2523324807007366e-05,
        -2.0278578112634171e-05, -1.6242900045467094e-06, 1.3036558354797644e-06,
        1.5626441823323207e-08, -8.5238096286064668e-08, 6.5290545415227132e-09,
        5.0593436230078901e-09, -9.9136405266571632e-10, -2.273654295672595e-10,
        9.6468016500709494e-11, 2.3941134662887721e-12, -6.8859201270601291e-12,
        8.9421370833691843e-13, 3.132017428634695e-13, -1.1266584927635491e-13,
        7.8905716730248024e-16, 6.849380685302902e-15, -1.4080703181125406e-15
    };
    enum { LAST = sizeof series / sizeof *series - 1 };
    lanes_t z = *x * 0.70710678118654752, t = 2.0 / (2.0 + z), twice = 4.0 * t - 2.0;
    lanes_t one = ALL_LANES(series[LAST]), two = ALL_LANES(0.0);
    for (int k = LAST - 1; k > 0; k--) {
        lanes_t next = twice * one - two + series[k];
        two = one;
        one = next;
    }
    *x = 0.5 * twice * one - two + series[0] - z * z - 0.69314718055994531;
    log_lanes(&t);
    *x += t;
}

INLINED double sum_of_lanes(const lanes_t *x)
{
    double sum = 0.0;
    for (int i = 0; i < LANES; i++) sum += LANE(*x, i);
    return sum;
}

INLINED double product_of_lanes(const lanes_t *x)
{
    double product = 1.0;
    for (int l = 0; l < LANES; l++) product *= LANE(*x, l);
    return product;
}

#endif
