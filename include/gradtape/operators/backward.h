#ifndef GRADTAPE_OPERATORS_BACKWARD_H
#define GRADTAPE_OPERATORS_BACKWARD_H
/* Backward operators: what gradient rules are made of where a chain of ordinary operators would be slow, or would lose
 * a convention at a kink. They are operators of the same table, with rules of their own, so that gradients of every
 * order come out of one table. Programs seldom call them: neither operators.h nor gradtape.h includes this header.
 *
 * In the comments: r is the result and dr its gradient; dy is the gradient of the result of the forward operator, v a
 * tensor in the place of dy. A result beside the one returned goes where a pointer says, or nowhere if it is NULL. */
#include <gradtape/operators.h>

/* ---- Of activations ---------------------------------------------------------------------------------------------- */
/* Four of them are functions of dy and y, the activation of x. x is a hint: near a bound y has few digits left of its
 * distance, and x gives the others where it agrees with y. No gradient comes to x but zeros. */
AD_API ad_tensor ad_tanh_backward(ad_tensor dy, ad_tensor y, ad_tensor x);     /* (1 - y^2) dy */
AD_API ad_tensor ad_logistic_backward(ad_tensor dy, ad_tensor y, ad_tensor x); /* y (1 - y) dy */
AD_API ad_tensor ad_elu_backward(ad_tensor dy, ad_tensor y, ad_tensor x);      /* dy where y > 0, else (y + 1) dy */
/* s dy where y > 0, else (y + s a) dy; s, a of ad_selu */
AD_API ad_tensor ad_selu_backward(ad_tensor dy, ad_tensor y, ad_tensor x);
/* (Phi(x) + x phi(x)) dy with the normal distribution Phi and its density phi */
AD_API ad_tensor ad_gelu_backward(ad_tensor dy, ad_tensor x);
AD_API ad_tensor ad_silu_backward(ad_tensor dy, ad_tensor x); /* s (1 + x (1 - s)) dy, s = logistic(x) */
/* dy where x > 0, else slope dy; NaN where x is NaN */
AD_API ad_tensor ad_leaky_relu_backward(ad_tensor dy, ad_tensor x, double slope);
AD_API ad_tensor ad_where_positive(ad_tensor v, ad_tensor x);     /* v where x > 0 or x is NaN, else 0 */
AD_API ad_tensor ad_where_not_positive(ad_tensor v, ad_tensor x); /* 0 where x > 0, else v */

