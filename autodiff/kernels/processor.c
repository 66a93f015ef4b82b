/* Which kernels fit the processor. */
#include <gradtape/processor.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

static const char *const names[AD_PROCESSORS] = {"baseline", "avx2", "avx512"};
static uint8_t chosen = AD_BASELINE;

static uint8_t best(void)
{
#if defined(AD_HAS_X86_KERNELS)
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        return AD_AVX512;
    return avx2 ? AD_AVX2 : AD_BASELINE;
#else
    return AD_BASELINE;
#endif
}

static void choose(void)
{
    chosen = best();
    const char *asked = getenv("AD_PROCESSOR");
    for (uint8_t i = 0; asked && i < chosen; i++)
        if (!strcmp(asked, names[i]))
            chosen = i;
}

void ad_processor_prepare(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, choose);
}

uint8_t ad_processor(void) { return chosen; }

const char *ad_kernels(void)
{
    ad_processor_prepare();
    return names[chosen];
}
