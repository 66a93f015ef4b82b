/* Elements by index, triangles, diagonals: hand-computed values, plain loops, and what is refused. */
#include <limits.h>
#include <string.h>

#include "../support/one_tape.h"

static const ad_type types[] = {AD_F32, AD_F64, AD_I32};
enum { TYPES = COUNT(types) };

/* A tensor of any type with the elements 1, 2, 3, ...; `number_at` reads one. */
static ad_tensor counted(ad_type type, ad_shape shape)
{
    const ad_tensor from_0 = ad_arange(t, type, (int64_t)elements_of(shape) + 1);
    return ad_reshape(ad_slice(from_0, 0, (ad_range){1, AD_END, 1}), shape);
}

static ad_tensor whole(ad_shape shape, const int32_t *values) { return ad_input(t, AD_I32, shape, values); }

/* ---- Along an axis ------------------------------------------------------------------------------------------- */

START_TEST(gather_along_an_axis)
{
    const ad_tensor x = counted(types[_i], AD_SHAPE(2, 3));
    EXPECT(ad_gather(x, 1, whole(AD_SHAPE(2, 2), (int32_t[]){2, 0, 1, 1})), 3, 1, 5, 5);
    EXPECT(ad_gather(x, 0, whole(AD_SHAPE(1, 3), (int32_t[]){1, 0, 1})), 4, 2, 6);
    EXPECT(ad_gather(x, -1, whole(AD_SHAPE(1, 2), (int32_t[]){2, 0})), 3, 1, 6, 4);
    EXPECT(ad_gather(x, 0, whole(AD_SHAPE(3, 1), (int32_t[]){1, 1, 0})), 4, 5, 6, 4, 5, 6, 1, 2, 3);
    EXPECT(ad_gather(counted(types[_i], AD_SHAPE(4)), 0, WHOLE(3, 3, 0)), 4, 4, 1);
    expect_shape(ad_gather(x, 1, whole(AD_SHAPE(2, 0), NULL)), AD_SHAPE(2, 0));
    expect_shape(ad_gather(counted(types[_i], AD_SHAPE(0, 3)), 1, whole(AD_SHAPE(0, 5), NULL)), AD_SHAPE(0, 5));
}
END_TEST

/* Indices that are broadcast on any of the axes, against a plain loop. */
START_TEST(gather_with_broadcast_indices)
{
    enum { RANK = 4 };
    const ad_shape shape = AD_SHAPE(2, 3, 4, 2);
    const ad_tensor x = counted(AD_F64, shape);
    for (unsigned mask = 0; mask < 1U << RANK; mask++)
        for (int axis = 0; axis < RANK; axis++) {
            ad_shape of_index = shape, of_y = shape;
            int32_t index[5 * 48];
            for (int i = 0; i < RANK; i++)
                of_index.dims[i] = mask & 1U << i ? 1 : shape.dims[i];
            of_y.dims[axis] = of_index.dims[axis] = 5;
            for (size_t i = 0; i < elements_of(of_index); i++)
                index[i] = (int32_t)(ad_random_bits(mask, (uint64_t)axis, i) % (uint64_t)shape.dims[axis]);
            const ad_tensor y = ad_gather(x, axis, whole(of_index, index));
            expect_shape(y, of_y);
            for (size_t at = 0; at < ad_size_of(y); at++) {
                size_t left = at, in_index = 0, in_x = 0, index_step = 1, x_step = 1, place[RANK];
                for (int i = RANK - 1; i >= 0; left /= (size_t)of_y.dims[i--])
                    place[i] = left % (size_t)of_y.dims[i];
                for (int i = RANK - 1; i >= 0; index_step *= (size_t)of_index.dims[i--])
                    in_index += index_step * (of_index.dims[i] == 1 ? 0 : place[i]);
                for (int i = RANK - 1; i >= 0; x_step *= (size_t)shape.dims[i--])
                    in_x += x_step * (i == axis ? (size_t)index[in_index] : place[i]);
                ck_assert_double_eq(ad_f64(y)[at], (double)in_x + 1);
            }
        }
}
END_TEST

