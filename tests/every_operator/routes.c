/* The same value by another route: operators that must agree with others, in values and in gradients, in both types,
 * near to 0 and far from it. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <gradtape/operators/backward.h>

#include "../support/one_tape.h"

enum { ROWS = 3, COLUMNS = 4, NUMBERS_OF_X = ROWS * COLUMNS, STREAM_X = 11, STREAM_UPSTREAM = 12 };

/* ---- What the routes are made of --------------------------------------------------------------------------------- */

static ad_tensor number(ad_tensor x, double value) { return ad_full(x.tape, ad_type_of(x), AD_SCALAR, value); }
static ad_tensor ones(ad_tensor x, ad_shape shape) { return ad_ones(x.tape, ad_type_of(x), shape); }
static ad_tensor labels(ad_tensor x) { return ad_input(x.tape, AD_I32, AD_SHAPE(ROWS), (const int32_t[]){1, 3, 0}); }

static ad_tensor last_column(ad_tensor x)
{
    return ad_squeeze(ad_slice(x, 1, (ad_range){.start = COLUMNS - 1, .stop = COLUMNS}), AD_AXES(1));
}

static ad_tensor column_at(ad_tensor x, int64_t j)
{
    return ad_squeeze(ad_slice(x, 1, (ad_range){.start = j, .stop = j + 1}), AD_AXES(1));
}

/* The first three columns. */
static ad_tensor square_part(ad_tensor x) { return ad_slice(x, 1, (ad_range){.start = 0, .stop = ROWS}); }
/* A matrix that is not singular, and one that is positive definite. */
static ad_tensor regular(ad_tensor x)
{
    return ad_add(square_part(x), ad_scale(ad_eye(x.tape, ad_type_of(x), ROWS), 6));
}
static ad_tensor definite(ad_tensor x)
{
    return ad_add(ad_matmul_nt(x, x), ad_scale(ad_eye(x.tape, ad_type_of(x), ROWS), 2));
}

static ad_tensor centred(ad_tensor x) { return ad_sub(x, ad_mean_over(x, AD_KEEP_AXES(1))); }
static ad_tensor is_label(ad_tensor x) { return ad_cast(ad_one_hot(labels(x), COLUMNS, AD_I32), ad_type_of(x)); }

static ad_tensor value_and(ad_tensor x, ad_tensor (*f)(ad_tensor, ad_tensor *), bool second)
{
    ad_tensor other;
    const ad_tensor first = f(x, &other);
    return second ? other : first;
}

static ad_tensor top_of(ad_tensor x) { return ad_squeeze(ad_top_k(x, 1, 1, NULL), AD_AXES(1)); }
static ad_tensor sorted(ad_tensor x) { return ad_sort(x, 1); }

static ad_tensor cell_of(ad_tensor x, bool fused)
{
    const ad_tensor gates = ad_reshape(x, AD_SHAPE(1, NUMBERS_OF_X)), c = ad_scale(ones(x, AD_SHAPE(1, 3)), 0.5);
    ad_tensor g[4], next;
    if (fused)
        return ad_lstm_cell(gates, c, &next);
    ad_split(gates, 1, 4, g);
    next = ad_add(ad_mul(ad_logistic(g[0]), c), ad_mul(ad_logistic(g[1]), ad_tanh(g[3])));
    return ad_mul(ad_logistic(g[2]), ad_tanh(next));
}

/* ---- The routes -------------------------------------------------------------------------------------------------- */

/* What x is: any numbers, with offsets up to 10^4; numbers in [-2, 2]; positive numbers in [0.5, 2.5]. */
typedef enum numbers_are { ANYWHERE, NEAR_ZERO, POSITIVE } numbers_are;

