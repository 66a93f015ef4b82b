/* Calls of the system that fail on command. */
#include "failing_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct failing_calls failing_calls;

/* Whether this call is to fail; errno is set then. */
static bool fails(int kind)
{
    static bool was_interrupted;
    struct failing_calls *f = &failing_calls;
    if (!(f->kinds & kind))
        return false;
    if (f->are_interrupted) {
        was_interrupted = !was_interrupted;
        errno = EINTR;
        if (was_interrupted)
            return true;
    }
    f->calls++;
    if (f->before)
        f->before(kind, f->calls);
    if (f->at == 0 || f->calls < f->at || (f->calls > f->at && !f->for_good))
        return false;
    f->failed++;
    errno = f->error;
    return true;
}

static size_t some(size_t n) { return failing_calls.are_interrupted && n > 7 ? 7 : n; }

static int open_from(int folder, const char *path, int flags, va_list arguments)
{
    const unsigned mode = flags & O_CREAT ? va_arg(arguments, unsigned) : 0;
    return fails(CALL_OPEN) ? -1 : (int)syscall(SYS_openat, folder, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    const int descriptor = open_from(AT_FDCWD, path, flags, arguments);
    va_end(arguments);
    return descriptor;
}

int openat(int folder, const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    const int descriptor = open_from(folder, path, flags, arguments);
    va_end(arguments);
    return descriptor;
}

ssize_t write(int descriptor, const void *bytes, size_t n)
{
    return fails(CALL_WRITE) ? -1 : syscall(SYS_write, descriptor, bytes, some(n));
}

ssize_t pwrite(int descriptor, const void *bytes, size_t n, off_t at)
{
    return fails(CALL_WRITE) ? -1 : syscall(SYS_pwrite64, descriptor, bytes, some(n), at);
}

ssize_t pread(int descriptor, void *to, size_t n, off_t at)
{
    return fails(CALL_READ) ? -1 : syscall(SYS_pread64, descriptor, to, some(n), at);
}

int fsync(int descriptor) { return fails(CALL_FLUSH) ? -1 : (int)syscall(SYS_fsync, descriptor); }

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    return fails(CALL_RENAME) ? -1 : (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, 0);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
    if (failing_calls.has_no_links) {
        errno = EPERM;
        return -1;
    }
    return fails(CALL_LINK) ? -1 : (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
}

int unlinkat(int folder, const char *name, int flags)
{
    return fails(CALL_UNLINK) ? -1 : (int)syscall(SYS_unlinkat, folder, name, flags);
}

int flock(int descriptor, int how) { return fails(CALL_LOCK) ? -1 : (int)syscall(SYS_flock, descriptor, how); }

int fchmod(int descriptor, mode_t mode) { return fails(CALL_MODE) ? -1 : (int)syscall(SYS_fchmod, descriptor, mode); }
