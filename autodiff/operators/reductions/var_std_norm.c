/* Distances over axes: variance, standard deviation, norms. */
#include "reduce.h"

#include <float.h>

SUM(sum_abs, R(fabs)(x))
SUM(sum_deviations, (x - g) * (x - g))
SUM(sum_scaled, (x * g) * (x * g))
FOLD(max_abs, 0, R(fabs)(x) > y || x != x ? R(fabs)(x) : y)

#ifdef AD_REAL

LOOP(root)
{
    REAL *restrict Y = s->array[0];
    for (size_t i = 0; i < s->n; i++)
        Y[i] = R(sqrt)(Y[i]);
}

/* g = a power of two that brings m, the largest of a group, near to 1. */
LOOP(power_near)
{
    const REAL *restrict M = s->array[1];
    REAL *restrict G = s->array[0];
    const int most = sizeof(REAL) == sizeof(float) ? 126 : 1022;
    for (size_t i = 0; i < s->n; i++) {
        int exponent = 0;
        if (M[i] > 0 && M[i] <= REAL_MAX)
            (void)R(frexp)(M[i], &exponent);
        exponent = exponent > most ? most : exponent < -most ? -most : exponent;
        G[i] = R(ldexp)(1, -exponent);
    }
}

/* y = sqrt(y) / g */
LOOP(root_over)
{
    const REAL *restrict G = s->array[1];
    REAL *restrict Y = s->array[0];
    for (size_t i = 0; i < s->n; i++)
        Y[i] = R(sqrt)(Y[i]) / G[i];
}

/* The smallest and the largest of n elements, NaN if one is, into array 1. */
LOOP(range_of)
{
    const REAL *restrict Y = s->array[0];
    double *range = s->array[1];
    range[0] = INFINITY;
    range[1] = -INFINITY;
    for (size_t i = 0; i < s->n; i++) {
        range[0] = (double)Y[i] < range[0] || Y[i] != Y[i] ? (double)Y[i] : range[0];
        range[1] = (double)Y[i] > range[1] || Y[i] != Y[i] ? (double)Y[i] : range[1];
    }
}

#else

AD_FAMILY(reductions_var_std_norm)

LOOP_TABLE(root)
LOOP_TABLE(power_near)
LOOP_TABLE(root_over)
LOOP_TABLE(range_of)

/* y[i] = loop of m[i] */
static void run_over(ad_call *c, const ad_loops *loops, void *y, void *m, size_t n)
{
    ad_span s = {.n = n, .array = {y, m}, .step = {1, 1}};
    ad_loop_for(loops, c->x[0]->type)(&s);
}

/* ---- Variance and standard deviation ----------------------------------------------------------------------------- */

/* What the squared distances from the mean of n elements are divided by: nothing below 0. */
static double freedom(double n, double correction) { return n > correction ? n - correction : 0; }

/* In a rule. */
static double freedom_of(ad_pullback *p)
{
    const double n = (double)ad_size_of(ad_x(p, 0)) / (double)ad_size_of(ad_y(p));
    return freedom(n, ad_attribute_at(p, 1)->real);
}

static void var_shape(ad_call *c)
{
    const double correction = c->attributes[1].real;
    if (correction >= 0 && correction < INFINITY)
        ad_reduced_shape(c);
    else
        ad_call_fail(c, AD_BAD_VALUE, "the correction %g must be finite and not below 0; 1 is usual", correction);
}

static void var_run(ad_call *c)
{
    const ad_value *x = c->x[0];
    const unsigned mask = ad_reduced_axes(c);
    const size_t n = ad_elements(c->y[0]);
    void *mean = ad_scratch(c, n, ad_bytes_of(x->type));
    if (!mean)
        return;
    ad_mean_into(c, mean);
    ad_walk_groups(c, &sum_deviations_loops, x->shape, mask, 0, 4,
                   (const ad_group_array[]){{.data = c->y[0]->data}, {x->data, true, false}, {0}, {.data = mean}});
    ad_divide_reals(c, c->y[0]->data, n, freedom(ad_group_size(x->shape, mask), c->attributes[1].real));
}

static ad_tensor deviations(ad_pullback *p) { return ad_sub(ad_x(p, 0), ad_mean_over(ad_x(p, 0), ad_axes_kept(p))); }

