/* Features encoded: numbers scaled, missing values filled in, categories as zeros and a one. */
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "../../nn/data/data_check.h"
#include "../../nn/data/encoding.h"
#include "../support/check.h"
#include "../support/counting.h"
#include "../support/mixed_columns.h"

static counting counted;
static ad_memory memory;
static char message[400];

static void open_memory(void)
{
    counting_open(&counted);
    memory = ad_memory_over(&counted.allocator);
    message[0] = 0;
}

static void check_memory(void) { counting_check_released(&counted); }

static nn_encoding encoding_of(nn_scaling_kind kind, nn_impute_kind impute)
{
    return (nn_encoding){.kind = kind, .constant = 4, .impute = impute, .memory = &memory};
}

static nn_encoding learnt(nn_scaling_kind kind, nn_impute_kind impute, const nn_data *data)
{
    nn_encoding e = encoding_of(kind, impute);
    ck_assert_msg(nn_encoding_learn(&e, data, message, sizeof message) == AD_OK, "%s", message);
    return e;
}

/* Encodes rows of data that have the same columns as those learnt from. */
static void encode(const nn_encoding *e, const nn_data *data, const int32_t *rows, int64_t first, int64_t n, float *out)
{
    nn_matching m;
    ck_assert_msg(nn_matching_make(&m, e, data, &memory, message, sizeof message) == AD_OK, "%s", message);
    double *raw = malloc((size_t)(n * e->columns + 1) * sizeof *raw);
    out[n * e->inputs] = -7;
    nn_encoding_gather(e, &m, data, rows, first, n, raw, out);
    ck_assert_float_eq(out[n * e->inputs], -7);
    free(raw);
    nn_matching_release(&m);
}

/* ---- Against scikit-learn ---------------------------------------------------------------------------------------- */

static void check_mixed(nn_scaling_kind kind, const double wanted[MIXED_ROWS][MIXED_INPUTS], nn_impute_kind impute,
                        nn_element element)
{
    double room[MIXED_ROWS * MIXED_COLUMNS], all[MIXED_ROWS * MIXED_COLUMNS];
    float out[MIXED_ROWS * MIXED_INPUTS + 1];
    const nn_data learn = mixed_data(element, room, 0, MIXED_LEARNT), data = mixed_data(element, all, 0, MIXED_ROWS);
    nn_encoding e = learnt(kind, impute, &learn);
    const int inputs = impute == NN_IMPUTE_LEVEL ? MIXED_INPUTS : MIXED_INPUTS - 2;
    ck_assert(!e.is_plain && e.inputs == inputs && e.columns == MIXED_COLUMNS && e.schema.n == 4);
    encode(&e, &data, NULL, 0, MIXED_ROWS, out);
    for (int i = 0; i < MIXED_ROWS; i++)
        for (int j = 0; j < inputs; j++) {
            const double w = wanted[i][impute == NN_IMPUTE_LEVEL ? j : mixed_input_of_mean(j)];
            ck_assert_msg(fabs((double)out[i * inputs + j] - w) < 2e-6,
                          "kind %d, impute %d, row %d, input %d: %g, not %g", (int)kind, (int)impute, i, j,
                          (double)out[i * inputs + j], w);
        }
    nn_encoding_release(&e);
}

START_TEST(mixed_columns_are_those_of_scikit_learn)
{
    for (int s = 0; s < COUNT(mixed_scalings); s++)
        for (int impute = NN_IMPUTE_MEAN; impute <= NN_IMPUTE_LEVEL; impute++)
            check_mixed(mixed_scalings[s], mixed_inputs[s], (nn_impute_kind)impute, _i ? NN_F64 : NN_F32);
}
END_TEST

