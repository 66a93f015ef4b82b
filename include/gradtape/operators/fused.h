#ifndef GRADTAPE_OPERATORS_FUSED_H
#define GRADTAPE_OPERATORS_FUSED_H
/* Fused operators: compositions of operators that are one operator, because that is faster. Beside each stands how far
 * its values and its first gradients may be from those of the composition, in units in the last place of the largest
 * element. */
#include <gradtape/operator.h>

/* The activations that a layer can apply. */
typedef enum ad_activation {
    AD_ACTIVATION_DEFAULT, /* identity in ad_linear, relu in layers.h and classifier.h */
    AD_RELU,
    AD_TANH,
    AD_LOGISTIC,
    AD_SOFTPLUS,
    AD_ELU,
    AD_IDENTITY,
    AD_ACTIVATION_COUNT
} ad_activation;

/* activation(x w + b), x [n,d] (or [..., d]), w [d,h], b [h] :  with dz = activation'(z) dy: dx = dz w', dw = x' dz, db
 * = sum of dz over rows. z is not kept: each derivative is a function of y. As ad_matmul, ad_add and the activation: 2
 * ulp, gradients of softplus 8. */
AD_API ad_tensor ad_linear(ad_tensor x, ad_tensor w, ad_tensor b, ad_activation activation);

/* x w + b, element by element, broadcasting :  dx = w dy,  dw = x dy,  db = dy. As ad_mul and ad_add: the same bits
 * but for gradients that are sums over what was broadcast, 8 ulp for sums of up to a thousand numbers. */
AD_API ad_tensor ad_mul_add(ad_tensor x, ad_tensor w, ad_tensor b);

/* gain (x - mean) / sqrt(variance + epsilon) + bias over the last axis, population variance; gain and bias [d] (Ba,
 * Kiros, Hinton 2016). epsilon > 0. As ad_mean_over, ad_square and so on, where the mean of a row is not larger than
 * its deviation: 4 ulp, gradients 16. */
AD_API ad_tensor ad_layer_norm(ad_tensor x, ad_tensor gain, ad_tensor bias, double epsilon);

/* A cell of a long short-term memory: of the gates' pre-activations [..., 4h], forget, input, output and candidate one
 * after the other (the last axis may be split, as [..., 4, h]), and the cell c [..., h],
 *   c' = logistic(forget) c + logistic(input) tanh(candidate),  h = logistic(output) tanh(c').
 * Returns h, and c' into `next`, if it is not NULL (Hochreiter, Schmidhuber 1997; Gers and others 2000). The gates
 * are one tensor because one product makes them, as x wx + h wh + b. As slices, ad_logistic and so on: 4 ulp. */
AD_API ad_tensor ad_lstm_cell(ad_tensor gates, ad_tensor cell, ad_tensor *next);

#endif
