/* Tables as text: what is refused, word by word, and what does no harm. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../support/check.h"
#include "../support/tables.h"

#define LIST(...)                                                                                                      \
    {                                                                                                                  \
        (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)                \
    }

typedef struct wrong_text {
    const char *text, *message;
} wrong_text;

static void refuse_all(const wrong_text *cases, int n, const nn_csv_options *options)
{
    for (int i = 0; i < n; i++)
        expect_refused(cases[i].text, options, AD_BAD_FILE, cases[i].message);
}

/* ---- The form ---------------------------------------------------------------------------------------------------- */

START_TEST(wrong_forms_are_refused)
{
    static const wrong_text cases[] = {
        {"a,b\n1,\"2\n3,4\n", "train.csv:2:2: this quote is never closed"},
        {"a,b\n1,2\n\"\n\n", "train.csv:3:1: this quote is never closed"},
        {"a,b\n\"x\ny\",\"", "train.csv:3:2: this quote is never closed"},
        {"a,b\n1,\"2\"\"", "train.csv:2:2: this quote is never closed"},
        {"\"", "train.csv:1:1: this quote is never closed"},
        {"a,b\n\"1\"x,2\n", "train.csv:2:1: text follows the closing quote; write a quote within quotes twice"},
        {"a,b\n1,\"2\" \n", "train.csv:2:2: text follows the closing quote; write a quote within quotes twice"},
        {"a,b,c,d,e\n1,2,3,4,5\n1,2,3,4\n",
         "train.csv:3: 4 fields where the header has 5; quote fields that contain ','"},
        {"a,b\n1\n", "train.csv:2: 1 field where the header has 2; quote fields that contain ','"},
        {"a\n1,5\n", "train.csv:2: 2 fields where the header has 1; quote fields that contain ','"},
        {"\"a\nc\",b\n1,2\n1,2,3\n", "train.csv:4: 3 fields where the header has 2; quote fields that contain ','"},
        {"a,b\n1,2\n\n3,4\n", "train.csv:3: line 3 is empty; remove it"},
        {"a,b\r\n1,2\r\n\r\n\r\n3,4\r\n", "train.csv:3: line 3 is empty; remove it"},
        {"\na,b\n1,2\n", "train.csv:1: line 1 is empty; remove it"},
        {"a\n1\n\n2\n", "train.csv:3: line 3 is empty; remove it"},
        {"a,b\n1,2\r3,4\n", "train.csv:2:2: a carriage return stands here without a line feed; save the file with line "
                            "ends LF or CRLF, and quote fields that contain one"},
        {"a,b\n1,\xe9\n",
         "train.csv:2:2: this field is not UTF-8; save the file as UTF-8, for instance: iconv -f WINDOWS-1252 -t UTF-8"},
        {"a,\"\xe9\"\n1,2\n",
         "train.csv:1:2: this field is not UTF-8; save the file as UTF-8, for instance: iconv -f WINDOWS-1252 -t UTF-8"},
        {"a,b\n\xc0\xaf,1\n",
         "train.csv:2:1: this field is not UTF-8; save the file as UTF-8, for instance: iconv -f WINDOWS-1252 -t UTF-8"},
        {"a,b\n\xed\xa0\x80,1\n",
         "train.csv:2:1: this field is not UTF-8; save the file as UTF-8, for instance: iconv -f WINDOWS-1252 -t UTF-8"},
        {"a,b\n\xe0\x9f\x80,1\n",
         "train.csv:2:1: this field is not UTF-8; save the file as UTF-8, for instance: iconv -f WINDOWS-1252 -t UTF-8"},
        {"a,b\n\xf0\x8f\x80\x80,1\n",
         "train.csv:2:1: this field is not UTF-8; save the file as UTF-8, for instance: iconv -f WINDOWS-1252 -t UTF-8"},
        {"a,b\n\xf4\x90\x80\x80,1\n",
         "train.csv:2:1: this field is not UTF-8; save the file as UTF-8, for instance: iconv -f WINDOWS-1252 -t UTF-8"},
        {"a,b\n\xe2\x82,1\n",
         "train.csv:2:1: this field is not UTF-8; save the file as UTF-8, for instance: iconv -f WINDOWS-1252 -t UTF-8"},
        {"a,b\n1,\xe2\x82",
         "train.csv:2:2: this field is not UTF-8; save the file as UTF-8, for instance: iconv -f WINDOWS-1252 -t UTF-8"},
        {"", "train.csv: is empty; give a FILE that stands where its data begin"},
        {"\n", "train.csv: has no header and no rows; give a table"},
        {"\xef\xbb\xbf", "train.csv: has no header and no rows; give a table"},
        {"a,b\n", "train.csv: has a header and no rows; if the first line is a row: no_header=true"},
        {"a", "train.csv: has a header and no rows; if the first line is a row: no_header=true"},
        {"a,b\r\n\r\n", "train.csv: has a header and no rows; if the first line is a row: no_header=true"},
    };
    refuse_all(cases, COUNT(cases), NULL);
    expect_refused("1,2\n3\n", &(nn_csv_options){.no_header = true}, AD_BAD_FILE,
                   "train.csv:2: 1 field where the first record has 2; quote fields that contain ','");
    expect_refused("a\tb\n1\n", &(nn_csv_options){.delimiter = "tab"}, AD_BAD_FILE,
                   "train.csv:2: 1 field where the header has 2; quote fields that contain a tab");
}
END_TEST

