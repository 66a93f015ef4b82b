/* A file that is replaced as a whole. */
#include "replace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "../data/source.h"
#include "descriptor.h"
#include "keep.h"

/* ---- Messages ---------------------------------------------------------------------------------------------------- */

static void begin_message(nn_replacement *r)
{
    char shown[NN_NAME_BYTES];
    nn_show_path(shown, r->path);
    nn_put(&r->message, shown);
    nn_put(&r->message, ": ");
}

static bool fail_with(nn_replacement *r, ad_status status, const char *what, int error, const char *remedy)
{
    r->status = status;
    begin_message(r);
    nn_put(&r->message, "cannot be written: ");
    nn_put(&r->message, what);
    if (error != 0)
        nn_put_error(&r->message, error);
    nn_put(&r->message, remedy);
    nn_put(&r->message, r->has_old ? "; the old file is as it was" : "; no file was made");
    return false;
}

static bool fail(nn_replacement *r, const char *what, const char *remedy)
{
    return fail_with(r, AD_BAD_FILE, what, 0, remedy);
}

bool nn_replace_refuse(nn_replacement *r, const char *what, const char *remedy) { return fail(r, what, remedy); }

static bool fail_system(nn_replacement *r, const char *what, int error)
{
    return fail_with(r, AD_BAD_FILE, what, error, "");
}

static bool fail_memory(nn_replacement *r) { return fail_with(r, AD_NO_MEMORY, "memory is out", 0, ""); }

static bool fail_to_keep(nn_replacement *r, const nn_kept *kept)
{
    char what[64];
    if (kept->error == ENOMEM)
        return fail_memory(r);
    if (kept->error == 0) {
        snprintf(what, sizeof what, "what is called .%" PRId64 " is no %s file", kept->number,
                 kept->is_foreign ? "safetensors" : "regular");
        return fail(r, what, "; move it away");
    }
    snprintf(what, sizeof what, "an earlier one cannot become .%" PRId64 ": ", kept->number);
    return fail_system(r, what, kept->error);
}

/* ---- Where the file is ------------------------------------------------------------------------------------------- */

/* What is at the path must be a regular file or nothing. */
static bool look_at_old(nn_replacement *r, struct stat *old)
{
    if (stat(r->path, old) != 0)
        return errno == ENOENT ? true : fail_system(r, "", errno);
    if (S_ISDIR(old->st_mode))
        return fail(r, "it is a directory", "; give the path of a file in it");
    if (!S_ISREG(old->st_mode))
        return fail(r, "it is not a regular file", "; give the path of one, or of a new one");
    r->has_old = true;
    r->mode = old->st_mode & 0777;
    r->user = old->st_uid;
    r->group = old->st_gid;
    return true;
}

