/* Writes pages for the browser's test: page_fixtures FOLDER. Beside each page is the JSON of its tape. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/gradtape.h>
#include <gradtape/history.h>

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

/* Layers of several activations on a batch of 20 rows, some of whose units are far from 0 */
static void record_activations(ad_tape *t)
{
    const ad_tensor x = random_input(t, AD_F64, AD_SHAPE(20, 3), "x");
    const ad_tensor w1 = random_param(t, AD_F64, AD_SHAPE(3, 4), 3, 1, "W1"),
                    b1 = ad_param(t, AD_F64, AD_SHAPE(4), NULL, "b1");
    const ad_tensor w2 = random_param(t, AD_F64, AD_SHAPE(4, 4), 2, 2, "W2"),
                    b2 = ad_param(t, AD_F64, AD_SHAPE(4), NULL, "b2");
    const ad_tensor w3 = random_param(t, AD_F64, AD_SHAPE(4, 1), 1, 3, "W3"),
                    b3 = ad_param(t, AD_F64, AD_SHAPE(1), NULL, "b3");
    const ad_tensor h1 = ad_name(ad_linear(x, w1, b1, AD_TANH), "h1");
    const ad_tensor h2 = ad_name(ad_linear(h1, w2, b2, AD_RELU), "h2");
    const ad_tensor o = ad_name(ad_linear(h2, w3, b3, AD_IDENTITY), "o");
    const ad_tensor leaky = ad_name(ad_leaky_relu(o, 0.2), "leaky"), p = ad_name(ad_logistic(leaky), "p");
    ad_backward(ad_name(ad_mean(ad_square(p)), "L"));
}

/* ---- Networks of few units --------------------------------------------------------------------------------------- */

/* The numbers of a batch: -1 to 1, without a pattern that is seen. */
static ad_tensor batch(ad_tape *t, ad_type type, int64_t n, int64_t d, const char *name)
{
    double f64[512];
    float f32[512];
    for (int i = 0; i < n * d; i++)
        f32[i] = (float)(f64[i] = (i * 37 % 101 - 50) / 50.0);
    return ad_name(ad_input(t, type, AD_SHAPE(n, d), type == AD_F32 ? (void *)f32 : f64), name);
}

/* A layer of this type; without a name of a bias it has none, and is made of single operators. */
static ad_tensor few(ad_tape *t, ad_type type, ad_tensor x, int64_t d, int64_t h, const char *w, const char *b)
{
    const ad_tensor weights = random_param(t, type, AD_SHAPE(d, h), 0.9, (uint64_t)(d + 3 * h), w);
    const ad_tensor product = ad_matmul(x, weights);
    return b ? ad_add(product, random_param(t, type, AD_SHAPE(h), 0.5, (uint64_t)h, b)) : product;
}

static void end_with_classes(ad_tape *t, ad_tensor logits, int n, int classes)
{
    int32_t labels[32];
    for (int i = 0; i < n; i++)
        labels[i] = i * 5 % 3 % classes;
    const ad_tensor given = ad_name(ad_input(t, AD_I32, AD_SHAPE(n), labels), "labels");
    ad_backward(ad_name(ad_mean(ad_softmax_cross_entropy(logits, given)), "L"));
}

/* 3-4-2, relu, a batch of 5, and a step */
static void record_net_relu(ad_tape *t)
{
    const ad_tensor x = batch(t, AD_F64, 5, 3, "x");
    const ad_tensor w1 = random_param(t, AD_F64, AD_SHAPE(3, 4), 0.9, 1, "W1");
    const ad_tensor b1 = random_param(t, AD_F64, AD_SHAPE(4), 0.5, 2, "b1");
    const ad_tensor w2 = random_param(t, AD_F64, AD_SHAPE(4, 2), 0.9, 3, "W2");
    const ad_tensor b2 = random_param(t, AD_F64, AD_SHAPE(2), 0.5, 4, "b2");
    const ad_tensor h = ad_name(ad_linear(x, w1, b1, AD_RELU), "h");
    end_with_classes(t, ad_name(ad_linear(h, w2, b2, AD_IDENTITY), "z"), 5, 2);
    for (size_t i = 0; i < ad_param_count(t); i++)
        ad_descend(ad_param_at(t, i), 0.5);
}

