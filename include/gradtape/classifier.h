#ifndef GRADTAPE_CLASSIFIER_H
#define GRADTAPE_CLASSIFIER_H
/* A ready-made classifier: a multi-layer perceptron with a softmax head, built from the operators below it.
 *
 *   nn_classifier *c = nn_classifier_open(&(nn_classifier_options){ .hidden_units = {300, 100}, .n_classes = 10 });
 *   nn_classifier_fit(c, &train, &(nn_fit_options){ .batch_size = 50, .steps = 40000 });
 *   nn_evaluation e = nn_classifier_evaluate(c, &test);
 *   if (e.status) fprintf(stderr, "%s\n", nn_classifier_message(c));
 *   nn_classifier_close(c);
 *
 * Parameters are called hiddenlayer_0/weights [d,h], hiddenlayer_0/biases [h], ..., logits/weights, logits/biases. */
#include <stdbool.h>

#include <gradtape/data.h>
#include <gradtape/layers.h>
#include <gradtape/optimisers.h>
#include <gradtape/show.h>

/* The most hidden layers that a classifier can have. */
#define NN_MAX_HIDDEN_LAYERS 32

/* How features are scaled before they enter the network. */
typedef enum nn_scaling_kind {
    NN_SCALE_NONE,     /* features as they are */
    NN_SCALE_CONSTANT, /* each feature divided by a constant */
    NN_SCALE_GLOBAL,   /* (x - mean) / deviation, with one mean and one standard deviation for all features */
    NN_SCALE_FEATURE,  /* the same with a mean and a deviation for each feature; a constant feature becomes 0,
                          and so does one whose deviation is below 1e-40 */
    NN_SCALE_COUNT
} nn_scaling_kind;

/* A classifier. Using it after close is undefined.
 *
 * A classifier belongs to one thread at a time, and may pass from one to another. No two calls on it may run at once,
 * not even two predictions or a look at its status: they share its tape. Threads that predict at once have a classifier
 * each. Classifiers in different threads are independent, and may read the same data. */
typedef struct nn_classifier nn_classifier;

/* The options of a classifier. Zero means the default. */
typedef struct nn_classifier_options {
    int64_t hidden_units[NN_MAX_HIDDEN_LAYERS]; /* units of each hidden layer, ended by 0; without any the classifier is
                                                   a logistic regression */
    int64_t n_classes;                          /* 2 to 2^31 - 1; no default */
    ad_activation activation;                   /* of the hidden layers; default relu */
    nn_optimiser_options optimiser;             /* default Adagrad, rate 0.05, accumulator 0.1 */
    nn_scaling_kind scaling;       /* learnt at the first fit and applied to every later input; default none */
    double scaling_constant;       /* for NN_SCALE_CONSTANT; 0: 255 */
    uint64_t seed;                 /* of the weights and of the order of the examples */
    const ad_allocator *allocator; /* copied; NULL: malloc and free */
} nn_classifier_options;

/* The argument of a callback. */
typedef struct nn_progress {
    int64_t step;      /* steps completed since the classifier was opened */
    int64_t last_step; /* the step at which this fit ends */
    double loss;       /* mean loss of the batch, before the update */
    double seconds;    /* since this fit began */
} nn_progress;

/* A function that is called after each step, in the thread that called the fit. If it returns false the fit stops and
 * returns AD_STOPPED. It may predict, evaluate and read parameters. A fit that it calls is an error (AD_BAD_STATE). If
 * it closes the classifier, the fit stops, frees the classifier at its end, and returns AD_STOPPED. */
typedef bool nn_callback(const nn_progress *progress, void *context);

/* The options of one fit. Zero means the default. */
typedef struct nn_fit_options {
    int64_t batch_size;    /* 0: 32; a batch has at most all rows */
    int64_t steps;         /* steps to add; 0: one epoch */
    nn_callback *callback; /* NULL: none */
    void *context;         /* for the callback */
} nn_fit_options;

/* Figures on a data set. If status is not AD_OK, accuracy and loss are NaN and global_step is -1. */
typedef struct nn_evaluation {
    ad_status status;
    double accuracy;     /* the share of rows whose most probable class is the label */
    double loss;         /* mean cross-entropy per row */
    int64_t global_step; /* steps completed since the classifier was opened */
} nn_evaluation;

/* Opens a classifier. Options are copied and checked. A bad option is an error that the classifier keeps and every
 * later call returns. Returns NULL only when memory is out. The caller closes the classifier. */
AD_API nn_classifier *nn_classifier_open(const nn_classifier_options *options);

/* Frees the classifier; in the callback of a fit, at the end of that fit. NULL is allowed. */
AD_API void nn_classifier_close(nn_classifier *classifier);

