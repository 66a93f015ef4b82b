/* The note: a text of the program's own that stays with an estimator, in its file too. */
#include <inttypes.h>
#include <string.h>

#include "../files/utf8.h"
#include "../options/writer.h"
#include "model.h"

/* ---- Keeping ----------------------------------------------------------------------------------------------------- */

/* Takes a copy of a text, which may be the note itself or a part of it. Returns false if memory is out. */
static bool keep(nn_estimator *e, const char *text)
{
    const size_t bytes = *text ? strlen(text) + 1 : 0;
    char *note = bytes ? ad_memory_take(&e->memory, bytes, 1) : NULL;
    if (bytes && !note)
        return false;
    if (bytes)
        memcpy(note, text, bytes);
    ad_memory_release(&e->memory, e->note, e->note_bytes, 1);
    e->note = note;
    e->note_bytes = bytes;
    return true;
}

/* The first byte that is no UTF-8; n if all are. */
static size_t end_of_utf8(const char *text, size_t n)
{
    size_t at = 0;
    for (size_t length; at < n && (length = nn_utf8_length(text + at, n - at)) > 0;)
        at += length;
    return at;
}

static ad_status set(nn_estimator *e, const char *note)
{
    const char *text = note ? note : "";
    const size_t n = strlen(text), end = end_of_utf8(text, n);
    if (e->options_are_bad)
        return nn_estimator_status(e);
    if (n > NN_NOTE_BYTES) {
        char message[100];
        nn_writer w = nn_writer_into(message, sizeof message);
        nn_put_count(&w, (int64_t)n);
        nn_put(&w, " bytes: it may have ");
        nn_put_count(&w, NN_NOTE_BYTES);
        return nn_estimator_fail(e, AD_BAD_VALUE, "set_note: the note has %s", message);
    }
    if (end < n)
        return nn_estimator_fail(e, AD_BAD_VALUE,
                                 "set_note: the note is not UTF-8 at byte %zu, counted from 0: give it as UTF-8", end);
    if (keep(e, text))
        return AD_OK;
    return nn_estimator_fail(e, AD_NO_MEMORY, "set_note: memory is out for a note of %zu bytes", n);
}

static const char *note_of(const nn_estimator *e) { return e->note ? e->note : ""; }

/* An estimator is the first member of both. */
ad_status nn_classifier_set_note(nn_classifier *c, const char *note)
{
    return c ? set((nn_estimator *)c, note) : AD_BAD_HANDLE;
}

ad_status nn_regressor_set_note(nn_regressor *r, const char *note)
{
    return r ? set((nn_estimator *)r, note) : AD_BAD_HANDLE;
}

const char *nn_classifier_note(const nn_classifier *c) { return c ? note_of((const nn_estimator *)c) : ""; }

const char *nn_regressor_note(const nn_regressor *r) { return r ? note_of((const nn_estimator *)r) : ""; }

/* ---- In a file --------------------------------------------------------------------------------------------------- */

/* Without a note there is no member, so that files have the bytes that they had before there were notes. */
void nn_model_write_note(nn_json_writer *w, const nn_estimator *e)
{
    if (!e->note)
        return;
    nn_json_key(w, "note");
    nn_json_text(w, e->note);
}

const char *nn_model_read_note(nn_model_reader *r)
{
    const char *note = nn_model_text(r, r->root, "note", true);
    if (!note)
        return "";
    if (strlen(note) > NN_NOTE_BYTES)
        nn_model_fail(r, AD_BAD_FILE, "its note has %zu bytes: a note has at most %d", strlen(note), NN_NOTE_BYTES);
    return note;
}

void nn_model_take_note(nn_model_reader *r, nn_estimator *e)
{
    const char *note = nn_model_read_note(r);
    if (r->status == AD_OK && !keep(e, note))
        nn_model_fail(r, AD_NO_MEMORY, "memory is out for its note");
}
