/* Along one axis: running totals and sorting, against plain loops; conventions, and what is refused. */
#include <stdlib.h>
#include <string.h>

#include <gradtape/operators/backward.h>

#include "../support/one_tape.h"

/* ---- Running totals against plain loops -------------------------------------------------------------------------- */

static const ad_shape shapes[] = {{1, {9}}, {2, {7, 5}}, {3, {2, 6, 3}}, {2, {4, 70}}, {2, {600, 2}}, {2, {2, 600}}};
enum { SHAPES = COUNT(shapes) };

typedef struct scan {
    ad_tensor (*of)(ad_tensor x, int axis);
    double first;
    double (*next)(double y, double x);
} scan;

static double add(double y, double x) { return y + x; }
static double multiply(double y, double x) { return y * x; }
static double larger(double y, double x) { return fmax(y, x); }
static double add_in_logarithms(double y, double x) { return fmax(y, x) + log1p(exp(-fabs(y - x))); }

static const scan scans[] = {{ad_cumsum, 0, add},
                             {ad_cumprod, 1, multiply},
                             {ad_cummax, -INFINITY, larger},
                             {ad_logcumsumexp, -INFINITY, add_in_logarithms}};
enum { SCANS = COUNT(scans) };

static size_t size_of(const ad_shape *shape, int from, int to)
{
    size_t n = 1;
    for (int i = from; i < to; i++)
        n *= (size_t)shape->dims[i];
    return n;
}

static void compare_scan(const scan *s, ad_tensor x, int axis)
{
    const ad_shape shape = ad_shape_of(x);
    const size_t n = (size_t)shape.dims[axis], k = size_of(&shape, axis + 1, shape.rank), m = size_of(&shape, 0, axis);
    const ad_tensor y = s->of(x, axis % 2 ? axis : axis - shape.rank);
    const double allowed = ad_type_of(x) == AD_F32 ? 1e-6 : 1e-13;
    expect_ok(t);
    for (size_t o = 0; o < m; o++)
        for (size_t j = 0; j < k; j++) {
            double total = s->first;
            for (size_t i = 0; i < n; i++) {
                const size_t at = (o * n + i) * k + j;
                total = s->next(total, number_at(x, at));
                ck_assert_msg(fabs(number_at(y, at) - total) <= allowed * (1 + fabs(total)),
                              "element %zu along axis %d is %.17g instead of %.17g", at, axis, number_at(y, at), total);
            }
        }
}

START_TEST(scans_are_those_of_plain_loops)
{
    const ad_shape *shape = &shapes[_i % SHAPES];
    const scan *s = &scans[_i / SHAPES];
    double x[1200];
    for (size_t i = 0; i < size_of(shape, 0, shape->rank); i++)
        x[i] = (i % 5 ? 1 : -1) * (0.5 + ad_random_uniform(3, 0, i));
    for (int axis = 0; axis < shape->rank; axis++)
        for (int type = AD_F32; type <= AD_F64; type++)
            compare_scan(s, ad_cast(ad_input(t, AD_F64, *shape, x), (ad_type)type), axis);
}
END_TEST

/* A sum of many parts that are small beside it keeps them. */
START_TEST(sums_of_f32_are_carried_wider)
{
    enum { N = 100000 };
    const ad_tensor y = ad_cumsum(ad_full(t, AD_F32, AD_SHAPE(N), 0.1), 0);
    expect_ok(t);
    ck_assert_float_eq_tol(ad_f32(y)[N - 1], 0.1F * N, 0.01F);
}
END_TEST

START_TEST(products_with_zeros_are_exact)
{
    const ad_tensor x = PARAMS("x", 2, 0, 3, 0, 5);
    ad_backward(ad_sum(ad_cumprod(x, 0)));
    EXPECT(ad_gradient(x), 1, 2 + 6, 0, 0, 0);
    EXPECT(ad_prod_before(x, 0), 1, 2, 0, 0, 0);
    EXPECT(ad_prod_after(x, 0), 0, 0, 0, 5, 1);
}
END_TEST

