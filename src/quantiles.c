#include <math.h>
#include "quantiles.h"

int any_nan(size_t n, const double *x)
{
    int found = 0;
    for (size_t i = 0; i < n; i++) found |= x[i] != x[i];
    return found;
}

/* Four sums at once, which the processor adds side by side. */
static double sum_of_deviations(size_t n, const double *x, double center, double *squares)
{
    double sums[4] = { 0.0 }, parts[4] = { 0.0 };
    for (size_t i = 0; i < n; i++) {
        double deviation = x[i] - center;
        sums[i & 3] += deviation;
        parts[i & 3] += deviation * deviation;
    }
    *squares = (parts[0] + parts[1]) + (parts[2] + parts[3]);
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

void mean_and_sd(size_t n, const double *x, double *mean, double *sd)
{
    double squares;
    double rough = x[0] + sum_of_deviations(n, x, x[0], &squares) / n;
    double rest = sum_of_deviations(n, x, rough, &squares);
    *mean = rough + rest / n;
    *sd = sqrt((squares - rest * rest / n) / (n - 1));
}

static inline void swap(double *a, double *b)
{
    double old = *a;
    *a = *b;
    *b = old;
}

/* Moves what is smaller than the pivot (or, with_equal, not larger) to the front of
   x[from..to - 1]; answers with the place behind. No branch depends on the values, which would be
   mispredicted half of the time. */
static long partition(double *x, long from, long to, double pivot, int with_equal)
{
    long end = from;
    for (long i = from; i < to; i++) {
        double value = x[i];
        x[i] = x[end];
        x[end] = value;
        end += with_equal ? value <= pivot : value < pivot;
    }
    return end;
}

/* x[k] <- the (k + 1)-th smallest of x[from..to], smaller ones before it. The pivot comes
   from a sample about the place where k should be (Floyd and Rivest 1975, algorithm 489). */
static void select_place(double *x, long from, long to, long k)
{
    while (to > from) {
        if (to - from > 600) {
            double n = to - from + 1, i = k - from + 1, z = log(n), s = 0.5 * exp(2.0 * z / 3.0);
            double sd = 0.5 * sqrt(z * s * (n - s) / n) * (i < n / 2.0 ? -1.0 : 1.0);
            long low = (long) (k - i * s / n + sd), high = (long) (k + (n - i) * s / n + sd);
            select_place(x, low > from ? low : from, high < to ? high : to, k);
        }
        double pivot = x[k];
        swap(x + k, x + to);
        long end = partition(x, from, to, pivot, 0);
        swap(x + end, x + to);
        if (k == end) return;
        if (k < end) {
            to = end - 1;
        } else if (end > from) {
            from = end + 1;
        } else {
            /* Nothing is smaller: all that equals the pivot is in its place. */
            from = partition(x, from + 1, to + 1, pivot, 1);
            if (k < from) return;
        }
    }
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
            select_place(x, (long) done, (long) n - 1, (long) low);
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
