/* Blocks beside their compositions, values and first gradients, in units in the last place of the largest element; and
 * by hand. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/operators/backward.h>

#include "../support/one_tape.h"

static void close_tape_and_threads(void)
{
    close_tape();
    ad_set_threads(0);
}

/* ---- Distances --------------------------------------------------------------------------------------------------- */

static double ulp_of(double x, ad_type type)
{
    int exponent;
    frexp(x, &exponent);
    return ldexp(1, exponent - (type == AD_F32 ? FLT_MANT_DIG : DBL_MANT_DIG));
}

/* The largest difference, in ulp of the largest element of b. */
static double ulp_between(ad_tensor a, ad_tensor b)
{
    double off = 0, largest = 0;
    ck_assert_uint_eq(ad_size_of(a), ad_size_of(b));
    for (size_t i = 0; i < ad_size_of(a); i++) {
        ck_assert(isfinite(number_at(a, i)));
        off = fmax(off, fabs(number_at(a, i) - number_at(b, i)));
        largest = fmax(largest, fabs(number_at(b, i)));
    }
    expect_ok(t);
    return off > 0 ? off / ulp_of(largest, ad_type_of(b)) : 0;
}

/* A variable of numbers in [-1, 1), the same for the same stream. */
static ad_tensor drawn(ad_type type, ad_shape shape, uint64_t stream)
{
    size_t n = 1;
    for (int i = 0; i < shape.rank; i++)
        n *= (size_t)shape.dims[i];
    double *wide = malloc((n + 1) * sizeof *wide);
    float *narrow = malloc((n + 1) * sizeof *narrow);
    ck_assert(wide && narrow);
    for (size_t i = 0; i < n; i++)
        wide[i] = (double)(narrow[i] = (float)(2 * ad_random_uniform(7, stream, i) - 1));
    ad_tensor x = ad_variable(t, type, shape, type == AD_F32 ? (const void *)narrow : wide);
    free(wide);
    free(narrow);
    return x;
}

/* A block or its composition, of operands `x` into results `y`; how many they are. */
typedef struct block {
    int n_x;
    ad_shape x[5];
    int (*fused)(const ad_tensor *x, ad_tensor *y);
    int (*composed)(const ad_tensor *x, ad_tensor *y);
    double values, gradients; /* ulp */
} block;

/* The results of one of the two, and the gradients of the operands for random gradients of the results. */
static int compute(const block *b, ad_type type, bool fused, ad_tensor y[], ad_tensor dx[])
{
    ad_tensor x[5], total = ad_full(t, type, AD_SCALAR, 0);
    for (int i = 0; i < b->n_x; i++)
        x[i] = drawn(type, b->x[i], (uint64_t)i);
    const int n = (fused ? b->fused : b->composed)(x, y);
    for (int j = 0; j < n; j++)
        total = ad_add(total, ad_sum(ad_mul(y[j], drawn(type, ad_shape_of(y[j]), 50 + (uint64_t)j))));
    ad_backward_with(total, &(ad_backward_options){.differentiable = true}); /* so that they outlive the other's */
    expect_ok(t);
    for (int i = 0; i < b->n_x; i++)
        dx[i] = ad_gradient(x[i]);
    return n;
}

static void compare(const block *b, const char *what)
{
    for (int type = AD_F32; type <= AD_F64; type++) {
        ad_tensor y[2][4], dx[2][5];
        int n = 0;
        for (int fused = 0; fused < 2; fused++)
            n = compute(b, (ad_type)type, fused, y[fused], dx[fused]);
        for (int j = 0; j < n; j++) {
            const double off = ulp_between(y[1][j], y[0][j]);
            ck_assert_msg(off <= b->values, "%s of %s: result %d is off by %.3g ulp", what, ad_type_name((ad_type)type),
                          j, off);
        }
        for (int i = 0; i < b->n_x; i++) {
            const double off = ulp_between(dx[1][i], dx[0][i]);
            ck_assert_msg(off <= b->gradients, "%s of %s: gradient %d is off by %.3g ulp", what,
                          ad_type_name((ad_type)type), i, off);
        }
        ad_reset(t);
    }
}

/* ---- Linear ------------------------------------------------------------------------------------------------------ */

static ad_activation activation;

static ad_tensor activate(ad_tensor z)
{
    switch (activation) {
    case AD_RELU: return ad_relu(z);
    case AD_TANH: return ad_tanh(z);
    case AD_LOGISTIC: return ad_logistic(z);
    case AD_SOFTPLUS: return ad_softplus(z);
    case AD_ELU: return ad_elu(z);
    default: return z;
    }
}

static int linear_fused(const ad_tensor *x, ad_tensor *y)
{
    y[0] = ad_linear(x[0], x[1], x[2], activation);
    return 1;
}

