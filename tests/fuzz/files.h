#ifndef TESTS_FUZZ_FILES_H
#define TESTS_FUZZ_FILES_H
/* Programs in files. */
#include "program.h"

enum { FUZZ_FILE = 1 << 16 }; /* the longest that is read */

/* Names of the files that were found, in alphabetical order. */
typedef struct fuzz_files {
    size_t n, room;
    char **names;
} fuzz_files;

/* Adds a file, or all files of a folder; false, with errno, if it cannot be read. */
bool fuzz_files_add(fuzz_files *files, const char *path);
void fuzz_files_free(fuzz_files *files);

/* Reads a program, and returns how many bytes it has; 0 if it cannot be read. */
size_t fuzz_file_read(const char *name, uint8_t bytes[FUZZ_FILE]);

/* Writes seeds into a folder: FOLDER/row_NAME for each row, FOLDER/place_NAME_PART for each fuzz_place; false, with
 * errno, on an error. */
bool fuzz_files_write_seeds(const char *folder);

#endif
