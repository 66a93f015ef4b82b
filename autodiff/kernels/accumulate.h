#ifndef AUTODIFF_KERNELS_ACCUMULATE_H
#define AUTODIFF_KERNELS_ACCUMULATE_H
#include <gradtape/operator.h>

/* sum += g, as many elements of its type as sum has. */
void ad_accumulate(ad_value *sum, const void *g);

#endif