static int linear_composed(const ad_tensor *x, ad_tensor *y)
{
    const ad_shape shape = ad_shape_of(x[0]), w = ad_shape_of(x[1]);
    ad_shape result = shape;
    result.dims[result.rank - 1] = w.dims[1];
    ad_tensor rows = ad_reshape(x[0], AD_SHAPE((int64_t)ad_size_of(x[0]) / w.dims[0], w.dims[0]));
    y[0] = ad_reshape(activate(ad_add(ad_matmul(rows, x[1]), x[2])), result);
    return 1;
}

/* Short rows and long, few rows and many, several leading axes and none, and a product in two halves, as a batch's. */
static const ad_shape linear_shapes[] = {
    {2, {5, 7}}, {2, {3, 50}}, {2, {200, 11}}, {3, {4, 9, 6}}, {1, {12}}, {2, {50, 784}}, {2, {1, 1}},
};
static const int64_t linear_units[] = {3, 300, 10, 65, 8, 300, 1};

START_TEST(linear_is_its_composition)
{
    for (size_t i = 0; i < COUNT(linear_units); i++) {
        const ad_shape x = linear_shapes[i];
        const int64_t d = x.dims[x.rank - 1], h = linear_units[i];
        block b = {3, {x, AD_SHAPE(d, h), AD_SHAPE(h)}, linear_fused, linear_composed, 2, 2};
        activation = (ad_activation)_i;
        b.gradients = activation == AD_SOFTPLUS ? 8 : 4;
        compare(&b, "linear");
    }
}
END_TEST

START_TEST(linear_by_hand)
{
    const double x[] = {1, -2, 0.5, 3}, w[] = {2, -1, 0, 1, 1, -3}, bias[] = {0.5, 0, 1};
    ad_tensor tx = ad_variable(t, AD_F64, AD_SHAPE(2, 2), x), tw = ad_variable(t, AD_F64, AD_SHAPE(2, 3), w),
              tb = ad_variable(t, AD_F64, AD_SHAPE(3), bias);
    ad_tensor y = ad_linear(tx, tw, tb, AD_RELU);
    const double expected[] = {0.5, 0, 7, 4.5, 2.5, 0}, dx[] = {2, -2, 1, 2}, dw[] = {1.5, 0.5, 1, 1, 3, -2},
                 db[] = {2, 1, 1};
    ad_backward(ad_sum(y));
    expect_ok(t);
    ck_assert(!memcmp(ad_f64(y), expected, sizeof expected));
    ck_assert(!memcmp(ad_f64(ad_gradient(tx)), dx, sizeof dx));
    ck_assert(!memcmp(ad_f64(ad_gradient(tw)), dw, sizeof dw));
    ck_assert(!memcmp(ad_f64(ad_gradient(tb)), db, sizeof db));
}
END_TEST

/* The kink has the activation's own convention, NaN passes, and far from 0 nothing overflows. */
START_TEST(linear_at_the_edges)
{
    const double x[] = {0, NAN, -800, 800}, one = 1, zero = 0;
    for (activation = 0; activation < AD_ACTIVATION_COUNT; activation++) {
        ad_tensor tx = ad_variable(t, AD_F64, AD_SHAPE(4, 1), x);
        ad_tensor y = ad_linear(tx, ad_input(t, AD_F64, AD_SHAPE(1, 1), &one), ad_input(t, AD_F64, AD_SHAPE(1), &zero),
                                activation);
        ad_tensor other = ad_variable(t, AD_F64, AD_SHAPE(4, 1), x), z = activate(other);
        ad_backward(ad_sum(ad_add(y, z)));
        expect_ok(t);
        for (size_t i = 0; i < 4; i++) {
            const double dy = ad_f64(ad_gradient(tx))[i], dz = ad_f64(ad_gradient(other))[i];
            ck_assert(ad_f64(y)[i] == ad_f64(z)[i] || (isnan(ad_f64(y)[i]) && isnan(ad_f64(z)[i])));
            ck_assert_msg(fabs(dy - dz) <= 1e-15 || (isnan(dy) && isnan(dz)), "activation %d at %g: %g, not %g",
                          (int)activation, x[i], dy, dz);
        }
        ad_reset(t);
    }
}
END_TEST

/* The elements of a are those of b to within `most` of themselves. */
static void expect_digits(ad_tensor a, ad_tensor b, double most, const char *what)
{
    for (size_t i = 0; i < ad_size_of(a); i++) {
        const double got = number_at(a, i), want = number_at(b, i);
        ck_assert_msg(fabs(got - want) <= most * fabs(want), "%s: element %zu is %.17g, not %.17g", what, i, got, want);
    }
}

static ad_tensor variable_from(ad_type type, ad_shape shape, const double *wide)
{
    return ad_cast(ad_variable(t, AD_F64, shape, wide), type);
}

