/* The options of every kind of layers: each one out of its range has a message, and the ends of ranges are as they say.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../support/kind_samples.h"

/* Options of a kind that are right, to spoil one of them. */
typedef union any_options {
    max_align_t aligned;
    unsigned char bytes[256];
} any_options;

static void begin_with(any_options *o, const nn_layer_kind *kind)
{
    const sample *s = sample_of(kind);
    ck_assert_uint_le(kind->options_bytes, sizeof o->bytes);
    memset(o, 0, sizeof *o);
    if (s->layer.options)
        memcpy(o->bytes, s->layer.options, kind->options_bytes);
}

/* Writes a number into the member of a field. Returns whether the member's type can hold it. */
static bool put(any_options *o, const nn_field *f, double x)
{
    unsigned char *at = o->bytes + f->offset;
    if (f->type == NN_FIELD_REAL)
        memcpy(at, &x, sizeof x);
    else if (f->type == NN_FIELD_INTEGER && fabs(x) < 0x1p62)
        memcpy(at, &(int64_t){(int64_t)x}, sizeof(int64_t));
    else if (f->type == NN_FIELD_CHOICE && fabs(x) < 0x1p30)
        memcpy(at, &(int){(int)x}, sizeof(int));
    else
        return false;
    return true;
}

/* The numbers beside the range of a field, and those that are none. Returns how many. */
static int spoil(const nn_field *f, double x[6])
{
    const nn_range r = f->range;
    int n = 0, choices = 0;
    if (f->type == NN_FIELD_CHOICE) {
        while (f->choice(choices))
            choices++;
        x[n++] = -1;
        x[n++] = choices;
        return n;
    }
    if (r.low != 0 || r.high != 0) {
        x[n++] = r.low - fmax(1, fabs(r.low) / 2);
        x[n++] = r.below_high ? r.high : r.high + fmax(1, fabs(r.high) / 2);
    }
    x[n++] = NAN;
    x[n++] = INFINITY;
    x[n++] = -INFINITY;
    return n;
}

/* The kind must refuse options of which one is spoiled: the message names the option and its number. */
static void expect_spoiled(const nn_layer_kind *kind, const nn_field *f, const any_options *o, double x)
{
    char begin[120];
    snprintf(begin, sizeof begin, "network: %s: %s is ", kind->name, f->name);
    nn_network *net = open_network((nn_layer){.kind = kind, .options = o->bytes}, sample_of(kind)->input, AD_F64);
    const char *message = ad_message(t);
    ck_assert_msg(strstr(message, begin) == message && strstr(message, ": it must be ") &&
                      strstr(message, "; so far: x ["),
                  "%s %s of %g: '%s'", kind->name, f->name, x, message);
    const double said = strtod(message + strlen(begin), NULL);
    ck_assert_msg(said == x || (isnan(said) && isnan(x)), "%s %s of %.17g: '%s'", kind->name, f->name, x, message);
    ck_assert_int_eq(ad_clear_error(t), AD_BAD_VALUE);
    ck_assert_uint_eq(ad_kept_count(t), 0);
    ck_assert_uint_eq(nn_network_layer_count(net), 0);
    nn_network_close(net);
}

START_TEST(every_option_out_of_its_range_has_a_message)
{
    int spoiled = 0;
    for (size_t k = 0; k < nn_layer_kind_count(); k++) {
        const nn_layer_kind *kind = nn_layer_kind_at(k);
        for (size_t i = 0; i < kind->fields.n; i++) {
            const nn_field *f = &kind->fields.at[i];
            double x[6];
            ck_assert_msg(f->name && f->name[0] && f->meaning && f->meaning[0], "%s: field %zu", kind->name, i);
            ck_assert_uint_lt(f->offset, kind->options_bytes);
            for (int j = 0, n = spoil(f, x); j < n; j++) {
                any_options o;
                begin_with(&o, kind);
                if (put(&o, f, x[j])) {
                    expect_spoiled(kind, f, &o, x[j]);
                    spoiled++;
                }
            }
        }
    }
    ck_assert_int_ge(spoiled, 30);
}
END_TEST

/* The ends of a range are in it, or not, as it says. */
START_TEST(ends_of_ranges_are_as_they_say)
{
    for (size_t k = 0; k < nn_layer_kind_count(); k++) {
        const nn_layer_kind *kind = nn_layer_kind_at(k);
        for (size_t i = 0; i < kind->fields.n; i++) {
            const nn_field *f = &kind->fields.at[i];
            const double ends[] = {f->range.low, f->range.high};
            for (int j = 0; j < 2 && f->type == NN_FIELD_REAL; j++) {
                any_options o;
                begin_with(&o, kind);
                put(&o, f, ends[j]);
                if (ends[j] == 0) /* the default */
                    continue;
                if (j ? f->range.below_high : f->range.above_low)
                    expect_spoiled(kind, f, &o, ends[j]);
                else
                    nn_network_close(
                        open_layer((nn_layer){.kind = kind, .options = o.bytes}, sample_of(kind)->input, AD_F64));
                close_tape();
                open_tape();
            }
        }
    }
}
END_TEST

