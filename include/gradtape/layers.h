#ifndef GRADTAPE_LAYERS_H
#define GRADTAPE_LAYERS_H
/* Layers as data. A layer says of which kind it is, how it is called, and what its options are. A list of layers is an
 * array; network.h makes a network of it:
 *
 *   static const nn_layer block[] = { NN_DENSE(.units = 64, .activation = AD_TANH), NN_DENSE(.units = 64) };
 *   static const nn_layer layers[] = {
 *       NN_DENSE(.units = 64, .activation = AD_RELU),
 *       NN_DROPOUT(0.2),
 *       { .kind = &nn_residual, .name = "body", .options = &(const nn_residual_options){ NN_LAYERS(block) } },
 *       NN_DENSE(.units = 10),
 *   };
 *
 * Such an array stands outside of functions. Inside of one, leave out `static`: the options are then no constants, and
 * last as long as the block.
 *
 * The macros are for C: in C++ write the array and its options out, or make it in a file of C.
 *
 * A kind is a row of a table: its options, its parts (parameters and states), the shape of what it gives, and how it is
 * applied, written in operators. A kind of your own is a row in your program, as docs/networks.md shows. */
#include <stdbool.h>

#include <gradtape/fields.h>
#include <gradtape/operators/fused.h>
#include <gradtape/tensor.h>

