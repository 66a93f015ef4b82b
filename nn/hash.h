#ifndef GRADTAPE_NN_HASH_H
#define GRADTAPE_NN_HASH_H
/* Private to nn: FNV-1a of 64 bits (Fowler, Noll, Vo). */
#include <stddef.h>
#include <stdint.h>

#define NN_HASH_OF_NOTHING UINT64_C(0xcbf29ce484222325)

/* Returns the hash of what `hash` is of, with n bytes behind it. */
static inline uint64_t nn_hash_more(uint64_t hash, const void *bytes, size_t n)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return hash;
}

#endif
