/* Columns of tables as text: what each is. */
#include "csv_columns.h"

#include <math.h>
#include <string.h>

#include "../options/near.h"
#include "decimal.h"

/* The columns in the making. */
typedef struct making {
    nn_csv_columns *columns;
    nn_dataset *dataset;
    nn_levels names;
    nn_text_pool pool;
    size_t *first; /* of each name: the first column that has it */
} making;

/* ---- Messages ---------------------------------------------------------------------------------------------------- */

/* Keeps what a writer wrote into `text`. */
static ad_status fail(const making *m, ad_status status, const char *text)
{
    return nn_dataset_fail(m->dataset, status, "%s", text);
}

static ad_status fail_memory(const making *m)
{
    return nn_dataset_fail(m->dataset, AD_NO_MEMORY, "%s: memory is out for its %zu columns",
                           m->columns->records->source->name, m->columns->n);
}

static const char *name_at(int i, const void *context)
{
    const nn_csv_columns *c = context;
    return (size_t)i < c->n ? c->at[i].name : NULL;
}

static ad_status fail_name(const making *m, const char *name)
{
    enum { SHOWN = 8 };
    const nn_csv_columns *c = m->columns;
    char text[NN_DATASET_MESSAGE];
    nn_writer w = nn_writer_into(text, sizeof text);
    const char *near = nn_nearest(name, name_at, c);
    nn_put(&w, "no column ");
    nn_put_name(&w, name);
    nn_put(&w, " in ");
    nn_put(&w, c->records->source->name);
    if (near) {
        nn_put(&w, "; did you mean ");
        nn_put_name(&w, near);
        nn_put(&w, "?");
    }
    if (near)
        return fail(m, AD_BAD_VALUE, text);
    nn_put_format(&w, " (%zu column%s: ", c->n, c->n == 1 ? "" : "s");
    for (size_t i = 0; i < c->n && i < SHOWN; i++) {
        nn_put(&w, i ? ", " : "");
        nn_put_shown(&w, c->at[i].name);
    }
    nn_put(&w, c->n > SHOWN ? ", ...)" : ")");
    return fail(m, AD_BAD_VALUE, text);
}

static ad_status fail_twice(const making *m, uint32_t name)
{
    const nn_csv_columns *c = m->columns;
    char text[NN_DATASET_MESSAGE];
    size_t second = m->first[name] + 1;
    while (strcmp(c->at[second].name, m->names.at[name].text) != 0)
        second++;
    nn_writer w = nn_writer_into(text, sizeof text);
    nn_csv_put_line(&w, c->records, nn_csv_line_of(c->records, second));
    nn_put(&w, "two columns are called ");
    nn_put_name(&w, c->at[second].name);
    nn_put_format(&w, " (%zu and %zu); rename one", m->first[name] + 1, second + 1);
    return fail(m, AD_BAD_FILE, text);
}

/* ---- Names ------------------------------------------------------------------------------------------------------- */

/* A first record that is one field and has another delimiter in it. In quotes that would be a name. */
static ad_status check_delimiter(const making *m)
{
    const nn_csv_records *r = m->columns->records;
    const nn_csv_field *f = &r->fields[0];
    const char *at = f->at;
    char text[NN_DATASET_MESSAGE];
    if (r->n > 1 || f->at > r->block + r->begin)
        return AD_OK;
    while (at < f->at + f->n && *at != ';' && *at != '\t' && *at != ',')
        at++;
    if (at == f->at + f->n)
        return AD_OK;
    nn_writer w = nn_writer_into(text, sizeof text);
    nn_put(&w, r->source->name);
    nn_put(&w, r->has_header ? ": the header" : ": the first record");
    nn_put(&w, " is one field and contains ");
    if (*at == '\t')
        nn_put(&w, "a tab");
    else
        nn_put_format(&w, "'%c'", *at);
    nn_put(&w, "; say ");
    nn_put_option(&w, "delimiter", *at == '\t' ? "tab" : (const char[]){*at, 0});
    return fail(m, AD_BAD_FILE, text);
}

