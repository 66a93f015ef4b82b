/* LIBSVM's text, read and refused. What scikit-learn reads from the same bytes is in golden/libsvm.txt. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/data.h>

#include "../support/check.h"
#include "../support/data_files.h"

static const char *save_text(const char *name, const char *text)
{
    static file_bytes b;
    b.n = 0;
    put_text(&b, text);
    return save_bytes(name, &b);
}

static nn_data read_text(nn_dataset *set, const char *text, int64_t columns)
{
    ad_status status = nn_dataset_read_libsvm(set, save_text("a.svm", text), columns);
    ck_assert_msg(status == AD_OK, "%s", nn_dataset_message(set));
    ck_assert_str_eq(nn_dataset_message(set), "");
    nn_data data = nn_dataset_data(set);
    ck_assert_int_eq(data.element, NN_F32);
    ck_assert_int_eq(data.target_element, NN_F64);
    ck_assert_int_eq(data.n_targets, 1);
    ck_assert_ptr_null(data.label_texts);
    ck_assert_ptr_null(data.weights);
    return data;
}

static void check_row(nn_data data, int64_t row, double target, const float *features)
{
    ck_assert_double_eq(((const double *)data.targets)[row], target);
    for (int64_t j = 0; j < data.columns; j++)
        ck_assert_float_eq(((const float *)data.features)[row * data.columns + j], features[j]);
}

#define ROW(...) ((const float[]){__VA_ARGS__})

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

START_TEST(lines_are_rows)
{
    nn_dataset *set = nn_dataset_open(NULL);
    nn_data data = read_text(set, "+1 1:0.5 3:-2e-1\n-1 2:1\n", 0);
    ck_assert_int_eq(data.rows, 2);
    ck_assert_int_eq(data.columns, 3);
    check_row(data, 0, 1, ROW(0.5F, 0, -0.2F));
    check_row(data, 1, -1, ROW(0, 1, 0));
    ck_assert_int_eq(data.labels[0], 1);
    ck_assert_int_eq(data.labels[1], -1);
    nn_dataset_close(set);
}
END_TEST

/* What stands around words and lines changes nothing. */
static const char *const same_texts[] = {
    "3 1:4 2:5\n7 2:6\n",
    "3 1:4 2:5\n7 2:6",
    "3 1:4 2:5\r\n7 2:6\r\n",
    "3 1:4 2:5\r\n7 2:6\r",
    "\n\n3 1:4 2:5\n\n   \n\t\n7 2:6\n\n",
    "\r\n3 1:4 2:5\r\n\r\n7 2:6\r\n\r\n",
    "# of two rows\n3 1:4 2:5 # the first\n#7 9:9\n7 2:6# the second\n # the end",
    "  3\t1:4   2:5 \t \n 7   2:6  ",
    "3 1:4 2:5#\n7 2:6 # 3:x",
    "3.0 01:4.0 2:5e0\n7 0002:.6e1\n",
    "+3 1:+4 2:5\n7e0 1:-0 2:6.",
};

START_TEST(blanks_and_comments_change_nothing)
{
    nn_dataset *set = nn_dataset_open(NULL);
    nn_data data = read_text(set, same_texts[_i], 0);
    ck_assert_int_eq(data.rows, 2);
    ck_assert_int_eq(data.columns, 2);
    check_row(data, 0, 3, ROW(4, 5));
    check_row(data, 1, 7, ROW(0, 6));
    ck_assert_int_eq(data.labels[0], 3);
    ck_assert_int_eq(data.labels[1], 7);
    nn_dataset_close(set);
}
END_TEST

typedef struct label_case {
    const char *label;
    bool is_label;
} label_case;

static const label_case label_cases[] = {
    {"2147483647", true}, {"-2147483648", true}, {"2147483648", false}, {"-2147483649", false}, {"0.5", false},
    {"-0", true},         {"1e3", true},         {"1e300", false},      {"2.0", true},          {"1e-300", false},
};

