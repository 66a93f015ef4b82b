#ifndef GRADTAPE_CLASSIFIER_H
#define GRADTAPE_CLASSIFIER_H
/* A ready-made classifier: a network with a head (heads.h) that predicts classes or labels, and the loop that trains
 * it. If you say nothing else it is a multi-layer perceptron with a softmax head.
 *
 *   nn_classifier *c = nn_classifier_open(&(nn_classifier_options){ .hidden_units = {300, 100}, .n_classes = 10 });
 *   nn_classifier_fit(c, &train, &(nn_fit_options){ .batch_size = 50, .steps = 40000 });
 *   nn_evaluation e = nn_classifier_evaluate(c, &test);
 *   if (e.status) fprintf(stderr, "%s\n", nn_classifier_message(c));
 *   nn_classifier_close(c);
 *
 * Parameters are called hiddenlayer_0/weights [d,h], hiddenlayer_0/biases [h], ..., logits/weights, logits/biases. */
#include <gradtape/estimator.h>

/* A classifier. Using it after close is undefined.
 *
 * Functions that take a const classifier may run in several threads at once, on one classifier, with the same results.
 * The others belong to one thread, and no other call may run beside them. Classifiers in different threads are
 * independent, and may read the same data. The allocator of the options is called by one thread at a time. */
typedef struct nn_classifier nn_classifier;

/* The options of a classifier. Zero means the default. */
typedef struct nn_classifier_options {
    int64_t hidden_units[NN_MAX_HIDDEN_LAYERS]; /* units of each hidden layer, ended by 0; without any the classifier is
                                                   a logistic regression */
    nn_layers layers;               /* copied; instead of hidden_units: all layers before the last one. Your own
                                       kinds and head must outlive the classifier */
    int64_t n_classes;              /* classes, or independent labels, which need it. 0: the size of the vocabulary;
                                       without one, the different labels of the first fit become the vocabulary, in
                                       the order of their numbers or bytes */
    const nn_head *head;            /* nn_head_softmax (the default), nn_head_one_logit for two classes,
                                       nn_head_independent for labels that hold at once, or one of your own */
    nn_head_options head_options;   /* label smoothing */
    ad_activation activation;       /* of the hidden layers; default relu */
    double dropout;                 /* the rate after each hidden layer, at least 0 and below 1; default 0 */
    nn_optimiser_options optimiser; /* default nn_adagrad */
    const nn_group *groups;         /* copied (network.h); NULL: none */
    size_t n_groups;
    nn_reals class_weights;        /* [n_classes]: the factor on the loss of rows of each class, at least 0, not all 0;
                                      none: 1. For exclusive classes */
    nn_integers label_integers;    /* [n_classes]: the vocabulary: labels that are not 0 .. n_classes-1, any different
                                      integers; copied. Data have them, and predictions come back in them */
    nn_texts label_texts;          /* [n_classes]: a vocabulary of texts, instead; copied. Data have label_texts */
    nn_scaling_kind scaling;       /* learnt at the first fit and applied to every later input; default none */
    double scaling_constant;       /* for NN_SCALE_CONSTANT, 1e-38 to 1e38; 0: 255 */
    nn_impute_kind impute;         /* of missing values (data.h); learnt at the first fit; default refuse */
    uint64_t seed;                 /* of the weights, of the order of the examples and of masks */
    const ad_allocator *allocator; /* copied; NULL: malloc and free */
} nn_classifier_options;

/* Opens a classifier. Options are copied and checked. A bad option is an error that the classifier keeps and every
 * later call returns. Returns NULL only when memory is out. The caller closes the classifier. */
AD_API nn_classifier *nn_classifier_open(const nn_classifier_options *options);

/* Frees the classifier; in the callback of a fit, at the end of that fit. NULL is allowed. */
AD_API void nn_classifier_close(nn_classifier *classifier);

/* Trains as the options say (estimator.h); `options` may be NULL: one epoch. A fit continues the one before; it
 * never starts again.
 * - Each epoch takes the rows in a new random order. The last batch of an epoch may be short. Rows that are fewer
 *   than a layer can train on, one with batch_norm, join the batch before. A fit to data of another number of
 *   rows begins a new epoch; one to data of the same number goes on in the epoch.
 * - The first fit fixes the columns, and learns scaling, means for missing values and levels of categories, of the
 *   rows that are not held out, and, with n_classes 0, the classes, of all rows and those of the validation. Later
 *   data, and those of the validation, are matched with its columns: by name where all columns have one, in any
 *   order, and others are left out (columns.h); else by their places.
 * - A fit that fails or is stopped leaves everything as it was after the last completed step. A fit that goes on
 *   has the bits of one that was not stopped. Where a number was not finite and the weights are to blame, weights
 *   of at most 50 steps before take their place, with which a loss was finite; the message names their step.
 *   Slots and steps stay: to train on, open a new one with a smaller rate.
 * - With patience, the weights and states of the best validation are put in place when the fit ends, however it
 *   ends. Slots and steps stay those of the training. The next fit goes on from the last weights, as if there had
 *   been no end; one after a fit that its patience ended goes on from the best weights, with new patience. What
 *   was the best counts as long as monitor and number of rows that are validated stay the same.
 * Returns the status of this call. Errors: labels that are missing or outside 0..n_classes-1 or of the vocabulary
 * (the message names row and value); weights that are negative, not finite or all 0; features that are not finite
 * (names row and column); no rows; another number of columns than before; options that are out of range or do not
 * go together; the same of the validation data; a callback that stops (AD_STOPPED, without a message); memory; a
 * loss or a gradient that is not finite (names step and layer, or parameter); those of nn_network_open for layers
 * and groups, which are checked at the first fit; those of saving, and of a warm start (estimator.h). */
