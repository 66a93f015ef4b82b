/* What a table has, before it is read: as a report, and printed. */
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../support/check.h"
#include "../support/shown.h"
#include "../support/tables.h"

#define LIST(...)                                                                                                      \
    {                                                                                                                  \
        (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)                \
    }

/* Writes a table into the folder. */
static const char *write_table(const char *text)
{
    const char *path = path_in_folder("t.csv");
    FILE *file = fopen(path, "wb");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        ck_abort_msg("%s cannot be written", path);
    return path;
}

/* What is printed, the folder left out. */
static const char *print_table(const char *text, const nn_csv_options *options)
{
    static char shown[8000];
    const char *path = write_table(text);
    const ad_shown how = nn_print_csv(path, options, shown_open());
    snprintf(shown, sizeof shown, "%s", shown_close());
    ck_assert_msg(how.status == AD_OK, "%s", how.message);
    const size_t folder = strlen(path) - strlen("t.csv");
    for (char *at = shown; (at = strstr(at, path)) != NULL;)
        memmove(at, at + folder, strlen(at + folder) + 1);
    return shown;
}

static const char people[] = "age,colour,fare,weight,name,class\n"
                             "30,red,1.5,1,ann,yes\n"
                             "?,blue,-2,1,bob,no\n"
                             "41,red,x,-1,,yes\n"
                             "5,,1e3,2,dan,\n";

START_TEST(a_table_is_printed)
{
    const nn_csv_options options = {
        .label = "class", .weight = "weight", .ids = LIST("name"), .missing = LIST("?"), .categorical = LIST("colour")};
    ck_assert_str_eq(
        print_table(people, &options),
        "t.csv: 4 rows, 6 columns, 3 values missing\n"
        "  column  kind      missing  values\n"
        "  age     number    1        5 to 41, mean 25.3333\n"
        "  colour  category  1        2 different values: red (2), blue (1)\n"
        "  fare    number    0        4 different values: -2 (1), 1.5 (1), 1e3 (1), x (1)\n"
        "  weight  weight    0        -1 to 2, mean 0.75\n"
        "  name    id        0\n"
        "  class   label     1        2 classes\n"
        "classes: yes (2), no (1)\n"
        "refused: t.csv:3: column \"age\" is '?', a missing value; keep_missing=true with impute=mean fills it, "
        "ignored=age leaves the column out\n"
        "refused: t.csv:5: column \"colour\" is empty; keep_missing=true with impute=mean fills it, ignored=colour "
        "leaves the column out\n"
        "refused: t.csv:4:3: 'x' in column \"fare\" is not a number; if the column holds categories: categorical=fare\n"
        "refused: t.csv:4:4: '-1' in column \"weight\" is a weight below 0; weights are at least 0\n"
        "refused: t.csv:5: column \"class\" is empty; each row must have a label\n");
}
END_TEST

START_TEST(options_may_be_left_out)
{
    ck_assert_str_eq(print_table("x,y\n1,a\n2,a\n", NULL),
                     "t.csv: 2 rows, 2 columns, 0 values missing\n"
                     "  column  kind    missing  values\n"
                     "  x       number  0        1 to 2, mean 1.5\n"
                     "  y       number  0        1 different value: a (2)\n"
                     "refused: t.csv:2:2: 'a' in column \"y\" is not a number; if the column holds categories: "
                     "categorical=y\n");
    ck_assert_str_eq(print_table("x,y,z\n1,,\n", &(nn_csv_options){.keep_missing = true, .ignored = LIST("z")}),
                     "t.csv: 1 row, 3 columns, 1 value missing\n"
                     "  column  kind     missing  values\n"
                     "  x       number   0        1 to 1, mean 1\n"
                     "  y       number   1        no values\n"
                     "  z       ignored  0\n");
}
END_TEST

