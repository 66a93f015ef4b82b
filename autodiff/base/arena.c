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

/* How many bytes the blocks have that are free. */
static size_t idle_bytes(const ad_arena *arena)
{
    size_t total = 0;
    bool is_after = !arena->current;
    for (const ad_block *block = arena->first; block; block = block->next) {
        total += is_after || block->idle ? block->bytes : 0;
        is_after = is_after || block == arena->current;
    }
    return total;
}

static void make_room(ad_pool *pool, uint32_t class, size_t bytes);

/* A new block in the place of the free ones, which are all too small: tensors that grow from step to step would leave
 * them behind for ever. It is as large as they were together, so that steps which alternate soon find all they need. */
static ad_block *new_block(ad_arena *arena, size_t needed)
{
    const size_t released = release_free(arena), usual = next_block_bytes(arena, needed);
    const size_t bytes = released > usual ? released : usual;
    if (arena->beside)
        make_room(arena->beside, AD_FIRST_LARGE, bytes);
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
    *arena = (ad_arena){.memory = arena->memory, .beside = arena->beside};
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

/* The first class from `class` on, and below `end`, that has a free storage. `end` or more if there is none. */
static uint32_t next_filled(const ad_pool *pool, uint32_t class, uint32_t end)
{
    while (class < end) {
        const uint64_t ahead = pool->filled[class / 64] >> (class % 64);
        if (ahead)
            return class + (uint32_t)__builtin_ctzll(ahead);
        class = (class / 64 + 1) * 64;
    }
    return class;
}

/* ---- Giving back ------------------------------------------------------------------------------------------------- */

/* Slabs have 16 KB. */
enum { CLASS_OF_SLABS = 32 };

/* The bytes of a class without and with what a storage has besides. */
static size_t class_bytes_of(uint32_t class) { return (size_t)(4 + class % 4) << (4 + class / 4); }
static size_t large_bytes(uint32_t class) { return sizeof(ad_storage) + class_bytes_of(class) + 64; }

static void release_large(ad_pool *pool, ad_storage *storage)
{
    const size_t bytes = large_bytes(storage->class);
    *(storage->before ? &storage->before->after : &pool->large) = storage->after;
    if (storage->after)
        storage->after->before = storage->before;
    pool->held -= bytes;
    ad_memory_release(pool->memory, storage->block, 1, bytes);
}

/* Gives back free storages of a class that have not served in this step, until they were `needed` bytes in all. Returns
 * how many bytes. A class in which none is left is not looked at again in this step, in which none becomes idle. */
static size_t release_idle_of(ad_pool *pool, uint32_t class, size_t needed)
{
    size_t released = 0;
    if (pool->without_idle[class / 64] >> (class % 64) & 1)
        return 0;
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
    if (released < needed)
        pool->without_idle[class / 64] |= UINT64_C(1) << (class % 64);
    return released;
}

/* The same for all large classes below `end`, the larger ones first. */
static void release_idle(ad_pool *pool, uint32_t end, size_t needed)
{
    size_t released = 0;
    while (end-- > AD_FIRST_LARGE && released < needed)
        if (pool->filled[end / 64] >> (end % 64) & 1)
            released += release_idle_of(pool, end, needed - released);
}

/* Removes from a class's free list the storages that lie in idle slabs, which are about to be given back. */
static void forget_parts(ad_pool *pool, uint32_t class)
{
    for (ad_storage **link = &pool->free[class], *storage = *link; storage; storage = *link)
        if (storage->slab && storage->slab->kind == AD_IDLE_SLAB)
            *link = storage->next;
        else
            link = &storage->next;
    set_filled(pool, class, pool->free[class] != NULL);
}

/* Gives back all slabs that have not served in this step. None becomes idle in it later: one look is enough. */
static void release_slabs(ad_pool *pool)
{
    bool any = false;
    if (pool->has_released_slabs)
        return;
    pool->has_released_slabs = true;
    for (ad_storage *s = pool->large; s; s = s->after)
        if (s->kind == AD_SLAB && s != pool->slab && !s->references && s->served != pool->step) {
            s->kind = AD_IDLE_SLAB;
            any = true;
        }
    for (uint32_t class = 0; any && class < AD_FIRST_LARGE; class ++)
        forget_parts(pool, class);
    for (ad_storage *s = any ? pool->large : NULL, *next; s; s = next) {
        next = s->after;
        if (s->kind == AD_IDLE_SLAB)
            release_large(pool, s);
    }
}

/* Storages that are in use since before this step serve in it. */
static void count_kept(ad_pool *pool)
{
    for (ad_storage *s = pool->has_counted ? NULL : pool->large; s; s = s->after)
        if (s->references && s->served != pool->step) {
            s->served = pool->step;
            s->most = class_bytes_of(s->class);
            pool->serving += large_bytes(s->class);
        }
    pool->has_counted = true;
}

/* Makes room for a block of so many bytes before it is taken. What is idle and what the block replaces, storages of
 * smaller classes or slabs, is given back. If too much is still held, other idle blocks are given back too. */
static void make_room(ad_pool *pool, uint32_t class, size_t bytes)
{
    const ad_arena none = {0}, *arena = pool->beside ? pool->beside : &none;
    count_kept(pool);
    if (class < AD_FIRST_LARGE)
        release_slabs(pool);
    release_idle(pool, class, bytes);
    const size_t needed = arena->held - idle_bytes(arena) + pool->serving - pool->wasted + bytes;
    if (pool->largest < needed)
        pool->largest = needed;
    const size_t most = 2 * pool->largest - bytes;
    if (pool->held + arena->held > most)
        release_slabs(pool);
    if (pool->held + arena->held > most)
        release_idle(pool, AD_POOL_CLASSES, pool->held + arena->held - most);
    if (pool->beside && pool->held + arena->held > most)
        release_free(pool->beside);
}

/* ---- Large storages ---------------------------------------------------------------------------------------------- */

/* Whether a free storage may serve a smaller request. What is wasted so in one step is less than what the largest
 * needed. */
static bool may_serve(const ad_pool *pool, const ad_storage *storage, size_t wanted)
{
    return storage->class < AD_FIRST_LARGE || storage->served == pool->step ||
           pool->wasted + class_bytes_of(storage->class) - wanted <= pool->largest;
}

/* Counts a storage with a block of its own as serving in this step. */
static inline void count_serving(ad_pool *pool, ad_storage *large, size_t wanted)
{
    if (large->served != pool->step) {
        large->served = pool->step;
        large->most = wanted;
        pool->serving += large_bytes(large->class);
        pool->wasted += class_bytes_of(large->class) - wanted;
    } else if (large->most < wanted) {
        pool->wasted -= wanted - large->most;
        large->most = wanted;
    }
}

static ad_storage *serve(ad_pool *pool, ad_storage *storage, size_t wanted)
{
    ad_storage *slab = storage->slab;
    count_serving(pool, slab ? slab : storage, slab ? class_bytes_of(slab->class) : wanted);
    if (slab)
        slab->references++;
    storage->references = 1;
    storage->next = NULL;
    return storage;
}

/* A free storage of a class from `class` on, below `end`: the smallest that may serve. NULL if there is none. */
static ad_storage *take_free(ad_pool *pool, uint32_t class, uint32_t end, size_t wanted)
{
    for (; (class = next_filled(pool, class, end)) < end; class ++) {
        ad_storage *storage = pool->free[class];
        if (!may_serve(pool, storage, wanted))
            continue;
        pool->free[class] = storage->next;
        set_filled(pool, class, storage->next != NULL);
        return serve(pool, storage, wanted);
    }
    return NULL;
}

/* A storage with a block of its own, for a request of `class`. */
static ad_storage *new_large(ad_pool *pool, uint32_t class, uint32_t own_class)
{
    const size_t bytes = large_bytes(own_class);
    make_room(pool, class, bytes);
    char *block = ad_memory_take(pool->memory, 1, bytes);
    if (!block)
        return NULL;
    ad_storage *storage = (ad_storage *)(void *)(block + (-(uintptr_t)block & 63));
    *storage =
        (ad_storage){.class = (uint16_t)own_class, .served = pool->step - 1, .block = block, .after = pool->large};
    if (pool->large)
        pool->large->before = storage;
    pool->held += bytes;
    return pool->large = storage;
}

/* ---- Small storages ---------------------------------------------------------------------------------------------- */

static bool fits_in_slab(const ad_pool *pool, size_t class_bytes)
{
    return pool->slab && (size_t)(pool->slab_end - pool->slab_at) >= sizeof(ad_storage) + class_bytes;
}

static ad_storage *new_small(ad_pool *pool, uint32_t class, size_t class_bytes)
{
    if (!fits_in_slab(pool, class_bytes)) {
        ad_storage *slab = new_large(pool, class, CLASS_OF_SLABS);
        if (!slab)
            return NULL;
        slab->kind = AD_SLAB;
        pool->slab = slab;
        pool->slab_at = ad_storage_data(slab);
        pool->slab_end = pool->slab_at + class_bytes_of(CLASS_OF_SLABS);
    }
    ad_storage *storage = (ad_storage *)(void *)pool->slab_at;
    pool->slab_at += (sizeof *storage + class_bytes + 63) & ~(size_t)63;
    *storage = (ad_storage){.class = (uint16_t) class, .slab = pool->slab};
    return storage;
}

/* ---- The pool ---------------------------------------------------------------------------------------------------- */

/* Looks in this order:
 * 1. a free storage that is at most twice as large;
 * 2. for a small one, the rest of the last slab, so that it does not take what large tensors use every step;
 * 3. any free storage that may serve;
 * 4. a new block. */
ad_storage *ad_pool_take(ad_pool *pool, size_t bytes)
{
    if (bytes > PTRDIFF_MAX / 2)
        return NULL;
    size_t class_bytes;
    const uint32_t class = class_of(bytes, &class_bytes),
                   twice = class + 5 < AD_POOL_CLASSES ? class + 5 : AD_POOL_CLASSES;
    const bool is_small = class < AD_FIRST_LARGE;
    ad_storage *storage = take_free(pool, class, twice, class_bytes);
    if (!storage && !(is_small && fits_in_slab(pool, class_bytes)))
        storage = take_free(pool, class, AD_POOL_CLASSES, class_bytes);
    if (storage)
        return storage;
    storage = is_small ? new_small(pool, class, class_bytes) : new_large(pool, class, class);
    return storage ? serve(pool, storage, class_bytes) : NULL;
}

void ad_pool_drop(ad_pool *pool, ad_storage *storage)
{
    assert(!storage || storage->references > 0);
    if (!storage || --storage->references)
        return;
    if (storage->slab)
        storage->slab->references--;
    storage->next = pool->free[storage->class];
    pool->free[storage->class] = storage;
    set_filled(pool, storage->class, true);
}

size_t ad_pool_idle_bytes(ad_pool *pool)
{
    count_kept(pool);
    const ad_arena *arena = pool->beside;
    return pool->held - pool->serving + (arena ? idle_bytes(arena) + (size_t)(arena->end - arena->at) : 0);
}

void ad_pool_free(ad_pool *pool)
{
    while (pool->large)
        release_large(pool, pool->large);
}

bool ad_pool_has(const ad_pool *pool, const void *address)
{
    const ad_storage *storage = pool->large;
    while (storage && (uintptr_t)address - (uintptr_t)storage->block >= large_bytes(storage->class))
        storage = storage->after;
    return storage;
}
