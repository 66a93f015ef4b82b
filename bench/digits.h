#ifndef BENCH_DIGITS_H
#define BENCH_DIGITS_H
/* Data as large as MNIST's training set and as sparse, made of random numbers: a fifth of the pixels is not 0. */
#include <gradtape/data.h>

enum { DIGIT_ROWS = 60000, DIGIT_COLUMNS = 784, DIGIT_CLASSES = 10 };

/* Ends the program where memory is out. The caller frees the data with free_digits. */
nn_data make_digits(void);
void free_digits(nn_data *data);

#endif
