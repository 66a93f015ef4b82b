/* Parameters and slots as vectors: sums and combinations against plain loops, for sizes on both sides of where a vector
 * is cut into stretches. */
#include "../../nn/training/vectors.h"

#include <math.h>

#include "../support/one_tape.h"

enum { MOST = 300001 };

static const int sizes[] = {0, 1, 7, 8, 9, 4095, 4096, 4097, 8193, 262144, MOST};

static double a[MOST], b[MOST], g[MOST];

static ad_tensor leaf(ad_type type, int n, const double *from, const char *name)
{
    const ad_tensor x = ad_param(t, type, AD_SHAPE(n), NULL, name);
    ad_assign(x, ad_data(input_of(type, AD_SHAPE(n), from)));
    return x;
}

static bool is_near(double x, double y) { return fabs(x - y) <= 1e-9 * (1 + fabs(y)); }

START_TEST(sums_and_combinations_are_those_of_plain_loops)
{
    const int n = sizes[_i / 2];
    const ad_type type = _i % 2 ? AD_F32 : AD_F64;
    const double l2 = 0.25;
    fill_with_some(a, MOST, 1);
    fill_with_some(b, MOST, 2);
    ad_tensor x = leaf(type, n, a, "x"), y = leaf(type, n, b, "y");
    const ad_tensor to = ad_slot(x, "to", 0), start = ad_slot(x, "start", 0);
    double dot = 0, size = 0, largest = 0;
    ad_backward(ad_sum(ad_mul(ad_square(x), y)));
    for (int i = 0; i < n; i++) {
        const double at = number_at(x, (size_t)i), by = number_at(y, (size_t)i);
        g[i] = type == AD_F32 ? (double)ad_f32(ad_gradient(x))[i] : ad_f64(ad_gradient(x))[i];
        a[i] = at;
        b[i] = by;
        dot += at * by;
        size += fabs(g[i] + l2 * at);
        largest = fmax(largest, fabs(g[i] + l2 * at));
    }
    ck_assert(is_near(nn_dot(x, y), dot));
    ck_assert(is_near(nn_gradient_sum(x, l2), size) && is_near(nn_gradient_largest(x, l2), largest));
    const double near = type == AD_F32 ? 1e-6 : 1e-14;
    nn_take_gradient(x, to, l2, 0);
    nn_combine(x, to, 3, y, -2);
    nn_take_gradient(x, start, l2, 0);
    nn_take_gradient(x, start, l2, 0.5);
    for (int i = 0; i < n; i++) {
        const double slope = g[i] + l2 * a[i];
        ck_assert(fabs(number_at(to, (size_t)i) - (3 * slope - 2 * b[i])) <= near * 100);
        ck_assert(fabs(number_at(start, (size_t)i) - slope / 2) <= near * 100);
        a[i] = number_at(start, (size_t)i) + 0.125 * number_at(to, (size_t)i);
    }
    nn_place(x, start, to, 0.125);
    for (int i = 0; i < n; i++)
        ck_assert(fabs(number_at(x, (size_t)i) - a[i]) <= near * 100);
    expect_ok(t);
}
END_TEST

/* Whatever stretch it is in. */
START_TEST(the_largest_of_numbers_with_nan_is_nan)
{
    static const int places[] = {0, 5, 4096, 299999};
    fill_with_some(a, MOST, 3);
    const ad_type type = _i % 2 ? AD_F32 : AD_F64;
    a[places[_i / 2]] = NAN;
    const ad_tensor x = leaf(type, MOST, b, "x");
    ad_backward(ad_sum(ad_mul(x, input_of(type, AD_SHAPE(MOST), a))));
    ck_assert(isnan(nn_gradient_largest(x, 0)) && isnan(nn_gradient_sum(x, 0)));
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, sums_and_combinations_are_those_of_plain_loops, 0, 2 * COUNT(sizes));
    tcase_add_loop_test(tests, the_largest_of_numbers_with_nan_is_nan, 0, 8);
}

int main(void) { return run_on_one_tape("vectors", add_tests); }
