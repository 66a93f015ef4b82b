/* What the verb metrics takes of classes: labels, and predictions, probabilities or scores beside them. */
#include "classes.h"
#include "metrics_run.h"

/* The classes of the labels alone. */
static int find_labels(cli_metrics_run *r, cli_classes *labels)
{
    return cli_find_classes(labels, r->a, &r->columns.data) ? CLI_OK : cli_miss_predictions();
}

/* The number of each row's class. Returns false if memory is out. */
static bool number_labels(cli_metrics_run *r, const cli_classes *classes)
{
    char room[CLI_LABEL_ROOM];
    int32_t *numbers = nn_store_take(&r->a->store, (size_t)r->outcome.rows, sizeof *numbers);
    for (int64_t row = 0; numbers && row < r->outcome.rows; row++)
        numbers[row] = cli_class_of(classes, cli_label_text(&r->columns.data, row, room));
    r->outcome.labels = numbers;
    return numbers != NULL;
}

/* The number of each prediction's class. A prediction that is no class is an error. */
static int number_predictions(cli_metrics_run *r, const cli_classes *classes)
{
    const cli_column *column = &r->columns.at[r->prediction];
    int32_t *numbers = nn_store_take(&r->a->store, (size_t)r->outcome.rows, sizeof *numbers);
    for (int64_t row = 0; numbers && row < r->outcome.rows; row++) {
        const char *text = column->levels.at[(size_t)cli_value_at(&r->columns, r->prediction, row)];
        numbers[row] = cli_class_of(classes, text);
        if (numbers[row] < 0)
            return cli_say(CLI_UNKNOWN_PREDICTION, r->columns.name, cli_number(r->a, row), cli_quoted(r->a, text),
                           cli_list(r->a, classes->names, classes->n));
    }
    r->outcome.predicted = numbers;
    return numbers ? CLI_OK : cli_miss_predictions();
}

/* Whether any of the texts is a class. */
static bool has_any(const cli_classes *classes, const char *const *texts, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (cli_class_of(classes, texts[i]) >= 0)
            return true;
    return false;
}

static bool has_all(const cli_classes *classes, const char *const *texts, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (cli_class_of(classes, texts[i]) < 0)
            return false;
    return true;
}

/* Predicted classes without probabilities: all that are true or predicted somewhere. */
static int take_predictions(cli_metrics_run *r)
{
    cli_classes classes, labels;
    const nn_texts levels = r->columns.at[r->prediction].levels;
    int status = find_labels(r, &labels);
    if (status == CLI_OK)
        status = cli_add_classes(&classes, r->a, &labels, levels);
    if (status != CLI_OK)
        return status;
    if (!has_any(&labels, levels.at, (int64_t)levels.n))
        return cli_say(CLI_OTHER_CLASSES, r->columns.name, cli_list(r->a, levels.at, (int64_t)levels.n),
                       cli_list(r->a, labels.names, labels.n));
    if (classes.n < 2)
        return cli_say(CLI_ONE_CLASS_ONLY, r->columns.name, cli_quoted(r->a, classes.names[0]));
    r->names = classes.names;
    r->n = r->outcome.columns = classes.n;
    if (!number_labels(r, &classes))
        return cli_miss_predictions();
    return number_predictions(r, &classes);
}

/* The names of classes by the places of their columns: 0, 1, ... */
static int take_places(cli_metrics_run *r)
{
    const char **names = nn_store_take(&r->a->store, (size_t)r->n, sizeof *names);
    for (int64_t i = 0; names && i < r->n; i++)
        names[i] = cli_number(r->a, i);
    r->names = names;
    return names ? CLI_OK : cli_miss_predictions();
}

/* Whether labels are numbers of columns. */
static bool are_places(const cli_classes *labels, int64_t n)
{
    int64_t number;
    for (int64_t i = 0; i < labels->n; i++)
        if (!cli_is_whole(labels->names[i], &number) || number < 0 || number >= n)
            return false;
    return true;
}

/* Which column of probabilities is which class: the one of its name. Without any such name they are in the order of
 * whole numbers from 0 on; so too without a header, where names are places. */
static int match_columns(cli_metrics_run *r, cli_classes *classes, const cli_classes *labels)
{
    int status = cli_take_column_names(r, r->probabilities, (int64_t)r->a->settings.probabilities.n);
    if (status == CLI_OK)
        status = cli_name_classes(classes, r->a, r->names, r->n);
    const bool has_names = !cli_given(r->a, "no-header");
    if (status != CLI_OK || (has_names && has_all(classes, labels->names, labels->n)))
        return status;
    if ((has_names && has_any(classes, labels->names, labels->n)) || !are_places(labels, r->n))
        return cli_say(CLI_NO_CLASS_COLUMN, r->columns.name, cli_list(r->a, labels->names, labels->n),
                       cli_list(r->a, r->names, r->n));
    status = take_places(r);
    return status == CLI_OK ? cli_name_classes(classes, r->a, r->names, r->n) : status;
}

static int take_probabilities(cli_metrics_run *r)
{
    cli_classes classes, labels;
    int status = find_labels(r, &labels);
    if (status == CLI_OK)
        status = match_columns(r, &classes, &labels);
    if (status != CLI_OK)
        return status;
    r->outcome.probabilities = cli_gather(r, r->probabilities, r->n);
    if (!r->outcome.probabilities || !number_labels(r, &classes))
        return cli_miss_predictions();
    return r->a->settings.prediction.n ? number_predictions(r, &classes) : CLI_OK;
}

/* ---- Scores ------------------------------------------------------------------------------------------------------ */

/* The two classes that scores tell apart. Labels of 0 and 1 are both there, whichever occur. */
static int take_scores(cli_metrics_run *r)
{
    static const char *const numbers[] = {"0", "1"};
    cli_classes classes;
    r->outcome.task = NN_SCORES;
    r->outcome.scores = cli_gather(r, r->labels + 1, 1);
    int status = r->outcome.scores ? find_labels(r, &classes) : cli_miss_predictions();
    if (status == CLI_OK && are_places(&classes, 2))
        status = cli_name_classes(&classes, r->a, numbers, 2);
    if (status != CLI_OK)
        return status;
    if (classes.n != 2)
        return cli_say(CLI_NOT_TWO_CLASSES, r->columns.name, cli_quoted(r->a, r->columns.at[r->labels].name),
                       cli_list(r->a, classes.names, classes.n));
    r->n = 2;
    r->names = classes.names;
    cli_say(CLI_SECOND_CLASS, r->columns.name, cli_quoted(r->a, classes.names[1]));
    return number_labels(r, &classes) ? CLI_OK : cli_miss_predictions();
}

/* ---- The call ---------------------------------------------------------------------------------------------------- */

int cli_take_class_outcome(cli_metrics_run *r)
{
    const cli_settings *s = &r->a->settings;
    return s->scores ? take_scores(r) : s->probabilities.n ? take_probabilities(r) : take_predictions(r);
}
