/* NumPy's .npz archives, read and refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <gradtape/data.h>

#include "../support/check.h"
#include "../support/data_files.h"

static void expect_read(nn_dataset *set, ad_status status)
{
    ck_assert_msg(status == AD_OK, "%s", nn_dataset_message(set));
    ck_assert_str_eq(nn_dataset_message(set), "");
}

static const char *const archives[] = {"stored.npz", "deflated.npz", "stored_into_a_pipe.npz",
                                       "deflated_into_a_pipe.npz"};

static const int32_t ys[] = {2, 0, 1};
static const double ts[] = {0.5, -1, 7};

/* ---- Files of NumPy ---------------------------------------------------------------------------------------------- */

START_TEST(reads_what_numpy_writes)
{
    static numpy_file archive, alone;
    nn_dataset *set = nn_dataset_open(NULL);
    find_numpy_file(archives[_i], &archive);
    find_numpy_file("f4_little_c.npy", &alone);
    const char *path = save_bytes("a.npz", &archive.bytes);
    expect_read(set, nn_dataset_read_npz(set, path, "x", "y"));
    check_features(nn_dataset_data(set), &alone);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(nn_dataset_data(set).labels[i], ys[i]);
    expect_read(set, nn_dataset_read_npz(set, path, "x.npy", "t.npy"));
    check_features(nn_dataset_data(set), &alone);
    for (int i = 0; i < 3; i++)
        ck_assert_double_eq(((const double *)nn_dataset_data(set).targets)[i], ts[i]);
    ck_assert_ptr_null(nn_dataset_data(set).labels);
    expect_read(set, nn_dataset_read_npz(set, path, "deep/er", NULL));
    ck_assert_int_eq(nn_dataset_data(set).columns, 1);
    find_numpy_file("i2_little_c.npy", &alone);
    expect_read(set, nn_dataset_read_npz(set, path, "many", "deep/er"));
    check_features(nn_dataset_data(set), &alone);
    ck_assert_int_eq(nn_dataset_data(set).labels[2], 2);
    nn_dataset_close(set);
}
END_TEST

/* An archive that comes through a pipe. */
START_TEST(reads_streams)
{
    static numpy_file archive, alone;
    int ends[2];
    nn_dataset *set = nn_dataset_open(NULL);
    find_numpy_file(archives[_i], &archive);
    find_numpy_file("f4_little_c.npy", &alone);
    ck_assert_int_eq(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        _exit(write(ends[1], archive.bytes.at, archive.bytes.n) == (ssize_t)archive.bytes.n ? 0 : 1);
    }
    close(ends[1]);
    FILE *from = fdopen(ends[0], "rb");
    expect_read(set, nn_dataset_read_npz_stream(set, (nn_stream){from, "a pipe"}, "x", "y"));
    check_features(nn_dataset_data(set), &alone);
    ck_assert_int_eq(nn_dataset_data(set).labels[2], ys[2]);
    fclose(from);
    waitpid(child, NULL, 0);
    nn_dataset_close(set);
}
END_TEST

START_TEST(wrong_streams_are_refused)
{
    held_data h;
    hold_data(&h);
    const nn_stream none = {.file = NULL};
    FILE *empty = fopen("/dev/null", "rb"), *writes = fopen(path_in_folder("w"), "wb"),
         *text = fopen(path_in_folder("text"), "w+b");
    fputs("no archive at all, but some text", text);
    rewind(text);
    ck_assert_int_eq(nn_dataset_read_npz_stream(NULL, none, "x", NULL), AD_BAD_HANDLE);
    ck_assert_int_eq(nn_dataset_read_npz_stream(h.set, none, "x", NULL), AD_BAD_VALUE);
    check_kept(&h, AD_BAD_VALUE, "nn_dataset_read_npz_stream: ", "there is no FILE; give one");
    ck_assert_int_eq(nn_dataset_read_npz_stream(h.set, (nn_stream){text, "t"}, NULL, NULL), AD_BAD_VALUE);
    check_kept(&h, AD_BAD_VALUE, "nn_dataset_read_npz_stream: ", "features is NULL");
    ck_assert_int_eq(nn_dataset_read_npz_stream(h.set, (nn_stream){empty, "e"}, "x", NULL), AD_BAD_FILE);
    check_kept(&h, AD_BAD_FILE, "e: ", "is empty");
    ck_assert_int_eq(nn_dataset_read_npz_stream(h.set, (nn_stream){writes, "w"}, "x", NULL), AD_BAD_FILE);
    check_kept(&h, AD_BAD_FILE, "w: ", "give a FILE that is open for reading");
    ck_assert_int_eq(nn_dataset_read_npz_stream(h.set, (nn_stream){text, NULL}, "x", NULL), AD_BAD_FILE);
    check_kept(&h, AD_BAD_FILE, "FILE: ", "");
    fclose(empty);
    fclose(writes);
    fclose(text);
    let_go(&h);
}
END_TEST

