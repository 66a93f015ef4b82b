/* The command line of the MNIST example, by glibc's argp. */
#include "mnist_options.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include <gradtape/threads.h>

static const struct argp_option options[] = {
    {"data", 'd', "DIR", 0, "The folder with the four IDX files, plain or .gz", 0},
    {"steps", 's', "N", 0, "Training steps (40000)", 0},
    {"batch-size", 'b', "N", 0, "Examples in a step (50)", 0},
    {"threads", 't', "N", 0, "Threads that compute (as many as there are processors); the result is the same", 0},
    {"seed", 'r', "N", 0, "Seed of the weights and of the order of the examples (42)", 0},
    {0},
};

/* A number from a lowest one on; `most` 0: to any. */
static long whole_number(const char *text, long lowest, long most, const char *name, struct argp_state *state)
{
    char *end;
    errno = 0;
    const long value = strtol(text, &end, 10), highest = most ? most : LONG_MAX;
    if (end == text || *end || errno || value < lowest || value > highest)
        argp_error(state, "--%s %s: it must be a whole number from %ld to %ld", name, text, lowest, highest);
    return value;
}

static error_t take(int key, char *text, struct argp_state *state)
{
    mnist_options *o = state->input;
    switch (key) {
    case 'd': o->data = text; return 0;
    case 's': o->steps = whole_number(text, 1, 0, "steps", state); return 0;
    case 'b': o->batch_size = whole_number(text, 1, 0, "batch-size", state); return 0;
    case 't': o->threads = whole_number(text, 1, AD_MAX_THREADS, "threads", state); return 0;
    case 'r': o->seed = whole_number(text, 0, 0, "seed", state); return 0;
    case ARGP_KEY_ARG: argp_error(state, "%s: there are no arguments, only options", text); return 0;
    case ARGP_KEY_END:
        if (!o->data)
            argp_error(state, "--data DIR is missing: the folder with the four IDX files");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

mnist_options parse_mnist_options(int argc, char *argv[])
{
    static const struct argp parser = {
        .options = options, .parser = take, .doc = "Train a network of 300 and 100 hidden units on MNIST and test it."};
    mnist_options o = {.steps = 40000, .batch_size = 50, .seed = 42};
    argp_err_exit_status = 2;
    argp_parse(&parser, argc, argv, 0, NULL, &o);
    return o;
}
