/* Bytes of files, plain, gzipped (RFC 1952) or deflated inside an archive (RFC 1951). */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../files/descriptor.h"
#include "../options/writer.h"

#define READ_AT_MOST (1 << 30) /* at once: read and zlib count in int */

/* Deflate's shortest code is 2 bits for a match of 258 bytes (RFC 1951): no more than this comes out of one byte. */
#define DEFLATE_GAIN 1032

/* ---- Messages ---------------------------------------------------------------------------------------------------- */

void nn_show_path(char name[NN_NAME_BYTES], const char *path)
{
    size_t length = strlen(path);
    const char *tail = path + (length >= NN_NAME_BYTES ? length - (NN_NAME_BYTES - 4) : 0);
    while (tail > path && ((unsigned char)*tail & 0xC0) == 0x80) /* never begin inside a character of UTF-8 */
        tail++;
    snprintf(name, NN_NAME_BYTES, "%s%s", tail > path ? "..." : "", tail);
}

const char *nn_stream_name(nn_stream stream) { return stream.name ? stream.name : "FILE"; }

const char *nn_show_bytes(char shown[NN_SHOWN_BYTES], const void *bytes, size_t n)
{
    char text[NN_SHOWN_BYTES];
    n = n < sizeof text ? n : sizeof text - 1;
    memcpy(text, bytes, n);
    text[n] = '\0';
    nn_writer w = nn_writer_into(shown, NN_SHOWN_BYTES);
    nn_put_quoted(&w, text);
    return shown;
}

ad_status nn_source_fail(const nn_source *s, const char *format, ...)
{
    char reason[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    return nn_dataset_fail(s->dataset, AD_BAD_FILE, "%s: %s", s->name, reason);
}

static void put_error(int error, char *text, size_t size)
{
    if (strerror_r(error, text, size) != 0)
        snprintf(text, size, "error %d", error);
}

static ad_status fail_system(const nn_source *s, int error)
{
    char text[128];
    put_error(error, text, sizeof text);
    return nn_source_fail(s, "%s; %s", text,
                          s->file ? "give a FILE that is open for reading" : "check the path and its permissions");
}

ad_status nn_source_fail_memory(const nn_source *s, size_t bytes)
{
    return nn_dataset_fail(s->dataset, AD_NO_MEMORY,
                           "%s: memory is out: %zu bytes are needed; read a smaller file or free some", s->name, bytes);
}

const char *nn_source_holds(const nn_source *s)
{
    return s->is_gzip ? "gzip holds" : s->is_member ? "the member has" : "the file has";
}

/* ---- The file ---------------------------------------------------------------------------------------------------- */

/* O_NONBLOCK, because opening a pipe must not wait for its other end; for regular files it changes nothing. */
static int open_to_read(const char *path) { return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); }

static ad_status open_with_gz(nn_source *s, const char *path)
{
    size_t length = strlen(path), bytes = length + sizeof ".gz";
    char *longer = ad_memory_take(&s->dataset->memory, bytes, 1);
    if (!longer)
        return nn_source_fail_memory(s, bytes);
    memcpy(longer, path, length);
    memcpy(longer + length, ".gz", sizeof ".gz");
    s->descriptor = open_to_read(longer);
    int error = s->descriptor < 0 ? errno : 0;
    if (error != ENOENT)
        nn_show_path(s->name, longer);
    ad_memory_release(&s->dataset->memory, longer, bytes, 1);
    if (error == ENOENT)
        return nn_source_fail(s, "No such file or directory, nor one with .gz after its name; check the path");
    return error ? fail_system(s, error) : AD_OK;
}

static ad_status open_path(nn_source *s, const char *path)
{
    nn_show_path(s->name, path);
    s->descriptor = open_to_read(path);
    if (s->descriptor >= 0)
        return AD_OK;
    return errno == ENOENT ? open_with_gz(s, path) : fail_system(s, errno);
}

static ad_status examine(nn_source *s)
{
    struct stat about;
    if (fstat(s->descriptor, &about) != 0)
        return fail_system(s, errno);
    if (S_ISDIR(about.st_mode))
        return nn_source_fail(s, "is a directory; give the path of a file in it");
    if (!S_ISREG(about.st_mode))
        return nn_source_fail(s, "is not a regular file; copy what it gives into one");
    if (about.st_size == 0)
        return nn_source_fail(s, "is empty; %s", s->remedy);
    s->length = (uint64_t)about.st_size;
    return AD_OK;
}

/* One call of the system. Returns -1 with errno set, or what came; 0 at the end. */
static ssize_t take_once(nn_source *s, void *to, size_t bytes)
{
    if (!s->file)
        return read(s->descriptor, to, bytes);
    errno = 0;
    size_t n = fread(to, 1, bytes, s->file);
    if (n > 0 || feof(s->file))
        return (ssize_t)n;
    int error = errno ? errno : EIO;
    if (error == EINTR) /* a signal came; the next call goes on */
        clearerr(s->file);
    errno = error;
    return -1;
}

