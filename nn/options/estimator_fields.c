/* The tables of the options of estimators. */
#include "estimator_fields.h"

#include <gradtape/classifier.h>
#include <gradtape/regressor.h>

#include "../layers/kind.h"

static const void *head_at(int number) { return number < 0 ? NULL : nn_head_at((size_t)number); }

static const char *head_name(const void *head) { return ((const nn_head *)head)->name; }

static const char *optimiser_choice(int number)
{
    return (unsigned)number < NN_OPTIMISER_COUNT ? nn_optimiser_name((nn_optimiser_kind)number) : NULL;
}

/* A row: its struct and member, its type, then name, meaning and what else there is. */
#define ROW(T, member, kind, ...)                                                                                      \
    {                                                                                                                  \
        .type = NN_FIELD_##kind, .offset = offsetof(T, member), .name = __VA_ARGS__                                    \
    }

/* The rows that both structs have, in the order of the tables. A constant of the scaling and what 1 is divided by it
 * are numbers that f32 holds. */
#define HIDDEN_UNITS(T)                                                                                                \
    ROW(T, hidden_units, INTEGERS, "hidden_units", "units of each hidden layer", .range = NN_FROM_TO(1, 0x1p52),       \
        .count = NN_MAX_HIDDEN_LAYERS)
#define HEAD(T, default_head)                                                                                          \
    ROW(T, head, ROW, "head", "loss and predictions", .row = head_at, .row_name = head_name,                           \
        .standard_row = &(default_head))
#define TRAINING(T)                                                                                                    \
    ROW(T, activation, CHOICE, "activation", "of the hidden layers", .standard = AD_RELU,                              \
        .choice = nn_activation_choice),                                                                               \
        ROW(T, dropout, REAL, "dropout", "the rate after each hidden layer", .range = NN_FROM_TO_BELOW(0, 1)),         \
        ROW(T, optimiser.kind, CHOICE, "optimiser", "how parameters are updated", .choice = optimiser_choice),         \
        ROW(T, optimiser.rate, REAL, "rate", "of the optimiser", .standard = 0.05, .range = NN_ABOVE(0)),              \
        ROW(T, optimiser.initial_accumulator, REAL, "initial_accumulator", "what Adagrad begins with",                 \
            .standard = 0.1, .range = NN_ABOVE(0)),                                                                    \
        ROW(T, optimiser.decay, REAL, "decay", "of weights, with each update", .range = NN_AT_LEAST(0)),               \
        ROW(T, scaling, CHOICE, "scaling", "of the features", .choice = nn_scaling_name),                              \
        ROW(T, scaling_constant, REAL, "scaling_constant", "what features are divided by if scaling is constant",      \
            .standard = 255, .range = NN_FROM_TO(1e-38, 1e38)),                                                        \
        ROW(T, seed, SEED, "seed", "of the weights, of the order of the examples and of masks")

#define C nn_classifier_options
static const nn_field classifier_rows[] = {
    HIDDEN_UNITS(C),
    ROW(C, n_classes, INTEGER, "n_classes", "classes, or independent labels", .range = NN_FROM_TO(1, INT32_MAX)),
    HEAD(C, nn_head_softmax),
    ROW(C, head_options.label_smoothing, REAL, "label_smoothing", "the share of the uniform distribution in a target",
        .range = NN_FROM_TO_BELOW(0, 1)),
    TRAINING(C),
    ROW(C, class_weights, REALS, "class_weights", "the factor on the loss of each class", .range = NN_AT_LEAST(0)),
    ROW(C, label_integers, INT32S, "label_integers", "the label of each class, instead of 0, 1, ..."),
    ROW(C, label_texts, TEXTS, "label_texts", "the label of each class, if that is a text"),
};

#define R nn_regressor_options
static const nn_field regressor_rows[] = {
    HIDDEN_UNITS(R),
    ROW(R, n_targets, INTEGER, "n_targets", "numbers that are predicted for each row", .standard = 1,
        .range = NN_FROM_TO(1, INT32_MAX)),
    HEAD(R, nn_head_squared),
    ROW(R, head_options.delta, REAL, "delta", "of Huber's loss", .standard = 1, .range = NN_ABOVE(0)),
    TRAINING(R),
};

const nn_fields nn_classifier_fields = NN_FIELDS(classifier_rows);
const nn_fields nn_regressor_fields = NN_FIELDS(regressor_rows);
