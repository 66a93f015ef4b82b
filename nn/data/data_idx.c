/* IDX files, plain or gzipped. The format is described on Yann LeCun's page of MNIST: two zero bytes, a type code, the
 * rank, one big-endian 32-bit size for each dimension, then the values, row-major and big-endian. */
#include "dataset.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define MAX_RANK 255           /* the rank is one byte */
#define NAME_BYTES 320         /* of a path in a message; two of them fit into one */
#define READ_AT_MOST (1 << 30) /* at once: read and zlib count in int */

/* Deflate's shortest code is 2 bits for a match of 258 bytes (RFC 1951): no more than this comes out of one byte. */
#define DEFLATE_GAIN 1032

typedef struct idx_file {
    nn_dataset *dataset;
    int descriptor;
    bool gzipped;
    bool ended;     /* gzip: the last member and its checksum have been read */
    uint64_t bytes; /* length of the file */
    z_stream stream;

    nn_element element;
    unsigned rank;
    uint32_t sizes[MAX_RANK];
    size_t columns;
    size_t count; /* values */
    size_t header_bytes;
    size_t total_bytes; /* header and values, not gzipped */

    char name[NAME_BYTES]; /* for messages */
    char shape[160];       /* for messages: "60000 x 28 x 28 of u8" */
    unsigned char input[16384];
} idx_file;

/* ---- The file ---------------------------------------------------------------------------------------------------- */

/* A path as messages show it: of a long one the end, because that is where paths differ. */
static void show_path(char name[NAME_BYTES], const char *path)
{
    size_t length = strlen(path);
    const char *tail = path + (length >= NAME_BYTES ? length - (NAME_BYTES - 4) : 0);
    while (tail > path && ((unsigned char)*tail & 0xC0) == 0x80) /* never begin inside a character of UTF-8 */
        tail++;
    snprintf(name, NAME_BYTES, "%s%s", tail > path ? "..." : "", tail);
}

/* Keeps AD_BAD_FILE with the name of the file before the message. */
static ad_status bad_file(const idx_file *f, const char *format, ...) AD_PRINTF(2, 3);

static ad_status bad_file(const idx_file *f, const char *format, ...)
{
    char reason[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    return nn_dataset_fail(f->dataset, AD_BAD_FILE, "%s: %s", f->name, reason);
}

static ad_status fail_system(const idx_file *f, int error)
{
    char text[128];
    if (strerror_r(error, text, sizeof text) != 0)
        snprintf(text, sizeof text, "error %d", error);
    return bad_file(f, "%s; check the path and its permissions", text);
}

static ad_status fail_memory(const idx_file *f, size_t bytes)
{
    return nn_dataset_fail(f->dataset, AD_NO_MEMORY,
                           "%s: memory is out: %zu bytes are needed; read a smaller file or free some", f->name, bytes);
}

/* O_NONBLOCK, because opening a pipe must not wait for its other end; for regular files it changes nothing. */
static int open_to_read(const char *path) { return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); }

static ad_status open_with_gz(idx_file *f, const char *path)
{
    size_t length = strlen(path), bytes = length + sizeof ".gz";
    char *longer = ad_memory_take(&f->dataset->memory, bytes, 1);
    if (!longer)
        return fail_memory(f, bytes);
    memcpy(longer, path, length);
    memcpy(longer + length, ".gz", sizeof ".gz");
    f->descriptor = open_to_read(longer);
    int error = f->descriptor < 0 ? errno : 0;
    if (error != ENOENT)
        show_path(f->name, longer);
    ad_memory_release(&f->dataset->memory, longer, bytes, 1);
    if (error == ENOENT)
        return bad_file(f, "No such file or directory, nor one with .gz after its name; check the path");
    return error ? fail_system(f, error) : AD_OK;
}

static ad_status open_path(idx_file *f, const char *path)
{
    show_path(f->name, path);
    f->descriptor = open_to_read(path);
    if (f->descriptor >= 0)
        return AD_OK;
    return errno == ENOENT ? open_with_gz(f, path) : fail_system(f, errno);
}

