/* How the columns of data go with those that an encoding was learnt from. */
#include <inttypes.h>
#include <string.h>

#include "columns.h"
#include "encoding.h"
#include "text_order.h"

/* A matching while it is made. */
typedef struct matching_work {
    nn_matching *m;
    const nn_encoding *e;
    const nn_data *data;
    nn_writer w;
    size_t *columns;   /* [n]: the columns of the data that have features */
    int64_t *features; /* [n]: where they begin */
    size_t n;
    size_t *found; /* [columns of the encoding]: the place in these lists; n: there is none */
} work;

/* ---- The same columns -------------------------------------------------------------------------------------------- */

static bool same_levels(const nn_texts *a, const nn_texts *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->at[i], b->at[i]) != 0)
            return false;
    return true;
}

/* Names are the same where both columns have one. */
static bool same_name(const nn_column *a, const nn_column *b)
{
    return !nn_column_has_name(a) || !nn_column_has_name(b) || !strcmp(a->name, b->name);
}

static bool same_column(const nn_column *a, const nn_column *b)
{
    return same_name(a, b) && a->kind == b->kind && nn_column_features(a) == nn_column_features(b) &&
           (a->kind != NN_COLUMN_CATEGORY || same_levels(&a->levels, &b->levels));
}

static bool same_schema(const nn_schema *learnt, const nn_schema *schema)
{
    size_t at = 0;
    for (size_t i = 0; i < schema->n; i++) {
        if (nn_column_features(&schema->at[i]) == 0)
            continue;
        if (at == learnt->n || !same_column(&learnt->at[at++], &schema->at[i]))
            return false;
    }
    return at == learnt->n;
}

/* ---- Data or encodings without columns --------------------------------------------------------------------------- */

/* The first category among columns; n if there is none. */
static size_t first_category(const nn_schema *schema)
{
    size_t i = 0;
    while (i < schema->n && schema->at[i].kind != NN_COLUMN_CATEGORY)
        i++;
    return i;
}

/* By place. The levels of a category have no texts here, or nobody knows what they are. */
static ad_status match_numbers(work *k)
{
    const nn_schema *schema = k->e->schema.n ? &k->e->schema : &k->data->schema;
    const size_t category = first_category(schema);
    if (k->data->columns != k->e->columns) {
        nn_put_format(&k->w, "the data have %" PRId64 " columns, the model was fitted to %" PRId64, k->data->columns,
                      k->e->columns);
        return AD_BAD_SHAPE;
    }
    if (category == schema->n)
        return AD_OK;
    nn_put_column(&k->w, schema, category);
    if (k->e->schema.n)
        nn_put_format(&k->w,
                      " is a category for the model, and the data have no schema; give them one with its levels");
    else
        nn_put_format(&k->w, " is a category, the model was fitted to numbers only");
    return AD_BAD_VALUE;
}

/* ---- Finding columns --------------------------------------------------------------------------------------------- */

static bool make_lists(work *k)
{
    const nn_schema *schema = &k->data->schema;
    nn_store *store = &k->m->store;
    int64_t feature = 0;
    k->columns = nn_store_take(store, schema->n, sizeof *k->columns);
    k->features = nn_store_take(store, schema->n, sizeof *k->features);
    k->found = nn_store_take(store, k->e->schema.n, sizeof *k->found);
    for (size_t i = 0; k->columns && k->features && i < schema->n; i++) {
        const int64_t features = nn_column_features(&schema->at[i]);
        if (features == 0)
            continue;
        k->columns[k->n] = i;
        k->features[k->n++] = feature;
        feature += features;
    }
    return k->columns && k->features && k->found;
}

static const nn_column *column_of_data(const work *k, size_t i) { return &k->data->schema.at[k->columns[i]]; }

static bool have_names(const work *k)
{
    for (size_t i = 0; i < k->e->schema.n; i++)
        if (!nn_column_has_name(&k->e->schema.at[i]))
            return false;
    for (size_t i = 0; i < k->n; i++)
        if (!nn_column_has_name(column_of_data(k, i)))
            return false;
    return true;
}

/* Lists what is missing, the first by name, a few of the others. */
static ad_status refuse_missing(work *k)
{
    enum { MOST = 8 };
    size_t missing = 0;
    for (size_t i = 0; i < k->e->schema.n; i++) {
        if (k->found[i] < k->n)
            continue;
        if (missing == 0)
            nn_put(&k->w, "the data have no column ");
        else if (missing == 1)
            nn_put_format(&k->w, ", which the model needs (they also lack: ");
        else if (missing <= MOST)
            nn_put(&k->w, ", ");
        if (missing <= MOST)
            nn_put_name(&k->w, k->e->schema.at[i].name);
        missing++;
    }
    if (missing > MOST + 1)
        nn_put_format(&k->w, ", ... %zu in all", missing);
    if (missing == 1)
        nn_put_format(&k->w, ", which the model needs");
    else
        nn_put(&k->w, ")");
    return AD_BAD_VALUE;
}

static ad_status find_by_name(work *k)
{
    nn_placed_text *names = nn_store_take(&k->m->store, k->n, sizeof *names);
    bool is_missing = false;
    if (!names)
        return AD_NO_MEMORY;
    for (size_t i = 0; i < k->n; i++)
        names[i] = (nn_placed_text){column_of_data(k, i)->name, i};
    nn_sort_texts(names, k->n);
    for (size_t i = 0; i < k->e->schema.n; i++) {
        const nn_placed_text *found = nn_find_text(names, k->n, k->e->schema.at[i].name);
        k->found[i] = found ? found->at : k->n;
        is_missing |= !found;
        if (!found || found + 1 == names + k->n || strcmp(found[0].text, found[1].text) != 0)
            continue;
        nn_put(&k->w, "the data have two columns called ");
        nn_put_name(&k->w, found->text);
        nn_put_format(&k->w, " (%zu and %zu); rename one", k->columns[found[0].at], k->columns[found[1].at]);
        return AD_BAD_VALUE;
    }
    return is_missing ? refuse_missing(k) : AD_OK;
}

