#ifndef GRADTAPE_NN_UTF8_H
#define GRADTAPE_NN_UTF8_H
/* Private to nn: UTF-8 (RFC 3629), strictly. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns how many bytes the character has that begins n bytes: 1 to 4; 0 if it is no UTF-8, or n is 0. */
size_t nn_utf8_length(const char *bytes, size_t n);

/* Whether all of n bytes are UTF-8. */
bool nn_is_utf8(const char *bytes, size_t n);

/* Writes a character as UTF-8. Returns how many bytes it has. It is no surrogate, and at most 10FFFF. */
size_t nn_utf8_write(uint32_t character, char to[4]);

#endif
