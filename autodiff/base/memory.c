/* The meter over the allocator. The only file that calls malloc and free. */
#define _DEFAULT_SOURCE /* for MAP_ANONYMOUS */
#include "memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

static void *standard_allocate(void *context, size_t bytes)
{
    (void)context;
    return malloc(bytes);
}

static void standard_release(void *context, void *block, size_t bytes)
{
    (void)context;
    (void)bytes;
    free(block);
}

ad_memory ad_memory_over(const ad_allocator *allocator)
{
    static const ad_allocator standard = {.allocate = standard_allocate, .release = standard_release};
    return (ad_memory){.allocator = allocator ? *allocator : standard};
}

bool ad_multiply_sizes(size_t a, size_t b, size_t *product)
{
    bool fits = b == 0 || a <= SIZE_MAX / b;
    if (product)
        *product = fits ? a * b : SIZE_MAX;
    return fits;
}

/* SIZE_MAX if the size does not fit. */
static size_t block_bytes(size_t count, size_t bytes)
{
    size_t total;
    if (__builtin_mul_overflow(count, bytes, &total))
        return SIZE_MAX;
    return total ? total : 1;
}

void *ad_memory_take(ad_memory *memory, size_t count, size_t bytes)
{
    size_t total = block_bytes(count, bytes);
    if (!memory || !memory->allocator.allocate || total > PTRDIFF_MAX)
        return NULL;
    void *block = memory->allocator.allocate(memory->allocator.context, total);
    memory->usage.allocations++;
    if (block) {
        memory->usage.bytes += total;
        if (memory->usage.bytes > memory->usage.peak_bytes)
            memory->usage.peak_bytes = memory->usage.bytes;
    }
    return block;
}

void ad_memory_release(ad_memory *memory, void *block, size_t count, size_t bytes)
{
    if (!memory || !block)
        return;
    size_t total = block_bytes(count, bytes);
    memory->usage.bytes -= total;
    if (memory->allocator.release)
        memory->allocator.release(memory->allocator.context, block, total);
}

/* The kernel counts memory of this kind against every limit, though no page of it is touched. */
bool ad_memory_is_left(size_t bytes)
{
    void *room = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return room != MAP_FAILED && munmap(room, bytes) == 0;
}