/* What was learnt can be asked for: the columns that have features, with the levels that rows had. */
START_TEST(levels_are_those_of_the_rows)
{
    double room[MIXED_ROWS * MIXED_COLUMNS];
    const nn_data data = mixed_data(NN_F64, room, 0, MIXED_LEARNT);
    nn_encoding e = learnt(NN_SCALE_NONE, NN_IMPUTE_MEAN, &data);
    const nn_column *c = e.schema.at;
    ck_assert_str_eq(c[0].name, "age");
    ck_assert(c[0].kind == NN_COLUMN_NUMBER && c[0].width == 1 && c[2].width == 2);
    ck_assert(c[1].kind == NN_COLUMN_CATEGORY && c[1].levels.n == 3 && c[3].levels.n == 2);
    ck_assert_str_eq(c[1].levels.at[0], "red");
    ck_assert_str_eq(c[1].levels.at[1], "blue");
    ck_assert_str_eq(c[1].levels.at[2], "grey");
    ck_assert_ptr_ne(c[1].levels.at[2], mixed_colours[3]); /* they are copied */
    ck_assert_ptr_ne(c[1].name, mixed_columns[2].name);
    nn_encoding_release(&e);
    ck_assert(e.schema.n == 0 && e.impute == NN_IMPUTE_MEAN && e.memory == &memory);
}
END_TEST

/* Views: rows by an index, and rows of the arrays by their numbers. */
START_TEST(rows_of_views_are_encoded)
{
    double room[MIXED_ROWS * MIXED_COLUMNS];
    float out[3 * MIXED_INPUTS + 1];
    const int32_t index[] = {5, 4, 3, 2, 1, 0}, rows[] = {8, 0, 8};
    nn_data data = mixed_data(NN_F64, room, 0, MIXED_ROWS);
    data.index = index;
    data.array_rows = MIXED_ROWS;
    data.rows = 6;
    nn_encoding e = learnt(NN_SCALE_MINMAX, NN_IMPUTE_LEVEL, &data);
    encode(&e, &data, NULL, 1, 3, out);
    for (int i = 0; i < 3 * MIXED_INPUTS; i++)
        ck_assert_double_eq_tol((double)out[i], mixed_inputs[3][4 - i / MIXED_INPUTS][i % MIXED_INPUTS], 2e-6);
    encode(&e, &data, rows, 0, 3, out);
    for (int i = 0; i < 3 * MIXED_INPUTS; i++)
        ck_assert_double_eq_tol((double)out[i], mixed_inputs[3][rows[i / MIXED_INPUTS]][i % MIXED_INPUTS], 2e-6);
    nn_encoding_release(&e);
}
END_TEST

/* Without imputation a missing category never is a level; neither is one that was never missing in the rows that were
 * learnt from. */
START_TEST(a_missing_category_is_all_zeros_where_it_has_no_level)
{
    static const char *const levels[] = {"a", "b", "c"};
    static const nn_column columns[] = {{.kind = NN_COLUMN_CATEGORY, .levels = {levels, 3}}};
    const float learn[] = {2, 0}, x[] = {NAN, 1, 2};
    nn_data data = {.features = learn, .rows = 2, .columns = 1, .schema = NN_SCHEMA(columns)};
    for (int impute = 0; impute < NN_IMPUTE_COUNT; impute++) {
        float out[7];
        data.features = learn;
        data.rows = 2;
        nn_encoding e = learnt(NN_SCALE_FEATURE, (nn_impute_kind)impute, &data);
        ck_assert_int_eq(e.inputs, 2);
        data.features = x;
        data.rows = 3;
        encode(&e, &data, NULL, 0, 3, out);
        for (int i = 0; i < 6; i++)
            ck_assert_float_eq(out[i], i == 5); /* "b" was not there */
        nn_encoding_release(&e);
    }
}
END_TEST

/* Categories of any element, beside a number that is scaled as if they were not there. */
START_TEST(categories_of_every_element)
{
    static const char *const levels[] = {"a", "b"};
    static const nn_column columns[] = {{.name = "c", .kind = NN_COLUMN_CATEGORY, .levels = {levels, 2}},
                                        {.name = "x"}};
    double room[8];
    float out[13];
    const double x[] = {0, 1, 1, 5, 1, 3, 0, 7};
    for (int i = 0; i < 8; i++)
        switch (_i) {
#define CASE(name, text, type)                                                                                         \
    case name: ((type *)(void *)room)[i] = (type)x[i]; break;
            NN_ELEMENT_LIST(CASE)
#undef CASE
        default: break;
        }
    const nn_data data = {
        .features = room, .element = (nn_element)_i, .rows = 4, .columns = 2, .schema = NN_SCHEMA(columns)};
    static const nn_scaling_kind kinds[] = {NN_SCALE_CONSTANT, NN_SCALE_GLOBAL, NN_SCALE_FEATURE, NN_SCALE_MINMAX};
    for (int k = 0; k < COUNT(kinds); k++)
        for (int impute = 0; impute < NN_IMPUTE_COUNT; impute++) {
            nn_encoding e = learnt(kinds[k], (nn_impute_kind)impute, &data);
            ck_assert_int_eq(e.inputs, 3);
            encode(&e, &data, NULL, 0, 4, out);
            for (int i = 0; i < 4; i++) { /* the mean is 4, the variance 5 */
                const double scaled = k == 0   ? x[2 * i + 1] / 4
                                      : k == 3 ? (x[2 * i + 1] - 1) / 6
                                               : (x[2 * i + 1] - 4) / sqrt(5);
                ck_assert(out[3 * i] == (float)(x[2 * i] == 0) && out[3 * i + 1] == (float)(x[2 * i] == 1));
                ck_assert_double_eq_tol((double)out[3 * i + 2], scaled, 2e-7);
            }
            nn_encoding_release(&e);
        }
}
END_TEST