static ad_status fail_number(const making *m, size_t i)
{
    const nn_csv_records *r = m->columns->records;
    char text[NN_DATASET_MESSAGE];
    nn_writer w = nn_writer_into(text, sizeof text);
    nn_csv_put_line(&w, r, nn_csv_line_of(r, i));
    nn_put(&w, "the header has the number ");
    nn_csv_put_field(&w, r->fields[i]);
    nn_put(&w, " as a name; for a file without header: ");
    nn_put_option(&w, "no_header", "true");
    nn_put(&w, "; if it is a name: ");
    nn_put_option(&w, "header", "true");
    return fail(m, AD_BAD_FILE, text);
}

static bool is_number(nn_csv_field f, char point)
{
    double x;
    return nn_decimal_read(f.at, f.at + f.n, point, &x) == f.at + f.n;
}

/* Names are interned: the dictionary says whether a name is there twice, and finds those that options give. */
static ad_status take_names(making *m)
{
    nn_csv_columns *c = m->columns;
    const nn_csv_records *r = c->records;
    for (size_t i = 0; i < c->n; i++) {
        char number[24];
        nn_csv_field name = r->fields[i];
        if (c->options->no_header)
            name = (nn_csv_field){.at = number, .n = (size_t)snprintf(number, sizeof number, "%zu", i + 1)};
        else if (!c->options->header && is_number(name, c->point))
            return fail_number(m, i);
        uint32_t level;
        if (!nn_levels_add(&m->names, name.at, name.n, &level))
            return fail_memory(m);
        c->at[i].name = m->names.at[level].text;
        if (m->names.at[level].count == 1)
            m->first[level] = i;
    }
    return AD_OK;
}

/* Names that must be there, and once: of all columns but those that are ignored. */
static ad_status check_names(const making *m)
{
    const nn_csv_columns *c = m->columns;
    char text[NN_DATASET_MESSAGE], number[24];
    for (size_t i = 0; i < c->n; i++) {
        const nn_csv_column *column = &c->at[i];
        if (column->kind == NN_COLUMN_IGNORED)
            continue;
        if (!*column->name) {
            nn_writer w = nn_writer_into(text, sizeof text);
            nn_csv_put_line(&w, c->records, nn_csv_line_of(c->records, i));
            nn_put_format(&w, "column %zu has no name (row numbers of a spreadsheet?); ", i + 1);
            snprintf(number, sizeof number, "%zu", i + 1);
            nn_put_option(&w, "ignored", number);
            return fail(m, AD_BAD_FILE, text);
        }
        const uint32_t name = nn_levels_find(&m->names, column->name, strlen(column->name));
        const size_t other = m->first[name];
        if (other != i && c->at[other].kind != NN_COLUMN_IGNORED)
            return fail_twice(m, name);
    }
    return AD_OK;
}

/* Finds the column that an option means: by its name, else by its place. */
static bool is_found(const making *m, const char *name, size_t *column)
{
    int64_t place;
    const size_t n = strlen(name);
    const uint32_t level = n > 0 ? nn_levels_find(&m->names, name, n) : UINT32_MAX;
    if (level != UINT32_MAX)
        *column = m->first[level];
    else if (nn_is_whole(name, n, &place) && place >= 1 && (uint64_t)place <= m->columns->n)
        *column = (size_t)place - 1;
    else
        return false;
    return true;
}

static ad_status find_column(const making *m, const char *name, size_t *column)
{
    if (!is_found(m, name, column))
        return fail_name(m, name);
    const uint32_t level = nn_levels_find(&m->names, name, strlen(name));
    return level != UINT32_MAX && m->names.at[level].count > 1 ? fail_twice(m, level) : AD_OK;
}

/* ---- What columns are -------------------------------------------------------------------------------------------- */

/* The option that claims a column. `like` is what a model has. */
static void put_claim(nn_writer *w, const char *option)
{
    if (strcmp(option, "like") == 0)
        nn_put(w, "a column of the model");
    else
        nn_put_option_name(w, option);
}

