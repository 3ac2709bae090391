#ifndef RELM_SPECTRUM_H
#define RELM_SPECTRUM_H

#include <stddef.h>

/* One random column, one residual variance and flat coefficients, in coordinates with
   X'X = I. With P = I - X X' and S = Z'P Z = U diag(s) U', in units of sigma^2,
       log|V| + log|X'V^-1X| = sum_i log(1 + lambda^2 s_i),
       r^2 = y'P y - sum_i lambda^2 h_i^2/(1 + lambda^2 s_i), h = U'Z'P y,
   (Kang and others 2008): an evaluation costs a number a group, whatever X has. */
typedef struct spectrum {
    int n;                  /* groups */
    double largest;         /* the largest diagonal element of Z'Z */
    double rest;            /* y'P y - sum_i h_i^2/s_i */
    const double *size;     /* n: s_i */
    const double *along;    /* n: h_i */
    const double *explained;/* n: h_i^2/s_i, 0 where s_i is */
    const double *cross;    /* p x n: X'Z U */
    const double *start;    /* p: X'y */
    double *v, *normals;    /* n, p: of a draw */
} spectrum_t;

/* Beyond this lambda^2 Z'Z rounding errors of S would count. */
int spectrum_serves(const spectrum_t *spectrum, double lambda);

/* log|V| + log|X'V^-1X|, and r^2. */
double spectral_log_det(const spectrum_t *spectrum, double lambda, double *r2);

/* theta given lambda and sigma: first v, with gamma = lambda U v,
       v_i ~ N(lambda h_i/(1 + lambda^2 s_i), sigma^2/(1 + lambda^2 s_i)),
   then theta ~ N(X'(y - Z gamma), sigma^2 I). */
void draw_spectral_theta(const spectrum_t *spectrum, int p, double lambda, double sigma,
                         double *theta);

#endif
