/* A tape as JSON. */
#include "json.h"

#include <math.h>
#include <string.h>

#include <gradtape/operator.h>
#include <gradtape/version.h>

#include "escape.h"
#include "gradients.h"
#include "statistics.h"
#include "title.h"

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

/* A number, which may be a word in quotes: JSON has no NaN and no infinity. */
typedef struct number {
    char text[AD_NUMBER_TEXT + 2];
} number;

/* Figures of one array are often equal, so the last one is kept as text. */
typedef struct last_number {
    double size;
    int digits; /* 0: none is kept */
    char text[AD_NUMBER_TEXT];
} last_number;

static char *write_number(number *to, double x, int digits, last_number *last)
{
    if (isnan(x) || isinf(x))
        return strcpy(to->text, isnan(x) ? "\"NaN\"" : x < 0 ? "\"-Infinity\"" : "\"Infinity\"");
    const double size = fabs(x);
    if (size != last->size || digits != last->digits) {
        ad_number_text(size, digits, last->text);
        last->size = size;
        last->digits = digits;
    }
    to->text[0] = '-';
    strcpy(to->text + (signbit(x) != 0), last->text);
    return to->text;
}

static char *write_one(number *to, double x)
{
    last_number none = {0};
    return write_number(to, x, ad_exact_digits(AD_F64), &none);
}

static void put_statistics(ad_sink *sink, const ad_numbers *numbers, last_number *last)
{
    const ad_statistics s = ad_statistics_of(numbers->data, numbers->type, numbers->n);
    const int exact = ad_exact_digits(numbers->type), digits = ad_exact_digits(AD_F64);
    number min, max, mean, rms, norm;
    if (s.n > s.not_finite)
        ad_put_format(sink, ",\"min\":%s,\"max\":%s,\"mean\":%s,\"rms\":%s", write_number(&min, s.min, exact, last),
                      write_number(&max, s.max, exact, last), write_number(&mean, s.mean, digits, last),
                      write_number(&rms, s.rms, digits, last));
    ad_put_format(sink, ",\"norm\":%s,\"zeros\":%zu,\"not_finite\":%zu", write_number(&norm, s.norm, digits, last),
                  s.zeros, s.not_finite);
}

static void put_exact(ad_sink *sink, const ad_numbers *numbers, last_number *last)
{
    const int digits = ad_exact_digits(numbers->type);
    number x;
    ad_put(sink, ",\"exact\":[");
    for (size_t i = 0; i < numbers->n; i++) {
        ad_put(sink, i ? "," : "");
        ad_put(sink, write_number(&x, ad_element_of(numbers->data, numbers->type, i), digits, last));
    }
    ad_put(sink, "]");
}

static void put_numbers(ad_sink *sink, const char *key, const ad_numbers *numbers)
{
    last_number last = {0};
    number norm;
    ad_put_format(sink, "%s{\"n\":%zu", key, numbers->n);
    if (numbers->data)
        put_statistics(sink, numbers, &last);
    else
        ad_put_format(sink, ",\"norm\":%s", write_one(&norm, numbers->norm));
    if (numbers->data && numbers->n <= AD_MOST_WRITTEN)
        put_exact(sink, numbers, &last);
    ad_put(sink, "}");
}

static void put_list(ad_sink *sink, const char *key, const int64_t *numbers, int n)
{
    ad_put_format(sink, "%s[", key);
    for (int i = 0; i < n; i++)
        ad_put_format(sink, i ? ",%lld" : "%lld", (long long)numbers[i]);
    ad_put(sink, "]");
}

/* ---- Words ------------------------------------------------------------------------------------------------------- */

static void put_string(ad_sink *sink, const char *key, const char *text, size_t most)
{
    ad_put_format(sink, "%s\"", key);
    ad_put_text(sink, AD_INK_JSON, text, most);
    ad_put(sink, "\"");
}

static const char *word_of(bool is_so) { return is_so ? "true" : "false"; }

/* The id of a tensor, in quotes; null for one that is not recorded. */
typedef struct id {
    char text[32];
} id;