/* Where an activation nears a bound, its slope in a layer keeps its digits: those of the activation alone, which
 * tests/operators/activations.c compares with mpmath. The bias is spread to four z, and each is looked at in dx. */
START_TEST(linear_keeps_its_digits)
{
    const ad_type type = _i ? AD_F32 : AD_F64;
    const double zs[] = {4.5, -4.5, 10, -10, 20, -20, 33, -33}, one = 1, nothing = 0;
    for (int a = 0; a < AD_ACTIVATION_COUNT; a++) {
        activation = (ad_activation)a;
        ad_tensor x = variable_from(type, AD_SHAPE(8, 1), zs), w = variable_from(type, AD_SHAPE(1, 1), &one),
                  b = variable_from(type, AD_SHAPE(1), &nothing), dx[2], d2x[2];
        ad_tensor y[] = {ad_linear(x, w, b, activation), activate(x)};
        for (int k = 0; k < 2; k++) {
            ad_grad(ad_sum(y[k]), &x, 1, &dx[k]);
            ad_grad(ad_sum(dx[k]), &x, 1, &d2x[k]);
        }
        expect_ok(t);
        const double most = type == AD_F32 ? 4e-6 : 4e-14;
        expect_digits(dx[0], dx[1], most, "slope of a layer");
        expect_digits(d2x[0], d2x[1], most, "second derivative of a layer");
    }
}
END_TEST

/* The gradient of a bias over 2 10^7 rows: of ones it is exact; of others the exact product is in long double. */
START_TEST(linear_sums_many_rows)
{
    static const struct {
        int64_t n, h;
    } shapes[] = {{20000000, 1}, {6666667, 3}, {20000, 1000}};
    const ad_type type = _i ? AD_F32 : AD_F64;
    for (size_t k = 0; k < COUNT(shapes); k++)
        for (int of_ones = 0; of_ones < 2; of_ones++) {
            const double term = of_ones ? 1 : (double)0.1F;
            const ad_shape shape = AD_SHAPE(shapes[k].n, shapes[k].h);
            ad_tensor dy = ad_full(t, type, shape, term), db;
            ad_linear_backward(dy, dy, dy, AD_RELU, &db);
            expect_ok(t);
            const double want = (double)((long double)term * (long double)shapes[k].n);
            for (size_t j = 0; j < ad_size_of(db); j++) {
                const double off = fabs(number_at(db, j) - want) / ulp_of(want, type);
                ck_assert_msg(off <= (of_ones ? 0 : 3), "[%lld,%lld]: %.17g, not %.17g", (long long)shapes[k].n,
                              (long long)shapes[k].h, number_at(db, j), want);
            }
            ad_reset(t);
        }
}
END_TEST

START_TEST(linear_refuses)
{
    ad_tensor x = ad_name(ad_input(t, AD_F64, AD_SHAPE(2, 3), NULL), "x"),
              w = ad_name(ad_input(t, AD_F64, AD_SHAPE(4, 5), NULL), "W"),
              b = ad_name(ad_input(t, AD_F64, AD_SHAPE(4), NULL), "b"),
              right = ad_input(t, AD_F64, AD_SHAPE(3, 5), NULL);
    ck_assert(ad_is_inert(ad_linear(x, w, b, AD_RELU)));
    expect_error(t, AD_BAD_SHAPE, "linear: inner sizes differ: x [2,3] by W [4,5]");
    ad_linear(x, right, b, AD_RELU);
    expect_error(t, AD_BAD_SHAPE, "linear: b must be [h], a number for each column of [3,5]: it is b [4]");
    ad_linear(x, b, b, AD_RELU);
    expect_error(t, AD_BAD_SHAPE, "linear: x must be [...,d] and w [d,h]: they are x [2,3] and b [4]");
    ad_linear(x, right, b, (ad_activation)9);
    expect_error(t, AD_BAD_VALUE, "linear: 9 is no activation: use AD_RELU or another of the list");
    ad_tensor db;
    ad_linear_backward(x, w, w, AD_RELU, &db);
    expect_error(
        t, AD_BAD_SHAPE,
        "linear_backward: dy and y must have the same shape, of one axis or more: they are x [2,3] and W [4,5]");
    ck_assert(ad_is_inert(db));
}
END_TEST