START_TEST(bytes_that_are_no_text_are_refused)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *message;
    } cases[] = {
        {"a,b\n1,2\0\n", 9, "train.csv:2:2: this field has a byte 0; save the file as text in UTF-8"},
        {"\0", 1, "train.csv:1:1: this field has a byte 0; save the file as text in UTF-8"},
        {"a,\"b\0\"\n1,2\n", 11, "train.csv:1:2: this field has a byte 0; save the file as text in UTF-8"},
        {"\xff\xfe"
         "a\0,\0b\0\n\0",
         10, "train.csv:1:1: this field has a byte 0; save the file as text in UTF-8"},
    };
    nn_dataset *set = nn_dataset_open(NULL);
    for (int i = 0; i < COUNT(cases); i++) {
        ck_assert_int_eq(read_bytes(set, cases[i].bytes, cases[i].n, NULL), AD_BAD_FILE);
        ck_assert_str_eq(nn_dataset_message(set), cases[i].message);
    }
    for (int byte = 0; byte < 256; byte++) /* a file of one byte */
        ck_assert_int_eq(read_bytes(set, &(char){(char)byte}, 1, &(nn_csv_options){.header = true}), AD_BAD_FILE);
    nn_dataset_close(set);
}
END_TEST

/* ---- Values ------------------------------------------------------------------------------------------------------ */

START_TEST(wrong_numbers_are_refused)
{
    static const wrong_text cases[] = {
        {"x,y,age\n1,2,3\n1,2,abc\n", "train.csv:3:3: 'abc' in column \"age\" is not a number; if the column holds "
                                      "categories: categorical=age"},
        {"x,\"last, first\"\n1,a\x1b[2J\n",
         "train.csv:2:2: 'a\\x1b[2J' in column \"last, first\" is not a number; if the "
         "column holds categories: categorical=\"last, first\""},
        {"age\n\"2\nlines\"\n", "train.csv:2:1: '2\\x0alines' in column \"age\" is not a number; if the column holds "
                                "categories: categorical=age"},
        {"x,age\n\"2\",\"\n\"\n", "train.csv:2:2: '\\x0a' in column \"age\" is not a number; if the column holds "
                                  "categories: categorical=age"},
        {"age\n1234567890123456789012345678901234567890abc\n",
         "train.csv:2:1: '1234567890123456789012345678901234567890..' in column \"age\" is not a number; if the column "
         "holds categories: categorical=age"},
        {"age\n1.2.3\n",
         "train.csv:2:1: '1.2.3' in column \"age\" is not a number; if the column holds categories: categorical=age"},
        {"age\nnan\n",
         "train.csv:2:1: 'nan' in column \"age\" is not a number; if it means a missing value: missing=nan"},
        {"age,b\n?,1\n",
         "train.csv:2:1: '?' in column \"age\" is not a number; if it means a missing value: missing=?"},
        {"age\n0x10\n",
         "train.csv:2:1: '0x10' in column \"age\" is not a number; if the column holds categories: categorical=age"},
        {"age\n-\n", "train.csv:2:1: '-' in column \"age\" is not a number; if it means a missing value: missing=-"},
        {"a,age\n1, 2\n",
         "train.csv:2:2: ' 2' in column \"age\" is not a number, because blanks belong to a field; remove them"},
        {"a,age\n1,2\t\n",
         "train.csv:2:2: '2\\x09' in column \"age\" is not a number, because blanks belong to a field; remove them"},
        {"age\n1e309\n", "train.csv:2:1: '1e309' in column \"age\" is too large for f64; give the column another unit"},
        {"age\n-1e309\n",
         "train.csv:2:1: '-1e309' in column \"age\" is too large for f64; give the column another unit"},
        {"bill\n\"39,1\"\n",
         "train.csv:2: \"39,1\" in column \"bill\" is not a number; for decimal commas: decimal=\",\" delimiter=;"},
    };
    refuse_all(cases, COUNT(cases), NULL);
    expect_refused("a;bill\n1;39,1\n", &(nn_csv_options){.delimiter = ";"}, AD_BAD_FILE,
                   "train.csv:2: \"39,1\" in column \"bill\" is not a number; for decimal commas: decimal=\",\"");
    expect_refused("a;bill\n1;39.1\n", &(nn_csv_options){.delimiter = ";", .decimal = ","}, AD_BAD_FILE,
                   "train.csv:2: \"39.1\" in column \"bill\" is not a number; for decimal points: decimal=.");
    expect_refused("age\n3.4028235677973366e38\n", &(nn_csv_options){.as_f32 = true}, AD_BAD_FILE,
                   "train.csv:2:1: '3.4028235677973366e38' in column \"age\" is too large for f32; give the column "
                   "another unit");
    expect_refused("age\n5\nx\n", &(nn_csv_options){.numeric = LIST("age")}, AD_BAD_FILE,
                   "train.csv:3:1: 'x' in column \"age\" is not a number");
    expect_refused("a,t\n5,x\n", &(nn_csv_options){.targets = LIST("t")}, AD_BAD_FILE,
                   "train.csv:2:2: 'x' in column \"t\" is not a number");
}
END_TEST

