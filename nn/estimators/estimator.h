#ifndef GRADTAPE_NN_ESTIMATOR_H
#define GRADTAPE_NN_ESTIMATOR_H
/* Private to nn: what a classifier and a regressor have in common. An estimator has options, a network with a head, an
 * encoding of features, and a place in its training. Calls that take a const estimator may run at once. */
#include <gradtape/estimator.h>

#include "../data/encoding.h"
#include "../data/fingerprint.h"
#include "../network/node.h"
#include "../options/estimator_fields.h"
#include "../options/fields.h"
#include "../store.h"
#include "history.h"
#include "shared.h"

/* The options of both, with defaults filled in. What they point to lies in the estimator's store. */
typedef struct nn_estimator_options {
    const char *noun; /* "classifier" or "regressor", in messages */
    int64_t hidden_units[NN_MAX_HIDDEN_LAYERS];
    nn_layers layers;
    ad_activation activation;
    double dropout;
    nn_head_options head_options;
    nn_optimiser_options optimiser;
    const nn_group *groups;
    size_t n_groups;
    nn_scaling_kind scaling;
    double scaling_constant;
    nn_impute_kind impute;
    uint64_t seed;
} nn_estimator_options;

/* The options that a classifier's and a regressor's have under the same names; hidden_units is an array. */
#define NN_ESTIMATOR_OPTIONS(of, o)                                                                                    \
    {                                                                                                                  \
        .noun = (of), .layers = (o)->layers, .activation = (o)->activation, .dropout = (o)->dropout,                   \
        .head_options = (o)->head_options, .optimiser = (o)->optimiser, .groups = (o)->groups,                         \
        .n_groups = (o)->n_groups, .scaling = (o)->scaling, .scaling_constant = (o)->scaling_constant,                 \
        .impute = (o)->impute, .seed = (o)->seed                                                                       \
    }

/* Where training stands: which permutation of how many rows, and how many of them are used. */
typedef struct nn_cursor {
    int64_t epoch, place, rows;
} nn_cursor;

/* The best validation of all fits, and the weights that it was made with: the values of all parts of the network, one
 * after the other. */
typedef struct nn_best {
    bool has_value, has_weights;
    bool is_shown; /* the network has the best weights; a fit goes on from `last`, unless it ended by its patience */
    bool is_over;  /* so it did */
    nn_monitor monitor;
    int64_t rows; /* of the data that were validated */
    double value;
    int64_t waited;       /* validations since then */
    int64_t used;         /* of the patience: those of them in fits that have patience */
    char *weights, *last; /* [bytes] */
    size_t bytes;
} nn_best;

typedef struct nn_estimator {
    nn_shared *shared;
    ad_memory memory; /* over the shared allocator */
    nn_store store;   /* what options point to */
    nn_estimator_options options;
    bool options_are_bad;
    const char *settings; /* "" for bad options */
    nn_truth truth;       /* the head, k, class weights, vocabulary and `targets`; `classes` is set for each call */
    /* From the first fit on: */
    ad_tape *tape;
    nn_network *network;
    nn_encoding encoding;
    nn_targets targets; /* if truth.targets says so */
    int64_t step;
    nn_cursor at;
    nn_cursor order_of; /* the permutation that `order` holds; its place is the number of its window */
    int32_t *order;     /* [order_room], of which order_of.rows are used */
    int64_t order_room;
    int32_t *picked; /* [picked_room]: the rows of a batch, where the data are a view */
    int64_t picked_room;
    nn_batch batch; /* of training */
    nn_best best;
    nn_plateau plateau;
    double plateau_factor; /* that of the schedule plateau, on the rate */
    double rate;           /* of the last step */
    bool is_observed;      /* the validation that was due after the last step was made */
    nn_history history;
    nn_fingerprint data; /* of the last fit; no rows: there was none */
    char *note;          /* [note_bytes], with its final 0; NULL: there is none */
    size_t note_bytes;
    char *good; /* [good_bytes]: weights with which a loss was finite (nn_weights_keep), after step good_step */
    size_t good_bytes;
    int64_t good_step;
    float *before; /* [before_room]: a parameter before its update, in a step that is watched */
    size_t before_room;
    bool is_recorded; /* the tape holds what nn_estimator_record recorded, watched */
    bool is_fitting;
    bool is_to_close; /* the callback of a fit closed it: the fit does so at its end */
} nn_estimator;

/* Opens an estimator without options, at the beginning of an object of `bytes` bytes, which is zeroed. Returns NULL if
 * memory is out. */
void *nn_estimator_open(size_t bytes, const ad_allocator *allocator);

/* Frees the object of `bytes` bytes. In a fit, leaves that to the end of the fit. */
void nn_estimator_close(nn_estimator *estimator, size_t bytes);

/* Keeps an error, unless there is one already. Returns `status`. */
#define nn_estimator_fail(estimator, ...) nn_shared_fail((estimator)->shared, __VA_ARGS__)

/* Takes over an error of a tape, so that the tape is usable again. Returns its status. */
ad_status nn_estimator_fail_with_tape(const nn_estimator *estimator, ad_tape *tape, const char *who);

