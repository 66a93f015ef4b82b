/* The ready-made classifier: an estimator whose head tells classes or labels. */
#include <gradtape/classifier.h>

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../data/data_check.h"
#include "../data/feed.h"
#include "../data/view.h"
#include "../options/estimator_fields.h"
#include "classes.h"
#include "estimator.h"
#include "vocabulary.h"

struct nn_classifier {
    nn_estimator e; /* first: an estimator frees it */
    nn_vocabulary vocabulary;
    /* Where n_classes is 0 and there is no vocabulary: */
    bool learns_classes;
    nn_classifier_options options; /* for the settings, which then have what was learnt; nothing that it points to is
                                      read */
    const char *settings;          /* before the first fit */
    nn_store learnt;               /* of the vocabulary */
};

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

static const char *format_text(char *text, size_t size, const char *format, ...) AD_PRINTF(3, 4);

static const char *format_text(char *text, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, size, format, arguments);
    va_end(arguments);
    return text;
}

/* What ranges of single fields do not say. */
static const char *mistake_in(const nn_classifier_options *o, char *text, size_t size)
{
    const nn_head *head = o->head;
    const bool one_label = head->task == NN_CLASSES;
    double largest = 0;
    char classes[NN_OPTION_TEXT], weights[NN_OPTION_TEXT];
    nn_option_text(classes, "n_classes", NULL);
    nn_option_text(weights, "class_weights", NULL);
    if (!one_label && head->task != NN_LABELS)
        return "its head tells no classes: use nn_head_softmax, nn_head_one_logit or nn_head_independent";
    if (!one_label && o->n_classes == 0)
        return format_text(text, size, "%s is 0: independent labels need it: give how many labels each row has",
                           classes);
    const int64_t k = o->n_classes ? o->n_classes : head->least > 1 ? head->least : 1; /* which the first fit finds */
    const char *mistake = nn_head_mistake(head, k, "n_classes", text, size);
    if (mistake)
        return mistake;
    if (o->n_classes == 0 && o->class_weights.n)
        return format_text(text, size, "%s need %s or a vocabulary: they say which class each is for", weights,
                           classes);
    if (o->class_weights.n && !o->class_weights.at)
        return format_text(text, size, "%s is NULL: it must be an array of %zu", weights, o->class_weights.n);
    for (size_t i = 0; i < o->class_weights.n; i++) {
        const double w = o->class_weights.at[i];
        if (!(w >= 0 && w <= 1e30))
            return format_text(text, size, "%s[%zu] is %g: it must be at least 0 and at most 1e30", weights, i, w);
        largest = w > largest ? w : largest;
    }
    if (o->class_weights.n && !one_label)
        return format_text(text, size, "%s go with exclusive classes: the head tells several labels at once", weights);
    if (o->class_weights.n && o->class_weights.n != (size_t)o->n_classes)
        return format_text(text, size, "%s has %zu elements: it must have one for each of %" PRId64 " classes", weights,
                           o->class_weights.n, o->n_classes);
    if (o->class_weights.n && largest == 0)
        return format_text(text, size, "%s are all 0: at least one must be above 0", weights);
    return NULL;
}

/* Checks the options, once defaults are filled in, and takes them over. */
static ad_status take_options(nn_classifier *c, const nn_classifier_options *o)
{
    char text[300];
    const char *mistake = mistake_in(o, text, sizeof text);
    if (mistake)
        return nn_estimator_fail(&c->e, AD_BAD_VALUE, "classifier: %s", mistake);
    const nn_estimator_options common = NN_ESTIMATOR_OPTIONS("classifier", o);
    c->learns_classes = o->n_classes == 0;
    c->e.truth = (nn_truth){.head = o->head, .k = o->n_classes};
    const ad_status status = nn_estimator_take_options(&c->e, &common, o->hidden_units);
    if (status != AD_OK)
        return status;
    if (o->class_weights.n)
        c->e.truth.class_weights =
            nn_store_copy(&c->e.store, o->class_weights.at, o->class_weights.n, sizeof *o->class_weights.at);
    if (o->class_weights.n && !c->e.truth.class_weights)
        return nn_estimator_fail(&c->e, AD_NO_MEMORY, "classifier: memory is out");
    const ad_status made =
        nn_vocabulary_make(&c->vocabulary, o->label_integers, o->label_texts, &c->e.store, text, sizeof text);
    if (made != AD_OK)
        return nn_estimator_fail(&c->e, made, "classifier: %s", text);
    c->e.truth.vocabulary = c->vocabulary.n ? &c->vocabulary : NULL;
    if (c->vocabulary.n && (c->vocabulary.n != (size_t)o->n_classes || o->head->task != NN_CLASSES))
        return nn_estimator_fail(&c->e, AD_BAD_VALUE,
                                 "classifier: the vocabulary has %zu labels: it must have one for each of %" PRId64
                                 " exclusive classes",
                                 c->vocabulary.n, o->n_classes);
    return AD_OK;
}

