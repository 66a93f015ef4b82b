/* Where output goes. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void ad_sink_fail(ad_sink *sink, ad_status status, const char *format, ...)
{
    if (!ad_sink_is_good(sink))
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sink->shown.message, sizeof sink->shown.message, format, arguments);
    va_end(arguments);
    sink->shown.status = status;
}

bool ad_sink_check_tensor(ad_sink *sink, const char *what, ad_tensor x)
{
    if (!x.tape || ad_is_inert(x))
        ad_sink_fail(sink, AD_BAD_HANDLE, "%s: %s is inert: it was never made, or came from a call that failed",
                     sink->who, what);
    else if (!ad_is_valid(x))
        ad_sink_fail(
            sink, AD_BAD_HANDLE,
            "%s: %s is stale: its tape was reset, or went back to a position, since it was made: make it again",
            sink->who, what);
    return ad_sink_is_good(sink);
}

/* "print" of ad_print. */
static const char *called(const char *function) { return strncmp(function, "ad_", 3) == 0 ? function + 3 : function; }

ad_sink ad_sink_over_for(const char *function, FILE *file)
{
    ad_sink sink = {.who = called(function), .file = file};
    if (!file)
        ad_sink_fail(&sink, AD_BAD_VALUE, "%s: the FILE is NULL: give stdout, or one that is open for writing",
                     sink.who);
    return sink;
}

ad_sink ad_sink_into(char *text, size_t size)
{
    text[0] = 0;
    return (ad_sink){.text = text, .room = size};
}

/* What is in these folders stands for an open file or a device, also where it looks like a regular file. */
static bool is_special(const char *path) { return strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0; }

/* The path of a file that is free or may be replaced: where a symbolic link leads, so that the link stays. NULL, and
 * the sink has failed, if there is none. `room` has PATH_MAX characters. */
static const char *find_target(ad_sink *sink, const char *path, char *room)
{
    struct stat status;
    if (!path || !*path) {
        ad_sink_fail(sink, AD_BAD_VALUE, "%s: the path is %s: give a file's name", sink->who, path ? "empty" : "NULL");
        return NULL;
    }
    const bool is_link = lstat(path, &status) == 0 && S_ISLNK(status.st_mode) && !is_special(path);
    const char *target = is_link ? realpath(path, room) : path;
    if (!target)
        ad_sink_fail(sink, AD_BAD_FILE, "%s: %.100s is a symbolic link that leads to no file: remove it", sink->who,
                     path);
    else if (is_special(target) || (stat(target, &status) == 0 && !S_ISREG(status.st_mode)))
        ad_sink_fail(sink, AD_BAD_FILE, "%s: %.100s is no regular file: give the name of one, or of a new one",
                     sink->who, path);
    return ad_sink_is_good(sink) ? target : NULL;
}

static bool take_names(ad_sink *sink, const char *path)
{
    static const char most[] = ".part99";
    const size_t n = strlen(path) + 1;
    sink->bytes = 2 * n + sizeof most;
    sink->path = ad_memory_take(&sink->memory, sink->bytes, 1);
    if (!sink->path) {
        ad_sink_fail(sink, AD_NO_MEMORY, "%s: out of memory", sink->who);
        return false;
    }
    memcpy(sink->path, path, n);
    sink->unfinished = sink->path + n;
    return true;
}

/* A file of a name that nobody has. */
static int make_file(const ad_sink *sink)
{
    enum { TRIES = 100 };
    int file = -1;
    for (int i = 0; i < TRIES && file < 0 && (i == 0 || errno == EEXIST); i++) {
        snprintf(sink->unfinished, sink->bytes - (size_t)(sink->unfinished - sink->path), "%s.part%d", sink->path, i);
        file = open(sink->unfinished, O_WRONLY | O_CREAT | O_EXCL, 0666);
    }
    return file;
}

ad_sink ad_sink_open_for(const char *function, const ad_tape *t, const char *path)
{
    const ad_allocator allocator = ad_allocator_of(t);
    ad_sink sink = {.who = called(function), .memory = ad_memory_over(&allocator)};
    if (!t)
        ad_sink_fail(&sink, AD_BAD_HANDLE, "%s: the tape is NULL: ad_tape_open gives one", sink.who);
    char room[PATH_MAX];
    const char *target = t ? find_target(&sink, path, room) : NULL;
    if (!target || !take_names(&sink, target))
        return sink;
    const int file = make_file(&sink);
    struct stat old;
    if (file >= 0 && stat(target, &old) == 0)
        (void)!fchmod(file, old.st_mode & 0777); /* who may read the old file may read the new one, and nobody else */
    sink.file = file < 0 ? NULL : fdopen(file, "wb");
    if (sink.file)
        return sink;
    ad_sink_fail(&sink, AD_BAD_FILE, "%s: no file can be made in the folder of %.100s: %s", sink.who, path,
                 errno == ENOENT ? "there is none; make it first" : strerror(errno));
    if (file >= 0) {
        close(file);
        unlink(sink.unfinished);
    }
    return sink;
}