START_TEST(missing_values_are_refused)
{
    const wrong_text features[] = {
        {"a,age\n1,2\n3,\n", "train.csv:3: column \"age\" is empty; keep_missing=true with impute=mean fills it, "
                             "ignored=age leaves the column out"},
        {"a,age\n1,?\n",
         "train.csv:2: column \"age\" is '?', a missing value; keep_missing=true with impute=mean fills "
         "it, ignored=age leaves the column out"},
    };
    const nn_csv_options plain = {.missing = LIST("?")};
    refuse_all(features, COUNT(features), &plain);
    const nn_csv_options categories = {.missing = LIST("?"), .categorical = LIST("age")};
    refuse_all(features, COUNT(features), &categories);
    const nn_csv_options open = {.missing = LIST("?"), .categorical = LIST("auto")};
    refuse_all(features, COUNT(features), &open);
    expect_refused("a,b\n1,\n", &(nn_csv_options){.label = "b", .keep_missing = true}, AD_BAD_FILE,
                   "train.csv:2: column \"b\" is empty; each row must have a label");
    expect_refused("a,b\n1,NA\n", &(nn_csv_options){.targets = LIST("b"), .keep_missing = true, .missing = LIST("NA")},
                   AD_BAD_FILE, "train.csv:2: column \"b\" is 'NA', a missing value; each row must have a target");
    expect_refused("a,b\n1,\n", &(nn_csv_options){.weight = "b", .keep_missing = true}, AD_BAD_FILE,
                   "train.csv:2: column \"b\" is empty; each row must have a weight");
}
END_TEST

START_TEST(wrong_weights_are_refused)
{
    const nn_csv_options options = {.weight = "w"};
    const wrong_text cases[] = {
        {"a,w\n1,2\n1,-0.5\n", "train.csv:3:2: '-0.5' in column \"w\" is a weight below 0; weights are at least 0"},
        {"a,w\n1,inf\n", "train.csv:2:2: 'inf' in column \"w\" is not a number"},
        {"a,w\n1,1e999\n", "train.csv:2:2: '1e999' in column \"w\" is too large for f64; give the column another unit"},
    };
    refuse_all(cases, COUNT(cases), &options);
}
END_TEST