/* Trains for options->steps more steps. A fit continues the one before; it never starts again. `options` may be NULL.
 * - Each epoch takes the rows in a new random order. The last batch of an epoch may be short.
 * - The first fit fixes the number of features and learns the scaling.
 * - A fit that fails or is stopped leaves everything as it was after the last completed step.
 * Returns the status of this call. Errors: labels that are missing or outside 0..n_classes-1 (the message names row and
 * value); features that are not finite (names row and column); no rows; another number of columns than before; a
 * negative option; memory; a loss that is not finite (names the step). */
AD_API ad_status nn_classifier_fit(nn_classifier *classifier, const nn_data *data, const nn_fit_options *options);

/* The next four functions have these errors in common: the classifier was not fitted yet (AD_BAD_STATE); another number
 * of columns (AD_BAD_SHAPE); features that are not finite (AD_NOT_FINITE) or too large for f32 (AD_BAD_VALUE); a NULL
 * array; memory. On an error the content of the caller's array is undefined, and the classifier is unchanged. */

/* Writes the most probable class of each row to labels [rows]. Labels of the data are ignored. Error: a logit is not
 * finite (AD_NOT_FINITE). */
AD_API ad_status nn_classifier_predict(nn_classifier *classifier, const nn_data *data, int32_t *labels);

/* Writes the probability of each class to probabilities [rows,n_classes]. Error: a logit is not finite. */
AD_API ad_status nn_classifier_predict_proba(nn_classifier *classifier, const nn_data *data, float *probabilities);

/* Writes the logits to logits [rows,n_classes], whether they are finite or not. */
AD_API ad_status nn_classifier_logits(nn_classifier *classifier, const nn_data *data, float *logits);

/* Returns accuracy and mean loss on data with labels. Errors: a label outside 0..n_classes-1; a logit that is not
 * finite. */
AD_API nn_evaluation nn_classifier_evaluate(nn_classifier *classifier, const nn_data *data);

/* Records one row with its label on the classifier's tape, watched (inspect.h), and runs backward, so that a trained
 * classifier can be looked at and shown (show.h):
 *
 *   ad_tensor loss;
 *   nn_classifier_record(c, &test, 7, &loss);
 *   ad_write_html(loss.tape, "row_7.html", NULL);
 *
 * - *loss gets the loss of that row. Its tape is the classifier's: it is for looking and showing, and must not be
 *   changed.
 * - The recording lasts until the next fit, prediction, evaluation or record. Gradients of parameters are afterwards
 *   those of the row. No weight, slot, draw or step changes: a later fit has the same bits.
 * - A loss that is not finite is recorded too.
 * Errors: those of nn_classifier_evaluate, except logits; a row out of range; `loss` is NULL (AD_BAD_VALUE). *loss is
 * then inert. */
AD_API ad_status nn_classifier_record(nn_classifier *classifier, const nn_data *data, int64_t row, ad_tensor *loss);

/* Prints how gradients flow (ad_print_flow): those of the last step, or of the row that nn_classifier_record recorded.
 * Errors: the classifier is NULL, or was not fitted yet; those of ad_print_flow. */
AD_API ad_shown nn_print_flow(nn_classifier *classifier, FILE *to, const ad_print_options *options);

/* Return the first error since the last nn_classifier_clear_error, and its message. Later calls work all the same. A
 * wrong use of a parameter (ad_item of a matrix, for instance) is such an error too. */
AD_API ad_status nn_classifier_status(const nn_classifier *classifier);
AD_API const char *nn_classifier_message(const nn_classifier *classifier);

/* Clears the error, unless it is a bad option. Returns the status that there was. */
AD_API ad_status nn_classifier_clear_error(nn_classifier *classifier);

/* Returns the options with every default filled in, as one line of text, for instance for the start of a training log;
 * "" for bad options or NULL. The text belongs to the classifier. */
AD_API const char *nn_classifier_settings(const nn_classifier *classifier);

/* Returns the number of parameters: the weights and biases of each layer. It is 0 before the first step. */
AD_API size_t nn_classifier_parameter_count(const nn_classifier *classifier);

/* Returns a parameter by its index, in the order of the layers, weights before biases. It is for reading, and lasts
 * until the classifier is closed. ad_name_of gives its name. Error: an index out of range (AD_BAD_VALUE); the result is
 * then inert. */
AD_API ad_tensor nn_classifier_parameter(nn_classifier *classifier, size_t index);

/* Returns the memory of the classifier and its tape (memory.h). peak_bytes is the sum of both peaks, an upper bound. */
AD_API ad_usage nn_classifier_usage(const nn_classifier *classifier);

#endif