static void refuse(held_data *h, const file_bytes *b, const char *x, const char *y, const char *why)
{
    ck_assert_msg(nn_dataset_read_npz(h->set, save_bytes("wrong", b), x, y) == AD_BAD_FILE, "read, in place of: %s",
                  why);
    check_kept(h, AD_BAD_FILE, "wrong: ", why);
    ck_assert_uint_lt(h->memory.largest, 100000);
}

START_TEST(names_that_are_not_there_are_refused)
{
    static numpy_file archive, other;
    static file_bytes packed;
    held_data h;
    hold_data(&h);
    find_numpy_file(archives[_i], &archive);
    refuse(&h, &archive.bytes, "z", NULL,
           "has no array 'z'; it has 'x.npy', 'y.npy', 't.npy', 'many.npy', 'deep/er.npy'");
    refuse(&h, &archive.bytes, "x", "X", "wrong: has no array 'X'; it has 'x.npy'");
    refuse(&h, &archive.bytes, "", NULL, "has no array ''; it has");
    refuse(&h, &archive.bytes, "x.npy.npy", NULL, "has no array 'x.npy.npy'; it has");
    refuse(&h, &archive.bytes, "x\x1b", NULL, "has no array 'x\\x1b'; it has");
    refuse(&h, &archive.bytes, "many", "many",
           "'many.npy': labels have one size, the header says 3 x 4 of i16; are the names of labels and of features");
    find_numpy_file("empty.npz", &other);
    refuse(&h, &other.bytes, "x", NULL, "has no array 'x'; it has none; save x with numpy.savez");
    find_numpy_file("f4_little_c.npy", &other);
    refuse(&h, &other.bytes, "x", NULL, "is an .npy file of one array; read it with nn_dataset_read_npy");
    gzip_bytes(&archive.bytes, &packed);
    refuse(&h, &packed, "x", NULL, "is gzipped; gunzip it first");
    packed.n = 0;
    put_text(&packed, "not a zip, but longer than its end record");
    refuse(&h, &packed, "x", NULL, "not a zip archive: it begins with 6e 6f 74 20, not 50 4b; check the path");
    ck_assert_int_eq(nn_dataset_read_npz(h.set, path_in_folder("missing"), "x", NULL), AD_BAD_FILE);
    check_kept(&h, AD_BAD_FILE, "missing: ", "No such file or directory");
    ck_assert_int_eq(nn_dataset_read_npz(h.set, path_in_folder("."), "x", NULL), AD_BAD_FILE);
    check_kept(&h, AD_BAD_FILE, "", "is a directory; give the path of a file in it");
    ck_assert_int_eq(nn_dataset_read_npz(h.set, NULL, "x", NULL), AD_BAD_VALUE);
    check_kept(&h, AD_BAD_VALUE, "nn_dataset_read_npz: ", "path is NULL; give the path of an .npz file");
    ck_assert_int_eq(nn_dataset_read_npz(h.set, "x", NULL, NULL), AD_BAD_VALUE);
    check_kept(&h, AD_BAD_VALUE, "nn_dataset_read_npz: ", "features is NULL; give the name of an array");
    ck_assert_int_eq(nn_dataset_read_npz(NULL, "x", "x", NULL), AD_BAD_HANDLE);
    let_go(&h);
}
END_TEST

