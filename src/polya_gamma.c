#include <math.h>
#include <Rmath.h>
#include <R_ext/Random.h>
#include "polya_gamma.h"

/* A piece of PG(b, 2z) is X/4, X with the density (Biane, Pitman and Yor 2001, at z = 0)
       f(x) = (2 cosh z)^b exp(-z^2 x/2) sum_n (-1)^n Gamma(n + b) / (Gamma(b) n!)
              (2n + b) / sqrt(2 pi x^3) exp(-(2n + b)^2 / (2x)).
   Devroye (2009) draws from such series by their partial sums. The first term is no less than f for
   every b and x, and so serves as the hat everywhere: with w = sqrt(2s) the Laplace transform of
   their difference at z = 0 is 2^b exp(-b w) (1 - (1 + u)^-b), u = exp(-2w), and
       exp(-b w) (1 - (1 + u)^-b) = int_0^b (2 cosh w)^-a exp(-(b - a) w) log(1 + u) da,
   where exp(-v w) log(1 + u) is the transform of sum_n (-1)^(n + 1) (2 + v/n) / sqrt(2 pi x^3)
   exp(-(2n + v)^2 / (2x)), n = 1, 2, ..., whose terms fall and alternate. The hat is (1 +
   exp(-2z))^b times the density of the time at which a Brownian motion with drift z first passes
   b. */

/* That time, an inverse Gaussian of mean b/z and shape b^2, by the smaller root of
   (b - z x)^2 / x = y, y ~ chi^2_1, or the other (Michael, Schucany and Haas 1976). */
static double draw_first_passage(double b, double z)
{
    double normal = norm_rand(), y = normal * normal;
    double x = 2.0 * b * b / (2.0 * b * z + y + sqrt(y * (y + 4.0 * b * z)));
    return unif_rand() * (b + z * x) > b ? b / z * (b / z) / x : x;
}

/* Is u below f over its hat, sum_n (-1)^n a_n, a_n = Gamma(n + b) (2n + b) / (Gamma(b) n! b)
   exp(-2 n (n + b)/x)? The ratio of a term to the one before it falls with n; where it is below 1,
   partial sums are bounds. Far out, or where a term is large, nothing is left of the sum: less than
   the generator's resolution. */
static int is_below_ratio(double u, double b, double x)
{
    const double large = 1e6;
    double sum = 1.0, factor = 1.0, before = 1.0;
    if (!(x < 40.0 * fmax(b, 1.0))) return 0;
    for (int n = 1;; n++) {
        factor *= (n - 1.0 + b) / n;
        double term = factor * (1.0 + 2.0 * n / b) * exp(-2.0 * n * (n + b) / x);
        if (term > large) return 0;
        int is_bound = term <= before;
        sum += n % 2 ? -term : term;
        if (is_bound && n % 2 && u < sum) return 1;
        if (is_bound && n % 2 == 0 && u >= sum) return 0;
        before = term;
    }
}

static double draw_piece(double b, double c)
{
    for (;;) {
        double x = draw_first_passage(b, 0.5 * c);
        if (is_below_ratio(unif_rand(), b, x)) return 0.25 * x;
    }
}

/* log of a piece's hat is log(1 + exp(-c)) times its b: this many pieces take about the fewest
   proposals. */
int n_pieces(double b, double c)
{
    double n = floor(b * log1p(exp(-fabs(c))) + 0.6);
    return n < 1.0 ? 1 : n < MOST_PIECES + 1 ? (int) n : MOST_PIECES + 1;
}

/* sums[j - 1] = sum_k (pi^2 (k - 1/2)^2 + v^2)^-j, j = 1, 2, 3: tanh(v) / (2 v) and what its
   derivatives in v^2 make of it; near 0 by its series. */
static void sum_inverse_powers(double v, double *sums)
{
    double s = v * v;
    if (v < 0.1) {
        sums[0] = 1.0 / 2 - s * (1.0 / 6 - s * (1.0 / 15 - s * (17.0 / 630 - s * 31.0 / 2835)));
        sums[1] = 1.0 / 6 - s * (2.0 / 15 - s * (17.0 / 210 - s * (124.0 / 2835
            - s * 691.0 / 31185)));
        sums[2] = 1.0 / 15 - s * (17.0 / 210 - s * (62.0 / 945 - s * (1382.0 / 31185
            - s * 10922.0 / 405405)));
        return;
    }
    double t = tanh(v), h = (1.0 - t) * (1.0 + t), rest = t - v * h;
    sums[0] = t / (2.0 * v);
    sums[1] = rest / (4.0 * v * s);
    sums[2] = (3.0 * rest / s - 2.0 * h * t) / (16.0 * v * s);
}

/* With S_j the sums over the other terms, the j-th cumulant of what these add is
   (j - 1)! b S_j / 2^j: that of shift + scale Gamma(shape). */
static double draw_by_gammas(double b, double c)
{
    enum { N_GAMMAS = 4 };
    double v = 0.5 * fabs(c), S[3], draw = 0.0;
    sum_inverse_powers(v, S);
    for (int k = 0; k < N_GAMMAS; k++) {
        double inverse = 1.0 / (M_PI * M_PI * (k + 0.5) * (k + 0.5) + v * v);
        draw += 0.5 * inverse * rgamma(b, 1.0);
        S[0] -= inverse;
        S[1] -= inverse * inverse;
        S[2] -= inverse * inverse * inverse;
    }
    double shape = b * S[1] * (S[1] / S[2]) * (S[1] / S[2]), scale = 0.5 * S[2] / S[1];
    double shift = 0.5 * b * (S[0] - S[1] * (S[1] / S[2]));
    return draw + shift + rgamma(shape, scale);
}

double draw_polya_gamma(double b, double c)
{
    int n = n_pieces(b, c);
    if (n > MOST_PIECES) return draw_by_gammas(b, c);
    double draw = 0.0;
    for (int i = 0; i < n; i++) draw += draw_piece(b / n, fabs(c));
    return draw;
}
