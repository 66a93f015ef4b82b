/* Linear algebra through its public functions: numbers made by hand, what is read and what is not, edges, and every
 * error with its words. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/operators/backward.h>

#include "../support/one_tape.h"

static void close_tape_without_error(void)
{
    expect_ok(t);
    close_tape();
}

#define ARRAY(...) ((const double[]){__VA_ARGS__})
#define VARIABLE(shape, ...) ad_variable(t, AD_F64, shape, ARRAY(__VA_ARGS__))
#define M22 AD_SHAPE(2, 2)
#define M33 AD_SHAPE(3, 3)

/* The gradient of sum(y v) by x, x being all that wants one. */
static ad_tensor gradient_along(ad_tensor y, const double *v, ad_tensor x)
{
    ad_backward_with(ad_sum(ad_mul(y, ad_input(t, AD_F64, ad_shape_of(y), v))), NULL);
    expect_ok(t);
    return ad_gradient(x);
}

/* Well-conditioned numbers for larger matrices: uniform in [-1, 1], plus `diagonal`. */
static double *random_matrix(size_t n, uint64_t seed, double diagonal)
{
    double *x = malloc(n * n * sizeof *x);
    ck_assert_ptr_nonnull(x);
    for (size_t i = 0; i < n * n; i++)
        x[i] = 2 * ad_random_uniform(seed, 0, i) - 1 + (i % (n + 1) == 0 ? diagonal : 0);
    return x;
}

static ad_tensor random_input(size_t n, uint64_t seed, double diagonal)
{
    double *x = random_matrix(n, seed, diagonal);
    ad_tensor y = ad_input(t, AD_F64, AD_SHAPE((int64_t)n, (int64_t)n), x);
    free(x);
    return y;
}

static ad_tensor identity(size_t n)
{
    double *x = calloc(n * n, sizeof *x);
    ck_assert_ptr_nonnull(x);
    for (size_t i = 0; i < n; i++)
        x[(n + 1) * i] = 1;
    ad_tensor y = ad_input(t, AD_F64, AD_SHAPE((int64_t)n, (int64_t)n), x);
    free(x);
    return y;
}

/* The largest difference of two tensors. */
static double off(ad_tensor a, ad_tensor b) { return ad_item(ad_max(ad_abs(ad_sub(a, b)))); }

/* ---- Products ---------------------------------------------------------------------------------------------------- */

START_TEST(matmul_takes_vectors)
{
    ad_tensor a = VARIABLE(AD_SHAPE(3), 1, 2, 3), m = VARIABLE(AD_SHAPE(3, 2), 1, 2, 3, 4, 5, 6);
    ad_tensor y = ad_matmul(a, m);
    expect_shape(y, AD_SHAPE(2));
    EXPECT(y, 22, 28);
    EXPECT(gradient_along(y, ARRAY(1, 10), m), 1, 10, 2, 20, 3, 30);
    y = ad_matmul(ad_transpose(m), a);
    expect_shape(y, AD_SHAPE(2));
    EXPECT(gradient_along(y, ARRAY(1, 10), a), 21, 43, 65);
    y = ad_matmul(a, a);
    expect_shape(y, AD_SCALAR);
    EXPECT(y, 14);
    EXPECT(gradient_along(y, ARRAY(1), a), 2, 4, 6);
    expect_shape(ad_matmul(ad_zeros(t, AD_F64, AD_SHAPE(5, 2, 3)), a), AD_SHAPE(5, 2));
    expect_shape(ad_matmul(a, ad_zeros(t, AD_F64, AD_SHAPE(4, 5, 3, 2))), AD_SHAPE(4, 5, 2));
    expect_shape(ad_matmul(ad_zeros(t, AD_F64, AD_SHAPE(0)), ad_zeros(t, AD_F64, AD_SHAPE(0, 2))), AD_SHAPE(2));
}
END_TEST

START_TEST(dot_sums_the_last_axis)
{
    ad_tensor a = VARIABLE(AD_SHAPE(2, 3), 1, 2, 3, 4, 5, 6), b = VARIABLE(AD_SHAPE(3), 1, 0, -1);
    ad_tensor y = ad_dot(a, b);
    expect_shape(y, AD_SHAPE(2));
    EXPECT(y, -2, -2);
    EXPECT(gradient_along(y, ARRAY(1, 10), b), 41, 52, 63);
    EXPECT(ad_dot(a, ad_scalar(t, 2)), 12, 30);
    EXPECT(ad_dot(ad_zeros(t, AD_F64, AD_SHAPE(2, 0)), ad_zeros(t, AD_F64, AD_SHAPE(0))), 0, 0);
    expect_shape(ad_dot(ad_zeros(t, AD_F64, AD_SHAPE(4, 1, 3)), a), AD_SHAPE(4, 2));
}
END_TEST

/* Sums in blocks keep the digits of f32. */
START_TEST(dot_of_many)
{
    ad_tensor ones = ad_full(t, AD_F32, AD_SHAPE(100000), 0.1);
    ck_assert_double_eq_tol(ad_item(ad_dot(ones, ones)), 1000, 1e-3);
}
END_TEST

