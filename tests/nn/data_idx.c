/* IDX files, read and refused. */
#include <dirent.h>
#include <float.h>
#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <gradtape/data.h>

#include "../support/check.h"
#include "../support/counting.h"

static nn_dataset *open_counted(counting *memory)
{
    counting_open(memory);
    return nn_dataset_open(&(nn_dataset_options){.allocator = &memory->allocator});
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

static char folder[4096];

/* The path of a file of this test; good for four calls. */
static const char *path_of(const char *name)
{
    static char paths[4][sizeof folder + 512];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof *paths, "%s/%s", folder, name);
    return path;
}

static void empty_folder(void)
{
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            remove(path_of(e->d_name));
    if (d)
        closedir(d);
}

typedef struct bytes {
    unsigned char at[8192];
    size_t n;
} bytes;

static void put(bytes *b, uint64_t value, size_t width)
{
    ck_assert_uint_le(b->n + width, sizeof b->at);
    for (size_t k = width; k-- > 0;)
        b->at[b->n++] = (unsigned char)(value >> 8 * k);
}

/* Magic and sizes. */
static bytes idx(unsigned code, unsigned rank, const uint32_t *sizes)
{
    bytes b = {.n = 0};
    put(&b, code << 8 | rank, 4);
    for (unsigned i = 0; i < rank; i++)
        put(&b, sizes[i], 4);
    return b;
}

#define IDX(code, ...) idx(code, sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t), (const uint32_t[]){__VA_ARGS__})

static bytes gzip(const bytes *plain)
{
    bytes packed = {.n = 0};
    z_stream z = {.next_in = (unsigned char *)plain->at, .avail_in = (unsigned)plain->n};
    ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_out = packed.at;
    z.avail_out = sizeof packed.at;
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    packed.n = sizeof packed.at - z.avail_out;
    deflateEnd(&z);
    return packed;
}

static const char *save_part(const char *name, const bytes *b, size_t n)
{
    const char *path = path_of(name);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(b->at, 1, n, file), n);
    ck_assert_int_eq(fclose(file), 0);
    return path;
}

static const char *save(const char *name, const bytes *b) { return save_part(name, b, b->n); }

/* Five labels 0 .. 4 for the features that `five_rows` gives. */
static bytes five_labels(void)
{
    bytes b = IDX(0x08, 5);
    for (unsigned i = 0; i < 5; i++)
        put(&b, i, 1);
    return b;
}

static bytes five_rows(void)
{
    bytes b = IDX(0x08, 5, 2, 3);
    for (unsigned i = 0; i < 30; i++)
        put(&b, i * 7 % 31, 1);
    return b;
}

