/* NumPy's .npy files, read and refused. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gradtape/data.h>

#include "../support/check.h"
#include "../support/data_files.h"
#include "../support/golden_reader.h"

#define NPY(descr, order, shape) "{'descr': '" descr "', 'fortran_order': " order ", 'shape': " shape ", }"

static void expect_read(nn_dataset *set, ad_status status)
{
    ck_assert_msg(status == AD_OK, "%s", nn_dataset_message(set));
    ck_assert_str_eq(nn_dataset_message(set), "");
}

/* ---- Files of NumPy ---------------------------------------------------------------------------------------------- */

/* Every type, order of bytes and order of indices, version and rank. Through a path, gzipped, and through a FILE. */
START_TEST(reads_what_numpy_writes)
{
    static numpy_file file;
    static file_bytes packed;
    char path[4096];
    FILE *golden = golden_open("numpy.txt", path, sizeof path);
    nn_dataset *set = nn_dataset_open(NULL);
    int files = 0;
    while (next_numpy_file(golden, &file)) {
        if (strstr(file.name, ".npz"))
            continue;
        expect_read(set, nn_dataset_read_npy(set, save_bytes("plain", &file.bytes), NULL));
        check_features(nn_dataset_data(set), &file);
        gzip_bytes(&file.bytes, &packed);
        expect_read(set, nn_dataset_read_npy(set, save_bytes("packed", &packed), NULL));
        check_features(nn_dataset_data(set), &file);
        FILE *opened = fopen(path_in_folder(files % 2 ? "packed" : "plain"), "rb");
        expect_read(set, nn_dataset_read_npy_stream(set, (nn_stream){.file = opened}, (nn_stream){.file = NULL}));
        check_features(nn_dataset_data(set), &file);
        fclose(opened);
        files++;
    }
    ck_assert_int_ge(files, 46);
    fclose(golden);
    nn_dataset_close(set);
}
END_TEST

/* Labels of each integer type that fit, and of shape [n,1]. */
START_TEST(labels_of_every_integer_type_are_read)
{
    static const struct {
        const char *descr;
        size_t width;
        uint64_t bits[3];
        int32_t labels[3];
    } cases[] = {
        {"|b1", 1, {0, 1, 1}, {0, 1, 1}},
        {"|i1", 1, {0, 0x80, 0xFF}, {0, -128, -1}},
        {"|u1", 1, {0, 1, 255}, {0, 1, 255}},
        {"<i2", 2, {0x8000, 1, 2}, {-32768, 1, 2}},
        {"<u2", 2, {0xFFFF, 1, 2}, {65535, 1, 2}},
        {"<i4", 4, {0x80000000, 0x7FFFFFFF, 2}, {INT32_MIN, INT32_MAX, 2}},
        {"<u4", 4, {0x7FFFFFFF, 1, 2}, {INT32_MAX, 1, 2}},
        {"<i8", 8, {0xFFFFFFFF80000000, 0x7FFFFFFF, 2}, {INT32_MIN, INT32_MAX, 2}},
        {"<u8", 8, {0x7FFFFFFF, 1, 2}, {INT32_MAX, 1, 2}},
    };
    static file_bytes x, y;
    nn_dataset *set = nn_dataset_open(NULL);
    make_npy(&x, NPY("<f4", "False", "(3, 2)"), 24);
    for (int i = 0; i < 2 * COUNT(cases); i++) {
        char dictionary[120];
        snprintf(dictionary, sizeof dictionary, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }",
                 cases[i / 2].descr, i % 2 ? "True" : "False", i % 2 ? "(3, 1)" : "(3,)");
        make_npy(&y, dictionary, 0);
        for (int k = 0; k < 3; k++)
            put_number(&y, cases[i / 2].bits[k], cases[i / 2].width);
        expect_read(set, nn_dataset_read_npy(set, save_bytes("x", &x), save_bytes("y", &y)));
        for (int k = 0; k < 3; k++)
            ck_assert_int_eq(nn_dataset_data(set).labels[k], cases[i / 2].labels[k]);
        ck_assert_ptr_null(nn_dataset_data(set).targets);
    }
    nn_dataset_close(set);
}
END_TEST