static void expect_about(ad_tensor y, size_t i, double wanted, double relative)
{
    const double got = number_at(y, i);
    ck_assert_msg(got == wanted || fabs(got - wanted) <= relative * fabs(wanted),
                  "element %zu is %.17g instead of %.17g", i, got, wanted);
}

/* Products that leave the range of f64 on the way, and of f32 at once, and come back. Source: by hand, as the exponents
 * cancel. In f64 the numbers are those of f32 with ten times the exponent. */
START_TEST(products_come_back_into_range)
{
    const ad_type type = _i % 2 ? AD_F64 : AD_F32;
    const int64_t k = _i / 2 % 2 ? 9 : 1, e = type == AD_F64 ? 1000 : 100; /* the size of groups beside each other */
    const double big = ldexp(1, (int)e), small = ldexp(1, -(int)e), allowed = type == AD_F64 ? 1e-15 : 1e-6;
    const double factor[] = {3 * big, big, small, small, 0.5}, last[] = {0, 0, 0, 1, 0},
                 wanted[] = {3 * big, INFINITY, 3 * big, 3, 1.5}, dx[] = {small, 3 * small, 3 * big, 3 * big, 0},
                 others[] = {small / 2, 1.5 * small, 1.5 * big, 1.5 * big, 3};
    double x[5 * 9], dy[5 * 9];
    for (int64_t i = 0; i < 5 * k; i++) {
        x[i] = factor[i / k];
        dy[i] = last[i / k];
    }
    const ad_tensor v = ad_variable(t, type, AD_SHAPE(5, k), NULL);
    const ad_tensor of = ad_add(v, ad_cast(ad_input(t, AD_F64, AD_SHAPE(5, k), x), type)), y = ad_cumprod(of, 0);
    ad_tensor d, p;
    ad_grad(ad_sum(ad_mul(ad_detach(ad_cast(ad_input(t, AD_F64, AD_SHAPE(5, k), dy), type)), ad_clamp(y, -8, 8))), &v,
            1, &d);
    ad_grad(ad_sum(ad_prod_over(of, AD_AXES(0))), &v, 1, &p);
    expect_ok(t);
    for (size_t i = 0; i < (size_t)(5 * k); i++) {
        const size_t at = i / (size_t)k;
        expect_about(y, i, wanted[at], allowed);
        expect_about(d, i, dx[at], allowed);
        expect_about(p, i, others[at], allowed);
    }
}
END_TEST

/* The Hessian of the product of (3 b, b, 1/b, 1/b, 1/2) along v: sums of products of three of them, by hand with v only
 * in the first place: H v = v_1 (0, x_3 x_4 x_5, x_2 x_4 x_5, ...). */
START_TEST(second_gradients_of_products_come_back_into_range)
{
    const ad_type type = _i ? AD_F64 : AD_F32;
    const double big = ldexp(1, _i ? 700 : 80), small = 1 / big, allowed = type == AD_F64 ? 1e-15 : 1e-6;
    const double x[] = {3 * big, big, small, small, 0.5}, v[] = {big, 0, 0, 0, 0},
                 wanted[] = {0, small / 2, big / 2, big / 2, 1};
    const ad_tensor u = ad_variable(t, type, AD_SHAPE(5), NULL),
                    of = ad_add(u, ad_cast(ad_input(t, AD_F64, AD_SHAPE(5), x), type));
    ad_tensor d, h;
    ad_grad(ad_prod(of), &u, 1, &d);
    ad_grad(ad_sum(ad_mul(d, ad_cast(ad_input(t, AD_F64, AD_SHAPE(5), v), type))), &u, 1, &h);
    expect_ok(t);
    for (size_t i = 0; i < 5; i++)
        expect_about(h, i, wanted[i], allowed);
}
END_TEST

/* 2^53 and then a thousand 1, of which f64 alone would lose each; forwards and backwards, one group and several.
 * Source: counting. What becomes infinite stays so. */