nn_classifier *nn_classifier_open(const nn_classifier_options *options)
{
    nn_classifier_options o = options ? *options : (nn_classifier_options){0};
    nn_classifier *c = nn_estimator_open(sizeof *c, o.allocator);
    if (!c)
        return NULL;
    o.head = o.head ? o.head : &nn_head_softmax;
    nn_estimator_resolve(&c->e, "classifier", nn_classifier_fields, &o);
    o.optimiser = nn_optimiser_resolve(&o.optimiser);
    if (o.n_classes == 0)
        o.n_classes = (int64_t)(o.label_texts.n ? o.label_texts.n : o.label_integers.n);
    ad_status status = take_options(c, &o);
    if (status == AD_OK)
        status = nn_estimator_check_options(&c->e, nn_classifier_fields, &o);
    c->e.options_are_bad = status != AD_OK;
    c->options = o;
    c->settings = c->e.settings;
    c->learnt.memory = &c->e.memory;
    if (status != AD_NO_MEMORY)
        return c;
    nn_classifier_close(c);
    return NULL;
}

void nn_classifier_close(nn_classifier *c)
{
    if (c && !c->e.is_fitting)
        nn_store_release(&c->learnt);
    nn_estimator_close(c ? &c->e : NULL, sizeof *c);
}

/* ---- Labels ------------------------------------------------------------------------------------------------------ */

/* What is true of data for the head: their labels, or the classes that the vocabulary makes of them, in an array that
 * is given back by drop_truth. */
static ad_status take_truth(const nn_classifier *c, const nn_data *data, const char *who, nn_truth *truth,
                            ad_memory *memory)
{
    char mistake[400], options[2][NN_OPTION_TEXT];
    const ad_allocator allocator = nn_shared_allocator(c->e.shared);
    *truth = c->e.truth;
    *memory = ad_memory_over(&allocator);
    truth->classes = data ? data->labels : NULL;
    if (data && data->label_texts && !data->labels && c->vocabulary.n == 0)
        return nn_estimator_fail(&c->e, AD_BAD_VALUE,
                                 "%s: the data have label_texts, and the classifier has no vocabulary: give it "
                                 "%s among its options, or leave %s out",
                                 who, nn_option_text(options[0], "label_texts", NULL),
                                 nn_option_text(options[1], "n_classes", NULL));
    if (!data || c->vocabulary.n == 0 || nn_view_check(data, mistake, sizeof mistake) != AD_OK)
        return AD_OK; /* what is wrong with them is found by the checks of all data */
    int32_t *classes = ad_memory_take(memory, (size_t)nn_array_rows(data), sizeof *classes);
    truth->classes = classes;
    if (!classes)
        return nn_estimator_fail(&c->e, AD_NO_MEMORY, "%s: memory is out for %" PRId64 " labels", who,
                                 nn_array_rows(data));
    if (nn_vocabulary_encode(&c->vocabulary, data, classes, mistake, sizeof mistake))
        return AD_OK;
    return nn_estimator_fail(&c->e, AD_BAD_VALUE, "%s: %s", who, mistake);
}

static void drop_truth(const nn_data *data, const nn_truth *truth, ad_memory *memory)
{
    if (data && truth->classes != data->labels)
        ad_memory_release(memory, (void *)truth->classes, (size_t)nn_array_rows(data), sizeof *truth->classes);
}

/* Before a fit has found the classes, nothing can be said of labels. */
static ad_status check_classes(const nn_classifier *c, const char *who)
{
    if (!c->learns_classes || c->e.tape || c->e.options_are_bad)
        return AD_OK;
    return nn_estimator_fail(&c->e, AD_BAD_STATE, "%s: the model was not fitted yet", who);
}

/* ---- Classes that are learnt ------------------------------------------------------------------------------------- */