static char *write_id(id *to, ad_tensor x)
{
    if (!ad_is_valid(x) || ad_number_of(x) == SIZE_MAX)
        return strcpy(to->text, "null");
    ad_sink sink = ad_sink_into(to->text, sizeof to->text);
    ad_put(&sink, "\"");
    ad_put_identity(&sink, x);
    ad_put(&sink, "\"");
    return to->text;
}

/* The index of a scope; null for none. */
static char *write_index(id *to, int index)
{
    ad_sink sink = ad_sink_into(to->text, sizeof to->text);
    ad_put_format(&sink, index < 0 ? "null" : "%d", index);
    return to->text;
}

/* ---- Tensors ----------------------------------------------------------------------------------------------------- */

static int at_most_rank(int n) { return n < 0 ? 0 : n > AD_MAX_RANK ? AD_MAX_RANK : n; }

static void put_axes(ad_sink *sink, const ad_axes *axes)
{
    int64_t list[AD_MAX_RANK];
    const int n = at_most_rank(axes->count);
    for (int i = 0; i < n; i++)
        list[i] = axes->axis[i];
    put_list(sink, ":", list, n);
    if (axes->keep)
        ad_put(sink, ",\"keep\":true");
}

static void put_attribute(ad_sink *sink, const ad_attribute_spec *spec, const ad_attribute *attribute)
{
    number real;
    put_string(sink, "", spec->name ? spec->name : "", AD_NAME_IN_PAGE);
    switch (spec->kind) {
    case AD_ATTRIBUTE_REAL: ad_put_format(sink, ":%s", write_one(&real, attribute->real)); break;
    case AD_ATTRIBUTE_INTEGER: ad_put_format(sink, ":%lld", (long long)attribute->integer); break;
    case AD_ATTRIBUTE_TYPE: ad_put_format(sink, ":\"%s\"", ad_type_name((ad_type)attribute->integer)); break;
    case AD_ATTRIBUTE_AXES: put_axes(sink, &attribute->axes); break;
    default: put_list(sink, ":", attribute->shape.dims, at_most_rank(attribute->shape.rank)); break;
    }
}

/* How y was made: by its operator, from its operands. */
static void put_call(ad_sink *sink, ad_tensor y, const ad_operator *op)
{
    const ad_attribute *attributes = ad_attributes_of(y);
    const int result = ad_result_number(y), n = ad_operand_count(y);
    id x;
    put_string(sink, ",\"operator\":", op->name, AD_NAME_IN_PAGE);
    ad_put_format(sink, ",\"call\":%s,\"result\":%d,\"operands\":[",
                  write_id(&x, ad_recorded_at(y.tape, ad_number_of(y) - (size_t)result)), result);
    for (int i = 0; i < n; i++)
        ad_put_format(sink, i ? ",%s" : "%s", write_id(&x, ad_operand(y, i)));
    ad_put(sink, "],\"attributes\":{");
    for (int a = 0; attributes && a < AD_MAX_ATTRIBUTES && op->attributes[a].kind != AD_ATTRIBUTE_NONE; a++) {
        ad_put(sink, a ? "," : "");
        put_attribute(sink, &op->attributes[a], &attributes[a]);
    }
    ad_put(sink, "}");
}

static const char *kind_of(ad_tensor x, const ad_operator *op)
{
    if (!op)
        return ad_made_by(x);
    return ad_is_byproduct(x) ? "byproduct" : "result";
}