START_TEST(running_totals_of_f64_lose_nothing)
{
    enum { ZEROS = 15, N = 1001 + ZEROS };
    const int64_t k = _i ? 3 : 1;
    double x[N * 3];
    for (int64_t i = 0; i < N * k; i++)
        x[i] = i / k > ZEROS ? 1 : i / k ? 0 : 0x1p53;
    const ad_tensor v = ad_input(t, AD_F64, AD_SHAPE(N, k), x);
    const ad_tensor y = ad_cumsum(v, 0), z = ad_cumsum_backward(ad_flip(v, AD_AXES(0)), 0);
    for (size_t i = 0; i < N * (size_t)k; i++) {
        const double wanted = 0x1p53 + fmax(0, (double)(i / (size_t)k) - ZEROS);
        ck_assert_double_le(fabs(number_at(y, i) - wanted), 1);
        ck_assert_double_eq(number_at(z, N * (size_t)k - 1 - i), number_at(y, i));
    }
    ck_assert_double_eq(number_at(y, (N - 1) * (size_t)k), 0x1p53 + N - 1 - ZEROS);
    ck_assert(signbit(number_at(ad_cumsum(ad_input(t, AD_F64, AD_SHAPE(1), (const double[]){-0.0}), 0), 0)));
    x[30 * k] = INFINITY;
    const ad_tensor w = ad_cumsum(ad_input(t, AD_F64, AD_SHAPE(N, k), x), 0);
    ck_assert_double_eq(number_at(w, 500 * (size_t)k), (double)INFINITY);
}
END_TEST

/* Second derivatives of the last product by the two zeros, and by each with a third factor. */
START_TEST(second_gradients_of_products_with_zeros_are_exact)
{
    const ad_tensor x = PARAMS("x", 2, 0, 3, 0);
    const double w[] = {0, 1, 0, 0};
    ad_backward_with(ad_sum(ad_cumprod(x, 0)), &(ad_backward_options){.differentiable = true});
    EXPECT(ad_gradient(x), 1, 2 + 6, 0, 0);
    ad_backward(ad_sum(ad_mul(ad_input(t, AD_F64, AD_SHAPE(4), w), ad_gradient(x))));
    EXPECT(ad_gradient(x), 1 + 3, 0, 2, 6);
}
END_TEST

START_TEST(maxima_go_to_the_last_of_ties)
{
    ad_tensor x = PARAMS("x", 1, 3, 3, 2, 3), y = ad_cummax(x, 0);
    EXPECT(y, 1, 3, 3, 3, 3);
    ad_backward(ad_sum(ad_mul(y, PARAMS("x", 1, 10, 100, 1000, 10000))));
    EXPECT(ad_gradient(x), 1, 10, 1100, 0, 10000);
    EXPECT(ad_cummax(PARAMS("x", -INFINITY, NAN, 7), 0), -INFINITY, NAN, NAN);
}
END_TEST

/* The first element is the largest so far for all, and is given 2^24 and a thousand 1, of which f32 alone would lose
 * each; in f64 2^53. Source: counting. */
START_TEST(the_largest_is_given_all_of_a_long_sum)
{
    enum { N = 1001 };
    double x[N] = {1}, dy[N];
    const ad_type type = _i ? AD_F64 : AD_F32;
    const double large = type == AD_F32 ? 0x1p24 : 0x1p53;
    for (int i = 0; i < N; i++)
        dy[i] = i ? 1 : large;
    const ad_tensor v = ad_variable(t, AD_F64, AD_SHAPE(N), x);
    ad_tensor dx;
    ad_grad(ad_sum(ad_mul(ad_cummax(ad_cast(v, type), 0), ad_cast(ad_input(t, AD_F64, AD_SHAPE(N), dy), type))), &v, 1,
            &dx);
    expect_ok(t);
    ck_assert_double_eq(number_at(dx, 0), large + N - 1);
    ck_assert_double_eq(number_at(dx, 1), 0);
}
END_TEST

