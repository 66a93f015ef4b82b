#ifndef GRADTAPE_LAYERS_H
#define GRADTAPE_LAYERS_H
/* Layers. A layer is a function from tensors to a tensor, with named parameters. */
#include <gradtape/operators/fused.h>
#include <gradtape/tensor.h>

/* Returns "relu", "tanh", "logistic", "softplus", "elu" or "identity"; "relu" for AD_ACTIVATION_DEFAULT; "unknown
 * activation" for a number outside the list. */
AD_API const char *nn_activation_name(ad_activation activation);

/* Returns the activation of a name; AD_ACTIVATION_COUNT if no activation has it. */
AD_API ad_activation nn_activation_named(const char *name);

/* Applies an activation, element by element. AD_ACTIVATION_DEFAULT is relu. Error: a number outside the list. */
AD_API ad_tensor nn_activate(ad_tensor x, ad_activation activation);

/* A fully connected layer: y = activation(x W + b), [n,d] to [n,h]. */
typedef struct nn_dense {
    ad_tensor weights; /* [d,h] */
    ad_tensor biases;  /* [h] */
    ad_activation activation;
} nn_dense;

/* The options of a layer. Zero means the default where there is one. */
typedef struct nn_dense_options {
    const char *name;         /* the parameters are called NAME/weights and NAME/biases; NULL: "dense" */
    int64_t inputs;           /* d, at least 1 */
    int64_t units;            /* h, at least 1 */
    ad_activation activation; /* default relu */
    ad_type type;             /* default f32 */
    uint64_t seed;            /* of the weights: Glorot-uniform, in +-sqrt(6 / (d + h)) (Glorot, Bengio 2010) */
    uint64_t stream;          /* the number of its stream, another for each layer, below 2^56 (random.h) */
} nn_dense_options;

/* Makes the parameters of a layer on the tape. Biases are zero. On an error the tensors are inert. */
AD_API nn_dense nn_dense_make(ad_tape *tape, const nn_dense_options *options);

/* Applies the layer to x [n,d]. Returns y [n,h]. */
AD_API ad_tensor nn_dense_apply(const nn_dense *layer, ad_tensor x);

#endif
