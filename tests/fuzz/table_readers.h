#ifndef TESTS_FUZZ_TABLE_READERS_H
#define TESTS_FUZZ_TABLE_READERS_H
/* Readers of tables as text and of options, for the table in file_readers.c. They abort if what they read contradicts
 * itself. */
#include <stddef.h>
#include <stdint.h>

/* The first byte chooses the options, the rest is the table. */
void fuzz_read_csv(const uint8_t *bytes, size_t n);

void fuzz_read_libsvm(const uint8_t *bytes, size_t n);

/* Options of each kind. */
void fuzz_read_options(const uint8_t *bytes, size_t n);

#endif
