/* Reductions over axes: every one against plain loops, over any axes, in short and long rows and columns; conventions,
 * and what is refused. */
#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/operators/backward.h>

#include "../support/one_tape.h"

static ad_tensor matrix(int64_t m, int64_t n, const double *values)
{
    return ad_param(t, AD_F64, AD_SHAPE(m, n), values, "x");
}
#define ROW(...) matrix(1, (int64_t)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)), (const double[]){__VA_ARGS__})

/* ---- Against plain loops ----------------------------------------------------------------------------------------- */

/* Shapes that reach every loop: small ones with all their axes, and rows and columns that are short, long or odd. */
static const ad_shape shapes[] = {
    {5, {3, 2, 4, 1, 5}}, {4, {2, 3, 2, 3}}, {2, {37, 10}},   {2, {10, 37}}, {2, {3, 1000}}, {2, {1000, 3}},
    {3, {3, 70, 5}},      {3, {2, 9, 130}},  {2, {300, 300}}, {1, {517}},    {3, {5, 0, 2}}, {0},
};
enum { SHAPES = COUNT(shapes) };

/* The group of element `at` of a shape where the axes in the mask are reduced, and its place in the group. */
static size_t group_of(const ad_shape *shape, unsigned mask, size_t at, size_t *place)
{
    size_t group = 0, groups = 1, places = 1;
    *place = 0;
    for (int axis = shape->rank - 1; axis >= 0; axis--) {
        const size_t size = (size_t)shape->dims[axis], i = at % size;
        at /= size;
        if (mask & 1U << axis) {
            *place += i * places;
            places *= size;
        } else {
            group += i * groups;
            groups *= size;
        }
    }
    return group;
}

static size_t count_of(const ad_shape *shape, unsigned without)
{
    size_t n = 1;
    for (int i = 0; i < shape->rank; i++)
        n *= without & 1U << i ? 1 : (size_t)shape->dims[i];
    return n;
}

enum { SUM, SUM_SQUARES, SUM_ABS, MEAN, VAR, PROD, MIN, MAX, MAX_ABS, LOGSUMEXP, ARGMIN, ARGMAX, KINDS };
static const char *const kind_names[] = {"sum", "sum_squares", "norm 1",   "mean",      "var",    "prod",
                                         "min", "max",         "norm inf", "logsumexp", "argmin", "argmax"};

static ad_tensor reduce(int kind, ad_tensor x, ad_axes axes)
{
    switch (kind) {
    case SUM: return ad_sum_over(x, axes);
    case SUM_SQUARES: return ad_sum_squares_over(x, axes);
    case SUM_ABS: return ad_norm_over(x, 1, axes);
    case MEAN: return ad_mean_over(x, axes);
    case VAR: return ad_var_over(x, 0, axes);
    case PROD: return ad_prod_over(x, axes);
    case MIN: return ad_min_over(x, axes);
    case MAX: return ad_max_over(x, axes);
    case MAX_ABS: return ad_norm_over(x, INFINITY, axes);
    case LOGSUMEXP: return ad_logsumexp_over(x, axes);
    case ARGMIN: return ad_argmin_over(x, axes);
    default: return ad_argmax_over(x, axes);
    }
}

/* The same of n numbers, one after the other. */
static double plainly(int kind, const double *x, size_t n)
{
    double sum = 0, squares = 0, sum_abs = 0, product = 1, exps = 0;
    size_t least = 0, most = 0;
    for (size_t i = 0; i < n; i++) {
        sum += x[i];
        squares += x[i] * x[i];
        sum_abs += fabs(x[i]);
        product *= x[i];
        exps += exp(x[i]);
        least = x[i] < x[least] ? i : least;
        most = x[i] > x[most] ? i : most;
    }
    const double mean = sum / (double)n;
    switch (kind) {
    case SUM: return sum;
    case SUM_SQUARES: return squares;
    case SUM_ABS: return sum_abs;
    case MEAN: return mean;
    case VAR: return squares / (double)n - mean * mean;
    case PROD: return product;
    case MIN: return n ? x[least] : INFINITY;
    case MAX: return n ? x[most] : -INFINITY;
    case MAX_ABS: return n ? fmax(fabs(x[least]), fabs(x[most])) : 0;
    case LOGSUMEXP: return log(exps);
    case ARGMIN: return (double)least;
    default: return (double)most;
    }
}

static bool refuses_nothing(int kind) { return kind == MIN || kind == MAX || kind == ARGMIN || kind == ARGMAX; }

/* The elements of each group, one group after the other. */
static void gather_groups(const ad_shape *shape, unsigned mask, const double *x, double *grouped)
{
    const size_t n = count_of(shape, 0), groups = count_of(shape, mask);
    for (size_t at = 0; at < n; at++) {
        size_t place, group = group_of(shape, mask, at, &place);
        grouped[group * (n / groups) + place] = x[at];
    }
}

