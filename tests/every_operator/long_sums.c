/* 20,000,000 equal numbers through everything that is a sum and every gradient that is one, in f32: adding ones there
 * one after the other stops at 2^24, and 0.1 drifts long before. The right values are by counting.
 *
 * Which rows add numbers up is found in their Jacobians: a result that depends on several elements of an operand is a
 * sum of theirs, and an element that several results depend on has a gradient that is one. Such a row has cases here,
 * or is excused with the reason. Element-wise rows, which add up what was broadcast, are tried without being named. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/operators/backward.h>

#include "../support/checker.h"
#include "../support/gaps.h"
#include "../support/one_tape.h"

#ifdef TESTS_FEW_TERMS /* under a sanitizer */
enum { N = 200000 };
#define LN_N 12.206072645530174
#define ROOT_N 447.21359549995793
#else
enum { N = 20000000 };
#define LN_N 16.811242831518264
#define ROOT_N 4472.13595499958
#endif
/* The sum of 1/k for k up to N: ln N + Euler's constant + 1/(2N). That of 1/k^2 for odd k: pi^2/8 - 1/(2N). */
#define HARMONIC_N (LN_N + 0.57721566490153286 + 0.5 / N)
#define ODD_SQUARES_N (1.2337005501361697 - 0.5 / N)

static float *numbers;   /* 2 N times c, or 0 and 2 c in turn */
static float *two_tops;  /* 0 and 0, and then N - 2 times -inf */
static int32_t *nowhere; /* N zeros: an index */

static ad_tensor of(ad_shape shape) { return ad_borrow(t, AD_F32, shape, numbers); }
static ad_tensor row(void) { return of(AD_SHAPE(1, N)); }
static ad_tensor column(void) { return of(AD_SHAPE(N, 1)); }
static ad_tensor vector(void) { return of(AD_SHAPE(N)); }
static ad_tensor places(void) { return ad_borrow(t, AD_I32, AD_SHAPE(N), nowhere); }
static ad_tensor zeros(ad_shape shape) { return ad_zeros(t, AD_F32, shape); }
static ad_tensor tops(void) { return ad_borrow(t, AD_F32, AD_SHAPE(N), two_tops); }
static ad_tensor ones(void) { return ad_ones(t, AD_F32, AD_SHAPE(N)); }
static ad_tensor few(ad_shape shape, float value)
{
    return ad_variable(t, AD_F32, shape, (const float[]){value, value, value, value});
}

/* Element `at` of the gradient by x when ones are given to y; y has the form of `vector`, `column` or any other. */
static double slope(ad_tensor y, ad_tensor x, size_t at)
{
    ad_tensor dx;
    ad_vjp(y, ad_ones_like(y), &x, 1, &dx);
    return number_at(dx, at);
}

/* The same when the numbers are given to y, of which there must be as many. */
static double pulled(ad_tensor y, ad_tensor x, size_t at)
{
    ad_tensor dx;
    ad_vjp(y, of(ad_shape_of(y)), &x, 1, &dx);
    return number_at(dx, at);
}

static ad_tensor on_path(ad_tensor x) { return ad_variable(t, AD_F32, ad_shape_of(x), ad_f32(x)); }

/* ---- Cases ------------------------------------------------------------------------------------------------------- */

/* In a case, c is the number of which there are N. */
#define CASE(name, got_)                                                                                               \
    static double name(double c)                                                                                       \
    {                                                                                                                  \
        (void)c;                                                                                                       \
        return got_;                                                                                                   \
    }

