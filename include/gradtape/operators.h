#ifndef GRADTAPE_OPERATORS_H
#define GRADTAPE_OPERATORS_H
/* The operators. Each computes its value at once, appends one entry to the tape of its operands and returns its result;
 * on an error (the tape's status and message say which) it returns an inert tensor, and so does every later call.
 *
 * In the comments: y is the result, dy its gradient, dx that of x. Operands are f32 or f64, all of the same type,
 * unless an i32 is named; arithmetic on i32 is an error that names ad_cast. Shapes broadcast as NumPy's, and gradients
 * of broadcast operands are summed back. NaN passes through everything except comparisons and branches not selected. */
#include <gradtape/operator.h>

/* ---- Arithmetic, element by element, broadcasting ---------------------------------------------------------------- */
AD_API ad_tensor ad_add(ad_tensor a, ad_tensor b);     /* a + b :  da = dy,  db = dy */
AD_API ad_tensor ad_sub(ad_tensor a, ad_tensor b);     /* a - b :  da = dy,  db = -dy */
AD_API ad_tensor ad_mul(ad_tensor a, ad_tensor b);     /* a b :  da = b dy,  db = a dy */
AD_API ad_tensor ad_div(ad_tensor a, ad_tensor b);     /* a / b :  da = dy / b,  db = -y dy / b */
AD_API ad_tensor ad_maximum(ad_tensor a, ad_tensor b); /* the larger takes dy; equal: half each; NaN if either is */
AD_API ad_tensor ad_minimum(ad_tensor a, ad_tensor b); /* the smaller takes dy; equal: half each; NaN if either is */

/* ---- Functions of one operand, element by element ---------------------------------------------------------------- */
AD_API ad_tensor ad_neg(ad_tensor x);                    /* -x :  dx = -dy */
AD_API ad_tensor ad_shift(ad_tensor x, double c);        /* x + c :  dx = dy */
AD_API ad_tensor ad_scale(ad_tensor x, double c);        /* c x :  dx = c dy */
AD_API ad_tensor ad_pow_constant(ad_tensor x, double c); /* x^c :  dx = c x^(c-1) dy; c = 0: 1, with dx = 0 */
AD_API ad_tensor ad_exp(ad_tensor x);                    /* e^x :  dx = y dy */
AD_API ad_tensor ad_log(ad_tensor x);                    /* ln x :  dx = dy / x; -inf at 0, NaN below */
AD_API ad_tensor ad_sqrt(ad_tensor x);                   /* x^(1/2) :  dx = dy / (2 y); NaN below 0 */
AD_API ad_tensor ad_square(ad_tensor x);                 /* x^2 :  dx = 2 x dy */
AD_API ad_tensor ad_abs(ad_tensor x);                    /* |x| :  dx = sign(x) dy, 0 at 0 */

/* ---- Activations, element by element ----------------------------------------------------------------------------- */
AD_API ad_tensor ad_logistic(ad_tensor x); /* 1 / (1 + e^-x) :  dx = y (1 - y) dy */
AD_API ad_tensor ad_tanh(ad_tensor x);     /* tanh x :  dx = (1 - y^2) dy */
AD_API ad_tensor ad_relu(ad_tensor x);     /* max(x, 0) :  dx = dy where x > 0, else 0 (also at 0) */
AD_API ad_tensor ad_softplus(ad_tensor x); /* ln(1 + e^x) :  dx = logistic(x) dy */
AD_API ad_tensor ad_elu(ad_tensor x);      /* x where x > 0, else e^x - 1 :  dx = dy or (y + 1) dy */
AD_API ad_tensor ad_step(ad_tensor x);     /* 1 where x >= 0, else 0 :  dx = 0: it cannot be trained through */

/* ---- Reductions -------------------------------------------------------------------------------------------------- */

/* The short form reduces everything to a scalar; the other reduces over AD_AXES(...), or over AD_KEEP_AXES(...), which
 * leaves those axes with size 1. Over nothing: sum 0, mean NaN, logsumexp -inf, max an error that names the axis. */
AD_API ad_tensor ad_sum(ad_tensor x); /* dx = dy, broadcast */
AD_API ad_tensor ad_sum_over(ad_tensor x, ad_axes axes);
AD_API ad_tensor ad_mean(ad_tensor x); /* dx = dy / count, broadcast */
AD_API ad_tensor ad_mean_over(ad_tensor x, ad_axes axes);
AD_API ad_tensor ad_max(ad_tensor x); /* the largest take dy, ties in equal shares; NaN if any is */
AD_API ad_tensor ad_max_over(ad_tensor x, ad_axes axes);
AD_API ad_tensor ad_logsumexp(ad_tensor x); /* ln sum e^x :  dx = e^(x-y) dy; 0 where x is -inf */
AD_API ad_tensor ad_logsumexp_over(ad_tensor x, ad_axes axes);

/* ---- Shapes ------------------------------------------------------------------------------------------------------ */
AD_API ad_tensor ad_reshape(ad_tensor x, ad_shape shape); /* same elements, same order; one size may be -1: inferred */
AD_API ad_tensor ad_transpose(ad_tensor x);               /* [..., m, n] to [..., n, m] :  dx = dy transposed */
AD_API ad_tensor ad_broadcast_to(ad_tensor x, ad_shape shape); /* dx = sum_to(dy, shape of x) */
AD_API ad_tensor ad_sum_to(ad_tensor x, ad_shape shape); /* the adjoint of broadcast_to :  dx = broadcast_to(dy) */
/* y[i] = x[rows[i]], x [n,...], rows i32 of any shape :  dx = scatter_add_rows. A row number outside 0..n-1 is an error
 * (AD_BAD_VALUE) that names its place. */
