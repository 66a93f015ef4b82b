#ifndef GRADTAPE_THREADS_H
#define GRADTAPE_THREADS_H
/* Threads. Work is cut into blocks whose sizes do not depend on the number of threads, each block is computed by one
 * thread, and partial sums are added in the order of the blocks: results are the same bits for any number of threads.
 *
 * The setting is the process's. The threads are made when the first work for them comes, wait for more work for a
 * fraction of a millisecond before they sleep, and end with the process; a child after fork makes its own. Tapes of
 * different threads may compute at once: one of them has the pool, the others go on alone, with the same results. */
#include <stddef.h>
#include <stdint.h>

#include <gradtape/status.h>

#define AD_MAX_THREADS 64

/* How many threads compute, the caller's included: 1 to AD_MAX_THREADS, and not limited to the processors there are; 0,
 * the default, is as many as there are, at most AD_MAX_THREADS. Threads that the system does not give are done without.
 * Returns AD_BAD_VALUE for other numbers, and changes nothing then. */
AD_API ad_status ad_set_threads(int threads);

/* The number that computes now: what was set, or the processors there are. */
AD_API int ad_threads(void);

/* How many blocks a thread has computed since the process began; thread 0 is the caller, whichever it was. */
AD_API uint64_t ad_blocks_computed(int thread);

/* Calls task(context, block) once for each block from 0 to blocks-1, on all threads; returns when all are done. A
 * thread always gets the same run of blocks, so that what it touched stays in its cache. The task must not call this
 * again. A task that is NULL is not called. */
typedef void ad_task(void *context, size_t block);
AD_API void ad_parallel(size_t blocks, ad_task *task, void *context);

#endif