/* ---- Plain data -------------------------------------------------------------------------------------------------- */

/* Without categories and imputation inputs have the bits of the scaling, with columns or without. */
START_TEST(plain_inputs_are_scaled_features)
{
    enum { N = 700, D = 13 };
    static float x[N * D], out[N * D + 1], plain[N * D];
    static const nn_column columns[] = {
        {.name = "a", .width = 12}, {.name = "l", .kind = NN_COLUMN_LABEL}, {.name = "b"}};
    for (int i = 0; i < N * D; i++)
        x[i] = (float)((uint32_t)i * 2654435761U >> 8) / 1000;
    for (int kind = 0; kind < NN_SCALE_COUNT; kind++) {
        nn_data data = {.features = x, .rows = N, .columns = D};
        if (_i)
            data.schema = (nn_schema)NN_SCHEMA(columns);
        nn_encoding e = learnt((nn_scaling_kind)kind, NN_IMPUTE_REFUSE, &data);
        nn_scaling s = {.kind = (nn_scaling_kind)kind, .constant = 4, .memory = &memory};
        ck_assert_int_eq(nn_scaling_learn(&s, &data), AD_OK);
        ck_assert(e.is_plain && e.inputs == D);
        encode(&e, &data, NULL, 0, N, out);
        nn_scaling_gather(&s, &data, NULL, 0, N, plain);
        ck_assert(!memcmp(out, plain, sizeof plain));
        nn_scaling_release(&s);
        nn_encoding_release(&e);
    }
}
END_TEST

/* Many rows are encoded by all threads, in blocks; each row is as it is alone. */
START_TEST(many_rows_are_as_each_alone)
{
    enum { N = 5000, D = 6, LEVELS = 40 };
    static double x[N * D];
    static float out[N * (2 * D + LEVELS) + 1], alone[2 * D + LEVELS + 1];
    static char texts[LEVELS][8];
    static const char *levels[LEVELS];
    for (int i = 0; i < LEVELS; i++) {
        snprintf(texts[i], sizeof texts[i], "%d", i);
        levels[i] = texts[i];
    }
    const nn_column columns[] = {{.name = "c", .kind = NN_COLUMN_CATEGORY, .levels = {levels, LEVELS}},
                                 {.name = "x", .width = D - 1}};
    for (int i = 0; i < N * D; i++)
        x[i] = i % D ? (i % 17 == 0 ? (double)NAN : (double)(i % 101)) : (double)(i / D * 7 % LEVELS);
    const nn_data data = {.features = x, .element = NN_F64, .rows = N, .columns = D, .schema = NN_SCHEMA(columns)};
    nn_encoding e = learnt(NN_SCALE_FEATURE, NN_IMPUTE_LEVEL, &data);
    ck_assert_int_eq(e.inputs, LEVELS + 2 * (D - 1));
    encode(&e, &data, NULL, 0, N, out);
    for (int i = 0; i < N; i += 37) {
        encode(&e, &data, NULL, i, 1, alone);
        ck_assert(!memcmp(alone, out + i * e.inputs, (size_t)e.inputs * sizeof *alone));
    }
    nn_encoding_release(&e);
}
END_TEST

/* ---- Files ------------------------------------------------------------------------------------------------------- */

