/* Labels of tables as text. */
#include "csv_labels.h"

#include <string.h>

#include "unknown_class.h"

/* ---- Those that `like` does not know ----------------------------------------------------------------------------- */

bool nn_csv_is_unknown_label(const nn_csv_columns *c, size_t i, const nn_levels *levels)
{
    const nn_column *like = c->at[i].like;
    const nn_csv_field f = c->records->fields[i];
    return like && like->levels.n && nn_levels_find(levels, f.at, f.n) == UINT32_MAX;
}

static const char *class_at(int i, const void *context, char number[NN_CLASS_NUMBER])
{
    const nn_texts *classes = context;
    (void)number;
    return (size_t)i < classes->n ? classes->at[i] : NULL;
}

/* test.csv:40: class "grey" was not in the training data (red, green, blue); ... */
void nn_csv_put_unknown_label(nn_writer *w, const nn_csv_columns *c, size_t i)
{
    const nn_csv_field f = c->records->fields[i];
    nn_csv_put_line(w, c->records, nn_csv_line_of(c->records, i));
    nn_put_unknown_class(
        w, &(nn_unknown_class){.label = f.at, .n = f.n, .name = class_at, .context = &c->at[i].like->levels});
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
    labels->odd_line = nn_csv_line_of(c->records, i);
    nn_show_bytes(labels->odd, f.at, f.n);
    labels->odd[0] = labels->odd[strlen(labels->odd) - 1] = '"'; /* as names are */
}
