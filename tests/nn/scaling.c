/* Features scaled and gathered. */
#include <float.h>
#include <math.h>

#include "../../nn/data/scaling.h"
#include "../support/check.h"
#include "../support/counting.h"

static nn_scaling learnt(nn_scaling_kind kind, double constant, const nn_data *data, ad_memory *memory)
{
    nn_scaling s = {.kind = kind, .constant = constant, .memory = memory};
    ck_assert_int_eq(nn_scaling_learn(&s, data), AD_OK);
    ck_assert_int_eq(s.columns, data->columns);
    return s;
}

/* Rows of (1, 10, 7), (2, 20, 7), (3, 60, 7): means 2, 30, 7; variances 2/3, 1400/3, 0. Over all nine: mean 13,
 * variance 2740/9. */
static const double nine[9] = {1, 10, 7, 2, 20, 7, 3, 60, 7};

/* The nine numbers in an array of any element. */
static nn_data nine_of(nn_element element, void *room)
{
    for (int i = 0; i < 9; i++)
        switch (element) {
#define CASE(name, text, type)                                                                                         \
    case name: ((type *)room)[i] = (type)nine[i]; break;
            NN_ELEMENT_LIST(CASE)
#undef CASE
        default: break;
        }
    return (nn_data){.features = room, .element = element, .rows = 3, .columns = 3};
}

static void check_scaled(nn_scaling_kind kind, nn_element element, const double *mean, const double *inverse)
{
    double room[9];
    nn_data data = nine_of(element, room);
    ad_memory memory = ad_memory_over(NULL);
    nn_scaling s = learnt(kind, 4, &data, &memory);
    float out[9];
    nn_scaling_gather(&s, &data, NULL, 0, 3, out);
    for (int i = 0; i < 9; i++) {
        ck_assert_double_eq_tol(s.mean[i % 3], mean[i % 3], 1e-14);
        ck_assert_float_eq(s.inverse[i % 3], (float)inverse[i % 3]);
        ck_assert_double_eq_tol((double)out[i], (nine[i] - mean[i % 3]) * inverse[i % 3], 1e-6);
    }
    nn_scaling_release(&s);
    ck_assert_ptr_null(s.mean);
    ck_assert_uint_eq(memory.usage.bytes, 0);
}

START_TEST(scales_every_element)
{
    nn_element e = (nn_element)_i;
    double a = 1 / sqrt(2.0 / 3), b = 1 / sqrt(1400.0 / 3), g = 1 / sqrt(2740.0 / 9);
    check_scaled(NN_SCALE_NONE, e, (double[]){0, 0, 0}, (double[]){1, 1, 1});
    check_scaled(NN_SCALE_CONSTANT, e, (double[]){0, 0, 0}, (double[]){0.25, 0.25, 0.25});
    check_scaled(NN_SCALE_GLOBAL, e, (double[]){13, 13, 13}, (double[]){g, g, g});
    check_scaled(NN_SCALE_FEATURE, e, (double[]){2, 30, 7}, (double[]){a, b, 0});
    check_scaled(NN_SCALE_MINMAX, e, (double[]){1, 10, 7}, (double[]){1.0 / 2, 1.0 / 50, 0});
}
END_TEST

/* Rows by number, the same one twice, and from a first one on. */
START_TEST(gathers_rows)
{
    double room[9];
    nn_data data = nine_of((nn_element)_i, room);
    ad_memory memory = ad_memory_over(NULL);
    nn_scaling s = learnt(NN_SCALE_NONE, 0, &data, &memory);
    float out[10];
    out[9] = -1;
    nn_scaling_gather(&s, &data, (const int32_t[]){2, 0, 2}, 1, 3, out);
    for (int j = 0; j < 3; j++) {
        ck_assert_float_eq(out[j], (float)nine[6 + j]);
        ck_assert_float_eq(out[3 + j], (float)nine[j]);
        ck_assert_float_eq(out[6 + j], (float)nine[6 + j]);
    }
    nn_scaling_gather(&s, &data, NULL, 1, 2, out);
    for (int j = 0; j < 6; j++)
        ck_assert_float_eq(out[j], (float)nine[3 + j]);
    nn_scaling_gather(&s, &data, NULL, 3, 0, out);
    ck_assert_float_eq(out[9], -1);
    nn_scaling_release(&s);
}
END_TEST