/* One label that i32 does not hold, and all are targets only. */
START_TEST(labels_are_whole_numbers_or_targets)
{
    char text[100];
    const label_case *c = &label_cases[_i];
    nn_dataset *set = nn_dataset_open(NULL);
    for (int i = 0; i < 2; i++) {
        snprintf(text, sizeof text, i ? "%s 1:1\n5 1:2\n" : "5 1:2\n%s 1:1\n", c->label);
        nn_data data = read_text(set, text, 0);
        ck_assert_double_eq(((const double *)data.targets)[1 - i], strtod(c->label, NULL));
        ck_assert_double_eq(((const double *)data.targets)[i], 5);
        ck_assert_int_eq(data.labels != NULL, c->is_label);
        if (data.labels) {
            ck_assert_int_eq(data.labels[1 - i], (int32_t)strtod(c->label, NULL));
            ck_assert_int_eq(data.labels[i], 5);
        }
    }
    nn_dataset_close(set);
}
END_TEST

START_TEST(columns_may_be_more_than_the_file_names)
{
    nn_dataset *set = nn_dataset_open(NULL);
    nn_data data = read_text(set, "1 2:3\n", 2);
    ck_assert_int_eq(data.columns, 2);
    data = read_text(set, "1 2:3\n4\n", 5);
    ck_assert_int_eq(data.columns, 5);
    check_row(data, 0, 1, ROW(0, 3, 0, 0, 0));
    check_row(data, 1, 4, ROW(0, 0, 0, 0, 0));
    data = read_text(set, "1\n2\n", 1);
    ck_assert_int_eq(data.columns, 1);
    check_row(data, 1, 2, ROW(0));
    nn_dataset_close(set);
}
END_TEST

/* The nearest f32 of the nearest f64. */
START_TEST(values_are_f32)
{
    nn_dataset *set = nn_dataset_open(NULL);
    nn_data data = read_text(set, "1 1:0.1 2:3.4028234663852886e38 3:1e-46 4:-3.4028234663852886e38 5:16777217", 0);
    check_row(data, 0, 1, ROW(0.1F, FLT_MAX, 0, -FLT_MAX, 16777216));
    nn_dataset_close(set);
}
END_TEST

/* Many lines, some longer than a chunk, plain and gzipped, from a path and from a FILE that stands in its middle. */
START_TEST(long_files_are_read_in_chunks)
{
    enum { ROWS = 3000, COLUMNS = 200 };
    counting memory;
    counting_open(&memory);
    nn_dataset *set = nn_dataset_open(&(nn_dataset_options){.allocator = &memory.allocator});
    const char *path = path_in_folder("long.svm");
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    fputs("not a label\n", file);
    const long begin = ftell(file);
    for (int i = 0; i < ROWS; i++) {
        fprintf(file, "%d", i);
        for (int j = 1; j <= COLUMNS; j += 1 + i % 7)
            fprintf(file, " %d:%d.25", j, i * j);
        fprintf(file, i % 1000 == 0 ? " # %100000d\n" : "\n", 0);
    }
    fclose(file);
    file = fopen(path, "rb");
    ck_assert_int_eq(fseek(file, begin, SEEK_SET), 0);
    ad_status status = nn_dataset_read_libsvm_stream(set, (nn_stream){file, "f"}, 0);
    ck_assert_msg(status == AD_OK, "%s", nn_dataset_message(set));
    fclose(file);
    nn_data data = nn_dataset_data(set);
    ck_assert_int_eq(data.rows, ROWS);
    ck_assert_int_eq(data.columns, COLUMNS);
    for (int i = 0; i < ROWS; i++) {
        ck_assert_int_eq(data.labels[i], i);
        for (int j = 0; j < COLUMNS; j++)
            ck_assert_float_eq(((const float *)data.features)[i * COLUMNS + j],
                               j % (1 + i % 7) == 0 ? (float)(i * (j + 1)) + 0.25F : 0);
    }
    nn_dataset_close(set);
    counting_check_released(&memory);
}
END_TEST

START_TEST(gzip_is_read)
{
    static file_bytes plain, packed;
    nn_dataset *set = nn_dataset_open(NULL);
    plain.n = packed.n = 0;
    put_text(&plain, "1 1:2\n3 2:4\n");
    gzip_bytes(&plain, &packed);
    save_bytes("packed.svm.gz", &packed);
    ck_assert_int_eq(nn_dataset_read_libsvm(set, path_in_folder("packed.svm"), 0), AD_OK);
    check_row(nn_dataset_data(set), 1, 3, ROW(0, 4));
    nn_dataset_close(set);
}
END_TEST

