/* Which classes there are, found from labels. */
#include "classes.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../data/view.h"
#include "../options/writer.h"

/* Different labels: a table in which each is looked for from its hash on, and stands at the first free place. */
typedef struct found_labels {
    bool are_texts;
    const char **texts; /* [places], NULL: free */
    int32_t *integers;  /* [places] */
    bool *is_taken;     /* [places] */
    size_t places, n;   /* a power of two, at least twice the labels */
    nn_store *store;
} found;

/* A label, as one of the two. */
typedef struct label {
    const char *text;
    int32_t integer;
} label;

/* ---- The table --------------------------------------------------------------------------------------------------- */

/* FNV-1a of 64 bits, the upper ones mixed in (Fowler, Noll, Vo). */
static size_t hash_of(const found *f, label l)
{
    uint64_t h = UINT64_C(14695981039346656037);
    const unsigned char *bytes = (const unsigned char *)(f->are_texts ? l.text : (const char *)&l.integer);
    const size_t n = f->are_texts ? strlen(l.text) : sizeof l.integer;
    for (size_t i = 0; i < n; i++)
        h = (h ^ bytes[i]) * UINT64_C(1099511628211);
    return (size_t)(h ^ (h >> 32));
}

static bool is_at(const found *f, size_t place, label l)
{
    return f->are_texts ? !strcmp(f->texts[place], l.text) : f->integers[place] == l.integer;
}

/* The place of a label, or the free one where it would stand. */
static size_t place_of(const found *f, label l)
{
    size_t place = hash_of(f, l) & (f->places - 1);
    while (f->is_taken[place] && !is_at(f, place, l))
        place = (place + 1) & (f->places - 1);
    return place;
}

static void put(found *f, label l)
{
    const size_t place = place_of(f, l);
    f->n += !f->is_taken[place];
    f->is_taken[place] = true;
    if (f->are_texts)
        f->texts[place] = l.text;
    else
        f->integers[place] = l.integer;
}

static bool make_places(found *f, size_t places)
{
    f->places = places;
    f->n = 0;
    f->is_taken = nn_store_take(f->store, places, sizeof *f->is_taken);
    if (f->are_texts)
        f->texts = nn_store_take(f->store, places, sizeof *f->texts);
    else
        f->integers = nn_store_take(f->store, places, sizeof *f->integers);
    return f->is_taken && (f->are_texts ? (void *)f->texts : (void *)f->integers);
}

/* Makes room for one more. Returns false if memory is out. */
static bool grow(found *f)
{
    if (2 * (f->n + 1) <= f->places)
        return true;
    const found old = *f;
    if (!make_places(f, 2 * old.places))
        return false;
    for (size_t i = 0; i < old.places; i++)
        if (old.is_taken[i])
            put(f,
                (label){.text = old.are_texts ? old.texts[i] : NULL, .integer = old.are_texts ? 0 : old.integers[i]});
    return true;
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

static ad_status refuse_many(nn_writer *w)
{
    nn_put_format(w, "the labels have more than %d different values: is the column a number? ", NN_MOST_CLASSES);
    nn_put(w, "Then use a regressor; else give n_classes");
    return AD_BAD_VALUE;
}

static ad_status add_rows(found *f, const nn_data *data, nn_writer *w)
{
    for (int64_t i = 0; i < data->rows; i++) {
        const int64_t row = nn_row_of(data, i);
        const char *text = f->are_texts ? data->label_texts[row] : NULL;
        if (f->are_texts && (!text || !*text)) {
            nn_put_format(w, "row %" PRId64 ": the label is %s; give each row a text", row, text ? "empty" : "NULL");
            return AD_BAD_VALUE;
        }
        if (!grow(f))
            return AD_NO_MEMORY;
        put(f, (label){.text = text, .integer = f->are_texts ? 0 : data->labels[row]});
        if (f->n > NN_MOST_CLASSES)
            return refuse_many(w);
    }
    return AD_OK;
}

/* "all 120 labels are "yes": a classifier needs two". */
static ad_status refuse_one(const found *f, int64_t rows, nn_writer *w)
{
    size_t i = 0;
    while (!f->is_taken[i])
        i++;
    nn_put_format(w, "all %" PRId64 " labels are ", rows);
    if (f->are_texts) {
        nn_put(w, "\"");
        nn_put_shown(w, f->texts[i]);
        nn_put(w, "\"");
    } else
        nn_put_format(w, "%" PRId32, f->integers[i]);
    nn_put(w, ": a classifier needs two");
    return AD_BAD_VALUE;
}

static int by_integer(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

/* Moves the labels to the beginning of their array, in order. */
static void sort(found *f)
{
    size_t n = 0;
    for (size_t i = 0; i < f->places; i++)
        if (f->is_taken[i]) {
            if (f->are_texts)
                f->texts[n++] = f->texts[i];
            else
                f->integers[n++] = f->integers[i];
        }
    if (f->are_texts)
        qsort(f->texts, n, sizeof *f->texts, by_text);
    else
        qsort(f->integers, n, sizeof *f->integers, by_integer);
}

/* ---- Learning ---------------------------------------------------------------------------------------------------- */

static ad_status find_labels(found *f, const nn_data *data, const nn_data *validation, nn_writer *w)
{
    enum { FIRST = 64 };
    if (!make_places(f, FIRST))
        return AD_NO_MEMORY;
    const bool has_more =
        validation && (f->are_texts ? validation->label_texts && !validation->labels : validation->labels != NULL);
    ad_status status = add_rows(f, data, w);
    if (status == AD_OK && has_more)
        status = add_rows(f, validation, w);
    if (status == AD_OK && f->n == 1)
        status = refuse_one(f, data->rows + (has_more ? validation->rows : 0), w);
    return status;
}

ad_status nn_classes_learn(nn_vocabulary *vocabulary, const nn_data *data, const nn_data *validation, nn_store *store,
                           char *message, size_t size)
{
    nn_writer w = nn_writer_into(message, size);
    found f = {.are_texts = !data->labels, .store = store};
    if (!data->labels && !data->label_texts) {
        nn_put_format(&w, "labels are NULL; give one for each of the %" PRId64 " rows", nn_array_rows(data));
        return AD_BAD_VALUE;
    }
    const ad_status status = find_labels(&f, data, validation, &w);
    if (status == AD_NO_MEMORY)
        nn_put(&w, "memory is out for the labels of the classes");
    if (status != AD_OK)
        return status;
    sort(&f);
    const nn_integers integers = {f.integers, f.are_texts ? 0 : f.n};
    const nn_texts texts = {f.texts, f.are_texts ? f.n : 0};
    return nn_vocabulary_make(vocabulary, integers, texts, store, message, size);
}