START_TEST(outer_makes_a_matrix)
{
    ad_tensor a = VARIABLE(AD_SHAPE(2), 1, 2), b = VARIABLE(AD_SHAPE(3), 3, 4, 5), y = ad_outer(a, b);
    expect_shape(y, AD_SHAPE(2, 3));
    EXPECT(y, 3, 4, 5, 6, 8, 10);
    EXPECT(gradient_along(y, ARRAY(1, 0, 0, 0, 0, 1), b), 1, 0, 2);
    expect_shape(ad_outer(ad_zeros(t, AD_F64, AD_SHAPE(5, 1, 2)), ad_zeros(t, AD_F64, AD_SHAPE(4, 0))),
                 AD_SHAPE(5, 4, 2, 0));
}
END_TEST

START_TEST(products_refuse)
{
    ad_tensor a = ad_name(VARIABLE(AD_SHAPE(2, 3), 1, 2, 3, 4, 5, 6), "A"), b = ad_zeros(t, AD_F64, AD_SHAPE(2));
    ad_tensor one = ad_scalar(t, 1), deep = ad_zeros(t, AD_F64, AD_SHAPE(1, 1, 1, 1, 1, 1, 1, 1));
    expect_inert(ad_matmul(a, b), AD_BAD_SHAPE, "matmul: inner sizes differ: A [2,3] by [2]");
    expect_inert(ad_matmul(a, one), AD_BAD_SHAPE,
                 "matmul: a scalar has no axis to multiply over: use ad_mul: A [2,3] by []");
    expect_inert(ad_matmul_nt(a, b), AD_BAD_SHAPE,
                 "matmul_nt: both operands must have two axes or more: A [2,3] by [2]");
    expect_inert(ad_dot(a, b), AD_BAD_SHAPE, "dot: sizes do not broadcast: A [2,3] by [2]");
    expect_inert(ad_dot(one, one), AD_BAD_SHAPE, "dot: scalars have no axis to sum over: use ad_mul: [] by []");
    expect_inert(ad_outer(a, one), AD_BAD_SHAPE, "outer: both operands must have 1 to 7 axes: A [2,3] by []");
    expect_inert(ad_outer(deep, b), AD_BAD_SHAPE,
                 "outer: both operands must have 1 to 7 axes: [1,1,1,1,1,1,1,1] by [2]");
    expect_inert(ad_outer(a, ad_zeros(t, AD_F64, AD_SHAPE(3, 3))), AD_BAD_SHAPE,
                 "outer: leading sizes do not broadcast: A [2,3] by [3,3]");
}
END_TEST

/* ---- Triangles --------------------------------------------------------------------------------------------------- */

/* a of each kind has what is not to be read as NaN; a x = b by hand. */
static const struct {
    ad_triangle triangle;
    double a[4], x[2];
} triangles[] = {
    {AD_LOWER, {2, NAN, 3, 4}, {3, -0.25}},
    {AD_UPPER, {2, 3, NAN, 4}, {0, 2}},
    {AD_LOWER | AD_TRANSPOSED, {2, NAN, 3, 4}, {0, 2}},
    {AD_UPPER | AD_TRANSPOSED, {2, 3, NAN, 4}, {3, -0.25}},
    {AD_LOWER | AD_UNIT_DIAGONAL, {NAN, NAN, 3, NAN}, {6, -10}},
    {AD_UPPER | AD_UNIT_DIAGONAL, {NAN, 3, NAN, NAN}, {-18, 8}},
    {AD_LOWER | AD_UNIT_DIAGONAL | AD_TRANSPOSED, {NAN, NAN, 3, NAN}, {-18, 8}},
    {AD_UPPER | AD_UNIT_DIAGONAL | AD_TRANSPOSED, {NAN, 3, NAN, NAN}, {6, -10}},
};

/* b is (6, 8): the gradient by b is that of the other system, by a what is not read is 0. */
START_TEST(a_triangle)
{
    ad_tensor a = ad_variable(t, AD_F64, M22, triangles[_i].a), b = VARIABLE(AD_SHAPE(2, 1), 6, 8);
    ad_tensor x = ad_solve_triangular(a, b, triangles[_i].triangle);
    expect_close(x, triangles[_i].x, 2);
    const double *da = ad_f64(gradient_along(x, ARRAY(1, 1), a));
    for (int i = 0; i < 4; i++)
        ck_assert_msg(!isnan(triangles[_i].a[i]) || da[i] == 0, "element %d has the gradient %g", i, da[i]);
}
END_TEST

START_TEST(a_triangle_broadcasts)
{
    ad_tensor a = VARIABLE(AD_SHAPE(2, 1, 1, 1), 2, 4), b = VARIABLE(AD_SHAPE(3, 1, 2), 8, 16, 24, 32, 40, 48);
    ad_tensor x = ad_solve_triangular(a, b, AD_LOWER);
    expect_shape(x, AD_SHAPE(2, 3, 1, 2));
    EXPECT(x, 4, 8, 12, 16, 20, 24, 2, 4, 6, 8, 10, 12);
    EXPECT(ad_solve(a, b), 4, 8, 12, 16, 20, 24, 2, 4, 6, 8, 10, 12);
}
END_TEST

