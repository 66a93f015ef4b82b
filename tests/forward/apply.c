/* Applying an operator that uses all that a row can have: several results, a by-product, attributes of three kinds, any
 * number of operands. */
#include <math.h>
#include <string.h>

#include "../support/checker.h"
#include "../support/one_tape.h"

/* ---- An operator ------------------------------------------------------------------------------------------------- */

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

/* ---- Applying it ------------------------------------------------------------------------------------------------- */

/* x_i has the elements 1 + i and -2: of n operands the sum is (sum (1+i)^3 - 8 n) / 2, the product n! and 2^n. */
START_TEST(fold_computes)
{
    static const int counts[] = {1, 3, 20};
    const int n = counts[_i / 2];
    const ad_type type = _i % 2 ? AD_F32 : AD_F64;
    ad_tensor x[20], y[AD_MAX_RESULTS], untouched = {.id = 77};
    double cubes = 0, factorial = 1;
    for (int i = 0; i < n; i++) {
        x[i] = ad_cast(INPUTS(1 + i, -2), type);
        cubes += pow(1 + i, 3);
        factorial *= 1 + i;
    }
    y[2] = y[3] = untouched;
    ad_apply(NULL, &fold, x, n, fold_attributes, y);
    expect_ok(t);
    EXPECT_NEAR(y[0], 1e-6, 0.5 * (cubes - 8 * n));
    EXPECT_NEAR(y[1], 1e-6, factorial, pow(2, n));
    ck_assert_msg(y[2].id == 77, "a by-product is given to the caller");
    ck_assert_str_eq(ad_made_by(y[1]), "fold");
    ck_assert_int_eq(ad_operand_count(y[1]), n);
    ck_assert_uint_eq(ad_operand(y[1], n - 1).id, x[n - 1].id);
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
    ad_tensor x = PARAMS("x", 2, -3), z = PARAMS("z", -5, 7), y[AD_MAX_RESULTS];
    ad_apply(NULL, &fold, (const ad_tensor[]){x, z}, 2, fold_attributes, y);
    for (int way = 0; way < 3; way++) {
        const ad_backward_options options = {.keep = way == 1, .differentiable = way == 2};
        ad_backward_with(ad_sum(y[FOLD_PRODUCT]), &options);
        EXPECT(ad_gradient(x), 5, -7);
        EXPECT(ad_gradient(z), -2, 3);
        ck_assert(!ad_has_gradient(y[FOLD_SUM]));
        ad_backward_with(ad_sum(y[FOLD_SUM]), &options);
        EXPECT(ad_gradient(x), 1.5 * 4, 1.5 * 9);
        EXPECT(ad_gradient(z), 1.5 * 25, 1.5 * 49);
        ck_assert(!ad_has_gradient(y[FOLD_PRODUCT]));
    }
    expect_ok(t);
}
END_TEST

/* Each result is a tensor like any other: a seed for it, its gradient kept, its local derivatives. */
START_TEST(fold_results_one_by_one)
{
    ad_tensor x = PARAMS("x", 2, -3), z = PARAMS("z", -5, 7), y[AD_MAX_RESULTS];
    ad_apply(NULL, &fold, (const ad_tensor[]){x, z}, 2, fold_attributes, y);
    ad_backward_with(y[FOLD_PRODUCT], &(ad_backward_options){.seed = INPUTS(1, 10), .keep = true});
    EXPECT(ad_gradient(y[FOLD_PRODUCT]), 1, 10);
    EXPECT(ad_gradient(x), 5, -70);
    EXPECT(ad_local_gradient(y[FOLD_PRODUCT], 0), 5, -7);
    EXPECT(ad_local_gradient(y[FOLD_SUM], 1), 37.5, 73.5);
    EXPECT(ad_gradient(x), 5, -70);
    expect_ok(t);
}
END_TEST