/* y = sum (x - mean)^2 / f, f = n - correction :  dx = 2 (x - mean) dy / f, since the deviations sum to 0 */
static void var_vjp(ad_pullback *p)
{
    ad_give(p, 0, ad_twice_product(deviations(p), ad_keep_axes(p, ad_scale(ad_dy(p), 1 / freedom_of(p)))));
}

#define OVER_AXES_CORRECTED                                                                                            \
    .arity = 1, .attributes = {{"axes", AD_ATTRIBUTE_AXES}, {"correction", AD_ATTRIBUTE_REAL}}, .shape = var_shape

static const ad_sample samples_corrected[] = {
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.axes = {0}}, {.real = 1}}},
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.axes = {1, false, {1}}}, {.real = 0}}},
    {.n_x = 1, .x = {{2, {3, 2}}}, .attributes = {{.axes = {1, true, {-2}}}, {.real = 1}}},
    {.n_x = 1, .x = {{4, {2, 3, 2, 2}}}, .attributes = {{.axes = {2, false, {0, 2}}}, {.real = 1.5}}},
    {.n_x = 1, .x = {{3, {0, 3, 2}}}, .attributes = {{.axes = {1, false, {1}}}, {.real = 1}}},
};

AD_OPERATOR(var,
    OVER_AXES_CORRECTED,
    SAMPLES(samples_corrected),
    .run = var_run,
    .vjp = var_vjp,
    .formula = "sum (x - mean x)^2 / (n - correction) over axes",
    .gradient = "2 (x - mean x) dy / (n - correction)",
    .convention = "NaN over nothing; where n <= correction the divisor is 0",
);

static ad_tensor with_number(const ad_operator *op, ad_tensor x, double number, ad_axes axes)
{
    return ad_apply_one(op, &x, 1, (const ad_attribute[]){{.axes = axes}, {.real = number}});
}

ad_tensor ad_var_over(ad_tensor x, double correction, ad_axes axes)
{
    return with_number(&ad_operator_var, x, correction, axes);
}

ad_tensor ad_var(ad_tensor x) { return ad_var_over(x, 0, AD_ALL_AXES); }

static void std_run(ad_call *c)
{
    var_run(c);
    run_over(c, &root_loops, c->y[0]->data, NULL, ad_elements(c->y[0]));
}

/* y = sqrt(var) :  dx = (x - mean) dy / (y f); (x - mean) / y is never large, though 1 / y may be */
static void std_vjp(ad_pullback *p)
{
    const ad_tensor ratio = ad_divide_or_zero(deviations(p), ad_keep_axes(p, ad_y(p)));
    ad_give(p, 0, ad_mul(ratio, ad_keep_axes(p, ad_scale(ad_dy(p), 1 / freedom_of(p)))));
}

AD_OPERATOR(std,
    OVER_AXES_CORRECTED,
    SAMPLES(samples_corrected),
    .run = std_run,
    .vjp = std_vjp,
    .formula = "sqrt(sum (x - mean x)^2 / (n - correction)) over axes",
    .gradient = "(x - mean x) dy / (y (n - correction))",
    .convention = "the gradient is 0 where y = 0; NaN over nothing",
);

ad_tensor ad_std_over(ad_tensor x, double correction, ad_axes axes)
{
    return with_number(&ad_operator_std, x, correction, axes);
}

ad_tensor ad_std(ad_tensor x) { return ad_std_over(x, 0, AD_ALL_AXES); }

/* ---- Norms ------------------------------------------------------------------------------------------------------- */

static void norm_shape(ad_call *c)
{
    const double order = c->attributes[1].real;
    if (order == 1 || order == 2 || order == INFINITY)
        ad_reduced_shape(c);
    else
        ad_call_fail(c, AD_BAD_VALUE, "order %g: it must be 1, 2 or INFINITY", order);
}

/* Whether no square that matters has underflowed or overflowed. */
static bool squares_are_safe(ad_call *c, void *sums, size_t n)
{
    const bool wide = c->x[0]->type == AD_F64;
    double range[2];
    run_over(c, &range_of_loops, sums, range, n);
    return range[0] >= (wide ? DBL_MIN / DBL_EPSILON : (double)(FLT_MIN / FLT_EPSILON)) &&
           range[1] <= (wide ? DBL_MAX : (double)FLT_MAX);
}

