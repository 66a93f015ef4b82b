/* Files of data sets. */
#include "data_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "check.h"
#include "golden_reader.h"

/* Check's own asserts tell the parent process of each one that holds, which takes longer than reading a small file. */
#define MUST(condition, ...)                                                                                           \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            ck_abort_msg(__VA_ARGS__);                                                                                 \
    } while (0)

/* ---- Files ------------------------------------------------------------------------------------------------------- */

static char folder[4096];

const char *path_in_folder(const char *name)
{
    static char paths[4][sizeof folder + 512];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof *paths, "%s/%s", folder, name);
    return path;
}

/* Removes what a folder has: files, and folders of files. */
static void empty_folder_of(const char *path, int depth)
{
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));) {
        char inner[sizeof folder + 600];
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        if (snprintf(inner, sizeof inner, "%s/%s", path, e->d_name) >= (int)sizeof inner)
            continue;
        if (remove(inner) != 0 && depth > 0)
            empty_folder_of(inner, depth - 1);
        remove(inner);
    }
    if (d)
        closedir(d);
}

static void empty_folder(void) { empty_folder_of(folder, 1); }

int run_in_folder(const char *suite, void (*add_tests)(TCase *tests))
{
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/gradtape-data-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(folder)) {
        perror(folder);
        return EXIT_FAILURE;
    }
    Suite *s = suite_create(suite);
    TCase *tests = tcase_create(suite);
    tcase_add_checked_fixture(tests, empty_folder, empty_folder); /* a test that failed has left something */
    add_tests(tests);
    suite_add_tcase(s, tests);
    const int status = run_suites(srunner_create(s));
    empty_folder(); /* what a test that crashed has left */
    rmdir(folder);
    return status;
}

void put_bytes(file_bytes *b, const void *bytes, size_t n)
{
    MUST(b->n + n <= sizeof b->at, "a file of a test is too long");
    memcpy(b->at + b->n, bytes, n);
    b->n += n;
}

void put_text(file_bytes *b, const char *text) { put_bytes(b, text, strlen(text)); }

void put_number(file_bytes *b, uint64_t number, size_t width)
{
    for (size_t k = 0; k < width; k++)
        put_bytes(b, &(unsigned char){(unsigned char)(number >> 8 * k)}, 1);
}

const char *save_first(const char *name, const file_bytes *b, size_t n)
{
    const char *path = path_in_folder(name);
    FILE *file = fopen(path, "wb");
    bool written = file && fwrite(b->at, 1, n, file) == n;
    if (file && fclose(file) != 0)
        written = false;
    MUST(written, "%s cannot be written", path);
    return path;
}

const char *save_bytes(const char *name, const file_bytes *b) { return save_first(name, b, b->n); }

static size_t read_whole(const char *path, void *to, size_t room)
{
    FILE *from = fopen(path, "rb");
    ck_assert_msg(from != NULL, "%s is not there", path);
    const size_t n = fread(to, 1, room, from);
    fclose(from);
    return n;
}

void load_bytes(const char *path, file_bytes *b) { b->n = read_whole(path, b->at, sizeof b->at); }

void expect_same_files(const char *a, const char *b)
{
    static char x[1 << 20], y[1 << 20];
    const size_t n = read_whole(a, x, sizeof x), m = read_whole(b, y, sizeof y);
    size_t i = 0;
    while (i < n && i < m && x[i] == y[i])
        i++;
    const size_t at = i < 60 ? 0 : i - 60;
    ck_assert_msg(n == m && i == n, "they differ at byte %zu of %zu, %zu: %.90s | %.90s", i, n, m, x + at, y + at);
    ck_assert(n > 100 && n < sizeof x);
}

void flip_bit(const char *path, size_t bit)
{
    unsigned char byte = 0;
    int file = open(path, O_RDWR);
    bool flipped = file >= 0 && pread(file, &byte, 1, (off_t)(bit / 8)) == 1;
    byte ^= (unsigned char)(1 << bit % 8);
    flipped = flipped && pwrite(file, &byte, 1, (off_t)(bit / 8)) == 1;
    MUST(flipped && close(file) == 0, "%s cannot be changed", path);
}

void gzip_bytes(const file_bytes *plain, file_bytes *packed)
{
    z_stream z = {.next_in = (unsigned char *)plain->at, .avail_in = (unsigned)plain->n};
    ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_out = packed->at;
    z.avail_out = sizeof packed->at;
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    packed->n = sizeof packed->at - z.avail_out;
    deflateEnd(&z);
}

void make_npy(file_bytes *b, const char *dictionary, size_t bytes)
{
    size_t length = strlen(dictionary) + 1, padded = (length + 10 + 63) / 64 * 64 - 10;
    b->n = 0;
    put_text(b, "\x93NUMPY\x01");
    put_number(b, 0, 1);
    put_number(b, padded, 2);
    put_text(b, dictionary);
    while (length++ < padded)
        put_text(b, " ");
    put_text(b, "\n");
    while (bytes-- > 0)
        put_number(b, 0, 1);
}

