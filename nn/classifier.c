/* The ready-made classifier: layers, softmax cross-entropy, an optimiser, and the order of the examples. */
#include <gradtape/classifier.h>

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <gradtape/backward.h>
#include <gradtape/inspect.h>
#include <gradtape/operators.h>
#include <gradtape/random.h>

#include "data_check.h"
#include "optimisers.h"
#include "scaling.h"
#include "total.h"

enum {
    DEFAULT_BATCH = 32,
    PREDICT_BATCH = 512,
    MAX_LAYERS = NN_MAX_HIDDEN_LAYERS + 1,
};

/* Where training stands: which permutation of how many rows, and how many of them are used. */
typedef struct cursor {
    int64_t epoch, place, rows;
} cursor;

struct nn_classifier {
    nn_classifier_options options; /* resolved */
    ad_memory memory;
    ad_tape *tape; /* NULL before the first fit */
    nn_scaling scaling;
    nn_dense layers[MAX_LAYERS];
    ad_tensor parameters[2 * MAX_LAYERS];
    int n_layers;
    int64_t step;
    cursor at;
    cursor order_of; /* the permutation that `order` holds; its place is not used */
    int32_t *order;  /* [order_room], of which order_of.rows are used */
    int64_t order_room;
    float *batch;    /* [batch_room, columns] */
    int32_t *labels; /* [batch_room] */
    int64_t batch_room;
    bool is_recorded; /* the tape holds what nn_classifier_record recorded, watched */
    bool is_fitting;
    bool is_to_close; /* the callback of a fit closed it: the fit does so at its end */
    bool options_are_bad;
    ad_status status;
    char message[640];
    char settings[1024];
};

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

static ad_status fail(nn_classifier *c, ad_status status, const char *format, ...) AD_PRINTF(3, 4);

static ad_status fail(nn_classifier *c, ad_status status, const char *format, ...)
{
    if (c->status != AD_OK)
        return status;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(c->message, sizeof c->message, format, arguments);
    va_end(arguments);
    c->status = status;
    return status;
}

/* Takes over the tape's error, so that the tape is usable again. */
static ad_status fail_with_tape(nn_classifier *c, const char *who)
{
    fail(c, ad_status_of(c->tape), "%s: %s", who, ad_message(c->tape));
    ad_status status = ad_clear_error(c->tape);
    ad_reset(c->tape);
    return status;
}

/* An error that the caller made on the classifier's tape, for instance by a wrong read of a parameter. It becomes the
 * classifier's, and the tape can go on. */
static void take_error_of_caller(nn_classifier *c)
{
    if (c->tape && ad_status_of(c->tape) != AD_OK)
        fail_with_tape(c, "classifier: its tape was used wrongly from outside");
}

/* Makes the tape ready for something new: what was recorded for a look at it goes. */
static void prepare_tape(nn_classifier *c)
{
    take_error_of_caller(c);
    if (!c->is_recorded)
        return;
    ad_watch(c->tape, AD_OFF);
    ad_reset(c->tape);
    c->is_recorded = false;
}

ad_status nn_classifier_status(const nn_classifier *c)
{
    if (!c)
        return AD_BAD_HANDLE;
    return c->status == AD_OK && c->tape ? ad_status_of(c->tape) : c->status;
}

const char *nn_classifier_message(const nn_classifier *c)
{
    if (!c)
        return "the classifier is NULL: nn_classifier_open found no memory, or was not called";
    if (c->status != AD_OK)
        return c->message;
    return c->tape ? ad_message(c->tape) : "";
}

ad_status nn_classifier_clear_error(nn_classifier *c)
{
    if (!c)
        return AD_BAD_HANDLE;
    take_error_of_caller(c);
    ad_status status = c->status;
    if (!c->options_are_bad)
        c->status = AD_OK;
    return status;
}

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

static int hidden_layers(const nn_classifier_options *o)
{
    int n = 0;
    while (n < NN_MAX_HIDDEN_LAYERS && o->hidden_units[n] != 0)
        n++;
    return n;
}

