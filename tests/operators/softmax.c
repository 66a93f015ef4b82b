/* Softmax, its logarithm, and the cross-entropies of softmax.h. */
#include <float.h>
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

static const double gaps[] = {1, 10, 100, 1000, 10000};
enum { GAPS = COUNT(gaps) };

/* Logits (0, gap) above any offset, with either label: the loss is gap + ln(1 + e^-gap) or ln(1 + e^-gap), the gradient
 * p - y. */
START_TEST(softmax_cross_entropy_at_gaps)
{
    const double gap = gaps[_i / 2], p = exp(-gap) / (1 + exp(-gap)), q = 1 / (1 + exp(-gap));
    real = _i % 2 ? AD_F32 : AD_F64;
    const double tolerance = 4 * (real == AD_F32 ? (double)FLT_EPSILON : DBL_EPSILON);
    for (int offset = -1024; offset <= 1024; offset += 1024) {
        ad_tensor x = VECTOR(offset, offset + gap, offset, offset + gap), logits = ad_reshape(x, AD_SHAPE(2, 2));
        ad_tensor loss = ad_softmax_cross_entropy(logits, ad_input(t, AD_I32, AD_SHAPE(2), (const int32_t[]){0, 1}));
        EXPECT_NEAR(loss, tolerance, gap + log1p(exp(-gap)), log1p(exp(-gap)));
        if (gap >= 100)
            ck_assert_double_eq(number_at(loss, 0), gap);
        PULL(loss, 1, 1);
        EXPECT_NEAR(ad_gradient(x), tolerance, p - 1, q, p, q - 1);
        ad_reset(t);
    }
}
END_TEST

/* Logits z = -gap and gap for targets 0, 0.25 and 1: softplus(z) - t z, gradient logistic(z) - t. */
START_TEST(logistic_cross_entropy_at_gaps)
{
    static const double targets[] = {0, 0.25, 1};
    const double gap = gaps[_i / 2], tail = log1p(exp(-gap)), p = exp(-gap) / (1 + exp(-gap)), q = 1 / (1 + exp(-gap));
    real = _i % 2 ? AD_F32 : AD_F64;
    const double tolerance = 4 * (real == AD_F32 ? (double)FLT_EPSILON : DBL_EPSILON);
    for (int k = 0; k < 3; k++) {
        ad_tensor z = VECTOR(-gap, gap), loss = ad_logistic_cross_entropy(z, VECTOR(targets[k]));
        EXPECT_NEAR(loss, tolerance, tail + targets[k] * gap, tail + gap - targets[k] * gap);
        PULL(loss, 1, 1);
        EXPECT_NEAR(ad_gradient(z), tolerance, p - targets[k], q - targets[k]);
        ad_reset(t);
    }
}
END_TEST

static void expect_finite(int line, ad_tensor x)
{
    for (size_t i = 0; i < ad_size_of(x); i++)
        ck_assert_msg(isfinite(number_at(x, i)), "line %d: element %zu is %g", line, i, number_at(x, i));
}

/* The largest logits there are, in every order and with every label. */
REAL_TEST(losses_of_the_largest_logits)
{
    const double huge = real == AD_F32 ? (double)FLT_MAX : DBL_MAX, values[] = {huge, -huge, 0};
    for (int k = 0; k < 27; k++) {
        const double z[] = {values[k % 3], values[k / 3 % 3], values[k / 9]};
        const int32_t labels[] = {0, 1, 2};
        ad_tensor x = variable_of_real(AD_SHAPE(3), z, 3), logits = ad_broadcast_to(x, AD_SHAPE(3, 3));
        ad_tensor loss = ad_softmax_cross_entropy(logits, ad_input(t, AD_I32, AD_SHAPE(3), labels));
        expect_finite(__LINE__, loss);
        PULL(loss, 1, 1, 1);
        expect_finite(__LINE__, ad_gradient(x));
        ad_tensor by_target = ad_logistic_cross_entropy(x, ad_cast(INPUTS(0, 0.5, 1), real));
        expect_finite(__LINE__, by_target);
        PULL(by_target, 1, 1, 1);
        expect_finite(__LINE__, ad_gradient(x));
        ad_reset(t);
    }
}
END_REAL_TEST