/* What reading would note, and what it would refuse by the columns of a model. */
START_TEST(notes_are_printed)
{
    char text[4000] = "age,name,class,more\n";
    const char *const known[] = {"1", "2", "NA"};
    const nn_column model[] = {{.name = "age"}, {.name = "class", .kind = NN_COLUMN_LABEL, .levels = {known, 3}}};
    nn_csv_options options = {.label = "class", .categorical = LIST("auto"), .ignored = LIST("more")};
    for (int i = 0; i < 20; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s,n%d,%s,\n",
                 i % 10 ? "4"
                 : i    ? "?"
                        : "5",
                 i, i == 9 ? "NA" : "2");
    const char *shown = print_table(text, &options);
    ck_assert_str_eq(strstr(shown, "classes: "),
                     "classes: 2 (19), NA (1)\n"
                     "note: t.csv: column \"age\" is a category, though 2 of its 3 levels are numbers; if the others "
                     "mean missing values, name them in missing\n"
                     "note: t.csv: column \"name\" is a category with another level in each row; if it names the rows: "
                     "ids=name\n"
                     "note: t.csv: labels of \"class\" are texts because of \"NA\" (line 11); 19 of 20 are whole "
                     "numbers\n");
    nn_dataset *set = table(text, &options);
    nn_csv_look *look = nn_csv_look_at(write_table(text), &options, NULL);
    const char *notes = nn_csv_look_report(look)->notes, *read = nn_dataset_notes(set);
    for (const char *colon; (colon = strchr(read, ':')); read = strchr(colon, '\n') ? strchr(colon, '\n') + 1 : "") {
        ck_assert_int_eq(strncmp(strchr(notes, ':'), colon, strcspn(colon, "\n")), 0);
        notes = strchr(notes, '\n') ? strchr(notes, '\n') + 1 : "";
    }
    ck_assert_str_eq(notes, "");
    nn_csv_look_close(look);
    nn_dataset_close(set);
    options = (nn_csv_options){.like = NN_SCHEMA(model)};
    shown = print_table("class,age,b\n1,2,3\n4,5,6\n7,8,9\n", &options);
    ck_assert_ptr_nonnull(strstr(shown, "note: t.csv: left out are columns that the model does not have: \"b\"\n"
                                        "refused: t.csv:3: class \"4\" was not in the training data (1, 2, NA); mend"));
    ck_assert_ptr_null(strstr(shown, "t.csv:4"));
    /* A column of numbers by auto is no doubtful category. */
    shown = print_table("a,b\n1,2\n2,3\n", &(nn_csv_options){.categorical = LIST("auto")});
    ck_assert_ptr_null(strstr(shown, "note"));
}
END_TEST

/* Kinds are those that reading gives, also where the rows decide. */
START_TEST(kinds_are_those_of_reading)
{
    static const char *const texts[] = {"a,b,c,d\n1,x,,5\n2,1,,5\n", "a,b,c,d\n,1,x,1\n3,2,y,z\n1.5,,,\n"};
    const nn_csv_options options = {.categorical = LIST("auto"), .keep_missing = true};
    for (int i = 0; i < COUNT(texts); i++) {
        nn_dataset *set = table(texts[i], &options);
        nn_csv_look *look = nn_csv_look_at(write_table(texts[i]), &options, NULL);
        const nn_csv_report *report = nn_csv_look_report(look);
        ck_assert_ptr_nonnull(report);
        ck_assert_uint_eq(report->n, nn_dataset_data(set).schema.n);
        for (size_t c = 0; c < report->n; c++) {
            ck_assert_int_eq(report->at[c].kind, nn_dataset_data(set).schema.at[c].kind);
            ck_assert_ptr_null(report->at[c].refused);
        }
        nn_csv_look_close(look);
        nn_dataset_close(set);
    }
}
END_TEST

static char *rows_of(int n, const char *format)
{
    char *text = malloc(64 * (size_t)n + 100);
    size_t at = (size_t)sprintf(text, "a,b\n");
    for (int i = 0; i < n; i++)
        at += (size_t)sprintf(text + at, format, i, i % 12);
    return text;
}

