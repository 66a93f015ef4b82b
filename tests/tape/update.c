/* Changing leaves in place: descent, assigning and filling, and what is refused. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "../support/one_tape.h"

enum { MOST = 1000 };

/* A parameter, an accumulator and a gradient of n elements, in both types, and the same as plain numbers. */
typedef struct update_case {
    ad_type type;
    int n;
    ad_tensor x, a;
    double x0[MOST], a0[MOST], d[MOST];
} update_case;

static const int update_sizes[] = {1, 7, 64, MOST};

/* The data of a leaf from numbers that both types can represent. */
static const void *as_type(ad_type type, const double *from, int n)
{
    static float narrow[MOST];
    for (int i = 0; i < n; i++)
        narrow[i] = (float)from[i];
    return type == AD_F32 ? (const void *)narrow : from;
}

static void open_update(update_case *u, int index)
{
    *u = (update_case){.type = index % 2 ? AD_F64 : AD_F32, .n = update_sizes[index / 2]};
    const ad_shape shape = u->n == 1 ? AD_SCALAR : AD_SHAPE(u->n);
    for (int i = 0; i < u->n; i++) {
        u->x0[i] = i / 8.0 - 3;
        u->a0[i] = 0.5 + i / 16.0;
        u->d[i] = (i % 11 - 5) / 4.0;
    }
    u->x = ad_param(t, u->type, shape, as_type(u->type, u->x0, u->n), "x");
    u->a = ad_state(t, u->type, shape, as_type(u->type, u->a0, u->n), "a");
    ad_backward(ad_sum(ad_mul(u->x, ad_input(t, u->type, shape, as_type(u->type, u->d, u->n)))));
    expect_ok(t);
}

static void check_elements(const update_case *u, ad_tensor x, const double *expected)
{
    for (int i = 0; i < u->n; i++) {
        double tolerance = (u->type == AD_F32 ? 1e-6 : 1e-15) * fmax(1, fabs(expected[i]));
        ck_assert_double_eq_tol(number_at(x, (size_t)i), expected[i], tolerance);
    }
}

/* ---- Descent ----------------------------------------------------------------------------------------------------- */

START_TEST(descend_subtracts_the_gradient)
{
    update_case u;
    open_update(&u, _i);
    double expected[MOST];
    for (int i = 0; i < u.n; i++)
        expected[i] = u.x0[i] - 0.25 * u.d[i];
    ck_assert_int_eq(ad_descend(u.x, 0.25), AD_OK);
    check_elements(&u, u.x, expected);
    check_elements(&u, u.a, u.a0);
    ck_assert_uint_eq(ad_version_of(u.x), 1);
    ck_assert_int_eq(ad_descend(u.x, -0.25), AD_OK);
    check_elements(&u, u.x, u.x0);
    ck_assert_uint_eq(ad_version_of(u.x), 2);
}
END_TEST

START_TEST(adagrad_divides_by_the_root_of_the_sum)
{
    update_case u;
    open_update(&u, _i);
    double x[MOST], a[MOST];
    for (int i = 0; i < u.n; i++) {
        a[i] = u.a0[i] + u.d[i] * u.d[i];
        x[i] = u.x0[i] - 0.1 * u.d[i] / sqrt(a[i]);
    }
    ck_assert_int_eq(ad_descend_adagrad(u.x, u.a, 0.1), AD_OK);
    check_elements(&u, u.x, x);
    check_elements(&u, u.a, a);
    for (int i = 0; i < u.n; i++) {
        a[i] += u.d[i] * u.d[i];
        x[i] -= 0.1 * u.d[i] / sqrt(a[i]);
    }
    ad_reset(t);
    ck_assert_int_eq(ad_descend_adagrad(u.x, u.a, 0.1), AD_OK);
    check_elements(&u, u.x, x);
    check_elements(&u, u.a, a);
    ck_assert_uint_eq(ad_version_of(u.x) + ad_version_of(u.a), 4);
}
END_TEST