static void compare_kind(int kind, ad_tensor x, const ad_shape *shape, unsigned mask, const double *grouped)
{
    ad_axes axes = {.keep = mask & 1};
    for (int i = 0; i < shape->rank; i++)
        if (mask & 1U << i)
            axes.axis[axes.count++] = i % 2 ? i : i - shape->rank;
    const size_t groups = count_of(shape, mask);
    size_t n = 1;
    for (int i = 0; i < shape->rank; i++)
        n *= mask & 1U << i ? (size_t)shape->dims[i] : 1;
    if (axes.count == 0 || (n == 0 && refuses_nothing(kind)))
        return;
    const ad_tensor y = reduce(kind, x, axes);
    expect_ok(t);
    ck_assert_uint_eq(ad_size_of(y), groups);
    const double allowed = ad_type_of(x) == AD_F32 ? 2e-6 : 1e-13;
    for (size_t g = 0; g < groups; g++) {
        const double wanted = plainly(kind, grouped + g * n, n), got = number_at(y, g);
        ck_assert_msg(got == wanted || (isnan(got) && isnan(wanted)) ||
                          fabs(got - wanted) <= allowed * (1 + fabs(wanted) + (kind <= SUM_ABS ? sqrt((double)n) : 0)),
                      "%s over %x: group %zu is %.17g instead of %.17g", kind_names[kind], mask, g, got, wanted);
    }
}

static double *drawn(const ad_shape *shape, ad_type type, uint64_t stream)
{
    const size_t n = count_of(shape, 0);
    double *x = malloc((n + 1) * sizeof *x);
    for (size_t i = 0; i < n; i++) {
        x[i] = 0.5 + ad_random_uniform(7, stream, i);
        x[i] = i % 3 ? x[i] : -x[i];
        x[i] = type == AD_F32 ? (double)(float)x[i] : x[i];
    }
    return x;
}

static ad_tensor tensor_of(const ad_shape *shape, ad_type type, const double *x)
{
    return ad_cast(ad_variable(t, AD_F64, *shape, x), type);
}

START_TEST(reductions_are_those_of_plain_loops)
{
    const ad_shape *shape = &shapes[_i % SHAPES];
    const ad_type type = _i < SHAPES ? AD_F32 : AD_F64;
    double *x = drawn(shape, type, 0), *grouped = malloc((count_of(shape, 0) + 1) * sizeof *grouped);
    for (unsigned mask = 1; mask < 1U << shape->rank; mask++) {
        const ad_tensor operand = tensor_of(shape, type, x);
        gather_groups(shape, mask, x, grouped);
        for (int kind = 0; kind < KINDS; kind++)
            compare_kind(kind, operand, shape, mask, grouped);
        ad_reset(t);
    }
    free(grouped);
    free(x);
}
END_TEST

/* dx of one group whose result is y and whose upstream gradient is v, of elements that do not tie. */
static double plain_gradient(int kind, double x, double y, double v, size_t n)
{
    switch (kind) {
    case SUM: return v;
    case SUM_SQUARES: return 2 * x * v;
    case SUM_ABS: return x > 0 ? v : -v;
    case MEAN: return v / (double)n;
    case PROD: return v * y / x;
    case MIN:
    case MAX: return x == y ? v : 0;
    case MAX_ABS: return fabs(x) != y ? 0 : x > 0 ? v : -v;
    default: return v * exp(x - y);
    }
}

static void compare_gradient(int kind, const ad_shape *shape, unsigned mask, const double *x)
{
    ad_axes axes = {.keep = true};
    for (int i = 0; i < shape->rank; i++)
        if (mask & 1U << i)
            axes.axis[axes.count++] = i;
    const ad_tensor operand = ad_variable(t, AD_F64, *shape, x), y = reduce(kind, operand, axes);
    const ad_shape of_y = ad_shape_of(y);
    const size_t n = count_of(shape, 0), groups = count_of(shape, mask);
    double *v = drawn(&of_y, AD_F64, 1);
    ad_backward(ad_sum(ad_mul(y, ad_input(t, AD_F64, of_y, v))));
    expect_ok(t);
    for (size_t at = 0; at < n; at++) {
        size_t place, g = group_of(shape, mask, at, &place);
        const double wanted = plain_gradient(kind, x[at], ad_f64(y)[g], v[g], n / groups),
                     got = ad_f64(ad_gradient(operand))[at];
        ck_assert_msg(fabs(got - wanted) <= 1e-11 * (1 + fabs(wanted)), "%s over %x: dx[%zu] is %.17g instead of %.17g",
                      kind_names[kind], mask, at, got, wanted);
    }
    free(v);
}

START_TEST(gradients_are_those_of_plain_loops)
{
    static const int kinds[] = {SUM, SUM_SQUARES, SUM_ABS, MEAN, PROD, MIN, MAX, MAX_ABS, LOGSUMEXP};
    const ad_shape *shape = &shapes[_i];
    double *x = drawn(shape, AD_F64, 0);
    for (unsigned mask = 1; mask < 1U << shape->rank; mask++)
        for (size_t k = 0; k < COUNT(kinds); k++) {
            if (count_of(shape, 0))
                compare_gradient(kinds[k], shape, mask, x);
            ad_reset(t);
        }
    free(x);
}
END_TEST

START_TEST(all_axes_are_meant_by_none)
{
    const double values[] = {1, -2, 3, -4, 5, 6};
    const ad_tensor x = matrix(2, 3, values);
    EXPECT(ad_sum_squares(x), 91);
    EXPECT(ad_min(x), -4);
    EXPECT(ad_prod(x), 720);
    EXPECT(ad_argmax_over(x, AD_ALL_AXES), 5);
    EXPECT(ad_argmin_over(x, AD_AXES(1, 0)), 3);
    EXPECT(ad_argmin_over(x, AD_AXES(0)), 1, 0, 0);
    EXPECT(ad_var_over(ROW(1, 2, 6), 1, AD_AXES(1)), 7);
    EXPECT(ad_std_over(x, 0, AD_AXES(0)), 2.5, 3.5, 1.5);
    EXPECT(ad_norm_over(x, 1, AD_AXES(1)), 6, 15);
    EXPECT(ad_norm_over(x, INFINITY, AD_AXES(0)), 4, 5, 6);
    EXPECT(ad_norm_over(ROW(3, 4), 2, AD_AXES(-1)), 5);
    ck_assert_int_eq(ad_type_of(ad_argmax_over(x, AD_KEEP_AXES(0))), AD_I32);
    ck_assert_int_eq(ad_shape_of(ad_argmax_over(x, AD_KEEP_AXES(0))).rank, 2);
}
END_TEST