START_TEST(many_values_are_cut)
{
    char *text = rows_of(1234567, "%d,t%d\n");
    ck_assert_str_eq(print_table(text, &(nn_csv_options){.label = "a", .categorical = LIST("b")}),
                     "t.csv: 1,234,567 rows, 2 columns, 0 values missing\n"
                     "  column  kind      missing  values\n"
                     "  a       label     0        more than 1,000 classes\n"
                     "  b       category  0\n"
                     "        12 different values: t0 (102,881), t1 (102,881), t2 (102,881),\n"
                     "        t3 (102,881), t4 (102,881), t5 (102,881), t6 (102,881), t10 (102,880),\n"
                     "        ...\n");
    free(text);
    text = rows_of(1001, "t%d,%d\n");
    ck_assert_ptr_nonnull(
        strstr(print_table(text, NULL), "  a       number  0        more than 1,000 different values\n"));
    free(text);
    text = rows_of(1000, "t%d,%d\n");
    ck_assert_ptr_nonnull(strstr(print_table(text, NULL), "1,000 different values: t0 (1), t1 (1), t10 (1),"));
    free(text);
    text = rows_of(65537, "t%d,%d\n");
    const char *shown = print_table(text, &(nn_csv_options){.categorical = LIST("auto")});
    ck_assert_ptr_nonnull(strstr(shown, "a       category  0        more than 65,536 different values\n"));
    ck_assert_ptr_nonnull(strstr(shown, "refused: t.csv:65538: column \"a\" has more than 65536 different values"));
    free(text);
    text = rows_of(1500, "%d.5,%d\n");
    strcat(text, "x,1\n");
    ck_assert_ptr_nonnull(strstr(print_table(text, &(nn_csv_options){.categorical = LIST("auto")}),
                                 "refused: t.csv:1502:1: 'x' in column \"a\" is not a number, as its first 1000 "));
    free(text);
    shown = print_table("a,b\n1,1\n2,2\n3,3\n4,4\n5,5\n6,6\n7,7\nx,8\n", NULL); /* eight values are all shown */
    ck_assert_ptr_nonnull(strstr(shown, "8 different values: 1 (1), 2 (1)"));
    ck_assert_ptr_null(strstr(shown, "..."));
    text = rows_of(2000, "%d.5,%d\n");
    ck_assert_ptr_nonnull(strstr(print_table(text, &(nn_csv_options){.categorical = LIST("auto")}),
                                 "a       number  0        0.5 to 1999.5, mean 1000\n"));
    free(text);
}
END_TEST

/* Names and values cannot turn the terminal round. */
START_TEST(texts_are_escaped)
{
    ck_assert_str_eq(print_table("\"a\x1b[2J\",b\nx\x07,1\n", &(nn_csv_options){.categorical = LIST("1")}),
                     "t.csv: 1 row, 2 columns, 0 values missing\n"
                     "  column    kind      missing  values\n"
                     "  a\\x1b[2J  category  0        1 different value: x\\x07 (1)\n"
                     "  b         number    0        1 to 1, mean 1\n");
}
END_TEST

START_TEST(a_report_has_the_figures)
{
    const nn_csv_options options = {.label = "class", .missing = LIST("?"), .keep_missing = true};
    nn_csv_look *look = nn_csv_look_at(write_table(people), &options, NULL);
    ck_assert_int_eq(nn_csv_look_status(look), AD_OK);
    ck_assert_str_eq(nn_csv_look_message(look), "");
    const nn_csv_report *r = nn_csv_look_report(look);
    ck_assert_int_eq(r->rows, 4);
    ck_assert_int_eq(r->missing, 4); /* the name is none, unless it is an id */
    ck_assert_uint_eq(r->n, 6);
    ck_assert_str_eq(r->at[0].name, "age");
    ck_assert_int_eq(r->at[0].numbers, 3);
    ck_assert(r->at[0].least == 5 && r->at[0].largest == 41 && fabs(r->at[0].mean - 76.0 / 3) < 1e-12);
    ck_assert_ptr_null(r->at[0].refused);
    ck_assert_int_eq(r->at[0].missing, 1);
    ck_assert_uint_eq(r->at[0].n_levels, 3);
    ck_assert(isnan(r->at[1].least) && isnan(r->at[1].largest) && isnan(r->at[1].mean));
    ck_assert_int_eq(r->at[5].kind, NN_COLUMN_LABEL);
    ck_assert_uint_eq(r->at[5].n_levels, 2);
    ck_assert_str_eq(r->at[5].levels[0].text, "yes");
    ck_assert_int_eq(r->at[5].levels[0].count, 2);
    ck_assert(!r->at[5].has_many);
    nn_csv_look_close(look);
}
END_TEST

