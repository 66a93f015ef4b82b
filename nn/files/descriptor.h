#ifndef GRADTAPE_NN_DESCRIPTOR_H
#define GRADTAPE_NN_DESCRIPTOR_H
/* Private to nn: calls of the system on descriptors, which go on when a signal came. `folder` is a descriptor too. Each
 * returns false with errno set if it failed. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../options/writer.h"

/* Opens a file. It never follows a link, waits for the other end of a pipe, or passes to another program. Returns -1 on
 * an error. */
int nn_open_at(int folder, const char *name, int flags, unsigned mode);

bool nn_write_all(int descriptor, const void *bytes, size_t n);
bool nn_write_all_at(int descriptor, const void *bytes, size_t n, uint64_t at);

/* Reads n bytes, or as many as there are. */
bool nn_read_some_at(int descriptor, void *to, size_t n, uint64_t at, size_t *got);

bool nn_flush(int descriptor);

/* Whether the name is that of the open file. */
bool nn_has_name(int descriptor, int folder, const char *name);

/* Puts what errno means. */
void nn_put_error(nn_writer *w, int error);

#endif