CASE(sum_all, ad_item(ad_sum(vector())))
CASE(sum_rows, number_at(ad_sum_over(of(AD_SHAPE(4, N / 4)), AD_AXES(1)), 3))
CASE(sum_columns, number_at(ad_sum_over(of(AD_SHAPE(N / 4, 4)), AD_AXES(0)), 3))
CASE(sum_wide_columns, number_at(ad_sum_over(of(AD_SHAPE(N / 200, 200)), AD_AXES(0)), 199))
CASE(sum_in_blocks, number_at(ad_sum_over(of(AD_SHAPE(N / 4, 2, 2)), AD_AXES(0, 2)), 1))
CASE(mean_all, ad_item(ad_mean(vector())))
CASE(mean_in_blocks, number_at(ad_mean_over(of(AD_SHAPE(N / 4, 2, 2)), AD_AXES(0, 2)), 1))
CASE(sum_squares_all, ad_item(ad_sum_squares(vector())))
CASE(norm_1, ad_item(ad_norm_over(vector(), 1, AD_ALL_AXES)))
CASE(norm_2, ad_item(ad_norm(vector())))
CASE(var_all, ad_item(ad_var(vector())))
CASE(var_in_blocks, number_at(ad_var_over(of(AD_SHAPE(N / 4, 2, 2)), 0, AD_AXES(0, 2)), 1))
CASE(std_all, ad_item(ad_std(vector())))
CASE(dot_all, ad_item(ad_dot(vector(), vector())))
CASE(matmul_inner, ad_item(ad_reshape(ad_matmul(row(), column()), AD_SCALAR)))
CASE(matmul_nt_inner, ad_item(ad_reshape(ad_matmul_nt(row(), row()), AD_SCALAR)))
CASE(matmul_tn_inner, ad_item(ad_reshape(ad_matmul_tn(column(), column()), AD_SCALAR)))
CASE(linear_inner, ad_item(ad_reshape(ad_linear(row(), column(), zeros(AD_SHAPE(1)), AD_IDENTITY), AD_SCALAR)))
CASE(cumsum_last, number_at(ad_cumsum(vector(), 0), N - 1))
CASE(cumsum_backward_first, number_at(ad_cumsum_backward(vector(), 0), 0))
CASE(recurrence_last, number_at(ad_recurrence(ones(), vector(), 0, AD_FORWARDS), N - 1))
CASE(logsumexp_all, ad_item(ad_logsumexp(vector())) - c)
CASE(logsumexp_columns, number_at(ad_logsumexp_over(of(AD_SHAPE(N / 4, 4)), AD_AXES(0)), 3) - c)
CASE(logsumexp_in_blocks, number_at(ad_logsumexp_over(of(AD_SHAPE(N / 4, 2, 2)), AD_AXES(0, 2)), 1) - c)
CASE(logcumsumexp_last, number_at(ad_logcumsumexp(vector(), 0), N - 1) - c)
CASE(softmax_row, number_at(ad_softmax(row(), 1), 7))
CASE(softmax_column, number_at(ad_softmax(column(), 0), 7))
CASE(log_softmax_row, number_at(ad_log_softmax(row(), 1), 7))
CASE(softmax_cross_entropy_row, number_at(ad_softmax_cross_entropy(row(), WHOLE(0)), 0))
CASE(smoothed,
     number_at(ad_softmax_cross_entropy_with(row(), WHOLE(0), &(ad_cross_entropy_options){.smoothing = 0.1}), 0))
CASE(softmax_backward_row, number_at(ad_softmax_backward(row(), ad_softmax(zeros(AD_SHAPE(1, N)), 1), 1), 0))
CASE(scatter_rows, number_at(ad_scatter_add_rows(vector(), places(), 2), 0))
CASE(scatter_along, number_at(ad_scatter_add(vector(), 0, places(), 2), 0))
CASE(sum_to_one, number_at(ad_sum_to(vector(), AD_SHAPE(1)), 0))
CASE(mean_ties_all, number_at(ad_mean_ties(vector(), zeros(AD_SHAPE(N)), zeros(AD_SHAPE(1)), AD_KEEP_AXES(0)), 0))
CASE(prod_all, ad_item(ad_prod(ones())))
CASE(layer_norm_row, number_at(ad_layer_norm(row(), ones(), zeros(AD_SHAPE(N)), 1e-12), 1))

