#include <R.h>
#include <Rinternals.h>
#include <Rmath.h>

/* The floor under any sampler: the variates of `sweeps` sweeps, so many normals, uniforms
   and gammas of these shapes in each, and nothing else. Answers with their sum, so that nothing
   is left out. */
SEXP bench_floor(SEXP sweeps, SEXP n_normals, SEXP n_uniforms, SEXP shapes)
{
    double sum = 0.0;
    GetRNGstate();
    for (int i = 0; i < asInteger(sweeps); i++) {
        for (int k = 0; k < asInteger(n_normals); k++) sum += norm_rand();
        for (int k = 0; k < asInteger(n_uniforms); k++) sum += unif_rand();
        for (int k = 0; k < length(shapes); k++) sum += rgamma(REAL(shapes)[k], 1.0);
    }
    PutRNGstate();
    return ScalarReal(sum);
}
