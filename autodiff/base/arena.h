#ifndef AUTODIFF_BASE_ARENA_H
#define AUTODIFF_BASE_ARENA_H
/* Two ways to hold memory. Both take it through the meter (gradtape/memory.h), in blocks that are never copied and are
 * used again. A block is given back only where a larger one is needed that can take its place. So what is held is what
 * the largest step took, and steps that need no more than an earlier one take nothing.
 * - An arena hands out memory in order, and is rewound to a mark. It is for what lives as long as a step.
 * - A pool hands out storages, counts their references and takes them back one by one. It is for gradients, for the
 *   temporaries of rules, and for the data of segments. */
#include <stdint.h>

#include <gradtape/memory.h>

typedef struct ad_block ad_block;

typedef struct ad_arena {
    ad_memory *memory;
    ad_block *first, *current; /* the blocks after the current one are free; all if there is none */
    char *at, *end;            /* free room in the current block */
    size_t held;               /* bytes of all blocks */
} ad_arena;

/* ad_arena_take where the current block is full. */
void *ad_arena_take_slowly(ad_arena *arena, size_t bytes);

/* A mark: the place in an arena to which ad_arena_rewind gives memory back. All members 0: the beginning. */
typedef struct ad_arena_mark {
    ad_block *block;
    char *at;
} ad_arena_mark;
void ad_arena_rewind(ad_arena *arena, ad_arena_mark mark);
void ad_arena_free(ad_arena *arena);

/* Whether the address lies in one of its blocks. */
bool ad_arena_has(const ad_arena *arena, const void *address);

/* Memory aligned to 16 bytes, to 64 from a cache line on. Returns NULL if there is none. */
static inline void *ad_arena_take(ad_arena *arena, size_t bytes)
{
    uintptr_t align = bytes >= 64 ? 64 : 16;
    uintptr_t start = ((uintptr_t)arena->at + align - 1) & ~(align - 1);
    if (start > (uintptr_t)arena->end || bytes > (uintptr_t)arena->end - start)
        return ad_arena_take_slowly(arena, bytes);
    char *room = arena->at + (start - (uintptr_t)arena->at);
    arena->at = room + bytes;
    return room;
}

/* Storages have size classes, four to an octave: one that is given back fits the next request of about its size. */
enum { AD_POOL_CLASSES = 192 };

typedef struct ad_storage {
    uint32_t references;
    uint32_t class;
    struct ad_storage *next;           /* of the free storages of its class */
    uint64_t served;                   /* the last step in which it was taken */
    void *block;                       /* of a large one: its memory */
    struct ad_storage *before, *after; /* of a large one: in the list of them */
    char padding[8];                   /* the data begins on a cache line of its own */
} ad_storage;

typedef struct ad_pool {
    ad_arena arena;    /* small storages */
    ad_storage *large; /* all large ones: each has a block of its own */
    uint64_t step;     /* counts up where the sizes of what comes may change */
    ad_storage *free[AD_POOL_CLASSES];
    uint64_t filled[AD_POOL_CLASSES / 64]; /* a bit for each class that has a free storage */
} ad_pool;

/* A storage of at least `bytes` bytes with one reference; NULL if there is no memory. */
ad_storage *ad_pool_take(ad_pool *pool, size_t bytes);
static inline void *ad_storage_data(ad_storage *storage) { return storage + 1; }
/* Gives up one reference. NULL is allowed. */
void ad_pool_drop(ad_pool *pool, ad_storage *storage);
/* From here on other sizes may be wanted: storages that then do not serve make room for larger ones. */
static inline void ad_pool_begin_step(ad_pool *pool) { pool->step++; }
void ad_pool_free(ad_pool *pool);
bool ad_pool_has(const ad_pool *pool, const void *address);

#endif
