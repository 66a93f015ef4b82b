/* Constants and random numbers: the numbers themselves, their statistics, and the count of draws. */
#include <stdlib.h>
#include <string.h>

#include "../support/one_tape.h"

/* ---- Eye ----------------------------------------------------------------------------------------------------- */

START_TEST(eye_of_any_type)
{
    const ad_type types[] = {AD_F32, AD_F64, AD_I32};
    for (int k = 0; k < 3; k++) {
        const double *y = ad_f64(ad_cast(ad_eye(t, types[k], 3), AD_F64));
        for (int i = 0; i < 9; i++)
            ck_assert_double_eq(y[i], i % 4 == 0 ? 1 : 0);
        ck_assert_uint_eq(ad_size_of(ad_eye(t, types[k], 0)), 0);
    }
    expect_ok(t);
    expect_inert(ad_eye(t, AD_F32, -1), AD_BAD_SHAPE, "eye: size -1 of axis 0 is negative in [-1,-1]");
    expect_inert(ad_eye(t, (ad_type)9, 1), AD_BAD_TYPE, "eye: type 9 is none of AD_F32, AD_F64, AD_I32");
    ad_tensor y;
    ad_apply(t, ad_operator_named("eye"), NULL, 0, (const ad_attribute[]){{.integer = AD_F32}, {.shape = AD_SHAPE(3)}},
             &y);
    expect_inert(y, AD_BAD_SHAPE, "eye: [3] is not the shape of a matrix");
}
END_TEST

/* ---- The numbers --------------------------------------------------------------------------------------------- */

/* From a Philox4x32-10 written in Python after the paper, and checked there against the paper's own test vectors: words
 * and, by math.log, math.cos and math.sin, normal numbers at these places. */
enum { PLACES = 12 };
static const size_t places[PLACES] = {0, 1, 2, 3, 4, 5, 31, 32, 33, 511, 512, 519};

static const struct {
    uint64_t seed, draw;
    uint32_t words[PLACES];
    double normals[PLACES];
} known[] = {
    {42,
     0,
     {0x9ceaf053, 0x77f5493b, 0x12bf50ad, 0x5742b3d7, 0xfcdb2127, 0x53ba6cfd, 0x2e6b75b7, 0x8c4a529c, 0x22658bcb,
      0x73f70bee, 0x1f7ba562, 0x11e9d110},
     {-0.97018978968962111, 0.19401895603192421, -1.2356207415350491, 1.9239267500724069, -0.073181507994788328,
      0.13913749569344222, 1.9918251227096846, 0.72860605818817226, 0.81979270404551297, 0.2212043463157724,
      0.89119941270949821, 0.20503875303907407}},
    {42,
     1,
     {0x2933769, 0x2051e913, 0x3b68b038, 0xb62c409c, 0x20ff9139, 0xfdd21d94, 0xaed20ef5, 0xadb12996, 0xe9e7db37,
      0xc28bbf5c, 0x8dce2ccd, 0x80b06bee},
     {2.1276909204769217, 2.1613739207656546, -0.40827084570105526, -1.659753114429892, 2.0213192216589899,
      -0.10821651129942564, -1.947218337191984, 0.75442673765059221, -0.45456295982726491, -1.1487718474662487,
      0.257801661684181, -0.017943830621467254}},
    {UINT64_C(0x0123456789abcdef),
     UINT64_C(0x1234567890),
     {0xfe3f30b5, 0x18a3cc4c, 0x551f120b, 0xd00663c6, 0xd2289cc7, 0x232cb0ea, 0xac596219, 0x35383c0d, 0x7f407571,
      0x6c2e6b49, 0x68e1700e, 0xbbdc04af},
     {0.096441318501999967, 0.066654123713873595, 0.56873461321161856, -1.3706712255358675, 0.40827831885971072,
      0.47742887774326837, -0.53522801771829998, -1.7721285539072074, 0.032546649622820174, 0.7822374670511123,
      -0.7337867170183503, -2.037596630294801}},
};
enum { KNOWN = COUNT(known), MANY = 520 };

