/* The rows that a fit has in memory. */
#include <inttypes.h>

#include "../data/columns.h"
#include "../data/data_check.h"
#include "../data/feed.h"
#include "fit.h"

/* Missing values where they are refused. */
static ad_status check_missing(const nn_fit *f)
{
    const int64_t *missing = nn_feed_missing(f->whole.feed);
    if (f->e->options.impute != NN_IMPUTE_REFUSE)
        return AD_OK;
    for (int64_t j = 0; j < f->whole.columns; j++) {
        char text[200], option[NN_OPTION_TEXT];
        nn_writer w = nn_writer_into(text, sizeof text);
        if (missing[j] == 0)
            continue;
        nn_put_feature(&w, &f->whole.schema, j);
        return nn_estimator_fail(f->e, AD_NOT_FINITE,
                                 "fit: %s: %" PRId64 " of %" PRId64 " values are missing; %s fills them", text,
                                 missing[j], f->whole.rows, nn_option_text(option, "impute", "mean"));
    }
    return AD_OK;
}

static bool is_as_given(const nn_data *data, const nn_data *own)
{
    return data->rows == own->rows && data->columns == own->columns && data->element == own->element &&
           data->n_targets == own->n_targets && data->target_element == own->target_element &&
           data->schema.at == own->schema.at && data->schema.n == own->schema.n && !data->features && !data->labels &&
           !data->label_texts && !data->targets && !data->weights && !data->ids && !data->index && !data->array_rows;
}

/* What a feed does not go together with. */
static ad_status check_plan(const nn_fit *f)
{
    const nn_optimiser *rule = f->e->options.optimiser.rule;
    char share[NN_OPTION_TEXT], data[NN_OPTION_TEXT];
    if (f->options->validation_share > 0)
        return nn_estimator_fail(f->e, AD_BAD_VALUE, "fit: %s: no rows of a feed can be held out: give data as %s",
                                 nn_option_text(share, "validation_share", NULL),
                                 nn_option_text(data, "validation", NULL));
    if (rule->search)
        return nn_estimator_fail(f->e, AD_BAD_VALUE,
                                 "fit: %s takes all rows at once, and a feed gives windows: use another optimiser, or "
                                 "data in memory",
                                 rule->name);
    if (f->truth->head->task == NN_LABELS)
        return nn_estimator_fail(f->e, AD_BAD_VALUE, "fit: a feed has one label for each row, and %s takes several",
                                 f->truth->head->name);
    return AD_OK;
}

/* What the table must have. */
static ad_status check_content(const nn_fit *f)
{
    const nn_feed *feed = f->whole.feed;
    char option[NN_OPTION_TEXT];
    if (f->truth->head->task == NN_CLASSES && nn_feed_labels(feed).rows == 0)
        return nn_estimator_fail(f->e, AD_BAD_VALUE,
                                 "fit: the feed has no labels: give %s among the options of the table",
                                 nn_option_text(option, "label", NULL));
    if (f->truth->head->task == NN_REGRESSION && !nn_feed_ends(feed).targets)
        return nn_estimator_fail(f->e, AD_BAD_VALUE,
                                 "fit: the feed has no targets: give %s among the options of the table",
                                 nn_option_text(option, "targets", NULL));
    if ((float)nn_feed_largest_weight(feed) == 0)
        return nn_estimator_fail(f->e, AD_BAD_VALUE, "fit: all weights are 0 in f32: give some rows a larger weight");
    return check_missing(f);
}

ad_status nn_check_feed(const nn_fit *f)
{
    nn_feed *feed = f->whole.feed;
    if (!feed || f->e->options_are_bad)
        return AD_OK;
    const nn_data own = nn_feed_data(feed);
    if (nn_feed_status(feed) != AD_OK)
        return nn_estimator_fail(f->e, nn_feed_status(feed), "fit: %s", nn_feed_message(feed));
    if (!is_as_given(&f->whole, &own))
        return nn_estimator_fail(f->e, AD_BAD_VALUE,
                                 "fit: the data are not as nn_feed_data gave them: a fit takes all rows of a feed");
    const ad_status status = check_plan(f);
    return status == AD_OK ? check_content(f) : status;
}