/* Equal to so many parts of it, or in the last digit of a denormal number; or both are infinite, or NaN. */
static bool is_near(double x, double expected, double relative)
{
    return x == expected || (isnan(x) && isnan(expected)) ||
           fabs(x - expected) <= fmax(relative * fabs(expected), 1.5e-45);
}

/* One step from x = 0 shows every digit of it. Odd sums of squares stand among plain ones, at any place of a vector. */
enum { SUMS = 40 };

START_TEST(adagrad_of_any_sum)
{
    static const float odd[] = {0, 1e-45F, 1e-39F, FLT_MIN, 1e-20F, 3e19F, FLT_MAX, INFINITY, NAN};
    float d[SUMS], a0[SUMS];
    for (int i = 0; i < SUMS; i++) {
        d[i] = (float)ldexp(1 + i / 64.0, i * 5 % 120 - 60) * (i % 3 ? 1 : -1);
        a0[i] = i % 2 ? 0.5F * d[i] * d[i] : 0.1F;
    }
    d[_i] = odd[_i % COUNT(odd)];
    a0[_i] = _i / COUNT(odd) % 2 ? odd[_i % COUNT(odd)] : 0;
    ad_tensor x = ad_param(t, AD_F32, AD_SHAPE(SUMS), NULL, "x"), a = ad_state(t, AD_F32, AD_SHAPE(SUMS), a0, "a");
    ad_backward(ad_sum(ad_mul(x, ad_input(t, AD_F32, AD_SHAPE(SUMS), d))));
    ck_assert_int_eq(ad_descend_adagrad(x, a, 1), AD_OK);
    for (int i = 0; i < SUMS; i++) {
        const float sum = ad_f32(a)[i], exact = fmaf(d[i], d[i], a0[i]);
        const double step = -(double)d[i] / sqrt((double)sum);
        ck_assert_msg(is_near(sum, exact, 1.5e-7), "sum %d of squares: %g, not %g", i, (double)sum, (double)exact);
        ck_assert_msg(is_near(ad_f32(x)[i], step, 1.5e-7), "step %d: %g, not %g", i, (double)ad_f32(x)[i], step);
    }
}
END_TEST

/* A step of 1 / sqrt(a) from 0 is not rounded again: it has the error of that alone, for a in [1, 4) as for any. */
START_TEST(adagrad_to_the_last_digit)
{
    enum { N = 8192 };
    static float d[N], a0[N];
    for (int i = 0; i < N; i++) {
        d[i] = 1;
        a0[i] = 3.0F * (float)i / N;
    }
    ad_tensor x = ad_param(t, AD_F32, AD_SHAPE(N), NULL, "x"), a = ad_state(t, AD_F32, AD_SHAPE(N), a0, "a");
    ad_backward(ad_sum(ad_mul(x, ad_input(t, AD_F32, AD_SHAPE(N), d))));
    ck_assert_int_eq(ad_descend_adagrad(x, a, 1), AD_OK);
    for (int i = 0; i < N; i++) {
        const double step = -1 / sqrt((double)ad_f32(a)[i]), off = fabs(((double)ad_f32(x)[i] - step) / step);
        ck_assert_msg(off <= 0x1.8p-24, "step %d is off by %.3g * 2^-24", i, ldexp(off, 24));
    }
}
END_TEST

/* ---- Assigning and filling --------------------------------------------------------------------------------------- */