/* Floating labels are targets, several of them too, in both orders, of any floating type. */
START_TEST(floating_labels_are_targets)
{
    static numpy_file file;
    static const char *const names[] = {"f2_big_fortran.npy", "f4_little_c.npy", "f8_big_fortran.npy"};
    static file_bytes x;
    counting memory;
    counting_open(&memory);
    nn_dataset *set = nn_dataset_open(&(nn_dataset_options){.allocator = &memory.allocator});
    make_npy(&x, NPY("|u1", "False", "(3, 5)"), 15);
    for (int i = 0; i < COUNT(names); i++) {
        find_numpy_file(names[i], &file);
        expect_read(set, nn_dataset_read_npy(set, save_bytes("x", &x), save_bytes("y", &file.bytes)));
        nn_data data = nn_dataset_data(set);
        ck_assert_ptr_null(data.labels);
        ck_assert_int_eq(data.n_targets, 4);
        check_features((nn_data){.features = data.targets, .element = data.target_element, .rows = 3, .columns = 4},
                       &file);
    }
    make_npy(&x, NPY("<f8", "False", "(24,)"), 192);
    find_numpy_file("rank_1.npy", &file);
    expect_read(set, nn_dataset_read_npy(set, save_bytes("x", &x), save_bytes("y", &file.bytes)));
    ck_assert_int_eq(nn_dataset_data(set).n_targets, 1);
    nn_dataset_close(set);
    counting_check_released(&memory);
}
END_TEST

/* What Python allows to write differently, and other writers do. */
START_TEST(other_ways_to_write_the_dictionary_are_read)
{
    static const char *const dictionaries[] = {
        "{'shape': (2, 3), 'fortran_order': False, 'descr': '<f4'}",
        "{ \"descr\" : \"<f4\" , \"fortran_order\" : False , \"shape\" : ( 2 , 3 , ) , }",
        "{'descr':'<f4','fortran_order':False,'shape':(2,3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 3L), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1, 3, 1)}",
    };
    static file_bytes b;
    nn_dataset *set = nn_dataset_open(NULL);
    for (int i = 0; i < COUNT(dictionaries); i++) {
        make_npy(&b, dictionaries[i], 24);
        expect_read(set, nn_dataset_read_npy(set, save_bytes("x", &b), NULL));
        ck_assert_int_eq(nn_dataset_data(set).rows, 2);
        ck_assert_int_eq(nn_dataset_data(set).columns, 3);
    }
    nn_dataset_close(set);
}
END_TEST

/* ---- FILEs ------------------------------------------------------------------------------------------------------- */

typedef struct flow {
    int to;
    const unsigned char *bytes;
    size_t n;
} flow;

static void *pour(void *context)
{
    flow *f = context;
    for (size_t at = 0; at < f->n;) {
        ssize_t n = write(f->to, f->bytes + at, f->n - at < 5000 ? f->n - at : 5000);
        if (n <= 0)
            break;
        at += (size_t)n;
    }
    close(f->to);
    return NULL;
}

/* More than the first room for values, so that it grows; from a pipe, which cannot seek, after bytes that were read
 * already. */
