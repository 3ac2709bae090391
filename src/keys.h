#ifndef RELM_KEYS_H
#define RELM_KEYS_H

#include <stdint.h>

/* Keys that are numbered 1, 2, ... in the order in which they come: labels of groups, and the
   groups and stratum of each cell. A key is some words of 64 bits. */
typedef struct {
    int width;              /* words of a key */
    int n_keys, n_slots;    /* slots are a power of 2, more than the keys */
    uint64_t *words;        /* width x keys, in the order of their numbers */
    int *slot;              /* the number of a key, 0 where there is none */
} keys_t;

/* The number of a key, a new one where it is not there yet: words and slots have room for it. */
int number_of_key(keys_t *keys, const uint64_t *key);

/* Slots, all of them 0, for the keys that are there. */
void fill_slots(keys_t *keys);

/* The bits of a number, of -0 those of 0. */
uint64_t word_of_double(double value);

/* Adds each value, or the only one, to the total at its place (from 1). */
void add_at(int n, const int *place, int n_values, const double *values, double *totals);

#endif
