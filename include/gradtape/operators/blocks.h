#ifndef GRADTAPE_OPERATORS_BLOCKS_H
#define GRADTAPE_OPERATORS_BLOCKS_H
/* Blocks: compositions that are one operator because fusing them pays. Each equals its composition within the
 * stated number of units in the last place. */
#include <gradtape/operator.h>

typedef enum ad_activation {
    AD_IDENTITY,
    AD_RELU,
    AD_TANH,
    AD_LOGISTIC,
    AD_SOFTPLUS,
    AD_ELU,
} ad_activation;

/* activation(x w + b), x [n,d] (or [..., d]), w [d,h], b [h] :  with dz = activation'(z) dy: dx = dz w', dw = x' dz, db
 * = sum of dz over rows. */
AD_API ad_tensor ad_linear(ad_tensor x, ad_tensor w, ad_tensor b, ad_activation activation);

/* gain (x - mean) / sqrt(variance + epsilon) + bias over the last axis, population variance; gain and bias [d] (Ba,
 * Kiros, Hinton 2016). epsilon > 0. */
AD_API ad_tensor ad_layer_norm(ad_tensor x, ad_tensor gain, ad_tensor bias, double epsilon);

/* The four gates' pre-activations, all of one shape with the cell. */
typedef struct ad_lstm_gates {
    ad_tensor forget, input, output, candidate;
} ad_lstm_gates;

/* c' = logistic(forget) c + logistic(input) tanh(candidate),  h = logistic(output) tanh(c'): returns h, and c' into
 * `next` (Hochreiter, Schmidhuber 1997; Gers and others 2000). Not NULL. */
AD_API ad_tensor ad_lstm_cell(ad_lstm_gates gates, ad_tensor cell, ad_tensor *next);

/* log_softmax(logits)[label]: minus ad_softmax_cross_entropy. */
AD_API ad_tensor ad_log_softmax_gather(ad_tensor logits, ad_tensor labels);

#endif