START_TEST(a_pipe_is_read_to_its_end)
{
    enum { ROWS = 700000 };
    static file_bytes header;
    char dictionary[120], skipped[3];
    int ends[2];
    pthread_t writer;
    counting memory;
    counting_open(&memory);
    nn_dataset *set = nn_dataset_open(&(nn_dataset_options){.allocator = &memory.allocator});
    snprintf(dictionary, sizeof dictionary, NPY("<u4", "False", "(%d, 1)"), ROWS);
    make_npy(&header, dictionary, 0);
    size_t n = 3 + header.n + 4 * (size_t)ROWS;
    unsigned char *bytes = malloc(n);
    memcpy(bytes, "abc", 3);
    memcpy(bytes + 3, header.at, header.n);
    for (uint32_t i = 0; i < ROWS; i++)
        memcpy(bytes + 3 + header.n + 4 * i, &i, 4);
    ck_assert_int_eq(pipe(ends), 0);
    flow f = {.to = ends[1], .bytes = bytes, .n = n};
    ck_assert_int_eq(pthread_create(&writer, NULL, pour, &f), 0);
    FILE *from = fdopen(ends[0], "rb");
    ck_assert_uint_eq(fread(skipped, 1, 3, from), 3);
    expect_read(set, nn_dataset_read_npy_stream(set, (nn_stream){from, "a pipe"}, (nn_stream){.file = NULL}));
    pthread_join(writer, NULL);
    ck_assert_int_eq(nn_dataset_data(set).rows, ROWS);
    for (int i = 0; i < ROWS; i++)
        ck_assert_double_eq(((const double *)nn_dataset_data(set).features)[i], i);
    fclose(from); /* which is still the caller's */
    free(bytes);
    nn_dataset_close(set);
    counting_check_released(&memory);
}
END_TEST

static FILE *open_npy(const char *name, const char *dictionary, size_t bytes)
{
    static file_bytes b;
    make_npy(&b, dictionary, bytes);
    FILE *file = fopen(save_bytes(name, &b), "rb");
    ck_assert_ptr_nonnull(file);
    return file;
}

START_TEST(wrong_streams_are_refused)
{
    held_data h;
    hold_data(&h);
    const nn_stream none = {.file = NULL};
    FILE *x = open_npy("x", NPY("<f4", "False", "(3, 2)"), 24), *y = open_npy("y", NPY("<i4", "False", "(2,)"), 8);
    FILE *writes = fopen(path_in_folder("w"), "wb"), *directory = fopen(path_in_folder("."), "rb");
    FILE *claims = open_npy("claims", NPY("<f8", "False", "(1000000000, 1000)"), 100);
    ck_assert_int_eq(nn_dataset_read_npy_stream(h.set, none, none), AD_BAD_VALUE);
    check_kept(&h, AD_BAD_VALUE, "nn_dataset_read_npy_stream: ", "features has no FILE; give one");
    ck_assert_int_eq(nn_dataset_read_npy_stream(h.set, (nn_stream){x, "x"}, (nn_stream){x, "y"}), AD_BAD_VALUE);
    check_kept(&h, AD_BAD_VALUE, "", "the same FILE");
    ck_assert_int_eq(nn_dataset_read_npy_stream(h.set, (nn_stream){writes, "w"}, none), AD_BAD_FILE);
    check_kept(&h, AD_BAD_FILE, "w: ", "Bad file descriptor; give a FILE that is open for reading");
    ck_assert_int_eq(nn_dataset_read_npy_stream(h.set, (nn_stream){directory, "d"}, none), AD_BAD_FILE);
    check_kept(&h, AD_BAD_FILE, "d: ", "Is a directory; give a FILE");
    ck_assert_int_eq(nn_dataset_read_npy_stream(h.set, (nn_stream){claims, NULL}, none), AD_BAD_FILE);
    check_kept(&h, AD_BAD_FILE,
               "FILE: ", "truncated: header says 1000000000 x 1000 of f64 (8000000000128 bytes in all)");
    ck_assert_uint_le(h.memory.largest, 1 << 20); /* what is claimed is not taken */
    ck_assert_int_eq(nn_dataset_read_npy_stream(h.set, (nn_stream){x, "x"}, (nn_stream){y, "y"}), AD_BAD_FILE);
    check_kept(&h, AD_BAD_FILE, "y: ", "2 labels for the 3 rows of x; take both files from the same set");
    ck_assert_int_eq(nn_dataset_read_npy_stream(h.set, (nn_stream){x, "x"}, none), AD_BAD_FILE);
    check_kept(&h, AD_BAD_FILE, "x: ", "is empty; give a FILE that stands where its data begin");
    ck_assert_int_eq(nn_dataset_read_npy_stream(NULL, (nn_stream){x, "x"}, none), AD_BAD_HANDLE);
    FILE *const all[] = {x, y, writes, directory, claims};
    for (int i = 0; i < COUNT(all); i++)
        fclose(all[i]);
    let_go(&h);
}
END_TEST

