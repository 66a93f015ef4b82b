/* The verb metrics: how well predictions of any program meet what is true. */
#include "data.h"
#include "figures.h"
#include "metrics_run.h"
#include "verbs.h"

static const char *first_of(nn_texts list) { return list.n ? list.at[0] : NULL; }

/* ---- Wrong use --------------------------------------------------------------------------------------------------- */

/* What was predicted is in columns of one kind; classes may stand beside their probabilities. */
static int check_options(cli_arguments *a)
{
    const cli_settings *s = &a->settings;
    const bool has_pair = s->task == CLI_CLASSES && s->prediction.n && s->probabilities.n && !s->scores;
    const int n = (s->prediction.n > 0) + (s->probabilities.n > 0) + (s->scores != NULL);
    if (!s->data)
        return cli_miss(a, "data");
    if (s->input != CLI_AUTO && s->input != CLI_CSV)
        return cli_say(CLI_NO_TABLE, cli_input_name((int)s->input));
    if (!s->label.n)
        return cli_miss(a, "label");
    if (n == 0)
        return cli_say(CLI_NO_PREDICTION, s->data);
    if (n > 1 && !has_pair)
        return cli_say(CLI_BOTH, s->prediction.n ? "--prediction" : "--probabilities",
                       s->scores ? "--scores" : "--probabilities");
    return CLI_OK;
}

/* Each label or target has a column of its own that says what was predicted. */
static int check_pairs(cli_arguments *a, const char *option, nn_texts predicted)
{
    const cli_settings *s = &a->settings;
    const char *given = s->scores ? "--scores" : s->prediction.n ? "--prediction" : "--probabilities";
    if (!predicted.n)
        return cli_say(CLI_OTHER_TASK, cli_task_name((int)s->task), option, given);
    if (predicted.n != s->label.n)
        return cli_say(CLI_UNEQUAL_LISTS, cli_count(a, (int64_t)s->label.n), option,
                       cli_count(a, (int64_t)predicted.n));
    return CLI_OK;
}

static int check_classes(cli_arguments *a)
{
    const cli_settings *s = &a->settings;
    if (s->label.n > 1)
        return cli_say(CLI_SEVERAL_LABELS, cli_count(a, (int64_t)s->label.n));
    if (s->prediction.n > 1)
        return cli_say(CLI_SEVERAL_PREDICTIONS, cli_count(a, (int64_t)s->prediction.n));
    if (s->probabilities.n == 1)
        return cli_say(CLI_ONE_PROBABILITY, first_of(s->probabilities));
    return CLI_OK;
}

static int check_use(cli_arguments *a)
{
    const int status = check_options(a);
    if (status != CLI_OK)
        return status;
    switch (a->settings.task) {
    case CLI_LABELS: return check_pairs(a, "--probabilities", a->settings.probabilities);
    case CLI_REGRESSION: return check_pairs(a, "--prediction", a->settings.prediction);
    default: return check_classes(a);
    }
}

/* ---- Several labels, regression ---------------------------------------------------------------------------------- */

/* The labels of a task of several, each 0 or 1. */
static int take_flags(cli_metrics_run *r)
{
    const nn_data data = {.rows = r->outcome.rows, .targets = cli_gather(r, r->labels, r->n), .target_element = NN_F64};
    const cli_data d = {.name = r->columns.name, .data = data, .label_names = r->names, .n_labels = r->n};
    int32_t *flags = nn_store_take(&r->a->store, (size_t)r->outcome.rows, (size_t)r->n * sizeof *flags);
    r->outcome.labels = flags;
    return flags && data.targets ? cli_read_flags(flags, r->a, &d) : cli_miss_predictions();
}

static int take_labels(cli_metrics_run *r)
{
    r->outcome.task = NN_LABELS;
    r->outcome.probabilities = cli_gather(r, r->probabilities, r->n);
    return r->outcome.probabilities ? take_flags(r) : cli_miss_predictions();
}

static int take_targets(cli_metrics_run *r)
{
    r->outcome.task = NN_REGRESSION;
    r->outcome.targets = cli_gather(r, r->labels, r->n);
    r->outcome.predictions = cli_gather(r, r->prediction, r->n);
    return r->outcome.targets && r->outcome.predictions ? CLI_OK : cli_miss_predictions();
}

/* ---- The verb ---------------------------------------------------------------------------------------------------- */

static int take_outcome(cli_metrics_run *r)
{
    const cli_settings *s = &r->a->settings;
    if (s->task == CLI_CLASSES)
        return cli_take_class_outcome(r);
    const int status = cli_take_column_names(r, r->labels, (int64_t)s->label.n);
    if (status != CLI_OK)
        return status;
    return s->task == CLI_LABELS ? take_labels(r) : take_targets(r);
}

static int print(const cli_metrics_run *r)
{
    nn_metrics *metrics = nn_metrics_open(&r->outcome, NULL);
    const cli_figures figures = {.metrics = metrics,
                                 .task = r->outcome.task,
                                 .rows = r->outcome.rows,
                                 .n = r->n,
                                 .names = r->names,
                                 .has_weights = r->outcome.weights != NULL};
    const int status = cli_print_figures(r->a, &figures);
    nn_metrics_close(metrics);
    return status;
}

int cli_metrics(cli_arguments *a)
{
    cli_metrics_run r = {.a = a};
    int status = check_use(a);
    if (status == CLI_OK)
        status = cli_read_metrics_columns(&r);
    if (status == CLI_OK)
        status = take_outcome(&r);
    if (status == CLI_OK)
        status = print(&r);
    cli_close_columns(&r.columns);
    return status;
}
