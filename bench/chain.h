#ifndef BENCH_CHAIN_H
#define BENCH_CHAIN_H
#include <gradtape/tensor.h>

/* `n` operators, a multiple of 4, of mul, add, tanh and sub, in a chain that uses x everywhere. */
ad_tensor chain(ad_tensor x, int n);

#endif
