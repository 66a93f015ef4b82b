/* Options by their fields: defaults, checks and copies. */
#include "fields.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "number.h"

void *nn_field_member(const nn_field *f, const void *options) { return (char *)options + f->offset; }

const nn_field *nn_field_named(nn_fields fields, const char *name)
{
    for (size_t i = 0; i < fields.n; i++)
        if (!strcmp(fields.at[i].name, name))
            return &fields.at[i];
    return NULL;
}

size_t nn_fields_offset(nn_fields fields, nn_field_type type)
{
    for (size_t i = 0; i < fields.n; i++)
        if (fields.at[i].type == type)
            return fields.at[i].offset;
    return SIZE_MAX;
}

/* The member as a number; 0 for one that is none. */
static double number_of(const nn_field *f, const void *options)
{
    const void *at = nn_field_member(f, options);
    switch (f->type) {
    case NN_FIELD_INTEGER: return (double)*(const int64_t *)at;
    case NN_FIELD_REAL: return *(const double *)at;
    case NN_FIELD_CHOICE: return (double)*(const int *)at;
    default: return 0;
    }
}

static void set_number(const nn_field *f, void *options, double x)
{
    void *at = nn_field_member(f, options);
    switch (f->type) {
    case NN_FIELD_INTEGER: *(int64_t *)at = (int64_t)x; break;
    case NN_FIELD_REAL: *(double *)at = x; break;
    case NN_FIELD_CHOICE: *(int *)at = (int)x; break;
    default: break;
    }
}

void nn_fields_resolve(nn_fields fields, void *options)
{
    for (size_t i = 0; i < fields.n; i++) {
        const nn_field *f = &fields.at[i];
        if (f->standard != 0 && number_of(f, options) == 0)
            set_number(f, options, f->standard);
        const void **row = nn_field_member(f, options);
        if (f->type == NN_FIELD_ROW && !*row)
            *row = f->standard_row;
    }
}

/* ---- Checks ------------------------------------------------------------------------------------------------------ */

static bool has_range(nn_range r) { return r.low != 0 || r.high != 0; }

bool nn_range_holds(nn_range r, double x)
{
    if (!has_range(r))
        return isfinite(x);
    return (r.above_low ? x > r.low : x >= r.low) && (r.below_high ? x < r.high : x <= r.high);
}

void nn_put_range(nn_writer *w, nn_range r, double x)
{
    if (!has_range(r)) {
        nn_put(w, "a finite number");
        return;
    }
    nn_put(w, r.above_low ? "above " : "at least ");
    nn_put_real(w, r.low);
    if (r.high < 1e300 || x > r.high) {
        nn_put(w, r.below_high ? " and below " : " and at most ");
        nn_put_real(w, r.high);
    }
}

const char *nn_field_choice(int i, const void *field)
{
    const nn_field *f = field;
    if (f->type == NN_FIELD_CHOICE)
        return f->choice(i);
    const void *row = f->row(i);
    return row ? f->row_name(row) : NULL;
}

void nn_put_choices(nn_writer *w, const nn_field *f)
{
    const char *name, *before = "one of ";
    for (int i = 0; (name = nn_field_choice(i, f)) != NULL; i++)
        if (*name) {
            nn_put(w, before);
            nn_put(w, name);
            before = ", ";
        }
}

/* Refuses a member, or element i of a list, before what it must be. Returns false. */
static bool refuse(nn_writer *w, const nn_field *f, size_t i, const char *value)
{
    nn_begin_refused(w, &(nn_refused){.name = f->name, .element = i, .value = value});
    return false;
}

static const char *integer_text(char text[NN_REAL_TEXT], int64_t x)
{
    nn_writer w = nn_writer_into(text, NN_REAL_TEXT);
    nn_put_format(&w, "%" PRId64, x);
    return text;
}

static bool check_integers(const nn_field *f, const int64_t *list, nn_writer *w)
{
    char text[NN_REAL_TEXT];
    for (size_t i = 0; i < (size_t)f->count && list[i] != 0; i++)
        if (!nn_range_holds(f->range, (double)list[i])) {
            refuse(w, f, i, integer_text(text, list[i]));
            nn_put_range(w, f->range, (double)list[i]);
            nn_put(w, ", 0 ends the list");
            return false;
        }
    return true;
}

static bool check_reals(const nn_field *f, const nn_reals *list, nn_writer *w)
{
    char text[NN_REAL_TEXT];
    for (size_t i = 0; i < list->n; i++)
        if (!nn_range_holds(f->range, list->at[i])) {
            refuse(w, f, i, nn_real_text(list->at[i], text));
            nn_put_range(w, f->range, list->at[i]);
            return false;
        }
    return true;
}

