/* The state that OpenBLAS shares with the host.
 *
 * `running` counts the threads of ours that may be in OpenBLAS. It is under a lock that is held for some instructions,
 * for longer only where buffers are mapped. */
#include "openblas.h"

#include <cblas.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>

#include <gradtape/threads.h>

#include "memory.h"

/* How OpenBLAS takes a buffer for a call and gives it back. A buffer stays mapped. An OpenBLAS that does not export
 * these gets its buffers unasked. */
void *blas_memory_alloc(int kind) __attribute__((weak));
void blas_memory_free(void *buffer) __attribute__((weak));

#if defined(__powerpc__)
static const size_t buffer_bytes = (size_t)256 << 20; /* the largest of any version (BUFFER_SIZE) */
#else
static const size_t buffer_bytes = (size_t)128 << 20;
#endif
static const size_t page = 1 << 16, stack_bytes = (size_t)8 << 20;

/* OpenBLAS has places for at least so many buffers beside those of its own threads. */
enum { MOST_BUFFERS = AD_MAX_THREADS + 1 };

static struct {
    atomic_flag lock;
    int running;    /* threads of ours that may be in OpenBLAS */
    int mapped;     /* buffers that OpenBLAS has for them */
    int hosts;      /* the host's number of threads, while it is not set; 0: it is set */
    int most_hosts; /* the largest that was seen: OpenBLAS has one thread of its own less */
    atomic_bool has_forked;
    atomic_bool has_no_threads; /* a fork ended OpenBLAS's own: the next setting starts them */
} shared = {.lock = ATOMIC_FLAG_INIT};

static void lock(void)
{
    while (atomic_flag_test_and_set_explicit(&shared.lock, memory_order_acquire))
        sched_yield();
}

static void unlock(void) { atomic_flag_clear_explicit(&shared.lock, memory_order_release); }

/* ---- Forks ------------------------------------------------------------------------------------------------------- */

/* OpenBLAS ends its threads before a fork, in the parent as well. */
static void after_fork(void) { shared.has_forked = shared.has_no_threads = true; }

/* In the child no other thread is in OpenBLAS, or ever gives the lock back. */
static void after_fork_in_child(void)
{
    shared.running = 0;
    unlock();
    after_fork();
}

/* When the library is loaded: a fork before the first call counts too. */
__attribute__((constructor)) static void watch_forks(void)
{
    shared.most_hosts = openblas_get_num_threads();
    pthread_atfork(NULL, after_fork, after_fork_in_child);
}

/* ---- Threads, with the lock held --------------------------------------------------------------------------------- */

/* A thread that cannot be started ends the process: OpenBLAS raises SIGINT. */
static bool set_threads(int threads)
{
    if (shared.has_no_threads) {
        if (!ad_memory_is_left((size_t)shared.most_hosts * (stack_bytes + page)))
            return false;
        shared.has_no_threads = false;
    }
    openblas_set_num_threads(threads);
    return true;
}

/* Also where others of ours run: the host may have set its number meanwhile. */
static bool take_threads(void)
{
    const int now = openblas_get_num_threads();
    if (now == 1)
        return true;
    shared.hosts = now;
    if (shared.most_hosts < now)
        shared.most_hosts = now;
    return set_threads(1);
}

static void give_threads_back(void)
{
    if (shared.hosts && (openblas_get_num_threads() != 1 || set_threads(shared.hosts)))
        shared.hosts = 0;
}

/* ---- Buffers, with the lock held --------------------------------------------------------------------------------- */

/* OpenBLAS maps a buffer when all that it has are taken, so as many are taken at once as are wanted, and given back.
 *
 * Threads of ours that run may have theirs now, or between two calls not. Threads of OpenBLAS keep theirs. But those
 * that it starts after a fork take them some time later, and until then they are counted in. */
static bool map_buffers(int wanted)
{
    void *taken[2 * MOST_BUFFERS];
    const int late = shared.has_forked ? shared.most_hosts - 1 : 0, all = wanted + late;
    const int more = wanted - shared.mapped + shared.running + (shared.has_no_threads ? 0 : late);
    int n = 0;
    if (blas_memory_alloc && blas_memory_free) {
        if (wanted + shared.running > MOST_BUFFERS || late > MOST_BUFFERS ||
            !ad_memory_is_left((size_t)more * (buffer_bytes + page)))
            return false;
        while (n < all && (taken[n] = blas_memory_alloc(0)))
            n++;
        for (int i = 0; i < n; i++)
            blas_memory_free(taken[i]);
        if (n < all)
            return false;
    }
    shared.mapped = wanted;
    return true;
}

static bool grant(int threads)
{
    if (shared.running + threads > shared.mapped && !map_buffers(shared.running + threads))
        return false;
    shared.running += threads;
    return true;
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

bool ad_openblas_begin(void)
{
    lock();
    bool begins = grant(1);
    while (!begins && shared.running > 0) { /* these will end */
        unlock();
        sched_yield();
        lock();
        begins = (shared.running == 0 || shared.running < shared.mapped) && grant(1);
    }
    if (begins && !take_threads()) {
        shared.running--;
        begins = false;
    }
    unlock();
    return begins;
}

bool ad_openblas_widen(int threads)
{
    lock();
    const bool begins = grant(threads);
    unlock();
    return begins;
}

void ad_openblas_end(int threads)
{
    lock();
    shared.running -= threads;
    if (shared.running == 0)
        give_threads_back();
    unlock();
}
