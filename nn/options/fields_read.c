/* Options from text, by their fields. */
#include "fields.h"

#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "near.h"
#include "number.h"

/* An option that is read. */
typedef struct reading {
    const nn_field *field;
    const char *value; /* the whole text */
    nn_store *store;
    nn_writer message;
    size_t element; /* of a list, in messages; SIZE_MAX: there is no list */
    bool is_out_of_memory;
} reading;

static bool is_one_of(const char *text, const char *const *words)
{
    while (*words && strcmp(text, *words) != 0)
        words++;
    return *words;
}

/* ---- Messages ---------------------------------------------------------------------------------------------------- */

static nn_refused refused(const reading *r, const char *text)
{
    return (nn_refused){.name = r->field->name, .element = r->element, .value = text, .is_text = true};
}

/* Begins to refuse a text, or an element of a list, before what it must be. */
static void begin_refusal(reading *r, const char *text)
{
    const nn_refused what = refused(r, text);
    nn_begin_refused(&r->message, &what);
}

/* Refuses a text, or an element of a list. Returns false. */
static bool refuse(reading *r, const char *text, const char *why)
{
    const nn_refused what = refused(r, text);
    nn_put_refused(&r->message, &what, why);
    return false;
}

/* Puts what a number of the field must be, where x, or 0 for no number, is not it: "a number above 0". */
static void put_wanted(nn_writer *w, const nn_field *f, double x)
{
    const bool is_whole = f->type == NN_FIELD_INTEGER || f->type == NN_FIELD_INTEGERS;
    nn_range range = f->range;
    if (is_whole && range.low == 0 && range.high == 0)
        range = (nn_range)NN_FROM_TO(-0x1p63, 0x1p63);
    if (is_whole && x >= 0x1p63)
        range.high = fmin(range.high, 0x1p63);
    if (f->type == NN_FIELD_SEED)
        nn_put_format(w, "a whole number from 0 to %" PRIu64, UINT64_MAX);
    else if (f->type == NN_FIELD_INT32S)
        nn_put_format(w, "a whole number from %d to %d", INT32_MIN, INT32_MAX);
    else if (range.low == 0 && range.high == 0)
        nn_put_range(w, range, x);
    else {
        nn_put(w, is_whole ? "a whole number " : "a number ");
        nn_put(w, range.above_low ? "" : "of ");
        nn_put_range(w, range, x);
    }
}

/* What a text is not, whatever the range; NULL for a number of the field's kind. */
static const char *missing_kind(const nn_field *f, const char *text)
{
    const bool is_real = f->type == NN_FIELD_REAL || f->type == NN_FIELD_REALS;
    double x;
    int64_t integer;
    if (nn_read_real(text, &x) && (is_real || fabs(x) >= 0x1p63 || nn_read_integer(text, &integer)))
        return NULL;
    return is_real ? "a number" : "a whole number";
}

/* Says what a number must be that `text` is not. A form of options has short messages: the range is for numbers. */
static bool refuse_number(reading *r, const char *text)
{
    const char *kind = nn_has_option_form() ? missing_kind(r->field, text) : NULL;
    double x = 0;
    if (!nn_read_real(text, &x))
        x = 0;
    begin_refusal(r, text);
    if (kind)
        nn_put(&r->message, kind);
    else
        put_wanted(&r->message, r->field, x);
    if (!*text && r->element != SIZE_MAX)
        nn_put(&r->message, "; a list has no spaces and no empty places");
    return false;
}

/* 0 stands for the default in the options, so no text can say it. */
static bool refuse_zero(reading *r, const char *text)
{
    refuse(r, text, "it must be a number other than 0, which stands for the default, ");
    nn_put_real(&r->message, r->field->standard);
    return false;
}

static bool refuse_memory(reading *r)
{
    nn_put(&r->message, "memory is out for ");
    nn_put_option_name(&r->message, r->field->name);
    r->is_out_of_memory = true;
    return false;
}

/* ---- Numbers and names ------------------------------------------------------------------------------------------- */

static bool read_integer(reading *r, char *text, void *to)
{
    int64_t x;
    if (!nn_read_integer(text, &x) || !nn_range_holds(r->field->range, (double)x))
        return refuse_number(r, text);
    if (x == 0 && r->field->standard != 0)
        return refuse_zero(r, text);
    *(int64_t *)to = x;
    return true;
}

