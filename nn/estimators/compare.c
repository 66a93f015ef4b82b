/* How the columns of data go with those that an estimator was fitted to. */
#include <inttypes.h>
#include <math.h>

#include "../data/columns.h"
#include "../data/view.h"
#include "estimator.h"

/* A comparison while it is made. */
typedef struct comparison {
    const nn_estimator *e;
    const nn_data *data;
    const nn_matching *matching;
    nn_store store;
    nn_writer w;
} comparison;

nn_schema nn_estimator_schema(const nn_estimator *e) { return e->tape ? e->encoding.all : (nn_schema){0}; }

static void begin_line(comparison *c) { nn_put(&c->w, c->w.n ? "\n" : ""); }

/* left out: "x", "y" (not in training) */
static void put_left_out(comparison *c)
{
    const nn_schema *schema = &c->data->schema;
    bool any = false;
    int64_t feature = 0;
    for (size_t i = 0; c->matching->used && i < schema->n; i++) {
        const int64_t features = nn_column_features(&schema->at[i]);
        if (features > 0 && !c->matching->used[feature]) {
            if (!any)
                begin_line(c);
            nn_put(&c->w, any ? ", " : "left out: ");
            nn_put_name(&c->w, schema->at[i].name);
            any = true;
        }
        feature += features;
    }
    if (any)
        nn_put(&c->w, " (not in training)");
}

/* The feature of a row, of a column that begins at feature j of the encoding. */
static double value_of(const comparison *c, int64_t i, int64_t j)
{
    const int64_t at = c->matching->is_same ? j : c->matching->place[j];
    return nn_feature_at(c->data, nn_row_of(c->data, i) * c->data->columns + at);
}

/* column "colour": 3 rows have values not seen in training (violet, ...): all zeros */
static void put_unseen(comparison *c, const nn_column *column, const nn_texts *levels, const bool *is_there,
                       int64_t rows)
{
    enum { MOST = 3 };
    size_t n = 0;
    begin_line(c);
    nn_put_column(&c->w, &c->e->encoding.schema, (size_t)(column - c->e->encoding.schema.at));
    nn_put_format(&c->w, rows == 1 ? ": %" PRId64 " row has a value" : ": %" PRId64 " rows have values", rows);
    nn_put(&c->w, " not seen in training (");
    for (size_t i = 0; i < levels->n && n <= MOST; i++)
        if (is_there[i]) {
            nn_put(&c->w, n ? ", " : "");
            nn_put_shown(&c->w, n < MOST ? levels->at[i] : "...");
            n++;
        }
    nn_put(&c->w, "): all zeros");
}

/* column "colour": 2 rows have no value; in training each row had one: all zeros */
static void put_missing(comparison *c, const nn_column *column, int64_t rows)
{
    begin_line(c);
    nn_put_column(&c->w, &c->e->encoding.schema, (size_t)(column - c->e->encoding.schema.at));
    nn_put_format(&c->w, rows == 1 ? ": %" PRId64 " row has" : ": %" PRId64 " rows have", rows);
    nn_put(&c->w, " no value; in training each row had one: all zeros");
}

/* The levels of a category of the data. */
static const nn_texts *levels_of(const comparison *c, int64_t j)
{
    int64_t left = c->matching->is_same ? j : c->matching->place[j];
    size_t i = 0;
    while (left >= nn_column_features(&c->data->schema.at[i]))
        left -= nn_column_features(&c->data->schema.at[i++]);
    return &c->data->schema.at[i].levels;
}

static ad_status compare_category(comparison *c, const nn_column *column, int64_t j)
{
    const int32_t *level = c->matching->is_same ? NULL : c->matching->level[j];
    const nn_texts *levels = levels_of(c, j);
    bool *is_there = nn_store_take(&c->store, levels->n, sizeof *is_there);
    int64_t unseen = 0, missing = 0;
    if (!is_there)
        return nn_estimator_fail(c->e, AD_NO_MEMORY, "compare_columns: memory is out for the levels of a column");
    for (int64_t i = 0; i < c->data->rows; i++) {
        const double x = value_of(c, i, j);
        missing += isnan(x) && !c->e->encoding.has_missing[j];
        if (isnan(x) || !level || level[(size_t)x] >= 0)
            continue;
        is_there[(size_t)x] = true;
        unseen++;
    }
    if (unseen)
        put_unseen(c, column, levels, is_there, unseen);
    if (missing)
        put_missing(c, column, missing);
    return AD_OK;
}

static ad_status compare(comparison *c)
{
    const nn_schema *schema = &c->e->encoding.schema;
    ad_status status = AD_OK;
    put_left_out(c);
    for (size_t i = 0, j = 0; status == AD_OK && i < schema->n; i++) {
        if (schema->at[i].kind == NN_COLUMN_CATEGORY)
            status = compare_category(c, &schema->at[i], (int64_t)j);
        j += (size_t)nn_column_features(&schema->at[i]);
    }
    return status;
}

ad_status nn_estimator_compare_columns(const nn_estimator *e, const nn_data *data, char *text, size_t size)
{
    nn_use use = {.who = "compare_columns", .data = data, .out = &use};
    comparison c = {.e = e, .data = data, .matching = &use.matching, .w = nn_writer_into(text, text ? size : 0)};
    ad_status status = nn_estimator_check_use(e, &use);
    c.store.memory = &use.memory;
    if (status == AD_OK)
        status = compare(&c);
    nn_store_release(&c.store);
    nn_estimator_end_use(&use);
    return status;
}