START_TEST(uniform_numbers_are_the_generators)
{
    const uint64_t seed = known[_i].seed, draw = known[_i].draw;
    ck_assert_int_eq(ad_set_draw_count(t, draw), AD_OK);
    const ad_tensor wide = ad_uniform(t, AD_F64, AD_SHAPE(2, MANY / 2), seed);
    ad_set_draw_count(t, draw);
    const ad_tensor narrow = ad_uniform(t, AD_F32, AD_SHAPE(MANY), seed);
    for (size_t i = 0; i < PLACES; i++)
        ck_assert_double_eq(ad_f64(wide)[places[i]], known[_i].words[i] * 0x1p-32);
    for (size_t i = 0; i < MANY; i++) {
        ck_assert_double_eq(ad_f64(wide)[i], ad_random_uniform(seed, draw, i));
        ck_assert_double_eq((double)ad_f32(narrow)[i], (ad_random_bits(seed, draw, i) >> 8) * 0x1p-24);
    }
    expect_ok(t);
}
END_TEST

START_TEST(normal_numbers_are_those_of_box_and_muller)
{
    ad_set_draw_count(t, known[_i].draw);
    const double *wide = ad_f64(ad_normal(t, AD_F64, AD_SHAPE(MANY), known[_i].seed));
    ad_set_draw_count(t, known[_i].draw);
    const float *narrow = ad_f32(ad_normal(t, AD_F32, AD_SHAPE(MANY - 1), known[_i].seed));
    expect_ok(t);
    for (size_t i = 0; i < PLACES; i++)
        ck_assert_double_le(fabs(wide[places[i]] - known[_i].normals[i]), 1e-14);
    for (size_t i = 0; i < MANY - 1; i++)
        ck_assert_float_eq(narrow[i], (float)wide[i]);
}
END_TEST

/* Python's words are below a quarter of 2^32 at these of the first 20 places. */
START_TEST(dropout_mask_follows_the_words)
{
    static const int dropped[] = {0, 1, 2, 4, 6, 7, 8, 9, 12, 14, 15, 18};
    const ad_tensor x = ad_zeros(t, AD_F64, AD_SHAPE(4, 5));
    ad_set_draw_count(t, 1);
    const double *mask = ad_f64(ad_dropout_mask(x, 0.25, 42));
    expect_ok(t);
    for (int i = 0, k = 0; i < 20; i++) {
        const bool is_dropped = k < 12 && dropped[k] == i;
        ck_assert_double_eq(mask[i], is_dropped ? 0 : 1 / 0.75);
        k += is_dropped;
    }
}
END_TEST

/* The first word of these draws of seed 42 is ffffff87 and fffffff4: divided by 2^32, the nearest f32 is 1. */
START_TEST(uniform_in_f32_stays_below_1)
{
    static const uint64_t draws[] = {17367479, 45946318};
    for (int k = 0; k < 2; k++) {
        ad_set_draw_count(t, draws[k]);
        ck_assert_uint_ge(ad_random_bits(42, draws[k], 0), 0xffffff80);
        ck_assert_double_eq(ad_item(ad_uniform(t, AD_F32, AD_SHAPE(1), 42)), 1 - 0x1p-24);
    }
    expect_ok(t);
}
END_TEST

/* ---- Statistics: with these seeds, once and for all ---------------------------------------------------------- */

enum { SAMPLE = 100000 };

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double uniform_below(double x) { return x; }
static double normal_below(double x) { return 0.5 * erfc(-x / sqrt(2)); }

/* Kolmogorov and Smirnov: the largest distance to the distribution function, times the root of the number. Of true
 * samples one in a hundred is beyond 1.63. */
static double distance(const double *x, double below(double))
{
    static double sorted[SAMPLE];
    double largest = 0;
    memcpy(sorted, x, sizeof sorted);
    qsort(sorted, SAMPLE, sizeof *sorted, by_size);
    for (int i = 0; i < SAMPLE; i++) {
        const double f = below(sorted[i]);
        largest = fmax(largest, fmax(f - (double)i / SAMPLE, (i + 1.0) / SAMPLE - f));
    }
    return largest * sqrt(SAMPLE);
}

/* Mean and variance within four standard errors, and so the correlation of neighbours. */
static void expect_moments(const double *x, double mean, double variance, double fourth)
{
    double sum = 0, squares = 0, products = 0;
    for (int i = 0; i < SAMPLE; i++) {
        const double d = x[i] - mean;
        sum += d;
        squares += d * d;
        products += i ? d * (x[i - 1] - mean) : 0;
    }
    ck_assert_double_le(fabs(sum / SAMPLE), 4 * sqrt(variance / SAMPLE));
    ck_assert_double_le(fabs(squares / SAMPLE - variance), 4 * sqrt((fourth - variance * variance) / SAMPLE));
    ck_assert_double_le(fabs(products / SAMPLE), 4 * variance / sqrt(SAMPLE));
}