START_TEST(systems_refuse)
{
    ad_tensor a = ad_name(VARIABLE(M22, 1, 5, 0, 0), "A"), b = ad_name(VARIABLE(AD_SHAPE(2, 1), 1, 1), "b");
    ad_tensor wide = ad_zeros(t, AD_F64, AD_SHAPE(2, 3)), nan = ad_name(VARIABLE(M22, 1, 0, INFINITY, 1), "N");
    ad_tensor batch = ad_name(VARIABLE(AD_SHAPE(2, 1, 2, 2), 1, 0, 0, 1, 1, 2, 2, 4), "B");
    ad_tensor vector = ad_zeros(t, AD_F64, AD_SHAPE(2)), many = ad_zeros(t, AD_F64, AD_SHAPE(3, 2, 2));
    expect_inert(ad_solve_triangular(wide, b, 0), AD_BAD_SHAPE,
                 "solve_triangular: [2,3] is not square: its last two axes must be equal");
    expect_inert(ad_solve_triangular(a, vector, 0), AD_BAD_SHAPE,
                 "solve_triangular: the right side must have two axes or more, [n,k]: A [2,2] and [2]");
    expect_inert(ad_solve_triangular(a, b, 8), AD_BAD_VALUE,
                 "solve_triangular: triangle 8 is no sum of AD_UPPER, AD_TRANSPOSED and AD_UNIT_DIAGONAL");
    expect_inert(ad_solve_triangular(a, b, 0), AD_BAD_VALUE,
                 "solve_triangular: the matrix A [2,2] is singular: pivot 1, its element [1,1], is 0");
    expect_inert(ad_solve_triangular(nan, b, 0), AD_NOT_FINITE,
                 "solve_triangular: the matrix N [2,2] is infinite or NaN at [1,0]");
    EXPECT(ad_solve_triangular(nan, b, AD_UPPER), 1, 1);
    expect_inert(ad_solve(a, ad_zeros(t, AD_F64, M33)), AD_BAD_SHAPE,
                 "solve: the numbers of rows differ: A [2,2] and [3,3]");
    expect_inert(ad_solve(many, ad_zeros(t, AD_F64, AD_SHAPE(2, 2, 2))), AD_BAD_SHAPE,
                 "solve: leading sizes do not broadcast: [3,2,2] and [2,2,2]");
    expect_inert(ad_solve(batch, b), AD_BAD_VALUE,
                 "solve: matrix [1,0] of B [2,1,2,2] is singular: pivot 1 is 0, to within rounding");
    expect_inert(ad_solve(nan, b), AD_NOT_FINITE, "solve: the matrix N [2,2] is infinite or NaN at [1,0]");
    expect_inert(ad_inverse(a), AD_BAD_VALUE,
                 "inverse: the matrix A [2,2] is singular: pivot 1 is 0, to within rounding");
    expect_inert(ad_inverse(nan), AD_NOT_FINITE, "inverse: the matrix N [2,2] is infinite or NaN at [1,0]");
    expect_inert(ad_inverse(vector), AD_BAD_SHAPE, "inverse: [2] is not square: its last two axes must be equal");
}
END_TEST

/* LAPACK counts in 32 bits; of no matrices at all there can be larger ones. */
START_TEST(too_large_for_lapack)
{
    const int64_t n = INT64_C(1) << 31;
    ad_tensor a = ad_zeros(t, AD_F64, AD_SHAPE(0, n, n)), b = ad_zeros(t, AD_F64, AD_SHAPE(0, 40000, 40000));
    expect_inert(ad_cholesky(a), AD_BAD_SHAPE,
                 "cholesky: [0,2147483648,2147483648]: a matrix has more than 2147483647 rows");
    expect_inert(ad_det(a), AD_BAD_SHAPE, "det: [0,2147483648,2147483648]: a matrix has more than 2147483647 rows");
    expect_inert(ad_solve(ad_zeros(t, AD_F64, AD_SHAPE(0, 1, 1)), ad_zeros(t, AD_F64, AD_SHAPE(0, 1, n))), AD_BAD_SHAPE,
                 "solve: the right side has more than 2147483647 columns: [0,1,1] and [0,1,2147483648]");
    expect_inert(
        ad_eigh(b, NULL), AD_BAD_SHAPE,
        "eigh: [0,40000,40000]: the matrices are too large for LAPACK, which counts their workspace in 32 bits");
}
END_TEST

START_TEST(weights_of_triangles)
{
    ad_tensor x = VARIABLE(AD_SHAPE(2, 3), 1, INFINITY, 3, 4, 5, NAN);
    EXPECT(ad_triangles(x, 2, 0.5, 0), 0.5, 0, 0, 8, 2.5, 0);
    expect_inert(ad_triangles(ad_scalar(t, 1), 1, 1, 1), AD_BAD_SHAPE, "triangles: [] has less than two axes");
}
END_TEST

/* ---- Cholesky ---------------------------------------------------------------------------------------------------- */

START_TEST(cholesky_by_hand)
{
    ad_tensor a = VARIABLE(M22, 4, NAN, 2, 5), l = ad_cholesky(a);
    EXPECT(l, 2, 0, 1, 2);
    /* l11 = sqrt(a11 - a10^2 / a00): by a11 it is 1 / (2 l11), by a10 -a10 / a00 / l11, half of it on each side. */
    EXPECT_CLOSE(gradient_along(l, ARRAY(0, 7, 0, 1), a), 0.0625, -0.125, -0.125, 0.25);
    EXPECT(ad_cholesky(VARIABLE(AD_SHAPE(2, 1, 1), 4, 9)), 2, 3);
    expect_shape(ad_cholesky(ad_zeros(t, AD_F64, AD_SHAPE(3, 0, 0))), AD_SHAPE(3, 0, 0));
}
END_TEST

