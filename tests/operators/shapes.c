/* Parts, order and axes of tensors: every element against plain loops, in all types, and what is refused. */
#include <stdlib.h>
#include <string.h>

#include <gradtape/operators/backward.h>

#include "../support/one_tape.h"

static const ad_type types[] = {AD_F32, AD_F64, AD_I32};
enum { TYPES = COUNT(types) };

/* A tensor of any type with the elements 0, 1, 2, ...; `number_at` reads one. */
static ad_tensor counted(ad_type type, ad_shape shape)
{
    return ad_reshape(ad_arange(t, type, (int64_t)elements_of(shape)), shape);
}

/* The place of each axis in the element number `at` of a shape. */
static void places_at(ad_shape shape, size_t at, int64_t place[AD_MAX_RANK])
{
    for (int i = shape.rank - 1; i >= 0; i--) {
        place[i] = (int64_t)(at % (size_t)shape.dims[i]);
        at /= (size_t)shape.dims[i];
    }
}

static size_t element_at(ad_shape shape, const int64_t place[])
{
    size_t at = 0;
    for (int i = 0; i < shape.rank; i++)
        at = at * (size_t)shape.dims[i] + (size_t)place[i];
    return at;
}

/* ---- Slice --------------------------------------------------------------------------------------------------- */

START_TEST(slice_takes_what_is_asked_for)
{
    const ad_tensor x = counted(types[_i], AD_SHAPE(2, 6));
    EXPECT(ad_slice(x, 1, (ad_range){1, 4, 1}), 1, 2, 3, 7, 8, 9);
    EXPECT(ad_slice(x, -1, (ad_range){0, AD_END, 2}), 0, 2, 4, 6, 8, 10);
    EXPECT(ad_slice(x, 1, (ad_range){-1, AD_BEGIN, -2}), 5, 3, 1, 11, 9, 7);
    EXPECT(ad_slice(x, 1, (ad_range){-2, 100, 0}), 4, 5, 10, 11);
    EXPECT(ad_slice(x, 0, (ad_range){.start = 1, .stop = 2}), 6, 7, 8, 9, 10, 11);
    EXPECT(ad_slice(x, 0, (ad_range){AD_END, AD_BEGIN, -1}), 6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5);
    expect_shape(ad_slice(x, 1, (ad_range){4, 2, 1}), AD_SHAPE(2, 0));
    expect_shape(ad_slice(x, 0, (ad_range){AD_BEGIN, AD_END, INT64_MAX}), AD_SHAPE(1, 6));
    expect_shape(ad_slice(x, 0, (ad_range){AD_END, AD_BEGIN, AD_BEGIN}), AD_SHAPE(1, 6));
    expect_shape(ad_slice(counted(types[_i], AD_SHAPE(0)), 0, (ad_range){-3, AD_END, -1}), AD_SHAPE(0));
}
END_TEST

/* Python's own numbers, as one:
 *     h = 0
 *     for a in range(-7, 8):
 *         for b in range(-7, 8):
 *             for c in (-3, -2, -1, 1, 2, 3):
 *                 for i in range(5)[a:b:c]: h = (h * 31 + i + 1) % 2**64
 *                 h = (h * 31 + 100) % 2**64
 *     print(h) */
START_TEST(slice_cuts_as_python_does)
{
    const ad_tensor x = counted(AD_I32, AD_SHAPE(5));
    static const int64_t steps[] = {-3, -2, -1, 1, 2, 3};
    uint64_t h = 0;
    for (int64_t a = -7; a < 8; a++)
        for (int64_t b = -7; b < 8; b++)
            for (size_t c = 0; c < COUNT(steps); c++) {
                const ad_tensor y = ad_slice(x, 0, (ad_range){a, b, steps[c]});
                for (size_t i = 0; i < ad_size_of(y); i++)
                    h = h * 31 + (uint64_t)ad_i32(y)[i] + 1;
                h = h * 31 + 100;
            }
    expect_ok(t);
    ck_assert_uint_eq(h, UINT64_C(4011351183396694692));
}
END_TEST