static ad_status check_options(nn_classifier *c)
{
    const nn_classifier_options *o = &c->options;
    const char *optimiser = nn_optimiser_mistake(&o->optimiser, AD_F32);
    for (int i = 0; i < c->n_layers - 1; i++)
        if (o->hidden_units[i] < 0)
            return fail(c, AD_BAD_VALUE,
                        "classifier: hidden_units[%d] is %" PRId64 ": it must be 1 or more, 0 ends the list", i,
                        o->hidden_units[i]);
    if (o->n_classes < 2 || o->n_classes > INT32_MAX)
        return fail(c, AD_BAD_VALUE, "classifier: n_classes is %" PRId64 ": it must be 2 to %d", o->n_classes,
                    INT32_MAX);
    if ((unsigned)o->activation >= AD_ACTIVATION_COUNT)
        return fail(c, AD_BAD_VALUE, "classifier: %d is no activation: use AD_RELU or another of the list",
                    (int)o->activation);
    if ((unsigned)o->scaling >= NN_SCALE_COUNT)
        return fail(c, AD_BAD_VALUE, "classifier: %d is no scaling: use NN_SCALE_NONE or another of the list",
                    (int)o->scaling);
    if (!isfinite((float)(1 / o->scaling_constant)) || (float)(1 / o->scaling_constant) == 0)
        return fail(c, AD_BAD_VALUE, "classifier: the scaling constant %g cannot be divided by", o->scaling_constant);
    return optimiser ? fail(c, AD_BAD_VALUE, "classifier: %s", optimiser) : AD_OK;
}

static const char *scaling_text(const nn_classifier_options *o, char text[64])
{
    static const char *const names[NN_SCALE_COUNT] = {"none", NULL, "one mean and deviation for all features",
                                                      "a mean and deviation for each feature"};
    if (o->scaling == NN_SCALE_CONSTANT)
        snprintf(text, 64, "divided by %g", o->scaling_constant);
    return o->scaling == NN_SCALE_CONSTANT ? text : names[o->scaling];
}

static void write_settings(nn_classifier *c)
{
    const nn_classifier_options *o = &c->options;
    const nn_optimiser_options *p = &o->optimiser;
    char units[700] = "", scaling[64], accumulator[64] = "";
    for (int i = 0, at = 0; i < c->n_layers - 1; i++)
        at += snprintf(units + at, sizeof units - (size_t)at, "%s%" PRId64, i ? ", " : "", o->hidden_units[i]);
    if (p->kind == NN_ADAGRAD)
        snprintf(accumulator, sizeof accumulator, ", initial accumulator %g", p->initial_accumulator);
    snprintf(c->settings, sizeof c->settings,
             "hidden_units = [%s], n_classes = %" PRId64
             ", activation = %s, optimiser = %s (rate %g%s), scaling = %s, seed = %" PRIu64,
             units, o->n_classes, nn_activation_name(o->activation), nn_optimiser_name(p->kind), p->rate, accumulator,
             scaling_text(o, scaling), o->seed);
}

static void resolve(nn_classifier *c)
{
    nn_classifier_options *o = &c->options;
    o->optimiser = nn_optimiser_resolve(&o->optimiser);
    if (o->scaling_constant == 0)
        o->scaling_constant = 255;
    c->n_layers = hidden_layers(o) + 1;
}

nn_classifier *nn_classifier_open(const nn_classifier_options *options)
{
    ad_memory memory = ad_memory_over(options ? options->allocator : NULL);
    nn_classifier *c = ad_memory_take(&memory, 1, sizeof *c);
    if (!c)
        return NULL;
    *c = (nn_classifier){.memory = memory};
    if (options)
        c->options = *options;
    resolve(c);
    c->options.allocator = &c->memory.allocator;
    c->options_are_bad = check_options(c) != AD_OK;
    if (!c->options_are_bad)
        write_settings(c);
    return c;
}