/* The mean of many 0.1 is not 0.1 when they are added up; constant features must be found all the same. The last one is
 * not constant. */
START_TEST(a_constant_feature_becomes_0)
{
    enum { ROWS = 1000, D = 50 };
    static double x[ROWS * D], later[D];
    float out[D];
    for (int i = 0; i < ROWS * D; i++)
        x[i] = i % D == D - 1 ? i / D % 2 : 0.1 * (i % D + 1);
    for (int j = 0; j < D; j++)
        later[j] = j == D - 1 ? 1 : 1e30;
    nn_data data = {.features = x, .element = NN_F64, .rows = ROWS, .columns = D};
    ad_memory memory = ad_memory_over(NULL);
    nn_scaling s = learnt(NN_SCALE_FEATURE, 0, &data, &memory);
    nn_scaling_gather(&s, &(nn_data){.features = later, .element = NN_F64, .rows = 1, .columns = D}, NULL, 0, 1, out);
    for (int j = 0; j < D; j++) {
        ck_assert_float_eq(s.inverse[j], j == D - 1 ? 2 : 0);
        ck_assert_float_eq(out[j], j == D - 1 ? 1 : 0);
    }
    nn_scaling_release(&s);
}
END_TEST

START_TEST(features_that_are_all_the_same_become_0)
{
    static float x[300 * 7];
    for (int i = 0; i < 300 * 7; i++)
        x[i] = -0.7f;
    nn_data data = {.features = x, .rows = 300, .columns = 7};
    ad_memory memory = ad_memory_over(NULL);
    nn_scaling s = learnt(NN_SCALE_GLOBAL, 0, &data, &memory);
    for (int j = 0; j < 7; j++)
        ck_assert_float_eq(s.inverse[j], 0);
    nn_scaling_release(&s);
}
END_TEST

/* A mean between two neighbouring numbers of f64 is rounded; the deviation around the true mean is 1. */
START_TEST(the_deviation_is_around_the_true_mean)
{
    const double x[] = {0x1p53, 0x1p53 + 2};
    nn_data data = {.features = x, .element = NN_F64, .rows = 2, .columns = 1};
    ad_memory memory = ad_memory_over(NULL);
    nn_scaling s = learnt(NN_SCALE_FEATURE, 0, &data, &memory);
    ck_assert_float_eq(s.inverse[0], 1);
    nn_scaling_release(&s);
}
END_TEST

/* Far from 0 the digits that differ are the last ones: f32 does not have them, and a rounded mean has not either. The
 * numbers of each case are a mean -+ 1, by hand, so that they become -1 and 1. */
START_TEST(digits_far_from_0_are_kept)
{
    const double x64[] = {1e15 + 1, 1e15 + 3, 1e15 + 1, 1e15 + 3}, last[] = {0x1p53, 0x1p53 + 2, 0x1p53, 0x1p53 + 2};
    const int32_t x32[] = {2000000001, 2000000003, 2000000001, 2000000003};
    const float f32[] = {0x1p24F, 0x1p24F + 2, 0x1p24F, 0x1p24F + 2};
    const nn_data cases[] = {{.features = x64, .element = NN_F64, .rows = 4, .columns = 1},
                             {.features = last, .element = NN_F64, .rows = 4, .columns = 1},
                             {.features = x32, .element = NN_I32, .rows = 4, .columns = 1},
                             {.features = f32, .element = NN_F32, .rows = 4, .columns = 1}};
    const nn_scaling_kind kinds[] = {NN_SCALE_FEATURE, NN_SCALE_GLOBAL};
    ad_memory memory = ad_memory_over(NULL);
    for (int i = 0; i < 8; i++) {
        float out[4];
        nn_scaling s = learnt(kinds[i % 2], 0, &cases[i / 2], &memory);
        nn_scaling_gather(&s, &cases[i / 2], NULL, 0, 4, out);
        for (int k = 0; k < 4; k++)
            ck_assert_float_eq(out[k], k % 2 ? 1 : -1);
        nn_scaling_release(&s);
    }
}
END_TEST

/* Each of u8, i8, i16 and f32 is as near to (x - mean) / deviation, computed in f64 from the exact sums, as f32 can be:
 * a mean of 1/3 and the like is not rounded to f32 on the way. */
