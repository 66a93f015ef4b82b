/* The tables of the options of estimators. */
#include "estimator_fields.h"

#include <math.h>

#include <gradtape/classifier.h>
#include <gradtape/regressor.h>

#include "fields.h"

static const void *head_at(int number) { return number < 0 ? NULL : nn_head_at((size_t)number); }

static const char *head_name(const void *head) { return ((const nn_head *)head)->name; }

static const void *optimiser_at(int number) { return number < 0 ? NULL : nn_optimiser_at((size_t)number); }

static const char *optimiser_name(const void *rule) { return ((const nn_optimiser *)rule)->name; }

static const void *schedule_at(int number) { return number < 0 ? NULL : nn_schedule_at((size_t)number); }

static const char *schedule_name(const void *rule) { return ((const nn_schedule *)rule)->name; }

/* A row: its struct and member, its type, then name, meaning and what else there is. */
#define ROW(T, member, kind, ...)                                                                                      \
    {                                                                                                                  \
        .type = NN_FIELD_##kind, .offset = offsetof(T, member), .name = __VA_ARGS__                                    \
    }

/* An option of the optimiser, which says its default and whether it reads it. */
#define BY_RULE(T, member, kind, what, ...)                                                                            \
    ROW(T, optimiser.member, kind, #member, what, .is_by_row = true, .range = __VA_ARGS__)

/* The same of its schedule. */
#define BY_SCHEDULE(T, member, kind, what, ...)                                                                        \
    ROW(T, optimiser.schedule.member, kind, NN_SCHEDULE_PREFIX #member, what, .is_by_row = true, .range = __VA_ARGS__)

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
        ROW(T, optimiser.rule, ROW, "optimiser", "how parameters are updated", .row = optimiser_at,                    \
            .row_name = optimiser_name, .standard_row = &nn_adagrad),                                                  \
        BY_RULE(T, rate, REAL, "of the optimiser", NN_ABOVE(0)),                                                       \
        BY_RULE(T, initial_accumulator, REAL, "what a sum of squares begins with", NN_ABOVE(0)),                       \
        BY_RULE(T, decay, REAL, "of weights, with each update", NN_AT_LEAST(0)),                                       \
        BY_RULE(T, l2, REAL, "times x is added to the gradient of weights", NN_AT_LEAST(0)),                           \
        BY_RULE(T, l1, REAL, "times the sign of x is added to the gradient of weights", NN_AT_LEAST(0)),               \
        BY_RULE(T, momentum, REAL, "the share of the last velocity that is kept", NN_FROM_TO_BELOW(0, 1)),             \
        BY_RULE(T, beta1, REAL, "the share of the last mean that is kept", NN_FROM_TO_BELOW(0, 1)),                    \
        BY_RULE(T, beta2, REAL, "the same for squares", NN_FROM_TO_BELOW(0, 1)),                                       \
        BY_RULE(T, rho, REAL, "the same for RMSProp's squares", NN_FROM_TO_BELOW(0, 1)),                               \
        BY_RULE(T, epsilon, REAL, "added to a root", NN_AT_LEAST(0)),                                                  \
        BY_RULE(T, momentum_decay, REAL, "how fast NAdam's momentum grows", NN_AT_LEAST(0)),                           \
        BY_RULE(T, epsilon_inside, SWITCH, "RMSProp: epsilon is added inside the root", {0}),                          \
        BY_RULE(T, centred, SWITCH, "RMSProp: by the variance of gradients", {0}),                                     \
        BY_RULE(T, epsilon_hat, SWITCH, "Adam: epsilon is added before the root is corrected", {0}),                   \
        BY_RULE(T, from_zero, SWITCH, "FTRL: the first step forgets what x was", {0}),                                 \
        BY_RULE(T, history, INTEGER, "L-BFGS: how many pairs are kept", NN_FROM_TO(1, 100)),                           \
        BY_RULE(T, clip_value, REAL, "gradients are brought into [-clip_value, clip_value]", NN_AT_LEAST(0)),          \
        BY_RULE(T, clip_norm, REAL, "the largest norm of all gradients together", NN_AT_LEAST(0)),                     \
        ROW(T, optimiser.schedule.rule, ROW, "schedule", "how the rate changes from step to step", .row = schedule_at, \
            .row_name = schedule_name, .standard_row = &nn_schedule_constant, .is_by_row = true),                      \
        BY_SCHEDULE(T, steps, INTEGER, "in which the rate falls once, or of its way down", NN_AT_LEAST(1)),            \
        BY_SCHEDULE(T, factor, REAL, "by which the rate falls", {.high = 1, .above_low = true, .below_high = true}),   \
        BY_SCHEDULE(T, power, REAL, "polynomial: of what is left of the way", NN_ABOVE(0)),                            \
        BY_SCHEDULE(T, floor, REAL, "the share of the rate below which it never falls", NN_FROM_TO_BELOW(0, 1)),       \
        BY_SCHEDULE(T, patience, INTEGER, "plateau: evaluations without a better one", NN_AT_LEAST(1)),                \
        BY_SCHEDULE(T, threshold, REAL, "plateau: the share by which a better loss is lower", NN_FROM_TO_BELOW(0, 1)), \
        ROW(T, optimiser.schedule.warm_up, INTEGER, "warm_up", "steps in which the rate first rises",                  \
            .is_by_row = true, .range = NN_AT_LEAST(0)),                                                               \
        ROW(T, scaling, CHOICE, "scaling", "of the features", .choice = nn_scaling_name),                              \
        ROW(T, scaling_constant, REAL, "scaling_constant", "what features are divided by if scaling is constant",      \
            .standard = 255, .range = NN_FROM_TO(1e-38, 1e38)),                                                        \
        ROW(T, impute, CHOICE, "impute", "what becomes of missing features", .choice = nn_impute_name),                \
        ROW(T, seed, SEED, "seed", "of the weights, of the order of the examples and of masks")

#define C nn_classifier_options
static const nn_field classifier_rows[] = {
    HIDDEN_UNITS(C),
    ROW(C, n_classes, INTEGER, "n_classes", "classes, or independent labels; 0: those of the labels of the first fit",
        .range = NN_FROM_TO(0, INT32_MAX)),
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
    ROW(R, head_options.delta, REAL, "delta", "of Huber's loss", .standard = 1,
        .range = {.high = HUGE_VAL, .above_low = true}),
    ROW(R, target_scaling, CHOICE, "target_scaling", "of the targets that the network learns",
        .choice = nn_target_scaling_name),
    TRAINING(R),
};

const nn_fields nn_classifier_fields = NN_FIELDS(classifier_rows);
const nn_fields nn_regressor_fields = NN_FIELDS(regressor_rows);
