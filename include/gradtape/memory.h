#ifndef GRADTAPE_MEMORY_H
#define GRADTAPE_MEMORY_H
/* The one replaceable allocator. Every tape, data set and classifier takes all its memory from the allocator in its
 * options; what OpenBLAS, threads and stdio allocate for themselves is outside it. It is called only from the
 * thread that uses the object. */
#include <stdbool.h>
#include <stddef.h>

#include <gradtape/status.h>

typedef struct ad_allocator {
    /* Returns `bytes` bytes (more than 0) aligned as malloc aligns, or NULL: the caller then reports AD_NO_MEMORY.
     * An allocator without this function gives no memory. */
    void *(*allocate)(void *context, size_t bytes);
    /* Takes back a block that `allocate` gave; `bytes` is the size it was asked for. `block` is never NULL.
     * Without this function nothing is given back. */
    void (*release)(void *context, void *block, size_t bytes);
    void *context;
} ad_allocator;

/* What objects take from an allocator. */
typedef struct ad_usage {
    size_t bytes;       /* taken from the allocator and not given back */
    size_t peak_bytes;  /* the most that `bytes` ever was */
    size_t allocations; /* calls of the allocator so far */
} ad_usage;

/* An allocator with a meter: what the library's own objects take memory through, and yours may. */
typedef struct ad_memory {
    ad_allocator allocator;
    ad_usage usage;
} ad_memory;

/* A meter over a copy of `allocator`; NULL: malloc and free. */
AD_API ad_memory ad_memory_over(const ad_allocator *allocator);

/* a * b into *product, if that is not NULL; false, and *product SIZE_MAX, if it does not fit. */
AD_API bool ad_multiply(size_t a, size_t b, size_t *product);

/* Memory for `count` elements of `bytes` each, as aligned as malloc's; NULL if there is none, the size does not fit
 * or `memory` is NULL. For 0 bytes in all it gives a block all the same. Release it with the same two numbers; a block
 * that is NULL is allowed. */
AD_API void *ad_memory_take(ad_memory *memory, size_t count, size_t bytes);
AD_API void ad_memory_release(ad_memory *memory, void *block, size_t count, size_t bytes);

#endif