static void release_batch(nn_classifier *c)
{
    ad_memory_release(&c->memory, c->batch, (size_t)(c->batch_room * c->scaling.columns), sizeof *c->batch);
    ad_memory_release(&c->memory, c->labels, (size_t)c->batch_room, sizeof *c->labels);
    c->batch = NULL;
    c->labels = NULL;
    c->batch_room = 0;
}

static void release_network(nn_classifier *c)
{
    release_batch(c);
    ad_tape_close(c->tape);
    c->tape = NULL;
    c->is_recorded = false;
    nn_scaling_release(&c->scaling);
}

void nn_classifier_close(nn_classifier *c)
{
    if (!c)
        return;
    if (c->is_fitting) {
        c->is_to_close = true;
        return;
    }
    release_network(c);
    ad_memory_release(&c->memory, c->order, (size_t)c->order_room, sizeof *c->order);
    ad_memory memory = c->memory;
    ad_memory_release(&memory, c, 1, sizeof *c);
}

/* ---- The network ------------------------------------------------------------------------------------------------- */

static void make_layers(nn_classifier *c, int64_t columns)
{
    const nn_classifier_options *o = &c->options;
    int64_t inputs = columns;
    for (int i = 0; i < c->n_layers; i++) {
        const bool is_last = i == c->n_layers - 1;
        char name[32] = "logits";
        if (!is_last)
            snprintf(name, sizeof name, "hiddenlayer_%d", i);
        nn_dense_options layer = {.name = name,
                                  .inputs = inputs,
                                  .units = is_last ? o->n_classes : o->hidden_units[i],
                                  .activation = is_last ? AD_IDENTITY : o->activation,
                                  .seed = o->seed,
                                  .stream = (uint64_t)i};
        c->layers[i] = nn_dense_make(c->tape, &layer);
        c->parameters[2 * i] = c->layers[i].weights;
        c->parameters[2 * i + 1] = c->layers[i].biases;
        inputs = layer.units;
    }
}

static size_t parameter_count(const nn_classifier *c) { return 2 * (size_t)c->n_layers; }

/* Makes all that depends on the number of features. On failure nothing of it is left. */
static ad_status build(nn_classifier *c, const nn_data *data)
{
    c->scaling =
        (nn_scaling){.kind = c->options.scaling, .constant = c->options.scaling_constant, .memory = &c->memory};
    c->tape = ad_tape_open(&(ad_tape_options){.allocator = c->options.allocator});
    ad_status status = c->tape ? nn_scaling_learn(&c->scaling, data) : AD_NO_MEMORY;
    if (status == AD_OK) {
        make_layers(c, data->columns);
        status = nn_optimiser_prepare(&c->options.optimiser, c->parameters, parameter_count(c));
        if (status != AD_OK)
            fail(c, status, "fit: %s", ad_message(c->tape));
    }
    if (status == AD_OK)
        return AD_OK;
    fail(c, status, "fit: memory is out for a network of %" PRId64 " features", data->columns);
    release_network(c);
    return status;
}

static ad_tensor network(nn_classifier *c, ad_tensor x)
{
    for (int i = 0; i < c->n_layers; i++)
        x = nn_dense_apply(&c->layers[i], x);
    return x;
}

/* ---- Batches ----------------------------------------------------------------------------------------------------- */

static ad_status make_batch_room(nn_classifier *c, int64_t rows, const char *who)
{
    if (rows <= c->batch_room)
        return AD_OK;
    size_t count = SIZE_MAX;
    release_batch(c);
    if (ad_multiply_sizes((size_t)rows, (size_t)c->scaling.columns, &count))
        c->batch = ad_memory_take(&c->memory, count, sizeof *c->batch);
    c->labels = ad_memory_take(&c->memory, (size_t)rows, sizeof *c->labels);
    if (c->batch && c->labels) {
        c->batch_room = rows;
        return AD_OK;
    }
    ad_memory_release(&c->memory, c->batch, count, sizeof *c->batch);
    ad_memory_release(&c->memory, c->labels, (size_t)rows, sizeof *c->labels);
    c->batch = NULL;
    c->labels = NULL;
    return fail(c, AD_NO_MEMORY, "%s: memory is out for a batch of %" PRId64 " rows", who, rows);
}

