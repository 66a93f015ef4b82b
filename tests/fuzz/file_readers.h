#ifndef TESTS_FUZZ_FILE_READERS_H
#define TESTS_FUZZ_FILE_READERS_H
/* Readers of files, for the fuzz target fuzz_files. The first byte of an input is the letter of a reader, any other
 * byte stands for one of them; the rest is the file. */
#include <stddef.h>
#include <stdint.h>

typedef struct fuzz_reader {
    char letter;
    const char *name;
    void (*read)(const uint8_t *bytes, size_t n); /* aborts if what it reads contradicts itself */
} fuzz_reader;

/* All of them; the last has no name. */
extern const fuzz_reader fuzz_readers[];

/* Reads an input. Returns the place of its reader in the table. */
size_t fuzz_read_file(const uint8_t *bytes, size_t n);

#endif
