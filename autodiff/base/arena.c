/* Arenas and the pool of counted storages. */
#include "arena.h"

#include <assert.h>

struct ad_block {
    ad_block *next;
    size_t bytes; /* of the whole block, this header included */
    bool idle;    /* it was too small for what came: it is free, though the current block comes after it */
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

/* Gives back the blocks that are free. Returns how many bytes they had. */
static size_t release_free(ad_arena *arena)
{
    size_t total = 0;
    bool is_after = !arena->current;
    for (ad_block **link = &arena->first, *block = *link; block; block = *link) {
        if (is_after || block->idle) {
            *link = block->next;
            total += block->bytes;
            ad_memory_release(arena->memory, block, 1, block->bytes);
        } else {
            is_after = block == arena->current;
            link = &block->next;
        }
    }
    arena->held -= total;
    return total;
}

/* A new block in the place of the free ones, which are all too small: tensors that grow from step to step would leave
 * them behind for ever. It is as large as they were together, so that steps which alternate soon find all they need. */
static ad_block *new_block(ad_arena *arena, size_t needed)
{
    const size_t released = release_free(arena), usual = next_block_bytes(arena, needed);
    const size_t bytes = released > usual ? released : usual;
    ad_block *block = ad_memory_take(arena->memory, 1, bytes);
    if (!block)
        return NULL;
    *block = (ad_block){.bytes = bytes};
    arena->held += bytes;
    *(arena->current ? &arena->current->next : &arena->first) = block;
    return block;
}

/* Takes the blocks in their order, which does not change, so that a step finds what an equal step found, whatever came
 * between them. */
void *ad_arena_take_slowly(ad_arena *arena, size_t bytes)
{
    if (bytes > PTRDIFF_MAX - sizeof(ad_block) - 64)
        return NULL;
    const size_t needed = bytes + sizeof(ad_block) + 64;
    ad_block *block = arena->current ? arena->current->next : arena->first;
    for (; block && block->bytes < needed; block = block->next)
        block->idle = true;
    if (!block)
        block = new_block(arena, needed);
    if (!block)
        return NULL;
    block->idle = false;
    enter(arena, block);
    return ad_arena_take(arena, bytes);
}

void ad_arena_rewind(ad_arena *arena, ad_arena_mark mark)
{
    arena->current = mark.block;
    arena->at = mark.at;
    arena->end = mark.block ? (char *)mark.block + mark.block->bytes : NULL;
}

void ad_arena_free(ad_arena *arena)
{
    arena->current = NULL;
    release_free(arena);
    *arena = (ad_arena){.memory = arena->memory};
}

bool ad_arena_has(const ad_arena *arena, const void *address)
{
    const ad_block *block = arena->first;
    while (block && (uintptr_t)address - (uintptr_t)block >= block->bytes)
        block = block->next;
    return block;
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

/* ---- Storages of blocks of their own ----------------------------------------------------------------------------- */

/* From this class on, 1 KB, a storage has a block of its own, which can be given back. Smaller ones are parts of the
 * arena's blocks. */
enum { FIRST_LARGE = 16 };

static size_t large_bytes(uint32_t class)
{
    return sizeof(ad_storage) + ((size_t)(4 + class % 4) << (4 + class / 4)) + 64;
}

static void release_large(ad_pool *pool, ad_storage *storage)
{
    *(storage->before ? &storage->before->after : &pool->large) = storage->after;
    if (storage->after)
        storage->after->before = storage->before;
    ad_memory_release(pool->arena.memory, storage->block, 1, large_bytes(storage->class));
}

/* Gives back free storages of a class that did not serve since ad_pool_begin_step, until they were `needed` bytes in
 * all. Returns how many bytes. */
static size_t release_idle_of(ad_pool *pool, uint32_t class, size_t needed)
{
    size_t released = 0;
    for (ad_storage **link = &pool->free[class], *storage = *link; storage && released < needed; storage = *link) {
        if (storage->served == pool->step) {
            link = &storage->next;
            continue;
        }
        *link = storage->next;
        released += large_bytes(class);
        release_large(pool, storage);
    }
    set_filled(pool, class, pool->free[class] != NULL);
    return released;
}

/* A free storage that is too small, and has not served in this step, is what tensors that grow from step to step leave
 * behind. It is given back before a larger one is taken. */
static void release_idle_below(ad_pool *pool, uint32_t class, size_t needed)
{
    size_t released = 0;
    while (class -- > FIRST_LARGE && released < needed)
        if (pool->filled[class / 64] >> (class % 64) & 1)
            released += release_idle_of(pool, class, needed - released);
}

static ad_storage *new_large(ad_pool *pool, uint32_t class)
{
    const size_t bytes = large_bytes(class);
    release_idle_below(pool, class, bytes);
    char *block = ad_memory_take(pool->arena.memory, 1, bytes);
    if (!block)
        return NULL;
    ad_storage *storage = (ad_storage *)(void *)(block + (-(uintptr_t)block & 63));
    *storage = (ad_storage){.class = class, .block = block, .after = pool->large};
    if (pool->large)
        pool->large->before = storage;
    return pool->large = storage;
}

static ad_storage *new_storage(ad_pool *pool, uint32_t class, size_t class_bytes)
{
    if (class >= FIRST_LARGE)
        return new_large(pool, class);
    ad_storage *storage = ad_arena_take(&pool->arena, sizeof *storage + class_bytes);
    if (storage)
        storage->class = class;
    return storage;
}

/* ---- The pool ---------------------------------------------------------------------------------------------------- */

/* Looks in this order:
 * 1. a free storage that is at most twice as large;
 * 2. for a small one, the rest of the current block, so that it does not take what large tensors use every step;
 * 3. any free storage that is large enough;
 * 4. a new block. */
ad_storage *ad_pool_take(ad_pool *pool, size_t bytes)
{
    if (bytes > PTRDIFF_MAX / 2)
        return NULL;
    size_t class_bytes;
    const uint32_t class = class_of(bytes, &class_bytes),
                   twice = class + 5 < AD_POOL_CLASSES ? class + 5 : AD_POOL_CLASSES;
    const bool fits = class < FIRST_LARGE && pool->arena.at &&
                      (size_t)(pool->arena.end - pool->arena.at) >= sizeof(ad_storage) + class_bytes + 64;
    ad_storage *storage = take_free(pool, class, twice);
    if (!storage && fits)
        storage = new_storage(pool, class, class_bytes);
    if (!storage)
        storage = take_free(pool, class, AD_POOL_CLASSES);
    if (!storage)
        storage = new_storage(pool, class, class_bytes);
    if (!storage)
        return NULL;
    storage->served = pool->step;
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

void ad_pool_free(ad_pool *pool)
{
    while (pool->large)
        release_large(pool, pool->large);
    ad_arena_free(&pool->arena);
}

bool ad_pool_has(const ad_pool *pool, const void *address)
{
    const ad_storage *storage = pool->large;
    while (storage && (uintptr_t)address - (uintptr_t)storage->block >= large_bytes(storage->class))
        storage = storage->after;
    return storage || ad_arena_has(&pool->arena, address);
}
