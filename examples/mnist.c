/* The book's whole program: train a network of 300 and 100 hidden units on MNIST and test it.
 *
 * All pixels are scaled by one mean and one deviation. Scaling each pixel by its own, as the book does, costs half a
 * percent here: a pixel that is rarely dark has a small deviation, and so weighs too much where it is. */
#include <stdio.h>

#include <gradtape/gradtape.h>

#include "mnist_options.h"

static nn_dataset *read_idx(const char *folder, const char *part)
{
    char images[4096], labels[4096];
    snprintf(images, sizeof images, "%s/%s-images-idx3-ubyte", folder, part);
    snprintf(labels, sizeof labels, "%s/%s-labels-idx1-ubyte", folder, part);
    nn_dataset *dataset = nn_dataset_open(NULL);
    nn_dataset_read_idx(dataset, images, labels);
    return dataset;
}

static void show_settings(const nn_classifier *c, const mnist_options *o)
{
    fprintf(stderr, "%s\nbatch_size=%ld steps=%ld", nn_classifier_settings(c), o->batch_size, o->steps);
    if (o->validation > 0)
        fprintf(stderr, " validation_share=%g validate_every=%ld patience=%ld", o->validation, o->validate_every,
                o->patience);
    fprintf(stderr, "\n");
}

static void show_best(const nn_classifier *c)
{
    const nn_history_row best = nn_history_best(nn_classifier_history(c));
    if (best.step > 0)
        fprintf(stderr, "best validation: accuracy %.4f, loss %.4f, step %lld\n", best.validation_accuracy,
                best.validation_loss, (long long)best.step);
}

static const char *train_and_test(nn_classifier *c, const nn_dataset *train, const nn_dataset *test,
                                  const mnist_options *o)
{
    const nn_dataset *sets[] = {train, test};
    for (int i = 0; i < 2; i++)
        if (nn_dataset_status(sets[i]) != AD_OK)
            return nn_dataset_message(sets[i]);
    nn_data train_data = nn_dataset_data(train), test_data = nn_dataset_data(test);
    show_settings(c, o);
    nn_classifier_fit(c, &train_data,
                      &(nn_fit_options){.batch_size = o->batch_size,
                                        .steps = o->steps,
                                        .validation_share = o->validation,
                                        .validate_every = o->validate_every,
                                        .patience = o->patience,
                                        .callback = nn_show_progress});
    if (nn_classifier_status(c) != AD_OK)
        return nn_classifier_message(c);
    show_best(c);
    nn_evaluation e = nn_classifier_evaluate(c, &test_data);
    if (e.status != AD_OK)
        return nn_classifier_message(c);
    printf("accuracy = %.4f, global_step = %lld, loss = %.4f\n", e.accuracy, (long long)e.global_step, e.loss);
    return fflush(stdout) ? "the result could not be written to stdout" : NULL;
}

int main(int argc, char *argv[])
{
    mnist_options o = parse_mnist_options(argc, argv);
    ad_set_threads((int)o.threads);
    nn_dataset *train = read_idx(o.data, "train"), *test = read_idx(o.data, "t10k");
    nn_classifier *c = nn_classifier_open(nn_options_classifier(o.classifier));
    const char *mistake = train_and_test(c, train, test, &o);
    if (mistake)
        fprintf(stderr, "mnist: %s\n", mistake);
    nn_classifier_close(c);
    nn_dataset_close(test);
    nn_dataset_close(train);
    nn_options_close(o.classifier);
    return mistake ? 1 : 0;
}