/* What is learnt goes again, so that the next fit may have other data. */
static void forget_classes(nn_classifier *c)
{
    nn_store_release(&c->learnt);
    c->vocabulary = (nn_vocabulary){.n = 0};
    c->e.truth.vocabulary = NULL;
    c->e.truth.k = 0;
    c->e.settings = c->settings;
}

/* Settings with the vocabulary; NULL if memory is out. */
static const char *learnt_settings(nn_classifier *c)
{
    const nn_vocabulary *v = &c->vocabulary;
    const bool has_texts = nn_vocabulary_has_texts(v);
    nn_classifier_options o = c->options;
    const char **texts = nn_store_take(&c->learnt, has_texts ? v->n : 0, sizeof *texts);
    int32_t *integers = nn_store_take(&c->learnt, has_texts ? 0 : v->n, sizeof *integers);
    if (!texts || !integers)
        return NULL;
    for (size_t i = 0; i < v->n; i++)
        if (has_texts)
            texts[i] = nn_vocabulary_text(v, (int32_t)i);
        else
            integers[i] = nn_vocabulary_integer(v, (int32_t)i);
    o.n_classes = (int64_t)v->n;
    o.label_texts = (nn_texts){texts, has_texts ? v->n : 0};
    o.label_integers = (nn_integers){integers, has_texts ? 0 : v->n};
    return nn_settings_text(nn_classifier_fields, &o, &c->learnt);
}

/* Finds the classes in the labels of all rows. Data that are no view are left to the checks of all data. */
static ad_status learn_classes(nn_classifier *c, const nn_data *whole, const nn_data *validation)
{
    char mistake[400];
    const nn_data labels = whole && whole->feed ? nn_feed_labels(whole->feed) : (nn_data){0};
    const nn_data *data = whole && whole->feed ? &labels : whole;
    if (!data || nn_view_check(data, mistake, sizeof mistake) != AD_OK)
        return AD_OK;
    if (validation && nn_view_check(validation, mistake, sizeof mistake) != AD_OK)
        validation = NULL;
    const ad_status status =
        nn_classes_learn(&c->vocabulary, data, whole->rows, validation, &c->learnt, mistake, sizeof mistake);
    if (status != AD_OK)
        return nn_estimator_fail(&c->e, status, "fit: %s", mistake);
    const int64_t n = (int64_t)c->vocabulary.n;
    const char *wrong = nn_head_mistake(c->e.truth.head, n, "n_classes", mistake, sizeof mistake);
    if (wrong)
        return nn_estimator_fail(&c->e, AD_BAD_VALUE, "fit: the labels have %" PRId64 " different values: %s", n,
                                 wrong);
    c->e.truth.k = n;
    c->e.truth.vocabulary = &c->vocabulary;
    c->e.settings = learnt_settings(c);
    if (c->e.settings)
        return AD_OK;
    c->e.settings = c->settings;
    return nn_estimator_fail(&c->e, AD_NO_MEMORY, "fit: memory is out for %" PRId64 " classes", n);
}

/* ---- Fitting and recording --------------------------------------------------------------------------------------- */

/* The class of a label of a feed. One that is none is told. Labels of the other kind are left to take_truth. */
static bool find_class(const nn_classifier *c, const nn_data *labels, int64_t i, int32_t *class, nn_writer *w)
{
    const nn_vocabulary *v = &c->vocabulary;
    const char *text = labels->label_texts ? labels->label_texts[i] : NULL;
    const int32_t integer = text ? 0 : labels->labels[i];
    const bool is_other = text ? !nn_vocabulary_has_texts(v) : nn_vocabulary_has_texts(v);
    *class = 0;
    if (is_other)
        return true;
    *class = v->n == 0 ? integer : text ? nn_vocabulary_find_text(v, text) : nn_vocabulary_find_integer(v, integer);
    if (*class >= 0 && *class < c->e.truth.k)
        return true;
    nn_put(w, "fit: the feed: ");
    if (v->n)
        nn_vocabulary_put_unknown(v, text, integer, w);
    else {
        nn_put_format(w, "label %" PRId32 " is outside 0..%" PRId64 "; mend it, or set ", integer, c->e.truth.k - 1);
        nn_put_option_name(w, "n_classes");
    }
    return false;
}

