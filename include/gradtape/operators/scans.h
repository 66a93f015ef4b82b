#ifndef GRADTAPE_OPERATORS_SCANS_H
#define GRADTAPE_OPERATORS_SCANS_H
/* Along one axis: running totals, sorting. A negative axis counts from the last. */
#include <gradtape/operator.h>

/* y_i = sum of x_j, j <= i :  dx_j = sum of dy_i, i >= j */
AD_API ad_tensor ad_cumsum(ad_tensor x, int axis);
/* y_i = product of x_j, j <= i :  dx_j = sum of dy_i (product of x_l, l <= i, l != j), i >= j; exact with zeros too,
 * and in linear time, to any order */
AD_API ad_tensor ad_cumprod(ad_tensor x, int axis);
/* y_i = max of x_j, j <= i :  each dy_i goes to the last of the largest so far; NaN from the first NaN on */
AD_API ad_tensor ad_cummax(ad_tensor x, int axis);
/* y_i = ln sum of e^x_j, j <= i, without overflow :  dx_j = sum of e^(x_j - y_i) dy_i, i >= j; 0 where x is -inf,
 * NaN where it is +inf */
AD_API ad_tensor ad_logcumsumexp(ad_tensor x, int axis);

/* Ascending, NaN last, equal elements in their order :  dx = dy put back in its places. ad_argsort gives the places,
 * i32: not differentiable. */
AD_API ad_tensor ad_sort(ad_tensor x, int axis);
AD_API ad_tensor ad_argsort(ad_tensor x, int axis);

/* The k largest along the axis, descending (NaN counts as the largest, equal elements are in their order), and, if
 * `indices` is not NULL, where they were, i32 :  dx = dy put back in its places, 0 elsewhere. A k outside 0..size is an
 * error. */
AD_API ad_tensor ad_top_k(ad_tensor x, int64_t k, int axis, ad_tensor *indices);

/* ---- Backward operators ------------------------------------------------------------------------------------------ */

/* y_i = sum of x_j, j >= i: the adjoint of cumsum */
AD_API ad_tensor ad_cumsum_backward(ad_tensor dy, int axis);
/* y_i = product of x_j, j < i, or j > i; 1 where there is none */
AD_API ad_tensor ad_prod_before(ad_tensor x, int axis);
AD_API ad_tensor ad_prod_after(ad_tensor x, int axis);
/* y_i = v_i + a_i y_(i-1), or v_i + a_i y_(i+1) where backwards; v_i where there is no neighbour. Its adjoint is of the
 * same kind, so that gradients of products need neither quotients nor more than linear time. */
AD_API ad_tensor ad_recurrence(ad_tensor a, ad_tensor v, int axis, bool backwards);
/* y_i = x_(i-1), or x_(i+1) where backwards; `edge` where there is no neighbour */
AD_API ad_tensor ad_beside(ad_tensor x, int axis, bool backwards, double edge);

#endif
