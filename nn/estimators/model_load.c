/* Loading: an estimator is made anew, and gets all that its file has. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <gradtape/inspect.h>
#include <gradtape/options.h>
#include <gradtape/update.h>

#include "model.h"

/* ---- Options ----------------------------------------------------------------------------------------------------- */

/* Finds a row of the user's own by the name that the file gives it; NULL if it gives none, or, after an error, if this
 * program does not have it. */
#define OWN_ROW(row)                                                                                                   \
    static const nn_##row *own_##row(nn_model_reader *r, const nn_json *own)                                           \
    {                                                                                                                  \
        const char *name = nn_model_text(r, own, #row, true);                                                          \
        const nn_##row *const *rows = r->options->row##s;                                                              \
        for (size_t i = 0; name && i < r->options->n_##row##s; i++)                                                    \
            if (rows[i] && rows[i]->name && !strcmp(rows[i]->name, name))                                              \
                return rows[i];                                                                                        \
        return NULL;                                                                                                   \
    }
OWN_ROW(head)
OWN_ROW(optimiser)
OWN_ROW(schedule)
#undef OWN_ROW

/* Keeps an error if the file names a row that was not found. */
static void check_own(nn_model_reader *r, const nn_json *own, const char *key, const char *noun, const char *list,
                      const void *found)
{
    const char *name = nn_model_text(r, own, key, true);
    if (name && !found)
        nn_model_fail(r, AD_BAD_VALUE,
                      "the model has the %s \"%.100s\", which this program does not know: give it in %s of "
                      "nn_load_options",
                      noun, name, list);
}

/* What the text of the options does not say. */
typedef struct rest {
    const nn_head *head; /* here and below: NULL: the text names it */
    const nn_optimiser *rule;
    const nn_schedule *schedule;
    nn_head_options head_options;
    nn_layers layers;
    const nn_group *groups;
    size_t n_groups;
} rest;

static bool read_rest(nn_model_reader *r, rest *to)
{
    const nn_json *own = nn_json_member(r->root, "own");
    *to = (rest){own_head(r, own), own_optimiser(r, own), own_schedule(r, own), .n_groups = 0};
    check_own(r, own, "head", "head", "heads", to->head);
    check_own(r, own, "optimiser", "optimiser", "optimisers", to->rule);
    check_own(r, own, "schedule", "schedule", "schedules", to->schedule);
    to->head_options.label_smoothing = nn_model_real(r, r->root, "label_smoothing");
    to->head_options.delta = nn_model_real(r, r->root, "delta");
    return r->status == AD_OK && nn_model_read_layers(r, &to->layers, &to->groups, &to->n_groups);
}

/* Fills it in among the options of a classifier or a regressor, which call it the same. */
#define FILL_IN(o, rest)                                                                                               \
    ((o)->head = (rest).head ? (rest).head : (o)->head,                                                                \
     (o)->optimiser.rule = (rest).rule ? (rest).rule : (o)->optimiser.rule,                                            \
     (o)->optimiser.schedule.rule = (rest).schedule ? (rest).schedule : (o)->optimiser.schedule.rule,                  \
     (o)->head_options = (rest).head_options, (o)->layers = (rest).layers, (o)->groups = (rest).groups,                \
     (o)->n_groups = (rest).n_groups)

/* Reads the text of the options. */
static nn_options *read_options(nn_model_reader *r, nn_options_kind kind)
{
    static const char *const nouns[] = {"classifier", "regressor"};
    const char *noun = nn_model_text(r, r->root, "estimator", false);
    const char *text = nn_model_text(r, r->root, "options", false);
    if (r->status != AD_OK)
        return NULL;
    if (!strcmp(noun, nouns[1 - kind]))
        nn_model_fail(r, AD_BAD_FILE, "the model is a %s, not a %s: load it by nn_%s_load", noun, nouns[kind], noun);
    else if (strcmp(noun, nouns[kind]) != 0)
        nn_model_fail(r, AD_BAD_FILE, "its \"estimator\" is none");
    nn_options *o = r->status == AD_OK ? nn_options_parse(text, kind, r->options->allocator) : NULL;
    if (r->status == AD_OK && !o)
        nn_model_fail(r, AD_NO_MEMORY, "memory is out for its options");
    else if (o && nn_options_status(o) != AD_OK)
        nn_model_fail(r, nn_options_status(o) == AD_NO_MEMORY ? AD_NO_MEMORY : AD_BAD_FILE, "its options: %s",
                      nn_options_message(o));
    return o;
}

/* ---- What was learnt --------------------------------------------------------------------------------------------- */

/* Reads an array with a number for each column. */
static const void *read_columns(nn_model_reader *r, const char *name, nn_file_type type, int64_t *columns)
{
    const nn_file_tensor *t = nn_model_find(r, name, type, 1);
    if (!t)
        return NULL;
    if (*columns < 0)
        *columns = t->sizes[0];
    if (t->sizes[0] != *columns) {
        nn_model_fail(r, AD_BAD_FILE, "%s has %" PRId64 " columns, not %" PRId64, name, t->sizes[0], *columns);
        return NULL;
    }
    return nn_model_read(r, t);
}

static bool read_learnt(nn_model_reader *r, nn_learnt *l)
{
    *l = (nn_learnt){.columns = -1};
    l->mean = read_columns(r, "gradtape.scaling.mean", NN_FILE_F64, &l->columns);
    l->rest = read_columns(r, "gradtape.scaling.rest", NN_FILE_F64, &l->columns);
    l->inverse = read_columns(r, "gradtape.scaling.inverse", NN_FILE_F64, &l->columns);
    l->fill = read_columns(r, "gradtape.fill", NN_FILE_F64, &l->columns);
    l->has_missing = read_columns(r, "gradtape.has_missing", NN_FILE_U8, &l->columns);
    return nn_model_read_schema(r, &l->schema) && r->status == AD_OK;
}

/* Reads how targets are scaled, if they are. */
static bool read_targets(nn_model_reader *r, nn_estimator *e)
{
    int64_t k = e->truth.k;
    if (!e->truth.targets)
        return true;
    const double *mean = read_columns(r, "gradtape.target.mean", NN_FILE_F64, &k);
    const double *deviation = read_columns(r, "gradtape.target.deviation", NN_FILE_F64, &k);
    if (r->status != AD_OK)
        return false;
    const ad_status status = nn_targets_restore(&e->targets, k, mean, deviation, &e->memory);
    if (status == AD_NO_MEMORY)
        nn_model_fail(r, status, "memory is out for its targets");
    else if (status != AD_OK)
        nn_model_fail(r, AD_BAD_FILE,
                      "its targets have a mean that is not finite, or a deviation that is not finite and above 0");
    return status == AD_OK;
}

/* ---- The network ------------------------------------------------------------------------------------------------- */

/* What looks at a network before it takes memory. */
typedef struct look {
    nn_model_reader *reader;
    const nn_estimator *e;
} look;

static bool has_sizes(const nn_file_tensor *t, const int64_t *sizes)
{
    for (int i = 0; i < t->rank; i++)
        if (t->sizes[i] != sizes[i])
            return false;
    return true;
}

static void fail_sizes(nn_model_reader *r, const nn_file_tensor *t)
{
    nn_model_fail(r, AD_BAD_FILE, "its tensor \"%.300s\" has not the shape that the model needs", t->name);
}

/* The bytes of all tensors of the optimiser that are of the parameters' type. */
static uint64_t bytes_of_slots(const nn_safetensors *file)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < file->content.n_tensors; i++) {
        const nn_file_tensor *t = &file->content.tensors[i];
        if (!strncmp(t->name, "optimizer.", 10) && t->type == NN_FILE_F32)
            bytes += t->end - t->begin;
    }
    return bytes;
}

