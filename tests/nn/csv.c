/* Tables as text: what is read. */
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../support/check.h"
#include "../support/golden_reader.h"
#include "../support/json_reader.h"
#include "../support/tables.h"

static const char *const auto_only[] = {"auto"};
#define AUTO                                                                                                           \
    {                                                                                                                  \
        auto_only, 1                                                                                                   \
    }

/* ---- What pandas reads ------------------------------------------------------------------------------------------- */

typedef struct golden_options {
    nn_csv_options options;
    const char *missing[4];
} golden_options;

static void take_options(const json *from, golden_options *o)
{
    *o = (golden_options){.options = {.keep_missing = true, .categorical = AUTO}};
    o->options.delimiter = json_has(from, "delimiter") ? json_text(json_in(from, "delimiter")) : NULL;
    o->options.decimal = json_has(from, "decimal") ? json_text(json_in(from, "decimal")) : NULL;
    o->options.no_header = json_has(from, "no_header");
    if (!json_has(from, "missing"))
        return;
    const json *missing = json_in(from, "missing");
    for (int i = 0; i < missing->n; i++)
        o->missing[i] = json_text(json_at(missing, i));
    o->options.missing = (nn_texts){o->missing, (size_t)missing->n};
}

static void compare_value(const char *name, nn_data data, int row, int column, const json *wanted)
{
    const double x = element_at(data.features, data.element, row * data.columns + column);
    const nn_column *c = &data.schema.at[column];
    bool is_right;
    if (wanted->kind == JSON_NULL)
        is_right = isnan(x);
    else if (wanted->kind == JSON_STRING)
        is_right = c->kind == NN_COLUMN_CATEGORY && x >= 0 && x < (double)c->levels.n &&
                   strcmp(c->levels.at[(size_t)x], wanted->text) == 0;
    else
        is_right = c->kind == NN_COLUMN_NUMBER && x == wanted->number && signbit(x) == signbit(wanted->number);
    if (!is_right)
        ck_abort_msg("%s: row %d, column %d is %g", name, row, column, x);
}

static void compare_with_pandas(const json *one)
{
    golden_options o;
    const char *name = json_text(json_in(one, "name"));
    const json *columns = json_in(one, "columns"), *rows = json_in(one, "rows");
    take_options(json_in(one, "options"), &o);
    nn_dataset *set = table(json_text(json_in(one, "text")), &o.options);
    const nn_data data = nn_dataset_data(set);
    ck_assert_msg(data.rows == rows->n && data.columns == columns->n, "%s: [%d,%d]", name, (int)data.rows,
                  (int)data.columns);
    for (int c = 0; c < columns->n; c++)
        ck_assert_msg(strcmp(data.schema.at[c].name, json_text(json_at(columns, c))) == 0, "%s", name);
    for (int r = 0; r < rows->n; r++)
        for (int c = 0; c < columns->n; c++)
            compare_value(name, data, r, c, json_at(json_at(rows, r), c));
    nn_dataset_close(set);
}

START_TEST(reads_what_pandas_reads)
{
    char path[4096];
    fclose(golden_open("tables.json", path, sizeof path));
    json *all = json_read_file(path);
    ck_assert_int_ge(all->n, 40);
    for (const json *one = all->first; one; one = one->next)
        compare_with_pandas(one);
    json_free(all);
}
END_TEST

/* ---- What columns give ------------------------------------------------------------------------------------------- */

START_TEST(a_plain_table_is_numbers)
{
    nn_dataset *set = table("a,b\n1,-2.5\n3e2,.5\n", NULL);
    const nn_data data = nn_dataset_data(set);
    expect_features(data, 2, 2, 1, -2.5, 300, 0.5);
    expect_schema(data, "a number, b number");
    ck_assert_int_eq(data.element, NN_F64);
    ck_assert(!data.labels && !data.label_texts && !data.targets && !data.weights && !data.ids && !data.index);
    ck_assert_int_eq(data.n_targets, 0);
    ck_assert_int_eq(data.n_ids, 0);
    ck_assert_str_eq(nn_dataset_notes(set), "");
    nn_dataset_close(set);
}
END_TEST

