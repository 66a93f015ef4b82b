/* The verb metrics: how well predictions of any program meet what is true. */
#include <stdio.h>
#include <string.h>

#include "columns.h"
#include "figures.h"
#include "verbs.h"
#include "vocabulary.h"

/* A run of the verb. */
typedef struct run {
    cli_arguments *a;
    cli_columns columns;
    size_t labels, prediction, probabilities; /* where these columns begin */
    int64_t n;                                /* classes, labels or targets */
    const char *const *names;
    nn_outcome outcome;
} run;

static int miss_memory(void) { return cli_say(CLI_NO_MEMORY, " for the predictions"); }

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

/* ---- Columns ----------------------------------------------------------------------------------------------------- */

static size_t want(run *r, const char *option, nn_texts names, nn_column_kind kind)
{
    const size_t first = r->columns.n;
    for (size_t i = 0; i < names.n; i++)
        r->columns.at[r->columns.n++] = (cli_column){.option = option, .wanted = names.at[i], .kind = kind};
    return first;
}

static int read_columns(run *r)
{
    const cli_settings *s = &r->a->settings;
    const bool classes = s->task == CLI_CLASSES;
    const size_t n = s->label.n + s->prediction.n + s->probabilities.n + 1;
    r->columns.at = nn_store_take(&r->a->store, n, sizeof *r->columns.at);
    if (!r->columns.at)
        return miss_memory();
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

/* Copies columns side by side, [rows, n]; NULL if memory is out. */
static double *gather(const run *r, size_t first, int64_t n)
{
    double *to = nn_store_take(&r->a->store, (size_t)r->outcome.rows, (size_t)n * sizeof *to);
    for (int64_t row = 0; to && row < r->outcome.rows; row++)
        for (int64_t j = 0; j < n; j++)
            to[row * n + j] = cli_value_at(&r->columns, first + (size_t)j, row);
    return to;
}

static int take_names(run *r, size_t first, int64_t n)
{
    const char **names = nn_store_take(&r->a->store, (size_t)n, sizeof *names);
    for (int64_t i = 0; names && i < n; i++)
        names[i] = r->columns.at[first + (size_t)i].name;
    r->n = r->outcome.columns = n;
    r->names = names;
    return names ? CLI_OK : miss_memory();
}

/* ---- Several labels, regression ---------------------------------------------------------------------------------- */

/* The labels of a task of several, each 0 or 1. */
static int take_flags(run *r)
{
    int32_t *flags = nn_store_take(&r->a->store, (size_t)r->outcome.rows, (size_t)r->n * sizeof *flags);
    for (int64_t row = 0; flags && row < r->outcome.rows; row++)
        for (int64_t j = 0; j < r->n; j++) {
            const double x = cli_value_at(&r->columns, r->labels + (size_t)j, row);
            if (x != 0 && x != 1)
                return cli_say(CLI_NOT_A_FLAG, r->columns.name, cli_text(r->a, "%lld", (long long)row),
                               cli_quoted(r->a, r->names[j]), cli_text(r->a, "%g", x));
            flags[row * r->n + j] = x == 1;
        }
    r->outcome.labels = flags;
    return flags ? CLI_OK : miss_memory();
}

static int take_labels(run *r)
{
    r->outcome.task = NN_LABELS;
    r->outcome.probabilities = gather(r, r->probabilities, r->n);
    return r->outcome.probabilities ? take_flags(r) : miss_memory();
}

static int take_targets(run *r)
{
    r->outcome.task = NN_REGRESSION;
    r->outcome.targets = gather(r, r->labels, r->n);
    r->outcome.predictions = gather(r, r->prediction, r->n);
    return r->outcome.targets && r->outcome.predictions ? CLI_OK : miss_memory();
}

/* ---- Classes ----------------------------------------------------------------------------------------------------- */

/* Adds the different labels to texts, of which there is room for as many as there are rows. Returns how many. */
static int64_t add_labels(const run *r, const char **texts)
{
    const nn_data *data = &r->columns.data;
    const nn_texts levels = r->columns.at[r->labels].levels;
    char room[CLI_LABEL_ROOM];
    int64_t n = 0;
    if (data->label_texts && levels.n) {
        for (size_t i = 0; i < levels.n; i++)
            texts[n++] = levels.at[i];
        return n;
    }
    for (int64_t row = 0; row < data->rows; row++) {
        const char *text = cli_label_text(data, row, room);
        if (row == 0 || strcmp(text, texts[n - 1]) != 0)
            texts[n++] = data->label_texts ? text : cli_text(r->a, "%s", text);
    }
    return n;
}

/* The classes of the labels alone, or of labels and predictions. */
static int collect(run *r, cli_vocabulary *classes, bool with_predictions)
{
    const nn_texts levels = with_predictions ? r->columns.at[r->prediction].levels : (nn_texts){.n = 0};
    const char **texts = nn_store_take(&r->a->store, (size_t)r->outcome.rows + levels.n, sizeof *texts);
    if (!texts)
        return miss_memory();
    int64_t n = add_labels(r, texts);
    for (size_t i = 0; i < levels.n; i++)
        texts[n++] = levels.at[i];
    return cli_collect_vocabulary(classes, r->a, texts, n);
}

/* The number of each row's class. Returns false if memory is out. */
static bool number_labels(run *r, const cli_vocabulary *classes)
{
    char room[CLI_LABEL_ROOM];
    int32_t *numbers = nn_store_take(&r->a->store, (size_t)r->outcome.rows, sizeof *numbers);
    for (int64_t row = 0; numbers && row < r->outcome.rows; row++)
        numbers[row] = cli_class_of(classes, cli_label_text(&r->columns.data, row, room));
    r->outcome.labels = numbers;
    return numbers != NULL;
}

/* The number of each prediction's class. A prediction that is no class is an error. */
static int number_predictions(run *r, const cli_vocabulary *classes)
{
    const cli_column *column = &r->columns.at[r->prediction];
    int32_t *numbers = nn_store_take(&r->a->store, (size_t)r->outcome.rows, sizeof *numbers);
    for (int64_t row = 0; numbers && row < r->outcome.rows; row++) {
        const char *text = column->levels.at[(size_t)cli_value_at(&r->columns, r->prediction, row)];
        numbers[row] = cli_class_of(classes, text);
        if (numbers[row] < 0)
            return cli_say(CLI_UNKNOWN_PREDICTION, r->columns.name, cli_text(r->a, "%lld", (long long)row),
                           cli_quoted(r->a, text), cli_list(r->a, classes->at, classes->n));
    }
    r->outcome.predicted = numbers;
    return numbers ? CLI_OK : miss_memory();
}

/* Whether any of the texts is a class. */
static bool has_any(const cli_vocabulary *classes, const char *const *texts, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (cli_class_of(classes, texts[i]) >= 0)
            return true;
    return false;
}

static bool has_all(const cli_vocabulary *classes, const char *const *texts, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (cli_class_of(classes, texts[i]) < 0)
            return false;
    return true;
}

/* Predicted classes without probabilities: all that are true or predicted somewhere. */
static int take_predictions(run *r)
{
    cli_vocabulary classes, labels;
    const nn_texts levels = r->columns.at[r->prediction].levels;
    int status = collect(r, &labels, false);
    if (status == CLI_OK)
        status = collect(r, &classes, true);
    if (status != CLI_OK)
        return status;
    if (!has_any(&labels, levels.at, (int64_t)levels.n))
        return cli_say(CLI_OTHER_CLASSES, r->columns.name, cli_list(r->a, levels.at, (int64_t)levels.n),
                       cli_list(r->a, labels.at, labels.n));
    if (classes.n < 2)
        return cli_say(CLI_ONE_CLASS_ONLY, r->columns.name, cli_quoted(r->a, classes.at[0]));
    r->names = classes.at;
    r->n = r->outcome.columns = classes.n;
    if (!number_labels(r, &classes))
        return miss_memory();
    return number_predictions(r, &classes);
}

/* The names of classes by the places of their columns: 0, 1, ... */
static int take_places(run *r)
{
    const char **names = nn_store_take(&r->a->store, (size_t)r->n, sizeof *names);
    for (int64_t i = 0; names && i < r->n; i++)
        names[i] = cli_text(r->a, "%lld", (long long)i);
    r->names = names;
    return names ? CLI_OK : miss_memory();
}

/* Whether labels are numbers of columns. */
static bool are_places(const cli_vocabulary *labels, int64_t n)
{
    int64_t number;
    for (int64_t i = 0; i < labels->n; i++)
        if (!cli_is_whole(labels->at[i], &number) || number < 0 || number >= n)
            return false;
    return true;
}

/* Which column of probabilities is which class: the one of its name. Without any such name they are in the order of
 * whole numbers from 0 on; so too without a header, where names are places. */
static int match_columns(run *r, cli_vocabulary *classes, const cli_vocabulary *labels)
{
    int status = take_names(r, r->probabilities, (int64_t)r->a->settings.probabilities.n);
    if (status == CLI_OK)
        status = cli_make_vocabulary(classes, r->a, r->names, r->n);
    const bool has_names = !cli_given(r->a, "no-header");
    if (status != CLI_OK || (has_names && has_all(classes, labels->at, labels->n)))
        return status;
    if ((has_names && has_any(classes, labels->at, labels->n)) || !are_places(labels, r->n))
        return cli_say(CLI_NO_CLASS_COLUMN, r->columns.name, cli_list(r->a, labels->at, labels->n),
                       cli_list(r->a, r->names, r->n));
    status = take_places(r);
    return status == CLI_OK ? cli_make_vocabulary(classes, r->a, r->names, r->n) : status;
}

static int take_probabilities(run *r)
{
    cli_vocabulary classes, labels;
    int status = collect(r, &labels, false);
    if (status == CLI_OK)
        status = match_columns(r, &classes, &labels);
    if (status != CLI_OK)
        return status;
    r->outcome.probabilities = gather(r, r->probabilities, r->n);
    if (!r->outcome.probabilities || !number_labels(r, &classes))
        return miss_memory();
    return r->a->settings.prediction.n ? number_predictions(r, &classes) : CLI_OK;
}

/* ---- Scores ------------------------------------------------------------------------------------------------------ */

/* The two classes that scores tell apart. Labels of 0 and 1 are both there, whichever occur. */
static int take_scores(run *r)
{
    static const char *const numbers[] = {"0", "1"};
    cli_vocabulary classes;
    r->outcome.task = NN_SCORES;
    r->outcome.scores = gather(r, r->labels + 1, 1);
    int status = r->outcome.scores ? collect(r, &classes, false) : miss_memory();
    if (status == CLI_OK && are_places(&classes, 2))
        status = cli_make_vocabulary(&classes, r->a, numbers, 2);
    if (status != CLI_OK)
        return status;
    if (classes.n != 2)
        return cli_say(CLI_NOT_TWO_CLASSES, r->columns.name, cli_quoted(r->a, r->columns.at[r->labels].name),
                       cli_list(r->a, classes.at, classes.n));
    r->n = 2;
    r->names = classes.at;
    cli_say(CLI_SECOND_CLASS, r->columns.name, cli_quoted(r->a, classes.at[1]));
    return number_labels(r, &classes) ? CLI_OK : miss_memory();
}

/* ---- The verb ---------------------------------------------------------------------------------------------------- */

static int take_outcome(run *r)
{
    const cli_settings *s = &r->a->settings;
    if (s->task == CLI_CLASSES)
        return s->scores ? take_scores(r) : s->probabilities.n ? take_probabilities(r) : take_predictions(r);
    const int status = take_names(r, r->labels, (int64_t)s->label.n);
    if (status != CLI_OK)
        return status;
    return s->task == CLI_LABELS ? take_labels(r) : take_targets(r);
}

static int print(const run *r)
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
    run r = {.a = a};
    int status = check_use(a);
    if (status == CLI_OK)
        status = read_columns(&r);
    if (status == CLI_OK)
        status = take_outcome(&r);
    if (status == CLI_OK)
        status = print(&r);
    cli_close_columns(&r.columns);
    return status;
}