START_TEST(slice_gives_its_gradient_back_to_its_places)
{
    const ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(6), NULL);
    const double v[] = {1, 2, 3};
    ad_backward(ad_sum(ad_mul(ad_slice(x, 0, (ad_range){-1, AD_BEGIN, -2}), ad_input(t, AD_F64, AD_SHAPE(3), v))));
    EXPECT(ad_gradient(x), 0, 3, 0, 2, 0, 1);
    EXPECT(ad_slice_backward(ad_input(t, AD_F64, AD_SHAPE(3), v), 0, (ad_range){0, AD_END, 2}, 5), 1, 0, 2, 0, 3);
}
END_TEST

START_TEST(slice_refuses)
{
    const ad_tensor x = ad_name(counted(AD_F32, AD_SHAPE(2, 6)), "x");
    expect_inert(ad_slice(x, 2, (ad_range){0, 1, 1}), AD_BAD_SHAPE,
                 "slice: axis 2 is out of range for x [2,6]: it has 2 axes, 0 to 1 or -1 to -2");
    expect_inert(ad_slice(ad_scalar(t, 1), 0, (ad_range){0, 1, 1}), AD_BAD_SHAPE,
                 "slice: axis 0 is out of range for []: a scalar has no axes");
    expect_inert(ad_slice_backward(x, 1, (ad_range){0, 4, 1}, 6), AD_BAD_SHAPE,
                 "slice_backward: x [2,6] does not have on axis 1 what the slice takes of 6 elements");
    expect_inert(ad_slice_backward(x, 1, (ad_range){0, 4, 1}, -1), AD_BAD_SHAPE,
                 "slice_backward: x [2,6] does not have on axis 1 what the slice takes of -1 elements");
    ad_tensor y;
    ad_apply(t, ad_operator_named("slice"), &x, 1, (const ad_attribute[]){{0}, {.shape = AD_SHAPE(1, 2)}}, &y);
    expect_inert(y, AD_BAD_VALUE, "slice: a range of 2 numbers is given: it must be start, stop, step");
}
END_TEST

/* ---- Concat, stack, split ------------------------------------------------------------------------------------ */

START_TEST(concat_puts_one_after_the_other)
{
    const ad_type type = types[_i];
    const ad_tensor a = counted(type, AD_SHAPE(2, 1)), b = counted(type, AD_SHAPE(2, 3)),
                    none = counted(type, AD_SHAPE(2, 0));
    EXPECT(ad_concat((const ad_tensor[]){a, b, none, a}, 4, 1), 0, 0, 1, 2, 0, 1, 3, 4, 5, 1);
    EXPECT(ad_concat((const ad_tensor[]){b, b}, 2, -2), 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5);
    EXPECT(ad_concat(&b, 1, 0), 0, 1, 2, 3, 4, 5);
    expect_shape(ad_concat((const ad_tensor[]){none, none}, 2, 0), AD_SHAPE(4, 0));
}
END_TEST

START_TEST(stack_makes_a_new_axis)
{
    const ad_type type = types[_i];
    const ad_tensor a = counted(type, AD_SHAPE(2, 2)), b = ad_flip(a, AD_AXES(1));
    EXPECT(ad_stack((const ad_tensor[]){a, b}, 2, 0), 0, 1, 2, 3, 1, 0, 3, 2);
    EXPECT(ad_stack((const ad_tensor[]){a, b}, 2, 1), 0, 1, 1, 0, 2, 3, 3, 2);
    EXPECT(ad_stack((const ad_tensor[]){a, b}, 2, -1), 0, 1, 1, 0, 2, 3, 3, 2);
    expect_shape(ad_stack((const ad_tensor[]){a, b}, 2, -1), AD_SHAPE(2, 2, 2));
    expect_shape(ad_stack((const ad_tensor[]){ad_scalar(t, 1), ad_scalar(t, 2)}, 2, 0), AD_SHAPE(2));
}
END_TEST

