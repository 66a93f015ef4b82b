/* Where the training of an estimator stands, as JSON and tensors. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include <gradtape/operators/creation.h>
#include <gradtape/random.h>

#include "model.h"
#include "weights.h"

/* ---- Scalars ----------------------------------------------------------------------------------------------------- */

typedef enum scalar_type { WHOLE, REAL, FLAG, CHOICE, BITS } scalar_type;

/* A member of an estimator: one row is what is written, read and checked. */
typedef struct scalar {
    const char *key;
    scalar_type type;
    size_t offset;
    int64_t most;                      /* of a whole number, which is at least 0 */
    const char *(*choice)(int number); /* of a choice: its names */
    bool is_later; /* of a whole number that earlier libraries did not have: 0 is not written, as they did */
} scalar;

/* Steps, and what is counted with them: streams of random numbers have fewer numbers. */
#define MOST_STEPS ((int64_t)(AD_STREAM_NUMBERS - 1))

#define OF(name, kind, member, ...)                                                                                    \
    {                                                                                                                  \
        .key = (name), .type = kind, .offset = offsetof(nn_estimator, member), __VA_ARGS__                             \
    }
#define WHOLE_OF(name, member, largest) OF(name, WHOLE, member, .most = (largest))
#define LATER_OF(name, member) OF(name, WHOLE, member, .most = INT64_MAX, .is_later = true)
#define REAL_OF(name, member) OF(name, REAL, member, .most = 0)
#define FLAG_OF(name, member) OF(name, FLAG, member, .most = 0)
#define BITS_OF(name, member) OF(name, BITS, member, .most = 0)
#define CHOICE_OF(name, member, names) OF(name, CHOICE, member, .choice = (names))
static const scalar scalars[] = {
    WHOLE_OF("step", step, MOST_STEPS),
    WHOLE_OF("epoch", at.epoch, MOST_STEPS),
    WHOLE_OF("place", at.place, INT32_MAX),
    WHOLE_OF("rows", at.rows, INT32_MAX),
    REAL_OF("rate", rate),
    FLAG_OF("is_observed", is_observed),
    REAL_OF("plateau_factor", plateau_factor),
    FLAG_OF("plateau_has_best", plateau.has_best),
    REAL_OF("plateau_best", plateau.best),
    WHOLE_OF("plateau_waited", plateau.waited, MOST_STEPS),
    WHOLE_OF("plateau_falls", plateau.falls, MOST_STEPS),
    FLAG_OF("best_has_value", best.has_value),
    FLAG_OF("best_has_weights", best.has_weights),
    FLAG_OF("best_is_shown", best.is_shown),
    FLAG_OF("best_is_over", best.is_over),
    CHOICE_OF("best_monitor", best.monitor, nn_monitor_name),
    WHOLE_OF("best_rows", best.rows, INT32_MAX),
    REAL_OF("best_value", best.value),
    WHOLE_OF("best_waited", best.waited, MOST_STEPS),
    WHOLE_OF("best_used", best.used, MOST_STEPS),
    WHOLE_OF("best_step", history.best.step, MOST_STEPS),
    WHOLE_OF("best_epoch", history.best.epoch, MOST_STEPS),
    REAL_OF("best_loss", history.best.loss),
    REAL_OF("best_rate", history.best.rate),
    FLAG_OF("best_validated", history.best.validated),
    REAL_OF("best_validation_loss", history.best.validation_loss),
    REAL_OF("best_validation_accuracy", history.best.validation_accuracy),
    WHOLE_OF("history_every", history.kept.every, MOST_STEPS),
    WHOLE_OF("history_seen", history.kept.seen, MOST_STEPS),
    WHOLE_OF("flow_every", history.steps.every, MOST_STEPS),
    WHOLE_OF("flow_seen", history.steps.seen, MOST_STEPS),
    REAL_OF("loss", history.loss),
    WHOLE_OF("batches", history.batches, MOST_STEPS),
    CHOICE_OF("end", history.end, nn_fit_end_name),
    LATER_OF("goal", history.goal), /* a fit may have more steps before it than can be made */
    WHOLE_OF("data_rows", data.rows, INT32_MAX),
    WHOLE_OF("data_columns", data.columns, INT64_MAX),
    BITS_OF("data_hash", data.hash),
};
enum { SCALARS = sizeof scalars / sizeof scalars[0] };

static void write_scalar(nn_json_writer *w, const scalar *s, const nn_estimator *e)
{
    const void *at = (const char *)e + s->offset;
    if (s->is_later && *(const int64_t *)at == 0)
        return;
    nn_json_key(w, s->key);
    switch (s->type) {
    case WHOLE: nn_json_integer(w, *(const int64_t *)at); break;
    case REAL: nn_json_real(w, *(const double *)at); break;
    case FLAG: nn_json_bool(w, *(const bool *)at); break;
    case CHOICE: nn_json_text(w, s->choice((int)*(const unsigned *)at)); break;
    case BITS: nn_json_unsigned(w, *(const uint64_t *)at); break;
    }
}

