/* Rules: what a descriptor can say, that a wrong rule is found, how gradients are made and kept, and the conventions at
 * kinks and edges. */
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <gradtape/operators/backward.h>

#include "checker.h"
#include "suite.h"

/* ---- Helpers ------------------------------------------------------------------------------------------------- */

static double number_at(ad_tensor x, size_t i)
{
    if (ad_type_of(x) == AD_F32)
        return (double)ad_f32(x)[i];
    return ad_type_of(x) == AD_F64 ? ad_f64(x)[i] : (double)ad_i32(x)[i];
}

static void assert_ok(const ad_tape *t) { ck_assert_msg(ad_status_of(t) == AD_OK, "%s", ad_message(t)); }

/* Each number is within `tolerance`, relative where it is larger than 1; NaN for NaN, an infinity for itself. */
static void assert_numbers(int line, ad_tensor x, const double *want, size_t n, double tolerance)
{
    ck_assert_msg(ad_size_of(x) == n, "line %d: %zu numbers instead of %zu: %s", line, ad_size_of(x), n,
                  ad_message(x.tape));
    for (size_t i = 0; i < n; i++) {
        const double got = number_at(x, i);
        const bool same = got == want[i] || (isnan(got) && isnan(want[i]));
        ck_assert_msg(same || fabs(got - want[i]) <= tolerance * fmax(1, fabs(want[i])),
                      "line %d: element %zu is %.17g instead of %.17g", line, i, got, want[i]);
    }
}

#define NUMBERS(...) (const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / sizeof(double)
#define ASSERT_NEAR(x, tolerance, ...) assert_numbers(__LINE__, x, NUMBERS(__VA_ARGS__), tolerance)
#define ASSERT_EXACT(x, ...) ASSERT_NEAR(x, 0, __VA_ARGS__)

/* Parameters and inputs of f64: a scalar, and as many numbers as are given. */
#define PARAM(t, value, name) ad_param(t, AD_F64, AD_SCALAR, &(double){value}, name)
#define PARAMS(t, name, ...) make_param(t, name, NUMBERS(__VA_ARGS__))
#define INPUTS(t, ...) make_input(t, NUMBERS(__VA_ARGS__))

static ad_tensor make_param(ad_tape *t, const char *name, const double *values, size_t n)
{
    return ad_param(t, AD_F64, AD_SHAPE((int64_t)n), values, name);
}

static ad_tensor make_input(ad_tape *t, const double *values, size_t n)
{
    return ad_input(t, AD_F64, AD_SHAPE((int64_t)n), values);
}

/* The tape is in error, with this status and a message that says this; then the error is cleared. */
static void assert_fails(int line, ad_tape *t, ad_status status, const char *fragment)
{
    ck_assert_msg(ad_status_of(t) == status, "line %d: %s instead of %s: %s", line, ad_status_name(ad_status_of(t)),
                  ad_status_name(status), ad_message(t));
    ck_assert_msg(strstr(ad_message(t), fragment) != NULL, "line %d: the message does not say '%s': %s", line, fragment,
                  ad_message(t));
    ck_assert_int_eq(ad_clear_error(t), status);
}

#define ASSERT_FAILS(t, status, fragment) assert_fails(__LINE__, t, status, fragment)

/* Differentiates again what may be differentiated again. */
static ad_tensor derivative(ad_tensor y, ad_tensor x)
{
    ad_backward_with(y, &(ad_backward_options){.differentiable = true});
    return ad_gradient(x);
}

/* ---- An operator that uses all that a row can have ----------------------------------------------------------- */

/* fold(x_0, ..., x_n-1) of operands of one shape, with attributes a (real), k (integer) and axes (one axis, kept):
 *   result 0      a sum_i sum over axes of x_i^k
 *   result 1      |x_0 x_1 ... x_n-1|
 *   by-product 2  the sign of that product, which is constant wherever the product is not 0
 *   dx_i = a k x_i^(k-1) dy_0, broadcast, + sign dy_1 times the product of the other operands */

enum { FOLD_SUM, FOLD_PRODUCT, FOLD_SIGN };

static double get(const ad_value *x, size_t i)
{
    return x->type == AD_F32 ? (double)((const float *)x->data)[i] : ((const double *)x->data)[i];
}

static void set(ad_value *y, size_t i, double value)
{
    if (y->type == AD_F32)
        ((float *)y->data)[i] = (float)value;
    else
        ((double *)y->data)[i] = value;
}

static int fold_axis(const ad_axes *axes, int rank) { return axes->axis[0] < 0 ? axes->axis[0] + rank : axes->axis[0]; }

static void fold_shape(ad_call *c)
{
    ad_shape sum = *c->x[0]->shape;
    const ad_axes *axes = &c->attributes[2].axes;
    const int axis = fold_axis(axes, sum.rank);
    if (axes->count != 1 || !axes->keep || axis < 0 || axis >= sum.rank) {
        ad_call_fail(c, AD_BAD_SHAPE, "it takes one axis, kept");
        return;
    }
    sum.dims[axis] = 1;
    ad_result(c, FOLD_SUM, (ad_type)c->x[0]->type, &sum);
    ad_result(c, FOLD_PRODUCT, (ad_type)c->x[0]->type, c->x[0]->shape);
    ad_result(c, FOLD_SIGN, (ad_type)c->x[0]->type, c->x[0]->shape);
}

/* Where element i of the operands goes in the sum. */
static size_t fold_place(const ad_call *c, size_t i)
{
    const ad_shape *x = c->x[0]->shape;
    size_t inner = 1;
    const int axis = fold_axis(&c->attributes[2].axes, x->rank);
    for (int k = axis + 1; k < x->rank; k++)
        inner *= (size_t)x->dims[k];
    return i / (inner * (size_t)x->dims[axis]) * inner + i % inner;
}

static void fold_run(ad_call *c)
{
    const size_t n = ad_elements(c->y[FOLD_SUM]);
    double *sum = ad_scratch(c, n, sizeof *sum);
    if (!sum)
        return;
    memset(sum, 0, n * sizeof *sum);
    for (size_t i = 0; i < ad_elements(c->x[0]); i++) {
        double product = 1;
        for (int k = 0; k < c->n_x; k++) {
            sum[fold_place(c, i)] += pow(get(c->x[k], i), (double)c->attributes[1].integer);
            product *= get(c->x[k], i);
        }
        set(c->y[FOLD_PRODUCT], i, fabs(product));
        set(c->y[FOLD_SIGN], i, product < 0 ? -1 : 1);
    }
    for (size_t i = 0; i < n; i++)
        set(c->y[FOLD_SUM], i, c->attributes[0].real * sum[i]);
}

static ad_tensor fold_others(ad_pullback *p, int i)
{
    ad_tensor product = ad_ones_like(ad_x(p, i));
    for (int k = 0; k < ad_x_count(p); k++)
        if (k != i)
            product = ad_mul(product, ad_x(p, k));
    return product;
}

static void fold_vjp(ad_pullback *p)
{
    const double a = ad_attribute_at(p, 0)->real, k = (double)ad_attribute_at(p, 1)->integer;
    for (int i = 0; i < ad_x_count(p); i++) {
        if (!ad_wants(p, i))
            continue;
        ad_give(p, i, ad_mul(ad_scale(ad_pow_constant(ad_x(p, i), k - 1), a * k), ad_dy_at(p, FOLD_SUM)));
        ad_give(p, i, ad_mul(ad_mul(fold_others(p, i), ad_y_at(p, FOLD_SIGN)), ad_dy_at(p, FOLD_PRODUCT)));
    }
}

#define BESIDE_ZERO                                                                                                    \
    {                                                                                                                  \
        .low = -1.4, .high = 1.4, .gap = 0.7                                                                           \
    }

static const ad_operator fold = {
    .name = "fold",
    .arity = AD_VARIADIC,
    .n_results = 2,
    .n_byproducts = 1,
    .attributes = {{"a", AD_ATTRIBUTE_REAL}, {"k", AD_ATTRIBUTE_INTEGER}, {"axes", AD_ATTRIBUTE_AXES}},
    .shape = fold_shape,
    .run = fold_run,
    .vjp = fold_vjp,
    .domain = {BESIDE_ZERO, BESIDE_ZERO, BESIDE_ZERO, BESIDE_ZERO}};

static const ad_attribute fold_attributes[AD_MAX_ATTRIBUTES] = {
    {.real = 0.5}, {.integer = 3}, {.axes = {1, true, {-1}}}};

static checker_call fold_call(int n, ad_shape shape)
{
    checker_call call = {.row = &fold, .n_x = n};
    memcpy(call.attributes, fold_attributes, sizeof fold_attributes);
    for (int i = 0; i < n; i++)
        call.x[i] = shape;
    return call;
}

/* x_i has the elements 1 + i and -2: of n operands the sum is (sum (1+i)^3 - 8 n) / 2, the product n! and 2^n. */
START_TEST(fold_computes)
{
    static const int counts[] = {1, 3, 20};
    const int n = counts[_i / 2];
    const ad_type type = _i % 2 ? AD_F32 : AD_F64;
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x[20], y[AD_MAX_RESULTS], untouched = {.id = 77};
    double cubes = 0, factorial = 1;
    for (int i = 0; i < n; i++) {
        x[i] = ad_cast(INPUTS(t, 1 + i, -2), type);
        cubes += pow(1 + i, 3);
        factorial *= 1 + i;
    }
    y[2] = y[3] = untouched;
    ad_apply(NULL, &fold, x, n, fold_attributes, y);
    assert_ok(t);
    ASSERT_NEAR(y[0], 1e-6, 0.5 * (cubes - 8 * n));
    ASSERT_NEAR(y[1], 1e-6, factorial, pow(2, n));
    ck_assert_msg(y[2].id == 77, "a by-product is given to the caller");
    ck_assert_str_eq(ad_made_by(y[1]), "fold");
    ck_assert_int_eq(ad_operand_count(y[1]), n);
    ck_assert_uint_eq(ad_operand(y[1], n - 1).id, x[n - 1].id);
    ad_tape_close(t);
}
END_TEST

START_TEST(fold_has_right_gradients)
{
    static const int counts[] = {1, 3, 20};
    static const ad_shape shapes[] = {{1, {4}}, {2, {2, 3}}, {2, {0, 3}}};
    const checker_call call = fold_call(counts[_i / 3], shapes[_i % 3]);
    const char *wrong = checker_gradients(&call);
    ck_assert_msg(!wrong[0], "fold of %d: %s", call.n_x, wrong);
}
END_TEST

/* One tensor as each of 20 operands. */
START_TEST(fold_of_one_tensor)
{
    checker_call call = fold_call(20, AD_SHAPE(2, 2));
    call.same_operand = true;
    const char *wrong = checker_gradients(&call);
    ck_assert_msg(!wrong[0], "%s", wrong);
}
END_TEST

/* A result whose gradient was not computed counts as zero: of x = (2, -3) and z = (-5, 7) only one result is used. */
START_TEST(fold_with_one_result_used)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = PARAMS(t, "x", 2, -3), z = PARAMS(t, "z", -5, 7), y[AD_MAX_RESULTS];
    ad_apply(NULL, &fold, (const ad_tensor[]){x, z}, 2, fold_attributes, y);
    for (int way = 0; way < 3; way++) {
        const ad_backward_options options = {.keep = way == 1, .differentiable = way == 2};
        ad_backward_with(ad_sum(y[FOLD_PRODUCT]), &options);
        ASSERT_EXACT(ad_gradient(x), 5, -7);
        ASSERT_EXACT(ad_gradient(z), -2, 3);
        ck_assert(!ad_has_gradient(y[FOLD_SUM]));
        ad_backward_with(ad_sum(y[FOLD_SUM]), &options);
        ASSERT_EXACT(ad_gradient(x), 1.5 * 4, 1.5 * 9);
        ASSERT_EXACT(ad_gradient(z), 1.5 * 25, 1.5 * 49);
        ck_assert(!ad_has_gradient(y[FOLD_PRODUCT]));
    }
    assert_ok(t);
    ad_tape_close(t);
}
END_TEST

/* Each result is a tensor like any other: a seed for it, its gradient kept, its local derivatives. */
START_TEST(fold_results_one_by_one)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = PARAMS(t, "x", 2, -3), z = PARAMS(t, "z", -5, 7), y[AD_MAX_RESULTS];
    ad_apply(NULL, &fold, (const ad_tensor[]){x, z}, 2, fold_attributes, y);
    ad_backward_with(y[FOLD_PRODUCT], &(ad_backward_options){.seed = INPUTS(t, 1, 10), .keep = true});
    ASSERT_EXACT(ad_gradient(y[FOLD_PRODUCT]), 1, 10);
    ASSERT_EXACT(ad_gradient(x), 5, -70);
    ASSERT_EXACT(ad_local_gradient(y[FOLD_PRODUCT], 0), 5, -7);
    ASSERT_EXACT(ad_local_gradient(y[FOLD_SUM], 1), 37.5, 73.5);
    ASSERT_EXACT(ad_gradient(x), 5, -70);
    assert_ok(t);
    ad_tape_close(t);
}
END_TEST