START_TEST(means_of_narrow_features_are_not_rounded)
{
    double room[9];
    const double b = sqrt(1400.0 / 3);
    const nn_element e = (nn_element)_i;
    nn_data data = nine_of(e, room);
    ad_memory memory = ad_memory_over(NULL);
    nn_scaling s = learnt(NN_SCALE_FEATURE, 0, &data, &memory);
    float out[9];
    nn_scaling_gather(&s, &data, NULL, 0, 3, out);
    for (int i = 1; i < 9; i += 3)
        ck_assert_double_eq_tol((double)out[i], (nine[i] - 30) / b, 2e-7);
    nn_scaling_release(&s);
    const int8_t i8[] = {33, 34, 33};
    s = learnt(NN_SCALE_FEATURE, 0, &(nn_data){.features = i8, .element = NN_I8, .rows = 3, .columns = 1}, &memory);
    nn_scaling_gather(&s, &(nn_data){.features = i8, .element = NN_I8, .rows = 3, .columns = 1}, NULL, 0, 3, out);
    for (int i = 0; i < 3; i++) /* mean 33 1/3, variance 2/9 */
        ck_assert_double_eq_tol((double)out[i] * (i == 1 ? 1 : -2), sqrt(2), 2e-7);
    nn_scaling_release(&s);
}
END_TEST

/* Squares of f64 features overflow, and so does the inverse of a deviation in f32; the scaled numbers do not. A
 * constant that f32 does not hold divides all the same. */
START_TEST(features_of_any_size_are_scaled)
{
    const double x[] = {1e200, -1, 3e200, 1, 1e200, -1, 3e200, 1};
    const float y[] = {-0x1p127F, 0x1p127F, -0x1p127F, 0x1p127F};
    const nn_data wide = {.features = x, .element = NN_F64, .rows = 4, .columns = 2},
                  narrow = {.features = y, .element = NN_F32, .rows = 4, .columns = 1};
    ad_memory memory = ad_memory_over(NULL);
    float out[8];
    nn_scaling s = learnt(NN_SCALE_FEATURE, 0, &wide, &memory);
    nn_scaling_gather(&s, &wide, NULL, 0, 4, out);
    for (int i = 0; i < 8; i++)
        ck_assert_float_eq_tol(out[i], i / 2 % 2 ? 1 : -1, 1e-7F);
    nn_scaling_release(&s);
    s = learnt(NN_SCALE_FEATURE, 0, &narrow, &memory);
    nn_scaling_gather(&s, &narrow, NULL, 0, 4, out);
    for (int i = 0; i < 4; i++)
        ck_assert_float_eq(out[i], i % 2 ? 1 : -1);
    nn_scaling_release(&s);
    s = learnt(NN_SCALE_CONSTANT, 1e200, &wide, &memory);
    nn_scaling_gather(&s, &wide, NULL, 0, 4, out);
    ck_assert_float_eq(out[2], 3);
    nn_scaling_release(&s);
}
END_TEST

/* Deviations whose inverse f32 cannot hold must not give infinity or NaN. */
START_TEST(tiny_deviations_stay_finite)
{
    const double x[] = {0, 1e-300, 0, 1e-300};
    const float y[] = {0, 0x1p-149f, 0, 0x1p-149f}, z[] = {-FLT_MAX / 2, FLT_MAX / 2, -FLT_MAX / 2, FLT_MAX / 2};
    const nn_data cases[] = {{.features = x, .element = NN_F64, .rows = 4, .columns = 1},
                             {.features = y, .element = NN_F32, .rows = 4, .columns = 1},
                             {.features = z, .element = NN_F32, .rows = 4, .columns = 1}};
    ad_memory memory = ad_memory_over(NULL);
    for (int i = 0; i < 3; i++) {
        float out[4];
        nn_scaling s = learnt(NN_SCALE_FEATURE, 0, &cases[i], &memory);
        nn_scaling_gather(&s, &cases[i], NULL, 0, 4, out);
        for (int k = 0; k < 4; k++)
            ck_assert_float_eq_tol(out[k], i == 2 ? (k % 2 ? 1 : -1) : 0, 1e-6f);
        nn_scaling_release(&s);
    }
}
END_TEST