static ad_status fail_two_things(const making *m, size_t i, const char *option)
{
    const nn_csv_column *column = &m->columns->at[i];
    char text[NN_DATASET_MESSAGE];
    nn_writer w = nn_writer_into(text, sizeof text);
    nn_put(&w, m->columns->records->source->name);
    nn_put(&w, ": column ");
    nn_put_name(&w, column->name);
    if (strcmp(column->by, option) == 0) {
        nn_put(&w, " is named twice by ");
        if (strcmp(option, "like") == 0)
            nn_put(&w, "the model");
        else
            nn_put_option_name(&w, option);
        nn_put(&w, "; name it once");
    } else {
        nn_put(&w, " is two things: ");
        put_claim(&w, column->by);
        nn_put(&w, " and ");
        put_claim(&w, option);
        nn_put(&w, "; leave it out of one of them");
    }
    return fail(m, AD_BAD_VALUE, text);
}

static ad_status claim(making *m, size_t i, nn_column_kind kind, const char *option)
{
    nn_csv_column *column = &m->columns->at[i];
    const bool is_like = strcmp(option, "like") == 0;
    const bool is_of_like = column->like && column->by && strcmp(column->by, "like") == 0 && !is_like;
    const bool may_go = kind == NN_COLUMN_IGNORED && !nn_csv_is_feature(column->kind);
    if (column->by && column->like && column->kind == kind && !is_of_like && !is_like)
        return AD_OK; /* it was named before, as `like` has it */
    if (column->by && !(is_of_like && (column->kind == kind || may_go)))
        return fail_two_things(m, i, option);
    column->kind = kind;
    column->by = option;
    return AD_OK;
}

static ad_status claim_named(making *m, const char *name, nn_column_kind kind, const char *option)
{
    size_t column = 0;
    const ad_status status = name ? find_column(m, name, &column) : AD_OK;
    return name && status == AD_OK ? claim(m, column, kind, option) : status;
}

static ad_status claim_list(making *m, nn_texts names, nn_column_kind kind, const char *option)
{
    ad_status status = AD_OK;
    for (size_t i = 0; i < names.n && status == AD_OK; i++)
        status = claim_named(m, names.at[i], kind, option);
    return status;
}

/* "auto" is a word, unless a column is called so. Returns the others. */
static ad_status claim_categories(making *m, bool *is_auto)
{
    const nn_texts names = m->columns->options->categorical;
    ad_status status = AD_OK;
    *is_auto = false;
    for (size_t i = 0; i < names.n && status == AD_OK; i++)
        if (strcmp(names.at[i], "auto") == 0 && nn_levels_find(&m->names, "auto", 4) == UINT32_MAX)
            *is_auto = true;
        else
            status = claim_named(m, names.at[i], NN_COLUMN_CATEGORY, "categorical");
    return status;
}

/* What is true of rows need not be there beside `like`, nor what is ignored: new rows are predicted. A note names what
 * is true of rows. */
static bool may_lack(const making *m, const char *name)
{
    size_t column;
    return name && m->columns->options->like.n > 0 && !is_found(m, name, &column);
}

static ad_status claim_options(making *m, bool *is_auto)
{
    const nn_csv_options *o = m->columns->options;
    ad_status status = may_lack(m, o->label) ? AD_OK : claim_named(m, o->label, NN_COLUMN_LABEL, "label");
    if (status == AD_OK && !(o->targets.n && may_lack(m, o->targets.at[0])))
        status = claim_list(m, o->targets, NN_COLUMN_TARGET, "targets");
    if (status == AD_OK && !may_lack(m, o->weight))
        status = claim_named(m, o->weight, NN_COLUMN_WEIGHT, "weight");
    if (status == AD_OK)
        status = claim_list(m, o->ids, NN_COLUMN_ID, "ids");
    for (size_t i = 0; i < o->ignored.n && status == AD_OK; i++)
        if (!may_lack(m, o->ignored.at[i]))
            status = claim_named(m, o->ignored.at[i], NN_COLUMN_IGNORED, "ignored");
    if (status == AD_OK)
        status = claim_categories(m, is_auto);
    return status == AD_OK ? claim_list(m, o->numeric, NN_COLUMN_NUMBER, "numeric") : status;
}

/* ---- Like -------------------------------------------------------------------------------------------------------- */