START_TEST(cholesky_refuses)
{
    ad_tensor indefinite = ad_name(VARIABLE(M22, 1, 2, 2, 1), "K"), zero = ad_zeros(t, AD_F64, AD_SHAPE(2, 1, 1));
    expect_inert(ad_cholesky(indefinite), AD_BAD_VALUE,
                 "cholesky: the matrix K [2,2] is not positive definite: pivot 1 is not positive");
    expect_inert(ad_cholesky(zero), AD_BAD_VALUE,
                 "cholesky: matrix [0] of [2,1,1] is not positive definite: pivot 0 is not positive");
    expect_inert(ad_cholesky(VARIABLE(M22, 1, 0, NAN, 1)), AD_NOT_FINITE,
                 "cholesky: the matrix [2,2] is infinite or NaN at [1,0]");
    expect_inert(ad_cholesky(ad_zeros(t, AD_F64, AD_SHAPE(2, 3))), AD_BAD_SHAPE,
                 "cholesky: [2,3] is not square: its last two axes must be equal");
}
END_TEST

/* ---- Solve and inverse ------------------------------------------------------------------------------------------- */

START_TEST(solve_by_hand)
{
    ad_tensor a = VARIABLE(M22, 0, 2, 1, 1), b = VARIABLE(AD_SHAPE(2, 2), 4, 2, 5, 0), x = ad_solve(a, b);
    EXPECT_CLOSE(x, 3, -1, 2, 1);
    /* x00 = b10 - x10, x10 = b00 / 2 */
    EXPECT_CLOSE(gradient_along(x, ARRAY(1, 0, 0, 0), b), -0.5, 0, 1, 0);
    EXPECT_CLOSE(gradient_along(x, ARRAY(1, 0, 0, 0), a), 1.5, 1, -3, -2);
    expect_shape(ad_solve(ad_zeros(t, AD_F64, AD_SHAPE(0, 0)), ad_zeros(t, AD_F64, AD_SHAPE(4, 0, 3))),
                 AD_SHAPE(4, 0, 3));
}
END_TEST

START_TEST(inverse_by_hand)
{
    ad_tensor a = VARIABLE(M22, 1, 2, 3, 4), y = ad_inverse(a);
    EXPECT_CLOSE(y, -2, 1, 1.5, -0.5);
    EXPECT_CLOSE(gradient_along(y, ARRAY(1, 0, 0, 0), a), -4, 3, 2, -1.5);
    EXPECT(ad_inverse(VARIABLE(M22, 1, 0, 0, 1e-200)), 1, 0, 0, 1e200);
}
END_TEST

/* ---- Gradients at the ends of the range -------------------------------------------------------------------------- */

/* Magnitudes of a matrix, of what it divides and of the upstream gradient: y, db or a product on the way is beyond the
 * range of f32, and da is within it. */
static const float magnitudes[][3] = {
    {1e20F, 1e-38F, 1e38F},  {1e20F, 1e38F, 1e-38F}, {1e-20F, 1e-38F, 1e20F}, {1e10F, 1e-38F, 1e38F},
    {1e-10F, 1e38F, 1e-38F}, {1e38F, 1, 1e38F},      {1e-36F, 1, 1e-30F},     {1, 1, 0}};

/* Two matrices, of which the first has a magnitude and the second is of order 1, in f32 or exactly those in f64. */
static ad_tensor at_end(ad_type type, const float *numbers, float magnitude)
{
    double wide[8];
    float narrow[8];
    for (int i = 0; i < 8; i++)
        wide[i] = (double)(narrow[i] = numbers[i] * (i < 4 ? magnitude : 1));
    return ad_variable(t, type, AD_SHAPE(2, 2, 2), type == AD_F32 ? (const void *)narrow : wide);
}

/* da, and in two more rows the gradients of sum(da) by a and dy, of systems and of Cholesky's factors. */
static void gradients_at_end(ad_type type, const float m[3], bool by_cholesky, double to[3][8])
{
    static const float a_of[] = {0.9F, 0.3F, 0.3F, 0.8F, 0.7F, -0.2F, -0.2F, 0.6F}, b_of[] = {1, 2, -3, 1, 2, 1, 1, -1};
    ad_tensor a = at_end(type, a_of, m[0]), b = at_end(type, b_of, m[1]), v = at_end(type, b_of, m[2]), da, twice[2];
    ad_vjp(by_cholesky ? ad_cholesky(a) : ad_solve(a, b), v, &a, 1, &da);
    ad_grad(ad_sum(da), (const ad_tensor[]){a, v}, 2, twice);
    for (int k = 0; k < 3; k++)
        for (size_t i = 0; i < 8; i++)
            to[k][i] = number_at(k ? twice[k - 1] : da, i);
}

/* f64 has range enough for all of these. */
START_TEST(gradients_at_the_ends_of_the_range)
{
    double narrow[3][8], wide[3][8];
    for (int cholesky = 0; cholesky < 2; cholesky++) {
        gradients_at_end(AD_F32, magnitudes[_i], cholesky, narrow);
        gradients_at_end(AD_F64, magnitudes[_i], cholesky, wide);
        for (int i = 0; i < 3 * 8; i++) {
            const double want = wide[i / 8][i % 8], got = narrow[i / 8][i % 8];
            if (fabs(want) < 1e37)
                ck_assert_double_eq_tol(got, want, 1e-4 * fabs(want) + 1e-42);
        }
    }
}
END_TEST

