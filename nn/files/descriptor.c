/* Calls of the system on descriptors. */
#include "descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AT_ONCE ((size_t)1 << 30) /* some systems count in int */

int nn_open_at(int folder, const char *name, int flags, unsigned mode)
{
    int descriptor;
    do
        descriptor = openat(folder, name, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW, (mode_t)mode);
    while (descriptor < 0 && errno == EINTR);
    return descriptor;
}

/* Adds what a call wrote or read; false if it failed for good. */
static bool add(ssize_t n, size_t *done)
{
    *done += n > 0 ? (size_t)n : 0;
    return n >= 0 || errno == EINTR;
}

bool nn_write_all(int descriptor, const void *bytes, size_t n)
{
    for (size_t done = 0; done < n;)
        if (!add(write(descriptor, (const char *)bytes + done, n - done < AT_ONCE ? n - done : AT_ONCE), &done))
            return false;
    return true;
}

bool nn_write_all_at(int descriptor, const void *bytes, size_t n, uint64_t at)
{
    for (size_t done = 0; done < n;)
        if (!add(pwrite(descriptor, (const char *)bytes + done, n - done, (off_t)(at + done)), &done))
            return false;
    return true;
}

bool nn_read_some_at(int descriptor, void *to, size_t n, uint64_t at, size_t *got)
{
    ssize_t read = 1;
    for (*got = 0; *got < n && read != 0;) {
        const size_t rest = n - *got < AT_ONCE ? n - *got : AT_ONCE;
        read = pread(descriptor, (char *)to + *got, rest, (off_t)(at + *got));
        if (!add(read, got))
            return false;
    }
    return true;
}

bool nn_flush(int descriptor)
{
    int result;
    do
        result = fsync(descriptor);
    while (result != 0 && errno == EINTR);
    return result == 0;
}

bool nn_has_name(int descriptor, int folder, const char *name)
{
    struct stat of_file, of_name;
    return fstat(descriptor, &of_file) == 0 && fstatat(folder, name, &of_name, AT_SYMLINK_NOFOLLOW) == 0 &&
           of_file.st_dev == of_name.st_dev && of_file.st_ino == of_name.st_ino;
}

void nn_put_error(nn_writer *w, int error)
{
    char text[128];
    if (strerror_r(error, text, sizeof text) != 0)
        snprintf(text, sizeof text, "error %d", error);
    nn_put(w, text);
}
