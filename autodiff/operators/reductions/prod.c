/* The product over axes. The gradient is exact with zeros: the product of the others is made of the products before and
 * after, never of a quotient. */
#include "reduce.h"

FOLD(prod, 1, y *x)

#ifndef AD_REAL

AD_FAMILY(reductions_prod)

static void prod_run(ad_call *c) { ad_reduce_into(c, &prod_loops, c->y[0]->data, 1); }

/* y = product of x :  dx = dy times the product of the others: of those on the last axis, times, for each axis further
 * out, the others of what the product over the axes within has left */
static void prod_vjp(ad_pullback *p)
{
    const ad_axes axes = ad_attribute_at(p, 0)->axes;
    ad_tensor left = ad_x(p, 0), dx = ad_keep_axes(p, ad_dy(p));
    const int rank = ad_shape_of(left).rank, count = axes.count ? axes.count : rank;
    for (int i = count - 1; i >= 0; i--) {
        const int axis = axes.count ? axes.axis[i] : i;
        dx = ad_mul(ad_mul(ad_prod_before(left, axis), ad_prod_after(left, axis)), dx);
        left = i ? ad_prod_over(left, AD_KEEP_AXES(axis)) : left;
    }
    ad_give(p, 0, dx);
}

AD_OPERATOR(prod,
    OVER_AXES,
    SAMPLES(ad_samples_over_axes),
    .run = prod_run,
    .vjp = prod_vjp,
    .formula = "product of x over axes",
    .gradient = "dy times the product of the others",
    .convention = "1 over nothing; exact with zeros",
);

ad_tensor ad_prod_over(ad_tensor x, ad_axes axes) { return ad_over(&ad_operator_prod, x, axes); }
ad_tensor ad_prod(ad_tensor x) { return ad_prod_over(x, AD_ALL_AXES); }

#endif