/* ---- Damage ------------------------------------------------------------------------------------------------------ */

/* Cut anywhere, or with bytes before or behind. */
START_TEST(cut_and_overlong_archives_are_refused)
{
    static numpy_file archive;
    static file_bytes b;
    held_data h;
    hold_data(&h);
    find_numpy_file(archives[_i], &archive);
    char path[4096];
    snprintf(path, sizeof path, "%s", save_bytes("cut", &archive.bytes));
    for (size_t n = archive.bytes.n; n-- > 0;) {
        ck_assert_int_eq(truncate(path, (off_t)n), 0);
        ck_assert_int_eq(nn_dataset_read_npz(h.set, path, "x", "y"), AD_BAD_FILE);
        check_kept(&h, AD_BAD_FILE, "cut: ", n == 0 ? "is empty" : n > 1 ? "cut, or something" : "not a zip");
    }
    put_number(&b, 0, 1);
    put_bytes(&b, archive.bytes.at, archive.bytes.n);
    refuse(&h, &b, "x", NULL, "its directory does not lie where the end record says");
    put_number(&archive.bytes, 0, 1);
    refuse(&h, &archive.bytes, "x", NULL, "something stands behind its end");
    let_go(&h);
}
END_TEST

/* Whatever one bit is changed: the data are refused or the same (dates and the like, and members that were not asked
 * for). */
START_TEST(flipped_bits_are_refused_or_harmless)
{
    static numpy_file archive, alone;
    size_t refused = 0;
    held_data h;
    hold_data(&h);
    find_numpy_file(archives[_i], &archive);
    find_numpy_file("f4_little_c.npy", &alone);
    char path[4096];
    snprintf(path, sizeof path, "%s", save_bytes("flipped", &archive.bytes));
    for (size_t bit = 0; bit < 8 * archive.bytes.n; bit++) {
        flip_bit(path, bit);
        if (nn_dataset_read_npz(h.set, path, "x", "y") == AD_OK) {
            check_features(nn_dataset_data(h.set), &alone);
            ck_assert_mem_eq(nn_dataset_data(h.set).labels, ys, sizeof ys);
            hold_again(&h);
        } else {
            check_kept(&h, AD_BAD_FILE, "flipped: ", "");
            refused++;
        }
        flip_bit(path, bit);
    }
    ck_assert_uint_lt(h.memory.largest, 100000);
    ck_assert_uint_ge(refused, 8 * (_i % 2 ? 200 : 300)); /* the two members themselves */
    let_go(&h);
}
END_TEST

/* ---- Archives made by hand --------------------------------------------------------------------------------------- */

/* One member, and what can be wrong with it. Zero: what is right. */
typedef struct made {
    const char *name; /* NULL: x.npy */
    unsigned flags, method;
    int64_t more_packed, more_length, more_at; /* than is true */
    unsigned wrong_checksum;
    bool is_wide;      /* sizes and place in a ZIP64 field */
    size_t wide_bytes; /* of that field, 24 if 0 */
    bool has_end64;
    unsigned disk, extra_local;
    int64_t more_count, more_bytes, more_directory;
    bool twice;                /* the same entry again */
    const char *behind_data;   /* between member and directory */
    const char *other_local;   /* name in the local header */
    const file_bytes *content; /* as it stands there; NULL: the plain array */
    uint64_t length;           /* of it inflated */
} made;

