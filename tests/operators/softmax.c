/* Softmax and its logarithm. */
#include <math.h>

#include "../support/one_tape.h"

/* A logit of -inf is a class that is impossible: probability 0, gradient 0. */
REAL_TEST(softmax_of_minus_infinity)
{
    ad_tensor x = VECTOR(-INFINITY, 2, 2), table = ad_reshape(x, AD_SHAPE(1, 3));
    EXPECT(ad_softmax(table, 1), 0, 0.5, 0.5);
    EXPECT_NEAR(ad_log_softmax(table, 1), 1e-7, -INFINITY, -log(2), -log(2));
    ad_tensor loss = ad_softmax_cross_entropy(table, ad_input(t, AD_I32, AD_SHAPE(1), (const int32_t[]){2}));
    EXPECT_NEAR(loss, 1e-7, log(2));
    PULL(loss, 1);
    EXPECT(ad_gradient(x), 0, 0.5, -0.5);
    PULL(ad_softmax(x, 0), 1, 2, 4);
    EXPECT(ad_gradient(x), 0, -0.5, 0.5);
    PULL(ad_log_softmax(x, -1), 0, 2, 4);
    EXPECT(ad_gradient(x), 0, -1, 1);
}
END_REAL_TEST

static void add_tests(TCase *tests) { ADD(softmax_of_minus_infinity); }

int main(void) { return run_on_one_tape("softmax", add_tests); }