START_TEST(assign_and_fill_change_every_element)
{
    update_case u;
    open_update(&u, _i);
    double expected[MOST];
    ck_assert_int_eq(ad_assign(u.x, as_type(u.type, u.a0, u.n)), AD_OK);
    check_elements(&u, u.x, u.a0);
    ck_assert_int_eq(ad_fill(u.a, -2.5), AD_OK);
    for (int i = 0; i < u.n; i++)
        expected[i] = -2.5;
    check_elements(&u, u.a, expected);
    ck_assert_int_eq(ad_fill_uniform(u.x, (const double[]){-3, 5}, 42, 7), AD_OK);
    for (int i = 0; i < u.n; i++)
        expected[i] = -3 + 8 * ad_random_uniform(42, 7, (uint64_t)i);
    check_elements(&u, u.x, expected);
    ck_assert_int_eq(ad_fill_uniform(u.x, (const double[]){1.5, 1.5}, 42, 7), AD_OK);
    ck_assert_double_eq(number_at(u.x, (size_t)u.n - 1), 1.5);
    ck_assert_uint_eq(ad_version_of(u.x), 3);
    ck_assert_uint_eq(ad_version_of(u.a), 1);
    ck_assert_uint_eq(ad_version_of(ad_kept_at(t, 0)), 3);
}
END_TEST

START_TEST(fill_of_i32)
{
    ad_tensor s = ad_state(t, AD_I32, AD_SHAPE(3), NULL, "count");
    ck_assert_int_eq(ad_fill(s, -7), AD_OK);
    ck_assert_int_eq(ad_i32(s)[2], -7);
    const double misfits[] = {2147483648.0, -2147483649.0, (double)NAN, (double)INFINITY};
    for (int i = 0; i < COUNT(misfits); i++) {
        ck_assert_int_eq(ad_fill(s, misfits[i]), AD_BAD_VALUE);
        expect_recovery(t, AD_BAD_VALUE, "does not fit into count of i32");
    }
    ck_assert_int_eq(ad_fill_uniform(s, (const double[]){0, 5}, 1, 1), AD_BAD_TYPE);
    expect_recovery(t, AD_BAD_TYPE, "fill_uniform: count is i32");
    ck_assert_int_eq(ad_i32(s)[0], -7);
    ck_assert_uint_eq(ad_version_of(s), 1);
}
END_TEST

/* The header promises [low, high). The second number of (1, 405665) begins with 25 ones: f32 must not round it to 1. */
START_TEST(fill_uniform_stays_below_high)
{
    ad_tensor x = ad_param(t, AD_F32, AD_SHAPE(4), NULL, "x");
    ck_assert_uint_ge(ad_random_bits(1, 405665, 1), 0xFFFFFF80);
    ad_fill_uniform(x, (const double[]){0, 1}, 1, 405665);
    for (int i = 0; i < 4; i++)
        ck_assert_msg(ad_f32(x)[i] >= 0 && ad_f32(x)[i] < 1, "element %d is %.9g", i, (double)ad_f32(x)[i]);
}
END_TEST

/* high - low may be more than the largest number. */
START_TEST(fill_uniform_over_everything)
{
    ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(100), NULL, "x");
    if (ad_fill_uniform(x, (const double[]){-1.5e308, 1.5e308}, 1, 2) == AD_OK)
        for (int i = 0; i < 100; i++)
            ck_assert_msg(isfinite(ad_f64(x)[i]), "element %d is %g", i, ad_f64(x)[i]);
}
END_TEST

START_TEST(fill_uniform_refuses_what_is_no_range)
{
    ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(2), (const double[]){4, 5}, "x");
    const double nan = (double)NAN, infinity = (double)INFINITY;
    const double ranges[][2] = {{1, 0}, {nan, 1}, {0, nan}, {-infinity, 0}, {0, infinity}};
    for (int i = 0; i < COUNT(ranges); i++) {
        ck_assert_int_eq(ad_fill_uniform(x, ranges[i], 1, 1), AD_BAD_VALUE);
        expect_recovery(t, AD_BAD_VALUE, "fill_uniform: the range must be two finite numbers, the lower first");
    }
    ck_assert_double_eq(ad_f64(x)[0] + ad_f64(x)[1], 9);
    ck_assert_uint_eq(ad_version_of(x), 0);
}
END_TEST

