#ifndef GRADTAPE_NN_NUMBER_H
#define GRADTAPE_NN_NUMBER_H
/* Private to nn: numbers as text. They are read and written with a point in every locale. The whole text must be the
 * number: no spaces, no sign +, no hexadecimal digits. */
#include <stdbool.h>
#include <stdint.h>

enum { NN_REAL_TEXT = 32 };

/* Reads a decimal number, for instance -12.5e-3, to the nearest f64. Returns false if the text is none. A number that
 * is too large gives an infinity. */
bool nn_read_real(const char *text, double *x);

/* Read a whole number. Return false if the text is none, or the type does not hold it. */
bool nn_read_integer(const char *text, int64_t *x);
bool nn_read_unsigned(const char *text, uint64_t *x);

/* Writes a number with the fewest digits that nn_read_real reads back to the same bits. Whole numbers below 1e16 have
 * no exponent. Returns `text`. */
char *nn_real_text(double x, char text[NN_REAL_TEXT]);

/* The same for an f32: the fewest digits that are rounded to the same f32, at most 9. */
char *nn_f32_text(float x, char text[NN_REAL_TEXT]);

#endif
