#ifndef AUTODIFF_FORWARD_WITH_BLAS_H
#define AUTODIFF_FORWARD_WITH_BLAS_H
/* Kernels that multiply matrices, or call BLAS or LAPACK (base/openblas.h). What they need, room and OpenBLAS's buffer,
 * is found here; if it is not there, the call fails. */
#include "../kernels/product.h"

/* Computes a product in a kernel. */
void ad_run_product(ad_call *c, ad_product *p);

/* Runs the part of a kernel that calls BLAS or LAPACK. */
void ad_run_with_blas(ad_call *c, void (*run)(ad_call *c));

#endif
