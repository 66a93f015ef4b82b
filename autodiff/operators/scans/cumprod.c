/* Products along an axis. Their gradients are exact with zeros: the product of the others is made of the products
 * before and after, never of a quotient. */
#include "../along_axis.h"

#include "../../kernels/scan.h"

SCAN(cumprod, x, y *(double)x)
SCAN(prod_beside, 1, y *(double)w)
SCAN(recurrence, v, (double)v + (double)x * y)
SCAN(beside, c, w)

#ifndef AD_REAL

AD_FAMILY(scans_cumprod)

/* ---- Products along an axis -------------------------------------------------------------------------------------- */

static ad_direction opposite(ad_direction direction) { return direction == AD_FORWARDS ? AD_BACKWARDS : AD_FORWARDS; }

/* y_i = y_(i-1) x_i :  dx_j = (product of x before j) s_j, where s_j = dy_j + x_(j+1) s_(j+1) gathers what all y_i from
 * j on owe to their factor j */
static void cumprod_vjp(ad_pullback *p)
{
    const int axis = ad_axis_of(p);
    const ad_tensor x = ad_x(p, 0),
                    s = ad_recurrence(ad_beside(x, axis, AD_BACKWARDS, 0), ad_dy(p), axis, AD_BACKWARDS);
    ad_give(p, 0, ad_mul(ad_prod_before(x, axis), s));
}

static void cumprod_run(ad_call *c) { ad_run_along(c, &cumprod_loops, NULL, false, 0); }

AD_OPERATOR(cumprod,
    .arity = 1,
    ALONG_AXIS,
    SAMPLES(ad_samples_along_axis),
    .run = cumprod_run,
    .vjp = cumprod_vjp,
    .formula = "y_i = product of x_j, j <= i",
    .gradient = "sum of dy_i (product of x_l, l <= i, l != j), i >= j",
    .convention = "exact with zeros",
);

ad_tensor ad_cumprod(ad_tensor x, int axis) { return ad_along(&ad_operator_cumprod, x, axis); }

/* With the result y_j = product of x_l, l beside j: those before it, or after it :  dx_j = y_j s_j, where s_j = dy_i +
 * x_i s_i with i the neighbour of j on the other side */
static void prod_beside_vjp(ad_pullback *p, ad_direction direction)
{
    const int axis = ad_axis_of(p);
    const ad_direction back = opposite(direction);
    const ad_tensor x = ad_beside(ad_x(p, 0), axis, back, 0), dy = ad_beside(ad_dy(p), axis, back, 0);
    ad_give(p, 0, ad_mul(ad_y(p), ad_recurrence(x, dy, axis, back)));
}

static void prod_before_run(ad_call *c) { ad_run_along(c, &prod_beside_loops, NULL, false, 0); }
static void prod_before_vjp(ad_pullback *p) { prod_beside_vjp(p, AD_FORWARDS); }

AD_OPERATOR(prod_before,
    .arity = 1,
    ALONG_AXIS,
    SAMPLES(ad_samples_along_axis),
    .run = prod_before_run,
    .vjp = prod_before_vjp,
    .formula = "y_i = product of x_j, j < i",
    .gradient = "sum of dy_i (product of x_l, l < i, l != j), i > j",
    .convention = "1 for the first; exact with zeros",
);

ad_tensor ad_prod_before(ad_tensor x, int axis) { return ad_along(&ad_operator_prod_before, x, axis); }

static void prod_after_run(ad_call *c) { ad_run_along(c, &prod_beside_loops, NULL, true, 0); }
static void prod_after_vjp(ad_pullback *p) { prod_beside_vjp(p, AD_BACKWARDS); }

AD_OPERATOR(prod_after,
    .arity = 1,
    ALONG_AXIS,
    SAMPLES(ad_samples_along_axis),
    .run = prod_after_run,
    .vjp = prod_after_vjp,
    .formula = "y_i = product of x_j, j > i",
    .gradient = "sum of dy_i (product of x_l, l > i, l != j), i < j",
    .convention = "1 for the last; exact with zeros",
);

ad_tensor ad_prod_after(ad_tensor x, int axis) { return ad_along(&ad_operator_prod_after, x, axis); }

/* ---- What the rules of products are made of ---------------------------------------------------------------------- */