static void put_central(file_bytes *b, const made *m, const char *name, uint64_t packed, uint64_t length, uint32_t sum,
                        uint64_t at)
{
    size_t wide = m->is_wide ? (m->wide_bytes ? m->wide_bytes : 24) : 0;
    put_text(b, "PK\001\002");
    put_number(b, 45 | 45 << 16, 4);
    put_number(b, m->flags, 2);
    put_number(b, m->method, 2);
    put_number(b, 0x210000, 4);
    put_number(b, sum, 4);
    put_number(b, m->is_wide ? UINT32_MAX : packed, 4);
    put_number(b, m->is_wide ? UINT32_MAX : length, 4);
    put_number(b, strlen(name), 2);
    put_number(b, m->is_wide ? 6 + 4 + wide : 0, 2);
    put_number(b, 0, 2);
    put_number(b, m->disk, 2);
    put_number(b, 0, 6);
    put_number(b, m->is_wide ? UINT32_MAX : at, 4);
    put_text(b, name);
    if (!m->is_wide)
        return;
    put_number(b, 0x0002CAFE, 4); /* another field first */
    put_number(b, 0, 2);
    put_number(b, 1 | wide << 16, 4);
    file_bytes *fields = calloc(1, sizeof *fields);
    put_number(fields, length, 8);
    put_number(fields, packed, 8);
    put_number(fields, at, 8);
    put_bytes(b, fields->at, wide);
    free(fields);
}

static void put_end(file_bytes *b, const made *m, uint64_t directory, uint64_t bytes, uint64_t count)
{
    uint64_t at = b->n;
    if (m->has_end64) {
        put_text(b, "PK\006\006");
        put_number(b, 44, 8);
        put_number(b, 45 | 45 << 16, 4);
        put_number(b, 0, 8);
        put_number(b, count, 8);
        put_number(b, count, 8);
        put_number(b, bytes, 8);
        put_number(b, directory, 8);
        put_text(b, "PK\006\007");
        put_number(b, 0, 4);
        put_number(b, at, 8);
        put_number(b, 1, 4);
    }
    put_text(b, "PK\005\006");
    put_number(b, 0, 4);
    put_number(b, m->has_end64 ? UINT16_MAX : count, 2);
    put_number(b, m->has_end64 ? UINT16_MAX : count, 2);
    put_number(b, m->has_end64 ? UINT32_MAX : bytes, 4);
    put_number(b, m->has_end64 ? UINT32_MAX : directory, 4);
    put_number(b, 0, 2);
}

/* Three rows of one u8: 1, 2, 3. */
static void make_array(file_bytes *array)
{
    make_npy(array, "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }", 0);
    put_number(array, 0x030201, 3);
}

static void make_archive(file_bytes *b, const made *m)
{
    static file_bytes array;
    make_array(&array);
    const char *name = m->name ? m->name : "x.npy", *local = m->other_local ? m->other_local : name;
    const file_bytes *content = m->content ? m->content : &array;
    uint32_t sum = (uint32_t)crc32(0, array.at, (unsigned)array.n) ^ m->wrong_checksum;
    uint64_t packed = content->n + (uint64_t)m->more_packed;
    uint64_t length = (m->content ? m->length : content->n) + (uint64_t)m->more_length;
    b->n = 0;
    put_text(b, "PK\003\004");
    put_number(b, 45, 2);
    put_number(b, m->flags, 2);
    put_number(b, m->method, 2);
    put_number(b, 0x210000, 4);
    put_number(b, sum, 4);
    put_number(b, packed, 4);
    put_number(b, length, 4);
    put_number(b, strlen(local), 2);
    put_number(b, m->extra_local, 2);
    put_text(b, local);
    put_bytes(b, content->at, content->n);
    put_text(b, m->behind_data ? m->behind_data : "");
    uint64_t directory = b->n;
    for (int i = 0; i <= m->twice; i++)
        put_central(b, m, name, packed, length, sum, (uint64_t)m->more_at);
    put_end(b, m, directory + (uint64_t)m->more_directory, b->n - directory + (uint64_t)m->more_bytes,
            1 + (uint64_t)m->twice + (uint64_t)m->more_count);
}

static void deflate_array(file_bytes *packed, file_bytes *plain)
{
    make_array(plain);
    z_stream z = {.next_in = plain->at, .avail_in = (unsigned)plain->n};
    ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_out = packed->at;
    z.avail_out = sizeof packed->at;
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    packed->n = sizeof packed->at - z.avail_out;
    deflateEnd(&z);
}

