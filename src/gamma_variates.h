#ifndef RELM_GAMMA_VARIATES_H
#define RELM_GAMMA_VARIATES_H

/* Gamma variates of one shape above 1 and scale 1, many of them. The caller holds GetRNGstate() and
   PutRNGstate(). */
typedef struct {
    double mode;            /* shape - 1 */
    double ratio;           /* of the two uniforms, to a variate over its mode */
    double power, bound;    /* 2/mode, and 2 more */
    double slant;           /* 1/sqrt(shape), or 0 for a square */
} gamma_variates_t;

gamma_variates_t gamma_variates(double shape);
double draw_gamma(const gamma_variates_t *of);

#endif
