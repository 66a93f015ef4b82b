/* A tape as JSON. */
#include "json.h"

#include <math.h>

#include <gradtape/operator.h>
#include <gradtape/version.h>

#include "gradients.h"
#include "statistics.h"
#include "words.h"

enum { MOST_EXACT = 256 }; /* of a larger array only statistics are written */

/* ---- Numbers and names ------------------------------------------------------------------------------------------- */

/* JSON has no NaN and no infinity: they are strings. */
static void put_number(ad_sink *sink, double x, int digits)
{
    char text[AD_NUMBER_TEXT];
    if (isnan(x))
        ad_put(sink, "\"NaN\"");
    else if (isinf(x))
        ad_put(sink, x < 0 ? "\"-Infinity\"" : "\"Infinity\"");
    else
        ad_put(sink, ad_number_text(x, digits, text));
}

static void put_figure(ad_sink *sink, const char *key, double x, int digits)
{
    ad_put(sink, key);
    put_number(sink, x, digits);
}

static void put_string(ad_sink *sink, const char *text, size_t most)
{
    ad_put(sink, "\"");
    ad_put_text(sink, AD_INK_JSON, text, most);
    ad_put(sink, "\"");
}

static void put_bool(ad_sink *sink, const char *key, bool is_so)
{
    ad_put(sink, key);
    ad_put(sink, is_so ? "true" : "false");
}

/* The index of a scope; null for none. */
static void put_index(ad_sink *sink, const char *key, int index)
{
    ad_put(sink, key);
    if (index < 0)
        ad_put(sink, "null");
    else
        ad_put_format(sink, "%d", index);
}

/* The number of an entry of the recording, from 0. */
static void put_recorded_id(ad_sink *sink, size_t number) { ad_put_format(sink, "\"#%zu\"", number + 1); }

static void put_id(ad_sink *sink, ad_tensor x)
{
    const size_t number = ad_is_valid(x) ? ad_number_of(x) : SIZE_MAX;
    if (number == SIZE_MAX)
        ad_put(sink, "null");
    else if (ad_is_kept(x))
        ad_put_format(sink, "\"k%zu\"", number);
    else
        put_recorded_id(sink, number);
}

static void put_list(ad_sink *sink, const int64_t *numbers, int n)
{
    ad_put(sink, "[");
    for (int i = 0; i < n; i++)
        ad_put_format(sink, i ? ",%lld" : "%lld", (long long)numbers[i]);
    ad_put(sink, "]");
}

static void put_exact(ad_sink *sink, const ad_numbers *numbers)
{
    ad_put(sink, ",\"exact\":[");
    for (size_t i = 0; i < numbers->n; i++)
        put_figure(sink, i ? "," : "", ad_element_of(numbers->data, numbers->type, i), ad_exact_digits(numbers->type));
    ad_put(sink, "]");
}

static void put_numbers(ad_sink *sink, const ad_numbers *numbers)
{
    const int digits = ad_exact_digits(AD_F64);
    ad_put_format(sink, "{\"n\":%zu", numbers->n);
    if (!numbers->data) {
        put_figure(sink, ",\"norm\":", numbers->norm, digits);
        ad_put(sink, "}");
        return;
    }
    const ad_statistics s = ad_statistics_of(numbers->data, numbers->type, numbers->n);
    if (s.n > s.not_finite) {
        put_figure(sink, ",\"min\":", s.min, ad_exact_digits(numbers->type));
        put_figure(sink, ",\"max\":", s.max, ad_exact_digits(numbers->type));
        put_figure(sink, ",\"mean\":", s.mean, digits);
        put_figure(sink, ",\"rms\":", s.rms, digits);
    }
    put_figure(sink, ",\"norm\":", s.norm, digits);
    ad_put_format(sink, ",\"zeros\":%zu,\"not_finite\":%zu", s.zeros, s.not_finite);
    if (numbers->n <= MOST_EXACT)
        put_exact(sink, numbers);
    ad_put(sink, "}");
}

/* ---- Tensors ----------------------------------------------------------------------------------------------------- */

static int at_most_rank(int n) { return n < 0 ? 0 : n > AD_MAX_RANK ? AD_MAX_RANK : n; }

static void put_axes(ad_sink *sink, const ad_axes *axes)
{
    int64_t list[AD_MAX_RANK];
    const int n = at_most_rank(axes->count);
    for (int i = 0; i < n; i++)
        list[i] = axes->axis[i];
    put_list(sink, list, n);
}

static void put_attribute(ad_sink *sink, ad_attribute_kind kind, const ad_attribute *attribute)
{
    switch (kind) {
    case AD_ATTRIBUTE_REAL: put_number(sink, attribute->real, ad_exact_digits(AD_F64)); break;
    case AD_ATTRIBUTE_INTEGER: ad_put_format(sink, "%lld", (long long)attribute->integer); break;
    case AD_ATTRIBUTE_AXES: put_axes(sink, &attribute->axes); break;
    case AD_ATTRIBUTE_TYPE: put_string(sink, ad_type_name((ad_type)attribute->integer), SIZE_MAX); break;
    default: put_list(sink, attribute->shape.dims, at_most_rank(attribute->shape.rank)); break;
    }
}