START_TEST(every_kind_of_column_is_read)
{
    const char *const targets[] = {"t2", "t1"}, *const ignored[] = {"no"}, *const categorical[] = {"c"},
                      *const names[] = {"name"};
    const nn_csv_options options = {.targets = {targets, 2},
                                    .weight = "w",
                                    .ids = {names, 1},
                                    .ignored = {ignored, 1},
                                    .categorical = {categorical, 1}};
    nn_dataset *set = table("name,t1,c,w,no,x,t2\nanna,1,red,0,?,5,-1\n,2,blue,0.25,,6,-2\n", &options);
    const nn_data data = nn_dataset_data(set);
    expect_features(data, 2, 2, 1, 5, 0, 6);
    expect_schema(data, "name id, t1 target, c category [blue red], w weight, no ignored, x number, t2 target");
    ck_assert_str_eq(data.ids[0], "anna");
    ck_assert_str_eq(data.ids[1], "");
    ck_assert_int_eq(data.n_ids, 1);
    ck_assert(data.weights[0] == 0 && data.weights[1] == 0.25);
    ck_assert_int_eq(data.n_targets, 2);
    ck_assert_int_eq(data.target_element, NN_F64);
    const double *t = data.targets;
    ck_assert(t[0] == 1 && t[1] == -1 && t[2] == 2 && t[3] == -2);
    nn_dataset_close(set);
}
END_TEST

START_TEST(f32_is_rounded_from_f64)
{
    const char *const targets[] = {"t"};
    const nn_csv_options options = {.targets = {targets, 1}, .as_f32 = true, .categorical = AUTO};
    nn_dataset *set = table("a,t,c\n0.1,16777217,x\n3.4028235677973364e38,2,y\n-1e-46,3,x\n", &options);
    const nn_data data = nn_dataset_data(set);
    expect_features(data, 3, 2, (double)0.1F, 0, 0x1.fffffep127, 1, -0.0, 0);
    ck_assert_int_eq(data.element, NN_F32);
    ck_assert_int_eq(data.target_element, NN_F32);
    ck_assert(*(const float *)data.targets == 16777216);
    nn_dataset_close(set);
}
END_TEST

static void expect_labels(const char *text, const char *wanted)
{
    char got[400] = "";
    nn_dataset *set = table(text, &(nn_csv_options){.label = "y"});
    const nn_data data = nn_dataset_data(set);
    for (int64_t i = 0, n = 0; i < data.rows; i++) {
        ck_assert(!data.labels != !data.label_texts);
        if (data.labels)
            n += snprintf(got + n, sizeof got - (size_t)n, "%d ", (int)data.labels[i]);
        else
            n += snprintf(got + n, sizeof got - (size_t)n, "'%s' ", data.label_texts[i]);
    }
    ck_assert_str_eq(got, wanted);
    nn_dataset_close(set);
}

START_TEST(labels_are_whole_numbers_or_texts)
{
    expect_labels("x,y\n1,7\n1,-3\n1,7\n1,0\n", "7 -3 7 0 ");
    expect_labels("x,y\n1,2147483647\n1,-2147483648\n", "2147483647 -2147483648 ");
    expect_labels("x,y\n1,2147483648\n1,1\n", "'2147483648' '1' ");
    expect_labels("x,y\n1,-2147483649\n", "'-2147483649' ");
    expect_labels("x,y\n1,99999999999999999999\n", "'99999999999999999999' ");
    expect_labels("x,y\n1,1\n1,2\n1,x\n", "'1' '2' 'x' ");
    expect_labels("x,y\n1,1.0\n1,2\n", "'1.0' '2' ");
    expect_labels("x,y\n1,007\n1,7\n", "'007' '7' ");
    expect_labels("x,y\n1,+1\n1,-1\n", "'+1' '-1' ");
    expect_labels("x,y\n1,-0\n", "'-0' ");
    expect_labels("x,y\n1, 1\n", "' 1' ");
    expect_labels("y,x\nyes,1\nno,2\n\"y,\"\"es\",3\n", "'yes' 'no' 'y,\"es' ");
}
END_TEST