START_TEST(labels_out_of_range)
{
    ad_tensor logits = ad_zeros(t, AD_F32, AD_SHAPE(3, 4));
    ck_assert(
        ad_is_inert(ad_softmax_cross_entropy(logits, ad_input(t, AD_I32, AD_SHAPE(3), (const int32_t[]){0, 3, 4}))));
    expect_error_with(t, AD_BAD_VALUE, "softmax_cross_entropy: label 4 of row 2");
    ck_assert(
        ad_is_inert(ad_softmax_cross_entropy(logits, ad_input(t, AD_I32, AD_SHAPE(3), (const int32_t[]){0, -1, 4}))));
    expect_error_with(t, AD_BAD_VALUE, "softmax_cross_entropy: label -1 of row 1");
    ck_assert(ad_is_inert(ad_gather_rows(logits, ad_input(t, AD_I32, AD_SHAPE(2), (const int32_t[]){2, 3}))));
    expect_error_with(t, AD_BAD_VALUE, "gather_rows: row number 3");
}
END_TEST

START_TEST(softmax_log_likelihood_is_the_loss_negated)
{
    const int32_t labels[] = {2, 0};
    ad_tensor z = ad_input(t, AD_F64, AD_SHAPE(2, 3), (const double[]){0.5, -1, 2, 3, 0.25, -0.5}),
              l = ad_input(t, AD_I32, AD_SHAPE(2), labels);
    ad_tensor y = ad_softmax_log_likelihood(z, l), whole = ad_log_softmax(z, 1), loss = ad_softmax_cross_entropy(z, l);
    expect_ok(t);
    for (size_t i = 0; i < 2; i++) {
        ck_assert(ad_f64(y)[i] == -ad_f64(loss)[i]);
        ck_assert_double_eq_tol(ad_f64(y)[i], ad_f64(whole)[3 * i + (size_t)labels[i]], 1e-15);
    }
    ad_softmax_log_likelihood(z, ad_input(t, AD_I32, AD_SHAPE(2), (const int32_t[]){0, 3}));
    expect_error(t, AD_BAD_VALUE,
                 "softmax_cross_entropy: label 3 of row 1 is out of range: there are 3 classes, from 0");
}
END_TEST

/* ---- Sure classes and long rows ---------------------------------------------------------------------------------- */

static void expect_relative(int line, ad_tensor x, double tolerance, size_t n, const double wanted[])
{
    expect_ok(t);
    ck_assert_uint_eq(ad_size_of(x), n);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(fabs(number_at(x, i) - wanted[i]) <= tolerance * fabs(wanted[i]),
                      "line %d: element %zu is %.17g instead of %.17g", line, i, number_at(x, i), wanted[i]);
}
#define EXPECT_DIGITS(x, ...)                                                                                          \
    expect_relative(__LINE__, x, (real == AD_F32 ? 16 * (double)FLT_EPSILON : 16 * DBL_EPSILON),                       \
                    sizeof((double[]){__VA_ARGS__}) / sizeof(double), (double[]){__VA_ARGS__})

/* Logits {0, -gap}, q = 1 / (1 + e^gap) the probability of the second class, by hand; gaps whose q is 1e-4 to 4e-18. */
static const double sure_gaps[] = {9, 20, 40};
enum { SURE_GAPS = COUNT(sure_gaps) };

