/* Tapes to show. */
#include "sample_tapes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/random.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static ad_tensor scalar(ad_tape *t, const char *name, double value)
{
    return ad_param(t, AD_F64, AD_SCALAR, &value, name);
}

/* y = tanh(0.02 (x + x) x w), as in examples/gradients.c */
static void record_formula(ad_tape *t)
{
    const ad_tensor x = scalar(t, "x", 3), w = scalar(t, "w", -2);
    const ad_tensor s = ad_name(ad_add(x, x), "s"), p = ad_name(ad_mul(s, x), "p"), q = ad_name(ad_mul(p, w), "q");
    ad_backward(ad_name(ad_tanh(ad_name(ad_scale(q, 0.02), "r")), "y"));
}

/* 2-2-1, one row */
static void record_network(ad_tape *t)
{
    const ad_tensor w1 = ad_param(t, AD_F64, AD_SHAPE(2, 2), (double[]){0.4, -0.6, 0.3, 0.8}, "W1");
    const ad_tensor b1 = ad_param(t, AD_F64, AD_SHAPE(2), (double[]){0.3, -0.2}, "b1");
    const ad_tensor w2 = ad_param(t, AD_F64, AD_SHAPE(2, 1), (double[]){0.7, -0.5}, "W2");
    const ad_tensor b2 = ad_param(t, AD_F64, AD_SHAPE(1), (double[]){0.2}, "b2");
    const ad_tensor x = ad_name(ad_input(t, AD_F64, AD_SHAPE(1, 2), (double[]){0.5, -1}), "x");
    const ad_tensor wanted = ad_name(ad_input(t, AD_F64, AD_SHAPE(1, 1), (double[]){1}), "t");
    const ad_tensor h = ad_name(ad_linear(x, w1, b1, AD_TANH), "h");
    const ad_tensor o = ad_name(ad_linear(h, w2, b2, AD_IDENTITY), "o");
    const ad_tensor e = ad_name(ad_sub(o, wanted), "e"), s = ad_name(ad_square(e), "s");
    ad_backward(ad_name(ad_sum(s), "L"));
}

/* A gradient that is 0, a unit that is dead, and a parameter without a path. */
static void record_zeros(ad_tape *t)
{
    const ad_tensor x = scalar(t, "x", -2), a = scalar(t, "a", 3);
    scalar(t, "b", 5);
    ad_backward(ad_name(ad_mul(ad_name(ad_relu(x), "h"), a), "y"));
}

const hostile_name hostile_names[] = {
    {"</script><script>alert(1)</script>", "</script><script>alert(1)</script>"},
    {"<!--", "<!--"},
    {"\"quotes\" and \\", "\"quotes\" and \\"},
    {"a\nb\tc\x01\x7f", "a\\x0a"
                        "b\\x09"
                        "c\\x01\\x7f"},
    {"\xe2\x80\xae"
     "evil",
     "\\u202e"
     "evil"},
    {"bad \xff\xc3( utf-8 \xed\xa0\x80", "bad \xef\xbf\xbd\xef\xbf\xbd( utf-8 \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"gr\xc3\xb6\xc3\x9f"
     "e \xe2\x88\x82",
     "gr\xc3\xb6\xc3\x9f"
     "e \xe2\x88\x82"},
    {"#1", "#1"},
    {"{}|[]\\l\\N;", "{}|[]\\l\\N;"},
    {"%s%n%%", "%s%n%%"},
};
const int hostile_name_count = COUNT(hostile_names);

static void record_hostile(ad_tape *t)
{
    ad_tensor y = scalar(t, hostile_names[0].name, 1);
    for (int i = 1; i < hostile_name_count; i++) {
        ad_scope_begin(t, hostile_names[i].name);
        y = ad_name(ad_neg(y), hostile_names[i].name);
        ad_scope_end(t);
    }
    ad_backward(y);
}

/* NaN and infinities forward and backward */
static void record_not_finite(ad_tape *t)
{
    const ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(5), (double[]){NAN, INFINITY, -INFINITY, 0, -0.0}, "x");
    const ad_tensor narrow = ad_cast(x, AD_F32), scaled = ad_scale(x, INFINITY);
    ad_backward(ad_add(ad_sum(ad_sqrt(x)), ad_sum(ad_mul(scaled, ad_cast(narrow, AD_F64)))));
}

static void record_empty(ad_tape *t)
{
    const ad_tensor x = ad_param(t, AD_F32, AD_SHAPE(0, 3), NULL, "x");
    const ad_tensor none = ad_input(t, AD_I32, AD_SHAPE(0), NULL);
    ad_name(none, "none");
    ad_backward(ad_sum(ad_square(x)));
}

