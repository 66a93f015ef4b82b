#ifndef BENCH_PAIRS_H
#define BENCH_PAIRS_H
/* One product both ways: by a call of the library on a tape that is reset each time, and by bare calls of OpenBLAS.
 * Both read the same memory. */
#include <gradtape/tensor.h>

#include "products.h"

typedef struct product_pair {
    const product *p;
    ad_tape *tape;
    ad_tensor a, b;
    const void *data_a, *data_b; /* of a and b */
    void *c;                     /* OpenBLAS's result */
} product_pair;

/* Makes random operands and computes both results. Ends the program if they differ, since times would then mean
 * nothing, or if memory is out. free_pair frees the pair; the product must last as long. */
product_pair make_pair(const product *p);
void free_pair(product_pair *both);

/* Return the seconds of one call, the mean of so many. */
double time_pair_by_tape(const product_pair *both, long calls);
double time_pair_by_blas(const product_pair *both, long calls);

#endif
