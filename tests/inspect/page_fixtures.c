/* Writes pages for the browser's test: page_fixtures FOLDER. Beside each page is the JSON of its tape. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/show.h>

#include "../support/sample_tapes.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* y = tanh(0.02 (x + x) x w), and a step of Gradient Descent */
static void record_descent(ad_tape *t)
{
    record_sample(t, "formula");
    ad_descend(ad_kept_at(t, 0), 0.1);
    ad_descend(ad_kept_at(t, 1), 0.1);
}

static void record_unwatched(ad_tape *t)
{
    ad_watch(t, AD_OFF);
    const ad_tensor x = ad_param(t, AD_F64, AD_SCALAR, &(double){2}, "x");
    ad_backward(ad_name(ad_square(x), "y"));
}

/* A parameter of numbers in [-1, 1) times the scale, and an input of such numbers. */
static ad_tensor random_param(ad_tape *t, ad_type type, ad_shape shape, double scale, uint64_t stream, const char *name)
{
    const ad_tensor x = ad_param(t, type, shape, NULL, name);
    ad_fill_uniform(x, (const double[]){-scale, scale}, 7, stream);
    return x;
}

static ad_tensor random_input(ad_tape *t, ad_type type, ad_shape shape, const char *name)
{
    const ad_tensor whole = ad_state(t, type, shape, NULL, "data");
    ad_fill_uniform(whole, (const double[]){-1, 1}, 7, 0);
    return ad_name(ad_input(t, type, shape, ad_data(whole)), name);
}

static ad_tensor layer(ad_tape *t, ad_tensor x, int64_t d, int64_t h, const char *name, ad_activation activation)
{
    char names[2][100];
    snprintf(names[0], sizeof names[0], "%s/weights", name);
    snprintf(names[1], sizeof names[1], "%s/biases", name);
    const ad_tensor w = random_param(t, AD_F32, AD_SHAPE(d, h), 0.06, (uint64_t)d, names[0]);
    return ad_linear(x, w, ad_param(t, AD_F32, AD_SHAPE(h), NULL, names[1]), activation);
}

/* A step of a 784-300-100-10 classifier on 50 rows */
static void record_classifier(ad_tape *t)
{
    const ad_tensor x = random_input(t, AD_F32, AD_SHAPE(50, 784), "pixels");
    int32_t digits[50];
    for (int i = 0; i < 50; i++)
        digits[i] = i * 7 % 10;
    const ad_tensor labels = ad_name(ad_input(t, AD_I32, AD_SHAPE(50), digits), "labels");
    const ad_tensor h1 = layer(t, x, 784, 300, "hiddenlayer_0", AD_RELU);
    const ad_tensor h2 = layer(t, h1, 300, 100, "hiddenlayer_1", AD_RELU);
    const ad_tensor logits = ad_name(layer(t, h2, 100, 10, "logits", AD_IDENTITY), "z");
    ad_backward(ad_name(ad_mean(ad_softmax_cross_entropy(logits, labels)), "L"));
    for (size_t i = 0; i < ad_param_count(t); i++)
        ad_descend(ad_param_at(t, i), 0.05);
}

/* Forty equal layers, each a scope */
static void record_layers(ad_tape *t)
{
    ad_tensor h = random_input(t, AD_F64, AD_SHAPE(2, 8), "x");
    for (int i = 1; i <= 40; i++) {
        char name[40];
        snprintf(name, sizeof name, "layer%d", i);
        ad_scope_begin(t, name);
        snprintf(name, sizeof name, "w%d", i);
        h = ad_tanh(ad_matmul(h, random_param(t, AD_F64, AD_SHAPE(8, 8), 0.6, (uint64_t)i, name)));
        ad_scope_end(t);
    }
    ad_backward(ad_name(ad_mean(ad_square(h)), "L"));
}

/* Layers without scopes, of which one makes a NaN; the tape is in error */
static void record_nan(ad_tape *t)
{
    ad_check_finite(t, AD_ON);
    ad_tensor h = random_input(t, AD_F64, AD_SHAPE(1, 8), "x");
    for (int i = 0; i < 24; i++) {
        char name[40];
        snprintf(name, sizeof name, "layer%d/w", i);
        h = ad_matmul(h, random_param(t, AD_F64, AD_SHAPE(8, 8), 0.6, (uint64_t)i, name));
        h = i == 23 ? ad_log(h) : ad_tanh(h);
    }
    ad_backward(ad_mean(h));
}

/* Tensors of more than two axes: few numbers, and more than are written one by one */
static void record_facets(ad_tape *t)
{
    const ad_tensor few = random_param(t, AD_F64, AD_SHAPE(3, 2, 4), 1, 1, "few");
    const ad_tensor many = random_param(t, AD_F64, AD_SHAPE(2, 3, 90, 40), 1, 2, "many");
    ad_backward(ad_name(ad_add(ad_mean(ad_square(few)), ad_mean(ad_sin(many))), "L"));
}

/* Many boxes that nothing folds */
static void record_many(ad_tape *t)
{
    const ad_tensor w = ad_param(t, AD_F64, AD_SCALAR, &(double){0.5}, "w");
    ad_tensor y = w;
    for (int i = 0; i < 20000; i++)
        y = i % 3 ? ad_tanh(y) : ad_mul(y, w);
    ad_backward(y);
}

static void record_bushy(ad_tape *t)
{
    ad_tensor x[8], y;
    for (int i = 0; i < 8; i++) {
        char name[] = {(char)('a' + i), 0};
        x[i] = ad_param(t, AD_F64, AD_SCALAR, &(double){0.3 * i - 1}, name);
    }
    y = ad_mul(x[0], x[7]);
    for (int i = 1; i < 8; i++)
        y = ad_add(ad_mul(y, x[i]), i % 2 ? ad_sin(x[7 - i]) : ad_mul(x[i], x[i - 1]));
    ad_backward(ad_name(y, "y"));
}

static const sample_tape own[] = {
    {"descent", record_descent},
    {"unwatched", record_unwatched},
    {"classifier", record_classifier},
    {"layers", record_layers},
    {"nan", record_nan},
    {"facets", record_facets},
    {"many", record_many},
    {"bushy", record_bushy},
};

static int write_page(const char *folder, const sample_tape *sample)
{
    static const sample_writer writers[] = {{"html", ad_write_html}, {"json", ad_write_json}};
    ad_tape *t = ad_tape_open(NULL);
    ad_watch(t, AD_ON);
    sample->record(t);
    const bool may_fail = strcmp(sample->name, "error") == 0 || strcmp(sample->name, "nan") == 0;
    if (!may_fail && ad_status_of(t) != AD_OK)
        fprintf(stderr, "%s: %s\n", sample->name, ad_message(t));
    return write_sample(t, folder, sample->name, writers, 2);
}

int main(int n, char **arguments)
{
    int failed = 0;
    for (int i = 0; n == 2 && i < sample_tape_count; i++)
        failed += write_page(arguments[1], &sample_tapes[i]);
    for (int i = 0; n == 2 && i < COUNT(own); i++)
        failed += write_page(arguments[1], &own[i]);
    return n != 2 || failed;
}
