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

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, fold_computes, 0, 6);
    tcase_add_loop_test(tests, fold_has_right_gradients, 0, 9);
    tcase_add_test(tests, fold_of_one_tensor);
    tcase_add_test(tests, fold_with_one_result_used);
    tcase_add_test(tests, fold_results_one_by_one);
    tcase_add_test(tests, fold_edges);
}

int main(void) { return run_on_one_tape("apply", add_tests); }