/* What a file has gives the same bits, for sizes of any kind. */
START_TEST(what_is_restored_gives_the_same_bits)
{
    double room[MIXED_ROWS * MIXED_COLUMNS];
    float out[MIXED_ROWS * (MIXED_INPUTS + 2) + 1], again[MIXED_ROWS * (MIXED_INPUTS + 2) + 1];
    nn_data data = mixed_data(NN_F64, room, 0, MIXED_ROWS);
    static const double factors[] = {1, 1e-30, 1e30, 3e-12, 7e37};
    for (int i = 0; i < MIXED_ROWS; i++)
        room[i * MIXED_COLUMNS] *= factors[_i] / 50;
    for (int kind = 0; kind < NN_SCALE_COUNT; kind++)
        for (int impute = NN_IMPUTE_MEAN; impute < NN_IMPUTE_COUNT; impute++) {
            nn_encoding e = learnt((nn_scaling_kind)kind, (nn_impute_kind)impute, &data);
            nn_encoding restored = encoding_of((nn_scaling_kind)kind, (nn_impute_kind)impute);
            nn_learnt file;
            ck_assert_int_eq(nn_learnt_take(&file, &e, &memory), AD_OK);
            ck_assert_int_eq(nn_encoding_restore(&restored, &file), AD_OK);
            nn_learnt_release(&file, &memory);
            ck_assert(restored.inputs == e.inputs && restored.schema.n == e.schema.n);
            encode(&e, &data, NULL, 0, MIXED_ROWS, out);
            encode(&restored, &data, NULL, 0, MIXED_ROWS, again);
            ck_assert(!memcmp(out, again, (size_t)(MIXED_ROWS * e.inputs) * sizeof *out));
            nn_encoding_release(&e);
            nn_encoding_release(&restored);
        }
}
END_TEST

/* Plain features, among them inverses at the bounds of f32. */
START_TEST(plain_features_are_restored)
{
    const double x[] = {1, 5, -3e38, 0, 0, 2, 5, 3e38, 1e-37, 0x1p-99, 3, 5, 1e37, 3e-38, 0x1.ffffffp-100};
    float out[16], again[16];
    nn_data data = {.features = x, .element = NN_F64, .rows = 3, .columns = 5};
    for (int kind = 0; kind < NN_SCALE_COUNT; kind++) {
        nn_encoding e = learnt((nn_scaling_kind)kind, NN_IMPUTE_REFUSE, &data);
        nn_encoding restored = encoding_of((nn_scaling_kind)kind, NN_IMPUTE_REFUSE);
        nn_learnt file;
        ck_assert_int_eq(nn_learnt_take(&file, &e, &memory), AD_OK);
        ck_assert_int_eq(nn_encoding_restore(&restored, &file), AD_OK);
        nn_learnt_release(&file, &memory);
        ck_assert(restored.is_plain && restored.inputs == 5 && restored.scaling.is_wide == e.scaling.is_wide);
        encode(&e, &data, NULL, 0, 3, out);
        encode(&restored, &data, NULL, 0, 3, again);
        ck_assert(!memcmp(out, again, sizeof out));
        nn_encoding_release(&e);
        nn_encoding_release(&restored);
    }
}
END_TEST

/* An inverse that is below the bound of f32's, and not once it has the digits of f32. */
START_TEST(an_inverse_at_the_bound_is_restored)
{
    const double x[] = {0, 0x1p100 * (1 + 0x1p-30)};
    const nn_data data = {.features = x, .element = NN_F64, .rows = 2, .columns = 1};
    nn_encoding e = learnt(NN_SCALE_MINMAX, NN_IMPUTE_REFUSE, &data),
                restored = encoding_of(NN_SCALE_MINMAX, NN_IMPUTE_REFUSE);
    nn_learnt file;
    ck_assert_int_eq(nn_learnt_take(&file, &e, &memory), AD_OK);
    ck_assert_int_eq(nn_encoding_restore(&restored, &file), AD_OK);
    nn_learnt_release(&file, &memory);
    ck_assert_int_eq(restored.scaling.is_wide, e.scaling.is_wide);
    ck_assert(restored.scaling.inverse[0] == e.scaling.inverse[0] && restored.scaling.unit[0] == e.scaling.unit[0]);
    nn_encoding_release(&e);
    nn_encoding_release(&restored);
}
END_TEST

/* Restoring refuses the file, and the encoding is as it was. */
static void expect_unsound(nn_encoding *e, nn_learnt file)
{
    ck_assert_int_eq(nn_encoding_restore(e, &file), AD_BAD_VALUE);
    ck_assert(e->columns == 1 && e->inputs == 1);
}