/* Nothing in, or nothing summed over. */
START_TEST(linear_of_nothing)
{
    const double bias[] = {-1, 2};
    ad_tensor b = ad_variable(t, AD_F64, AD_SHAPE(2), bias), w = ad_variable(t, AD_F64, AD_SHAPE(0, 2), NULL);
    ad_tensor y = ad_linear(ad_input(t, AD_F64, AD_SHAPE(3, 0), NULL), w, b, AD_RELU);
    ad_tensor none =
        ad_linear(ad_input(t, AD_F64, AD_SHAPE(0, 3), NULL), ad_variable(t, AD_F64, AD_SHAPE(3, 2), NULL), b, AD_TANH);
    ad_backward(ad_add(ad_sum(y), ad_sum(none)));
    expect_ok(t);
    for (size_t i = 0; i < 6; i++)
        ck_assert(ad_f64(y)[i] == (i % 2 ? 2 : 0));
    ck_assert(ad_f64(ad_gradient(b))[0] == 0 && ad_f64(ad_gradient(b))[1] == 3);
}
END_TEST

/* ---- Multiply-add ------------------------------------------------------------------------------------------------ */

static int mul_add_fused(const ad_tensor *x, ad_tensor *y)
{
    y[0] = ad_mul_add(x[0], x[1], x[2]);
    return 1;
}

static int mul_add_composed(const ad_tensor *x, ad_tensor *y)
{
    y[0] = ad_add(ad_mul(x[0], x[1]), x[2]);
    return 1;
}

START_TEST(mul_add_is_its_composition)
{
    const block same = {3, {{1, {61}}, {1, {61}}, {1, {61}}}, mul_add_fused, mul_add_composed, 0, 0};
    const block broadcast[] = {
        {3, {{1, {61}}, {2, {5, 61}}, {2, {5, 61}}}, mul_add_fused, mul_add_composed, 0, 8},
        {3, {{2, {40, 1}}, {3, {2, 40, 9}}, {1, {9}}}, mul_add_fused, mul_add_composed, 0, 8},
        {3, {{2, {30, 17}}, {0}, {1, {17}}}, mul_add_fused, mul_add_composed, 0, 8},
        {3, {{1, {4}}, {1, {4}}, {2, {3, 4}}}, mul_add_fused, mul_add_composed, 0, 8},
    };
    compare(&same, "mul_add");
    for (size_t i = 0; i < COUNT(broadcast); i++)
        compare(&broadcast[i], "mul_add, broadcast");
}
END_TEST

START_TEST(mul_add_with_constants)
{
    const double numbers[] = {3, 5, 7};
    for (int free = 0; free < 3; free++) {
        ad_tensor x[3];
        for (int i = 0; i < 3; i++)
            x[i] = i == free ? ad_variable(t, AD_F64, AD_SCALAR, &numbers[i]) : ad_scalar(t, numbers[i]);
        ad_tensor y = ad_mul_add(x[0], x[1], x[2]);
        ad_backward(y);
        ck_assert(ad_item(y) == 22);
        ck_assert(ad_item(ad_gradient(x[free])) == (free == 0 ? 5 : free == 1 ? 3 : 1));
    }
    expect_ok(t);
}
END_TEST

START_TEST(mul_backward_refuses)
{
    ad_tensor dy = ad_input(t, AD_F64, AD_SHAPE(2, 3), NULL), a = ad_input(t, AD_F64, AD_SHAPE(3), NULL),
              b = ad_input(t, AD_F64, AD_SHAPE(4), NULL), db;
    ad_mul_backward(dy, a, b, &db);
    expect_error(t, AD_BAD_SHAPE, "mul_backward: dy must be as wide as a and b together: they are [2,3], [3] and [4]");
    ad_mul_backward(a, dy, a, &db);
    expect_error(t, AD_BAD_SHAPE, "mul_backward: dy must be as wide as a and b together: they are [3], [2,3] and [3]");
    ad_mul_add(a, b, dy);
    expect_error(t, AD_BAD_SHAPE,
                 "mul_add: shapes do not broadcast: [3] with [4]: sizes must be equal or 1, from the last axis");
    ad_mul_add(ad_scalar(t, 1), a, b); /* the two that do not fit are named */
    expect_error(t, AD_BAD_SHAPE,
                 "mul_add: shapes do not broadcast: [3] with [4]: sizes must be equal or 1, from the last axis");
}
END_TEST

/* ---- Layer normalisation ----------------------------------------------------------------------------------------- */

static const double epsilon = 1e-5;

static int layer_norm_fused(const ad_tensor *x, ad_tensor *y)
{
    y[0] = ad_layer_norm(x[0], x[1], x[2], epsilon);
    return 1;
}

static int layer_norm_composed(const ad_tensor *x, ad_tensor *y)
{
    const ad_axes last = AD_KEEP_AXES(-1);
    ad_tensor centred = ad_sub(x[0], ad_mean_over(x[0], last));
    ad_tensor variance = ad_mean_over(ad_square(centred), last);
    y[0] = ad_add(ad_mul(x[1], ad_div(centred, ad_sqrt(ad_shift(variance, epsilon)))), x[2]);
    return 1;
}