/* Variadic means at least one; a rule is not asked for operands that want no gradient. */
START_TEST(fold_edges)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = PARAMS(t, "x", 2, -3), constant = INPUTS(t, 4, 4), y[AD_MAX_RESULTS];
    ad_apply(t, &fold, NULL, 0, fold_attributes, y);
    ck_assert(ad_is_inert(y[0]) && ad_is_inert(y[1]));
    ASSERT_FAILS(t, AD_BAD_VALUE, "fold: 0 operands are given, it takes at least 1");
    ad_attribute two_axes[AD_MAX_ATTRIBUTES];
    memcpy(two_axes, fold_attributes, sizeof two_axes);
    two_axes[2].axes = AD_AXES(0, 0);
    ad_apply(t, &fold, &x, 1, two_axes, y);
    ck_assert(ad_is_inert(y[0]) && ad_is_inert(y[1]));
    ASSERT_FAILS(t, AD_BAD_SHAPE, "fold: it takes one axis, kept");
    ad_apply(t, &fold, (const ad_tensor[]){constant, x}, 2, fold_attributes, y);
    ad_backward_with(ad_sum(y[FOLD_PRODUCT]), &(ad_backward_options){.keep = true});
    ASSERT_EXACT(ad_gradient(x), 4, -4);
    ck_assert(!ad_has_gradient(constant));
    assert_ok(t);
    ad_tape_close(t);
}
END_TEST

/* ---- Descriptors with a missing part ------------------------------------------------------------------------- */

static void no_run(ad_call *c) { (void)c; }
static void no_vjp(ad_pullback *p) { (void)p; }
static void no_result(ad_call *c) { (void)c; }

static void second_result_only(ad_call *c) { ad_result(c, 1, AD_F64, c->x[0]->shape); }

static void one_result_twice(ad_call *c)
{
    ad_result(c, 0, AD_F64, c->x[0]->shape);
    ad_result(c, 0, AD_F64, c->x[0]->shape);
}

static void unknown_type(ad_call *c) { ad_result(c, 0, (ad_type)9, c->x[0]->shape); }
static void no_shape(ad_call *c) { ad_result(c, 0, AD_F64, NULL); }

static void negative_size(ad_call *c) { ad_result(c, 0, AD_F64, &AD_SHAPE(-4)); }

#define COMPLETE .arity = 1, .run = no_run, .vjp = no_vjp

static const struct {
    ad_operator op;
    ad_status status;
    const char *message;
} incomplete[] = {
    {{.name = NULL, COMPLETE, .shape = ad_same_shape}, AD_BAD_VALUE, "no name"},
    {{.name = "mine", COMPLETE}, AD_BAD_VALUE, "mine: the operator has no shape rule"},
    {{.name = "mine", .arity = 1, .shape = ad_same_shape, .vjp = no_vjp},
     AD_BAD_VALUE,
     "mine: the operator has no kernel"},
    {{.name = "mine", .arity = 1, .shape = ad_same_shape, .run = no_run},
     AD_BAD_VALUE,
     "mine: the operator has no gradient rule"},
    {{.name = "mine", COMPLETE, .shape = ad_same_shape, .n_results = AD_MAX_RESULTS + 1},
     AD_BAD_VALUE,
     "mine: the operator has too many"},
    {{.name = "mine", COMPLETE, .shape = ad_same_shape, .n_results = AD_MAX_RESULTS, .n_byproducts = 1},
     AD_BAD_VALUE,
     "too many"},
    {{.name = "mine", COMPLETE, .shape = ad_same_shape, .n_results = -1}, AD_BAD_VALUE, "mine: the operator has"},
    {{.name = "mine", .run = no_run, .vjp = no_vjp, .shape = ad_same_shape, .arity = -2},
     AD_BAD_VALUE,
     "mine: the operator has a negative arity that is not AD_VARIADIC"},
    {{.name = "mine", COMPLETE, .shape = ad_same_shape, .n_results = INT_MAX, .n_byproducts = INT_MAX},
     AD_BAD_VALUE,
     "mine: the operator has too many results and by-products"},
    {{.name = "mine", COMPLETE, .shape = ad_same_shape, .attributes = {{0}, {"k", AD_ATTRIBUTE_REAL}}},
     AD_BAD_VALUE,
     "mine: the operator has a gap in its attributes: those without a kind must be the last"},
    {{.name = "mine", COMPLETE, .shape = ad_same_shape, .types = "q"},
     AD_BAD_VALUE,
     "mine: the operator has the letter 'q' in its types: it must be r, i or *"},
    {{.name = "mine", .arity = 1, .shape = ad_same_shape, .vjp = no_vjp, .properties = AD_VIEW, .n_results = 2},
     AD_BAD_VALUE,
     "mine: the operator has no kernel (run) for its other results: a view is result 0 alone"},
    {{.name = "mine", COMPLETE, .shape = no_result}, AD_BAD_STATE, "mine: its shape rule gives too few"},
    {{.name = "mine", COMPLETE, .shape = second_result_only, .n_results = 2}, AD_BAD_STATE, "mine: its shape rule"},
    {{.name = "mine", COMPLETE, .shape = one_result_twice, .n_results = 2}, AD_BAD_STATE, "mine: its shape rule"},
    {{.name = "mine", COMPLETE, .shape = unknown_type}, AD_BAD_STATE, "mine: its shape rule"},
    {{.name = "mine", COMPLETE, .shape = ad_same_shape, .properties = AD_RANDOM},
     AD_BAD_VALUE,
     "mine: the operator has AD_RANDOM, and no integer as its last attribute: the number of the draw"},
    {{.name = "mine", COMPLETE, .shape = ad_same_shape, .properties = AD_SHARES_TIES},
     AD_BAD_VALUE,
     "mine: the operator has AD_SHARES_TIES, and neither two operands nor axes as its first attribute"},
    {{.name = "mine", COMPLETE, .shape = no_shape},
     AD_BAD_STATE,
     "mine: its shape rule gives result 0 of type 1 and no shape: it must give 0 to 0, once each, in order"},
    {{.name = "mine", COMPLETE, .shape = negative_size}, AD_BAD_SHAPE, "mine"},
    {{.name = "mine", .run = no_run, .vjp = no_vjp, .shape = ad_same_shape, .arity = 2},
     AD_BAD_VALUE,
     "mine: 1 operands"},
};

/* Refused at first use, and nothing is recorded; the tape works again. */
START_TEST(incomplete_descriptors)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = PARAMS(t, "x", 1, 2), y[AD_MAX_RESULTS + 1] = {{0}};
    ad_apply(t, &incomplete[_i].op, &x, 1, NULL, y);
    ck_assert(ad_is_inert(y[0]));
    ck_assert_uint_eq(ad_entry_count(t), 0);
    ASSERT_FAILS(t, incomplete[_i].status, incomplete[_i].message);
    ASSERT_EXACT(ad_square(x), 1, 4);
    ad_tape_close(t);
}
END_TEST

START_TEST(no_descriptor)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = PARAMS(t, "x", 1, 2);
    ck_assert_msg(ad_is_inert(ad_apply1(NULL, x)), "ad_apply1 gives a result for no operator");
    ASSERT_FAILS(t, AD_BAD_VALUE, "no descriptor");
    ck_assert_msg(ad_is_inert(ad_apply2(NULL, x, x)), "ad_apply2 gives a result for no operator");
    ASSERT_FAILS(t, AD_BAD_VALUE, "no descriptor");
    ad_tape_close(t);
}
END_TEST

/* ---- Wrong rules are found ----------------------------------------------------------------------------------- */

static void tanh_without_square(ad_pullback *p)
{
    ad_tensor one_less = ad_shift(ad_neg(ad_y(p)), 1);
    ad_give(p, 0, ad_mul(one_less, ad_dy(p)));
}

static void tanh_with_flipped_sign(ad_pullback *p) { ad_give(p, 0, ad_neg(ad_tanh_backward(ad_dy(p), ad_y(p)))); }
static void square_without_factor(ad_pullback *p) { ad_give(p, 0, ad_mul(ad_x(p, 0), ad_dy(p))); }
static void square_almost_right(ad_pullback *p) { ad_give(p, 0, ad_mul(ad_scale(ad_x(p, 0), 2.000001), ad_dy(p))); }
static void relu_the_wrong_way(ad_pullback *p) { ad_give(p, 0, ad_where_not_positive(ad_dy(p), ad_x(p, 0))); }
static void nothing_given(ad_pullback *p) { (void)p; }

static void mul_without_second_operand(ad_pullback *p) { ad_give(p, 0, ad_mul(ad_x(p, 1), ad_dy(p))); }

static void div_without_sign(ad_pullback *p)
{
    ad_tensor da = ad_div(ad_dy(p), ad_x(p, 1));
    ad_give(p, 0, da);
    ad_give(p, 1, ad_mul(ad_y(p), da));
}

static void sub_given_twice(ad_pullback *p)
{
    ad_give(p, 0, ad_dy(p));
    ad_give(p, 0, ad_dy(p));
    ad_give(p, 1, ad_neg(ad_dy(p)));
}

/* Right at the first order only: the second sees a constant. */
static void tanh_detached(ad_pullback *p) { ad_give(p, 0, ad_tanh_backward(ad_dy(p), ad_detach(ad_y(p)))); }

/* As if the mean were the sum. */
static void mean_not_divided(ad_pullback *p) { ad_give(p, 0, ad_mul(ad_ones_like(ad_x(p, 0)), ad_sum(ad_dy(p)))); }

static void matmul_with_operands_exchanged(ad_pullback *p)
{
    ad_give(p, 0, ad_transpose(ad_matmul_nt(ad_x(p, 1), ad_dy(p))));
    ad_give(p, 1, ad_scale(ad_matmul_tn(ad_x(p, 0), ad_dy(p)), 1.5));
}

/* A gradient to an operand in which the row says that it is constant. */
static void times_sign_with_a_gradient_of_the_sign(ad_pullback *p)
{
    ad_give(p, 0, ad_times_sign(ad_dy(p), ad_x(p, 1)));
    ad_give(p, 1, ad_mul(ad_x(p, 0), ad_dy(p)));
}

static void step_as_if_logistic(ad_pullback *p) { ad_give(p, 0, ad_mul(ad_logistic(ad_x(p, 0)), ad_dy(p))); }

static const struct {
    const char *row;
    void (*vjp)(ad_pullback *pullback);
    const char *found; /* what the check must say of it */
} wrong_rules[] = {
    {"tanh", tanh_without_square, "order 1, q0: the gradient is wrong"},
    {"tanh", tanh_with_flipped_sign, "order 1, q0: the gradient is wrong"},
    {"tanh", tanh_detached, "order 2, q0: the gradient is wrong"},
    {"tanh", nothing_given, "order 1, q0: the gradient is missing"},
    {"square", square_without_factor, "order 1, q0: the gradient is wrong"},
    {"square", square_almost_right, "order 1, q0: the gradient is wrong"},
    {"relu", relu_the_wrong_way, "order 1, q0: the gradient is wrong"},
    {"mul", mul_without_second_operand, "order 1, q1: the gradient is missing"},
    {"div", div_without_sign, "order 1, q1: the gradient is wrong"},
    {"sub", sub_given_twice, "order 1, q0: the gradient is wrong"},
    {"mean", mean_not_divided, "order 1, q0: the gradient is wrong"},
    {"matmul", matmul_with_operands_exchanged, "order 1, q1: the gradient is wrong"},
    {"times_sign", times_sign_with_a_gradient_of_the_sign, "constant in operand 1, but its gradient is not 0"},
    {"step", step_as_if_logistic, "constant in operand 0, but its gradient is not 0"},
};

/* The check that test_operators makes of each row finds a copy of a row with a wrong rule, and nothing in the row
 * itself. */
START_TEST(wrong_rules_are_found)
{
    const ad_operator *row = ad_operator_named(wrong_rules[_i].row);
    ck_assert_ptr_nonnull(row);
    ad_operator copy = *row;
    copy.vjp = wrong_rules[_i].vjp;
    checker_call call = checker_call_of(&copy, 0);
    const char *found = checker_gradients(&call);
    ck_assert_msg(strstr(found, wrong_rules[_i].found) != NULL, "%s with a wrong rule: '%s' instead of '%s'",
                  wrong_rules[_i].row, found, wrong_rules[_i].found);
    call.row = row;
    found = checker_gradients(&call);
    ck_assert_msg(!found[0], "%s with its own rule: %s", wrong_rules[_i].row, found);
}
END_TEST

/* A rule whose mistake is an error of the engine is found too: the message says which. */
static void matmul_with_a_wrong_shape(ad_pullback *p) { ad_give(p, 0, ad_matmul(ad_dy(p), ad_x(p, 1))); }
static void tanh_with_an_inert_gradient(ad_pullback *p) { ad_give(p, 0, (ad_tensor){.tape = ad_x(p, 0).tape}); }
static void tanh_with_another_type(ad_pullback *p) { ad_give(p, 0, ad_cast(ad_dy(p), AD_F32)); }
static void tanh_with_another_shape(ad_pullback *p) { ad_give(p, 0, ad_sum(ad_dy(p))); }

