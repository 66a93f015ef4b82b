#ifndef TESTS_FUZZ_MODEL_READER_H
#define TESTS_FUZZ_MODEL_READER_H
/* The reader of models, for the table in file_readers.c. */
#include <stddef.h>
#include <stdint.h>

/* Reads a file as a classifier and as a regressor, with the length of its header and its checksum made right. One that
 * is loaded predicts, is trained by a step, saved, and loaded again. Aborts if loading takes more memory than a file
 * of this length can need, or if what was saved is not loaded. */
void fuzz_read_model(const uint8_t *bytes, size_t n);

#endif