#define ROUTES(R)                                                                                                      \
    R(sum_of_cumsum, ANYWHERE, ad_sum_over(x, AD_AXES(1)), last_column(ad_cumsum(x, 1)))                               \
    R(sum_of_product, ANYWHERE, ad_sum_over(x, AD_AXES(1)), ad_matmul(x, ones(x, AD_SHAPE(COLUMNS))))                  \
    R(sum_of_sums, ANYWHERE, ad_sum(x), ad_sum_over(ad_sum_over(x, AD_AXES(0)), AD_AXES(0)))                           \
    R(sum_of_steps, ANYWHERE, last_column(ad_recurrence(ad_ones_like(x), x, 1, AD_FORWARDS)),                          \
      ad_sum_over(x, AD_AXES(1)))                                                                                      \
    R(mean_of_sum, ANYWHERE, ad_mean_over(x, AD_AXES(1)), ad_div(ad_sum_over(x, AD_AXES(1)), number(x, COLUMNS)))      \
    R(var_of_deviations, ANYWHERE, ad_var_over(x, 0, AD_AXES(1)), ad_mean_over(ad_square(centred(x)), AD_AXES(1)))     \
    R(var_of_std, ANYWHERE, ad_square(ad_std_over(x, 1, AD_AXES(1))), ad_var_over(x, 1, AD_AXES(1)))                   \
    R(var_far_away, ANYWHERE, ad_var(x), ad_var(ad_shift(x, 4096)))                                                    \
    R(norm_of_squares, ANYWHERE, ad_norm_over(x, 2, AD_AXES(1)), ad_sqrt(ad_sum_squares_over(x, AD_AXES(1))))          \
    R(norm_of_hypot, ANYWHERE, ad_norm_over(ad_slice(x, 1, (ad_range){.start = 0, .stop = 2}), 2, AD_AXES(1)),         \
      ad_hypot(column_at(x, 0), column_at(x, 1)))                                                                      \
    R(norm_of_sizes, ANYWHERE, ad_norm_over(x, 1, AD_AXES(1)), ad_sum_over(ad_abs(x), AD_AXES(1)))                     \
    R(norm_of_largest, ANYWHERE, ad_norm_over(x, INFINITY, AD_AXES(1)), ad_max_over(ad_abs(x), AD_AXES(1)))            \
    R(logsumexp_by_steps, ANYWHERE, ad_logsumexp_over(x, AD_AXES(1)), last_column(ad_logcumsumexp(x, 1)))              \
    R(logsumexp_of_logs, ANYWHERE, ad_logsumexp_over(ad_slice(x, 1, (ad_range){.start = 0, .stop = 2}), AD_AXES(1)),   \
      ad_logaddexp(column_at(x, 0), column_at(x, 1)))                                                                  \
    R(logsumexp_of_axes, ANYWHERE, ad_logsumexp(x), ad_logsumexp(ad_logsumexp_over(x, AD_AXES(1))))                    \
    R(softmax_of_log, ANYWHERE, ad_softmax(x, 1), ad_exp(ad_log_softmax(x, 1)))                                        \
    R(softmax_of_difference, ANYWHERE, ad_log_softmax(x, 1), ad_sub(x, ad_logsumexp_over(x, AD_KEEP_AXES(1))))         \
    R(softmax_far_away, ANYWHERE, ad_softmax(x, 1), ad_softmax(ad_shift(x, 4096), 1))                                  \
    R(softmax_of_transpose, ANYWHERE, ad_softmax(x, 1), ad_transpose(ad_softmax(ad_transpose(x), 0)))                  \
    R(cross_entropy_of_log, ANYWHERE, ad_softmax_cross_entropy(x, labels(x)),                                          \
      ad_neg(ad_sum_over(ad_mul(ad_log_softmax(x, 1), is_label(x)), AD_AXES(1))))                                      \
    R(cross_entropy_with, ANYWHERE, ad_softmax_cross_entropy(x, labels(x)),                                            \
      ad_softmax_cross_entropy_with(x, labels(x), &(ad_cross_entropy_options){.class_weights = ones(x, AD_SHAPE(4))})) \
    R(logistic_of_tanh, NEAR_ZERO, ad_logistic(x), ad_shift(ad_scale(ad_tanh(ad_scale(x, 0.5)), 0.5), 0.5))            \
    R(logistic_of_log, ANYWHERE, ad_log_logistic(x), ad_neg(ad_softplus(ad_neg(x))))                                   \
    R(logistic_loss_of_one, ANYWHERE, ad_logistic_cross_entropy(x, number(x, 1)), ad_softplus(ad_neg(x)))              \
    R(logistic_loss_of_zero, ANYWHERE, ad_logistic_cross_entropy(x, number(x, 0)), ad_softplus(x))                     \
    R(softplus_of_logs, ANYWHERE, ad_softplus(x), ad_logaddexp(x, number(x, 0)))                                       \
    R(tanh_of_ratio, NEAR_ZERO, ad_tanh(x), ad_div(ad_sinh(x), ad_cosh(x)))                                            \
    R(elu_of_branches, ANYWHERE, ad_elu(x),                                                                            \
      ad_where(ad_greater(x, number(x, 0)), x, ad_expm1(ad_minimum(x, number(x, 0)))))                                 \
    R(selu_of_elu, NEAR_ZERO, ad_selu(ad_neg(ad_abs(x))),                                                              \
      ad_scale(ad_elu(ad_neg(ad_abs(x))), 1.0507009873554804934 * 1.6732632423543772848))                              \
    R(silu_of_logistic, ANYWHERE, ad_silu(x), ad_mul(x, ad_logistic(x)))                                               \
    R(gelu_of_erf, NEAR_ZERO, ad_gelu(x),                                                                              \
      ad_mul(ad_scale(x, 0.5), ad_shift(ad_erf(ad_scale(x, 0.70710678118654752440)), 1)))                              \
    R(relu_of_maximum, ANYWHERE, ad_relu(x), ad_maximum(x, number(x, 0)))                                              \
    R(clamp_of_extremes, ANYWHERE, ad_clamp(x, -1.25, 1.25),                                                           \
      ad_minimum(ad_maximum(x, number(x, -1.25)), number(x, 1.25)))                                                    \
    R(hardtanh_of_clamp, ANYWHERE, ad_hardtanh(x), ad_clamp(x, -1, 1))                                                 \
    R(leaky_of_relus, ANYWHERE, ad_leaky_relu(x, 0.25), ad_sub(ad_relu(x), ad_scale(ad_relu(ad_neg(x)), 0.25)))        \
    R(prod_of_cumprod, NEAR_ZERO, ad_prod_over(x, AD_AXES(1)), last_column(ad_cumprod(x, 1)))                          \
    R(prod_of_logs, POSITIVE, ad_prod(x), ad_exp(ad_sum(ad_log(x))))                                                   \
    R(det_of_log, NEAR_ZERO, ad_det(regular(x)), ad_exp(value_and(regular(x), ad_slogdet, true)))                      \
    R(inverse_by_solve, NEAR_ZERO, ad_inverse(regular(x)), ad_solve(regular(x), ad_eye(x.tape, ad_type_of(x), ROWS)))  \
    R(cholesky_squared, NEAR_ZERO, ad_matmul_nt(ad_cholesky(definite(x)), ad_cholesky(definite(x))), definite(x))      \
    R(det_of_cholesky, NEAR_ZERO, value_and(definite(x), ad_slogdet, true),                                            \
      ad_scale(ad_sum(ad_log(ad_diagonal(ad_cholesky(definite(x)), 0))), 2))                                           \
    R(trace_of_eigenvalues, NEAR_ZERO, ad_trace(definite(x)), ad_sum(value_and(definite(x), ad_eigh, false)))          \
    R(det_of_eigenvalues, NEAR_ZERO, ad_det(definite(x)), ad_prod(value_and(definite(x), ad_eigh, false)))             \
    R(products_turned, ANYWHERE, ad_matmul_nt(x, x), ad_matmul(x, ad_transpose(x)))                                    \
    R(products_turned_left, ANYWHERE, ad_matmul_tn(x, x), ad_matmul(ad_transpose(x), x))                               \
    R(dot_of_product, ANYWHERE, ad_dot(column_at(x, 0), column_at(x, 1)),                                              \
      ad_sum(ad_mul(column_at(x, 0), column_at(x, 1))))                                                                \
    R(outer_of_product, ANYWHERE, ad_outer(column_at(x, 0), column_at(x, 2)),                                          \
      ad_mul(ad_expand_dims(column_at(x, 0), 1), column_at(x, 2)))                                                     \
    R(linear_of_product, ANYWHERE, ad_linear(x, ad_transpose(x), column_at(x, 0), AD_IDENTITY),                        \
      ad_add(ad_matmul(x, ad_transpose(x)), column_at(x, 0)))                                                          \
    R(linear_tanh, NEAR_ZERO, ad_linear(x, ad_transpose(x), column_at(x, 0), AD_TANH),                                 \
      ad_tanh(ad_add(ad_matmul(x, ad_transpose(x)), column_at(x, 0))))                                                 \
    R(linear_logistic, NEAR_ZERO, ad_linear(x, ad_transpose(x), column_at(x, 0), AD_LOGISTIC),                         \
      ad_logistic(ad_add(ad_matmul(x, ad_transpose(x)), column_at(x, 0))))                                             \
    R(linear_elu, NEAR_ZERO, ad_linear(x, ad_transpose(x), column_at(x, 0), AD_ELU),                                   \
      ad_elu(ad_add(ad_matmul(x, ad_transpose(x)), column_at(x, 0))))                                                  \
    R(linear_softplus, NEAR_ZERO, ad_linear(x, ad_transpose(x), column_at(x, 0), AD_SOFTPLUS),                         \
      ad_softplus(ad_add(ad_matmul(x, ad_transpose(x)), column_at(x, 0))))                                             \
    R(mul_add_apart, ANYWHERE, ad_mul_add(x, x, x), ad_add(ad_mul(x, x), x))                                           \
    R(layer_norm_apart, ANYWHERE,                                                                                      \
      ad_layer_norm(x, ones(x, AD_SHAPE(COLUMNS)), ad_zeros_like(ones(x, AD_SHAPE(COLUMNS))), 0.25),                   \
      ad_div(centred(x), ad_sqrt(ad_shift(ad_var_over(x, 0, AD_KEEP_AXES(1)), 0.25))))                                 \
    R(lstm_apart, NEAR_ZERO, cell_of(x, true), cell_of(x, false))                                                      \
    R(reciprocal_of_div, POSITIVE, ad_reciprocal(x), ad_div(number(x, 1), x))                                          \
    R(reciprocal_of_power, POSITIVE, ad_reciprocal(x), ad_pow_constant(x, -1))                                         \
    R(rsqrt_of_power, POSITIVE, ad_rsqrt(x), ad_pow_constant(x, -0.5))                                                 \
    R(rsqrt_of_sqrt, POSITIVE, ad_rsqrt(x), ad_reciprocal(ad_sqrt(x)))                                                 \
    R(square_of_power, ANYWHERE, ad_square(x), ad_pow_constant(x, 2))                                                  \
    R(square_of_product, ANYWHERE, ad_square(x), ad_mul(x, x))                                                         \
    R(cbrt_of_power, POSITIVE, ad_cbrt(x), ad_pow_constant(x, 1.0 / 3))                                                \
    R(power_of_exp, POSITIVE, ad_pow(x, number(x, 2.5)), ad_exp(ad_scale(ad_log(x), 2.5)))                             \
    R(power_of_constant, POSITIVE, ad_pow(x, number(x, 2.5)), ad_pow_constant(x, 2.5))                                 \
    R(exp2_of_exp, NEAR_ZERO, ad_exp2(x), ad_exp(ad_scale(x, 0.693147180559945309417)))                                \
    R(log2_of_log, POSITIVE, ad_log2(x), ad_div(ad_log(x), number(x, 0.693147180559945309417)))                        \
    R(log10_of_log, POSITIVE, ad_log10(x), ad_div(ad_log(x), number(x, 2.30258509299404568402)))                       \
    R(expm1_of_exp, NEAR_ZERO, ad_expm1(x), ad_shift(ad_exp(x), -1))                                                   \
    R(log1p_of_log, POSITIVE, ad_log1p(x), ad_log(ad_shift(x, 1)))                                                     \
    R(hypot_of_sqrt, ANYWHERE, ad_hypot(x, number(x, 3)), ad_sqrt(ad_shift(ad_square(x), 9)))                          \
    R(atan2_of_atan, POSITIVE, ad_atan2(x, number(x, 2)), ad_atan(ad_scale(x, 0.5)))                                   \
    R(tan_of_ratio, NEAR_ZERO, ad_tan(ad_scale(x, 0.5)), ad_div(ad_sin(ad_scale(x, 0.5)), ad_cos(ad_scale(x, 0.5))))   \
    R(asinh_of_log, POSITIVE, ad_asinh(x), ad_log(ad_add(x, ad_sqrt(ad_shift(ad_square(x), 1)))))                      \
    R(erfc_of_erf, NEAR_ZERO, ad_shift(ad_neg(ad_erfc(x)), 1), ad_erf(x))                                              \
    R(lgamma_of_next, POSITIVE, ad_lgamma(ad_shift(x, 1)), ad_add(ad_lgamma(x), ad_log(x)))                            \
    R(digamma_of_next, POSITIVE, ad_digamma(ad_shift(x, 1)), ad_add(ad_digamma(x), ad_reciprocal(x)))                  \
    R(max_of_min, ANYWHERE, ad_max_over(x, AD_AXES(1)), ad_neg(ad_min_over(ad_neg(x), AD_AXES(1))))                    \
    R(max_of_top, ANYWHERE, ad_max_over(x, AD_AXES(1)), top_of(x))                                                     \
    R(max_of_sorted, ANYWHERE, ad_max_over(x, AD_AXES(1)), last_column(sorted(x)))                                     \
    R(max_by_steps, ANYWHERE, ad_max_over(x, AD_AXES(1)), last_column(ad_cummax(x, 1)))                                \
    R(error_of_square, ANYWHERE, ad_squared_error(x, ad_flip(x, AD_AXES(1))),                                          \
      ad_square(ad_sub(x, ad_flip(x, AD_AXES(1)))))                                                                    \
    R(error_of_abs, ANYWHERE, ad_absolute_error(x, ad_flip(x, AD_AXES(1))), ad_abs(ad_sub(x, ad_flip(x, AD_AXES(1))))) \
    R(huber_of_square, NEAR_ZERO, ad_huber(x, number(x, 0), 100), ad_scale(ad_square(x), 0.5))                         \
    R(kl_apart, NEAR_ZERO, ad_kl_divergence(x, ad_flip(x, AD_AXES(1))),                                                \
      ad_mul(ad_exp(x), ad_sub(x, ad_flip(x, AD_AXES(1)))))                                                            \
    R(poisson_apart, NEAR_ZERO, ad_poisson_nll(x, number(x, 3)),                                                       \
      ad_shift(ad_sub(ad_exp(x), ad_scale(x, 3)), 1.7917594692280550008))                                              \
    R(normal_apart, NEAR_ZERO, ad_normal_nll(x, number(x, 0.5), number(x, 0)),                                         \
      ad_shift(ad_scale(ad_square(ad_shift(x, -0.5)), 0.5), 0.91893853320467274178))                                   \
    R(gather_of_one_hot, ANYWHERE, ad_gather_rows(x, ad_slice(labels(x), 0, (ad_range){.start = 2, .stop = 3})),       \
      ad_slice(x, 0, (ad_range){.start = 0, .stop = 1}))                                                               \
    R(scatter_of_product, ANYWHERE, ad_scatter_add_rows(x, labels(x), COLUMNS), ad_matmul_tn(is_label(x), x))          \
    R(stack_of_concat, ANYWHERE, ad_stack((ad_tensor[]){x, x}, 2, 0),                                                  \
      ad_reshape(ad_concat((ad_tensor[]){x, x}, 2, 0), AD_SHAPE(2, ROWS, COLUMNS)))

