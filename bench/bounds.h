#ifndef BENCH_BOUNDS_H
#define BENCH_BOUNDS_H
/* What bounds the library: how fast a core multiplies and adds, and how fast it reads and writes. */
#include <gradtape/tensor.h>
#include <gradtape/update.h>

/* Returns how many multiplications and additions a second one core does in registers, each counted as one, by vectors
 * of the library's kernels (ad_kernels); the most of many blocks. The type is AD_F32 or AD_F64. Takes about 0.1
 * seconds. */
double peak_flops(ad_type type);

/* Reads and writes what an optimiser's pass must, in f32: x and each of at most two states get a little of the
 * gradient. It can be a rule of ad_update_by. */
void touch(const ad_update_block *b);

#endif