START_TEST(scatter_adds_in_the_order_of_the_indices)
{
    const ad_tensor v = counted(AD_F32, AD_SHAPE(2, 3));
    EXPECT(ad_scatter_add(v, 1, whole(AD_SHAPE(1, 3), (int32_t[]){1, 0, 1}), 2), 2, 4, 5, 10);
    EXPECT(ad_scatter_add(v, 0, whole(AD_SHAPE(2, 1), (int32_t[]){2, 2}), 3), 0, 0, 0, 0, 0, 0, 5, 7, 9);
    const float large[] = {1, 1e8F, -1e8F};
    const ad_tensor w = ad_input(t, AD_F32, AD_SHAPE(3), large);
    EXPECT(ad_scatter_add(w, 0, WHOLE(0, 0, 0), 1), 0);
    EXPECT(ad_scatter_add(ad_flip(w, AD_AXES(0)), 0, WHOLE(0, 0, 0), 1), 1);
    EXPECT(ad_scatter_add(ad_zeros(t, AD_F32, AD_SHAPE(0)), 0, whole(AD_SHAPE(0), NULL), 2), 0, 0);
}
END_TEST

/* The sums of 1001 terms into one place, the first 2^24 in f32 and 2^53 in f64 and all others 1, are this number: each
 * 1 alone would be lost. Source: counting; it is a number of the type. */
enum { TERMS = 1001, MANY = 12000 };
static double large_of(ad_type type) { return type == AD_F32 ? 0x1p24 : 0x1p53; }

/* [TERMS, d] in place 3, and other numbers in others: no term goes to place 0 or 2. */
static ad_tensor long_sum(ad_type type, int64_t d, ad_tensor *at)
{
    static double v[2 * TERMS * 3];
    static int32_t place[2 * TERMS];
    for (int i = 0; i < 2 * TERMS; i++) {
        place[i] = i % 2 ? 1 : 3;
        for (int64_t j = 0; j < d; j++)
            v[i * d + j] = i == 0 ? large_of(type) : i % 2 ? 0.5 : 1;
    }
    *at = whole(AD_SHAPE(2 * TERMS), place);
    return ad_cast(ad_input(t, AD_F64, AD_SHAPE(2 * TERMS, d), v), type);
}

static void expect_long_sum(ad_tensor y, int64_t d)
{
    const double wanted[] = {0, TERMS / 2.0, 0, large_of(ad_type_of(y)) + TERMS - 1};
    expect_ok(t);
    for (int64_t i = 0; i < (int64_t)ad_size_of(y); i++)
        ck_assert_double_eq(number_at(y, (size_t)i), i / d < 4 ? wanted[i / d] : 0);
}

/* Into few places and into many more than there are terms; runs of 1 and of 3 elements, and elements beside each other;
 * both operators, and the gradients of what they are the adjoints of. */
START_TEST(long_sums_by_index_lose_nothing)
{
    const ad_type type = _i % 2 ? AD_F64 : AD_F32;
    const int64_t d = _i / 2 % 2 ? 3 : 1, places = _i / 4 ? MANY : 4;
    ad_tensor at, v = long_sum(type, d, &at), dx;
    expect_long_sum(ad_scatter_add_rows(v, at, places), d);
    const ad_tensor column = ad_reshape(at, AD_SHAPE(2 * TERMS, 1)),
                    all = ad_broadcast_to(column, AD_SHAPE(2 * TERMS, d));
    expect_long_sum(ad_scatter_add(v, 0, column, places), d);
    expect_long_sum(ad_scatter_add(v, 0, all, places), d);
    const ad_tensor x = ad_variable(t, type, AD_SHAPE(places, d), NULL);
    ad_grad(ad_sum(ad_mul(ad_gather_rows(x, at), v)), &x, 1, &dx);
    expect_long_sum(dx, d);
    ad_grad(ad_sum(ad_mul(ad_gather(x, 0, all), v)), &x, 1, &dx);
    expect_long_sum(dx, d);
}
END_TEST

/* A sum that is infinite stays so, and NaN stays with its place. */
START_TEST(long_sums_by_index_at_infinities)
{
    const ad_type type = _i % 2 ? AD_F64 : AD_F32;
    const int64_t d = _i / 2 ? 2 : 1;
    enum { N = 60 };
    double v[N * 2];
    int32_t at[N];
    for (int i = 0; i < N; i++) {
        at[i] = i % 3;
        for (int64_t j = 0; j < d; j++)
            v[i * d + j] = i == 31 ? INFINITY : i == 32 ? (double)NAN : i;
    }
    const ad_tensor x = ad_cast(ad_input(t, AD_F64, AD_SHAPE(N, d), v), type);
    const ad_tensor y = ad_scatter_add_rows(x, whole(AD_SHAPE(N), at), 3);
    for (int64_t j = 0; j < d; j++) {
        ck_assert_double_eq(number_at(y, (size_t)j), 570);
        ck_assert_double_eq(number_at(y, (size_t)(d + j)), (double)INFINITY);
        ck_assert_double_nan(number_at(y, (size_t)(2 * d + j)));
    }
}
END_TEST