static void put_attributes(ad_sink *sink, const ad_operator *op, const ad_attribute *attributes)
{
    ad_put(sink, ",\"attributes\":{");
    for (int a = 0; attributes && a < AD_MAX_ATTRIBUTES && op->attributes[a].kind != AD_ATTRIBUTE_NONE; a++) {
        const ad_attribute_spec *spec = &op->attributes[a];
        ad_put(sink, a ? "," : "");
        put_string(sink, spec->name ? spec->name : "", AD_NAME_IN_PAGE);
        ad_put(sink, ":");
        put_attribute(sink, spec->kind, &attributes[a]);
        if (spec->kind == AD_ATTRIBUTE_AXES && attributes[a].axes.keep)
            ad_put(sink, ",\"keep\":true");
    }
    ad_put(sink, "}");
}

/* How y was made: by its operator, from its operands. */
static void put_call(ad_sink *sink, ad_tensor y, const ad_operator *op)
{
    const int result = ad_result_number(y), n = ad_operand_count(y);
    ad_put(sink, ",\"operator\":");
    put_string(sink, op->name, AD_NAME_IN_PAGE);
    ad_put(sink, ",\"call\":");
    put_recorded_id(sink, ad_number_of(y) - (size_t)result);
    ad_put_format(sink, ",\"result\":%d,\"operands\":[", result);
    for (int i = 0; i < n; i++) {
        ad_put(sink, i ? "," : "");
        put_id(sink, ad_operand(y, i));
    }
    ad_put(sink, "]");
    put_attributes(sink, op, ad_attributes_of(y));
}

static const char *kind_of(ad_tensor x, const ad_operator *op)
{
    if (!op)
        return ad_made_by(x);
    return ad_result_number(x) < (op->n_results ? op->n_results : 1) ? "result" : "byproduct";
}

static void put_value(ad_sink *sink, ad_tensor x)
{
    ad_numbers gradient;
    if (!ad_is_dropped(x)) {
        const ad_numbers value = {.type = ad_type_of(x), .n = ad_size_of(x), .data = ad_data(x)};
        ad_put(sink, ",\"value\":");
        put_numbers(sink, &value);
    }
    if (ad_find_gradient(x, &gradient)) {
        ad_put(sink, ",\"gradient\":");
        put_numbers(sink, &gradient);
    }
}

