/* Figures of arrays, also where sums of their elements or squares would overflow or vanish. */
#include "../../inspect/statistics.h"

#include <float.h>
#include <math.h>

#include "../support/check.h"

static ad_statistics of(const double *x, size_t n) { return ad_statistics_of(x, AD_F64, n); }
#define OF(...) of(NUMBERS(__VA_ARGS__))

START_TEST(figures)
{
    const ad_statistics s = OF(3, -1, 0, -0.0, 2);
    ck_assert(s.n == 5 && s.zeros == 2 && s.not_finite == 0);
    ck_assert(s.min == -1 && s.max == 3);
    ck_assert_double_eq_tol(s.mean, 0.8, 1e-15);
    ck_assert_double_eq_tol(s.deviation, sqrt(2.16), 1e-15);
    ck_assert_double_eq_tol(s.rms, sqrt(2.8), 1e-15);
    ck_assert_double_eq_tol(s.norm, sqrt(14), 1e-15);
}
END_TEST

START_TEST(types)
{
    const ad_statistics f = ad_statistics_of((float[]){0.5F, -2}, AD_F32, 2);
    const ad_statistics i = ad_statistics_of((int32_t[]){INT32_MIN, INT32_MAX}, AD_I32, 2);
    ck_assert(f.min == -2 && f.max == 0.5 && f.mean == -0.75);
    ck_assert(i.min == INT32_MIN && i.max == INT32_MAX && i.mean == -0.5);
}
END_TEST

/* Equal elements are their mean, and do not deviate. */
START_TEST(equal_elements)
{
    const ad_statistics s = OF(0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1);
    ck_assert(s.mean == 0.1 && s.rms == 0.1 && s.deviation == 0);
}
END_TEST

START_TEST(ends_of_the_range)
{
    const ad_statistics large = OF(DBL_MAX, -DBL_MAX, DBL_MAX), small = OF(DBL_TRUE_MIN, DBL_TRUE_MIN);
    ck_assert_double_eq_tol(large.mean / DBL_MAX, 1.0 / 3, 1e-15);
    ck_assert_double_eq(large.rms, DBL_MAX);
    ck_assert(isinf(large.norm)); /* it is larger than DBL_MAX */
    ck_assert_double_eq_tol(large.deviation / DBL_MAX, sqrt(8) / 3, 1e-15);
    ck_assert(small.mean == DBL_TRUE_MIN && small.rms == DBL_TRUE_MIN);
}
END_TEST

START_TEST(elements_that_are_not_finite)
{
    const ad_statistics some = OF(NAN, 1, INFINITY, 3), infinite = OF(-INFINITY, 1), none = OF(NAN, NAN);
    ck_assert(some.not_finite == 2 && some.min == 1 && some.max == 3 && some.mean == 2 && isnan(some.norm));
    ck_assert(some.deviation == 1);
    ck_assert(isinf(infinite.norm) && infinite.norm > 0 && infinite.rms == 1);
    ck_assert(none.not_finite == 2 && isnan(none.min) && isnan(none.mean) && isnan(none.rms) && isnan(none.norm));
}
END_TEST

START_TEST(no_elements)
{
    const ad_statistics s = ad_statistics_of(NULL, AD_F64, 0);
    ck_assert(s.n == 0 && s.zeros == 0 && s.norm == 0 && isnan(s.mean) && isnan(s.min));
}
END_TEST

static void fill(const double *x, size_t n, size_t bins[AD_BINS])
{
    const ad_statistics s = of(x, n);
    ad_fill_histogram(x, AD_F64, &s, bins);
}

START_TEST(histograms)
{
    size_t bins[AD_BINS];
    fill(NUMBERS(0, 31, 15.5, 1, 0.5, 30.9, NAN, INFINITY), bins);
    ck_assert(bins[0] == 2 && bins[1] == 1 && bins[15] == 1 && bins[30] == 2);
    fill(NUMBERS(7, 7, 7), bins);
    ck_assert(bins[15] == 3 && bins[0] == 0);
    fill(NUMBERS(-DBL_MAX, 0, DBL_MAX), bins);
    ck_assert(bins[0] == 1 && bins[15] == 1 && bins[30] == 1);
    fill(NUMBERS(0, DBL_TRUE_MIN), bins);
    ck_assert(bins[0] == 1 && bins[30] == 1);
    fill(NUMBERS(NAN), bins);
    ck_assert(bins[15] == 0);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, figures);
    tcase_add_test(tests, types);
    tcase_add_test(tests, equal_elements);
    tcase_add_test(tests, ends_of_the_range);
    tcase_add_test(tests, elements_that_are_not_finite);
    tcase_add_test(tests, no_elements);
    tcase_add_test(tests, histograms);
}

int main(void) { return run_tests("statistics", add_tests); }