START_TEST(an_index_given_twice_gets_both_gradients)
{
    const ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(3), (const double[]){1, 2, 3});
    ad_backward(ad_sum(ad_square(ad_gather(x, 0, WHOLE(1, 1, 2)))));
    EXPECT(ad_gradient(x), 0, 8, 6);
}
END_TEST

START_TEST(indices_are_checked)
{
    const ad_tensor x = ad_name(counted(AD_F32, AD_SHAPE(2, 3)), "x"), indices = ad_name(WHOLE(0, 1), "at");
    expect_inert(ad_gather(x, 1, whole(AD_SHAPE(2, 2), (int32_t[]){0, 2, 3, 0})), AD_BAD_VALUE,
                 "gather: index 3 at place 2 is out of range: the axis has 3 elements");
    expect_inert(ad_gather(x, 1, whole(AD_SHAPE(2, 1), (int32_t[]){0, -1})), AD_BAD_VALUE,
                 "gather: index -1 at place 1 is out of range: the axis has 3 elements");
    expect_inert(ad_gather(counted(AD_F32, AD_SHAPE(0)), 0, WHOLE(0)), AD_BAD_VALUE,
                 "gather: index 0 at place 0 is out of range: the axis has 0 elements");
    expect_inert(ad_gather(x, 0, indices), AD_BAD_SHAPE,
                 "gather: indices at [2] do not fit x [2,3] along axis 0: the other sizes must be equal or 1");
    expect_inert(ad_gather(x, 0, whole(AD_SHAPE(2, 2), NULL)), AD_BAD_SHAPE,
                 "gather: indices [2,2] do not fit x [2,3] along axis 0: the other sizes must be equal or 1");
    expect_inert(ad_gather(x, 2, whole(AD_SHAPE(2, 2), NULL)), AD_BAD_SHAPE,
                 "gather: axis 2 is out of range for x [2,3]: it has 2 axes, 0 to 1 or -1 to -2");
    expect_inert(ad_scatter_add(x, 1, whole(AD_SHAPE(2, 2), NULL), 3), AD_BAD_SHAPE,
                 "scatter_add: indices [2,2] do not fit x [2,3] along axis 1: the other sizes must be equal or 1, and "
                 "this one equal");
    expect_inert(ad_scatter_add(x, 1, whole(AD_SHAPE(1, 3), (int32_t[]){0, 1, 2}), 2), AD_BAD_VALUE,
                 "scatter_add: index 2 at place 2 is out of range: the axis has 2 elements");
    expect_inert(ad_scatter_add(x, 1, whole(AD_SHAPE(1, 3), NULL), -1), AD_BAD_SHAPE,
                 "scatter_add: -1 elements are asked for along the axis: it must be 0 or more");
    expect_inert(ad_scatter_add(counted(AD_I32, AD_SHAPE(2)), 0, indices, 2), AD_BAD_TYPE,
                 "scatter_add: operand 0, [2], is i32: it must be f32 or f64; convert it with ad_cast");
}
END_TEST

START_TEST(one_hot_of_any_type)
{
    EXPECT(ad_one_hot(WHOLE(2, 0), 3, types[_i]), 0, 0, 1, 1, 0, 0);
    EXPECT(ad_one_hot(ad_reshape(WHOLE(1), AD_SCALAR), 2, types[_i]), 0, 1);
    expect_shape(ad_one_hot(whole(AD_SHAPE(2, 3), NULL), 4, types[_i]), AD_SHAPE(2, 3, 4));
    expect_shape(ad_one_hot(whole(AD_SHAPE(0), NULL), 0, types[_i]), AD_SHAPE(0, 0));
    ck_assert_int_eq(ad_type_of(ad_one_hot(WHOLE(0), 1, types[_i])), types[_i]);
}
END_TEST

