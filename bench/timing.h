#ifndef BENCH_TIMING_H
#define BENCH_TIMING_H
/* What the benchmarks share: a clock, and the minimum and median of many blocks. */
#include <stddef.h>

double seconds_now(void);

typedef struct timing {
    double min, median;
} timing;

/* Of n measurements, n at least 1; sorts them. */
timing timing_of(double *seconds, size_t n);

#endif