/* Thousands of operands; each gets its own part of the gradient. */
START_TEST(many_parts)
{
    enum { N = 3000 };
    ad_tensor x[N];
    for (int i = 0; i < N; i++)
        x[i] = ad_variable(t, AD_F64, AD_SHAPE(2), (const double[]){i, -i});
    const ad_tensor joined = ad_concat(x, N, 0), stacked = ad_stack(x, N, 1);
    expect_shape(joined, AD_SHAPE(2 * N));
    expect_shape(stacked, AD_SHAPE(2, N));
    const ad_tensor weights = ad_cast(counted(AD_F32, AD_SHAPE(2, N)), AD_F64);
    ad_backward(ad_add(ad_sum(ad_mul(stacked, weights)), ad_sum(ad_square(joined))));
    expect_ok(t);
    for (int i = 0; i < N; i++) {
        ck_assert_double_eq(ad_f64(joined)[2 * i + 1], -i);
        ck_assert_double_eq(ad_f64(stacked)[N + i], -i);
        ck_assert_double_eq(ad_f64(ad_gradient(x[i]))[0], i + 2. * i);
        ck_assert_double_eq(ad_f64(ad_gradient(x[i]))[1], N + i - 2. * i);
    }
}
END_TEST

START_TEST(split_is_the_inverse_of_concat)
{
    static const int counts[] = {1, 2, 3, 5, 6, 30};
    const ad_tensor x = counted(types[_i], AD_SHAPE(2, 30, 3));
    for (size_t k = 0; k < COUNT(counts); k++) {
        ad_tensor parts[30];
        ad_split(x, -2, counts[k], parts);
        for (int i = 0; i < counts[k]; i++)
            expect_shape(parts[i], AD_SHAPE(2, 30 / counts[k], 3));
        const ad_tensor again = ad_concat(parts, counts[k], 1);
        for (size_t i = 0; i < ad_size_of(x); i++)
            ck_assert_double_eq(number_at(again, i), (double)i);
    }
    ad_tensor none[2];
    ad_split(counted(types[_i], AD_SHAPE(0, 2)), 0, 2, none);
    expect_shape(none[1], AD_SHAPE(0, 2));
}
END_TEST

START_TEST(parts_of_a_split_give_their_gradients)
{
    const ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(7), (const double[]){1, 2, 3, 4, 5, 6, 7});
    ad_tensor parts[7];
    ad_split(x, 0, 7, parts);
    ad_backward(ad_sum(ad_add(ad_mul(parts[1], parts[6]), ad_square(parts[3]))));
    EXPECT(ad_gradient(x), 0, 7, 0, 8, 0, 0, 2);
    ad_split(x, 0, 1, parts);
    ad_backward(ad_sum(ad_square(parts[0])));
    EXPECT(ad_gradient(x), 2, 4, 6, 8, 10, 12, 14);
}
END_TEST

START_TEST(joining_refuses)
{
    const ad_tensor a = ad_name(counted(AD_F32, AD_SHAPE(2, 3)), "a"),
                    b = ad_name(counted(AD_F32, AD_SHAPE(3, 3)), "b"),
                    whole = ad_name(counted(AD_I32, AD_SHAPE(2, 3)), "whole");
    expect_inert(ad_concat((const ad_tensor[]){a, a, b}, 3, 1), AD_BAD_SHAPE,
                 "concat: shapes differ on other axes than 1: a [2,3] and operand 2, b [3,3]");
    expect_inert(ad_concat((const ad_tensor[]){a, counted(AD_F32, AD_SHAPE(2))}, 2, 1), AD_BAD_SHAPE,
                 "concat: shapes differ on other axes than 1: a [2,3] and operand 1, [2]");
    expect_inert(ad_concat((const ad_tensor[]){a, whole}, 2, 0), AD_BAD_TYPE,
                 "concat: types differ: a [2,3] is f32, operand 1, whole [2,3], is i32; convert one with ad_cast");
    expect_inert(ad_concat(&a, 1, 2), AD_BAD_SHAPE,
                 "concat: axis 2 is out of range for a [2,3]: it has 2 axes, 0 to 1 or -1 to -2");
    expect_inert(ad_stack((const ad_tensor[]){a, b}, 2, 0), AD_BAD_SHAPE,
                 "stack: shapes differ: a [2,3] and operand 1, b [3,3]");
    expect_inert(ad_stack((const ad_tensor[]){a, whole}, 2, 0), AD_BAD_TYPE,
                 "stack: types differ: a [2,3] is f32, operand 1, whole [2,3], is i32; convert one with ad_cast");
    expect_inert(ad_stack(&a, 1, 3), AD_BAD_SHAPE,
                 "stack: axis 3 is out of range for a new axis of a [2,3]: 0 to 2 or -1 to -3");
    const ad_tensor deep = counted(AD_F32, AD_SHAPE(1, 1, 1, 1, 1, 1, 1, 1));
    expect_inert(ad_stack(&deep, 1, 0), AD_BAD_SHAPE,
                 "stack: [1,1,1,1,1,1,1,1] has 8 axes already, the most there can be");
    const ad_tensor huge = ad_zeros(t, AD_F32, AD_SHAPE(0, INT64_MAX));
    expect_inert(ad_concat((const ad_tensor[]){huge, huge}, 2, 1), AD_BAD_SHAPE,
                 "concat: the sizes along axis 1 add up to more than a size can be");
}
END_TEST

