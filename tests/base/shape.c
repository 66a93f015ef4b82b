/* Sizes: none that is impossible reaches the allocator, and none that is 0 is a mistake. */
#include <limits.h>

#include "../support/one_tape.h"

static ad_tensor make_param(ad_shape shape) { return ad_param(t, AD_F64, shape, NULL, "p"); }
static ad_tensor make_state(ad_shape shape) { return ad_state(t, AD_F64, shape, NULL, "s"); }
static ad_tensor make_input(ad_shape shape) { return ad_input(t, AD_F64, shape, NULL); }
static ad_tensor make_data(ad_shape shape) { return ad_input(t, AD_F64, shape, &(double){1}); }
static ad_tensor make_variable(ad_shape shape) { return ad_variable(t, AD_F64, shape, NULL); }
static ad_tensor make_borrow(ad_shape shape) { return ad_borrow(t, AD_F64, shape, &(double){1}); }
static ad_tensor make_full(ad_shape shape) { return ad_full(t, AD_F64, shape, 3); }
static ad_tensor make_reshape(ad_shape shape) { return ad_reshape(ad_scalar(t, 1), shape); }
static ad_tensor make_broadcast(ad_shape shape) { return ad_broadcast_to(ad_scalar(t, 1), shape); }
static ad_tensor make_sum_to(ad_shape shape) { return ad_sum_to(ad_scalar(t, 1), shape); }

static ad_tensor (*const makers[])(ad_shape shape) = {
    make_param,  make_state, make_input,   make_data,      make_variable,
    make_borrow, make_full,  make_reshape, make_broadcast, make_sum_to,
};

static ad_tensor zeros(ad_shape shape) { return ad_input(t, AD_F32, shape, NULL); }

/* Some products are 0 or small in 64 bits: 2^32 x 2^32, 3 x 6148914691236517206 = 2 + 2^64, and 8 x 2^61 bytes. */
static const ad_shape impossible[] = {
    {1, {INT64_MAX}},
    {2, {INT64_MAX, 2}},
    {2, {INT64_MAX, INT64_MAX}},
    {2, {INT64_C(1) << 32, INT64_C(1) << 32}},
    {2, {3, INT64_C(6148914691236517206)}},
    {1, {INT64_C(1) << 61}},
    {1, {(INT64_C(1) << 61) + 1}},
    {1, {-5}},
    {1, {INT64_MIN}},
    {2, {2, -3}},
    {2, {0, INT64_MIN}},
    {2, {-2, -2}},
    {8, {256, 256, 256, 256, 256, 256, 256, 256}},
    {9, {1, 1, 1, 1, 1, 1, 1, 1}},
    {INT_MAX, {1}},
    {-1, {1}},
    {INT_MIN, {1}},
};

START_TEST(impossible_sizes_are_refused)
{
    memory.limit = 1 << 20;
    for (int m = 0; m < COUNT(makers); m++) {
        ck_assert_msg(ad_is_inert(makers[m](impossible[_i])), "maker %d", m);
        expect_recovery(t, AD_BAD_SHAPE, "");
    }
    ck_assert_msg(memory.largest < memory.limit, "%zu bytes were asked for", memory.largest);
    ck_assert_uint_eq(ad_kept_count(t), 0);
}
END_TEST

START_TEST(results_that_are_too_large_are_refused)
{
    const int64_t m = INT64_MAX;
    ad_sum_over(zeros(AD_SHAPE(m, m, 0)), AD_AXES(2));
    expect_recovery(t, AD_BAD_SHAPE, "sum: shape [9223372036854775807,9223372036854775807] has too many elements");
    ad_matmul(zeros(AD_SHAPE(2147483647, 0)), zeros(AD_SHAPE(0, 2147483647)));
    expect_recovery(t, AD_BAD_SHAPE, "matmul: shape [2147483647,2147483647] has too many elements");
    ad_add(zeros(AD_SHAPE(m, 1, 0)), zeros(AD_SHAPE(1, m, 1)));
    ck_assert_int_eq(ad_clear_error(t), AD_BAD_SHAPE);
    ad_scatter_add_rows(zeros(AD_SHAPE(0, 2)), ad_arange(t, AD_I32, 0), m);
    expect_recovery(t, AD_BAD_SHAPE, "scatter_add_rows: shape [9223372036854775807,2] has too many elements");
    ad_gather_rows(zeros(AD_SHAPE(0, m, 4)), ad_input(t, AD_I32, AD_SHAPE(2), NULL));
    expect_recovery(t, AD_BAD_SHAPE, "gather_rows: shape [2,9223372036854775807,4] has too many elements");
    ad_arange(t, AD_I32, m);
    expect_recovery(t, AD_BAD_SHAPE, "arange: shape");
}
END_TEST

/* Legal sizes that the machine has no memory for: an error, and the tape works again. */
START_TEST(sizes_that_memory_does_not_hold)
{
    memory.limit = 1 << 20;
    for (int m = 0; m < COUNT(makers); m++) {
        if (makers[m] == make_borrow || makers[m] == make_reshape || makers[m] == make_sum_to)
            continue;
        size_t entries = ad_entry_count(t);
        ck_assert(ad_is_inert(makers[m](AD_SHAPE(INT64_C(1) << 40, 3))));
        ck_assert_uint_le(ad_entry_count(t), entries + 1);
        expect_recovery(t, AD_NO_MEMORY, "memory is out for a tensor [1099511627776,3] of f64");
    }
    ck_assert_uint_eq(ad_kept_count(t), 0);
}
END_TEST

START_TEST(leaves_of_size_zero)
{
    for (int m = 0; m < COUNT(makers); m++) {
        if (makers[m] == make_reshape || makers[m] == make_broadcast || makers[m] == make_sum_to)
            continue;
        ad_tensor x = makers[m](AD_SHAPE(3, 0, INT64_MAX, INT64_MAX));
        expect_ok(t);
        ck_assert(!ad_is_inert(x));
        ck_assert_uint_eq(ad_size_of(x), 0);
        ck_assert_int_eq(ad_shape_of(x).dims[3], INT64_MAX);
        ck_assert_ptr_nonnull(ad_data(x));
    }
    ad_tensor p = ad_param(t, AD_F64, AD_SHAPE(0, 2), NULL, "empty"), y = ad_sum(ad_exp(p));
    ck_assert_double_eq(ad_item(y), 0);
    ck_assert_int_eq(ad_backward(y), AD_OK);
    ck_assert_uint_eq(ad_size_of(ad_gradient(p)), 0);
    ck_assert_int_eq(ad_descend(p, 1), AD_OK);
    ck_assert_int_eq(ad_fill(p, 1), AD_OK);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, impossible_sizes_are_refused, 0, COUNT(impossible));
    tcase_add_test(tests, results_that_are_too_large_are_refused);
    tcase_add_test(tests, sizes_that_memory_does_not_hold);
    tcase_add_test(tests, leaves_of_size_zero);
}

int main(void) { return run_on_one_tape("shape", add_tests); }
