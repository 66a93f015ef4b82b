#ifndef EXAMPLES_LSTM_OBJECTIVE_H
#define EXAMPLES_LSTM_OBJECTIVE_H
/* The loss of a recurrent predictor, an objective of ADBench: l layers of LSTM cells whose weights multiply element by
 * element, b wide, over c rows of b bits. */
#include "adbench_file.h"

typedef struct lstm {
    int64_t l, c, b;
    double *numbers; /* of the file; the arrays below lie in it */
    const double *main, *extra, *state, *bits;
} lstm;

/* Reads a file of ADBench; false, with a line on stderr, if it is not one. */
bool lstm_read(lstm *s, const char *file);

void lstm_free(lstm *s);

/* Records the objective. Leaves: for each layer weights [2,2b] and biases [2,2b] of forget, input, output and
 * candidate;
 * then w_in, w_out and b_out [b]. */
recording lstm_record(ad_tape *t, const lstm *s);

#endif