/* ---- As scikit-learn --------------------------------------------------------------------------------------------- */

/* golden/make_libsvm.py says what the lines are. */
static void read_golden_bytes(FILE *golden, file_bytes *b)
{
    unsigned byte;
    b->n = 0;
    while (fscanf(golden, "%2x", &byte) == 1)
        put_number(b, byte, 1);
    ck_assert_int_eq(fscanf(golden, " ."), 0);
}

START_TEST(reads_what_scikit_learn_reads)
{
    static file_bytes b;
    char path[4096];
    int files = 0;
    long long rows, columns, many;
    snprintf(path, sizeof path, "%s/libsvm.txt", getenv("GRADTAPE_GOLDEN_DIR"));
    FILE *golden = fopen(path, "r");
    ck_assert_ptr_nonnull(golden);
    ck_assert_ptr_nonnull(fgets(path, sizeof path, golden)); /* who made it */
    nn_dataset *set = nn_dataset_open(NULL);
    for (; fscanf(golden, " file %lld %lld %lld", &rows, &columns, &many) == 3; files++) {
        read_golden_bytes(golden, &b);
        ad_status status = nn_dataset_read_libsvm(set, save_bytes("golden.svm", &b), 0);
        ck_assert_msg(status == AD_OK, "%s", nn_dataset_message(set));
        nn_data data = nn_dataset_data(set);
        ck_assert_int_eq(data.rows, rows);
        ck_assert_int_eq(data.columns, columns);
        double number;
        for (long long i = 0; i < rows; i++) {
            ck_assert_int_eq(fscanf(golden, "%la", &number), 1);
            ck_assert_double_eq(((const double *)data.targets)[i], number);
        }
        long long found = 0, row, column;
        for (long long i = 0; i < rows * columns; i++)
            found += ((const float *)data.features)[i] != 0;
        ck_assert_int_eq(found, many);
        for (long long i = 0; i < many; i++) {
            ck_assert_int_eq(fscanf(golden, "%lld %lld %la", &row, &column, &number), 3);
            ck_assert_double_eq((double)((const float *)data.features)[row * columns + column], number);
        }
    }
    ck_assert_int_ge(files, 100);
    fclose(golden);
    nn_dataset_close(set);
}
END_TEST

/* ---- Refusing ---------------------------------------------------------------------------------------------------- */

typedef struct wrong_case {
    const char *text, *message; /* the whole of it, behind the path */
    int64_t columns;
} wrong_case;

