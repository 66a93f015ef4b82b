#ifndef TESTS_KIND_SAMPLES_H
#define TESTS_KIND_SAMPLES_H
/* A table of samples of every kind of layers. The suites of kinds go through it; a kind without a sample fails. */
#include "one_layer.h"

/* The most parts of a sample. */
enum { PARTS = 6 };

typedef struct sample {
    nn_layer layer;
    ad_shape input, output; /* of one example */
    int64_t n;              /* examples */
    size_t n_parameters;    /* numbers that are trained */
    struct {
        const char *name;
        nn_role role;
        ad_shape shape;
    } parts[PARTS];
    bool is_flat; /* its gradient is 0 everywhere */
} sample;

#define S(...)                                                                                                         \
    {                                                                                                                  \
        .rank = (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), .dims = { __VA_ARGS__ }                     \
    }
#define FUNCTION(...)                                                                                                  \
    {                                                                                                                  \
        .layer = NN_ACTIVATION(__VA_ARGS__), .input = S(7), .output = S(7), .n = 3                                     \
    }
#define DENSE_PARTS(name, d, h)                                                                                        \
    {name "/weights", NN_WEIGHT, S(d, h)}, { name "/biases", NN_BIAS, S(h) }
#define NORM_PARTS(name, d)                                                                                            \
    {name "/gain", NN_GAIN, S(d)}, { name "/bias", NN_BIAS, S(d) }
#define BATCH_NORM_PARTS(d)                                                                                            \
    NORM_PARTS("batch_norm", d), {"batch_norm/running_mean", NN_STATE, S(d)},                                          \
    {                                                                                                                  \
        "batch_norm/running_variance", NN_STATE, S(d)                                                                  \
    }

static const nn_layer body[] = {NN_DENSE(.units = 5, .activation = AD_TANH), NN_DENSE(.units = 3)};
static const nn_layer normed[] = {NN_BATCH_NORM(.momentum = 0.25), NN_DROPOUT(0.25)};
static const nn_layer once[] = {NN_DENSE(.units = 3, .activation = AD_SOFTPLUS)};

static const sample samples[] = {
    {NN_DENSE(.units = 3), S(4), S(3), 5, 4 * 3 + 3, .parts = {DENSE_PARTS("dense", 4, 3)}},
    {NN_DENSE(.units = 3, .activation = AD_RELU), S(4), S(3), 5, 15, .parts = {DENSE_PARTS("dense", 4, 3)}},
    {NN_DENSE(.units = 3, .activation = AD_TANH), S(4), S(3), 5, 15, .parts = {DENSE_PARTS("dense", 4, 3)}},
    {NN_DENSE(.units = 3, .activation = AD_LOGISTIC), S(4), S(3), 5, 15, .parts = {DENSE_PARTS("dense", 4, 3)}},
    {NN_DENSE(.units = 3, .activation = AD_SOFTPLUS), S(4), S(3), 5, 15, .parts = {DENSE_PARTS("dense", 4, 3)}},
    {NN_DENSE(.units = 3, .activation = AD_ELU), S(4), S(3), 5, 15, .parts = {DENSE_PARTS("dense", 4, 3)}},
    {NN_DENSE(.units = 3, .initialiser = NN_ORTHOGONAL), S(4), S(3), 5, 15, .parts = {DENSE_PARTS("dense", 4, 3)}},
    {NN_DENSE(.units = 1), S(1), S(1), 1, 1 + 1, .parts = {DENSE_PARTS("dense", 1, 1)}},
    {NN_DENSE(.units = 2, .activation = AD_TANH), S(3, 4), S(3, 2), 2, 4 * 2 + 2,
     .parts = {DENSE_PARTS("dense", 4, 2)}},
    {NN_DENSE(.units = 3, .activation = AD_TANH, .without_biases = true), S(4), S(3), 5, 4 * 3,
     .parts = {{"dense/weights", NN_WEIGHT, S(4, 3)}}},
    FUNCTION(.function = NN_FUNCTION_DEFAULT),
    FUNCTION(.function = NN_RELU),
    FUNCTION(.function = NN_LEAKY_RELU),
    FUNCTION(.function = NN_LEAKY_RELU, .slope = 0.3),
    FUNCTION(.function = NN_ELU),
    FUNCTION(.function = NN_SELU),
    FUNCTION(.function = NN_GELU),
    FUNCTION(.function = NN_SILU),
    FUNCTION(.function = NN_SOFTPLUS),
    FUNCTION(.function = NN_LOGISTIC),
    FUNCTION(.function = NN_LOG_LOGISTIC),
    FUNCTION(.function = NN_TANH),
    FUNCTION(.function = NN_HARDTANH),
    FUNCTION(.function = NN_IDENTITY),
    {NN_ACTIVATION(.function = NN_STEP), S(2, 3), S(2, 3), 4, .is_flat = true},
    {NN_DROPOUT(0.3), S(4, 3), S(4, 3), .n = 5},
    {{.kind = &nn_dropout}, S(6), S(6), .n = 2},
    {NN_LAYER_NORM(), S(6), S(6), 4, 6 + 6, .parts = {NORM_PARTS("layer_norm", 6)}},
    {NN_LAYER_NORM(.epsilon = 0.25), S(2, 5), S(2, 5), 3, 5 + 5, .parts = {NORM_PARTS("layer_norm", 5)}},
    {NN_BATCH_NORM(), S(4), S(4), 6, 4 + 4, .parts = {BATCH_NORM_PARTS(4)}},
    {NN_BATCH_NORM(.momentum = 1), S(3, 2), S(3, 2), 4, 3 + 3, .parts = {BATCH_NORM_PARTS(3)}},
    {NN_BATCH_NORM(.epsilon = 0.5, .momentum = 0.3), S(2, 3, 2), S(2, 3, 2), 3, 2 + 2, .parts = {BATCH_NORM_PARTS(2)}},
    {NN_BATCH_NORM(.epsilon = 0.1), S(2, 7), S(2, 7), 1, 2 + 2, .parts = {BATCH_NORM_PARTS(2)}},
    {NN_FLATTEN(), S(2, 3, 2), S(12), .n = 4},
    {NN_FLATTEN(), S(5), S(5), .n = 3},
    {NN_RESIDUAL(body), S(3), S(3), 5, 3 * 5 + 5 + 5 * 3 + 3,
     .parts = {DENSE_PARTS("residual/dense_0", 3, 5), DENSE_PARTS("residual/dense_1", 5, 3)}},
    {NN_RESIDUAL(normed), S(4, 2), S(4, 2), 5, 4 + 4,
     .parts = {NORM_PARTS("residual/batch_norm", 4),
               {"residual/batch_norm/running_mean", NN_STATE, S(4)},
               {"residual/batch_norm/running_variance", NN_STATE, S(4)}}},
    {NN_REPEAT(3, once), S(2), S(3), 4, 2 * 3 + 3 + 2 * (3 * 3 + 3),
     .parts = {DENSE_PARTS("repeat/0/dense", 2, 3), DENSE_PARTS("repeat/1/dense", 3, 3),
               DENSE_PARTS("repeat/2/dense", 3, 3)}},
    {NN_REPEAT(1, once), S(2), S(3), 4, 2 * 3 + 3, .parts = {DENSE_PARTS("repeat/0/dense", 2, 3)}},
};

/* The first sample of a kind; NULL: there is none. */
static inline const sample *sample_of(const nn_layer_kind *kind)
{
    for (int i = 0; i < COUNT(samples); i++)
        if (samples[i].layer.kind == kind)
            return &samples[i];
    return NULL;
}

#endif