/* Variadic means at least one; a rule is not asked for operands that want no gradient. */
START_TEST(fold_edges)
{
    ad_tensor x = PARAMS("x", 2, -3), constant = INPUTS(4, 4), y[AD_MAX_RESULTS];
    ad_apply(t, &fold, NULL, 0, fold_attributes, y);
    ck_assert(ad_is_inert(y[0]) && ad_is_inert(y[1]));
    expect_error_with(t, AD_BAD_VALUE, "fold: 0 operands are given, it takes at least 1");
    ad_attribute two_axes[AD_MAX_ATTRIBUTES];
    memcpy(two_axes, fold_attributes, sizeof two_axes);
    two_axes[2].axes = AD_AXES(0, 0);
    ad_apply(t, &fold, &x, 1, two_axes, y);
    ck_assert(ad_is_inert(y[0]) && ad_is_inert(y[1]));
    expect_error_with(t, AD_BAD_SHAPE, "fold: it takes one axis, kept");
    ad_apply(t, &fold, (const ad_tensor[]){constant, x}, 2, fold_attributes, y);
    ad_backward_with(ad_sum(y[FOLD_PRODUCT]), &(ad_backward_options){.keep = true});
    EXPECT(ad_gradient(x), 4, -4);
    ck_assert(!ad_has_gradient(constant));
    expect_ok(t);
}
END_TEST

/* ---- A scalar that takes the type of what it meets --------------------------------------------------------------- */

static ad_tensor floats(float a, float b) { return ad_variable(t, AD_F32, AD_SHAPE(2), (const float[]){a, b}); }

static void expect_typed(ad_tensor y, ad_type type, double a, double b)
{
    ck_assert_int_eq(ad_type_of(y), type);
    EXPECT(y, a, b);
}

START_TEST(scalar_meets_f32_in_either_order)
{
    const ad_tensor x = floats(2, -3), s = ad_scalar(t, 4), one = ad_variable(t, AD_F32, AD_SCALAR, (const float[]){2});
    expect_typed(ad_sub(x, s), AD_F32, -2, -7);
    expect_typed(ad_sub(s, x), AD_F32, 2, 7);
    expect_typed(ad_maximum(s, x), AD_F32, 4, 4);
    ck_assert_int_eq(ad_type_of(ad_mul(one, s)), AD_F32); /* both of rank 0 */
    ck_assert_int_eq(ad_type_of(ad_pow(s, one)), AD_F32);
    const double third = ad_item(ad_mul(ad_scalar(t, 1.0 / 3), one)) / 2;
    ck_assert_double_eq(third, (double)(float)(1.0 / 3));
    ck_assert_int_eq(ad_type_of(s), AD_F64);
    const ad_tensor square = ad_param(t, AD_F32, AD_SHAPE(2, 2), (const float[]){1, 2, 3, 4}, "m");
    expect_shape(ad_div(square, s), AD_SHAPE(2, 2));
    expect_ok(t);
}
END_TEST

START_TEST(scalar_meets_f32_among_three_operands)
{
    const ad_tensor x = floats(2, -3), s = ad_scalar(t, 4), zero = ad_scalar(t, 0);
    expect_typed(ad_mul_add(s, x, zero), AD_F32, 8, -12);
    expect_typed(ad_mul_add(x, x, s), AD_F32, 8, 13);
    expect_typed(ad_greater(x, zero), AD_I32, 1, 0);
    expect_typed(ad_less(zero, x), AD_I32, 1, 0);
    expect_typed(ad_where(ad_greater(x, zero), x, zero), AD_F32, 2, 0);
    expect_typed(ad_where(ad_greater(x, zero), s, x), AD_F32, 4, -3);
    const ad_tensor one = ad_variable(t, AD_F32, AD_SCALAR, (const float[]){7}), both[] = {s, one};
    expect_typed(ad_stack(both, 2, 0), AD_F32, 4, 7);
    ad_tensor ten[10]; /* more than a call has room for on the stack */
    for (int i = 0; i < 10; i++)
        ten[i] = i == 6 ? one : ad_scalar(t, i);
    const ad_tensor all = ad_stack(ten, 10, 0);
    ck_assert_int_eq(ad_type_of(all), AD_F32);
    EXPECT(all, 0, 1, 2, 3, 4, 5, 7, 7, 8, 9);
    expect_ok(t);
}
END_TEST

