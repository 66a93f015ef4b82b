#ifndef AUTODIFF_BASE_ARENA_H
#define AUTODIFF_BASE_ARENA_H
/* Two ways to hold memory. Both take it through the meter (gradtape/memory.h), in blocks that are never copied and are
 * used again.
 * - An arena hands out memory in order, and is rewound to a mark. It is for what lives as long as a step.
 * - A pool hands out storages, counts their references and takes them back one by one. It is for gradients, for the
 *   temporaries of rules, and for the data of segments.
 *
 * What the largest step needed is kept, so that steps which need no more than an earlier one take nothing. A new block
 * takes the place of free ones that are too small for what comes. And before one is taken, idle blocks are given
 * back until a pool and the arena beside it hold less than twice what the largest step needed of both. Idle is what has
 * not served since the step began. */
#include <stdint.h>

#include <gradtape/memory.h>

typedef struct ad_block ad_block;
typedef struct ad_pool ad_pool;

typedef struct ad_arena {
    ad_memory *memory;
    ad_block *first, *current; /* the blocks after the current one are free; all if there is none */
    char *at, *end;            /* free room in the current block */
    size_t held;               /* bytes of all blocks */
    ad_pool *beside;           /* the pool that makes room for its blocks; may be NULL */
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

/* Storages have size classes, four to an octave: one that is given back fits the next request of about its size. Those
 * below AD_FIRST_LARGE, of less than 1 KB, lie in slabs: large storages that are given back when all in them are free.
 */
enum { AD_POOL_CLASSES = 192, AD_FIRST_LARGE = 16 };

enum { AD_PLAIN, AD_SLAB, AD_IDLE_SLAB };

/* The data begins on a cache line of its own. */
typedef struct ad_storage {
    uint32_t references;
    uint16_t class;
    uint16_t kind;
    struct ad_storage *next; /* of the free storages of its class, or as its owner links it */
    struct ad_storage *slab; /* of a small one: where it lies. The slab's references are those of its storages in use */
    /* Of a large one: */
    uint64_t served;                   /* the last step in which it was in use */
    size_t most;                       /* the most bytes that were wanted of it in that step */
    void *block;                       /* its memory */
    struct ad_storage *before, *after; /* in the list of all large ones */
} ad_storage;
_Static_assert(sizeof(ad_storage) == 64, "the data of a storage begins on a cache line of its own");

struct ad_pool {
    ad_memory *memory;
    ad_arena *beside;                            /* the arena whose blocks count with its own; may be NULL */
    ad_storage *large;                           /* all large ones: each has a block of its own */
    uint64_t step;                               /* counts up where the sizes of what comes may change */
    bool has_counted;                            /* the storages in use since before this step count as serving in it */
    bool has_released_slabs;                     /* all that were idle in this step */
    uint64_t without_idle[AD_POOL_CLASSES / 64]; /* a bit for each class that has no idle storage in this step */
    size_t held;                                 /* bytes of all storages */
    size_t serving;                              /* of those that have served in this step */
    size_t wasted;                               /* of those, more than was wanted of them */
    size_t largest;                              /* what the largest step needed, of the arena beside it too */
    ad_storage *slab;                            /* the last slab, and the room that is left in it */
    char *slab_at, *slab_end;
    ad_storage *free[AD_POOL_CLASSES];
    uint64_t filled[AD_POOL_CLASSES / 64]; /* a bit for each class that has a free storage */
};

/* A storage of at least `bytes` bytes with one reference; NULL if there is no memory. */
ad_storage *ad_pool_take(ad_pool *pool, size_t bytes);
static inline void *ad_storage_data(ad_storage *storage) { return storage + 1; }
/* Gives up one reference. NULL is allowed. */
void ad_pool_drop(ad_pool *pool, ad_storage *storage);
/* From here on other sizes may be wanted: storages that then do not serve make room for others. */
static inline void ad_pool_begin_step(ad_pool *pool)
{
    pool->step++;
    pool->has_counted = pool->has_released_slabs = false;
    for (int i = 0; i < AD_POOL_CLASSES / 64; i++)
        pool->without_idle[i] = 0;
    pool->serving = pool->wasted = 0;
}
/* How many bytes lie idle in it and in the arena beside it. */
size_t ad_pool_idle_bytes(ad_pool *pool);
void ad_pool_free(ad_pool *pool);
bool ad_pool_has(const ad_pool *pool, const void *address);

#endif
