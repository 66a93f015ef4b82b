#ifndef AUTODIFF_BASE_OPENBLAS_H
#define AUTODIFF_BASE_OPENBLAS_H
/* OpenBLAS as the whole process shares it: its number of threads and its buffers.
 *
 * Each call of BLAS and LAPACK stands between ad_openblas_begin and ad_openblas_end. While any of ours runs, OpenBLAS
 * has one thread, so that its number does not change bits. After the last it has the host's number again. Each thread
 * of ours that runs has a buffer: where OpenBLAS cannot map one it tries for ever, so they are mapped before. */
#include <stdbool.h>

/* Begins calls from this thread. Waits while other threads of ours have all the buffers that there can be. Returns
 * false if there is no memory for one: then nothing may be called, and nothing ends. Calls do not nest. */
bool ad_openblas_begin(void);

/* Begins calls from so many further threads, without waiting. Returns false if there is no memory for them. */
bool ad_openblas_widen(int threads);

/* Ends calls from so many threads. */
void ad_openblas_end(int threads);

#endif