static const struct {
    const char *row;
    void (*vjp)(ad_pullback *pullback);
    const char *found;
} failing_rules[] = {
    {"matmul", matmul_with_a_wrong_shape, "matmul: inner sizes differ"},
    {"tanh", tanh_with_an_inert_gradient,
     "tanh: its rule gives operand 0 a gradient that is inert, stale or of another tape"},
    {"tanh", tanh_with_another_type, "tanh: its rule gives operand 0, of f64, a gradient of f32: mend it with ad_cast"},
    {"tanh", tanh_with_another_shape, "[2,3]"},
};

START_TEST(failing_rules_are_found)
{
    ad_operator copy = *ad_operator_named(failing_rules[_i].row);
    copy.vjp = failing_rules[_i].vjp;
    const checker_call call = checker_call_of(&copy, 0);
    const char *found = checker_gradients(&call);
    ck_assert_msg(strstr(found, failing_rules[_i].found) != NULL, "'%s' instead of '%s'", found,
                  failing_rules[_i].found);
}
END_TEST

/* ---- ad_gradcheck -------------------------------------------------------------------------------------------- */

/* A copy of `square` whose rule forgets the 2. */
static ad_operator bad_square(void)
{
    ad_operator copy = *ad_operator_named("square");
    copy.vjp = square_without_factor;
    return copy;
}

/* What the checked functions below are made of. */
typedef struct ingredients {
    ad_tensor a, b;
    int calls;
} ingredients;

static ad_tensor squares_by_exp(ad_tape *t, void *context)
{
    ingredients *in = context;
    (void)t;
    return ad_mul(ad_sum(ad_square(in->a)), ad_exp(in->b));
}

/* Names, verdicts and figures; a state is not counted; values are as before and the analytic gradient stays. */
START_TEST(gradcheck_right)
{
    ad_tape *t = ad_tape_open(NULL);
    ingredients in = {.a = PARAMS(t, "a", 1, -2, 3)};
    ad_state(t, AD_F64, AD_SCALAR, NULL, "state");
    in.b = PARAM(t, 0.5, "b");
    ad_gradcheck_result results[2];
    ck_assert_int_eq(ad_gradcheck(t, squares_by_exp, &in, NULL, results), AD_OK);
    ck_assert_str_eq(results[0].name, "a");
    ck_assert_str_eq(results[1].name, "b");
    for (int k = 0; k < 2; k++) {
        ck_assert_int_eq(results[k].verdict, AD_GRADIENT_RIGHT);
        ck_assert_double_lt(results[k].error, 1e-9);
        ck_assert_double_eq_tol(results[k].analytic, results[k].numeric, 1e-7);
    }
    ck_assert_double_eq_tol(results[1].analytic, 14 * exp(0.5), 1e-12);
    ASSERT_EXACT(in.a, 1, -2, 3);
    ASSERT_EXACT(in.b, 0.5);
    ASSERT_NEAR(ad_gradient(in.a), 1e-14, 2 * exp(0.5), -4 * exp(0.5), 6 * exp(0.5));
    ASSERT_NEAR(ad_gradient(in.b), 1e-14, 14 * exp(0.5));
    ad_tape_close(t);
}
END_TEST

static ad_tensor wrong_squares(ad_tape *t, void *context)
{
    static ad_operator op;
    ingredients *in = context;
    (void)t;
    op = bad_square();
    return ad_add(ad_sum(ad_apply1(&op, in->a)), ad_square(in->b));
}

START_TEST(gradcheck_wrong)
{
    ad_tape *t = ad_tape_open(NULL);
    ingredients in = {.a = PARAMS(t, "a", 1, -5, 3), .b = PARAM(t, 2, "b")};
    ad_gradcheck_result results[2];
    ck_assert_int_eq(ad_gradcheck(t, wrong_squares, &in, NULL, results), AD_OK);
    ck_assert_int_eq(results[0].verdict, AD_GRADIENT_WRONG);
    ck_assert_uint_eq(results[0].worst, 1);
    ck_assert_double_eq(results[0].analytic, -5);
    ck_assert_double_eq_tol(results[0].numeric, -10, 1e-8);
    ck_assert_double_eq_tol(results[0].error, 0.5, 1e-8);
    ck_assert_int_eq(results[1].verdict, AD_GRADIENT_RIGHT);
    ad_tape_close(t);
}
END_TEST

static ad_tensor detached_product(ad_tape *t, void *context)
{
    ingredients *in = context;
    (void)t;
    return ad_mul(ad_sum(ad_detach(in->a)), ad_step(in->b));
}

static ad_tensor detached_and_used(ad_tape *t, void *context)
{
    ingredients *in = context;
    return ad_add(detached_product(t, in), ad_mul(ad_square(in->b), ad_sum(ad_detach(in->a))));
}

/* Missing: the function depends on it, backward does not see it. All zero: computed or not, it shows nothing. */
START_TEST(gradcheck_missing_and_all_zero)
{
    ad_tape *t = ad_tape_open(NULL);
    ingredients in = {.a = PARAMS(t, "a", 1, 2), .b = PARAM(t, 2, "b")};
    ad_param(t, AD_F64, AD_SHAPE(2), NULL, "unused");
    ad_param(t, AD_F64, AD_SHAPE(0), NULL, NULL);
    ad_gradcheck_result results[4];
    ck_assert_int_eq(ad_gradcheck(t, detached_and_used, &in, NULL, results), AD_OK);
    ck_assert_int_eq(results[0].verdict, AD_GRADIENT_MISSING);
    ck_assert_double_eq(results[0].analytic, 0);
    ck_assert_double_eq_tol(results[0].numeric, 5, 1e-8);
    ck_assert_int_eq(results[1].verdict, AD_GRADIENT_RIGHT);
    ck_assert_int_eq(results[2].verdict, AD_GRADIENT_ALL_ZERO);
    ck_assert_str_eq(results[2].name, "unused");
    ck_assert_int_eq(results[3].verdict, AD_GRADIENT_ALL_ZERO);
    ck_assert_str_eq(results[3].name, "");
    ck_assert_int_eq(ad_gradcheck(t, detached_product, &in, NULL, results), AD_OK);
    ck_assert_int_eq(results[0].verdict, AD_GRADIENT_MISSING);
    ck_assert_int_eq(results[1].verdict, AD_GRADIENT_ALL_ZERO);
    ad_tape_close(t);
}
END_TEST

/* Fails when the second parameter moves. */
static ad_tensor fails_beside(ad_tape *t, void *context)
{
    ingredients *in = context;
    if (ad_f64(in->b) && ad_f64(in->b)[0] != 2)
        ad_fail(t, AD_BAD_VALUE, "b moved");
    return ad_mul(ad_sum(ad_square(in->a)), in->b);
}

static ad_tensor fails_at_once(ad_tape *t, void *context)
{
    ad_fail(t, AD_BAD_VALUE, "at once");
    return squares_by_exp(t, context);
}

/* What an error left unchecked says so, and whose gradient it is. */
START_TEST(gradcheck_not_checked)
{
    ad_tape *t = ad_tape_open(NULL);
    ingredients in = {.a = PARAMS(t, "a", 1, 2), .b = PARAM(t, 2, "b")};
    ad_gradcheck_result results[2];
    ck_assert_int_eq(ad_gradcheck(t, fails_beside, &in, NULL, results), AD_BAD_VALUE);
    ck_assert_int_eq(results[0].verdict, AD_GRADIENT_RIGHT);
    ck_assert_int_eq(results[1].verdict, AD_GRADIENT_NOT_CHECKED);
    ck_assert_str_eq(results[1].name, "b");
    ASSERT_FAILS(t, AD_BAD_VALUE, "b moved");
    ck_assert_int_eq(ad_gradcheck(t, fails_at_once, &in, NULL, results), AD_BAD_VALUE);
    ck_assert_int_eq(results[0].verdict, AD_GRADIENT_NOT_CHECKED);
    ck_assert_str_eq(results[0].name, "a");
    ASSERT_FAILS(t, AD_BAD_VALUE, "at once");
    ad_tape_close(t);
}
END_TEST

static ad_tensor tiny(ad_tape *t, void *context)
{
    ingredients *in = context;
    (void)t;
    return ad_scale(ad_sum(ad_square(in->a)), 1e-5);
}

/* Small is not zero if the differences say the same. */
START_TEST(gradcheck_of_small_gradients)
{
    ad_tape *t = ad_tape_open(NULL);
    const float two[] = {2, 1};
    ingredients in = {.a = ad_param(t, AD_F32, AD_SHAPE(2), two, "a")};
    ad_gradcheck_result result;
    ck_assert_int_eq(ad_gradcheck(t, tiny, &in, NULL, &result), AD_OK);
    ck_assert_double_lt(result.analytic, 1e-4);
    ck_assert_int_eq(result.verdict, AD_GRADIENT_RIGHT);
    ad_tape_close(t);
}
END_TEST

static ad_tensor mixed_types(ad_tape *t, void *context)
{
    ingredients *in = context;
    (void)t;
    return ad_sum(ad_tanh(ad_mul(in->a, ad_cast(in->b, AD_F32))));
}

/* An f32 parameter beside an f64 one: each is moved by steps that its type can represent. */
START_TEST(gradcheck_f32)
{
    ad_tape *t = ad_tape_open(NULL);
    const float a[] = {0.5F, -0.25F, 1.5F};
    ingredients in = {.a = ad_param(t, AD_F32, AD_SHAPE(3), a, "a"), .b = PARAM(t, 0.7, "b")};
    ad_gradcheck_result results[2];
    const ad_gradcheck_options options = {.step = 1e-2, .tolerance = 1e-2};
    ck_assert_int_eq(ad_gradcheck(t, mixed_types, &in, &options, results), AD_OK);
    ck_assert_int_eq(results[0].verdict, AD_GRADIENT_RIGHT);
    ck_assert_int_eq(results[1].verdict, AD_GRADIENT_RIGHT);
    ASSERT_EXACT(in.a, 0.5, -0.25, 1.5);
    ASSERT_EXACT(in.b, 0.7);
    ad_tape_close(t);
}
END_TEST

/* A tolerance that rounding cannot meet, and steps so wide that the difference is no derivative. */
START_TEST(gradcheck_options)
{
    ad_tape *t = ad_tape_open(NULL);
    ingredients in = {.a = PARAMS(t, "a", 0.3, -0.7), .b = PARAM(t, 0.5, "b")};
    ad_gradcheck_result results[2];
    ad_gradcheck(t, squares_by_exp, &in, &(ad_gradcheck_options){.tolerance = 1e-17}, results);
    ck_assert_int_eq(results[1].verdict, AD_GRADIENT_WRONG);
    ad_gradcheck(t, squares_by_exp, &in, &(ad_gradcheck_options){.step = 1}, results);
    ck_assert_int_eq(results[1].verdict, AD_GRADIENT_WRONG);
    ck_assert_double_gt(results[1].error, 1e-3);
    ad_gradcheck(t, squares_by_exp, &in, &(ad_gradcheck_options){.step = 1, .tolerance = 0.5}, results);
    ck_assert_int_eq(results[1].verdict, AD_GRADIENT_RIGHT);
    assert_ok(t);
    ad_tape_close(t);
}
END_TEST

static ad_tensor gradient_of_squares(ad_tape *t, void *context)
{
    ingredients *in = context;
    ad_backward_with(squares_by_exp(t, in), &(ad_backward_options){.differentiable = true});
    return ad_add(ad_sum(ad_gradient(in->a)), ad_gradient(in->b));
}

/* The function may call backward itself, which drops the gradients that are being checked: S = (2 sum a + sum a^2)
 * e^b. */
START_TEST(gradcheck_of_a_gradient)
{
    ad_tape *t = ad_tape_open(NULL);
    ingredients in = {.a = PARAMS(t, "a", 1, -2, 3), .b = PARAM(t, 0.5, "b")};
    ad_gradcheck_result results[2];
    ck_assert_int_eq(ad_gradcheck(t, gradient_of_squares, &in, NULL, results), AD_OK);
    for (int k = 0; k < 2; k++)
        ck_assert_msg(results[k].verdict == AD_GRADIENT_RIGHT, "%s is %s: error %g, %g for %g", results[k].name,
                      ad_verdict_name(results[k].verdict), results[k].error, results[k].analytic, results[k].numeric);
    const double e = exp(0.5);
    ASSERT_NEAR(ad_gradient(in.a), 1e-13, 4 * e, -2 * e, 8 * e);
    ASSERT_NEAR(ad_gradient(in.b), 1e-13, 18 * e);
    ad_tape_close(t);
}
END_TEST

static ad_tensor root(ad_tape *t, void *context)
{
    ingredients *in = context;
    (void)t;
    return ad_sum(ad_sqrt(in->a));
}

/* NaN on both sides is no agreement, be it everywhere or at one element. */
START_TEST(gradcheck_of_nan)
{
    ad_tape *t = ad_tape_open(NULL);
    const double some[] = {-1, 4};
    ingredients in = {.a = PARAMS(t, "a", -1, -4)};
    ad_gradcheck_result results[1];
    ad_gradcheck(t, root, &in, NULL, results);
    ck_assert_msg(results[0].verdict == AD_GRADIENT_WRONG, "NaN everywhere is %s", ad_verdict_name(results[0].verdict));
    ad_assign(in.a, some);
    ad_gradcheck(t, root, &in, NULL, results);
    ck_assert_msg(results[0].verdict == AD_GRADIENT_WRONG, "NaN at one place is %s",
                  ad_verdict_name(results[0].verdict));
    ad_tape_close(t);
}
END_TEST

