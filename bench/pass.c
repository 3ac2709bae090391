#include <R.h>
#include <Rinternals.h>

/* One passage over a table of cells, as a scan's steps make: y less the effects of one grouping, summed
   by the groups of another. factor: size x cells, [R ... c]; own, other: the groups of the cells, from 1. */
SEXP bench_pass(SEXP factor, SEXP size_, SEXP own_, SEXP other_, SEXP effect_, SEXP sums_)
{
    int size = asInteger(size_), n = LENGTH(own_);
    const int *own = INTEGER(own_), *other = INTEGER(other_);
    const double *cell = REAL(factor), *effect = REAL(effect_);
    double yy = 0.0, *sums = REAL(sums_);
    for (int i = 0; i < n; i++, cell += size) {
        double e = cell[size - 1] - cell[0] * effect[other[i] - 1];
        sums[own[i] - 1] += cell[0] * e;
        yy += e * e;
    }
    return ScalarReal(yy);
}
