/* Labels that are any integers or texts. */
#include "vocabulary.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../data/unknown_class.h"
#include "../data/view.h"
#include "../options/writer.h"

/* ---- Making ------------------------------------------------------------------------------------------------------ */

static int by_label(const void *a, const void *b)
{
    const nn_label *x = a, *y = b;
    return x->text ? strcmp(x->text, y->text) : (x->integer > y->integer) - (x->integer < y->integer);
}

/* By labels, equal ones by class: of labels that are there twice, the message names the first ones. */
static int by_label_and_class(const void *a, const void *b)
{
    const int order = by_label(a, b);
    return order ? order : ((const nn_label *)a)->class - ((const nn_label *)b)->class;
}

static void put_label(nn_writer *w, const nn_label *label)
{
    if (label->text)
        nn_put_quoted(w, label->text);
    else
        nn_put_format(w, "%" PRId32, label->integer);
}

static ad_status fail_memory(nn_writer *w)
{
    nn_put(w, "memory is out for the labels of the classes");
    return AD_NO_MEMORY;
}

static ad_status check_lists(nn_integers integers, nn_texts texts, nn_writer *w)
{
    const char *option = texts.n ? "label_texts" : "label_integers";
    const size_t n = texts.n ? texts.n : integers.n;
    const bool is_null = (texts.n && !texts.at) || (integers.n && !integers.at);
    size_t i = 0;
    while (!is_null && i < texts.n && texts.at[i] && *texts.at[i])
        i++;
    if (texts.n && integers.n) {
        nn_put_option_name(w, "label_integers");
        nn_put(w, " and ");
        nn_put_option_name(w, "label_texts");
        nn_put(w, " are both given; give one of them");
        return AD_BAD_VALUE;
    }
    if (n <= INT32_MAX && !is_null && i == texts.n)
        return AD_OK;
    nn_put_option_name(w, option);
    if (n > INT32_MAX)
        nn_put_format(w, " has %zu labels: it must be at most %d", n, INT32_MAX);
    else if (is_null)
        nn_put_format(w, " is NULL: it must be an array of %zu", n);
    else
        nn_put_format(w, "[%zu] is %s: give each class a text", i, texts.at[i] ? "empty" : "NULL");
    return AD_BAD_VALUE;
}

/* Two labels that are equal stand side by side when they are sorted. */
static ad_status check_twice(const nn_vocabulary *v, nn_writer *w)
{
    const char *option = nn_vocabulary_has_texts(v) ? "label_texts" : "label_integers";
    size_t i = 1;
    while (i < v->n && by_label(&v->sorted[i - 1], &v->sorted[i]) != 0)
        i++;
    if (i >= v->n)
        return AD_OK;
    nn_put_option_name(w, option);
    nn_put_format(w, "[%" PRId32 "] is ", v->sorted[i].class);
    put_label(w, &v->sorted[i]);
    nn_put_format(w, ", as [%" PRId32 "] is: give each class a label of its own", v->sorted[i - 1].class);
    return AD_BAD_VALUE;
}

ad_status nn_vocabulary_make(nn_vocabulary *vocabulary, nn_integers integers, nn_texts texts, nn_store *store,
                             char *message, size_t size)
{
    const size_t n = texts.n ? texts.n : integers.n;
    nn_writer w = {.text = message, .size = size};
    *vocabulary = (nn_vocabulary){.n = 0};
    if (check_lists(integers, texts, &w) != AD_OK)
        return AD_BAD_VALUE;
    if (n == 0)
        return AD_OK;
    nn_label *labels = nn_store_take(store, n, sizeof *labels), *sorted = nn_store_take(store, n, sizeof *sorted);
    if (!labels || !sorted)
        return fail_memory(&w);
    for (size_t i = 0; i < n; i++) {
        labels[i] = (nn_label){.text = texts.n ? nn_store_text(store, texts.at[i]) : NULL,
                               .integer = texts.n ? 0 : integers.at[i],
                               .class = (int32_t)i};
        if (texts.n && !labels[i].text)
            return fail_memory(&w);
    }
    memcpy(sorted, labels, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_label_and_class);
    const nn_vocabulary made = {.n = n, .labels = labels, .sorted = sorted};
    const ad_status status = check_twice(&made, &w);
    if (status == AD_OK)
        *vocabulary = made;
    return status;
}