static ad_tensor returns_inert(ad_tape *t, void *context)
{
    (void)t;
    (void)context;
    return (ad_tensor){0};
}

static ad_tensor returns_a_vector(ad_tape *t, void *context)
{
    (void)t;
    return ad_square(((ingredients *)context)->a);
}

static ad_tensor returns_a_constant(ad_tape *t, void *context)
{
    (void)context;
    return ad_scalar(t, 3);
}

static ad_tensor fails_itself(ad_tape *t, void *context)
{
    return ad_add(((ingredients *)context)->a, ad_zeros(t, AD_F64, AD_SHAPE(7)));
}

static ad_tensor fails_later(ad_tape *t, void *context)
{
    ingredients *in = context;
    if (++in->calls == 4)
        ad_fail(t, AD_STOPPED, "the fourth call");
    return squares_by_exp(t, in);
}

START_TEST(gradcheck_errors)
{
    ad_tape *t = ad_tape_open(NULL);
    ingredients in = {.a = PARAMS(t, "a", 1, -2, 3), .b = PARAM(t, 0.5, "b")};
    ad_gradcheck_result results[2];
    ck_assert_int_eq(ad_gradcheck(NULL, squares_by_exp, &in, NULL, results), AD_BAD_HANDLE);
    ck_assert_int_eq(ad_gradcheck(t, NULL, &in, NULL, results), AD_BAD_VALUE);
    ASSERT_FAILS(t, AD_BAD_VALUE, "gradcheck");
    ck_assert_int_eq(ad_gradcheck(t, squares_by_exp, &in, NULL, NULL), AD_BAD_VALUE);
    ASSERT_FAILS(t, AD_BAD_VALUE, "gradcheck");
    ck_assert_int_eq(ad_gradcheck(t, returns_inert, &in, NULL, results), AD_BAD_HANDLE);
    ASSERT_FAILS(t, AD_BAD_HANDLE, "gradcheck");
    ck_assert_int_eq(ad_gradcheck(t, returns_a_vector, &in, NULL, results), AD_BAD_SHAPE);
    ASSERT_FAILS(t, AD_BAD_SHAPE, "not a scalar");
    ck_assert_int_eq(ad_gradcheck(t, returns_a_constant, &in, NULL, results), AD_BAD_STATE);
    ASSERT_FAILS(t, AD_BAD_STATE, "no parameter");
    ck_assert_int_eq(ad_gradcheck(t, fails_itself, &in, NULL, results), AD_BAD_SHAPE);
    ASSERT_FAILS(t, AD_BAD_SHAPE, "add");
    ck_assert_int_eq(ad_gradcheck(t, fails_later, &in, NULL, results), AD_STOPPED);
    ASSERT_FAILS(t, AD_STOPPED, "the fourth call");
    ASSERT_EXACT(in.a, 1, -2, 3);
    ck_assert_int_eq(ad_gradcheck(t, squares_by_exp, &in, NULL, results), AD_OK);
    ck_assert_int_eq(results[0].verdict, AD_GRADIENT_RIGHT);
    ad_tape_close(t);
}
END_TEST

START_TEST(verdict_names)
{
    ck_assert_str_eq(ad_verdict_name(AD_GRADIENT_NOT_CHECKED), "not checked");
    ck_assert_str_eq(ad_verdict_name(AD_GRADIENT_RIGHT), "right");
    ck_assert_str_eq(ad_verdict_name(AD_GRADIENT_WRONG), "wrong");
    ck_assert_str_eq(ad_verdict_name(AD_GRADIENT_MISSING), "missing");
    ck_assert_str_eq(ad_verdict_name(AD_GRADIENT_ALL_ZERO), "all zero");
    ck_assert_ptr_nonnull(ad_verdict_name((ad_verdict)99));
    ck_assert_ptr_nonnull(ad_verdict_name((ad_verdict)-1));
}
END_TEST

/* ---- Gradients of small graphs ------------------------------------------------------------------------------- */

/* The ways to walk back that must all give the same: ordinary, inner gradients kept, recorded. */
static const ad_backward_options ways_back[] = {{.keep = false}, {.keep = true}, {.differentiable = true}};
enum { WAYS_BACK = sizeof ways_back / sizeof ways_back[0] };

/* Test number one: (x+x) x = 2 x^2. */
START_TEST(x_plus_x_times_x)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = PARAM(t, 3, "x"), y = ad_mul(ad_add(x, x), x);
    ck_assert_double_eq(ad_item(y), 18);
    ck_assert_int_eq(ad_backward_with(y, &ways_back[_i]), AD_OK);
    ASSERT_EXACT(ad_gradient(x), 12);
    ad_tensor dx = derivative(y, x);
    ASSERT_EXACT(dx, 12);
    ck_assert_int_eq(ad_backward_with(dx, &ways_back[_i]), AD_OK);
    ASSERT_EXACT(ad_gradient(x), 4);
    ad_tape_close(t);
}
END_TEST

/* Each level doubles twice: y = 4^10 x. Then two paths meet: z = (u + 1) u with u = x^2. */
START_TEST(diamonds)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = PARAM(t, 3, "x"), y = x;
    for (int level = 0; level < 10; level++) {
        ad_tensor left = ad_add(y, y), right = ad_scale(y, 2);
        y = ad_add(left, right);
    }
    ck_assert_int_eq(ad_backward_with(y, &ways_back[_i]), AD_OK);
    ASSERT_EXACT(ad_gradient(x), 1048576);
    ad_tensor u = ad_square(x), z = ad_mul(ad_shift(u, 1), u);
    ck_assert_int_eq(ad_backward_with(z, &ways_back[_i]), AD_OK);
    ASSERT_EXACT(ad_gradient(x), 4 * 27 + 2 * 3);
    ad_tape_close(t);
}
END_TEST

/* add gives both operands the same gradient: what is added to one of them later must not show in the other. */
START_TEST(x_plus_y_with_x_used_again)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = PARAMS(t, "x", 3, 5), y = PARAMS(t, "y", 4, 7), s = ad_add(x, y), loss[6];
    loss[0] = ad_sum(ad_mul(s, x));
    loss[1] = ad_sum(ad_add(s, ad_scale(x, 10)));
    loss[2] = ad_sum(ad_add(ad_scale(x, 10), s));
    loss[3] = ad_add(ad_sum(s), ad_add(ad_sum(x), ad_sum(s)));
    loss[4] = ad_sum(ad_add(ad_add(x, y), ad_add(y, x)));
    loss[5] = ad_sum(ad_sub(ad_add(s, s), ad_add(x, s)));
    static const double dx[6][2] = {{10, 17}, {11, 11}, {11, 11}, {3, 3}, {2, 2}, {0, 0}};
    static const double dy[6][2] = {{3, 5}, {1, 1}, {1, 1}, {2, 2}, {2, 2}, {1, 1}};
    for (int k = 0; k < 6; k++) {
        ck_assert_int_eq(ad_backward_with(loss[k], &ways_back[_i]), AD_OK);
        assert_numbers(100 + k, ad_gradient(x), dx[k], 2, 0);
        assert_numbers(200 + k, ad_gradient(y), dy[k], 2, 0);
    }
    ad_tape_close(t);
}
END_TEST

START_TEST(x_plus_x)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = PARAMS(t, "x", 1, 2, 3), y = ad_add(x, x);
    ad_backward_with(ad_sum(y), &ways_back[_i]);
    ASSERT_EXACT(ad_gradient(x), 2, 2, 2);
    ad_backward_with(ad_sum(ad_add(y, y)), &ways_back[_i]);
    ASSERT_EXACT(ad_gradient(x), 4, 4, 4);
    ad_backward_with(ad_sum(ad_sub(x, x)), &ways_back[_i]);
    ASSERT_EXACT(ad_gradient(x), 0, 0, 0);
    assert_ok(t);
    ad_tape_close(t);
}
END_TEST

/* y = a b c, with a rule that reads a gradient after it gave it: what an operand that is the same tensor adds to it
 * must not show there. */
static void product_of_three_run(ad_call *c)
{
    for (size_t i = 0; i < ad_elements(c->y[0]); i++)
        set(c->y[0], i, get(c->x[0], i) * get(c->x[1], i) * get(c->x[2], i));
}

static void product_of_three_vjp(ad_pullback *p)
{
    ad_tensor a = ad_x(p, 0), b = ad_x(p, 1), c = ad_x(p, 2), da = ad_mul(ad_mul(b, c), ad_dy(p));
    ad_give(p, 0, da);
    ad_give(p, 1, ad_mul(ad_mul(a, c), ad_dy(p)));
    ad_give(p, 2, ad_div(ad_mul(da, a), c));
}

static const ad_operator product_of_three = {.name = "product_of_three",
                                             .arity = 3,
                                             .shape = ad_same_shape,
                                             .run = product_of_three_run,
                                             .vjp = product_of_three_vjp};

static ad_tensor cube_by_three(ad_tensor x)
{
    ad_tensor y;
    ad_apply(NULL, &product_of_three, (const ad_tensor[]){x, x, x}, 3, NULL, &y);
    return y;
}

START_TEST(gradients_read_after_they_were_given)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = PARAMS(t, "x", 1, -2), s = PARAM(t, 3, "s");
    ad_backward_with(ad_sum(cube_by_three(x)), &ways_back[_i]);
    ASSERT_EXACT(ad_gradient(x), 3, 12);
    ad_backward_with(cube_by_three(s), &ways_back[_i]);
    ASSERT_EXACT(ad_gradient(s), 27);
    assert_ok(t);
    ad_tape_close(t);
}
END_TEST

/* Views share data and their gradients share data: what is added at one link of a chain must not show at the others. */
START_TEST(chains_of_views)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(2, 3), (const double[]){1, 2, 3, 4, 5, 6}, "x");
    ad_tensor flat = ad_reshape(x, AD_SHAPE(6)), tall = ad_reshape(flat, AD_SHAPE(3, 2));
    ad_tensor turned = ad_transpose(tall), back = ad_transpose(turned), same = ad_reshape(back, AD_SHAPE(2, 3));
    ad_tensor by_flat = ad_sum(ad_mul(flat, INPUTS(t, 1, 2, 3, 4, 5, 6))), by_x = ad_scale(ad_sum(x), 100);
    ad_tensor by_same = ad_scale(ad_sum(ad_add(same, x)), 1000);
    for (int order = 0; order < 2; order++) {
        ad_tensor loss = order ? ad_add(by_same, ad_add(by_flat, by_x)) : ad_add(ad_add(by_x, by_flat), by_same);
        ck_assert_int_eq(ad_backward_with(loss, &ways_back[_i]), AD_OK);
        ASSERT_EXACT(ad_gradient(x), 2101, 2102, 2103, 2104, 2105, 2106);
        if (ways_back[_i].keep) {
            ASSERT_EXACT(ad_gradient(flat), 1001, 1002, 1003, 1004, 1005, 1006);
            ASSERT_EXACT(ad_gradient(same), 1000, 1000, 1000, 1000, 1000, 1000);
            ASSERT_EXACT(ad_gradient(turned), 1000, 1000, 1000, 1000, 1000, 1000);
        }
    }
    assert_ok(t);
    ad_tape_close(t);
}
END_TEST

/* Random graphs of 40 nodes over two parameters: whatever is shared, moved or added, gradients are those of
 * differences. */
typedef struct graph {
    uint64_t seed;
    ad_tensor x[2];
} graph;

enum { GRAPH_NODES = 40 };

static ad_tensor graph_node(const ad_tensor *nodes, int n, uint64_t seed)
{
    const uint64_t stream = (uint64_t)n;
    ad_tensor a = nodes[ad_random_bits(seed, stream, 0) % (uint32_t)n],
              b = nodes[ad_random_bits(seed, stream, 1) % (uint32_t)n];
    switch (ad_random_bits(seed, stream, 2) % 8) {
    case 0: return ad_scale(ad_add(a, b), 0.7);
    case 1: return ad_sub(a, b);
    case 2: return ad_tanh(ad_mul(a, b));
    case 3: return ad_transpose(a);
    case 4: return ad_reshape(ad_reshape(a, AD_SHAPE(4)), AD_SHAPE(2, 2));
    case 5: return ad_scale(ad_add(a, a), 0.5);
    case 6: return ad_tanh(ad_matmul(a, b));
    default: return ad_neg(a);
    }
}

static ad_tensor record_graph(ad_tape *t, void *context)
{
    const graph *g = context;
    ad_tensor nodes[GRAPH_NODES] = {g->x[0], g->x[1]}, loss = ad_scalar(t, 0);
    for (int n = 2; n < GRAPH_NODES; n++)
        nodes[n] = graph_node(nodes, n, g->seed);
    for (int n = 0; n < GRAPH_NODES; n += 3)
        loss = ad_add(loss, ad_mean(ad_square(ad_shift(nodes[n], 0.1 * n))));
    return loss;
}