/* What a table can be matched by: names, and columns of width 1. */
static ad_status check_like(const making *m, size_t i)
{
    const nn_column *like = &m->columns->options->like.at[i];
    char text[NN_DATASET_MESSAGE];
    if (!like->name || !*like->name)
        return nn_dataset_fail(m->dataset, AD_BAD_VALUE,
                               "like: column %zu has no name, and columns of a table are found by their names; leave "
                               "like out, and columns are taken by their places",
                               i + 1);
    size_t level = 0;
    while (like->levels.at && level < like->levels.n && like->levels.at[level])
        level++;
    const bool has_levels = level == like->levels.n;
    if ((unsigned)like->kind < NN_COLUMN_KIND_COUNT && like->width <= 1 && has_levels)
        return AD_OK;
    nn_writer w = nn_writer_into(text, sizeof text);
    nn_put(&w, "like: column ");
    nn_put_name(&w, like->name);
    if (!has_levels) {
        nn_put_format(&w, ": level %zu of %zu is NULL; give each level a text", level, like->levels.n);
        return fail(m, AD_BAD_VALUE, text);
    }
    nn_put_format(&w, " is of kind %d and width %lld; a column of a table has a kind of the list and width 1",
                  (int)like->kind, (long long)like->width);
    return fail(m, AD_BAD_VALUE, text);
}

/* The names of features of `like` that the table lacks: no option is wrong, the file is another. */
static ad_status fail_lacking(const making *m)
{
    const nn_csv_columns *c = m->columns;
    const nn_schema like = c->options->like;
    char text[NN_DATASET_MESSAGE];
    nn_writer w = nn_writer_into(text, sizeof text);
    size_t n = 0;
    for (size_t i = 0; i < like.n; i++) {
        const char *name = like.at[i].name;
        if (!nn_csv_is_feature(like.at[i].kind) || nn_levels_find(&m->names, name, strlen(name)) != UINT32_MAX)
            continue;
        if (n == 0) {
            nn_put(&w, c->records->source->name);
            nn_put(&w, " has no column ");
        }
        nn_put(&w, n == 1 ? ", which the model needs (it also lacks: " : n > 1 ? ", " : "");
        nn_put_name(&w, name);
        n++;
    }
    if (n == 0)
        return AD_OK;
    nn_put(&w, n == 1 ? ", which the model needs" : ")");
    return fail(m, AD_BAD_FILE, text);
}

static ad_status claim_like(making *m)
{
    nn_csv_columns *c = m->columns;
    const nn_schema like = c->options->like;
    ad_status status = AD_OK;
    for (size_t i = 0; i < like.n && status == AD_OK; i++)
        status = check_like(m, i);
    if (status == AD_OK)
        status = fail_lacking(m);
    for (size_t i = 0; i < like.n && status == AD_OK; i++) {
        const char *name = like.at[i].name;
        const uint32_t level = nn_levels_find(&m->names, name, strlen(name));
        if (level == UINT32_MAX)
            continue;
        const size_t column = m->first[level];
        status = m->names.at[level].count > 1 ? fail_twice(m, level) : claim(m, column, like.at[i].kind, "like");
        if (status != AD_OK)
            return status;
        c->at[column].like = &like.at[i];
        c->order[c->n_order++] = column;
    }
    return status;
}

/* ---- All of them ------------------------------------------------------------------------------------------------- */

/* Columns that nothing is said of. */
static void settle_rest(nn_csv_columns *c, bool is_auto)
{
    for (size_t i = 0; i < c->n; i++) {
        nn_csv_column *column = &c->at[i];
        column->is_left_out = c->options->like.n > 0 && !column->by;
        column->is_open = is_auto && !column->by && !column->is_left_out;
        if (!column->by)
            column->kind = column->is_left_out ? NN_COLUMN_IGNORED : is_auto ? NN_COLUMN_CATEGORY : NN_COLUMN_NUMBER;
        if (!column->like && !column->is_left_out)
            c->order[c->n_order++] = i;
    }
}

