#ifndef TESTS_ONE_LAYER_H
#define TESTS_ONE_LAYER_H
/* Networks of one layer, on the tape of one_tape.h. */
#include <string.h>

#include <gradtape/network.h>

#include "one_tape.h"

static inline nn_network *open_network(nn_layer layer, ad_shape input, ad_type type)
{
    return nn_network_open(t, &(nn_network_options){.layers = {&layer, 1}, .input = input, .type = type, .seed = 5});
}

/* The network must open. */
static inline nn_network *open_layer(nn_layer layer, ad_shape input, ad_type type)
{
    nn_network *net = open_network(layer, input, type);
    expect_ok(t);
    ck_assert_uint_gt(nn_network_layer_count(net), 0);
    return net;
}

/* The layer must be refused, with nothing made on the tape and a message that has the parts. */
static inline void expect_layer_refused(int line, nn_layer layer, ad_shape input, ad_status status,
                                        const char *const *parts)
{
    const size_t kept = ad_kept_count(t);
    nn_network *net = open_network(layer, input, AD_F64);
    ck_assert_ptr_nonnull(net);
    for (; *parts; parts++)
        ck_assert_msg(strstr(ad_message(t), *parts), "line %d: '%s' is missing in '%s'", line, *parts, ad_message(t));
    const ad_status got = ad_clear_error(t);
    ck_assert_msg(got == status, "line %d: %s instead of %s", line, ad_status_name(got), ad_status_name(status));
    ck_assert_uint_eq(ad_kept_count(t), kept);
    ck_assert_uint_eq(nn_network_layer_count(net), 0);
    nn_network_close(net);
}
#define EXPECT_REFUSED(layer, input, status, ...)                                                                      \
    expect_layer_refused(__LINE__, layer, input, status, (const char *const[]){__VA_ARGS__, NULL})

/* The shape of n examples. */
static inline ad_shape examples_of(int64_t n, ad_shape one)
{
    ad_shape shape = {.rank = one.rank + 1, .dims = {n}};
    for (int i = 0; i < one.rank; i++)
        shape.dims[i + 1] = one.dims[i];
    return shape;
}

/* The part of a name. */
static inline ad_tensor part_called(const nn_network *net, const char *name)
{
    for (size_t i = 0; i < nn_network_part_count(net); i++)
        if (!strcmp(ad_name_of(nn_network_part(net, i)), name))
            return nn_network_part(net, i);
    ck_abort_msg("no part is called %s", name);
}

/* Gives every part but the weights numbers that hide nothing: biases in [-1, 1), gains and states in [0.5, 1.5). */
static inline void stir_parts(const nn_network *net)
{
    for (size_t i = 0; i < nn_network_part_count(net); i++) {
        const nn_role role = nn_network_role(net, i);
        if (role != NN_WEIGHT)
            ad_fill_uniform(nn_network_part(net, i), role == NN_BIAS ? (double[]){-1, 1} : (double[]){0.5, 1.5}, 77, i);
    }
    expect_ok(t);
}

#endif
