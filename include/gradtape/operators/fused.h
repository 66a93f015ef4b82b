#ifndef GRADTAPE_OPERATORS_FUSED_H
#define GRADTAPE_OPERATORS_FUSED_H
/* Fused operators: each computes what several operators would, in one pass, because that is faster. Beside each stands
 * how far its values and its first gradients may be from those of the composition, in units in the last place (ulp) of
 * the largest element. */
#include <gradtape/operator.h>

/* The activations that a layer can apply. */
typedef enum ad_activation {
    AD_ACTIVATION_DEFAULT, /* identity in ad_linear and in dense layers, else relu */
    AD_RELU,
    AD_TANH,
    AD_LOGISTIC,
    AD_SOFTPLUS,
    AD_ELU,
    AD_IDENTITY,
    AD_ACTIVATION_COUNT
} ad_activation;

/* y = activation(z), z = x w + b :  dx = dz w',  dw = x' dz,  db = sum of dz over rows, where dz = activation'(z) dy.
 * x is [n,d] or [..., d], w [d,h], b [h]. z is kept beside y for tanh, logistic, softplus and elu: it has the digits
 * of dz that y loses where it saturates. Composition: ad_matmul, ad_add and the activation; 2 ulp, gradients of
 * softplus 8. */
AD_API ad_tensor ad_linear(ad_tensor x, ad_tensor w, ad_tensor b, ad_activation activation);

/* x w + b, element by element, broadcasting :  dx = w dy,  dw = x dy,  db = dy. Composition: ad_mul and ad_add; the
 * same bits, except gradients that are sums over broadcast axes: 8 ulp for sums of up to a thousand numbers. */
AD_API ad_tensor ad_mul_add(ad_tensor x, ad_tensor w, ad_tensor b);

/* gain (x - mean) / sqrt(variance + epsilon) + bias, with mean and population variance of each row of x [..., d]; gain
 * and bias [d]. All three have gradients. An epsilon that is not positive and finite is an error. Composition:
 * ad_mean_over, ad_square and so on; 4 ulp, gradients 16, where the mean of a row is not larger than its deviation (Ba,
 * Kiros, Hinton 2016). */
AD_API ad_tensor ad_layer_norm(ad_tensor x, ad_tensor gain, ad_tensor bias, double epsilon);

/* One step of a long short-term memory:
 *   c' = logistic(forget) c + logistic(input) tanh(candidate),  h = logistic(output) tanh(c').
 * `gates` [..., 4h] holds forget, input, output and candidate, in this order; its last axis may be split, as [..., 4,
 * h]. They are one tensor because one product makes them, as x wx + h wh + b. The cell c is [..., h]. Returns h; c'
 * goes into `next`, unless it is NULL. Both operands have gradients. Composition: slices, ad_logistic and so on; 4 ulp
 * (Hochreiter, Schmidhuber 1997; Gers and others 2000). */
AD_API ad_tensor ad_lstm_cell(ad_tensor gates, ad_tensor cell, ad_tensor *next);

#endif
