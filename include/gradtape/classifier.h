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

#define NN_MAX_HIDDEN_LAYERS 32

typedef enum nn_scaling_kind {
    NN_SCALE_NONE,     /* features as they are */
    NN_SCALE_CONSTANT, /* divided by a constant */
    NN_SCALE_GLOBAL,   /* one mean and one standard deviation for all features: (x - mean) / deviation */
    NN_SCALE_FEATURE,  /* a mean and a deviation for each feature; one that is constant becomes 0 */
    NN_SCALE_COUNT
} nn_scaling_kind;

typedef struct nn_classifier nn_classifier;

/* Zero means the default. */
typedef struct nn_classifier_options {
    int64_t hidden_units[NN_MAX_HIDDEN_LAYERS]; /* units of each hidden layer, ended by 0; none at all: logistic
                                                   regression */
    int64_t n_classes;                          /* 2 to 2^31 - 1; no default */
    ad_activation activation;                   /* of the hidden layers; default relu */
    nn_optimiser_options optimiser;             /* default Adagrad, rate 0.05, accumulator 0.1 */
    nn_scaling_kind scaling;       /* learnt at the first fit, applied to every later input; default none */
    double scaling_constant;       /* for NN_SCALE_CONSTANT; 0: 255 */
    uint64_t seed;                 /* of the weights and of the order of the examples */
    const ad_allocator *allocator; /* copied; NULL: malloc and free */
} nn_classifier_options;

/* What a callback sees after a step. */
typedef struct nn_progress {
    int64_t step;      /* steps completed since the classifier was opened */
    int64_t last_step; /* the step at which this fit ends */
    double loss;       /* mean loss of the batch, before the update */
    double seconds;    /* since this fit began */
} nn_progress;

/* Called after each step; returning false stops the fit, which then returns AD_STOPPED. */
typedef bool nn_callback(const nn_progress *progress, void *context);

typedef struct nn_fit_options {
    int64_t batch_size;    /* 0: 32; at most all rows are used */
    int64_t steps;         /* steps to add; 0: one epoch */
    nn_callback *callback; /* NULL: none */
    void *context;         /* for the callback */
} nn_fit_options;

/* Figures on a data set: NaN and -1 where status is not AD_OK. */
typedef struct nn_evaluation {
    ad_status status;
    double accuracy;     /* share of rows whose most probable class is the label */
    double loss;         /* mean cross-entropy per row */
    int64_t global_step; /* steps completed since the classifier was opened */
} nn_evaluation;

/* Opens a classifier; options are copied and checked. Returns NULL only when memory is out; a bad option is an error
 * that the classifier keeps and every later call returns. The caller closes it. */
AD_API nn_classifier *nn_classifier_open(const nn_classifier_options *options);

/* Frees it. NULL is allowed. */
AD_API void nn_classifier_close(nn_classifier *classifier);

/* Trains for options->steps more steps: continues, never starts again. Each epoch takes the rows in a new random order;
 * the last batch of an epoch may be short. Options may be NULL. The first fit fixes the number of features and learns
 * the scaling. Errors: labels missing or outside 0..n_classes-1 (names row and value), features that are not finite
 * (names row and column), no rows, another number of columns than before, a negative option, memory, a loss that is not
 * finite (names the step). A fit that fails or is stopped leaves everything as after the last completed step. Returns
 * the status of this call. */
AD_API ad_status nn_classifier_fit(nn_classifier *classifier, const nn_data *data, const nn_fit_options *options);

/* Errors of the next four: not fitted yet (AD_BAD_STATE), another number of columns (AD_BAD_SHAPE), features that are
 * not finite (AD_NOT_FINITE) or too large for f32 (AD_BAD_VALUE), a NULL array, memory. On an error the content of the
 * caller's array is not defined; the classifier is unchanged. */

/* The most probable class of each row into labels [rows]. Labels of the data are not looked at. */
AD_API ad_status nn_classifier_predict(nn_classifier *classifier, const nn_data *data, int32_t *labels);

/* The probability of each class into probabilities [rows, n_classes]. */
AD_API ad_status nn_classifier_predict_proba(nn_classifier *classifier, const nn_data *data, float *probabilities);

/* The logits into logits [rows, n_classes], as they are: one that is not finite is an error to the other three only. */
AD_API ad_status nn_classifier_logits(nn_classifier *classifier, const nn_data *data, float *logits);

/* Accuracy and mean loss on data with labels; a label outside 0..n_classes-1 is an error too. */
AD_API nn_evaluation nn_classifier_evaluate(nn_classifier *classifier, const nn_data *data);

/* The first error since the last nn_classifier_clear_error, and its message. Later calls work all the same. */
AD_API ad_status nn_classifier_status(const nn_classifier *classifier);
AD_API const char *nn_classifier_message(const nn_classifier *classifier);
AD_API ad_status nn_classifier_clear_error(nn_classifier *classifier);

/* The options with every default filled in, as one line of text, e.g. for the start of a training log; "" for bad
 * options or NULL. Belongs to the classifier. */
AD_API const char *nn_classifier_settings(const nn_classifier *classifier);

/* The weights and biases of each layer in order, for reading; the name of one is ad_name_of it. They last until the
 * classifier is closed. There are none before the first step; an index out of range is an error (AD_BAD_VALUE) and
 * gives an inert tensor. */
AD_API size_t nn_classifier_parameter_count(const nn_classifier *classifier);
AD_API ad_tensor nn_classifier_parameter(nn_classifier *classifier, size_t index);

/* Memory of the classifier and its tape (memory.h); peak_bytes is the sum of both peaks, an upper bound. */
AD_API ad_usage nn_classifier_usage(const nn_classifier *classifier);

#endif