START_TEST(sure_classes_keep_their_digits)
{
    const double gap = sure_gaps[_i / 2], q = 1 / (1 + exp(gap)), p = 1 - q, loss = log1p(exp(-gap));
    real = _i % 2 ? AD_F32 : AD_F64;
    ad_tensor x = MATRIX(1, 2, 0, -gap), y = ad_log_softmax(x, 1),
              labels = ad_input(t, AD_I32, AD_SHAPE(1), (int32_t[]){0});
    EXPECT_DIGITS(y, -loss, -gap - loss);
    PULL(y, 1, 0);
    EXPECT_DIGITS(ad_gradient(x), q, -q);
    PULL(ad_softmax(x, 1), 1, 0);
    EXPECT_DIGITS(ad_gradient(x), p * q, -p * q);
    ad_tensor l = ad_softmax_cross_entropy(x, labels);
    EXPECT_DIGITS(l, loss);
    PULL(l, 1);
    EXPECT_DIGITS(ad_gradient(x), -q, q);
    ad_tensor w = ad_cast(INPUTS(2, 3), real);
    l = ad_softmax_cross_entropy_with(x, labels, &(ad_cross_entropy_options){.class_weights = w});
    EXPECT_DIGITS(l, 2 * loss);
    PULL(l, 1);
    EXPECT_DIGITS(ad_gradient(x), -2 * q, 2 * q);
    /* Smoothed by 1/2, with these weights: dz = (3/2 + 3/4) softmax - (3/2, 3/4). */
    l = ad_softmax_cross_entropy_with(x, labels, &(ad_cross_entropy_options){.smoothing = 0.5, .class_weights = w});
    PULL(l, 1);
    EXPECT_DIGITS(ad_gradient(x), 0.75 * p - 1.5 * q, 1.5 * q - 0.75 * p);
}
END_TEST

/* The second derivatives along (1, 0): that of the loss and of -log_softmax is p q (1, -1), that of softmax's first
 * element p q (q - p) (1, -1). */
START_TEST(sure_classes_keep_their_digits_twice)
{
    const double gap = sure_gaps[_i / 2], q = 1 / (1 + exp(gap)), p = 1 - q;
    real = _i % 2 ? AD_F32 : AD_F64;
    ad_tensor x = MATRIX(1, 2, 0, -gap), labels = ad_input(t, AD_I32, AD_SHAPE(1), (int32_t[]){0});
    ad_tensor first = ad_cast(ad_reshape(INPUTS(1, 0), AD_SHAPE(1, 2)), real), w = ad_cast(INPUTS(1, 1), real);
    ad_tensor losses[] = {
        ad_softmax_cross_entropy(x, labels),
        ad_softmax_cross_entropy_with(x, labels, &(ad_cross_entropy_options){.smoothing = 0.25, .class_weights = w}),
        ad_sum(ad_mul(ad_neg(first), ad_log_softmax(x, 1))),
    };
    for (size_t i = 0; i < COUNT(losses); i++) {
        ad_tensor dx = derivative(losses[i], x);
        EXPECT_DIGITS(derivative(ad_mul(dx, first), x), p * q, -p * q);
    }
    ad_tensor dx = derivative(ad_sum(ad_mul(first, ad_softmax(x, 1))), x);
    EXPECT_DIGITS(derivative(ad_mul(dx, first), x), p * q * (q - p), -p * q * (q - p));
}
END_TEST

/* Sure answers of one logit: dz = -q for the target 1 and q for 0, and d2z = p q, with q = logistic(-gap). */
START_TEST(sure_logits_keep_their_digits)
{
    const double gap = sure_gaps[_i / 2], q = 1 / (1 + exp(gap));
    real = _i % 2 ? AD_F32 : AD_F64;
    ad_tensor z = VECTOR(gap, -gap), l = ad_logistic_cross_entropy(z, ad_cast(INPUTS(1, 0), real));
    EXPECT_DIGITS(l, log1p(exp(-gap)), log1p(exp(-gap)));
    ad_tensor dz = derivative(l, z);
    EXPECT_DIGITS(dz, -q, q);
    EXPECT_DIGITS(derivative(dz, z), q * (1 - q), q * (1 - q));
}
END_TEST

/* Of c equal logits each has the probability 1 / c, by hand; two millions, and one that is no power of 2. They lie in a
 * row, and side by side in three columns. The gradients of cross-entropy are 1 / c, and 1 / c - 1 at the label. */