START_TEST(logarithms_of_sums_at_infinities)
{
    ad_tensor x = PARAMS("x", -INFINITY, -INFINITY, -1000, -INFINITY, 1000), y = ad_logcumsumexp(x, 0);
    EXPECT(y, -INFINITY, -INFINITY, -1000, -1000, 1000);
    ad_backward(ad_sum(y));
    EXPECT(ad_gradient(x), 0, 0, 2, 0, 1);
    EXPECT(ad_logcumsumexp(PARAMS("x", 1, INFINITY, 2), 0), 1, INFINITY, INFINITY);
    EXPECT(ad_logcumsumexp(PARAMS("x", 1, NAN, 2), 0), 1, NAN, NAN);
}
END_TEST

/* These numbers to within a few roundings, NaN for NaN, and what is 0 exactly. */
static void expect_nearly(ad_tensor x, size_t n, const double wanted[])
{
    expect_ok(t);
    ck_assert_uint_eq(ad_size_of(x), n);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(fabs(number_at(x, i) - wanted[i]) <= 1e-14 * fabs(wanted[i]) ||
                          (isnan(wanted[i]) && isnan(number_at(x, i))),
                      "element %zu is %.17g instead of %.17g", i, number_at(x, i), wanted[i]);
}
#define EXPECT_NEARLY(x, ...)                                                                                          \
    expect_nearly(x, sizeof((double[]){__VA_ARGS__}) / sizeof(double), (double[]){__VA_ARGS__})

/* What is beside +inf has the probability 0 from there on, and takes nothing; before it, it is as if +inf were not
 * there. The powers of +inf itself are e^(inf - inf). */
START_TEST(gradients_of_logarithms_of_sums_beside_infinity)
{
    ad_tensor x = PARAMS("x", 1, 1, INFINITY, 2, -INFINITY, INFINITY, 3),
              dy = PARAMS("x", 1, 10, 100, 1000, 1e4, 1e5, 1e6);
    ad_backward(ad_sum(ad_mul(ad_logcumsumexp(x, 0), ad_detach(dy))));
    EXPECT_NEARLY(ad_gradient(x), 6, 5, NAN, 0, 0, NAN, 0);
    x = PARAMS("x", -INFINITY, INFINITY);
    ad_backward(ad_sum(ad_logcumsumexp(x, 0)));
    EXPECT_NEARLY(ad_gradient(x), 0, NAN);
    x = PARAMS("x", -INFINITY, NAN, 3);
    ad_backward(ad_sum(ad_logcumsumexp(x, 0)));
    EXPECT_NEARLY(ad_gradient(x), 0, NAN, NAN);
}
END_TEST

/* With the weights v, of the first two dx alone: H = 10 (1, -1; -1, 1) / 4. */
START_TEST(second_gradients_of_logarithms_of_sums_beside_infinity)
{
    ad_tensor x = PARAMS("x", 1, 1, INFINITY, 2, -INFINITY, 3), dx;
    const ad_tensor dy = ad_detach(PARAMS("x", 1, 10, 100, 1000, 1e4, 1e5)),
                    v = ad_detach(PARAMS("x", 2, 8, 3, 5, 7, 9));
    ad_grad(ad_sum(ad_mul(ad_logcumsumexp(x, 0), dy)), &x, 1, &dx);
    EXPECT_NEARLY(dx, 6, 5, NAN, 0, 0, 0);
    ad_backward(ad_sum(ad_mul(dx, v)));
    EXPECT_NEARLY(ad_gradient(x), -15, 15, NAN, 0, 0, 0);
    x = PARAMS("x", -INFINITY, -INFINITY, 1, 1);
    ad_grad(ad_sum(ad_mul(ad_logcumsumexp(x, 0), PARAMS("x", 1, 1, 1, 4))), &x, 1, &dx);
    ad_backward(ad_sum(ad_mul(dx, PARAMS("x", 1, 1, 1, 3))));
    EXPECT_NEARLY(ad_gradient(x), 0, 0, -2, 2);
}
END_TEST