/* Classes of texts stand in the schema, in the order of their bytes. */
START_TEST(classes_of_texts_are_levels_of_the_label)
{
    nn_dataset *set = table("x,y\n1,b\n2,a\n3,\xc3\xa9\n4,B\n", &(nn_csv_options){.label = "y"});
    expect_schema(nn_dataset_data(set), "x number, y label [B a b \xc3\xa9]");
    nn_dataset_close(set);
    set = table("x,y\n1,2\n2,1\n", &(nn_csv_options){.label = "y"});
    expect_schema(nn_dataset_data(set), "x number, y label");
    nn_dataset_close(set);
}
END_TEST

START_TEST(levels_are_in_order)
{
    const char *const categorical[] = {"n", "t", "mixed"};
    const nn_csv_options options = {.categorical = {categorical, 3}};
    nn_dataset *set = table("n,t,mixed\n10,b,10\n9,a,9\n-1,b,x\n9,ab,10\n", &options);
    const nn_data data = nn_dataset_data(set);
    expect_schema(data, "n category [-1 9 10], t category [a ab b], mixed category [10 9 x]");
    expect_features(data, 4, 3, 2, 2, 0, 1, 0, 1, 0, 2, 2, 1, 1, 0);
    nn_dataset_close(set);
}
END_TEST

START_TEST(open_columns_are_what_their_values_are)
{
    const char *const numeric[] = {"d"};
    const nn_csv_options options = {.categorical = AUTO, .numeric = {numeric, 1}, .keep_missing = true};
    nn_dataset *set = table("a,b,c,d,e\n1,1,x,1,\n2.5,2,y,2,\n,z,,,\n-0,2,x,3,\n", &options);
    const nn_data data = nn_dataset_data(set);
    expect_schema(data, "a number, b category [1 2 z], c category [x y], d number, e number");
    expect_features(data, 4, 5, 1, 0, 0, 1, NAN, 2.5, 1, 1, 2, NAN, NAN, 2, NAN, NAN, NAN, -0.0, 1, 0, 3, NAN);
    nn_dataset_close(set);
    set = table("auto,b\nx,1\ny,2\n", &(nn_csv_options){.categorical = AUTO});
    expect_schema(nn_dataset_data(set), "auto category [x y], b number");
    nn_dataset_close(set);
}
END_TEST

/* Of more different numbers than are kept as texts, the rows before are numbers, too; a missing one stays missing. */
static char *many_numbers(int n, const char *last)
{
    char *text = malloc(40 * (size_t)n + 100);
    size_t at = (size_t)sprintf(text, "a,b\n");
    for (int i = 0; i < n; i++)
        at += i == 7 ? (size_t)sprintf(text + at, ",1\n") : (size_t)sprintf(text + at, "%d.5,1\n", i);
    sprintf(text + at, "%s", last);
    return text;
}

START_TEST(many_different_numbers_are_numbers)
{
    const int sizes[] = {1000, 1001, 1002, 1003, 5000};
    for (int k = 0; k < COUNT(sizes); k++) {
        char *text = many_numbers(sizes[k], "");
        nn_dataset *set = table(text, &(nn_csv_options){.categorical = AUTO, .keep_missing = true, .as_f32 = k % 2});
        const nn_data data = nn_dataset_data(set);
        ck_assert_int_eq(data.rows, sizes[k]);
        expect_schema(data, "a number, b number");
        for (int i = 0; i < sizes[k]; i++) {
            const double x = element_at(data.features, data.element, 2 * i);
            ck_assert_msg(i == 7 ? isnan(x) : x == i + 0.5, "%d: %g", i, x);
        }
        nn_dataset_close(set);
        free(text);
    }
    char *text = many_numbers(1001, "x,1\n"); /* the place of the missing one has no text */
    nn_dataset *set = table(text, &(nn_csv_options){.categorical = AUTO, .keep_missing = true});
    ck_assert_int_eq((int)nn_dataset_data(set).schema.at[0].levels.n, 1001);
    nn_dataset_close(set);
    free(text);
    text = many_numbers(1002, "x,1\n");
    expect_refused(text, &(nn_csv_options){.categorical = AUTO, .keep_missing = true}, AD_BAD_FILE,
                   "train.csv:1004:1: 'x' in column \"a\" is not a number, as its first 1000 different values are; if "
                   "the column holds categories: categorical=a");
    free(text);
}
END_TEST

