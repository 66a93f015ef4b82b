/* An allocator that counts, watches and fails on command. */
#include "counting.h"

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What lies before each block, as wide as malloc's alignment, so that the block is aligned too. */
typedef union header {
    struct {
        size_t bytes;
        uint64_t mark;
    } of;
    max_align_t alignment;
} header;

#define GIVEN UINT64_C(0x6772616474617065)
#define TAKEN_BACK UINT64_C(0x656e6f6765736c65)

static bool is_refused(counting *memory, size_t bytes)
{
    if (memory->limit && bytes > memory->limit)
        return true;
    if (memory->total && (memory->bytes > memory->total || bytes > memory->total - memory->bytes))
        return true;
    if (memory->failure == COUNTING_FOR_GOOD)
        return memory->calls >= memory->fail_at;
    return memory->failure == COUNTING_ONCE && memory->calls == memory->fail_at;
}

static void *count_allocate(void *context, size_t bytes)
{
    counting *memory = context;
    memory->calls++;
    if (bytes > memory->largest)
        memory->largest = bytes;
    bool refused = is_refused(memory, bytes) || bytes > SIZE_MAX - sizeof(header);
    header *block = refused ? NULL : malloc(sizeof *block + bytes);
    if (!block) {
        memory->refused++;
        return NULL;
    }
    block->of.bytes = bytes;
    block->of.mark = GIVEN;
    memory->blocks++;
    memory->bytes += bytes;
    /* Garbage, always the same: who counts on zeros is found out. */
    return memset(block + 1, memory->garbage, bytes);
}

static void count_release(void *context, void *room, size_t bytes)
{
    counting *memory = context;
    header *block = (header *)room - 1;
    if (block->of.mark != GIVEN || block->of.bytes != bytes) {
        memory->wrong_releases++;
        return;
    }
    block->of.mark = TAKEN_BACK;
    memory->blocks--;
    memory->bytes -= bytes;
    memset(room, 0xDD, bytes);
    free(block);
}

void counting_open(counting *memory)
{
    *memory = (counting){.allocator = {.allocate = count_allocate, .release = count_release, .context = memory},
                         .garbage = 0xA5};
}

void counting_fail(counting *memory, size_t k, counting_failure failure)
{
    memory->calls = 0;
    memory->fail_at = k;
    memory->failure = failure;
}

void counting_heal(counting *memory) { counting_fail(memory, 0, COUNTING_NEVER); }

void counting_print_refused(size_t n, const char *what)
{
    printf("refused: %zu calls of the allocator, %s\n", n, what);
}

void counting_check_released(const counting *memory)
{
    ck_assert_msg(memory->wrong_releases == 0, "%zu blocks were released with another size than was asked for",
                  memory->wrong_releases);
    ck_assert_msg(memory->blocks == 0, "%zu blocks of %zu bytes in all were not released", memory->blocks,
                  memory->bytes);
}