START_TEST(layer_norm_is_its_composition)
{
    static const ad_shape shapes[] = {{2, {5, 7}}, {2, {3, 768}}, {3, {4, 5, 33}}, {1, {16}}, {2, {100, 3}}};
    for (size_t i = 0; i < COUNT(shapes); i++) {
        const int64_t d = shapes[i].dims[shapes[i].rank - 1];
        const block b = {3, {shapes[i], AD_SHAPE(d), AD_SHAPE(d)}, layer_norm_fused, layer_norm_composed, 4, 16};
        compare(&b, "layer_norm");
    }
}
END_TEST

START_TEST(layer_norm_by_hand)
{
    const double x[] = {1, 3, -5, -5}, gain[] = {2, 1}, bias[] = {0, 10};
    ad_tensor y = ad_layer_norm(ad_input(t, AD_F64, AD_SHAPE(2, 2), x), ad_input(t, AD_F64, AD_SHAPE(2), gain),
                                ad_input(t, AD_F64, AD_SHAPE(2), bias), 3);
    const double expected[] = {-1, 10.5, 0, 10}; /* deviations 1, variance 1, sqrt(1 + 3) = 2; then a constant row */
    expect_ok(t);
    ck_assert(!memcmp(ad_f64(y), expected, sizeof expected));
}
END_TEST

/* layer_norm of x [n, d] with gain 1, bias 0 and this epsilon; v as the gradient of the result gives dx, dgain, dbias.
 */
static ad_tensor normed(ad_type type, ad_shape shape, const double *x, const double *v, double eps, ad_tensor d[3])
{
    const ad_shape row = AD_SHAPE(shape.dims[1]);
    const ad_tensor p[3] = {ad_variable(t, AD_F64, shape, x), ad_ones(t, AD_F64, row), ad_zeros(t, AD_F64, row)};
    ad_tensor of[3], y;
    for (int i = 0; i < 3; i++)
        of[i] = i ? ad_variable(t, type, row, NULL) : ad_variable(t, type, shape, NULL);
    of[0] = ad_add(of[0], ad_detach(ad_cast(p[0], type)));
    of[1] = ad_add(of[1], ad_detach(ad_cast(p[1], type)));
    y = ad_layer_norm(of[0], of[1], of[2], eps);
    ad_grad(ad_sum(ad_mul(y, ad_cast(ad_input(t, AD_F64, shape, v), type))), of, 3, d);
    expect_ok(t);
    return y;
}

static void expect_near(ad_tensor y, size_t at, double wanted, double ulps, const char *what)
{
    const double allowed = ulps * (ad_type_of(y) == AD_F32 ? 0x1p-24 : 0x1p-53);
    ck_assert_msg(fabs(number_at(y, at) - wanted) <= allowed, "%s %zu is %.17g instead of %.17g", what, at,
                  number_at(y, at), wanted);
}

/* By hand: x - mean is 0, so that y is the bias. The gradients of what no common shift changes sum to 0: here they are
 * r (v - mean of v), and all v are equal. */
START_TEST(layer_norm_of_equal_elements_is_the_bias)
{
    static const double values[] = {100000.3, 1e-30, -0.1, 3e37};
    for (int64_t d = 1; d <= 40; d++) {
        double x[80], v[80];
        for (int i = 0; i < 2 * d; i++) {
            x[i] = values[_i / 2];
            v[i] = 0.7;
        }
        ad_tensor of[3], y = normed(_i % 2 ? AD_F64 : AD_F32, AD_SHAPE(2, d), x, v, 1e-5, of);
        for (size_t i = 0; i < (size_t)(2 * d); i++) {
            ck_assert_double_eq(number_at(y, i), 0);
            ck_assert_double_eq(number_at(of[0], i), 0);
            ck_assert_double_eq(number_at(of[1], i % (size_t)d), 0);
        }
    }
}
END_TEST

/* Neither an offset nor a unit changes n: x = offset + unit k with k = -3, -1, 1, 3, mean 0, variance 5. Source: by
 * hand, n = k / sqrt(5 + epsilon / unit^2); dx = r (v - mean(v) - n mean(v n)), r = 1 / (unit sqrt(5 + epsilon /
 * unit^2)). The offsets are whole numbers of units that the type holds. */
