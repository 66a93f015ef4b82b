/* NaN passes through every operator, except where a branch is not selected. */
#include <gradtape/operators/backward.h>

#include <math.h>

#include "../support/checker.h"
#include "../support/one_tape.h"

enum { NAN_SIZE = 19, NAN_PLACE = 7 };

/* Rows that select by an operand in which they are constant: the next test and the golden special values have them. */
static bool selects(const ad_operator *row)
{
    bool any = false;
    for (int i = 0; i < row->arity && row->arity > 1; i++)
        any = any || row->domain[i].constant;
    return any;
}

/* The n-th row that NaN passes through; NULL past the last. */
static const ad_operator *passing_row(int n)
{
    for (size_t i = 0; i < ad_operator_count(); i++) {
        const ad_operator *row = ad_operator_at(i);
        if (row->properties & AD_ELEMENTWISE && !selects(row) && n-- == 0)
            return row;
    }
    return NULL;
}

static int count_passing_rows(void)
{
    int n = 0;
    while (passing_row(n))
        n++;
    return n;
}

/* A NaN in any operand of an element-wise operator is a NaN at its place in the result, and nowhere else. */
START_TEST(nan_passes)
{
    const ad_operator *row = passing_row(_i / 2);
    static checker_numbers numbers;
    checker_call call = checker_call_of(row, 0);
    for (int i = 0; i < call.n_x; i++)
        call.x[i] = AD_SHAPE(NAN_SIZE);
    for (int i = 0; i < call.n_x; i++) {
        ad_tensor x[AD_SAMPLE_OPERANDS], y[AD_MAX_RESULTS];
        checker_draw(&call, 0, &numbers);
        numbers.at[numbers.first[i] + NAN_PLACE] = NAN;
        for (int k = 0; k < call.n_x; k++)
            x[k] = checker_input(t, _i % 2 ? AD_F32 : AD_F64, &call, &numbers, k);
        ad_apply(NULL, row, x, call.n_x, call.attributes, y);
        expect_ok(t);
        for (size_t k = 0; k < NAN_SIZE; k++)
            ck_assert_msg(isnan(number_at(y[0], k)) == (k == NAN_PLACE), "%s: NaN in operand %d: element %zu is %g",
                          row->name, i, k, number_at(y[0], k));
        ad_reset(t);
    }
}
END_TEST

REAL_TEST(nan_and_selection)
{
    ad_tensor v = VECTOR(NAN, 1, 1, NAN), x = VECTOR(-1, NAN, 0, 1);
    EXPECT(ad_where_positive(v, x), 0, 1, 0, NAN);
    EXPECT(ad_where_not_positive(v, ad_neg(x)), 0, 1, 1, NAN);
    ad_tensor w = VECTOR(NAN, NAN, 1, 1, 1), a = VECTOR(1, 2, 2, NAN, 0), b = VECTOR(2, 1, 2, 0, NAN);
    EXPECT(ad_share_greater(w, a, b), 0, NAN, 0.5, 1, 1);
}
END_REAL_TEST

/* Through reductions, products and losses too. */
REAL_TEST(nan_passes_through_the_rest)
{
    ad_tensor x = ad_reshape(VECTOR(1, NAN, 3, 4), AD_SHAPE(2, 2));
    ad_tensor labels = ad_input(t, AD_I32, AD_SHAPE(2), NULL);
    EXPECT(ad_sum_over(x, AD_AXES(1)), NAN, 7);
    EXPECT(ad_mean_over(x, AD_AXES(1)), NAN, 3.5);
    EXPECT(ad_max_over(x, AD_AXES(1)), NAN, 4);
    EXPECT_NEAR(ad_logsumexp_over(x, AD_AXES(1)), 1e-6, NAN, 4 + log1p(exp(-1)));
    EXPECT_NEAR(ad_softmax(x, 1), 1e-6, NAN, NAN, 1 / (1 + exp(1)), 1 / (1 + exp(-1)));
    EXPECT_NEAR(ad_log_softmax(x, 1), 1e-6, NAN, NAN, -1 - log1p(exp(-1)), -log1p(exp(-1)));
    EXPECT_NEAR(ad_softmax_cross_entropy(x, labels), 1e-6, NAN, 1 + log1p(exp(-1)));
    EXPECT(ad_matmul(x, ad_zeros(t, real, AD_SHAPE(2, 1))), NAN, 0);
    EXPECT(ad_transpose(x), 1, 3, NAN, 4);
}
END_REAL_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, nan_passes, 0, 2 * count_passing_rows());
    ADD(nan_and_selection);
    ADD(nan_passes_through_the_rest);
}

int main(void) { return run_on_one_tape("nan", add_tests); }