CASE(deviations_all, number_at(ad_deviations(vector(), AD_ALL_AXES), 1))
CASE(weighted_deviation_all, number_at(ad_weighted_deviation(vector(), ad_softmax(zeros(AD_SHAPE(N)), 0), 0), 1))
CASE(log_softmax_backward_sure, number_at(ad_log_softmax_backward(vector(), zeros(AD_SHAPE(N)), 0), 1))
CASE(log_softmax_backward_unsure, number_at(ad_log_softmax_backward(vector(), ad_neg(ones()), 0), 1))
CASE(cumprod_backward_first, number_at(ad_cumprod_backward(vector(), ones(), 0), 0))
CASE(prod_slope_any, number_at(ad_prod_slope(vector(), ones(), 0), 5))
CASE(logcumsumexp_backward_first, number_at(ad_logcumsumexp_backward(vector(), zeros(AD_SHAPE(N)), 0), 0))
CASE(logcumsumexp_backward_top, number_at(ad_logcumsumexp_backward(vector(), tops(), 0), 1))
CASE(logcumsumexp_slope_last, number_at(ad_logcumsumexp_slope(vector(), zeros(AD_SHAPE(N)), 0), N - 1))
CASE(logcumsumexp_bend_first, number_at(ad_logcumsumexp_bend(ones(), vector(), zeros(AD_SHAPE(N)), 0), 0))
CASE(logcumsumexp_bend_top, number_at(ad_logcumsumexp_bend(ones(), vector(), tops(), 0), 0))

/* Gradients by x. */
#define CASE_BY(name, x_, got_)                                                                                        \
    static double name(double c)                                                                                       \
    {                                                                                                                  \
        const ad_tensor x = x_;                                                                                        \
        (void)c;                                                                                                       \
        return got_;                                                                                                   \
    }

CASE_BY(gradient_of_broadcast, few(AD_SHAPE(1), 1), pulled(ad_broadcast_to(x, AD_SHAPE(N)), x, 0))
CASE_BY(gradient_of_repeat, few(AD_SHAPE(1), 1), pulled(ad_repeat(x, AD_SHAPE(N)), x, 0))
CASE_BY(gradient_of_where, few(AD_SHAPE(1), 1), pulled(ad_where(places(), zeros(AD_SHAPE(N)), x), x, 0))
CASE_BY(gradient_of_gather_rows, few(AD_SHAPE(2, 1), 1), pulled(ad_gather_rows(x, places()), x, 0))
CASE_BY(gradient_of_gather, few(AD_SHAPE(2), 1), pulled(ad_gather(x, 0, places()), x, 0))
CASE_BY(gradient_of_product, few(AD_SCALAR, 3), slope(ad_mul(on_path(vector()), x), x, 0))
CASE_BY(gradient_of_max, on_path(vector()), slope(ad_max(x), x, 5))
CASE_BY(gradient_of_cumsum, on_path(vector()), pulled(ad_cumsum(x, 0), x, 0))
CASE_BY(gradient_of_cumsum_backward, on_path(vector()), pulled(ad_cumsum_backward(x, 0), x, N - 1))
CASE_BY(gradient_of_cumprod, on_path(ones()), pulled(ad_cumprod(x, 0), x, 0))
CASE_BY(gradient_of_recurrence, on_path(vector()), pulled(ad_recurrence(ones(), x, 0, AD_FORWARDS), x, 0))
CASE_BY(gradient_of_matmul, few(AD_SHAPE(1, 1), 3), slope(ad_matmul(column(), x), x, 0))
CASE_BY(gradient_of_outer, few(AD_SHAPE(1), 3), slope(ad_outer(x, vector()), x, 0))
CASE_BY(gradient_of_prod_before, on_path(ones()), pulled(ad_prod_before(x, 0), x, 0))
CASE_BY(gradient_of_prod_after, on_path(ones()), pulled(ad_prod_after(x, 0), x, N - 1))
CASE_BY(gradient_of_prod_others, on_path(ones()), slope(ad_prod_others(vector(), x, 0), x, 5))
CASE_BY(gradient_of_cumprod_backward, on_path(ones()), slope(ad_cumprod_backward(vector(), x, 0), x, N - 1))
CASE_BY(gradient_of_deviations, on_path(vector()), pulled(ad_deviations(x, AD_ALL_AXES), x, 1))
/* d logsumexp = e^(x - y), summed up */
CASE_BY(gradient_of_logsumexp, on_path(vector()), slope(ad_logsumexp(x), x, 11))
/* Of v - sum(x v) by x: -v sum(dr), by v: dr - x sum(dr), where the sum of x is 1. */
CASE_BY(gradient_of_weights_of_deviation, on_path(ones()), slope(ad_weighted_deviation(vector(), x, 0), x, 1))
CASE_BY(gradient_of_weighted_deviation, on_path(vector()),
        pulled(ad_weighted_deviation(x, ad_softmax(zeros(AD_SHAPE(N)), 0), 0), x, 1))
