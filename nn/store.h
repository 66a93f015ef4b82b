#ifndef GRADTAPE_NN_STORE_H
#define GRADTAPE_NN_STORE_H
/* Private to nn: memory that is given back all at once, for what is made when an object is opened. */
#include <gradtape/memory.h>

typedef struct nn_store {
    ad_memory *memory;
    struct nn_store_block *last;
} nn_store;

/* Returns zeroed memory, NULL if there is none. */
void *nn_store_take(nn_store *store, size_t count, size_t bytes);

/* Returns a copy of an array; NULL if there is no memory. */
void *nn_store_copy(nn_store *store, const void *array, size_t count, size_t bytes);

/* Returns a copy of a text; NULL for NULL, or if there is no memory. */
char *nn_store_text(nn_store *store, const char *text);

/* Gives everything back. */
void nn_store_release(nn_store *store);

#endif