/* Wide rows, so that the vectorised loops and their rests both run; against sums in the plainest order. */
START_TEST(wide_data_agree_with_plain_sums)
{
    enum { N = 37, D = 29 };
    float x[N * D], out[N * D];
    uint32_t state = 7;
    for (int i = 0; i < N * D; i++)
        x[i] = (float)((state = state * 1664525 + 1013904223) >> 16) - 30000;
    nn_data data = {.features = x, .rows = N, .columns = D};
    ad_memory memory = ad_memory_over(NULL);
    nn_scaling s = learnt(NN_SCALE_FEATURE, 0, &data, &memory);
    nn_scaling_gather(&s, &data, NULL, 0, N, out);
    for (int j = 0; j < D; j++) {
        double sum = 0, square = 0;
        for (int i = 0; i < N; i++)
            sum += (double)x[i * D + j];
        for (int i = 0; i < N; i++)
            square += pow((double)x[i * D + j] - sum / N, 2);
        ck_assert_double_eq_tol(s.mean[j], sum / N, 1e-9);
        for (int i = 0; i < N; i++)
            ck_assert_double_eq_tol((double)out[i * D + j], ((double)x[i * D + j] - sum / N) / sqrt(square / N), 1e-5);
    }
    nn_scaling_release(&s);
}
END_TEST

/* What scikit-learn's MinMaxScaler makes of four rows with missing values; a constant feature is 0 there too. */
START_TEST(least_and_largest_are_0_and_1)
{
    const double nan = (double)NAN;
    const double x[16] = {3.5, -2, 7, 100, -1.25, -2, nan, 4096, 9, -2, -1, -0.125, nan, -2, 2, nan};
    const double wanted[16] = {0.46341463, 0, 1, 0.02444383, 0, 0, nan, 1, 1, 0, 0, 0, nan, 0, 0.375, nan};
    float f32[16], out[16];
    for (int i = 0; i < 16; i++)
        f32[i] = (float)x[i];
    const nn_data data = {
        .features = _i ? (const void *)x : f32, .element = _i ? NN_F64 : NN_F32, .rows = 4, .columns = 4};
    ad_memory memory = ad_memory_over(NULL);
    nn_scaling s = {.kind = NN_SCALE_MINMAX, .memory = &memory};
    ck_assert_int_eq(nn_scaling_learn_some(&s, &data, NULL, true), AD_OK);
    nn_scaling_gather(&s, &data, NULL, 0, 4, out);
    for (int i = 0; i < 16; i++)
        ck_assert_msg(isnan(wanted[i]) ? isnan(out[i]) : fabs((double)out[i] - wanted[i]) < 1e-7, "%d: %g", i,
                      (double)out[i]);
    nn_scaling_release(&s);
}
END_TEST

/* Ranges of any size: one that f32 does not hold, one whose inverse it does not hold, one that f64 does not hold. */
START_TEST(ranges_of_any_size_are_scaled)
{
    const float wide[] = {-FLT_MAX, FLT_MAX, 0, FLT_MAX};
    const double tiny[] = {0, 1e-300, 1e-301, 0}, small[] = {5e-38, 1e-38, 3e-38, 1e-38},
                 far[] = {1e15 + 1, 1e15 + 3, 1e15 + 2, 1e15 + 1};
    const nn_data cases[] = {{.features = wide, .rows = 4, .columns = 1},
                             {.features = tiny, .element = NN_F64, .rows = 4, .columns = 1},
                             {.features = small, .element = NN_F64, .rows = 4, .columns = 1},
                             {.features = far, .element = NN_F64, .rows = 4, .columns = 1}};
    const double wanted[][4] = {{0, 1, 0.5, 1}, {0, 0, 0, 0}, {1, 0, 0.5, 0}, {0, 1, 0.5, 0}};
    ad_memory memory = ad_memory_over(NULL);
    for (int i = 0; i < COUNT(cases); i++) {
        float out[4];
        nn_scaling s = learnt(NN_SCALE_MINMAX, 0, &cases[i], &memory);
        nn_scaling_gather(&s, &cases[i], NULL, 0, 4, out);
        for (int k = 0; k < 4; k++)
            ck_assert_double_eq_tol((double)out[k], wanted[i][k], 2e-7);
        nn_scaling_release(&s);
    }
    const double largest[] = {-DBL_MAX, DBL_MAX};
    nn_scaling s = learnt(NN_SCALE_MINMAX, 0,
                          &(nn_data){.features = largest, .element = NN_F64, .rows = 2, .columns = 1}, &memory);
    ck_assert_double_eq_tol((double)s.inverse[0] * s.unit[0] * DBL_MAX, 0.5, 1e-7);
    nn_scaling_release(&s);
}
END_TEST