static bool read_real(reading *r, char *text, void *to)
{
    double x;
    if (!nn_read_real(text, &x) || !nn_range_holds(r->field->range, x))
        return refuse_number(r, text);
    if (x == 0 && r->field->standard != 0)
        return refuse_zero(r, text);
    *(double *)to = x;
    return true;
}

static bool read_int32(reading *r, char *text, void *to)
{
    int64_t x;
    if (!nn_read_integer(text, &x) || x < INT32_MIN || x > INT32_MAX)
        return refuse_number(r, text);
    *(int32_t *)to = (int32_t)x;
    return true;
}

static bool read_seed(reading *r, char *text, void *to) { return nn_read_unsigned(text, to) || refuse_number(r, text); }

static bool read_switch(reading *r, char *text, void *to)
{
    static const char *const yes[] = {"true", "yes", "1", NULL}, *const no[] = {"false", "no", "0", NULL};
    if (!is_one_of(text, yes) && !is_one_of(text, no)) {
        begin_refusal(r, text);
        nn_put(&r->message, "true or false (yes or no, 1 or 0)");
        return false;
    }
    *(bool *)to = is_one_of(text, yes);
    return true;
}

static bool read_choice(reading *r, char *text, void *to)
{
    const char *name;
    int i = 0;
    while ((name = nn_field_choice(i, r->field)) != NULL && (!*name || strcmp(name, text) != 0))
        i++;
    if (name && r->field->type == NN_FIELD_CHOICE)
        *(int *)to = i;
    else if (name)
        *(const void **)to = r->field->row(i);
    if (name)
        return true;
    begin_refusal(r, text);
    nn_put_choices(&r->message, r->field);
    const char *near = nn_nearest(text, nn_field_choice, r->field);
    if (near) {
        nn_put(&r->message, "; did you mean ");
        nn_put(&r->message, near);
        nn_put(&r->message, "?");
    }
    return false;
}

/* ---- Texts ------------------------------------------------------------------------------------------------------- */

/* The number of a digit; -1 for another character. */
static int hexadecimal(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) % 16 : -1;
}

/* Reads what stands behind a backslash; `from` moves to its end. Returns 0 if it is wrong. */
static char read_escape(const char **from)
{
    const char *at = *from;
    *from += *at == 'x' && hexadecimal(at[1]) >= 0 && hexadecimal(at[2]) >= 0 ? 3 : *at != 0;
    if (*at == '"' || *at == '\\')
        return *at;
    return *from == at + 3 ? (char)(16 * hexadecimal(at[1]) + hexadecimal(at[2])) : 0;
}

/* Takes a text out of its quotes, in place. Returns what is wrong with it; NULL if nothing is. */
static const char *take_out(char *text)
{
    const char *from = text + 1;
    char *to = text;
    if (*text != '"' && strchr(text, '"'))
        return "put the whole text in quotes, and write a quote in it as \\\"";
    if (*text != '"')
        return *text ? NULL : "it is empty; write \"\" for an empty text";
    while (*from && *from != '"') {
        char c = *from++;
        if (c == '\\' && !(c = read_escape(&from)))
            return "behind a \\ in quotes must stand \", \\ or x with two hexadecimal digits that are not 00";
        *to++ = c;
    }
    if (!*from)
        return "its quote is not closed";
    if (from[1])
        return "behind the closing quote stands more; write a quote in a text as \\\"";
    *to = 0;
    return NULL;
}

/* The text stays where it is. */
static bool read_text(reading *r, char *text, void *to)
{
    char *copy = strchr(text, '"') ? nn_store_text(r->store, text) : text; /* the message shows it with its quotes */
    const char *mistake = copy ? take_out(copy) : NULL;
    if (!copy)
        return refuse_memory(r);
    if (mistake)
        return refuse(r, text, mistake);
    *(const char **)to = copy;
    return true;
}

/* ---- Lists ------------------------------------------------------------------------------------------------------- */

typedef bool read_one(reading *r, char *text, void *to);

/* Ends each element of a list with a 0 in place of the comma, but for commas in quotes. Returns how many there are. */
static size_t split(char *text)
{
    size_t n = 1;
    bool is_quoted = false;
    for (; *text; text++) {
        if (is_quoted && *text == '\\' && text[1])
            text++;
        else if (*text == '"')
            is_quoted = !is_quoted;
        else if (*text == ',' && !is_quoted) {
            *text = 0;
            n++;
        }
    }
    return n;
}

