/* Arithmetic element by element, and activations: values and gradients at kinks and edges, ties, branches, and
 * integers. */
#include <math.h>

#include <gradtape/operators/backward.h>

#include "../support/one_tape.h"

enum { EDGES = 5 };

/* A function at places where formulas fail: its values, and its gradient for dy = 1. */
static const struct edge_case {
    ad_tensor (*function)(ad_tensor x);
    double x[EDGES], y[EDGES], dx[EDGES];
} edge_cases[] = {
    {ad_relu, {-1, -0.0, 0, 2, INFINITY}, {0, 0, 0, 2, INFINITY}, {0, 0, 0, 1, 1}},
    {ad_abs, {-2, -0.0, 0, 3, -INFINITY}, {2, 0, 0, 3, INFINITY}, {-1, 0, 0, 1, -1}},
    {ad_step, {-1, -0.0, 0, 1, -INFINITY}, {0, 1, 1, 1, 0}, {0, 0, 0, 0, 0}},
    {ad_elu, {-INFINITY, -0.0, 0, 2, INFINITY}, {-1, 0, 0, 2, INFINITY}, {0, 1, 1, 1, 1}},
    {ad_softplus,
     {-INFINITY, -1000, 0, 1000, INFINITY},
     {0, 0, 0.69314718055994531, 1000, INFINITY},
     {0, 0, 0.5, 1, 1}},
    {ad_logistic, {-INFINITY, -1000, 0, 1000, INFINITY}, {0, 0, 0.5, 1, 1}, {0, 0, 0.25, 0, 0}},
    {ad_tanh, {-INFINITY, -1000, 0, 1000, INFINITY}, {-1, -1, 0, 1, 1}, {0, 0, 1, 0, 0}},
    {ad_exp,
     {-INFINITY, 0, 1, -1000, INFINITY},
     {0, 1, 2.7182818284590452, 0, INFINITY},
     {0, 1, 2.7182818284590452, 0, INFINITY}},
    {ad_log, {0, 1, -1, 4, INFINITY}, {-INFINITY, 0, NAN, 1.3862943611198906, INFINITY}, {INFINITY, 1, -1, 0.25, 0}},
    {ad_sqrt, {0, 1, -1, 4, INFINITY}, {0, 1, NAN, 2, INFINITY}, {INFINITY, 0.5, NAN, 0.25, 0}},
    {ad_square, {-INFINITY, -2, 0, 2, INFINITY}, {INFINITY, 4, 0, 4, INFINITY}, {-INFINITY, -4, 0, 4, INFINITY}},
};

enum { EDGE_CASES = COUNT(edge_cases) };

START_TEST(edges_of_functions)
{
    const struct edge_case *c = &edge_cases[_i / 2];
    real = _i % 2 ? AD_F32 : AD_F64;
    ad_tensor x = variable_of_real(AD_SHAPE(EDGES), c->x, EDGES), y = c->function(x);
    expect_numbers(y, c->y, EDGES, 2e-7);
    PULL(y, 1, 1, 1, 1, 1);
    expect_numbers(ad_gradient(x), c->dx, EDGES, 2e-7);
}
END_TEST

/* IEEE pow: x^0 is 1 whatever x is, and the gradient is 0 even where x^-1 is infinite. */
REAL_TEST(power_zero)
{
    ad_tensor x = VECTOR(0, NAN, -1, INFINITY), y = ad_pow_constant(x, 0);
    EXPECT(y, 1, 1, 1, 1);
    PULL(y, 1, 1, INFINITY, 1);
    EXPECT(ad_gradient(x), 0, 0, 0, 0);
    ad_tensor z = ad_pow_constant(x, 2);
    PULL(z, 1, 1, 1, 1);
    EXPECT(ad_gradient(x), 0, NAN, -2, INFINITY);
}
END_REAL_TEST

REAL_TEST(ties_of_two)
{
    ad_tensor a = VECTOR(2, 1, 3, -0.0), b = VECTOR(2, 3, 1, 0);
    PULL(ad_maximum(a, b), 1, 1, 1, 1);
    EXPECT(ad_gradient(a), 0.5, 0, 1, 0.5);
    EXPECT(ad_gradient(b), 0.5, 1, 0, 0.5);
    PULL(ad_minimum(a, b), 1, 1, 1, 1);
    EXPECT(ad_gradient(a), 0.5, 1, 0, 0.5);
    EXPECT(ad_gradient(b), 0.5, 0, 1, 0.5);
}
END_REAL_TEST