/* ---- Refusing ---------------------------------------------------------------------------------------------------- */

static void refuse_features(held_data *h, const file_bytes *b, const char *why)
{
    ck_assert_msg(nn_dataset_read_npy(h->set, save_bytes("wrong", b), NULL) == AD_BAD_FILE, "read, in place of: %s",
                  why);
    check_kept(h, AD_BAD_FILE, "wrong: ", why);
    ck_assert_uint_lt(h->memory.largest, 100000);
}

START_TEST(wrong_dictionaries_are_refused)
{
    static const struct {
        const char *dictionary, *why;
    } cases[] = {
        {"{'descr': '|O', 'fortran_order': False, 'shape': (3,), }",
         "holds Python's objects (a pickle), which are never read; save numbers"},
        {NPY("<U5", "False", "(3,)"), "dtype '<U5' is not read: bool, float16"},
        {NPY("<c8", "False", "(3,)"), "dtype '<c8' is not read"},
        {NPY("<M8[ns]", "False", "(3,)"), "dtype '<M8[ns]' is not read"},
        {NPY("<f16", "False", "(3,)"), "dtype '<f16' is not read"},
        {NPY("|f4", "False", "(3,)"), "dtype '|f4' is not read"},
        {NPY("=f4", "False", "(3,)"), "dtype '=f4' is not read"},
        {NPY("f4", "False", "(3,)"), "dtype 'f4' is not read"},
        {NPY("", "False", "(3,)"), "dtype '' is not read"},
        {NPY("<f4\x1b[2J", "False", "(3,)"), "dtype '<f4\\x1b[2J' is not read"},
        {"{'descr': [('a', '<f4'), ('b', '<i4')], 'fortran_order': False, 'shape': (3,), }", "a structured dtype"},
        {NPY("<f4", "False", "()"), "is a single number, shape (); save an array, for instance x.reshape(1)"},
        {NPY("<f4", "False", "(3)"), "its shape is no tuple; save or copy it again"},
        {NPY("<f4", "False", "3"), "its header has '3, }"},
        {NPY("<f4", "False", "(-3,)"), "where a size should be"},
        {NPY("<f4", "False", "(3.0,)"), "where a comma should be"},
        {NPY("<f4", "False", "(3e2,)"), "where a comma should be"},
        {NPY("<f4", "False", "(03,)"), "where a size should be"},
        {NPY("<f4", "False", "(3,,)"), "where a size should be"},
        {NPY("<f4", "False", "(,)"), "where a size should be"},
        {NPY("<f4", "False", "(3 4)"), "where a comma should be"},
        {NPY("<f4", "False", "(18446744073709551616,)"), "sizes overflow: one is larger than 64 bits count"},
        {NPY("<f4", "False", "(18446744073709551615, 2)"),
         "sizes overflow: 18446744073709551615 x 2 of f32 is more bytes"},
        {NPY("<f4", "False", "(4294967296, 4294967296)"), "sizes overflow"},
        {NPY("<f4", "False", "(0, 4294967296, 4294967296)"), "sizes overflow"},
        {NPY("<u4", "False", "(4611686018427387903,)"), "sizes overflow"}, /* in the file it would just fit */
        {NPY("<f4", "False", "(1000000, 1000)"), "truncated: header says 1000000 x 1000 of f32 (4000000128 bytes"},
        {NPY("<f4", "0", "(3,)"), "where True or False should be"},
        {NPY("<f4", "false", "(3,)"), "where True or False should be"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'shape': (3,), }", "its header has 'shape' twice"},
        {"{'descr': '<f4', 'fortran_order': False, }", "its header has no 'shape'"},
        {"{'descr': '<f4', 'shape': (3,), }", "its header has no 'fortran_order'"},
        {"{'fortran_order': False, 'shape': (3,), }", "its header has no 'descr'"},
        {"{}", "its header has no 'descr'"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'x': 1}", "its header has an unknown key 'x'"},
        {"{'descr' '<f4', 'fortran_order': False, 'shape': (3,), }", "where a colon should be"},
        {"{'descr': '<f4' 'fortran_order': False, 'shape': (3,), }", "where a comma should be"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), } x", "where its end should be"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), ", "where a key should be"},
        {"{'descr': '<f4", "where the end of a text in quotes should be"},
        {"{'de\\x73cr': '<f4'}", "where the end of a text in quotes should be"},
        {"{descr: '<f4'}", "where a key should be"},
        {"", "where a dictionary should be"},
        {"[]", "where a dictionary should be"},
    };
    static file_bytes b;
    held_data h;
    hold_data(&h);
    for (int i = 0; i < COUNT(cases); i++) {
        make_npy(&b, cases[i].dictionary, 12);
        refuse_features(&h, &b, cases[i].why);
    }
    let_go(&h);
}
END_TEST

