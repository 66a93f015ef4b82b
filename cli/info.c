/* `gradtape info`: what is in data, or in a model. */
#include <stdio.h>

#include <gradtape/model.h>

#include "json.h"
#include "look.h"
#include "verbs.h"

/* ---- Models ------------------------------------------------------------------------------------------------------ */

static void put_best(nn_json_writer *w, const nn_history_row *best)
{
    if (best->step == 0) {
        cli_put_json_text(w, "best", NULL);
        return;
    }
    cli_begin_json(w, "best", '{');
    cli_put_json_integer(w, "step", best->step);
    cli_put_json_integer(w, "epoch", best->epoch);
    cli_put_json_real(w, "validation_loss", best->validation_loss);
    cli_put_json_real(w, "validation_accuracy", best->validation_accuracy);
    nn_json_end(w, '}');
}

static void put_columns(nn_json_writer *w, const nn_schema *schema)
{
    cli_begin_json(w, "columns", '[');
    for (size_t i = 0; i < schema->n; i++) {
        const nn_column *c = &schema->at[i];
        nn_json_begin(w, '{');
        cli_put_json_text(w, "name", c->name);
        cli_put_json_text(w, "kind", nn_column_kind_name((int)c->kind));
        cli_put_json_integer(w, "width", c->width ? c->width : 1);
        cli_put_json_texts(w, "levels", c->levels.at, (int64_t)c->levels.n);
        nn_json_end(w, '}');
    }
    nn_json_end(w, ']');
}

static void put_tensors(nn_json_writer *w, const nn_model_info *m)
{
    cli_begin_json(w, "tensors", '[');
    for (size_t i = 0; i < m->n_tensors; i++) {
        nn_json_begin(w, '{');
        cli_put_json_text(w, "name", m->tensors[i].name);
        cli_put_json_text(w, "type", m->tensors[i].type);
        cli_begin_json(w, "sizes", '[');
        for (int k = 0; k < m->tensors[i].rank; k++)
            nn_json_integer(w, m->tensors[i].sizes[k]);
        nn_json_end(w, ']');
        nn_json_end(w, '}');
    }
    nn_json_end(w, ']');
}

static void put_model(nn_json_writer *w, const nn_model_info *m)
{
    nn_json_begin(w, '{');
    cli_put_json_text(w, "estimator", m->estimator);
    cli_put_json_text(w, "version", m->version);
    cli_put_json_bool(w, "is_whole", m->is_whole);
    cli_put_json_text(w, "options", m->options);
    cli_put_json_text(w, "own_head", m->own_head);
    cli_put_json_text(w, "own_optimiser", m->own_optimiser);
    cli_put_json_text(w, "own_schedule", m->own_schedule);
    cli_put_json_integer(w, "step", m->step);
    cli_put_json_integer(w, "epoch", m->epoch);
    cli_put_json_integer(w, "place", m->place);
    cli_put_json_integer(w, "rows", m->rows);
    cli_put_json_real(w, "rate", m->rate);
    cli_put_json_text(w, "end", m->end);
    cli_put_json_integer(w, "goal", m->goal);
    cli_put_json_text(w, "note", m->note);
    put_best(w, &m->best);
    put_columns(w, &m->schema);
    put_tensors(w, m);
    nn_json_end(w, '}');
}

int cli_look_at_model(cli_arguments *a)
{
    nn_model_info *m = nn_model_look(a->settings.model, NULL);
    ad_shown shown = {.status = AD_OK};
    int status = CLI_OK;
    if (!m)
        return cli_say(CLI_NO_MEMORY, " for the model's metadata");
    if (m->status != AD_OK) {
        status = cli_fail_text(CLI_FAILED, m->message);
    } else if (a->settings.is_json) {
        nn_text text = {.memory = &a->memory};
        nn_json_writer w = {.to = &text};
        put_model(&w, m);
        status = cli_print_json(&text);
    } else {
        shown = nn_print_model(a->settings.model, stdout);
    }
    nn_model_info_close(m);
    return shown.status == AD_OK || ferror(stdout) ? status : cli_fail_text(CLI_FAILED, shown.message);
}

/* ---- The verb ---------------------------------------------------------------------------------------------------- */

int cli_info(cli_arguments *a)
{
    const bool of_data = a->settings.data != NULL, of_model = a->settings.model != NULL;
    if (of_data && of_model)
        return cli_say(CLI_BOTH, "--data", "--model");
    if (!of_data && !of_model)
        return cli_say(CLI_NOTHING_TO_LOOK_AT, "");
    const int status = of_data ? cli_look_at_data(a) : cli_look_at_model(a);
    return status == CLI_OK ? cli_end_output() : status;
}