/* Of a feed each different label is checked before the first window is read. */
static ad_status check_labels(const nn_classifier *c, const nn_data *data)
{
    char mistake[500];
    nn_writer w = nn_writer_into(mistake, sizeof mistake);
    if (!data || !data->feed || c->e.options_are_bad || c->e.truth.head->task != NN_CLASSES)
        return AD_OK;
    const nn_data labels = nn_feed_labels(data->feed);
    const double *weights = c->e.truth.class_weights;
    bool counts = labels.rows == 0;
    for (int64_t i = 0; i < labels.rows; i++) {
        int32_t class;
        if (!find_class(c, &labels, i, &class, &w))
            return nn_estimator_fail(&c->e, AD_BAD_VALUE, "%s", mistake);
        counts = counts || !weights || weights[class] > 0;
    }
    if (counts)
        return AD_OK;
    return nn_estimator_fail(&c->e, AD_BAD_VALUE, "fit: no row of the feed counts: the class of each has the weight 0");
}

static ad_status fit(nn_classifier *c, const nn_data *data, const nn_data *validation, const nn_fit_options *options)
{
    nn_truth truth, held;
    ad_memory memory, held_memory;
    const nn_data in_memory = data ? nn_in_memory(data) : (nn_data){0}, *known = data ? &in_memory : NULL;
    ad_status status = check_labels(c, data);
    if (status != AD_OK)
        return status;
    status = take_truth(c, known, "fit", &truth, &memory);
    const ad_status held_status = take_truth(c, validation, "fit: validation", &held, &held_memory);
    if (status == AD_OK)
        status = held_status;
    if (status == AD_OK)
        status = nn_estimator_fit(&c->e, data, &truth, &held, options);
    drop_truth(known, &truth, &memory);
    drop_truth(validation, &held, &held_memory);
    return status;
}

ad_status nn_classifier_fit(nn_classifier *c, const nn_data *data, const nn_fit_options *options)
{
    if (!c)
        return AD_BAD_HANDLE;
    const nn_data *validation = options ? options->validation : NULL;
    const bool is_first = c->learns_classes && !c->e.tape && !c->e.options_are_bad;
    ad_status status = is_first ? learn_classes(c, data, validation) : AD_OK;
    if (status == AD_OK)
        status = fit(c, data, validation, options);
    if (is_first && !c->e.tape)
        forget_classes(c);
    if (c->e.is_to_close && !c->e.is_fitting)
        nn_classifier_close(c);
    return status;
}

ad_status nn_classifier_record(nn_classifier *c, const nn_data *data, int64_t row, ad_tensor *loss)
{
    nn_truth truth;
    ad_memory memory;
    if (loss)
        *loss = (ad_tensor){0};
    if (!c)
        return AD_BAD_HANDLE;
    ad_status status = check_classes(c, "record");
    if (status != AD_OK)
        return status;
    status = take_truth(c, data, "record", &truth, &memory);
    if (status == AD_OK)
        status = nn_estimator_record(&c->e, data, &truth, row, loss);
    drop_truth(data, &truth, &memory);
    return status;
}

/* ---- Predicting -------------------------------------------------------------------------------------------------- */

/* Where labels go: numbers, integers of the vocabulary, or its texts. */
typedef struct labels_out {
    const nn_vocabulary *vocabulary;
    int32_t *numbers;
    const char **texts;
} labels_out;

static void write_labels(const nn_estimator *e, nn_reader *r, const nn_use *use, ad_tensor logits, int64_t first,
                         int64_t n)
{
    const labels_out *to = use->out;
    const int64_t width = r->batch.width, at = first * width;
    const int32_t *called = r->batch.called;
    if (!nn_call(e->truth.head, e->truth.k, logits, use->data, first, r->batch.called))
        return;
    const bool has_integers = to->vocabulary->n > 0 && !nn_vocabulary_has_texts(to->vocabulary);
    for (int64_t i = 0; i < n * width; i++)
        if (to->texts)
            to->texts[at + i] = nn_vocabulary_text(to->vocabulary, called[i]);
        else
            to->numbers[at + i] = has_integers ? nn_vocabulary_integer(to->vocabulary, called[i]) : called[i];
}

static ad_status use(const nn_classifier *c, const nn_data *data, const char *who, nn_consumer *consume, void *out)
{
    nn_use use = {.who = who, .data = data, .consume = consume, .out = out, .needs_finite = consume != nn_write_logits};
    return c ? nn_estimator_use(&c->e, &use) : AD_BAD_HANDLE;
}

