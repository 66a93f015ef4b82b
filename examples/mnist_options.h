#ifndef EXAMPLES_MNIST_OPTIONS_H
#define EXAMPLES_MNIST_OPTIONS_H
/* The command line of the MNIST example. */

typedef struct mnist_options {
    const char *data; /* the folder with the four IDX files */
    long steps, batch_size, seed, threads;
} mnist_options;

/* The options of a command line. On a mistake it says so on stderr and exits with status 2. */
mnist_options parse_mnist_options(int argc, char *argv[]);

#endif
