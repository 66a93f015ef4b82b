/* How far transcendental functions are off, in units in the last place of the exact result, over the whole range of
 * both types: denormal and huge operands, infinities and NaN included. The bounds of this table stand in
 * include/gradtape/operators/functions.h too. */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/gradtape.h>

#include "../support/check.h"

enum { POINTS = 200000, FEW = 3, FEW_CALLS = 2000 };

/* What functions of the C library may be off; glibc's are, where it says most. */
#define LIBRARY 4.0

/* ---- The table ----------------------------------------------------------------------------------------------- */

static long double exact_logistic(long double x) { return 1 / (1 + expl(-x)); }
static long double exact_softplus(long double x) { return x > 0 ? x + log1pl(expl(-x)) : log1pl(expl(x)); }
static long double exact_reciprocal(long double x) { return 1 / x; }
static long double exact_rsqrt(long double x) { return 1 / sqrtl(x); }

/* By the recurrence up to 40, where five terms of the series 6.3.18 of Abramowitz and Stegun are enough. */
static long double exact_digamma(long double x)
{
    const long double pi = 3.14159265358979323846264338327950288L;
    long double sum = 0;
    if (x < 0) {
        const long double t = x - nearbyintl(x);
        return t == 0 ? NAN : exact_digamma(1 - x) - pi / tanl(pi * t);
    }
    for (; x < 40; x += 1)
        sum += 1 / x;
    const long double v = 1 / (x * x);
    return logl(x) - 0.5L / x - v * (1 / 12.0L - v * (1 / 120.0L - v * (1 / 252.0L - v * (1 / 240.0L - v / 132)))) -
           sum;
}

/* `vectors` is the bound in arrays, by type; `few` that of fewer than four elements, and of a build without SLEEF. */
typedef struct function {
    const char *name;
    ad_tensor (*of)(ad_tensor x);
    long double (*exact)(long double x);
    double vectors[2], few;
} function;

static const function functions[] = {
    {"exp", ad_exp, expl, {1, 1}, LIBRARY},
    {"expm1", ad_expm1, expm1l, {1, 1}, LIBRARY},
    {"exp2", ad_exp2, exp2l, {1, 1}, LIBRARY},
    {"log", ad_log, logl, {1, 1}, LIBRARY},
    {"log1p", ad_log1p, log1pl, {1, 1}, LIBRARY},
    {"log2", ad_log2, log2l, {1, 1}, LIBRARY},
    {"log10", ad_log10, log10l, {1, 1}, LIBRARY},
    {"cbrt", ad_cbrt, cbrtl, {1, 1}, LIBRARY},
    {"sin", ad_sin, sinl, {1, 1}, LIBRARY},
    {"cos", ad_cos, cosl, {1, 1}, LIBRARY},
    {"tan", ad_tan, tanl, {1, 1}, LIBRARY},
    {"asin", ad_asin, asinl, {1, 1}, LIBRARY},
    {"acos", ad_acos, acosl, {1, 1}, LIBRARY},
    {"atan", ad_atan, atanl, {1, 1}, LIBRARY},
    {"sinh", ad_sinh, sinhl, {2, 2}, LIBRARY},
    {"cosh", ad_cosh, coshl, {2, 2}, LIBRARY},
    {"tanh", ad_tanh, tanhl, {1.1, 3}, LIBRARY},
    {"asinh", ad_asinh, asinhl, {1.1, 1.1}, LIBRARY},
    {"acosh", ad_acosh, acoshl, {1, 1}, LIBRARY},
    {"atanh", ad_atanh, atanhl, {1.1, 1.1}, LIBRARY},
    {"erf", ad_erf, erfl, {1, 1}, LIBRARY},
    {"erfc", ad_erfc, erfcl, {1.5, 1.5}, LIBRARY},
    {"reciprocal", ad_reciprocal, exact_reciprocal, {0.5, 0.5}, 0.5},
    {"rsqrt", ad_rsqrt, exact_rsqrt, {1.5, 1.5}, 1.5},
    {"logistic", ad_logistic, exact_logistic, {2.5, 2.5}, LIBRARY},
    {"softplus", ad_softplus, exact_softplus, {2, 2}, LIBRARY},
    {"lgamma", ad_lgamma, lgammal, {0.6, 6}, 6},
    {"digamma", ad_digamma, exact_digamma, {0.6, INFINITY}, INFINITY}, /* in f64: digamma_in_f64 */
};