/* Once more, with each group brought near to 1 by a power of two. */
static void scaled_norm(ad_call *c, void *y, size_t n)
{
    const ad_value *x = c->x[0];
    void *largest = ad_scratch(c, n, ad_bytes_of(x->type)),
         *scale = largest ? ad_scratch(c, n, ad_bytes_of(x->type)) : NULL;
    if (!scale)
        return;
    ad_reduce_into(c, &max_abs_loops, largest, 0);
    run_over(c, &power_near_loops, scale, largest, n);
    ad_walk_groups(c, &sum_scaled_loops, x->shape, ad_reduced_axes(c), 0, 4,
                   (const ad_group_array[]){{.data = y}, {x->data, true, false}, {0}, {.data = scale}});
    run_over(c, &root_over_loops, y, scale, n);
}

static void norm_run(ad_call *c)
{
    const double order = c->attributes[1].real;
    void *y = c->y[0]->data;
    const size_t n = ad_elements(c->y[0]);
    if (order == 1) {
        ad_reduce_into(c, &sum_abs_loops, y, 0);
    } else if (order > 2) {
        ad_reduce_into(c, &max_abs_loops, y, 0);
    } else {
        ad_sum_squares_run(c);
        if (squares_are_safe(c, y, n))
            run_over(c, &root_loops, y, NULL, n);
        else
            scaled_norm(c, y, n);
    }
}

/* y = sum |x| :  dx = sign(x) dy;  sqrt(sum x^2) :  dx = x dy / y;  max |x| :  dx = sign(x) dy to the largest */
static void norm_vjp(ad_pullback *p)
{
    const double order = ad_attribute_at(p, 1)->real;
    ad_tensor x = ad_x(p, 0), y = ad_keep_axes(p, ad_y(p)), dy = ad_keep_axes(p, ad_dy(p));
    if (order == 1)
        ad_give(p, 0, ad_times_sign(dy, x));
    else if (order > 2)
        ad_give(p, 0, ad_times_sign(ad_spread_ties(dy, ad_abs(x), y, ad_axes_kept(p)), x));
    else
        ad_give(p, 0, ad_mul(ad_divide_or_zero(x, y), dy));
}

static const ad_sample samples_norm[] = {
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.axes = {0}}, {.real = 2}}},
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.axes = {1, false, {1}}}, {.real = 1}}},
    {.n_x = 1, .x = {{2, {3, 2}}}, .attributes = {{.axes = {1, true, {-2}}}, {.real = INFINITY}}},
    {.n_x = 1, .x = {{4, {2, 3, 2, 2}}}, .attributes = {{.axes = {2, false, {0, 2}}}, {.real = 2}}},
    {.n_x = 1, .x = {{4, {2, 3, 2, 2}}}, .attributes = {{.axes = {2, false, {0, 2}}}, {.real = INFINITY}}},
    {.n_x = 1, .x = {{0}}, .attributes = {{.axes = {0}}, {.real = 1}}},
    {.n_x = 1, .x = {{3, {0, 3, 2}}}, .attributes = {{.axes = {1, false, {1}}}, {.real = 2}}},
    {.n_x = 1, .x = {{3, {3, 0, 2}}}, .attributes = {{.axes = {1, false, {1}}}, {.real = 2}}},
};

AD_OPERATOR(norm,
    .arity = 1,
    .attributes = {{"axes", AD_ATTRIBUTE_AXES}, {"order", AD_ATTRIBUTE_REAL}},
    .shape = norm_shape,
    SAMPLES(samples_norm),
    .run = norm_run,
    .vjp = norm_vjp,
    .formula = "sum |x|, sqrt(sum x^2) or max |x| over axes, for order 1, 2 or INFINITY",
    .gradient = "sign(x) dy; x dy / y; sign(x) dy to the largest",
    .convention = "0 over nothing; the gradient is 0 where y = 0; ties share equally",
    .domain = {{.low = -2, .high = 2, .gap = 0.1}},
);

ad_tensor ad_norm_over(ad_tensor x, double order, ad_axes axes)
{
    return with_number(&ad_operator_norm, x, order, axes);
}

ad_tensor ad_norm(ad_tensor x) { return ad_norm_over(x, 2, AD_ALL_AXES); }

#endif
