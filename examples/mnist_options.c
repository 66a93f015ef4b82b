/* The command line of the MNIST example, by glibc's argp. */
#include "mnist_options.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/threads.h>

static const struct argp_option options[] = {
    {"data", 'd', "DIR", 0, "The folder with the four IDX files, plain or .gz", 0},
    {"steps", 's', "N", 0, "Training steps (40000)", 0},
    {"batch-size", 'b', "N", 0, "Examples in a step (50)", 0},
    {"threads", 't', "N", 0, "Threads that compute (as many as there are processors); the result is the same", 0},
    {"seed", 'r', "N", 0, "Seed of the weights and of the order of the examples (42)", 0},
    {"validation", 'v', "SHARE", 0, "The share of the training examples that is held out, above 0 and below 1 (none)",
     0},
    {"validate-every", 'e', "N", 0, "Steps from one validation to the next (an epoch)", 0},
    {"patience", 'p', "N", 0, "Stop after so many validations that are no better, and take the best weights (never)",
     0},
    {"options", 'o', "TEXT", 0, "Options of the classifier, for instance \"optimiser=adam rate=0.002\"", 0},
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

static double share(const char *text, struct argp_state *state)
{
    char *end;
    const double value = strtod(text, &end);
    if (end == text || *end || !(value > 0 && value < 1))
        argp_error(state, "--validation %s: it must be a number above 0 and below 1", text);
    return value;
}

/* The options of the classifier: those of --options, and of the book's recipe those that it does not name. */
static nn_options *classifier_options(const mnist_options *o, struct argp_state *state)
{
    static const struct {
        const char *name, *value;
    } recipe[] = {{"hidden_units=", "300,100"}, {"n_classes=", "10"}, {"scaling=", "global"}};
    char text[4096];
    int n = snprintf(text, sizeof text, "seed=%ld %s", o->seed, o->text);
    for (size_t i = 0; i < sizeof recipe / sizeof recipe[0]; i++)
        if (n < (int)sizeof text && !strstr(o->text, recipe[i].name))
            n += snprintf(text + n, sizeof text - (size_t)n, " %s%s", recipe[i].name, recipe[i].value);
    if (n >= (int)sizeof text)
        argp_error(state, "--options: the text is too long: it may have 4000 characters");
    nn_options *parsed = nn_options_parse(text, NN_CLASSIFIER, NULL);
    if (nn_options_status(parsed) != AD_OK)
        argp_error(state, "--options %s: %s", o->text, nn_options_message(parsed));
    return parsed;
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
    case 'v': o->validation = share(text, state); return 0;
    case 'e': o->validate_every = whole_number(text, 1, 0, "validate-every", state); return 0;
    case 'p': o->patience = whole_number(text, 1, 0, "patience", state); return 0;
    case 'o': o->text = text; return 0;
    case ARGP_KEY_ARG: argp_error(state, "%s: there are no arguments, only options", text); return 0;
    case ARGP_KEY_END:
        o->classifier = classifier_options(o, state);
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
    mnist_options o = {.steps = 40000, .batch_size = 50, .seed = 42, .text = ""};
    argp_err_exit_status = 2;
    argp_parse(&parser, argc, argv, 0, NULL, &o);
    return o;
}