/* Rows of the data, scaled, as a tensor [n,d]; `rows` NULL: those from `first` on. */
static ad_tensor features(nn_classifier *c, const nn_data *data, const int32_t *rows, int64_t first, int64_t n)
{
    nn_scaling_gather(&c->scaling, data, rows, first, n, c->batch);
    return ad_borrow(c->tape, AD_F32, AD_SHAPE(n, data->columns), c->batch);
}

static ad_tensor labels(nn_classifier *c, const nn_data *data, const int32_t *rows, int64_t first, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        c->labels[i] = data->labels[rows ? rows[i] : first + i];
    return ad_borrow(c->tape, AD_I32, AD_SHAPE(n), c->labels);
}

/* ---- Fitting ----------------------------------------------------------------------------------------------------- */

static ad_status check_data(nn_classifier *c, const nn_data *data, bool needs_labels, const char *who)
{
    char mistake[400];
    if (c->options_are_bad)
        return c->status;
    ad_status status = nn_data_check(data, needs_labels, c->options.n_classes, mistake, sizeof mistake);
    if (status != AD_OK)
        return fail(c, status, "%s: %s", who, mistake);
    if (c->tape && data->columns != c->scaling.columns)
        return fail(c, AD_BAD_SHAPE, "%s: the data have %" PRId64 " columns, the classifier was fitted to %" PRId64,
                    who, data->columns, c->scaling.columns);
    return AD_OK;
}

static ad_status check_fit(nn_classifier *c, const nn_data *data, const nn_fit_options *o)
{
    if (c->is_fitting)
        return fail(c, AD_BAD_STATE, "fit: it is running already: a callback must not call it");
    ad_status status = check_data(c, data, true, "fit");
    if (status != AD_OK)
        return status;
    if (o->batch_size < 0)
        return fail(c, AD_BAD_VALUE, "fit: batch_size is %" PRId64 ": it must be 1 or more, or 0 for %d", o->batch_size,
                    DEFAULT_BATCH);
    if (o->steps < 0)
        return fail(c, AD_BAD_VALUE, "fit: steps is %" PRId64 ": it must be 1 or more, or 0 for one epoch", o->steps);
    if (o->steps > INT64_MAX - c->step)
        return fail(c, AD_BAD_VALUE,
                    "fit: steps is %" PRId64 ": after %" PRId64 " steps that is more than can be counted", o->steps,
                    c->step);
    return AD_OK;
}

/* The next batch begins here: at once in a new permutation where the last one is used up, or was of other data. */
static cursor next_place(cursor at, int64_t rows)
{
    if (at.rows == rows && at.place < rows)
        return at;
    return (cursor){.epoch = at.rows ? at.epoch + 1 : 0, .place = 0, .rows = rows};
}

/* Makes `order` the permutation of the epoch. It depends on nothing but seed, epoch and rows, so it can be made again.
 */
static ad_status make_order(nn_classifier *c, cursor at)
{
    if (c->order && c->order_of.rows == at.rows && c->order_of.epoch == at.epoch)
        return AD_OK;
    if (c->order_room < at.rows) {
        int32_t *order = ad_memory_take(&c->memory, (size_t)at.rows, sizeof *order);
        if (!order)
            return fail(c, AD_NO_MEMORY, "fit: memory is out for the order of %" PRId64 " rows", at.rows);
        ad_memory_release(&c->memory, c->order, (size_t)c->order_room, sizeof *order);
        c->order = order;
        c->order_room = at.rows;
    }
    c->order_of = at;
    ad_random_permutation(c->options.seed, ad_stream(AD_STREAM_ORDER, (uint64_t)at.epoch), at.rows, c->order);
    return AD_OK;
}

