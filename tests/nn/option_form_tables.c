/* Messages in a program that takes options in a form of its own, --name value, word by word: of tables. */
#include <stdio.h>
#include <string.h>

#include "../support/data_files.h"
#include "../support/long_options.h"

#define LIST(...)                                                                                                      \
    {                                                                                                                  \
        (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)                \
    }

/* The file is called train.csv. */
static ad_status read_text(nn_dataset *set, const char *text, const nn_csv_options *options)
{
    FILE *file = fmemopen((char *)text, strlen(text), "r");
    ck_assert_ptr_nonnull(file);
    const ad_status status = nn_dataset_read_csv_stream(set, (nn_stream){.file = file, .name = "train.csv"}, options);
    fclose(file);
    return status;
}

START_TEST(tables_are_refused)
{
    const nn_column like[] = {{.name = "age"}, {.name = "fare"}};
    const nn_csv_options none = {.label = NULL};
    const nn_schema both = {like, 2};
    const struct {
        const char *text;
        nn_csv_options options;
        const char *message;
    } cases[] = {
        {"age,b\n1,2\nabc,3\n", none,
         "train.csv:3:1: 'abc' in column \"age\" is not a number; if the column holds "
         "categories: --categorical age"},
        {"a,b,c,d,e\n1,2,3,4\n", none, "train.csv:2: 4 fields where the header has 5; quote fields that contain ','"},
        {"a,b\n1,2\n\n3,4\n", none, "train.csv:3: line 3 is empty; remove it"},
        {"a,b\n1,\"2\n3,4\n", none, "train.csv:2:2: this quote is never closed"},
        {"age,b\n1,2\n,3\n", none,
         "train.csv:3: column \"age\" is empty; --impute mean fills it, --ignore age leaves the column out"},
        {"age,b\nNA,3\n",
         {.missing = LIST("NA")},
         "train.csv:2: column \"age\" is 'NA', a missing value; --impute mean "
         "fills it, --ignore age leaves the column out"},
        {"age,b\n?,3\n", none,
         "train.csv:2:1: '?' in column \"age\" is not a number; if it means a missing value: --missing ?"},
        {"bill,b\n\"39,1\",2\n", none,
         "train.csv:2: \"39,1\" in column \"bill\" is not a number; for decimal commas: "
         "--decimal , --delimiter ';'"},
        {"a;b\n1;2\n", none, "train.csv: the header is one field and contains ';'; say --delimiter ';'"},
        {"a\tb\n1\t2\n", none, "train.csv: the header is one field and contains a tab; say --delimiter tab"},
        {"2,8\n3,4\n", none,
         "train.csv:1: the header has the number '2' as a name; for a file without header: "
         "--no-header; if it is a name: --header"},
        {"id,a,id\n1,2,3\n", none, "train.csv:1: two columns are called \"id\" (1 and 3); rename one"},
        {",a\n1,2\n", none, "train.csv:1: column 1 has no name (row numbers of a spreadsheet?); --ignore 1"},
        {"species,a\nx,1\n", {.label = "specis"}, "no column \"specis\" in train.csv; did you mean \"species\"?"},
        {"species,a\nx,1\n", {.label = "zzz"}, "no column \"zzz\" in train.csv (2 columns: species, a)"},
        {"a,b\n", none, "train.csv: has a header and no rows; if the first line is a row: --no-header"},
        {"age\n1\n", {.like = both}, "train.csv has no column \"fare\", which the model needs"},
        {"b\n1\n", {.like = both}, "train.csv has no column \"age\", which the model needs (it also lacks: \"fare\")"},
        {"age,fare\n1,2\n",
         {.like = both, .ignored = LIST("age")},
         "train.csv: column \"age\" is two things: a column of the model and --ignore; leave it out of one of them"},
        {"age,b\n1,2\n",
         {.ignored = LIST("age"), .categorical = LIST("age")},
         "train.csv: column \"age\" is two things: --ignore and --categorical; leave it out of one of them"},
        {"age,b\n1,2\n",
         {.ignored = LIST("age", "age")},
         "train.csv: column \"age\" is named twice by --ignore; name it once"},
        {"age,fare,b\n1,2,3\n",
         {.like = both, .numeric = LIST("b")},
         "the model has no column \"b\", which is a feature by the option --numeric; leave it out there"},
        {"a\n1\n", {.delimiter = "ab"}, "--delimiter: 'ab' is not one character such as ',', ';' or '|', or tab"},
        {"a\n1\n", {.decimal = "x"}, "--decimal: 'x' is not '.' or ','"},
        {"a\n1\n",
         {.decimal = ","},
         "--decimal and the delimiter are both ','; for numbers such as 3,5: --decimal , "
         "--delimiter ';'"},
        {"a\n1\n", {.label = "a", .targets = LIST("a")}, "--label and --targets are both given; give one of them"},
        {"a\n1\n", {.header = true, .no_header = true}, "--header and --no-header are both given; give one of them"},
        {"a,l\n1,\n", {.label = "l"}, "train.csv:2: column \"l\" is empty; each row must have a label"},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        nn_dataset *set = nn_dataset_open(NULL);
        ck_assert_int_ne(read_text(set, cases[i].text, &cases[i].options), AD_OK);
        ck_assert_str_eq(nn_dataset_message(set), cases[i].message);
        nn_dataset_close(set);
    }
}
END_TEST

/* The two columns that are the label by `like` and by the option. */
START_TEST(two_labels_are_refused)
{
    const nn_column like[] = {{.name = "a"}, {.name = "l", .kind = NN_COLUMN_LABEL}};
    const nn_csv_options o = {.like = {like, 2}, .label = "m"};
    nn_dataset *set = nn_dataset_open(NULL);
    ck_assert_int_eq(read_text(set, "a,l,m\n1,x,y\n", &o), AD_BAD_VALUE);
    ck_assert_str_eq(nn_dataset_message(set), "train.csv: two columns are the label: \"l\" (a column of the model) and "
                                              "\"m\" (--label); name the same one, or ignore one");
    nn_dataset_close(set);
}
END_TEST

START_TEST(notes_have_the_form)
{
    const nn_column like[] = {{.name = "a"}};
    const struct {
        const char *text;
        nn_csv_options options;
        const char *notes;
    } cases[] = {
        {"a,b\n1,2\n", {.like = {like, 1}}, "train.csv: left out are columns that the model does not have: \"b\""},
        {"a,c\n1,3\n1,4\n1,5\n1,x\n",
         {.categorical = LIST("auto")},
         "train.csv: column \"c\" is a category, though 3 of its 4 levels are numbers; if the others mean missing "
         "values, name them in --missing"},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        nn_dataset *set = nn_dataset_open(NULL);
        ck_assert_int_eq(read_text(set, cases[i].text, &cases[i].options), AD_OK);
        ck_assert_str_eq(nn_dataset_notes(set), cases[i].notes);
        nn_dataset_close(set);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_form, unset_form);
    tcase_add_test(tests, tables_are_refused);
    tcase_add_test(tests, two_labels_are_refused);
    tcase_add_test(tests, notes_have_the_form);
}

int main(void) { return run_in_folder("option_form_tables", add_tests); }