START_TEST(random_graphs)
{
    ad_tape *t = ad_tape_open(NULL);
    graph g = {.seed = (uint64_t)_i};
    ad_gradcheck_result results[2];
    for (int k = 0; k < 2; k++) {
        g.x[k] = ad_param(t, AD_F64, AD_SHAPE(2, 2), NULL, "x");
        ad_fill_uniform(g.x[k], (const double[]){-1, 1}, g.seed, 1000 + (uint64_t)k);
    }
    ck_assert_int_eq(ad_gradcheck(t, record_graph, &g, NULL, results), AD_OK);
    for (int k = 0; k < 2; k++)
        ck_assert_msg(results[k].verdict == AD_GRADIENT_RIGHT, "graph %d: x%d is %s", _i, k,
                      ad_verdict_name(results[k].verdict));
    ad_reset(t);
    ad_tensor loss = record_graph(t, &g);
    for (int way = 0; way < WAYS_BACK; way++) {
        static double first[2][4];
        ad_backward_with(loss, &ways_back[way]);
        for (int k = 0; k < 2; k++) {
            if (way == 0)
                memcpy(first[k], ad_f64(ad_gradient(g.x[k])), sizeof first[k]);
            assert_numbers(way, ad_gradient(g.x[k]), first[k], 4, 1e-14);
        }
    }
    ad_tape_close(t);
}
END_TEST

/* ---- How gradients are kept ---------------------------------------------------------------------------------- */

START_TEST(each_backward_starts_afresh)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = PARAMS(t, "x", 1, 2), v = ad_variable(t, AD_F64, AD_SHAPE(2), (const double[]){5, 6});
    ad_tensor first = ad_sum(ad_mul(x, v)), second = ad_sum(ad_square(x));
    for (int again = 0; again < 3; again++) {
        ad_backward_with(first, &ways_back[_i]);
        ASSERT_EXACT(ad_gradient(x), 5, 6);
        ASSERT_EXACT(ad_gradient(v), 1, 2);
    }
    ad_backward_with(second, &ways_back[_i]);
    ASSERT_EXACT(ad_gradient(x), 2, 4);
    ck_assert_msg(!ad_has_gradient(v), "a gradient of the backward before is still there");
    assert_ok(t);
    ad_tape_close(t);
}
END_TEST

/* Over micro-batches: with resets between them or without, on gradients of any kind. */
START_TEST(accumulating)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = PARAMS(t, "x", 1, 2), z = PARAM(t, 3, "z");
    const ad_backward_options add = {.accumulate = true, .keep = ways_back[_i].keep};
    ad_backward_with(ad_sum(ad_square(x)), &ways_back[_i]);
    ad_backward_with(ad_sum(ad_scale(x, 10)), &add);
    ASSERT_EXACT(ad_gradient(x), 12, 14);
    ck_assert(!ad_has_gradient(z));
    ad_reset(t);
    ad_backward_with(ad_mul(ad_sum(x), z), &add);
    ASSERT_EXACT(ad_gradient(x), 15, 17);
    ASSERT_EXACT(ad_gradient(z), 3);
    ad_backward_with(ad_mul(ad_sum(x), z), &add);
    ASSERT_EXACT(ad_gradient(x), 18, 20);
    ASSERT_EXACT(ad_gradient(z), 6);
    ad_reset(t);
    ad_backward(ad_square(z));
    ASSERT_EXACT(ad_gradient(z), 6);
    ck_assert(!ad_has_gradient(x));
    assert_ok(t);
    ad_tape_close(t);
}
END_TEST

/* The sum of a shared gradient and a new one: x and y had one and the same. */
START_TEST(accumulating_shared_gradients)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = PARAMS(t, "x", 1, 2), y = PARAMS(t, "y", 3, 4), v = ad_variable(t, AD_F64, AD_SHAPE(2), NULL);
    ad_backward_with(ad_sum(ad_add(ad_add(x, y), v)), &ways_back[_i]);
    ad_backward_with(ad_sum(ad_mul(x, v)), &(ad_backward_options){.accumulate = true});
    ASSERT_EXACT(ad_gradient(x), 1, 1);
    ASSERT_EXACT(ad_gradient(y), 1, 1);
    ASSERT_EXACT(ad_gradient(v), 2, 3);
    assert_ok(t);
    ad_tape_close(t);
}
END_TEST

/* With a seed v, gradients are those of sum v y; the seed may be an earlier gradient, which the call drops. */
START_TEST(seeds)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = PARAMS(t, "x", 1, 2), y = ad_square(x);
    ad_backward_with(y, &(ad_backward_options){.seed = INPUTS(t, 1, 10), .keep = ways_back[_i].keep});
    ASSERT_EXACT(ad_gradient(x), 2, 40);
    ad_backward_with(y, &(ad_backward_options){.seed = ad_gradient(x), .differentiable = ways_back[_i].differentiable});
    ASSERT_EXACT(ad_gradient(x), 4, 160);
    ad_backward_with(x, &(ad_backward_options){.seed = INPUTS(t, 7, 8)});
    ASSERT_EXACT(ad_gradient(x), 7, 8);
    assert_ok(t);
    ad_tape_close(t);
}
END_TEST

START_TEST(bad_seeds)
{
    ad_tape *t = ad_tape_open(NULL), *other = ad_tape_open(NULL);
    ad_tensor x = PARAMS(t, "x", 1, 2), y = ad_square(x), stale = INPUTS(other, 1, 1);
    ck_assert_int_eq(ad_backward(y), AD_BAD_SHAPE);
    ASSERT_FAILS(t, AD_BAD_SHAPE, "not a scalar");
    ck_assert_int_eq(ad_backward_with(y, &(ad_backward_options){.seed = INPUTS(t, 1, 2, 3)}), AD_BAD_SHAPE);
    ASSERT_FAILS(t, AD_BAD_SHAPE, "[3]");
    ck_assert_int_eq(ad_backward_with(y, &(ad_backward_options){.seed = ad_input(t, AD_F32, AD_SHAPE(2), NULL)}),
                     AD_BAD_SHAPE);
    ASSERT_FAILS(t, AD_BAD_SHAPE, "f32");
    ck_assert_int_eq(ad_backward_with(y, &(ad_backward_options){.seed = {.tape = t}}), AD_BAD_HANDLE);
    ASSERT_FAILS(t, AD_BAD_HANDLE, "seed");
    ck_assert_int_eq(ad_backward_with(y, &(ad_backward_options){.seed = stale}), AD_BAD_HANDLE);
    ASSERT_FAILS(t, AD_BAD_HANDLE, "another tape");
    ck_assert_int_eq(ad_backward((ad_tensor){0}), AD_BAD_HANDLE);
    ck_assert_int_eq(ad_backward(ad_scalar(t, 1)), AD_BAD_STATE);
    ASSERT_FAILS(t, AD_BAD_STATE, "depends on no parameter");
    ad_tape_close(other);
    ad_tape_close(t);
}
END_TEST

/* Not computed is an error that says why, not 0. */
START_TEST(gradients_not_computed)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = PARAMS(t, "x", 1, 2), unused = PARAM(t, 1, "unused"), input = INPUTS(t, 1, 2),
              inner = ad_mul(x, input);
    ck_assert(!ad_has_gradient(x));
    ck_assert(ad_is_inert(ad_gradient(x)));
    ASSERT_FAILS(t, AD_NO_GRADIENT, "the gradient of x was not computed");
    ad_backward(ad_sum(inner));
    ck_assert(!ad_has_gradient(unused) && !ad_has_gradient(input) && !ad_has_gradient(inner));
    ck_assert(ad_is_inert(ad_gradient(unused)));
    ASSERT_FAILS(t, AD_NO_GRADIENT, "the gradient of unused");
    ck_assert(ad_is_inert(ad_gradient(input)));
    ASSERT_FAILS(t, AD_NO_GRADIENT, "depends on no parameter");
    ck_assert(ad_is_inert(ad_gradient(inner)));
    ASSERT_FAILS(t, AD_NO_GRADIENT, "keep");
    ad_backward_with(ad_sum(inner), &(ad_backward_options){.keep = true});
    ASSERT_EXACT(ad_gradient(inner), 1, 1);
    assert_ok(t);
    ad_tape_close(t);
}
END_TEST

/* Of parameters, until the next backward; of variables, until reset. */
START_TEST(gradients_and_reset)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = PARAMS(t, "x", 1, 2), v = ad_variable(t, AD_F64, AD_SHAPE(2), (const double[]){5, 6});
    ad_backward_with(ad_sum(ad_mul(ad_mul(x, x), v)), &ways_back[_i]);
    ASSERT_EXACT(ad_gradient(x), 10, 24);
    ad_tensor dv = ad_gradient(v);
    ASSERT_EXACT(dv, 1, 4);
    for (int again = 0; again < 3; again++) {
        ad_reset(t);
        ASSERT_EXACT(ad_gradient(x), 10, 24);
        ASSERT_EXACT(ad_exp(INPUTS(t, 0, 0)), 1, 1);
    }
    ck_assert(ad_is_inert(ad_neg(dv)));
    ASSERT_FAILS(t, AD_BAD_HANDLE, "stale");
    ad_tensor old = ad_gradient(x);
    ad_backward(ad_sum(x));
    ASSERT_EXACT(ad_gradient(x), 1, 1);
    ck_assert(ad_is_inert(ad_neg(old)));
    ASSERT_FAILS(t, AD_BAD_HANDLE, "stale");
    ad_tape_close(t);
}
END_TEST

/* As an operand of a later recording a gradient is a constant: d(g x) is g, though g was 2 x. */
START_TEST(gradients_as_operands)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = PARAMS(t, "x", 1, 2);
    ad_backward(ad_sum(ad_square(x)));
    ad_tensor product = ad_mul(ad_gradient(x), x);
    ASSERT_EXACT(product, 2, 8);
    ad_backward(ad_sum(product));
    ASSERT_EXACT(ad_gradient(x), 2, 4);
    ad_reset(t);
    product = ad_mul(ad_gradient(x), x);
    ad_backward(ad_sum(ad_add(product, product)));
    ASSERT_EXACT(product, 2, 8);
    ASSERT_EXACT(ad_gradient(x), 4, 8);
    assert_ok(t);
    ad_tape_close(t);
}
END_TEST

/* A gradient that can be differentiated is part of the recording; after a reset it is a number. */
START_TEST(differentiable_gradients_and_reset)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = PARAMS(t, "x", 1, 2), dx = derivative(ad_sum(ad_mul(ad_square(x), x)), x);
    ASSERT_EXACT(dx, 3, 12);
    ad_reset(t);
    ck_assert(ad_is_inert(ad_neg(dx)));
    ASSERT_FAILS(t, AD_BAD_HANDLE, "stale");
    ASSERT_EXACT(ad_gradient(x), 3, 12);
    ad_backward_with(ad_sum(ad_mul(ad_gradient(x), x)), &(ad_backward_options){.accumulate = true});
    ASSERT_EXACT(ad_gradient(x), 6, 24);
    assert_ok(t);
    ad_tape_close(t);
}
END_TEST

/* A rule may fail in the middle of a walk: then there are no gradients at all, and the tape works again. */
START_TEST(a_failing_walk_leaves_nothing)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_operator copy = *ad_operator_named("tanh");
    copy.vjp = tanh_with_another_type;
    ad_tensor x = PARAMS(t, "x", 0, 0), y = ad_apply1(&copy, x), z = PARAMS(t, "z", 1, 2);
    ck_assert_int_eq(ad_backward_with(ad_sum(ad_mul(y, z)), &ways_back[_i]), AD_BAD_TYPE);
    ASSERT_FAILS(t, AD_BAD_TYPE, "ad_cast");
    ck_assert(!ad_has_gradient(x) && !ad_has_gradient(z) && !ad_has_gradient(y));
    ad_backward(ad_sum(ad_mul(ad_tanh(x), z)));
    ASSERT_EXACT(ad_gradient(x), 1, 2);
    ASSERT_EXACT(ad_gradient(z), 0, 0);
    assert_ok(t);
    ad_tape_close(t);
}
END_TEST

/* ---- Gradients of gradients ---------------------------------------------------------------------------------- */

START_TEST(derivatives_of_a_power)
{
    ad_tape *t = ad_tape_open(NULL);
    const double at = 1.5;
    ad_tensor x = PARAM(t, at, "x"), squared = ad_square(x);
    ad_tensor y = _i == 0   ? ad_mul(squared, squared)
                  : _i == 1 ? ad_pow_constant(x, 4)
                            : ad_mul(ad_mul(ad_mul(x, x), x), x);
    const double want[] = {4 * pow(at, 3), 12 * pow(at, 2), 24 * at, 24};
    for (int order = 0; order < 4; order++) {
        y = derivative(y, x);
        ASSERT_NEAR(y, 1e-13, want[order]);
    }
    assert_ok(t);
    ad_tape_close(t);
}
END_TEST