/* Of a stream of ad_normal they are its numbers; of another mean and deviation, mean + deviation z in f64, rounded. */
START_TEST(fill_normal_draws_as_normal_does)
{
    const ad_type type = _i % 2 ? AD_F64 : AD_F32;
    const int64_t sizes[] = {1, 2, 31, 32, 33, 777};
    const ad_shape shape = _i / 2 ? AD_SHAPE(sizes[_i / 2]) : AD_SCALAR;
    ad_tensor x = ad_param(t, type, shape, NULL, "x"), y = ad_param(t, type, shape, NULL, "y");
    ad_set_draw_count(t, 12345);
    const ad_tensor z = ad_normal(t, type, shape, 77), wide = ad_cast(z, AD_F64);
    ck_assert_int_eq(ad_fill_normal(x, 0, 1, 77, ad_stream(AD_STREAM_NORMAL, 12345)), AD_OK);
    expect_same_bits(x, z);
    ck_assert_int_eq(ad_fill_normal(y, -3, 0.25, 77, ad_stream(AD_STREAM_NORMAL, 12345)), AD_OK);
    for (size_t i = 0; i < ad_size_of(y); i++)
        ck_assert(fabs(number_at(y, i) - (-3 + 0.25 * number_at(wide, i))) <= (type == AD_F32 ? 5e-7 : 0));
    ck_assert_int_eq(ad_fill_normal(x, 2.5, 0, 77, 3), AD_OK);
    ck_assert(number_at(x, 0) == 2.5 && number_at(x, ad_size_of(x) - 1) == 2.5);
    ck_assert_uint_eq(ad_version_of(x), 2);
    expect_ok(t);
}
END_TEST

/* Of a million numbers: the first moments, and how many lie within one and two deviations, to five deviations of each.
 */
START_TEST(fill_normal_is_normal)
{
    enum { N = 1000000 };
    const double mean = 0.5, deviation = 3, shares[] = {0.682689492137086, 0.954499736103642};
    ad_tensor x = ad_param(t, _i ? AD_F64 : AD_F32, AD_SHAPE(N), NULL, "x");
    ck_assert_int_eq(ad_fill_normal(x, mean, deviation, 42, 7), AD_OK);
    double moment[5] = {0};
    int within[2] = {0};
    for (size_t i = 0; i < N; i++) {
        const double z = (number_at(x, i) - mean) / deviation;
        for (int k = 1; k <= 4; k++)
            moment[k] += pow(z, k) / N;
        for (int k = 0; k < 2; k++)
            within[k] += fabs(z) <= k + 1;
    }
    const double of_normal[] = {1, 0, 1, 0, 3}, variance[] = {0, 1, 2, 15, 96};
    for (int k = 1; k <= 4; k++)
        ck_assert_double_eq_tol(moment[k], of_normal[k], 5 * sqrt(variance[k] / N));
    for (int k = 0; k < 2; k++)
        ck_assert_double_eq_tol(within[k], N * shares[k], 5 * sqrt(N * shares[k] * (1 - shares[k])));
}
END_TEST

