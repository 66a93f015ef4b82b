#ifndef GRADTAPE_THREADS_H
#define GRADTAPE_THREADS_H
/* Threads. Results are the same bits for any number of threads: work is cut into blocks whose sizes do not depend on
 * that number, each block is computed by one thread, and partial sums are added in the order of the blocks.
 *
 * - The setting belongs to the process.
 * - The threads start with the first work for them. They wait for more work for a fraction of a millisecond before they
 *   sleep, and end with the process. A child after fork makes its own.
 * - The processors may be busy with other programs. While the threads together get less done than the caller alone, the
 *   caller computes alone. It tries the others again at times.
 * - Tapes of different threads may compute at once. One of them has the pool; the others compute alone, with the same
 *   results.
 * - All threads compute in the floating-point environment of the caller: its rounding mode, and whether it flushes
 *   small numbers to zero. Flags that a computation raises (fetestexcept) stay with the thread that raised them. */
#include <stddef.h>
#include <stdint.h>

#include <gradtape/status.h>

/* The most threads that can compute. */
#define AD_MAX_THREADS 64

/* Sets how many threads compute, the caller's included: 1 to AD_MAX_THREADS. The number may exceed that of the
 * processors. 0, the default, means one for each processor that the process may use (taskset), at most AD_MAX_THREADS:
 * they are counted at the first use, and again where 0 is set. If the system refuses a thread, work goes on with fewer.
 * Waits until no other thread uses the pool. Errors: any other number (AD_BAD_VALUE); a call from a task of
 * ad_parallel, which would wait for itself (AD_BAD_STATE). The setting is then unchanged. */
AD_API ad_status ad_set_threads(int threads);

/* Returns the number of threads that compute now: the number set, or that of the processors. */
AD_API int ad_threads(void);

/* Returns how many blocks a thread has computed since the process began. Thread 0 is the caller, whichever thread that
 * was. */
AD_API uint64_t ad_blocks_computed(int thread);

/* Work on one block. It must not call ad_set_threads. If it calls ad_parallel, it computes all blocks of that call
 * alone. */
typedef void ad_task(void *context, size_t block);

/* Calls task(context, block) once for each block from 0 to blocks-1, on all threads that have a processor. Returns when
 * all are done. A thread begins with the same range of blocks each time, so that their data stays in its cache; then it
 * takes those that others have not begun. A NULL task is not called. */
AD_API void ad_parallel(size_t blocks, ad_task *task, void *context);

#endif