START_TEST(too_many_sizes_are_refused)
{
    static file_bytes b;
    char dictionary[400] = "{'descr': '|u1', 'fortran_order': True, 'shape': (1";
    held_data h;
    hold_data(&h);
    for (int rank = 2; rank <= 65; rank++) {
        size_t n = strlen(dictionary);
        strcpy(dictionary + n, ",1)}");
        make_npy(&b, dictionary, 1);
        dictionary[n + 2] = '\0';
        if (rank > 64)
            refuse_features(&h, &b, "more than 64 sizes, which NumPy does not have");
        else if (rank == 64) {
            nn_dataset *set = nn_dataset_open(NULL);
            expect_read(set, nn_dataset_read_npy(set, save_bytes("x", &b), NULL));
            nn_dataset_close(set);
        }
    }
    let_go(&h);
}
END_TEST

START_TEST(wrong_beginnings_are_refused)
{
    static file_bytes b;
    held_data h;
    hold_data(&h);
    make_npy(&b, NPY("<f4", "False", "(3,)"), 12);
    static const struct {
        size_t at;
        unsigned char byte;
        const char *why;
    } cases[] = {
        {0, 'x', "not NumPy's: it begins with 78 4e 55 4d 50 59, not 93 4e 55 4d 50 59; check the path"},
        {5, 'y', "not NumPy's"},
        {6, 0, "version 0.0 of NumPy's format, 1.0, 2.0 and 3.0 are read"},
        {6, 4, "version 4.0"},
        {7, 1, "version 1.1"},
        {8, 0x77, "where its end should be"},
        {8, 0x75, "its header ends where its end should be"},
        {9, 0xFF, "its header has 65398 bytes, at most 10000 are read"},
        {9, 1, "truncated: the header ends after 140 bytes"},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        unsigned char was = b.at[cases[i].at];
        b.at[cases[i].at] = cases[i].byte;
        refuse_features(&h, &b, cases[i].why);
        b.at[cases[i].at] = was;
    }
    b.n = 0;
    put_text(&b, "PK\003\004 and so on");
    refuse_features(&h, &b, "is a zip archive; if NumPy made it, read it with nn_dataset_read_npz");
    b.n = 0;
    put_text(&b, "\x93NUMPY\x02");
    put_number(&b, 0, 1);
    put_number(&b, 0xFFFFFFF0, 4);
    refuse_features(&h, &b, "its header has 4294967280 bytes, at most 10000 are read");
    let_go(&h);
}
END_TEST