/* 2-3-1 in f32 of single operators, the first layer without a bias */
static void record_net_logistic(ad_tape *t)
{
    const ad_tensor x = batch(t, AD_F32, 2, 2, "x");
    const ad_tensor h = ad_name(ad_logistic(few(t, AD_F32, x, 2, 3, "W1", NULL)), "h");
    const ad_tensor z = ad_name(few(t, AD_F32, h, 3, 1, "W2", "b2"), "z");
    ad_backward(ad_name(ad_mean(ad_square(ad_name(ad_logistic(z), "y"))), "L"));
}

/* 16-16-16, tanh and softmax, a batch of 4 */
static void record_net_sixteen(ad_tape *t)
{
    const ad_tensor x = batch(t, AD_F64, 4, 16, "x");
    const ad_tensor h = ad_name(ad_tanh(few(t, AD_F64, x, 16, 16, "hidden/weights", "hidden/biases")), "h");
    const ad_tensor z = ad_name(few(t, AD_F64, h, 16, 16, "out/weights", "out/biases"), "z");
    ad_backward(ad_name(ad_neg(ad_mean(ad_log(ad_name(ad_softmax(z, 1), "p")))), "L"));
}

/* 17 units: too many for circles */
static void record_net_seventeen(ad_tape *t)
{
    const ad_tensor h = ad_tanh(few(t, AD_F64, batch(t, AD_F64, 2, 17, "x"), 17, 2, "W", "b"));
    ad_backward(ad_name(ad_mean(h), "L"));
}

/* Names that are hostile, a batch with more numbers than a page has, a step function, and a tape in error */
static void record_net_error(ad_tape *t)
{
    const ad_tensor x = batch(t, AD_F64, 100, 3, "</script><script>alert(1)</script>");
    const ad_tensor h = ad_name(ad_step(few(t, AD_F64, x, 3, 2, "\"w\" onload=\"", "<b>")), "<img src=x>");
    ad_backward(ad_name(ad_mean(ad_square(few(t, AD_F64, h, 2, 1, "&w;", "\xff"))), "L"));
    ad_matmul(x, h);
}

/* A tape that was not watched */
static void record_net_unwatched(ad_tape *t)
{
    ad_watch(t, AD_OFF);
    const ad_tensor h = ad_name(ad_tanh(few(t, AD_F64, batch(t, AD_F64, 1, 2, "x"), 2, 2, "W1", "b1")), "h");
    ad_backward(ad_name(ad_sum(few(t, AD_F64, h, 2, 1, "W2", "b2")), "y"));
}

/* 2-2-1 on a batch of 4: the loss takes logits, and a logistic beside it is for people */
static void record_net_xor(ad_tape *t)
{
    const double points[] = {0, 0, 0, 1, 1, 0, 1, 1}, targets[] = {0, 1, 1, 0};
    const ad_tensor x = ad_name(ad_input(t, AD_F64, AD_SHAPE(4, 2), points), "x");
    const ad_tensor w1 = random_param(t, AD_F64, AD_SHAPE(2, 2), 1, 1, "w1");
    const ad_tensor w2 = random_param(t, AD_F64, AD_SHAPE(2, 1), 1, 2, "w2");
    const ad_tensor h = ad_name(ad_linear(x, w1, random_param(t, AD_F64, AD_SHAPE(2), 1, 3, "b1"), AD_LOGISTIC), "h");
    const ad_tensor z = ad_name(ad_linear(h, w2, random_param(t, AD_F64, AD_SHAPE(1), 1, 4, "b2"), AD_IDENTITY), "z");
    ad_name(ad_logistic(z), "y");
    const ad_tensor given = ad_name(ad_input(t, AD_F64, AD_SHAPE(4, 1), targets), "target");
    ad_backward(ad_name(ad_mean(ad_logistic_cross_entropy(z, given)), "loss"));
}

/* 1-1-1 without biases, whose loss takes the logistic */
static void record_net_one(ad_tape *t)
{
    const ad_tensor h = ad_name(ad_tanh(few(t, AD_F64, batch(t, AD_F64, 1, 1, "x"), 1, 1, "v", NULL)), "a long name");
    const ad_tensor z = ad_name(few(t, AD_F64, h, 1, 1, "w", NULL), "z");
    ad_backward(ad_sum(ad_logistic_cross_entropy(z, ad_input(t, AD_F64, AD_SHAPE(1, 1), &(double){1}))));
}