START_TEST(layer_norm_at_offsets_and_in_units)
{
    static const struct {
        ad_type type;
        double offset, unit, epsilon, v_offset;
    } cases[] = {{AD_F32, 0, 1, 1e-5, 0},       {AD_F32, 100, 1, 1e-5, 0},        {AD_F32, 1e4, 1, 1e-5, 1e4},
                 {AD_F32, 1e7, 1, 1e-5, 1e6},   {AD_F64, 1e15, 1, 1e-5, 0},       {AD_F64, 1e8, 1, 1e-5, 1e8},
                 {AD_F32, 0, 0x1p66, 1e-5, 0},  {AD_F32, 0, 0x1p-66, 1e-44, 0},   {AD_F32, 0, 0x1p120, 1e-5, 0},
                 {AD_F64, 0, 0x1p664, 1e-5, 0}, {AD_F64, 0, 0x1p-500, 1e-310, 0}, {AD_F32, 0x1p90, 0x1p70, 1e-5, 3}};
    const double eps = cases[_i].epsilon / cases[_i].unit / cases[_i].unit, root = sqrt(5 + eps);
    const double k[] = {-3, -1, 1, 3}, u[] = {3, 7, -2, 4}, mean_v = 3, mean_vn = (-9 - 7 - 2 + 12) / 4.0 / root;
    double x[4], v[4];
    for (int i = 0; i < 4; i++) {
        x[i] = cases[_i].offset + k[i] * cases[_i].unit;
        v[i] = cases[_i].v_offset + u[i];
    }
    ad_tensor of[3], y = normed(cases[_i].type, AD_SHAPE(1, 4), x, v, cases[_i].epsilon, of);
    const ad_tensor dx = ad_scale(ad_cast(of[0], AD_F64), cases[_i].unit);
    const double type = cases[_i].type == AD_F32 ? 0x1p29 : 1;
    double sum = 0;
    for (size_t i = 0; i < 4; i++) {
        expect_near(y, i, k[i] / root, 4, "y");
        expect_near(dx, i, (u[i] - mean_v - k[i] / root * mean_vn) / root, 24 * type, "dx");
        expect_near(of[1], i, v[i] * k[i] / root, 4 * fabs(v[i]), "dgain");
        sum += number_at(dx, i);
    }
    ck_assert_double_le(fabs(sum), 4 * type * 0x1p-53);
}
END_TEST

/* The gradients of gain and bias sum over rows: 2^24 (in f64 2^53) and then a thousand 1. x is (-1, 1) in each row, so
 * n is (-1, 1) / sqrt(1 + 3). Source: counting. */
START_TEST(layer_norm_sums_many_rows)
{
    enum { N = 1001 };
    const ad_type type = _i ? AD_F64 : AD_F32;
    double x[2 * N], v[2 * N];
    for (int i = 0; i < 2 * N; i++) {
        x[i] = i % 2 ? 1 : -1;
        v[i] = i / 2 ? 1 : type == AD_F64 ? 0x1p53 : 0x1p24;
    }
    ad_tensor of[3];
    normed(type, AD_SHAPE(N, 2), x, v, 3, of);
    ck_assert_double_eq(number_at(of[1], 1), (v[0] + N - 1) / 2);
    ck_assert_double_eq(number_at(of[2], 0), v[0] + N - 1);
}
END_TEST

/* Of 2^20 elements 3/8 are 1 and the others 0, beside an offset: mean 3/8, variance 15/64; by hand. */
START_TEST(layer_norm_of_long_rows)
{
    enum { N = 1 << 20 };
    const ad_type type = _i % 2 ? AD_F64 : AD_F32;
    double *x = malloc(N * sizeof *x);
    for (int i = 0; i < N; i++)
        x[i] = (_i / 2 ? 1000 : 0) + (i % 8 < 3);
    const ad_tensor row = ad_cast(ad_input(t, AD_F64, AD_SHAPE(N), x), type), one = ad_ones(t, type, AD_SHAPE(N));
    const ad_tensor y = ad_layer_norm(row, one, ad_scale(one, 0), 1.0 / 64);
    expect_near(y, 0, 0.625 / 0.5, 4, "y");
    expect_near(y, N - 1, -0.375 / 0.5, 4, "y");
    free(x);
}
END_TEST

START_TEST(layer_norm_refuses)
{
    ad_tensor x = ad_input(t, AD_F64, AD_SHAPE(2, 3), NULL), row = ad_input(t, AD_F64, AD_SHAPE(3), NULL),
              other = ad_input(t, AD_F64, AD_SHAPE(2), NULL), scalar = ad_scalar(t, 1), a, b;
    ad_layer_norm(x, row, row, 0);
    expect_error(t, AD_BAD_VALUE, "layer_norm: epsilon is 0: it must be positive and finite");
    ad_layer_norm(x, row, row, NAN);
    expect_error(t, AD_BAD_VALUE, "layer_norm: epsilon is nan: it must be positive and finite");
    ad_layer_norm(scalar, row, row, 1);
    expect_error(t, AD_BAD_SHAPE, "layer_norm: x [] is a scalar: it must have an axis to normalise over");
    ad_layer_norm(x, row, other, 1);
    expect_error(t, AD_BAD_SHAPE,
                 "layer_norm: gain and bias must be [d], a number for each element of a row of [2,3]: [2] is not");
    ad_layer_norm_backward(row, x, row, 1, &a, &b);
    expect_error(t, AD_BAD_SHAPE, "layer_norm_backward: dy and x must have the same shape: they are [3] and [2,3]");
    ck_assert(ad_is_inert(a) && ad_is_inert(b));
}
END_TEST