START_TEST(archives_of_other_writers_are_read)
{
    static file_bytes b, packed, plain;
    deflate_array(&packed, &plain);
    const made cases[] = {
        {.flags = 0},
        {.name = "x"},
        {.flags = 1 << 11 | 1 << 3},
        {.is_wide = true},
        {.is_wide = true, .has_end64 = true},
        {.has_end64 = true},
        {.behind_data = "between"},
        {.method = 8, .flags = 2, .content = &packed, .length = plain.n, .is_wide = true},
    };
    nn_dataset *set = nn_dataset_open(NULL);
    for (int i = 0; i < COUNT(cases); i++) {
        make_archive(&b, &cases[i]);
        expect_read(set, nn_dataset_read_npz(set, save_bytes("made", &b), "x", "x"));
        for (int k = 0; k < 3; k++)
            ck_assert_int_eq(nn_dataset_data(set).labels[k], k + 1);
    }
    nn_dataset_close(set);
}
END_TEST

START_TEST(hostile_archives_are_refused)
{
    static file_bytes b, packed, plain, longer, shorter, corrupt;
    deflate_array(&packed, &plain);
    longer = shorter = corrupt = packed;
    corrupt.at[0] = 7; /* a block of a kind that deflate does not have */
    put_number(&longer, 0, 1);
    shorter.n -= 1;
    const struct {
        made made;
        const char *why;
    } cases[] = {
        {{.flags = 1}, "'x.npy' is encrypted; save it without a password"},
        {{.method = 12}, "'x.npy' is compressed by method 12, stored and deflated (0, 8) are read; save it with"},
        {{.flags = 1 << 13}, "'x.npy' has flags 2000 and part 0, which are not read"},
        {{.disk = 1}, "'x.npy' has flags 0000 and part 1, which are not read"},
        {{.twice = true}, "has 2 members 'x'; give each a name of its own"},
        {{.wrong_checksum = 1}, "'x.npy': corrupt: its checksum (CRC-32) differs; save or copy it again"},
        {{.more_length = 1}, "'x.npy' cannot have 132 bytes in the 131 that it takes in the archive"},
        {{.more_length = 1, .more_packed = 1}, "header before 'x.npy' is not what the directory says"},
        {{.more_length = -1, .more_packed = -1},
         "truncated: header says 3 of u8 (131 bytes in all), the member has 130"},
        {{.more_length = 0xFFFF0000, .more_packed = 0xFFFF0000},
         "header before 'x.npy' is not what the directory says"},
        {{.more_at = 1}, "header before 'x.npy' is not what the directory says"},
        {{.more_at = 160}, "header before 'x.npy' is not what the directory says"},
        {{.more_at = 1 << 30}, "header before 'x.npy' is not what the directory says"},
        {{.is_wide = true, .more_at = -1}, "header before 'x.npy' is not what the directory says"},
        {{.is_wide = true, .more_length = -132, .more_packed = -132},
         "header before 'x.npy' is not what the directory says"},
        {{.is_wide = true, .wide_bytes = 16}, "entry 0 of its directory is none"},
        {{.extra_local = 1, .behind_data = "x"}, "'x.npy': not NumPy's: it begins with 4e"},
        {{.extra_local = 0xFFFF}, "header before 'x.npy' is not what the directory says"},
        {{.other_local = "y.npy"}, "header before 'x.npy' is not what the directory says"},
        {{.other_local = "x.npyy"}, "header before 'x.npy' is not what the directory says"},
        {{.more_count = 1}, "its directory has no room for 2 members"},
        {{.more_count = -1}, "its directory goes on behind 0 members"},
        {{.more_bytes = 1}, "its directory does not lie where the end record says"},
        {{.more_directory = -1}, "its directory does not lie where the end record says"},
        {{.more_directory = -1, .more_bytes = 1}, "entry 0 of its directory is none"},
        {{.has_end64 = true, .more_count = INT64_MAX}, "its directory has no room for 9223372036854775808 members"},
        {{.has_end64 = true, .more_bytes = -1}, "its directory does not lie where the end record says"},
        {{.has_end64 = true, .more_directory = INT64_MAX}, "its directory does not lie where the end record says"},
        {{.method = 8, .content = &packed, .length = plain.n + 1}, "the member has 132"},
        {{.method = 8, .content = &packed, .length = plain.n - 1}, "the member has 130"},
        {{.method = 8, .content = &packed, .length = 1 << 30}, "'x.npy' cannot have 1073741824 bytes in the"},
        {{.method = 8, .content = &longer, .length = plain.n}, "garbage after the end of its deflated data"},
        {{.method = 8, .content = &shorter, .length = plain.n}, "end inside deflated data"},
        {{.method = 8, .content = &corrupt, .length = plain.n}, "'x.npy': corrupt: its deflated data is wrong ("},
    };
    held_data h;
    hold_data(&h);
    for (int i = 0; i < COUNT(cases); i++) {
        make_archive(&b, &cases[i].made);
        refuse(&h, &b, "x", NULL, cases[i].why);
    }
    let_go(&h);
}
END_TEST

