/* Parameters and slots as vectors: sums and combinations against plain loops, for sizes on both sides of where a vector
 * is cut into stretches. */
#include "../../nn/training/vectors.h"

#include <math.h>

#include "../support/one_tape.h"

enum { MOST = 262145 };

static const int sizes[] = {0, 1, 7, 8, 9, 4095, 4096, 4097, 8193, MOST};

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
    static const int places[] = {0, 5, 4096, MOST - 2};
    fill_with_some(a, MOST, 3);
    const ad_type type = _i % 2 ? AD_F32 : AD_F64;
    a[places[_i / 2]] = NAN;
    const ad_tensor x = leaf(type, MOST, b, "x");
    ad_backward(ad_sum(ad_mul(x, input_of(type, AD_SHAPE(MOST), a))));
    ck_assert(isnan(nn_gradient_largest(x, 0)) && isnan(nn_gradient_sum(x, 0)));
}
END_TEST

/* ---- Several parameters ------------------------------------------------------------------------------------------ */

/* sum k (x - c)^2 + 0.3 (sum sin x)^2 of parts of a vector of 4, which is one parameter or two. */
typedef struct pieces {
    ad_tensor x[2];
    int n;
    double l2; /* l2 / 2 |x|^2 more */
} pieces;

static ad_tensor loss_of(ad_tape *tape, void *context)
{
    static const double k[] = {1, 5, 0.2, 2}, c[] = {1, -1, 2, 0.5};
    const pieces *p = context;
    ad_tensor squares[2] = {{0}}, sines[2] = {{0}};
    for (int i = 0; i < p->n; i++) {
        const ad_shape shape = ad_shape_of(p->x[i]);
        const ad_tensor off = ad_sub(p->x[i], ad_input(tape, AD_F64, shape, c + 2 * i));
        squares[i] = ad_add(ad_sum(ad_mul(ad_input(tape, AD_F64, shape, k + 2 * i), ad_square(off))),
                            ad_scale(ad_sum(ad_square(p->x[i])), p->l2 / 2));
        sines[i] = ad_sum(ad_sin(p->x[i]));
    }
    const ad_tensor square = p->n == 2 ? ad_add(squares[0], squares[1]) : squares[0];
    const ad_tensor sine = p->n == 2 ? ad_add(sines[0], sines[1]) : sines[0];
    return ad_add(square, ad_scale(ad_square(sine), 0.3));
}

/* Two parameters are one vector: L-BFGS takes them where it takes the vector, with more steps than pairs. The
 * penalty of the one is in the loss of the other. */
START_TEST(two_parameters_are_one_vector)
{
    static const double start[] = {0.5, -0.25, 3, -2};
    nn_optimiser_options o = {.rule = &nn_lbfgs, .history = 3, .rate = _i ? 1 : 0.3};
    pieces one = {{ad_param(t, AD_F64, AD_SHAPE(4), start, "x")}, 1, 0};
    pieces two = {
        {ad_param(t, AD_F64, AD_SHAPE(2), start, "y"), ad_param(t, AD_F64, AD_SHAPE(2), start + 2, "z")}, 2, 0.1};
    for (int step = 0; step < 9; step++) {
        pieces *const both[] = {&one, &two};
        for (int i = 0; i < 2; i++) {
            o.l2 = i ? 0 : 0.1;
            if (_i) {
                ck_assert_int_eq(nn_search_step(&o, both[i]->x, (size_t)both[i]->n, loss_of, both[i], NULL), AD_OK);
                continue;
            }
            ad_backward(loss_of(t, both[i]));
            ck_assert_int_eq(nn_optimiser_step(&o, both[i]->x, (size_t)both[i]->n), AD_OK);
            ad_reset(t);
        }
        for (size_t i = 0; i < 4; i++) {
            const double x = number_at(one.x[0], i), y = number_at(two.x[i / 2], i % 2);
            ck_assert_msg(fabs(x - y) <= 1e-9, "step %d: x[%zu] is %.17g and %.17g", step, i, x, y);
        }
    }
    ck_assert(fabs(number_at(one.x[0], 0) - start[0]) > 0.1);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, sums_and_combinations_are_those_of_plain_loops, 0, 2 * COUNT(sizes));
    tcase_add_loop_test(tests, two_parameters_are_one_vector, 0, 2);
    tcase_add_loop_test(tests, the_largest_of_numbers_with_nan_is_nan, 0, 8);
}

int main(void) { return run_on_one_tape("vectors", add_tests); }
