/* Arenas and the pool of counted storages. */
#include "arena.h"

#include <assert.h>

struct ad_block {
    ad_block *next;
    size_t bytes; /* of the whole block, this header included */
};

enum { SMALLEST_BLOCK = 1 << 14, LARGEST_STEP = 1 << 24 };

static void enter(ad_arena *arena, ad_block *block)
{
    arena->current = block;
    arena->at = (char *)(block + 1);
    arena->end = (char *)block + block->bytes;
}

/* A new block has half of the bytes held so far, within limits: a large tape takes few blocks, and little of its memory
 * stays unused. */
static size_t next_block_bytes(const ad_arena *arena, size_t needed)
{
    size_t bytes = arena->held / 2;
    if (bytes < SMALLEST_BLOCK)
        bytes = SMALLEST_BLOCK;
    if (bytes > LARGEST_STEP)
        bytes = LARGEST_STEP;
    return bytes > needed ? bytes : needed;
}

static ad_block *append_block(ad_arena *arena, size_t needed)
{
    size_t bytes = next_block_bytes(arena, needed);
    ad_block *block = ad_memory_take(arena->memory, 1, bytes);
    if (!block)
        return NULL;
    *block = (ad_block){.bytes = bytes};
    arena->held += bytes;
    ad_block **end = &arena->first;
    while (*end)
        end = &(*end)->next;
    *end = block;
    return block;
}

void *ad_arena_take_slowly(ad_arena *arena, size_t bytes)
{
    if (bytes > PTRDIFF_MAX - sizeof(ad_block) - 64)
        return NULL;
    size_t needed = bytes + sizeof(ad_block) + 64;
    ad_block *block = arena->current ? arena->current->next : arena->first;
    while (block && block->bytes < needed)
        block = block->next;
    if (!block)
        block = append_block(arena, needed);
    if (!block)
        return NULL;
    enter(arena, block);
    return ad_arena_take(arena, bytes);
}

void ad_arena_rewind(ad_arena *arena, ad_arena_mark mark)
{
    if (mark.block) {
        enter(arena, mark.block);
        arena->at = mark.at;
    } else if (arena->first) {
        enter(arena, arena->first);
    }
}

void ad_arena_free(ad_arena *arena)
{
    for (ad_block *block = arena->first, *next; block; block = next) {
        next = block->next;
        ad_memory_release(arena->memory, block, 1, block->bytes);
    }
    *arena = (ad_arena){.memory = arena->memory};
}

/* The smallest class that holds `bytes`: 64, 80, 96, 112, 128, 160, ... bytes. */
static uint32_t class_of(size_t bytes, size_t *class_bytes)
{
    const uint32_t octave = bytes < 128 ? 0 : (uint32_t)(57 - __builtin_clzll(bytes));
    const size_t unit = (size_t)16 << octave;
    const size_t quarters = bytes > 4 * unit ? (bytes - 4 * unit + unit - 1) >> (4 + octave) : 0;
    *class_bytes = (4 + quarters) * unit;
    return 4 * octave + (uint32_t)quarters;
}

static void set_filled(ad_pool *pool, uint32_t class, bool filled)
{
    uint64_t bit = UINT64_C(1) << (class % 64);
    if (filled)
        pool->filled[class / 64] |= bit;
    else
        pool->filled[class / 64] &= ~bit;
}

/* A free storage of this class or the next larger one that has any, below class `end`. NULL if there is none. */
static ad_storage *take_free(ad_pool *pool, uint32_t class, uint32_t end)
{
    while (class < end) {
        uint64_t ahead = pool->filled[class / 64] >> (class % 64);
        class = ahead ? class + (uint32_t)__builtin_ctzll(ahead) : (class / 64 + 1) * 64;
        if (!ahead || class >= end)
            continue;
        ad_storage *storage = pool->free[class];
        pool->free[class] = storage->next;
        set_filled(pool, class, storage->next != NULL);
        return storage;
    }
    return NULL;
}

static ad_storage *new_storage(ad_pool *pool, uint32_t class, size_t class_bytes)
{
    ad_storage *storage = ad_arena_take(&pool->arena, sizeof *storage + class_bytes);
    if (storage)
        storage->class = class;
    return storage;
}

/* Looks in this order:
 * 1. a free storage that is at most twice as large;
 * 2. the rest of the current block, so that a short batch does not take the storages that large tensors use every step;
 * 3. any free storage that is large enough;
 * 4. a new block. */
ad_storage *ad_pool_take(ad_pool *pool, size_t bytes)
{
    if (bytes > PTRDIFF_MAX / 2)
        return NULL;
    size_t class_bytes;
    const uint32_t class = class_of(bytes, &class_bytes),
                   twice = class + 5 < AD_POOL_CLASSES ? class + 5 : AD_POOL_CLASSES;
    const bool fits =
        pool->arena.at && (size_t)(pool->arena.end - pool->arena.at) >= sizeof(ad_storage) + class_bytes + 64;
    ad_storage *storage = take_free(pool, class, twice);
    if (!storage && fits)
        storage = new_storage(pool, class, class_bytes);
    if (!storage)
        storage = take_free(pool, class, AD_POOL_CLASSES);
    if (!storage)
        storage = new_storage(pool, class, class_bytes);
    if (!storage)
        return NULL;
    storage->references = 1;
    storage->next = NULL;
    return storage;
}

void ad_pool_drop(ad_pool *pool, ad_storage *storage)
{
    assert(!storage || storage->references > 0);
    if (!storage || --storage->references)
        return;
    storage->next = pool->free[storage->class];
    pool->free[storage->class] = storage;
    set_filled(pool, storage->class, true);
}