/* Every rank, views among them */
static void record_ranks(ad_tape *t)
{
    ad_tensor y = ad_param(t, AD_F64, AD_SHAPE(4), (double[]){1, 2, 3, 4}, "x");
    for (ad_shape shape = {2, {2, 2, 1, 1, 1, 1, 1, 1}}; shape.rank <= AD_MAX_RANK; shape.rank++)
        y = ad_add(ad_reshape(y, shape), ad_flip(ad_reshape(y, shape), AD_AXES(-1)));
    ad_backward(ad_mean_over(ad_sum_over(y, AD_KEEP_AXES(0, 7)), AD_ALL_AXES));
}

/* A segment whose values were dropped, and passed by a sweep */
static void record_segment(ad_tape *t)
{
    const ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(3), (double[]){1, 2, 3}, "x");
    ad_scope_begin(t, "block");
    ad_segment_begin(t);
    ad_tensor y = ad_tanh(ad_name(ad_sin(ad_exp(x)), "inner"));
    ad_segment_end(t, &y, 1);
    ad_scope_end(t);
    ad_backward(ad_sum(ad_mul(y, y)));
}

/* Several results, one of them unused, and by-products */
static void record_results(ad_tape *t)
{
    const ad_tensor a = ad_param(t, AD_F64, AD_SHAPE(2, 2), (double[]){2, 0.5, 0.5, 1}, "a");
    ad_tensor log, vectors, places;
    ad_slogdet(a, &log);
    const ad_tensor values = ad_eigh(a, &vectors), top = ad_top_k(a, 1, 1, &places);
    ad_backward(ad_add(ad_add(ad_sum(values), log), ad_sum(ad_mul(ad_sort(top, 0), ad_cumprod(vectors, 1)))));
}

/* Two sweeps added to a gradient that was not watched, and a leaf that changed */
static void record_accumulated(ad_tape *t)
{
    const ad_tensor x = ad_param(t, AD_F32, AD_SHAPE(2), (float[]){1, 2}, "x"), y = ad_square(x);
    const ad_backward_options more = {.accumulate = true};
    ad_watch(t, AD_OFF);
    ad_backward(ad_sum(y));
    ad_watch(t, AD_ON);
    ad_backward_with(ad_sum(ad_mul(y, x)), &more);
    ad_backward_with(ad_mean(y), &more);
    ad_descend(x, 0.25);
    ad_descend(x, 0.25);
}

static void record_second(ad_tape *t)
{
    const ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(2), (double[]){0.5, 2}, "x");
    const ad_tensor y = ad_sum(ad_mul(ad_square(x), ad_exp(x)));
    ad_tensor dx;
    ad_grad(y, &x, 1, &dx);
    ad_backward(ad_sum(ad_square(ad_name(dx, "dx"))));
}

static void record_error(ad_tape *t)
{
    const ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(2), (double[]){0.5, 2}, "x\"</script>");
    ad_backward(ad_sum(ad_exp(x)));
    ad_matmul(x, ad_param(t, AD_F64, AD_SHAPE(3, 3), NULL, "w"));
}

/* Scopes in scopes, empty ones, and one that is open */
static void record_scopes(ad_tape *t)
{
    ad_tensor y = scalar(t, "x", 1);
    ad_scope_begin(t, "empty");
    ad_scope_end(t);
    for (int i = 0; i < 2; i++) {
        ad_scope_begin(t, "outer");
        y = ad_neg(y);
        ad_scope_begin(t, "inner");
        ad_scope_begin(t, "innermost");
        y = ad_exp(y);
        ad_scope_end(t);
        ad_scope_end(t);
        y = ad_tanh(y);
        if (i == 0)
            ad_scope_end(t);
    }
    ad_backward(y);
}

/* What an ordinary backward gave as an operand, a constant of a position, leaves of every kind and type */
static void record_constants(ad_tape *t)
{
    const ad_tensor x = scalar(t, "x", 3), v = ad_variable(t, AD_F64, AD_SCALAR, &(double){2});
    ad_state(t, AD_I32, AD_SHAPE(2), (int32_t[]){INT32_MIN, INT32_MAX}, "counts");
    ad_backward(ad_mul(x, v));
    const ad_tensor g = ad_square(ad_gradient(x));
    const ad_position position = ad_position_now(t);
    ad_tensor kept = ad_exp(v);
    ad_return_to(t, position, &kept, 1);
    ad_mul(ad_add(kept, ad_uniform(t, AD_F64, AD_SCALAR, 7)), g);
    ad_backward(ad_add(ad_mul(ad_scalar(t, 4), v), kept));
}