static const wrong_case wrong_cases[] = {
    {"1 1:2\n\n# 0:\n1 0:1.5 1:2\n", ":4: '0:1.5': indices begin at 1; add 1 to every index of the file", 0},
    {"1 2:1 1:1\n", ":1: '1:1' stands behind index 2; sort the features of each line by index", 0},
    {"1 2:1 0:1\n", ":1: '0:1': indices begin at 1; add 1 to every index of the file", 0},
    {"1 2:1 2:3\n", ":1: '2:3': index 2 is there twice; keep one of them", 0},
    {"1 1:1\n1 1:1 2 3:1\n", ":2: '2' has no colon; write a feature as INDEX:VALUE, for instance 3:0.5", 0},
    {"1 abc\n", ":1: 'abc' has no colon; write a feature as INDEX:VALUE, for instance 3:0.5", 0},
    {"1 x:1\n", ":1: 'x:1': its index is not a whole number; write one from 1 on before the colon", 0},
    {"1 :1\n", ":1: ':1': its index is not a whole number; write one from 1 on before the colon", 0},
    {"1 -1:1\n", ":1: '-1:1': its index is not a whole number; write one from 1 on before the colon", 0},
    {"1 1.5:1\n", ":1: '1.5:1': its index is not a whole number; write one from 1 on before the colon", 0},
    {"1 1:1 2147483648:1\n", ":1: '2147483648:1': its index is larger than 2147483647; number the features from 1 on",
     0},
    {"1 99999999999999999999999:1\n",
     ":1: '99999999999999999999999:1': its index is larger than 2147483647; number the features from 1 on", 0},
    {"1 18446744073709551617:1\n", /* 2^64 + 1 */
     ":1: '18446744073709551617:1': its index is larger than 2147483647; number the features from 1 on", 0},
    {"1 1:\n", ":1: '1:': its value is not a number; write one, for instance 0.5, behind the colon", 0},
    {"1 1: 5\n", ":1: '1:': its value is not a number; write one, for instance 0.5, behind the colon", 0},
    {"1 1:#5\n", ":1: '1:': its value is not a number; write one, for instance 0.5, behind the colon", 0},
    {"1 1:2e\n5", ":1: '1:2e': its value is not a number; write one, for instance 0.5, behind the colon", 0},
    {"1 1:2x 2:1\n", ":1: '1:2x': its value is not a number; write one, for instance 0.5, behind the colon", 0},
    {"1 1:2:3\n", ":1: '1:2:3': its value is not a number; write one, for instance 0.5, behind the colon", 0},
    {"1 1:nan\n", ":1: '1:nan': its value is not a number; write one, for instance 0.5, behind the colon", 0},
    {"1 1:0,5\n", ":1: '1:0,5': its value is not a number; write one, for instance 0.5, behind the colon", 0},
    {"1 1:2\r3\n", ":1: '1:2\\x0d3': its value is not a number; write one, for instance 0.5, behind the colon", 0},
    {"1 1:1e39\n", ":1: '1:1e39': its value does not fit f32; scale the feature down", 0},
    {"1 1:-1e999\n", ":1: '1:-1e999': its value does not fit f32; scale the feature down", 0},
    {"yes 1:1\n", ":1: 'yes' is not a number; begin each line with a label that is one", 0},
    {"1 1:1\n2: 1:1\n", ":2: '2:' stands where the label is expected; begin each line with one, 0 if it is not known",
     0},
    {"1:0.5 2:1\n", ":1: '1:0.5' stands where the label is expected; begin each line with one, 0 if it is not known",
     0},
    {"1,2 1:1\n", ":1: '1,2': several labels of one row are not read; give one number", 0},
    {"nan 1:1\n", ":1: 'nan' is not a number; begin each line with a label that is one", 0},
    {"-1e999 1:1\n", ":1: label '-1e999' is too large for f64; scale the labels down", 0},
    {"\xef\xbb\xbf"
     "1 1:1\n",
     ":1: '\xef\xbb\xbf"
     "1' is not a number; begin each line with a label that is one",
     0},
    {"1 qid:3 1:1\n",
     ":1: 'qid:3': groups of rows for ranking are not supported; take the qid out of each line to learn its label", 0},
    {"1 1:1\n1 4:1\n", ":2: '4:1': columns is 3; set it to the largest index or more, or to 0", 3},
    {"# nothing\n\n", ": has no rows, only blank lines and comments; check the path, or write it again", 0},
    {"1\n2\n", ": no line has a feature; give columns if all are 0", 0},
    {"1 1:1 abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\n",
     ":1: 'abcdefghijklmnopqrstuvwxyzabcdefghijklmn..' has no colon; write a feature as INDEX:VALUE, for instance "
     "3:0.5",
     0},
};

START_TEST(wrong_words_are_named)
{
    const wrong_case *c = &wrong_cases[_i];
    char message[5000], path[4096];
    held_data h;
    hold_data(&h);
    snprintf(path, sizeof path, "%s", save_text("wrong.svm", c->text));
    snprintf(message, sizeof message, "%s%s", path, c->message);
    ck_assert_int_eq(nn_dataset_read_libsvm(h.set, path, c->columns), AD_BAD_FILE);
    ck_assert_str_eq(nn_dataset_message(h.set), message);
    check_kept(&h, AD_BAD_FILE, path, "");
    FILE *file = fopen(path, "rb");
    ck_assert_int_eq(nn_dataset_read_libsvm_stream(h.set, (nn_stream){file, "in"}, c->columns), AD_BAD_FILE);
    snprintf(message, sizeof message, "in%s", c->message);
    ck_assert_str_eq(nn_dataset_message(h.set), message);
    fclose(file);
    let_go(&h);
}
END_TEST