/* ---- Comparing --------------------------------------------------------------------------------------------------- */

typedef ad_tensor route_of(ad_tensor x);

#define FUNCTIONS(name, are, a, b)                                                                                     \
    static ad_tensor name##_a(ad_tensor x) { return a; }                                                               \
    static ad_tensor name##_b(ad_tensor x) { return b; }
ROUTES(FUNCTIONS)

#define LISTED(name, are, a, b) {#name, are, name##_a, name##_b},
static const struct {
    const char *name;
    numbers_are are;
    route_of *a, *b;
} routes[] = {ROUTES(LISTED)};

static ad_tensor variable_at(ad_type type, numbers_are are, double offset)
{
    double x[NUMBERS_OF_X];
    for (uint64_t k = 0; k < NUMBERS_OF_X; k++) {
        const double u = ad_random_uniform(1, STREAM_X, k);
        /* so that a shift by 4096 loses nothing in f32 */
        x[k] = rint(1024 * (are == POSITIVE ? 0.5 + 2 * u : 4 * u - 2)) / 1024 + offset;
    }
    return variable_of(type, AD_SHAPE(ROWS, COLUMNS), x, NUMBERS_OF_X);
}

static ad_tensor upstream(ad_tensor y)
{
    double v[NUMBERS_OF_X * 4];
    const size_t n = ad_size_of(y);
    for (uint64_t k = 0; k < n; k++)
        v[k] = 0.5 + ad_random_uniform(1, STREAM_UPSTREAM, k);
    return variable_of(ad_type_of(y), ad_shape_of(y), v, n);
}