/* A file cut anywhere is refused, and so is one that goes on: plain and gzipped, by path and by FILE. */
START_TEST(cut_and_overlong_files_are_refused)
{
    static numpy_file file;
    static file_bytes packed;
    held_data h;
    hold_data(&h);
    find_numpy_file("f4_big_fortran.npy", &file);
    gzip_bytes(&file.bytes, &packed);
    const file_bytes *const whole[] = {&file.bytes, &packed};
    for (int k = 0; k < 2; k++)
        for (size_t n = 0; n < whole[k]->n; n++) {
            ck_assert_int_eq(nn_dataset_read_npy(h.set, save_first("cut", whole[k], n), NULL), AD_BAD_FILE);
            check_kept(&h, AD_BAD_FILE, "cut: ", n == 0 ? "is empty" : "");
            FILE *opened = fopen(path_in_folder("cut"), "rb");
            ck_assert_int_eq(nn_dataset_read_npy_stream(h.set, (nn_stream){opened, "name"}, (nn_stream){.file = NULL}),
                             AD_BAD_FILE);
            check_kept(&h, AD_BAD_FILE, "name: ", n == 0 ? "is empty" : "");
            fclose(opened);
        }
    put_number(&file.bytes, 0, 1);
    refuse_features(&h, &file.bytes, "overlong: header says 3 x 2 x 2 of f32 (176 bytes in all), the file has 177");
    FILE *opened = fopen(path_in_folder("wrong"), "rb");
    nn_dataset_read_npy_stream(h.set, (nn_stream){opened, "name"}, (nn_stream){.file = NULL});
    check_kept(&h, AD_BAD_FILE,
               "name: ", "overlong: header says 3 x 2 x 2 of f32 (176 bytes in all), the file has more");
    fclose(opened);
    gzip_bytes(&file.bytes, &packed);
    refuse_features(&h, &packed, "gzip holds more");
    let_go(&h);
}
END_TEST

/* Whatever one bit is changed: refused, or read as what the bytes now say; a plain file has no checksum. Nothing else
 * than the values, the order of indices (none of them is one letter away) or the kind of number can differ. */
START_TEST(flipped_bits_do_no_harm)
{
    static numpy_file file;
    held_data h;
    size_t refused = 0;
    find_numpy_file("f4_little_c.npy", &file);
    hold_data(&h);
    char path[4096];
    snprintf(path, sizeof path, "%s", save_bytes("flipped", &file.bytes));
    for (size_t bit = 0; bit < 8 * file.bytes.n; bit++) {
        flip_bit(path, bit);
        if (nn_dataset_read_npy(h.set, path, NULL) == AD_OK) {
            nn_data data = nn_dataset_data(h.set);
            ck_assert_int_eq(data.rows, 3);
            ck_assert_int_eq(data.columns, 4);
            ck_assert(bit / 8 >= 128 || (bit / 8 >= 21 && bit / 8 < 24)); /* values, or the letters of <f4 */
            hold_again(&h);
        } else {
            check_kept(&h, AD_BAD_FILE, "flipped: ", "");
            refused++;
        }
        ck_assert_uint_lt(h.memory.largest, 100000);
        flip_bit(path, bit);
    }
    ck_assert_uint_ge(refused, 8 * 125);
    let_go(&h);
}
END_TEST

/* ---- Values ------------------------------------------------------------------------------------------------------ */

static void refuse_value(held_data *h, const char *dictionary, size_t width, uint64_t value, bool is_label,
                         const char *why)
{
    static file_bytes b;
    make_npy(&b, dictionary, 2 * width);
    put_number(&b, value, width);
    save_bytes("wrong", &b);
    ad_status status = is_label ? nn_dataset_read_npy(h->set, path_in_folder("held-x"), path_in_folder("wrong"))
                                : nn_dataset_read_npy(h->set, path_in_folder("wrong"), NULL);
    ck_assert_msg(status == AD_BAD_FILE, "read, in place of: %s", why);
    check_kept(h, AD_BAD_FILE, "wrong: ", why);
}

