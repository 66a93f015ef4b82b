#ifndef BENCH_BLAS_KERNELS_H
#define BENCH_BLAS_KERNELS_H

/* Prints OpenBLAS's version and the processor for which it chose its kernels: those of both sides of a comparison. */
void print_blas_kernels(void);

#endif
