/* Saving: an estimator becomes the content of a file. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <gradtape/version.h>

#include "model.h"

/* What is saved. It lies in the store, and points to the estimator's own arrays. */
typedef struct saving {
    const nn_estimator *e;
    const char *who;
    ad_memory memory; /* over the shared allocator */
    nn_store store;
    nn_text text; /* the JSON */
    nn_model_tensors tensors;
    nn_learnt learnt;
} saving;

static ad_status fail_memory(const saving *s)
{
    return nn_estimator_fail(s->e, AD_NO_MEMORY, "%s: memory is out for the model's file", s->who);
}

/* ---- The JSON ---------------------------------------------------------------------------------------------------- */

/* The end of an option of settings: a space outside of quotes. */
static const char *end_of(const char *at)
{
    for (bool is_quoted = false; *at && (is_quoted || *at != ' '); at++)
        if (is_quoted && *at == '\\' && at[1])
            at++;
        else if (*at == '"')
            is_quoted = !is_quoted;
    return at;
}

/* Takes an option out of settings. */
static void take_out(char *settings, const char *name)
{
    const size_t n = strlen(name);
    for (char *at = settings; *at;) {
        const char *end = end_of(at), *next = end + (*end == ' ');
        if (!strncmp(at, name, n) && at[n] == '=')
            memmove(at, next, strlen(next) + 1);
        else
            at += next - at;
    }
}

/* Names a row of the user's own, which the program that loads must have, and takes it out of the settings. */
static void write_own(nn_json_writer *w, const char *key, const char *name, bool is_own, char *settings)
{
    if (!is_own || !settings)
        return;
    take_out(settings, key);
    nn_json_key(w, key);
    nn_json_text(w, name);
}

/* Options that any program can read, and the rows that only some have. */
static void write_options(nn_json_writer *w, const nn_estimator *e, nn_store *store)
{
    char *settings = nn_store_text(store, e->settings);
    const nn_head *head = e->truth.head;
    const nn_optimiser *rule = e->options.optimiser.rule;
    const nn_schedule *schedule = e->options.optimiser.schedule.rule;
    w->to->failed = w->to->failed || !settings;
    nn_json_key(w, "own");
    nn_json_begin(w, '{');
    write_own(w, "head", head->name, nn_head_named(head->name) != head, settings);
    write_own(w, "optimiser", rule->name, nn_optimiser_named(rule->name) != rule, settings);
    write_own(w, "schedule", schedule->name, nn_schedule_named(schedule->name) != schedule, settings);
    nn_json_end(w, '}');
    if (settings && !e->truth.targets)
        take_out(settings, "target_scaling"); /* as in files of libraries that do not have it */
    nn_json_key(w, "options");
    nn_json_text(w, settings);
    nn_json_key(w, "label_smoothing");
    nn_json_real(w, e->options.head_options.label_smoothing);
    nn_json_key(w, "delta");
    nn_json_real(w, e->options.head_options.delta);
    nn_model_write_layers(w, &e->options, store);
}

/* Returns whether all texts are UTF-8. */
static bool write_json(saving *s)
{
    const nn_estimator *e = s->e;
    nn_json_writer w = {.to = &s->text};
    nn_json_begin(&w, '{');
    nn_json_key(&w, "format");
    nn_json_integer(&w, NN_MODEL_FORMAT);
    nn_json_key(&w, "version");
    nn_json_text(&w, GRADTAPE_VERSION);
    nn_json_key(&w, "estimator");
    nn_json_text(&w, e->options.noun);
    write_options(&w, e, &s->store);
    nn_model_write_schema(&w, s->learnt.schema);
    nn_model_write_state(&w, e);
    nn_model_write_note(&w, e);
    nn_json_end(&w, '}');
    return !w.is_not_utf8;
}

/* ---- The content ------------------------------------------------------------------------------------------------- */

static void list_learnt(saving *s)
{
    const nn_learnt *l = &s->learnt;
    const int64_t columns[] = {l->columns};
    nn_model_add(&s->tensors, "gradtape.scaling.mean", NN_FILE_F64, 1, columns, l->mean);
    nn_model_add(&s->tensors, "gradtape.scaling.rest", NN_FILE_F64, 1, columns, l->rest);
    nn_model_add(&s->tensors, "gradtape.scaling.inverse", NN_FILE_F64, 1, columns, l->inverse);
    nn_model_add(&s->tensors, "gradtape.fill", NN_FILE_F64, 1, columns, l->fill);
    nn_model_add(&s->tensors, "gradtape.has_missing", NN_FILE_U8, 1, columns, l->has_missing);
    const nn_targets *t = s->e->truth.targets;
    if (!t)
        return;
    nn_model_add(&s->tensors, "gradtape.target.mean", NN_FILE_F64, 1, &t->k, t->mean);
    nn_model_add(&s->tensors, "gradtape.target.deviation", NN_FILE_F64, 1, &t->k, t->deviation);
}