/* Reads the elements into a new array of the store. Returns it, and their number; NULL after an error. */
static void *read_list(reading *r, char *text, read_one *read, size_t bytes, size_t *n)
{
    *n = split(text);
    char *array = nn_store_take(r->store, *n, bytes);
    if (!array)
        refuse_memory(r);
    for (size_t i = 0; i < *n && array; i++) {
        char *const next = text + strlen(text) + 1;
        r->element = i;
        if (!read(r, text, array + i * bytes))
            array = NULL;
        text = next;
    }
    return array;
}

static bool read_integers(reading *r, char *text, int64_t *to)
{
    size_t n;
    const int64_t *list = read_list(r, text, read_integer, sizeof *to, &n);
    const size_t most = (size_t)r->field->count;
    r->element = SIZE_MAX;
    if (list && n > most) {
        refuse(r, r->value, "it must be a list of at most ");
        nn_put_format(&r->message, "%zu numbers, and has %zu", most, n);
        return false;
    }
    for (size_t i = 0; list && i < most; i++)
        to[i] = i < n ? list[i] : 0;
    return list;
}

/* ---- Options ----------------------------------------------------------------------------------------------------- */

/* Reads a value, which is changed. On an error the member is unchanged. */
static bool read_value(reading *r, char *text, void *to)
{
    nn_reals reals;
    nn_integers integers;
    nn_texts texts;
    switch (r->field->type) {
    case NN_FIELD_INTEGER: return read_integer(r, text, to);
    case NN_FIELD_REAL: return read_real(r, text, to);
    case NN_FIELD_SWITCH: return read_switch(r, text, to);
    case NN_FIELD_SEED: return read_seed(r, text, to);
    case NN_FIELD_CHOICE:
    case NN_FIELD_ROW: return read_choice(r, text, to);
    case NN_FIELD_TEXT: return read_text(r, text, to);
    case NN_FIELD_INTEGERS: return read_integers(r, text, to);
    case NN_FIELD_REALS:
        reals.at = read_list(r, text, read_real, sizeof(double), &reals.n);
        if (reals.at)
            *(nn_reals *)to = reals;
        return reals.at;
    case NN_FIELD_INT32S:
        integers.at = read_list(r, text, read_int32, sizeof(int32_t), &integers.n);
        if (integers.at)
            *(nn_integers *)to = integers;
        return integers.at;
    case NN_FIELD_TEXTS:
        texts.at = read_list(r, text, read_text, sizeof(char *), &texts.n);
        if (texts.at)
            *(nn_texts *)to = texts;
        return texts.at;
    case NN_FIELD_LAYERS:
    case NN_FIELD_TYPE_COUNT: break;
    }
    return refuse(r, text, "no text can say it; set it in C");
}

static const char *name_of(int i, const void *context)
{
    const nn_fields *fields = context;
    return (size_t)i < fields->n ? fields->at[i].name : NULL;
}

static ad_status refuse_name(nn_fields fields, const char *name, nn_writer *w)
{
    const char *near = nn_nearest(name, name_of, &fields);
    nn_put(w, "unknown option ");
    nn_put_quoted(w, name);
    nn_put(w, near ? "; did you mean " : fields.n ? "; the options are " : "; there are no options");
    for (size_t i = 0; !near && i < fields.n; i++) {
        nn_put(w, i ? ", " : "");
        nn_put_option_name(w, fields.at[i].name);
    }
    if (near) {
        nn_put_option_name(w, near);
        nn_put(w, "?");
    }
    return AD_BAD_VALUE;
}

ad_status nn_fields_set(nn_fields fields, void *options, const char *name, const char *value, nn_store *store,
                        char *message, size_t size)
{
    reading r = {.field = nn_field_named(fields, name),
                 .value = value,
                 .store = store,
                 .message = {.text = message, .size = size},
                 .element = SIZE_MAX};
    if (!r.field)
        return refuse_name(fields, name, &r.message);
    char *text = nn_store_text(store, value);
    if (!text)
        refuse_memory(&r);
    if (text && read_value(&r, text, nn_field_member(r.field, options)))
        return AD_OK;
    return r.is_out_of_memory ? AD_NO_MEMORY : AD_BAD_VALUE;
}