START_TEST(what_leaves_nothing_to_print_is_an_error)
{
    const char *path = write_table("a,b\n1,2,3\n");
    expect_shown(nn_print_csv(path, NULL, stdout), AD_BAD_FILE, "t.csv:2: 3 fields where the header has 2; quote");
    expect_shown(nn_print_csv(write_table("a\n"), NULL, stdout), AD_BAD_FILE, "has a header and no rows");
    expect_shown(nn_print_csv(path_in_folder("none"), NULL, stdout), AD_BAD_FILE, "none: No such file or directory");
    expect_shown(nn_print_csv(NULL, NULL, stdout), AD_BAD_VALUE, "the path is NULL; give the path of a table");
    expect_shown(nn_print_csv(path, NULL, NULL), AD_BAD_VALUE, "print_csv: the FILE is NULL");
    expect_shown(nn_print_csv(path, &(nn_csv_options){.delimiter = "xx"}, stdout), AD_BAD_VALUE, "delimiter is 'xx'");
    expect_shown(nn_print_csv(write_table("a,b\n1,2\n"), &(nn_csv_options){.label = "c"}, stdout), AD_BAD_VALUE,
                 "no column \"c\" in ");
    FILE *full = fopen("/dev/full", "w");
    if (full) {
        expect_shown(nn_print_csv(write_table("a,b\n1,2\n"), NULL, full), AD_BAD_FILE, "print_csv");
        fclose(full);
    }
    ck_assert_ptr_null(nn_csv_look_report(NULL));
    ck_assert_int_eq(nn_csv_look_status(NULL), AD_BAD_HANDLE);
    ck_assert_str_eq(nn_csv_look_message(NULL), "the look is NULL; make one with nn_csv_look_at");
    nn_csv_look_close(NULL);
}
END_TEST

/* A FILE gives what a path does, also in the middle of it and through gzip, and stays open. */
START_TEST(a_stream_is_looked_at)
{
    static file_bytes plain, packed;
    put_text(&plain, people);
    gzip_bytes(&plain, &packed);
    const nn_csv_options options = {.label = "class", .missing = LIST("?")};
    const char *wanted = print_table(people, &options);
    FILE *file = fopen(_i ? save_bytes("t.gz", &packed) : path_in_folder("t.csv"), "rb");
    nn_csv_look *look = nn_csv_look_at_stream((nn_stream){file, "t.csv"}, &options, NULL);
    ck_assert_str_eq(nn_csv_look_report(look)->name, "t.csv");
    ck_assert_int_eq(nn_print_csv_look(look, shown_open()).status, AD_OK);
    ck_assert_str_eq(shown_close(), wanted);
    ck_assert_int_eq(fgetc(file), EOF);
    fclose(file);
    nn_csv_look_close(look);
}
END_TEST

