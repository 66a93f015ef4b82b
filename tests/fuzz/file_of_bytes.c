/* An input as a file in memory. */
#define _GNU_SOURCE /* memfd_create */
#include "file_of_bytes.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int fuzz_make_file(const uint8_t *bytes, size_t n, char path[64])
{
    const int file = memfd_create("fuzz", MFD_CLOEXEC);
    snprintf(path, 64, "/proc/self/fd/%d", file);
    for (size_t done = 0; file >= 0 && done < n;) {
        const ssize_t written = write(file, bytes + done, n - done);
        FUZZ_HOLDS(written > 0);
        done += (size_t)written;
    }
    return file;
}

void fuzz_close_file(int file) { close(file); }