REAL_TEST(long_rows_lose_nothing)
{
    const int64_t c = 3000001;
    const double log_c = log((double)c);
    ad_tensor row = ad_param(t, real, AD_SHAPE(1, c), NULL, "row"), columns = ad_zeros(t, real, AD_SHAPE(c / 3, 3));
    ad_tensor labels = ad_input(t, AD_I32, AD_SHAPE(1), (int32_t[]){7});
    const size_t places[] = {0, 1234567, (size_t)c - 1};
    ad_tensor p = ad_softmax(row, 1), y = ad_log_softmax(row, 1), l = ad_softmax_cross_entropy(row, labels);
    ad_tensor by_columns = ad_softmax(columns, 0);
    PULL(l, 1);
    for (size_t i = 0; i < COUNT(places); i++) {
        EXPECT_DIGITS(ad_scalar(t, number_at(p, places[i])), 1 / (double)c);
        EXPECT_DIGITS(ad_scalar(t, number_at(y, places[i])), -log_c);
        EXPECT_DIGITS(ad_scalar(t, number_at(ad_gradient(row), places[i])), 1 / (double)c);
        EXPECT_DIGITS(ad_scalar(t, number_at(by_columns, places[i] % 3000)), 1 / (double)(c / 3));
    }
    EXPECT_DIGITS(ad_scalar(t, number_at(ad_gradient(row), 7)), 1 / (double)c - 1);
    EXPECT_DIGITS(l, log_c);
    /* The same with the mean of all terms beside the label's: ln c. */
    ad_tensor w = ad_ones(t, real, AD_SHAPE(c));
    EXPECT_DIGITS(
        ad_softmax_cross_entropy_with(row, labels, &(ad_cross_entropy_options){.smoothing = 0.5, .class_weights = w}),
        log_c);
}
END_REAL_TEST

/* Gradients of what a common shift leaves alone sum to 0, and weights to 1, whatever the shift: logits {s, s, s - 1}.
 */
REAL_TEST(shifts_cost_nothing)
{
    const double shifts[] = {0, 1e2, 1e4, 1e6, -1e6}, s = 2 + exp(-1);
    for (size_t i = 0; i < COUNT(shifts); i++) {
        ad_tensor x = MATRIX(1, 3, shifts[i], shifts[i], shifts[i] - 1), y = ad_softmax(x, 1);
        EXPECT_DIGITS(y, 1 / s, 1 / s, exp(-1) / s);
        PULL(ad_log_softmax(x, 1), 0, 0, 1);
        EXPECT_DIGITS(ad_gradient(x), -1 / s, -1 / s, 2 / s);
        PULL(ad_softmax(x, 1), 1e6, 1e6, 1e6);
        EXPECT(ad_gradient(x), 0, 0, 0);
        ad_reset(t);
    }
}
END_REAL_TEST

/* Columns that are longer than a few vectors, and too few or too many for whole vectors, beside plain loops in f64:
 * gradients of softmax, its logarithm, logsumexp and the variance along axis 0. */
enum { COLUMN_FUNCTIONS = 4, LONGEST_COLUMN = 300, MOST_OF_COLUMNS = LONGEST_COLUMN * 33 };

/* The gradient of a column x [n], where v is the upstream gradient; both have a stride. */
static void gradient_of(int function, const double *x, const double *v, int64_t n, int64_t stride, double *dx)
{
    double sum = 0, with = 0, all = 0, mean = 0;
    for (int64_t i = 0; i < n; i++) {
        sum += exp(x[i * stride]);
        mean += x[i * stride] / (double)n;
    }
    for (int64_t i = 0; function < 2 && i < n; i++) {
        with += exp(x[i * stride]) / sum * v[i * stride];
        all += v[i * stride];
    }
    for (int64_t i = 0; i < n; i++) {
        const double p = exp(x[i * stride]) / sum;
        dx[i] = function == 0   ? p * (v[i * stride] - with)
                : function == 1 ? v[i * stride] - p * all
                : function == 2 ? p * v[0]
                                : 2 * (x[i * stride] - mean) / (double)n * v[0];
    }
}