/* 4-4-4-4 with biases and a softmax: as many units as are drawn large */
static void record_net_four(ad_tape *t)
{
    const ad_tensor x = batch(t, AD_F64, 2, 4, "inputs");
    const ad_tensor g = ad_name(ad_relu(few(t, AD_F64, x, 4, 4, "W1", "b1")), "first");
    const ad_tensor h = ad_name(ad_tanh(few(t, AD_F64, g, 4, 4, "W2", "b2")), "second");
    end_with_classes(t, ad_name(few(t, AD_F64, h, 4, 4, "W3", "b3"), "logits"), 2, 4);
}

/* 25-3-2: too many inputs to draw, and a reshape between the layers that are drawn */
static void record_net_pixels(ad_tape *t)
{
    const ad_tensor x = ad_reshape(batch(t, AD_F64, 5, 5, "pixels"), AD_SHAPE(1, 25));
    const ad_tensor g = ad_name(ad_relu(few(t, AD_F64, x, 25, 3, "W1", "b1")), "g");
    const ad_tensor h = ad_name(ad_tanh(few(t, AD_F64, g, 3, 4, "W2", "b2")), "h");
    const ad_tensor r = ad_reshape(ad_reshape(h, AD_SHAPE(1, 1, 4)), AD_SHAPE(1, 4));
    end_with_classes(t, ad_name(few(t, AD_F64, r, 4, 2, "W3", "b3"), "z"), 1, 2);
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
    {"activations", record_activations},
    {"net_relu", record_net_relu},
    {"net_logistic", record_net_logistic},
    {"net_sixteen", record_net_sixteen},
    {"net_seventeen", record_net_seventeen},
    {"net_error", record_net_error},
    {"net_unwatched", record_net_unwatched},
    {"net_xor", record_net_xor},
    {"net_one", record_net_one},
    {"net_four", record_net_four},
    {"net_pixels", record_net_pixels},
};

static int write_page(const char *folder, const sample_tape *sample)
{
    static const sample_writer writers[] = {{"html", ad_write_html}, {"json", ad_write_json}};
    ad_tape *t = ad_tape_open(NULL);
    ad_watch(t, AD_ON);
    sample->record(t);
    const bool may_fail = strcmp(sample->name, "error") == 0 || strcmp(sample->name, "nan") == 0 ||
                          strcmp(sample->name, "net_error") == 0;
    if (!may_fail && ad_status_of(t) != AD_OK)
        fprintf(stderr, "%s: %s\n", sample->name, ad_message(t));
    return write_sample(t, folder, sample->name, writers, 2);
}

/* ---- Trainings: figures stand beside their page as NAME.training.json -------------------------------------------- */

static void put_real(FILE *to, const char *before, double x)
{
    fprintf(to, isfinite(x) ? "%s%.17g" : "%s\"%g\"", before, x);
}

static void put_rows(FILE *to, const ad_training_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        fprintf(to, "%s{\"step\":%lld,\"validated\":%d,", i ? ",\n" : "", (long long)rows[i].step, rows[i].validated);
        put_real(to, "\"loss\":", rows[i].loss);
        put_real(to, ",\"validation_loss\":", rows[i].validation_loss);
        put_real(to, ",\"accuracy\":", rows[i].validation_accuracy);
        fputs("}", to);
    }
}

static int write_figures(const char *path, const ad_training *training)
{
    FILE *to = fopen(path, "w");
    if (!to)
        return 1;
    fputs("{\"rows\":[", to);
    put_rows(to, training->rows, training->n_rows);
    fputs("],\n\"best\":[", to);
    put_rows(to, training->best, training->best ? 1 : 0);
    fputs("],\n\"flows\":[", to);
    for (size_t i = 0; i < training->n_flows; i++) {
        const ad_training_flow *f = &training->flows[i];
        fprintf(to, "%s{\"step\":%lld,\"name\":\"%s\",", i ? ",\n" : "", (long long)f->step, f->name);
        put_real(to, "\"rms\":", f->gradient_rms);
        put_real(to, ",\"update\":", f->update_ratio);
        fputs("}", to);
    }
    fputs("]}\n", to);
    return fclose(to) != 0;
}