/* Features that are left as they are count for no other; missing values count for none. */
START_TEST(some_features_are_learnt)
{
    const double nan = (double)NAN;
    const double x[] = {nan, 5, 2, 1, 900, nan, 3, 700, 6, nan, nan, 4};
    const bool left[] = {false, true, false};
    const nn_data data = {.features = x, .element = NN_F64, .rows = 4, .columns = 3};
    const double means[][3] = {{0, 0, 0}, {0, 0, 0}, {3.2, 0, 3.2}, {2, 0, 4}, {1, 0, 2}};
    const double g = sqrt(2.96), b = sqrt(8.0 / 3);
    const double inverses[][3] = {{1, 1, 1}, {0.25, 1, 0.25}, {1 / g, 1, 1 / g}, {1, 1, 1 / b}, {0.5, 1, 0.25}};
    ad_memory memory = ad_memory_over(NULL);
    for (int kind = 0; kind < NN_SCALE_COUNT; kind++) {
        nn_scaling s = {.kind = (nn_scaling_kind)kind, .constant = 4, .memory = &memory};
        ck_assert_int_eq(nn_scaling_learn_some(&s, &data, left, true), AD_OK);
        for (int j = 0; j < 3; j++) {
            ck_assert_double_eq_tol(s.mean[j], means[kind][j], 1e-14);
            ck_assert_float_eq(s.inverse[j], (float)inverses[kind][j]);
        }
        nn_scaling_release(&s);
    }
}
END_TEST

START_TEST(scalings_have_names)
{
    static const char *const names[] = {"none", "constant", "global", "feature", "minmax"};
    for (int i = 0; i < NN_SCALE_COUNT; i++)
        ck_assert_str_eq(nn_scaling_name(i), names[i]);
    ck_assert(!nn_scaling_name(-1) && !nn_scaling_name(NN_SCALE_COUNT));
}
END_TEST

START_TEST(learning_again_replaces_and_failing_keeps)
{
    counting counted;
    counting_open(&counted);
    ad_memory memory = ad_memory_over(&counted.allocator);
    const float one[] = {5}, twelve[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 3, 2, -3};
    nn_data narrow = {.features = one, .rows = 1, .columns = 1}, wide = {.features = twelve, .rows = 3, .columns = 4};
    nn_scaling s = learnt(NN_SCALE_FEATURE, 0, &narrow, &memory);
    for (size_t k = 0; k < 4; k++) {
        counting_fail(&counted, 1 + k / 2, k % 2 ? COUNTING_FOR_GOOD : COUNTING_ONCE);
        ck_assert_int_eq(nn_scaling_learn(&s, &wide), AD_NO_MEMORY);
        ck_assert_int_eq(s.columns, 1);
        ck_assert_double_eq(s.mean[0], 5);
    }
    counting_heal(&counted);
    ck_assert_int_eq(nn_scaling_learn(&s, &wide), AD_OK);
    ck_assert_int_eq(s.columns, 4);
    ck_assert_double_eq(s.mean[3], 3);
    nn_scaling_release(&s);
    nn_scaling_release(&s);
    counting_check_released(&counted);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, scales_every_element, 0, NN_ELEMENT_COUNT);
    tcase_add_loop_test(tests, gathers_rows, 0, NN_ELEMENT_COUNT);
    tcase_add_test(tests, a_constant_feature_becomes_0);
    tcase_add_test(tests, features_that_are_all_the_same_become_0);
    tcase_add_test(tests, the_deviation_is_around_the_true_mean);
    tcase_add_test(tests, digits_far_from_0_are_kept);
    tcase_add_loop_test(tests, means_of_narrow_features_are_not_rounded, 0, NN_ELEMENT_COUNT);
    tcase_add_test(tests, features_of_any_size_are_scaled);
    tcase_add_test(tests, tiny_deviations_stay_finite);
    tcase_add_test(tests, wide_data_agree_with_plain_sums);
    tcase_add_loop_test(tests, least_and_largest_are_0_and_1, 0, 2);
    tcase_add_test(tests, ranges_of_any_size_are_scaled);
    tcase_add_test(tests, some_features_are_learnt);
    tcase_add_test(tests, scalings_have_names);
    tcase_add_test(tests, learning_again_replaces_and_failing_keeps);
}

int main(void) { return run_tests("scaling", add_tests); }
