/* Memory that is given back all at once. */
#include "store.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct nn_store_block {
    struct nn_store_block *before;
    size_t bytes; /* of the whole block */
    max_align_t content[];
} block;

void *nn_store_take(nn_store *s, size_t count, size_t bytes)
{
    size_t total;
    if (!ad_multiply_sizes(count, bytes, &total) || total > SIZE_MAX - sizeof(block))
        return NULL;
    block *b = ad_memory_take(s->memory, 1, sizeof *b + total);
    if (!b)
        return NULL;
    *b = (block){.before = s->last, .bytes = sizeof *b + total};
    s->last = b;
    return memset(b->content, 0, total);
}

void *nn_store_copy(nn_store *s, const void *array, size_t count, size_t bytes)
{
    void *copy = nn_store_take(s, count, bytes);
    return copy ? memcpy(copy, array, count * bytes) : NULL;
}

char *nn_store_text(nn_store *s, const char *text) { return text ? nn_store_copy(s, text, strlen(text) + 1, 1) : NULL; }

void nn_store_release(nn_store *s)
{
    while (s->last) {
        block *b = s->last;
        s->last = b->before;
        ad_memory_release(s->memory, b, 1, b->bytes);
    }
}