/* Of recurrence and beside. */
static ad_direction direction_of(const ad_pullback *p)
{
    return ad_attribute_at(p, 1)->integer ? AD_BACKWARDS : AD_FORWARDS;
}

static void recurrence_run(ad_call *c)
{
    ad_run_along(c, &recurrence_loops, c->x[1]->data, c->attributes[1].integer, 0);
}

/* r_i = v_i + a_i r_(i-1) :  dv_i = dr_i + a_(i+1) dv_(i+1), the same the other way;  da_i = dv_i r_(i-1) */
static void recurrence_vjp(ad_pullback *p)
{
    const int axis = ad_axis_of(p);
    const ad_direction direction = direction_of(p), back = opposite(direction);
    const ad_tensor dv = ad_recurrence(ad_beside(ad_x(p, 0), axis, back, 0), ad_dy(p), axis, back);
    ad_give(p, 1, dv);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_mul(dv, ad_beside(ad_y(p), axis, direction, 0)));
}

static const ad_sample samples_recurrence[] = {
    {.n_x = 2, .x = {{2, {2, 4}}, {2, {2, 4}}}, .attributes = {{.integer = -1}, {.integer = 0}}},
    {.n_x = 2, .x = {{3, {2, 3, 2}}, {3, {2, 3, 2}}}, .attributes = {{.integer = 1}, {.integer = 1}}},
    {.n_x = 2, .x = {{1, {5}}, {1, {5}}}, .attributes = {{.integer = 0}, {.integer = 1}}},
    {.n_x = 2, .x = {{2, {0, 3}}, {2, {0, 3}}}, .attributes = {{.integer = 0}, {.integer = 0}}},
};

AD_OPERATOR(recurrence,
    .arity = 2,
    .attributes = {{"axis", AD_ATTRIBUTE_INTEGER}, {"backwards", AD_ATTRIBUTE_INTEGER}},
    .shape = ad_along_axis_shape,
    SAMPLES(samples_recurrence),
    .run = recurrence_run,
    .vjp = recurrence_vjp,
    .linear = AD_LINEAR_IN(1),
    .formula = "y_i = v_i + a_i y_(i-1), or y_(i+1) where backwards",
    .gradient = "dv_i = dy_i + a_(i+1) dv_(i+1), da_i = dv_i y_(i-1)",
    .convention = "y_i = v_i where there is no neighbour",
    .domain = {{.low = -0.9, .high = 0.9}},
);

ad_tensor ad_recurrence(ad_tensor a, ad_tensor v, int axis, ad_direction direction)
{
    return ad_apply_one(&ad_operator_recurrence, (const ad_tensor[]){a, v}, 2,
                        (const ad_attribute[]){{.integer = axis}, {.integer = direction}});
}

static void beside_run(ad_call *c)
{
    ad_run_along(c, &beside_loops, NULL, c->attributes[1].integer, c->attributes[2].real);
}

/* y_i = x_(i-1), or a constant :  dx_i = dy_(i+1), or 0 */
static void beside_vjp(ad_pullback *p)
{
    ad_give(p, 0, ad_beside(ad_dy(p), ad_axis_of(p), opposite(direction_of(p)), 0));
}

static const ad_sample samples_beside[] = {
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.integer = -1}, {.integer = 0}, {.real = 2}}},
    {.n_x = 1, .x = {{3, {2, 3, 2}}}, .attributes = {{.integer = 1}, {.integer = 1}, {.real = 0}}},
    {.n_x = 1, .x = {{2, {3, 0}}}, .attributes = {{.integer = 0}, {.integer = 0}, {.real = 0}}},
};

AD_OPERATOR(beside,
    .arity = 1,
    .attributes = {{"axis", AD_ATTRIBUTE_INTEGER}, {"backwards", AD_ATTRIBUTE_INTEGER}, {"edge", AD_ATTRIBUTE_REAL}},
    .shape = ad_along_axis_shape,
    SAMPLES(samples_beside),
    .run = beside_run,
    .vjp = beside_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "y_i = x_(i-1), or x_(i+1) where backwards",
    .gradient = "dy_(i+1), or dy_(i-1)",
    .convention = "`edge` where there is no neighbour",
);

ad_tensor ad_beside(ad_tensor x, int axis, ad_direction direction, double edge)
{
    return ad_apply_one(&ad_operator_beside, &x, 1,
                        (const ad_attribute[]){{.integer = axis}, {.integer = direction}, {.real = edge}});
}

#endif