/* The last of two equal elements has the weights (1/2, 1/2) at any offset, and the Hessian (1, -1; -1, 1) / 4. Beside
 * e^0 a term e^-40 is not lost: ln(1 + e^-40) and p q = e^-40 (1 + e^-40)^-2 are from mpmath. */
START_TEST(logarithms_of_sums_lose_nothing)
{
    const double offsets[] = {0, 1e4, 1e8, 1e16, 1e300, -1e300}, tail = 4.2483542552915889e-18;
    const ad_tensor last = ad_detach(PARAMS("x", 0, 1)), first = ad_detach(PARAMS("x", 1, 0));
    ad_tensor dx;
    for (size_t i = 0; i < COUNT(offsets); i++) {
        ad_tensor x = PARAMS("x", offsets[i], offsets[i]);
        ad_grad(ad_sum(ad_mul(ad_logcumsumexp(x, 0), last)), &x, 1, &dx);
        EXPECT(dx, 0.5, 0.5);
        ad_backward(ad_sum(ad_mul(dx, first)));
        EXPECT(ad_gradient(x), 0.25, -0.25);
    }
    for (int k = 0; k < 2; k++) {
        ad_tensor x = k ? PARAMS("x", -40, 0) : PARAMS("x", 0, -40), y = ad_logcumsumexp(x, 0);
        EXPECT_NEARLY(y, k ? -40 : 0, tail);
        ad_grad(ad_sum(ad_mul(y, last)), &x, 1, &dx);
        EXPECT_NEARLY(ad_mul(dx, k ? first : last), k ? tail : 0, k ? 0 : tail);
        ad_backward(ad_sum(ad_mul(dx, first)));
        EXPECT_NEARLY(ad_gradient(x), tail, -tail);
    }
}
END_TEST

START_TEST(recurrences_go_both_ways)
{
    const ad_tensor a = PARAMS("x", 7, 2, 3), v = PARAMS("x", 1, 10, 100);
    EXPECT(ad_recurrence(a, v, 0, AD_FORWARDS), 1, 12, 136);
    EXPECT(ad_recurrence(a, v, 0, AD_BACKWARDS), 1 + 7 * 210, 210, 100);
    EXPECT(ad_beside(v, -1, AD_FORWARDS, 4), 4, 1, 10);
    EXPECT(ad_beside(v, -1, AD_BACKWARDS, INFINITY), 10, 100, INFINITY);
    EXPECT(ad_cumsum_backward(v, 0), 111, 110, 100);
}
END_TEST

START_TEST(scans_of_nothing)
{
    const ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(2, 0, 3), NULL, "x");
    ad_tensor sum = ad_scalar(t, 0), at;
    for (int s = 0; s < SCANS; s++)
        for (int axis = 0; axis < 3; axis++)
            sum = ad_add(sum, ad_sum(scans[s].of(x, axis)));
    sum = ad_add(sum, ad_add(ad_sum(ad_sort(x, 1)), ad_sum(ad_top_k(x, 0, 1, &at))));
    ad_backward(ad_add(sum, ad_sum(ad_top_k(x, 2, 2, NULL))));
    EXPECT(sum, 0);
    ck_assert_uint_eq(ad_size_of(ad_gradient(x)), 0);
    ck_assert_uint_eq(ad_size_of(ad_argsort(x, 0)), 0);
}
END_TEST

/* ---- Sorting ----------------------------------------------------------------------------------------------------- */

/* Whether b stands before a in the order asked for. */
static bool belongs_before(double b, double a, bool descending)
{
    return descending ? b > a || (isnan(b) && !isnan(a)) : b < a || (isnan(a) && !isnan(b));
}

/* By insertion, one element after the other. */
static void sort_plainly(const double *x, size_t n, bool descending, double *y, double *at)
{
    for (size_t i = 0; i < n; i++) {
        size_t j = i;
        for (; j && belongs_before(x[i], y[j - 1], descending); j--) {
            y[j] = y[j - 1];
            at[j] = at[j - 1];
        }
        y[j] = x[i];
        at[j] = (double)i;
    }
}

