#ifndef GRADTAPE_OPERATORS_REDUCTIONS_H
#define GRADTAPE_OPERATORS_REDUCTIONS_H
/* Reductions over axes.
 *
 * The short form, ad_sum(x), reduces over all axes to a scalar. The other, ad_sum_over(x, axes), reduces over
 * AD_AXES(...), or over AD_KEEP_AXES(...), which leaves those axes with size 1. Over nothing: sum and norm 0, product
 * 1, logsumexp -inf, mean and variance NaN; max, min and their places are an error that names the axis.
 *
 * Sums of either type are right to a few roundings of the sum of sizes, for 10^8 elements and over any axes. A result
 * that can be represented is not lost because something on the way overflows, or is too small for its square. */
#include <gradtape/operator.h>

/* sum x :  dx = dy, broadcast */
AD_API ad_tensor ad_sum(ad_tensor x);
AD_API ad_tensor ad_sum_over(ad_tensor x, ad_axes axes);

/* (sum x) / n :  dx = dy / n, broadcast */
AD_API ad_tensor ad_mean(ad_tensor x);
AD_API ad_tensor ad_mean_over(ad_tensor x, ad_axes axes);
/* In ad_sub(x, ad_mean(x)) the mean is rounded first, which costs digits of data far from 0. ad_deviations
 * (operators/backward.h) is x less its mean with all digits. */

/* sum x^2 :  dx = 2 x dy. One pass over x forward, one backward. */
AD_API ad_tensor ad_sum_squares(ad_tensor x);
AD_API ad_tensor ad_sum_squares_over(ad_tensor x, ad_axes axes);

/* The product :  dx = dy times the product of the others. That is exact with zeros, to any order: it is made of the
 * products before and after an element, not of a quotient. */
AD_API ad_tensor ad_prod(ad_tensor x);
AD_API ad_tensor ad_prod_over(ad_tensor x, ad_axes axes);

/* The largest (max), the smallest (min) :  it takes dy; ties share dy equally. NaN if an element is NaN. */
AD_API ad_tensor ad_max(ad_tensor x);
AD_API ad_tensor ad_max_over(ad_tensor x, ad_axes axes);
AD_API ad_tensor ad_min(ad_tensor x);
AD_API ad_tensor ad_min_over(ad_tensor x, ad_axes axes);

/* Where the largest (argmax) or the smallest (argmin) is: an i32 index along the axis. Among several axes the index is
 * row-major in the order of the tensor's axes, whatever the order of the list: over axes 0 and 2 of [n,m,k] it is
 * i k + j, also for AD_AXES(2, 0). Of ties the first in this order; if there is a NaN, the first NaN. Not
 * differentiable. */
AD_API ad_tensor ad_argmax(ad_tensor x);
AD_API ad_tensor ad_argmax_over(ad_tensor x, ad_axes axes);
AD_API ad_tensor ad_argmin(ad_tensor x);
AD_API ad_tensor ad_argmin_over(ad_tensor x, ad_axes axes);

/* ln sum e^x, without overflow :  dx = e^(x-y) dy, 0 where x is -inf, NaN where it is +inf */
AD_API ad_tensor ad_logsumexp(ad_tensor x);
AD_API ad_tensor ad_logsumexp_over(ad_tensor x, ad_axes axes);

/* var: the sum of squared distances from the mean, divided by n - correction :
 * dx = 2 (x - mean) dy / (n - correction).
 * The distances keep their digits whatever the mean is, and are 0 where all elements are equal; the gradients sum to 0.
 * std: the root of var :  dx = (x - mean) dy / (y (n - correction)), 0 where y = 0.
 * Correction 0 is the variance of a whole population, and that of the short forms; 1 is the unbiased estimate from a
 * sample. Where n is not above the correction the divisor is 0: the result is NaN or infinite. A correction below 0 or
 * not finite is an error. */
AD_API ad_tensor ad_var(ad_tensor x);
AD_API ad_tensor ad_var_over(ad_tensor x, double correction, ad_axes axes);
AD_API ad_tensor ad_std(ad_tensor x);
AD_API ad_tensor ad_std_over(ad_tensor x, double correction, ad_axes axes);

/* The norm, of one of three orders; the short form has order 2. Another order is an error.
 * Order 1: sum |x| :  dx = sign(x) dy.
 * Order 2: sqrt(sum x^2), without overflow or underflow :  dx = x dy / y.
 * Order INFINITY: max |x| :  dx = sign(x) dy to the largest; ties share dy equally.
 * Where the norm is 0 the gradients are 0, and so are their own derivatives. NaN if an element is NaN. */
AD_API ad_tensor ad_norm(ad_tensor x);
AD_API ad_tensor ad_norm_over(ad_tensor x, double order, ad_axes axes);

/* The sum of the diagonal of the matrices in the last two axes, [..., m, n] to [...] :  dx = dy on the diagonal, else
 * 0. A tensor of fewer than two axes is an error. */
AD_API ad_tensor ad_trace(ad_tensor x);

#endif
