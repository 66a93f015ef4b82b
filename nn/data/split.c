/* Which rows of data are for training and which for testing. */
#include <gradtape/split.h>

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/random.h>

#include "../options/writer.h"
#include "../store.h"
#include "data_check.h"
#include "view.h"

enum { MESSAGE = 480 };

struct nn_split {
    ad_memory memory;
    ad_status status;
    char message[MESSAGE];
    nn_data data;
    int64_t count;
    int64_t least, larger; /* a test part has `least` rows, and one more in each of the first `larger` splits */
    int32_t *index;        /* [count, rows]: of each split the test part, then the training part */
};

static ad_status fail(nn_split *s, ad_status status, const char *format, ...) AD_PRINTF(3, 4);

static ad_status fail(nn_split *s, ad_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(s->message, sizeof s->message, format, arguments);
    va_end(arguments);
    return status;
}

/* ---- Classes ----------------------------------------------------------------------------------------------------- */

/* A row of the view. */
typedef struct row {
    const char *text; /* NULL: the label is a number */
    int32_t label, place;
} row;

/* Rows of one label, which lie side by side. */
typedef struct class
{
    int64_t first, n;
    int64_t tested; /* so many are for testing */
    double rest;    /* what its share was rounded down by; 0: no more rows may be tested */
    uint64_t stream;
} class;

/* What a split is made from. All of it lies in a store. */
typedef struct plan {
    row *rows; /* [rows], by class */
    class *classes;
    int64_t n_classes;
    int32_t *order; /* [rows]: room for a permutation */
    int32_t *part;  /* [rows] of the view: the split that tests the row; -1: none */
} plan;

static int by_label(const row *a, const row *b)
{
    return a->text ? strcmp(a->text, b->text) : (a->label > b->label) - (a->label < b->label);
}

/* Rows of equal labels keep their order, so that a split is the same whatever sorts them. */
static int by_label_and_place(const void *a, const void *b)
{
    const row *x = a, *y = b;
    const int order = by_label(x, y);
    return order ? order : (x->place > y->place) - (x->place < y->place);
}

/* Lists the rows by class; where there are no classes, in the order of the view. */
static ad_status list_rows(nn_split *s, plan *p, bool by_class)
{
    const nn_data *data = &s->data;
    for (int64_t i = 0; i < data->rows; i++) {
        const int64_t at = nn_row_of(data, i);
        p->rows[i] = (row){.place = (int32_t)i};
        if (by_class && data->label_texts && !data->label_texts[at])
            return fail(s, AD_BAD_VALUE, "split: row %" PRId64 ": the label is NULL; give a text, or set plain", at);
        if (by_class && data->label_texts)
            p->rows[i].text = data->label_texts[at];
        else if (by_class)
            p->rows[i].label = data->labels[at];
    }
    if (by_class)
        qsort(p->rows, (size_t)data->rows, sizeof *p->rows, by_label_and_place);
    return AD_OK;
}

static bool is_first(const plan *p, int64_t i) { return i == 0 || by_label(&p->rows[i - 1], &p->rows[i]) != 0; }

static ad_status list_classes(nn_split *s, plan *p, bool by_class, nn_store *store)
{
    const int64_t rows = s->data.rows;
    for (int64_t i = 0; i < rows; i++)
        p->n_classes += is_first(p, i);
    p->classes = nn_store_take(store, (size_t)p->n_classes, sizeof *p->classes);
    if (!p->classes)
        return fail(s, AD_NO_MEMORY, "split: memory is out for %" PRId64 " classes", p->n_classes);
    for (int64_t i = 0, k = 0; i < rows; i++) {
        if (is_first(p, i)) {
            p->classes[k] = (class){.first = i, .stream = (uint64_t)k};
            k++;
        }
        p->classes[k - 1].n++;
    }
    if (!by_class)
        p->classes[0].stream = AD_STREAM_NUMBERS / 2;
    return AD_OK;
}

/* ---- Parts ------------------------------------------------------------------------------------------------------- */

/* The largest rest first; of equal ones the first class. */
static int by_rest(const void *a, const void *b)
{
    const class *x = a, *y = b;
    return x->rest == y->rest ? (x->stream > y->stream) - (x->stream < y->stream) : x->rest < y->rest ? 1 : -1;
}

/* Advice of C: no text says plain. */
static const char *or_plain(void) { return nn_has_option_form() ? "" : ", or set plain"; }

