/* Columns of data matched with those that an encoding was learnt from. */
#include <string.h>

#include "../../nn/data/columns.h"
#include "../../nn/data/encoding.h"
#include "../support/check.h"
#include "../support/counting.h"
#include "../support/mixed_columns.h"

static counting counted;
static ad_memory memory;
static nn_encoding encoding;
static nn_matching matching;
static char message[400];
static double room[MIXED_ROWS * MIXED_COLUMNS];

/* Columns 0, 2, 4: age, size with two features, shape; colour is column 1. Learnt from six rows. */
static void learn(void)
{
    counting_open(&counted);
    memory = ad_memory_over(&counted.allocator);
    encoding = (nn_encoding){.kind = NN_SCALE_FEATURE, .impute = NN_IMPUTE_LEVEL, .memory = &memory};
    const nn_data data = mixed_data(NN_F64, room, 0, MIXED_LEARNT);
    ck_assert_int_eq(nn_encoding_learn(&encoding, &data, message, sizeof message), AD_OK);
    message[0] = 0;
}

static void release(void)
{
    nn_matching_release(&matching);
    nn_matching_release(&matching);
    nn_encoding_release(&encoding);
    counting_check_released(&counted);
}

static ad_status match(const nn_data *data)
{
    return nn_matching_make(&matching, &encoding, data, &memory, message, sizeof message);
}

static void expect_match(const nn_data *data) { ck_assert_msg(match(data) == AD_OK, "%s", message); }

static void expect_refused(ad_status status, const nn_data *data, const char *why)
{
    ck_assert_int_eq(match(data), status);
    ck_assert_str_eq(message, why);
    ck_assert_ptr_null(matching.store.last);
}

static nn_data data_of(const nn_column *columns, size_t n, int64_t features)
{
    return (nn_data){.features = room, .element = NN_F64, .rows = 1, .columns = features, .schema = {columns, n}};
}
#define DATA(columns, features) data_of(columns, sizeof(columns) / sizeof((columns)[0]), features)
#define AT(columns, features) ((const nn_data[]){DATA(columns, features)})

static const char *const seen[] = {"red", "blue", "grey"};
static const nn_column seen_colour = {.name = "colour", .kind = NN_COLUMN_CATEGORY, .levels = {seen, 3}};
static const nn_column age = {.name = "age"}, size = {.name = "size", .width = 2}, fare = {.name = "fare"},
                       label = {.name = "y", .kind = NN_COLUMN_LABEL},
                       colour = {.name = "colour", .kind = NN_COLUMN_CATEGORY, .levels = {mixed_colours, 4}},
                       shape = {.name = "shape", .kind = NN_COLUMN_CATEGORY, .levels = {mixed_shapes, 2}};

/* ---- Matches ----------------------------------------------------------------------------------------------------- */

START_TEST(the_same_columns_take_no_memory)
{
    const nn_column columns[] = {label, age, seen_colour, size, shape, label};
    const nn_data data = DATA(columns, 5);
    const size_t before = counted.calls;
    expect_match(&data);
    ck_assert(matching.is_same && !matching.place && !matching.used);
    ck_assert_uint_eq(counted.calls, before);
    ck_assert_int_eq(nn_encoding_raw(&encoding, &matching), 5);
}
END_TEST

/* Every order of the columns, with others among them. */
START_TEST(columns_are_found_by_their_names)
{
    static const nn_column *const all[] = {&age, &colour, &size, &shape};
    const int64_t width[] = {1, 1, 2, 1}, at[] = {0, 1, 2, 4};
    for (int order = 0; order < 256; order++) {
        const int of[4] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6};
        if ((1 << of[0] | 1 << of[1] | 1 << of[2] | 1 << of[3]) != 15)
            continue;
        const nn_column columns[] = {*all[of[0]], fare, *all[of[1]], label, *all[of[2]], *all[of[3]]};
        const nn_data data = DATA(columns, 6);
        int64_t feature = 0;
        expect_match(&data);
        ck_assert(!matching.is_same);
        for (int i = 0; i < 4; i++) {
            for (int64_t k = 0; k < width[of[i]]; k++, feature++) {
                ck_assert_int_eq(matching.place[at[of[i]] + k], feature);
                ck_assert(matching.used[feature]);
            }
            if (i == 0)
                ck_assert(!matching.used[feature++]);
        }
        ck_assert(!matching.level[0] && matching.level[1] && !matching.level[2] && !matching.level[4]);
        nn_matching_release(&matching);
    }
}
END_TEST

