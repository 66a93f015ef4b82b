/* Writes models to a folder, each with rows and the logits that it gives for them, for tests/torch_model.py. */
#include <stdio.h>

#include <gradtape/gradtape.h>

enum { ROWS = 40, COLUMNS = 4, CLASSES = 3 };

static float x[ROWS * COLUMNS];
static int32_t labels[ROWS];
static double targets[ROWS];

static void fill(void)
{
    for (int i = 0; i < ROWS * COLUMNS; i++)
        x[i] = (float)((i * 7919 % 1009) * 0.003 - 1.5 + i % COLUMNS);
    for (int i = 0; i < ROWS; i++) {
        labels[i] = (x[i * COLUMNS] > 0) + (x[i * COLUMNS + 1] > 1);
        targets[i] = (double)x[i * COLUMNS] - 2 * (double)x[i * COLUMNS + 2];
    }
}

/* What a model gives, a row a line, behind the rows. */
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

static int write_classifier(const char *folder, const char *name, nn_classifier_options options)
{
    char path[4096];
    float z[ROWS * CLASSES];
    const nn_data data = {.features = x, .rows = ROWS, .columns = COLUMNS, .labels = labels};
    snprintf(path, sizeof path, "%s/%s.safetensors", folder, name);
    options.n_classes = CLASSES;
    nn_classifier *c = nn_classifier_open(&options);
    const nn_fit_options fit = {.steps = 37, .batch_size = 10, .validation = &data, .patience = 5, .save = path};
    nn_classifier_fit(c, &data, &fit);
    nn_classifier_logits(c, &data, z);
    const int failed = nn_classifier_status(c) != AD_OK || write_numbers(folder, name, z, CLASSES);
    if (failed)
        fprintf(stderr, "%s: %s\n", name, nn_classifier_message(c));
    nn_classifier_close(c);
    return failed;
}

static int write_regressor(const char *folder, const char *name, nn_regressor_options options)
{
    char path[4096];
    float z[ROWS];
    const nn_data data = {
        .features = x, .rows = ROWS, .columns = COLUMNS, .targets = targets, .target_element = NN_F64};
    snprintf(path, sizeof path, "%s/%s.safetensors", folder, name);
    nn_regressor *r = nn_regressor_open(&options);
    nn_regressor_fit(r, &data, &(nn_fit_options){.steps = 30, .save = path});
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
    fill();
    return write_classifier(arguments[1], "perceptron",
                            (nn_classifier_options){.hidden_units = {5, 4}, .optimiser = {.rule = &nn_adam}}) +
           write_classifier(arguments[1], "layers",
                            (nn_classifier_options){.layers = NN_LAYERS(layers), .scaling = NN_SCALE_FEATURE}) +
           write_regressor(arguments[1], "regressor",
                           (nn_regressor_options){.hidden_units = {7}, .optimiser = {.rule = &nn_lbfgs}});
}