static ad_status examine(idx_file *f)
{
    struct stat about;
    if (fstat(f->descriptor, &about) != 0)
        return fail_system(f, errno);
    if (S_ISDIR(about.st_mode))
        return bad_file(f, "is a directory; give the path of a file in it");
    if (!S_ISREG(about.st_mode))
        return bad_file(f, "is not a regular file; copy what it gives into one");
    if (about.st_size == 0)
        return bad_file(f, "is empty; download it again");
    f->bytes = (uint64_t)about.st_size;
    return AD_OK;
}

/* Reads `bytes` bytes of the file, or as many as there are. */
static ad_status read_file(idx_file *f, unsigned char *to, size_t bytes, size_t *got)
{
    for (*got = 0; *got < bytes;) {
        size_t rest = bytes - *got;
        ssize_t n = read(f->descriptor, to + *got, rest < READ_AT_MOST ? rest : READ_AT_MOST);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_system(f, errno);
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return AD_OK;
}

/* ---- gzip -------------------------------------------------------------------------------------------------------- */

/* zlib gives back a block without its size, so the size stands before the block. */
typedef union block_head {
    size_t bytes;
    max_align_t alignment;
} block_head;

static void *zlib_allocate(void *context, unsigned count, unsigned size)
{
    size_t bytes;
    if (!ad_multiply_sizes(count, size, &bytes) || bytes > SIZE_MAX - sizeof(block_head))
        return NULL;
    block_head *head = ad_memory_take(context, bytes + sizeof *head, 1);
    if (!head)
        return NULL;
    head->bytes = bytes + sizeof *head;
    return head + 1;
}

static void zlib_release(void *context, void *block)
{
    block_head *head = (block_head *)block - 1;
    ad_memory_release(context, head, head->bytes, 1);
}

static ad_status fail_zlib(const idx_file *f, int code)
{
    if (code == Z_MEM_ERROR)
        return nn_dataset_fail(f->dataset, AD_NO_MEMORY, "%s: memory is out while it is gunzipped; free some", f->name);
    return bad_file(f, "corrupt: gzip's data is wrong (%s); download it again",
                    f->stream.msg ? f->stream.msg : zError(code));
}

/* Windows of zlib: 15 bits, and 16 added for gzip's header and nothing else. */
static ad_status begin_gzip(idx_file *f)
{
    f->stream = (z_stream){.zalloc = zlib_allocate, .zfree = zlib_release, .opaque = &f->dataset->memory};
    int code = inflateInit2(&f->stream, 15 + 16);
    f->gzipped = code == Z_OK;
    return code == Z_OK ? AD_OK : fail_zlib(f, code);
}

static ad_status refill(idx_file *f)
{
    size_t got = 0;
    if (f->stream.avail_in > 0)
        return AD_OK;
    ad_status status = read_file(f, f->input, sizeof f->input, &got);
    f->stream.next_in = f->input;
    f->stream.avail_in = (unsigned)got;
    return status;
}

/* A gzip file is one member or several, one after the other (RFC 1952); anything else behind a member is an error. */
static ad_status next_member(idx_file *f)
{
    ad_status status = refill(f);
    if (status != AD_OK)
        return status;
    f->ended = f->stream.avail_in == 0;
    if (f->ended)
        return AD_OK;
    if (f->stream.next_in[0] != 0x1f)
        return bad_file(f, "garbage after the end of gzip's data; download it again");
    int code = inflateReset(&f->stream);
    return code == Z_OK ? AD_OK : fail_zlib(f, code);
}

static ad_status inflate_some(idx_file *f)
{
    ad_status status = refill(f);
    if (status != AD_OK)
        return status;
    if (f->stream.avail_in == 0)
        return bad_file(f, "cut: its %llu bytes end inside gzip's data; download it again",
                        (unsigned long long)f->bytes);
    int code = inflate(&f->stream, Z_NO_FLUSH);
    if (code == Z_STREAM_END)
        return next_member(f);
    return code == Z_OK ? AD_OK : fail_zlib(f, code);
}

static ad_status read_gzip(idx_file *f, unsigned char *to, size_t bytes, size_t *got)
{
    ad_status status = AD_OK;
    for (*got = 0; *got < bytes && !f->ended && status == AD_OK;) {
        size_t rest = bytes - *got;
        unsigned room = rest < READ_AT_MOST ? (unsigned)rest : READ_AT_MOST;
        f->stream.next_out = to + *got;
        f->stream.avail_out = room;
        status = inflate_some(f);
        *got += room - f->stream.avail_out;
    }
    return status;
}

/* Reads `bytes` bytes of content, or as many as there are. */
static ad_status read_content(idx_file *f, void *to, size_t bytes, size_t *got)
{
    return f->gzipped ? read_gzip(f, to, bytes, got) : read_file(f, to, bytes, got);
}

/* ---- The header -------------------------------------------------------------------------------------------------- */

static bool find_element(unsigned code, nn_element *element)
{
    static const struct {
        unsigned code;
        nn_element element;
    } codes[] = {{0x08, NN_U8}, {0x09, NN_I8}, {0x0B, NN_I16}, {0x0C, NN_I32}, {0x0D, NN_F32}, {0x0E, NN_F64}};
    _Static_assert(sizeof codes / sizeof *codes == NN_ELEMENT_COUNT, "every element type has a code");
    for (size_t i = 0; i < NN_ELEMENT_COUNT; i++)
        if (codes[i].code == code) {
            *element = codes[i].element;
            return true;
        }
    return false;
}

static ad_status read_header_bytes(idx_file *f, unsigned char *to, size_t bytes)
{
    size_t got;
    ad_status status = read_content(f, to, bytes, &got);
    f->header_bytes += got;
    if (status != AD_OK || got == bytes)
        return status;
    return bad_file(f, "truncated: the header ends after %zu bytes; download it again", f->header_bytes);
}

static ad_status read_magic(idx_file *f)
{
    unsigned char m[4];
    ad_status status = read_header_bytes(f, m, sizeof m);
    if (status != AD_OK)
        return status;
    if (m[0] != 0 || m[1] != 0)
        return bad_file(
            f, "not an IDX file: it begins with %02x %02x %02x %02x, not 00 00; check the path, or download it again",
            m[0], m[1], m[2], m[3]);
    if (!find_element(m[2], &f->element))
        return bad_file(
            f, "unknown element type %02x: IDX has 08 u8, 09 i8, 0b i16, 0c i32, 0d f32, 0e f64; download it again",
            m[2]);
    f->rank = m[3];
    if (f->rank == 0)
        return bad_file(f, "rank 0: an IDX file has at least one size; download it again");
    return AD_OK;
}

static ad_status read_sizes(idx_file *f)
{
    unsigned char raw[4 * MAX_RANK];
    ad_status status = read_header_bytes(f, raw, 4 * f->rank);
    for (unsigned i = 0; i < f->rank && status == AD_OK; i++) {
        const unsigned char *b = raw + 4 * i;
        f->sizes[i] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    }
    return status;
}

/* "60000 x 28 x 28 of u8"; of a high rank only the first sizes. */
static void show_shape(idx_file *f)
{
    unsigned shown = f->rank < 8 ? f->rank : 8;
    size_t at = 0, size = sizeof f->shape;
    for (unsigned i = 0; i < shown; i++)
        at += (size_t)snprintf(f->shape + at, size - at, "%s%lu", i ? " x " : "", (unsigned long)f->sizes[i]);
    snprintf(f->shape + at, size - at, "%s of %s", shown < f->rank ? " x ..." : "", nn_element_name(f->element));
}

static ad_status measure(idx_file *f)
{
    size_t bytes = 0;
    bool fits = true;
    f->columns = 1;
    for (unsigned i = 1; i < f->rank && fits; i++)
        fits = ad_multiply_sizes(f->columns, f->sizes[i], &f->columns);
    fits = fits && (uint64_t)f->columns <= INT64_MAX && ad_multiply_sizes(f->sizes[0], f->columns, &f->count);
    fits = fits && ad_multiply_sizes(f->count, nn_element_bytes(f->element), &bytes) &&
           bytes <= SIZE_MAX - f->header_bytes;
    show_shape(f);
    if (!fits)
        return bad_file(f, "sizes overflow: %s is more bytes than %zu bits count; download it again", f->shape,
                        8 * sizeof bytes);
    f->total_bytes = bytes + f->header_bytes;
    return AD_OK;
}

static ad_status fail_length(const idx_file *f, const char *what, const char *found)
{
    return bad_file(f, "%s: header says %s (%zu bytes in all), %s; download it again", what, f->shape, f->total_bytes,
                    found);
}

/* Compares the sizes with the length of the file, before memory is taken for them. */
static ad_status check_length(const idx_file *f)
{
    char found[80];
    unsigned long long bytes = f->bytes;
    snprintf(found, sizeof found, "the file has %llu", bytes);
    if (!f->gzipped && f->total_bytes != f->bytes)
        return fail_length(f, f->bytes < f->total_bytes ? "truncated" : "overlong", found);
    snprintf(found, sizeof found, "more than %llu bytes of gzip can hold", bytes);
    if (f->gzipped && f->total_bytes / DEFLATE_GAIN > f->bytes)
        return fail_length(f, "truncated", found);
    return AD_OK;
}

static ad_status open_idx(idx_file *f, const char *path)
{
    unsigned char start[2];
    ad_status status = open_path(f, path);
    if (status == AD_OK)
        status = examine(f);
    if (status == AD_OK && pread(f->descriptor, start, 2, 0) == 2 && start[0] == 0x1f && start[1] == 0x8b)
        status = begin_gzip(f);
    if (status == AD_OK)
        status = read_magic(f);
    if (status == AD_OK)
        status = read_sizes(f);
    if (status == AD_OK)
        status = measure(f);
    return status == AD_OK ? check_length(f) : status;
}

static void close_idx(idx_file *f)
{
    if (f->gzipped)
        inflateEnd(&f->stream);
    if (f->descriptor >= 0)
        close(f->descriptor);
}

/* ---- The values -------------------------------------------------------------------------------------------------- */

/* Reads the values and then one byte more, which must not be there: only so is gzip's checksum reached, too. */
static ad_status read_all(idx_file *f, void *values, size_t bytes)
{
    char found[80];
    unsigned char more;
    size_t got = 0, rest = 0;
    ad_status status = read_content(f, values, bytes, &got);
    if (status == AD_OK && got == bytes)
        status = read_content(f, &more, 1, &rest);
    if (status != AD_OK)
        return status;
    snprintf(found, sizeof found, "%s %zu", f->gzipped ? "gzip holds" : "the file has", f->header_bytes + got);
    if (got < bytes)
        return fail_length(f, "truncated", found);
    return rest ? fail_length(f, "overlong", f->gzipped ? "gzip holds more" : "the file has more") : AD_OK;
}

#define TO_HOST(type)                                                                                                  \
    static void to_host_##type(unsigned char *values, size_t count)                                                    \
    {                                                                                                                  \
        for (size_t i = 0; i < count; i++, values += sizeof(type)) {                                                   \
            type value = 0;                                                                                            \
            for (size_t k = 0; k < sizeof value; k++)                                                                  \
                value = (type)(value << 8 | values[k]);                                                                \
            memcpy(values, &value, sizeof value);                                                                      \
        }                                                                                                              \
    }
TO_HOST(uint16_t)
TO_HOST(uint32_t)
TO_HOST(uint64_t)
#undef TO_HOST

/* From big-endian to the order of this machine, in place. */
static void to_host(void *values, size_t count, size_t bytes)
{
    if (bytes == 2)
        to_host_uint16_t(values, count);
    if (bytes == 4)
        to_host_uint32_t(values, count);
    if (bytes == 8)
        to_host_uint64_t(values, count);
}

/* All values in a block of count x bytes of the element. The caller releases it. */
static ad_status read_values(idx_file *f, void **values)
{
    size_t bytes = nn_element_bytes(f->element);
    void *block = ad_memory_take(&f->dataset->memory, f->count, bytes);
    if (!block)
        return fail_memory(f, f->count * bytes);
    ad_status status = read_all(f, block, f->count * bytes);
    if (status != AD_OK) {
        ad_memory_release(&f->dataset->memory, block, f->count, bytes);
        return status;
    }
    to_host(block, f->count, bytes);
    *values = block;
    return AD_OK;
}

static ad_status read_features(nn_dataset *dataset, const char *path, nn_data *data)
{
    idx_file f = {.dataset = dataset, .descriptor = -1};
    void *values;
    ad_status status = open_idx(&f, path);
    if (status == AD_OK)
        status = read_values(&f, &values);
    if (status == AD_OK)
        *data = (nn_data){.features = values, .element = f.element, .rows = f.sizes[0], .columns = (int64_t)f.columns};
    close_idx(&f);
    return status;
}

/* ---- Labels ------------------------------------------------------------------------------------------------------ */

static ad_status check_labels(const idx_file *f, int64_t rows, const char *features)
{
    char other[NAME_BYTES];
    if (f->rank != 1)
        return bad_file(f, "labels have one size, the header says %s; are the files of labels and of features swapped?",
                        f->shape);
    if (f->element == NN_F32 || f->element == NN_F64)
        return bad_file(f, "labels are integers, the header says %s; write them as one of u8, i8, i16, i32", f->shape);
    show_path(other, features);
    if (f->sizes[0] != rows)
        return bad_file(f, "%lu labels for the %lld rows of %s; take both files from the same set",
                        (unsigned long)f->sizes[0], (long long)rows, other);
    return AD_OK;
}

static int32_t label_at(const void *values, nn_element element, size_t i)
{
    switch (element) {
    case NN_U8: return ((const uint8_t *)values)[i];
    case NN_I8: return ((const int8_t *)values)[i];
    case NN_I16: return ((const int16_t *)values)[i];
    default: return ((const int32_t *)values)[i];
    }
}

static ad_status convert_labels(idx_file *f, const void *values, nn_data *data)
{
    int32_t *labels = ad_memory_take(&f->dataset->memory, f->count, sizeof *labels);
    if (!labels)
        return fail_memory(f, f->count * sizeof *labels);
    for (size_t i = 0; i < f->count; i++)
        labels[i] = label_at(values, f->element, i);
    data->labels = labels;
    return AD_OK;
}

static ad_status read_labels(nn_dataset *dataset, const char *path, const char *features, nn_data *data)
{
    idx_file f = {.dataset = dataset, .descriptor = -1};
    void *values = NULL;
    ad_status status = open_idx(&f, path);
    if (status == AD_OK)
        status = check_labels(&f, data->rows, features);
    if (status == AD_OK)
        status = read_values(&f, &values);
    if (status == AD_OK)
        status = convert_labels(&f, values, data);
    ad_memory_release(&dataset->memory, values, f.count, nn_element_bytes(f.element));
    close_idx(&f);
    return status;
}

/* ---- The pair ---------------------------------------------------------------------------------------------------- */

ad_status nn_dataset_read_idx(nn_dataset *dataset, const char *features, const char *labels)
{
    if (!dataset)
        return AD_BAD_HANDLE;
    nn_dataset_begin(dataset);
    if (!features)
        return nn_dataset_fail(dataset, AD_BAD_VALUE,
                               "nn_dataset_read_idx: features is NULL; give the path of an IDX file");
    nn_data fresh = {0};
    ad_status status = read_features(dataset, features, &fresh);
    if (status == AD_OK && labels)
        status = read_labels(dataset, labels, features, &fresh);
    if (status != AD_OK) {
        nn_dataset_drop(dataset, &fresh);
        return status;
    }
    nn_dataset_drop(dataset, &dataset->data);
    dataset->data = fresh;
    return AD_OK;
}