/* To within roundings of the largest; an offset costs its own roundings where the other route subtracts it. */
static void compare(const char *name, const char *what, ad_tensor a, ad_tensor b, double offset)
{
    double largest = 1;
    ck_assert_uint_eq(ad_size_of(a), ad_size_of(b));
    for (size_t k = 0; k < ad_size_of(b); k++)
        largest = fmax(largest, fabs(number_at(b, k)));
    const double unit = ad_type_of(a) == AD_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
    for (size_t k = 0; k < ad_size_of(b); k++)
        ck_assert_msg(fabs(number_at(a, k) - number_at(b, k)) <= 128 * unit * (largest + fabs(offset)),
                      "%s at %g in %s: %s %zu is %.9g by one route, %.9g by the other", name, offset,
                      ad_type_name(ad_type_of(a)), what, k, number_at(a, k), number_at(b, k));
}

START_TEST(both_routes_agree)
{
    static const double offsets[] = {0, 1e2, 1e4};
    const int n_offsets = routes[_i].are == ANYWHERE ? COUNT(offsets) : 1;
    for (int type = AD_F32; type <= AD_F64; type++)
        for (int o = 0; o < n_offsets; o++) {
            const ad_tensor x = variable_at((ad_type)type, routes[_i].are, offsets[o]), a = routes[_i].a(x),
                            b = routes[_i].b(x);
            ad_tensor da, db;
            ad_vjp(a, upstream(a), &x, 1, &da);
            ad_vjp(b, upstream(b), &x, 1, &db);
            ck_assert_msg(ad_status_of(t) == AD_OK, "%s: %s", routes[_i].name, ad_message(t));
            compare(routes[_i].name, "value", a, b, offsets[o]);
            compare(routes[_i].name, "gradient", da, db, offsets[o]);
            ad_reset(t);
        }
}
END_TEST

static void add_tests(TCase *tests) { tcase_add_loop_test(tests, both_routes_agree, 0, COUNT(routes)); }

int main(void) { return run_on_one_tape("routes", add_tests); }