/* Whatever the order of the list, also where the axes are not neighbours, and for ties and NaN. */
START_TEST(an_index_over_several_axes_counts_in_the_order_of_the_tensor)
{
    static const double values[12] = {0, 1, 9, /**/ 8, 0, 0, /*next*/ 9, 2, 3, /**/ 0, NAN, 8};
    const ad_tensor x = ad_input(t, AD_F64, AD_SHAPE(2, 2, 3), values);
    const ad_axes orders[] = {AD_AXES(0, 2), AD_AXES(2, 0), AD_AXES(-1, 0), AD_KEEP_AXES(2, -3)};
    for (int i = 0; i < 4; i++) {
        EXPECT(ad_argmax_over(x, orders[i]), 2, 4);
        EXPECT(ad_argmin_over(x, orders[i]), 0, 4);
    }
    EXPECT(ad_argmax_over(x, AD_AXES(1, 0)), 2, 3, 0);
    EXPECT(ad_argmax_over(x, AD_AXES(2, 1)), 2, 4);
    EXPECT(ad_argmax_over(x, AD_AXES(2, 0, 1)), 10);
}
END_TEST

/* ---- Products with zeros ----------------------------------------------------------------------------------------- */

/* The gradient of <w, the gradient of this before>, by the parameter x. */
static ad_tensor again(ad_tensor x, const double *w)
{
    ad_tensor s = ad_sum(ad_mul(ad_input(t, AD_F64, ad_shape_of(x), w), ad_gradient(x)));
    ad_backward_with(s, &(ad_backward_options){.differentiable = true});
    return ad_gradient(x);
}

START_TEST(products_with_zeros_are_exact_to_the_third_order)
{
    const ad_tensor x = ROW(0, 0, 2, 0, 3);
    ad_backward_with(ad_prod(x), &(ad_backward_options){.differentiable = true});
    EXPECT(ad_gradient(x), 0, 0, 0, 0, 0);
    EXPECT(again(x, (const double[]){1, 0, 0, 0, 0}), 0, 0, 0, 0, 0);
    EXPECT(again(x, (const double[]){0, 1, 0, 0, 0}), 0, 0, 0, 6, 0);
    EXPECT(again(x, (const double[]){0, 0, 0, 1, 0}), 0, 0, 3, 0, 2);
}
END_TEST

START_TEST(products_over_several_axes_with_zeros)
{
    const double values[] = {0, 2, 3, 4, 5, 0, 7, 8};
    ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(2, 2, 2), values, "x");
    ad_backward(ad_sum(ad_prod_over(x, AD_AXES(0, 2))));
    EXPECT(ad_gradient(x), 0, 0, 4 * 7 * 8, 3 * 7 * 8, 0, 0, 3 * 4 * 8, 3 * 4 * 7);
    EXPECT(ad_prod_over(x, AD_KEEP_AXES(2, 0)), 0, 672);
    EXPECT(ad_prod_over(ad_input(t, AD_F64, AD_SHAPE(2, 0), NULL), AD_AXES(1)), 1, 1);
}
END_TEST

/* Source: by hand, as the exponents cancel; and (1 + 2^-20)^(2^20) = 2.71828053 (mpmath). Over all axes, one, two that
 * are beside each other, and two with one between. */
START_TEST(products_come_back_into_range)
{
    const ad_type type = _i ? AD_F64 : AD_F32;
    const double big = ldexp(1, _i ? 1000 : 100), small = 1 / big, allowed = _i ? 1e-14 : 1e-6;
    const double values[] = {big, big, 3, small, small, -1, 2, big, small, 4, big, small};
    const struct {
        ad_axes axes;
        ad_shape shape;
        double wanted;
    } cases[] = {{AD_ALL_AXES, AD_SHAPE(12), -24},
                 {AD_AXES(1), AD_SHAPE(1, 12), -24},
                 {AD_AXES(0, 1), AD_SHAPE(4, 3, 1), -24},
                 {AD_AXES(0, 2), AD_SHAPE(4, 1, 3), -24}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        const ad_tensor x = ad_variable(t, AD_F64, cases[i].shape, values),
                        y = ad_prod_over(ad_cast(x, type), cases[i].axes);
        ad_tensor dx;
        ad_grad(ad_sum(y), &x, 1, &dx);
        expect_ok(t);
        ck_assert_double_eq_tol(number_at(y, 0), cases[i].wanted, 24 * allowed);
        for (size_t j = 0; j < 12; j++)
            ck_assert_double_eq_tol(number_at(dx, j) * (values[j] / -24), 1, allowed);
    }
    const double two_groups[] = {big, small, big, 2, small, big, small, 3};
    const ad_tensor x = ad_cast(ad_input(t, AD_F64, AD_SHAPE(2, 2, 2), two_groups), type);
    EXPECT(ad_prod_over(x, AD_AXES(0, 2)), 1, 6);
    const ad_tensor many = ad_full(t, type, AD_SHAPE(1 << 20), 1 + 0x1p-20);
    ck_assert_double_eq_tol(ad_item(ad_prod(many)), 2.7182805322756565, _i ? 1e-9 : 4e-7);
}
END_TEST