ad_status nn_classifier_predict(const nn_classifier *c, const nn_data *data, int32_t *labels)
{
    labels_out out = {.vocabulary = c ? &c->vocabulary : NULL, .numbers = labels};
    return use(c, data, "predict", write_labels, labels ? &out : NULL);
}

ad_status nn_classifier_predict_texts(const nn_classifier *c, const nn_data *data, const char **labels)
{
    labels_out out = {.vocabulary = c ? &c->vocabulary : NULL, .texts = labels};
    const ad_status status = c ? check_classes(c, "predict_texts") : AD_BAD_HANDLE;
    if (status != AD_OK)
        return status;
    if (!c->e.options_are_bad && !nn_vocabulary_has_texts(&c->vocabulary))
        return nn_estimator_fail(&c->e, AD_BAD_STATE,
                                 "predict_texts: the classifier has no texts: give it label_texts, or use predict");
    return use(c, data, "predict_texts", write_labels, labels ? &out : NULL);
}

ad_status nn_classifier_predict_proba(const nn_classifier *c, const nn_data *data, float *probabilities)
{
    return use(c, data, "predict_proba", nn_write_predictions, probabilities);
}

ad_status nn_classifier_logits(const nn_classifier *c, const nn_data *data, float *logits)
{
    return use(c, data, "logits", nn_write_logits, logits);
}

nn_evaluation nn_classifier_evaluate(const nn_classifier *c, const nn_data *data)
{
    nn_truth truth;
    ad_memory memory;
    if (!c)
        return nn_no_evaluation(AD_BAD_HANDLE);
    ad_status status = check_classes(c, "evaluate");
    if (status != AD_OK)
        return nn_no_evaluation(status);
    status = take_truth(c, data, "evaluate", &truth, &memory);
    const nn_evaluation e = status == AD_OK ? nn_estimator_evaluate(&c->e, data, &truth) : nn_no_evaluation(status);
    drop_truth(data, &truth, &memory);
    return e;
}

/* ---- Looking in -------------------------------------------------------------------------------------------------- */

ad_status nn_classifier_status(const nn_classifier *c) { return c ? nn_estimator_status(&c->e) : AD_BAD_HANDLE; }

const char *nn_classifier_message(const nn_classifier *c)
{
    return c ? nn_estimator_message(&c->e)
             : "the classifier is NULL: nn_classifier_open found no memory, or was not called";
}

ad_status nn_classifier_clear_error(nn_classifier *c) { return c ? nn_estimator_clear_error(&c->e) : AD_BAD_HANDLE; }

const char *nn_classifier_settings(const nn_classifier *c) { return c ? c->e.settings : ""; }

int64_t nn_classifier_class_count(const nn_classifier *c) { return c && !c->e.options_are_bad ? c->e.truth.k : 0; }

nn_class nn_classifier_class(const nn_classifier *c, int64_t i)
{
    if (i < 0 || i >= nn_classifier_class_count(c))
        return (nn_class){.integer = -1};
    if (c->vocabulary.n == 0)
        return (nn_class){.integer = (int32_t)i};
    return (nn_class){.text = nn_vocabulary_text(&c->vocabulary, (int32_t)i),
                      .integer = nn_vocabulary_integer(&c->vocabulary, (int32_t)i)};
}

const nn_network *nn_classifier_network(const nn_classifier *c) { return c ? c->e.network : NULL; }

size_t nn_classifier_parameter_count(const nn_classifier *c) { return c ? nn_network_part_count(c->e.network) : 0; }

ad_tensor nn_classifier_parameter(nn_classifier *c, size_t index)
{
    return c ? nn_estimator_parameter(&c->e, index) : (ad_tensor){0};
}

nn_schema nn_classifier_schema(const nn_classifier *c) { return c ? nn_estimator_schema(&c->e) : (nn_schema){0}; }

ad_status nn_classifier_compare_columns(const nn_classifier *c, const nn_data *data, char *text, size_t size)
{
    return c ? nn_estimator_compare_columns(&c->e, data, text, size) : AD_BAD_HANDLE;
}

const nn_history *nn_classifier_history(const nn_classifier *c) { return c ? &c->e.history : NULL; }

ad_usage nn_classifier_usage(const nn_classifier *c) { return c ? nn_estimator_usage(&c->e) : (ad_usage){0}; }