static void check_file(ad_sink *sink, bool failed)
{
    if (failed)
        ad_sink_fail(sink, AD_BAD_FILE, "%s: %.100s cannot be written: %s", sink->who,
                     sink->path ? sink->path : "the FILE", errno ? strerror(errno) : "an error");
}

ad_shown ad_sink_close(ad_sink *sink)
{
    if (sink->file) {
        errno = 0;
        check_file(sink, fflush(sink->file) != 0 || ferror(sink->file));
    }
    if (sink->file && sink->path) {
        check_file(sink, fclose(sink->file) != 0);
        check_file(sink, ad_sink_is_good(sink) && rename(sink->unfinished, sink->path) != 0);
        if (!ad_sink_is_good(sink))
            unlink(sink->unfinished);
    }
    ad_memory_release(&sink->memory, sink->path, sink->bytes, 1);
    sink->file = NULL;
    sink->path = NULL;
    return sink->shown;
}

/* The n bytes, or as many as there is room for. */
static void append(ad_sink *sink, const char *bytes, size_t n)
{
    const size_t most = sink->room - 1;
    const bool is_whole = n <= most;
    n = is_whole ? n : most;
    while (!is_whole && n > 0 && ((unsigned char)bytes[n] >> 6) == 2) /* no half of a character */
        n--;
    memcpy(sink->text, bytes, n);
    sink->text += n;
    *sink->text = 0;
    sink->room = is_whole ? sink->room - n : 1;
}

void ad_put_bytes(ad_sink *sink, const char *bytes, size_t n)
{
    if (!ad_sink_is_good(sink))
        return;
    if (sink->text) {
        append(sink, bytes, n);
        return;
    }
    errno = 0;
    check_file(sink, fwrite(bytes, 1, n, sink->file) != n);
}

void ad_put(ad_sink *sink, const char *text) { ad_put_bytes(sink, text, strlen(text)); }

/* ---- Formats ----------------------------------------------------------------------------------------------------- *
 * Most formats have only %s, %d, %zu and %lld. These are written here: a library in the process that adds to printf
 * (that of Fortran's runtime, which OpenBLAS loads) makes each printf several times slower. */

enum { LINE = 512 };
typedef struct line {
    ad_sink *sink;
    size_t n;
    char bytes[LINE];
} line;

static void add(line *l, const char *bytes, size_t n)
{
    if (n > LINE - l->n) {
        ad_put_bytes(l->sink, l->bytes, l->n);
        l->n = 0;
    }
    if (n > LINE) {
        ad_put_bytes(l->sink, bytes, n);
        return;
    }
    memcpy(l->bytes + l->n, bytes, n);
    l->n += n;
}

static void add_number(line *l, unsigned long long size, bool is_negative)
{
    char text[24], *at = text + sizeof text;
    do
        *--at = (char)('0' + size % 10);
    while (size /= 10);
    if (is_negative)
        *--at = '-';
    add(l, at, (size_t)(text + sizeof text - at));
}

/* The length of the conversion behind a %; 0 for another one. */
static int simple_length(const char *at)
{
    return *at == 's' || *at == 'd' ? 1 : strncmp(at, "zu", 2) == 0 ? 2 : strncmp(at, "lld", 3) == 0 ? 3 : 0;
}

static bool is_simple(const char *format)
{
    for (const char *at = strchr(format, '%'); at; at = strchr(at + 1, '%'))
        if (!simple_length(at + 1))
            return false;
    return true;
}

static void put_simple(ad_sink *sink, const char *at, va_list arguments)
{
    line l;
    l.sink = sink;
    l.n = 0;
    for (;;) {
        const size_t n = strcspn(at, "%");
        add(&l, at, n);
        at += n;
        if (!*at)
            break;
        const int length = simple_length(++at);
        if (*at == 's') {
            const char *text = va_arg(arguments, const char *);
            add(&l, text, strlen(text));
        } else if (*at == 'z') {
            add_number(&l, va_arg(arguments, size_t), false);
        } else {
            const long long x = length == 1 ? va_arg(arguments, int) : va_arg(arguments, long long);
            add_number(&l, x < 0 ? 0 - (unsigned long long)x : (unsigned long long)x, x < 0);
        }
        at += length;
    }
    ad_put_bytes(sink, l.bytes, l.n);
}

static void put_printf(ad_sink *sink, const char *format, va_list arguments)
{
    if (!sink->text) {
        errno = 0;
        check_file(sink, vfprintf(sink->file, format, arguments) < 0);
        return;
    }
    const size_t room = sink->room;
    const int n = vsnprintf(sink->text, room, format, arguments);
    const size_t written = n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
    sink->text += written;
    sink->room -= written;
}

void ad_put_format(ad_sink *sink, const char *format, ...)
{
    if (!ad_sink_is_good(sink))
        return;
    va_list arguments;
    va_start(arguments, format);
    if (is_simple(format))
        put_simple(sink, format, arguments);
    else
        put_printf(sink, format, arguments);
    va_end(arguments);
}