/* Without operands there is no tape that could take an error. */
START_TEST(joining_nothing_is_inert)
{
    const ad_tensor x = counted(AD_F32, AD_SHAPE(2));
    ck_assert(ad_is_inert(ad_concat(NULL, 0, 0)) && ad_is_inert(ad_stack(NULL, 3, 0)));
    ck_assert(ad_is_inert(ad_concat(&x, 0, 0)) && ad_is_inert(ad_concat(&x, -1, 0)));
    expect_inert(ad_add(ad_stack(&x, 0, 0), x), AD_BAD_HANDLE,
                 "add: operand 0 is inert: it was never made, or came from a call that failed");
}
END_TEST

START_TEST(split_refuses)
{
    const ad_tensor x = ad_name(counted(AD_F32, AD_SHAPE(2, 6)), "x");
    ad_tensor parts[4] = {x, x, x, x};
    ad_split(x, 1, 4, parts);
    for (int i = 0; i < 4; i++)
        ck_assert(ad_is_inert(parts[i]));
    expect_error(t, AD_BAD_SHAPE, "split: axis 1 of x [2,6] cannot be split into 4 equal parts");
    ad_split(x, 1, 0, parts);
    expect_error(t, AD_BAD_VALUE, "split: 0 parts are asked for: it must be at least 1");
    ad_split(x, -3, 2, parts);
    expect_error(t, AD_BAD_SHAPE, "split: axis -3 is out of range for x [2,6]");
    ad_split((ad_tensor){.tape = t}, 0, 2, parts);
    ck_assert(ad_is_inert(parts[1]));
    ck_assert_int_eq(ad_clear_error(t), AD_BAD_HANDLE);
}
END_TEST

/* ---- Pad ----------------------------------------------------------------------------------------------------- */

START_TEST(pad_puts_a_value_around)
{
    const ad_tensor x = counted(types[_i], AD_SHAPE(2, 2));
    EXPECT(ad_pad(x, AD_SHAPE(0, 1), AD_SHAPE(1, 0), 7), 7, 0, 1, 7, 2, 3, 7, 7, 7);
    EXPECT(ad_pad(x, AD_SHAPE(0, 0), AD_SHAPE(0, 0), 7), 0, 1, 2, 3);
    EXPECT(ad_pad(counted(types[_i], AD_SHAPE(0)), AD_SHAPE(1), AD_SHAPE(2), -5), -5, -5, -5);
    EXPECT(ad_pad(ad_reshape(counted(types[_i], AD_SHAPE(1)), AD_SCALAR), AD_SCALAR, AD_SCALAR, 3), 0);
}
END_TEST

START_TEST(pad_refuses)
{
    const ad_tensor x = ad_name(counted(AD_F32, AD_SHAPE(2, 3)), "x"), whole = counted(AD_I32, AD_SHAPE(2));
    expect_inert(ad_pad(x, AD_SHAPE(1), AD_SHAPE(1, 1), 0), AD_BAD_SHAPE,
                 "pad: 1 numbers before and 2 after are given for x [2,3]: one for each of its 2 axes is needed");
    expect_inert(ad_pad(x, AD_SHAPE(0, -1), AD_SHAPE(1, 1), 0), AD_BAD_SHAPE,
                 "pad: -1 before and 1 after axis 1 of x [2,3]: they must be sizes");
    expect_inert(ad_pad(x, AD_SHAPE(0, INT64_MAX), AD_SHAPE(1, 1), 0), AD_BAD_SHAPE,
                 "pad: 9223372036854775807 before and 1 after axis 1 of x [2,3]: they must be sizes");
    expect_inert(ad_pad(whole, AD_SHAPE(1), AD_SHAPE(1), 0.5), AD_BAD_VALUE, "pad: 0.5 is no i32");
    expect_inert(ad_pad(whole, AD_SHAPE(1), AD_SHAPE(1), 3e9), AD_BAD_VALUE, "pad: 3e+09 is no i32");
}
END_TEST

