#ifndef GRADTAPE_REGRESSOR_H
#define GRADTAPE_REGRESSOR_H
/* A ready-made regressor: a network with a head (heads.h) that predicts numbers, and the loop that trains it. If you
 * say nothing else it is a multi-layer perceptron with the squared error.
 *
 *   nn_regressor *r = nn_regressor_open(&(nn_regressor_options){ .hidden_units = {64, 64} });
 *   nn_regressor_fit(r, &train, &(nn_fit_options){ .batch_size = 50, .steps = 20000 });
 *   nn_evaluation e = nn_regressor_evaluate(r, &test);
 *   if (e.status) fprintf(stderr, "%s\n", nn_regressor_message(r));
 *   nn_regressor_close(r);
 *
 * Parameters are called hiddenlayer_0/weights [d,h], hiddenlayer_0/biases [h], ..., logits/weights, logits/biases. */
#include <gradtape/estimator.h>

/* A regressor. Using it after close is undefined.
 *
 * Functions that take a const regressor may run in several threads at once, on one regressor, with the same results.
 * The others belong to one thread, and no other call may run beside them. Regressors in different threads are
 * independent, and may read the same data. The allocator of the options is called by one thread at a time. */
typedef struct nn_regressor nn_regressor;

/* How targets are scaled before the network learns them. It is learnt at the first fit, of the rows that are not held
 * out.
 * - As they are: not at all.
 * - Standard: each target minus its mean, divided by its standard deviation, both of the population and by the weights
 *   of the rows; a constant target is divided by 1. So targets like prices are learnt as fast as small ones, and
 *   several of different units count alike. Predictions and the figures of an evaluation are in the units of the data.
 *   Losses have the units of the scaled targets: those of a fit, its validation, nn_evaluation and nn_regressor_record.
 *   A squared error of 1 is that of predicting the mean. delta has these units, too. A head of your own gets scaled
 *   targets, and what it predicts is brought back. */
typedef enum nn_target_scaling {
    NN_TARGETS_AS_THEY_ARE,
    NN_TARGETS_STANDARD,
    NN_TARGET_SCALING_COUNT
} nn_target_scaling;

/* Returns "none" or "standard"; NULL for a number outside the list. */
AD_API const char *nn_target_scaling_name(int scaling);

/* The options of a regressor. Zero means the default. */
typedef struct nn_regressor_options {
    int64_t hidden_units[NN_MAX_HIDDEN_LAYERS]; /* units of each hidden layer, ended by 0; without any the regressor is
                                                   linear */
    nn_layers layers;                 /* copied; instead of hidden_units: all layers before the last one. Your own
                                         kinds and head must outlive the regressor */
    int64_t n_targets;                /* numbers that are predicted for each row; 0: 1 */
    nn_target_scaling target_scaling; /* default as they are */
    const nn_head *head;              /* nn_head_squared (the default), nn_head_absolute, nn_head_huber, or
                                         one of your own */
    nn_head_options head_options;     /* delta */
    ad_activation activation;         /* of the hidden layers; default relu */
    double dropout;                   /* the rate after each hidden layer, at least 0 and below 1; default 0 */
    nn_optimiser_options optimiser;   /* default nn_adagrad */
    const nn_group *groups;           /* copied (network.h); NULL: none */
    size_t n_groups;
    nn_scaling_kind scaling;       /* learnt at the first fit and applied to every later input; default none */
    double scaling_constant;       /* for NN_SCALE_CONSTANT, 1e-38 to 1e38; 0: 255 */
    nn_impute_kind impute;         /* of missing values (data.h); learnt at the first fit; default refuse */
    uint64_t seed;                 /* of the weights, of the order of the examples and of masks */
    const ad_allocator *allocator; /* copied; NULL: malloc and free */
} nn_regressor_options;

/* Opens a regressor. Options are copied and checked. A bad option is an error that the regressor keeps and every later
 * call returns. Returns NULL only when memory is out. The caller closes the regressor. */
AD_API nn_regressor *nn_regressor_open(const nn_regressor_options *options);

/* Frees the regressor; in the callback of a fit, at the end of that fit. NULL is allowed. */
AD_API void nn_regressor_close(nn_regressor *regressor);

/* Trains as the options say (estimator.h); `options` may be NULL: one epoch. A fit continues the one before; it
 * never starts again.
 * - Each epoch takes the rows in a new random order. The last batch of an epoch may be short. Rows that are fewer
 *   than a layer can train on, one with batch_norm, join the batch before. A fit to data of another number of
 *   rows begins a new epoch; one to data of the same number goes on in the epoch.
 * - The first fit fixes the columns, and learns scaling, means for missing values and levels of categories, of the
 *   rows that are not held out. Later data, and those of the validation, are matched with its columns: by name where
 *   all columns have one, in any order, and others are left out (columns.h); else by their places.
 * - A fit that fails or is stopped leaves everything as it was after the last completed step. A fit that goes on
 *   has the bits of one that was not stopped. Where a number was not finite and the weights are to blame, weights
 *   of at most 50 steps before take their place, with which a loss was finite; the message names their step.
 *   Slots and steps stay: to train on, open a new one with a smaller rate.
 * - With patience, the weights and states of the best validation are put in place when the fit ends, however it
 *   ends. Slots and steps stay those of the training. The next fit goes on from the last weights, as if there had
 *   been no end; one after a fit that its patience ended goes on from the best weights, with new patience. What
 *   was the best counts as long as monitor and number of rows that are validated stay the same.
 * Returns the status of this call. Errors: targets that are missing, not finite or too large for f32 (the message
 * names row and target), or of another number than n_targets; weights that are negative, not finite or all 0;
 * features that are not finite (names row and column); no rows; another number of columns than before; options
 * that are out of range or do not go together; the same of the validation data; a callback that stops
 * (AD_STOPPED, without a message); memory; a loss or a gradient that is not finite (names step and layer, or
 * parameter); those of nn_network_open for layers and groups, which are checked at the first fit; those of
 * saving, and of a warm start (estimator.h). */