static ad_status set_only(const making *m, const char *what, size_t *only, size_t i)
{
    const nn_csv_columns *c = m->columns;
    char text[NN_DATASET_MESSAGE];
    if (*only == NN_CSV_NONE) {
        *only = i;
        return AD_OK;
    }
    nn_writer w = nn_writer_into(text, sizeof text);
    nn_put(&w, c->records->source->name);
    nn_put(&w, ": two columns are the ");
    nn_put(&w, what);
    nn_put(&w, ": ");
    nn_put_name(&w, c->at[*only].name);
    nn_put(&w, " (");
    put_claim(&w, c->at[*only].by);
    nn_put(&w, ") and ");
    nn_put_name(&w, c->at[i].name);
    nn_put(&w, " (");
    put_claim(&w, c->at[i].by);
    nn_put(&w, "); name the same one, or ignore one");
    return fail(m, AD_BAD_VALUE, text);
}

/* A feature that options name and `like` does not have. */
static ad_status fail_new_feature(const making *m, const nn_csv_column *column)
{
    char text[NN_DATASET_MESSAGE];
    nn_writer w = nn_writer_into(text, sizeof text);
    nn_put(&w, "the model has no column ");
    nn_put_name(&w, column->name);
    nn_put(&w, ", which is a feature by the option ");
    nn_put_option_name(&w, column->by);
    nn_put(&w, "; leave it out there");
    return fail(m, AD_BAD_VALUE, text);
}

/* Features, targets and ids get places in the order of the schema. */
static ad_status set_places(const making *m)
{
    nn_csv_columns *c = m->columns;
    ad_status status = AD_OK;
    for (size_t k = 0; k < c->n_order && status == AD_OK; k++) {
        nn_csv_column *column = &c->at[c->order[k]];
        if (nn_csv_is_feature(column->kind) && c->options->like.n > 0 && !column->like)
            return fail_new_feature(m, column);
        if (nn_csv_is_feature(column->kind))
            column->place = c->n_features++;
        if (column->kind == NN_COLUMN_TARGET)
            column->place = c->n_targets++;
        if (column->kind == NN_COLUMN_ID)
            column->place = c->n_ids++;
        if (column->kind == NN_COLUMN_LABEL)
            status = set_only(m, "label", &c->label, c->order[k]);
        if (column->kind == NN_COLUMN_WEIGHT)
            status = set_only(m, "weight", &c->weight, c->order[k]);
    }
    if (status == AD_OK && c->n_features == 0)
        return nn_dataset_fail(
            m->dataset, AD_BAD_VALUE,
            "%s: none of its %zu columns is left for the features; leave one out of the other options",
            c->records->source->name, c->n);
    return status;
}

static ad_status make(making *m)
{
    bool is_auto = false;
    ad_status status = check_delimiter(m);
    if (status == AD_OK)
        status = take_names(m);
    if (status == AD_OK)
        status = claim_like(m);
    if (status == AD_OK)
        status = claim_options(m, &is_auto);
    if (status != AD_OK)
        return status;
    settle_rest(m->columns, is_auto);
    status = m->columns->options->no_header ? AD_OK : check_names(m);
    return status == AD_OK ? set_places(m) : status;
}

ad_status nn_csv_columns_make(nn_csv_columns *c, const nn_csv_records *records, const nn_csv_options *options,
                              nn_store *store)
{
    nn_dataset *dataset = records->source->dataset;
    const size_t n = records->n;
    making m = {.columns = c, .dataset = dataset, .pool = {.store = store}};
    m.names = (nn_levels){.pool = &m.pool, .memory = &dataset->memory};
    *c = (nn_csv_columns){.options = options,
                          .records = records,
                          .n = n,
                          .label = NN_CSV_NONE,
                          .weight = NN_CSV_NONE,
                          .point = options->decimal ? *options->decimal : '.',
                          .limit = options->as_f32 ? NN_CSV_F32_LIMIT : (double)INFINITY};
    c->at = nn_store_take(store, n, sizeof *c->at);
    c->order = nn_store_take(store, n, sizeof *c->order);
    m.first = ad_memory_take(&dataset->memory, n, sizeof *m.first);
    const ad_status status = c->at && c->order && m.first ? make(&m) : fail_memory(&m);
    ad_memory_release(&dataset->memory, m.first, n, sizeof *m.first);
    nn_levels_release(&m.names);
    return status;
}