/* The file has each part, in its shape, and as many bytes of slots: only then memory is taken for them. */
static bool look_at_parts(const nn_network *network, void *context)
{
    const look *l = context;
    nn_model_reader *r = l->reader;
    char name[NN_FILE_NAME];
    uint64_t trained = 0;
    for (size_t i = 0; i < network->n_parts && r->status == AD_OK; i++) {
        const nn_made_part *made = &network->parts[i];
        ad_shape shape = nn_shape_of_part(made->node, made->part);
        nn_write_file_name(network, i, name);
        const nn_file_tensor *t = nn_model_find(r, name, NN_FILE_F32, shape.rank);
        if (made->part->is_transposed) {
            const int64_t rows = shape.dims[0];
            shape.dims[0] = shape.dims[1];
            shape.dims[1] = rows;
        }
        if (t && !has_sizes(t, shape.dims))
            fail_sizes(r, t);
        if (t && made->role != NN_STATE && !made->frozen)
            trained += t->end - t->begin;
    }
    if (r->status == AD_OK && bytes_of_slots(&r->file) != nn_model_slots(l->e) * trained)
        nn_model_fail(r, AD_BAD_FILE, "its optimiser has %" PRIu64 " bytes, where the model needs %" PRIu64,
                      bytes_of_slots(&r->file), nn_model_slots(l->e) * trained);
    return r->status == AD_OK;
}

