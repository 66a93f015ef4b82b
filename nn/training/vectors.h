#ifndef GRADTAPE_NN_VECTORS_H
#define GRADTAPE_NN_VECTORS_H
/* Private to nn: parameters and their slots as vectors. Products and updates are computed in f64 and rounded once; they
 * are the same bits for any number of threads. */
#include <gradtape/tensor.h>

/* Returns sum a b of two tensors of one type and size. */
double nn_dot(ad_tensor a, ad_tensor b);

/* Return sum |g| and the largest |g|, where g is the gradient of x with the penalty, dx + l2 x. */
double nn_gradient_sum(ad_tensor x, double l2);
double nn_gradient_largest(ad_tensor x, double l2);

/* Updates for a parameter x that has a gradient, and slots of it. The tape is in error if one fails. */

/* to <- keep to + factor v, where v is another tensor than `to`, of x's type and shape. */
void nn_combine(ad_tensor x, ad_tensor to, double keep, ad_tensor v, double factor);

/* to <- dx + l2 x - keep to. */
void nn_take_gradient(ad_tensor x, ad_tensor to, double l2, double keep);

/* x <- start + rate way. */
void nn_place(ad_tensor x, ad_tensor start, ad_tensor way, double rate);

#endif
