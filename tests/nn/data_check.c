/* Data are checked before they are used. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../../nn/data/data_check.h"
#include "../support/check.h"
#include "../support/counting.h"

static void check_refused(const nn_data *data, ad_status status, const char *why)
{
    char message[200] = "", tiny[4] = "zzz";
    ck_assert_int_eq(nn_data_check(data, message, sizeof message), status);
    ck_assert_msg(strstr(message, why) != NULL, "does not say `%s`: %s", why, message);
    ck_assert_int_eq(nn_data_check(data, tiny, 3), status);
    ck_assert_uint_eq(strlen(tiny), 2);
}

static void check_accepted(const nn_data *data)
{
    char message[200] = "untouched";
    ck_assert_int_eq(nn_data_check(data, message, sizeof message), AD_OK);
    ck_assert_str_eq(message, "untouched");
}

static void check_labels_refused(const nn_data *data, const char *why)
{
    char message[200] = "";
    ck_assert_int_eq(nn_classes_check(data, data->labels, 10, message, sizeof message), AD_BAD_VALUE);
    ck_assert_msg(strstr(message, why) != NULL, "does not say `%s`: %s", why, message);
}

START_TEST(wrong_sizes_are_refused)
{
    const float x[4] = {0};
    const nn_data good = {.features = x, .rows = 2, .columns = 2};
    check_accepted(&good);
    const struct {
        nn_data data;
        ad_status status;
        const char *why;
    } cases[] = {
        {{.features = NULL, .element = NN_F32, .rows = 2, .columns = 2},
         AD_BAD_VALUE,
         "features are NULL; give an array [2,2] of f32"},
        {{.features = NULL, .element = NN_F32, .rows = 0, .columns = 0},
         AD_BAD_SHAPE,
         "the data have no rows; give at least one"},
        {{.features = x, .element = NN_F32, .rows = 0, .columns = 2}, AD_BAD_SHAPE, "no rows"},
        {{.features = x, .element = NN_F32, .rows = -1, .columns = 2},
         AD_BAD_SHAPE,
         "the data are [-1,2]; rows and columns are at least 1"},
        {{.features = x, .element = NN_F32, .rows = 2, .columns = 0}, AD_BAD_SHAPE, "the data are [2,0]"},
        {{.features = x, .element = NN_F32, .rows = 2, .columns = -7}, AD_BAD_SHAPE, "the data are [2,-7]"},
        {{.features = x, .element = NN_F32, .rows = INT64_MIN, .columns = INT64_MIN},
         AD_BAD_SHAPE,
         "rows and columns are at least 1"},
        {{.features = x, .element = NN_U8, .rows = (int64_t)INT32_MAX + 1, .columns = 1},
         AD_BAD_SHAPE,
         "2147483648 rows; at most 2147483647 can be used, give them in parts"},
        {{.features = x, .element = NN_F32, .rows = 4, .columns = INT64_MAX / 4},
         AD_BAD_SHAPE,
         "sizes overflow: [4,2305843009213693951] of f32 is more than memory can hold"},
        {{.features = x, .element = NN_F64, .rows = INT32_MAX, .columns = INT64_MAX}, AD_BAD_SHAPE, "sizes overflow"},
        {{.features = x, .element = NN_U8, .rows = INT32_MAX, .columns = (int64_t)1 << 33},
         AD_BAD_SHAPE,
         "sizes overflow"},
        {{.features = x, .element = NN_ELEMENT_COUNT, .rows = 2, .columns = 2},
         AD_BAD_TYPE,
         "unknown element 6; set it to NN_F32 or another nn_element"},
        {{.features = x, .element = (nn_element)1000, .rows = 2, .columns = 2}, AD_BAD_TYPE, "unknown element 1000"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check_refused(&cases[i].data, cases[i].status, cases[i].why);
    check_refused(NULL, AD_BAD_VALUE, "the data are NULL; give a view of features");
}
END_TEST

START_TEST(wrong_labels_name_row_and_value)
{
    const float x[3] = {0};
    int32_t labels[] = {0, 9, 5};
    nn_data data = {.features = x, .rows = 3, .columns = 1, .labels = labels};
    char message[200];
    ck_assert_int_eq(nn_classes_check(&data, labels, 10, message, sizeof message), AD_OK);
    labels[2] = 10;
    check_labels_refused(&data, "row 2: label 10 is outside 0..9; mend it, or set n_classes");
    labels[1] = -1;
    check_labels_refused(&data, "row 1: label -1 is outside 0..9");
    labels[0] = INT32_MIN;
    check_labels_refused(&data, "row 0: label -2147483648 is outside");
    check_accepted(&data);
    data.labels = NULL;
    check_labels_refused(&data, "labels are NULL; give one for each of the 3 rows");
}
END_TEST

/* Each place of the array, in and after the blocks of the fast scan. */
START_TEST(not_finite_features_name_row_and_column)
{
    enum { N = 41, D = 13 };
    static float x[N * D];
    static double y[N * D];
    const nn_data f32 = {.features = x, .rows = N, .columns = D};
    const nn_data f64 = {.features = y, .element = NN_F64, .rows = N, .columns = D};
    static const double wrong[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < N * D; i++) {
        char why[120];
        double bad = wrong[i % 3];
        snprintf(why, sizeof why, "row %d, column %d: the feature is %s", i / D, i % D,
                 i % 3 ? "infinite; replace it or drop the row" : "missing (NaN); impute=mean fills it");
        x[i] = (float)bad;
        y[i] = bad;
        check_refused(&f32, AD_NOT_FINITE, why);
        check_refused(&f64, AD_NOT_FINITE, why);
        x[i] = i % 2 ? FLT_MAX : -FLT_MAX;
        y[i] = (double)x[i];
    }
    check_accepted(&f32);
    check_accepted(&f64);
    y[500] = -1e39;
    check_refused(&f64, AD_BAD_VALUE, "row 38, column 6: -1e+39 does not fit f32; scale the feature down");
}
END_TEST

/* The first wrong one of several is named. */
START_TEST(the_first_wrong_feature_is_named)
{
    float x[6] = {0, 0, 0, NAN, INFINITY, NAN};
    nn_data data = {.features = x, .rows = 3, .columns = 2};
    check_refused(&data, AD_NOT_FINITE, "row 1, column 1: the feature is missing (NaN)");
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, wrong_sizes_are_refused);
    tcase_add_test(tests, wrong_labels_name_row_and_value);
    tcase_add_test(tests, not_finite_features_name_row_and_column);
    tcase_add_test(tests, the_first_wrong_feature_is_named);
}

int main(void) { return run_tests("data check", add_tests); }