START_TEST(fill_normal_refuses)
{
    ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(2), (const double[]){4, 5}, "x"),
              s = ad_state(t, AD_I32, AD_SCALAR, NULL, "s");
    ad_tensor narrow = ad_param(t, AD_F32, AD_SHAPE(2), NULL, "narrow");
    const double nan = (double)NAN, infinity = (double)INFINITY;
    const double bad[][2] = {{nan, 1}, {infinity, 1}, {0, nan}, {0, infinity}, {0, -1e-300}};
    for (int i = 0; i < COUNT(bad); i++) {
        ck_assert_int_eq(ad_fill_normal(x, bad[i][0], bad[i][1], 1, 1), AD_BAD_VALUE);
        expect_recovery(t, AD_BAD_VALUE, "fill_normal: the mean", "must be finite, the deviation at least 0");
    }
    ck_assert_int_eq(ad_fill_normal(s, 0, 1, 1, 1), AD_BAD_TYPE);
    expect_recovery(t, AD_BAD_TYPE, "fill_normal: s is i32: it must be f32 or f64");
    ck_assert_int_eq(ad_fill_normal(x, 0, 1e308, 1, 1), AD_BAD_VALUE);
    expect_recovery(t, AD_BAD_VALUE, "the mean 0 and the deviation 1e+308 do not fit into x of f64");
    ck_assert_int_eq(ad_fill_normal(narrow, 1e39, 0, 1, 1), AD_BAD_VALUE);
    expect_recovery(t, AD_BAD_VALUE, "the mean 1e+39 and the deviation 0 do not fit into narrow of f32");
    ck_assert_int_eq(ad_fill_normal(INPUTS(1, 2), 0, 1, 1, 1), AD_BAD_STATE);
    expect_recovery(t, AD_BAD_STATE, "fill_normal: only parameters and states");
    ck_assert_int_eq(ad_fill_normal((ad_tensor){0}, 0, 1, 1, 1), AD_BAD_HANDLE);
    EXPECT(x, 4, 5);
    ck_assert_uint_eq(ad_version_of(x) + ad_version_of(s) + ad_version_of(narrow), 0);
    ck_assert_int_eq(ad_fill_normal(x, -1e308, 1e307, 1, 1), AD_OK);
    ck_assert(isfinite(number_at(x, 0)) && isfinite(number_at(x, 1)));
}
END_TEST

/* A gradient is a number of its own, recorded, kept or not, even where rules hand on the seed as it is. */
START_TEST(a_gradient_is_not_the_leaf_that_seeded_it)
{
    double five[] = {5, 6}, other[] = {77, 78};
    const ad_shape two = AD_SHAPE(2);
    for (int kind = 0; kind < 4; kind++) {
        ad_tensor p = ad_param(t, AD_F64, two, (double[]){1, 2}, "p"), v = ad_variable(t, AD_F64, two, other);
        ad_tensor seed = kind == 0   ? ad_param(t, AD_F64, two, five, "seed")
                         : kind == 2 ? ad_borrow(t, AD_F64, two, five)
                                     : ad_input(t, AD_F64, two, five);
        ad_tensor inner = ad_add(p, v), y = ad_shift(inner, 1);
        ad_backward_options options = ways_back[_i];
        options.seed = kind == 3 ? ad_reshape(seed, two) : seed;
        ck_assert_int_eq(ad_backward_with(y, &options), AD_OK);
        if (kind == 2)
            memcpy(five, other, sizeof five);
        else
            ck_assert_int_eq(ad_assign(seed, other), AD_OK);
        ck_assert_double_eq(ad_f64(ad_gradient(p))[0], 5);
        ck_assert_double_eq(ad_f64(ad_gradient(v))[1], 6);
        if (ways_back[_i].keep)
            ck_assert_double_eq(ad_f64(ad_gradient(inner))[1] + ad_f64(ad_gradient(y))[0], 11);
        ck_assert_int_eq(ad_reset(t), AD_OK);
        ck_assert_double_eq(ad_f64(ad_gradient(p))[1], 6);
        memcpy(five, (const double[]){5, 6}, sizeof five);
    }
}
END_TEST

/* ---- What is refused --------------------------------------------------------------------------------------------- */