/* Each class gives its share, rounded down; the rows that are wanting come from the classes that lost most by that (the
 * method of the largest remainder). A class keeps a row for training. */
static ad_status share_rows(nn_split *s, plan *p, double share)
{
    int64_t wanted = (int64_t)floor(share * (double)s->data.rows + 0.5);
    wanted = wanted < 1 ? 1 : wanted;
    for (int64_t i = 0; i < p->n_classes; i++) {
        class *c = &p->classes[i];
        const double quota = share * (double)c->n;
        c->tested = (int64_t)floor(quota); /* at most n - 1: no share below 1 is rounded to n */
        c->rest = c->tested < c->n - 1 ? quota - (double)c->tested : 0;
        s->least += c->tested;
    }
    qsort(p->classes, (size_t)p->n_classes, sizeof *p->classes, by_rest);
    for (int64_t i = 0; i < p->n_classes && s->least < wanted && p->classes[i].rest > 0; i++, s->least++)
        p->classes[i].tested++;
    if (s->least == 0)
        return fail(s, AD_BAD_VALUE,
                    "split: each of the %" PRId64
                    " classes has one row, which stays in training; give classes two rows%s",
                    p->n_classes, or_plain());
    return AD_OK;
}

/* Folds by class need a row of each class. */
static ad_status check_folds(nn_split *s, const plan *p)
{
    const class *least = p->classes;
    for (int64_t i = 1; i < p->n_classes; i++)
        least = p->classes[i].n < least->n ? &p->classes[i] : least;
    if (least->n >= s->count)
        return AD_OK;
    const row *of = &p->rows[least->first];
    nn_writer w = nn_writer_into(s->message, sizeof s->message);
    nn_put(&w, "split: ");
    nn_put_option_name(&w, "folds");
    nn_put_format(&w, " is %" PRId64 ", and the smallest class, ", s->count);
    if (of->text)
        nn_put_quoted(&w, of->text);
    else
        nn_put_format(&w, "%" PRId32, of->label);
    nn_put_format(&w, ", has %" PRId64 " %s; ", least->n, least->n == 1 ? "row" : "rows");
    nn_put(&w, "use no more folds than that");
    nn_put(&w, or_plain());
    return AD_BAD_VALUE;
}

/* Says of each row which split tests it. Folds are dealt like cards, class after class: they differ by one row. */
static void deal(const nn_split *s, const plan *p, const nn_split_options *o)
{
    for (int64_t i = 0; i < p->n_classes; i++) {
        const class *c = &p->classes[i];
        ad_random_permutation(o->seed, ad_stream(AD_STREAM_SPLIT, c->stream), c->n, p->order);
        for (int64_t j = 0; j < c->n; j++) {
            const int64_t part = o->folds ? (c->first + j) % s->count : j < c->tested ? 0 : -1;
            p->part[p->rows[c->first + p->order[j]].place] = (int32_t)part;
        }
    }
}

static int64_t test_rows(const nn_split *s, int64_t i) { return s->least + (i < s->larger); }

/* Writes the rows of each part, in the order of the view. */
static void write_index(nn_split *s, const plan *p)
{
    const int64_t rows = s->data.rows;
    for (int64_t k = 0; k < s->count; k++) {
        int32_t *test = s->index + k * rows, *train = test + test_rows(s, k);
        for (int64_t i = 0; i < rows; i++) {
            int32_t **to = p->part[i] == k ? &test : &train;
            *(*to)++ = (int32_t)nn_row_of(&s->data, i);
        }
    }
}

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

static ad_status check(nn_split *s, const nn_data *data, const nn_split_options *o)
{
    char mistake[300], text[NN_OPTION_TEXT];
    const char *option = nn_option_text(text, "folds", NULL);
    if (o->share == 0 && o->folds == 0)
        return fail(s, AD_BAD_VALUE, "split: neither share nor folds is given; give one of them");
    if (o->share != 0 && o->folds != 0)
        return fail(s, AD_BAD_VALUE, "split: share and folds are both given; give one of them");
    if (o->folds == 0 && !(o->share > 0 && o->share < 1))
        return fail(s, AD_BAD_VALUE, "split: share is %g: it must be above 0 and below 1", o->share);
    if (o->share == 0 && o->folds < 2)
        return fail(s, AD_BAD_VALUE, "split: %s is %" PRId64 ": it must be 2 or more", option, o->folds);
    if (data && (data->rows == 0 || data->rows == 1))
        return fail(s, AD_BAD_SHAPE, "split: the data have %s; a split needs at least 2",
                    data->rows ? "one row" : "no rows");
    const ad_status status = nn_view_check(data, mistake, sizeof mistake);
    if (status != AD_OK)
        return fail(s, status, "split: %s", mistake);
    if (o->folds > data->rows)
        return fail(s, AD_BAD_VALUE, "split: %s is %" PRId64 ": it must be at most %" PRId64 ", the rows of the data",
                    option, o->folds, data->rows);
    return AD_OK;
}

