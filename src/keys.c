#include <string.h>
#include "keys.h"

/* Mixes all bits of a word into all others (Steele, Lea and Flood 2014, with Stafford's thirteenth
   pair of multipliers). */
static uint64_t mix(uint64_t word)
{
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9u;
    word = (word ^ (word >> 27)) * 0x94d049bb133111ebu;
    return word ^ (word >> 31);
}

static uint64_t hash_of_key(int width, const uint64_t *key)
{
    uint64_t hash = 0;
    for (int k = 0; k < width; k++) hash = mix(hash + 0x9e3779b97f4a7c15u + key[k]);
    return hash;
}

static int is_same_key(int width, const uint64_t *a, const uint64_t *b)
{
    for (int k = 0; k < width; k++)
        if (a[k] != b[k]) return 0;
    return 1;
}

/* Open addressing: the slot of the key, or the first free one from the place on that its hash
   gives. */
static int *slot_of_key(const keys_t *keys, const uint64_t *key)
{
    size_t last = (size_t) keys->n_slots - 1;
    size_t place = (size_t) hash_of_key(keys->width, key) & last;
    for (;; place = (place + 1) & last) {
        int number = keys->slot[place];
        if (number == 0
            || is_same_key(keys->width, keys->words + (size_t) keys->width * (number - 1), key))
            return keys->slot + place;
    }
}

int number_of_key(keys_t *keys, const uint64_t *key)
{
    int *slot = slot_of_key(keys, key);
    if (*slot == 0) {
        memcpy(keys->words + (size_t) keys->width * keys->n_keys, key,
               sizeof(uint64_t) * keys->width);
        *slot = ++keys->n_keys;
    }
    return *slot;
}

void fill_slots(keys_t *keys)
{
    for (int i = 0; i < keys->n_keys; i++)
        *slot_of_key(keys, keys->words + (size_t) keys->width * i) = i + 1;
}

uint64_t word_of_double(double value)
{
    uint64_t word;
    value += 0.0;
    memcpy(&word, &value, sizeof(word));
    return word;
}

void add_at(int n, const int *place, int n_values, const double *values, double *totals)
{
    for (int i = 0; i < n; i++) totals[place[i] - 1] += values[n_values == 1 ? 0 : i];
}
