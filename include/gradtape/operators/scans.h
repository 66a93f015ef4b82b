#ifndef GRADTAPE_OPERATORS_SCANS_H
#define GRADTAPE_OPERATORS_SCANS_H
/* Along one axis: running totals, sorting. */
#include <gradtape/operator.h>

/* A negative axis counts from the last. Results have the shape of x. */
AD_API ad_tensor ad_cumsum(ad_tensor x, int axis);  /* y_i = sum of x_j, j <= i :  dx_j = sum of dy_i, i >= j */
AD_API ad_tensor ad_cumprod(ad_tensor x, int axis); /* y_i = product of x_j, j <= i :  exact with zeros too */
AD_API ad_tensor ad_cummax(ad_tensor x,
                           int axis); /* y_i = max of x_j, j <= i :  each dy_i to the last of the largest so far */
AD_API ad_tensor
ad_logcumsumexp(ad_tensor x, int axis); /* y_i = ln sum of e^x_j, j <= i :  dx_j = sum of e^(x_j - y_i) dy_i, i >= j */

/* Ascending, NaN last, equal elements in their order :  dx = dy put back in its places. ad_argsort gives the places,
 * i32. */
AD_API ad_tensor ad_sort(ad_tensor x, int axis);
AD_API ad_tensor ad_argsort(ad_tensor x, int axis);

/* The k largest along the axis, descending (NaN counts as the largest), and, if `indices` is not NULL, where they were,
 * i32 :  dx = dy put back in its places, 0 elsewhere. A k outside 0..size is an error. */
AD_API ad_tensor ad_top_k(ad_tensor x, int64_t k, int axis, ad_tensor *indices);

#endif
