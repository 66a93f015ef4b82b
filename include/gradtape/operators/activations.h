#ifndef GRADTAPE_OPERATORS_ACTIVATIONS_H
#define GRADTAPE_OPERATORS_ACTIVATIONS_H
/* Activations, element by element. */
#include <gradtape/operator.h>

AD_API ad_tensor ad_logistic(ad_tensor x); /* 1 / (1 + e^-x) :  dx = y (1 - y) dy */
AD_API ad_tensor ad_tanh(ad_tensor x);     /* tanh x :  dx = (1 - y^2) dy */
AD_API ad_tensor ad_relu(ad_tensor x);     /* max(x, 0) :  dx = dy where x > 0, else 0 (also at 0) */
AD_API ad_tensor ad_softplus(ad_tensor x); /* ln(1 + e^x) :  dx = logistic(x) dy */
AD_API ad_tensor ad_elu(ad_tensor x);      /* x where x > 0, else e^x - 1 :  dx = dy or (y + 1) dy */
AD_API ad_tensor ad_step(ad_tensor x);     /* 1 where x >= 0, else 0 :  dx = 0: it cannot be trained through */
AD_API ad_tensor ad_gelu(ad_tensor x);     /* x Phi(x), Phi the normal distribution's, by erf */
AD_API ad_tensor ad_silu(ad_tensor x);     /* x logistic(x) */
AD_API ad_tensor ad_selu(ad_tensor x);     /* s x where x > 0, else s a (e^x - 1) (Klambauer and others 2017) */
/* x where x > 0, else slope x :  dx = dy or slope dy (slope dy at 0) */
AD_API ad_tensor ad_leaky_relu(ad_tensor x, double slope);
AD_API ad_tensor ad_hardtanh(ad_tensor x);     /* clamp(x, -1, 1) :  dx = dy in [-1, 1], edges included, else 0 */
AD_API ad_tensor ad_log_logistic(ad_tensor x); /* ln logistic(x) = -softplus(-x) :  dx = logistic(-x) dy */

/* ---- Backward operators ------------------------------------------------------------------------------------------ */
AD_API ad_tensor ad_tanh_backward(ad_tensor dy, ad_tensor y);     /* (1 - y^2) dy */
AD_API ad_tensor ad_logistic_backward(ad_tensor dy, ad_tensor y); /* y (1 - y) dy */
AD_API ad_tensor ad_elu_backward(ad_tensor dy, ad_tensor y);      /* dy where y > 0, else (y + 1) dy */
AD_API ad_tensor ad_where_positive(ad_tensor v, ad_tensor x);     /* v where x > 0 (or is NaN), else 0 */
AD_API ad_tensor ad_where_not_positive(ad_tensor v, ad_tensor x); /* 0 where x > 0, else v */

#endif