AD_API ad_tensor ad_gather_rows(ad_tensor x, ad_tensor rows);
/* y of n rows, y[rows[i]] += v[i] :  dv = gather_rows(dy) */
AD_API ad_tensor ad_scatter_add_rows(ad_tensor v, ad_tensor rows, int64_t n);
/* dx = dy cast back; none to or from i32, which rounds towards 0: what does not fit, NaN included, is an error */
AD_API ad_tensor ad_cast(ad_tensor x, ad_type type);
AD_API ad_tensor ad_detach(ad_tensor x); /* x, as a constant: no gradient passes */

/* ---- Makers: constants, gone at reset ---------------------------------------------------------------------------- */
AD_API ad_tensor ad_full(ad_tape *tape, ad_type type, ad_shape shape, double value);
AD_API ad_tensor ad_zeros(ad_tape *tape, ad_type type, ad_shape shape);
AD_API ad_tensor ad_ones(ad_tape *tape, ad_type type, ad_shape shape);
AD_API ad_tensor ad_zeros_like(ad_tensor x);
AD_API ad_tensor ad_ones_like(ad_tensor x);
AD_API ad_tensor ad_arange(ad_tape *tape, ad_type type, int64_t n); /* 0, 1, ..., n-1 */

/* ---- Matrix products --------------------------------------------------------------------------------------------- */

/* Of the last two axes; leading axes broadcast. Letters: n and t say which operand is transposed; no transpose is
 * copied. */
AD_API ad_tensor ad_matmul(ad_tensor a, ad_tensor b);    /* a b, [m,k] x [k,n] :  da = dy b',  db = a' dy */
AD_API ad_tensor ad_matmul_nt(ad_tensor a, ad_tensor b); /* a b', [m,k] x [n,k] :  da = dy b,  db = dy' a */
AD_API ad_tensor ad_matmul_tn(ad_tensor a, ad_tensor b); /* a' b, [k,m] x [k,n] :  da = b dy',  db = a dy */

/* ---- Softmax and losses ------------------------------------------------------------------------------------------ */

/* A negative axis counts from the last. Losses take logits, are finite for any finite logit, and give one number an
 * example: take ad_mean of them. */
AD_API ad_tensor ad_softmax(ad_tensor x, int axis);     /* e^x / sum e^x along axis :  dx = y (dy - sum(y dy)) */
AD_API ad_tensor ad_log_softmax(ad_tensor x, int axis); /* x - logsumexp(x) :  dx = dy - e^y sum(dy) */
/* -log_softmax(logits)[label], logits [n,c] by i32 labels [n] gives [n] :  dlogits = (softmax(logits) - one_hot(label))
 * dy. A label outside 0..c-1 is an error that names its row. */
AD_API ad_tensor ad_softmax_cross_entropy(ad_tensor logits, ad_tensor labels);
/* softplus(z) - t z, element by element, broadcasting :  dz = (logistic(z) - t) dy,  dt = -z dy. Targets t usually in
 * [0,1]. */
AD_API ad_tensor ad_logistic_cross_entropy(ad_tensor logits, ad_tensor targets);

/* ---- Backward operators ------------------------------------------------------------------------------------------ */

/* What the rules above are made of where a chain of small operators would be slow or would lose the conventions at
 * kinks. They are operators like any other, with rules of their own, so that gradients of every order come out of one
 * table. */
AD_API ad_tensor ad_tanh_backward(ad_tensor dy, ad_tensor y);     /* (1 - y^2) dy */
AD_API ad_tensor ad_logistic_backward(ad_tensor dy, ad_tensor y); /* y (1 - y) dy */
AD_API ad_tensor ad_elu_backward(ad_tensor dy, ad_tensor y);      /* dy where y > 0, else (y + 1) dy */
AD_API ad_tensor ad_where_positive(ad_tensor v, ad_tensor x);     /* v where x > 0 (or is NaN), else 0 */
AD_API ad_tensor ad_where_not_positive(ad_tensor v, ad_tensor x); /* 0 where x > 0, else v */
/* v, -v or 0 as x is positive, negative or 0; NaN where x is */
AD_API ad_tensor ad_times_sign(ad_tensor v, ad_tensor x);
/* v where a > b (or either is NaN), v / 2 where a = b, else 0 */
AD_API ad_tensor ad_share_greater(ad_tensor v, ad_tensor a, ad_tensor b);
/* e^(x-y), 0 where x is -inf: the softmax of x where y is its logsumexp */
AD_API ad_tensor ad_exp_difference(ad_tensor x, ad_tensor y);
/* v in equal shares to the elements of x equal to y (NaN equals NaN here), 0 to the others; v and y with axes kept */
AD_API ad_tensor ad_spread_ties(ad_tensor v, ad_tensor x, ad_tensor y, ad_axes axes);
/* its adjoint: over axes, the mean of u where x equals y; axes kept */
AD_API ad_tensor ad_mean_ties(ad_tensor u, ad_tensor x, ad_tensor y, ad_axes axes);
AD_API ad_tensor ad_softmax_backward(ad_tensor dy, ad_tensor y, int axis); /* y (dy - sum(y dy)) */
/* (softmax(logits) - one_hot) dy */
AD_API ad_tensor ad_softmax_cross_entropy_backward(ad_tensor dy, ad_tensor logits, ad_tensor labels);

#endif