/* Masked branches select and never multiply by 0: an upstream gradient that is infinite or NaN stays out of the
 * others. */
REAL_TEST(upstream_stays_in_its_branch)
{
    ad_tensor a = VECTOR(-1, -2, 3, 4), b = VECTOR(1, 2, -3, -4), zero = VECTOR(0, 0, 0, 0);
    PULL(ad_relu(a), NAN, INFINITY, 2, INFINITY);
    EXPECT(ad_gradient(a), 0, 0, 2, INFINITY);
    PULL(ad_maximum(a, b), NAN, INFINITY, NAN, INFINITY);
    EXPECT(ad_gradient(a), 0, 0, NAN, INFINITY);
    EXPECT(ad_gradient(b), NAN, INFINITY, 0, 0);
    PULL(ad_minimum(a, b), NAN, INFINITY, NAN, INFINITY);
    EXPECT(ad_gradient(a), NAN, INFINITY, 0, 0);
    EXPECT(ad_gradient(b), 0, 0, NAN, INFINITY);
    PULL(ad_abs(zero), NAN, INFINITY, -INFINITY, 1);
    EXPECT(ad_gradient(zero), 0, 0, 0, 0);
    PULL(ad_step(a), NAN, INFINITY, NAN, INFINITY);
    EXPECT(ad_gradient(a), 0, 0, 0, 0);
    PULL(ad_max_over(ad_reshape(a, AD_SHAPE(2, 2)), AD_AXES(1)), NAN, INFINITY);
    EXPECT(ad_gradient(a), NAN, 0, 0, INFINITY);
}
END_REAL_TEST

/* The same one order higher, through the backward operators. */
REAL_TEST(upstream_stays_in_its_branch_again)
{
    ad_tensor v = VECTOR(5, 6, 7, 8), x = VECTOR(-1, 2, -3, 4), w = VECTOR(1, 1, -9, 9);
    PULL(ad_where_positive(v, x), NAN, 2, INFINITY, NAN);
    EXPECT(ad_gradient(v), 0, 2, 0, NAN);
    EXPECT(ad_gradient(x), 0, 0, 0, 0);
    PULL(ad_where_not_positive(v, x), 3, NAN, NAN, INFINITY);
    EXPECT(ad_gradient(v), 3, 0, NAN, 0);
    EXPECT(ad_gradient(x), 0, 0, 0, 0);
    PULL(ad_share_greater(v, x, w), NAN, 2, INFINITY, INFINITY);
    EXPECT(ad_gradient(v), 0, 2, INFINITY, 0);
    EXPECT(ad_gradient(x), 0, 0, 0, 0);
    PULL(ad_elu_backward(v, x, x), 1, NAN, 1, INFINITY);
    EXPECT(ad_gradient(x), 5, 0, 7, 0);
}
END_REAL_TEST

START_TEST(integers)
{
    const int32_t values[] = {3, -4};
    ad_tensor i = ad_input(t, AD_I32, AD_SHAPE(2), values), made[] = {{0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}};
    ad_tensor (*const of_two[])(ad_tensor, ad_tensor) = {ad_add, ad_mul, ad_div, ad_maximum};
    ad_tensor (*const of_one[])(ad_tensor) = {ad_neg, ad_exp, ad_sum, ad_relu};
    for (int k = 0; k < 8; k++) {
        made[k] = k < 4 ? of_two[k](i, i) : of_one[k - 4](i);
        ck_assert(ad_is_inert(made[k]));
        expect_error_with(t, AD_BAD_TYPE, "ad_cast");
    }
    EXPECT(ad_neg(ad_cast(i, AD_F64)), -3, 4);
    EXPECT(ad_reshape(i, AD_SHAPE(2, 1)), 3, -4);
    EXPECT(ad_transpose(ad_reshape(i, AD_SHAPE(2, 1))), 3, -4);
    EXPECT(ad_detach(i), 3, -4);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, edges_of_functions, 0, 2 * EDGE_CASES);
    ADD(power_zero);
    ADD(ties_of_two);
    ADD(upstream_stays_in_its_branch);
    ADD(upstream_stays_in_its_branch_again);
    tcase_add_test(tests, integers);
}

int main(void) { return run_on_one_tape("arithmetic", add_tests); }