CASE_BY(gradient_of_log_softmax_backward, on_path(zeros(AD_SHAPE(N))),
        slope(ad_log_softmax_backward(vector(), x, 0), x, 1))
/* A sum of N shares of a gradient that one element had. */
CASE_BY(gradient_of_spread_ties, few(AD_SHAPE(1), 1),
        pulled(ad_spread_ties(x, zeros(AD_SHAPE(N)), zeros(AD_SHAPE(1)), AD_KEEP_AXES(0)), x, 0))
/* The second, of two equal ones, is the largest so far for all but the first. */
CASE_BY(gradient_of_cummax, on_path(tops()), pulled(ad_cummax(x, 0), x, 1))

static double gradient_of_weights(double c)
{
    const ad_tensor w = few(AD_SHAPE(1, 1), 3), b = few(AD_SHAPE(1), 1);
    (void)c;
    return slope(ad_linear(column(), w, b, AD_IDENTITY), w, 0);
}

static double gradient_of_bias(ad_activation activation)
{
    const ad_tensor w = few(AD_SHAPE(1, 1), 3), b = few(AD_SHAPE(1), 1);
    return pulled(ad_linear(zeros(AD_SHAPE(N, 1)), w, b, activation), b, 0);
}

CASE(gradient_of_identity_bias, gradient_of_bias(AD_IDENTITY))
CASE(gradient_of_relu_bias, gradient_of_bias(AD_RELU))
CASE(gradient_of_tanh_bias, gradient_of_bias(AD_TANH) * cosh(1) * cosh(1))
CASE(gradient_of_softplus_bias, gradient_of_bias(AD_SOFTPLUS) * (1 + exp(-1)))

/* N rows of 0 and 2c, which become -1 and 1. */
static double gradient_of_norm(int which)
{
    ad_tensor p[] = {few(AD_SHAPE(2), 1), few(AD_SHAPE(2), 0)}, d[2];
    const ad_tensor y = ad_layer_norm(of(AD_SHAPE(N, 2)), p[0], p[1], 1e-12);
    ad_vjp(y, ad_ones_like(y), p, 2, d);
    return number_at(d[which], 1);
}

CASE(gradient_of_gain, gradient_of_norm(0))
CASE(gradient_of_norms_bias, gradient_of_norm(1))

/* The weight of class 0 in N / 2 rows of two equal logits: each gives (1 - s + s / 2) ln 2. */
static double gradient_of_class_weight(double c)
{
    const ad_tensor w = few(AD_SHAPE(2), 1), z = zeros(AD_SHAPE(N / 2, 2)),
                    labels = ad_borrow(t, AD_I32, AD_SHAPE(N / 2), nowhere);
    const ad_cross_entropy_options options = {.smoothing = 0.5, .class_weights = w};
    (void)c;
    return slope(ad_softmax_cross_entropy_with(z, labels, &options), w, 0);
}

typedef struct long_case {
    const char *row, *what;
    double (*got)(double c);
    double count, plus; /* wanted: count c + plus */
    bool in_turn;       /* the numbers are 0 and 2 c in turn */
} long_case;