static void put_tensor(ad_sink *sink, ad_tensor x, int scope)
{
    const ad_operator *op = ad_operator_of(x);
    const ad_shape shape = ad_shape_of(x);
    ad_numbers value, gradient;
    const ad_value_state state = ad_value_to_show(x, &value);
    id own;
    ad_put_format(sink, "{\"id\":%s", write_id(&own, x));
    put_string(sink, ",\"name\":", ad_name_of(x), AD_NAME_IN_PAGE);
    ad_put_format(sink, ",\"kind\":\"%s\"", kind_of(x, op));
    if (op)
        put_call(sink, x, op);
    ad_put_format(sink, ",\"type\":\"%s\"", ad_type_name(ad_type_of(x)));
    put_list(sink, ",\"shape\":", shape.dims, shape.rank);
    ad_put_format(sink, ",\"scope\":%s,\"wants_gradient\":%s,\"dropped\":%s,\"changed\":%s", write_index(&own, scope),
                  word_of(ad_wants_gradient(x)), word_of(state == AD_VALUE_DROPPED),
                  word_of(ad_is_after_change(state)));
    if (state != AD_VALUE_DROPPED)
        put_numbers(sink, ",\"value\":", &value);
    if (state == AD_VALUE_BEFORE) {
        value = ad_value_now(x);
        put_numbers(sink, ",\"now\":", &value);
    }
    if (ad_find_gradient(x, &gradient))
        put_numbers(sink, ",\"gradient\":", &gradient);
    ad_put(sink, "}");
}

/* The innermost scope of entry i, for entries in order: the last that began, or the first around it that goes on. */
typedef struct place_in_scopes {
    size_t begun;
    int scope;
} place_in_scopes;

static int scope_of(const ad_tape *t, size_t i, place_in_scopes *place)
{
    while (place->begun < ad_scope_count(t) && ad_scope_at(t, place->begun).first <= i)
        place->scope = (int)place->begun++;
    while (place->scope >= 0) {
        const ad_scope scope = ad_scope_at(t, (size_t)place->scope);
        if (i - scope.first < scope.n)
            break;
        place->scope = scope.outer;
    }
    return place->scope;
}

/* Between the objects of a list: each has a line. */
static void put_line(ad_sink *sink, bool is_first) { ad_put(sink, is_first ? "\n" : ",\n"); }

/* Whether a tensor is among the chosen ones. */
static bool is_chosen(const unsigned char *chosen, const ad_tape *t, ad_tensor x)
{
    const size_t i = ad_is_valid(x) ? ad_number_of(x) : SIZE_MAX;
    return !chosen || (i != SIZE_MAX && chosen[ad_is_kept(x) ? i : ad_kept_count(t) + i]);
}

static void put_tensors(ad_sink *sink, ad_tape *t, const unsigned char *chosen)
{
    place_in_scopes place = {0, -1};
    const size_t kept = ad_kept_count(t), recorded = ad_entry_count(t);
    bool is_first = true;
    ad_put(sink, ",\n\"tensors\":[");
    for (size_t i = 0; i < kept + recorded && ad_sink_is_good(sink); i++) {
        if (chosen && !chosen[i])
            continue;
        put_line(sink, is_first);
        is_first = false;
        if (i < kept)
            put_tensor(sink, ad_kept_at(t, i), -1);
        else
            put_tensor(sink, ad_recorded_at(t, i - kept), chosen ? -1 : scope_of(t, i - kept, &place));
    }
    ad_put(sink, "]");
}

/* ---- Parts, changes and scopes ----------------------------------------------------------------------------------- */

/* The call that gave a part, and the gradients of its results; null is one that was not computed. */
static void put_origin(ad_sink *sink, const ad_part *part)
{
    id from;
    ad_put_format(sink, ",\"from\":%s,\"place\":%d,\"upstream\":[", write_id(&from, part->from), part->place + 1);
    for (int j = 0; j < part->n_upstream; j++)
        if (ad_is_computed(&part->upstream[j]))
            put_numbers(sink, j ? "," : "", &part->upstream[j]);
        else
            ad_put(sink, j ? ",null" : "null");
    ad_put(sink, "]");
}

static void put_part(ad_sink *sink, const ad_part *part)
{
    static const char *const origins[] = {
        [AD_FROM_RULE] = "rule", [AD_FROM_SEED] = "seed", [AD_FROM_BEFORE] = "before"};
    id of;
    number local;
    ad_put_format(sink, "{\"origin\":\"%s\",\"sweep\":%d,\"of\":%s", origins[part->origin], part->sweep,
                  write_id(&of, part->of));
    if (part->origin == AD_FROM_RULE)
        put_origin(sink, part);
    if (part->has_local)
        ad_put_format(sink, ",\"local\":%s", write_one(&local, part->local));
    put_numbers(sink, ",\"part\":", &part->part);
    ad_put(sink, "}");
}