static const nn_layer wider[] = {NN_DENSE(.units = 7)}, taller[] = {NN_FLATTEN()};
static const struct {
    nn_layer layer;
    ad_shape input;
    ad_status status;
    const char *message;
} bad[] = {
    {NN_DENSE(.units = 0), S(4), AD_BAD_VALUE,
     "network: dense: units is 0: it must be at least 1 and at most 4503599627370496; so far: x [4]"},
    {{.kind = &nn_dense},
     S(4),
     AD_BAD_VALUE,
     "network: dense: units is 0: it must be at least 1 and at most 4503599627370496; so far: x [4]"},
    {NN_DENSE(.units = -1), S(4), AD_BAD_VALUE,
     "network: dense: units is -1: it must be at least 1 and at most 4503599627370496; so far: x [4]"},
    {NN_DENSE(.units = INT64_MAX), S(4), AD_BAD_VALUE, "network: dense: units is 9223372036854775807: it must be "},
    {NN_DENSE(.units = INT64_MIN), S(4), AD_BAD_VALUE, "network: dense: units is -9223372036854775808: it must be "},
    {NN_DENSE(.units = 2, .activation = (ad_activation)9), S(4), AD_BAD_VALUE,
     "network: dense: activation is 9: it must be one of relu, tanh, logistic, softplus, elu, identity; so far: "
     "x [4]"},
    {NN_DENSE(.units = 2, .initialiser = (nn_initialiser)-1), S(4), AD_BAD_VALUE,
     "network: dense: initialiser is -1: it must be one of glorot_uniform, glorot_normal, he_uniform, he_normal, "
     "lecun_uniform, lecun_normal, orthogonal, zeros, ones; so far: x [4]"},
    {NN_ACTIVATION(.function = NN_FUNCTION_COUNT), S(4), AD_BAD_VALUE,
     "network: activation: function is 14: it must be one of relu, leaky_relu, elu, selu, gelu, silu, softplus, "
     "logistic, log_logistic, tanh, hardtanh, step, identity; so far: x [4]"},
    {NN_ACTIVATION(.slope = NAN), S(4), AD_BAD_VALUE,
     "network: activation: slope is nan: it must be at least -1e+30 and at most 1e+30; so far: x [4]"},
    {NN_DROPOUT(1), S(4), AD_BAD_VALUE,
     "network: dropout: rate is 1: it must be at least 0 and below 1; so far: x [4]"},
    {NN_DROPOUT(-0.1), S(4), AD_BAD_VALUE,
     "network: dropout: rate is -0.1: it must be at least 0 and below 1; so far: x [4]"},
    {NN_DROPOUT(NAN), S(4), AD_BAD_VALUE,
     "network: dropout: rate is nan: it must be at least 0 and below 1; so far: x [4]"},
    {NN_LAYER_NORM(.epsilon = -1e-5), S(4), AD_BAD_VALUE,
     "network: layer_norm: epsilon is -1e-05: it must be at least 1e-30 and at most 1e+30; so far: x [4]"},
    {NN_LAYER_NORM(.epsilon = INFINITY), S(4), AD_BAD_VALUE,
     "network: layer_norm: epsilon is inf: it must be at least 1e-30 and at most 1e+30; so far: x [4]"},
    {NN_BATCH_NORM(.momentum = -0.1), S(4), AD_BAD_VALUE,
     "network: batch_norm: momentum is -0.1: it must be above 0 and at most 1; so far: x [4]"},
    {NN_BATCH_NORM(.momentum = 1.5), S(4), AD_BAD_VALUE,
     "network: batch_norm: momentum is 1.5: it must be above 0 and at most 1; so far: x [4]"},
    {NN_BATCH_NORM(.epsilon = -INFINITY), S(2, 3), AD_BAD_VALUE,
     "network: batch_norm: epsilon is -inf: it must be at least 1e-30 and at most 1e+30; so far: x [2,3]"},
    {{.kind = &nn_flatten, .options = &(const nn_dropout_options){0.5}},
     S(4),
     AD_BAD_VALUE,
     "network: flatten: the kind \"flatten\" has no options: leave them out; so far: x [4]"},
    {{.kind = &nn_residual}, S(4), AD_BAD_VALUE, "network: residual has no layers: give at least one; so far: x [4]"},
    {NN_RESIDUAL(wider), S(4), AD_BAD_SHAPE,
     "network: residual: its list gives another shape than it takes, so that x + f(x) is not defined; so far: x [4] "
     "-> residual/dense [7]"},
    {NN_RESIDUAL(taller), S(2, 2), AD_BAD_SHAPE,
     "network: residual: its list gives another shape than it takes, so that x + f(x) is not defined; so far: x [2,2] "
     "-> residual/flatten [4]"},
    {NN_REPEAT(0, wider), S(4), AD_BAD_VALUE, "network: repeat: times is 0: it must be at least 1 and at most 10000"},
    {NN_REPEAT(-3, wider), S(4), AD_BAD_VALUE, "network: repeat: times is -3: it must be at least 1 and at most 10000"},
    {NN_REPEAT(10001, wider), S(4), AD_BAD_VALUE,
     "network: repeat: times is 10001: it must be at least 1 and at most 10000"},
    {NN_FLATTEN(), S(INT64_C(1) << 32, INT64_C(1) << 31), AD_BAD_SHAPE,
     "network: flatten: its input has more elements than can be counted; so far: x [4294967296,2147483648]"},
};

START_TEST(bad_options_have_their_messages)
{
    for (int i = 0; i < COUNT(bad); i++)
        EXPECT_REFUSED(bad[i].layer, bad[i].input, bad[i].status, bad[i].message);
    /* 0 is the default, so that these open. */
    nn_network_close(open_layer((nn_layer)NN_BATCH_NORM(.momentum = 0, .epsilon = 0), AD_SHAPE(2), AD_F32));
    nn_network_close(open_layer((nn_layer)NN_LAYER_NORM(.epsilon = 0), AD_SHAPE(2), AD_F32));
    nn_network_close(open_layer((nn_layer)NN_DROPOUT(0), AD_SHAPE(2), AD_F32));
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, every_option_out_of_its_range_has_a_message);
    tcase_add_test(tests, ends_of_ranges_are_as_they_say);
    tcase_add_test(tests, bad_options_have_their_messages);
}

int main(void) { return run_on_one_tape("kind_options", add_tests); }
