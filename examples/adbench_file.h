#ifndef EXAMPLES_ADBENCH_FILE_H
#define EXAMPLES_ADBENCH_FILE_H
/* What the two objectives of ADBench share: files of numbers, and gradients beside known ones. */
#include <gradtape/gradtape.h>

/* All numbers of a text file, to be freed; NULL, with a line on stderr, if it cannot be read or holds something that is
 * not a finite number. */
double *read_numbers(const char *file, size_t *n);

/* An objective on a tape, and the leaves by which it is differentiated, in the order of ADBench's gradient. */
enum { MOST_LEAVES = 16 };
typedef struct recording {
    ad_tensor loss, leaf[MOST_LEAVES];
    int n_leaves;
} recording;

/* The objective and its gradient as they are known, from NAME.gradient.txt beside NAME.txt. */
typedef struct known_gradient {
    char *file;
    double *numbers; /* NULL: there is no such file */
    size_t n;
} known_gradient;

/* False, with a line on stderr, if there is such a file but it cannot be read. */
bool read_known_gradient(const char *file, known_gradient *known);

void free_known_gradient(known_gradient *known);

/* How far a gradient is from the known one: max |g - g'| / max |g'|, infinite where a number is not finite. `worst` is
 * the place of the largest. */
double block_difference(const double *g, const double *known, size_t n, size_t *worst);

/* Prints the objective and the norm of the gradient of each leaf, and how far they are from the known ones. `largest`
 * is the largest difference, NAN if there is nothing to compare with. False, with a line on stderr that says what
 * differs, if one is above 1e-10 or there are other numbers of them. */
bool print_gradient(const recording *r, const known_gradient *known, double *largest);

#endif