static const long_case cases[] = {
    {"sum", "all", sum_all, N, 0, false},
    {"sum", "rows", sum_rows, N / 4, 0, false},
    {"sum", "columns", sum_columns, N / 4, 0, false},
    {"sum", "wide columns", sum_wide_columns, N / 200, 0, false},
    {"sum", "blocks", sum_in_blocks, N / 2, 0, false},
    {"mean", "all", mean_all, 1, 0, false},
    {"mean", "blocks", mean_in_blocks, 1, 0, false},
    {"sum_squares", "of 0 and 2", sum_squares_all, 0, 2.0 * N, true},
    {"norm", "order 1", norm_1, N, 0, false},
    {"norm", "order 2", norm_2, ROOT_N, 0, false},
    {"var", "of 0 and 2", var_all, 0, 1, true},
    {"var", "blocks", var_in_blocks, 0, 1, true},
    {"std", "of 0 and 2", std_all, 1, 0, true},
    {"dot", "of 0 and 2", dot_all, 0, 2.0 * N, true},
    {"matmul", "inner", matmul_inner, 0, 2.0 * N, true},
    {"matmul", "gradient", gradient_of_matmul, N, 0, false},
    {"matmul_nt", "inner", matmul_nt_inner, 0, 2.0 * N, true},
    {"matmul_tn", "inner", matmul_tn_inner, 0, 2.0 * N, true},
    {"outer", "gradient", gradient_of_outer, N, 0, false},
    {"linear", "inner", linear_inner, 0, 2.0 * N, true},
    {"linear", "weights", gradient_of_weights, N, 0, false},
    {"linear_backward", "identity", gradient_of_identity_bias, N, 0, false},
    {"linear_backward", "relu", gradient_of_relu_bias, N, 0, false},
    {"linear_backward", "tanh", gradient_of_tanh_bias, N, 0, false},
    {"linear_backward", "softplus", gradient_of_softplus_bias, N, 0, false},
    {"cumsum", "last", cumsum_last, N, 0, false},
    {"cumsum", "gradient", gradient_of_cumsum, N, 0, false},
    {"cumsum_backward", "first", cumsum_backward_first, N, 0, false},
    {"cumsum_backward", "gradient", gradient_of_cumsum_backward, N, 0, false},
    {"cumprod", "gradient", gradient_of_cumprod, N, 0, false},
    {"recurrence", "last", recurrence_last, N, 0, false},
    {"recurrence", "gradient", gradient_of_recurrence, N, 0, false},
    {"logsumexp", "all", logsumexp_all, 0, LN_N, false},
    {"logsumexp", "columns", logsumexp_columns, 0, LN_N - 1.3862943611198906, false},
    {"logsumexp", "blocks", logsumexp_in_blocks, 0, LN_N - 0.6931471805599453, false},
    {"logsumexp", "gradient", gradient_of_logsumexp, 0, 1.0 / N, false},
    {"logcumsumexp", "last", logcumsumexp_last, 0, LN_N, false},
    {"softmax", "row", softmax_row, 0, 1.0 / N, false},
    {"softmax", "column", softmax_column, 0, 1.0 / N, false},
    {"log_softmax", "row", log_softmax_row, 0, -LN_N, false},
    {"softmax_cross_entropy", "row", softmax_cross_entropy_row, 0, LN_N, false},
    {"softmax_cross_entropy_with", "row", smoothed, 0, LN_N, false},
    {"softmax_cross_entropy_with", "weights", gradient_of_class_weight, 0, 0.75 * 0.6931471805599453 * N / 2, false},
    {"softmax_backward", "row", softmax_backward_row, -1.0 / N, 0, true},
    {"layer_norm", "row", layer_norm_row, 0, 1, true},
    {"layer_norm_backward", "gain", gradient_of_gain, 0, N, true},
    {"layer_norm_backward", "bias", gradient_of_norms_bias, 0, N, true},
    {"scatter_add_rows", "one place", scatter_rows, N, 0, false},
    {"scatter_add", "one place", scatter_along, N, 0, false},
    {"gather_rows", "gradient", gradient_of_gather_rows, N, 0, false},
    {"gather", "gradient", gradient_of_gather, N, 0, false},
    {"cummax", "gradient", gradient_of_cummax, N - 1, 0, false},
    {"broadcast_to", "gradient", gradient_of_broadcast, N, 0, false},
    {"sum_to", "one", sum_to_one, N, 0, false},
    {"repeat", "gradient", gradient_of_repeat, N, 0, false},
    {"where", "gradient", gradient_of_where, N, 0, false},
    {"mul_backward", "gradient", gradient_of_product, N, 0, false},
    {"mean_ties", "all", mean_ties_all, 1, 0, false},
    {"spread_ties", "gradient", gradient_of_spread_ties, 1, 0, false},
    {"max", "gradient", gradient_of_max, 0, 1.0 / N, false},
    {"prod", "all", prod_all, 0, 1, false},
    {"prod_before", "gradient", gradient_of_prod_before, N - 1, 0, false},
    {"prod_after", "gradient", gradient_of_prod_after, N - 1, 0, false},
    {"prod_others", "gradient", gradient_of_prod_others, 0, N - 1, false},
    {"prod_slope", "any", prod_slope_any, N - 1, 0, false},
    {"cumprod_backward", "first", cumprod_backward_first, N, 0, false},
    {"cumprod_backward", "gradient", gradient_of_cumprod_backward, N - 1, 0, false},
    {"deviations", "of 0 and 2", deviations_all, 1, 0, true},
    {"deviations", "gradient", gradient_of_deviations, 1, 0, true},
    {"weighted_deviation", "of 0 and 2", weighted_deviation_all, 1, 0, true},
    {"weighted_deviation", "gradient", gradient_of_weighted_deviation, 1, 0, true},
    {"weighted_deviation", "gradient by weights", gradient_of_weights_of_deviation, -2.0 * N, 0, true},
    {"log_softmax_backward", "of e^0", log_softmax_backward_sure, 1.0 - N, 0, false},
    {"log_softmax_backward", "of e^-1", log_softmax_backward_unsure, 1 - 0.36787944117144233 * N, 0, false},
    {"log_softmax_backward", "gradient", gradient_of_log_softmax_backward, -N, 0, false},
    {"logcumsumexp_backward", "of equal x", logcumsumexp_backward_first, HARMONIC_N, 0, false},
    {"logcumsumexp_backward", "of two x", logcumsumexp_backward_top, (N - 1) / 2.0, 0, false},
    {"logcumsumexp_slope", "of 0 and 2", logcumsumexp_slope_last, 1, 0, true},
    {"logcumsumexp_bend", "of equal x", logcumsumexp_bend_first, ODD_SQUARES_N - HARMONIC_N, 0, true},
    {"logcumsumexp_bend", "of two x", logcumsumexp_bend_top, -(N - 1) / 2.0, 0, true},
};