/* What rounding leaves of a pivot that is 0 counts as 0, but small is not singular. */
START_TEST(singular_to_within_rounding)
{
    ad_tensor a = VARIABLE(M33, 1, 2, 3, 4, 5, 6, 7, 8, 9), log;
    expect_inert(ad_inverse(a), AD_BAD_VALUE,
                 "inverse: the matrix [3,3] is singular: pivot 2 is 0, to within rounding");
    EXPECT(ad_det(a), 0);
    EXPECT(ad_slogdet(a, &log), 0);
    EXPECT(log, -INFINITY);
    EXPECT(ad_inverse(VARIABLE(M22, 1, 0x1p500, 0, 0x1p-500)), 1, -0x1p1000, 0, 0x1p500);
    EXPECT_CLOSE(ad_inverse(VARIABLE(M22, 1, 1, 1, 1 + 0x1p-50)), 0x1p50 + 1, -0x1p50, -0x1p50, 0x1p50);
}
END_TEST

/* Larger than LAPACK's blocks, in both types, against products. */
START_TEST(large_systems)
{
    const size_t n = 300;
    ad_tensor a = random_input(n, 1, 20), b = random_input(n, 2, 0), one = identity(n);
    ck_assert_double_lt(off(ad_matmul(a, ad_solve(a, b)), b), 1e-11);
    ck_assert_double_lt(off(ad_matmul(a, ad_inverse(a)), one), 1e-11);
    ad_tensor s = ad_add(ad_matmul_nt(b, b), one), l = ad_cholesky(s), v, w = ad_eigh(s, &v);
    ck_assert_double_lt(off(ad_matmul_nt(l, l), s), 1e-10);
    ck_assert_double_lt(off(ad_matmul(l, ad_solve_triangular(l, b, AD_LOWER)), b), 1e-10);
    ck_assert_double_lt(off(ad_matmul_nt(ad_mul(v, w), v), s), 1e-9);
    ck_assert_double_lt(off(ad_matmul_tn(v, v), one), 1e-11);
    ad_tensor narrow = ad_cast(s, AD_F32), l32 = ad_cholesky(narrow);
    ck_assert_double_lt(off(ad_matmul_nt(l32, l32), narrow), 1e-2);
}
END_TEST

/* ---- Determinants ------------------------------------------------------------------------------------------------ */

START_TEST(det_by_hand)
{
    ad_tensor a = VARIABLE(M33, 2, 0, 1, 1, 3, 2, 0, 1, 4), y = ad_det(a);
    EXPECT_CLOSE(y, 21);
    EXPECT_CLOSE(gradient_along(y, ARRAY(2), a), 20, -8, 2, 2, 16, -4, -6, -6, 12);
    EXPECT(ad_det(VARIABLE(M22, 0, 1, 1, 0)), -1);
    EXPECT(ad_det(ad_zeros(t, AD_F64, AD_SHAPE(2, 0, 0))), 1, 1);
    EXPECT(ad_cofactor(VARIABLE(AD_SHAPE(2, 1, 1), 0, -3)), 1, 1);
}
END_TEST

/* 0 for an adjugate that is: of rank n - 2 and less. */
static const struct {
    int64_t n;
    double a[16], cofactor[16];
} singular[] = {
    {1, {0}, {1}},
    {2, {1, 2, 2, 4}, {4, -2, -2, 1}},
    {2, {0}, {0}},
    {3, {1, 2, 3, 4, 5, 6, 7, 8, 9}, {-3, 6, -3, 6, -12, 6, -3, 6, -3}},
    {3, {1, 2, -1, 2, 4, -2, -3, -6, 3}, {0}},
    {3, {0, 0, 0, 1, 2, 3, 0, 1, 1}, {-1, -1, 1, 0}},
    {3, {0}, {0}},
    {4, {1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6}},
    {4, {1, 0, 1, 2, 0, 1, 1, -1, 1, 1, 2, 1, 2, -1, 1, 5}, {0}},
};

START_TEST(det_of_singular)
{
    const int64_t n = singular[_i].n;
    ad_tensor a = ad_variable(t, AD_F64, AD_SHAPE(n, n), singular[_i].a), y = ad_det(a);
    EXPECT(y, 0);
    expect_close(gradient_along(y, ARRAY(1), a), singular[_i].cofactor, (size_t)(n * n));
}
END_TEST