START_TEST(scalar_stays_f64)
{
    const ad_tensor a = ad_scalar(t, 2), b = ad_scalar(t, 3), d = ad_variable(t, AD_F64, AD_SHAPE(2), NULL);
    const uint32_t before = ad_add(a, b).id;
    const ad_tensor sum = ad_add(a, b); /* nothing is recorded but the sums */
    ck_assert_uint_eq(sum.id, before + 1);
    ck_assert_int_eq(ad_type_of(sum), AD_F64);
    ck_assert_int_eq(ad_type_of(ad_stack((const ad_tensor[]){a, b}, 2, 0)), AD_F64);
    ck_assert_int_eq(ad_type_of(ad_mul(a, d)), AD_F64);
    expect_ok(t);
    expect_inert(ad_add(sum, floats(1, 2)), AD_BAD_TYPE, /* a result has the type that it was computed in */
                 "add: types differ: [] is f64, [2] is f32; convert one with ad_cast");
    expect_inert(ad_add(floats(1, 2), ad_param(t, AD_F64, AD_SCALAR, NULL, "p")), AD_BAD_TYPE,
                 "add: types differ: [2] is f32, p [] is f64; convert one with ad_cast");
}
END_TEST

START_TEST(scalar_does_not_become_i32)
{
    const ad_tensor i = ad_input(t, AD_I32, AD_SHAPE(2), NULL), s = ad_scalar(t, 2), x = floats(1, 2);
    expect_inert(ad_add(s, i), AD_BAD_TYPE,
                 "add: operand 1, [2], is i32: it must be f32 or f64; convert it with ad_cast");
    expect_inert(ad_equal(i, s), AD_BAD_TYPE, "equal: types differ: [2] is i32, [] is f64; convert one with ad_cast");
    expect_inert(ad_where(i, s, i), AD_BAD_TYPE,
                 "where: types differ: [] is f64, [2] is i32; convert one with ad_cast");
    expect_inert(ad_logical_and(i, s), AD_BAD_TYPE, "logical_and: operand 1, [], is f64: it must be i32");
    expect_inert(ad_mul_add(s, ad_name(x, "x"), ad_input(t, AD_F64, AD_SHAPE(2), NULL)), AD_BAD_TYPE,
                 "mul_add: types differ: x [2] is f32, [2] is f64; convert one with ad_cast");
}
END_TEST

/* The gradient of the other operand, in each way back; by the scalar too, in its own type. */
START_TEST(scalar_beside_f32_has_derivatives)
{
    const ad_tensor x = floats(2, -3), s = ad_scalar(t, 4);
    const ad_tensor y = ad_sum(ad_mul(ad_mul(s, ad_square(x)), s)); /* s^2 x^2 */
    ad_tensor dx, ds;
    for (int way = 0; way < WAYS_BACK; way++) {
        ad_backward_with(y, &ways_back[way]);
        expect_typed(ad_gradient(x), AD_F32, 64, -96);
    }
    ad_grad(y, &s, 1, &ds);
    ck_assert_int_eq(ad_type_of(ds), AD_F64);
    EXPECT(ds, 2 * 4 * 13);
    ad_grad(y, &x, 1, &dx);
    ad_grad(ad_sum(ad_mul(dx, ad_scalar(t, 0.5))), &x, 1, &dx);
    expect_typed(dx, AD_F32, 16, 16);
    expect_ok(t);
}
END_TEST

START_TEST(scalar_beside_f32_is_replayed)
{
    const ad_tensor x = floats(2, -3), s = ad_scalar(t, 4), y = ad_mul(x, s);
    ad_assign(s, &(double){5});
    ck_assert_int_eq(ad_replay(t), AD_OK);
    expect_typed(y, AD_F32, 10, -15);
    ad_segment_begin(t);
    const ad_tensor z = ad_sum(ad_square(ad_sub(s, x)));
    ad_segment_end(t, &z, 1);
    ad_backward(z);
    expect_typed(ad_gradient(x), AD_F32, -6, -16);
    expect_ok(t);
}
END_TEST

/* Rules and kernels of ordinary backwards record nothing: the cast is a temporary. */
static void halve_vjp(ad_pullback *p) { ad_give(p, 0, ad_mul(ad_scalar(ad_dy(p).tape, 0.5), ad_dy(p))); }
static void halve_run(ad_call *c)
{
    for (size_t i = 0; i < ad_elements(c->y[0]); i++)
        set(c->y[0], i, get(c->x[0], i) / 2);
}
static const ad_operator halve = {
    .name = "halve", .arity = 1, .shape = ad_same_shape, .run = halve_run, .vjp = halve_vjp};