static void check_five_rows(const nn_data *data)
{
    ck_assert_int_eq(data->rows, 5);
    ck_assert_int_eq(data->columns, 6);
    ck_assert_int_eq(data->element, NN_U8);
    for (unsigned i = 0; i < 30; i++)
        ck_assert_uint_eq(((const uint8_t *)data->features)[i], i * 7 % 31);
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

typedef struct type_case {
    unsigned code;
    nn_element element;
    size_t width;
    uint64_t bits[4]; /* as the file has them */
    double values[4]; /* as they must arrive */
} type_case;

static const type_case type_cases[] = {
    {0x08, NN_U8, 1, {0, 1, 128, 255}, {0, 1, 128, 255}},
    {0x09, NN_I8, 1, {0x7F, 0x80, 0xFF, 5}, {127, -128, -1, 5}},
    {0x0B, NN_I16, 2, {0x7FFF, 0x8000, 0xFFFE, 0x0102}, {32767, -32768, -2, 258}},
    {0x0C, NN_I32, 4, {0x7FFFFFFF, 0x80000000, 0xFFFFFFFD, 0x01020304}, {2147483647, -2147483648.0, -3, 16909060}},
    {0x0D, NN_F32, 4, {0x3F800000, 0xC0490FDB, 0x00000001, 0x7F7FFFFF}, {1, -3.1415927410125732, 0x1p-149, FLT_MAX}},
    {0x0E,
     NN_F64,
     8,
     {0x3FF0000000000000, 0xC00921FB54442D18, 1, 0x3FB999999999999A},
     {1, -0x1.921fb54442d18p+1, 0x1p-1074, 0.1}},
};
enum { TYPE_CASES = COUNT(type_cases) };

static double feature(const nn_data *data, int64_t i)
{
    switch (data->element) {
#define CASE(name, text, type)                                                                                         \
    case name: return (double)((const type *)data->features)[i];
        NN_ELEMENT_LIST(CASE)
#undef CASE
    default: return NAN;
    }
}

static bytes file_of(const type_case *t)
{
    bytes b = IDX(t->code, 2, 2);
    for (int i = 0; i < 4; i++)
        put(&b, t->bits[i], t->width);
    return b;
}

static void check_type(const type_case *t, const char *path)
{
    nn_dataset *set = nn_dataset_open(NULL);
    ck_assert_msg(nn_dataset_read_idx(set, path, NULL) == AD_OK, "%s", nn_dataset_message(set));
    ck_assert_str_eq(nn_dataset_message(set), "");
    nn_data data = nn_dataset_data(set);
    ck_assert_int_eq(data.element, t->element);
    ck_assert_int_eq(data.rows, 2);
    ck_assert_int_eq(data.columns, 2);
    ck_assert_ptr_null(data.labels);
    for (int i = 0; i < 4; i++)
        ck_assert_double_eq(feature(&data, i), t->values[i]);
    nn_dataset_close(set);
}

START_TEST(reads_every_type)
{
    bytes plain = file_of(&type_cases[_i]), packed = gzip(&plain);
    check_type(&type_cases[_i], save("plain", &plain));
    check_type(&type_cases[_i], save("packed.gz", &packed));
}
END_TEST

/* The content tells, not the name. */
START_TEST(names_do_not_tell)
{
    bytes plain = file_of(&type_cases[2]), packed = gzip(&plain);
    check_type(&type_cases[2], save("plain.gz", &plain));
    check_type(&type_cases[2], save("packed", &packed));
}
END_TEST

START_TEST(reads_labels_of_every_integer_type)
{
    const type_case *t = &type_cases[_i];
    bytes rows = IDX(0x08, 4, 1), labels = IDX(t->code, 4);
    put(&rows, 0x09080706, 4);
    for (int i = 0; i < 4; i++)
        put(&labels, t->bits[i], t->width);
    nn_dataset *set = nn_dataset_open(NULL);
    ck_assert_int_eq(nn_dataset_read_idx(set, save("rows", &rows), save("labels", &labels)), AD_OK);
    nn_data data = nn_dataset_data(set);
    for (int i = 0; i < 4; i++)
        ck_assert_double_eq(data.labels[i], t->values[i]);
    nn_dataset_close(set);
}
END_TEST

static nn_data read_one(nn_dataset *set, const bytes *b)
{
    ck_assert_msg(nn_dataset_read_idx(set, save("one", b), NULL) == AD_OK, "%s", nn_dataset_message(set));
    return nn_dataset_data(set);
}

START_TEST(reads_every_rank)
{
    nn_dataset *set = nn_dataset_open(NULL);
    uint32_t ones[255];
    for (int i = 0; i < 255; i++)
        ones[i] = 1 + (i == 0);
    for (unsigned rank = 1; rank <= 255; rank++) {
        bytes b = idx(0x08, rank, ones);
        put(&b, 0x0403, 2);
        nn_data data = read_one(set, &b);
        ck_assert_int_eq(data.rows, 2);
        ck_assert_int_eq(data.columns, 1);
        ck_assert_uint_eq(((const uint8_t *)data.features)[1], 3);
    }
    nn_dataset_close(set);
}
END_TEST

START_TEST(reads_no_rows)
{
    nn_dataset *set = nn_dataset_open(NULL);
    bytes b = IDX(0x0D, 0, 7);
    nn_data data = read_one(set, &b);
    ck_assert_int_eq(data.rows, 0);
    ck_assert_int_eq(data.columns, 7);
    nn_dataset_close(set);
}
END_TEST

/* More than one buffer of input and of window, and not compressible. */
START_TEST(reads_large_files)
{
    enum { ROWS = 3000, COLUMNS = 100 };
    uint32_t state = 1;
    gzFile packed = gzopen(path_of("large.gz"), "wb");
    bytes header = IDX(0x08, ROWS, COLUMNS);
    gzwrite(packed, header.at, (unsigned)header.n);
    for (int i = 0; i < ROWS * COLUMNS; i++)
        gzputc(packed, (int)((state = state * 1664525 + 1013904223) >> 24));
    ck_assert_int_eq(gzclose(packed), Z_OK);
    nn_dataset *set = nn_dataset_open(NULL);
    ck_assert_int_eq(nn_dataset_read_idx(set, path_of("large.gz"), NULL), AD_OK);
    const uint8_t *x = nn_dataset_data(set).features;
    state = 1;
    for (int i = 0; i < ROWS * COLUMNS; i++)
        ck_assert_uint_eq(x[i], (state = state * 1664525 + 1013904223) >> 24);
    nn_dataset_close(set);
}
END_TEST

/* Cut into two members at each byte, with an empty one between them. */
START_TEST(reads_several_members)
{
    bytes whole = five_rows(), empty = {.n = 0}, nothing = gzip(&empty);
    nn_dataset *set = nn_dataset_open(NULL);
    for (size_t n = 0; n <= whole.n; n++) {
        bytes head = {.n = n}, tail = {.n = whole.n - n}, all = {.n = 0};
        memcpy(head.at, whole.at, n);
        memcpy(tail.at, whole.at + n, tail.n);
        const bytes members[] = {gzip(&head), nothing, gzip(&tail), nothing};
        for (int m = 0; m < 4; m++) {
            memcpy(all.at + all.n, members[m].at, members[m].n);
            all.n += members[m].n;
        }
        nn_data data = read_one(set, &all);
        check_five_rows(&data);
    }
    nn_dataset_close(set);
}
END_TEST

START_TEST(finds_gz_where_the_plain_name_is_not)
{
    bytes rows = five_rows(), labels = five_labels(), packed_rows = gzip(&rows), packed_labels = gzip(&labels);
    save("r.gz", &packed_rows);
    save("l.gz", &packed_labels);
    nn_dataset *set = nn_dataset_open(NULL);
    ck_assert_int_eq(nn_dataset_read_idx(set, path_of("r"), path_of("l")), AD_OK);
    nn_data data = nn_dataset_data(set);
    check_five_rows(&data);
    ck_assert_int_eq(data.labels[4], 4);
    bytes other = IDX(0x08, 1);
    put(&other, 9, 1);
    ck_assert_int_eq(nn_dataset_read_idx(set, save("r", &other), NULL), AD_OK);
    ck_assert_int_eq(nn_dataset_data(set).rows, 1);
    nn_dataset_close(set);
}
END_TEST

START_TEST(a_new_read_replaces_the_old)
{
    counting memory;
    nn_dataset *set = open_counted(&memory);
    bytes rows = five_rows(), labels = five_labels(), f64 = file_of(&type_cases[5]);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(nn_dataset_read_idx(set, save("r", &rows), save("l", &labels)), AD_OK);
        ck_assert_ptr_nonnull(nn_dataset_data(set).labels);
        ck_assert_int_eq(nn_dataset_read_idx(set, save("f", &f64), NULL), AD_OK);
        ck_assert_ptr_null(nn_dataset_data(set).labels);
        ck_assert_int_eq(nn_dataset_data(set).element, NN_F64);
    }
    nn_dataset_close(set);
    counting_check_released(&memory);
}
END_TEST