START_TEST(one_hot_refuses)
{
    expect_inert(ad_one_hot(WHOLE(0, 3), 3, AD_F32), AD_BAD_VALUE,
                 "one_hot: label 3 at place 1 is out of range: there are 3");
    expect_inert(ad_one_hot(WHOLE(-1), 3, AD_F32), AD_BAD_VALUE,
                 "one_hot: label -1 at place 0 is out of range: there are 3");
    expect_inert(ad_one_hot(WHOLE(0), -1, AD_F32), AD_BAD_SHAPE, "one_hot: size -1 of axis 1 is negative in [1,-1]");
    expect_inert(ad_one_hot(WHOLE(0), 2, (ad_type)7), AD_BAD_TYPE, "one_hot: type 7 is none of AD_F32, AD_F64, AD_I32");
    expect_inert(ad_one_hot(ad_reshape(WHOLE(0), AD_SHAPE(1, 1, 1, 1, 1, 1, 1, 1)), 2, AD_F32), AD_BAD_SHAPE,
                 "one_hot: [1,1,1,1,1,1,1,1] has 8 axes already, the most there can be");
}
END_TEST

/* ---- Triangles and diagonals --------------------------------------------------------------------------------- */

START_TEST(triangles_against_a_loop)
{
    const ad_shape shape = AD_SHAPE(2, 3, 4);
    const ad_tensor x = counted(types[_i], shape);
    for (int k = -5; k <= 5; k++) {
        const ad_tensor lower = ad_tril(x, k), upper = ad_triu(x, k);
        expect_ok(t);
        for (int at = 0; at < 24; at++) {
            const int i = at / 4 % 3, j = at % 4;
            ck_assert_double_eq(number_at(lower, (size_t)at), j <= i + k ? at + 1 : 0);
            ck_assert_double_eq(number_at(upper, (size_t)at), j >= i + k ? at + 1 : 0);
        }
    }
    EXPECT(ad_triu(counted(types[_i], AD_SHAPE(1, 1)), INT_MAX), 0);
    EXPECT(ad_triu(counted(types[_i], AD_SHAPE(1, 1)), INT_MIN), 1);
}
END_TEST

/* A row takes a k that an int cannot count, and its rule the same. */
START_TEST(ks_beyond_an_int)
{
    static const struct {
        const char *row;
        int64_t k;
        double dx;
    } cases[] = {
        {"tril", INT64_C(4294967295), 1}, {"tril", -INT64_C(4294967297), 0},    {"triu", -INT64_C(4294967295), 1},
        {"triu", INT64_C(4294967297), 0}, {"diagonal", INT64_C(4294967295), 0}, {"diagonal", -INT64_C(4294967297), 0},
    };
    const double ones[] = {1, 1, 1, 1};
    const ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(2, 2), ones);
    ad_tensor y;
    ad_apply(t, ad_operator_named(cases[_i].row), &x, 1, &(ad_attribute){.integer = cases[_i].k}, &y);
    ck_assert_uint_eq(ad_backward(ad_sum(y)), AD_OK);
    for (size_t i = 0; i < 4; i++)
        ck_assert_double_eq(ad_f64(ad_gradient(x))[i], cases[_i].dx);
    const ad_tensor v = ad_input(t, AD_F64, AD_SHAPE(2, 2), ones);
    ck_assert_double_eq(ad_item(ad_jvp(ad_sum(y), &x, &v, 1)), 4 * cases[_i].dx);
    expect_ok(t);
}
END_TEST

/* What is outside does not matter, whatever it is. */
START_TEST(triangles_select)
{
    const double numbers[] = {1, NAN, INFINITY, 4};
    const ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(2, 2), numbers);
    const ad_tensor y = ad_mul(ad_triu(ad_tril(x, 0), 0), x);
    ad_backward(ad_sum(ad_tril(ad_triu(y, 0), 0)));
    ck_assert_double_eq(ad_f64(ad_tril(x, 0))[1], 0);
    ck_assert_double_eq(ad_f64(ad_gradient(x))[0], 2);
    ck_assert_double_eq(ad_f64(ad_gradient(x))[3], 8);
    expect_ok(t);
}
END_TEST

