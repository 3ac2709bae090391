#ifndef RELM_POLYA_GAMMA_H
#define RELM_POLYA_GAMMA_H

/* Draws from the Polya-Gamma distribution PG(b, c), b > 0 and not necessarily whole, by R's
   generator (Polson, Scott and Windle 2013): that of
       sum_k g_k / (2 pi^2 (k - 1/2)^2 + c^2/2),  g_k ~ Gamma(b, 1),  k = 1, 2, ...,
   whose Laplace transform is E exp(-t w) = (cosh(c/2) / cosh(sqrt((c^2/2 + t)/2)))^b. */

/* As many as there are, draws are summed: PG(b, c) is the sum of n draws of PG(b/n, c). */
int n_pieces(double b, double c);

/* Up to so many pieces a draw is exact. Beyond, the first terms of the sum above are drawn, and the
   rest as a gamma variate that is shifted, with its mean, variance and third moment: the
   distribution function is then within 1e-9 of the exact one (the test inverts both transforms). */
enum { MOST_PIECES = 4 };

double draw_polya_gamma(double b, double c);

#endif
