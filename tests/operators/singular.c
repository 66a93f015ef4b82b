/* Singular matrices in determinants, alone and in a batch. Derivatives that exist are right, at each order; what does
 * not is refused in the name of the operator that the user called. */
#include <math.h>
#include <string.h>

#include "../support/one_tape.h"

/* ln |det x| where x is regular, else 0. */
static ad_tensor masked_log(ad_tensor x)
{
    ad_tensor log, sign = ad_slogdet(x, &log);
    return ad_where(ad_not_equal(sign, ad_zeros_like(sign)), log, ad_zeros_like(log));
}

/* A matrix without an inverse before diag(2, 4): singular, 0, not finite. */
static const double lost[][4] = {{1, 2, 2, 4}, {0, 0, 0, 0}, {INFINITY, 0, 0, 1}, {NAN, 1, 1, 1}};

static ad_tensor batch_with(const double *first)
{
    const double x[] = {first[0], first[1], first[2], first[3], 2, 0, 0, 4};
    return variable_of_real(AD_SHAPE(2, 2, 2), x, 8);
}

/* The logarithm of the second matrix alone. */
static ad_tensor second_log(ad_tensor x)
{
    ad_tensor log;
    ad_slogdet(x, &log);
    return ad_sum(ad_slice(log, 0, (ad_range){.start = 1, .stop = 2}));
}

/* The first matrix is left out. By hand: d ln det = tr(a^-1 da), along e: -tr(a^-1 e a^-1 da); e is 1 2 3 4 / 5 6 7 8.
 */
START_TEST(slogdet_that_is_left_out)
{
    for (int k = 0; k < 2 * COUNT(lost); k++) {
        real = k % 2 ? AD_F32 : AD_F64;
        ad_tensor x = batch_with(lost[k / 2]), g, h;
        ad_tensor e = variable_of_real(AD_SHAPE(2, 2, 2), (const double[]){1, 2, 3, 4, 5, 6, 7, 8}, 8);
        ad_tensor y = k / 2 < 2 ? ad_sum(masked_log(x)) : second_log(x);
        ck_assert_double_eq_tol(ad_item(y), 2.0794415416798359, 1e-6);
        ad_grad(y, &x, 1, &g);
        EXPECT_CLOSE(ad_cast(g, AD_F64), 0, 0, 0, 0, 0.5, 0, 0, 0.25);
        ad_hvp(y, &x, &e, 1, &h);
        EXPECT_CLOSE(ad_cast(h, AD_F64), 0, 0, 0, 0, -1.25, -0.875, -0.75, -0.5);
        ck_assert_double_eq_tol(ad_item(ad_jvp(y, &x, &e, 1)), 4.5, 1e-6);
        expect_ok(t);
    }
    real = AD_F64;
}
END_TEST

/* Forward along e the logarithm of a singular matrix moves by no number. */
START_TEST(slogdet_that_is_used)
{
    ad_tensor x = ad_name(batch_with(lost[_i]), "x"), log, g, e = ad_ones_like(x);
    ad_slogdet(x, &log);
    ck_assert_int_eq(ad_grad(ad_sum(log), &x, 1, &g), _i < 2 ? AD_BAD_VALUE : AD_NOT_FINITE);
    ck_assert_str_eq(ad_message(t),
                     _i < 2
                         ? "slogdet: matrix [0] of x [2,2,2] is singular: its logarithm is -inf and has no gradient; "
                           "use ad_where on the sign to leave it out, or add to its diagonal"
                         : "slogdet: matrix [0] of x [2,2,2] is infinite or NaN, so its logarithm has no gradient; "
                           "use ad_where to leave it out");
    ad_clear_error(t);
    ad_tensor forward = ad_jvp(log, &x, &e, 1);
    EXPECT_CLOSE(forward, NAN, 0.75);
    expect_ok(t);
}
END_TEST

/* The inverse is beyond the largest number, its product with the upstream gradient is not. */
START_TEST(slogdet_at_the_ends_of_the_range)
{
    const double small = _i ? 0x1p-140 : 0x1p-1060, seed = _i ? 0x1p-100 : 0x1p-1000;
    real = _i ? AD_F32 : AD_F64;
    ad_tensor x = variable_of_real(AD_SHAPE(2, 2), (const double[]){2 * small, small, small, small}, 4), log, g;
    ad_slogdet(x, &log);
    ad_vjp(log, ad_full(t, real, AD_SCALAR, seed), &x, 1, &g);
    const double y = seed / small;
    EXPECT(ad_cast(g, AD_F64), y, -y, -y, 2 * y);
    real = AD_F64;
}
END_TEST

/* Cofactors exist of singular matrices too: det of a batch needs no mask, in both orders. The third derivative says
 * that it is det's. */
START_TEST(det_says_where_its_derivatives_end)
{
    ad_tensor x = ad_name(ad_variable(t, AD_F64, AD_SHAPE(2, 3, 3),
                                      (const double[]){1, 0, 0, 0, 2, 0, 0, 0, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0}),
                          "x"),
              e = ad_ones_like(x), g, h, third;
    ad_tensor y = ad_sum(ad_det(x));
    ad_grad(y, &x, 1, &g);
    EXPECT_CLOSE(g, 6, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    ad_hvp(y, &x, &e, 1, &h);
    /* By hand: cofactor ii moves by the sum of the other two of the diagonal, ij by less the third. */
    EXPECT_CLOSE(h, 5, -3, -2, -3, 4, -1, -2, -1, 3, 0, 0, 0, 0, 1, -1, 0, -1, 1);
    ck_assert_int_eq(ad_grad(ad_sum(ad_square(h)), &x, 1, &third), AD_BAD_VALUE);
    ck_assert_str_eq(ad_message(t), "det: matrix [1] of x [2,3,3] is singular: the derivatives of det end there at the "
                                    "second; add to its diagonal");
    ad_clear_error(t);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, slogdet_that_is_left_out);
    tcase_add_loop_test(tests, slogdet_that_is_used, 0, COUNT(lost));
    tcase_add_loop_test(tests, slogdet_at_the_ends_of_the_range, 0, 2);
    tcase_add_test(tests, det_says_where_its_derivatives_end);
}

int main(void) { return run_on_one_tape("singular", add_tests); }