/* Too many elements to be copied or written one by one */
static void record_large(ad_tape *t)
{
    const ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(100, 60), NULL, "x");
    ad_fill_uniform(x, (double[]){-1, 1}, 1, 2);
    ad_backward(ad_sum(ad_square(ad_tanh(x))));
}

static void record_nothing(ad_tape *t) { (void)t; }

const sample_tape sample_tapes[] = {
    {"formula", record_formula},       {"network", record_network},
    {"zeros", record_zeros},           {"hostile", record_hostile},
    {"not finite", record_not_finite}, {"empty", record_empty},
    {"ranks", record_ranks},           {"segment", record_segment},
    {"results", record_results},       {"accumulated", record_accumulated},
    {"second", record_second},         {"error", record_error},
    {"scopes", record_scopes},         {"constants", record_constants},
    {"large", record_large},           {"nothing", record_nothing},
};
const int sample_tape_count = COUNT(sample_tapes);

void record_sample(ad_tape *t, const char *name)
{
    int i = 0;
    while (i < sample_tape_count && strcmp(sample_tapes[i].name, name) != 0)
        i++;
    if (i == sample_tape_count)
        abort(); /* no assert: programs outside Check record samples too */
    ad_watch(t, AD_ON);
    sample_tapes[i].record(t);
}

/* ---- Random and large -------------------------------------------------------------------------------------------- */

enum { LEAVES = 3, CALLS = 20 };

static ad_tensor apply_some(uint32_t which, ad_tensor a, ad_tensor b)
{
    ad_tensor parts[3];
    switch (which % 12) {
    case 0: return ad_add(a, b);
    case 1: return ad_sub(a, b);
    case 2: return ad_mul(ad_tanh(a), b);
    case 3: return ad_sin(a);
    case 4: return ad_square(ad_tanh(a));
    case 5: return ad_matmul_nt(ad_tanh(a), ad_tanh(b));
    case 6: return ad_add(a, ad_sum_over(ad_sin(b), AD_KEEP_AXES(1)));
    case 7: return ad_transpose(a);
    case 8: return ad_softmax(a, 0);
    case 9: return ad_sort(ad_add(a, ad_mean(b)), 1);
    case 10: return ad_relu(a);
    default: ad_split(a, 0, 3, parts); return ad_concat((ad_tensor[]){parts[2], parts[0], parts[2]}, 3, 0);
    }
}

int write_sample(ad_tape *t, const char *folder, const char *name, const sample_writer *writers, int n)
{
    int failed = 0;
    for (int i = 0; i < n; i++) {
        char path[500];
        snprintf(path, sizeof path, "%s/%s.%s", folder, name, writers[i].ending);
        const ad_shown shown = writers[i].write(t, path, NULL);
        if (shown.status != AD_OK)
            fprintf(stderr, "%s: %s\n", path, shown.message);
        failed += shown.status != AD_OK;
    }
    ad_tape_close(t);
    return failed;
}

void record_random(ad_tape *t, uint64_t seed)
{
    ad_tensor x[LEAVES + CALLS], loss = {0};
    double values[9];
    for (uint64_t i = 0; i < LEAVES; i++) {
        for (uint64_t k = 0; k < 9; k++)
            values[k] = 2 * ad_random_uniform(seed, i, k) - 1;
        x[i] = i ? ad_param(t, AD_F64, AD_SHAPE(3, 3), values, NULL) : ad_variable(t, AD_F64, AD_SHAPE(3, 3), values);
    }
    ad_watch(t, AD_ON);
    for (uint32_t i = LEAVES; i < LEAVES + CALLS; i++)
        x[i] = apply_some(ad_random_bits(seed, 100 + i, 0), x[ad_random_bits(seed, 100 + i, 1) % i],
                          x[i - 1 - ad_random_bits(seed, 100 + i, 2) % 3]);
    for (int i = 0; i < LEAVES + CALLS; i++)
        loss = i ? ad_add(loss, ad_sum(x[i])) : ad_sum(x[i]);
    ad_backward(loss);
}

ad_tensor record_chain(ad_tape *t, size_t n)
{
    ad_tensor y = scalar(t, "x", 0.5);
    for (size_t i = 0; i < n; i++)
        y = ad_sin(y);
    return y;
}
