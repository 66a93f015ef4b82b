#ifndef GRADTAPE_MODEL_H
#define GRADTAPE_MODEL_H
/* Models in files: an estimator with all its state, so that a fit in another process goes on with the same bits.
 *
 *   nn_classifier_save(c, "iris.safetensors", NULL);
 *   nn_classifier *again = nn_classifier_load("iris.safetensors", NULL);
 *   if (nn_classifier_status(again)) fprintf(stderr, "%s\n", nn_classifier_message(again));
 *
 * - A model is one safetensors file. Weights have PyTorch's names and shapes: hiddenlayer_0.weight [units, inputs]
 *   and hiddenlayer_0.bias; batch_norm has weight, bias, running_mean and running_var, layer_norm weight and bias.
 *   Everything else has a prefix: "optimizer." for slots, "state." for states of your own kinds, "gradtape." for the
 *   rest. The metadata have "format": "pt", and "gradtape", a JSON text that docs/models.md describes.
 * - A file that no program wrote as safetensors is never replaced: it would be the table that was given by mistake.
 * - A file is replaced as a whole: it is written under another name beside it, flushed to the disk, and renamed. At any
 *   moment there is the old file or the new one.
 * - A checksum covers the whole file. Only files that are exactly what was written are loaded.
 * - A program keeps its own settings in the file as a note (nn_classifier_set_note).
 * - A file has the step at which its fit was to end (nn_history_goal). A program that finds fewer steps goes on to it
 *   by to_step.
 * - Another estimator begins its first fit with the weights of a file by warm_start of nn_fit_options. Files of other
 *   programs work, too. */
#include <gradtape/classifier.h>
#include <gradtape/regressor.h>

/* ---- Saving ------------------------------------------------------------------------------------------------------ */

/* Zero means the default. */
typedef struct nn_save_options {
    int64_t keep; /* how many files before this one are kept: FILE.1 is the last one, FILE.2 the one before it; at most
                     1000 */
} nn_save_options;

/* Saves the estimator. It may be called in the callback of a fit, and beside predictions in other threads. Returns the
 * status of this call. Errors: AD_BAD_STATE (it was not fitted yet; its options were bad); AD_BAD_FILE (the message
 * says what cannot be written; the file at `path` is then what it was); AD_BAD_VALUE (`path` is NULL or empty; `keep`
 * out of range; a name or label that is not UTF-8); AD_NOT_FINITE (a weight is not finite); AD_NO_MEMORY. */
AD_API ad_status nn_classifier_save(const nn_classifier *classifier, const char *path, const nn_save_options *options);
AD_API ad_status nn_regressor_save(const nn_regressor *regressor, const char *path, const nn_save_options *options);

/* ---- Notes ------------------------------------------------------------------------------------------------------- */

/* The most bytes of a note. */
#define NN_NOTE_BYTES 65536

/* Sets a text of yours that is saved with the estimator and loaded with it, for instance the settings of your program.
 * It is copied, and takes the place of the one before. NULL or "": there is none. It may be set at any time: before the
 * first fit, and in the callback of a fit. Other threads must not save the estimator or read its note meanwhile.
 * Errors, after which the note is what it was: AD_BAD_VALUE (it is not UTF-8; it has more than NN_NOTE_BYTES bytes);
 * AD_NO_MEMORY; that of options which were bad. */
AD_API ad_status nn_classifier_set_note(nn_classifier *classifier, const char *note);
AD_API ad_status nn_regressor_set_note(nn_regressor *regressor, const char *note);

/* Returns the note; "" without one. It lasts until the note is set again, or the estimator is closed. */
AD_API const char *nn_classifier_note(const nn_classifier *classifier);
AD_API const char *nn_regressor_note(const nn_regressor *regressor);

/* ---- Loading ----------------------------------------------------------------------------------------------------- */

/* What a file cannot hold: your own kinds, heads, optimisers and schedules, which the program that loads must give. The
 * arrays are needed only during the call. What they point to must outlive the estimator. Zero means the default. */