START_TEST(diagonals_of_any_matrix)
{
    const ad_tensor x = counted(types[_i], AD_SHAPE(2, 3));
    EXPECT(ad_diagonal(x, 0), 1, 5);
    EXPECT(ad_diagonal(x, 1), 2, 6);
    EXPECT(ad_diagonal(x, 2), 3);
    EXPECT(ad_diagonal(x, -1), 4);
    expect_shape(ad_diagonal(x, 3), AD_SHAPE(0));
    expect_shape(ad_diagonal(x, INT_MIN), AD_SHAPE(0));
    expect_shape(ad_diagonal(counted(types[_i], AD_SHAPE(4, 2, 3, 5)), 0), AD_SHAPE(4, 2, 3));
    EXPECT(ad_diagonal_matrix(WHOLE(1, 2), 0), 1, 0, 0, 2);
    EXPECT(ad_diagonal_matrix(WHOLE(1, 2), 1), 0, 1, 0, 0, 0, 2, 0, 0, 0);
    EXPECT(ad_diagonal_matrix(WHOLE(1, 2), -1), 0, 0, 0, 1, 0, 0, 0, 2, 0);
    EXPECT(ad_diagonal_matrix(whole(AD_SHAPE(0), NULL), 1), 0);
}
END_TEST

START_TEST(a_diagonal_gives_its_gradient_back)
{
    const ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(2, 3), NULL);
    ad_backward(ad_sum(ad_mul(ad_diagonal(x, 1), ad_input(t, AD_F64, AD_SHAPE(2), (const double[]){3, 5}))));
    EXPECT(ad_gradient(x), 0, 3, 0, 0, 0, 5);
}
END_TEST

/* LAPACK's order: columns, each from the diagonal down. */
START_TEST(packed_triangles)
{
    const ad_tensor x = counted(types[_i], AD_SHAPE(3, 3)), packed = counted(types[_i], AD_SHAPE(6));
    EXPECT(ad_tril_pack(x, 0), 1, 4, 7, 5, 8, 9);
    EXPECT(ad_tril_pack(x, -1), 4, 7, 8);
    EXPECT(ad_tril_unpack(packed, 0), 1, 0, 0, 2, 4, 0, 3, 5, 6);
    EXPECT(ad_tril_unpack(packed, -1), 0, 0, 0, 0, 1, 0, 0, 0, 2, 4, 0, 0, 3, 5, 6, 0);
    expect_shape(ad_tril_pack(x, -3), AD_SHAPE(0));
    expect_shape(ad_tril_unpack(counted(types[_i], AD_SHAPE(2, 0)), -2), AD_SHAPE(2, 2, 2));
    for (int64_t d = 1; d < 40; d++)
        expect_shape(ad_tril_unpack(ad_zeros(t, types[_i], AD_SHAPE(2, d * (d + 1) / 2)), 0), AD_SHAPE(2, d, d));
}
END_TEST

START_TEST(matrices_refuse)
{
    const ad_tensor x = ad_name(counted(AD_F32, AD_SHAPE(4)), "x"), wide = counted(AD_F32, AD_SHAPE(2, 3)),
                    deep = counted(AD_F32, AD_SHAPE(1, 1, 1, 1, 1, 1, 1, 1)), scalar = ad_scalar(t, 1);
    expect_inert(ad_tril(x, 0), AD_BAD_SHAPE, "tril: x [4] has no matrices: at least two axes are needed");
    expect_inert(ad_triu(scalar, 0), AD_BAD_SHAPE, "triu: [] has no matrices: at least two axes are needed");
    expect_inert(ad_diagonal(x, 0), AD_BAD_SHAPE, "diagonal: x [4] has no matrices: at least two axes are needed");
    expect_inert(ad_diagonal_matrix(scalar, 0), AD_BAD_SHAPE,
                 "diagonal_matrix: [] has no diagonal: at least one axis is needed");
    expect_inert(ad_diagonal_matrix(deep, 0), AD_BAD_SHAPE,
                 "diagonal_matrix: [1,1,1,1,1,1,1,1] has 8 axes already, the most there can be");
    expect_inert(ad_tril_unpack(x, 0), AD_BAD_SHAPE,
                 "tril_unpack: the last size of x [4] is not one of 0, 1, 3, 6, 10, ..., d (d + 1) / 2");
    expect_inert(ad_tril_unpack(counted(AD_F32, AD_SHAPE(3)), 1), AD_BAD_VALUE,
                 "tril_unpack: k is 1: the triangle is a lower one, so k must be 0 or less");
    expect_inert(ad_tril_unpack(scalar, 0), AD_BAD_SHAPE,
                 "tril_unpack: [] has no packed triangle: at least one axis is needed");
    expect_inert(ad_tril_unpack(deep, 0), AD_BAD_SHAPE,
                 "tril_unpack: [1,1,1,1,1,1,1,1] has 8 axes already, the most there can be");
    expect_inert(ad_tril_pack(wide, 0), AD_BAD_SHAPE, "tril_pack: the matrices of [2,3] are not square");
    expect_inert(ad_tril_pack(counted(AD_F32, AD_SHAPE(2, 2)), -3), AD_BAD_SHAPE,
                 "tril_pack: the diagonal is outside of [2,2]");
    expect_inert(ad_tril_pack(counted(AD_F32, AD_SHAPE(2, 2)), 2), AD_BAD_VALUE,
                 "tril_pack: k is 2: the triangle is a lower one, so k must be 0 or less");
    expect_inert(ad_tril_pack(x, 0), AD_BAD_SHAPE, "tril_pack: x [4] has no matrices: at least two axes are needed");
    ad_tensor y;
    ad_apply(t, ad_operator_named("diagonal_matrix"), &x, 1,
             (const ad_attribute[]){{.integer = 0}, {.integer = 4}, {.integer = 3}}, &y);
    expect_inert(y, AD_BAD_SHAPE, "diagonal_matrix: x [4] is not as long as diagonal 0 of a matrix [4,3]");
}
END_TEST

