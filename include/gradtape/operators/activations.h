#ifndef GRADTAPE_OPERATORS_ACTIVATIONS_H
#define GRADTAPE_OPERATORS_ACTIVATIONS_H
/* Activations, element by element: the result has the shape and type of x. */
#include <gradtape/operator.h>

AD_API ad_tensor ad_logistic(ad_tensor x); /* 1 / (1 + e^-x) :  dx = y (1 - y) dy */
AD_API ad_tensor ad_tanh(ad_tensor x);     /* tanh x :  dx = (1 - y^2) dy */
AD_API ad_tensor ad_relu(ad_tensor x);     /* max(x, 0) :  dx = dy where x > 0 or x is NaN, else 0 (also at 0) */
AD_API ad_tensor ad_softplus(ad_tensor x); /* ln(1 + e^x) :  dx = logistic(x) dy */
AD_API ad_tensor ad_elu(ad_tensor x);      /* x where x > 0, else e^x - 1 :  dx = dy or (y + 1) dy */
AD_API ad_tensor ad_step(ad_tensor x);     /* 1 where x >= 0, else 0 :  dx = 0: no gradient passes */
/* x Phi(x) :  dx = (Phi(x) + x phi(x)) dy; 0 at -inf. Phi is the normal distribution function itself, not an
 * approximation by tanh, and phi is its density (Hendrycks, Gimpel 2016). */
AD_API ad_tensor ad_gelu(ad_tensor x);
AD_API ad_tensor ad_silu(ad_tensor x); /* x s, s = logistic(x) :  dx = s (1 + x (1 - s)) dy; 0 at -inf */
/* s x where x > 0, else s a (e^x - 1), s = 1.0507..., a = 1.6732... :  dx = s dy or (y + s a) dy, s a dy at 0
 * (Klambauer and others 2017) */
AD_API ad_tensor ad_selu(ad_tensor x);
/* x where x > 0, else slope x :  dx = dy or slope dy, slope dy at 0. A slope that is not finite is an error. */
AD_API ad_tensor ad_leaky_relu(ad_tensor x, double slope);
AD_API ad_tensor ad_hardtanh(ad_tensor x);     /* clamp(x, -1, 1) :  dx = dy in [-1, 1], edges included, else 0 */
AD_API ad_tensor ad_log_logistic(ad_tensor x); /* ln logistic(x) = -softplus(-x) :  dx = logistic(-x) dy */

#endif