/* One step; everything that can fail comes before the first change. */
static ad_status train_step(nn_classifier *c, const nn_data *data, int64_t batch_size, double *loss)
{
    cursor at = next_place(c->at, data->rows);
    const int64_t n = at.rows - at.place < batch_size ? at.rows - at.place : batch_size;
    ad_status status = make_order(c, at);
    if (status == AD_OK)
        status = make_batch_room(c, n, "fit");
    if (status != AD_OK)
        return status;
    prepare_tape(c);
    const int32_t *rows = c->order + at.place;
    ad_tensor z = network(c, features(c, data, rows, 0, n));
    ad_tensor mean = ad_mean(ad_softmax_cross_entropy(z, labels(c, data, rows, 0, n)));
    *loss = ad_item(mean);
    if (ad_status_of(c->tape) == AD_OK && !isfinite(*loss))
        ad_fail(c->tape, AD_NOT_FINITE,
                "the loss is %s at step %" PRId64 ": a smaller rate or scaled features may mend it",
                isnan(*loss) ? "NaN" : "infinite", c->step + 1);
    ad_backward(mean);
    if (nn_optimiser_step(&c->options.optimiser, c->parameters, parameter_count(c)) != AD_OK)
        return fail_with_tape(c, "fit");
    ad_reset(c->tape);
    at.place += n;
    c->at = at;
    c->step++;
    return AD_OK;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static ad_status train(nn_classifier *c, const nn_data *data, const nn_fit_options *o)
{
    const int64_t batch = o->batch_size ? o->batch_size : DEFAULT_BATCH;
    const int64_t steps = o->steps ? o->steps : (data->rows - 1) / batch + 1, last = c->step + steps;
    const double start = seconds_now();
    while (c->step < last) {
        nn_progress progress = {.last_step = last};
        ad_status status = train_step(c, data, batch, &progress.loss);
        if (status != AD_OK)
            return status;
        progress.step = c->step;
        progress.seconds = seconds_now() - start;
        if (o->callback && (!o->callback(&progress, o->context) || c->is_to_close))
            return AD_STOPPED;
    }
    return AD_OK;
}

ad_status nn_classifier_fit(nn_classifier *c, const nn_data *data, const nn_fit_options *options)
{
    static const nn_fit_options none = {0};
    options = options ? options : &none;
    if (!c)
        return AD_BAD_HANDLE;
    ad_status status = check_fit(c, data, options);
    if (status == AD_OK && !c->tape)
        status = build(c, data);
    if (status != AD_OK)
        return status;
    c->is_fitting = true;
    status = train(c, data, options);
    c->is_fitting = false;
    if (c->is_to_close)
        nn_classifier_close(c);
    else if (c->step == 0)
        release_network(c); /* nothing was learnt: the next fit may have other data */
    return status;
}

/* ---- Predicting -------------------------------------------------------------------------------------------------- */

/* What is made of the logits of rows first .. first+n-1. */
typedef void consumer(nn_classifier *c, const nn_data *data, ad_tensor logits, int64_t first, int64_t n, void *out);

/* A pass over data: who asks for it, and what becomes of the logits. */
typedef struct pass {
    const char *who;
    consumer *consume;
    void *out;
    bool needs_labels;
    bool needs_finite; /* logits: a class or a figure made of others would be a guess */
} pass;

/* Finite features may still overflow on their way through the network. */
static bool check_logits(nn_classifier *c, ad_tensor logits, int64_t first)
{
    const float *z = ad_f32(logits);
    const int64_t classes = c->options.n_classes, n = z ? (int64_t)ad_size_of(logits) : 0;
    int64_t i = 0;
    while (i < n && isfinite(z[i]))
        i++;
    if (i < n)
        ad_fail(c->tape, AD_NOT_FINITE,
                "row %" PRId64 ": a logit is not finite: its features are too large for the network",
                first + i / classes);
    return z && i == n;
}

/* Runs the network over the data, a batch at a time, in constant memory. */
static ad_status run_over(nn_classifier *c, const nn_data *data, const pass *p)
{
    const int64_t batch = data->rows < PREDICT_BATCH ? data->rows : PREDICT_BATCH;
    ad_status status = make_batch_room(c, batch, p->who);
    prepare_tape(c);
    for (int64_t first = 0; first < data->rows && status == AD_OK; first += batch) {
        const int64_t n = data->rows - first < batch ? data->rows - first : batch;
        ad_tensor z = network(c, features(c, data, NULL, first, n));
        if (!p->needs_finite || check_logits(c, z, first))
            p->consume(c, data, z, first, n, p->out);
        status = ad_status_of(c->tape) == AD_OK ? ad_reset(c->tape) : fail_with_tape(c, p->who);
    }
    return status;
}

static ad_status predict(nn_classifier *c, const nn_data *data, pass p)
{
    if (!c)
        return AD_BAD_HANDLE;
    ad_status status = check_data(c, data, p.needs_labels, p.who);
    if (status != AD_OK)
        return status;
    if (!c->tape)
        return fail(c, AD_BAD_STATE, "%s: the classifier was not fitted yet", p.who);
    if (!p.out)
        return fail(c, AD_BAD_VALUE, "%s: the array for the results is NULL", p.who);
    return run_over(c, data, &p);
}

static int32_t most_probable(const float *z, int64_t classes)
{
    int32_t best = 0;
    for (int32_t j = 1; j < classes; j++)
        if (z[j] > z[best])
            best = j;
    return best;
}

static void take_labels(nn_classifier *c, const nn_data *data, ad_tensor logits, int64_t first, int64_t n, void *out)
{
    (void)data;
    const int64_t classes = c->options.n_classes;
    const float *z = ad_f32(logits);
    for (int64_t i = 0; z && i < n; i++)
        ((int32_t *)out)[first + i] = most_probable(z + i * classes, classes);
}

static void take_numbers(nn_classifier *c, const nn_data *data, ad_tensor numbers, int64_t first, int64_t n, void *out)
{
    (void)data;
    const size_t classes = (size_t)c->options.n_classes;
    const float *z = ad_f32(numbers);
    if (z)
        memcpy((float *)out + (size_t)first * classes, z, (size_t)n * classes * sizeof *z);
}

static void take_probabilities(nn_classifier *c, const nn_data *data, ad_tensor logits, int64_t first, int64_t n,
                               void *out)
{
    take_numbers(c, data, ad_softmax(logits, 1), first, n, out);
}

ad_status nn_classifier_predict(nn_classifier *c, const nn_data *data, int32_t *labels)
{
    return predict(c, data, (pass){.who = "predict", .consume = take_labels, .out = labels, .needs_finite = true});
}

ad_status nn_classifier_predict_proba(nn_classifier *c, const nn_data *data, float *probabilities)
{
    return predict(
        c, data,
        (pass){.who = "predict_proba", .consume = take_probabilities, .out = probabilities, .needs_finite = true});
}

ad_status nn_classifier_logits(nn_classifier *c, const nn_data *data, float *logits)
{
    return predict(c, data, (pass){.who = "logits", .consume = take_numbers, .out = logits});
}

/* ---- Evaluating -------------------------------------------------------------------------------------------------- */

typedef struct totals {
    nn_total loss;
    int64_t right;
} totals;

static void add_figures(nn_classifier *c, const nn_data *data, ad_tensor logits, int64_t first, int64_t n, void *out)
{
    totals *sum = out;
    const int64_t classes = c->options.n_classes;
    const float *loss = ad_f32(ad_softmax_cross_entropy(logits, labels(c, data, NULL, first, n))), *z = ad_f32(logits);
    for (int64_t i = 0; loss && z && i < n; i++) {
        nn_add(&sum->loss, (double)loss[i]);
        sum->right += most_probable(z + i * classes, classes) == data->labels[first + i];
    }
}

nn_evaluation nn_classifier_evaluate(nn_classifier *c, const nn_data *data)
{
    nn_evaluation e = {.accuracy = (double)NAN, .loss = (double)NAN, .global_step = -1};
    totals sum = {.right = 0};
    e.status = predict(
        c, data,
        (pass){.who = "evaluate", .consume = add_figures, .out = &sum, .needs_labels = true, .needs_finite = true});
    if (e.status != AD_OK)
        return e;
    e.accuracy = (double)sum.right / (double)data->rows;
    e.loss = nn_total_of(&sum.loss) / (double)data->rows;
    e.global_step = c->step;
    return e;
}

/* ---- Recording --------------------------------------------------------------------------------------------------- */

/* The loss of one row, with a name for every tensor. Features and label are copied: a batch to come takes their room.
 */
static ad_tensor loss_of_row(nn_classifier *c, const nn_data *data, int64_t row)
{
    char name[32];
    nn_scaling_gather(&c->scaling, data, NULL, row, 1, c->batch);
    ad_tensor x = ad_name(ad_input(c->tape, AD_F32, AD_SHAPE(1, data->columns), c->batch), "x");
    const ad_tensor label = ad_name(ad_input(c->tape, AD_I32, AD_SHAPE(1), &data->labels[row]), "label");
    for (int i = 0; i < c->n_layers; i++) {
        snprintf(name, sizeof name, i < c->n_layers - 1 ? "hiddenlayer_%d" : "logits", i);
        x = ad_name(nn_dense_apply(&c->layers[i], x), name);
    }
    return ad_name(ad_mean(ad_softmax_cross_entropy(x, label)), "loss");
}

static ad_status check_record(nn_classifier *c, const nn_data *data, int64_t row, const ad_tensor *loss)
{
    ad_status status = check_data(c, data, true, "record");
    if (status != AD_OK)
        return status;
    if (!c->tape)
        return fail(c, AD_BAD_STATE, "record: the classifier was not fitted yet");
    if (row < 0 || row >= data->rows)
        return fail(c, AD_BAD_VALUE, "record: row %" PRId64 " is outside 0..%" PRId64 " of the data", row,
                    data->rows - 1);
    return loss ? AD_OK : fail(c, AD_BAD_VALUE, "record: the room for the loss is NULL");
}

ad_status nn_classifier_record(nn_classifier *c, const nn_data *data, int64_t row, ad_tensor *loss)
{
    if (loss)
        *loss = (ad_tensor){0};
    if (!c)
        return AD_BAD_HANDLE;
    ad_status status = check_record(c, data, row, loss);
    if (status == AD_OK)
        status = make_batch_room(c, 1, "record");
    if (status != AD_OK)
        return status;
    prepare_tape(c);
    ad_watch(c->tape, AD_ON);
    c->is_recorded = true;
    const ad_tensor mean = loss_of_row(c, data, row);
    if (ad_backward(mean) != AD_OK) {
        status = fail_with_tape(c, "record");
        prepare_tape(c);
        return status;
    }
    *loss = mean;
    return AD_OK;
}

/* ---- Looking in -------------------------------------------------------------------------------------------------- */

const char *nn_classifier_settings(const nn_classifier *c) { return c ? c->settings : ""; }

size_t nn_classifier_parameter_count(const nn_classifier *c) { return c && c->tape ? parameter_count(c) : 0; }

ad_tensor nn_classifier_parameter(nn_classifier *c, size_t index)
{
    if (index < nn_classifier_parameter_count(c))
        return c->parameters[index];
    if (c)
        fail(c, AD_BAD_VALUE, "parameter: there is no parameter %zu: the classifier has %zu", index,
             nn_classifier_parameter_count(c));
    return (ad_tensor){0};
}

ad_usage nn_classifier_usage(const nn_classifier *c)
{
    ad_usage usage = c ? c->memory.usage : (ad_usage){0}, tape = c ? ad_usage_of(c->tape) : usage;
    usage.bytes += tape.bytes;
    usage.peak_bytes += tape.peak_bytes;
    usage.allocations += tape.allocations;
    return usage;
}