START_TEST(what_is_no_text_is_refused)
{
    static file_bytes b, packed;
    held_data h;
    hold_data(&h);
    b.n = 0;
    put_bytes(&b,
              "1 1:2\n1 1:\0"
              "2\n",
              14);
    ck_assert_int_eq(nn_dataset_read_libsvm(h.set, save_bytes("nul", &b), 0), AD_BAD_FILE);
    check_kept(&h, AD_BAD_FILE, "nul:2: ", "a NUL byte, which text has not; is it a binary file, or UTF-16?");
    b.n = 0;
    ck_assert_int_eq(nn_dataset_read_libsvm(h.set, save_bytes("empty", &b), 0), AD_BAD_FILE);
    check_kept(&h, AD_BAD_FILE, "empty: ", "is empty; check the path, or write it again");
    ck_assert_int_eq(nn_dataset_read_libsvm(h.set, path_in_folder("missing"), 0), AD_BAD_FILE);
    check_kept(&h, AD_BAD_FILE, "missing: ", "No such file or directory");
    put_text(&b, "1 1:2\n2 1:3\n");
    packed.n = 0;
    gzip_bytes(&b, &packed);
    for (size_t n = 1; n < packed.n; n++) {
        ck_assert_int_eq(nn_dataset_read_libsvm(h.set, save_first("cut", &packed, n), 0), AD_BAD_FILE);
        check_kept(&h, AD_BAD_FILE, "cut:", "");
    }
    packed.at[packed.n - 8] ^= 1; /* the checksum */
    ck_assert_int_eq(nn_dataset_read_libsvm(h.set, save_bytes("sum", &packed), 0), AD_BAD_FILE);
    check_kept(&h, AD_BAD_FILE, "sum: ", "corrupt");
    let_go(&h);
}
END_TEST