/* Long rows of elements that all have a whole power of two go by lanes; those with another are multiplied in turn. The
 * length is no whole number of lanes. Source: by hand. */
START_TEST(long_products_come_back_into_range)
{
    enum { N = 40010, HALF = N / 2 };
    const ad_type type = _i ? AD_F64 : AD_F32;
    const double big = ldexp(-1.5, _i ? 900 : 100), tiny = ldexp(1, _i ? -1070 : -140);
    double *values = calloc(2 * N, sizeof *values), *others = values + N;
    for (size_t i = 0; i < 2 * N; i++)
        values[i] = i % N < HALF ? big : 1 / big;
    others[HALF] = tiny;
    const ad_tensor x = ad_cast(ad_input(t, AD_F64, AD_SHAPE(2, N), values), type), y = ad_prod_over(x, AD_AXES(1));
    ck_assert_double_eq_tol(number_at(y, 0), 1, _i ? 1e-11 : 2e-3);
    ck_assert_double_eq_tol(number_at(y, 1) / (big * tiny), 1, _i ? 1e-11 : 2e-3);
    const double special[] = {0, INFINITY, NAN};
    for (size_t i = 0; i < COUNT(special); i++) {
        values[N - 20] = special[i];
        const double last = ad_item(ad_prod(ad_cast(ad_input(t, AD_F64, AD_SHAPE(N), values), type)));
        ck_assert_msg(i == 2 ? isnan(last) : fabs(last) == special[i], "%g: %g", special[i], last);
    }
    values[N - 20] = 1;
    const double rest = ad_item(ad_prod(ad_cast(ad_input(t, AD_F64, AD_SHAPE(N), values), type)));
    ck_assert_double_eq_tol(rest / big, 1, _i ? 1e-11 : 2e-3);
    free(values);
}
END_TEST

/* ---- Norms and deviations ---------------------------------------------------------------------------------------- */

START_TEST(norms_neither_overflow_nor_vanish)
{
    const double values[] = {3e200, 4e200, 3e-200, 4e-200, 0, DBL_TRUE_MIN, 0, -0.0, DBL_MAX, 0, 3, 4};
    const ad_tensor x = matrix(6, 2, values), y = ad_norm_over(x, 2, AD_AXES(1));
    const double wanted[] = {5e200, 5e-200, DBL_TRUE_MIN, 0, DBL_MAX, 5};
    expect_ok(t);
    for (size_t i = 0; i < 6; i++)
        ck_assert_msg(fabs(ad_f64(y)[i] - wanted[i]) <= 2 * DBL_EPSILON * wanted[i], "row %zu: %g", i, ad_f64(y)[i]);
    ad_backward(ad_sum(ad_slice(y, 0, (ad_range){0, 4, 1})));
    const double gradient[] = {0.6, 0.8, 0.6, 0.8, 0, 1, 0, 0};
    for (size_t i = 0; i < 8; i++)
        ck_assert_double_eq_tol(ad_f64(ad_gradient(x))[i], gradient[i], 1e-15);
    const float narrow[] = {3e30F, 4e30F, 3e-30F, 4e-30F, FLT_TRUE_MIN, 0};
    const ad_tensor z = ad_norm_over(ad_input(t, AD_F32, AD_SHAPE(3, 2), narrow), 2, AD_AXES(1));
    ck_assert_float_eq_tol(ad_f32(z)[0] / 5e30F, 1, 3e-7F);
    ck_assert_float_eq_tol(ad_f32(z)[1] / 5e-30F, 1, 3e-7F);
    ck_assert_float_eq(ad_f32(z)[2], FLT_TRUE_MIN);
    EXPECT(ad_norm_over(ROW(INFINITY, 1), 2, AD_ALL_AXES), INFINITY);
    EXPECT(ad_norm_over(ROW(INFINITY, NAN), 2, AD_ALL_AXES), NAN);
    for (int k = 0; k < 3; k++)
        EXPECT(ad_norm_over(ad_input(t, AD_F64, AD_SHAPE(1, 0), NULL), (const double[]){1, 2, INFINITY}[k], AD_AXES(1)),
               0);
}
END_TEST

static ad_tensor norm_1(ad_tensor x) { return ad_norm_over(x, 1, AD_AXES(1)); }
static ad_tensor norm_2(ad_tensor x) { return ad_norm_over(x, 2, AD_AXES(1)); }
static ad_tensor norm_inf(ad_tensor x) { return ad_norm_over(x, INFINITY, AD_AXES(1)); }
static ad_tensor deviation(ad_tensor x) { return ad_std_over(x, 1, AD_AXES(1)); }

/* At 0, where they have no derivative, the gradient and what is made of it are 0, not NaN. */
START_TEST(derivatives_at_zero_are_zero)
{
    ad_tensor (*const of[])(ad_tensor) = {norm_1, norm_2, norm_inf, deviation};
    const double w[] = {1, -2, 3};
    const ad_tensor x = ROW(0, 0, 0);
    ad_backward_with(ad_sum(of[_i](x)), &(ad_backward_options){.differentiable = true});
    EXPECT(ad_gradient(x), 0, 0, 0);
    EXPECT(again(x, w), 0, 0, 0);
    if (_i % 2) /* the others are piecewise linear: there is no more to derive */
        EXPECT(again(x, w), 0, 0, 0);
}
END_TEST