/* 65,536 levels are a category, and one more is an error, at its line. */
START_TEST(too_many_levels_are_refused)
{
    enum { MOST = 65536 };
    char *text = malloc((size_t)MOST * 12);
    size_t n = (size_t)sprintf(text, "a,b\n");
    for (int i = 0; i < MOST; i++)
        n += (size_t)sprintf(text + n, "t%d,1\n", i);
    const nn_csv_options given = {.categorical = LIST("a")}, open = {.categorical = LIST("auto")};
    for (int k = 0; k < 2; k++) {
        nn_dataset *set = table(text, k ? &open : &given);
        ck_assert_uint_eq(nn_dataset_data(set).schema.at[0].levels.n, MOST);
        nn_dataset_close(set);
    }
    sprintf(text + n, "x,1\n");
    for (int k = 0; k < 2; k++)
        expect_refused(text, k ? &open : &given, AD_BAD_FILE,
                       "train.csv:65538: column \"a\" has more than 65536 different values, the most that a category "
                       "may have; if it names rows: ids=a, else ignored=a leaves it out");
    free(text);
}
END_TEST

/* ---- Files ------------------------------------------------------------------------------------------------------- */

static void expect_path(const char *path, ad_status status, const char *part)
{
    nn_dataset *set = nn_dataset_open(NULL);
    ck_assert_int_eq(nn_dataset_read_csv(set, path, NULL), status);
    ck_assert_msg(strstr(nn_dataset_message(set), part) != NULL, "%s", nn_dataset_message(set));
    nn_dataset_close(set);
}

START_TEST(what_is_no_table_is_refused)
{
    static file_bytes b, packed;
    b.n = 0;
    put_text(&b, "a,b\n1,2\n3,4\n");
    gzip_bytes(&b, &packed);
    mkdir(path_in_folder("folder.csv"), 0700);
    expect_path(path_in_folder("folder.csv"), AD_BAD_FILE, "folder.csv: is a directory; give the path of a file in it");
    rmdir(path_in_folder("folder.csv"));
    expect_path(path_in_folder("none.csv"), AD_BAD_FILE, "none.csv: No such file or directory");
    expect_path(save_first("empty.csv", &b, 0), AD_BAD_FILE, "empty.csv: is empty; make or copy it again");
    expect_path("/dev/null", AD_BAD_FILE, "is not a regular file");
    for (size_t n = 1; n < packed.n; n++)
        expect_path(save_first("cut.csv.gz", &packed, n), AD_BAD_FILE, "cut.csv.gz");
    packed.at[packed.n - 6] ^= 1; /* the checksum */
    expect_path(save_bytes("sum.csv.gz", &packed), AD_BAD_FILE, "sum.csv.gz: corrupt: gzip's data is wrong");
    expect_path(NULL, AD_BAD_VALUE, "nn_dataset_read_csv: path is NULL; give the path of a table");
    ck_assert_int_eq(nn_dataset_read_csv(NULL, "x", NULL), AD_BAD_HANDLE);
    ck_assert_int_eq(nn_dataset_read_csv_stream(NULL, (nn_stream){stdin, NULL}, NULL), AD_BAD_HANDLE);
    nn_dataset *set = nn_dataset_open(NULL);
    ck_assert_int_eq(nn_dataset_read_csv_stream(set, (nn_stream){NULL, "x"}, NULL), AD_BAD_VALUE);
    ck_assert_str_eq(nn_dataset_message(set),
                     "nn_dataset_read_csv_stream: there is no FILE; give one that is open for reading");
    nn_dataset_close(set);
}
END_TEST

/* Each prefix is read or refused, and with each of its bytes replaced too. */
static const char small[] = "\xef\xbb\xbfname,\"x\"\"y\",c,w,y\r\n\"a,\n\"\"b\"\"\",1.5e3,r\xc3\xa9"
                            "d,1,\"yes\"\r\nq,?,,0,no\n,-7,\"\",2,no";