static size_t elements_of(const nn_file_tensor *t)
{
    size_t n = 1;
    for (int i = 0; i < t->rank; i++)
        n *= (size_t)t->sizes[i];
    return n;
}

static ad_status check_finite(const saving *s)
{
    char advice[NN_ADVICE];
    for (size_t i = 0; i < s->tensors.n; i++) {
        const nn_model_tensor_at *at = &s->tensors.at[i];
        if (at->is_weight && !nn_model_is_finite(at->file.type, at->file.data, elements_of(&at->file)))
            return nn_estimator_fail(s->e, AD_NOT_FINITE, "%s: %.300s is not finite: train anew with %s", s->who,
                                     at->file.name, nn_advice_text(advice));
    }
    return AD_OK;
}

/* Finds all that is written. */
static ad_status gather(saving *s)
{
    const nn_estimator *e = s->e;
    const nn_encoding *encoding = &e->encoding;
    if (nn_learnt_take(&s->learnt, encoding, &s->memory) != AD_OK)
        return fail_memory(s);
    const ad_status listed = nn_model_list(&s->tensors, e);
    if (listed == AD_BAD_STATE)
        return nn_estimator_fail(e, listed, "%s: tensors were made on its tape from outside, which no file can have",
                                 s->who);
    list_learnt(s);
    nn_model_list_history(&s->tensors, e);
    const bool is_utf8 = write_json(s);
    if (listed != AD_OK || s->tensors.failed || s->text.failed)
        return fail_memory(s);
    if (!is_utf8)
        return nn_estimator_fail(e, AD_BAD_VALUE, "%s: a name, a label or a level is not UTF-8, as a file must have it",
                                 s->who);
    if (s->tensors.n > NN_FILE_TENSORS)
        return nn_estimator_fail(e, AD_BAD_VALUE, "%s: it has %zu tensors: a file has at most %d%s", s->who,
                                 s->tensors.n, NN_FILE_TENSORS,
                                 e->options.optimiser.rule->search ? "; choose a shorter history" : "");
    return check_finite(s);
}

static ad_status write_file(saving *s, const char *path, int64_t keep)
{
    char message[500];
    nn_file_tensor *tensors = nn_store_take(&s->store, s->tensors.n, sizeof *tensors);
    if (!tensors)
        return fail_memory(s);
    for (size_t i = 0; i < s->tensors.n; i++)
        tensors[i] = s->tensors.at[i].file;
    const nn_file_text texts[] = {{"format", "pt"}, {"gradtape", s->text.at}};
    const nn_file_content content = {tensors, s->tensors.n, texts, sizeof texts / sizeof texts[0]};
    const ad_status status = nn_safetensors_write(&content, path, keep, &s->memory, message, sizeof message);
    return status == AD_OK ? AD_OK : nn_estimator_fail(s->e, status, "%s: %s", s->who, message);
}

ad_status nn_estimator_save(const nn_estimator *e, const char *path, int64_t keep, const char *who)
{
    const ad_allocator allocator = nn_shared_allocator(e->shared);
    saving s = {.e = e, .who = who, .memory = ad_memory_over(&allocator)};
    s.store.memory = s.text.memory = &s.memory;
    s.tensors.store = &s.store;
    ad_status status = gather(&s);
    if (status == AD_OK && path)
        status = write_file(&s, path, keep);
    nn_learnt_release(&s.learnt, &s.memory);
    nn_text_release(&s.text);
    nn_store_release(&s.store);
    return status;
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

static ad_status save(const nn_estimator *e, const char *path, const nn_save_options *options)
{
    const int64_t keep = options ? options->keep : 0;
    if (e->options_are_bad)
        return nn_estimator_fail(e, AD_BAD_STATE, "save: the options are bad");
    if (!path || !*path)
        return nn_estimator_fail(e, AD_BAD_VALUE, "save: the path is %s: give the name of a file",
                                 path ? "empty" : "NULL");
    if (keep < 0 || keep > NN_MOST_KEPT)
        return nn_estimator_fail(e, AD_BAD_VALUE, "save: keep is %" PRId64 ": it must be 0 to %d", keep, NN_MOST_KEPT);
    if (!e->tape || e->step == 0)
        return nn_estimator_fail(e, AD_BAD_STATE, "save: the model was not fitted yet");
    return nn_estimator_save(e, path, keep, "save");
}

/* An estimator is the first member of both. */
ad_status nn_classifier_save(const nn_classifier *c, const char *path, const nn_save_options *options)
{
    return c ? save((const nn_estimator *)c, path, options) : AD_BAD_HANDLE;
}

ad_status nn_regressor_save(const nn_regressor *r, const char *path, const nn_save_options *options)
{
    return r ? save((const nn_estimator *)r, path, options) : AD_BAD_HANDLE;
}