START_TEST(uniform_numbers_are_uniform)
{
    const double *x = ad_f64(ad_uniform(t, AD_F64, AD_SHAPE(SAMPLE), (uint64_t)_i));
    expect_ok(t);
    expect_moments(x, 0.5, 1 / 12., 1 / 80.);
    ck_assert_double_le(distance(x, uniform_below), 1.63);
}
END_TEST

START_TEST(normal_numbers_are_normal)
{
    const double *x = ad_f64(ad_normal(t, AD_F64, AD_SHAPE(SAMPLE), (uint64_t)_i));
    expect_ok(t);
    expect_moments(x, 0, 1, 3);
    ck_assert_double_le(distance(x, normal_below), 1.63);
}
END_TEST

START_TEST(dropout_keeps_the_mean)
{
    static const double rates[] = {0, 0.1, 0.5, 0.999};
    const double rate = rates[_i];
    const float *x = ad_f32(ad_dropout_mask(ad_zeros(t, AD_F32, AD_SHAPE(SAMPLE)), rate, 5));
    int dropped = 0;
    expect_ok(t);
    for (int i = 0; i < SAMPLE; i++) {
        ck_assert(x[i] == 0 || x[i] == (float)(1 / (1 - rate)));
        dropped += x[i] == 0;
    }
    ck_assert_double_le(fabs((double)dropped / SAMPLE - rate), 4 * sqrt(rate * (1 - rate) / SAMPLE));
}
END_TEST

/* ---- Draws --------------------------------------------------------------------------------------------------- */

START_TEST(each_draw_gives_other_numbers)
{
    ck_assert_uint_eq(ad_draw_count(t), 0);
    const ad_tensor a = ad_uniform(t, AD_F64, AD_SHAPE(2), 3), b = ad_uniform(t, AD_F64, AD_SHAPE(2), 3);
    ck_assert_double_ne(ad_f64(a)[0], ad_f64(b)[0]);
    ck_assert_uint_eq(ad_draw_count(t), 2);
    const double first = ad_f64(a)[0], second = ad_f64(b)[0];
    ad_reset(t);
    ck_assert_uint_eq(ad_draw_count(t), 2);
    ad_set_draw_count(t, 1);
    ck_assert_double_eq(ad_f64(ad_uniform(t, AD_F64, AD_SHAPE(2), 3))[0], second);
    ad_set_draw_count(t, 0);
    ck_assert_double_eq(ad_f64(ad_uniform(t, AD_F64, AD_SHAPE(2), 3))[0], first);
    ad_normal(t, AD_F32, AD_SHAPE(0), 3);
    ad_dropout_mask(ad_scalar(t, 1), 0.5, 3);
    ck_assert_uint_eq(ad_draw_count(t), 3);
    expect_ok(t);
}
END_TEST

/* By their last attribute, so that what is computed again can draw the same. */
START_TEST(random_rows_name_their_draw)
{
    int n = 0;
    for (size_t i = 0; i < ad_operator_count(); i++) {
        const ad_operator *row = ad_operator_at(i);
        int last = AD_MAX_ATTRIBUTES - 1;
        if (!(row->properties & AD_RANDOM))
            continue;
        while (last > 0 && row->attributes[last].kind == AD_ATTRIBUTE_NONE)
            last--;
        ck_assert_str_eq(row->attributes[last].name, "draw");
        ck_assert_str_eq(row->attributes[last - 1].name, "seed");
        ck_assert_int_eq(row->attributes[last].kind, AD_ATTRIBUTE_INTEGER);
        n++;
    }
    ck_assert_int_ge(n, 3);
    ad_tensor y;
    ad_apply(t, ad_operator_named("uniform"), NULL, 0,
             (const ad_attribute[]){{.integer = AD_F64}, {.shape = AD_SCALAR}, {.integer = 42}, {.integer = 1}}, &y);
    ck_assert_double_eq(ad_item(y), ad_random_uniform(42, 1, 0));
    ck_assert_uint_eq(ad_draw_count(t), 0);
}
END_TEST

