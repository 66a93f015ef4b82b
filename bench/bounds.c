#include "bounds.h"

#include <gradtape/processor.h>

#include <stddef.h>
#include <string.h>

#include "timing.h"

#if defined(__x86_64__)
#define FOR(what) __attribute__((target(what)))
#endif

enum { SUMS = 12, TURNS = 20000, BLOCKS = 200 };

/* ---- Multiplying and adding -------------------------------------------------------------------------------------- */

/* SUMS chains of multiply-adds, more than any core has under way at once; with their two factors they fit 16 registers.
 * The sums converge, so that no number becomes small. */
#define PEAK(name, real, bytes, target)                                                                                \
    target static double name(void)                                                                                    \
    {                                                                                                                  \
        typedef real vector __attribute__((vector_size(bytes)));                                                       \
        static volatile real start = (real)0.5;                                                                        \
        const vector factor = start - (vector){0}, term = factor;                                                      \
        vector s[SUMS], total = {0};                                                                                   \
        for (int i = 0; i < SUMS; i++)                                                                                 \
            s[i] = factor + (real)i;                                                                                   \
        for (int turn = 0; turn < TURNS; turn++)                                                                       \
            for (int i = 0; i < SUMS; i++)                                                                             \
                s[i] = s[i] * factor + term;                                                                           \
        for (int i = 0; i < SUMS; i++)                                                                                 \
            total += s[i];                                                                                             \
        start = total[0] < 0 ? (real)0 : (real)0.5;                                                                    \
        return 2.0 * SUMS * TURNS * (bytes / sizeof(real));                                                            \
    }

#if defined(__x86_64__)
PEAK(flops_f32_baseline, float, 16, )
PEAK(flops_f64_baseline, double, 16, )
PEAK(flops_f32_avx2, float, 32, FOR("avx2,fma"))
PEAK(flops_f64_avx2, double, 32, FOR("avx2,fma"))
PEAK(flops_f32_avx512, float, 64, FOR("avx512f"))
PEAK(flops_f64_avx512, double, 64, FOR("avx512f"))
#else
PEAK(flops_f32_baseline, float, 16, )
PEAK(flops_f64_baseline, double, 16, )
#endif

/* ---- Reading and writing ----------------------------------------------------------------------------------------- */

static inline __attribute__((always_inline)) void touch_all(const ad_update_block *b)
{
    float *restrict x = b->x;
    const float *restrict g = b->dx;
    float *restrict s0 = b->state[0], *restrict s1 = b->state[1];
    for (size_t i = 0; i < b->n && !s0; i++)
        x[i] += g[i];
    for (size_t i = 0; i < b->n && s0 && !s1; i++) {
        s0[i] += g[i];
        x[i] += g[i];
    }
    for (size_t i = 0; i < b->n && s1; i++) {
        s0[i] += g[i];
        s1[i] += g[i];
        x[i] += g[i];
    }
}

static void touch_baseline(const ad_update_block *b) { touch_all(b); }

#if defined(__x86_64__)
/* For AVX-512 too, where vectors of 64 bytes are not faster. */
FOR("avx2") static void touch_avx2(const ad_update_block *b) { touch_all(b); }
#endif

/* ---- Choosing ---------------------------------------------------------------------------------------------------- */

/* What goes with the library's kernels; flops[type] does its arithmetic once and returns how much that was. */
static const struct kernels {
    const char *name;
    double (*flops[2])(void);
    void (*touch)(const ad_update_block *b);
} kernels[] = {
    {"baseline", {flops_f32_baseline, flops_f64_baseline}, touch_baseline},
#if defined(__x86_64__)
    {"avx2", {flops_f32_avx2, flops_f64_avx2}, touch_avx2},
    {"avx512", {flops_f32_avx512, flops_f64_avx512}, touch_avx2},
#endif
};

static const struct kernels *chosen(void)
{
    for (size_t i = 1; i < sizeof kernels / sizeof *kernels; i++)
        if (!strcmp(kernels[i].name, ad_kernels()))
            return &kernels[i];
    return kernels;
}

double peak_flops(ad_type type)
{
    double (*const work)(void) = chosen()->flops[type == AD_F64];
    static double seconds[BLOCKS];
    double flops = 0;
    for (size_t i = 0; i < BLOCKS; i++) {
        const double start = seconds_now();
        flops = work();
        seconds[i] = seconds_now() - start;
    }
    return flops / timing_of(seconds, BLOCKS).min;
}

void touch(const ad_update_block *b) { chosen()->touch(b); }