START_TEST(variances_of_too_few)
{
    const ad_tensor x = matrix(2, 1, (const double[]){3, -1});
    EXPECT(ad_var_over(x, 1, AD_AXES(1)), NAN, NAN);
    EXPECT(ad_std_over(x, 0, AD_AXES(1)), 0, 0);
    EXPECT(ad_var_over(x, 5, AD_AXES(0)), INFINITY);
    EXPECT(ad_var_over(ad_input(t, AD_F64, AD_SHAPE(1, 0), NULL), 0, AD_AXES(1)), NAN);
}
END_TEST

/* A mean far from 0 does not take the digits of the variance. */
START_TEST(variances_far_from_zero) { EXPECT(ad_var_over(ROW(1e9 + 1, 1e9 + 2, 1e9 + 3), 1, AD_ALL_AXES), 1); }
END_TEST

/* ---- Ties, NaN and infinities ------------------------------------------------------------------------------------ */

START_TEST(ties_share)
{
    ad_tensor x = ROW(2, 1, 1, 3, 1);
    ad_backward(ad_min(x));
    EXPECT(ad_gradient(x), 0, 1.0 / 3, 1.0 / 3, 0, 1.0 / 3);
    x = ROW(-2, 1, 2, 0);
    ad_backward(ad_norm_over(x, INFINITY, AD_ALL_AXES));
    EXPECT(ad_gradient(x), -0.5, 0, 0.5, 0);
}
END_TEST

START_TEST(the_first_of_ties_and_of_nan)
{
    const double values[] = {1, 3, 3, 0, NAN, 7, NAN, -1, 0.0, -0.0, 0.0, -0.0};
    const ad_tensor x = matrix(3, 4, values);
    EXPECT(ad_argmax_over(x, AD_AXES(1)), 1, 0, 0);
    EXPECT(ad_argmin_over(x, AD_AXES(1)), 3, 0, 0);
    EXPECT(ad_max_over(x, AD_AXES(1)), 3, NAN, 0);
    EXPECT(ad_min_over(x, AD_AXES(1)), 0, NAN, 0);
    EXPECT(ad_argmax_over(ROW(-INFINITY, -INFINITY), AD_AXES(1)), 0);
}
END_TEST

START_TEST(logsumexp_at_infinities)
{
    const double values[] = {-INFINITY, -INFINITY, INFINITY, 1, -INFINITY, 1, NAN, 1, 1000, 1000};
    ad_tensor x = matrix(5, 2, values), y = ad_logsumexp_over(x, AD_AXES(1));
    EXPECT(y, -INFINITY, INFINITY, 1, NAN, 1000 + log(2));
    ad_tensor parts = ad_ones(t, AD_F64, AD_SHAPE(2, 5)); /* not of this x */
    EXPECT(ad_logsumexp_backward(ad_full(t, AD_F64, AD_SHAPE(5, 1), INFINITY), x, parts), 0, 0, NAN, NAN, 0, INFINITY,
           NAN, NAN, INFINITY, INFINITY);
    x = ROW(-INFINITY, -INFINITY);
    ad_backward(ad_logsumexp(x));
    EXPECT(ad_gradient(x), 0, 0);
}
END_TEST

/* ---- Trace ------------------------------------------------------------------------------------------------------- */

START_TEST(traces)
{
    const double values[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(2, 2, 3), values, "x"), y = ad_trace(x);
    EXPECT(y, 6, 18);
    EXPECT(ad_trace(ad_input(t, AD_F64, AD_SHAPE(2, 0, 3), NULL)), 0, 0);
    ad_backward(ad_sum(ad_mul(y, ad_input(t, AD_F64, AD_SHAPE(2), (const double[]){5, -1}))));
    EXPECT(ad_gradient(x), 5, 0, 0, 0, 5, 0, -1, 0, 0, 0, -1, 0);
}
END_TEST

/* ---- What is refused --------------------------------------------------------------------------------------------- */

START_TEST(nothing_has_no_extremes)
{
    const ad_tensor x = matrix(2, 0, NULL);
    expect_inert(ad_min(x), AD_BAD_SHAPE, "min: axis 1 of x [2,0] is empty: there is no smallest of nothing");
    expect_inert(ad_max_over(x, AD_AXES(-1)), AD_BAD_SHAPE,
                 "max: axis 1 of x [2,0] is empty: there is no largest of nothing");
    expect_inert(ad_argmin_over(x, AD_KEEP_AXES(1)), AD_BAD_SHAPE,
                 "argmin: axis 1 of x [2,0] is empty: there is no smallest of nothing");
    expect_inert(ad_argmax_over(x, AD_ALL_AXES), AD_BAD_SHAPE,
                 "argmax: axis 1 of x [2,0] is empty: there is no largest of nothing");
    ck_assert_uint_eq(ad_size_of(ad_argmax_over(x, AD_AXES(0))), 0);
}
END_TEST

