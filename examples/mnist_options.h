#ifndef EXAMPLES_MNIST_OPTIONS_H
#define EXAMPLES_MNIST_OPTIONS_H
/* The command line of the MNIST example. */
#include <gradtape/options.h>

typedef struct mnist_options {
    const char *data; /* the folder with the four IDX files */
    long steps, batch_size, seed, threads;
    double validation; /* the share that is held out; 0: none */
    long validate_every, patience;
    const char *text;       /* of --options */
    nn_options *classifier; /* the book's network, with those of --options */
} mnist_options;

/* The options of a command line. On a mistake it says so on stderr and exits with status 2. The caller closes
 * `classifier`. */
mnist_options parse_mnist_options(int argc, char *argv[]);

#endif
