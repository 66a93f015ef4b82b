#ifndef TESTS_COUNTED_TAPE_H
#define TESTS_COUNTED_TAPE_H
/* A tape for each test, over an allocator that finds what is not given back, and what suites expect of its tensors. */
#include <check.h>
#include <math.h>

#include <gradtape/gradtape.h>

#include "counting.h"

static counting memory;
static ad_tape *tape;

/* The fixture. */
static inline void open_tape(void)
{
    counting_open(&memory);
    tape = ad_tape_open(&(ad_tape_options){.allocator = &memory.allocator});
    ck_assert_ptr_nonnull(tape);
}

static inline void close_tape(void)
{
    ad_tape_close(tape);
    counting_check_released(&memory);
}

static inline void expect_ok(void) { ck_assert_msg(ad_status_of(tape) == AD_OK, "%s", ad_message(tape)); }

/* The tape must be in this error, with just this message. The error is cleared. */
static inline void expect_inert(ad_tensor x, ad_status status, const char *message)
{
    ck_assert(ad_is_inert(x));
    ck_assert_str_eq(ad_message(tape), message);
    ck_assert_int_eq(ad_clear_error(tape), status);
}

static inline void expect_shape(ad_tensor x, ad_shape wanted)
{
    const ad_shape shape = ad_shape_of(x);
    expect_ok();
    ck_assert_int_eq(shape.rank, wanted.rank);
    for (int i = 0; i < wanted.rank; i++)
        ck_assert_int_eq(shape.dims[i], wanted.dims[i]);
}

/* The number of elements of a shape. */
static inline size_t elements_of(ad_shape shape)
{
    size_t n = 1;
    for (int i = 0; i < shape.rank; i++)
        n *= (size_t)shape.dims[i];
    return n;
}

/* Element i, of any type. */
static inline double number(ad_tensor x, size_t i)
{
    if (ad_type_of(x) == AD_F32)
        return (double)ad_f32(x)[i];
    return ad_type_of(x) == AD_F64 ? ad_f64(x)[i] : (double)ad_i32(x)[i];
}

/* Just these numbers, NaN for NaN. */
static inline void expect_numbers(ad_tensor x, size_t n, const double wanted[])
{
    expect_ok();
    ck_assert_uint_eq(ad_size_of(x), n);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(number(x, i) == wanted[i] || (isnan(wanted[i]) && isnan(number(x, i))),
                      "element %zu is %.17g instead of %.17g", i, number(x, i), wanted[i]);
}
#define EXPECT(x, ...) expect_numbers(x, sizeof((double[]){__VA_ARGS__}) / sizeof(double), (double[]){__VA_ARGS__})

#endif