/* Levels by their texts: those that were learnt are red, blue, grey. */
START_TEST(levels_are_found_by_their_texts)
{
    static const char *const other[] = {"violet", "grey", "Red", "red", "", "green", "blue"};
    const nn_column others = {.name = "colour", .kind = NN_COLUMN_CATEGORY, .levels = {other, 7}};
    const int32_t wanted[] = {-1, 2, -1, 0, -1, -1, 1};
    const nn_column columns[] = {age, others, size, shape};
    const nn_data data = DATA(columns, 5);
    expect_match(&data);
    ck_assert(!matching.is_same);
    for (int i = 0; i < 7; i++)
        ck_assert_int_eq(matching.level[1][i], wanted[i]);
    for (int j = 0; j < 5; j++)
        ck_assert(matching.place[j] == j && matching.used[j]);
}
END_TEST

START_TEST(columns_without_names_are_matched_by_place)
{
    nn_column columns[] = {age, colour, label, size, shape};
    const nn_data data = DATA(columns, 5);
    for (int nameless = 0; nameless < 16; nameless++) {
        for (int i = 0, k = 0; i < 5; i++)
            if (i != 2)
                columns[i].name = nameless >> k++ & 1
                                      ? ""
                                      : (const nn_column *const[]){&age, &colour, &label, &size, &shape}[i]->name;
        expect_match(&data);
        for (int j = 0; j < 5; j++)
            ck_assert(matching.place[j] == j && matching.used[j]);
        nn_matching_release(&matching);
    }
    columns[0].name = NULL;
    columns[1].name = "hue";
    expect_refused(AD_BAD_VALUE, &data,
                   "column \"hue\" stands where the model has \"colour\"; columns are matched by name only if all "
                   "have one");
    const nn_column fewer[] = {{.name = NULL}, colour, size};
    expect_refused(AD_BAD_SHAPE, AT(fewer, 4),
                   "the data have 3 columns with features, the model was fitted to 4; columns are matched by name "
                   "only if all have one");
}
END_TEST

/* The bits of plain features do not depend on the order of their columns, whatever their type. */
START_TEST(plain_features_in_another_order_have_the_same_bits)
{
    enum { N = 40 };
    double x[N * 3], y[N * 4], raw[N * 3];
    float out[N * 3], other[N * 3];
    const nn_column columns[] = {age, size}, others[] = {size, fare, age};
    for (int i = 0; i < N * 3; i++)
        switch (_i) {
#define CASE(name, text, type)                                                                                         \
    case name:                                                                                                         \
        ((type *)(void *)x)[i] = (type)(i * 37 % 101);                                                                 \
        ((type *)(void *)y)[i / 3 * 4 + (i + 2) % 3 + (i % 3 == 0)] = (type)(i * 37 % 101);                            \
        break;
            NN_ELEMENT_LIST(CASE)
#undef CASE
        default: break;
        }
    nn_data data = {.features = x, .element = (nn_element)_i, .rows = N, .columns = 3, .schema = NN_SCHEMA(columns)};
    nn_data data2 = {.features = y, .element = (nn_element)_i, .rows = N, .columns = 4, .schema = NN_SCHEMA(others)};
    nn_encoding plain = {.kind = NN_SCALE_FEATURE, .memory = &memory};
    ck_assert_int_eq(nn_encoding_learn(&plain, &data, message, sizeof message), AD_OK);
    ck_assert_int_eq(nn_matching_make(&matching, &plain, &data, &memory, message, sizeof message), AD_OK);
    ck_assert_int_eq(nn_encoding_raw(&plain, &matching), 0);
    nn_encoding_gather(&plain, &matching, &data, NULL, 0, N, NULL, out);
    nn_matching_release(&matching);
    ck_assert_int_eq(nn_matching_make(&matching, &plain, &data2, &memory, message, sizeof message), AD_OK);
    ck_assert_int_eq(nn_encoding_raw(&plain, &matching), 3);
    nn_encoding_gather(&plain, &matching, &data2, NULL, 0, N, raw, other);
    ck_assert(!memcmp(out, other, sizeof out));
    nn_encoding_gather(&plain, &matching, &data2, (const int32_t[]){7, 30}, 0, 2, raw, other);
    ck_assert(!memcmp(other, out + 21, 3 * sizeof *out) && !memcmp(other + 3, out + 90, 3 * sizeof *out));
    nn_encoding_release(&plain);
}
END_TEST

