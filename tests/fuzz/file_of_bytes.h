#ifndef TESTS_FUZZ_FILE_OF_BYTES_H
#define TESTS_FUZZ_FILE_OF_BYTES_H
/* An input as a file in memory, for readers of files. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* More bytes than an input has. */
enum { FUZZ_FILE_BYTES = 1 << 20 };

/* What must hold; else the program ends, and tells where. */
#define FUZZ_HOLDS(condition)                                                                                          \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: it does not hold that %s\n", __FILE__, __LINE__, #condition);                      \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/* A file with these bytes, and its path; -1 if there is none. */
int fuzz_make_file(const uint8_t *bytes, size_t n, char path[64]);
void fuzz_close_file(int file);

#endif