static void put_parts(ad_sink *sink, const ad_tape *t, const char *key, ad_band band, const unsigned char *chosen)
{
    const size_t n = ad_part_count(t, band);
    bool is_first = true;
    ad_put_format(sink, ",\n\"%s\":[", key);
    for (size_t i = 0; i < n && ad_sink_is_good(sink); i++) {
        const ad_part *part = ad_part_at(t, band, i);
        if (!is_chosen(chosen, t, part->of) || (part->origin == AD_FROM_RULE && !is_chosen(chosen, t, part->from)))
            continue;
        put_line(sink, is_first);
        is_first = false;
        put_part(sink, part);
    }
    ad_put(sink, "]");
}

static void put_changes(ad_sink *sink, const ad_tape *t, const unsigned char *chosen)
{
    const size_t n = ad_leaf_change_count(t);
    bool is_first = true;
    ad_put(sink, ",\n\"changes\":[");
    for (size_t i = 0; i < n && ad_sink_is_good(sink); i++) {
        const ad_leaf_change *change = ad_leaf_change_at(t, i);
        id leaf;
        if (!is_chosen(chosen, t, change->leaf))
            continue;
        put_line(sink, is_first);
        is_first = false;
        ad_put_format(sink, "{\"leaf\":%s,\"by\":\"%s\"", write_id(&leaf, change->leaf), change->by);
        put_numbers(sink, ",\"before\":", &change->before);
        ad_put(sink, "}");
    }
    ad_put(sink, "]");
}

static void put_scopes(ad_sink *sink, ad_tape *t, const unsigned char *chosen)
{
    const size_t n = chosen ? 0 : ad_scope_count(t);
    ad_put(sink, ",\n\"scopes\":[");
    for (size_t i = 0; i < n && ad_sink_is_good(sink); i++) {
        const ad_scope scope = ad_scope_at(t, i);
        id outer, first = {"null"};
        put_line(sink, i == 0);
        put_string(sink, "{\"name\":", scope.name, AD_NAME_IN_PAGE);
        if (scope.n)
            write_id(&first, ad_recorded_at(t, scope.first));
        ad_put_format(sink, ",\"outer\":%s,\"first\":%s,\"n\":%zu,\"open\":%s}", write_index(&outer, scope.outer),
                      first.text, scope.n, word_of(scope.is_open));
    }
    ad_put(sink, "]");
}

/* ---- The tape ---------------------------------------------------------------------------------------------------- */

void ad_put_json(ad_sink *sink, ad_tape *t, const ad_write_options *options) { ad_put_json_of(sink, t, options, NULL); }

void ad_put_json_of(ad_sink *sink, ad_tape *t, const ad_write_options *options, const unsigned char *chosen)
{
    id loss;
    ad_put_format(sink, "{\"format\":\"gradtape-tape\",\"version\":1,\"library\":\"%s\",\"title\":\"", ad_version());
    ad_put_title(sink, AD_INK_JSON, t, options);
    ad_put_format(sink, "\",\"status\":\"%s\"", ad_status_name(ad_status_of(t)));
    put_string(sink, ",\"message\":", ad_message(t), SIZE_MAX);
    ad_put_format(sink, ",\"loss\":%s", write_id(&loss, ad_sweep_began_at(t)));
    put_tensors(sink, t, chosen);
    put_parts(sink, t, "parts", AD_BAND_BACKWARD, chosen);
    put_parts(sink, t, "functional", AD_BAND_FUNCTIONAL, chosen);
    put_changes(sink, t, chosen);
    put_scopes(sink, t, chosen);
    ad_put(sink, "}\n");
}

ad_shown ad_write_json(ad_tape *t, const char *path, const ad_write_options *options)
{
    ad_sink sink = ad_sink_open(t, path);
    if (ad_sink_is_good(&sink))
        ad_put_json(&sink, t, options);
    return ad_sink_close(&sink);
}