START_TEST(mistakes_of_streams_are_errors)
{
    nn_csv_look *none = nn_csv_look_at_stream((nn_stream){NULL, "pipe"}, NULL, NULL);
    ck_assert_int_eq(nn_csv_look_status(none), AD_BAD_VALUE);
    expect_shown(nn_print_csv_look(none, stdout), AD_BAD_VALUE, "nn_csv_look_at_stream: there is no FILE; give one");
    nn_csv_look_close(none);
    FILE *file = fopen(write_table("a,b\n1,2,3\n"), "rb");
    nn_csv_look *ragged = nn_csv_look_at_stream((nn_stream){file, "pipe"}, NULL, NULL);
    expect_shown(nn_print_csv_look(ragged, stdout), AD_BAD_FILE, "pipe:2: 3 fields where the header has 2; quote");
    nn_csv_look_close(ragged);
    rewind(file);
    nn_csv_look *bad = nn_csv_look_at_stream((nn_stream){file, "pipe"}, &(nn_csv_options){.delimiter = "xx"}, NULL);
    expect_shown(nn_print_csv_look(bad, stdout), AD_BAD_VALUE, "delimiter is 'xx'");
    nn_csv_look_close(bad);
    fclose(file);
    expect_shown(nn_print_csv_look(NULL, stdout), AD_BAD_HANDLE, "the look is NULL; make one with nn_csv_look_at");
}
END_TEST

static bool look_with_failure(size_t k, counting_failure failure, const nn_csv_options *options)
{
    counting memory;
    counting_open(&memory);
    counting_fail(&memory, k, failure);
    nn_csv_look *look = nn_csv_look_at(path_in_folder("t.csv"), options, &memory.allocator);
    const bool failed = memory.refused > 0;
    ck_assert_int_eq(nn_csv_look_status(look), !failed ? AD_OK : look ? AD_NO_MEMORY : AD_BAD_HANDLE);
    ck_assert(!failed == (nn_csv_look_report(look) != NULL));
    ck_assert(!look || !failed || strstr(nn_csv_look_message(look), "memory is out"));
    nn_csv_look_close(look);
    counting_check_released(&memory);
    return failed;
}

START_TEST(every_allocation_may_fail)
{
    const nn_csv_options options = {.categorical = LIST("auto"), .label = "class"};
    size_t k = 1;
    write_table(people);
    while (look_with_failure(k, _i ? COUNTING_FOR_GOOD : COUNTING_ONCE, &options))
        k++;
    ck_assert_uint_ge(k, 20);
    counting_print_refused(k - 1, "a look at a table");
}
END_TEST

/* Ten times the rows take no more memory. */
START_TEST(memory_does_not_grow_with_the_rows)
{
    ad_usage usage[2] = {{.bytes = 0}};
    for (int k = 0; k < 2; k++) {
        char *text = rows_of(k ? 200000 : 20000, "%d,t%d\n");
        counting memory;
        counting_open(&memory);
        nn_csv_look *look = nn_csv_look_at(write_table(text), NULL, &memory.allocator);
        ck_assert_ptr_nonnull(nn_csv_look_report(look));
        usage[k].bytes = memory.bytes;
        usage[k].allocations = memory.calls;
        nn_csv_look_close(look);
        free(text);
    }
    ck_assert_uint_eq(usage[0].bytes, usage[1].bytes);
    ck_assert_uint_eq(usage[0].allocations, usage[1].allocations);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, a_table_is_printed);
    tcase_add_test(tests, options_may_be_left_out);
    tcase_add_test(tests, notes_are_printed);
    tcase_add_test(tests, kinds_are_those_of_reading);
    tcase_add_test(tests, many_values_are_cut);
    tcase_add_test(tests, texts_are_escaped);
    tcase_add_test(tests, a_report_has_the_figures);
    tcase_add_test(tests, what_leaves_nothing_to_print_is_an_error);
    tcase_add_loop_test(tests, a_stream_is_looked_at, 0, 2);
    tcase_add_test(tests, mistakes_of_streams_are_errors);
    tcase_add_loop_test(tests, every_allocation_may_fail, 0, 2);
    tcase_add_test(tests, memory_does_not_grow_with_the_rows);
}

int main(void) { return run_in_folder("reports of tables as text", add_tests); }