/* ---- Order --------------------------------------------------------------------------------------------------- */

static void expect_permuted(ad_type type, ad_shape shape, ad_axes order)
{
    const ad_tensor x = counted(type, shape), y = ad_permute(x, order);
    ad_shape wanted = {.rank = shape.rank};
    int64_t place[AD_MAX_RANK], from[AD_MAX_RANK];
    for (int i = 0; i < shape.rank; i++)
        wanted.dims[i] = shape.dims[order.axis[i] < 0 ? order.axis[i] + shape.rank : order.axis[i]];
    expect_shape(y, wanted);
    for (size_t at = 0; at < ad_size_of(y); at++) {
        places_at(wanted, at, place);
        for (int i = 0; i < shape.rank; i++)
            from[order.axis[i] < 0 ? order.axis[i] + shape.rank : order.axis[i]] = place[i];
        ck_assert_msg(number_at(y, at) == (double)element_at(shape, from), "element %zu is %g instead of %zu", at,
                      number_at(y, at), element_at(shape, from));
    }
}

START_TEST(permute_of_many_kinds)
{
    const ad_type type = types[_i];
    expect_permuted(type, AD_SHAPE(19, 37), AD_AXES(1, 0));
    expect_permuted(type, AD_SHAPE(130, 9), AD_AXES(1, 0));
    expect_permuted(type, AD_SHAPE(3, 5, 11, 13), AD_AXES(0, 2, 3, 1));
    expect_permuted(type, AD_SHAPE(3, 11, 13, 5), AD_AXES(0, 3, 1, 2));
    expect_permuted(type, AD_SHAPE(3, 5, 2, 16), AD_AXES(0, 2, 1, -1));
    expect_permuted(type, AD_SHAPE(3, 5, 2, 3), AD_AXES(2, 0, 1, 3));
    expect_permuted(type, AD_SHAPE(9, 8, 17), AD_AXES(2, 1, 0));
    expect_permuted(type, AD_SHAPE(2, 3, 2, 1, 3, 2, 2, 3), AD_AXES(7, 6, 5, 4, 3, 2, 1, 0));
    expect_permuted(type, AD_SHAPE(4, 0, 2), AD_AXES(2, 0, 1));
    expect_permuted(type, AD_SHAPE(7), AD_AXES(0));
}
END_TEST

/* Any order of any sizes. */
START_TEST(permute_at_random)
{
    for (uint64_t trial = 0; trial < 60; trial++) {
        const int rank = 2 + (int)(ad_random_bits(1, trial, 0) % 5);
        ad_shape shape = {.rank = rank};
        ad_axes order = {.count = rank};
        int32_t drawn[AD_MAX_RANK];
        ad_random_permutation(2, trial, rank, drawn);
        for (int i = 0; i < rank; i++) {
            shape.dims[i] = 1 + ad_random_bits(3, trial, (uint64_t)i) % (rank > 4 ? 5 : 12);
            order.axis[i] = drawn[i];
        }
        expect_permuted(types[trial % TYPES], shape, order);
        ad_reset(t);
    }
}
END_TEST

START_TEST(flip_reads_backwards)
{
    const ad_tensor x = counted(types[_i], AD_SHAPE(2, 3));
    EXPECT(ad_flip(x, AD_AXES(1)), 2, 1, 0, 5, 4, 3);
    EXPECT(ad_flip(x, AD_AXES(-2)), 3, 4, 5, 0, 1, 2);
    EXPECT(ad_flip(x, AD_ALL_AXES), 5, 4, 3, 2, 1, 0);
    expect_shape(ad_flip(counted(types[_i], AD_SHAPE(2, 0)), AD_AXES(0)), AD_SHAPE(2, 0));
}
END_TEST

