/* Messages: each says which call failed, names its operands, and what was expected. */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "../support/one_tape.h"

static ad_tensor zeros(ad_shape shape) { return ad_input(t, AD_F32, shape, NULL); }

static ad_tensor named(const char *name, ad_shape shape) { return ad_name(zeros(shape), name); }

static ad_tensor labels(int32_t a, int32_t b) { return ad_input(t, AD_I32, AD_SHAPE(2), (int32_t[]){a, b}); }

static void inner_sizes(void) { ad_matmul(named("x", AD_SHAPE(64, 784)), named("W2", AD_SHAPE(300, 10))); }
static void inner_sizes_nt(void) { ad_matmul_nt(zeros(AD_SHAPE(2, 3)), zeros(AD_SHAPE(3, 2))); }
static void inner_sizes_tn(void) { ad_matmul_tn(zeros(AD_SHAPE(2, 3)), zeros(AD_SHAPE(3, 2))); }
static void matmul_rank(void) { ad_matmul(zeros(AD_SCALAR), named("w", AD_SHAPE(3, 1))); }
static void matmul_leading(void) { ad_matmul(zeros(AD_SHAPE(2, 4, 3)), zeros(AD_SHAPE(5, 3, 4))); }
static void matmul_long(void) { ad_matmul(zeros(AD_SHAPE(2147483648, 0)), zeros(AD_SHAPE(0, 1))); }
static void broadcast(void) { ad_add(named("x", AD_SHAPE(2, 3)), named("b", AD_SHAPE(2))); }
static void mixed_types(void) { ad_mul(named("x", AD_SHAPE(2)), ad_name(INPUTS(0, 0), "y")); }
static void i32_arithmetic(void) { ad_tanh(ad_arange(t, AD_I32, 3)); }
static void real_labels(void) { ad_softmax_cross_entropy(zeros(AD_SHAPE(2, 3)), zeros(AD_SHAPE(2))); }
static void label_high(void) { ad_softmax_cross_entropy(zeros(AD_SHAPE(2, 3)), labels(2, 3)); }
static void label_negative(void) { ad_softmax_cross_entropy(zeros(AD_SHAPE(2, 3)), labels(-1, 0)); }
static void labels_count(void) { ad_softmax_cross_entropy(zeros(AD_SHAPE(3, 4)), labels(0, 0)); }
static void unknown_type(void) { ad_input(t, (ad_type)9, AD_SHAPE(2), NULL); }
static void unknown_cast(void) { ad_cast(INPUTS(0, 0), (ad_type)9); }
static void unknown_full(void) { ad_full(t, AD_TYPE_COUNT, AD_SHAPE(2), 0); }
static void i32_param(void) { ad_param(t, AD_I32, AD_SHAPE(2), NULL, "p"); }
static void i32_variable(void) { ad_variable(t, AD_I32, AD_SHAPE(2), NULL); }
static void negative_size(void) { ad_input(t, AD_F32, AD_SHAPE(2, -3), NULL); }
static void negative_arange(void) { ad_arange(t, AD_F32, -1); }
static void rank_nine(void) { ad_input(t, AD_F32, (ad_shape){.rank = 9}, NULL); }
static void rank_negative(void) { ad_param(t, AD_F32, (ad_shape){.rank = -1}, NULL, "p"); }
static void overflow(void) { ad_input(t, AD_F32, AD_SHAPE(INT64_MAX, 3), NULL); }
static void axis_high(void) { ad_sum_over(named("x", AD_SHAPE(2, 3)), AD_AXES(2)); }
static void axis_low(void) { ad_mean_over(zeros(AD_SHAPE(2, 3)), AD_AXES(0, -3)); }
static void axis_of_scalar(void) { ad_sum_over(ad_scalar(t, 1), AD_AXES(0)); }
static void axis_twice(void) { ad_logsumexp_over(zeros(AD_SHAPE(2, 3)), AD_AXES(1, -1)); }
static void axes_nine(void) { ad_sum_over(zeros(AD_SHAPE(2, 3)), (ad_axes){.count = 9}); }
static void axes_negative(void) { ad_sum_over(zeros(AD_SHAPE(2, 3)), (ad_axes){.count = -1}); }
static void softmax_axis(void) { ad_softmax(zeros(AD_SHAPE(2, 3)), INT_MIN); }
static void max_of_nothing(void) { ad_max_over(zeros(AD_SHAPE(2, 0, 3)), AD_AXES(-2)); }
static void reshape_count(void) { ad_reshape(named("x", AD_SHAPE(2, 3)), AD_SHAPE(4, 2)); }
static void reshape_two(void) { ad_reshape(zeros(AD_SHAPE(2, 3)), AD_SHAPE(-1, -1)); }
static void reshape_rest(void) { ad_reshape(zeros(AD_SHAPE(2, 3)), AD_SHAPE(4, -1)); }
static void transpose_vector(void) { ad_transpose(zeros(AD_SHAPE(3))); }
static void broadcast_narrow(void) { ad_broadcast_to(zeros(AD_SHAPE(2, 3)), AD_SHAPE(3)); }
static void broadcast_misfit(void) { ad_broadcast_to(named("x", AD_SHAPE(2)), AD_SHAPE(2, 3)); }
static void sum_to_misfit(void) { ad_sum_to(named("x", AD_SHAPE(2, 3)), AD_SHAPE(2)); }
static void sum_to_wide(void) { ad_sum_to(zeros(AD_SHAPE(3)), AD_SHAPE(2, 3)); }
static void gather_high(void) { ad_gather_rows(zeros(AD_SHAPE(3, 2)), labels(0, 3)); }
static void gather_negative(void) { ad_gather_rows(zeros(AD_SHAPE(3, 2)), labels(-1, 0)); }
static void gather_scalar(void) { ad_gather_rows(ad_scalar(t, 1), labels(0, 0)); }
static void gather_real(void) { ad_gather_rows(zeros(AD_SHAPE(3, 2)), zeros(AD_SHAPE(2))); }
static void scatter_misfit(void) { ad_scatter_add_rows(zeros(AD_SHAPE(3, 2)), labels(0, 0), 4); }
static void scatter_rows(void) { ad_scatter_add_rows(zeros(AD_SHAPE(2, 2)), labels(0, 0), -4); }
static void cast_nan(void) { ad_cast(ad_input(t, AD_F64, AD_SHAPE(2), (double[]){1, (double)NAN}), AD_I32); }
static void cast_large(void) { ad_cast(ad_scalar(t, 2147483648.0), AD_I32); }
static void full_nan(void) { ad_full(t, AD_I32, AD_SHAPE(2), (double)NAN); }
static void item_of_many(void) { ad_item(zeros(AD_SHAPE(2, 3))); }
static void item_of_none(void) { ad_item(zeros(AD_SHAPE(0))); }
static void f32_of_f64(void) { ad_f32(INPUTS(0, 0)); }
static void f64_of_i32(void) { ad_f64(ad_arange(t, AD_I32, 2)); }
static void i32_of_f32(void) { ad_i32(zeros(AD_SHAPE(2))); }
static void kept_at_high(void) { ad_kept_at(t, 3); }
static void operand_high(void) { ad_operand(ad_add(INPUTS(0, 0), INPUTS(0, 0)), 2); }
static void operand_of_leaf(void) { ad_operand(INPUTS(0, 0), 0); }
static void backward_of_many(void) { ad_backward(ad_exp(ad_variable(t, AD_F32, AD_SHAPE(2, 3), NULL))); }
static void backward_of_constant(void) { ad_backward(ad_sum(INPUTS(0, 0))); }