/* Rows that add up what can not be long, or what another row adds up for them. */
static const struct {
    const char *row, *why;
} excused[] = {
    {"cholesky", "sums over a side of a matrix"},
    {"cofactor", "sums over a side of a matrix"},
    {"cofactor_inverse", "sums over a side of a matrix"},
    {"cofactor_slope", "sums over a side of a matrix"},
    {"det", "sums over a side of a matrix"},
    {"slogdet", "sums over a side of a matrix"},
    {"slogdet_slope", "sums over the elements of a matrix"},
    {"divide_by_eigen_gaps", "sums over a side of a matrix"},
    {"divide_by_gaps", "sums over a side of a matrix"},
    {"eigh", "sums over a side of a matrix"},
    {"inverse", "sums over a side of a matrix"},
    {"solve", "sums over a side of a matrix"},
    {"solve_triangular", "sums over a side of a matrix"},
    {"trace", "sums over a side of a matrix"},
    {"lstm_cell", "adds two numbers"},
    {"lstm_cell_backward", "adds a few numbers"},
    {"logsumexp_backward", "its rule adds up by sum_to"},
    {"softmax_cross_entropy_backward", "its rule adds up by sum and softmax_backward"},
    {"softmax_cross_entropy_with_backward", "its rule adds up by sum and softmax_backward"},
};

/* ---- Running them ------------------------------------------------------------------------------------------------ */

/* All tests are one process, on one tape: the arrays are made once, and the tape's memory is used again. */
static void open_long(void)
{
    t = ad_tape_open(NULL);
    numbers = malloc(2 * N * sizeof *numbers);
    two_tops = malloc(N * sizeof *two_tops);
    nowhere = calloc(N, sizeof *nowhere);
    ck_assert(t && numbers && two_tops && nowhere);
    for (int i = 0; i < N; i++)
        two_tops[i] = i < 2 ? 0 : -INFINITY;
}

static void close_long(void)
{
    free(numbers);
    free(two_tops);
    free(nowhere);
    ad_tape_close(t);
}

/* After a test that failed too. */
static void reset_long(void)
{
    ad_clear_error(t);
    ad_reset(t);
}

/* Each case is run with ones, and with tenths where the result grows with them: each sum of these is rounded. Runs with
 * the same numbers follow each other. */
typedef struct long_run {
    const long_case *of;
    double c;
} long_run;

static long_run runs[2 * COUNT(cases)];
static int n_runs;

/* OpenBLAS adds up in f32. Of ones it loses nothing. */
static bool is_by_blas(const long_case *k)
{
    return k->got == gradient_of_matmul || k->got == gradient_of_outer || k->got == gradient_of_weights;
}