/* Only what is kept is changed in place. */
START_TEST(only_what_is_kept_is_updated)
{
    double b[] = {1, 2};
    ad_tensor v = ad_variable(t, AD_F64, AD_SHAPE(2), b), p = ad_param(t, AD_F64, AD_SHAPE(2), b, "p");
    ad_tensor y = ad_exp(ad_add(v, p)), a = ad_state(t, AD_F64, AD_SHAPE(2), b, "a");
    ad_backward_with(ad_sum(y), &(ad_backward_options){.keep = true});
    const ad_tensor others[] = {y, ad_gradient(p), ad_borrow(t, AD_F64, AD_SHAPE(2), b), v};
    const char *const refusals[] = {
        "assign: only leaves are changed in place; this is none",
        "assign: only leaves are changed in place; this is none",
        "assign: only leaves are changed in place; this is borrowed: change your own array"};
    for (int i = 0; i < COUNT(others); i++) {
        double before = ad_f64(others[i])[1];
        if (i < COUNT(refusals)) {
            ck_assert_int_eq(ad_assign(others[i], (const double[]){7, 8}), AD_BAD_STATE);
            expect_recovery(t, AD_BAD_STATE, refusals[i]);
        }
        ck_assert_int_eq(ad_fill(others[i], 9), AD_BAD_STATE);
        expect_recovery(t, AD_BAD_STATE, "fill: only parameters and states");
        ck_assert_int_eq(ad_fill_uniform(others[i], b, 1, 1), AD_BAD_STATE);
        expect_recovery(t, AD_BAD_STATE, "fill_uniform: only parameters and states");
        ck_assert_int_eq(ad_descend(others[i], 1), AD_BAD_STATE);
        expect_recovery(t, AD_BAD_STATE, "descend: only parameters and states");
        ck_assert_int_eq(ad_descend_adagrad(others[i], a, 1), AD_BAD_STATE);
        expect_recovery(t, AD_BAD_STATE, "descend_adagrad: only parameters and states");
        ck_assert_int_eq(ad_descend_adagrad(p, others[i], 1), AD_BAD_STATE);
        expect_recovery(t, AD_BAD_STATE, "descend_adagrad: only parameters and states");
        ck_assert_uint_eq(ad_version_of(others[i]), 0);
        if (i < 2)
            expect_recovery(t, AD_BAD_STATE, "version_of: the tensor is no leaf");
        ck_assert_double_eq(ad_f64(others[i])[1], before);
    }
    ck_assert_double_eq(b[0] + b[1], 3);
    ck_assert_uint_eq(ad_version_of(p) + ad_version_of(a), 0);
}
END_TEST

static void expect_as_before(const update_case *u)
{
    ck_assert_uint_eq(ad_version_of(u->x) + ad_version_of(u->a), 0);
    check_elements(u, u->x, u->x0);
    check_elements(u, u->a, u->a0);
}