#if defined(__cplusplus)
extern "C" {
#endif

typedef struct nn_layer_kind nn_layer_kind;

/* A layer. */
typedef struct nn_layer {
    const nn_layer_kind *kind;
    const char *name;    /* NULL: that of the kind, numbered from 0 if the list has several such layers */
    const void *options; /* the kind's struct; NULL: all defaults */
    const char *group;   /* of its parameters, those of layers inside it too (nn_group in network.h); NULL: that of the
                            layer around it, or none */
} nn_layer;

/* NN_LAYER(nn_dense, .units = 3) is a layer of a kind whose struct of options is called as the kind, with _options
 * after it: nn_dense_options. */
#define NN_LAYER(of_kind, ...)                                                                                         \
    {                                                                                                                  \
        .kind = &of_kind, .options = &(const of_kind##_options) { __VA_ARGS__ }                                        \
    }

/* A list of layers. NN_LAYERS(array) is that of an array. */
typedef struct nn_layers {
    const nn_layer *at;
    size_t n;
} nn_layers;
#define NN_LAYERS(array)                                                                                               \
    {                                                                                                                  \
        (array), sizeof(array) / sizeof((array)[0])                                                                    \
    }

/* ---- Activations ------------------------------------------------------------------------------------------------- */

/* Returns "relu", "tanh", "logistic", "softplus", "elu" or "identity"; "relu" for AD_ACTIVATION_DEFAULT; "unknown
 * activation" for a number outside the list. */
AD_API const char *nn_activation_name(ad_activation activation);

/* Returns the activation of a name; AD_ACTIVATION_COUNT if no activation has it. */
AD_API ad_activation nn_activation_named(const char *name);

/* For a field of type NN_FIELD_CHOICE (fields.h): the same names; "" for AD_ACTIVATION_DEFAULT, NULL for a number
 * outside the list. */
AD_API const char *nn_activation_choice(int activation);

/* Applies an activation, element by element. AD_ACTIVATION_DEFAULT is relu. Error: a number outside the list. */
AD_API ad_tensor nn_activate(ad_tensor x, ad_activation activation);

/* The functions of the kind `activation`: all of operators/activations.h, and identity. */
typedef enum nn_function {
    NN_FUNCTION_DEFAULT, /* relu */
    NN_RELU,
    NN_LEAKY_RELU,
    NN_ELU,
    NN_SELU,
    NN_GELU,
    NN_SILU,
    NN_SOFTPLUS,
    NN_LOGISTIC,
    NN_LOG_LOGISTIC,
    NN_TANH,
    NN_HARDTANH,
    NN_STEP,
    NN_IDENTITY,
    NN_FUNCTION_COUNT
} nn_function;

/* Returns the operator's name, for instance "leaky_relu"; "" for NN_FUNCTION_DEFAULT; NULL for a number outside the
 * list. */
AD_API const char *nn_function_name(int function);

/* ---- Initialisers ------------------------------------------------------------------------------------------------ */

/* How a part is filled. d is the number of inputs of one unit, h that of the units that one input reaches: for weights
 * [d,h] as they say; for a part of rank 3 or more, [h,d,...], both times the product of the sizes after the second; for
 * rank 1, both its size. */
typedef enum nn_initialiser {
    NN_INITIALISER_DEFAULT, /* that of the part; for a part without one, that of its role (nn_part) */
    NN_GLOROT_UNIFORM,      /* in +-sqrt(6 / (d + h)) (Glorot, Bengio 2010) */
    NN_GLOROT_NORMAL,       /* deviation sqrt(2 / (d + h)) */
    NN_HE_UNIFORM,          /* in +-sqrt(6 / d) (He, Zhang, Ren, Sun 2015) */
    NN_HE_NORMAL,           /* deviation sqrt(2 / d) */
    NN_LECUN_UNIFORM,       /* in +-sqrt(3 / d) (LeCun, Bottou, Orr, Mueller 1998) */
    NN_LECUN_NORMAL,        /* deviation sqrt(1 / d) */
    NN_ORTHOGONAL,          /* columns or rows, whichever are fewer, orthonormal: a random rotation (Saxe, McClelland,
                               Ganguli 2014); a part of rank above 2 is [h, rest]; rank 1 is an error */
    NN_ZEROS,
    NN_ONES,
    NN_INITIALISER_COUNT
} nn_initialiser;

/* Returns for instance "glorot_uniform"; "" for NN_INITIALISER_DEFAULT; NULL for a number outside the list. */
AD_API const char *nn_initialiser_name(int initialiser);

/* Returns what it fills with, for instance "uniform in +-sqrt(6 / (d + h))", for reference tables; "" and NULL as
 * above. */
AD_API const char *nn_initialiser_formula(int initialiser);

/* Fills a parameter or state of type f32 or f64. Numbers are drawn at (seed, stream, 0), (seed, stream, 1), ...
 * (random.h). Returns the tape's status. Errors: a number outside the list, or NN_INITIALISER_DEFAULT; orthogonal for a
 * rank below 2; memory. */
AD_API ad_status nn_initialise(ad_tensor leaf, nn_initialiser initialiser, uint64_t seed, uint64_t stream);

/* ---- A kind ------------------------------------------------------------------------------------------------------ */

/* What a part is for. Weights decay (optimisers.h); biases and gains do not unless a group asks for it; states are no
 * parameters: they change by proposals (ad_propose in update.h). */
typedef enum nn_role { NN_WEIGHT, NN_BIAS, NN_GAIN, NN_STATE, NN_ROLE_COUNT } nn_role;

/* One size of a part, as data. */
typedef struct nn_size {
    enum { NN_SIZE_FIXED, NN_SIZE_OF_INPUT, NN_SIZE_OF_OPTION } from;
    int64_t times; /* a fixed size, or a factor; 0: 1 */
    int axis;      /* of the input of one example; a negative one counts from the last */
    size_t offset; /* of an option of type int64_t */
} nn_size;

/* The size of an axis of the input, for instance -1; that of an option; a number. */
#define NN_INPUT_SIZE(of_axis)                                                                                         \
    {                                                                                                                  \
        .from = NN_SIZE_OF_INPUT, .axis = (of_axis)                                                                    \
    }
#define NN_OPTION_SIZE(type, member)                                                                                   \
    {                                                                                                                  \
        .from = NN_SIZE_OF_OPTION, .offset = offsetof(type, member)                                                    \
    }
#define NN_FIXED_SIZE(number)                                                                                          \
    {                                                                                                                  \
        .from = NN_SIZE_FIXED, .times = (number)                                                                       \
    }

/* A parameter or state of a kind, as data. */
typedef struct nn_part {
    const char *name; /* NAME in LAYER/NAME */
    nn_role role;
    int rank;
    nn_size sizes[AD_MAX_RANK];
    nn_initialiser initialiser; /* default: Glorot-uniform for weights, 1 for gains, 0 for biases and states */
    size_t chosen_by;      /* the offset of an nn_initialiser among the options that is taken instead, if it is not the
                              default; 0: there is none. It is never the first member */
    size_t left_out_by;    /* the offset of a bool among the options that leaves the part out; 0: there is none. It is
                              never the first member */
    const char *file_name; /* how a model file calls it (model.h), for instance as PyTorch does, of at most 60
                              characters; NULL: by `name`, and states stand under "state." */
    bool is_transposed;    /* of rank 2: a model file has it [b,a] where it is [a,b] */
} nn_part;

/* The most parts that a kind can have. */
#define NN_MAX_PARTS 8

/* One layer of a network, the argument of the functions of its kind. Its members are private. */
typedef struct nn_layer_call nn_layer_call;

/* A kind of layers. It outlives the networks and estimators that use it. Threads that predict at once call `apply` at
 * once. Fields of a kind have one of the types up to NN_FIELD_INTEGERS, or NN_FIELD_LAYERS. */
struct nn_layer_kind {
    const char *name;
    const char *formula; /* for the reference table */
    nn_fields fields;    /* of the options; none: the kind has no options */
    size_t options_bytes;
    const nn_part *parts;
    size_t n_parts;
    /* Sets the shape of what the layer gives for one example, without the axis of the examples. `y` holds that of the
     * input. NULL: the same shape. For an error it calls nn_layer_fail. For kinds with a list, `y` holds what the list
     * gives. */
    void (*shape)(nn_layer_call *call, ad_shape *y);
    /* Applies the layer to x [n, input shape], in operators. Returns y [n, output shape]. */
    ad_tensor (*apply)(nn_layer_call *call, ad_tensor x);
    /* For kinds with a list (an option of type NN_FIELD_LAYERS): how many copies of it are made one after another, each
     * with parts of its own. Copies are numbered from 0 in names. NULL: one, without a number. */
    const nn_size *copies;
    /* The fewest examples that a pass that trains can take; 0: 1. An estimator makes no batch of fewer. */
    int64_t least_examples;
};

/* For shape and apply: return the options, with defaults filled in, and the shape of the input of one example. */
AD_API const void *nn_layer_options(const nn_layer_call *call);
AD_API ad_shape nn_layer_input(const nn_layer_call *call);

/* For shape and apply: puts the tape in error. The message has the layer's name before this text. apply then returns
 * any tensor, for instance an inert one. */
AD_API void nn_layer_fail(nn_layer_call *call, ad_status status, const char *format, ...) AD_PRINTF(3, 4);

/* For apply: returns the i-th part, on the tape of x; inert if the options leave it out. */
AD_API ad_tensor nn_layer_part(nn_layer_call *call, int i);

/* For apply: returns whether the pass trains. */
AD_API bool nn_layer_trains(const nn_layer_call *call);

/* For apply, in a pass that trains: proposes a new value for the i-th part, a state (ad_propose). */
AD_API void nn_layer_propose(nn_layer_call *call, int i, ad_tensor value);

/* For apply, in a pass that trains: returns what was proposed last for the i-th part, or the part itself. */
AD_API ad_tensor nn_layer_proposed(nn_layer_call *call, int i);

/* For apply: what dropout multiplies x by (ad_dropout_mask). It depends on the seed of the network, on the layer, on
 * the step of the pass, and on how many masks apply drew before. A layer that runs twice in one step has the same masks
 * twice. ad_replay draws others. */
AD_API ad_tensor nn_layer_mask(nn_layer_call *call, ad_tensor x, double rate);

/* For apply of a kind with a list: runs all copies of the list on x. */
AD_API ad_tensor nn_layer_run_list(nn_layer_call *call, ad_tensor x);

/* ---- The kinds --------------------------------------------------------------------------------------------------- */

#define NN_KIND extern __attribute__((visibility("default"))) const nn_layer_kind

/* dense: y = activation(x W + b), [n, ..., d] to [n, ..., h]. Parts: weights [d,h], biases [h]. */
typedef struct nn_dense_options {
    int64_t units;              /* h, at least 1; no default */
    ad_activation activation;   /* default identity */
    nn_initialiser initialiser; /* of the weights; default Glorot-uniform. Biases are zero */
    bool without_biases;
} nn_dense_options;
NN_KIND nn_dense;
#define NN_DENSE(...) NN_LAYER(nn_dense, __VA_ARGS__)

/* activation: y = f(x), element by element. */
typedef struct nn_activation_options {
    nn_function function; /* default relu */
    double slope;         /* of leaky_relu; default 0.01 */
} nn_activation_options;
NN_KIND nn_activation;
#define NN_ACTIVATION(...) NN_LAYER(nn_activation, __VA_ARGS__)

/* dropout: in training y = x m, where m is 0 with probability `rate`, else 1 / (1 - rate); in inference y = x
 * (Srivastava and others 2014, inverted). */
typedef struct nn_dropout_options {
    double rate; /* at least 0 and below 1; default 0 */
} nn_dropout_options;
NN_KIND nn_dropout;
#define NN_DROPOUT(...) NN_LAYER(nn_dropout, __VA_ARGS__)

/* layer_norm: y = gain (x - mean) / sqrt(variance + epsilon) + bias over the last axis (ad_layer_norm). Parts: gain
 * [d], which begins at 1, and bias [d]. */
typedef struct nn_layer_norm_options {
    int unused;     /* so that the macro may have no arguments */
    double epsilon; /* 1e-30 to 1e30; default 1e-5 */
} nn_layer_norm_options;
NN_KIND nn_layer_norm;
#define NN_LAYER_NORM(...) NN_LAYER(nn_layer_norm, 0, __VA_ARGS__)

/* batch_norm: y = gain (x - mean) / sqrt(variance + epsilon) + bias for each index of the first axis of an example
 * (features [n,d], channels [n,c,...]), over the n examples and the other axes (Ioffe, Szegedy 2015). Training takes
 * the batch's mean and population variance, and proposes running values: r <- (1 - momentum) r + momentum b, where b
 * is the batch's mean, or its variance times m / (m - 1), m the numbers of each index. Inference takes the running
 * values. Parts: gain [d], bias [d]; states running_mean [d] and running_variance [d], which begin at 0 and 1. A batch
 * of which m is below 2 is an error in training. */
typedef struct nn_batch_norm_options {
    int unused;      /* so that the macro may have no arguments */
    double momentum; /* above 0, at most 1; default 0.1 */
    double epsilon;  /* 1e-30 to 1e30; default 1e-5 */
} nn_batch_norm_options;
NN_KIND nn_batch_norm;
#define NN_BATCH_NORM(...) NN_LAYER(nn_batch_norm, 0, __VA_ARGS__)

/* flatten: all axes of an example become one: [n,a,b] to [n,ab]. */
NN_KIND nn_flatten;
#define NN_FLATTEN()                                                                                                   \
    {                                                                                                                  \
        .kind = &nn_flatten                                                                                            \
    }

/* residual: y = x + f(x), where f is a list that keeps the shape (He, Zhang, Ren, Sun 2016). */
typedef struct nn_residual_options {
    nn_layers layers;
} nn_residual_options;
NN_KIND nn_residual;
#define NN_RESIDUAL(array) NN_LAYER(nn_residual, NN_LAYERS(array))

/* repeat: y = f(f(... f(x))), `times` copies of a list, each with parameters of its own. */
typedef struct nn_repeat_options {
    nn_layers layers;
    int64_t times; /* at least 1; no default */
} nn_repeat_options;
NN_KIND nn_repeat;
#define NN_REPEAT(number, array) NN_LAYER(nn_repeat, NN_LAYERS(array), (number))

/* ---- The table --------------------------------------------------------------------------------------------------- */

/* Return how many kinds the library has, and one of them, in the order of their names; NULL for an index out of range.
 */
AD_API size_t nn_layer_kind_count(void);
AD_API const nn_layer_kind *nn_layer_kind_at(size_t index);

/* Returns the kind of a name; NULL if the library has none. */
AD_API const nn_layer_kind *nn_layer_kind_named(const char *name);

#if defined(__cplusplus)
}
#endif

#endif