/* ---- Refusing ---------------------------------------------------------------------------------------------------- */

/* A set that holds five rows, so that what a failed read must keep is known. */
typedef struct held {
    counting memory;
    nn_dataset *set;
} held;

static void hold(held *h)
{
    bytes rows = five_rows(), labels = five_labels();
    h->set = open_counted(&h->memory);
    ck_assert_int_eq(nn_dataset_read_idx(h->set, save("held-r", &rows), save("held-l", &labels)), AD_OK);
    h->memory.largest = 0;
}

/* The last read failed with `status` and a message that names the file, says `why` and tells the way out; all data are
 * still there. */
static void check_kept(const held *h, ad_status status, const char *name, const char *why)
{
    const char *message = nn_dataset_message(h->set);
    ck_assert_msg(nn_dataset_status(h->set) == status, "%s: %s", ad_status_name(nn_dataset_status(h->set)), message);
    ck_assert_msg(strstr(message, name) != NULL, "does not name %s: %s", name, message);
    ck_assert_msg(strstr(message, why) != NULL, "does not say `%s`: %s", why, message);
    ck_assert_msg(strstr(message, "; ") != NULL, "does not tell the way out: %s", message);
    nn_data data = nn_dataset_data(h->set);
    check_five_rows(&data);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(data.labels[i], i);
}

static void let_go(held *h)
{
    nn_dataset_close(h->set);
    counting_check_released(&h->memory);
}

static void refuse_features(held *h, const char *path, const char *name, const char *why)
{
    ck_assert_int_eq(nn_dataset_read_idx(h->set, path, NULL), AD_BAD_FILE);
    check_kept(h, AD_BAD_FILE, name, why);
}

static void refuse_bytes(const bytes *b, const char *why)
{
    held h;
    hold(&h);
    refuse_features(&h, save("wrong", b), "wrong", why);
    ck_assert_uint_lt(h.memory.largest, 100000);
    let_go(&h);
}

