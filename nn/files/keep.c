/* What a file was before it is replaced. */
#include "keep.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptor.h"

enum { NUMBER_BYTES = 24 };

/* Two names with their numbers, one in each half. */
typedef struct names {
    char *first, *second;
    size_t bytes; /* of each */
} names;

static bool fail(nn_kept *k, int64_t number, int error)
{
    k->number = number;
    k->error = error;
    return false;
}

static const char *put_name(const nn_kept *k, char *to, size_t bytes, int64_t number)
{
    snprintf(to, bytes, "%s.%" PRId64, k->name, number);
    return to;
}

/* ---- A copy ------------------------------------------------------------------------------------------------------ */

static bool copy_bytes(int from, int to, void *buffer, size_t bytes)
{
    uint64_t at = 0;
    size_t got = bytes;
    for (; got == bytes; at += got)
        if (!nn_read_some_at(from, buffer, bytes, at, &got) || !nn_write_all(to, buffer, got))
            return false;
    return true;
}

static bool copy_open(const nn_kept *k, int from, int to)
{
    enum { BYTES = 1 << 18 };
    struct stat about;
    void *buffer = ad_memory_take(k->memory, BYTES, 1);
    if (!buffer)
        errno = ENOMEM;
    const bool copied = buffer && copy_bytes(from, to, buffer, BYTES) && fstat(from, &about) == 0 &&
                        fchmod(to, about.st_mode & 0777) == 0 && nn_flush(to);
    const int error = errno;
    ad_memory_release(k->memory, buffer, BYTES, 1);
    errno = error;
    return copied;
}

static bool copy_file(const nn_kept *k)
{
    const int from = nn_open_at(k->folder, k->name, O_RDONLY, 0);
    if (from < 0)
        return false;
    const int to = nn_open_at(k->folder, k->spare, O_WRONLY | O_CREAT | O_EXCL, 0600);
    const bool copied = to >= 0 && copy_open(k, from, to);
    const int error = errno;
    close(from);
    if (to >= 0)
        close(to);
    errno = error;
    return copied;
}

/* A second name for the file, or a copy where there are none: some file systems have no links, others limit them. */
static bool make_spare(const nn_kept *k)
{
    unlinkat(k->folder, k->spare, 0); /* left by a save that was killed */
    return linkat(k->folder, k->name, k->folder, k->spare, 0) == 0 || copy_file(k);
}

/* ---- The row of files -------------------------------------------------------------------------------------------- */

/* How many files there are from NAME.1 on without a gap, `most` at most. False if one may not be moved. */
static bool count(nn_kept *k, int64_t most, names *n, int64_t *files)
{
    struct stat about;
    for (*files = 0; *files < most; ++*files) {
        if (fstatat(k->folder, put_name(k, n->first, n->bytes, *files + 1), &about, AT_SYMLINK_NOFOLLOW) != 0)
            return errno == ENOENT ? true : fail(k, *files + 1, errno);
        if (!S_ISREG(about.st_mode))
            return fail(k, *files + 1, 0);
        k->is_foreign = k->may_replace && !k->may_replace(k->folder, n->first);
        if (k->is_foreign)
            return fail(k, *files + 1, 0);
    }
    return true;
}

/* Whether NAME.1 is NAME: a save was killed, or failed, behind this step. Nothing is to be done then. */
static bool is_done(const nn_kept *k, const struct stat *about, names *n)
{
    struct stat of_first;
    return fstatat(k->folder, put_name(k, n->first, n->bytes, 1), &of_first, AT_SYMLINK_NOFOLLOW) == 0 &&
           of_first.st_dev == about->st_dev && of_first.st_ino == about->st_ino;
}

static bool move_up(nn_kept *k, int64_t files, names *n)
{
    for (int64_t i = files; i > 0; i--)
        if (renameat(k->folder, put_name(k, n->first, n->bytes, i), k->folder,
                     put_name(k, n->second, n->bytes, i + 1)) != 0)
            return fail(k, i + 1, errno);
    return true;
}

static bool keep_with(nn_kept *k, int64_t keep, names *n)
{
    struct stat about;
    int64_t files;
    if (fstatat(k->folder, k->name, &about, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? true : fail(k, 1, errno);
    if (is_done(k, &about, n))
        return true;
    if (!count(k, keep, n, &files) || !move_up(k, files < keep ? files : keep - 1, n))
        return false;
    if (make_spare(k) && renameat(k->folder, k->spare, k->folder, put_name(k, n->first, n->bytes, 1)) == 0)
        return true;
    fail(k, 1, errno);
    unlinkat(k->folder, k->spare, 0);
    return false;
}

static bool look_with(nn_kept *k, int64_t keep, names *n)
{
    int64_t files;
    return count(k, keep, n, &files);
}

static bool with_names(nn_kept *k, int64_t keep, bool (*work)(nn_kept *k, int64_t keep, names *n))
{
    if (keep <= 0)
        return true;
    names n = {.bytes = strlen(k->name) + NUMBER_BYTES};
    n.first = ad_memory_take(k->memory, n.bytes, 2);
    if (!n.first)
        return fail(k, 1, ENOMEM);
    n.second = n.first + n.bytes;
    const bool is_well = work(k, keep, &n);
    ad_memory_release(k->memory, n.first, n.bytes, 2);
    return is_well;
}

bool nn_keep(nn_kept *k, int64_t keep) { return with_names(k, keep, keep_with); }

bool nn_keep_look(nn_kept *k, int64_t keep) { return with_names(k, keep, look_with); }