START_TEST(missing_values_are_nan)
{
    const char *const missing[] = {"?", "-9"}, *const categorical[] = {"c"};
    const nn_csv_options options = {
        .missing = {missing, 2}, .keep_missing = true, .categorical = {categorical, 1}, .as_f32 = _i};
    nn_dataset *set = table("a,c\n-9,?\n,-9\n?,\n-9.0,x\n", &options);
    expect_features(nn_dataset_data(set), 4, 2, NAN, NAN, NAN, NAN, NAN, NAN, -9, 0);
    nn_dataset_close(set);
}
END_TEST

/* ---- Where it comes from ----------------------------------------------------------------------------------------- */

/* More than one block and one chunk of rows: 400,000 rows of two numbers and a text. */
enum { MANY = 400000 };

static char *long_table(size_t *n)
{
    char *text = malloc((size_t)MANY * 40);
    *n = (size_t)sprintf(text, "a,b,y\n");
    for (int i = 0; i < MANY; i++)
        *n += (size_t)sprintf(text + *n, "%d,%d.25,\"class\n%d\"\n", i, -i, i % 7);
    return text;
}

static void check_long_table(nn_data data)
{
    ck_assert_int_eq(data.rows, MANY);
    const double *x = data.features;
    for (int i = 0; i < MANY; i++)
        if (x[2 * i] != i || x[2 * i + 1] != -i - (i ? 0.25 : -0.25) || data.label_texts[i][6] != '0' + i % 7)
            ck_abort_msg("row %d: %g %g %s", i, x[2 * i], x[2 * i + 1], data.label_texts[i]);
}

typedef struct flow {
    int to;
    const char *bytes;
    size_t n;
} flow;

static void *pour(void *context)
{
    flow *f = context;
    for (size_t at = 0; at < f->n;) {
        const ssize_t n = write(f->to, f->bytes + at, f->n - at < 5001 ? f->n - at : 5001);
        if (n <= 0)
            break;
        at += (size_t)n;
    }
    close(f->to);
    return NULL;
}

START_TEST(a_pipe_is_read_to_its_end)
{
    int ends[2];
    pthread_t writer;
    size_t n;
    counting memory;
    char *text = long_table(&n);
    counting_open(&memory);
    nn_dataset *set = nn_dataset_open(&(nn_dataset_options){.allocator = &memory.allocator});
    ck_assert_int_eq(pipe(ends), 0);
    flow f = {.to = ends[1], .bytes = text, .n = n};
    ck_assert_int_eq(pthread_create(&writer, NULL, pour, &f), 0);
    FILE *from = fdopen(ends[0], "rb");
    const ad_status status =
        nn_dataset_read_csv_stream(set, (nn_stream){from, "pipe"}, &(nn_csv_options){.label = "y"});
    pthread_join(writer, NULL);
    fclose(from); /* which is still the caller's */
    ck_assert_msg(status == AD_OK, "%s", nn_dataset_message(set));
    check_long_table(nn_dataset_data(set));
    ck_assert_uint_le(memory.largest, (size_t)MANY * 16); /* the features, and nothing twice */
    nn_dataset_close(set);
    counting_check_released(&memory);
    free(text);
}
END_TEST

START_TEST(paths_plain_and_gzipped_are_read)
{
    static file_bytes plain, packed;
    plain.n = 0;
    put_text(&plain, "a\tb\n1\t2,5\n");
    gzip_bytes(&plain, &packed);
    const struct {
        const char *name, *asked, *delimiter;
        const file_bytes *bytes;
    } cases[] = {{"t.tsv", "t.tsv", NULL, &plain},     {"u.tsv.gz", "u.tsv.gz", NULL, &packed},
                 {"v.tsv.gz", "v.tsv", NULL, &packed}, {"w.tsv", "w.tsv", NULL, &packed},
                 {"x.csv", "x.csv", "tab", &plain},    {"y.csv", "y.csv", "\t", &packed}};
    nn_dataset *set = nn_dataset_open(NULL);
    for (int i = 0; i < COUNT(cases); i++) {
        save_bytes(cases[i].name, cases[i].bytes);
        const ad_status status =
            nn_dataset_read_csv(set, path_in_folder(cases[i].asked),
                                &(nn_csv_options){.delimiter = cases[i].delimiter, .decimal = ",", .no_header = false});
        ck_assert_msg(status == AD_OK, "%s", nn_dataset_message(set));
        expect_features(nn_dataset_data(set), 1, 2, 1, 2.5);
    }
    nn_dataset_close(set);
}
END_TEST