START_TEST(wrong_numbers_are_refused)
{
    const ad_tensor x = matrix(2, 3, NULL);
    expect_inert(ad_norm_over(x, 3, AD_AXES(0)), AD_BAD_VALUE, "norm: order 3: it must be 1, 2 or INFINITY");
    expect_inert(ad_norm_over(x, NAN, AD_AXES(0)), AD_BAD_VALUE, "norm: order nan: it must be 1, 2 or INFINITY");
    expect_inert(ad_var_over(x, -1, AD_AXES(0)), AD_BAD_VALUE,
                 "var: the correction -1 must be finite and not below 0; 1 is usual");
    expect_inert(ad_std_over(x, INFINITY, AD_AXES(0)), AD_BAD_VALUE,
                 "std: the correction inf must be finite and not below 0; 1 is usual");
}
END_TEST

START_TEST(wrong_axes_and_shapes_are_refused)
{
    const ad_tensor x = matrix(2, 3, NULL), v = ad_zeros(t, AD_F64, AD_SHAPE(3));
    expect_inert(ad_sum_squares_over(x, AD_AXES(2)), AD_BAD_SHAPE,
                 "sum_squares: axis 2 is out of range for x [2,3]: it has 2 axes, 0 to 1 or -1 to -2");
    expect_inert(ad_prod_over(x, AD_AXES(1, -1)), AD_BAD_SHAPE, "prod: axis -1 is given twice");
    expect_inert(ad_trace(v), AD_BAD_SHAPE, "trace: [3] is not a matrix: it must have at least 2 axes");
    expect_inert(ad_logsumexp_backward(v, x, v), AD_BAD_SHAPE,
                 "logsumexp_backward: [3] must be x [2,3] with its axes kept");
    expect_inert(ad_logsumexp_backward(ad_reshape(v, AD_SHAPE(1, 3)), x, v), AD_BAD_SHAPE,
                 "logsumexp_backward: [3] must be [2,n]: there are n = 3 groups");
}
END_TEST

static ad_tensor huge_norm(ad_tensor x) { return ad_norm_over(ad_scale(x, 1e300), 2, AD_AXES(0)); }
static ad_tensor places(ad_tensor x) { return ad_argmax_over(x, AD_AXES(0)); }
static ad_tensor variances(ad_tensor x) { return ad_var_over(x, 1, AD_AXES(0)); }
static ad_tensor logarithms(ad_tensor x) { return ad_logsumexp_over(x, AD_AXES(0)); }

/* Whichever allocation of a call fails, it is an error, and the tape works again. */
START_TEST(memory_may_be_out)
{
    ad_tensor (*const of[])(ad_tensor) = {huge_norm, places, variances, logarithms};
    size_t refused = 0;
    for (size_t k = 1; k < 100; k++) {
        const ad_tensor x = ad_full(t, AD_F64, AD_SHAPE(2, 3000), 1);
        counting_fail(&memory, k, COUNTING_ONCE);
        const ad_tensor y = of[_i](x);
        const bool failed = ad_status_of(t) != AD_OK;
        counting_heal(&memory);
        ck_assert(ad_is_inert(y) == failed);
        if (!failed)
            break;
        refused++;
        ck_assert_int_eq(ad_clear_error(t), AD_NO_MEMORY);
        ck_assert_uint_eq(ad_size_of(of[_i](x)), 3000);
        close_tape();
        open_tape();
    }
    ck_assert_uint_ge(refused, 1);
}
END_TEST

static void expect_attributes(const char *name, const char *first, const char *second)
{
    const ad_operator *row = ad_operator_named(name);
    ck_assert_ptr_nonnull(row);
    ck_assert_str_eq(row->attributes[0].name, first);
    ck_assert_str_eq(row->attributes[1].name, second);
    ck_assert_int_eq(row->attributes[2].kind, AD_ATTRIBUTE_NONE);
}

START_TEST(attributes_have_an_order)
{
    expect_attributes("var", "axes", "correction");
    expect_attributes("std", "axes", "correction");
    expect_attributes("norm", "axes", "order");
}
END_TEST

REAL_TEST(ties_of_many)
{
    ad_tensor x = VECTOR(1, 3, 3, 3, 2, 3, 1, -1), table = ad_reshape(x, AD_SHAPE(2, 4));
    PULL(ad_reshape(ad_max(x), AD_SHAPE(1)), 8);
    EXPECT(ad_gradient(x), 0, 2, 2, 2, 0, 2, 0, 0);
    PULL(ad_max_over(table, AD_AXES(1)), 6, 1);
    EXPECT(ad_gradient(x), 0, 2, 2, 2, 0, 1, 0, 0);
    PULL(ad_max_over(table, AD_AXES(0)), 1, 2, 3, 4);
    EXPECT(ad_gradient(x), 0, 1, 3, 4, 1, 1, 0, 0);
}
END_REAL_TEST

REAL_TEST(infinities_and_nan_in_max)
{
    ad_tensor x = VECTOR(-INFINITY, -INFINITY, 1, NAN, 5, INFINITY);
    ad_tensor y = ad_max_over(ad_reshape(x, AD_SHAPE(3, 2)), AD_AXES(1));
    EXPECT(y, -INFINITY, NAN, INFINITY);
    PULL(y, 1, 1, 1);
    EXPECT(ad_gradient(x), 0.5, 0.5, 0, 1, 0, 1);
}
END_REAL_TEST