static void backward_seed(void)
{
    ad_tensor y = ad_exp(ad_variable(t, AD_F32, AD_SHAPE(2), NULL));
    ad_backward_with(y, &(ad_backward_options){.seed = ad_zeros(t, AD_F32, AD_SHAPE(3))});
}

static void gradient_of_input(void) { ad_gradient(ad_name(INPUTS(0, 0), "x")); }

static void gradient_of_inner(void)
{
    ad_tensor y = ad_name(ad_exp(ad_variable(t, AD_F32, AD_SHAPE(2), NULL)), "y");
    ad_backward(ad_sum(y));
    ad_gradient(y);
}

static void gradient_unreached(void)
{
    ad_tensor p = ad_param(t, AD_F32, AD_SHAPE(2), NULL, "p"), q = ad_param(t, AD_F32, AD_SHAPE(2), NULL, "q");
    ad_backward(ad_sum(p));
    ad_gradient(q);
}

static const struct {
    void (*make)(void);
    ad_status status;
    const char *message;
} messages[] = {
    {inner_sizes, AD_BAD_SHAPE, "matmul: inner sizes differ: x [64,784] by W2 [300,10]"},
    {inner_sizes_nt, AD_BAD_SHAPE, "matmul_nt: inner sizes differ: [2,3] by [3,2]"},
    {inner_sizes_tn, AD_BAD_SHAPE, "matmul_tn: inner sizes differ: [2,3] by [3,2]"},
    {matmul_rank, AD_BAD_SHAPE, "matmul: a scalar has no axis to multiply over: use ad_mul: [] by w [3,1]"},
    {matmul_leading, AD_BAD_SHAPE, "matmul: leading sizes do not broadcast: [2,4,3] by [5,3,4]"},
    {matmul_long, AD_BAD_SHAPE, "matmul: a matrix has more than 2147483647 rows or columns: [2147483648,0] by [0,1]"},
    {broadcast, AD_BAD_SHAPE,
     "add: shapes do not broadcast: x [2,3] with b [2]: sizes must be equal or 1, from the last axis"},
    {mixed_types, AD_BAD_TYPE, "mul: types differ: x [2] is f32, y [2] is f64; convert one with ad_cast"},
    {i32_arithmetic, AD_BAD_TYPE, "tanh: operand 0, [3], is i32: it must be f32 or f64; convert it with ad_cast"},
    {real_labels, AD_BAD_TYPE, "softmax_cross_entropy: operand 1, [2], is f32: it must be i32"},
    {label_high, AD_BAD_VALUE, "softmax_cross_entropy: label 3 of row 1 is out of range: there are 3 classes, from 0"},
    {label_negative, AD_BAD_VALUE,
     "softmax_cross_entropy: label -1 of row 0 is out of range: there are 3 classes, from 0"},
    {labels_count, AD_BAD_SHAPE, "softmax_cross_entropy: logits must be [n,c] and labels [n]: they are [3,4] and [2]"},
    {unknown_type, AD_BAD_TYPE, "input: type 9 is none of AD_F32, AD_F64, AD_I32"},
    {unknown_cast, AD_BAD_TYPE, "cast: type 9 is none of AD_F32, AD_F64, AD_I32"},
    {unknown_full, AD_BAD_TYPE, "full: type 3 is none of AD_F32, AD_F64, AD_I32"},
    {i32_param, AD_BAD_TYPE, "param: an i32 tensor has no gradient: use ad_input, or f32 or f64"},
    {i32_variable, AD_BAD_TYPE, "variable: an i32 tensor has no gradient: use ad_input, or f32 or f64"},
    {negative_size, AD_BAD_SHAPE, "input: size -3 of axis 1 is negative in [2,-3]"},
    {negative_arange, AD_BAD_SHAPE, "arange: size -1 of axis 0 is negative in [-1]"},
    {rank_nine, AD_BAD_SHAPE, "input: rank 9: it must be 0 to 8"},
    {rank_negative, AD_BAD_SHAPE, "param: rank -1: it must be 0 to 8"},
    {overflow, AD_BAD_SHAPE, "input: shape [9223372036854775807,3] has too many elements for this machine's memory"},
    {axis_high, AD_BAD_SHAPE, "sum: axis 2 is out of range for x [2,3]: it has 2 axes, 0 to 1 or -1 to -2"},
    {axis_low, AD_BAD_SHAPE, "mean: axis -3 is out of range for [2,3]: it has 2 axes, 0 to 1 or -1 to -2"},
    {axis_of_scalar, AD_BAD_SHAPE, "sum: axis 0 is out of range for []: a scalar has no axes"},
    {axis_twice, AD_BAD_SHAPE, "logsumexp: axis -1 is given twice"},
    {axes_nine, AD_BAD_SHAPE, "sum: 9 axes are given: there can be 0 (all) to 8"},
    {axes_negative, AD_BAD_SHAPE, "sum: -1 axes are given: there can be 0 (all) to 8"},
    {softmax_axis, AD_BAD_SHAPE,
     "softmax: axis -2147483648 is out of range for [2,3]: it has 2 axes, 0 to 1 or -1 to -2"},
    {max_of_nothing, AD_BAD_SHAPE, "max: axis 1 of [2,0,3] is empty: there is no largest of nothing"},
    {reshape_count, AD_BAD_SHAPE, "reshape: x [2,3] has 6 elements, [4,2] has 8: they must be as many"},
    {reshape_two, AD_BAD_SHAPE, "reshape: the size -1 in [-1,-1] cannot be inferred from [2,3]"},
    {reshape_rest, AD_BAD_SHAPE, "reshape: the size -1 in [4,-1] cannot be inferred from [2,3]"},
    {transpose_vector, AD_BAD_SHAPE, "transpose: [3] has less than two axes"},
    {broadcast_narrow, AD_BAD_SHAPE,
     "broadcast_to: [2,3] does not broadcast to [3]: sizes must be equal or 1, from the last axis"},
    {broadcast_misfit, AD_BAD_SHAPE,
     "broadcast_to: x [2] does not broadcast to [2,3]: sizes must be equal or 1, from the last axis"},
    {sum_to_misfit, AD_BAD_SHAPE, "sum_to: x [2,3] is not [2] broadcast: it cannot be summed to it"},
    {sum_to_wide, AD_BAD_SHAPE, "sum_to: [3] is not [2,3] broadcast: it cannot be summed to it"},
    {gather_high, AD_BAD_VALUE, "gather_rows: row number 3 at place 1 is out of range: there are 3 rows"},
    {gather_negative, AD_BAD_VALUE, "gather_rows: row number -1 at place 0 is out of range: there are 3 rows"},
    {gather_scalar, AD_BAD_SHAPE, "gather_rows: [] has no rows, or too many axes with those of its row numbers"},
    {gather_real, AD_BAD_TYPE, "gather_rows: operand 1, [2], is f32: it must be i32"},
    {scatter_misfit, AD_BAD_SHAPE, "scatter_add_rows: [3,2] does not begin with the axes of its row numbers [2]"},
    {scatter_rows, AD_BAD_SHAPE, "scatter_add_rows: -4 rows are asked for: it must be 0 or more"},
    {cast_nan, AD_BAD_VALUE, "cast: nan at place 1 does not fit into i32"},
    {cast_large, AD_BAD_VALUE, "cast: 2.14748e+09 at place 0 does not fit into i32"},
    {full_nan, AD_BAD_VALUE, "full: nan is no i32"},
    {item_of_many, AD_BAD_SHAPE, "item: the tensor [2,3] has not one element: read it with ad_data"},
    {item_of_none, AD_BAD_SHAPE, "item: the tensor [0] has not one element: read it with ad_data"},
    {f32_of_f64, AD_BAD_TYPE, "f32: the tensor is f64: read it with ad_f64, or ad_cast it"},
    {f64_of_i32, AD_BAD_TYPE, "f64: the tensor is i32: read it with ad_i32, or ad_cast it"},
    {i32_of_f32, AD_BAD_TYPE, "i32: the tensor is f32: read it with ad_f32, or ad_cast it"},
    {kept_at_high, AD_BAD_VALUE, "kept_at: index 3 is out of range: the tape keeps 0 tensors"},
    {operand_high, AD_BAD_VALUE, "operand: there is no operand 2: add has 2"},
    {operand_of_leaf, AD_BAD_VALUE, "operand: there is no operand 0: input has 0"},
    {backward_of_many, AD_BAD_SHAPE,
     "backward: the tensor [2,3] is not a scalar: reduce it (ad_sum, ad_mean) or give a seed"},
    {backward_of_constant, AD_BAD_STATE,
     "backward: the tensor depends on no parameter or variable: nothing wants a gradient; what ad_detach, ad_input, "
     "ad_local_gradient and ad_return_to give is a constant: ad_variable and ad_param make what wants one; where the derivative of a gradient is meant, give ad_backward_with "
     ".differentiable = true, or take ad_grad"},
    {backward_seed, AD_BAD_SHAPE, "backward: the seed is [3] of f32, the tensor [2] of f32: they must be equal"},
    {gradient_of_input, AD_NO_GRADIENT, "the gradient of x was not computed: it depends on no parameter or variable"},
    {gradient_of_inner, AD_NO_GRADIENT,
     "the gradient of y was not computed: it is an inner tensor: run ad_backward_with(.keep = true)"},
    {gradient_unreached, AD_NO_GRADIENT,
     "the gradient of q was not computed: ad_backward was not run since, or its loss does not depend on this tensor"},
};

