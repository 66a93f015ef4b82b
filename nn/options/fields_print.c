/* Options as text, by their fields: what nn_fields_set reads. */
#include "fields.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>

/* Puts each element of a list of n, with commas between. */
static void put_list(nn_writer *w, size_t n, void (*put)(nn_writer *w, const void *list, size_t i), const void *list)
{
    for (size_t i = 0; i < n; i++) {
        nn_put(w, i ? "," : "");
        put(w, list, i);
    }
}

static void put_int64(nn_writer *w, const void *list, size_t i)
{
    nn_put_format(w, "%" PRId64, ((const int64_t *)list)[i]);
}

static void put_int32(nn_writer *w, const void *list, size_t i)
{
    nn_put_format(w, "%" PRId32, ((const nn_integers *)list)->at[i]);
}

/* A number that is too large is read as an infinity. */
static void put_number(nn_writer *w, double x)
{
    if (isinf(x))
        nn_put(w, x < 0 ? "-1e999" : "1e999");
    else
        nn_put_real(w, x);
}

static void put_real(nn_writer *w, const void *list, size_t i) { nn_put_real(w, ((const nn_reals *)list)->at[i]); }

static void put_text(nn_writer *w, const void *list, size_t i)
{
    nn_put_option_text(w, ((const nn_texts *)list)->at[i]);
}

static size_t count_integers(const nn_field *f, const int64_t *list)
{
    size_t n = 0;
    while (n < (size_t)f->count && list[n] != 0)
        n++;
    return n;
}

/* A default that settings leave out. */
static bool is_left_out(const nn_field *f, const void *at)
{
    const void *const *row = at;
    return f->type == NN_FIELD_ROW && f->is_by_row && (!*row || *row == f->standard_row);
}

/* The name of a choice or of a row, the default's for none; NULL if the default has none either. */
static const char *name_of(const nn_field *f, const void *at)
{
    if (f->type == NN_FIELD_CHOICE) {
        const int number = *(const int *)at;
        return f->choice(number ? number : (int)f->standard);
    }
    const void *const *row = at;
    return *row ? f->row_name(*row) : f->standard_row ? f->row_name(f->standard_row) : NULL;
}

/* Whether 0 can be written: it would be read as itself, not as the default. */
static bool can_be_zero(const nn_field *f) { return f->standard == 0 && nn_range_holds(f->range, 0) && !f->is_by_row; }

static bool has_value(const nn_field *f, const void *at)
{
    const char *name;
    switch (f->type) {
    case NN_FIELD_INTEGER: return *(const int64_t *)at != 0 || f->standard != 0 || can_be_zero(f);
    case NN_FIELD_REAL: return *(const double *)at != 0 || f->standard != 0 || can_be_zero(f);
    case NN_FIELD_SWITCH: return *(const bool *)at || !f->is_by_row;
    case NN_FIELD_SEED: return true;
    case NN_FIELD_CHOICE:
    case NN_FIELD_ROW: name = name_of(f, at); return name && *name && !is_left_out(f, at);
    case NN_FIELD_TEXT: return *(const char *const *)at;
    case NN_FIELD_INTEGERS: return count_integers(f, at);
    case NN_FIELD_REALS: return ((const nn_reals *)at)->n;
    case NN_FIELD_INT32S: return ((const nn_integers *)at)->n;
    case NN_FIELD_TEXTS: return ((const nn_texts *)at)->n;
    case NN_FIELD_LAYERS:
    case NN_FIELD_TYPE_COUNT: break;
    }
    return false;
}

static void put_value(nn_writer *w, const nn_field *f, const void *at)
{
    const int64_t integer = f->type == NN_FIELD_INTEGER ? *(const int64_t *)at : 0;
    const double real = f->type == NN_FIELD_REAL ? *(const double *)at : 0;
    switch (f->type) {
    case NN_FIELD_INTEGER: nn_put_format(w, "%" PRId64, integer ? integer : (int64_t)f->standard); break;
    case NN_FIELD_REAL: put_number(w, real != 0 || f->standard == 0 ? real : f->standard); break;
    case NN_FIELD_SWITCH: nn_put(w, *(const bool *)at ? "true" : "false"); break;
    case NN_FIELD_SEED: nn_put_format(w, "%" PRIu64, *(const uint64_t *)at); break;
    case NN_FIELD_CHOICE:
    case NN_FIELD_ROW: nn_put_option_text(w, name_of(f, at)); break;
    case NN_FIELD_TEXT: nn_put_option_text(w, *(const char *const *)at); break;
    case NN_FIELD_INTEGERS: put_list(w, count_integers(f, at), put_int64, at); break;
    case NN_FIELD_REALS: put_list(w, ((const nn_reals *)at)->n, put_real, at); break;
    case NN_FIELD_INT32S: put_list(w, ((const nn_integers *)at)->n, put_int32, at); break;
    case NN_FIELD_TEXTS: put_list(w, ((const nn_texts *)at)->n, put_text, at); break;
    case NN_FIELD_LAYERS:
    case NN_FIELD_TYPE_COUNT: break;
    }
}

int nn_fields_print(nn_fields fields, const void *options, char *text, size_t size)
{
    nn_writer w = nn_writer_into(text, size);
    for (size_t i = 0; i < fields.n; i++) {
        const void *at = nn_field_member(&fields.at[i], options);
        if (!has_value(&fields.at[i], at))
            continue;
        nn_put(&w, w.n ? " " : "");
        nn_put(&w, fields.at[i].name);
        nn_put(&w, "=");
        put_value(&w, &fields.at[i], at);
    }
    return w.n < INT_MAX ? (int)w.n : INT_MAX;
}
