/* Trains the classifier or the regressor on the splits of one data set, for bench/quality.py, which writes the file and
 * trains scikit-learn's on the same rows. Prints a line for each network: split, seed, accuracy or R2, mean loss,
 * steps.
 *
 * The file has the machine's byte order, and nothing between its parts:
 *     int64 rows, columns, classes (0: there are targets), splits
 *     f64 features [rows, columns]
 *     int32 labels [rows], or f64 targets [rows]
 *     and for each split: int64 n_train, n_test; int32 rows of the training part [n_train], of the test part [n_test]
 */
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
    const char *file;
    long epochs, networks;
    bool stops_early;
} setting;

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

/* Reads n elements of some bytes, which the caller frees; ends the program if they are not there. */
static void *read_array(FILE *file, int64_t n, size_t bytes)
{
    void *array = n > 0 ? malloc((size_t)n * bytes) : NULL;
    if (!array || fread(array, bytes, (size_t)n, file) != (size_t)n) {
        fprintf(stderr, "quality: the file is shorter than it says, or memory is out: bench/quality.py writes it\n");
        exit(1);
    }
    return array;
}

static int64_t read_number(FILE *file)
{
    int64_t *number = read_array(file, 1, sizeof *number), n = *number;
    free(number);
    return n;
}

/* ---- Training ---------------------------------------------------------------------------------------------------- */

static nn_fit_options fit_options(const setting *s)
{
    nn_fit_options fit = {.batch_size = BATCH, .epochs = s->epochs};
    if (s->stops_early) {
        fit.validation_share = 0.1;
        fit.patience = 10;
        fit.monitor = NN_MONITOR_LOSS;
    }
    return fit;
}

static nn_evaluation classify(const setting *s, int64_t classes, const nn_data *train, const nn_data *test,
                              int64_t seed)
{
    const nn_fit_options fit = fit_options(s);
    nn_classifier *c = nn_classifier_open(&(nn_classifier_options){
        .hidden_units = {64, 32},
        .n_classes = classes,
        .head = classes == 2 ? &nn_head_one_logit : &nn_head_softmax, /* as scikit-learn has it */
        .optimiser = {.rule = &nn_adam, .rate = rate, .l2 = alpha / BATCH},
        .scaling = NN_SCALE_FEATURE,
        .seed = (uint64_t)seed});
    nn_classifier_fit(c, train, &fit);
    const nn_evaluation e = nn_classifier_evaluate(c, test);
    if (nn_classifier_status(c) != AD_OK)
        fprintf(stderr, "quality: %s\n", nn_classifier_message(c));
    nn_classifier_close(c);
    return e;
}

static nn_evaluation regress(const setting *s, const nn_data *train, const nn_data *test, int64_t seed)
{
    const nn_fit_options fit = fit_options(s);
    nn_regressor *r = nn_regressor_open(&(nn_regressor_options){
        .hidden_units = {64, 32},
        .optimiser = {.rule = &nn_adam, .rate = rate, .l2 = 2 * alpha / BATCH}, /* scikit-learn halves the squares */
        .scaling = NN_SCALE_FEATURE,
        .seed = (uint64_t)seed});
    nn_regressor_fit(r, train, &fit);
    const nn_evaluation e = nn_regressor_evaluate(r, test);
    if (nn_regressor_status(r) != AD_OK)
        fprintf(stderr, "quality: %s\n", nn_regressor_message(r));
    nn_regressor_close(r);
    return e;
}

/* Trains all networks of a split, which is next in the file. */
static bool try_split(const setting *s, FILE *file, const nn_data *data, int64_t classes, int64_t split)
{
    const int64_t n_train = read_number(file), n_test = read_number(file);
    int32_t *train_rows = read_array(file, n_train, sizeof *train_rows);
    int32_t *test_rows = read_array(file, n_test, sizeof *test_rows);
    nn_data train = *data, test = *data;
    train.index = train_rows;
    test.index = test_rows;
    train.rows = n_train;
    test.rows = n_test;
    train.array_rows = test.array_rows = data->rows;
    bool good = true;
    for (int64_t seed = 0; good && seed < s->networks; seed++) {
        const nn_evaluation e = classes ? classify(s, classes, &train, &test, seed) : regress(s, &train, &test, seed);
        good = e.status == AD_OK;
        printf("%" PRId64 " %" PRId64 " %.17g %.17g %" PRId64 "\n", split, seed,
               classes ? e.accuracy : nn_evaluation_named(&e, "r2").value, e.loss, e.global_step);
    }
    free(train_rows);
    free(test_rows);
    return good;
}

static bool try_all(const setting *s, FILE *file)
{
    const int64_t rows = read_number(file), columns = read_number(file);
    const int64_t classes = read_number(file), splits = read_number(file);
    double *features = read_array(file, rows * columns, sizeof *features);
    void *truth = read_array(file, rows, classes ? sizeof(int32_t) : sizeof(double));
    const nn_data data = {.features = features,
                          .element = NN_F64,
                          .rows = rows,
                          .columns = columns,
                          .labels = classes ? truth : NULL,
                          .targets = classes ? NULL : truth,
                          .target_element = NN_F64};
    bool good = true;
    for (int64_t i = 0; good && i < splits; i++)
        good = try_split(s, file, &data, classes, i);
    free(features);
    free(truth);
    return good;
}

/* ---- The program ------------------------------------------------------------------------------------------------- */

static const struct argp_option options[] = {{"epochs", 'e', "N", 0, "epochs of a network, at most (200)", 0},
                                             {"networks", 'n', "N", 0, "networks for each split (1)", 0},
                                             {"early", 'x', NULL, 0, "stop early by a tenth of the training rows", 0},
                                             {0}};

static error_t take(int key, char *text, struct argp_state *state)
{
    setting *s = state->input;
    switch (key) {
    case 'e': s->epochs = positive_argument(text, 1000000, "epochs", state); return 0;
    case 'n': s->networks = positive_argument(text, 1000, "networks", state); return 0;
    case 'x': s->stops_early = true; return 0;
    case ARGP_KEY_ARG:
        if (s->file)
            argp_error(state, "%s: one file is enough", text);
        s->file = text;
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "the file of a data set is needed: bench/quality.sh makes them"); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char *argv[])
{
    static const struct argp parser = {
        .options = options, .parser = take, .args_doc = "FILE", .doc = "Train on the splits of one data set."};
    setting s = {.epochs = 200, .networks = 1};
    argp_parse(&parser, argc, argv, 0, NULL, &s);
    ad_set_threads(1);
    FILE *file = fopen(s.file, "rb");
    if (!file) {
        perror(s.file);
        return 1;
    }
    const bool good = try_all(&s, file);
    fclose(file);
    return good && !fflush(stdout) ? 0 : 1;
}