REAL_TEST(logsumexp_of_minus_infinity)
{
    ad_tensor x = VECTOR(-INFINITY, 1, -INFINITY, -INFINITY), table = ad_reshape(x, AD_SHAPE(2, 2));
    ad_tensor y = ad_logsumexp_over(table, AD_AXES(1));
    EXPECT(y, 1, -INFINITY);
    PULL(y, 1, 1);
    EXPECT(ad_gradient(x), 0, 1, 0, 0);
    ad_tensor z = VECTOR(INFINITY, 1, 1000, 1000), w = ad_logsumexp_over(ad_reshape(z, AD_SHAPE(2, 2)), AD_AXES(1));
    EXPECT_NEAR(w, 1e-7, INFINITY, 1000 + log(2));
}
END_REAL_TEST

/* The weights of each group sum to 1. */
static void expect_weights(ad_tensor numbers, ad_axes axes, double tolerance)
{
    const void *data = real == AD_F32 ? (const void *)ad_f32(numbers) : ad_f64(numbers);
    ad_tensor x = ad_variable(t, real, ad_shape_of(numbers), data), y = ad_logsumexp_over(x, axes);
    ad_tensor dx = derivative(y, x);
    const size_t groups = ad_size_of(y);
    long double sum = 0;
    for (size_t i = 0; i < ad_size_of(dx); i++)
        sum += (long double)number_at(dx, i);
    ck_assert_msg(fabs((double)(sum - (long double)groups)) <= tolerance * (double)groups,
                  "weights sum to %.17g, not %zu", (double)sum, groups);
}

/* Two equal elements have the weights 1/2 and the Hessian (1, -1; -1, 1) / 4 at any offset, by hand. In rows, long
 * rows, columns and several blocks the weights sum to 1. */
REAL_TEST(logsumexp_far_from_zero)
{
    const double offsets[] = {0, 1e2, 1e4, 1e6, 1e8, 1e16, 1e30, -1e30, 1e300};
    const double epsilon = real == AD_F32 ? 1.1920929e-7 : 2.2204460492503131e-16;
    for (size_t i = 0; i < COUNT(offsets) - (real == AD_F32); i++) {
        const double c = offsets[i];
        ad_tensor x = VECTOR(c, c, -INFINITY), y = ad_logsumexp(x);
        ad_tensor dx = derivative(y, x);
        EXPECT(dx, 0.5, 0.5, 0);
        EXPECT(derivative(ad_mul(dx, ad_cast(INPUTS(1, 0, 0), real)), x), 0.25, -0.25, 0);
        expect_weights(ad_full(t, real, AD_SHAPE(5, 300, 3), c), AD_AXES(1), 8 * epsilon);
        expect_weights(ad_add(SCALAR(c), ad_normal(t, real, AD_SHAPE(3, 7, 5, 2), 5)), AD_AXES(0, 2), 8 * epsilon);
        expect_weights(ad_add(SCALAR(c), ad_normal(t, real, AD_SHAPE(2, 5000), 5)), AD_AXES(1), 8 * epsilon);
        expect_weights(ad_add(SCALAR(c), ad_normal(t, real, AD_SHAPE(50, 300), 5)), AD_AXES(0), 8 * epsilon);
        ad_reset(t);
    }
}
END_REAL_TEST

/* ln(1 + e^-40), from mpmath, in rows, long rows, columns and several blocks. */
REAL_TEST(logsumexp_near_zero)
{
    const double tail = 4.2483542552915889e-18, epsilon = real == AD_F32 ? 1.1920929e-7 : 2.2204460492503131e-16;
    const ad_shape of[] = {AD_SHAPE(1, 2), AD_SHAPE(1, 700), AD_SHAPE(2, 1), AD_SHAPE(700, 3), AD_SHAPE(3, 2, 5, 2)};
    const ad_axes axes[] = {AD_AXES(1), AD_AXES(1), AD_AXES(0), AD_AXES(0), AD_AXES(0, 2)};
    for (size_t i = 0; i < COUNT(of); i++) {
        /* The first element of a group is 0, the last -40, the others -inf. */
        const int axis = axes[i].axis[0];
        const int64_t n = of[i].dims[axis];
        ad_shape one = of[i], between = of[i];
        one.dims[axis] = 1;
        between.dims[axis] = n - 2;
        ad_tensor parts[] = {ad_full(t, real, one, 0), ad_full(t, real, between, -INFINITY),
                             ad_full(t, real, one, -40)};
        ad_tensor x = ad_concat(parts, 3, axis);
        if (i == 4) /* of the second axis the first alone is not -inf */
            x = ad_where(ad_equal(ad_reshape(ad_arange(t, AD_I32, 5), AD_SHAPE(5, 1)), WHOLE(0)), x, SCALAR(-INFINITY));
        ad_tensor y = ad_logsumexp_over(x, axes[i]);
        for (size_t j = 0; j < ad_size_of(y); j++)
            ck_assert_msg(fabs(number_at(y, j) - tail) <= 4 * epsilon * tail, "shape %zu: %.17g", i, number_at(y, j));
    }
}
END_REAL_TEST

/* Elements {gap, 0}: the Hessian is p q (1, -1; -1, 1) with q = 1 / (1 + e^gap), by hand. */
REAL_TEST(logsumexp_of_a_sure_element_twice)
{
    const double gaps[] = {5, 20, 40, 80}, epsilon = real == AD_F32 ? 1.1920929e-7 : 2.2204460492503131e-16;
    for (size_t i = 0; i < COUNT(gaps); i++)
        for (int k = 0; k < 2; k++) {
            const double q = 1 / (1 + exp(gaps[i])), pq = q * (1 - q);
            ad_tensor x = VECTOR(gaps[i], 0), dx = derivative(ad_logsumexp(x), x);
            ad_tensor h = derivative(ad_mul(dx, ad_cast(k ? INPUTS(0, 1) : INPUTS(1, 0), real)), x);
            for (size_t j = 0; j < 2; j++)
                ck_assert_msg(fabs(number_at(h, j) - ((int)j == k ? pq : -pq)) <= 8 * epsilon * pq, "%.17g, not %.17g",
                              number_at(h, j), pq);
        }
}
END_REAL_TEST

