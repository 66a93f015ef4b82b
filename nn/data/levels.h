#ifndef GRADTAPE_NN_LEVELS_H
#define GRADTAPE_NN_LEVELS_H
/* Private to nn: the different texts of a column, numbered: levels of a category, labels, names of columns. */
#include <stdint.h>

#include "../store.h"

/* Texts side by side in blocks of a store, because a block for each would take more than the text. */
typedef struct nn_text_pool {
    nn_store *store;
    char *at;
    size_t left;
} nn_text_pool;

/* Returns a copy that ends with a 0; NULL if memory is out. */
const char *nn_pool_text(nn_text_pool *pool, const char *text, size_t n);

typedef struct nn_level {
    const char *text; /* in the pool */
    size_t n;
    uint32_t hash;
    int64_t count; /* how often it was added */
} nn_level;

/* A dictionary. Levels are numbered from 0 on as they come. {pool, memory} is an empty one. */
typedef struct nn_levels {
    nn_text_pool *pool;
    ad_memory *memory;
    nn_level *at;
    size_t n, room;
    uint32_t *slots; /* a hash table with open addresses, at most half full: 0, or the number of a level and 1 */
    size_t n_slots;  /* a power of two */
} nn_levels;

/* Gives the number of a text, or of other bytes, which becomes a level if it is none. Returns false if memory is out.
 */
bool nn_levels_add(nn_levels *levels, const char *text, size_t n, uint32_t *level);

/* Returns the number of a text; UINT32_MAX if it is no level. */
uint32_t nn_levels_find(const nn_levels *levels, const char *text, size_t n);

/* Brings the levels from number `first` on into order, by their numbers if all are whole numbers, else by their bytes,
 * and gives place[old number] = new number unless `place` is NULL. No level is added or looked up after it. */
void nn_levels_order(nn_levels *levels, size_t first, uint32_t *place);

/* The texts stay in the pool. */
void nn_levels_release(nn_levels *levels);

/* Reads a whole number as programs write it: digits without zeros before them, a sign - at most. Texts of another form
 * are none, because the number would not give the text again: 007, +1, -0. */
bool nn_is_whole(const char *text, size_t n, int64_t *number);

#endif