/* ---- Looking up -------------------------------------------------------------------------------------------------- */

bool nn_vocabulary_has_texts(const nn_vocabulary *v) { return v->n && v->labels[0].text; }

static int32_t find(const nn_vocabulary *v, nn_label label)
{
    const nn_label *found = v->n ? bsearch(&label, v->sorted, v->n, sizeof label, by_label) : NULL;
    return found ? found->class : -1;
}

int32_t nn_vocabulary_find_integer(const nn_vocabulary *v, int32_t label)
{
    return nn_vocabulary_has_texts(v) ? -1 : find(v, (nn_label){.integer = label});
}

int32_t nn_vocabulary_find_text(const nn_vocabulary *v, const char *label)
{
    return nn_vocabulary_has_texts(v) && label ? find(v, (nn_label){.text = label}) : -1;
}

int32_t nn_vocabulary_integer(const nn_vocabulary *v, int32_t class) { return v->labels[class].integer; }

const char *nn_vocabulary_text(const nn_vocabulary *v, int32_t class) { return v->labels[class].text; }

/* ---- Rows of data ------------------------------------------------------------------------------------------------ */

static const char *number_of(int32_t integer, char number[NN_CLASS_NUMBER])
{
    snprintf(number, NN_CLASS_NUMBER, "%" PRId32, integer);
    return number;
}

static const char *name_at(int i, const void *context, char number[NN_CLASS_NUMBER])
{
    const nn_vocabulary *v = context;
    if ((size_t)i >= v->n)
        return NULL;
    return v->labels[i].text ? v->labels[i].text : number_of(v->labels[i].integer, number);
}

/* " (bird, cat, dog)" */
static void put_labels(nn_writer *w, const nn_vocabulary *v)
{
    nn_put_class_list(w, &(nn_unknown_class){.name = name_at, .context = v});
}

void nn_vocabulary_put_unknown(const nn_vocabulary *v, const char *text, int32_t integer, nn_writer *w)
{
    char number[NN_CLASS_NUMBER];
    const char *label = text ? text : number_of(integer, number);
    nn_put_unknown_class(w, &(nn_unknown_class){.label = label,
                                                .n = strlen(label),
                                                .is_number = !text,
                                                .is_given = !v->is_learnt,
                                                .name = name_at,
                                                .context = v});
}

static bool refuse_row(const nn_vocabulary *v, const nn_data *data, int64_t row, nn_writer *w)
{
    const bool has_texts = nn_vocabulary_has_texts(v);
    const char *text = has_texts ? data->label_texts[row] : NULL;
    nn_put_format(w, "row %" PRId64 ": ", row);
    if (has_texts && !text) {
        nn_put(w, "the label is NULL: give a text of the vocabulary");
        put_labels(w, v);
        return false;
    }
    nn_vocabulary_put_unknown(v, text, has_texts ? 0 : data->labels[row], w);
    return false;
}

bool nn_vocabulary_encode(const nn_vocabulary *v, const nn_data *data, int32_t *classes, char *message, size_t size)
{
    const bool has_texts = nn_vocabulary_has_texts(v);
    nn_writer w = {.text = message, .size = size};
    if (has_texts ? !data->label_texts : !data->labels) {
        nn_put(&w, has_texts && data->labels ? "labels are integers: give label_texts, texts of the vocabulary"
                   : has_texts               ? "label_texts are NULL: give texts of the vocabulary"
                   : data->label_texts       ? "label_texts are texts: give labels, integers of the vocabulary"
                                             : "labels are NULL: give integers of the vocabulary");
        put_labels(&w, v);
        return false;
    }
    for (int64_t i = 0; i < data->rows; i++) {
        const int64_t row = nn_row_of(data, i);
        classes[row] = has_texts ? nn_vocabulary_find_text(v, data->label_texts[row])
                                 : nn_vocabulary_find_integer(v, data->labels[row]);
        if (classes[row] < 0)
            return refuse_row(v, data, row, &w);
    }
    return true;
}