static void list_runs(void)
{
    for (int numbers_of = 0; numbers_of < 4; numbers_of++)
        for (int k = 0; k < COUNT(cases); k++)
            if (cases[k].in_turn == (numbers_of > 1) &&
                (numbers_of % 2 == 0 || (cases[k].count != 0 && !is_by_blas(&cases[k]))))
                runs[n_runs++] = (long_run){&cases[k], numbers_of % 2 ? (double)0.1F : 1};
}

static void fill(const long_run *r)
{
    static double filled;
    static bool filled_in_turn;
    if (filled == r->c && filled_in_turn == r->of->in_turn)
        return;
    filled = r->c;
    filled_in_turn = r->of->in_turn;
    for (int i = 0; i < 2 * N; i++)
        numbers[i] = filled_in_turn ? (float)(i % 2 ? 2 * filled : 0) : (float)filled;
}

START_TEST(long_sum)
{
    const long_case *k = runs[_i].of;
    const double c = runs[_i].c, want = k->count * c + k->plus;
    fill(&runs[_i]);
    const double got = k->got(c);
    expect_ok(t);
    ck_assert_msg(fabs(got - want) <= 8 * (double)FLT_EPSILON * fabs(want), "%s, %s, of %g: %.9g, wanted %.9g", k->row,
                  k->what, c, got, want);
}
END_TEST

/* An element-wise row: operand i is one number, the others are N; its gradient is N times that of one element. */
static const ad_operator *elementwise_row(int n)
{
    for (size_t r = 0; r < ad_operator_count(); r++) {
        const ad_operator *op = ad_operator_at(r);
        if (op->properties & AD_ELEMENTWISE && op->arity > 1 && !(op->properties & AD_PIECEWISE_CONSTANT) && n-- == 0)
            return op;
    }
    return NULL;
}

/* Where a row is quick, if that is not everywhere: from n + 10 on polygamma needs no recurrence. */
static const struct {
    const char *row;
    int operand;
    double at;
} quick[] = {{"mul_polygamma", 1, 14}};

static double element_of(const ad_operator *op, int i, const checker_numbers *x)
{
    for (int k = 0; k < COUNT(quick); k++)
        if (!strcmp(quick[k].row, op->name) && quick[k].operand == i)
            return quick[k].at;
    return (double)(float)x->at[x->first[i]];
}

/* Operand i is one number, or N in one half of `numbers`, which has room for two operands. */
static ad_tensor operand_of(ad_type type, int64_t n, double value, int half)
{
    const float narrow = (float)value;
    if (n == 1)
        return ad_variable(t, type, AD_SCALAR, type == AD_F32 ? (const void *)&narrow : &value);
    float *x = numbers + half * N;
    for (int64_t i = 0; i < n; i++)
        x[i] = narrow;
    return ad_borrow(t, type, AD_SHAPE(n), x);
}

static double gradient_by(const ad_operator *op, int i, ad_type type, int64_t n, const checker_numbers *x)
{
    const checker_call call = checker_call_of(op, 0);
    ad_tensor operands[AD_SAMPLE_OPERANDS], y;
    for (int k = 0, halves = 0; k < op->arity; k++)
        operands[k] = operand_of(type, k == i ? 1 : n, element_of(op, k, x), k == i ? 0 : halves++);
    ad_apply(t, op, operands, op->arity, call.attributes, &y);
    const double got = slope(y, operands[i], 0);
    ck_assert_msg(ad_status_of(t) == AD_OK, "%s: %s", op->name, ad_message(t));
    ad_reset(t);
    return got;
}

START_TEST(what_was_broadcast)
{
    static checker_numbers x;
    const ad_operator *op = elementwise_row(_i);
    const checker_call call = checker_call_of(op, 0);
    ck_assert_int_le(op->arity, 3);
    checker_draw(&call, 0, &x);
    for (int i = 0; i < op->arity; i++) {
        const double want = N * gradient_by(op, i, AD_F64, 1, &x), got = gradient_by(op, i, AD_F32, N, &x);
        ck_assert_msg(fabs(got - want) <= 32 * (double)FLT_EPSILON * fabs(want), "%s, operand %d: %.9g, wanted %.9g",
                      op->name, i, got, want);
    }
}
END_TEST

/* ---- Every row that adds up is tried ----------------------------------------------------------------------------- */

