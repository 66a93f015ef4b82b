#ifndef TESTS_NUMBERS_H
#define TESTS_NUMBERS_H
/* Tensors from numbers, and numbers of tensors: what the suites of families of operators are written with. Each test
 * has a tape `t`, opened and closed by a fixture, and runs for both types of reals, which is `real`. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/gradtape.h>

#include "suite.h"

static ad_tape *t;
static ad_type real;

static inline void open_tape(void) { t = ad_tape_open(NULL); }
static inline void close_tape(void) { ad_tape_close(t); }

#define TEST(name)                                                                                                     \
    START_TEST(name)                                                                                                   \
    {                                                                                                                  \
        real = _i ? AD_F32 : AD_F64;
#define END                                                                                                            \
    ck_assert_msg(ad_status_of(t) == AD_OK, "%s", ad_message(t));                                                      \
    }                                                                                                                  \
    END_TEST

static inline double number_at(ad_tensor x, size_t i)
{
    if (ad_type_of(x) == AD_F32)
        return (double)ad_f32(x)[i];
    return ad_type_of(x) == AD_F64 ? ad_f64(x)[i] : (double)ad_i32(x)[i];
}

/* Each number is within `tolerance`, relative where it is larger than 1; NaN for NaN, an infinity for itself. */
static inline void assert_numbers(int line, ad_tensor x, const double *want, size_t n, double tolerance)
{
    ck_assert_msg(ad_size_of(x) == n, "line %d: %zu numbers instead of %zu: %s", line, ad_size_of(x), n, ad_message(t));
    for (size_t i = 0; i < n; i++) {
        const double got = number_at(x, i);
        const bool same = got == want[i] || (isnan(got) && isnan(want[i]));
        ck_assert_msg(same || fabs(got - want[i]) <= tolerance * fmax(1, fabs(want[i])),
                      "line %d: element %zu is %.17g instead of %.17g", line, i, got, want[i]);
    }
}

#define NUMBERS(...) (const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / sizeof(double)
#define ASSERT_NEAR(x, ...) assert_numbers(__LINE__, x, NUMBERS(__VA_ARGS__), real == AD_F32 ? 1e-6 : 1e-14)
#define ASSERT_EXACT(x, ...) assert_numbers(__LINE__, x, NUMBERS(__VA_ARGS__), 0)

static inline ad_tensor variable_of(ad_type type, ad_shape shape, const double *values, size_t n)
{
    float narrow[64];
    ck_assert_uint_le(n, sizeof narrow / sizeof narrow[0]);
    for (size_t i = 0; i < n; i++)
        narrow[i] = (float)values[i];
    return ad_variable(t, type, shape, type == AD_F32 ? (const void *)narrow : values);
}

/* Variables: a vector of `real`, or what else is said. */
#define VECTOR(...)                                                                                                    \
    variable_of(real, AD_SHAPE((int64_t)(sizeof((double[]){__VA_ARGS__}) / sizeof(double))), NUMBERS(__VA_ARGS__))
#define MATRIX(rows, columns, ...) variable_of(real, AD_SHAPE(rows, columns), NUMBERS(__VA_ARGS__))
#define SCALAR(value) variable_of(real, AD_SCALAR, &(double){value}, 1)
#define VECTOR_OF(type, ...)                                                                                           \
    variable_of(type, AD_SHAPE((int64_t)(sizeof((double[]){__VA_ARGS__}) / sizeof(double))), NUMBERS(__VA_ARGS__))
/* An input of i32. */
#define WHOLE(...)                                                                                                     \
    ad_input(t, AD_I32, AD_SHAPE((int64_t)(sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t))),                       \
             (const int32_t[]){__VA_ARGS__})

/* Backward from y with these numbers for dy. */
static inline void pull(ad_tensor y, const double *seed, size_t n)
{
    ad_backward_with(y, &(ad_backward_options){.seed = variable_of(ad_type_of(y), ad_shape_of(y), seed, n)});
    ck_assert_msg(ad_status_of(t) == AD_OK, "%s", ad_message(t));
}

#define PULL(y, ...) pull(y, NUMBERS(__VA_ARGS__))

/* The gradient of the sum of y by x, which can be differentiated again. */
static inline ad_tensor derivative(ad_tensor y, ad_tensor x)
{
    ad_backward_with(ad_sum(y), &(ad_backward_options){.differentiable = true});
    return ad_gradient(x);
}

/* The call gave an inert tensor and this error, which is then cleared. */
static inline void assert_error(int line, ad_tensor y, ad_status status, const char *message)
{
    ck_assert_msg(ad_is_inert(y), "line %d: a result in spite of an error", line);
    ck_assert_msg(!strcmp(ad_message(t), message), "line %d: the message is '%s'", line, ad_message(t));
    ck_assert_msg(ad_clear_error(t) == status, "line %d: the status is another", line);
}

#define ASSERT_ERROR(y, status, message) assert_error(__LINE__, y, status, message)

/* Adds a test to the case `tests`, for both types of reals. */
#define ADD(test) tcase_add_loop_test(tests, test, 0, 2)

/* Runs tests of a suite, given as a function that adds them to a case. */
static inline int run_suite(const char *name, void (*add_tests)(TCase *tests))
{
    Suite *suite = suite_create(name);
    TCase *tests = tcase_create(name);
    tcase_add_checked_fixture(tests, open_tape, close_tape);
    add_tests(tests);
    suite_add_tcase(suite, tests);
    return run_suites(srunner_create(suite));
}

#endif
