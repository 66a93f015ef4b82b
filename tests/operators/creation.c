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
 * of the stream 3 2^56 + draw and, by math.log, math.cos and math.sin of those of 4 2^56 + draw, normal numbers, at
 * these places. */
enum { PLACES = 12 };
static const size_t places[PLACES] = {0, 1, 2, 3, 4, 5, 31, 32, 33, 511, 512, 519};

static const struct {
    uint64_t seed, draw;
    uint32_t words[PLACES];
    double normals[PLACES];
} known[] = {
    {42,
     0,
     {0x51a347a9, 0xe276a994, 0x9d03f6c9, 0x8c221319, 0x4b7a304f, 0x989d6915, 0x14935919, 0x1db934c1, 0x69d2b830,
      0x11631d5a, 0xf01b6dc3, 0x907d291},
     {-1.714080745605382, -0.20130905326990273, 0.01106773448431905, -0.22606803674642986, 1.8929084361312287,
      -0.005472966787200942, 0.17284702397309545, 0.01453906833851225, -1.1085493673171434, -0.07721761367685173,
      -0.3896736383619118, 0.8461672302543138}},
    {42,
     1,
     {0x4064779c, 0x83264db0, 0xfe7fd135, 0xf9066f26, 0xa2f97367, 0x452a0c4, 0x5537ed88, 0x26f4a9c, 0x58f65a3a,
      0x1ce86979, 0x640ebd48, 0x58e7208f},
     {0.5345849637661303, 0.6356940877091207, 1.147782964016985, -1.120662016820492, -0.9084995140749961,
      0.1316747116835631, 0.1845201791353823, -0.07619654865858087, 0.7109321097987196, 0.1858150591135167,
      -0.27824518204060383, 0.8117818958482723}},
    {UINT64_C(0x0123456789abcdef),
     UINT64_C(0x1234567890),
     {0xf617351a, 0xece1875b, 0x42335478, 0xfa4e1393, 0x8a51c992, 0xed42b974, 0xe1506145, 0x33ebe02, 0xa61f3327,
      0xd50c6692, 0x414d07a4, 0xf892f63a},
     {-1.1806995303141192, -1.5794729147432187, 1.480770687335336, -1.1962018340302965, 0.9969039464028976,
      0.3176218832188853, -0.26171929171661446, -1.9953777290388095, 1.3923842687999992, 1.0295167901942475,
      -0.9786554156669093, 0.4104296134994433}},
};
enum { KNOWN = COUNT(known), MANY = 520 };

START_TEST(uniform_numbers_are_the_generators)
{
    const uint64_t seed = known[_i].seed, draw = known[_i].draw;
    const uint64_t stream = ad_stream(AD_STREAM_UNIFORM, draw);
    ck_assert_int_eq(ad_set_draw_count(t, draw), AD_OK);
    const ad_tensor wide = ad_uniform(t, AD_F64, AD_SHAPE(2, MANY / 2), seed);
    ad_set_draw_count(t, draw);
    const ad_tensor narrow = ad_uniform(t, AD_F32, AD_SHAPE(MANY), seed);
    for (size_t i = 0; i < PLACES; i++)
        ck_assert_double_eq(ad_f64(wide)[places[i]], known[_i].words[i] * 0x1p-32);
    for (size_t i = 0; i < MANY; i++) {
        ck_assert_double_eq(ad_f64(wide)[i], ad_random_uniform(seed, stream, i));
        ck_assert_double_eq((double)ad_f32(narrow)[i], (ad_random_bits(seed, stream, i) >> 8) * 0x1p-24);
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

/* Python's words of the stream 5 2^56 + 1 are below a quarter of 2^32 at these of the first 20 places. */
START_TEST(dropout_mask_follows_the_words)
{
    static const int dropped[] = {10, 13, 18, 19};
    const ad_tensor x = ad_zeros(t, AD_F64, AD_SHAPE(4, 5));
    ad_set_draw_count(t, 1);
    const double *mask = ad_f64(ad_dropout_mask(x, 0.25, 42));
    expect_ok(t);
    for (int i = 0, k = 0; i < 20; i++) {
        const bool is_dropped = k < 4 && dropped[k] == i;
        ck_assert_double_eq(mask[i], is_dropped ? 0 : 1 / 0.75);
        k += is_dropped;
    }
}
END_TEST

/* The first word of these draws of seed 42 is ffffffe0 and ffffff8a: divided by 2^32, the nearest f32 is 1. */
START_TEST(uniform_in_f32_stays_below_1)
{
    static const uint64_t draws[] = {28697174, 71841616};
    for (int k = 0; k < 2; k++) {
        ad_set_draw_count(t, draws[k]);
        ck_assert_uint_ge(ad_random_bits(42, ad_stream(AD_STREAM_UNIFORM, draws[k]), 0), 0xffffff80);
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
    ck_assert_double_eq(ad_item(y), ad_random_uniform(42, ad_stream(AD_STREAM_UNIFORM, 1), 0));
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
    ck_assert_int_eq(ad_set_draw_count(t, AD_STREAM_NUMBERS), AD_BAD_VALUE);
    expect_recovery(t, AD_BAD_VALUE, "set_draw_count: 72057594037927936 is too large: it must be below 2^56");
    ad_set_draw_count(t, AD_STREAM_NUMBERS - 1);
    ad_uniform(t, AD_F32, AD_SHAPE(2), 1);
    expect_inert(ad_uniform(t, AD_F32, AD_SHAPE(2), 1), AD_BAD_VALUE,
                 "uniform: draw 72057594037927936 is too large: it must be below 2^56");
    ad_set_draw_count(t, 0);
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
    Suite *suite = suite_create("creation");
    TCase *numbers = tcase_create("numbers"), *statistics = tcase_create("statistics"), *draws = tcase_create("draws");
    TCase *const cases[] = {numbers, statistics, draws};
    for (size_t i = 0; i < COUNT(cases); i++) {
        tcase_add_checked_fixture(cases[i], open_tape, close_tape);
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