static ad_status plan_parts(nn_split *s, plan *p, const nn_split_options *o, nn_store *store)
{
    const size_t rows = (size_t)s->data.rows;
    const bool by_class = !o->plain && (s->data.labels || s->data.label_texts);
    p->rows = nn_store_take(store, rows, sizeof *p->rows);
    p->order = nn_store_take(store, rows, sizeof *p->order);
    p->part = nn_store_take(store, rows, sizeof *p->part);
    if (!p->rows || !p->order || !p->part)
        return fail(s, AD_NO_MEMORY, "split: memory is out for %zu rows", rows);
    ad_status status = list_rows(s, p, by_class);
    if (status == AD_OK)
        status = list_classes(s, p, by_class, store);
    if (status == AD_OK)
        status = o->folds ? check_folds(s, p) : share_rows(s, p, o->share);
    return status;
}

static ad_status make(nn_split *s, const nn_split_options *o)
{
    plan p = {.rows = NULL};
    nn_store store = {.memory = &s->memory};
    const size_t rows = (size_t)s->data.rows;
    s->count = o->folds ? o->folds : 1;
    if (o->folds) {
        s->least = s->data.rows / o->folds;
        s->larger = s->data.rows % o->folds;
    }
    ad_status status = plan_parts(s, &p, o, &store);
    if (status == AD_OK) {
        s->index = ad_memory_take(&s->memory, (size_t)s->count, rows * sizeof *s->index);
        if (!s->index)
            status = fail(s, AD_NO_MEMORY, "split: memory is out for %" PRId64 " times %zu rows", s->count, rows);
    }
    if (s->index) {
        deal(s, &p, o);
        write_index(s, &p);
    }
    nn_store_release(&store);
    return status;
}

nn_split *nn_split_open(const nn_data *data, const nn_split_options *options)
{
    static const nn_split_options none = {0};
    const nn_split_options *o = options ? options : &none;
    ad_memory memory = ad_memory_over(o->allocator);
    nn_split *s = ad_memory_take(&memory, 1, sizeof *s);
    if (!s)
        return NULL;
    *s = (nn_split){.memory = memory};
    s->status = check(s, data, o);
    if (s->status == AD_OK) {
        s->data = *data;
        s->status = make(s, o);
    }
    if (s->status != AD_OK)
        s->count = 0;
    return s;
}

void nn_split_close(nn_split *s)
{
    if (!s)
        return;
    ad_memory memory = s->memory; /* a copy: the meter must outlive the block that it is in */
    ad_memory_release(&memory, s->index, (size_t)s->count, (size_t)s->data.rows * sizeof *s->index);
    ad_memory_release(&memory, s, 1, sizeof *s);
}

/* ---- Looking ----------------------------------------------------------------------------------------------------- */

int64_t nn_split_count(const nn_split *s) { return s ? s->count : 0; }

/* Rows first .. first+n-1 of the index of split i. */
static nn_data part_of(const nn_split *s, int64_t i, int64_t first, int64_t n)
{
    nn_data part = s->data;
    part.array_rows = nn_array_rows(&s->data);
    part.index = s->index + i * s->data.rows + first;
    part.rows = n;
    return part;
}

static bool has_split(const nn_split *s, int64_t i) { return s && i >= 0 && i < s->count; }

nn_data nn_split_train(const nn_split *s, int64_t i)
{
    if (!has_split(s, i))
        return (nn_data){0};
    return part_of(s, i, test_rows(s, i), s->data.rows - test_rows(s, i));
}

nn_data nn_split_test(const nn_split *s, int64_t i)
{
    return has_split(s, i) ? part_of(s, i, 0, test_rows(s, i)) : (nn_data){0};
}

ad_status nn_split_status(const nn_split *s) { return s ? s->status : AD_BAD_HANDLE; }

const char *nn_split_message(const nn_split *s)
{
    return s ? s->message : "the split is NULL: nn_split_open found no memory, or was not called";
}