AD_API ad_status nn_classifier_fit(nn_classifier *classifier, const nn_data *data, const nn_fit_options *options);

/* The next four functions have these errors in common: the classifier was not fitted yet (AD_BAD_STATE); another number
 * of columns (AD_BAD_SHAPE); features that are not finite (AD_NOT_FINITE) or too large for f32 (AD_BAD_VALUE); a NULL
 * array; memory. On an error the content of the caller's array is undefined, and the classifier is unchanged. */

/* Writes the most probable class of each row to labels [rows], the lowest of equals: its number, or its integer of the
 * vocabulary. For independent labels writes 0 or 1 to labels [rows,n_classes]: 1 where the probability is at least 0.5.
 * Labels of the data are ignored. Error: a logit is not finite (AD_NOT_FINITE). */
AD_API ad_status nn_classifier_predict(const nn_classifier *classifier, const nn_data *data, int32_t *labels);

/* Writes the text of the most probable class of each row to labels [rows]. The texts belong to the classifier. Errors:
 * the vocabulary is not of texts (AD_BAD_STATE); a logit is not finite. */
AD_API ad_status nn_classifier_predict_texts(const nn_classifier *classifier, const nn_data *data, const char **labels);

/* Writes the probability of each class to probabilities [rows,n_classes]. Error: a logit is not finite. */
AD_API ad_status nn_classifier_predict_proba(const nn_classifier *classifier, const nn_data *data,
                                             float *probabilities);

/* Writes the logits to logits [rows,n_classes], or [rows] for nn_head_one_logit, whether they are finite or not. */
AD_API ad_status nn_classifier_logits(const nn_classifier *classifier, const nn_data *data, float *logits);

/* Returns accuracy, mean loss and what the head adds, on data with labels, each row by its weight. Errors: those of the
 * labels and weights of nn_classifier_fit; a logit that is not finite. */
AD_API nn_evaluation nn_classifier_evaluate(const nn_classifier *classifier, const nn_data *data);

/* Records one row with its label on the classifier's tape, watched (inspect.h), and runs backward, so that a trained
 * classifier can be looked at and shown (show.h):
 *
 *   ad_tensor loss;
 *   nn_classifier_record(c, &test, 7, &loss);
 *   ad_write_html(loss.tape, "row_7.html", NULL);
 *
 * - *loss gets the loss of that row. Its tape is the classifier's: it is for looking and showing, and must not be
 *   changed.
 * - The recording lasts until the next fit or record. Gradients of parameters are afterwards those of the row. No
 *   weight, slot, draw or step changes: a later fit has the same bits.
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

/* Returns the options with every default filled in, as one line of text that nn_options_parse reads (options.h), for
 * instance for the start of a training log; without layers, groups and allocator, which no text can say. Rows of your
 * own are written by their names, which nn_options_parse does not know. "" for bad options or NULL. The text belongs to
 * the classifier. */
AD_API const char *nn_classifier_settings(const nn_classifier *classifier);

/* How a class is called: its text, or, where `text` is NULL, its integer. */
typedef struct nn_class {
    const char *text; /* it belongs to the classifier */
    int32_t integer;
} nn_class;

/* Return the number of classes or labels, in the order in which predict_proba has them; 0 before they are known; and
 * how class i is called. An i out of range gives the integer -1. */
AD_API int64_t nn_classifier_class_count(const nn_classifier *classifier);
AD_API nn_class nn_classifier_class(const nn_classifier *classifier, int64_t i);

/* Returns the number of parameters and states: for hidden_units the weights and biases of each layer. It is 0 before
 * the first step. */
AD_API size_t nn_classifier_parameter_count(const nn_classifier *classifier);

/* Returns a parameter or state by its index, in the order of the layers, weights before biases. It is for reading, and
 * lasts until the classifier is closed. ad_name_of gives its name. Error: an index out of range (AD_BAD_VALUE); the
 * result is then inert. */
AD_API ad_tensor nn_classifier_parameter(nn_classifier *classifier, size_t index);

/* Returns the network, for looking and printing (network.h); NULL before the first step. It belongs to the classifier.
 */
AD_API const nn_network *nn_classifier_network(const nn_classifier *classifier);

/* Returns the columns of the first fit (columns.h): those of the features, then the one of the labels, if it has a
 * name. A category has the levels that were in its rows; the labels have the classes, as texts. Before the first fit
 * the schema is empty. It belongs to the classifier. */
AD_API nn_schema nn_classifier_schema(const nn_classifier *classifier);

/* Compares the columns of data with those of the first fit, and writes a line for each finding to `text`: columns that
 * are left out; for each category, how many rows have a value that no row of the first fit had, and how many have none
 * where each row had one. Both become all zeros. The text is cut to `size` bytes; it is "" without findings. Returns
 * the status that a prediction would have for these columns; AD_BAD_STATE before the first fit. */
AD_API ad_status nn_classifier_compare_columns(const nn_classifier *classifier, const nn_data *data, char *text,
                                               size_t size);

/* Returns the history of its fits (history.h), for reading; NULL for NULL. It belongs to the classifier. */
AD_API const nn_history *nn_classifier_history(const nn_classifier *classifier);

/* Returns the memory of the classifier with its tapes (memory.h). */
AD_API ad_usage nn_classifier_usage(const nn_classifier *classifier);

#endif