typedef struct function2 {
    const char *name;
    ad_tensor (*of)(ad_tensor a, ad_tensor b);
    long double (*exact)(long double a, long double b);
} function2;

static const function2 functions2[] = {{"pow", ad_pow, powl}, {"atan2", ad_atan2, atan2l}, {"hypot", ad_hypot, hypotl}};

#ifdef TESTS_HAVE_SLEEF
static const bool have_sleef = true;
#else
static const bool have_sleef = false;
#endif

/* ---- Distances ----------------------------------------------------------------------------------------------- */

typedef struct limits {
    int digits, least; /* of the significand, the exponent of the smallest normal number */
    long double denormal, beyond;
} limits;

static const limits limits_of[] = {
    [AD_F32] = {FLT_MANT_DIG, FLT_MIN_EXP, 0x1p-149L, 0x1p128L},
    [AD_F64] = {DBL_MANT_DIG, DBL_MIN_EXP, 0x1p-1074L, 0x1p1024L},
};

static long double rounded(ad_type type, long double x) { return type == AD_F32 ? (float)x : (double)x; }

static long double unit_of(const limits *l, long double x)
{
    int exponent;
    frexpl(x, &exponent);
    return exponent < l->least ? l->denormal : ldexpl(1, exponent - l->digits);
}

/* An infinity stands for the first number beyond the range. */
static long double as_finite(const limits *l, long double x)
{
    return fabsl(x) > l->beyond ? copysignl(l->beyond, x) : x;
}

/* In units of the exact result; infinite where one is NaN and the other not, and for a zero of the wrong sign. */
static double distance(ad_type type, double got, long double exact)
{
    const limits *l = &limits_of[type];
    const long double nearest = rounded(type, exact);
    if (isnan(got) || isnan(exact))
        return isnan(got) && isnan(exact) ? 0 : INFINITY;
    if (got == (double)nearest)
        return got == 0 && !signbit(got) != !signbit(nearest) ? INFINITY
               : isinf(got)                                   ? 0
                                                              : (double)(fabsl(got - exact) / unit_of(l, exact));
    const long double want = as_finite(l, exact);
    return (double)(fabsl(as_finite(l, got) - want) / unit_of(l, fminl(fabsl(want), l->beyond / 2)));
}

/* ---- Operands ------------------------------------------------------------------------------------------------ */

/* Bit patterns at equal distances, over the whole range or as often as the index says, and between them numbers of
 * ordinary size and numbers about which e^x leaves the range. */