/* A column that was never missing gets no room for it; a level that is new is all zeros, in another order too. */
START_TEST(mixed_columns_in_another_order)
{
    static const char *const other[] = {"grey", "violet", "green", "red", "blue"};
    const nn_column hue = {.name = "colour", .kind = NN_COLUMN_CATEGORY, .levels = {other, 5}};
    const nn_column columns[] = {shape, hue, label, size, fare, age};
    const int level_of[] = {3, 2, 4, 0};
    double x[MIXED_ROWS * 6], raw[MIXED_ROWS * 5];
    float out[MIXED_ROWS * MIXED_INPUTS];
    for (int i = 0; i < MIXED_ROWS; i++) {
        const double *from = mixed_features[i];
        const double to[] = {from[4], isnan(from[1]) ? from[1] : level_of[(int)from[1]], from[2], from[3], NAN,
                             from[0]};
        memcpy(x + i * 6, to, sizeof to);
    }
    const nn_data data = {
        .features = x, .element = NN_F64, .rows = MIXED_ROWS, .columns = 6, .schema = NN_SCHEMA(columns)};
    expect_match(&data);
    nn_encoding_gather(&encoding, &matching, &data, NULL, 0, MIXED_ROWS, raw, out);
    for (int i = 0; i < MIXED_ROWS * MIXED_INPUTS; i++)
        ck_assert_double_eq_tol((double)out[i], mixed_inputs[2][i / MIXED_INPUTS][i % MIXED_INPUTS], 2e-6);
}
END_TEST

/* ---- Refusals ---------------------------------------------------------------------------------------------------- */

START_TEST(missing_columns_are_listed)
{
    const nn_column first[] = {age, seen_colour, size};
    expect_refused(AD_BAD_VALUE, AT(first, 4), "the data have no column \"shape\", which the model needs");
    const nn_column none[] = {fare}, one[] = {age, colour, size, fare}, two[] = {size, fare, shape};
    expect_refused(AD_BAD_VALUE, AT(one, 5), "the data have no column \"shape\", which the model needs");
    expect_refused(AD_BAD_VALUE, AT(two, 4),
                   "the data have no column \"age\", which the model needs (they also lack: \"colour\")");
    expect_refused(AD_BAD_VALUE, AT(none, 1),
                   "the data have no column \"age\", which the model needs (they also lack: \"colour\", \"size\", "
                   "\"shape\")");
    const nn_column ignored[] = {{.name = "age", .kind = NN_COLUMN_IGNORED}, colour, size, shape};
    expect_refused(AD_BAD_VALUE, AT(ignored, 4), "the data have no column \"age\", which the model needs");
}
END_TEST

START_TEST(long_lists_are_cut)
{
    char names[12][4];
    nn_column columns[12];
    const double x[12] = {0};
    for (int i = 0; i < 12; i++) {
        snprintf(names[i], sizeof names[i], "c%d", i);
        columns[i] = (nn_column){.name = names[i]};
    }
    nn_data data = {.features = x, .element = NN_F64, .rows = 1, .columns = 12, .schema = NN_SCHEMA(columns)};
    nn_encoding_release(&encoding);
    ck_assert_int_eq(nn_encoding_learn(&encoding, &data, message, sizeof message), AD_OK);
    expect_refused(AD_BAD_VALUE, &(nn_data){.features = x, .rows = 1, .columns = 1, .schema = {&fare, 1}},
                   "the data have no column \"c0\", which the model needs (they also lack: \"c1\", \"c2\", \"c3\", "
                   "\"c4\", \"c5\", \"c6\", \"c7\", \"c8\", ... 12 in all)");
}
END_TEST

