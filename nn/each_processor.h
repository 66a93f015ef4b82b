#ifndef GRADTAPE_NN_EACH_PROCESSOR_H
#define GRADTAPE_NN_EACH_PROCESSOR_H
/* Private to nn: loops over plain arrays that are compiled for each processor. */

/* The compiler makes one function for each processor, and the loader chooses. ThreadSanitizer is not ready that early,
 * nor is what the fuzzer counts branches with: its build defines NN_ONE_PROCESSOR. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_THREAD_SANITIZER
#endif
#endif
#if defined(__x86_64__) && !defined(UNDER_THREAD_SANITIZER) && !defined(__SANITIZE_THREAD__) &&                        \
    !defined(NN_ONE_PROCESSOR)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

#endif