START_TEST(repeat_puts_copies_side_by_side)
{
    const ad_tensor x = counted(types[_i], AD_SHAPE(2, 2));
    EXPECT(ad_repeat(x, AD_SHAPE(1, 2)), 0, 1, 0, 1, 2, 3, 2, 3);
    EXPECT(ad_repeat(x, AD_SHAPE(2, 1)), 0, 1, 2, 3, 0, 1, 2, 3);
    EXPECT(ad_repeat(ad_slice(x, 0, (ad_range){0, 1, 1}), AD_SHAPE(2, 3)), 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1);
    expect_shape(ad_repeat(x, AD_SHAPE(0, 3)), AD_SHAPE(0, 6));
    const ad_tensor deep = ad_reshape(counted(types[_i], AD_SHAPE(256)), AD_SHAPE(2, 2, 2, 2, 2, 2, 2, 2)),
                    y = ad_repeat(deep, AD_SHAPE(2, 2, 2, 2, 2, 2, 2, 2));
    int64_t place[AD_MAX_RANK];
    for (size_t at = 0; at < ad_size_of(y); at++) {
        places_at(ad_shape_of(y), at, place);
        for (int i = 0; i < AD_MAX_RANK; i++)
            place[i] %= 2;
        ck_assert_double_eq(number_at(y, at), (double)element_at(ad_shape_of(deep), place));
    }
}
END_TEST

/* All axes repeated, more than there are axes for in one sum. */
START_TEST(repeat_adds_the_gradients_of_the_copies)
{
    const ad_shape shape = AD_SHAPE(1, 2, 1, 1, 1, 2, 1, 1), counts = AD_SHAPE(2, 2, 2, 2, 2, 2, 2, 2);
    const ad_tensor x = ad_variable(t, AD_F64, shape, NULL), y = ad_repeat(x, counts);
    ad_backward_with(y, &(ad_backward_options){.seed = ad_ones_like(y)});
    EXPECT(ad_gradient(x), 256, 256, 256, 256);
    const ad_tensor never = ad_variable(t, AD_F64, AD_SHAPE(2), NULL);
    ad_backward(ad_sum(ad_repeat(never, AD_SHAPE(0))));
    EXPECT(ad_gradient(never), 0, 0);
}
END_TEST

START_TEST(order_refuses)
{
    const ad_tensor x = ad_name(counted(AD_F32, AD_SHAPE(2, 3)), "x");
    expect_inert(ad_permute(x, AD_AXES(1)), AD_BAD_SHAPE,
                 "permute: 1 axes are given for x [2,3]: all 2 are needed, in their new order");
    expect_inert(ad_permute(x, AD_ALL_AXES), AD_BAD_SHAPE,
                 "permute: 0 axes are given for x [2,3]: all 2 are needed, in their new order");
    expect_inert(ad_permute(x, (ad_axes){.count = 99}), AD_BAD_SHAPE,
                 "permute: order has 99 numbers: there can be 0 to 8");
    expect_inert(ad_permute(x, AD_AXES(1, -1)), AD_BAD_SHAPE,
                 "permute: axis 1 is given twice for x [2,3]: all 2 are needed, each once");
    expect_inert(ad_permute(x, AD_AXES(0, 2)), AD_BAD_SHAPE,
                 "permute: axis 2 is out of range for x [2,3]: it has 2 axes, 0 to 1 or -1 to -2");
    expect_inert(ad_flip(x, AD_AXES(0, -2)), AD_BAD_SHAPE, "flip: axis -2 is given twice");
    expect_inert(ad_repeat(x, AD_SHAPE(2)), AD_BAD_SHAPE,
                 "repeat: 1 counts are given for x [2,3]: one for each of its 2 axes is needed");
    expect_inert(ad_repeat(x, AD_SHAPE(2, 2, 2)), AD_BAD_SHAPE,
                 "repeat: 3 counts are given for x [2,3]: one for each of its 2 axes is needed");
    expect_inert(ad_repeat(x, AD_SHAPE(2, -1)), AD_BAD_SHAPE, "repeat: axis 1 of x [2,3] cannot be repeated -1 times");
    expect_inert(ad_repeat(x, AD_SHAPE(INT64_MAX, 1)), AD_BAD_SHAPE,
                 "repeat: axis 0 of x [2,3] cannot be repeated 9223372036854775807 times");
}
END_TEST

/* ---- Axes of size 1, and broadcasting ------------------------------------------------------------------------ */