/* The second derivative along v and u is u : cof(v) + v : cof(u), of a 2 by 2 matrix, whatever a is. */
START_TEST(det_of_singular_twice)
{
    ad_tensor a = VARIABLE(M22, 1, 2, 2, 4), u = ad_input(t, AD_F64, M22, ARRAY(1, -2, 5, 3));
    ad_backward_with(ad_det(a), &(ad_backward_options){.differentiable = true});
    ad_backward(ad_sum(ad_mul(u, ad_gradient(a))));
    EXPECT_CLOSE(ad_gradient(a), 3, -5, 2, 1);
    /* Of rank 1, 3 by 3: the slope of the cofactors along u is not 0, though they are. */
    a = VARIABLE(M33, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    u = ad_input(t, AD_F64, M33, ARRAY(0, 0, 0, 0, 2, 3, 0, 5, 7));
    ad_backward_with(ad_det(a), &(ad_backward_options){.differentiable = true});
    ad_backward(ad_sum(ad_mul(u, ad_gradient(a))));
    EXPECT_CLOSE(ad_gradient(a), 0, 0, 0, 0, 7, -5, 0, -3, 2);
}
END_TEST

START_TEST(det_of_singular_thrice_is_an_error)
{
    ad_tensor a = VARIABLE(M33, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    const ad_backward_options again = {.differentiable = true};
    ad_backward_with(ad_det(a), &again);
    ad_backward_with(ad_sum(ad_square(ad_gradient(a))), &again);
    ck_assert_int_eq(ad_backward(ad_sum(ad_square(ad_gradient(a)))), AD_BAD_VALUE);
    ck_assert_ptr_nonnull(strstr(ad_message(t), "det: the matrix [3,3] is singular: "));
    ad_clear_error(t);
}
END_TEST

/* A row r in the place of row i has the determinant r : row i of the cofactors. Of a regular matrix, and of one with
 * two equal rows, where the cofactors are those of these rows alone. */
START_TEST(cofactors_of_many)
{
    enum { N = 50 };
    double *a = random_matrix(N, 3, 0), *r = random_matrix(N, 4, 0);
    if (_i)
        memcpy(a + 7 * N, a + 31 * N, N * sizeof *a);
    const double *cofactors = ad_f64(ad_cofactor(ad_input(t, AD_F64, AD_SHAPE(N, N), a)));
    for (int i = 7; i < N; i += 24) {
        double sum = 0, largest = 0;
        for (int j = 0; j < N; j++) {
            sum += r[j] * cofactors[N * i + j];
            largest = fmax(largest, fabs(cofactors[N * i + j]));
        }
        memcpy(a + N * i, r, N * sizeof *a);
        const double det = ad_item(ad_det(ad_input(t, AD_F64, AD_SHAPE(N, N), a)));
        ck_assert_msg(fabs(sum - det) <= 1e-11 * largest, "row %d: %.17g instead of %.17g", i, sum, det);
        if (_i)
            break;
        free(a);
        a = random_matrix(N, 3, 0);
    }
    free(a);
    free(r);
}
END_TEST

/* A product may leave the range of numbers before it comes back. */
START_TEST(det_out_of_range)
{
    double a[36] = {0};
    const double diagonal[] = {1e200, 1e200, 1e200, 1e-200, -1e-200, 1e-200};
    for (int i = 0; i < 6; i++)
        a[7 * i] = diagonal[i];
    ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(6, 6), a), log, y = ad_det(x);
    ck_assert_double_eq_tol(ad_item(y), -1, 1e-13);
    ck_assert_double_eq_tol(ad_f64(gradient_along(y, ARRAY(1), x))[0] * 1e200, -1, 1e-13);
    EXPECT(ad_slogdet(ad_mul(x, ad_scalar(t, 1e100)), &log), -1);
    ck_assert_double_eq_tol(ad_item(log), 1381.5510557964274104, 1e-10);
}
END_TEST

START_TEST(slogdet_by_hand)
{
    ad_tensor a = VARIABLE(AD_SHAPE(2, 2, 2), 1, 2, 3, 4, 2, 0, 0, 3), log, sign = ad_slogdet(a, &log);
    EXPECT(sign, -1, 1);
    EXPECT_CLOSE(log, 0.69314718055994530942, 1.7917594692280550008);
    EXPECT_CLOSE(gradient_along(log, ARRAY(1, 2), a), -2, 1.5, 1, -0.5, 1, 0, 0, 2.0 / 3);
    EXPECT(gradient_along(sign, ARRAY(1, 2), a), 0, 0, 0, 0, 0, 0, 0, 0);
    EXPECT(ad_slogdet(a, NULL), -1, 1);
    EXPECT(ad_slogdet(ad_zeros(t, AD_F64, AD_SHAPE(0, 0)), &log), 1);
    EXPECT(log, 0);
}
END_TEST

/* The sign has the gradient 0 of a singular matrix too; the logarithm has none. */
START_TEST(slogdet_of_singular)
{
    ad_tensor a = VARIABLE(M22, 1, 2, 2, 4), log, sign = ad_slogdet(a, &log);
    EXPECT(sign, 0);
    EXPECT(log, -INFINITY);
    EXPECT(gradient_along(sign, ARRAY(1), a), 0, 0, 0, 0);
    ck_assert_int_eq(ad_backward(log), AD_BAD_VALUE);
    ck_assert_str_eq(ad_message(t), "slogdet: the matrix [2,2] is singular: its logarithm is -inf and has no gradient; "
                                    "use ad_where on the sign to leave it out, or add to its diagonal");
    ad_clear_error(t);
}
END_TEST

START_TEST(determinants_of_what_is_not_finite)
{
    ad_tensor a = VARIABLE(M22, 1, NAN, 0, 1), b = VARIABLE(M22, 0, INFINITY, 0, 0), log;
    EXPECT(ad_det(a), NAN);
    EXPECT(ad_det(b), NAN);
    EXPECT(ad_slogdet(b, &log), NAN);
    EXPECT(log, NAN);
    EXPECT(ad_cofactor(b), NAN, NAN, NAN, NAN);
    EXPECT(ad_cofactor_slope(b, a), NAN, NAN, NAN, NAN);
    EXPECT(gradient_along(ad_det(a), ARRAY(1), a), NAN, NAN, NAN, NAN);
}
END_TEST

/* At a = I the slope of the cofactors along v is tr(v) I - v'. The products inside read copies at this size. */
START_TEST(cofactors_of_a_large_identity)
{
    enum { N = 512 };
    const ad_tensor v = ad_uniform(t, AD_F64, AD_SHAPE(N, N), 3), y = ad_cofactor_slope(ad_eye(t, AD_F64, N), v);
    double trace = 0;
    for (size_t i = 0; i < N; i++)
        trace += number_at(v, i * N + i);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++)
            ck_assert_double_eq_tol(number_at(y, i * N + j), (i == j ? trace : 0) - number_at(v, j * N + i), 1e-9);
}
END_TEST