static bool has_several(const double *j, size_t n, size_t step)
{
    int several = 0;
    for (size_t k = 0; k < n; k++)
        several += j[k * step] != 0;
    return several > 1;
}

/* Whether result j of a call is a sum over operand i, or has a gradient by it that is one. */
static bool adds_up_by(const checker_call *call, const checker_numbers *x, int i, int j)
{
    ad_tensor operands[CHECKER_OPERANDS], y[AD_MAX_RESULTS];
    bool adds = false;
    for (int k = 0; k < call->n_x; k++)
        operands[k] =
            k == i ? ad_variable(t, AD_F64, call->x[k], x->at + x->first[k]) : checker_input(t, AD_F64, call, x, k);
    ad_apply(t, call->row, operands, call->n_x, call->attributes, y);
    const size_t rows = ad_size_of(y[j]), columns = ad_size_of(operands[i]);
    if (ad_type_of(y[j]) == AD_F64 && rows && columns) {
        const ad_tensor jacobian = ad_jacobian(ad_reshape(y[j], AD_SHAPE((int64_t)rows)), operands[i]);
        const double *d = ad_f64(jacobian);
        for (size_t k = 0; d && k < rows; k++)
            adds = adds || has_several(d + k * columns, columns, 1);
        for (size_t k = 0; d && k < columns; k++)
            adds = adds || has_several(d + k, rows, columns);
    }
    ad_clear_error(t);
    ad_reset(t);
    return adds;
}

static bool adds_up(const ad_operator *op)
{
    static checker_numbers x;
    bool adds = false;
    for (int k = 0; k < op->n_samples; k++) {
        const checker_call call = checker_call_of(op, k);
        checker_draw(&call, 0, &x);
        for (int i = 0; i < call.n_x && !adds; i++)
            for (int j = 0; j < checker_result_count(op) && checker_letter(op, i) != 'i'; j++)
                adds = adds || adds_up_by(&call, &x, i, j);
    }
    return adds;
}

static bool is_named(const char *name)
{
    for (int k = 0; k < COUNT(cases); k++)
        if (!strcmp(cases[k].row, name))
            return true;
    for (int k = 0; k < COUNT(excused); k++)
        if (!strcmp(excused[k].row, name))
            return true;
    return false;
}

/* A row that adds up and has no case is a gap. */
static const char no_case[] = "adds numbers up and has no case in long_sums.c";

static bool is_gap(const ad_operator *op)
{
    const unsigned others = AD_NOT_DIFFERENTIABLE | AD_STOPS | AD_ELEMENTWISE;
    return !(op->properties & others) && !is_named(op->name) && adds_up(op);
}

START_TEST(rows_that_add_up_are_found)
{
    int found = 0;
    for (int k = 0; k < COUNT(cases); k++)
        ck_assert_msg(ad_operator_named(cases[k].row), "%s is no row", cases[k].row);
    for (int k = 0; k < COUNT(excused); k++)
        ck_assert_msg(ad_operator_named(excused[k].row), "%s is excused, and is no row", excused[k].row);
    for (size_t r = 0; r < ad_operator_count(); r++)
        found += adds_up(ad_operator_at(r));
    ck_assert_int_gt(found, 60);
    ck_assert(adds_up(ad_operator_named("sum")) && adds_up(ad_operator_named("gather")));
    ck_assert(!adds_up(ad_operator_named("tanh")) && !adds_up(ad_operator_named("reshape")));
}
END_TEST

static int count_elementwise(void)
{
    int n = 0;
    while (elementwise_row(n))
        n++;
    return n;
}

int main(void)
{
    Suite *suite = suite_create("long_sums");
    TCase *tests = tcase_create("long sums");
    list_runs();
    tcase_add_unchecked_fixture(tests, open_long, close_long);
    tcase_add_checked_fixture(tests, NULL, reset_long);
    tcase_add_loop_test(tests, long_sum, 0, n_runs);
    tcase_add_loop_test(tests, what_was_broadcast, 0, count_elementwise());
    tcase_add_test(tests, rows_that_add_up_are_found);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    const int status = run_suites(runner);
    t = ad_tape_open(NULL);
    gaps_print(is_gap, no_case);
    ad_tape_close(t);
    return status;
}