/* ---- Tensors ----------------------------------------------------------------------------------------------------- */

static bool is_count(const void *data)
{
    const double x = *(const double *)data;
    return x >= 0 && x <= 0x1p53 && x == floor(x);
}

/* Gives a tensor the elements that were read, if it can have them. */
static void take(nn_model_reader *r, const nn_model_tensor_at *at, const nn_file_tensor *t, const void *data)
{
    const size_t bytes = (size_t)(t->end - t->begin);
    const bool is_f64 = t->type == NN_FILE_F64; /* a number of the optimiser */
    if (at->is_weight && !nn_model_is_finite(t->type, data, bytes / (is_f64 ? sizeof(double) : sizeof(float))))
        nn_model_fail(r, AD_BAD_FILE, "its tensor \"%.300s\" is not finite", t->name);
    else if ((is_f64 && !isfinite(*(const double *)data)) || (at->is_count && !is_count(data)))
        nn_model_fail(r, AD_BAD_FILE, "its tensor \"%.300s\" is no number that it can be", t->name);
    else if (ad_is_inert(at->leaf))
        memcpy((void *)at->file.data, data, bytes);
    else if (ad_assign(at->leaf, data) != AD_OK)
        nn_model_fail(r, ad_status_of(at->leaf.tape), "%s", ad_message(at->leaf.tape));
}

/* Gives a tensor what the file has of it. */
static void fill(nn_model_reader *r, const nn_model_tensor_at *at)
{
    nn_store own = {.memory = &r->memory};
    const nn_file_tensor *t = nn_model_find(r, at->file.name, at->file.type, at->file.rank);
    if (t && !has_sizes(t, at->file.sizes))
        fail_sizes(r, t);
    if (r->status != AD_OK)
        return;
    nn_file_tensor wanted = *t;
    wanted.is_transposed = at->file.is_transposed;
    void *data = nn_store_take(&own, (size_t)(t->end - t->begin) + 1, 1);
    if (!data)
        nn_model_fail(r, AD_NO_MEMORY, "memory is out for its tensor \"%.300s\"", t->name);
    else if (nn_model_read_into(r, &wanted, data))
        take(r, at, t, data);
    nn_store_release(&own);
}

/* Names a tensor that the model does not have. `known` are those that were read by their names, the last two where
 * targets are scaled. */
static void refuse_others(nn_model_reader *r, const nn_model_tensors *list, bool has_targets)
{
    static const char *const known[] = {"gradtape.scaling.mean", "gradtape.scaling.rest", "gradtape.scaling.inverse",
                                        "gradtape.fill",         "gradtape.has_missing",  "gradtape.history",
                                        "gradtape.flow",         "gradtape.target.mean",  "gradtape.target.deviation"};
    const size_t n_known = sizeof known / sizeof known[0] - (has_targets ? 0 : 2);
    if (r->file.content.n_tensors == list->n + n_known)
        return;
    for (size_t i = 0; i < r->file.content.n_tensors; i++) {
        const char *name = r->file.content.tensors[i].name;
        size_t k = 0, j = 0;
        while (k < n_known && strcmp(known[k], name) != 0)
            k++;
        while (k == n_known && j < list->n && strcmp(list->at[j].file.name, name) != 0)
            j++;
        if (k == n_known && j == list->n) {
            nn_model_fail(r, AD_BAD_FILE, "its tensor \"%.300s\" is none of the model", name);
            return;
        }
    }
}