START_TEST(columns_of_another_kind_are_refused)
{
    static const char *const levels[] = {"1"};
    const nn_column a[] = {
        {.name = "age", .kind = NN_COLUMN_CATEGORY, .levels = {levels, 1}}, seen_colour, size, shape};
    const nn_column b[] = {age, {.name = "colour"}, size, shape};
    const nn_column c[] = {age, seen_colour, {.name = "size", .width = 3}, shape};
    const nn_column d[] = {fare, age, colour, size, shape, age, fare, fare};
    expect_refused(AD_BAD_VALUE, AT(a, 5), "column \"age\" is a category, the model was fitted to a number");
    expect_refused(AD_BAD_VALUE, AT(b, 5), "column \"colour\" is a number, the model was fitted to a category");
    expect_refused(AD_BAD_SHAPE, AT(c, 6), "column \"size\" has 3 features, the model was fitted to 2");
    expect_refused(AD_BAD_VALUE, AT(d, 9), "the data have two columns called \"age\" (1 and 5); rename one");
}
END_TEST

/* Data without columns are numbers by place: right for numbers with names, wrong for categories, whose levels nobody
 * knows. */
START_TEST(data_without_columns_are_matched_by_place)
{
    nn_data data = {.features = room, .element = NN_F64, .rows = 1, .columns = 5};
    expect_refused(AD_BAD_VALUE, &data,
                   "column \"colour\" is a category for the model, and the data have no schema; give them one with "
                   "its levels");
    data.columns = 4;
    expect_refused(AD_BAD_SHAPE, &data, "the data have 4 columns, the model was fitted to 5");
    const nn_column numbers[] = {age, size}, mixed[] = {size, shape};
    nn_encoding_release(&encoding);
    encoding.impute = NN_IMPUTE_REFUSE;
    for (int named = 0; named < 2; named++) {
        nn_data learn_from = {.features = room, .element = NN_F64, .rows = 1, .columns = 3};
        if (named)
            learn_from.schema = (nn_schema)NN_SCHEMA(numbers);
        room[0] = room[1] = room[2] = 1;
        ck_assert_int_eq(nn_encoding_learn(&encoding, &learn_from, message, sizeof message), AD_OK);
        message[0] = 0;
        const size_t before = counted.calls;
        data.columns = 3;
        expect_match(&data);
        ck_assert(matching.is_same && counted.calls == before);
        if (!named) {
            expect_match(AT(numbers, 3));
            ck_assert(matching.is_same);
            expect_refused(AD_BAD_VALUE, AT(mixed, 3),
                           "column \"shape\" is a category, the model was fitted to numbers only");
        }
    }
}
END_TEST

START_TEST(refused_memory_is_said)
{
    const nn_column columns[] = {shape, colour, size, fare, age};
    const nn_data data = DATA(columns, 6);
    size_t k;
    for (k = 1; counting_fail(&counted, k, _i ? COUNTING_FOR_GOOD : COUNTING_ONCE), match(&data) != AD_OK; k++) {
        counting_heal(&counted);
        ck_assert_str_eq(message, "memory is out for the columns of the data");
        ck_assert_ptr_null(matching.store.last);
        ck_assert_uint_lt(k, 50);
    }
    ck_assert_uint_eq(k, 10);
    counting_heal(&counted);
}
END_TEST

/* ---- Columns as such --------------------------------------------------------------------------------------------- */

static void expect_wrong(const nn_column *columns, size_t n, int64_t features, ad_status status, const char *why)
{
    const nn_schema schema = {columns, n};
    ck_assert_int_eq(nn_schema_check(&schema, features, message, sizeof message), status);
    ck_assert_str_eq(message, why);
}