/* With y the value itself: tanh' = 1 - y^2, tanh'' = -2 y (1 - y^2), tanh''' = (1 - y^2) (6 y^2 - 2);
 * logistic' = s = y (1 - y), logistic'' = s (1 - 2 y), logistic''' = s (1 - 6 s). */
START_TEST(third_derivatives)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = PARAM(t, 0.4, "x"), u = ad_tanh(x), s = ad_logistic(x);
    const double y = tanh(0.4), p = 1 / (1 + exp(-0.4)), q = p * (1 - p);
    const double of_tanh[] = {1 - y * y, -2 * y * (1 - y * y), (1 - y * y) * (6 * y * y - 2)};
    const double of_logistic[] = {q, q * (1 - 2 * p), q * (1 - 6 * q)};
    for (int order = 0; order < 3; order++) {
        u = derivative(u, x);
        ASSERT_NEAR(u, 1e-14, of_tanh[order]);
    }
    for (int order = 0; order < 3; order++) {
        s = derivative(s, x);
        ASSERT_NEAR(s, 1e-14, of_logistic[order]);
    }
    assert_ok(t);
    ad_tape_close(t);
}
END_TEST

/* The Hessian of x'A x / 2 by a vector: H v = (A + A') v / 2, by differentiating <dx, v>. */
START_TEST(hessian_times_vector)
{
    ad_tape *t = ad_tape_open(NULL);
    const double a[] = {2, 1, 3, 4};
    ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(2, 1), (const double[]){5, 7}, "x"),
              A = ad_input(t, AD_F64, AD_SHAPE(2, 2), a);
    ad_tensor v = ad_input(t, AD_F64, AD_SHAPE(2, 1), (const double[]){1, -1});
    ad_tensor dx = derivative(ad_scale(ad_sum(ad_mul(x, ad_matmul(A, x))), 0.5), x);
    ASSERT_NEAR(dx, 1e-14, 2 * 5 + 2 * 7, 2 * 5 + 4 * 7);
    ad_backward(ad_sum(ad_mul(dx, v)));
    ASSERT_NEAR(ad_gradient(x), 1e-14, 0, -2);
    assert_ok(t);
    ad_tape_close(t);
}
END_TEST

/* ---- Local gradients ----------------------------------------------------------------------------------------- */

START_TEST(local_gradients)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = PARAMS(t, "x", 3, 4), w = INPUTS(t, 5, 6), twice = ad_add(x, x), product = ad_mul(x, w);
    ad_tensor loss = ad_sum(ad_mul(twice, product));
    ad_backward(loss);
    const double before[] = {ad_f64(ad_gradient(x))[0], ad_f64(ad_gradient(x))[1]};
    ASSERT_EXACT(ad_local_gradient(twice, 0), 1, 1);
    ASSERT_EXACT(ad_local_gradient(twice, 1), 1, 1);
    ASSERT_EXACT(ad_local_gradient(product, 0), 5, 6);
    ASSERT_EXACT(ad_local_gradient(product, 1), 3, 4);
    ASSERT_EXACT(ad_local_gradient(loss, 0), 1, 1);
    ASSERT_EXACT(ad_local_gradient(ad_step(x), 0), 0, 0);
    assert_numbers(__LINE__, ad_gradient(x), before, 2, 0);
    ad_tensor local = ad_local_gradient(product, 0);
    ck_assert_int_eq(ad_backward(ad_sum(local)), AD_BAD_STATE);
    ASSERT_FAILS(t, AD_BAD_STATE, "depends on no parameter");
    ad_tape_close(t);
}
END_TEST

/* Of the operand's shape: summed where it was broadcast, and of each matrix what the other says. */
START_TEST(local_gradients_have_the_operands_shape)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor a = ad_param(t, AD_F64, AD_SHAPE(2, 2), (const double[]){1, 2, 3, 4}, "a");
    ad_tensor b = ad_input(t, AD_F64, AD_SHAPE(2, 3), (const double[]){1, 2, 3, 4, 5, 6}), bias = INPUTS(t, 1, 1, 1);
    ad_tensor y = ad_matmul(a, b), z = ad_add(y, bias), flat = ad_reshape(z, AD_SHAPE(6));
    ASSERT_EXACT(ad_local_gradient(y, 0), 6, 15, 6, 15);
    ASSERT_EXACT(ad_local_gradient(y, 1), 4, 4, 4, 6, 6, 6);
    ASSERT_EXACT(ad_local_gradient(z, 1), 2, 2, 2);
    ASSERT_EXACT(ad_local_gradient(flat, 0), 1, 1, 1, 1, 1, 1);
    ck_assert_int_eq(ad_shape_of(ad_local_gradient(flat, 0)).rank, 2);
    assert_ok(t);
    ad_tape_close(t);
}
END_TEST

START_TEST(local_gradient_errors)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = PARAMS(t, "x", 3, 4), y = ad_neg(x);
    ad_tensor rows = ad_gather_rows(x, ad_input(t, AD_I32, AD_SHAPE(1), NULL));
    ck_assert(ad_is_inert(ad_local_gradient(y, 1)));
    ASSERT_FAILS(t, AD_BAD_VALUE, "there is no operand 1: neg has 1");
    ck_assert(ad_is_inert(ad_local_gradient(y, -1)));
    ASSERT_FAILS(t, AD_BAD_VALUE, "there is no operand -1");
    ck_assert(ad_is_inert(ad_local_gradient(x, 0)));
    ASSERT_FAILS(t, AD_BAD_VALUE, "param has 0");
    ck_assert(ad_is_inert(ad_local_gradient(ad_detach(x), 0)));
    ASSERT_FAILS(t, AD_NO_GRADIENT, "detach");
    ck_assert(ad_is_inert(ad_local_gradient(rows, 1)));
    ASSERT_FAILS(t, AD_NO_GRADIENT, "gather_rows");
    ck_assert(ad_is_inert(ad_local_gradient((ad_tensor){.tape = t}, 0)));
    ASSERT_FAILS(t, AD_BAD_HANDLE, "inert");
    ad_reset(t);
    ck_assert(ad_is_inert(ad_local_gradient(y, 0)));
    ASSERT_FAILS(t, AD_BAD_HANDLE, "stale");
    ASSERT_EXACT(ad_local_gradient(ad_neg(x), 0), -1, -1);
    ad_tape_close(t);
}
END_TEST

/* ---- Conventions: kinks and edges ---------------------------------------------------------------------------- */

/* Loop tests run once for each type. */
static ad_type type_of_loop(int i) { return i ? AD_F32 : AD_F64; }

/* Numbers of a type as a parameter. */
static ad_tensor typed_param(ad_tape *t, ad_type type, const double *values, size_t n)
{
    float narrow[16];
    for (size_t i = 0; i < n; i++)
        narrow[i] = (float)values[i];
    return ad_param(t, type, AD_SHAPE((int64_t)n), type == AD_F32 ? (const void *)narrow : values, "x");
}

#define TYPED(t, type, ...) typed_param(t, type, NUMBERS(__VA_ARGS__))

/* Backward with a seed of the type of y. */
static void pull(ad_tensor y, const double *seed, size_t n)
{
    ad_backward_with(y, &(ad_backward_options){.seed = ad_cast(make_input(y.tape, seed, n), ad_type_of(y))});
    assert_ok(y.tape);
}

#define PULL(y, ...) pull(y, NUMBERS(__VA_ARGS__))

enum { EDGES = 5 };

/* A function at places where formulas fail: its values, and its gradient for dy = 1. */
static const struct edge_case {
    ad_tensor (*function)(ad_tensor x);
    double x[EDGES], y[EDGES], dx[EDGES];
} edge_cases[] = {
    {ad_relu, {-1, -0.0, 0, 2, INFINITY}, {0, 0, 0, 2, INFINITY}, {0, 0, 0, 1, 1}},
    {ad_abs, {-2, -0.0, 0, 3, -INFINITY}, {2, 0, 0, 3, INFINITY}, {-1, 0, 0, 1, -1}},
    {ad_step, {-1, -0.0, 0, 1, -INFINITY}, {0, 1, 1, 1, 0}, {0, 0, 0, 0, 0}},
    {ad_elu, {-INFINITY, -0.0, 0, 2, INFINITY}, {-1, 0, 0, 2, INFINITY}, {0, 1, 1, 1, 1}},
    {ad_softplus,
     {-INFINITY, -1000, 0, 1000, INFINITY},
     {0, 0, 0.69314718055994531, 1000, INFINITY},
     {0, 0, 0.5, 1, 1}},
    {ad_logistic, {-INFINITY, -1000, 0, 1000, INFINITY}, {0, 0, 0.5, 1, 1}, {0, 0, 0.25, 0, 0}},
    {ad_tanh, {-INFINITY, -1000, 0, 1000, INFINITY}, {-1, -1, 0, 1, 1}, {0, 0, 1, 0, 0}},
    {ad_exp,
     {-INFINITY, 0, 1, -1000, INFINITY},
     {0, 1, 2.7182818284590452, 0, INFINITY},
     {0, 1, 2.7182818284590452, 0, INFINITY}},
    {ad_log, {0, 1, -1, 4, INFINITY}, {-INFINITY, 0, NAN, 1.3862943611198906, INFINITY}, {INFINITY, 1, -1, 0.25, 0}},
    {ad_sqrt, {0, 1, -1, 4, INFINITY}, {0, 1, NAN, 2, INFINITY}, {INFINITY, 0.5, NAN, 0.25, 0}},
    {ad_square, {-INFINITY, -2, 0, 2, INFINITY}, {INFINITY, 4, 0, 4, INFINITY}, {-INFINITY, -4, 0, 4, INFINITY}},
};

enum { EDGE_CASES = sizeof edge_cases / sizeof edge_cases[0] };

START_TEST(edges_of_functions)
{
    const struct edge_case *c = &edge_cases[_i / 2];
    const ad_type type = type_of_loop(_i % 2);
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = typed_param(t, type, c->x, EDGES), y = c->function(x);
    assert_numbers(_i, y, c->y, EDGES, 2e-7);
    PULL(y, 1, 1, 1, 1, 1);
    assert_numbers(_i, ad_gradient(x), c->dx, EDGES, 2e-7);
    ad_tape_close(t);
}
END_TEST

/* IEEE pow: x^0 is 1 whatever x is, and the gradient is 0 even where x^-1 is infinite. */
START_TEST(power_zero)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = TYPED(t, type_of_loop(_i), 0, NAN, -1, INFINITY), y = ad_pow_constant(x, 0);
    ASSERT_EXACT(y, 1, 1, 1, 1);
    PULL(y, 1, 1, INFINITY, 1);
    ASSERT_EXACT(ad_gradient(x), 0, 0, 0, 0);
    ad_tensor z = ad_pow_constant(x, 2);
    PULL(z, 1, 1, 1, 1);
    ASSERT_EXACT(ad_gradient(x), 0, NAN, -2, INFINITY);
    ad_tape_close(t);
}
END_TEST

START_TEST(ties_of_two)
{
    ad_tape *t = ad_tape_open(NULL);
    const ad_type type = type_of_loop(_i);
    ad_tensor a = TYPED(t, type, 2, 1, 3, -0.0), b = TYPED(t, type, 2, 3, 1, 0);
    PULL(ad_maximum(a, b), 1, 1, 1, 1);
    ASSERT_EXACT(ad_gradient(a), 0.5, 0, 1, 0.5);
    ASSERT_EXACT(ad_gradient(b), 0.5, 1, 0, 0.5);
    PULL(ad_minimum(a, b), 1, 1, 1, 1);
    ASSERT_EXACT(ad_gradient(a), 0.5, 1, 0, 0.5);
    ASSERT_EXACT(ad_gradient(b), 0.5, 0, 1, 0.5);
    ad_tape_close(t);
}
END_TEST

START_TEST(ties_of_many)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = TYPED(t, type_of_loop(_i), 1, 3, 3, 3, 2, 3, 1, -1), table = ad_reshape(x, AD_SHAPE(2, 4));
    PULL(ad_reshape(ad_max(x), AD_SHAPE(1)), 8);
    ASSERT_EXACT(ad_gradient(x), 0, 2, 2, 2, 0, 2, 0, 0);
    PULL(ad_max_over(table, AD_AXES(1)), 6, 1);
    ASSERT_EXACT(ad_gradient(x), 0, 2, 2, 2, 0, 1, 0, 0);
    PULL(ad_max_over(table, AD_AXES(0)), 1, 2, 3, 4);
    ASSERT_EXACT(ad_gradient(x), 0, 1, 3, 4, 1, 1, 0, 0);
    ad_tape_close(t);
}
END_TEST

START_TEST(infinities_and_nan_in_max)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = TYPED(t, type_of_loop(_i), -INFINITY, -INFINITY, 1, NAN, 5, INFINITY);
    ad_tensor y = ad_max_over(ad_reshape(x, AD_SHAPE(3, 2)), AD_AXES(1));
    ASSERT_EXACT(y, -INFINITY, NAN, INFINITY);
    PULL(y, 1, 1, 1);
    ASSERT_EXACT(ad_gradient(x), 0.5, 0.5, 0, 1, 0, 1);
    ad_tape_close(t);
}
END_TEST

