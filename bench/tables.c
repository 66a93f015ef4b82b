/* Trains the classifier on a CSV file and tests it on another, for bench/tables.py, which writes both. Prints a line
 * for each network: its seed and its accuracy. What is wrong with a file is printed to stderr, with status 1. */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <gradtape/gradtape.h>

#include "arguments.h"

/* Scikit-learn's defaults. Its alpha is divided by the rows of a batch, and holds for weights alone, as our l2 does. */
enum { BATCH = 32 };
static const double rate = 0.001, alpha = 1e-4;

typedef struct setting {
    const char *train, *test, *options; /* two files; options of CSV files as text */
    long epochs, networks;
} setting;

static nn_classifier *open_classifier(int64_t seed)
{
    return nn_classifier_open(
        &(nn_classifier_options){.hidden_units = {64, 32},
                                 .optimiser = {.rule = &nn_adam, .rate = rate, .l2 = alpha / BATCH},
                                 .scaling = NN_SCALE_FEATURE,
                                 .impute = NN_IMPUTE_MEAN,
                                 .seed = (uint64_t)seed});
}

/* Returns false, and says why, if a file, the training or the test failed. */
static bool try_one(const setting *s, const nn_csv_options *form, nn_dataset *train, nn_dataset *test, int64_t seed)
{
    nn_classifier *c = open_classifier(seed);
    const nn_data learnt = nn_dataset_data(train);
    nn_csv_options same = *form;
    const nn_evaluation none = {.status = AD_BAD_FILE};
    nn_classifier_fit(c, &learnt, &(nn_fit_options){.batch_size = BATCH, .epochs = s->epochs});
    same.like = nn_classifier_schema(c);
    const bool is_read = nn_classifier_status(c) == AD_OK && nn_dataset_read_csv(test, s->test, &same) == AD_OK;
    const nn_data unseen = nn_dataset_data(test);
    const nn_evaluation e = is_read ? nn_classifier_evaluate(c, &unseen) : none;
    if (e.status == AD_OK)
        printf("%" PRId64 " %.17g\n", seed, e.accuracy);
    else
        fprintf(stderr, "%s\n", nn_classifier_status(c) ? nn_classifier_message(c) : nn_dataset_message(test));
    nn_classifier_close(c);
    return e.status == AD_OK;
}

static bool try_all(const setting *s)
{
    nn_options *options = nn_options_parse(s->options, NN_CSV, NULL);
    nn_dataset *train = nn_dataset_open(NULL), *test = nn_dataset_open(NULL);
    const nn_csv_options *form = nn_options_csv(options);
    bool good = form && nn_dataset_read_csv(train, s->train, form) == AD_OK;
    if (!good)
        fprintf(stderr, "%s\n", form ? nn_dataset_message(train) : nn_options_message(options));
    for (int64_t seed = 0; good && seed < s->networks; seed++)
        good = try_one(s, form, train, test, seed);
    nn_dataset_close(train);
    nn_dataset_close(test);
    nn_options_close(options);
    return good;
}

static const struct argp_option rows[] = {
    {"epochs", 'e', "N", 0, "Epochs (60)", 0},
    {"networks", 'n', "N", 0, "Networks, with the seeds 0, 1, ... (3)", 0},
    {0},
};

static error_t take(int key, char *text, struct argp_state *state)
{
    setting *s = state->input;
    const char **places[] = {&s->train, &s->test, &s->options};
    switch (key) {
    case 'e': s->epochs = positive_argument(text, 1000000, "epochs", state); return 0;
    case 'n': s->networks = positive_argument(text, 1000, "networks", state); return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num >= 3)
            argp_usage(state);
        *places[state->arg_num] = text;
        return 0;
    case ARGP_KEY_END:
        if (state->arg_num < 3)
            argp_usage(state);
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char *argv[])
{
    setting s = {.epochs = 60, .networks = 3};
    const struct argp parser = {.options = rows,
                                .parser = take,
                                .args_doc = "TRAIN.csv TEST.csv OPTIONS",
                                .doc = "Trains on a CSV file and tests on another (bench/tables.py)."};
    argp_parse(&parser, argc, argv, 0, NULL, &s);
    ad_set_threads(1);
    return try_all(&s) && !fflush(stdout) ? 0 : 1;
}