static double pattern(ad_type type, uint64_t i)
{
    if (type == AD_F32) {
        const uint32_t bits = (uint32_t)(i * (UINT64_C(0x9e3779b97f4a7c15) >> 32));
        float x;
        memcpy(&x, &bits, sizeof x);
        return (double)x;
    }
    const uint64_t bits = i * UINT64_C(0x9e3779b97f4a7c15);
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static const double edges[] = {
    0.0,
    -0.0,
    0x1p-1074,
    -0x1p-1074,
    0x1p-1022,
    -0x1p-1022,
    0x1p-149,
    -0x1p-149,
    0x1p-126,
    -0x1p-126,
    0x1.fffffcp-127,
    0x1.fffffep127,
    -0x1.fffffep127,
    DBL_MAX,
    -DBL_MAX,
    INFINITY,
    -INFINITY,
    NAN,
    1,
    -1,
    0x1.fffffep-1,
    0x1.000002p0,
    1 - 0x1p-53,
    1 + 0x1p-52,
    -1 + 0x1p-53,
    -1 - 0x1p-52,
    2,
    3,
    -2,
    -3,
    0.5,
    -0.5,
    1024,
    -1074,
    128,
    -149,
    1e22,
};
enum { EDGES = COUNT(edges) };

static double operand(ad_type type, uint64_t i)
{
    const double end = type == AD_F32 ? 110 : 760, u = 2 * (double)(i * 0x9e3779b97f4a7c15U >> 11) * 0x1p-53 - 1;
    double x;
    if (i < EDGES)
        x = edges[i];
    else if (i % 3 == 0)
        x = pattern(type, i);
    else
        x = u * (i % 3 == 1 ? 5 : end);
    return type == AD_F32 ? (double)(float)x : x;
}

static ad_tensor input(ad_tape *t, ad_type type, const double *x, int64_t n)
{
    static float narrow[POINTS];
    for (int64_t i = 0; type == AD_F32 && i < n; i++)
        narrow[i] = (float)x[i];
    return ad_input(t, type, AD_SHAPE(n), type == AD_F32 ? (const void *)narrow : x);
}

/* ---- Bounds -------------------------------------------------------------------------------------------------- */

static double a[POINTS], b[POINTS];

static void assert_within(ad_type type, const char *name, double bound, double worst, size_t at)
{
    ck_assert_msg(worst <= bound, "%s of %s is off by %.6g units at %a (%a), more than %g", name, ad_type_name(type),
                  worst, a[at], b[at], bound);
}

static ad_type type_of_loop(int i) { return i % 2 ? AD_F64 : AD_F32; }

START_TEST(one_operand)
{
    const function *f = &functions[_i / 2];
    const ad_type type = type_of_loop(_i);
    ad_tape *t = ad_tape_open(NULL);
    double worst = 0;
    size_t at = 0;
    for (size_t i = 0; i < POINTS; i++)
        a[i] = operand(type, i);
    const ad_tensor y = f->of(input(t, type, a, POINTS));
    expect_ok(t);
    for (size_t i = 0; i < POINTS; i++) {
        const double d = distance(type, number_at(y, i), f->exact(a[i]));
        if (d > worst)
            worst = d, at = i;
    }
    assert_within(type, f->name, have_sleef ? f->vectors[type] : f->few, worst, at);
    ad_tape_close(t);
}
END_TEST

/* Its zeros are where terms cancel: there the error is small beside them, but not beside the result. */
START_TEST(digamma_in_f64)
{
    ad_tape *t = ad_tape_open(NULL);
    for (size_t i = 0; i < POINTS; i++)
        a[i] = operand(AD_F64, i);
    const ad_tensor y = ad_digamma(input(t, AD_F64, a, POINTS));
    for (size_t i = 0; i < POINTS; i++) {
        const long double exact = exact_digamma(a[i]), off = fabsl(number_at(y, i) - exact);
        if (isfinite((double)exact) && !(off <= 1e-14L * fmaxl(1, fabsl(exact))))
            ck_abort_msg("digamma of %a is off by %Lg of %Lg", a[i], off, exact);
    }
    ad_tape_close(t);
}
END_TEST

/* Arrays of so few elements that they go through the C library. */
START_TEST(few_elements)
{
    const function *f = &functions[_i / 2];
    const ad_type type = type_of_loop(_i);
    ad_tape *t = ad_tape_open(NULL);
    for (size_t call = 0; call < FEW_CALLS; call++) {
        for (size_t i = 0; i < FEW; i++)
            a[i] = operand(type, call * FEW + i);
        const ad_tensor y = f->of(input(t, type, a, FEW));
        for (size_t i = 0; i < FEW; i++)
            assert_within(type, f->name, f->few, distance(type, number_at(y, i), f->exact(a[i])), i);
        ad_reset(t);
    }
    ad_tape_close(t);
}
END_TEST

/* Pairs of edges, of any two operands, and of two whose power is in the range. */
static void draw_pairs(ad_type type)
{
    for (size_t i = 0; i < POINTS; i++) {
        const uint64_t k = i + EDGES;
        a[i] = i < EDGES * EDGES ? operand(type, i / EDGES) : operand(type, k);
        b[i] = i < EDGES * EDGES ? operand(type, i % EDGES) : pattern(type, 7 * k * k + 1);
        if (i >= EDGES * EDGES && i % 4)
            b[i] = (double)(float)((double)((k * k) % 4001) / 16 - 125);
    }
}

START_TEST(two_operands)
{
    const function2 *f = &functions2[_i / 2];
    const ad_type type = type_of_loop(_i);
    ad_tape *t = ad_tape_open(NULL);
    double worst = 0;
    size_t at = 0;
    draw_pairs(type);
    const ad_tensor x = input(t, type, a, POINTS), y = f->of(x, input(t, type, b, POINTS));
    for (size_t i = 0; i < POINTS; i++) {
        const double d = distance(type, number_at(y, i), f->exact(a[i], b[i]));
        if (d > worst)
            worst = d, at = i;
    }
    assert_within(type, f->name, have_sleef ? 1 : LIBRARY, worst, at);
    ad_tape_close(t);
}
END_TEST

/* ---- Places -------------------------------------------------------------------------------------------------- */

enum { LONGEST = 520 };

static void assert_same_everywhere(const char *name, ad_tensor y, double first)
{
    size_t i = 0;
    const size_t n = ad_size_of(y);
    while (i < n && number_at(y, i) == first)
        i++;
    ck_assert_msg(i == n, "%s: element %zu of %zu is %a, elsewhere %a", name, i, n, i < n ? number_at(y, i) : 0, first);
}

/* About the sizes of vectors and of blocks. */
static int64_t next_length(int64_t n) { return n == 20 ? 250 : n == 265 ? 505 : n + 1; }

/* In arrays of at least four elements the value of an element depends on neither its place nor their number. */
START_TEST(values_do_not_depend_on_the_place)
{
    const ad_type type = type_of_loop(_i);
    ad_tape *t = ad_tape_open(NULL);
    for (size_t k = 0; k < COUNT(functions); k++) {
        double first = 0;
        for (int64_t n = 4; n <= LONGEST; n = next_length(n)) {
            for (int64_t i = 0; i < n; i++)
                a[i] = functions[k].of == ad_acosh ? 1.71 : 0.71;
            const ad_tensor y = functions[k].of(input(t, type, a, n));
            first = n == 4 ? number_at(y, 0) : first;
            assert_same_everywhere(functions[k].name, y, first);
            ad_reset(t);
        }
    }
    ad_tape_close(t);
}
END_TEST

START_TEST(values_of_two_do_not_depend_on_the_place)
{
    static ad_tensor (*const of[])(ad_tensor, ad_tensor) = {ad_pow, ad_atan2, ad_hypot, ad_logaddexp};
    static const char *const names[] = {"pow", "atan2", "hypot", "logaddexp"};
    const ad_type type = type_of_loop(_i);
    ad_tape *t = ad_tape_open(NULL);
    for (size_t k = 0; k < 4; k++) {
        double first = 0;
        for (int64_t n = 4; n <= LONGEST; n = next_length(n)) {
            for (int64_t i = 0; i < n; i++)
                a[i] = 0.71, b[i] = 1.37;
            const ad_tensor x = input(t, type, a, n), y = input(t, type, b, n);
            const ad_tensor one = ad_reshape(input(t, type, b, 1), AD_SCALAR);
            first = n == 4 ? number_at(of[k](x, y), 0) : first;
            assert_same_everywhere(names[k], of[k](x, y), first);
            assert_same_everywhere(names[k], of[k](x, one), first);
            ad_reset(t);
        }
    }
    ad_tape_close(t);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ulp");
    TCase *bounds = tcase_create("bounds"), *places = tcase_create("places");
    const int ones = 2 * COUNT(functions),
              twos = 2 * COUNT(functions2);
    suite_add_tcase(suite, bounds);
    suite_add_tcase(suite, places);
#if LDBL_MANT_DIG > DBL_MANT_DIG
    tcase_add_loop_test(bounds, one_operand, 0, ones);
    tcase_add_test(bounds, digamma_in_f64);
    tcase_add_loop_test(bounds, few_elements, 0, ones);
    tcase_add_loop_test(bounds, two_operands, 0, twos);
#endif
    tcase_add_loop_test(places, values_do_not_depend_on_the_place, 0, 2);
    tcase_add_loop_test(places, values_of_two_do_not_depend_on_the_place, 0, 2);
    return run_suites(srunner_create(suite));
}