static int write_training(ad_tape *t, const char *folder, const char *name, const ad_training *training)
{
    char path[3][500];
    static const char *const endings[] = {"html", "json", "training.json"};
    for (int i = 0; i < 3; i++)
        snprintf(path[i], sizeof path[i], "%s/%s.%s", folder, name, endings[i]);
    const ad_write_options options = {.training = training};
    const ad_shown page = ad_write_html(t, path[0], &options), json = ad_write_json(t, path[1], &options);
    if (page.status != AD_OK || json.status != AD_OK)
        fprintf(stderr, "%s: %s%s\n", name, page.message, json.message);
    return page.status != AD_OK || json.status != AD_OK || write_figures(path[2], training);
}

/* A classifier of points inside and outside of a circle, and a row of it. */
static int write_fit(const char *folder)
{
    enum { ROWS = 200 };
    static float points[ROWS][2];
    static int32_t is_inside[ROWS];
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < 2; j++)
            points[i][j] = (float)(2 * ad_random_uniform(1, 0, (uint64_t)(2 * i + j)) - 1);
        is_inside[i] = points[i][0] * points[i][0] + points[i][1] * points[i][1] < 0.6F;
    }
    const nn_data data = {.features = points, .rows = ROWS, .columns = 2, .labels = is_inside};
    nn_classifier *c = nn_classifier_open(&(nn_classifier_options){
        .hidden_units = {8, 4}, .n_classes = 2, .optimiser = {.rule = &nn_adam, .rate = 0.02}});
    ad_tensor loss;
    nn_classifier_fit(
        c, &data, &(nn_fit_options){.steps = 600, .validation_share = 0.25, .validate_every = 20, .watch_every = 5});
    nn_classifier_record(c, &data, 7, &loss);
    const ad_training training = nn_history_training(nn_classifier_history(c));
    const int failed = write_training(loss.tape, folder, "training", &training);
    nn_classifier_close(c);
    return failed;
}

/* Many rows and parameters, with all that may go wrong: figures of a loop that never ran. */
static int write_long(const char *folder)
{
    enum { ROWS = 4096, LAYERS = 12, STEPS = 300 };
    static ad_training_row rows[ROWS];
    static ad_training_flow flows[STEPS * LAYERS];
    static char names[LAYERS][40];
    ad_tape *t = ad_tape_open(NULL);
    for (int i = 0; i < ROWS; i++) {
        const double noise = ad_random_uniform(5, 0, (uint64_t)i), loss = 2.3 * exp(-i / 900.0) + 0.3 * noise;
        rows[i] = (ad_training_row){.step = 100 * (i + 1),
                                    .loss = i == 1001  ? 9.5
                                            : i > 4000 ? (double)INFINITY
                                                       : loss};
        rows[i].validated = i % 10 == 9;
        rows[i].validation_loss = i == 1999 ? (double)NAN : loss + i / 8000.0;
        rows[i].validation_accuracy = 1 - loss / 3;
    }
    for (int k = 0; k < LAYERS; k++)
        snprintf(names[k], sizeof names[k], k == 3 ? "a<b>&amp;" : "encoder/layer_%d/attention/weights", k + 1);
    for (int i = 0; i < STEPS * LAYERS; i++) {
        const int step = i / LAYERS, k = i % LAYERS;
        const double rms = 0.2 * pow(0.3, LAYERS - 1 - k) * (0.5 + ad_random_uniform(6, 0, (uint64_t)i));
        flows[i] = (ad_training_flow){.step = 1000 * (step + 1), .name = names[k]};
        flows[i].gradient_rms = k == 2 && step % 50 == 7 ? 0 : k == 5 && step > 200 ? (double)NAN : rms;
        flows[i].update_ratio = step == 0 ? (double)NAN : rms / 20;
    }
    ad_watch(t, AD_ON);
    ad_backward(ad_name(ad_mean(ad_square(random_param(t, AD_F64, AD_SHAPE(2, 2), 1, 1, names[0]))), "L"));
    const ad_training training = {.rows = rows, .n_rows = ROWS, .flows = flows, .n_flows = STEPS * LAYERS};
    const int failed = write_training(t, folder, "training_long", &training);
    ad_tape_close(t);
    return failed;
}

int main(int n, char **arguments)
{
    int failed = 0;
    for (int i = 0; n == 2 && i < sample_tape_count; i++)
        failed += write_page(arguments[1], &sample_tapes[i]);
    for (int i = 0; n == 2 && i < COUNT(own); i++)
        failed += write_page(arguments[1], &own[i]);
    if (n == 2)
        failed += write_fit(arguments[1]) + write_long(arguments[1]);
    return n != 2 || failed;
}