START_TEST(layer_norm_of_no_rows)
{
    ad_tensor gain = ad_variable(t, AD_F32, AD_SHAPE(3), NULL), bias = ad_variable(t, AD_F32, AD_SHAPE(3), NULL);
    ad_tensor y = ad_layer_norm(ad_input(t, AD_F32, AD_SHAPE(0, 3), NULL), gain, bias, 1);
    ad_backward(ad_sum(y));
    expect_ok(t);
    for (size_t i = 0; i < 3; i++)
        ck_assert(ad_f32(ad_gradient(gain))[i] == 0 && ad_f32(ad_gradient(bias))[i] == 0);
}
END_TEST

/* ---- LSTM cell --------------------------------------------------------------------------------------------------- */

static int lstm_fused(const ad_tensor *x, ad_tensor *y)
{
    y[0] = ad_lstm_cell(x[0], x[1], &y[1]);
    return 2;
}

static int lstm_composed(const ad_tensor *x, ad_tensor *y)
{
    ad_tensor gates[4];
    ad_split(x[0], -1, 4, gates);
    ad_tensor kept = ad_mul(ad_logistic(gates[0]), x[1]);
    y[1] = ad_add(kept, ad_mul(ad_logistic(gates[1]), ad_tanh(gates[3])));
    y[0] = ad_mul(ad_logistic(gates[2]), ad_tanh(y[1]));
    return 2;
}

START_TEST(lstm_cell_is_its_composition)
{
    static const ad_shape shapes[] = {{1, {14}}, {2, {3, 5}}, {2, {7, 64}}, {3, {2, 3, 1}}, {1, {300}}};
    for (size_t i = 0; i < COUNT(shapes); i++) {
        ad_shape gates = shapes[i];
        gates.dims[gates.rank - 1] *= 4;
        const block b = {2, {gates, shapes[i]}, lstm_fused, lstm_composed, 4, 4};
        compare(&b, "lstm_cell");
    }
}
END_TEST

/* Only one of the results is used. */
static int lstm_next_only(const ad_tensor *x, ad_tensor *y)
{
    ad_lstm_cell(x[0], x[1], &y[0]);
    return 1;
}

static int lstm_next_composed(const ad_tensor *x, ad_tensor *y)
{
    ad_tensor both[2];
    lstm_composed(x, both);
    y[0] = both[1];
    return 1;
}

START_TEST(lstm_cell_with_one_result)
{
    const block b = {2, {{1, {20}}, {1, {5}}}, lstm_next_only, lstm_next_composed, 4, 4};
    compare(&b, "lstm_cell, next alone");
}
END_TEST

/* Near their bounds the five activations keep their digits, in the gradients and in those of the gradients: the cell's
 * are those of its composition. The candidates' tanh and that of c' are near 1 too. */
START_TEST(lstm_cell_keeps_its_digits)
{
    const ad_type type = _i ? AD_F32 : AD_F64;
    const double gates[] = {20, -20, 5, 12, -11, 18, 9, -14, 16, 17, -8, 30, 10, -10, 6, 16}, cell[] = {3, -9, 14, -20};
    ad_tensor z = variable_from(type, AD_SHAPE(16), gates), c = variable_from(type, AD_SHAPE(4), cell);
    ad_tensor x[] = {z, c}, dx[2][2], d2x[2][2];
    for (int composed = 0; composed < 2; composed++) {
        ad_tensor y[2];
        (composed ? lstm_composed : lstm_fused)(x, y);
        ad_grad(ad_add(ad_sum(y[0]), ad_scale(ad_sum(y[1]), 0x1p-30)), x, 2, dx[composed]);
        ad_grad(ad_add(ad_sum(dx[composed][0]), ad_sum(dx[composed][1])), x, 2, d2x[composed]);
    }
    expect_ok(t);
    for (int i = 0; i < 2; i++) {
        const double most = type == AD_F32 ? 1e-5 : 1e-13;
        expect_digits(dx[0][i], dx[1][i], most, "gradient of a cell");
        expect_digits(d2x[0][i], d2x[1][i], most, "second derivative of a cell");
    }
}
END_TEST