/* ---- Of arithmetic and comparisons ------------------------------------------------------------------------------- */
/* v where x > 0, -v where x < 0, 0 where x = 0; NaN where x is NaN */
AD_API ad_tensor ad_times_sign(ad_tensor v, ad_tensor x);
/* v where a > b or one of them is NaN, v / 2 where a = b, else 0 */
AD_API ad_tensor ad_share_greater(ad_tensor v, ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_quotient_slope(ad_tensor v, ad_tensor a, ad_tensor b); /* -v a / b^2, right where a / b overflows */
/* c x^(c-1) v, right where x^(c-1) overflows */
AD_API ad_tensor ad_pow_constant_backward(ad_tensor v, ad_tensor x, double c);
/* dy where low <= x <= high or x is NaN, else 0 */
AD_API ad_tensor ad_clamp_backward(ad_tensor dy, ad_tensor x, double low, double high);

/* ---- Of elementary functions ------------------------------------------------------------------------------------- */
/* v times x^p, differentiated j times by x and k times by p; j + k is at most 64. It is right where the derivative
 * overflows and the product does not. A term with a factor 0, as p at 0, is 0. At x = 0 a term with ln(x)^m is 0 too,
 * unless it has a negative power of x. Two such terms may be infinite with different signs: the result is then NaN, as
 * for j = k = 1 at x = 0, 0 < p < 1. */
AD_API ad_tensor ad_mul_pow_derivative(ad_tensor v, ad_tensor x, ad_tensor p, int j, int k);
AD_API ad_tensor ad_divide_or_zero(ad_tensor a, ad_tensor b); /* a / b, 0 where b = 0 */
/* v a / b and -v a / b^2, both 0 where b = 0, and right where a quotient of two factors overflows */
AD_API ad_tensor ad_mul_divide_or_zero(ad_tensor v, ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_quotient_slope_or_zero(ad_tensor v, ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_one_minus_square(ad_tensor x);           /* 1 - x^2 as (1 - x) (1 + x) */
AD_API ad_tensor ad_atan_backward(ad_tensor v, ad_tensor x); /* v / (1 + x^2), also where x^2 overflows */
AD_API ad_tensor ad_erf_backward(ad_tensor v, ad_tensor x);  /* 2 / sqrt(pi) e^-x^2 v */
/* v a / (a^2 + b^2), 0 where both are 0; right where a square overflows */
AD_API ad_tensor ad_atan2_backward(ad_tensor v, ad_tensor a, ad_tensor b);
/* v trunc(a / b) of the exact quotient */
AD_API ad_tensor ad_mul_trunc_quotient(ad_tensor v, ad_tensor a, ad_tensor b);
/* v times the n-th derivative of digamma, right where that overflows and the product does not */
AD_API ad_tensor ad_mul_polygamma(ad_tensor v, ad_tensor x, int64_t n);
AD_API ad_tensor ad_sub_logs(ad_tensor a, ad_tensor b); /* a - b; -inf where a is -inf, 0 where both are +inf */

/* ---- Of fused operators ------------------------------------------------------------------------------------------ */
/* dz = activation'(z) dy as a function of y = activation(z), dy and y [..., h]; its sum over rows, [h], into `db`. z,
 * of the shape of y, is a hint. It may have any shape where the activation is AD_RELU or AD_IDENTITY. */
AD_API ad_tensor ad_linear_backward(ad_tensor dy, ad_tensor y, ad_tensor z, ad_activation activation, ad_tensor *db);
/* The gradients of a b: b dy summed to the shape of a, and into `db` a dy summed to the shape of b. dy has the shape of
 * a and b broadcast together, or is wider. */
AD_API ad_tensor ad_mul_backward(ad_tensor dy, ad_tensor a, ad_tensor b, ad_tensor *db);
/* The gradients of ad_layer_norm: that of x, and those of gain and bias into `dgain` and `dbias`. */
AD_API ad_tensor ad_layer_norm_backward(ad_tensor dy, ad_tensor x, ad_tensor gain, double epsilon, ad_tensor *dgain,
                                        ad_tensor *dbias);
/* The gradients of ad_lstm_cell: that of the gates, and that of the cell into `dcell`. dh and dnext are the gradients
 * of its results. `activated` [..., 5h] holds what its kernel computed: the logistics of forget, input and output, the
 * candidate's tanh, and tanh(c'). The gates and next, which is c', are hints beside it. */
AD_API ad_tensor ad_lstm_cell_backward(ad_tensor dh, ad_tensor dnext, ad_tensor activated, ad_tensor cell,
                                       ad_tensor gates, ad_tensor next, ad_tensor *dcell);

/* ---- Of linear algebra ------------------------------------------------------------------------------------------- */
/* The matrices in the last two axes of x, times `below`, `on` or `above`, as an element lies to the diagonal. Where the
 * factor is 0 the result is 0, whatever x is :  dx = triangles(dr) with the same factors */
AD_API ad_tensor ad_triangles(ad_tensor x, double below, double on, double above);
/* The matrix of cofactors, of a singular a too: det(a) a'^-1 where a is regular :  da = cofactor_slope(a, dr) */
AD_API ad_tensor ad_cofactor(ad_tensor a);
/* The derivative of the cofactors of a along v, d cof(a + t v) / dt at t = 0, both of one shape :  dv =
 * cofactor_slope(a, dr); da is made with cofactor_inverse, so that a singular a is an error there */
AD_API ad_tensor ad_cofactor_slope(ad_tensor a, ad_tensor v);
/* a'^-1 in the third derivative of det :  da = -r dr' r. A singular a is an error that names det. */
AD_API ad_tensor ad_cofactor_inverse(ad_tensor a);
/* The gradient of slogdet: r = dlog w, a number of dlog for each matrix; and w = a'^-1 into `w`, unless it is NULL :
 * ddlog = <dr, w>,  da = -w (dlog dr + dw)' w. Of a matrix that is singular or not finite, r and w are 0 if its dlog is
 * 0, and ddlog is NaN; otherwise that is an error, which names slogdet and the matrix. */
AD_API ad_tensor ad_slogdet_slope(ad_tensor a, ad_tensor dlog, ad_tensor *w);
/* x_ij / (w_j - w_i), 0 on the diagonal, x [..., n, n], w [..., n] :  dx = divide_by_gaps(dr, w),  dw_k = sum over j of
 * (r dx)_kj - sum over i of (r dx)_ik. Of two w that are equal, to within 32 roundings of the largest, it is 0 where x
 * is 0, and NaN elsewhere. */
AD_API ad_tensor ad_divide_by_gaps(ad_tensor x, ad_tensor w);
/* z by the same gaps, in derivatives of eigh of `a`, which know whether quotients of near w can be trusted (ad_eigh
 * says when). x = v' dv are the numerators of the first derivative, z is x there; dw is the gradient of the values, if
 * they were used (`values`). `order` counts derivatives from 1. x, dw and a only decide, and have the gradient 0. A
 * pair of w on which nothing depends gives 0; one that cannot be trusted is an error that names eigh and a. */
AD_API ad_tensor ad_divide_by_eigen_gaps(ad_tensor z, ad_tensor w, ad_tensor x, ad_tensor dw, ad_tensor a, int order,
                                         bool values);

/* ---- Of softmax and losses --------------------------------------------------------------------------------------- */
/* y (dy - sum(y dy)), of probabilities y: their sum, if it is 1 to within 16 roundings, is taken as 1 */
AD_API ad_tensor ad_softmax_backward(ad_tensor dy, ad_tensor y, int axis);
/* v - sum(y v): how far v is from its mean under the probabilities y, whose sum is taken as above */
AD_API ad_tensor ad_weighted_deviation(ad_tensor v, ad_tensor y, int axis);
AD_API ad_tensor ad_log_softmax_backward(ad_tensor dy, ad_tensor y, int axis); /* dy - e^y sum(dy) */
/* (logistic(logits) - targets) dy */
AD_API ad_tensor ad_logistic_cross_entropy_backward(ad_tensor dy, ad_tensor logits, ad_tensor targets);
/* (softmax(logits) - one_hot) dy */
AD_API ad_tensor ad_softmax_cross_entropy_backward(ad_tensor dy, ad_tensor logits, ad_tensor labels);
/* (softmax(z) sum(h w) - h w) dy */
AD_API ad_tensor ad_softmax_cross_entropy_with_backward(ad_tensor dy, ad_tensor logits, ad_tensor labels,
                                                        ad_tensor class_weights, double smoothing);
/* a e^s, computed as a e^(s/2) e^(s/2), which is in range where e^s alone is not :  da = e^s dr,  ds = r dr. 0 where s
 * is -inf, whatever a is, and where a = 0 and s is finite. */
AD_API ad_tensor ad_mul_exp(ad_tensor a, ad_tensor s);

/* ---- Of reductions ----------------------------------------------------------------------------------------------- */
/* softmax(x) dy over the axes where dy has size 1, 0 where x is -inf. `parts` [2,n], for n groups, save work and change
 * nothing: the largest x of each group, and the sum of e^(x - largest). Parts that are not of this x are made anew. */
AD_API ad_tensor ad_logsumexp_backward(ad_tensor dy, ad_tensor x, ad_tensor parts);
/* v in equal shares to the elements of x that equal y (NaN equals NaN here), 0 to the others; v and y have the reduced
 * axes with size 1 */
AD_API ad_tensor ad_spread_ties(ad_tensor v, ad_tensor x, ad_tensor y, ad_axes axes);
/* The adjoint of ad_spread_ties: the mean over the axes of u where x equals y. The axes stay, with size 1. */
AD_API ad_tensor ad_mean_ties(ad_tensor u, ad_tensor x, ad_tensor y, ad_axes axes);
AD_API ad_tensor ad_twice_product(ad_tensor a, ad_tensor b); /* 2 a b */
AD_API ad_tensor ad_divide_by(ad_tensor x, double c);        /* x / c; c keeps the digits of f64 for x of f32 too */
/* x - mean x over axes, in the shape of x. A large mean takes no digits from it; it is 0 where all are equal :  dx =
 * deviations(dr). Over a std with its axes kept it standardises data far from 0. */
AD_API ad_tensor ad_deviations(ad_tensor x, ad_axes axes);

/* ---- Of scans ---------------------------------------------------------------------------------------------------- */
/* y_i = sum of x_j, j >= i: the adjoint of ad_cumsum */
AD_API ad_tensor ad_cumsum_backward(ad_tensor dy, int axis);
/* y_i = product of x_j, j < i (before) or j > i (after); 1 where there is none */
AD_API ad_tensor ad_prod_before(ad_tensor x, int axis);
AD_API ad_tensor ad_prod_after(ad_tensor x, int axis);
/* v_i (product of x_j, j != i), in range wherever the result is :  dv = prod_others(dr, x),
 * dx = prod_slope(dr v, x) */
AD_API ad_tensor ad_prod_others(ad_tensor v, ad_tensor x, int axis);
/* The slope of the products of the others as x moves with the velocity v: sum over i != k of v_i (product of x_j, j not
 * i, not k) :  dv = prod_slope(dr, x) */
AD_API ad_tensor ad_prod_slope(ad_tensor v, ad_tensor x, int axis);
/* The gradient of ad_cumprod: sum over i >= j of dy_i (product of x_l, l <= i, l != j), in range wherever it is */
AD_API ad_tensor ad_cumprod_backward(ad_tensor dy, ad_tensor x, int axis);

/* Which neighbour comes before an element: the one with the smaller index, or the one with the larger. */
typedef enum ad_direction { AD_FORWARDS, AD_BACKWARDS } ad_direction;

/* y_i = v_i + a_i y_(i-1), or v_i + a_i y_(i+1) backwards; v_i where there is no neighbour. Its adjoint is a recurrence
 * too: gradients of products need no quotient and only linear time. */
AD_API ad_tensor ad_recurrence(ad_tensor a, ad_tensor v, int axis, ad_direction direction);
/* y_i = x_(i-1), or x_(i+1) backwards; `edge` where there is no neighbour */
AD_API ad_tensor ad_beside(ad_tensor x, int axis, ad_direction direction, double edge);

/* Of y = logcumsumexp(x), which have the digits that rounding y costs. The gradient of x: the sum of
 * e^(x_j - y_i) dy_i, i >= j. Its transpose, the derivative of y along u: the sum of e^(x_j - y_i) u_j, j <= i. The
 * derivative of the gradient along u: the sum of v_i e^(x_j - y_i) (u_j - slope(u, x)_i), i >= j. */
AD_API ad_tensor ad_logcumsumexp_backward(ad_tensor dy, ad_tensor x, int axis);
AD_API ad_tensor ad_logcumsumexp_slope(ad_tensor u, ad_tensor x, int axis);
AD_API ad_tensor ad_logcumsumexp_bend(ad_tensor v, ad_tensor u, ad_tensor x, int axis);

/* ---- Of slices --------------------------------------------------------------------------------------------------- */
/* n elements along the axis: v in the places that the slice takes, 0 in the others :  dv = slice(dr) */
AD_API ad_tensor ad_slice_backward(ad_tensor v, int axis, ad_range range, int64_t n);

#endif