START_TEST(wrong_arguments_are_refused)
{
    held_data h;
    hold_data(&h);
    const nn_stream none = {.file = NULL};
    FILE *writes = fopen(path_in_folder("w"), "wb");
    ck_assert_int_eq(nn_dataset_read_libsvm(h.set, NULL, 0), AD_BAD_VALUE);
    check_kept(&h, AD_BAD_VALUE, "nn_dataset_read_libsvm: ", "path is NULL; give that of a file");
    ck_assert_int_eq(nn_dataset_read_libsvm(h.set, "x", -1), AD_BAD_VALUE);
    check_kept(&h, AD_BAD_VALUE, "nn_dataset_read_libsvm: ", "columns is -1; give the number of features, or 0");
    ck_assert_int_eq(nn_dataset_read_libsvm_stream(h.set, none, 0), AD_BAD_VALUE);
    check_kept(&h, AD_BAD_VALUE, "nn_dataset_read_libsvm_stream: ", "stream has no FILE; give one");
    ck_assert_int_eq(nn_dataset_read_libsvm_stream(h.set, (nn_stream){writes, "w"}, -1), AD_BAD_VALUE);
    check_kept(&h, AD_BAD_VALUE, "nn_dataset_read_libsvm_stream: ", "columns is -1; give the number");
    ck_assert_int_eq(nn_dataset_read_libsvm_stream(h.set, (nn_stream){writes, "w"}, 0), AD_BAD_FILE);
    check_kept(&h, AD_BAD_FILE, "w: ", "Bad file descriptor; give a FILE that is open for reading");
    ck_assert_int_eq(nn_dataset_read_libsvm(NULL, "x", 0), AD_BAD_HANDLE);
    ck_assert_int_eq(nn_dataset_read_libsvm_stream(NULL, (nn_stream){writes, "w"}, 0), AD_BAD_HANDLE);
    fclose(writes);
    let_go(&h);
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

/* One word may ask for more than there is. */
START_TEST(sizes_are_checked_before_memory_is_taken)
{
    held_data h;
    hold_data(&h);
    h.memory.limit = 1 << 20;
    const char *path = save_text("wide.svm", "1 1:1\n\n1 2147483647:1\n2\n");
    ck_assert_int_eq(nn_dataset_read_libsvm(h.set, path, 0), AD_NO_MEMORY);
    check_kept(&h, AD_NO_MEMORY, "wide.svm: ",
               "memory is out: [3,2147483647] of f32 are 25769803764 bytes; line 3 has the largest index");
    ck_assert_int_eq(nn_dataset_read_libsvm(h.set, path, INT64_MAX), AD_NO_MEMORY);
    check_kept(&h, AD_NO_MEMORY,
               "wide.svm: ", "memory is out: [3,9223372036854775807] of f32 are too many bytes; columns asks for that");
    ck_assert_int_eq(nn_dataset_read_libsvm(h.set, path, INT64_MAX / 4), AD_NO_MEMORY);
    check_kept(&h, AD_NO_MEMORY, "", "of f32 are too many bytes; columns asks for that");
    let_go(&h);
}
END_TEST

/* However long the file is: only as much as a chunk, and the lists. */
START_TEST(lines_come_in_chunks)
{
    counting memory;
    counting_open(&memory);
    nn_dataset *set = nn_dataset_open(&(nn_dataset_options){.allocator = &memory.allocator});
    const char *path = path_in_folder("comments.svm");
    FILE *file = fopen(path, "wb");
    for (int i = 0; i < 10000; i++)
        fprintf(file, "# %100d\n", i);
    fputs("1 1:1", file);
    fclose(file);
    ck_assert_int_eq(nn_dataset_read_libsvm(set, path, 0), AD_OK);
    ck_assert_uint_le(memory.largest, 1 << 16);
    nn_dataset_close(set);
    counting_check_released(&memory);
}
END_TEST

/* Lists and lines that grow, and gzip; with the k-th allocation failing. */
static bool read_with_failure(size_t k, counting_failure failure)
{
    held_data h;
    hold_data(&h);
    counting_fail(&h.memory, k, failure);
    size_t refused = h.memory.refused;
    ad_status status = nn_dataset_read_libsvm(h.set, path_in_folder("some.svm"), 0);
    bool failed = h.memory.refused > refused;
    ck_assert_int_eq(status, failed ? AD_NO_MEMORY : AD_OK);
    if (failed)
        check_kept(&h, AD_NO_MEMORY, ".svm", "memory is out");
    let_go(&h);
    return failed;
}

START_TEST(every_allocation_may_fail)
{
    enum { ROWS = 3000 };
    FILE *file = fopen(path_in_folder("some.svm"), "wb");
    for (int i = 0; i < ROWS; i++)
        fprintf(file, i == 5 ? "%d 1:1 # %70000d\n" : "%d 1:1\n", i, i);
    fclose(file);
    size_t k = 1;
    while (read_with_failure(k, _i ? COUNTING_FOR_GOOD : COUNTING_ONCE))
        k++;
    ck_assert_uint_eq(k, 2 + 3 * 3 + 3 + 1); /* lines, lists, arrays */
    counting_print_refused(k - 1, "LIBSVM");
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, lines_are_rows);
    tcase_add_loop_test(tests, blanks_and_comments_change_nothing, 0, COUNT(same_texts));
    tcase_add_loop_test(tests, labels_are_whole_numbers_or_targets, 0, COUNT(label_cases));
    tcase_add_test(tests, columns_may_be_more_than_the_file_names);
    tcase_add_test(tests, values_are_f32);
    tcase_add_test(tests, long_files_are_read_in_chunks);
    tcase_add_test(tests, gzip_is_read);
    tcase_add_test(tests, reads_what_scikit_learn_reads);
    tcase_add_loop_test(tests, wrong_words_are_named, 0, COUNT(wrong_cases));
    tcase_add_test(tests, what_is_no_text_is_refused);
    tcase_add_test(tests, wrong_arguments_are_refused);
    tcase_add_test(tests, sizes_are_checked_before_memory_is_taken);
    tcase_add_test(tests, lines_come_in_chunks);
    tcase_add_loop_test(tests, every_allocation_may_fail, 0, 2);
}

int main(void) { return run_in_folder("LIBSVM", add_tests); }