void nn_model_write_state(nn_json_writer *w, const nn_estimator *e)
{
    nn_json_key(w, "training");
    nn_json_begin(w, '{');
    for (size_t i = 0; i < SCALARS; i++)
        write_scalar(w, &scalars[i], e);
    nn_json_key(w, "draws");
    nn_json_unsigned(w, ad_draw_count(e->tape));
    nn_json_end(w, '}');
}

static void read_choice(nn_model_reader *r, const scalar *s, const nn_json *training, unsigned *to)
{
    const char *text = nn_model_text(r, training, s->key, false), *name;
    for (int i = 0; text && (name = s->choice(i)) != NULL; i++)
        if (!strcmp(name, text)) {
            *to = (unsigned)i;
            return;
        }
    nn_model_fail(r, AD_BAD_FILE, "\"%s\" of its training is none of its names", s->key);
}

static void read_scalar(nn_model_reader *r, const scalar *s, const nn_json *training, nn_estimator *e)
{
    void *at = (char *)e + s->offset;
    switch (s->type) {
    case WHOLE:
        *(int64_t *)at = (s->is_later ? nn_model_later_whole : nn_model_whole)(r, training, s->key, s->most);
        break;
    case REAL: *(double *)at = nn_model_real(r, training, s->key); break;
    case FLAG: *(bool *)at = nn_model_flag(r, training, s->key); break;
    case CHOICE: read_choice(r, s, training, at); break;
    case BITS: *(uint64_t *)at = nn_model_unsigned(r, training, s->key); break;
    }
}

/* ---- The history ------------------------------------------------------------------------------------------------- */

enum { ROW = 7, FLOW = 3 };

void nn_model_list_history(nn_model_tensors *list, const nn_estimator *e)
{
    const nn_history *h = &e->history;
    const size_t n_flow = nn_history_flow_count(h);
    double *rows = nn_store_take(list->store, h->kept.n, ROW * sizeof *rows);
    double *flow = nn_store_take(list->store, n_flow, FLOW * sizeof *flow);
    list->failed = list->failed || !rows || !flow;
    if (list->failed)
        return;
    for (size_t i = 0; i < h->kept.n; i++) {
        const nn_history_row *row = &h->rows[i];
        const double numbers[ROW] = {
            (double)row->step,    (double)row->epoch,      row->loss, row->rate, row->validated,
            row->validation_loss, row->validation_accuracy};
        memcpy(rows + i * ROW, numbers, sizeof numbers);
    }
    for (size_t i = 0; i < n_flow; i++) {
        const double numbers[FLOW] = {(double)h->flow[i].step, h->flow[i].gradient_rms, h->flow[i].update_ratio};
        memcpy(flow + i * FLOW, numbers, sizeof numbers);
    }
    nn_model_add(list, "gradtape.history", NN_FILE_F64, 2, (int64_t[]){(int64_t)h->kept.n, ROW}, rows);
    nn_model_add(list, "gradtape.flow", NN_FILE_F64, 2, (int64_t[]){(int64_t)n_flow, FLOW}, flow);
}

/* A whole number, from 0 on, that stands as f64. */
static int64_t whole(nn_model_reader *r, double x)
{
    if (x >= 0 && x <= 0x1p53 && x == floor(x))
        return (int64_t)x;
    nn_model_fail(r, AD_BAD_FILE, "its history has a step or an epoch that is no whole number");
    return 0;
}

/* Reads a table of doubles of this many columns, and as many rows as it has. */
static const double *read_table(nn_model_reader *r, const char *name, int64_t columns, size_t *rows)
{
    const nn_file_tensor *t = nn_model_find(r, name, NN_FILE_F64, 2);
    if (t && t->sizes[1] != columns)
        nn_model_fail(r, AD_BAD_FILE, "%s has %" PRId64 " columns, not %" PRId64, name, t->sizes[1], columns);
    *rows = t ? (size_t)t->sizes[0] : 0;
    return r->status == AD_OK ? nn_model_read(r, t) : NULL;
}

static void read_rows(nn_model_reader *r, nn_history *h, const double *x)
{
    for (size_t i = 0; i < h->kept.n; i++, x += ROW)
        h->rows[i] = (nn_history_row){.step = whole(r, x[0]),
                                      .epoch = whole(r, x[1]),
                                      .loss = x[2],
                                      .rate = x[3],
                                      .validated = x[4] != 0,
                                      .validation_loss = x[5],
                                      .validation_accuracy = x[6]};
}