START_TEST(determinants_refuse)
{
    ad_tensor a = ad_zeros(t, AD_F64, AD_SHAPE(2, 3)), log;
    expect_inert(ad_det(a), AD_BAD_SHAPE, "det: [2,3] is not square: its last two axes must be equal");
    expect_inert(ad_slogdet(a, &log), AD_BAD_SHAPE, "slogdet: [2,3] is not square: its last two axes must be equal");
    ck_assert(ad_is_inert(log));
    expect_inert(ad_cofactor_slope(ad_zeros(t, AD_F64, M22), ad_zeros(t, AD_F64, M33)), AD_BAD_SHAPE,
                 "cofactor_slope: the shapes differ: [2,2] and [3,3]");
}
END_TEST

/* ---- Eigenvalues ------------------------------------------------------------------------------------------------- */

START_TEST(eigh_by_hand)
{
    const double r = 0.70710678118654752440;
    ad_tensor a = VARIABLE(M22, 2, NAN, 1, 2), v, w = ad_eigh(a, &v);
    EXPECT_CLOSE(w, 1, 3);
    /* Both components are equally large: the first is positive. */
    EXPECT_CLOSE(v, r, r, -r, r);
    EXPECT_CLOSE(gradient_along(w, ARRAY(1, 0), a), 0.5, -0.5, -0.5, 0.5);
    w = ad_eigh(VARIABLE(M33, 3, 0, 0, 0, -1, 0, 0, 0, 2), &v);
    EXPECT(w, -1, 2, 3);
    EXPECT(v, 0, 0, 1, 1, 0, 0, 0, 1, 0);
    expect_shape(ad_eigh(ad_zeros(t, AD_F64, AD_SHAPE(2, 0, 0)), &v), AD_SHAPE(2, 0));
    expect_shape(v, AD_SHAPE(2, 0, 0));
}
END_TEST

START_TEST(largest_components_are_positive)
{
    ad_tensor v, x = random_input(40, 5, 0);
    ad_eigh(ad_add(x, ad_transpose(x)), &v);
    const double *columns = ad_f64(v);
    for (int k = 0; k < 40; k++) {
        int largest = 0;
        for (int i = 1; i < 40; i++)
            if (fabs(columns[40 * i + k]) > fabs(columns[40 * largest + k]))
                largest = i;
        ck_assert_double_gt(columns[40 * largest + k], 0);
    }
}
END_TEST

/* The second of these batches has a value twice: through values alone there is a gradient, through vectors none. */
START_TEST(equal_eigenvalues)
{
    ad_tensor a = ad_name(VARIABLE(AD_SHAPE(2, 2, 2), 1, 0, 0, 2, 3, 0, 0, 3), "a"), v, w = ad_eigh(a, &v);
    EXPECT_CLOSE(gradient_along(ad_square(w), ARRAY(1, 1, 1, 1), a), 2, 0, 0, 4, 6, 0, 0, 6);
    ck_assert_int_eq(ad_backward(ad_sum(v)), AD_BAD_VALUE);
    ck_assert_str_eq(ad_message(t), "eigh: eigenvalues 0 and 1 of matrix [1] of a [2,2,2] are too near for a "
                                    "derivative through their vectors; use only vectors whose values lie apart, or the "
                                    "values alone; if vectors and values are used apart, take them from two calls");
    ad_clear_error(t);
}
END_TEST

/* The values are beyond the largest number: OpenBLAS finds none; what finds them may say that they are infinite. */
START_TEST(eigenvalues_beyond_the_largest_number)
{
    ad_tensor w =
        ad_eigh(VARIABLE(AD_SHAPE(4, 4), 0, 0, 0, 0, 0, 0, 0, 0, 1e70, 0, 0, 0, DBL_MAX, 1.4e308, 0, 0), NULL);
    if (ad_status_of(t) == AD_OK)
        ck_assert(isinf(ad_f64(w)[3]));
    else
        expect_inert(w, AD_BAD_VALUE, "eigh: the eigenvalues of the matrix [4,4] do not converge");
}
END_TEST

START_TEST(eigh_refuses)
{
    ad_tensor v, a = ad_zeros(t, AD_F64, AD_SHAPE(3));
    expect_inert(ad_eigh(VARIABLE(M22, 1, 0, 0, NAN), &v), AD_NOT_FINITE,
                 "eigh: the matrix [2,2] is infinite or NaN at [1,1]");
    ck_assert(ad_is_inert(v));
    expect_inert(ad_eigh(a, NULL), AD_BAD_SHAPE, "eigh: [3] is not square: its last two axes must be equal");
    expect_inert(ad_divide_by_gaps(ad_zeros(t, AD_F64, M22), a), AD_BAD_SHAPE,
                 "divide_by_gaps: [3] must have a value for each column of [2,2]");
}
END_TEST

/* ---- Any numbers ------------------------------------------------------------------------------------------------- */

