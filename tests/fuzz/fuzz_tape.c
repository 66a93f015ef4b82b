/* The fuzz target for libFuzzer: programs on tapes, right and wrong ones (program.h). `sh tests/fuzz.sh SECONDS` builds
 * and runs it. `build/tests/fuzz/run_programs FILE...` runs a finding again, with any compiler. */
#include <string.h>

#include "program.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n, size_t room, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t n, size_t room);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    fuzz_run(bytes, n, NULL);
    return 0;
}

/* Names rows by their own numbers, so that the program stays what it is when rows are added. */
static void name_rows(uint8_t *bytes, size_t n)
{
    for (size_t at = 0; at + FUZZ_BYTES <= n; at += FUZZ_BYTES) {
        fuzz_instruction in = fuzz_decode(bytes + at);
        in.row = fuzz_row_hash(fuzz_row_of(in.row));
        fuzz_encode(&in, bytes + at);
    }
}

/* Any instruction, each as often as the others, a third of them wrong on purpose. */
static void draw_instruction(uint8_t bytes[FUZZ_BYTES], unsigned seed)
{
    enum { CODES = 16 };
    fuzz_instruction in;
    for (unsigned i = 0; i < FUZZ_BYTES; i++)
        bytes[i] = (uint8_t)ad_random_bits(seed, 0, i);
    in = fuzz_decode(bytes);
    in.code = (uint8_t)(FUZZ_LEAF + 8 * (ad_random_bits(seed, 0, FUZZ_BYTES) % CODES) % 128);
    if (ad_random_bits(seed, 0, FUZZ_BYTES + 1) % 3 == 0)
        in.how = (uint8_t)((in.how & ~FUZZ_WAY) | FUZZ_CLEARS | (FUZZ_WILD + in.how % 3));
    fuzz_encode(&in, bytes);
}

/* Adds an instruction, drops one, or changes the bytes of one. */
static size_t change_instruction(uint8_t *bytes, size_t n, size_t room, unsigned seed)
{
    uint8_t *at = bytes + FUZZ_BYTES * (ad_random_bits(seed, 1, 0) % (n / FUZZ_BYTES));
    const size_t rest = n - (size_t)(at - bytes);
    if (seed % 3 == 0 && n + FUZZ_BYTES <= room) {
        memmove(at + FUZZ_BYTES, at, rest);
        draw_instruction(at, seed);
        return n + FUZZ_BYTES;
    }
    if (seed % 3 == 1 && n > FUZZ_BYTES) {
        memmove(at, at + FUZZ_BYTES, rest - FUZZ_BYTES);
        return n - FUZZ_BYTES;
    }
    LLVMFuzzerMutate(at, FUZZ_BYTES, FUZZ_BYTES);
    return n;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n, size_t room, unsigned seed)
{
    n = n - n % FUZZ_BYTES;
    n = n && seed % 8 ? change_instruction(bytes, n, room, seed) : LLVMFuzzerMutate(bytes, n, room);
    name_rows(bytes, n);
    return n;
}
