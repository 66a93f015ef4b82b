/* Notes on a table as text: what was read well, and may be meant otherwise. */
#include "csv_notes.h"

#include <inttypes.h>

#include "decimal.h"

/* What an option names and the table lacks, beside `like`. */
static void put_lacking(nn_writer *w, const nn_csv_columns *c, const char *name, const char *what)
{
    nn_put(w, w->n ? "\n" : "");
    nn_put(w, c->records->source->name);
    nn_put(w, ": there is no column ");
    nn_put_name(w, name);
    nn_put(w, ": rows have no ");
    nn_put(w, what);
}

static void put_notes(nn_writer *w, const nn_csv_columns *c)
{
    size_t n = 0;
    const nn_csv_options *o = c->options;
    if (o->label && c->label == NN_CSV_NONE)
        put_lacking(w, c, o->label, "label");
    if (o->targets.n && c->n_targets == 0)
        put_lacking(w, c, o->targets.at[0], "targets");
    if (o->weight && c->weight == NN_CSV_NONE)
        put_lacking(w, c, o->weight, "weight");
    for (size_t i = 0; i < c->n; i++) {
        if (!c->at[i].is_left_out)
            continue;
        if (n++ == 0) {
            nn_put(w, w->n ? "\n" : "");
            nn_put(w, c->records->source->name);
            nn_put(w, ": left out are columns that ");
            nn_put(w, "the model does not have: ");
        } else
            nn_put(w, ", ");
        if (*c->at[i].name)
            nn_put_name(w, c->at[i].name);
        else
            nn_put_format(w, "column %zu", i + 1);
    }
}

/* What is odd in a column that is a category because some of its values are no numbers. */
static void put_doubt(nn_writer *w, const nn_csv_columns *c, size_t i, const nn_levels *levels, int64_t rows)
{
    enum { FEW = 20 };
    size_t numbers = 0;
    double x;
    for (size_t k = 0; k < levels->n; k++) {
        const char *end = levels->at[k].text + levels->at[k].n;
        numbers += nn_decimal_read(levels->at[k].text, end, c->point, &x) == end;
    }
    const bool is_number = 2 * numbers > levels->n, is_id = rows >= FEW && levels->n > (size_t)rows / 2;
    if (!is_number && !is_id)
        return;
    nn_put(w, w->n ? "\n" : "");
    nn_put(w, c->records->source->name);
    nn_put(w, ": column ");
    nn_put_name(w, c->at[i].name);
    if (!is_number) {
        if (levels->n == (size_t)rows)
            nn_put(w, " is a category with another level in each row");
        else
            nn_put_format(w, " is a category with %zu levels in %" PRId64 " rows", levels->n, rows);
        nn_put(w, "; if it names the rows: ");
        nn_put_option(w, "ids", c->at[i].name);
        return;
    }
    nn_put_format(w, " is a category, though %zu of its %zu levels are numbers; if the others mean missing values, ",
                  numbers, levels->n);
    nn_put(w, "name them in ");
    nn_put_option_name(w, "missing");
}

/* Nearly all labels are whole numbers, and the others make texts of them. */
static void put_odd_label(nn_writer *w, const nn_csv_columns *c)
{
    const nn_csv_labels *labels = &c->labels;
    if (c->label == NN_CSV_NONE || !labels->odd_line || 10 * (labels->n - labels->n_whole) > labels->n)
        return;
    if (c->at[c->label].like && c->at[c->label].like->levels.n)
        return; /* which says what they are */
    nn_put(w, w->n ? "\n" : "");
    nn_put(w, c->records->source->name);
    nn_put(w, ": labels of ");
    nn_put_name(w, c->at[c->label].name);
    nn_put(w, " are texts because of ");
    nn_put(w, labels->odd);
    nn_put_format(w, " (line %" PRId64 "); %" PRId64 " of %" PRId64 " are whole numbers", labels->odd_line,
                  labels->n_whole, labels->n);
}

static void put_all_notes(nn_writer *w, const nn_csv_columns *c, const nn_levels *levels, int64_t rows)
{
    put_notes(w, c);
    for (size_t i = 0; i < c->n; i++)
        if (c->at[i].kind == NN_COLUMN_CATEGORY && !c->at[i].by && !c->at[i].like)
            put_doubt(w, c, i, &levels[i], rows);
    put_odd_label(w, c);
}

const char *nn_csv_notes(const nn_csv_columns *c, const nn_levels *levels, int64_t rows, nn_store *store)
{
    nn_writer measure = {.text = NULL};
    put_all_notes(&measure, c, levels, rows);
    char *text = measure.n ? nn_store_take(store, measure.n + 1, 1) : NULL;
    nn_writer w = {.text = text, .size = measure.n + 1};
    if (text)
        put_all_notes(&w, c, levels, rows);
    return measure.n ? text : "";
}