/* Replaces the last name of a path by where it links to. */
static bool follow_once(char path[PATH_MAX], const char *link, size_t n)
{
    const char *slash = strrchr(path, '/');
    const size_t folder = link[0] != '/' && slash ? (size_t)(slash - path) + 1 : 0;
    if (folder + n >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(path + folder, link, n);
    path[folder + n] = 0;
    return true;
}

/* Follows links, and only those of the last name: the system follows the others. */
static bool follow_links(char path[PATH_MAX])
{
    enum { MOST = 40 };
    char link[PATH_MAX];
    for (int i = 0; i < MOST; i++) {
        const ssize_t n = readlink(path, link, sizeof link);
        if (n < 0)
            return errno == EINVAL || errno == ENOENT;
        if (!follow_once(path, link, (size_t)n))
            return false;
    }
    errno = ELOOP;
    return false;
}

/* Follows the links of the path, and sees whether they lead to the file that was found there. */
static bool leads_to(const char *path, size_t n, const struct stat *old, char target[PATH_MAX])
{
    struct stat found;
    memcpy(target, path, n + 1);
    if (!follow_links(target))
        return false;
    const bool is_same = lstat(target, &found) == 0 && found.st_dev == old->st_dev && found.st_ino == old->st_ino;
    errno = 0;
    return is_same;
}

static bool find_target(nn_replacement *r, char target[PATH_MAX])
{
    enum { TRIES = 16 }; /* another save may replace the file between two looks */
    struct stat old;
    const size_t n = strlen(r->path);
    if (!look_at_old(r, &old))
        return false;
    if (n == 0 || r->path[n - 1] == '/')
        return fail(r, "the path has no file's name", "; give one");
    if (n >= PATH_MAX)
        return fail_system(r, "", ENAMETOOLONG);
    for (int i = 0; i < TRIES && r->has_old; i++) {
        if (leads_to(r->path, n, &old, target))
            return true;
        if (errno != 0)
            return fail_system(r, "", errno);
        r->has_old = false;
        if (!look_at_old(r, &old))
            return false;
    }
    if (r->has_old)
        return fail(r, "it leads to a file without a name", "; give the path of a file");
    memcpy(target, r->path, n + 1);
    return follow_links(target) || fail_system(r, "", errno);
}

/* ---- Names ------------------------------------------------------------------------------------------------------- */

static bool open_folder(nn_replacement *r, char target[PATH_MAX])
{
    char *slash = strrchr(target, '/');
    const char *folder = !slash ? "." : slash == target ? "/" : target;
    if (slash)
        *slash = 0;
    do
        r->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (r->folder < 0 && errno == EINTR);
    return r->folder >= 0 ? true : fail_system(r, "its folder cannot be opened: ", errno);
}

/* The other names begin as the file's, where there is room for what they have more. */
static bool make_names(nn_replacement *r, const char *name)
{
    static const char saving[] = "saving", keeping[] = "keeping";
    const size_t n = strlen(name), more = sizeof keeping + 1; /* two points */
    const long limit = fpathconf(r->folder, _PC_NAME_MAX);
    char begin[32];
    snprintf(begin, sizeof begin, ".gradtape-%08lx", crc32(0, (const unsigned char *)name, (unsigned)n));
    const bool fits = n + more <= (limit > 0 ? (size_t)limit : NAME_MAX);
    r->bytes = 3 * (n + more + sizeof begin);
    r->names = ad_memory_take(r->memory, r->bytes, 1);
    if (!r->names)
        return fail_memory(r);
    char *unfinished = r->names + r->bytes / 3, *spare = unfinished + r->bytes / 3;
    memcpy(r->names, name, n + 1);
    snprintf(unfinished, r->bytes / 3, "%s%s.%s", fits ? "." : "", fits ? name : begin, saving);
    snprintf(spare, r->bytes / 3, "%s%s.%s", fits ? "." : "", fits ? name : begin, keeping);
    r->name = r->names;
    r->unfinished = unfinished;
    r->spare = spare;
    return true;
}

/* ---- The unfinished file ----------------------------------------------------------------------------------------- */

static bool fail_in_the_way(nn_replacement *r, const char *why)
{
    char what[NN_NAME_BYTES + 64], shown[NN_NAME_BYTES];
    nn_show_path(shown, r->unfinished);
    snprintf(what, sizeof what, "%s beside it %s", shown, why);
    return fail(r, what, "; if no other program is saving it, remove that");
}

static bool fail_busy(nn_replacement *r)
{
    return fail(r, "another save of it is under way", "; save again when that has ended, or to another path");
}

/* Locks an open file; false with EWOULDBLOCK if another program, or another thread, has locked it. */
static bool lock(int descriptor)
{
    int result;
    do
        result = flock(descriptor, LOCK_EX | LOCK_NB);
    while (result != 0 && errno == EINTR);
    return result == 0;
}

/* Removes an unfinished file that nobody is writing. True: the name is free, or was a moment ago. */
static bool remove_left(nn_replacement *r)
{
    struct stat about;
    int left = nn_open_at(r->folder, r->unfinished, O_RDWR, 0);
    if (left < 0 && errno == EACCES) /* a read-only one; only some file systems lock just what may be written */
        left = nn_open_at(r->folder, r->unfinished, O_RDONLY, 0);
    if (left < 0)
        return errno == ENOENT ? true : fail_in_the_way(r, "cannot be opened");
    bool is_free = fstat(left, &about) == 0 && S_ISREG(about.st_mode);
    if (!is_free)
        fail_in_the_way(r, "is no regular file");
    else if (!lock(left))
        is_free = errno == EWOULDBLOCK ? fail_busy(r) : fail_in_the_way(r, "cannot be locked");
    else if (nn_has_name(left, r->folder, r->unfinished) && unlinkat(r->folder, r->unfinished, 0) != 0)
        is_free = errno == ENOENT || fail_in_the_way(r, "was left by another save, and cannot be removed");
    close(left);
    return is_free;
}

/* Makes the unfinished file. Between making it and locking it another save may think that it was left, and remove it:
 * it is ours only if it still has its name. Where files cannot be locked, it is ours at once. */
static bool make_unfinished(nn_replacement *r)
{
    enum { TRIES = 100 };
    for (int i = 0; i < TRIES; i++) {
        r->descriptor = nn_open_at(r->folder, r->unfinished, O_RDWR | O_CREAT | O_EXCL, r->has_old ? 0600 : 0666);
        if (r->descriptor < 0 && errno != EEXIST)
            return fail_system(r, "", errno);
        if (r->descriptor < 0 && !remove_left(r))
            return false;
        if (r->descriptor < 0)
            continue;
        r->has_unfinished =
            (lock(r->descriptor) || errno != EWOULDBLOCK) && nn_has_name(r->descriptor, r->folder, r->unfinished);
        if (r->has_unfinished)
            return true;
        close(r->descriptor);
        r->descriptor = -1;
    }
    return fail_busy(r);
}

bool nn_replace_begin(nn_replacement *r, const char *path, ad_memory *memory, char *message, size_t size)
{
    char target[PATH_MAX];
    *r = (nn_replacement){
        .memory = memory, .path = path, .message = nn_writer_into(message, size), .folder = -1, .descriptor = -1};
    if (!find_target(r, target))
        return false;
    const char *slash = strrchr(target, '/');
    char *name = target + (slash ? slash - target + 1 : 0);
    return open_folder(r, target) && make_names(r, name) && make_unfinished(r);
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

bool nn_replace_write(nn_replacement *r, const void *bytes, size_t n)
{
    if (r->status != AD_OK)
        return false;
    return nn_write_all(r->descriptor, bytes, n) ? true : fail_system(r, "", errno);
}

bool nn_replace_write_at(nn_replacement *r, const void *bytes, size_t n, uint64_t at)
{
    if (r->status != AD_OK)
        return false;
    return nn_write_all_at(r->descriptor, bytes, n, at) ? true : fail_system(r, "", errno);
}

/* Who may read the old file may read the new one. Only root may give a file away, so that need not succeed. */
static bool take_permissions(nn_replacement *r)
{
    struct stat now;
    if (!r->has_old)
        return true;
    if (fstat(r->descriptor, &now) != 0)
        return fail_system(r, "", errno);
    if ((now.st_uid != r->user || now.st_gid != r->group) && fchown(r->descriptor, r->user, r->group) != 0)
        errno = 0;
    if ((now.st_mode & 0777) != r->mode && fchmod(r->descriptor, (mode_t)r->mode) != 0)
        return fail_system(r, "its permissions: ", errno);
    return true;
}

/* Some file systems cannot flush a folder, and say so. */
static bool flush_folder(nn_replacement *r)
{
    if (nn_flush(r->folder) || errno == EINVAL || errno == ENOTSUP)
        return true;
    r->status = AD_BAD_FILE;
    begin_message(r);
    nn_put(&r->message, "the new file is there, but its folder cannot be flushed to the disk: ");
    nn_put_error(&r->message, errno);
    nn_put(&r->message, "; if the machine stops now, the old file may come back");
    return false;
}

static nn_kept kept_of(const nn_replacement *r)
{
    return (nn_kept){
        .folder = r->folder, .name = r->name, .spare = r->spare, .memory = r->memory, .may_replace = r->may_replace};
}

bool nn_replace_look(nn_replacement *r, int64_t keep)
{
    nn_kept kept = kept_of(r);
    return nn_keep_look(&kept, keep) || fail_to_keep(r, &kept);
}

bool nn_replace_end(nn_replacement *r, int64_t keep)
{
    nn_kept kept = kept_of(r);
    if (r->status != AD_OK || !take_permissions(r))
        return false;
    if (!nn_flush(r->descriptor))
        return fail_system(r, "flushing it to the disk: ", errno);
    if (!nn_keep(&kept, keep))
        return fail_to_keep(r, &kept);
    if (renameat(r->folder, r->unfinished, r->folder, r->name) != 0)
        return fail_system(r, "renaming the new file: ", errno);
    r->has_unfinished = false;
    r->is_replaced = true;
    return flush_folder(r);
}

/* The name goes before the lock, so that no other save sees a name without a lock. */
void nn_replace_close(nn_replacement *r)
{
    if (r->has_unfinished)
        unlinkat(r->folder, r->unfinished, 0);
    if (r->descriptor >= 0)
        close(r->descriptor);
    if (r->folder >= 0)
        close(r->folder);
    ad_memory_release(r->memory, r->names, r->bytes, 1);
}
