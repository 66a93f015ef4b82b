/* gradtape predict: what a model predicts for each row. All of it is computed before the first line is written, so that
 * an error leaves no half of a result. */
#include <string.h>

#include <gradtape/threads.h>

#include "model.h"
#include "rows.h"
#include "verbs.h"

/* A run. */
typedef struct job {
    cli_arguments *a;
    cli_model model;
    cli_data data;
    cli_rows rows;
} job;

static bool has_text_classes(const job *j) { return j->model.c && nn_classifier_class(j->model.c, 0).text; }

/* ---- What cannot be ---------------------------------------------------------------------------------------------- */

/* What can be said before the data are read. */
static int check_model(const job *j)
{
    const cli_settings *s = &j->a->settings;
    const char *output = cli_output_name((int)s->output);
    if (j->model.r && s->output != CLI_OUTPUT_CLASSES)
        return cli_say(CLI_NO_SUCH_OUTPUT, output, j->model.path, output);
    if (s->format != CLI_FORMAT_NPY)
        return CLI_OK;
    if (cli_given(j->a, "id"))
        return cli_say(CLI_NPY_IDS, "");
    return s->output == CLI_OUTPUT_CLASSES && has_text_classes(j) ? cli_say(CLI_NPY_TEXTS, j->model.path) : CLI_OK;
}

/* ---- Columns ----------------------------------------------------------------------------------------------------- */

static int fail_memory(void) { return cli_say(CLI_NO_MEMORY, " for the predictions"); }

/* The ids come first. An array of NumPy's has none; they may come from the model's columns then. */
static int take_ids(job *j)
{
    const nn_data *data = &j->data.data;
    if (!data->ids || j->a->settings.format == CLI_FORMAT_NPY)
        return CLI_OK;
    const char **names = nn_store_take(&j->a->store, data->schema.n, sizeof *names);
    if (!names)
        return fail_memory();
    for (size_t i = 0; i < data->schema.n; i++)
        if (data->schema.at[i].kind == NN_COLUMN_ID)
            names[j->rows.n_ids++] = data->schema.at[i].name;
    j->rows.id_names = names;
    j->rows.ids = data->ids;
    return CLI_OK;
}

static bool is_id(const job *j, const char *name)
{
    int64_t i = 0;
    while (i < j->rows.n_ids && strcmp(j->rows.id_names[i], name) != 0)
        i++;
    return i < j->rows.n_ids;
}

/* Readers of tables want different names, and an object cannot have a member twice. What is true and what is predicted
 * may stand side by side, so an id of the name is no mistake. */
static const char *free_name(job *j, const char *name)
{
    const char *other = name;
    while (is_id(j, other))
        other = cli_text(j->a, "predicted_%s", other);
    if (other != name)
        cli_say(CLI_RENAMED, cli_quoted(j->a, name), cli_quoted(j->a, other));
    return other;
}

/* Names the columns: `only`, if there is one for all classes, else one for each. */
static int take_names(job *j, const char *only)
{
    j->rows.n = only ? 1 : j->model.n_outputs;
    const char **names = nn_store_take(&j->a->store, (size_t)j->rows.n, sizeof *names);
    if (!names)
        return fail_memory();
    for (int64_t i = 0; i < j->rows.n; i++)
        names[i] = free_name(j, only ? only : cli_output_name_at(&j->model, j->a, i));
    j->rows.names = names;
    return CLI_OK;
}

static const char *only_column(const job *j)
{
    switch (j->a->settings.output) {
    case CLI_OUTPUT_CLASSES: return j->model.task == CLI_CLASSES ? "label" : NULL;
    case CLI_OUTPUT_LOGITS: return j->model.has_one_logit ? "logit" : NULL;
    default: return NULL;
    }
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

/* Takes memory for [rows, n] values. */
static void *take_values(job *j, cli_cells cells, size_t bytes)
{
    j->rows.cells = cells;
    return nn_store_take(&j->a->store, (size_t)j->rows.rows, (size_t)j->rows.n * bytes);
}

static int end_of(const job *j, ad_status status)
{
    return status == AD_OK ? CLI_OK : cli_fail_text(CLI_FAILED, cli_model_message(&j->model));
}

static int predict_texts(job *j)
{
    const char **texts = take_values(j, CLI_CELLS_TEXTS, sizeof *texts);
    j->rows.texts = texts;
    return texts ? end_of(j, nn_classifier_predict_texts(j->model.c, &j->data.data, texts)) : fail_memory();
}

static int predict_integers(job *j)
{
    const cli_cells cells = j->model.task == CLI_LABELS ? CLI_CELLS_FLAGS : CLI_CELLS_INTEGERS;
    int32_t *integers = take_values(j, cells, sizeof *integers);
    j->rows.integers = integers;
    return integers ? end_of(j, nn_classifier_predict(j->model.c, &j->data.data, integers)) : fail_memory();
}

static int predict_reals(job *j)
{
    float *reals = take_values(j, CLI_CELLS_REALS, sizeof *reals);
    j->rows.reals = reals;
    if (!reals)
        return fail_memory();
    const nn_data *data = &j->data.data;
    if (j->model.r)
        return end_of(j, nn_regressor_predict(j->model.r, data, reals));
    return end_of(j, j->a->settings.output == CLI_OUTPUT_LOGITS ? nn_classifier_logits(j->model.c, data, reals)
                                                                : nn_classifier_predict_proba(j->model.c, data, reals));
}

static int predict(job *j)
{
    j->rows.rows = j->data.data.rows;
    int status = take_ids(j);
    if (status == CLI_OK)
        status = take_names(j, j->model.c ? only_column(j) : NULL);
    if (status != CLI_OK)
        return status;
    if (j->model.r || j->a->settings.output != CLI_OUTPUT_CLASSES)
        return predict_reals(j);
    return j->model.task == CLI_CLASSES && has_text_classes(j) ? predict_texts(j) : predict_integers(j);
}

/* ---- Threads ----------------------------------------------------------------------------------------------------- */

/* The multiplications of all rows, at most: each number of the model's file once a row. */
static double work_of(const job *j)
{
    double numbers = 0;
    for (size_t i = 0; i < j->model.info->n_tensors; i++) {
        const nn_model_tensor *t = &j->model.info->tensors[i];
        double size = 1;
        for (int axis = 0; axis < t->rank; axis++)
            size *= (double)t->sizes[axis];
        numbers += size;
    }
    return numbers * (double)j->data.data.rows;
}

/* Threads that wait for work cost more than they do where a model is loaded for a few rows, so there is one until there
 * are many. Results are the same. */
static void choose_threads(const job *j)
{
    static const double much = 1e8; /* some ten milliseconds of one thread */
    if (!j->a->settings.threads)
        ad_set_threads(j->data.dataset && work_of(j) > much ? 0 : 1);
}

/* ---- The verb ---------------------------------------------------------------------------------------------------- */

int cli_predict(cli_arguments *a)
{
    job j = {.a = a};
    choose_threads(&j);
    int status = cli_load_model(&j.model, a);
    if (status == CLI_OK)
        status = check_model(&j);
    if (status == CLI_OK)
        status = cli_read_data_for(&j.data, a, &j.model, false);
    if (status == CLI_OK) {
        choose_threads(&j);
        status = predict(&j);
    }
    if (status == CLI_OK)
        status = cli_write_rows(a, &j.rows, a->settings.format, stdout);
    if (status == CLI_OK)
        status = cli_end_output();
    cli_close_data(&j.data, a);
    cli_close_model(&j.model);
    return status;
}