/* ---- The estimator ----------------------------------------------------------------------------------------------- */

/* An estimator that was opened gets everything else. */
static void restore(nn_model_reader *r, nn_estimator *e)
{
    nn_learnt learnt;
    nn_model_tensors list = {.store = &r->store};
    if (!read_learnt(r, &learnt))
        return;
    const ad_status built = nn_estimator_rebuild(e, &learnt, look_at_parts, &(look){r, e});
    if (built == AD_NO_MEMORY)
        nn_model_fail(r, built, "memory is out for its network");
    else if (built != AD_OK)
        nn_model_fail(r, AD_BAD_FILE, "its layers or columns do not go together: %s", nn_estimator_message(e));
    if (r->status != AD_OK || !read_targets(r, e) || !nn_model_read_state(r, e))
        return;
    if (nn_model_list(&list, e) != AD_OK)
        nn_model_fail(r, AD_NO_MEMORY, "memory is out for the list of its tensors");
    for (size_t i = 0; i < list.n && r->status == AD_OK; i++)
        fill(r, &list.at[i]);
    if (r->status == AD_OK)
        refuse_others(r, &list, e->truth.targets);
    if (r->status == AD_OK)
        nn_model_take_note(r, e);
}

/* The estimator keeps the error of the reader for good. */
static void refuse(const nn_model_reader *r, nn_estimator *e)
{
    nn_estimator_release_network(e);
    e->options_are_bad = false; /* so that their error goes too */
    nn_estimator_clear_error(e);
    e->settings = "";
    e->step = 0;
    e->options_are_bad = true;
    nn_estimator_fail(e, r->status, "%s", r->message);
}

/* Gives an estimator, which is NULL if there was no memory for it, all that the file has, or its error. */
static void finish(nn_model_reader *r, nn_estimator *e)
{
    if (e && r->status == AD_OK)
        restore(r, e);
    if (e && r->status != AD_OK)
        refuse(r, e);
}

/* An estimator is the first member of both. */
nn_classifier *nn_classifier_load(const char *path, const nn_load_options *options)
{
    nn_model_reader r;
    rest more;
    nn_options *parsed = nn_model_open(&r, path, options, false) == AD_OK ? read_options(&r, NN_CLASSIFIER) : NULL;
    nn_classifier_options o = {.n_classes = 2};
    if (r.status == AD_OK && read_rest(&r, &more)) {
        o = *nn_options_classifier(parsed);
        FILL_IN(&o, more);
    }
    o.allocator = r.options->allocator;
    nn_classifier *c = nn_classifier_open(&o);
    if (c && r.status == AD_OK && nn_classifier_status(c) != AD_OK)
        nn_model_fail(&r, AD_BAD_FILE, "its options: %s", nn_classifier_message(c));
    finish(&r, (nn_estimator *)c);
    nn_options_close(parsed);
    nn_model_close(&r);
    return c;
}

nn_regressor *nn_regressor_load(const char *path, const nn_load_options *options)
{
    nn_model_reader r;
    rest more;
    nn_options *parsed = nn_model_open(&r, path, options, false) == AD_OK ? read_options(&r, NN_REGRESSOR) : NULL;
    nn_regressor_options o = {.n_targets = 1};
    if (r.status == AD_OK && read_rest(&r, &more)) {
        o = *nn_options_regressor(parsed);
        FILL_IN(&o, more);
    }
    o.allocator = r.options->allocator;
    nn_regressor *g = nn_regressor_open(&o);
    if (g && r.status == AD_OK && nn_regressor_status(g) != AD_OK)
        nn_model_fail(&r, AD_BAD_FILE, "its options: %s", nn_regressor_message(g));
    finish(&r, (nn_estimator *)g);
    nn_options_close(parsed);
    nn_model_close(&r);
    return g;
}