START_TEST(wrong_columns_are_refused)
{
    static const char *const holes[] = {"a", NULL};
    const nn_column unknown[] = {age, {.name = "z", .kind = NN_COLUMN_KIND_COUNT}}, negative[] = {{.width = -1}},
                    wide[] = {{.name = "id", .kind = NN_COLUMN_ID, .width = 2}},
                    null[] = {{.name = "k", .kind = NN_COLUMN_CATEGORY, .levels = {NULL, 2}}},
                    hole[] = {{.name = "k", .kind = NN_COLUMN_CATEGORY, .levels = {holes, 2}}},
                    many[] = {{.name = "k", .kind = NN_COLUMN_CATEGORY, .levels = {holes, (1 << 24) + 1}}},
                    good[] = {age, label, size}, large[] = {{.width = INT64_MAX}, {.width = 3}},
                    huge[] = {{.width = INT64_MAX}, {.width = INT64_MAX}, {.width = 5}};
    expect_wrong(unknown, 2, 2, AD_BAD_VALUE,
                 "column \"z\" is of the unknown kind 7; use NN_COLUMN_NUMBER or another nn_column_kind");
    expect_wrong(negative, 1, 1, AD_BAD_SHAPE, "column 0 has the width -1; it is at least 1, or 0 for 1");
    expect_wrong(wide, 1, 1, AD_BAD_SHAPE, "column \"id\" has the width 2; only a number may be wider than 1");
    expect_wrong(null, 1, 1, AD_BAD_VALUE, "column \"k\": its levels are NULL; give an array of 2 texts");
    expect_wrong(hole, 1, 1, AD_BAD_VALUE, "column \"k\": level 1 is NULL; give each level a text");
    expect_wrong(many, 1, 1, AD_BAD_VALUE,
                 "column \"k\" has 16777217 levels; at most 16777216 can be used: is it a number, or an id?");
    expect_wrong(NULL, 3, 1, AD_BAD_VALUE, "the columns of the schema are NULL; give an array of 3");
    expect_wrong(
        good, 3, 2, AD_BAD_SHAPE,
        "the numbers and categories of the schema have more features than the 2 columns of the data; give each "
        "its width, and `columns` their sum");
    expect_wrong(
        good, 3, 4, AD_BAD_SHAPE,
        "the numbers and categories of the schema have fewer features than the 4 columns of the data; give each "
        "its width, and `columns` their sum");
    expect_wrong(
        huge, 3, 3, AD_BAD_SHAPE,
        "the numbers and categories of the schema have more features than the 3 columns of the data; give each "
        "its width, and `columns` their sum");
    expect_wrong(
        large, 2, 3, AD_BAD_SHAPE,
        "the numbers and categories of the schema have more features than the 3 columns of the data; give each "
        "its width, and `columns` their sum");
    message[0] = 0;
    expect_wrong(good, 3, 3, AD_OK, "");
    expect_wrong(NULL, 0, 3, AD_OK, "");
}
END_TEST

START_TEST(kinds_have_names)
{
    static const char *const kinds[] = {"number", "category", "label", "target", "weight", "id", "ignored"};
    static const char *const imputes[] = {"refuse", "mean", "level"};
    for (int i = 0; i < NN_COLUMN_KIND_COUNT; i++)
        ck_assert_str_eq(nn_column_kind_name(i), kinds[i]);
    for (int i = 0; i < NN_IMPUTE_COUNT; i++)
        ck_assert_str_eq(nn_impute_name(i), imputes[i]);
    ck_assert(!nn_column_kind_name(-1) && !nn_column_kind_name(NN_COLUMN_KIND_COUNT));
    ck_assert(!nn_impute_name(-1) && !nn_impute_name(NN_IMPUTE_COUNT));
    const nn_data data = {.columns = 784};
    const nn_column c = nn_infer_real_valued_columns(&data);
    ck_assert(!c.name && c.kind == NN_COLUMN_NUMBER && c.width == 784);
    ck_assert_int_eq(nn_infer_real_valued_columns(NULL).width, 0);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, learn, release);
    tcase_add_test(tests, the_same_columns_take_no_memory);
    tcase_add_test(tests, columns_are_found_by_their_names);
    tcase_add_test(tests, levels_are_found_by_their_texts);
    tcase_add_test(tests, columns_without_names_are_matched_by_place);
    tcase_add_loop_test(tests, plain_features_in_another_order_have_the_same_bits, 0, NN_ELEMENT_COUNT);
    tcase_add_test(tests, mixed_columns_in_another_order);
    tcase_add_test(tests, missing_columns_are_listed);
    tcase_add_test(tests, long_lists_are_cut);
    tcase_add_test(tests, columns_of_another_kind_are_refused);
    tcase_add_test(tests, data_without_columns_are_matched_by_place);
    tcase_add_loop_test(tests, refused_memory_is_said, 0, 2);
    tcase_add_test(tests, wrong_columns_are_refused);
    tcase_add_test(tests, kinds_have_names);
}

int main(void) { return run_tests("matching", add_tests); }