START_TEST(numbers_have_a_point_in_every_locale)
{
    const char *const names[] = {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "fr_FR"};
    int i = 0;
    while (i < COUNT(names) && !(setlocale(LC_ALL, names[i]) && strcmp(localeconv()->decimal_point, ".") != 0))
        i++;
    nn_dataset *set = table("a\n0.5\n1e-3\n0.30000000000000004\n", NULL); /* without such a locale, in that of C */
    expect_features(nn_dataset_data(set), 3, 1, 0.5, 1e-3, 0.30000000000000004);
    setlocale(LC_ALL, "C");
    nn_dataset_close(set);
}
END_TEST

/* A record that is longer than a block, and one that ends just where a block ends: each length of a field around it. */
START_TEST(records_end_anywhere_in_a_block)
{
    enum { BLOCK = 1 << 18 };
    char *text = malloc(4 * BLOCK);
    for (int shift = -24; shift < 8; shift++)
        for (int quoted = 0; quoted < 2; quoted++) {
            const int length = (quoted ? 2 : 1) * BLOCK + shift;
            int n = sprintf(text, "a,b\r\n1,\"\"\"");
            memset(text + n, 'x', (size_t)length);
            n += length;
            n += sprintf(text + n, "\"\"\"\r\n2,y\r\n3,\"z\"\"\"");
            nn_dataset *set = table(text, &(nn_csv_options){.ids = NN_TEXTS("b")});
            const nn_data data = nn_dataset_data(set);
            expect_features(data, 3, 1, 1, 2, 3);
            ck_assert_uint_eq(strlen(data.ids[0]), (size_t)length + 2);
            ck_assert(data.ids[0][0] == '"' && data.ids[0][length] == 'x' && data.ids[0][length + 1] == '"');
            ck_assert_str_eq(data.ids[1], "y");
            ck_assert_str_eq(data.ids[2], "z\"");
            nn_dataset_close(set);
        }
    free(text);
}
END_TEST

/* Thousands of columns: as many fields, names and features. */
START_TEST(wide_tables_are_read)
{
    enum { WIDE = 5000 };
    char *text = malloc(WIDE * 16);
    size_t n = 0;
    for (int i = 0; i < WIDE; i++)
        n += (size_t)sprintf(text + n, "%sc%d", i ? "," : "", i);
    for (int i = 0; i < WIDE; i++)
        n += (size_t)sprintf(text + n, "%s%d", i ? "," : "\n", i);
    nn_dataset *set = table(text, NULL);
    const nn_data data = nn_dataset_data(set);
    ck_assert_int_eq(data.columns, WIDE);
    for (int i = 0; i < WIDE; i++)
        ck_assert(((const double *)data.features)[i] == i);
    nn_dataset_close(set);
    free(text);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, reads_what_pandas_reads);
    tcase_add_test(tests, a_plain_table_is_numbers);
    tcase_add_test(tests, every_kind_of_column_is_read);
    tcase_add_test(tests, f32_is_rounded_from_f64);
    tcase_add_test(tests, labels_are_whole_numbers_or_texts);
    tcase_add_test(tests, classes_of_texts_are_levels_of_the_label);
    tcase_add_test(tests, levels_are_in_order);
    tcase_add_test(tests, open_columns_are_what_their_values_are);
    tcase_add_test(tests, many_different_numbers_are_numbers);
    tcase_add_loop_test(tests, missing_values_are_nan, 0, 2);
    tcase_add_test(tests, a_pipe_is_read_to_its_end);
    tcase_add_test(tests, paths_plain_and_gzipped_are_read);
    tcase_add_test(tests, numbers_have_a_point_in_every_locale);
    tcase_add_test(tests, records_end_anywhere_in_a_block);
    tcase_add_test(tests, wide_tables_are_read);
}

int main(void) { return run_in_folder("tables as text", add_tests); }