START_TEST(prefixes_do_no_harm)
{
    static const char bytes[] = {0, '"', '\n', '\r', ',', '\xff', '9', ' '};
    const nn_csv_options options = {.label = "y",
                                    .weight = "w",
                                    .ids = LIST("name"),
                                    .categorical = LIST("auto"),
                                    .missing = LIST("?"),
                                    .keep_missing = true,
                                    .as_f32 = _i};
    char changed[sizeof small];
    counting memory;
    int well = 0;
    counting_open(&memory);
    nn_dataset *set = nn_dataset_open(&(nn_dataset_options){.allocator = &memory.allocator});
    for (size_t n = 1; n < sizeof small; n++) {
        const ad_status status = read_bytes(set, small, n, &options);
        well += status == AD_OK;
        ck_assert(status == AD_OK || status == AD_BAD_FILE || status == AD_BAD_VALUE);
        ck_assert(status == AD_OK || strstr(nn_dataset_message(set), "train.csv"));
    }
    ck_assert_int_ge(well, 3);
    for (size_t at = 0; at + 1 < sizeof small; at++)
        for (int k = 0; k < COUNT(bytes); k++) {
            memcpy(changed, small, sizeof small);
            changed[at] = bytes[k];
            const ad_status status = read_bytes(set, changed, sizeof small - 1, &options);
            ck_assert(status == AD_OK || status == AD_BAD_FILE || status == AD_BAD_VALUE);
        }
    nn_dataset_close(set);
    counting_check_released(&memory);
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

static bool read_with_failure(size_t k, counting_failure failure, const nn_csv_options *options, const char *text)
{
    counting memory;
    counting_open(&memory);
    nn_dataset *set = nn_dataset_open(&(nn_dataset_options){.allocator = &memory.allocator});
    ck_assert_int_eq(read_text(set, "held\n17\n", NULL), AD_OK);
    counting_fail(&memory, k, failure);
    const size_t refused = memory.refused;
    const ad_status status = read_text(set, text, options);
    const bool failed = memory.refused > refused;
    ck_assert_int_eq(status, failed ? AD_NO_MEMORY : AD_OK);
    if (failed) {
        ck_assert_msg(strstr(nn_dataset_message(set), "train.csv:") && strstr(nn_dataset_message(set), "memory is out"),
                      "%s", nn_dataset_message(set));
        ck_assert(*(const double *)nn_dataset_data(set).features == 17);
    }
    nn_dataset_close(set);
    counting_check_released(&memory);
    return failed;
}

START_TEST(every_allocation_may_fail)
{
    const char *const colours[] = {"red", "green"};
    const nn_column columns[] = {{.name = "c", .kind = NN_COLUMN_CATEGORY, .levels = {colours, 2}},
                                 {.name = "x\"y", .kind = NN_COLUMN_NUMBER}};
    const nn_csv_options all[] = {{.label = "y",
                                   .weight = "w",
                                   .ids = LIST("name"),
                                   .categorical = LIST("auto"),
                                   .missing = LIST("?"),
                                   .keep_missing = true},
                                  {.like = NN_SCHEMA(columns), .missing = LIST("?"), .keep_missing = true},
                                  {.targets = LIST("w"),
                                   .ignored = LIST("y"),
                                   .categorical = LIST("name", "c"),
                                   .keep_missing = true,
                                   .missing = LIST("?")},
                                  {.ids = LIST("name", "c"), .label = "y", .keep_missing = true, .missing = LIST("?")}};
    size_t k = 1;
    while (read_with_failure(k, _i % 2 ? COUNTING_FOR_GOOD : COUNTING_ONCE, &all[_i / 2], small))
        k++;
    ck_assert_uint_ge(k, 15);
    counting_print_refused(k - 1, "a table as text");
}
END_TEST

/* A text that does not fit into memory: the message asks for the quote. */
START_TEST(a_record_may_be_too_long_for_memory)
{
    enum { LONG = 1 << 21 };
    char *text = malloc(LONG + 20);
    sprintf(text, "a,b\n1,2\n\"");
    memset(text + 9, 'x', LONG);
    strcpy(text + 9 + LONG, "\n");
    counting memory;
    counting_open(&memory);
    memory.limit = 1 << 20;
    nn_dataset *set = nn_dataset_open(&(nn_dataset_options){.allocator = &memory.allocator});
    ck_assert_int_eq(read_text(set, text, NULL), AD_NO_MEMORY);
    ck_assert_str_eq(nn_dataset_message(set),
                     "train.csv:3: memory is out: 1048577 bytes are needed for this record; is "
                     "a quote in it never closed?");
    nn_dataset_close(set);
    counting_check_released(&memory);
    free(text);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, wrong_forms_are_refused);
    tcase_add_test(tests, bytes_that_are_no_text_are_refused);
    tcase_add_test(tests, wrong_numbers_are_refused);
    tcase_add_test(tests, missing_values_are_refused);
    tcase_add_test(tests, wrong_weights_are_refused);
    tcase_add_test(tests, too_many_levels_are_refused);
    tcase_add_test(tests, what_is_no_table_is_refused);
    tcase_add_loop_test(tests, prefixes_do_no_harm, 0, 2);
    tcase_add_loop_test(tests, every_allocation_may_fail, 0, 8);
    tcase_add_test(tests, a_record_may_be_too_long_for_memory);
}

int main(void) { return run_in_folder("errors of tables as text", add_tests); }
