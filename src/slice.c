#include <math.h>
#include <R_ext/Random.h>
#include "slice.h"

enum { MAX_STEPS = 2000 };

/* The interval shrinks towards x until a point of it is within the slice. */
static double shrink(log_value_at_t at, void *data, double x, double level, double low, double high)
{
    for (int i = 0; i < MAX_STEPS; i++) {
        double next = low + (high - low) * unif_rand();
        if (at(data, next) > level) return next;
        if (next < x) low = next;
        else high = next;
    }
    return x;
}

double step_by_slice(log_value_at_t at, void *data, double x)
{
    double level = at(data, x) + log(unif_rand());
    double low = x - unif_rand(), high = low + 1.0;
    for (int i = 0; i < MAX_STEPS && at(data, low) > level; i++) low -= 1.0;
    for (int i = 0; i < MAX_STEPS && at(data, high) > level; i++) high += 1.0;
    return shrink(at, data, x, level, low, high);
}

double step_within(log_value_at_t at, void *data, double x, double low, double high)
{
    double level = at(data, x) + log(unif_rand());
    return shrink(at, data, x, level, low, high);
}