static void put_tensor(ad_sink *sink, ad_tensor x, int scope)
{
    const ad_operator *op = ad_operator_of(x);
    const ad_shape shape = ad_shape_of(x);
    ad_put(sink, "{\"id\":");
    put_id(sink, x);
    ad_put(sink, ",\"name\":");
    put_string(sink, ad_name_of(x), AD_NAME_IN_PAGE);
    ad_put(sink, ",\"kind\":\"");
    ad_put(sink, kind_of(x, op));
    ad_put(sink, "\"");
    if (op)
        put_call(sink, x, op);
    ad_put_format(sink, ",\"type\":\"%s\",\"shape\":", ad_type_name(ad_type_of(x)));
    put_list(sink, shape.dims, shape.rank);
    put_index(sink, ",\"scope\":", scope);
    put_bool(sink, ",\"wants_gradient\":", ad_wants_gradient(x));
    put_bool(sink, ",\"dropped\":", ad_is_dropped(x));
    put_bool(sink, ",\"changed\":", ad_is_changed(x));
    put_value(sink, x);
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

static void put_tensors(ad_sink *sink, ad_tape *t)
{
    place_in_scopes place = {0, -1};
    const size_t kept = ad_kept_count(t), recorded = ad_entry_count(t);
    ad_put(sink, ",\n\"tensors\":[");
    for (size_t i = 0; i < kept && ad_sink_is_good(sink); i++) {
        put_line(sink, i == 0);
        put_tensor(sink, ad_kept_at(t, i), -1);
    }
    for (size_t i = 0; i < recorded && ad_sink_is_good(sink); i++) {
        put_line(sink, kept + i == 0);
        put_tensor(sink, ad_recorded_at(t, i), scope_of(t, i, &place));
    }
    ad_put(sink, "]");
}

/* ---- Parts, changes and scopes ----------------------------------------------------------------------------------- */

/* The gradients of the results of the call that gave a part; null is one that was not computed. */
static void put_upstream(ad_sink *sink, const ad_part *part)
{
    ad_put(sink, ",\"upstream\":[");
    for (int j = 0; j < part->n_upstream; j++) {
        ad_put(sink, j ? "," : "");
        if (!part->upstream[j].data && part->upstream[j].n <= AD_MOST_COPIED)
            ad_put(sink, "null");
        else
            put_numbers(sink, &part->upstream[j]);
    }
    ad_put(sink, "]");
}

static void put_part(ad_sink *sink, const ad_part *part)
{
    static const char *const origins[] = {
        [AD_FROM_RULE] = "rule", [AD_FROM_SEED] = "seed", [AD_FROM_BEFORE] = "before"};
    ad_put_format(sink, "{\"origin\":\"%s\",\"sweep\":%d,\"of\":", origins[part->origin], part->sweep);
    put_id(sink, part->of);
    if (part->origin == AD_FROM_RULE) {
        ad_put(sink, ",\"from\":");
        put_id(sink, part->from);
        ad_put_format(sink, ",\"place\":%d", part->place + 1);
        put_upstream(sink, part);
    }
    if (part->has_local)
        put_figure(sink, ",\"local\":", part->local, ad_exact_digits(AD_F64));
    ad_put(sink, ",\"part\":");
    put_numbers(sink, &part->part);
    ad_put(sink, "}");
}

static void put_parts(ad_sink *sink, const ad_tape *t, const char *key, ad_band band)
{
    const size_t n = ad_part_count(t, band);
    ad_put_format(sink, ",\n\"%s\":[", key);
    for (size_t i = 0; i < n && ad_sink_is_good(sink); i++) {
        put_line(sink, i == 0);
        put_part(sink, ad_part_at(t, band, i));
    }
    ad_put(sink, "]");
}

static void put_changes(ad_sink *sink, const ad_tape *t)
{
    const size_t n = ad_leaf_change_count(t);
    ad_put(sink, ",\n\"changes\":[");
    for (size_t i = 0; i < n && ad_sink_is_good(sink); i++) {
        const ad_leaf_change *change = ad_leaf_change_at(t, i);
        put_line(sink, i == 0);
        ad_put(sink, "{\"leaf\":");
        put_id(sink, change->leaf);
        ad_put(sink, ",\"by\":");
        put_string(sink, change->by, SIZE_MAX);
        ad_put(sink, ",\"before\":");
        put_numbers(sink, &change->before);
        ad_put(sink, "}");
    }
    ad_put(sink, "]");
}

static void put_scopes(ad_sink *sink, const ad_tape *t)
{
    const size_t n = ad_scope_count(t);
    ad_put(sink, ",\n\"scopes\":[");
    for (size_t i = 0; i < n && ad_sink_is_good(sink); i++) {
        const ad_scope scope = ad_scope_at(t, i);
        put_line(sink, i == 0);
        ad_put(sink, "{\"name\":");
        put_string(sink, scope.name, AD_NAME_IN_PAGE);
        put_index(sink, ",\"outer\":", scope.outer);
        ad_put(sink, ",\"first\":");
        if (scope.n)
            put_recorded_id(sink, scope.first);
        else
            ad_put(sink, "null");
        ad_put_format(sink, ",\"n\":%zu", scope.n);
        put_bool(sink, ",\"open\":", scope.is_open);
        ad_put(sink, "}");
    }
    ad_put(sink, "]");
}

/* ---- The tape ---------------------------------------------------------------------------------------------------- */

static void put_title(ad_sink *sink, ad_tensor loss, const ad_write_options *options)
{
    ad_put(sink, "\"");
    if (options && options->title)
        ad_put_text(sink, AD_INK_JSON, options->title, SIZE_MAX);
    else if (ad_is_valid(loss))
        ad_put_name(sink, AD_INK_JSON, loss, AD_NAME_IN_PAGE);
    ad_put(sink, "\"");
}

void ad_put_json(ad_sink *sink, ad_tape *t, const ad_write_options *options)
{
    const ad_tensor loss = ad_sweep_began_at(t);
    ad_put_format(sink, "{\"format\":\"gradtape-tape\",\"version\":1,\"library\":\"%s\",\"title\":", ad_version());
    put_title(sink, loss, options);
    ad_put_format(sink, ",\"status\":\"%s\",\"message\":", ad_status_name(ad_status_of(t)));
    put_string(sink, ad_message(t), SIZE_MAX);
    ad_put(sink, ",\"loss\":");
    put_id(sink, loss);
    put_tensors(sink, t);
    put_parts(sink, t, "parts", AD_BAND_BACKWARD);
    put_parts(sink, t, "second", AD_BAND_FUNCTIONAL);
    put_changes(sink, t);
    put_scopes(sink, t);
    ad_put(sink, "}\n");
}

ad_shown ad_write_json(ad_tape *t, const char *path, const ad_write_options *options)
{
    ad_sink sink = ad_sink_open(t, path);
    if (ad_sink_is_good(&sink))
        ad_put_json(&sink, t, options);
    return ad_sink_close(&sink);
}