START_TEST(updates_that_are_refused_change_nothing)
{
    update_case u;
    open_update(&u, _i);
    const double rates[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    for (int i = 0; i < COUNT(rates); i++) {
        ck_assert_int_eq(ad_descend(u.x, rates[i]), AD_BAD_VALUE);
        expect_recovery(t, AD_BAD_VALUE, "descend: the rate");
        ck_assert_int_eq(ad_descend_adagrad(u.x, u.a, rates[i]), AD_BAD_VALUE);
        expect_recovery(t, AD_BAD_VALUE, "descend_adagrad: the rate");
        expect_as_before(&u);
    }
    ad_tensor lonely = ad_param(t, u.type, ad_shape_of(u.x), NULL, "lonely");
    ck_assert_int_eq(ad_descend(lonely, 1), AD_NO_GRADIENT);
    expect_recovery(t, AD_NO_GRADIENT, "descend: the gradient of lonely was not computed");
    ck_assert_int_eq(ad_descend(u.a, 1), AD_NO_GRADIENT);
    expect_recovery(t, AD_NO_GRADIENT, "descend: the gradient of a was not computed");
    ck_assert_int_eq(ad_descend_adagrad(lonely, u.a, 1), AD_NO_GRADIENT);
    expect_recovery(t, AD_NO_GRADIENT, "descend_adagrad: the gradient of lonely was not computed");
    ck_assert_double_eq(number_at(lonely, 0), 0);
    expect_as_before(&u);
}
END_TEST

START_TEST(accumulators_that_are_refused_change_nothing)
{
    update_case u;
    open_update(&u, _i);
    const ad_type other = u.type == AD_F32 ? AD_F64 : AD_F32;
    const ad_tensor misfits[] = {
        u.x,
        ad_state(t, u.type, AD_SHAPE(u.n + 1), NULL, "longer"),
        ad_state(t, u.type, AD_SHAPE(u.n, 1), NULL, "deeper"),
        ad_state(t, other, ad_shape_of(u.x), NULL, "of another type"),
    };
    for (int i = 0; i < COUNT(misfits); i++) {
        ck_assert_int_eq(ad_descend_adagrad(u.x, misfits[i], 1), AD_BAD_SHAPE);
        expect_recovery(t, AD_BAD_SHAPE, "descend_adagrad: the accumulator of x must be a state");
        expect_as_before(&u);
    }
    ck_assert_int_eq(ad_descend_adagrad(u.x, (ad_tensor){0}, 1), AD_BAD_HANDLE);
    expect_recovery(t, AD_BAD_HANDLE, "descend_adagrad: the accumulator");
    expect_as_before(&u);
}
END_TEST

/* What comes back must also be said by the tapes: their user asks them, not each call. */
START_TEST(an_accumulator_of_another_tape)
{
    update_case u;
    open_update(&u, 2);
    ad_tape *other = ad_tape_open(NULL);
    ad_tensor a = ad_state(other, u.type, ad_shape_of(u.x), NULL, "a");
    ck_assert_int_eq(ad_descend_adagrad(u.x, a, 1), AD_BAD_HANDLE);
    expect_recovery(t, AD_BAD_HANDLE, "descend_adagrad: ");
    expect_recovery(other, AD_BAD_HANDLE, "descend_adagrad: ");
    expect_as_before(&u);
    ck_assert_uint_eq(ad_version_of(a), 0);
    ad_tape_close(other);
}
END_TEST

/* The header asks for a state: a parameter would be trained and overwritten at once. */
START_TEST(an_accumulator_that_is_a_parameter)
{
    update_case u;
    open_update(&u, 2);
    ad_tensor q = ad_param(t, u.type, ad_shape_of(u.x), NULL, "q");
    ad_fill(q, 1);
    ck_assert_int_ne(ad_descend_adagrad(u.x, q, 1), AD_OK);
    expect_recovery(t, ad_status_of(t), "descend_adagrad: the accumulator of x must be a state");
    expect_as_before(&u);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, descend_subtracts_the_gradient, 0, 2 * COUNT(update_sizes));
    tcase_add_loop_test(tests, adagrad_divides_by_the_root_of_the_sum, 0, 2 * COUNT(update_sizes));
    tcase_add_loop_test(tests, adagrad_of_any_sum, 0, SUMS);
    tcase_add_test(tests, adagrad_to_the_last_digit);
    tcase_add_loop_test(tests, assign_and_fill_change_every_element, 0, 2 * COUNT(update_sizes));
    tcase_add_test(tests, fill_of_i32);
    tcase_add_test(tests, fill_uniform_stays_below_high);
    tcase_add_test(tests, fill_uniform_over_everything);
    tcase_add_test(tests, fill_uniform_refuses_what_is_no_range);
    tcase_add_loop_test(tests, fill_normal_draws_as_normal_does, 0, 12);
    tcase_add_loop_test(tests, fill_normal_is_normal, 0, 2);
    tcase_add_test(tests, fill_normal_refuses);
    tcase_add_loop_test(tests, a_gradient_is_not_the_leaf_that_seeded_it, 0, WAYS_BACK);
    tcase_add_test(tests, only_what_is_kept_is_updated);
    tcase_add_loop_test(tests, updates_that_are_refused_change_nothing, 0, 2 * COUNT(update_sizes));
    tcase_add_loop_test(tests, accumulators_that_are_refused_change_nothing, 0, 2 * COUNT(update_sizes));
    tcase_add_test(tests, an_accumulator_of_another_tape);
    tcase_add_test(tests, an_accumulator_that_is_a_parameter);
}

int main(void) { return run_on_one_tape("update", add_tests); }
