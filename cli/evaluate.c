/* The verb evaluate: how well a model predicts data with labels. */
#include "classes.h"
#include "figures.h"
#include "model.h"
#include "verbs.h"

/* What is evaluated. */
typedef struct evaluated {
    cli_arguments *a;
    const cli_model *model;
    const cli_data *read;
    const nn_data *data;
    int64_t n; /* classes, labels or targets */
    const char **names;
    nn_outcome outcome;
} evaluated;

static int miss_memory(void) { return cli_say(CLI_NO_MEMORY, " for the predictions"); }

/* Room for so many numbers for each row. */
static void *take(const evaluated *e, int64_t columns, size_t bytes)
{
    size_t row;
    return ad_multiply_sizes((size_t)columns, bytes, &row) ? nn_store_take(&e->a->store, (size_t)e->data->rows, row)
                                                           : NULL;
}

static int take_names(evaluated *e)
{
    e->n = e->model->n_outputs;
    e->names = nn_store_take(&e->a->store, (size_t)e->n, sizeof *e->names);
    if (!e->names)
        return miss_memory();
    const bool has_columns = e->model->task != CLI_CLASSES && e->read->label_names && e->read->n_labels == e->n;
    for (int64_t i = 0; i < e->n; i++)
        e->names[i] = has_columns ? e->read->label_names[i] : cli_output_name_at(e->model, e->a, i);
    return CLI_OK;
}

/* ---- What is true ------------------------------------------------------------------------------------------------ */

static int refuse_label(const evaluated *e, int64_t row, const char *text, int64_t unseen)
{
    return cli_say(CLI_UNSEEN_CLASS, e->a->settings.data, cli_number(e->a, row), cli_quoted(e->a, text),
                   cli_list(e->a, e->names, e->n), cli_count(e->a, unseen), unseen == 1 ? "row has" : "rows have");
}

/* The number of each row's class. */
static int take_classes(evaluated *e)
{
    cli_classes classes;
    char room[CLI_LABEL_ROOM];
    int64_t unseen = 0, first = 0;
    int32_t *numbers = take(e, 1, sizeof *numbers);
    const int status = numbers ? cli_name_classes(&classes, e->a, e->names, e->n) : miss_memory();
    for (int64_t row = 0; status == CLI_OK && row < e->data->rows; row++) {
        numbers[row] = cli_class_of(&classes, cli_label_text(e->data, row, room));
        first = numbers[row] < 0 && unseen++ == 0 ? row : first;
    }
    e->outcome.labels = numbers;
    return unseen ? refuse_label(e, first, cli_label_text(e->data, first, room), unseen) : status;
}

/* Targets as f64, which predictions become too. */
static int take_targets(evaluated *e)
{
    double *targets = take(e, e->n, sizeof *targets);
    const size_t count = (size_t)(e->data->rows * e->n);
    if (!targets)
        return miss_memory();
    for (size_t i = 0; i < count; i++)
        targets[i] = cli_number_at(e->data->targets, e->data->target_element, (int64_t)i);
    e->outcome.targets = targets;
    e->outcome.element = NN_F64;
    return CLI_OK;
}

/* ---- What is predicted ------------------------------------------------------------------------------------------- */

static int predict_probabilities(evaluated *e)
{
    float *probabilities = take(e, e->n, sizeof *probabilities);
    if (!probabilities)
        return miss_memory();
    e->outcome.probabilities = probabilities;
    const ad_status status = nn_classifier_predict_proba(e->model->c, e->data, probabilities);
    return status == AD_OK ? CLI_OK : cli_fail_text(CLI_FAILED, cli_model_message(e->model));
}

static int predict_targets(evaluated *e)
{
    float *targets = take(e, e->n, sizeof *targets);
    double *predictions = take(e, e->n, sizeof *predictions);
    if (!targets || !predictions)
        return miss_memory();
    if (nn_regressor_predict(e->model->r, e->data, targets) != AD_OK)
        return cli_fail_text(CLI_FAILED, cli_model_message(e->model));
    for (size_t i = 0; i < (size_t)(e->data->rows * e->n); i++)
        predictions[i] = (double)targets[i];
    e->outcome.predictions = predictions;
    return CLI_OK;
}

/* ---- The verb ---------------------------------------------------------------------------------------------------- */

/* Fills in the outcome. Returns a status. */
static int make_outcome(evaluated *e)
{
    int status = take_names(e);
    e->outcome = (nn_outcome){.rows = e->data->rows, .columns = e->n, .weights = e->data->weights};
    if (status != CLI_OK)
        return status;
    switch (e->model->task) {
    case CLI_REGRESSION:
        e->outcome.task = NN_REGRESSION;
        status = take_targets(e);
        return status == CLI_OK ? predict_targets(e) : status;
    case CLI_LABELS:
        e->outcome.task = NN_LABELS;
        e->outcome.labels = e->data->labels;
        return predict_probabilities(e);
    default:
        e->outcome.task = NN_CLASSES;
        status = take_classes(e);
        return status == CLI_OK ? predict_probabilities(e) : status;
    }
}

static int print(const evaluated *e)
{
    const nn_evaluation evaluation = cli_evaluate_model(e->model, e->data);
    if (evaluation.status != AD_OK)
        return cli_fail_text(CLI_FAILED, cli_model_message(e->model));
    nn_metrics *metrics = nn_metrics_open(&e->outcome, NULL);
    const cli_figures figures = {.metrics = metrics,
                                 .task = e->outcome.task,
                                 .rows = e->outcome.rows,
                                 .n = e->n,
                                 .names = e->names,
                                 .has_weights = e->outcome.weights != NULL,
                                 .evaluation = &evaluation};
    const int status = cli_print_figures(e->a, &figures);
    nn_metrics_close(metrics);
    return status;
}

int cli_evaluate(cli_arguments *a)
{
    cli_model model = {.path = NULL};
    cli_data data = {.name = NULL};
    int status = cli_load_model(&model, a);
    if (status == CLI_OK)
        status = cli_read_data_for(&data, a, &model, true);
    evaluated e = {.a = a, .model = &model, .read = &data, .data = &data.data};
    if (status == CLI_OK)
        status = make_outcome(&e);
    if (status == CLI_OK)
        status = print(&e);
    cli_close_data(&data, a);
    cli_close_model(&model);
    return status;
}
