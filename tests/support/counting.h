#ifndef TESTS_COUNTING_H
#define TESTS_COUNTING_H
/* An allocator that counts, watches and fails on command, for a tape, a data set or a classifier:
 *
 *   counting memory;
 *   counting_open(&memory);
 *   ad_tape *t = ad_tape_open(&(ad_tape_options){.allocator = &memory.allocator});
 *   counting_fail(&memory, 3, COUNTING_ONCE);
 *   ... the third call from here on gives NULL ...
 *   ad_tape_close(t);
 *   counting_check_released(&memory);
 *
 * It belongs to one thread at a time. */
#include <gradtape/memory.h>

typedef enum counting_failure {
    COUNTING_NEVER,
    COUNTING_ONCE,     /* only the k-th call gives NULL */
    COUNTING_FOR_GOOD, /* the k-th call and all after it do */
} counting_failure;

typedef struct counting {
    ad_allocator allocator;
    size_t calls;          /* of allocate, those refused too, since counting_open, counting_fail or counting_heal */
    size_t refused;        /* calls that got NULL since counting_open */
    size_t largest;        /* the largest request ever, those refused too */
    size_t blocks, bytes;  /* given and not taken back */
    size_t wrong_releases; /* of another size than was asked for, or of what this allocator did not give */
    size_t limit;          /* larger requests are refused, so that tests of huge sizes do no harm; 0: no limit */
    size_t total;          /* requests that would make `bytes` more than this are refused too; 0: no limit */
    unsigned char garbage; /* what blocks are filled with; 0xA5 after counting_open */
    size_t fail_at;
    counting_failure failure;
} counting;

/* Starts with nothing counted, nothing failing, and no limits. */
void counting_open(counting *memory);

/* The k-th call from now on fails, k from 1. */
void counting_fail(counting *memory, size_t k, counting_failure failure);

/* From now on nothing fails. */
void counting_heal(counting *memory);

/* Prints how many calls a test has refused, in a line that docs/promises.md adds up. */
void counting_print_refused(size_t n, const char *what);

/* Fails the running test of Check unless all blocks were given back, each with its own size. */
void counting_check_released(const counting *memory);

#endif
