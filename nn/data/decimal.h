#ifndef GRADTAPE_NN_DECIMAL_H
#define GRADTAPE_NN_DECIMAL_H
/* Private to nn: decimal numbers in text, read to the nearest f64 (ties to even) in every locale. */
#include <stdbool.h>

/* Reads the longest number that begins at `at` and ends at or before `end`: digits with at most one point among or
 * around them, a sign before, an exponent e5, E-5, e+5 behind. Returns where it ends, and *x; NULL, and *x is not
 * written, if there is none: no digit, an exponent without one, inf, nan. Of 0x1 it reads the 0, of 1.2.3 the 1.2: the
 * caller looks at what stands behind. All digits count, however many there are. A number too large for f64 gives an
 * infinity, one too small a zero, with its sign. No byte at `end` is read; it is fastest if there are 8 bytes more
 * before it than the number has, so give the end of a buffer, not that of a field. */
const char *nn_decimal_read(const char *at, const char *end, char point, double *x);

#endif
