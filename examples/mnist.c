/* The book's whole program: train a network of 300 and 100 hidden units on MNIST and test it.
 *
 *   mnist FOLDER       the folder has the four IDX files, plain or .gz; examples/fetch_mnist.sh prints one
 *
 * All pixels are scaled by one mean and one deviation. Scaling each pixel by its own, as the book does, costs half a
 * percent here: a pixel that is rarely dark has a small deviation, and so weighs too much where it is.
 * examples/mnist.sh does the same by the command gradtape. */
#include <stdio.h>

#include <gradtape/gradtape.h>

static nn_dataset *read_idx(const char *folder, const char *part)
{
    char images[4096], labels[4096];
    snprintf(images, sizeof images, "%s/%s-images-idx3-ubyte", folder, part);
    snprintf(labels, sizeof labels, "%s/%s-labels-idx1-ubyte", folder, part);
    nn_dataset *dataset = nn_dataset_open(NULL);
    nn_dataset_read_idx(dataset, images, labels);
    return dataset;
}

/* Returns what went wrong; NULL: nothing. */
static const char *train_and_test(nn_classifier *c, const nn_dataset *train, const nn_dataset *test)
{
    const nn_dataset *sets[] = {train, test};
    for (int i = 0; i < 2; i++)
        if (nn_dataset_status(sets[i]) != AD_OK)
            return nn_dataset_message(sets[i]);
    const nn_data train_data = nn_dataset_data(train), test_data = nn_dataset_data(test);
    nn_classifier_fit(c, &train_data,
                      &(nn_fit_options){.batch_size = 50, .steps = 40000, .callback = nn_show_progress});
    const nn_evaluation e = nn_classifier_evaluate(c, &test_data);
    if (e.status != AD_OK)
        return nn_classifier_message(c);
    printf("accuracy = %.4f, global_step = %lld, loss = %.4f\n", e.accuracy, (long long)e.global_step, e.loss);
    return fflush(stdout) ? "the result could not be written to stdout" : NULL;
}

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "usage: mnist FOLDER\n");
        return 2;
    }
    nn_dataset *train = read_idx(argv[1], "train"), *test = read_idx(argv[1], "t10k");
    nn_classifier *c = nn_classifier_open(&(nn_classifier_options){
        .hidden_units = {300, 100}, .n_classes = 10, .scaling = NN_SCALE_GLOBAL, .seed = 42});
    const char *mistake = train_and_test(c, train, test);
    if (mistake)
        fprintf(stderr, "mnist: %s\n", mistake);
    nn_classifier_close(c);
    nn_dataset_close(test);
    nn_dataset_close(train);
    return mistake ? 1 : 0;
}