START_TEST(values_that_do_not_fit_are_refused)
{
    held_data h;
    hold_data(&h);
    refuse_value(&h, NPY("<i8", "False", "(3,)"), 8, 2147483648U, true,
                 "the label of row 2 is 2147483648, labels are from -2147483648 to 2147483647; number the classes");
    refuse_value(&h, NPY("<i8", "False", "(3,)"), 8, (uint64_t)-2147483649LL, true, "row 2 is -2147483649, labels");
    refuse_value(&h, NPY("<u4", "False", "(3,)"), 4, 0x80000000, true, "row 2 is 2147483648, labels");
    refuse_value(&h, NPY("<u8", "False", "(3,)"), 8, UINT64_MAX, true, "row 2 is 18446744073709551615, labels");
    refuse_value(&h, NPY("<i8", "False", "(1, 3)"), 8, (UINT64_C(1) << 53) + 1, false,
                 "row 0, column 2 is 9007199254740993, which f64 does not hold exactly; save it as float64");
    refuse_value(&h, NPY("<i8", "False", "(3, 1)"), 8, INT64_MAX, false,
                 "row 2, column 0 is 9223372036854775807, which");
    refuse_value(&h, NPY("<i8", "False", "(3,)"), 8, (uint64_t)(INT64_MIN + 1), false,
                 "row 2, column 0 is -92233720368");
    refuse_value(&h, NPY("<u8", "False", "(3,)"), 8, UINT64_MAX, false, "is 18446744073709551615, which f64");
    refuse_value(&h, NPY("|b1", "False", "(3,)"), 1, 2, false, "row 2, column 0 of bool is 2, neither 0 nor 1");
    refuse_value(&h, NPY("|b1", "False", "(3,)"), 1, 255, true, "row 2, column 0 of bool is 255, neither 0 nor 1");
    let_go(&h);
}
END_TEST

START_TEST(wrong_labels_are_refused)
{
    static const struct {
        const char *dictionary;
        size_t bytes;
        const char *why;
    } cases[] = {
        {NPY("<i8", "False", "(4,)"), 32, "4 labels for the 3 rows of "},
        {NPY("<i8", "False", "(4,)"), 32, "/held-x; take both files from the same set"},
        {NPY("<f4", "False", "(4, 2)"), 32, "4 targets for the 3 rows of "},
        {NPY("<i8", "False", "(3, 2)"), 48,
         "labels have one size, the header says 3 x 2 of i64; are the files of labels and of features swapped?"},
        {NPY("<i8", "False", "(3, 0)"), 0, "labels have one size, the header says 3 x 0"},
        {NPY("<f8", "False", "(3, 0)"), 0, "targets have at least one column, the header says 3 x 0 of f64; save one"},
        {NPY("<i8", "False", "(3,)"), 23, "truncated: header says 3 of i64 (152 bytes in all), the file has 151; save"},
    };
    static file_bytes b;
    held_data h;
    hold_data(&h);
    for (int i = 0; i < COUNT(cases); i++) {
        make_npy(&b, cases[i].dictionary, cases[i].bytes);
        ck_assert_int_eq(nn_dataset_read_npy(h.set, path_in_folder("held-x"), save_bytes("wrong", &b)), AD_BAD_FILE);
        check_kept(&h, AD_BAD_FILE, "wrong: ", cases[i].why);
    }
    let_go(&h);
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
    held_data h;
    hold_data(&h);
    static const struct {
        const char *name, *why;
    } cases[] = {
        {"missing", "missing: No such file or directory, nor one with .gz after its name; check the path"},
        {".", ".: is a directory; give the path of a file in it"},
        {"pipe", "pipe: is not a regular file; copy what it gives into one"},
        {"held-x/below", "below: Not a directory; check the path and its permissions"},
    };
    ck_assert_int_eq(mkfifo(path_in_folder("pipe"), 0600), 0);
    for (int i = 0; i < COUNT(cases); i++) {
        ck_assert_int_eq(nn_dataset_read_npy(h.set, path_in_folder(cases[i].name), NULL), AD_BAD_FILE);
        check_kept(&h, AD_BAD_FILE, "", cases[i].why);
    }
    ck_assert_int_eq(nn_dataset_read_npy(h.set, "/dev/full", NULL), AD_BAD_FILE);
    check_kept(&h, AD_BAD_FILE, "/dev/full", "is not a regular file");
    ck_assert_int_eq(nn_dataset_read_npy(h.set, NULL, NULL), AD_BAD_VALUE);
    check_kept(&h, AD_BAD_VALUE, "nn_dataset_read_npy: ", "features is NULL; give the path of an .npy file");
    ck_assert_int_eq(nn_dataset_read_npy(NULL, "x", NULL), AD_BAD_HANDLE);
    let_go(&h);
}
END_TEST