/* Sizes about those of the runs that a merge sort merges; values that tie often, and some NaN. */
START_TEST(sorted_as_by_insertion)
{
    static const size_t sizes[] = {1, 2, 15, 16, 17, 31, 32, 33, 47, 64, 100, 500};
    const size_t n = sizes[_i / 2];
    const ad_type type = _i % 2 ? AD_F32 : AD_F64;
    double values[500] = {0}, y[500] = {0}, at[500] = {0};
    for (size_t i = 0; i < n; i++)
        values[i] = ad_random_uniform(5, 0, i) < 0.05 ? NAN : floor(20 * ad_random_uniform(5, 1, i));
    const ad_tensor x = ad_cast(vector_param("x", values, n), type);
    sort_plainly(values, n, false, y, at);
    expect_numbers(ad_sort(x, 0), y, n, 0);
    expect_numbers(ad_argsort(x, -1), at, n, 0);
    sort_plainly(values, n, true, y, at);
    ad_tensor places, largest = ad_top_k(x, (int64_t)(n + 1) / 2, 0, &places);
    expect_numbers(largest, y, (n + 1) / 2, 0);
    expect_numbers(places, at, (n + 1) / 2, 0);
}
END_TEST

START_TEST(sorted_along_any_axis)
{
    const double values[] = {5, 1, 4, 2, 6, 3, 0, 7, -1, 8, -2, 9};
    const ad_tensor x = ad_input(t, AD_F64, AD_SHAPE(2, 3, 2), values);
    EXPECT(ad_sort(x, 0), 0, 1, -1, 2, -2, 3, 5, 7, 4, 8, 6, 9);
    EXPECT(ad_sort(x, 1), 4, 1, 5, 2, 6, 3, -2, 7, -1, 8, 0, 9);
    EXPECT(ad_argsort(x, 1), 1, 0, 0, 1, 2, 2, 2, 0, 1, 1, 0, 2);
    ad_tensor at;
    EXPECT(ad_top_k(x, 2, -2, &at), 6, 3, 5, 2, 0, 9, -1, 8);
    EXPECT(at, 2, 2, 0, 1, 0, 2, 1, 1);
}
END_TEST

START_TEST(gradients_go_back_to_their_places)
{
    ad_tensor x = PARAMS("x", 3, 1, 2), weights = PARAMS("x", 1, 10, 100), at;
    ad_backward(ad_sum(ad_mul(ad_sort(x, 0), weights)));
    EXPECT(ad_gradient(x), 100, 1, 10);
    ad_tensor y = ad_top_k(x, 2, 0, &at);
    EXPECT(at, 0, 2);
    ck_assert_int_eq(ad_type_of(at), AD_I32);
    ad_backward(ad_sum(ad_square(y)));
    EXPECT(ad_gradient(x), 6, 0, 4);
    ck_assert_int_eq(ad_backward(ad_sum(ad_cast(at, AD_F64))), AD_BAD_STATE);
    ad_clear_error(t);
}
END_TEST

/* ---- What is refused --------------------------------------------------------------------------------------------- */

START_TEST(wrong_calls_are_refused)
{
    const ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(2, 3), NULL, "x"), one = ad_scalar(t, 1);
    ad_tensor at;
    expect_inert(ad_cumsum(x, 2), AD_BAD_SHAPE,
                 "cumsum: axis 2 is out of range for x [2,3]: it has 2 axes, 0 to 1 or -1 to -2");
    expect_inert(ad_sort(one, 0), AD_BAD_SHAPE, "sort: axis 0 is out of range for []: a scalar has no axes");
    expect_inert(ad_argsort(one, -1), AD_BAD_SHAPE, "argsort: axis -1 is out of range for []: a scalar has no axes");
    expect_inert(ad_cummax(x, -3), AD_BAD_SHAPE,
                 "cummax: axis -3 is out of range for x [2,3]: it has 2 axes, 0 to 1 or -1 to -2");
    expect_inert(ad_top_k(x, 4, 1, &at), AD_BAD_VALUE,
                 "top_k: k = 4 is out of range: axis 1 of x [2,3] has 3 elements");
    ck_assert(ad_is_inert(at));
    expect_inert(ad_top_k(x, -1, 0, NULL), AD_BAD_VALUE,
                 "top_k: k = -1 is out of range: axis 0 of x [2,3] has 2 elements");
    expect_inert(ad_recurrence(x, one, 0, AD_FORWARDS), AD_BAD_SHAPE,
                 "recurrence: x [2,3] and [] must have the same shape");
    expect_inert(ad_sort(ad_input(t, AD_I32, AD_SHAPE(2), NULL), 0), AD_BAD_TYPE,
                 "sort: operand 0, [2], is i32: it must be f32 or f64; convert it with ad_cast");
}
END_TEST