START_TEST(files_that_are_wrong_are_refused)
{
    static const char *const level[] = {"a"};
    static const char *const twice[] = {"a", "a"};
    const float one[] = {5};
    double good[2] = {1, 1}, bad[2] = {1, NAN}, infinite[2] = {INFINITY, 1};
    const uint8_t none[2] = {0, 0}, has[2] = {0, 1}, two[2] = {2, 0};
    const nn_column label = {.kind = NN_COLUMN_LABEL}, number = {.name = "n"}, wide = {.width = 3},
                    empty = {.kind = NN_COLUMN_CATEGORY}, full = {.kind = NN_COLUMN_CATEGORY, .levels = {level, 1}},
                    same = {.kind = NN_COLUMN_CATEGORY, .levels = {twice, 2}};
    const nn_column schemas[][3] = {{number, label, full}, {number, number}, {wide}, {number, empty}, {number, same}};
    const size_t n[] = {3, 2, 1, 2, 2};
    nn_encoding e = learnt(NN_SCALE_NONE, NN_IMPUTE_REFUSE, &(nn_data){.features = one, .rows = 1, .columns = 1});
    const nn_learnt right = {
        .columns = 2, .mean = good, .rest = good, .inverse = good, .fill = good, .has_missing = none};
    nn_learnt file = right;
    for (int i = 0; i < COUNT(n); i++) {
        file.schema = (nn_schema){schemas[i], n[i]};
        expect_unsound(&e, file);
    }
    for (int i = 0; i < 8; i++) {
        const double **of[] = {&file.mean, &file.rest, &file.inverse, &file.fill};
        file = right;
        *of[i / 2] = i % 2 ? bad : infinite;
        expect_unsound(&e, file);
    }
    file = right;
    file.has_missing = has; /* where missing values are refused */
    expect_unsound(&e, file);
    e.impute = NN_IMPUTE_MEAN;
    file.has_missing = two;
    expect_unsound(&e, file);
    file.has_missing = none;
    for (int64_t columns = -1; columns < 1; columns++) {
        file.columns = columns;
        expect_unsound(&e, file);
    }
    file = right;
    file.schema = (nn_schema){schemas[3], 2};
    file.has_missing = has; /* a category that was always missing */
    ck_assert_int_eq(nn_encoding_restore(&e, &file), AD_OK);
    ck_assert(e.columns == 2 && e.inputs == 2);
    nn_encoding_release(&e);
}
END_TEST

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

static void expect_refused(const nn_data *data, nn_impute_kind impute, const char *why)
{
    const float one[] = {5};
    nn_encoding e = learnt(NN_SCALE_FEATURE, impute, &(nn_data){.features = one, .rows = 1, .columns = 1});
    ck_assert_int_eq(nn_encoding_learn(&e, data, message, sizeof message), AD_BAD_VALUE);
    ck_assert_str_eq(message, why);
    ck_assert_int_eq(e.columns, 1);
    nn_encoding_release(&e);
}

START_TEST(columns_that_cannot_be_learnt_are_named)
{
    static const char *const levels[] = {"b", "a", "c", "a"};
    float x[] = {1, NAN, 3, 2, NAN, NAN, 1, NAN, 5};
    nn_column columns[] = {
        {.name = "c", .kind = NN_COLUMN_CATEGORY, .levels = {levels, 3}}, {.name = "a,b"}, {.name = ""}};
    nn_data data = {.features = x, .rows = 3, .columns = 3, .schema = NN_SCHEMA(columns)};
    expect_refused(&data, NN_IMPUTE_MEAN,
                   "column \"a,b\": all 3 rows to learn from are without a value (NaN); leave the column out");
    data.schema.n = 0;
    expect_refused(&data, NN_IMPUTE_LEVEL,
                   "column 1: all 3 rows to learn from are without a value (NaN); leave the column out");
    data.schema.n = 3;
    for (int i = 0; i < 9; i++)
        x[i] = 0;
    columns[2].name = "c";
    expect_refused(&data, NN_IMPUTE_REFUSE, "two columns are called \"c\" (0 and 2); rename one");
    columns[2].name = NULL;
    columns[0].levels.n = 4;
    expect_refused(&data, NN_IMPUTE_REFUSE,
                   "column \"c\": levels 1 and 3 are both \"a\"; give each level a text of its own");
}
END_TEST