/* /dev/zero as a FILE never ends: the magic number is wrong, and nothing more is read. */
START_TEST(endless_files_are_refused)
{
    held_data h;
    hold_data(&h);
    FILE *zero = fopen("/dev/zero", "rb");
    ck_assert_int_eq(nn_dataset_read_npy_stream(h.set, (nn_stream){zero, "zero"}, (nn_stream){.file = NULL}),
                     AD_BAD_FILE);
    check_kept(&h, AD_BAD_FILE, "zero: ", "not NumPy's: it begins with 00 00 00 00 00 00");
    fclose(zero);
    let_go(&h);
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

/* Conversions, Fortran's order and gzip, for features and targets or labels: with the k-th allocation failing. */
static bool read_with_failure(size_t k, counting_failure failure, bool from_files)
{
    held_data h;
    hold_data(&h);
    counting_fail(&h.memory, k, failure);
    size_t refused = h.memory.refused;
    const char *x = path_in_folder("x.npy"), *y = path_in_folder("y.npy");
    FILE *xs = fopen(x, "rb"), *ys = fopen(y, "rb");
    ad_status status = from_files ? nn_dataset_read_npy_stream(h.set, (nn_stream){xs, x}, (nn_stream){ys, y})
                                  : nn_dataset_read_npy(h.set, x, y);
    fclose(xs);
    fclose(ys);
    bool failed = h.memory.refused > refused;
    ck_assert_int_eq(status, failed ? AD_NO_MEMORY : AD_OK);
    if (failed)
        check_kept(&h, AD_NO_MEMORY, ".npy: ", "memory is out");
    let_go(&h);
    return failed;
}

START_TEST(every_allocation_may_fail)
{
    static numpy_file x, y;
    static file_bytes packed;
    find_numpy_file("i8_big_fortran.npy", &x);
    find_numpy_file("f2_little_fortran.npy", &y);
    gzip_bytes(&x.bytes, &packed);
    save_bytes("x.npy", &packed);
    if (_i < 4)
        save_bytes("y.npy", &y.bytes);
    else {
        make_npy(&y.bytes, NPY("<i8", "False", "(3,)"), 24);
        save_bytes("y.npy", &y.bytes);
    }
    size_t k = 1;
    while (read_with_failure(k, _i % 2 ? COUNTING_FOR_GOOD : COUNTING_ONCE, _i / 2 % 2))
        k++;
    ck_assert_uint_ge(k, 8);
    counting_print_refused(k - 1, ".npy");
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, reads_what_numpy_writes);
    tcase_add_test(tests, labels_of_every_integer_type_are_read);
    tcase_add_test(tests, floating_labels_are_targets);
    tcase_add_test(tests, other_ways_to_write_the_dictionary_are_read);
    tcase_add_test(tests, a_pipe_is_read_to_its_end);
    tcase_add_test(tests, wrong_streams_are_refused);
    tcase_add_test(tests, wrong_dictionaries_are_refused);
    tcase_add_test(tests, too_many_sizes_are_refused);
    tcase_add_test(tests, wrong_beginnings_are_refused);
    tcase_add_test(tests, cut_and_overlong_files_are_refused);
    tcase_add_test(tests, flipped_bits_do_no_harm);
    tcase_add_test(tests, values_that_do_not_fit_are_refused);
    tcase_add_test(tests, wrong_labels_are_refused);
    tcase_add_test(tests, what_is_no_file_is_refused);
    tcase_add_test(tests, endless_files_are_refused);
    tcase_add_loop_test(tests, every_allocation_may_fail, 0, 8);
}

int main(void) { return run_in_folder(".npy files", add_tests); }