/* What a message advises after numbers that were not finite: "a smaller rate or clip_norm=1". */
enum { NN_ADVICE = 320 };
const char *nn_advice_text(char to[NN_ADVICE]);

/* An error that the caller made on the estimator's tape, for instance by a wrong read of a parameter, becomes the
 * estimator's; what was recorded for a look goes. The tape can go on. */
void nn_estimator_prepare_tape(nn_estimator *estimator);

ad_status nn_estimator_status(const nn_estimator *estimator);
const char *nn_estimator_message(const nn_estimator *estimator);
ad_status nn_estimator_clear_error(nn_estimator *estimator);

/* Fills in the defaults of a user's options. */
void nn_estimator_resolve(nn_estimator *estimator, const char *noun, nn_fields fields, void *options);

/* Checks what no range of a single field says, and takes the options over: what they point to is copied. */
ad_status nn_estimator_take_options(nn_estimator *estimator, const nn_estimator_options *options,
                                    const int64_t hidden_units[NN_MAX_HIDDEN_LAYERS]);

/* Checks a user's resolved options by their fields, and writes the settings. */
ad_status nn_estimator_check_options(nn_estimator *estimator, nn_fields fields, const void *options);

/* Returns the settings as text in a store; NULL if memory is out. */
const char *nn_settings_text(nn_fields fields, const void *options, nn_store *store);

/* Makes network, encoding and optimiser for data. On failure nothing of it is left. */
ad_status nn_estimator_build(nn_estimator *estimator, const nn_data *data);

/* The same with what was learnt before, for a model that is loaded. `look` may stop it before parts take memory. */
ad_status nn_estimator_rebuild(nn_estimator *estimator, const nn_learnt *learnt, nn_look_at_parts *look, void *context);

/* Gives back what they made. */
void nn_estimator_release_network(nn_estimator *estimator);

/* Data that a call needs: features that fit, and, with truth, what is true of them and weights. `who` names the call.
 * Once there is a network, `matching`, in `memory`, says how their columns go with it; the caller releases it, also
 * after an error. Before, features are checked only with `has_features`. */
ad_status nn_estimator_check(const nn_estimator *estimator, const nn_data *data, const nn_truth *truth,
                             bool has_features, const char *who, nn_matching *matching, ad_memory *memory);

/* The second part of it: matches the columns of a view that was checked, and checks the features. */
ad_status nn_estimator_match(const nn_estimator *estimator, const nn_data *data, const char *who, nn_matching *matching,
                             ad_memory *memory);

/* Parameter or state `index`; memory. */
ad_tensor nn_estimator_parameter(nn_estimator *estimator, size_t index);
ad_usage nn_estimator_usage(const nn_estimator *estimator);

/* ---- Training (fit.c) -------------------------------------------------------------------------------------------- */

/* `held` is what is true of options->validation; not looked at if there is none. */
ad_status nn_estimator_fit(nn_estimator *estimator, const nn_data *data, const nn_truth *truth, const nn_truth *held,
                           const nn_fit_options *options);

/* ---- Using (use.c) ----------------------------------------------------------------------------------------------- */

/* What is made of the logits of rows first .. first+n-1 of the view, on the reader's tape. */
struct nn_use;
typedef void nn_consumer(const nn_estimator *estimator, nn_reader *reader, const struct nn_use *use, ad_tensor logits,
                         int64_t first, int64_t n);

/* A pass over data: who asks for it, and what becomes of the logits. */
typedef struct nn_use {
    const char *who;
    const nn_data *data;
    const nn_truth *truth; /* NULL: not needed */
    nn_consumer *consume;
    void *out;
    bool needs_finite; /* logits: a class or a figure made of others would be a guess */
    ad_memory memory;  /* of the matching, which the check of the use makes */
    nn_matching matching;
} nn_use;

/* Checks the data and that there is a network; runs it over the data, a batch at a time, in constant memory; gives the
 * matching back, also after an error; all three. */
ad_status nn_estimator_check_use(const nn_estimator *estimator, nn_use *use);
ad_status nn_estimator_run(const nn_estimator *estimator, const nn_use *use);
void nn_estimator_end_use(nn_use *use);
ad_status nn_estimator_use(const nn_estimator *estimator, nn_use *use);

/* The consumers that write to float arrays: logits [rows, outputs] and predictions [rows, k]. */
nn_consumer nn_write_logits, nn_write_predictions;

/* ---- Evaluating (evaluate.c) and recording (record.c) ------------------------------------------------------------ */

nn_evaluation nn_estimator_evaluate(const nn_estimator *estimator, const nn_data *data, const nn_truth *truth);

/* Accuracy and loss only, in constant memory, for a fit. */
nn_evaluation nn_estimator_validate(const nn_estimator *estimator, const nn_data *data, const nn_truth *truth);

/* The columns of what was fitted, and those of data beside it (classifier.h). */
nn_schema nn_estimator_schema(const nn_estimator *estimator);
ad_status nn_estimator_compare_columns(const nn_estimator *estimator, const nn_data *data, char *text, size_t size);

/* An evaluation that failed. */
nn_evaluation nn_no_evaluation(ad_status status);

ad_status nn_estimator_record(nn_estimator *estimator, const nn_data *data, const nn_truth *truth, int64_t row,
                              ad_tensor *loss);

#endif
