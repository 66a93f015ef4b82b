/* Words for what suites expect of tapes and tensors. */
#include "expect.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void expect_error(ad_tape *t, ad_status status, const char *message)
{
    ck_assert_str_eq(ad_message(t), message);
    ck_assert_int_eq(ad_clear_error(t), status);
}

void expect_ok(const ad_tape *t) { ck_assert_msg(ad_status_of(t) == AD_OK, "%s", ad_message(t)); }

double element(ad_tensor x, size_t i)
{
    const void *data = ad_data(x);
    ck_assert_msg(data && i < ad_size_of(x), "element %zu: %s", i, ad_message(x.tape));
    const ad_type type = ad_type_of(x);
    return type == AD_F32   ? (double)((const float *)data)[i]
           : type == AD_F64 ? ((const double *)data)[i]
                            : (double)((const int32_t *)data)[i];
}

void expect_values(ad_tensor x, const double *values, double tolerance)
{
    double largest = 1e-300;
    for (size_t i = 0; i < ad_size_of(x); i++)
        largest = fmax(largest, fabs(values[i]));
    for (size_t i = 0; i < ad_size_of(x); i++)
        ck_assert_msg(fabs(element(x, i) - values[i]) <= tolerance * largest, "element %zu is %.17g, not %.17g", i,
                      element(x, i), values[i]);
    expect_ok(x.tape);
}

static size_t bytes_of(ad_tensor x) { return ad_size_of(x) * ad_type_bytes(ad_type_of(x)); }

void expect_same_bits(ad_tensor a, ad_tensor b)
{
    const ad_shape p = ad_shape_of(a), q = ad_shape_of(b);
    expect_ok(a.tape);
    expect_ok(b.tape);
    ck_assert_int_eq(ad_type_of(a), ad_type_of(b));
    ck_assert_int_eq(p.rank, q.rank);
    for (int i = 0; i < p.rank; i++)
        ck_assert_int_eq(p.dims[i], q.dims[i]);
    for (size_t i = 0; i < ad_size_of(a); i++)
        ck_assert_msg(!memcmp((const char *)ad_data(a) + i * ad_type_bytes(ad_type_of(a)),
                              (const char *)ad_data(b) + i * ad_type_bytes(ad_type_of(a)),
                              ad_type_bytes(ad_type_of(a))),
                      "element %zu is %.17g in one and %.17g in the other", i, element(a, i), element(b, i));
}

snapshot snapshot_of(ad_tensor x)
{
    const snapshot s = {bytes_of(x), malloc(bytes_of(x) + 1)};
    ck_assert_msg(s.data && ad_data(x), "%s", ad_message(x.tape));
    memcpy(s.data, ad_data(x), s.bytes);
    return s;
}

void expect_unchanged(ad_tensor x, snapshot before)
{
    ck_assert_msg(ad_data(x) != NULL, "%s", ad_message(x.tape));
    ck_assert_uint_eq(bytes_of(x), before.bytes);
    ck_assert_msg(!memcmp(ad_data(x), before.data, before.bytes), "the bytes have changed");
    free(before.data);
}

enum { MOST = 4096, ROOMS = 8 };

const double *some_numbers(uint64_t stream, size_t n, double low, double high)
{
    static double rooms[ROOMS][MOST];
    static int next;
    double *room = rooms[next++ % ROOMS];
    ck_assert_uint_le(n, MOST);
    for (size_t i = 0; i < n; i++)
        room[i] = low + (high - low) * ad_random_uniform(2024, stream, i);
    return room;
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

static size_t size_of(ad_shape shape)
{
    size_t n = 1;
    for (int i = 0; i < shape.rank; i++)
        n *= (size_t)shape.dims[i];
    return n;
}

ad_tensor some_param(ad_tape *t, ad_type type, ad_shape shape, uint64_t stream, const char *name)
{
    const size_t n = size_of(shape);
    return ad_param(t, type, shape, in_type(type, some_numbers(stream, n, -1, 1), n), name);
}

ad_tensor some_input(ad_tape *t, ad_type type, ad_shape shape, uint64_t stream)
{
    const size_t n = size_of(shape);
    return ad_input(t, type, shape, in_type(type, some_numbers(stream, n, -1, 1), n));
}