START_TEST(axes_come_and_go)
{
    const ad_tensor x = counted(types[_i], AD_SHAPE(1, 3, 1));
    expect_shape(ad_squeeze(x, AD_ALL_AXES), AD_SHAPE(3));
    expect_shape(ad_squeeze(x, AD_AXES(-1)), AD_SHAPE(1, 3));
    expect_shape(ad_squeeze(x, AD_AXES(0, 2)), AD_SHAPE(3));
    expect_shape(ad_squeeze(counted(types[_i], AD_SHAPE(1, 1)), AD_ALL_AXES), AD_SCALAR);
    expect_shape(ad_expand_dims(x, 0), AD_SHAPE(1, 1, 3, 1));
    expect_shape(ad_expand_dims(x, -1), AD_SHAPE(1, 3, 1, 1));
    expect_shape(ad_expand_dims(x, 2), AD_SHAPE(1, 3, 1, 1));
    ck_assert_ptr_eq(ad_data(ad_squeeze(x, AD_ALL_AXES)), ad_data(x));
    ck_assert_ptr_eq(ad_data(ad_expand_dims(x, 1)), ad_data(x));
}
END_TEST

START_TEST(axes_refuse)
{
    const ad_tensor x = ad_name(counted(AD_F32, AD_SHAPE(1, 3)), "x");
    expect_inert(ad_squeeze(x, AD_AXES(1)), AD_BAD_SHAPE,
                 "squeeze: axis 1 of x [1,3] has size 3: only axes of size 1 can go");
    expect_inert(ad_squeeze(x, AD_AXES(2)), AD_BAD_SHAPE,
                 "squeeze: axis 2 is out of range for x [1,3]: it has 2 axes, 0 to 1 or -1 to -2");
    expect_inert(ad_expand_dims(x, 3), AD_BAD_SHAPE,
                 "expand_dims: axis 3 is out of range for a new axis of x [1,3]: 0 to 2 or -1 to -3");
    expect_inert(ad_expand_dims(x, -4), AD_BAD_SHAPE,
                 "expand_dims: axis -4 is out of range for a new axis of x [1,3]: 0 to 2 or -1 to -3");
    expect_inert(ad_expand_dims(counted(AD_F32, AD_SHAPE(1, 1, 1, 1, 1, 1, 1, 1)), 0), AD_BAD_SHAPE,
                 "expand_dims: [1,1,1,1,1,1,1,1] has 8 axes already, the most there can be");
}
END_TEST

START_TEST(broadcast_of_any_type)
{
    const ad_tensor x = counted(types[_i], AD_SHAPE(2, 1, 3)), y = ad_broadcast_to(x, AD_SHAPE(2, 2, 4, 3));
    int64_t place[AD_MAX_RANK];
    for (size_t at = 0; at < ad_size_of(y); at++) {
        places_at(ad_shape_of(y), at, place);
        ck_assert_double_eq(number_at(y, at), (double)(place[1] * 3 + place[3]));
    }
    EXPECT(ad_broadcast_to(counted(types[_i], AD_SHAPE(2, 1)), AD_SHAPE(2, 3)), 0, 0, 0, 1, 1, 1);
    expect_shape(ad_broadcast_to(x, AD_SHAPE(2, 0, 3)), AD_SHAPE(2, 0, 3));
}
END_TEST

/* Beside a size of 0 the others may be larger than any product of them. */
START_TEST(empty_shapes_of_any_size)
{
    const int64_t huge = INT64_C(1) << 62;
    const ad_tensor x = ad_zeros(t, types[_i], AD_SHAPE(huge, 0, huge));
    expect_shape(ad_permute(x, AD_AXES(2, 0, 1)), AD_SHAPE(huge, huge, 0));
    expect_shape(ad_transpose(x), AD_SHAPE(huge, huge, 0));
    expect_shape(ad_flip(x, AD_ALL_AXES), AD_SHAPE(huge, 0, huge));
    expect_shape(ad_slice(x, 0, (ad_range){-1, AD_BEGIN, -3}), AD_SHAPE((huge - 1) / 3 + 1, 0, huge));
    expect_shape(ad_slice_backward(x, 0, (ad_range){0, AD_END, 1}, huge), AD_SHAPE(huge, 0, huge));
    expect_shape(ad_repeat(x, AD_SHAPE(1, 5, 1)), AD_SHAPE(huge, 0, huge));
    expect_shape(ad_pad(x, AD_SHAPE(1, 0, 1), AD_SHAPE(1, 0, 1), 1), AD_SHAPE(huge + 2, 0, huge + 2));
    expect_shape(ad_concat((const ad_tensor[]){x, x}, 2, 1), AD_SHAPE(huge, 0, huge));
    expect_shape(ad_stack((const ad_tensor[]){x, x}, 2, 0), AD_SHAPE(2, huge, 0, huge));
    expect_shape(ad_broadcast_to(x, AD_SHAPE(huge, huge, 0, huge)), AD_SHAPE(huge, huge, 0, huge));
}
END_TEST

