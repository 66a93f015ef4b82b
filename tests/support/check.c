/* The words of the suites. */
#define TESTS_NO_LINES
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Check's own asserts tell the parent process of each one that holds, which takes longer than reading a number. */
#define MUST(condition, ...)                                                                                           \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            ck_abort_msg(__VA_ARGS__);                                                                                 \
    } while (0)

/* Meson limits the time of a suite, as many times longer as --timeout-multiplier says, which Check does not learn. So
 * Check has no limit of its own unless the environment asks for one. It reads that where a case is made. */
__attribute__((constructor)) static void leave_time_to_meson(void) { setenv("CK_DEFAULT_TIMEOUT", "0", 0); }

/* The status is not the number of failures: of 256 the system would make 0. */
int run_suites(SRunner *runner)
{
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int run_tests(const char *name, void (*add_tests)(TCase *tests))
{
    Suite *suite = suite_create(name);
    TCase *tests = tcase_create(name);
    add_tests(tests);
    suite_add_tcase(suite, tests);
    return run_suites(srunner_create(suite));
}

const ad_backward_options ways_back[WAYS_BACK] = {{.keep = false}, {.keep = true}, {.differentiable = true}};

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

void expect_ok(int line, const ad_tape *t) { MUST(ad_status_of(t) == AD_OK, "line %d: %s", line, ad_message(t)); }

static void clear(int line, ad_tape *t, ad_status status)
{
    const ad_status got = ad_clear_error(t);
    MUST(got == status, "line %d: %s instead of %s", line, ad_status_name(got), ad_status_name(status));
}

void expect_error(int line, ad_tape *t, ad_status status, const char *message)
{
    MUST(!strcmp(ad_message(t), message), "line %d: the message is '%s' instead of '%s'", line, ad_message(t), message);
    clear(line, t, status);
}

void expect_error_with(int line, ad_tape *t, ad_status status, const char *const *parts)
{
    for (; *parts; parts++)
        MUST(strstr(ad_message(t), *parts), "line %d: '%s' is missing in the message '%s'", line, *parts,
             ad_message(t));
    clear(line, t, status);
}

void expect_recovery(int line, ad_tape *t, ad_status status, const char *const *parts)
{
    expect_error_with(line, t, status, parts);
    MUST(!*ad_message(t), "line %d: the message stays: %s", line, ad_message(t));
    const double sum = ad_item(ad_add(ad_scalar(t, 2), ad_scalar(t, 3)));
    MUST(sum == 5, "line %d: 2 + 3 is %g afterwards: %s", line, sum, ad_message(t));
    expect_ok(line, t);
}

void expect_inert(int line, ad_tensor x, ad_status status, const char *message)
{
    MUST(ad_is_inert(x), "line %d: a result in spite of an error", line);
    expect_error(line, x.tape, status, message);
}

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

double number_at(int line, ad_tensor x, size_t i)
{
    const void *data = ad_data(x);
    MUST(data && i < ad_size_of(x), "line %d: there is no element %zu: %s", line, i, ad_message(x.tape));
    const ad_type type = ad_type_of(x);
    return type == AD_F32   ? (double)((const float *)data)[i]
           : type == AD_F64 ? ((const double *)data)[i]
                            : (double)((const int32_t *)data)[i];
}

void expect_numbers(int line, ad_tensor x, const double *numbers, size_t n, double tolerance)
{
    expect_ok(line, x.tape);
    MUST(ad_size_of(x) == n, "line %d: %zu numbers instead of %zu", line, ad_size_of(x), n);
    for (size_t i = 0; i < n; i++) {
        const double got = number_at(line, x, i);
        const bool same = got == numbers[i] || (isnan(got) && isnan(numbers[i]));
        MUST(same || fabs(got - numbers[i]) <= tolerance * fmax(1, fabs(numbers[i])),
             "line %d: element %zu is %.17g instead of %.17g", line, i, got, numbers[i]);
    }
}

void expect_close(int line, ad_tensor x, const double *numbers, size_t n)
{
    expect_numbers(line, x, numbers, n, ad_type_of(x) == AD_F32 ? 1e-6 : 1e-14);
}

void expect_values(int line, ad_tensor x, const double *values, double tolerance)
{
    double largest = 1e-300;
    for (size_t i = 0; i < ad_size_of(x); i++)
        largest = fmax(largest, fabs(values[i]));
    for (size_t i = 0; i < ad_size_of(x); i++) {
        const double got = number_at(line, x, i);
        MUST(fabs(got - values[i]) <= tolerance * largest, "line %d: element %zu is %.17g, not %.17g", line, i, got,
             values[i]);
    }
    expect_ok(line, x.tape);
}

void expect_shape(int line, ad_tensor x, ad_shape shape)
{
    const ad_shape got = ad_shape_of(x);
    expect_ok(line, x.tape);
    MUST(got.rank == shape.rank, "line %d: %d axes instead of %d", line, got.rank, shape.rank);
    for (int i = 0; i < shape.rank; i++)
        MUST(got.dims[i] == shape.dims[i], "line %d: axis %d has %lld elements instead of %lld", line, i,
             (long long)got.dims[i], (long long)shape.dims[i]);
}

void expect_leaf(int line, ad_tensor x, const char *name, ad_type type, ad_shape shape)
{
    MUST(!strcmp(ad_name_of(x), name), "line %d: it is %s instead of %s", line, ad_name_of(x), name);
    MUST(ad_type_of(x) == type, "line %d: %s is %s instead of %s", line, name, ad_type_name(ad_type_of(x)),
         ad_type_name(type));
    expect_shape(line, x, shape);
}

void expect_same_bits(int line, ad_tensor a, ad_tensor b)
{
    const size_t bytes = ad_type_bytes(ad_type_of(a));
    expect_ok(line, a.tape);
    expect_ok(line, b.tape);
    MUST(ad_type_of(a) == ad_type_of(b), "line %d: the types differ", line);
    expect_shape(line, a, ad_shape_of(b));
    for (size_t i = 0; i < ad_size_of(a); i++)
        MUST(!memcmp((const char *)ad_data(a) + i * bytes, (const char *)ad_data(b) + i * bytes, bytes),
             "line %d: element %zu is %.17g in one and %.17g in the other", line, i, number_at(line, a, i),
             number_at(line, b, i));
}

static size_t bytes_of(ad_tensor x) { return ad_size_of(x) * ad_type_bytes(ad_type_of(x)); }

snapshot snapshot_of(ad_tensor x)
{
    const snapshot s = {bytes_of(x), malloc(bytes_of(x) + 1)};
    MUST(s.data && ad_data(x), "%s", ad_message(x.tape));
    memcpy(s.data, ad_data(x), s.bytes);
    return s;
}

void expect_unchanged(int line, ad_tensor x, snapshot before)
{
    MUST(ad_data(x) != NULL, "line %d: %s", line, ad_message(x.tape));
    MUST(bytes_of(x) == before.bytes, "line %d: %zu bytes instead of %zu", line, bytes_of(x), before.bytes);
    MUST(!memcmp(ad_data(x), before.data, before.bytes), "line %d: the bytes have changed", line);
    free(before.data);
}

void expect_ways_agree(int line, ad_tensor loss, const ad_tensor *x, int n, ad_tensor *dx)
{
    snapshot plain[4];
    MUST(n <= COUNT(plain), "line %d: %d tensors are too many", line, n);
    ad_backward(loss);
    expect_ok(line, loss.tape);
    for (int i = 0; i < n; i++)
        plain[i] = snapshot_of(ad_gradient(x[i]));
    ad_backward_with(loss, &(ad_backward_options){.differentiable = true});
    ad_grad(loss, x, n, dx);
    for (int i = 0; i < n; i++) {
        expect_same_bits(line, ad_gradient(x[i]), dx[i]);
        expect_unchanged(line, dx[i], plain[i]);
    }
}

/* ---- Leaves ------------------------------------------------------------------------------------------------------ */

enum { MOST = 4096, ROOMS = 8 };

size_t elements_of(ad_shape shape)
{
    size_t n = 1;
    for (int i = 0; i < shape.rank; i++)
        n *= (size_t)shape.dims[i];
    return n;
}

const double *some_numbers(uint64_t stream, size_t n, double low, double high)
{
    static double rooms[ROOMS][MOST];
    static int next;
    double *room = rooms[next++ % ROOMS];
    MUST(n <= MOST, "%zu numbers are too many", n);
    for (size_t i = 0; i < n; i++)
        room[i] = low + (high - low) * ad_random_uniform(2024, stream, i);
    return room;
}

void fill_with_some(double *x, size_t n, uint64_t stream)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (double)(float)(2 * ad_random_uniform(2024, stream, i) - 1);
}

/* The same numbers in the type asked for. */
static const void *in_type(ad_type type, const double *x, size_t n)
{
    static float narrow[MOST];
    if (type == AD_F64)
        return x;
    for (size_t i = 0; i < n; i++)
        narrow[i] = (float)x[i];
    return narrow;
}

ad_tensor some_param(ad_tape *t, ad_type type, ad_shape shape, uint64_t stream, const char *name)
{
    const size_t n = elements_of(shape);
    return ad_param(t, type, shape, in_type(type, some_numbers(stream, n, -1, 1), n), name);
}

ad_tensor some_input(ad_tape *t, ad_type type, ad_shape shape, uint64_t stream)
{
    const size_t n = elements_of(shape);
    return ad_input(t, type, shape, in_type(type, some_numbers(stream, n, -1, 1), n));
}
