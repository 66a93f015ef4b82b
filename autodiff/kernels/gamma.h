#ifndef AUTODIFF_KERNELS_GAMMA_H
#define AUTODIFF_KERNELS_GAMMA_H
/* The logarithm of the gamma function and its derivatives, of one number in double. The loops of both types and of all
 * processors call these. Relative errors are a few 1e-15 away from zeros of the function. */
#include <stdint.h>

/* ln |Gamma(x)|, the C library's; it sets no global sign and may be called by many threads at once. */
double ad_lgamma_of(double x);

/* psi(x), the derivative of ln Gamma(x). -inf at 0, +inf at -0, NaN at -1, -2, ... and at -inf. */
double ad_digamma_of(double x);

/* The n-th derivative of psi(x), n >= 0. At the poles 0, -1, -2, ... it is +inf for an odd n; for an even one the sides
 * differ: -inf at 0, +inf at -0, NaN at the others. NaN at -inf. Beyond n = 171, where n! leaves double, relative
 * errors grow with the logarithm of the result's factors, to 1e-12 at n = 1000. */
double ad_polygamma_of(int64_t n, double x);

/* v times that, right where the derivative leaves the range of double and the product does not. */
double ad_mul_polygamma_of(double v, int64_t n, double x);

#endif
