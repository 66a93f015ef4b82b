#ifndef GRADTAPE_OPERATORS_SCANS_H
#define GRADTAPE_OPERATORS_SCANS_H
/* Along one axis: running totals and sorting. A negative axis counts from the last. */
#include <gradtape/operator.h>

/* y_i = sum of x_j, j <= i :  dx_j = sum of dy_i, i >= j */
AD_API ad_tensor ad_cumsum(ad_tensor x, int axis);
/* y_i = product of x_j, j <= i :  dx_j = sum of dy_i (product of x_l, l <= i, l != j), i >= j. Gradients are exact with
 * zeros and take linear time, to any order. */
AD_API ad_tensor ad_cumprod(ad_tensor x, int axis);
/* y_i = max of x_j, j <= i :  dy_i goes to the largest x_j, j <= i, of ties to the last. NaN from the first NaN on. */
AD_API ad_tensor ad_cummax(ad_tensor x, int axis);
/* y_i = ln sum of e^x_j, j <= i, without overflow :  dx_j = sum of e^(x_j - y_i) dy_i, i >= j; 0 where x is -inf,
 * NaN where it is +inf */
AD_API ad_tensor ad_logcumsumexp(ad_tensor x, int axis);

/* sort: the elements in ascending order, NaN last, equal ones in the order they had :  dx = dy put back in its places.
 * argsort: the places that they had, i32. Not differentiable. */
AD_API ad_tensor ad_sort(ad_tensor x, int axis);
AD_API ad_tensor ad_argsort(ad_tensor x, int axis);

/* The k largest along the axis, descending :  dx = dy put back in its places, 0 elsewhere. NaN counts as the largest;
 * equal elements keep their order. The places that they had, i32, go into `indices`, unless it is NULL. A k outside
 * 0..size is an error. */
AD_API ad_tensor ad_top_k(ad_tensor x, int64_t k, int axis, ad_tensor *indices);

#endif