START_TEST(scalar_in_a_rule_meets_f32)
{
    const ad_tensor x = floats(2, -3), y = ad_sum(ad_apply1(&halve, x));
    for (int way = 0; way < WAYS_BACK; way++) {
        ad_backward_with(y, &ways_back[way]);
        expect_typed(ad_gradient(x), AD_F32, 0.5, 0.5);
    }
    expect_ok(t);
}
END_TEST

START_TEST(failed_call_leaves_no_cast)
{
    const ad_tensor x = floats(2, -3), s = ad_scalar(t, 4), matrix = ad_variable(t, AD_F32, AD_SHAPE(3, 3), NULL);
    const ad_tensor before = ad_neg(x);
    ck_assert(ad_is_inert(ad_matmul(matrix, s)));
    expect_error_with(t, AD_BAD_SHAPE, "matmul");
    ck_assert_uint_eq(ad_neg(x).id, before.id + 1);
    ad_add(x, matrix);
    const uint32_t last = before.id + 1;
    ck_assert(ad_is_inert(ad_mul(x, s))); /* on a tape in error */
    ck_assert_int_eq(ad_clear_error(t), AD_BAD_SHAPE);
    ck_assert_uint_eq(ad_neg(x).id, last + 1);
}
END_TEST

/* ---- What the short way of scalars leaves to the general one ------------------------------------------------------
 */

static ad_tensor scalar_of(double value) { return ad_variable(t, AD_F64, AD_SCALAR, &value); }

START_TEST(scalars_that_are_no_operands)
{
    const int32_t one = 1;
    const float half = 0.5F;
    const ad_tensor whole = ad_input(t, AD_I32, AD_SCALAR, &one), f32 = ad_input(t, AD_F32, AD_SCALAR, &half);
    ad_neg(whole);
    expect_recovery(t, AD_BAD_TYPE, "neg: operand 0");
    ad_add(scalar_of(2), f32);
    expect_recovery(t, AD_BAD_TYPE, "add: types differ");
    ad_apply1(ad_operator_named("scale"), scalar_of(2));
    expect_recovery(t, AD_BAD_VALUE, "scale: its attributes are NULL");
    const ad_tensor gone = ad_exp(scalar_of(2));
    ad_reset(t);
    ad_neg(gone);
    expect_recovery(t, AD_BAD_HANDLE, "neg: operand 0 is stale");
}
END_TEST

/* A gradient is a temporary: it enters a recording as an entry of its own, which no derivative passes. */
START_TEST(a_gradient_of_a_scalar_enters_a_recording)
{
    const ad_tensor x = scalar_of(3);
    ad_backward(ad_square(x));
    const ad_tensor y = ad_mul(ad_gradient(x), x);
    ck_assert_double_eq(ad_item(y), 18);
    ad_backward(y);
    expect_recovery(t, AD_BAD_STATE, "backward: ");
}
END_TEST

/* A rule must not read a scalar that was changed since. */
START_TEST(a_rule_reads_no_changed_scalar)
{
    const double start = 3, later = 4;
    const ad_tensor x = ad_param(t, AD_F64, AD_SCALAR, &start, "x"), y = ad_log(x);
    ad_assign(x, &later);
    ad_backward(y);
    expect_recovery(t, AD_BAD_STATE, "log: x was changed in place after it was read");
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, fold_computes, 0, 6);
    tcase_add_loop_test(tests, fold_has_right_gradients, 0, 9);
    tcase_add_test(tests, fold_of_one_tensor);
    tcase_add_test(tests, fold_with_one_result_used);
    tcase_add_test(tests, fold_results_one_by_one);
    tcase_add_test(tests, fold_edges);
    tcase_add_test(tests, scalar_meets_f32_in_either_order);
    tcase_add_test(tests, scalar_meets_f32_among_three_operands);
    tcase_add_test(tests, scalar_stays_f64);
    tcase_add_test(tests, scalar_does_not_become_i32);
    tcase_add_test(tests, scalar_beside_f32_has_derivatives);
    tcase_add_test(tests, scalar_beside_f32_is_replayed);
    tcase_add_test(tests, scalar_in_a_rule_meets_f32);
    tcase_add_test(tests, failed_call_leaves_no_cast);
    tcase_add_test(tests, scalars_that_are_no_operands);
    tcase_add_test(tests, a_gradient_of_a_scalar_enters_a_recording);
    tcase_add_test(tests, a_rule_reads_no_changed_scalar);
}

int main(void) { return run_on_one_tape("apply", add_tests); }