/* Gradients pass between f32 and f64, in the operand's type; to i32 and back none does. */
START_TEST(casts_pass_gradients_between_reals)
{
    for (int type = AD_F32; type <= AD_F64; type++) {
        real = (ad_type)type;
        ad_tensor x = VECTOR(1.5, -2.75), y = ad_cast(x, real == AD_F32 ? AD_F64 : AD_F32);
        ad_backward_with(ad_sum(ad_square(y)), &(ad_backward_options){.differentiable = true});
        ck_assert_int_eq(ad_type_of(ad_gradient(x)), type);
        EXPECT(ad_gradient(x), 3, -5.5);
        ad_backward(ad_sum(ad_gradient(x)));
        EXPECT(ad_gradient(x), 2, 2);
        EXPECT(ad_cast(x, AD_I32), 1, -2);
        ck_assert_int_eq(ad_backward(ad_sum(ad_cast(ad_cast(x, AD_I32), AD_F64))), AD_BAD_STATE);
        expect_error_with(t, AD_BAD_STATE, "depends on no parameter");
        ck_assert(ad_is_inert(ad_cast(VECTOR(0, 3e9), AD_I32)));
        expect_error_with(t, AD_BAD_VALUE, "at place 1 does not fit into i32");
        ck_assert(ad_is_inert(ad_cast(VECTOR(NAN), AD_I32)));
        expect_error_with(t, AD_BAD_VALUE, "does not fit into i32");
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shapes");
    TCase *parts = tcase_create("parts"), *order = tcase_create("order"), *refusals = tcase_create("refusals");
    TCase *const cases[] = {parts, order, refusals};
    for (size_t i = 0; i < COUNT(cases); i++) {
        tcase_add_checked_fixture(cases[i], open_tape, close_tape);
        suite_add_tcase(suite, cases[i]);
    }
    tcase_add_loop_test(parts, slice_takes_what_is_asked_for, 0, TYPES);
    tcase_add_test(parts, slice_cuts_as_python_does);
    tcase_add_test(parts, slice_gives_its_gradient_back_to_its_places);
    tcase_add_loop_test(parts, concat_puts_one_after_the_other, 0, TYPES);
    tcase_add_loop_test(parts, stack_makes_a_new_axis, 0, TYPES);
    tcase_add_test(parts, many_parts);
    tcase_add_loop_test(parts, split_is_the_inverse_of_concat, 0, TYPES);
    tcase_add_test(parts, parts_of_a_split_give_their_gradients);
    tcase_add_loop_test(parts, pad_puts_a_value_around, 0, TYPES);
    tcase_add_loop_test(order, permute_of_many_kinds, 0, TYPES);
    tcase_add_test(order, permute_at_random);
    tcase_add_loop_test(order, flip_reads_backwards, 0, TYPES);
    tcase_add_loop_test(order, repeat_puts_copies_side_by_side, 0, TYPES);
    tcase_add_test(order, repeat_adds_the_gradients_of_the_copies);
    tcase_add_loop_test(order, axes_come_and_go, 0, TYPES);
    tcase_add_loop_test(order, broadcast_of_any_type, 0, TYPES);
    tcase_add_loop_test(order, empty_shapes_of_any_size, 0, TYPES);
    tcase_add_test(order, casts_pass_gradients_between_reals);
    tcase_add_test(refusals, slice_refuses);
    tcase_add_test(refusals, joining_refuses);
    tcase_add_test(refusals, joining_nothing_is_inert);
    tcase_add_test(refusals, split_refuses);
    tcase_add_test(refusals, pad_refuses);
    tcase_add_test(refusals, order_refuses);
    tcase_add_test(refusals, axes_refuse);
    return run_suites(srunner_create(suite));
}