/* Masked branches select and never multiply by 0: an upstream gradient that is infinite or NaN stays out of the
 * others. */
START_TEST(upstream_stays_in_its_branch)
{
    ad_tape *t = ad_tape_open(NULL);
    const ad_type type = type_of_loop(_i);
    ad_tensor a = TYPED(t, type, -1, -2, 3, 4), b = TYPED(t, type, 1, 2, -3, -4), zero = TYPED(t, type, 0, 0, 0, 0);
    PULL(ad_relu(a), NAN, INFINITY, 2, INFINITY);
    ASSERT_EXACT(ad_gradient(a), 0, 0, 2, INFINITY);
    PULL(ad_maximum(a, b), NAN, INFINITY, NAN, INFINITY);
    ASSERT_EXACT(ad_gradient(a), 0, 0, NAN, INFINITY);
    ASSERT_EXACT(ad_gradient(b), NAN, INFINITY, 0, 0);
    PULL(ad_minimum(a, b), NAN, INFINITY, NAN, INFINITY);
    ASSERT_EXACT(ad_gradient(a), NAN, INFINITY, 0, 0);
    ASSERT_EXACT(ad_gradient(b), 0, 0, NAN, INFINITY);
    PULL(ad_abs(zero), NAN, INFINITY, -INFINITY, 1);
    ASSERT_EXACT(ad_gradient(zero), 0, 0, 0, 0);
    PULL(ad_step(a), NAN, INFINITY, NAN, INFINITY);
    ASSERT_EXACT(ad_gradient(a), 0, 0, 0, 0);
    PULL(ad_max_over(ad_reshape(a, AD_SHAPE(2, 2)), AD_AXES(1)), NAN, INFINITY);
    ASSERT_EXACT(ad_gradient(a), NAN, 0, 0, INFINITY);
    ad_tape_close(t);
}
END_TEST

/* The same one order higher, through the backward operators. */
START_TEST(upstream_stays_in_its_branch_again)
{
    ad_tape *t = ad_tape_open(NULL);
    const ad_type type = type_of_loop(_i);
    ad_tensor v = TYPED(t, type, 5, 6, 7, 8), x = TYPED(t, type, -1, 2, -3, 4), w = TYPED(t, type, 1, 1, -9, 9);
    PULL(ad_where_positive(v, x), NAN, 2, INFINITY, NAN);
    ASSERT_EXACT(ad_gradient(v), 0, 2, 0, NAN);
    ASSERT_EXACT(ad_gradient(x), 0, 0, 0, 0);
    PULL(ad_where_not_positive(v, x), 3, NAN, NAN, INFINITY);
    ASSERT_EXACT(ad_gradient(v), 3, 0, NAN, 0);
    ASSERT_EXACT(ad_gradient(x), 0, 0, 0, 0);
    PULL(ad_share_greater(v, x, w), NAN, 2, INFINITY, INFINITY);
    ASSERT_EXACT(ad_gradient(v), 0, 2, INFINITY, 0);
    ASSERT_EXACT(ad_gradient(x), 0, 0, 0, 0);
    PULL(ad_elu_backward(v, x), 1, NAN, 1, INFINITY);
    ASSERT_EXACT(ad_gradient(x), 5, 0, 7, 0);
    ad_tape_close(t);
}
END_TEST

/* ---- Conventions: NaN ---------------------------------------------------------------------------------------- */

enum { NAN_SIZE = 19, NAN_PLACE = 7 };

/* Rows that select by an operand in which they are constant: the next test and the golden special values have them. */
static bool selects(const ad_operator *row)
{
    bool any = false;
    for (int i = 0; i < row->arity && row->arity > 1; i++)
        any = any || row->domain[i].constant;
    return any;
}

/* The n-th row that NaN passes through; NULL past the last. */
static const ad_operator *passing_row(int n)
{
    for (size_t i = 0; i < ad_operator_count(); i++) {
        const ad_operator *row = ad_operator_at(i);
        if (row->properties & AD_ELEMENTWISE && !selects(row) && n-- == 0)
            return row;
    }
    return NULL;
}

static int count_passing_rows(void)
{
    int n = 0;
    while (passing_row(n))
        n++;
    return n;
}

/* A NaN in any operand of an element-wise operator is a NaN at its place in the result, and nowhere else. */
START_TEST(nan_passes)
{
    const ad_operator *row = passing_row(_i / 2);
    static checker_numbers numbers;
    checker_call call = checker_call_of(row, 0);
    for (int i = 0; i < call.n_x; i++)
        call.x[i] = AD_SHAPE(NAN_SIZE);
    for (int i = 0; i < call.n_x; i++) {
        ad_tape *t = ad_tape_open(NULL);
        ad_tensor x[AD_SAMPLE_OPERANDS], y[AD_MAX_RESULTS];
        checker_draw(&call, 0, &numbers);
        numbers.at[numbers.first[i] + NAN_PLACE] = NAN;
        for (int k = 0; k < call.n_x; k++)
            x[k] = checker_input(t, type_of_loop(_i % 2), &call, &numbers, k);
        ad_apply(NULL, row, x, call.n_x, call.attributes, y);
        assert_ok(t);
        for (size_t k = 0; k < NAN_SIZE; k++)
            ck_assert_msg(isnan(number_at(y[0], k)) == (k == NAN_PLACE), "%s: NaN in operand %d: element %zu is %g",
                          row->name, i, k, number_at(y[0], k));
        ad_tape_close(t);
    }
}
END_TEST

START_TEST(nan_and_selection)
{
    ad_tape *t = ad_tape_open(NULL);
    const ad_type type = type_of_loop(_i);
    ad_tensor v = TYPED(t, type, NAN, 1, 1, NAN), x = TYPED(t, type, -1, NAN, 0, 1);
    ASSERT_EXACT(ad_where_positive(v, x), 0, 1, 0, NAN);
    ASSERT_EXACT(ad_where_not_positive(v, ad_neg(x)), 0, 1, 1, NAN);
    ad_tensor w = TYPED(t, type, NAN, NAN, 1, 1, 1), a = TYPED(t, type, 1, 2, 2, NAN, 0),
              b = TYPED(t, type, 2, 1, 2, 0, NAN);
    ASSERT_EXACT(ad_share_greater(w, a, b), 0, NAN, 0.5, 1, 1);
    assert_ok(t);
    ad_tape_close(t);
}
END_TEST

/* Through reductions, products and losses too. */
START_TEST(nan_passes_through_the_rest)
{
    ad_tape *t = ad_tape_open(NULL);
    const ad_type type = type_of_loop(_i);
    ad_tensor x = ad_reshape(TYPED(t, type, 1, NAN, 3, 4), AD_SHAPE(2, 2));
    ad_tensor labels = ad_input(t, AD_I32, AD_SHAPE(2), NULL);
    ASSERT_EXACT(ad_sum_over(x, AD_AXES(1)), NAN, 7);
    ASSERT_EXACT(ad_mean_over(x, AD_AXES(1)), NAN, 3.5);
    ASSERT_EXACT(ad_max_over(x, AD_AXES(1)), NAN, 4);
    ASSERT_NEAR(ad_logsumexp_over(x, AD_AXES(1)), 1e-6, NAN, 4 + log1p(exp(-1)));
    ASSERT_NEAR(ad_softmax(x, 1), 1e-6, NAN, NAN, 1 / (1 + exp(1)), 1 / (1 + exp(-1)));
    ASSERT_NEAR(ad_log_softmax(x, 1), 1e-6, NAN, NAN, -1 - log1p(exp(-1)), -log1p(exp(-1)));
    ASSERT_NEAR(ad_softmax_cross_entropy(x, labels), 1e-6, NAN, 1 + log1p(exp(-1)));
    ASSERT_EXACT(ad_matmul(x, ad_zeros(t, type, AD_SHAPE(2, 1))), NAN, 0);
    ASSERT_EXACT(ad_transpose(x), 1, 3, NAN, 4);
    assert_ok(t);
    ad_tape_close(t);
}
END_TEST

/* ---- Conventions: logarithms and losses ---------------------------------------------------------------------- */

START_TEST(logsumexp_of_minus_infinity)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = TYPED(t, type_of_loop(_i), -INFINITY, 1, -INFINITY, -INFINITY), table = ad_reshape(x, AD_SHAPE(2, 2));
    ad_tensor y = ad_logsumexp_over(table, AD_AXES(1));
    ASSERT_EXACT(y, 1, -INFINITY);
    PULL(y, 1, 1);
    ASSERT_EXACT(ad_gradient(x), 0, 1, 0, 0);
    ad_tensor z = TYPED(t, type_of_loop(_i), INFINITY, 1, 1000, 1000),
              w = ad_logsumexp_over(ad_reshape(z, AD_SHAPE(2, 2)), AD_AXES(1));
    ASSERT_NEAR(w, 1e-7, INFINITY, 1000 + log(2));
    assert_ok(t);
    ad_tape_close(t);
}
END_TEST

/* A logit of -inf is a class that is impossible: probability 0, gradient 0. */
START_TEST(softmax_of_minus_infinity)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = TYPED(t, type_of_loop(_i), -INFINITY, 2, 2), table = ad_reshape(x, AD_SHAPE(1, 3));
    ASSERT_EXACT(ad_softmax(table, 1), 0, 0.5, 0.5);
    ASSERT_NEAR(ad_log_softmax(table, 1), 1e-7, -INFINITY, -log(2), -log(2));
    ad_tensor loss = ad_softmax_cross_entropy(table, ad_input(t, AD_I32, AD_SHAPE(1), (const int32_t[]){2}));
    ASSERT_NEAR(loss, 1e-7, log(2));
    PULL(loss, 1);
    ASSERT_EXACT(ad_gradient(x), 0, 0.5, -0.5);
    PULL(ad_softmax(x, 0), 1, 2, 4);
    ASSERT_EXACT(ad_gradient(x), 0, -0.5, 0.5);
    PULL(ad_log_softmax(x, -1), 0, 2, 4);
    ASSERT_EXACT(ad_gradient(x), 0, -1, 1);
    assert_ok(t);
    ad_tape_close(t);
}
END_TEST

static const double gaps[] = {1, 10, 100, 1000, 10000};
enum { GAPS = sizeof gaps / sizeof gaps[0] };

/* Logits (0, gap) above any offset, with either label: the loss is gap + ln(1 + e^-gap) or ln(1 + e^-gap), the gradient
 * p - y. */
START_TEST(softmax_cross_entropy_at_gaps)
{
    const double gap = gaps[_i / 2], p = exp(-gap) / (1 + exp(-gap)), q = 1 / (1 + exp(-gap));
    const ad_type type = type_of_loop(_i % 2);
    const double tolerance = 4 * (type == AD_F32 ? (double)FLT_EPSILON : DBL_EPSILON);
    for (int offset = -1024; offset <= 1024; offset += 1024) {
        ad_tape *t = ad_tape_open(NULL);
        ad_tensor x = TYPED(t, type, offset, offset + gap, offset, offset + gap),
                  logits = ad_reshape(x, AD_SHAPE(2, 2));
        ad_tensor loss = ad_softmax_cross_entropy(logits, ad_input(t, AD_I32, AD_SHAPE(2), (const int32_t[]){0, 1}));
        ASSERT_NEAR(loss, tolerance, gap + log1p(exp(-gap)), log1p(exp(-gap)));
        if (gap >= 100)
            ck_assert_double_eq(number_at(loss, 0), gap);
        PULL(loss, 1, 1);
        ASSERT_NEAR(ad_gradient(x), tolerance, p - 1, q, p, q - 1);
        ad_tape_close(t);
    }
}
END_TEST

/* Logits z = -gap and gap for targets 0, 0.25 and 1: softplus(z) - t z, gradient logistic(z) - t. */
START_TEST(logistic_cross_entropy_at_gaps)
{
    static const double targets[] = {0, 0.25, 1};
    const double gap = gaps[_i / 2], tail = log1p(exp(-gap)), p = exp(-gap) / (1 + exp(-gap)), q = 1 / (1 + exp(-gap));
    const ad_type type = type_of_loop(_i % 2);
    const double tolerance = 4 * (type == AD_F32 ? (double)FLT_EPSILON : DBL_EPSILON);
    for (int k = 0; k < 3; k++) {
        ad_tape *t = ad_tape_open(NULL);
        ad_tensor z = TYPED(t, type, -gap, gap), loss = ad_logistic_cross_entropy(z, TYPED(t, type, targets[k]));
        ASSERT_NEAR(loss, tolerance, tail + targets[k] * gap, tail + gap - targets[k] * gap);
        PULL(loss, 1, 1);
        ASSERT_NEAR(ad_gradient(z), tolerance, p - targets[k], q - targets[k]);
        ad_tape_close(t);
    }
}
END_TEST

static void assert_finite(int line, ad_tensor x)
{
    for (size_t i = 0; i < ad_size_of(x); i++)
        ck_assert_msg(isfinite(number_at(x, i)), "line %d: element %zu is %g", line, i, number_at(x, i));
}

