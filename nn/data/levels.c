/* The different texts of a column. */
#include "levels.h"

#include <stdlib.h>
#include <string.h>

#include "../hash.h"
#include "../lengthen.h"

/* ---- Texts ------------------------------------------------------------------------------------------------------- */

const char *nn_pool_text(nn_text_pool *pool, const char *text, size_t n)
{
    enum { BLOCK = 1 << 14 };
    char *copy = pool->at;
    if (n >= BLOCK / 4) { /* a block of its own */
        copy = n < SIZE_MAX ? nn_store_take(pool->store, n + 1, 1) : NULL;
        return copy ? memcpy(copy, text, n) : NULL;
    }
    if (pool->left <= n) {
        copy = nn_store_take(pool->store, BLOCK, 1);
        if (!copy)
            return NULL;
        pool->left = BLOCK;
    }
    memcpy(copy, text, n); /* the block is full of zeros */
    pool->at = copy + n + 1;
    pool->left -= n + 1;
    return copy;
}

/* ---- Levels ------------------------------------------------------------------------------------------------------ */

/* The low bits also depend on the high ones. */
static uint32_t hash_of(const char *text, size_t n)
{
    const uint64_t hash = nn_hash_more(NN_HASH_OF_NOTHING, text, n);
    return (uint32_t)(hash ^ hash >> 32);
}

/* The slot of a text, or the free one where it would be. */
static uint32_t *slot_of(const nn_levels *l, const char *text, size_t n, uint32_t hash)
{
    size_t i = hash & (l->n_slots - 1);
    for (; l->slots[i]; i = (i + 1) & (l->n_slots - 1)) {
        const nn_level *level = &l->at[l->slots[i] - 1];
        if (level->hash == hash && level->n == n && memcmp(level->text, text, n) == 0)
            break;
    }
    return &l->slots[i];
}

static bool grow_slots(nn_levels *l)
{
    const size_t n = l->n_slots ? 2 * l->n_slots : 16;
    uint32_t *slots = ad_memory_take(l->memory, n, sizeof *slots);
    if (!slots)
        return false;
    memset(slots, 0, n * sizeof *slots);
    for (size_t k = 0; k < l->n; k++) {
        size_t i = l->at[k].hash & (n - 1);
        while (slots[i])
            i = (i + 1) & (n - 1);
        slots[i] = (uint32_t)k + 1;
    }
    ad_memory_release(l->memory, l->slots, l->n_slots, sizeof *slots);
    l->slots = slots;
    l->n_slots = n;
    return true;
}

static bool grow_list(nn_levels *l)
{
    const size_t room = l->room ? 2 * l->room : 8;
    nn_level *at = nn_lengthen(l->memory, l->at, l->n, l->room, room, sizeof *at);
    if (!at)
        return false;
    l->at = at;
    l->room = room;
    return true;
}

bool nn_levels_add(nn_levels *l, const char *text, size_t n, uint32_t *number)
{
    const uint32_t hash = hash_of(text, n);
    if (2 * (l->n + 1) > l->n_slots && !grow_slots(l))
        return false;
    uint32_t *slot = slot_of(l, text, n, hash);
    if (!*slot) {
        if (l->n == UINT32_MAX - 1 || (l->n == l->room && !grow_list(l)))
            return false;
        const char *copy = nn_pool_text(l->pool, text, n);
        if (!copy)
            return false;
        l->at[l->n] = (nn_level){.text = copy, .n = n, .hash = hash};
        *slot = (uint32_t)++l->n;
    }
    *number = *slot - 1;
    l->at[*number].count++;
    return true;
}

uint32_t nn_levels_find(const nn_levels *l, const char *text, size_t n)
{
    const uint32_t slot = l->n ? *slot_of(l, text, n, hash_of(text, n)) : 0;
    return slot ? slot - 1 : UINT32_MAX;
}

void nn_levels_release(nn_levels *l)
{
    ad_memory_release(l->memory, l->at, l->room, sizeof *l->at);
    ad_memory_release(l->memory, l->slots, l->n_slots, sizeof *l->slots);
    *l = (nn_levels){.pool = l->pool, .memory = l->memory};
}

/* ---- Order ------------------------------------------------------------------------------------------------------- */

bool nn_is_whole(const char *text, size_t n, int64_t *number)
{
    const size_t sign = n > 0 && text[0] == '-';
    uint64_t size = 0;
    if (n - sign == 0 || n - sign > 19 || (text[sign] == '0' && n > 1))
        return false;
    for (size_t i = sign; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        size = 10 * size + (uint64_t)(text[i] - '0');
    }
    if (size > INT64_MAX)
        return false;
    *number = sign ? -(int64_t)size : (int64_t)size;
    return true;
}

static int by_number(const void *a, const void *b)
{
    int64_t x = 0, y = 0;
    const nn_level *p = a, *q = b;
    nn_is_whole(p->text, p->n, &x);
    nn_is_whole(q->text, q->n, &y);
    return (x > y) - (x < y);
}

/* A text has no byte 0, so the shorter of two is before the longer one. */
static int by_bytes(const void *a, const void *b)
{
    return strcmp(((const nn_level *)a)->text, ((const nn_level *)b)->text);
}

void nn_levels_order(nn_levels *l, size_t first, uint32_t *place)
{
    int64_t number;
    bool are_whole = true;
    for (size_t i = first; i < l->n && are_whole; i++)
        are_whole = nn_is_whole(l->at[i].text, l->at[i].n, &number);
    for (size_t i = 0; i < l->n; i++)
        l->at[i].hash = (uint32_t)i; /* the old number goes along */
    if (l->n > first)
        qsort(l->at + first, l->n - first, sizeof *l->at, are_whole ? by_number : by_bytes);
    for (size_t i = 0; i < l->n && place; i++)
        place[l->at[i].hash] = (uint32_t)i;
}