static ad_tensor along_columns(int function, ad_tensor x)
{
    switch (function) {
    case 0: return ad_softmax(x, 0);
    case 1: return ad_log_softmax(x, 0);
    case 2: return ad_logsumexp_over(x, AD_KEEP_AXES(0));
    default: return ad_var_over(x, 0, AD_KEEP_AXES(0));
    }
}

/* A variable of the shape, filled with numbers in [-size, size), which are written to `numbers` too. */
static ad_tensor columns_of(ad_shape shape, double size, uint64_t stream, double *numbers)
{
    static float narrow[MOST_OF_COLUMNS];
    const size_t n = (size_t)(shape.dims[0] * shape.dims[1]);
    for (size_t i = 0; i < n; i++)
        numbers[i] = (double)(narrow[i] = (float)(size * (2 * ad_random_uniform(5, stream, i) - 1)));
    return ad_variable(t, real, shape, real == AD_F32 ? (const void *)narrow : (const void *)numbers);
}

REAL_TEST(long_columns_are_as_plain_loops)
{
    static const int64_t lengths[] = {3, 64, 65, 70, 131, 300}, widths[] = {1, 7, 8, 9, 16, 17, 33};
    static double x[MOST_OF_COLUMNS], v[MOST_OF_COLUMNS];
    const double epsilon = real == AD_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
    for (size_t l = 0; l < COUNT(lengths) * COUNT(widths) * COLUMN_FUNCTIONS; l++) {
        const int64_t n = lengths[l % COUNT(lengths)], width = widths[l / COUNT(lengths) % COUNT(widths)];
        const int function = (int)(l / (COUNT(lengths) * COUNT(widths)));
        const ad_tensor leaf = columns_of(AD_SHAPE(n, width), 3, 2 * l, x), y = along_columns(function, leaf);
        const ad_tensor up = columns_of(ad_shape_of(y), 1, 2 * l + 1, v);
        ck_assert_int_eq(ad_backward(ad_sum(ad_mul(y, up))), AD_OK);
        for (int64_t j = 0; j < width; j++) {
            double wanted[LONGEST_COLUMN];
            gradient_of(function, x + j, v + j, n, width, wanted);
            for (int64_t i = 0; i < n; i++) {
                const double got = number_at(ad_gradient(leaf), (size_t)(i * width + j));
                if (!(fabs(got - wanted[i]) <= 32 * epsilon))
                    ck_abort_msg("function %d, [%d,%d] at %d, %d: %.17g, not %.17g", function, (int)n, (int)width,
                                 (int)i, (int)j, got, wanted[i]);
            }
        }
        ad_reset(t);
    }
}
END_REAL_TEST

static void add_tests(TCase *tests)
{
    ADD(softmax_of_minus_infinity);
    tcase_add_loop_test(tests, softmax_cross_entropy_at_gaps, 0, 2 * GAPS);
    tcase_add_loop_test(tests, logistic_cross_entropy_at_gaps, 0, 2 * GAPS);
    ADD(losses_of_the_largest_logits);
    tcase_add_loop_test(tests, sure_classes_keep_their_digits, 0, 2 * SURE_GAPS);
    tcase_add_loop_test(tests, sure_classes_keep_their_digits_twice, 0, 2 * SURE_GAPS);
    tcase_add_loop_test(tests, sure_logits_keep_their_digits, 0, 2 * SURE_GAPS);
    ADD(long_rows_lose_nothing);
    ADD(shifts_cost_nothing);
    ADD(long_columns_are_as_plain_loops);
    tcase_add_test(tests, labels_out_of_range);
    tcase_add_test(tests, softmax_log_likelihood_is_the_loss_negated);
}

int main(void) { return run_on_one_tape("softmax", add_tests); }