/* ---- NumPy's files ----------------------------------------------------------------------------------------------- */

static void read_hex(const char *hex, file_bytes *b)
{
    for (b->n = 0; hex[0] && hex[1]; hex += 2) {
        unsigned byte;
        ck_assert_int_eq(sscanf(hex, "%2x", &byte), 1);
        put_number(b, byte, 1);
    }
}

static void read_values(const char *text, numpy_file *file)
{
    char element[8];
    int n, used = 0;
    long rows, columns;
    ck_assert_int_eq(sscanf(text, "%ld %ld %7s%n", &rows, &columns, element, &used), 3);
    file->rows = rows;
    file->columns = columns;
    for (n = 0; n < NN_ELEMENT_COUNT && strcmp(nn_element_name((nn_element)n), element) != 0;)
        n++;
    ck_assert_int_lt(n, NN_ELEMENT_COUNT);
    file->element = (nn_element)n;
    ck_assert_int_le(rows * columns, COUNT(file->values));
    char *at = (char *)text + used;
    for (long i = 0; i < rows * columns; i++)
        file->values[i] = strtod(at, &at);
    ck_assert_int_eq(*at, '\n');
}

bool next_numpy_file(FILE *golden, numpy_file *file)
{
    static char line[1 << 16];
    static char hex[1 << 16];
    int used = 0;
    if (!fgets(line, sizeof line, golden))
        return false;
    if (line[0] == '#')
        return next_numpy_file(golden, file);
    ck_assert_int_eq(sscanf(line, "%63s %65535s%n", file->name, hex, &used), 2);
    read_hex(hex, &file->bytes);
    if (!strstr(file->name, ".npz"))
        read_values(line + used, file);
    return true;
}

void find_numpy_file(const char *name, numpy_file *file)
{
    char path[4096];
    FILE *golden = golden_open("numpy.txt", path, sizeof path);
    ck_assert_msg(golden != NULL, "%s", path);
    do
        ck_assert_msg(next_numpy_file(golden, file), "no %s in %s", name, path);
    while (strcmp(file->name, name) != 0);
    fclose(golden);
}

/* ---- Data -------------------------------------------------------------------------------------------------------- */

double element_at(const void *values, nn_element element, int64_t i)
{
    switch (element) {
#define CASE(name, text, type)                                                                                         \
    case name: return (double)((const type *)values)[i];
        NN_ELEMENT_LIST(CASE)
#undef CASE
    default: return NAN;
    }
}

void check_features(nn_data data, const numpy_file *file)
{
    MUST(data.rows == file->rows && data.columns == file->columns, "%s: [%d,%d]", file->name, (int)data.rows,
         (int)data.columns);
    MUST(data.element == file->element, "%s: %s", file->name, nn_element_name(data.element));
    for (int64_t i = 0; i < data.rows * data.columns; i++) {
        double x = element_at(data.features, data.element, i), y = file->values[i];
        MUST(x == y && signbit(x) == signbit(y), "%s: value %d is %a, not %a", file->name, (int)i, x, y);
    }
}

/* Three rows of two f32, and labels. */
static void make_held(file_bytes *features, file_bytes *labels)
{
    make_npy(features, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }", 0);
    make_npy(labels, "{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }", 0);
    for (int i = 0; i < 6; i++)
        put_bytes(features, &(float){0.5F * (float)i}, sizeof(float));
    for (unsigned i = 0; i < 3; i++)
        put_number(labels, 7 + i, 8);
}

void hold_data(held_data *h)
{
    file_bytes features, labels;
    make_held(&features, &labels);
    save_bytes("held-x", &features);
    save_bytes("held-y", &labels);
    counting_open(&h->memory);
    h->set = nn_dataset_open(&(nn_dataset_options){.allocator = &h->memory.allocator});
    hold_again(h);
    h->memory.largest = 0;
}

void hold_again(held_data *h)
{
    ad_status status = nn_dataset_read_npy(h->set, path_in_folder("held-x"), path_in_folder("held-y"));
    MUST(status == AD_OK, "%s", nn_dataset_message(h->set));
}

void let_go(held_data *h)
{
    nn_dataset_close(h->set);
    counting_check_released(&h->memory);
}

void check_kept(const held_data *h, ad_status status, const char *name, const char *why)
{
    const char *message = nn_dataset_message(h->set);
    MUST(nn_dataset_status(h->set) == status, "%s: %s", ad_status_name(nn_dataset_status(h->set)), message);
    MUST(strstr(message, name) != NULL, "does not name %s: %s", name, message);
    MUST(strstr(message, why) != NULL, "does not say `%s`: %s", why, message);
    MUST(strstr(message, "; ") != NULL, "does not tell the way out: %s", message);
    nn_data data = nn_dataset_data(h->set);
    MUST(data.rows == 3 && data.columns == 2, "data are lost: %s", message);
    for (int i = 0; i < 6; i++)
        MUST(element_at(data.features, data.element, i) == 0.5 * i, "feature %d is another", i);
    for (int i = 0; i < 3; i++)
        MUST(data.labels[i] == 7 + i, "label %d is another", i);
}
