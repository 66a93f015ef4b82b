/* Philox4x32-10, and what is drawn from it. */
#include "random.h"

#include <math.h>

void ad_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4])
{
    if (!counter || !key || !words)
        return;
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = (uint64_t)0xD2511F53 * c0, p1 = (uint64_t)0xCD9E8D57 * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9;
        k1 += 0xBB67AE85;
    }
    words[0] = c0;
    words[1] = c1;
    words[2] = c2;
    words[3] = c3;
}

uint64_t ad_stream(ad_stream_use use, uint64_t number)
{
    return (uint64_t)use << 56 | (number & (AD_STREAM_NUMBERS - 1));
}

static uint32_t low(uint64_t x) { return (uint32_t)x; }
static uint32_t high(uint64_t x) { return (uint32_t)(x >> 32); }

/* The four words of the block that has word number `index`. */
static void block_of(uint64_t seed, uint64_t stream, uint64_t index, uint32_t words[4])
{
    ad_philox((const uint32_t[]){low(index / 4), high(index / 4), low(stream), high(stream)},
              (const uint32_t[]){low(seed), high(seed)}, words);
}

/* Eight blocks side by side, which the compiler turns into vectors. */
enum { LANES = AD_WORDS / 4 };

static void lanes_of(uint64_t seed, uint64_t stream, uint64_t block, uint32_t words[AD_WORDS])
{
    uint32_t c[4][LANES], k0 = low(seed), k1 = high(seed);
    for (int i = 0; i < LANES; i++) {
        c[0][i] = low(block + (uint64_t)i);
        c[1][i] = high(block + (uint64_t)i);
        c[2][i] = low(stream);
        c[3][i] = high(stream);
    }
    for (int round = 0; round < 10; round++, k0 += 0x9E3779B9, k1 += 0xBB67AE85)
        for (int i = 0; i < LANES; i++) {
            const uint64_t p0 = (uint64_t)0xD2511F53 * c[0][i], p1 = (uint64_t)0xCD9E8D57 * c[2][i];
            c[0][i] = high(p1) ^ c[1][i] ^ k0;
            c[2][i] = high(p0) ^ c[3][i] ^ k1;
            c[1][i] = low(p1);
            c[3][i] = low(p0);
        }
    for (int i = 0; i < AD_WORDS; i++)
        words[i] = c[i % 4][i / 4];
}

void ad_random_words(uint64_t seed, uint64_t stream, uint64_t first, size_t n, uint32_t *words)
{
    for (size_t i = 0; i < n; i += AD_WORDS)
        lanes_of(seed, stream, (first + i) / 4, words + i);
}

/* Box and Muller (1958): from u in (0, 1] and v in [0, 1), sqrt(-2 ln u) times cos 2 pi v and sin 2 pi v. */
void ad_normal_pair(const uint32_t words[2], double z[2])
{
    const double u = ((double)words[0] + 1) * 0x1p-32, angle = 6.283185307179586476925 * 0x1p-32 * (double)words[1];
    const double radius = sqrt(-2 * log(u));
    z[0] = radius * cos(angle);
    z[1] = radius * sin(angle);
}

uint32_t ad_random_bits(uint64_t seed, uint64_t stream, uint64_t index)
{
    uint32_t words[4];
    block_of(seed, stream, index, words);
    return words[index % 4];
}

double ad_random_uniform(uint64_t seed, uint64_t stream, uint64_t index)
{
    return (double)ad_random_bits(seed, stream, index) * 0x1p-32;
}

/* Place i takes words 2i and 2i+1, so two places share a block. */
void ad_random_permutation(uint64_t seed, uint64_t stream, int64_t n, int32_t *order)
{
    const uint64_t inverted = stream ^ UINT64_C(1) << 63;
    uint32_t words[4];
    if (!order)
        return;
    for (int64_t i = 0; i < n; i++)
        order[i] = (int32_t)i;
    for (int64_t i = n - 1; i > 0; i--) {
        if (i % 2 || i == n - 1)
            block_of(seed, inverted, 2 * (uint64_t)i, words);
        const uint32_t *pair = words + i % 2 * 2;
        const int64_t j = (int64_t)(((uint64_t)pair[0] << 32 | pair[1]) % ((uint64_t)i + 1));
        const int32_t swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
    }
}