static ad_status find_by_place(work *k)
{
    if (k->n != k->e->schema.n) {
        nn_put_format(&k->w, "the data have %zu columns with features, the model was fitted to %zu", k->n,
                      k->e->schema.n);
        nn_put(&k->w, "; columns are matched by name only if all have one");
        return AD_BAD_SHAPE;
    }
    for (size_t i = 0; i < k->n; i++) {
        k->found[i] = i;
        if (same_name(&k->e->schema.at[i], column_of_data(k, i)))
            continue;
        nn_put_column(&k->w, &k->data->schema, k->columns[i]);
        nn_put_format(&k->w, " stands where the model has ");
        nn_put_name(&k->w, k->e->schema.at[i].name);
        nn_put(&k->w, "; columns are matched by name only if all have one");
        return AD_BAD_VALUE;
    }
    return AD_OK;
}

/* ---- Places and levels ------------------------------------------------------------------------------------------- */

/* Kind and width are those of the column that was learnt from. */
static ad_status check_column(work *k, const nn_column *learnt, const nn_column *found)
{
    const int64_t wanted = nn_column_features(learnt), given = nn_column_features(found);
    if (learnt->kind == found->kind && wanted == given)
        return AD_OK;
    nn_put_column(&k->w, &k->data->schema, (size_t)(found - k->data->schema.at));
    if (learnt->kind != found->kind) {
        nn_put_format(&k->w, " is a %s, the model was fitted to a %s", nn_column_kind_name((int)found->kind),
                      nn_column_kind_name((int)learnt->kind));
        return AD_BAD_VALUE;
    }
    nn_put_format(&k->w, " has %" PRId64 " features, the model was fitted to %" PRId64, given, wanted);
    return AD_BAD_SHAPE;
}

/* For each level of the data that of the encoding; NULL if memory is out. */
static int32_t *match_levels(work *k, const nn_texts *learnt, const nn_texts *levels)
{
    nn_placed_text *sorted = nn_store_take(&k->m->store, learnt->n, sizeof *sorted);
    int32_t *level = nn_store_take(&k->m->store, levels->n, sizeof *level);
    if (!sorted || !level)
        return NULL;
    for (size_t i = 0; i < learnt->n; i++)
        sorted[i] = (nn_placed_text){learnt->at[i], i};
    nn_sort_texts(sorted, learnt->n);
    for (size_t i = 0; i < levels->n; i++) {
        const nn_placed_text *found = nn_find_text(sorted, learnt->n, levels->at[i]);
        level[i] = found ? (int32_t)found->at : -1;
    }
    return level;
}

static bool make_places(work *k)
{
    nn_store *store = &k->m->store;
    k->m->place = nn_store_take(store, (size_t)k->e->columns, sizeof *k->m->place);
    k->m->level = nn_store_take(store, (size_t)k->e->columns, sizeof *k->m->level);
    k->m->used = nn_store_take(store, (size_t)k->data->columns, sizeof *k->m->used);
    return k->m->place && k->m->level && k->m->used;
}

static ad_status place_columns(work *k)
{
    int64_t j = 0;
    if (!make_places(k))
        return AD_NO_MEMORY;
    for (size_t i = 0; i < k->e->schema.n; i++) {
        const nn_column *learnt = &k->e->schema.at[i], *found = column_of_data(k, k->found[i]);
        const int64_t from = k->features[k->found[i]];
        const ad_status status = check_column(k, learnt, found);
        if (status != AD_OK)
            return status;
        if (found->kind == NN_COLUMN_CATEGORY && !same_levels(&learnt->levels, &found->levels)) {
            k->m->level[j] = match_levels(k, &learnt->levels, &found->levels);
            if (!k->m->level[j])
                return AD_NO_MEMORY;
        }
        for (int64_t within = 0; within < nn_column_features(learnt); within++, j++) {
            k->m->place[j] = from + within;
            k->m->used[from + within] = true;
        }
    }
    return AD_OK;
}

/* ---- Matching ---------------------------------------------------------------------------------------------------- */

static ad_status match_columns(work *k)
{
    if (!make_lists(k))
        return AD_NO_MEMORY;
    const ad_status status = have_names(k) ? find_by_name(k) : find_by_place(k);
    return status == AD_OK ? place_columns(k) : status;
}

ad_status nn_matching_make(nn_matching *matching, const nn_encoding *encoding, const nn_data *data, ad_memory *memory,
                           char *message, size_t size)
{
    work k = {.m = matching, .e = encoding, .data = data, .w = {.text = message, .size = size}};
    *matching = (nn_matching){.is_same = true, .store = {.memory = memory}};
    ad_status status = AD_OK;
    if (encoding->schema.n == 0 || data->schema.n == 0)
        status = match_numbers(&k);
    else if (!same_schema(&encoding->schema, &data->schema)) {
        matching->is_same = false;
        status = match_columns(&k);
    }
    if (status == AD_NO_MEMORY)
        nn_put(&k.w, "memory is out for the columns of the data");
    if (status != AD_OK)
        nn_matching_release(matching);
    return status;
}

void nn_matching_release(nn_matching *matching)
{
    if (matching->store.memory)
        nn_store_release(&matching->store);
    *matching = (nn_matching){.is_same = false};
}