/* Huge, tiny, infinite and NaN numbers come to an end, in whatever. */
START_TEST(any_numbers_end)
{
    static const double odd[] = {0, 1, -1, 1e308, -1e308, 1e-308, 5e-324, INFINITY, NAN, 3};
    for (uint64_t trial = 0; trial < 400; trial++) {
        double x[49];
        const size_t kinds = trial % 2 ? 10 : 7;
        const int64_t n = 1 + (int64_t)(trial % 7);
        for (size_t i = 0; i < 49; i++)
            x[i] = odd[(size_t)(ad_random_uniform(trial, 0, i) * (double)kinds)];
        for (int f = 0; f < 6; f++) {
            ad_tensor a = ad_variable(t, AD_F64, AD_SHAPE(n, n), x), v, y;
            y = f == 0   ? ad_det(a)
                : f == 1 ? ad_slogdet(a, &v)
                : f == 2 ? ad_eigh(a, &v)
                : f == 3 ? ad_solve(a, a)
                : f == 4 ? ad_inverse(a)
                         : ad_cholesky(a);
            ad_backward(ad_sum(y));
            if (f == 2)
                ad_backward(ad_sum(v));
            ad_clear_error(t);
            ad_reset(t);
        }
    }
}
END_TEST

/* ---- Threads ----------------------------------------------------------------------------------------------------- */

/* A number that depends on all of these. */
static double all_of_them(void)
{
    open_tape();
    const size_t n = 260;
    ad_tensor a = random_input(n, 6, 20), b = random_input(n, 7, 0), one = identity(n);
    ad_tensor s = ad_add(ad_matmul_nt(b, b), one), v, w = ad_eigh(s, &v), log;
    ad_slogdet(b, &log);
    ad_tensor sum = ad_add(ad_add(ad_sum(ad_solve(a, b)), ad_sum(ad_cholesky(s))), ad_add(ad_sum(v), ad_sum(w)));
    const double y = ad_item(ad_add(ad_add(sum, log), ad_sum(ad_cofactor(b))));
    close_tape_without_error();
    return y;
}

START_TEST(the_same_bits_for_any_number_of_threads)
{
    ad_set_threads(1);
    const double one = all_of_them();
    ad_set_threads(3);
    const double three = all_of_them();
    ad_set_threads(1);
    ck_assert(!memcmp(&one, &three, sizeof one));
}
END_TEST

/* Products over an inner size of 0 are sums of nothing. */
REAL_TEST(products_of_nothing)
{
    ad_tensor a = ad_param(t, real, AD_SHAPE(2, 0), NULL, "a"), b = ad_param(t, real, AD_SHAPE(0, 2), NULL, "b");
    EXPECT(ad_matmul(a, b), 0, 0, 0, 0);
    EXPECT(ad_matmul_nt(a, a), 0, 0, 0, 0);
    EXPECT(ad_matmul_tn(b, b), 0, 0, 0, 0);
    ck_assert_uint_eq(ad_size_of(ad_matmul(b, a)), 0);
}
END_REAL_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static TCase *make_case(Suite *suite, const char *name)
{
    TCase *tests = tcase_create(name);
    tcase_add_checked_fixture(tests, open_tape, close_tape_without_error);
    suite_add_tcase(suite, tests);
    return tests;
}

static Suite *make_suite(void)
{
    Suite *suite = suite_create("linear algebra");
    TCase *products = make_case(suite, "products"), *systems = make_case(suite, "systems"),
          *determinants = make_case(suite, "determinants"), *eigen = make_case(suite, "eigenvalues"),
          *threads = tcase_create("threads");
    tcase_add_test(products, matmul_takes_vectors);
    tcase_add_test(products, dot_sums_the_last_axis);
    tcase_add_test(products, dot_of_many);
    tcase_add_test(products, outer_makes_a_matrix);
    tcase_add_test(products, products_refuse);
    tcase_add_loop_test(products, products_of_nothing, 0, 2);
    tcase_add_loop_test(systems, a_triangle, 0, COUNT(triangles));
    tcase_add_test(systems, a_triangle_broadcasts);
    tcase_add_test(systems, systems_refuse);
    tcase_add_test(systems, too_large_for_lapack);
    tcase_add_test(systems, weights_of_triangles);
    tcase_add_test(systems, cholesky_by_hand);
    tcase_add_test(systems, cholesky_refuses);
    tcase_add_test(systems, solve_by_hand);
    tcase_add_test(systems, inverse_by_hand);
    tcase_add_loop_test(systems, gradients_at_the_ends_of_the_range, 0, COUNT(magnitudes));
    tcase_add_test(systems, singular_to_within_rounding);
    tcase_add_test(systems, large_systems);
    tcase_add_test(determinants, det_by_hand);
    tcase_add_loop_test(determinants, det_of_singular, 0, COUNT(singular));
    tcase_add_test(determinants, det_of_singular_twice);
    tcase_add_test(determinants, det_of_singular_thrice_is_an_error);
    tcase_add_loop_test(determinants, cofactors_of_many, 0, 2);
    tcase_add_test(determinants, det_out_of_range);
    tcase_add_test(determinants, slogdet_by_hand);
    tcase_add_test(determinants, slogdet_of_singular);
    tcase_add_test(determinants, determinants_of_what_is_not_finite);
    tcase_add_test(determinants, cofactors_of_a_large_identity);
    tcase_add_test(determinants, determinants_refuse);
    tcase_add_test(eigen, eigh_by_hand);
    tcase_add_test(eigen, largest_components_are_positive);
    tcase_add_test(eigen, equal_eigenvalues);
    tcase_add_test(eigen, eigenvalues_beyond_the_largest_number);
    tcase_add_test(eigen, eigh_refuses);
    tcase_add_test(eigen, any_numbers_end);
    tcase_add_test(threads, the_same_bits_for_any_number_of_threads);
    suite_add_tcase(suite, threads);
    return suite;
}

int main(void) { return run_suites(srunner_create(make_suite())); }
