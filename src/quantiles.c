#include <math.h>
#include <R_ext/Utils.h>
#include "quantiles.h"

void mean_and_sd(size_t n, const double *x, double *mean, double *sd)
{
    long double sum = 0.0, squares = 0.0;
    for (size_t i = 0; i < n; i++) sum += x[i];
    double m = *mean = (double) (sum / n);
    for (size_t i = 0; i < n; i++) squares += (x[i] - m) * (x[i] - m);
    *sd = sqrt((double) (squares / (n - 1)));
}

void rising_quantiles(size_t n, double *x, int k, const double *probabilities,
                      double *quantiles)
{
    /* The first `done` values are none larger than those that follow, the last of them in
       its place. */
    size_t done = 0;
    for (int j = 0; j < k; j++) {
        double place = (n - 1) * probabilities[j];
        size_t low = (size_t) floor(place);
        if (low >= n - 1) low = n - 1;
        if (low >= done) {
            rPsort(x + done, (int) (n - done), (int) (low - done));
            done = low + 1;
        }
        double value = x[low], rest = place - low;
        if (rest > 0.0 && low + 1 < n) {
            double next = x[low + 1];
            for (size_t i = low + 2; i < n; i++) if (x[i] < next) next = x[i];
            value += rest * (next - value);
        }
        quantiles[j] = value;
    }
}