static void refuse_both(const bytes *plain, const char *why)
{
    bytes packed = gzip(plain);
    refuse_bytes(plain, why);
    refuse_bytes(&packed, why);
}

START_TEST(a_wrong_magic_is_refused)
{
    static const struct {
        uint32_t magic;
        const char *why;
    } cases[] = {
        {0x3C68746D, "not an IDX file: it begins with 3c 68 74 6d, not 00 00; check the path, or download it again"},
        {0x00010803, "not an IDX file"},
        {0x00000703,
         "unknown element type 07: IDX has 08 u8, 09 i8, 0b i16, 0c i32, 0d f32, 0e f64; download it again"},
        {0x00000A03, "unknown element type 0a"},
        {0x00000F03, "unknown element type 0f"},
        {0x00000800, "rank 0: an IDX file has at least one size; download it again"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        bytes b = five_rows();
        b.n = 0;
        put(&b, cases[i].magic, 4);
        b.n = 46;
        refuse_both(&b, cases[i].why);
    }
}
END_TEST

START_TEST(cut_plain_files_are_refused)
{
    bytes whole = five_rows();
    for (size_t n = 0; n < whole.n; n++) {
        bytes part = whole;
        part.n = n;
        char why[120];
        snprintf(why, sizeof why,
                 n < 16 ? "truncated: the header ends after %zu bytes; download it again"
                        : "of u8 (46 bytes in all), the file has %zu; download it again",
                 n);
        refuse_bytes(&part, n == 0 ? "wrong: is empty; download it again" : why);
    }
}
END_TEST

START_TEST(a_cut_file_says_what_it_should_have)
{
    bytes b = IDX(0x08, 60000, 28, 28);
    b.n = 1000;
    refuse_bytes(&b, "wrong: truncated: header says 60000 x 28 x 28 of u8 (47040016 bytes in all), the file has 1000; "
                     "download it again");
}
END_TEST

START_TEST(cut_gzip_files_are_refused)
{
    bytes plain = five_rows(), whole = gzip(&plain);
    for (size_t n = 2; n < whole.n; n++) {
        bytes part = whole;
        char why[120];
        part.n = n;
        snprintf(why, sizeof why, "wrong: cut: its %zu bytes end inside gzip's data; download it again", n);
        refuse_bytes(&part, why);
    }
}
END_TEST

/* Cut inside the second member; just before it, the first one is a whole file that is too short. */
START_TEST(cut_second_members_are_refused)
{
    bytes plain = five_rows(), head = plain, tail = {.n = 10};
    head.n -= 10;
    memcpy(tail.at, plain.at + head.n, 10);
    bytes whole = gzip(&head), second = gzip(&tail);
    size_t first = whole.n;
    memcpy(whole.at + whole.n, second.at, second.n);
    whole.n += second.n;
    for (size_t n = first; n < whole.n; n++) {
        bytes part = whole;
        part.n = n;
        refuse_bytes(&part, n == first ? "(46 bytes in all), gzip holds 36" : "cut: its");
    }
}
END_TEST

/* Whatever one bit is changed: the data are refused, or (a date, the name of a system) the same. */
START_TEST(corrupt_gzip_files_are_refused)
{
    bytes plain = five_rows(), whole = gzip(&plain);
    size_t refused = 0;
    held h;
    hold(&h);
    for (size_t bit = 0; bit < 8 * whole.n; bit++) {
        bytes b = whole;
        b.at[bit / 8] ^= (unsigned char)(1 << bit % 8);
        if (nn_dataset_read_idx(h.set, save("flipped", &b), NULL) == AD_OK) {
            nn_data data = nn_dataset_data(h.set);
            check_five_rows(&data);
            /* Ten bytes of header; the last byte before the checksum may end in bits that nobody reads. */
            ck_assert(bit / 8 < 10 || bit / 8 == whole.n - 9);
            let_go(&h);
            hold(&h);
        } else {
            check_kept(&h, AD_BAD_FILE, "flipped", "");
            refused++;
        }
        ck_assert_uint_lt(h.memory.largest, 100000);
    }
    ck_assert_uint_ge(refused, 8 * (whole.n - 11));
    let_go(&h);
}
END_TEST

START_TEST(a_wrong_checksum_is_refused)
{
    bytes plain = five_rows(), packed = gzip(&plain), longer = packed;
    packed.at[packed.n - 8] ^= 1;
    refuse_bytes(&packed, "corrupt: gzip's data is wrong (incorrect data check); download it again");
    longer.at[longer.n - 4] ^= 1;
    refuse_bytes(&longer, "corrupt: gzip's data is wrong (incorrect length check)");
}
END_TEST

START_TEST(overlong_files_are_refused)
{
    bytes b = five_rows();
    put(&b, 0, 1);
    refuse_bytes(&b, "overlong: header says 5 x 2 x 3 of u8 (46 bytes in all), the file has 47; download it again");
    bytes packed = gzip(&b);
    refuse_bytes(&packed,
                 "overlong: header says 5 x 2 x 3 of u8 (46 bytes in all), gzip holds more; download it again");
}
END_TEST

START_TEST(short_content_in_gzip_is_refused)
{
    bytes b = five_rows();
    b.n--;
    bytes packed = gzip(&b);
    refuse_bytes(&packed, "truncated: header says 5 x 2 x 3 of u8 (46 bytes in all), gzip holds 45; download it again");
    b.n = 10;
    packed = gzip(&b);
    refuse_bytes(&packed, "truncated: the header ends after 10 bytes; download it again");
}
END_TEST

START_TEST(garbage_after_gzip_is_refused)
{
    bytes plain = five_rows(), packed = gzip(&plain), zero = packed, half = packed;
    put(&packed, 'x', 1);
    refuse_bytes(&packed, "garbage after the end of gzip's data; download it again");
    put(&zero, 0, 8);
    refuse_bytes(&zero, "garbage after the end of gzip's data; download it again");
    put(&half, 0x1F00, 2);
    refuse_bytes(&half, "corrupt: gzip's data is wrong (incorrect header check)");
}
END_TEST

START_TEST(overflowing_sizes_are_refused)
{
    const uint32_t m = UINT32_MAX;
    const bytes cases[] = {IDX(0x08, m, m, 2),           IDX(0x0E, m, 1u << 30), IDX(0x08, 0, m, m, m),
                           IDX(0x08, 0, 1u << 31, m, 2), IDX(0x0B, m, m),        IDX(0x08, m, m, m, m, m, m, m, m, m),
                           IDX(0x08, 2, m, m, m, 0)};
    for (size_t i = 0; i < COUNT(cases); i++)
        refuse_both(&cases[i], "sizes overflow");
    refuse_both(&cases[0],
                "sizes overflow: 4294967295 x 4294967295 x 2 of u8 is more bytes than 64 bits count; download "
                "it again");
}
END_TEST

START_TEST(claims_are_checked_before_memory_is_taken)
{
    const bytes cases[] = {IDX(0x08, UINT32_MAX, UINT32_MAX), IDX(0x0E, 1000000, 100), IDX(0x08, 200000)};
    for (size_t i = 0; i < COUNT(cases); i++) {
        bytes packed = gzip(&cases[i]);
        refuse_bytes(&cases[i], "truncated");
        refuse_bytes(&packed, "bytes of gzip can hold; download it again");
    }
}
END_TEST

/* A file of zeros is as dense as deflate can be: it must not be taken for an impossible one. */
START_TEST(the_densest_gzip_is_read)
{
    enum { COLUMNS = 1 << 20 };
    static const unsigned char zeros[4096];
    bytes header = IDX(0x08, 16, COLUMNS);
    gzFile packed = gzopen(path_of("zeros"), "wb9");
    gzwrite(packed, header.at, (unsigned)header.n);
    for (int i = 0; i < 16 * COLUMNS / 4096; i++)
        gzwrite(packed, zeros, sizeof zeros);
    ck_assert_int_eq(gzclose(packed), Z_OK);
    nn_dataset *set = nn_dataset_open(NULL);
    ck_assert_msg(nn_dataset_read_idx(set, path_of("zeros"), NULL) == AD_OK, "%s", nn_dataset_message(set));
    nn_dataset_close(set);
}
END_TEST

static void refuse_labels(const bytes *labels, const char *why)
{
    held h;
    hold(&h);
    ck_assert_int_eq(nn_dataset_read_idx(h.set, path_of("held-r"), save("labels", labels)), AD_BAD_FILE);
    check_kept(&h, AD_BAD_FILE, "labels", why);
    let_go(&h);
}

START_TEST(wrong_labels_are_refused)
{
    bytes four = IDX(0x08, 4), six = IDX(0x0B, 6), real = IDX(0x0D, 5), rows = five_rows(), cut = five_labels(),
          column = IDX(0x08, 5, 1);
    put(&column, 0, 5);
    put(&four, 0, 4);
    put(&six, 0, 8);
    put(&six, 0, 4);
    put(&real, 0, 8);
    put(&real, 0, 8);
    put(&real, 0, 4);
    cut.n--;
    refuse_labels(&four, "4 labels for the 5 rows of");
    refuse_labels(&four, "/held-r; take both files from the same set");
    refuse_labels(&six, "6 labels for the 5 rows of");
    refuse_labels(&real, "labels are integers, the header says 5 of f32; write them as one of u8, i8, i16, i32");
    refuse_labels(&column, "labels have one size, the header says 5 x 1 of u8; are the files");
    refuse_labels(&cut, "truncated: header says 5 of u8");
    held h;
    hold(&h);
    ck_assert_int_eq(nn_dataset_read_idx(h.set, path_of("held-r"), save("rows", &rows)), AD_BAD_FILE);
    check_kept(
        &h, AD_BAD_FILE, "rows",
        "labels have one size, the header says 5 x 2 x 3 of u8; are the files of labels and of features swapped?");
    let_go(&h);
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
    held h;
    hold(&h);
    refuse_features(&h, path_of("missing"), "missing",
                    "No such file or directory, nor one with .gz after its name; check the path");
    refuse_features(&h, "", "", "No such file or directory");
    refuse_features(&h, folder, folder, "is a directory; give the path of a file in it");
    refuse_features(&h, path_of("held-r/below"), "held-r/below", "Not a directory; check the path and its permissions");
    ck_assert_int_eq(mkfifo(path_of("pipe"), 0600), 0);
    refuse_features(&h, path_of("pipe"), "pipe", "is not a regular file; copy what it gives into one");
    ck_assert_int_eq(mkdir(path_of("folder.gz"), 0700), 0);
    refuse_features(&h, path_of("folder"), "folder.gz", "is a directory");
    ck_assert_int_eq(nn_dataset_read_idx(h.set, path_of("held-r"), path_of("missing")), AD_BAD_FILE);
    check_kept(&h, AD_BAD_FILE, "missing", "No such file or directory");
    let_go(&h);
}
END_TEST

START_TEST(files_without_permission_are_refused)
{
    if (geteuid() == 0) /* for whom nothing is forbidden */
        return;
    held h;
    hold(&h);
    ck_assert_int_eq(chmod(path_of("held-r"), 0), 0);
    refuse_features(&h, path_of("held-r"), "held-r", "Permission denied");
    let_go(&h);
}
END_TEST

/* Of a path that is longer than a message, the end is shown, and no half character of UTF-8 at its beginning. */
START_TEST(long_paths_are_shortened)
{
    char path[3000] = "";
    for (int i = 0; i < 1400; i++)
        strcat(path, "\xC3\xA9");
    for (int odd = 0; odd < 2; odd++) {
        nn_dataset *set = nn_dataset_open(NULL);
        strcpy(path + 2800, odd ? "/end-of-it" : "//end-of-it");
        ck_assert_int_eq(nn_dataset_read_idx(set, path, NULL), AD_BAD_FILE);
        const char *message = nn_dataset_message(set);
        ck_assert_ptr_nonnull(strstr(message, "end-of-it: File name too long; "));
        ck_assert_int_eq(strncmp(message, "...\xC3\xA9", 5), 0);
        ck_assert_uint_lt(strlen(message), 420);
        nn_dataset_close(set);
    }
}
END_TEST

START_TEST(null_is_refused)
{
    held h;
    hold(&h);
    ck_assert_int_eq(nn_dataset_read_idx(h.set, NULL, NULL), AD_BAD_VALUE);
    check_kept(&h, AD_BAD_VALUE, "nn_dataset_read_idx: ", "features is NULL; give the path of an IDX file");
    let_go(&h);
    ck_assert_int_eq(nn_dataset_read_idx(NULL, "x", NULL), AD_BAD_HANDLE);
    ck_assert_int_eq(nn_dataset_status(NULL), AD_BAD_HANDLE);
    ck_assert_ptr_nonnull(strstr(nn_dataset_message(NULL), "NULL"));
    ck_assert_int_eq(nn_dataset_data(NULL).rows, 0);
    nn_dataset_close(NULL);
}
END_TEST

/* ---- Streams ----------------------------------------------------------------------------------------------------- */

/* Opens a file, with three bytes before it that the caller has read. */
static FILE *open_behind(const char *name, const bytes *b)
{
    bytes longer = {.n = 0};
    put(&longer, 0x616263, 3);
    memcpy(longer.at + 3, b->at, b->n);
    longer.n += b->n;
    FILE *file = fopen(save(name, &longer), "rb");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(fgetc(file), "abc"[i]);
    return file;
}

START_TEST(streams_are_read_from_where_they_stand)
{
    const nn_stream none = {.file = NULL};
    bytes rows = five_rows(), labels = five_labels(), packed = gzip(&rows);
    counting memory;
    nn_dataset *set = open_counted(&memory);
    FILE *x = open_behind("x", _i ? &packed : &rows), *y = open_behind("y", &labels);
    ck_assert_int_eq(nn_dataset_read_idx_stream(set, (nn_stream){x, "x"}, (nn_stream){y, "y"}), AD_OK);
    nn_data data = nn_dataset_data(set);
    check_five_rows(&data);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(data.labels[i], i);
    rewind(x);
    ck_assert_int_eq(fseek(x, 3, SEEK_SET), 0);
    ck_assert_int_eq(nn_dataset_read_idx_stream(set, (nn_stream){x, "x"}, none), AD_OK);
    data = nn_dataset_data(set);
    check_five_rows(&data);
    ck_assert_ptr_null(data.labels);
    fclose(x);
    fclose(y);
    nn_dataset_close(set);
    counting_check_released(&memory);
}
END_TEST

START_TEST(wrong_streams_are_refused)
{
    held h;
    hold(&h);
    const nn_stream none = {.file = NULL};
    bytes rows = five_rows(), four = IDX(0x08, 4), huge = IDX(0x0E, 1000000000, 1000);
    put(&four, 0x00010203, 4);
    FILE *x = open_behind("x", &rows), *y = open_behind("y", &four), *claims = open_behind("claims", &huge);
    ck_assert_int_eq(nn_dataset_read_idx_stream(h.set, none, none), AD_BAD_VALUE);
    check_kept(&h, AD_BAD_VALUE, "nn_dataset_read_idx_stream: ", "features has no FILE; give one");
    ck_assert_int_eq(nn_dataset_read_idx_stream(h.set, (nn_stream){x, "x"}, (nn_stream){x, "y"}), AD_BAD_VALUE);
    check_kept(&h, AD_BAD_VALUE, "nn_dataset_read_idx_stream: ", "the same FILE");
    ck_assert_int_eq(nn_dataset_read_idx_stream(h.set, (nn_stream){claims, NULL}, none), AD_BAD_FILE);
    check_kept(&h, AD_BAD_FILE, "FILE: ", "truncated: header says 1000000000 x 1000 of f64");
    ck_assert_int_eq(nn_dataset_read_idx_stream(h.set, (nn_stream){x, "xs"}, (nn_stream){y, "ys"}), AD_BAD_FILE);
    check_kept(&h, AD_BAD_FILE, "ys: ", "4 labels for the 5 rows of xs; take both files from the same set");
    ck_assert_int_eq(nn_dataset_read_idx_stream(h.set, (nn_stream){x, "x"}, none), AD_BAD_FILE);
    check_kept(&h, AD_BAD_FILE, "x: ", "is empty; give a FILE that stands where its data begin");
    ck_assert_int_eq(nn_dataset_read_idx_stream(NULL, (nn_stream){x, "x"}, none), AD_BAD_HANDLE);
    fclose(x);
    fclose(y);
    fclose(claims);
    let_go(&h);
}
END_TEST

START_TEST(a_good_read_clears_the_error)
{
    held h;
    hold(&h);
    refuse_features(&h, path_of("missing"), "missing", "No such file");
    ck_assert_int_eq(nn_dataset_read_idx(h.set, path_of("held-r"), NULL), AD_OK);
    ck_assert_int_eq(nn_dataset_status(h.set), AD_OK);
    ck_assert_str_eq(nn_dataset_message(h.set), "");
    let_go(&h);
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

/* The last read failed for want of memory, and says just that. */
static void expect_out_of_memory(const nn_dataset *set)
{
    static const char *const shapes = "^.+: memory is out(: [0-9]+ bytes are needed; read a smaller file or free some"
                                      "| while it is gunzipped; free some)$";
    regex_t shape;
    ck_assert_int_eq(regcomp(&shape, shapes, REG_EXTENDED | REG_NOSUB), 0);
    ck_assert_msg(regexec(&shape, nn_dataset_message(set), 0, NULL, 0) == 0, "it says: %s", nn_dataset_message(set));
    regfree(&shape);
}

/* Opens, reads names that only exist with .gz, closes: with the k-th allocation failing. True if one did. */
static bool read_with_failure(size_t k, counting_failure failure)
{
    counting memory;
    counting_open(&memory);
    counting_fail(&memory, k, failure);
    nn_dataset *set = nn_dataset_open(&(nn_dataset_options){.allocator = &memory.allocator});
    ad_status status = nn_dataset_read_idx(set, path_of("r"), path_of("l"));
    bool failed = memory.refused > 0;
    ck_assert_int_eq(status, !failed ? AD_OK : set ? AD_NO_MEMORY : AD_BAD_HANDLE);
    if (failed && set) {
        expect_out_of_memory(set);
        ck_assert_int_eq(nn_dataset_data(set).rows, 0);
        counting_heal(&memory);
        ck_assert_int_eq(nn_dataset_read_idx(set, path_of("r"), path_of("l")), AD_OK);
    }
    nn_dataset_close(set);
    counting_check_released(&memory);
    return failed;
}

START_TEST(every_allocation_may_fail)
{
    bytes rows = five_rows(), labels = five_labels(), packed_rows = gzip(&rows), packed_labels = gzip(&labels);
    save("r.gz", _i / 2 ? &packed_rows : &rows);
    save("l.gz", _i / 2 ? &packed_labels : &labels);
    size_t k = 1;
    while (read_with_failure(k, _i % 2 ? COUNTING_FOR_GOOD : COUNTING_ONCE))
        k++;
    ck_assert_uint_gt(k, _i / 2 ? 8 : 6);
}
END_TEST

/* The old data stay until the new ones are whole. */
START_TEST(a_failed_allocation_keeps_the_old_data)
{
    held h;
    hold(&h);
    bytes other = file_of(&type_cases[5]), packed = gzip(&other);
    save("other", &packed);
    size_t k = 1;
    for (;; k++) {
        counting_fail(&h.memory, k, COUNTING_ONCE);
        if (nn_dataset_read_idx(h.set, path_of("other"), NULL) == AD_OK)
            break;
        check_kept(&h, AD_NO_MEMORY, "other", "memory is out");
    }
    ck_assert_uint_gt(k, 3);
    ck_assert_int_eq(nn_dataset_data(h.set).element, NN_F64);
    let_go(&h);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, NULL, empty_folder);
    tcase_add_loop_test(tests, reads_every_type, 0, TYPE_CASES);
    tcase_add_test(tests, names_do_not_tell);
    tcase_add_loop_test(tests, reads_labels_of_every_integer_type, 0, 4);
    tcase_add_test(tests, reads_every_rank);
    tcase_add_test(tests, reads_no_rows);
    tcase_add_test(tests, reads_large_files);
    tcase_add_test(tests, reads_several_members);
    tcase_add_test(tests, finds_gz_where_the_plain_name_is_not);
    tcase_add_test(tests, a_new_read_replaces_the_old);
    tcase_add_test(tests, a_wrong_magic_is_refused);
    tcase_add_test(tests, cut_plain_files_are_refused);
    tcase_add_test(tests, a_cut_file_says_what_it_should_have);
    tcase_add_test(tests, cut_gzip_files_are_refused);
    tcase_add_test(tests, cut_second_members_are_refused);
    tcase_add_test(tests, corrupt_gzip_files_are_refused);
    tcase_add_test(tests, a_wrong_checksum_is_refused);
    tcase_add_test(tests, overlong_files_are_refused);
    tcase_add_test(tests, short_content_in_gzip_is_refused);
    tcase_add_test(tests, garbage_after_gzip_is_refused);
    tcase_add_test(tests, overflowing_sizes_are_refused);
    tcase_add_test(tests, claims_are_checked_before_memory_is_taken);
    tcase_add_test(tests, the_densest_gzip_is_read);
    tcase_add_test(tests, wrong_labels_are_refused);
    tcase_add_test(tests, what_is_no_file_is_refused);
    tcase_add_test(tests, files_without_permission_are_refused);
    tcase_add_test(tests, long_paths_are_shortened);
    tcase_add_test(tests, null_is_refused);
    tcase_add_loop_test(tests, streams_are_read_from_where_they_stand, 0, 2);
    tcase_add_test(tests, wrong_streams_are_refused);
    tcase_add_test(tests, a_good_read_clears_the_error);
    tcase_add_loop_test(tests, every_allocation_may_fail, 0, 4);
    tcase_add_test(tests, a_failed_allocation_keeps_the_old_data);
}

int main(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/gradtape-data-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(folder)) {
        perror(folder);
        return EXIT_FAILURE;
    }
    const int status = run_tests("IDX files", add_tests);
    empty_folder(); /* what a test that crashed has left */
    rmdir(folder);
    return status;
}