/* A category may be missing everywhere: it has one input then. */
START_TEST(a_category_without_values_has_one_input)
{
    static const char *const levels[] = {"a", "b"};
    static const nn_column columns[] = {{.kind = NN_COLUMN_CATEGORY, .levels = {levels, 2}}, {.name = "x"}};
    const float x[] = {NAN, 3, NAN, 5}, later[] = {1, 3};
    nn_data data = {.features = x, .rows = 2, .columns = 2, .schema = NN_SCHEMA(columns)};
    float out[5];
    nn_encoding e = learnt(NN_SCALE_GLOBAL, NN_IMPUTE_MEAN, &data);
    ck_assert(e.inputs == 2 && e.schema.at[0].levels.n == 0);
    encode(&e, &data, NULL, 0, 2, out);
    ck_assert(out[0] == 1 && out[1] == -1 && out[2] == 1 && out[3] == 1);
    data.features = later;
    data.rows = 1;
    encode(&e, &data, NULL, 0, 1, out);
    ck_assert(out[0] == 0 && out[1] == -1);
    nn_encoding_release(&e);
}
END_TEST

START_TEST(refused_memory_leaves_what_was_learnt)
{
    double room[MIXED_ROWS * MIXED_COLUMNS];
    const float one[] = {5};
    const nn_data data = mixed_data(NN_F64, room, 0, MIXED_LEARNT), plain = {.features = one, .rows = 1, .columns = 1};
    nn_encoding e = learnt(NN_SCALE_FEATURE, NN_IMPUTE_LEVEL, &plain),
                from = learnt(NN_SCALE_FEATURE, NN_IMPUTE_LEVEL, &data);
    nn_learnt file;
    size_t k;
    const counting_failure failure = _i ? COUNTING_FOR_GOOD : COUNTING_ONCE;
    for (k = 1; counting_fail(&counted, k, failure), nn_encoding_learn(&e, &data, message, sizeof message) != AD_OK;
         k++) {
        counting_heal(&counted);
        ck_assert(e.columns == 1 && e.inputs == 1 && k < 100);
    }
    ck_assert_uint_gt(k, 20);
    counting_fail(&counted, 1, failure);
    ck_assert_int_eq(nn_learnt_take(&file, &from, &memory), AD_NO_MEMORY);
    counting_heal(&counted);
    ck_assert_int_eq(nn_learnt_take(&file, &from, &memory), AD_OK);
    ck_assert_int_eq(nn_encoding_learn(&e, &plain, message, sizeof message), AD_OK);
    for (k = 1; counting_fail(&counted, k, failure), nn_encoding_restore(&e, &file) != AD_OK; k++) {
        counting_heal(&counted);
        ck_assert(e.columns == 1 && e.inputs == 1 && k < 100);
    }
    ck_assert_uint_gt(k, 15);
    counting_heal(&counted);
    nn_learnt_release(&file, &memory);
    nn_encoding_release(&e);
    nn_encoding_release(&e);
    nn_encoding_release(&from);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_memory, check_memory);
    tcase_add_loop_test(tests, mixed_columns_are_those_of_scikit_learn, 0, 2);
    tcase_add_test(tests, levels_are_those_of_the_rows);
    tcase_add_test(tests, rows_of_views_are_encoded);
    tcase_add_test(tests, a_missing_category_is_all_zeros_where_it_has_no_level);
    tcase_add_loop_test(tests, categories_of_every_element, 0, NN_ELEMENT_COUNT);
    tcase_add_loop_test(tests, plain_inputs_are_scaled_features, 0, 2);
    tcase_add_test(tests, many_rows_are_as_each_alone);
    tcase_add_loop_test(tests, what_is_restored_gives_the_same_bits, 0, 5);
    tcase_add_test(tests, plain_features_are_restored);
    tcase_add_test(tests, an_inverse_at_the_bound_is_restored);
    tcase_add_test(tests, files_that_are_wrong_are_refused);
    tcase_add_test(tests, columns_that_cannot_be_learnt_are_named);
    tcase_add_test(tests, a_category_without_values_has_one_input);
    tcase_add_loop_test(tests, refused_memory_leaves_what_was_learnt, 0, 2);
}

int main(void) { return run_tests("encoding", add_tests); }
