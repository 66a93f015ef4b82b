#ifndef GRADTAPE_MEMORY_H
#define GRADTAPE_MEMORY_H
/* The one replaceable allocator. Every tape, data set and classifier takes all its memory from the allocator in its
 * options. What OpenBLAS, threads and stdio allocate for themselves is outside it. The allocator is called by one
 * thread at a time: the one that uses the object, or one of several that predict with one estimator at once. */
#include <stdbool.h>
#include <stddef.h>

#include <gradtape/status.h>

/* Two functions that give and take back memory. `context` is passed to both. */
typedef struct ad_allocator {
    /* Returns `bytes` bytes (more than 0), aligned as malloc aligns, or NULL. The caller reports NULL as AD_NO_MEMORY.
     * An allocator without this function gives no memory. */
    void *(*allocate)(void *context, size_t bytes);
    /* Takes back a block that `allocate` gave. `bytes` is the size that was asked for. `block` is never NULL.
     * Without this function nothing is given back. */
    void (*release)(void *context, void *block, size_t bytes);
    void *context;
} ad_allocator;

/* The memory that an object takes from its allocator. */
typedef struct ad_usage {
    size_t bytes;       /* taken and not yet given back */
    size_t peak_bytes;  /* the largest value that `bytes` has had */
    size_t allocations; /* calls of `allocate` so far */
} ad_usage;

/* An allocator with a meter. The library's own objects take their memory through one, and yours may do the same. */
typedef struct ad_memory {
    ad_allocator allocator;
    ad_usage usage;
} ad_memory;

/* Returns a meter over a copy of `allocator`. NULL means malloc and free. */
AD_API ad_memory ad_memory_over(const ad_allocator *allocator);

/* Multiplies two sizes. Writes a * b to *product and returns true. If the product does not fit into a size_t, writes
 * SIZE_MAX and returns false. `product` may be NULL. */
AD_API bool ad_multiply_sizes(size_t a, size_t b, size_t *product);

/* Returns memory for `count` elements of `bytes` bytes each, aligned as malloc aligns. A total of 0 bytes gives a block
 * too. Returns NULL if there is no memory, the size does not fit into a size_t, or `memory` is NULL. The caller gives
 * the block back with ad_memory_release and the same two numbers. */
AD_API void *ad_memory_take(ad_memory *memory, size_t count, size_t bytes);

/* Gives back a block that ad_memory_take returned for the same `count` and `bytes`. A NULL block is allowed. */
AD_API void ad_memory_release(ad_memory *memory, void *block, size_t count, size_t bytes);

#endif