REAL_TEST(reductions_of_nothing)
{
    ad_tensor x = ad_param(t, real, AD_SHAPE(2, 0), NULL, "x");
    EXPECT(ad_sum(x), 0);
    EXPECT(ad_mean(x), NAN);
    EXPECT(ad_logsumexp(x), -INFINITY);
    EXPECT(ad_sum_over(x, AD_AXES(1)), 0, 0);
    EXPECT(ad_mean_over(x, AD_AXES(1)), NAN, NAN);
    EXPECT(ad_logsumexp_over(x, AD_KEEP_AXES(-1)), -INFINITY, -INFINITY);
    ck_assert_uint_eq(ad_size_of(ad_max_over(x, AD_AXES(0))), 0);
    expect_ok(t);
    ck_assert(ad_is_inert(ad_max_over(x, AD_AXES(1))));
    expect_error_with(t, AD_BAD_SHAPE, "max: axis 1 of x [2,0]");
    ck_assert(ad_is_inert(ad_max_over(x, AD_AXES(-1))));
    expect_error_with(t, AD_BAD_SHAPE, "max: axis 1 of x [2,0]");
    ck_assert(ad_is_inert(ad_max(x)));
    expect_error_with(t, AD_BAD_SHAPE, "axis 1");
    ad_backward(ad_add(ad_sum(x), ad_add(ad_mean(x), ad_logsumexp(x))));
    ck_assert_uint_eq(ad_size_of(ad_gradient(x)), 0);
}
END_REAL_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

START_TEST(short_forms_are_over_all_axes)
{
    const double values[] = {1, -2, 3, -4, 5, 6};
    const ad_tensor x = matrix(2, 3, values);
    EXPECT(ad_argmax(x), 5);
    EXPECT(ad_argmin(x), 3);
    EXPECT(ad_var(ROW(1, 2, 3, 6)), 3.5);
    EXPECT(ad_std(ROW(1, 5)), 2);
    EXPECT(ad_norm(ROW(3, 4)), 5);
    const struct {
        ad_tensor brief, whole;
    } pairs[] = {{ad_var(x), ad_var_over(x, 0, AD_ALL_AXES)},
                 {ad_std(x), ad_std_over(x, 0, AD_ALL_AXES)},
                 {ad_norm(x), ad_norm_over(x, 2, AD_ALL_AXES)}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        double dx[6];
        ck_assert_int_eq(ad_shape_of(pairs[i].brief).rank, 0);
        ad_backward(pairs[i].whole);
        memcpy(dx, ad_f64(ad_gradient(x)), sizeof dx);
        ad_backward(pairs[i].brief);
        ck_assert_mem_eq(ad_f64(ad_gradient(x)), dx, sizeof dx);
        ck_assert(dx[0] != 0);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("reductions");
    TCase *tests = tcase_create("reductions");
    tcase_add_checked_fixture(tests, open_tape, close_tape);
    tcase_add_loop_test(tests, reductions_are_those_of_plain_loops, 0, 2 * SHAPES);
    tcase_add_loop_test(tests, gradients_are_those_of_plain_loops, 0, SHAPES);
    tcase_add_test(tests, all_axes_are_meant_by_none);
    tcase_add_test(tests, an_index_over_several_axes_counts_in_the_order_of_the_tensor);
    tcase_add_test(tests, products_with_zeros_are_exact_to_the_third_order);
    tcase_add_test(tests, products_over_several_axes_with_zeros);
    tcase_add_loop_test(tests, products_come_back_into_range, 0, 2);
    tcase_add_loop_test(tests, long_products_come_back_into_range, 0, 2);
    tcase_add_test(tests, norms_neither_overflow_nor_vanish);
    tcase_add_loop_test(tests, derivatives_at_zero_are_zero, 0, 4);
    tcase_add_test(tests, variances_of_too_few);
    tcase_add_test(tests, variances_far_from_zero);
    tcase_add_test(tests, ties_share);
    tcase_add_test(tests, the_first_of_ties_and_of_nan);
    tcase_add_test(tests, logsumexp_at_infinities);
    tcase_add_test(tests, traces);
    tcase_add_test(tests, short_forms_are_over_all_axes);
    tcase_add_test(tests, nothing_has_no_extremes);
    tcase_add_test(tests, wrong_numbers_are_refused);
    tcase_add_test(tests, wrong_axes_and_shapes_are_refused);
    tcase_add_loop_test(tests, memory_may_be_out, 0, 4);
    tcase_add_test(tests, attributes_have_an_order);
    ADD(ties_of_many);
    ADD(infinities_and_nan_in_max);
    ADD(logsumexp_of_minus_infinity);
    ADD(logsumexp_far_from_zero);
    ADD(logsumexp_near_zero);
    ADD(logsumexp_of_a_sure_element_twice);
    ADD(reductions_of_nothing);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void) { return run_suites(srunner_create(make_suite())); }