ad_status nn_plan_windows(nn_fit *f)
{
    if (!f->whole.feed)
        return AD_OK;
    const int64_t most = nn_feed_default_window(f->whole.feed);
    f->window.rows = most < f->whole.rows ? most / f->batch * f->batch : f->whole.rows;
    f->window.truth = *f->truth;
    char option[NN_OPTION_TEXT];
    if (f->window.rows > 0)
        return AD_OK;
    return nn_estimator_fail(f->e, AD_BAD_VALUE,
                             "fit: the window of the feed has %" PRId64 " rows, and a batch %" PRId64
                             ": open the feed with a larger window, or make %s smaller",
                             most, f->batch, nn_option_text(option, "batch_size", NULL));
}

int64_t nn_window_begin(const nn_fit *f, nn_cursor at)
{
    if (f->window.rows == 0)
        return 0;
    const int64_t begin = at.place / f->window.rows * f->window.rows;
    const bool is_rest = begin > 0 && at.rows - begin < f->least; /* it joined the window before */
    return is_rest ? begin - f->window.rows : begin;
}

int64_t nn_window_rows(const nn_fit *f, int64_t begin)
{
    const int64_t left = f->whole.rows - begin;
    return f->window.rows == 0 || left - f->window.rows < f->least ? left : f->window.rows;
}

/* Finds the classes of the rows in memory. */
static ad_status take_classes(nn_fit *f)
{
    char mistake[400];
    nn_window *w = &f->window;
    ad_status status = AD_OK;
    if (w->truth.vocabulary &&
        !nn_vocabulary_encode(w->truth.vocabulary, &f->data, w->classes, mistake, sizeof mistake))
        status = AD_BAD_VALUE;
    if (status == AD_OK)
        status = nn_classes_check(&f->data, w->truth.classes, w->truth.k, mistake, sizeof mistake);
    return status == AD_OK ? AD_OK : nn_estimator_fail(f->e, status, "fit: a window of the feed: %s", mistake);
}

static ad_status make_room(nn_fit *f, int64_t rows)
{
    nn_window *w = &f->window;
    if (w->room >= rows || !w->truth.vocabulary)
        return AD_OK;
    ad_memory_release(&f->e->memory, w->classes, (size_t)w->room, sizeof *w->classes);
    w->classes = ad_memory_take(&f->e->memory, (size_t)rows, sizeof *w->classes);
    w->room = w->classes ? rows : 0;
    return w->classes
               ? AD_OK
               : nn_estimator_fail(f->e, AD_NO_MEMORY, "fit: memory is out for the classes of %" PRId64 " rows", rows);
}

ad_status nn_take_window(nn_fit *f, nn_cursor at)
{
    nn_window *w = &f->window;
    if (!f->whole.feed)
        return AD_OK;
    const int64_t begin = nn_window_begin(f, at), rows = nn_window_rows(f, begin);
    ad_status status = make_room(f, rows);
    if (status != AD_OK)
        return status;
    f->data = nn_feed_window(f->whole.feed, begin, rows); /* a callback may have taken another */
    if (f->data.rows == 0)
        return nn_estimator_fail(f->e, nn_feed_status(f->whole.feed), "fit: %s", nn_feed_message(f->whole.feed));
    f->truth = &w->truth;
    if (w->truth.head->task != NN_CLASSES)
        return AD_OK;
    w->truth.classes = w->truth.vocabulary ? w->classes : f->data.labels;
    status = w->is_taken && w->begin == begin ? AD_OK : take_classes(f);
    w->is_taken = status == AD_OK;
    w->begin = begin;
    return status;
}

void nn_release_window(nn_fit *f)
{
    ad_memory_release(&f->e->memory, f->window.classes, (size_t)f->window.room, sizeof *f->window.classes);
    f->window.classes = NULL;
}