static bool check_texts(const nn_field *f, const nn_texts *list, nn_writer *w)
{
    size_t i = 0;
    while (i < list->n && list->at[i])
        i++;
    if (i == list->n)
        return true;
    refuse(w, f, i, "NULL");
    nn_put(w, "a text");
    return false;
}

static bool check_choice(const nn_field *f, int number, nn_writer *w)
{
    char text[NN_REAL_TEXT];
    int n = 0;
    while (f->choice(n))
        n++;
    if (number >= 0 && number < n)
        return true;
    refuse(w, f, SIZE_MAX, integer_text(text, number));
    nn_put_choices(w, f);
    return false;
}

static bool check_number(const nn_field *f, const void *options, nn_writer *w)
{
    const double x = number_of(f, options);
    if (nn_range_holds(f->range, x) || ((f->is_by_row || f->can_be_unset) && x == 0))
        return true;
    char text[NN_REAL_TEXT];
    if (f->type == NN_FIELD_INTEGER)
        integer_text(text, *(const int64_t *)nn_field_member(f, options));
    else
        nn_real_text(x, text);
    refuse(w, f, SIZE_MAX, text);
    nn_put_range(w, f->range, x);
    return false;
}

/* A list of which the array is NULL. */
static bool check_array(const nn_field *f, const void *at, size_t n, nn_writer *w)
{
    if (at || n == 0)
        return true;
    refuse(w, f, SIZE_MAX, "NULL");
    nn_put_format(w, "an array of %zu", n);
    return false;
}

static bool check_field(const nn_field *f, const void *options, nn_writer *w)
{
    const void *at = nn_field_member(f, options);
    const nn_reals *reals = at;
    const nn_integers *integers = at;
    const nn_texts *texts = at;
    switch (f->type) {
    case NN_FIELD_INTEGER:
    case NN_FIELD_REAL: return check_number(f, options, w);
    case NN_FIELD_CHOICE: return check_choice(f, *(const int *)at, w);
    case NN_FIELD_INTEGERS: return check_integers(f, at, w);
    case NN_FIELD_REALS: return check_array(f, reals->at, reals->n, w) && check_reals(f, reals, w);
    case NN_FIELD_INT32S: return check_array(f, integers->at, integers->n, w);
    case NN_FIELD_TEXTS: return check_array(f, texts->at, texts->n, w) && check_texts(f, texts, w);
    default: return true;
    }
}

bool nn_fields_check(nn_fields fields, const void *options, char *message, size_t size)
{
    nn_writer w = {.text = message, .size = size}; /* which is unchanged if all is right */
    for (size_t i = 0; i < fields.n; i++)
        if (!check_field(&fields.at[i], options, &w))
            return false;
    return true;
}

/* ---- Copies ------------------------------------------------------------------------------------------------------ */

/* A copy of an array in the store; NULL for none, and if memory is out. */
static const void *copy_array(const void *array, size_t count, size_t bytes, nn_store *store)
{
    void *copy = array && count ? nn_store_take(store, count, bytes) : NULL;
    return copy ? memcpy(copy, array, count * bytes) : NULL;
}

static const char **copy_texts(const nn_texts *list, nn_store *store)
{
    const char **copy = list->n ? nn_store_take(store, list->n, sizeof *copy) : NULL;
    for (size_t i = 0; copy && i < list->n; i++) {
        copy[i] = nn_store_text(store, list->at[i]);
        if (!copy[i])
            return NULL;
    }
    return copy;
}

static bool own_field(const nn_field *f, void *options, nn_store *store)
{
    const char **text = nn_field_member(f, options);
    nn_reals *reals = nn_field_member(f, options);
    nn_integers *integers = nn_field_member(f, options);
    nn_texts *texts = nn_field_member(f, options);
    switch (f->type) {
    case NN_FIELD_TEXT: return !*text || (*text = nn_store_text(store, *text)) != NULL;
    case NN_FIELD_REALS:
        reals->at = copy_array(reals->at, reals->n, sizeof *reals->at, store);
        return reals->at || reals->n == 0;
    case NN_FIELD_INT32S:
        integers->at = copy_array(integers->at, integers->n, sizeof *integers->at, store);
        return integers->at || integers->n == 0;
    case NN_FIELD_TEXTS: texts->at = copy_texts(texts, store); return texts->at || texts->n == 0;
    default: return true;
    }
}

bool nn_fields_own(nn_fields fields, void *options, nn_store *store)
{
    for (size_t i = 0; i < fields.n; i++)
        if (!own_field(&fields.at[i], options, store))
            return false;
    return true;
}