START_TEST(messages_name_the_operands_and_what_was_expected)
{
    messages[_i].make();
    ck_assert_str_eq(ad_message(t), messages[_i].message);
    expect_recovery(t, messages[_i].status, "");
}
END_TEST

START_TEST(messages_hold_long_names)
{
    char name[3000];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    ad_tensor x = named(name, AD_SHAPE(2, 3)), p = ad_param(t, AD_F32, AD_SHAPE(3, 2), NULL, name);
    ck_assert_str_eq(ad_name_of(x), name);
    ck_assert_str_eq(ad_name_of(p), name);
    ad_add(x, p);
    ck_assert(strstr(ad_message(t), " [3,2]"));
    expect_recovery(t, AD_BAD_SHAPE, "nnnn [2,3] with nnnn");
    ad_descend(p, 1);
    ck_assert_uint_gt(strlen(ad_message(t)), 100);
    expect_recovery(t, AD_NO_GRADIENT, "nnnn");
    ad_gradient(p);
    expect_recovery(t, AD_NO_GRADIENT, "nnnn");
}
END_TEST

/* Eight axes with the widest sizes and names: the longest message that shapes can make. */
START_TEST(messages_hold_the_longest_shapes)
{
    const int64_t m = INT64_MAX;
    ad_tensor x = zeros(AD_SHAPE(m, m, m, m, m, m, m, 0)), y = zeros(AD_SHAPE(m, m, m, m, m, m, m - 1, 0));
    expect_ok(t);
    ad_add(x, y);
    expect_recovery(t, AD_BAD_SHAPE, "9223372036854775806,0]: sizes must be equal or 1");
    ad_input(t, AD_F32, (ad_shape){8, {m, m, m, m, m, m, m, INT64_MIN}}, NULL);
    expect_recovery(t, AD_BAD_SHAPE, "size -9223372036854775808 of axis 7 is negative");
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, messages_name_the_operands_and_what_was_expected, 0, COUNT(messages));
    tcase_add_test(tests, messages_hold_long_names);
    tcase_add_test(tests, messages_hold_the_longest_shapes);
}

int main(void) { return run_on_one_tape("messages", add_tests); }
