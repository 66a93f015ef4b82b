#ifndef TESTS_ONE_TAPE_H
#define TESTS_ONE_TAPE_H
/* A tape for each test: `t`, opened and closed by a fixture, over an allocator that finds what is not given back. And
 * tensors on it from numbers. */
#include "check.h"
#include "counting.h"

static counting memory;
static ad_tape *t;

/* The type of VECTOR, MATRIX and SCALAR. */
static ad_type real = AD_F64;

static inline void open_tape(void)
{
    counting_open(&memory);
    t = ad_tape_open(&(ad_tape_options){.allocator = &memory.allocator});
    ck_assert_ptr_nonnull(t);
}

static inline void close_tape(void)
{
    ad_tape_close(t);
    counting_check_released(&memory);
}

/* Runs the tests of a suite of one case, given as a function that adds them to it, each with a tape. */
static inline int run_on_one_tape(const char *name, void (*add_tests)(TCase *tests))
{
    Suite *suite = suite_create(name);
    TCase *tests = tcase_create(name);
    tcase_add_checked_fixture(tests, open_tape, close_tape);
    add_tests(tests);
    suite_add_tcase(suite, tests);
    return run_suites(srunner_create(suite));
}

/* A test that runs for both types of reals and ends without an error; ADD adds it to the case `tests`. */
#define REAL_TEST(name)                                                                                                \
    START_TEST(name)                                                                                                   \
    {                                                                                                                  \
        real = _i ? AD_F32 : AD_F64;
#define END_REAL_TEST                                                                                                  \
    expect_ok(t);                                                                                                      \
    }                                                                                                                  \
    END_TEST
#define ADD(test) tcase_add_loop_test(tests, test, 0, 2)

static inline ad_tensor variable_of(ad_type type, ad_shape shape, const double *values, size_t n)
{
    float narrow[64];
    ck_assert_uint_le(n, sizeof narrow / sizeof narrow[0]);
    for (size_t i = 0; i < n; i++)
        narrow[i] = (float)values[i];
    return ad_variable(t, type, shape, type == AD_F32 ? (const void *)narrow : values);
}

static inline ad_tensor variable_of_real(ad_shape shape, const double *values, size_t n)
{
    return variable_of(real, shape, values, n);
}

static inline ad_tensor vector_param(const char *name, const double *values, size_t n)
{
    return ad_param(t, AD_F64, AD_SHAPE((int64_t)n), values, name);
}

static inline ad_tensor vector_input(const double *values, size_t n)
{
    return ad_input(t, AD_F64, AD_SHAPE((int64_t)n), values);
}

/* An input of either type of reals from numbers in f64. */
static inline ad_tensor input_of(ad_type type, ad_shape shape, const double *x)
{
    return ad_cast(ad_input(t, AD_F64, shape, x), type);
}

/* Parameters and inputs of f64: a scalar, and as many numbers as are given. */
#define PARAM(value, name) ad_param(t, AD_F64, AD_SCALAR, &(double){value}, name)
#define PARAMS(name, ...) vector_param(name, NUMBERS(__VA_ARGS__))
#define INPUTS(...) vector_input(NUMBERS(__VA_ARGS__))

/* Variables of `real`. */
#define VECTOR(...)                                                                                                    \
    variable_of_real(AD_SHAPE((int64_t)(sizeof((double[]){__VA_ARGS__}) / sizeof(double))), NUMBERS(__VA_ARGS__))
#define MATRIX(rows, columns, ...) variable_of_real(AD_SHAPE(rows, columns), NUMBERS(__VA_ARGS__))
#define SCALAR(value) variable_of_real(AD_SCALAR, &(double){value}, 1)
/* An input of i32. */
#define WHOLE(...)                                                                                                     \
    ad_input(t, AD_I32, AD_SHAPE((int64_t)(sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t))),                       \
             (const int32_t[]){__VA_ARGS__})

/* Backward from y with these numbers for dy. */
static inline void pull(ad_tensor y, const double *seed, size_t n)
{
    ad_backward_with(y, &(ad_backward_options){.seed = variable_of(ad_type_of(y), ad_shape_of(y), seed, n)});
    expect_ok(t);
}

#define PULL(y, ...) pull(y, NUMBERS(__VA_ARGS__))

/* The gradient of the sum of y by x, which can be differentiated again. */
static inline ad_tensor derivative(ad_tensor y, ad_tensor x)
{
    ad_backward_with(ad_sum(y), &(ad_backward_options){.differentiable = true});
    return ad_gradient(x);
}

#endif