/* A gate far open or shut: no overflow, and what is shut lets nothing pass. */
START_TEST(lstm_cell_saturates)
{
    const double gates[] = {800, -800, 800, 1}, cell = 0.5;
    ad_tensor next, g = ad_variable(t, AD_F64, AD_SHAPE(4), gates), c = ad_variable(t, AD_F64, AD_SHAPE(1), &cell);
    ad_tensor h = ad_lstm_cell(g, c, &next);
    ad_backward(ad_sum(h));
    expect_ok(t);
    ck_assert(ad_f64(next)[0] == 0.5);
    ck_assert_double_eq_tol(ad_f64(h)[0], tanh(0.5), 1e-15);
    for (size_t i = 0; i < 4; i++)
        ck_assert(ad_f64(ad_gradient(g))[i] == 0);
    ck_assert_double_eq_tol(ad_f64(ad_gradient(c))[0], 1 - tanh(0.5) * tanh(0.5), 1e-15);
}
END_TEST

START_TEST(lstm_cell_refuses)
{
    ad_tensor g = ad_input(t, AD_F64, AD_SHAPE(2, 12), NULL), c = ad_input(t, AD_F64, AD_SHAPE(2, 4), NULL),
              scalar = ad_scalar(t, 0), next;
    ck_assert(ad_is_inert(ad_lstm_cell(g, c, &next)) && ad_is_inert(next));
    expect_error(t, AD_BAD_SHAPE,
                 "lstm_cell: the gates must be [..., 4h] for a cell [..., h]: they are [2,12] and [2,4]");
    ad_lstm_cell(g, scalar, &next);
    expect_error(t, AD_BAD_SHAPE, "lstm_cell: the cell must be [..., h]: it is []");
    ad_lstm_cell_backward(c, g, g, c, g, c, &next);
    expect_error(t, AD_BAD_SHAPE,
                 "lstm_cell_backward: dh, dnext and next must be as the cell [..., h], activated [..., 5h], the gates "
                 "[..., 4h]: operand 1 is [2,12]");
}
END_TEST

/* ---- Threads ----------------------------------------------------------------------------------------------------- */

/* The same bits for any number of threads, value and gradients of a layer that is cut into blocks. */
START_TEST(threads_change_nothing)
{
    static float first[3][200 * 400];
    for (int threads = 1; threads <= 4; threads++) {
        ad_set_threads(threads);
        ad_tensor x = drawn(AD_F32, AD_SHAPE(200, 300), 1), w = drawn(AD_F32, AD_SHAPE(300, 400), 2),
                  b = drawn(AD_F32, AD_SHAPE(400), 3), y = ad_linear(x, w, b, (ad_activation)_i);
        ad_backward(ad_sum(ad_square(y)));
        expect_ok(t);
        const ad_tensor seen[] = {y, ad_gradient(x), ad_gradient(b)};
        for (int k = 0; k < 3; k++) {
            const size_t bytes = ad_size_of(seen[k]) * sizeof(float);
            if (threads == 1)
                memcpy(first[k], ad_f32(seen[k]), bytes);
            ck_assert_msg(!memcmp(first[k], ad_f32(seen[k]), bytes), "%d threads give other bits", threads);
        }
        ad_reset(t);
    }
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static Suite *make_suite(void)
{
    Suite *s = suite_create("fused");
    TCase *c = tcase_create("fused");
    tcase_add_checked_fixture(c, open_tape, close_tape_and_threads);
    tcase_add_loop_test(c, linear_is_its_composition, 0, AD_ACTIVATION_COUNT);
    tcase_add_test(c, linear_by_hand);
    tcase_add_test(c, linear_at_the_edges);
    tcase_add_loop_test(c, linear_keeps_its_digits, 0, 2);
    tcase_add_loop_test(c, linear_sums_many_rows, 0, 2);
    tcase_add_test(c, linear_refuses);
    tcase_add_test(c, linear_of_nothing);
    tcase_add_test(c, mul_add_is_its_composition);
    tcase_add_test(c, mul_add_with_constants);
    tcase_add_test(c, mul_backward_refuses);
    tcase_add_test(c, layer_norm_is_its_composition);
    tcase_add_test(c, layer_norm_by_hand);
    tcase_add_loop_test(c, layer_norm_of_equal_elements_is_the_bias, 0, 8);
    tcase_add_loop_test(c, layer_norm_at_offsets_and_in_units, 0, 12);
    tcase_add_loop_test(c, layer_norm_sums_many_rows, 0, 2);
    tcase_add_loop_test(c, layer_norm_of_long_rows, 0, 4);
    tcase_add_test(c, layer_norm_refuses);
    tcase_add_test(c, layer_norm_of_no_rows);
    tcase_add_test(c, lstm_cell_is_its_composition);
    tcase_add_test(c, lstm_cell_with_one_result);
    tcase_add_loop_test(c, lstm_cell_keeps_its_digits, 0, 2);
    tcase_add_test(c, lstm_cell_saturates);
    tcase_add_test(c, lstm_cell_refuses);
    tcase_add_loop_test(c, threads_change_nothing, 0, AD_ACTIVATION_COUNT);
    suite_add_tcase(s, c);
    return s;
}

int main(void) { return run_suites(srunner_create(make_suite())); }
