/* Labels of tables as text. */
#include "csv_labels.h"

#include <inttypes.h>
#include <string.h>

/* ---- Those that `like` does not know ----------------------------------------------------------------------------- */

bool nn_csv_is_unknown_label(const nn_csv_columns *c, size_t i)
{
    const nn_column *like = c->at[i].like;
    const nn_csv_field f = c->records->fields[i];
    if (!like || like->levels.n == 0)
        return false;
    for (size_t k = 0; k < like->levels.n; k++)
        if (strlen(like->levels.at[k]) == f.n && memcmp(like->levels.at[k], f.at, f.n) == 0)
            return false;
    return true;
}

/* In double quotes, as names are. */
static void put_quoted(nn_writer *w, nn_csv_field f)
{
    char shown[NN_SHOWN_BYTES];
    nn_show_bytes(shown, f.at, f.n);
    shown[0] = shown[strlen(shown) - 1] = '"';
    nn_put(w, shown);
}

/* test.csv:40: class "grey" was not in the training data (red, green, blue); ... */
void nn_csv_put_unknown_label(nn_writer *w, const nn_csv_columns *c, size_t i)
{
    enum { SHOWN = 10 };
    const nn_texts classes = c->at[i].like->levels;
    nn_csv_put_line(w, c->records, nn_csv_line_of(c->records, i));
    nn_put(w, "class ");
    put_quoted(w, c->records->fields[i]);
    nn_put(w, " was not in the training data (");
    for (size_t k = 0; k < classes.n && k < SHOWN; k++) {
        nn_put(w, k ? ", " : "");
        nn_put_shown(w, classes.at[k]);
    }
    nn_put(w, classes.n > SHOWN ? ", ...)" : ")");
    nn_put(w, "; mend the label or leave the row out, or predict without labels");
    if (nn_has_option_form())
        return; /* a prediction of the program's looks at none */
    nn_put(w, ": ");
    nn_put_option(w, "ignored", c->at[i].name);
}

/* ---- Whole numbers and others ------------------------------------------------------------------------------------ */

bool nn_csv_is_whole_label(const char *text, size_t n, int32_t *number)
{
    int64_t whole;
    if (!nn_is_whole(text, n, &whole) || whole < INT32_MIN || whole > INT32_MAX)
        return false;
    *number = (int32_t)whole;
    return true;
}

void nn_csv_count_label(nn_csv_columns *c, size_t i)
{
    int32_t number;
    const nn_csv_field f = c->records->fields[i];
    nn_csv_labels *labels = &c->labels;
    labels->n++;
    if (nn_csv_is_whole_label(f.at, f.n, &number)) {
        labels->n_whole++;
        return;
    }
    if (labels->odd_line)
        return;
    nn_writer w = nn_writer_into(labels->odd, sizeof labels->odd);
    labels->odd_line = nn_csv_line_of(c->records, i);
    put_quoted(&w, f);
}

void nn_csv_put_odd_label(nn_writer *w, const nn_csv_columns *c)
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