/* Whichever allocation of a sort fails, it is an error, and the tape works again. */
START_TEST(memory_may_be_out)
{
    size_t refused = 0;
    for (size_t k = 1; k < 100; k++) {
        const ad_tensor x = ad_full(t, AD_F64, AD_SHAPE(9000), 1);
        counting_fail(&memory, k, COUNTING_ONCE);
        const ad_tensor y = ad_sort(x, 0);
        const bool failed = ad_status_of(t) != AD_OK;
        counting_heal(&memory);
        ck_assert(ad_is_inert(y) == failed);
        if (!failed)
            break;
        refused++;
        ck_assert_int_eq(ad_clear_error(t), AD_NO_MEMORY);
        ck_assert_uint_eq(ad_size_of(ad_sort(x, 0)), 9000);
        close_tape();
        open_tape();
    }
    ck_assert_uint_ge(refused, 1);
}
END_TEST

START_TEST(attributes_have_an_order)
{
    static const char *const names[][4] = {{"top_k", "axis", "k", NULL},
                                           {"recurrence", "axis", "backwards", NULL},
                                           {"beside", "axis", "backwards", "edge"}};
    for (size_t r = 0; r < COUNT(names); r++)
        for (int a = 0; a < 3 && names[r][a + 1]; a++)
            ck_assert_str_eq(ad_operator_named(names[r][0])->attributes[a].name, names[r][a + 1]);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static Suite *make_suite(void)
{
    Suite *suite = suite_create("scans");
    TCase *tests = tcase_create("scans");
    tcase_add_checked_fixture(tests, open_tape, close_tape);
    tcase_add_loop_test(tests, scans_are_those_of_plain_loops, 0, SCANS * SHAPES);
    tcase_add_test(tests, sums_of_f32_are_carried_wider);
    tcase_add_test(tests, products_with_zeros_are_exact);
    tcase_add_loop_test(tests, products_come_back_into_range, 0, 4);
    tcase_add_loop_test(tests, second_gradients_of_products_come_back_into_range, 0, 2);
    tcase_add_loop_test(tests, running_totals_of_f64_lose_nothing, 0, 2);
    tcase_add_test(tests, second_gradients_of_products_with_zeros_are_exact);
    tcase_add_test(tests, maxima_go_to_the_last_of_ties);
    tcase_add_loop_test(tests, the_largest_is_given_all_of_a_long_sum, 0, 2);
    tcase_add_test(tests, logarithms_of_sums_at_infinities);
    tcase_add_test(tests, gradients_of_logarithms_of_sums_beside_infinity);
    tcase_add_test(tests, second_gradients_of_logarithms_of_sums_beside_infinity);
    tcase_add_test(tests, logarithms_of_sums_lose_nothing);
    tcase_add_test(tests, recurrences_go_both_ways);
    tcase_add_test(tests, scans_of_nothing);
    tcase_add_loop_test(tests, sorted_as_by_insertion, 0, 24);
    tcase_add_test(tests, sorted_along_any_axis);
    tcase_add_test(tests, gradients_go_back_to_their_places);
    tcase_add_test(tests, wrong_calls_are_refused);
    tcase_add_test(tests, memory_may_be_out);
    tcase_add_test(tests, attributes_have_an_order);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void) { return run_suites(srunner_create(make_suite())); }