/* Names of members go into messages: escaped, and only the first of many. */
START_TEST(names_of_members_are_shown_with_care)
{
    static file_bytes b;
    held_data h;
    hold_data(&h);
    make_archive(&b, &(made){.name = "\x1b[2J\n"});
    refuse(&h, &b, "x", NULL, "has no array 'x'; it has '\\x1b[2J\\x0a'");
    char name[3000];
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    make_archive(&b, &(made){.name = name});
    refuse(&h, &b, "x", NULL, "has no array 'x'; it has 'nnnn");
    ck_assert_uint_lt(strlen(nn_dataset_message(h.set)), 500);
    nn_dataset *set = nn_dataset_open(NULL);
    expect_read(set, nn_dataset_read_npz(set, save_bytes("made", &b), name, NULL));
    nn_dataset_close(set);
    let_go(&h);
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

static bool read_with_failure(size_t k, counting_failure failure, const char *path)
{
    held_data h;
    hold_data(&h);
    counting_fail(&h.memory, k, failure);
    size_t refused = h.memory.refused;
    ad_status status = nn_dataset_read_npz(h.set, path, "many", "y");
    bool failed = h.memory.refused > refused;
    ck_assert_int_eq(status, failed ? AD_NO_MEMORY : AD_OK);
    if (failed)
        check_kept(&h, AD_NO_MEMORY, "a.npz: ", "memory is out");
    let_go(&h);
    return failed;
}

START_TEST(every_allocation_may_fail)
{
    static numpy_file archive;
    find_numpy_file(archives[_i / 2], &archive);
    char path[4096];
    snprintf(path, sizeof path, "%s", save_bytes("a.npz", &archive.bytes));
    size_t k = 1;
    while (read_with_failure(k, _i % 2 ? COUNTING_FOR_GOOD : COUNTING_ONCE, path))
        k++;
    ck_assert_uint_ge(k, 7);
    counting_print_refused(k - 1, ".npz");
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, reads_what_numpy_writes, 0, COUNT(archives));
    tcase_add_loop_test(tests, reads_streams, 0, COUNT(archives));
    tcase_add_test(tests, wrong_streams_are_refused);
    tcase_add_loop_test(tests, names_that_are_not_there_are_refused, 0, COUNT(archives));
    tcase_add_loop_test(tests, cut_and_overlong_archives_are_refused, 0, COUNT(archives));
    tcase_add_loop_test(tests, flipped_bits_are_refused_or_harmless, 0, COUNT(archives));
    tcase_add_test(tests, archives_of_other_writers_are_read);
    tcase_add_test(tests, hostile_archives_are_refused);
    tcase_add_test(tests, names_of_members_are_shown_with_care);
    tcase_add_loop_test(tests, every_allocation_may_fail, 0, 2 * COUNT(archives));
}

int main(void) { return run_in_folder(".npz archives", add_tests); }