/* Takes `bytes` bytes from the file, or as many as there are and may be taken. */
static ad_status take(nn_source *s, unsigned char *to, size_t bytes, size_t *got)
{
    if (bytes > s->left)
        bytes = (size_t)s->left;
    for (*got = 0; *got < bytes;) {
        size_t rest = bytes - *got;
        ssize_t n = take_once(s, to + *got, rest < READ_AT_MOST ? rest : READ_AT_MOST);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_system(s, errno);
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    s->taken += *got;
    s->left -= *got;
    return AD_OK;
}

static ad_status refill(nn_source *s)
{
    size_t got = 0;
    if (s->stream.avail_in > 0)
        return AD_OK;
    ad_status status = take(s, s->input, sizeof s->input, &got);
    s->stream.next_in = s->input;
    s->stream.avail_in = (unsigned)got;
    return status;
}

static ad_status read_plain(nn_source *s, unsigned char *to, size_t bytes, size_t *got)
{
    size_t held = bytes < s->stream.avail_in ? bytes : s->stream.avail_in;
    if (held > 0)
        memcpy(to, s->stream.next_in, held);
    s->stream.next_in += held;
    s->stream.avail_in -= (unsigned)held;
    ad_status status = take(s, to + held, bytes - held, got);
    *got += held;
    return status;
}

/* ---- Inflating --------------------------------------------------------------------------------------------------- */

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

static ad_status fail_zlib(const nn_source *s, int code)
{
    if (code == Z_MEM_ERROR)
        return nn_dataset_fail(s->dataset, AD_NO_MEMORY, "%s: memory is out while it is gunzipped; free some", s->name);
    return nn_source_fail(s, "corrupt: %s data is wrong (%s); %s", s->is_member ? "its deflated" : "gzip's",
                          s->stream.msg ? s->stream.msg : zError(code), s->remedy);
}

/* Windows of zlib: 15 bits; 16 added for gzip's header and nothing else, negative for deflate without a header. */
static ad_status begin_inflating(nn_source *s, int window)
{
    s->stream.zalloc = zlib_allocate;
    s->stream.zfree = zlib_release;
    s->stream.opaque = &s->dataset->memory;
    int code = inflateInit2(&s->stream, window);
    s->is_inflated = code == Z_OK;
    return code == Z_OK ? AD_OK : fail_zlib(s, code);
}

static void end_inflating(nn_source *s)
{
    if (s->is_inflated)
        inflateEnd(&s->stream);
    s->is_inflated = false;
}

/* A gzip file is one member or several, one after the other (RFC 1952); anything else behind a member is an error. */
static ad_status next_member(nn_source *s)
{
    ad_status status = refill(s);
    if (status != AD_OK)
        return status;
    s->ended = s->stream.avail_in == 0;
    if (s->ended)
        return AD_OK;
    if (s->is_member)
        return nn_source_fail(s, "garbage after the end of its deflated data; %s", s->remedy);
    if (s->stream.next_in[0] != 0x1f)
        return nn_source_fail(s, "garbage after the end of gzip's data; %s", s->remedy);
    int code = inflateReset(&s->stream);
    return code == Z_OK ? AD_OK : fail_zlib(s, code);
}

static ad_status inflate_some(nn_source *s)
{
    ad_status status = refill(s);
    if (status != AD_OK)
        return status;
    if (s->stream.avail_in == 0)
        return nn_source_fail(s, "cut: its %llu bytes end inside %s data; %s", (unsigned long long)s->taken,
                              s->is_member ? "deflated" : "gzip's", s->remedy);
    int code = inflate(&s->stream, Z_NO_FLUSH);
    if (code == Z_STREAM_END)
        return next_member(s);
    return code == Z_OK ? AD_OK : fail_zlib(s, code);
}

static ad_status read_inflated(nn_source *s, unsigned char *to, size_t bytes, size_t *got)
{
    ad_status status = AD_OK;
    for (*got = 0; *got < bytes && !s->ended && status == AD_OK;) {
        size_t rest = bytes - *got;
        unsigned room = rest < READ_AT_MOST ? (unsigned)rest : READ_AT_MOST;
        s->stream.next_out = to + *got;
        s->stream.avail_out = room;
        status = inflate_some(s);
        *got += room - s->stream.avail_out;
    }
    return status;
}

bool nn_deflate_could_hold(uint64_t packed, uint64_t bytes) { return bytes / DEFLATE_GAIN <= packed; }

/* ---- Content ----------------------------------------------------------------------------------------------------- */

/* What came of a member goes into its checksum, which is compared when the end is met. */
static ad_status sum_member(nn_source *s, const unsigned char *to, size_t bytes, size_t got)
{
    s->given += got;
    for (size_t at = 0; at < got; at += READ_AT_MOST) {
        size_t rest = got - at;
        s->checksum = (uint32_t)crc32(s->checksum, to + at, rest < READ_AT_MOST ? (unsigned)rest : READ_AT_MOST);
    }
    if (s->given > s->length || (got < bytes && s->given < s->length))
        return nn_source_fail(s, "corrupt: it holds %s bytes than the %llu that the archive says; %s",
                              s->given > s->length ? "more" : "fewer", (unsigned long long)s->length, s->remedy);
    if (got < bytes && s->checksum != s->expected)
        return nn_source_fail(s, "corrupt: its checksum (CRC-32) differs; %s", s->remedy);
    return AD_OK;
}

ad_status nn_source_read(nn_source *s, void *to, size_t bytes, size_t *got)
{
    ad_status status = s->is_inflated ? read_inflated(s, to, bytes, got) : read_plain(s, to, bytes, got);
    return status == AD_OK && s->is_member ? sum_member(s, to, bytes, *got) : status;
}

/* The first bytes tell whether it is gzipped. */
static ad_status begin(nn_source *s)
{
    s->path_bytes = strlen(s->name);
    ad_status status = refill(s);
    if (status != AD_OK)
        return status;
    if (s->stream.avail_in == 0)
        return nn_source_fail(s, "is empty; %s", s->file ? "give a FILE that stands where its data begin" : s->remedy);
    s->is_gzip = s->stream.avail_in >= 2 && s->input[0] == 0x1f && s->input[1] == 0x8b;
    return s->is_gzip ? begin_inflating(s, 15 + 16) : AD_OK;
}

/* Sets all but the buffer. */
static void prepare(nn_source *s, nn_dataset *dataset, const char *remedy)
{
    memset(s, 0, offsetof(nn_source, input));
    s->dataset = dataset;
    s->descriptor = -1;
    s->length = NN_NO_LENGTH;
    s->left = UINT64_MAX;
    s->remedy = remedy;
}

ad_status nn_source_open(nn_source *s, nn_dataset *dataset, const char *path, const char *remedy)
{
    prepare(s, dataset, remedy);
    ad_status status = open_path(s, path);
    if (status == AD_OK)
        status = examine(s);
    return status == AD_OK ? begin(s) : status;
}

ad_status nn_source_open_stream(nn_source *s, nn_dataset *dataset, nn_stream stream, const char *remedy)
{
    prepare(s, dataset, remedy);
    s->file = stream.file;
    nn_show_path(s->name, nn_stream_name(stream));
    return begin(s);
}

/* Copies what comes from the FILE. */
static ad_status spool(nn_source *s)
{
    size_t got = 0;
    ad_status status = AD_OK;
    FILE *copy = tmpfile();
    s->descriptor = copy ? fcntl(fileno(copy), F_DUPFD_CLOEXEC, 0) : -1;
    bool is_written = s->descriptor >= 0;
    int error = errno;
    if (copy)
        fclose(copy);
    do {
        status = is_written ? take(s, s->input, sizeof s->input, &got) : AD_OK;
        if (is_written && status == AD_OK) {
            is_written = nn_write_all(s->descriptor, s->input, got);
            error = errno;
        }
    } while (is_written && status == AD_OK && got > 0);
    if (!is_written) {
        char text[128];
        put_error(error, text, sizeof text);
        return nn_source_fail(s, "cannot be copied into a temporary file: %s; free some room where those are", text);
    }
    s->file = NULL;
    return status;
}

ad_status nn_source_open_spooled(nn_source *s, nn_dataset *dataset, nn_stream stream, const char *remedy)
{
    prepare(s, dataset, remedy);
    s->file = stream.file;
    nn_show_path(s->name, nn_stream_name(stream));
    s->path_bytes = strlen(s->name);
    s->left = UINT64_MAX;
    ad_status status = spool(s);
    if (status == AD_OK)
        status = examine(s);
    if (status == AD_OK)
        status = nn_source_seek(s, 0);
    return status == AD_OK ? begin(s) : status;
}

ad_status nn_source_seek(nn_source *s, uint64_t at)
{
    end_inflating(s);
    s->stream = (z_stream){.next_in = s->input};
    s->is_member = s->ended = false;
    s->name[s->path_bytes] = '\0';
    s->left = UINT64_MAX;
    s->taken = 0;
    return lseek(s->descriptor, (off_t)at, SEEK_SET) < 0 ? fail_system(s, errno) : AD_OK;
}

ad_status nn_source_rewind(nn_source *s)
{
    struct stat about;
    if (fstat(s->descriptor, &about) != 0)
        return fail_system(s, errno);
    if ((uint64_t)about.st_size != s->length)
        return nn_source_fail(s, "changed while it was in use: it has %lld bytes, and had %llu; open it again",
                              (long long)about.st_size, (unsigned long long)s->length);
    const ad_status status = nn_source_seek(s, 0);
    return status == AD_OK ? begin(s) : status;
}

ad_status nn_source_enter(nn_source *s, const nn_member *member, const char *name)
{
    ad_status status = nn_source_seek(s, member->at);
    if (status != AD_OK)
        return status;
    snprintf(s->name + s->path_bytes, sizeof s->name - s->path_bytes, ": %s", name);
    s->is_member = true;
    s->left = member->packed;
    s->length = member->length;
    s->checksum = (uint32_t)crc32(0, NULL, 0);
    s->expected = member->checksum;
    s->given = 0;
    return member->is_deflated ? begin_inflating(s, -15) : AD_OK;
}

void nn_source_close(nn_source *s)
{
    end_inflating(s);
    if (s->descriptor >= 0)
        close(s->descriptor);
}