static void read_flow(nn_model_reader *r, const nn_estimator *e, size_t n, const double *x)
{
    for (size_t i = 0; i < n; i++, x += FLOW)
        e->history.flow[i] = (nn_flow){.step = whole(r, x[0]),
                                       .name = ad_name_of(e->network->trained[i % e->network->n_trained]),
                                       .gradient_rms = x[1],
                                       .update_ratio = x[2]};
}

/* Whether so many can be what is kept of those that were seen. */
static bool check_thinned(nn_model_reader *r, const nn_thinned *t, size_t n, size_t most)
{
    const bool good = n <= most && (int64_t)n <= t->seen && (n == 0 || t->every > 0) && t->every <= 0x10000000000;
    return good || nn_model_fail(r, AD_BAD_FILE, "its history has %zu rows of %" PRId64 ", each %" PRId64 "-th", n,
                                 t->seen, t->every) == AD_OK;
}

static bool read_history(nn_model_reader *r, nn_estimator *e)
{
    nn_history *h = &e->history;
    size_t rows, n_flow;
    const size_t width = e->network->n_trained;
    const double *of_rows = read_table(r, "gradtape.history", ROW, &rows);
    const double *of_flow = read_table(r, "gradtape.flow", FLOW, &n_flow);
    if (r->status != AD_OK || !check_thinned(r, &h->kept, rows, NN_HISTORY_ROWS) ||
        !check_thinned(r, &h->steps, n_flow / width, NN_HISTORY_ROWS / 4))
        return false;
    if (n_flow % width != 0)
        return nn_model_fail(r, AD_BAD_FILE, "gradtape.flow has %zu rows for %zu parameters", n_flow, width) == AD_OK;
    if (!nn_history_reserve(h, (int64_t)rows, (int64_t)(n_flow / width), width, &e->memory))
        return nn_model_fail(r, AD_NO_MEMORY, "memory is out for its history") == AD_OK;
    h->kept.n = rows;
    h->steps.n = n_flow / width;
    read_rows(r, h, of_rows);
    read_flow(r, e, n_flow, of_flow);
    return r->status == AD_OK;
}

/* ---- The whole state --------------------------------------------------------------------------------------------- */

/* What goes together. */
static bool check(nn_model_reader *r, const nn_estimator *e)
{
    const nn_best *b = &e->best;
    const char *wrong = e->step < 1                                           ? "no step was made"
                        : e->history.goal > 0 && e->history.goal < e->step    ? "its goal is behind its step"
                        : e->at.rows < 1 || e->at.place > e->at.rows          ? "its place is behind its rows"
                        : !(e->rate >= 0 && isfinite(e->rate))                ? "its rate is no number"
                        : !(e->plateau_factor >= 0 && e->plateau_factor <= 1) ? "the factor of its plateau is above 1"
                        : b->has_weights && !b->has_value                     ? "best weights without a value"
                        : b->is_shown && !b->has_weights                      ? "best weights that are not there"
                                                                              : NULL;
    return !wrong || nn_model_fail(r, AD_BAD_FILE, "its training is inconsistent: %s", wrong) == AD_OK;
}

/* Makes room for best weights, which are read later. */
static bool make_room(nn_model_reader *r, nn_estimator *e)
{
    nn_best *b = &e->best;
    if (!b->has_weights)
        return true;
    const size_t bytes = nn_weights_bytes(e);
    b->weights = ad_memory_take(&e->memory, bytes, 1);
    b->last = b->weights ? ad_memory_take(&e->memory, bytes, 1) : NULL;
    if (!b->last)
        ad_memory_release(&e->memory, b->weights, bytes, 1);
    b->weights = b->last ? b->weights : NULL;
    b->bytes = b->last ? bytes : 0;
    if (b->last)
        memset(b->last, 0, bytes);
    return b->last || nn_model_fail(r, AD_NO_MEMORY, "memory is out for its best weights") == AD_OK;
}

bool nn_model_read_state(nn_model_reader *r, nn_estimator *e)
{
    const nn_json *training = nn_json_member(r->root, "training");
    for (size_t i = 0; i < SCALARS && r->status == AD_OK; i++)
        read_scalar(r, &scalars[i], training, e);
    const uint64_t draws = nn_model_unsigned(r, training, "draws");
    if (r->status != AD_OK || !check(r, e))
        return false;
    if (ad_set_draw_count(e->tape, draws) != AD_OK)
        return nn_model_fail(r, AD_BAD_FILE, "its training is inconsistent: %s", ad_message(e->tape)) == AD_OK;
    return make_room(r, e) && read_history(r, e);
}