/* Beside a size of 0 the others may be larger than any product of them. */
START_TEST(empty_shapes_of_any_size)
{
    const int64_t huge = INT64_C(1) << 62;
    const ad_tensor x = ad_zeros(t, types[_i], AD_SHAPE(0, huge, huge));
    expect_shape(ad_tril(x, -1), AD_SHAPE(0, huge, huge));
    expect_shape(ad_triu(ad_zeros(t, types[_i], AD_SHAPE(huge, huge, 0)), 1), AD_SHAPE(huge, huge, 0));
    expect_shape(ad_diagonal(x, -5), AD_SHAPE(0, huge - 5));
    expect_shape(ad_diagonal_matrix(ad_zeros(t, types[_i], AD_SHAPE(0, huge)), -5), AD_SHAPE(0, huge + 5, huge + 5));
    expect_shape(ad_gather(x, 2, whole(AD_SHAPE(1, 1, 3), (int32_t[]){0, 1, 2})), AD_SHAPE(0, huge, 3));
    expect_inert(ad_tril_pack(x, 0), AD_BAD_SHAPE,
                 "tril_pack: the matrices of [0,4611686018427387904,4611686018427387904] are too large to be packed");
    ad_tensor packed = ad_zeros(t, types[_i], AD_SHAPE(0, 3)), y;
    expect_shape(ad_tril_pack(ad_tril_unpack(packed, INT_MIN), INT_MIN), AD_SHAPE(0, 3));
    ad_apply(t, ad_operator_named("tril_unpack"), &packed, 1, &(ad_attribute){.integer = INT64_MIN}, &y);
    expect_inert(y, AD_BAD_SHAPE,
                 "tril_unpack: k is -9223372036854775808: the matrix would have more rows than can be counted");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("indexing");
    TCase *indices = tcase_create("indices"), *matrices = tcase_create("matrices");
    tcase_add_checked_fixture(indices, open_tape, close_tape);
    tcase_add_checked_fixture(matrices, open_tape, close_tape);
    suite_add_tcase(suite, indices);
    suite_add_tcase(suite, matrices);
    tcase_add_loop_test(indices, gather_along_an_axis, 0, TYPES);
    tcase_add_test(indices, gather_with_broadcast_indices);
    tcase_add_test(indices, scatter_adds_in_the_order_of_the_indices);
    tcase_add_loop_test(indices, long_sums_by_index_lose_nothing, 0, 8);
    tcase_add_loop_test(indices, long_sums_by_index_at_infinities, 0, 4);
    tcase_add_test(indices, an_index_given_twice_gets_both_gradients);
    tcase_add_test(indices, indices_are_checked);
    tcase_add_loop_test(indices, one_hot_of_any_type, 0, TYPES);
    tcase_add_test(indices, one_hot_refuses);
    tcase_add_loop_test(matrices, triangles_against_a_loop, 0, TYPES);
    tcase_add_loop_test(matrices, ks_beyond_an_int, 0, 6);
    tcase_add_test(matrices, triangles_select);
    tcase_add_loop_test(matrices, diagonals_of_any_matrix, 0, TYPES);
    tcase_add_test(matrices, a_diagonal_gives_its_gradient_back);
    tcase_add_loop_test(matrices, packed_triangles, 0, TYPES);
    tcase_add_test(matrices, matrices_refuse);
    tcase_add_loop_test(matrices, empty_shapes_of_any_size, 0, TYPES);
    return run_suites(srunner_create(suite));
}
