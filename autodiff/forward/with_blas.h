#ifndef AUTODIFF_FORWARD_WITH_BLAS_H
#define AUTODIFF_FORWARD_WITH_BLAS_H
/* Kernels that call BLAS or LAPACK (base/openblas.h). */
#include "../kernels/product.h"

/* Begins and ends calls of BLAS and LAPACK in a kernel. If there is no memory for them, the call fails and false is
 * returned. */
bool ad_begin_blas(ad_call *c);
void ad_end_blas(void);

/* Computes a product in a kernel. What it needs, room and BLAS, is found here; if it is not there, the call fails. */
void ad_run_product(ad_call *c, ad_product *p);

/* Runs the part of a kernel that makes such calls. */
void ad_run_with_blas(ad_call *c, void (*run)(ad_call *c));

#endif
