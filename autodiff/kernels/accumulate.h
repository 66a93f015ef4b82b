#ifndef AUTODIFF_KERNELS_ACCUMULATE_H
#define AUTODIFF_KERNELS_ACCUMULATE_H
#include <gradtape/operator.h>

/* sum += g, of the same shape and type. */
void ad_accumulate(ad_value *sum, const ad_value *g);

#endif