AD_API ad_status nn_regressor_fit(nn_regressor *regressor, const nn_data *data, const nn_fit_options *options);

/* Writes what is predicted for each row to targets [rows,n_targets]. Targets of the data are ignored. Errors: the
 * regressor was not fitted yet (AD_BAD_STATE); another number of columns (AD_BAD_SHAPE); features that are not finite
 * (AD_NOT_FINITE) or too large for f32 (AD_BAD_VALUE); a NULL array; memory; a prediction that is not finite
 * (AD_NOT_FINITE). On an error the content of the caller's array is undefined, and the regressor is unchanged. */
AD_API ad_status nn_regressor_predict(const nn_regressor *regressor, const nn_data *data, float *targets);

/* Returns mean loss and what the head adds, on data with targets, each row by its weight. Errors: those of
 * nn_regressor_predict; those of the targets and weights of nn_regressor_fit. */
AD_API nn_evaluation nn_regressor_evaluate(const nn_regressor *regressor, const nn_data *data);

/* Records one row with its targets on the regressor's tape, watched (inspect.h), and runs backward, so that a trained
 * regressor can be looked at and shown (show.h).
 * - *loss gets the loss of that row. Its tape is the regressor's: it is for looking and showing, and must not be
 *   changed.
 * - The recording lasts until the next fit or record. Gradients of parameters are afterwards those of the row. No
 *   weight, slot, draw or step changes: a later fit has the same bits.
 * - A loss that is not finite is recorded too.
 * Errors: those of nn_regressor_evaluate, except predictions; a row out of range; `loss` is NULL (AD_BAD_VALUE). *loss
 * is then inert. */
AD_API ad_status nn_regressor_record(nn_regressor *regressor, const nn_data *data, int64_t row, ad_tensor *loss);

/* Prints how gradients flow, as nn_print_flow does for a classifier. */
AD_API ad_shown nn_print_regressor_flow(nn_regressor *regressor, FILE *to, const ad_print_options *options);

/* Return the first error since the last nn_regressor_clear_error, and its message. Later calls work all the same. A
 * wrong use of a parameter (ad_item of a matrix, for instance) is such an error too. */
AD_API ad_status nn_regressor_status(const nn_regressor *regressor);
AD_API const char *nn_regressor_message(const nn_regressor *regressor);

/* Clears the error, unless it is a bad option. Returns the status that there was. */
AD_API ad_status nn_regressor_clear_error(nn_regressor *regressor);

/* Returns the options with every default filled in, as one line of text that nn_options_parse reads (options.h);
 * without layers, groups and allocator, which no text can say. Rows of your own are written by their names, which
 * nn_options_parse does not know. "" for bad options or NULL. The text belongs to the regressor. */
AD_API const char *nn_regressor_settings(const nn_regressor *regressor);

/* Returns the number of parameters and states: for hidden_units the weights and biases of each layer. It is 0 before
 * the first step. */
AD_API size_t nn_regressor_parameter_count(const nn_regressor *regressor);

/* Returns a parameter or state by its index, in the order of the layers, weights before biases. It is for reading, and
 * lasts until the regressor is closed. ad_name_of gives its name. Error: an index out of range (AD_BAD_VALUE); the
 * result is then inert. */
AD_API ad_tensor nn_regressor_parameter(nn_regressor *regressor, size_t index);

/* Returns the network, for looking and printing (network.h); NULL before the first step. It belongs to the regressor.
 */
AD_API const nn_network *nn_regressor_network(const nn_regressor *regressor);

/* Returns the columns of the first fit (columns.h): those of the features, then those of the targets that have a name.
 * A category has the levels that were in its rows. Before the first fit the schema is empty. It belongs to the
 * regressor. */
AD_API nn_schema nn_regressor_schema(const nn_regressor *regressor);

/* Compares the columns of data with those of the first fit, and writes a line for each finding to `text`: columns that
 * are left out; for each category, how many rows have a value that no row of the first fit had, and how many have none
 * where each row had one. Both become all zeros. The text is cut to `size` bytes; it is "" without findings. Returns
 * the status that a prediction would have for these columns; AD_BAD_STATE before the first fit. */
AD_API ad_status nn_regressor_compare_columns(const nn_regressor *regressor, const nn_data *data, char *text,
                                              size_t size);

/* Returns the history of its fits (history.h), for reading; NULL for NULL. It belongs to the regressor. */
AD_API const nn_history *nn_regressor_history(const nn_regressor *regressor);

/* Returns the memory of the regressor with its tapes (memory.h). */
AD_API ad_usage nn_regressor_usage(const nn_regressor *regressor);

#endif
