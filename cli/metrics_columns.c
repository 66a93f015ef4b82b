/* The columns of the verb metrics. */
#include "metrics_run.h"

int cli_miss_predictions(void) { return cli_say(CLI_NO_MEMORY, " for the predictions"); }

static size_t want(cli_metrics_run *r, const char *option, nn_texts names, nn_column_kind kind)
{
    const size_t first = r->columns.n;
    for (size_t i = 0; i < names.n; i++)
        r->columns.at[r->columns.n++] = (cli_column){.option = option, .wanted = names.at[i], .kind = kind};
    return first;
}

int cli_read_metrics_columns(cli_metrics_run *r)
{
    const cli_settings *s = &r->a->settings;
    const bool classes = s->task == CLI_CLASSES;
    const size_t n = s->label.n + s->prediction.n + s->probabilities.n + 1;
    r->columns.at = nn_store_take(&r->a->store, n, sizeof *r->columns.at);
    if (!r->columns.at)
        return cli_miss_predictions();
    r->labels = want(r, "--label", s->label, classes ? NN_COLUMN_LABEL : NN_COLUMN_NUMBER);
    r->prediction = want(r, "--prediction", s->prediction, classes ? NN_COLUMN_CATEGORY : NN_COLUMN_NUMBER);
    r->probabilities = want(r, "--probabilities", s->probabilities, NN_COLUMN_NUMBER);
    if (s->scores)
        want(r, "--scores", (nn_texts){&s->scores, 1}, NN_COLUMN_NUMBER);
    const int status = cli_read_columns(&r->columns, r->a);
    r->outcome =
        (nn_outcome){.rows = r->columns.data.rows, .columns = 1, .element = NN_F64, .weights = r->columns.data.weights};
    return status;
}

double *cli_gather(const cli_metrics_run *r, size_t first, int64_t n)
{
    double *to = nn_store_take(&r->a->store, (size_t)r->outcome.rows, (size_t)n * sizeof *to);
    for (int64_t row = 0; to && row < r->outcome.rows; row++)
        for (int64_t j = 0; j < n; j++)
            to[row * n + j] = cli_value_at(&r->columns, first + (size_t)j, row);
    return to;
}

int cli_take_column_names(cli_metrics_run *r, size_t first, int64_t n)
{
    const char **names = nn_store_take(&r->a->store, (size_t)n, sizeof *names);
    for (int64_t i = 0; names && i < n; i++)
        names[i] = r->columns.at[first + (size_t)i].name;
    r->n = r->outcome.columns = n;
    r->names = names;
    return names ? CLI_OK : cli_miss_predictions();
}
