/* Which classes there are, found from labels. */
#include "classes.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../data/levels.h"
#include "../data/view.h"
#include "../options/writer.h"

/* The labels that were found: levels whose bytes are those of a text, or of an int32_t. */
typedef struct found_labels {
    nn_levels levels;
    bool are_texts;
} found;

static int32_t integer_of(const nn_level *level)
{
    int32_t integer;
    memcpy(&integer, level->text, sizeof integer);
    return integer;
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

static ad_status refuse_many(nn_writer *w)
{
    nn_put_format(w, "the labels have more than %d different values: is the column a number? ", NN_MOST_CLASSES);
    nn_put(w, "Then use a regressor; else give ");
    nn_put_option_name(w, "n_classes");
    return AD_BAD_VALUE;
}

static ad_status refuse_row(int64_t row, const char *text, nn_writer *w)
{
    nn_put_format(w, "row %" PRId64 ": the label is %s; give each row a text", row, text ? "empty" : "NULL");
    return AD_BAD_VALUE;
}

static ad_status add_rows(found *f, const nn_data *data, nn_writer *w)
{
    for (int64_t i = 0; i < data->rows; i++) {
        const int64_t row = nn_row_of(data, i);
        const char *text = f->are_texts ? data->label_texts[row] : (const char *)&data->labels[row];
        uint32_t level;
        if (f->are_texts && (!text || !*text))
            return refuse_row(row, text, w);
        if (!nn_levels_add(&f->levels, text, f->are_texts ? strlen(text) : sizeof *data->labels, &level))
            return AD_NO_MEMORY;
        if (f->levels.n > NN_MOST_CLASSES)
            return refuse_many(w);
    }
    return AD_OK;
}

/* all 120 labels are "yes"; a classifier needs two */
static ad_status refuse_one(const found *f, int64_t rows, nn_writer *w)
{
    nn_put(w, "all ");
    nn_put_count(w, rows);
    nn_put(w, " labels are ");
    if (f->are_texts) {
        nn_put(w, "\"");
        nn_put_shown(w, f->levels.at[0].text);
        nn_put(w, "\"");
    } else
        nn_put_format(w, "%" PRId32, integer_of(&f->levels.at[0]));
    nn_put(w, "; a classifier needs two");
    return AD_BAD_VALUE;
}

static ad_status find_labels(found *f, const nn_data *data, int64_t rows, const nn_data *validation, nn_writer *w)
{
    const bool has_more =
        validation && (f->are_texts ? validation->label_texts && !validation->labels : validation->labels != NULL);
    ad_status status = add_rows(f, data, w);
    if (status == AD_OK && has_more)
        status = add_rows(f, validation, w);
    if (status == AD_OK && f->levels.n == 1)
        status = refuse_one(f, rows + (has_more ? validation->rows : 0), w);
    return status;
}

/* ---- The vocabulary ---------------------------------------------------------------------------------------------- */

static int by_integer(const void *a, const void *b)
{
    const int32_t x = integer_of(a), y = integer_of(b);
    return (x > y) - (x < y);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(((const nn_level *)a)->text, ((const nn_level *)b)->text);
}

/* It copies the labels, which may lie in memory that is given back. */
static ad_status make_vocabulary(nn_vocabulary *vocabulary, found *f, nn_store *store, nn_writer *w)
{
    const size_t n = f->levels.n;
    nn_level *levels = f->levels.at;
    const char **texts = f->are_texts ? nn_store_take(f->levels.pool->store, n, sizeof *texts) : NULL;
    int32_t *integers = f->are_texts ? NULL : nn_store_take(f->levels.pool->store, n, sizeof *integers);
    if (!texts && !integers)
        return AD_NO_MEMORY;
    qsort(levels, n, sizeof *levels, f->are_texts ? by_text : by_integer);
    for (size_t i = 0; i < n; i++)
        if (texts)
            texts[i] = levels[i].text;
        else
            integers[i] = integer_of(&levels[i]);
    return nn_vocabulary_make(vocabulary, (nn_integers){integers, integers ? n : 0}, (nn_texts){texts, texts ? n : 0},
                              store, w->text, w->size);
}

ad_status nn_classes_learn(nn_vocabulary *vocabulary, const nn_data *data, int64_t rows, const nn_data *validation,
                           nn_store *store, char *message, size_t size)
{
    nn_writer w = nn_writer_into(message, size);
    nn_store own = {.memory = store->memory};
    nn_text_pool pool = {.store = &own};
    found f = {.levels = {.pool = &pool, .memory = store->memory}, .are_texts = !data->labels};
    if (!data->labels && !data->label_texts) {
        nn_put_format(&w, "labels are NULL; give one for each of the %" PRId64 " rows", nn_array_rows(data));
        return AD_BAD_VALUE;
    }
    ad_status status = find_labels(&f, data, rows, validation, &w);
    if (status == AD_OK)
        status = make_vocabulary(vocabulary, &f, store, &w);
    vocabulary->is_learnt = status == AD_OK;
    if (status == AD_NO_MEMORY && w.n == 0)
        nn_put(&w, "memory is out for the labels of the classes");
    nn_levels_release(&f.levels);
    nn_store_release(&own);
    return status;
}
