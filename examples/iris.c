/* Fisher's irises (1936): from a table to a model in a file, and back. 150 flowers of three species, with four
 * lengths in cm.
 *
 *   iris examples/iris.csv iris.safetensors
 *
 * A fifth of the flowers is kept for the test. The model is saved, loaded as another program would load it, and tested.
 * It knows its columns and its labels: nothing beside the file is needed to use it. */
#include <stdio.h>

#include <gradtape/gradtape.h>

static void train(const nn_data *flowers, const char *path)
{
    nn_classifier *c = nn_classifier_open(&(nn_classifier_options){
        .hidden_units = {16}, .optimiser = {.rule = &nn_adam, .rate = 0.01}, .scaling = NN_SCALE_FEATURE, .seed = 1});
    nn_classifier_fit(c, flowers, &(nn_fit_options){.epochs = 60, .save = path});
    if (nn_classifier_status(c) != AD_OK)
        fprintf(stderr, "%s\n", nn_classifier_message(c));
    nn_classifier_close(c);
}

/* Prints the accuracy, and the first flower with the probability of each species. */
static ad_status test(const nn_data *flowers, const char *path)
{
    nn_classifier *c = nn_classifier_load(path, NULL);
    nn_data first = *flowers;
    const char *species = "";
    float p[3] = {0};
    const nn_evaluation e = nn_classifier_evaluate(c, flowers);
    first.rows = 1;
    nn_classifier_predict_texts(c, &first, &species);
    nn_classifier_predict_proba(c, &first, p);
    const ad_status status = nn_classifier_status(c);
    if (status == AD_OK)
        printf("accuracy %.4f on %lld flowers\nthe first is %s: %.3f %.3f %.3f\n", e.accuracy, (long long)flowers->rows,
               species, (double)p[0], (double)p[1], (double)p[2]);
    else
        fprintf(stderr, "%s\n", nn_classifier_message(c));
    nn_classifier_close(c);
    return status;
}

int main(int argc, char *argv[])
{
    if (argc != 3) {
        fprintf(stderr, "usage: iris examples/iris.csv MODEL.safetensors\n");
        return 2;
    }
    nn_dataset *d = nn_dataset_open(NULL);
    nn_dataset_read_csv(d, argv[1], &(nn_csv_options){.label = "species"});
    const nn_data all = nn_dataset_data(d);
    nn_split *s = nn_split_open(&all, &(nn_split_options){.share = 0.2, .seed = 1});
    ad_status status = nn_dataset_status(d);
    if (status == AD_OK) {
        const nn_data learnt = nn_split_train(s, 0), kept = nn_split_test(s, 0);
        train(&learnt, argv[2]);
        status = test(&kept, argv[2]);
    } else
        fprintf(stderr, "%s\n", nn_dataset_message(d));
    nn_split_close(s);
    nn_dataset_close(d);
    return status == AD_OK ? 0 : 1;
}