/* A draw that was not made is not counted. */
START_TEST(random_refuses)
{
    const ad_tensor x = ad_ones(t, AD_F32, AD_SHAPE(2));
    expect_inert(ad_uniform(t, AD_I32, AD_SHAPE(2), 1), AD_BAD_TYPE,
                 "uniform: random numbers are f32 or f64; convert them with ad_cast");
    expect_inert(ad_normal(t, (ad_type)7, AD_SHAPE(2), 1), AD_BAD_TYPE,
                 "normal: random numbers are f32 or f64; convert them with ad_cast");
    expect_inert(ad_normal(t, AD_F32, AD_SHAPE(-2), 1), AD_BAD_SHAPE, "normal: size -2 of axis 0 is negative in [-2]");
    expect_inert(ad_dropout_mask(x, 1, 1), AD_BAD_VALUE,
                 "dropout_mask: the rate is 1: it must be at least 0 and less than 1");
    expect_inert(ad_dropout_mask(x, -0.1, 1), AD_BAD_VALUE,
                 "dropout_mask: the rate is -0.1: it must be at least 0 and less than 1");
    expect_inert(ad_dropout_mask(x, NAN, 1), AD_BAD_VALUE,
                 "dropout_mask: the rate is nan: it must be at least 0 and less than 1");
    expect_inert(ad_dropout_mask(ad_ones(t, AD_I32, AD_SHAPE(2)), 0.5, 1), AD_BAD_TYPE,
                 "dropout_mask: operand 0, [2], is i32: it must be f32 or f64; convert it with ad_cast");
    ck_assert_uint_eq(ad_draw_count(t), 0);
    ck_assert_uint_eq(ad_draw_count(NULL), 0);
    ck_assert_int_eq(ad_set_draw_count(NULL, 1), AD_BAD_HANDLE);
    ck_assert(ad_is_inert(ad_uniform(NULL, AD_F32, AD_SHAPE(2), 1)));
    ck_assert(ad_is_inert(ad_dropout_mask((ad_tensor){0}, 0.5, 1)));
    ad_fail(t, AD_BAD_VALUE, "ours");
    ck_assert_int_eq(ad_set_draw_count(t, 5), AD_BAD_VALUE);
    ck_assert(ad_is_inert(ad_uniform(t, AD_F32, AD_SHAPE(2), 1)));
    ck_assert_uint_eq(ad_draw_count(t), 0);
}
END_TEST

/* A mask is a constant: the gradient passes beside it. */
START_TEST(dropout_masks_the_gradient_too)
{
    enum { N = 50 };
    const ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(N), NULL), mask = ad_dropout_mask(x, 0.5, 9);
    ad_backward(ad_sum(ad_mul(x, mask)));
    expect_ok(t);
    for (size_t i = 0; i < N; i++)
        ck_assert_double_eq(ad_f64(ad_gradient(x))[i], ad_f64(mask)[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("makers");
    TCase *numbers = tcase_create("numbers"), *statistics = tcase_create("statistics"), *draws = tcase_create("draws");
    TCase *const cases[] = {numbers, statistics, draws};
    for (size_t i = 0; i < COUNT(cases); i++) {
        tcase_add_checked_fixture(cases[i], open_tape, close_tape);
        tcase_set_timeout(cases[i], 60);
        suite_add_tcase(suite, cases[i]);
    }
    tcase_add_test(numbers, eye_of_any_type);
    tcase_add_loop_test(numbers, uniform_numbers_are_the_generators, 0, KNOWN);
    tcase_add_loop_test(numbers, normal_numbers_are_those_of_box_and_muller, 0, KNOWN);
    tcase_add_test(numbers, dropout_mask_follows_the_words);
    tcase_add_test(numbers, uniform_in_f32_stays_below_1);
    tcase_add_loop_test(statistics, uniform_numbers_are_uniform, 0, 3);
    tcase_add_loop_test(statistics, normal_numbers_are_normal, 0, 3);
    tcase_add_loop_test(statistics, dropout_keeps_the_mean, 0, 4);
    tcase_add_test(draws, each_draw_gives_other_numbers);
    tcase_add_test(draws, random_rows_name_their_draw);
    tcase_add_test(draws, random_refuses);
    tcase_add_test(draws, dropout_masks_the_gradient_too);
    return run_suites(srunner_create(suite));
}
