#ifndef EXAMPLES_ADBENCH_FILE_H
#define EXAMPLES_ADBENCH_FILE_H
/* What the two objectives of ADBench share: files of numbers, and gradients beside known ones. */
#include <gradtape/gradtape.h>

/* All numbers of a text file, to be freed; NULL, with a line on stderr, if it cannot be read or holds something else.
 */
double *read_numbers(const char *file, size_t *n);

/* An objective on a tape, and the leaves by which it is differentiated, in the order of ADBench's gradient. */
enum { MOST_LEAVES = 16 };
typedef struct recording {
    ad_tensor loss, leaf[MOST_LEAVES];
    int n_leaves;
} recording;

/* NAME.gradient.txt beside NAME.txt: the objective and its gradient; NULL, and nothing is said, if there is none. */
double *read_known_gradient(const char *file, size_t *n);

/* How far a gradient is from the known one: max |g - g'| / max |g'|. */
double block_difference(const double *g, const double *known, size_t n);

/* Prints the objective and the norm of the gradient of each leaf, and how far they are from the known ones if there are
 * any. Returns the largest difference; NAN if the known ones are of another size. */
double print_gradient(const recording *r, const double *known, size_t n_known);

#endif
