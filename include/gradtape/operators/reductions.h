#ifndef GRADTAPE_OPERATORS_REDUCTIONS_H
#define GRADTAPE_OPERATORS_REDUCTIONS_H
/* Reductions over axes.
 *
 * The short form, ad_sum(x), reduces over all axes to a scalar. The other, ad_sum_over(x, axes), reduces over
 * AD_AXES(...), or over AD_KEEP_AXES(...), which leaves those axes with size 1. Over nothing: sum and norm 0, product
 * 1, logsumexp -inf, mean and variance NaN; max, min and their places are an error that names the axis. */
#include <gradtape/operator.h>

/* sum x :  dx = dy, broadcast */
AD_API ad_tensor ad_sum(ad_tensor x);
AD_API ad_tensor ad_sum_over(ad_tensor x, ad_axes axes);

/* (sum x) / n :  dx = dy / n, broadcast */
AD_API ad_tensor ad_mean(ad_tensor x);
AD_API ad_tensor ad_mean_over(ad_tensor x, ad_axes axes);

/* sum x^2, in one pass over x :  dx = 2 x dy, in another */
AD_API ad_tensor ad_sum_squares(ad_tensor x);
AD_API ad_tensor ad_sum_squares_over(ad_tensor x, ad_axes axes);

/* The product :  dx = dy times the product of the others, which is exact with zeros too, to any order: it is made of
 * the products before and after, not of a quotient. */
AD_API ad_tensor ad_prod(ad_tensor x);
AD_API ad_tensor ad_prod_over(ad_tensor x, ad_axes axes);

/* The largest, the smallest :  they take dy, ties in equal shares. NaN if any is NaN. */
AD_API ad_tensor ad_max(ad_tensor x);
AD_API ad_tensor ad_max_over(ad_tensor x, ad_axes axes);
AD_API ad_tensor ad_min(ad_tensor x);
AD_API ad_tensor ad_min_over(ad_tensor x, ad_axes axes);

/* Where the largest or smallest is, the first if several tie, the first NaN if there is one: an i32 index along the
 * axis, or, of several axes, in their row-major order. Not differentiable. */
AD_API ad_tensor ad_argmax(ad_tensor x);
AD_API ad_tensor ad_argmax_over(ad_tensor x, ad_axes axes);
AD_API ad_tensor ad_argmin(ad_tensor x);
AD_API ad_tensor ad_argmin_over(ad_tensor x, ad_axes axes);

/* ln sum e^x, without overflow :  dx = e^(x-y) dy, 0 where x is -inf, NaN where it is +inf */
AD_API ad_tensor ad_logsumexp(ad_tensor x);
AD_API ad_tensor ad_logsumexp_over(ad_tensor x, ad_axes axes);

/* var: the sum of squared distances from the mean over n - correction; correction 1 is the unbiased estimate, 0 that of
 * a whole population :  dx = 2 (x - mean) dy / (n - correction). std: its root :
 * dx = (x - mean) dy / (y (n - correction)), 0 where y = 0. Where n is not above the correction the divisor is 0, so
 * that the result is NaN, or infinite. A correction below 0 or not finite is an error.
 * The short forms have the correction 0. */
AD_API ad_tensor ad_var(ad_tensor x);
AD_API ad_tensor ad_var_over(ad_tensor x, double correction, ad_axes axes);
AD_API ad_tensor ad_std(ad_tensor x);
AD_API ad_tensor ad_std_over(ad_tensor x, double correction, ad_axes axes);

/* The norm of order 1, sum |x| :  dx = sign(x) dy; of order 2, sqrt(sum x^2), without overflow or underflow :  dx = x
 * dy / y; of order INFINITY, max |x| :  dx = sign(x) dy to the largest, ties in equal shares. All of these are 0 where
 * the norm is 0, and so are their own derivatives. Another order is an error. NaN if any is NaN. The short
 * form has the order 2. */
AD_API ad_tensor ad_norm(ad_tensor x);
AD_API ad_tensor ad_norm_over(ad_tensor x, double order, ad_axes axes);

/* The sum of the diagonal of the last two axes, [..., m, n] to [...] :  dx = dy on the diagonal, else 0. A tensor of
 * fewer than two axes is an error. */
AD_API ad_tensor ad_trace(ad_tensor x);

#endif
