/* Begins with the weights of files that PyTorch wrote to a folder, NAME.safetensors, and writes rows and the logits
 * that the models give for them to NAME.txt, for tests/torch_model.py. */
#include <stdio.h>

#include <gradtape/gradtape.h>

enum { ROWS = 40, COLUMNS = 4, CLASSES = 3, BATCH = 10 };

static float x[ROWS * COLUMNS];
static int32_t labels[ROWS];
static double targets[ROWS], last_counts[ROWS];

/* Only the last row counts, in the order of the first epoch: the first step changes nothing. */
static nn_data fill(void)
{
    int32_t order[ROWS];
    for (int i = 0; i < ROWS * COLUMNS; i++)
        x[i] = (float)((i * 7919 % 1009) * 0.003 - 1.5);
    for (int i = 0; i < ROWS; i++)
        labels[i] = i % CLASSES;
    ad_random_permutation(0, ad_stream(AD_STREAM_ORDER, 0), ROWS, order);
    last_counts[order[ROWS - 1]] = 1;
    return (nn_data){.features = x, .rows = ROWS, .columns = COLUMNS, .weights = last_counts};
}

static int write_numbers(const char *folder, const char *name, const float *z, int width)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.txt", folder, name);
    FILE *to = fopen(path, "w");
    for (int i = 0; to && i < ROWS; i++) {
        for (int j = 0; j < COLUMNS; j++)
            fprintf(to, "%.9g ", (double)x[i * COLUMNS + j]);
        for (int j = 0; j < width; j++)
            fprintf(to, "%.9g%c", (double)z[i * width + j], j + 1 < width ? ' ' : '\n');
    }
    return !to || fclose(to) != 0;
}

static int run_classifier(const char *folder, const char *name, nn_data data, nn_classifier_options options)
{
    char path[4096];
    float z[ROWS * CLASSES];
    snprintf(path, sizeof path, "%s/%s.safetensors", folder, name);
    data.labels = labels;
    options.n_classes = CLASSES;
    nn_classifier *c = nn_classifier_open(&options);
    nn_classifier_fit(c, &data, &(nn_fit_options){.batch_size = BATCH, .steps = 1, .warm_start = path});
    nn_classifier_logits(c, &data, z);
    const int failed = nn_classifier_status(c) != AD_OK || write_numbers(folder, name, z, CLASSES);
    if (failed)
        fprintf(stderr, "%s: %s\n", name, nn_classifier_message(c));
    nn_classifier_close(c);
    return failed;
}

static int run_regressor(const char *folder, const char *name, nn_data data, nn_regressor_options options)
{
    char path[4096];
    float z[ROWS];
    snprintf(path, sizeof path, "%s/%s.safetensors", folder, name);
    data.targets = targets;
    data.target_element = NN_F64;
    nn_regressor *r = nn_regressor_open(&options);
    nn_regressor_fit(r, &data, &(nn_fit_options){.batch_size = BATCH, .steps = 1, .warm_start = path});
    nn_regressor_predict(r, &data, z);
    const int failed = nn_regressor_status(r) != AD_OK || write_numbers(folder, name, z, 1);
    if (failed)
        fprintf(stderr, "%s: %s\n", name, nn_regressor_message(r));
    nn_regressor_close(r);
    return failed;
}

static const nn_layer block[] = {NN_DENSE(.units = 6, .activation = AD_TANH)};
static const nn_layer layers[] = {
    NN_DENSE(.units = 6, .activation = AD_TANH),
    NN_BATCH_NORM(),
    {.kind = &nn_residual, .name = "body", .options = &(const nn_residual_options){NN_LAYERS(block)}},
    NN_DROPOUT(0.2),
    NN_LAYER_NORM(),
};

int main(int n, char **arguments)
{
    if (n != 2)
        return 2;
    const nn_data data = fill();
    const nn_classifier_options perceptron = {.hidden_units = {5, 4}};
    return run_classifier(arguments[1], "perceptron", data, perceptron) +
           run_classifier(arguments[1], "wide", data, perceptron) +
           run_classifier(arguments[1], "layers", data, (nn_classifier_options){.layers = NN_LAYERS(layers)}) +
           run_regressor(arguments[1], "regressor", data, (nn_regressor_options){.hidden_units = {7}});
}