typedef struct nn_load_options {
    const nn_layer_kind *const *kinds; /* [n_kinds] */
    size_t n_kinds;
    const nn_head *const *heads; /* [n_heads] */
    size_t n_heads;
    const nn_optimiser *const *optimisers; /* [n_optimisers] */
    size_t n_optimisers;
    const nn_schedule *const *schedules; /* [n_schedules] */
    size_t n_schedules;
    const ad_allocator *allocator; /* copied; NULL: malloc and free */
} nn_load_options;

/* Load a model. The estimator has everything that the saved one had: a fit goes on where the last one ended. `options`
 * may be NULL. Return NULL only when memory for the object is out. Every other error is kept, and every later call
 * returns it. The caller closes the estimator. Errors: AD_BAD_FILE (the file cannot be read; it is no model,
 * or of another program; it is damaged; another program wrote it again; a newer library wrote it; it is a regressor's);
 * AD_BAD_VALUE (`path` is NULL; a kind, head, optimiser or schedule that this program has not, which the message
 * names); AD_NO_MEMORY. Nothing is allocated from a size that the length of the file does not prove. */
AD_API nn_classifier *nn_classifier_load(const char *path, const nn_load_options *options);
AD_API nn_regressor *nn_regressor_load(const char *path, const nn_load_options *options);

/* Check whether data are those of the last fit, for a program that goes on with a model. They compare the numbers of
 * rows and columns, the names of features, and the first and the last row. Return AD_OK if all are the same. Errors:
 * AD_BAD_VALUE (something differs, and the message says what; a fit would take the data all the same); AD_BAD_STATE
 * (not fitted yet); those of data that no function takes. */
AD_API ad_status nn_classifier_check_data(const nn_classifier *classifier, const nn_data *data);
AD_API ad_status nn_regressor_check_data(const nn_regressor *regressor, const nn_data *data);

/* ---- Looking ----------------------------------------------------------------------------------------------------- */

/* A tensor of a file: its name, its type ("F32", "F64", ...) and its shape. */
typedef struct nn_model_tensor {
    const char *name, *type;
    int rank;
    int64_t sizes[8];
} nn_model_tensor;

/* What a file says of its model. It belongs to the caller, who closes it. Texts are those of the file: they may contain
 * anything. */
typedef struct nn_model_info {
    ad_status status; /* not AD_OK: only the message is set */
    const char *message;
    bool is_whole;                                       /* the checksum holds */
    const char *estimator, *version;                     /* "classifier" or "regressor"; of the library that wrote it */
    const char *options;                                 /* as nn_options_parse reads them */
    const char *own_head, *own_optimiser, *own_schedule; /* names of the user's own rows; NULL without them */
    int64_t step, epoch, place, rows;                    /* place: how many rows of the epoch were taken */
    double rate;                                         /* of the last step */
    const char *end;                                     /* of the last fit (nn_fit_end_name); "none": it was saved
                                                            before its fit ended */
    int64_t goal;                                        /* of the last fit (nn_history_goal); 0: the file does not say
                                                            it */
    const char *note;                                    /* nn_classifier_note; "" without one */
    nn_history_row best;                                 /* of the best validation; step 0: there was none */
    nn_schema schema;
    const nn_model_tensor *tensors; /* [n_tensors], in the order of the file */
    size_t n_tensors;
} nn_model_info;

/* Looks at a file without making its model. A wrong checksum is no error here. `allocator` is copied; NULL: malloc and
 * free. Returns NULL only when memory for the object is out. The caller closes it. Errors, in `status`: those of
 * nn_classifier_load for the file. */
AD_API nn_model_info *nn_model_look(const char *path, const ad_allocator *allocator);

/* Frees what nn_model_look returned. NULL is allowed. */
AD_API void nn_model_info_close(nn_model_info *info);

/* Prints what a model is: estimator, options, steps, columns, classes, best validation, tensors with names, types and
 * shapes, and whether the checksum holds. The note comes last, each line of it indented below the line "note:". Errors:
 * AD_BAD_FILE, AD_NO_MEMORY; the FILE cannot be written. */
AD_API ad_shown nn_print_model(const char *path, FILE *to);

#endif
