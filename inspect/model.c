/* nn_print_model: what a model's file has. */
#include <gradtape/model.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "escape.h"
#include "lines.h"

enum { MOST_TEXT = 300, MOST_PATH = 200, MOST_NAME = 60, MOST_SHOWN = 40, INDENT = 2 };

/* A text of the file, in which anything may stand. */
static void put(ad_sink *sink, ad_ink ink, const char *before, const char *text)
{
    ad_put(sink, before);
    ad_put_text(sink, ink, text, MOST_TEXT);
    ad_put(sink, "\n");
}

static void put_own(ad_sink *sink, ad_ink ink, const char *before, const char *name)
{
    if (name)
        put(sink, ink, before, name);
}

static void put_training(ad_sink *sink, ad_ink ink, const nn_model_info *m)
{
    ad_put_format(sink, "training  step %" PRId64, m->step);
    if (m->goal > m->step)
        ad_put_format(sink, " of %" PRId64, m->goal);
    ad_put_format(sink, ", row %" PRId64 " of %" PRId64 " in epoch %" PRId64 ", rate ", m->place, m->rows, m->epoch);
    ad_put_number(sink, m->rate, AD_FEW_DIGITS);
    if (!strcmp(m->end, nn_fit_end_name(NN_END_NONE)))
        ad_put(sink, ", saved before the fit ended\n");
    else
        put(sink, ink, ", the last fit ended by: ", m->end);
    if (m->best.step == 0)
        return;
    ad_put_format(sink, "best      step %" PRId64 ": validation loss ", m->best.step);
    ad_put_number(sink, m->best.validation_loss, AD_FEW_DIGITS);
    if (!isnan(m->best.validation_accuracy)) {
        ad_put(sink, ", accuracy ");
        ad_put_number(sink, m->best.validation_accuracy, AD_FEW_DIGITS);
    }
    ad_put(sink, "\n");
}

static void put_columns(ad_sink *sink, ad_ink ink, const nn_model_info *m)
{
    for (size_t i = 0; i < m->schema.n && ad_sink_is_good(sink); i++) {
        const nn_column *c = &m->schema.at[i];
        if (i == MOST_SHOWN) {
            ad_put_format(sink, "          ... %zu columns in all\n", m->schema.n);
            return;
        }
        ad_put(sink, i ? "          " : "columns   ");
        ad_put_text(sink, ink, c->name ? c->name : "(no name)", MOST_NAME);
        ad_put_format(sink, ": %s", nn_column_kind_name((int)c->kind));
        if (c->kind == NN_COLUMN_CATEGORY)
            ad_put_format(sink, " of %zu levels", c->levels.n);
        else if (c->width > 1)
            ad_put_format(sink, " of %" PRId64 " features", c->width);
        ad_put(sink, "\n");
    }
}

static void put_tensors(ad_sink *sink, ad_ink ink, const nn_model_info *m)
{
    for (size_t i = 0; i < m->n_tensors && ad_sink_is_good(sink); i++) {
        const nn_model_tensor *t = &m->tensors[i];
        ad_put(sink, i ? "          " : "tensors   ");
        ad_put_text(sink, ink, t->name, MOST_TEXT);
        ad_put_format(sink, " %s [", t->type);
        for (int k = 0; k < t->rank; k++)
            ad_put_format(sink, "%s%" PRId64, k ? ", " : "", t->sizes[k]);
        ad_put(sink, "]\n");
    }
}

/* The note, a line of it a line; a newline at its end begins none. */
static void put_note(ad_sink *sink, ad_ink ink, const char *note)
{
    char line[4 * (MOST_TEXT + 1) + 1]; /* room for a character more than is written, so that a cut is seen */
    if (*note)
        ad_put(sink, "note:\n");
    while (*note && ad_sink_is_good(sink)) {
        const size_t n = strcspn(note, "\n"), kept = n < sizeof line ? n : sizeof line - 1;
        memcpy(line, note, kept);
        line[kept] = 0;
        put(sink, ink, "  ", line);
        note += n + (note[n] == '\n');
    }
}

static void print(ad_sink *sink, const char *path, const nn_model_info *m)
{
    const ad_ink ink = ad_ink_of_locale();
    ad_put_text(sink, ink, path, MOST_PATH);
    ad_put_format(sink, ": a %s of gradtape ", m->estimator[0] == 'c' ? "classifier" : "regressor");
    put(sink, ink, "", m->version);
    ad_put(sink,
           m->is_whole ? "checksum  right\n" : "checksum  WRONG: the file is damaged, or another program wrote it\n");
    put(sink, ink, "options   ", m->options);
    put_own(sink, ink, "own head  ", m->own_head);
    put_own(sink, ink, "own optimiser  ", m->own_optimiser);
    put_own(sink, ink, "own schedule   ", m->own_schedule);
    put_training(sink, ink, m);
    put_columns(sink, ink, m);
    put_tensors(sink, ink, m);
    put_note(sink, ink, m->note);
}

ad_shown nn_print_model(const char *path, FILE *to)
{
    ad_sink sink = ad_sink_over_for("print_model", to);
    nn_model_info *m = ad_sink_is_good(&sink) ? nn_model_look(path, NULL) : NULL;
    if (m && m->status == AD_OK)
        print(&sink, path, m);
    else
        ad_sink_fail(&sink, m ? m->status : AD_NO_MEMORY, "print_model: %.200s",
                     m ? m->message : "memory is out for the model's metadata");
    nn_model_info_close(m);
    return ad_sink_close(&sink);
}