/* The largest logits there are, in every order and with every label. */
START_TEST(losses_of_the_largest_logits)
{
    const ad_type type = type_of_loop(_i);
    const double huge = type == AD_F32 ? (double)FLT_MAX : DBL_MAX, values[] = {huge, -huge, 0};
    for (int k = 0; k < 27; k++) {
        const double z[] = {values[k % 3], values[k / 3 % 3], values[k / 9]};
        const int32_t labels[] = {0, 1, 2};
        ad_tape *t = ad_tape_open(NULL);
        ad_tensor x = typed_param(t, type, z, 3), logits = ad_broadcast_to(x, AD_SHAPE(3, 3));
        ad_tensor loss = ad_softmax_cross_entropy(logits, ad_input(t, AD_I32, AD_SHAPE(3), labels));
        assert_finite(__LINE__, loss);
        PULL(loss, 1, 1, 1);
        assert_finite(__LINE__, ad_gradient(x));
        ad_tensor by_target = ad_logistic_cross_entropy(x, ad_cast(INPUTS(t, 0, 0.5, 1), type));
        assert_finite(__LINE__, by_target);
        PULL(by_target, 1, 1, 1);
        assert_finite(__LINE__, ad_gradient(x));
        ad_tape_close(t);
    }
}
END_TEST

START_TEST(labels_out_of_range)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor logits = ad_zeros(t, AD_F32, AD_SHAPE(3, 4));
    ck_assert(
        ad_is_inert(ad_softmax_cross_entropy(logits, ad_input(t, AD_I32, AD_SHAPE(3), (const int32_t[]){0, 3, 4}))));
    ASSERT_FAILS(t, AD_BAD_VALUE, "softmax_cross_entropy: label 4 of row 2");
    ck_assert(
        ad_is_inert(ad_softmax_cross_entropy(logits, ad_input(t, AD_I32, AD_SHAPE(3), (const int32_t[]){0, -1, 4}))));
    ASSERT_FAILS(t, AD_BAD_VALUE, "softmax_cross_entropy: label -1 of row 1");
    ck_assert(ad_is_inert(ad_gather_rows(logits, ad_input(t, AD_I32, AD_SHAPE(2), (const int32_t[]){2, 3}))));
    ASSERT_FAILS(t, AD_BAD_VALUE, "gather_rows: row number 3");
    ad_tape_close(t);
}
END_TEST

/* ---- Conventions: nothing, and integers ---------------------------------------------------------------------- */

START_TEST(reductions_of_nothing)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = ad_param(t, type_of_loop(_i), AD_SHAPE(2, 0), NULL, "x");
    ASSERT_EXACT(ad_sum(x), 0);
    ASSERT_EXACT(ad_mean(x), NAN);
    ASSERT_EXACT(ad_logsumexp(x), -INFINITY);
    ASSERT_EXACT(ad_sum_over(x, AD_AXES(1)), 0, 0);
    ASSERT_EXACT(ad_mean_over(x, AD_AXES(1)), NAN, NAN);
    ASSERT_EXACT(ad_logsumexp_over(x, AD_KEEP_AXES(-1)), -INFINITY, -INFINITY);
    ck_assert_uint_eq(ad_size_of(ad_max_over(x, AD_AXES(0))), 0);
    assert_ok(t);
    ck_assert(ad_is_inert(ad_max_over(x, AD_AXES(1))));
    ASSERT_FAILS(t, AD_BAD_SHAPE, "max: axis 1 of x [2,0]");
    ck_assert(ad_is_inert(ad_max_over(x, AD_AXES(-1))));
    ASSERT_FAILS(t, AD_BAD_SHAPE, "max: axis 1 of x [2,0]");
    ck_assert(ad_is_inert(ad_max(x)));
    ASSERT_FAILS(t, AD_BAD_SHAPE, "axis 1");
    ad_backward(ad_add(ad_sum(x), ad_add(ad_mean(x), ad_logsumexp(x))));
    ck_assert_uint_eq(ad_size_of(ad_gradient(x)), 0);
    assert_ok(t);
    ad_tape_close(t);
}
END_TEST

/* Products over an inner size of 0 are sums of nothing. */
START_TEST(products_of_nothing)
{
    ad_tape *t = ad_tape_open(NULL);
    const ad_type type = type_of_loop(_i);
    ad_tensor a = ad_param(t, type, AD_SHAPE(2, 0), NULL, "a"), b = ad_param(t, type, AD_SHAPE(0, 2), NULL, "b");
    ASSERT_EXACT(ad_matmul(a, b), 0, 0, 0, 0);
    ASSERT_EXACT(ad_matmul_nt(a, a), 0, 0, 0, 0);
    ASSERT_EXACT(ad_matmul_tn(b, b), 0, 0, 0, 0);
    ck_assert_uint_eq(ad_size_of(ad_matmul(b, a)), 0);
    assert_ok(t);
    ad_tape_close(t);
}
END_TEST

START_TEST(integers)
{
    ad_tape *t = ad_tape_open(NULL);
    const int32_t values[] = {3, -4};
    ad_tensor i = ad_input(t, AD_I32, AD_SHAPE(2), values), made[] = {{0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}};
    ad_tensor (*const of_two[])(ad_tensor, ad_tensor) = {ad_add, ad_mul, ad_div, ad_maximum};
    ad_tensor (*const of_one[])(ad_tensor) = {ad_neg, ad_exp, ad_sum, ad_relu};
    for (int k = 0; k < 8; k++) {
        made[k] = k < 4 ? of_two[k](i, i) : of_one[k - 4](i);
        ck_assert(ad_is_inert(made[k]));
        ASSERT_FAILS(t, AD_BAD_TYPE, "ad_cast");
    }
    ASSERT_EXACT(ad_neg(ad_cast(i, AD_F64)), -3, 4);
    ASSERT_EXACT(ad_reshape(i, AD_SHAPE(2, 1)), 3, -4);
    ASSERT_EXACT(ad_transpose(ad_reshape(i, AD_SHAPE(2, 1))), 3, -4);
    ASSERT_EXACT(ad_detach(i), 3, -4);
    assert_ok(t);
    ad_tape_close(t);
}
END_TEST

/* Gradients pass between f32 and f64, in the operand's type; to i32 and back none does. */
START_TEST(casts)
{
    ad_tape *t = ad_tape_open(NULL);
    for (int type = AD_F32; type <= AD_F64; type++) {
        ad_tensor x = TYPED(t, (ad_type)type, 1.5, -2.75), y = ad_cast(x, type == AD_F32 ? AD_F64 : AD_F32);
        ad_backward_with(ad_sum(ad_square(y)), &(ad_backward_options){.differentiable = true});
        ck_assert_int_eq(ad_type_of(ad_gradient(x)), type);
        ASSERT_EXACT(ad_gradient(x), 3, -5.5);
        ad_backward(ad_sum(ad_gradient(x)));
        ASSERT_EXACT(ad_gradient(x), 2, 2);
        ASSERT_EXACT(ad_cast(x, AD_I32), 1, -2);
        ck_assert_int_eq(ad_backward(ad_sum(ad_cast(ad_cast(x, AD_I32), AD_F64))), AD_BAD_STATE);
        ASSERT_FAILS(t, AD_BAD_STATE, "depends on no parameter");
        ck_assert(ad_is_inert(ad_cast(TYPED(t, (ad_type)type, 0, 3e9), AD_I32)));
        ASSERT_FAILS(t, AD_BAD_VALUE, "at place 1 does not fit into i32");
        ck_assert(ad_is_inert(ad_cast(TYPED(t, (ad_type)type, NAN), AD_I32)));
        ASSERT_FAILS(t, AD_BAD_VALUE, "does not fit into i32");
    }
    ad_tape_close(t);
}
END_TEST

/* ---- The suite ----------------------------------------------------------------------------------------------- */

static TCase *make_case(Suite *suite, const char *name)
{
    TCase *tests = tcase_create(name);
    tcase_set_timeout(tests, 120);
    suite_add_tcase(suite, tests);
    return tests;
}

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static void add_descriptors(Suite *suite)
{
    TCase *tests = make_case(suite, "descriptors");
    tcase_add_loop_test(tests, fold_computes, 0, 6);
    tcase_add_loop_test(tests, fold_has_right_gradients, 0, 9);
    tcase_add_test(tests, fold_of_one_tensor);
    tcase_add_test(tests, fold_with_one_result_used);
    tcase_add_test(tests, fold_results_one_by_one);
    tcase_add_test(tests, fold_edges);
    tcase_add_loop_test(tests, incomplete_descriptors, 0, COUNT(incomplete));
    tcase_add_test(tests, no_descriptor);
    tcase_add_loop_test(tests, wrong_rules_are_found, 0, COUNT(wrong_rules));
    tcase_add_loop_test(tests, failing_rules_are_found, 0, COUNT(failing_rules));
}

static void add_gradcheck(Suite *suite)
{
    TCase *tests = make_case(suite, "gradcheck");
    tcase_add_test(tests, gradcheck_right);
    tcase_add_test(tests, gradcheck_wrong);
    tcase_add_test(tests, gradcheck_missing_and_all_zero);
    tcase_add_test(tests, gradcheck_not_checked);
    tcase_add_test(tests, gradcheck_of_small_gradients);
    tcase_add_test(tests, gradcheck_f32);
    tcase_add_test(tests, gradcheck_options);
    tcase_add_test(tests, gradcheck_of_a_gradient);
    tcase_add_test(tests, gradcheck_of_nan);
    tcase_add_test(tests, gradcheck_errors);
    tcase_add_test(tests, verdict_names);
}

static void add_gradients(Suite *suite)
{
    TCase *tests = make_case(suite, "gradients");
    tcase_add_loop_test(tests, x_plus_x_times_x, 0, WAYS_BACK);
    tcase_add_loop_test(tests, diamonds, 0, WAYS_BACK);
    tcase_add_loop_test(tests, x_plus_y_with_x_used_again, 0, WAYS_BACK);
    tcase_add_loop_test(tests, x_plus_x, 0, WAYS_BACK);
    tcase_add_loop_test(tests, gradients_read_after_they_were_given, 0, WAYS_BACK);
    tcase_add_loop_test(tests, chains_of_views, 0, WAYS_BACK);
    tcase_add_loop_test(tests, random_graphs, 0, 30);
    tcase_add_loop_test(tests, each_backward_starts_afresh, 0, WAYS_BACK);
    tcase_add_loop_test(tests, accumulating, 0, WAYS_BACK);
    tcase_add_loop_test(tests, accumulating_shared_gradients, 0, WAYS_BACK);
    tcase_add_loop_test(tests, seeds, 0, WAYS_BACK);
    tcase_add_test(tests, bad_seeds);
    tcase_add_test(tests, gradients_not_computed);
    tcase_add_loop_test(tests, gradients_and_reset, 0, WAYS_BACK);
    tcase_add_test(tests, gradients_as_operands);
    tcase_add_test(tests, differentiable_gradients_and_reset);
    tcase_add_loop_test(tests, a_failing_walk_leaves_nothing, 0, WAYS_BACK);
    tcase_add_loop_test(tests, derivatives_of_a_power, 0, 3);
    tcase_add_test(tests, third_derivatives);
    tcase_add_test(tests, hessian_times_vector);
    tcase_add_test(tests, local_gradients);
    tcase_add_test(tests, local_gradients_have_the_operands_shape);
    tcase_add_test(tests, local_gradient_errors);
}

static void add_conventions(Suite *suite)
{
    TCase *tests = make_case(suite, "conventions");
    tcase_add_loop_test(tests, edges_of_functions, 0, 2 * EDGE_CASES);
    tcase_add_loop_test(tests, power_zero, 0, 2);
    tcase_add_loop_test(tests, ties_of_two, 0, 2);
    tcase_add_loop_test(tests, ties_of_many, 0, 2);
    tcase_add_loop_test(tests, infinities_and_nan_in_max, 0, 2);
    tcase_add_loop_test(tests, upstream_stays_in_its_branch, 0, 2);
    tcase_add_loop_test(tests, upstream_stays_in_its_branch_again, 0, 2);
    tcase_add_loop_test(tests, nan_passes, 0, 2 * count_passing_rows());
    tcase_add_loop_test(tests, nan_and_selection, 0, 2);
    tcase_add_loop_test(tests, nan_passes_through_the_rest, 0, 2);
    tcase_add_loop_test(tests, logsumexp_of_minus_infinity, 0, 2);
    tcase_add_loop_test(tests, softmax_of_minus_infinity, 0, 2);
    tcase_add_loop_test(tests, softmax_cross_entropy_at_gaps, 0, 2 * GAPS);
    tcase_add_loop_test(tests, logistic_cross_entropy_at_gaps, 0, 2 * GAPS);
    tcase_add_loop_test(tests, losses_of_the_largest_logits, 0, 2);
    tcase_add_test(tests, labels_out_of_range);
    tcase_add_loop_test(tests, reductions_of_nothing, 0, 2);
    tcase_add_loop_test(tests, products_of_nothing, 0, 2);
    tcase_add_test(tests, integers);
    tcase_add_test(tests, casts);
}

int main(void)
{
    Suite *suite = suite_create("rules");
    add_descriptors(suite);
    add_gradcheck(suite);
    add_gradients(suite);
    add_conventions(suite);
    return run_suites(srunner_create(suite));
}
