/* The options of tables as text: their table, and the form of the file that they give. */
#include <string.h>

#include "../options/fields.h"
#include "csv_columns.h"

/* ---- The table --------------------------------------------------------------------------------------------------- */

#define ROW(member, kind, meaning_of_it)                                                                               \
    {                                                                                                                  \
        .name = #member, .meaning = meaning_of_it, .type = NN_FIELD_##kind, .offset = offsetof(nn_csv_options, member) \
    }

static const nn_field fields[] = {
    ROW(delimiter, TEXT, "what parts fields: one character, or tab; by default a comma, a tab in .tsv files"),
    ROW(decimal, TEXT, "the decimal sign: . or ,"),
    ROW(no_header, SWITCH, "the first record is a row, and columns are called 1, 2, ..."),
    ROW(header, SWITCH, "the first record has the names, though one is a number"),
    ROW(missing, TEXTS, "what a missing value is written as, beside an empty field"),
    ROW(keep_missing, SWITCH, "a missing feature is NaN, not an error"),
    ROW(label, TEXT, "the column of the labels"),
    ROW(targets, TEXTS, "the columns of the targets"),
    ROW(weight, TEXT, "the column of the weights of rows"),
    ROW(ids, TEXTS, "the columns that name the rows"),
    ROW(ignored, TEXTS, "columns that are not read"),
    ROW(categorical, TEXTS, "columns that are categories; auto: those that are not all numbers"),
    ROW(numeric, TEXTS, "columns that are numbers, with categorical=auto"),
    ROW(as_f32, SWITCH, "features and targets are f32, not f64"),
};

nn_fields nn_csv_fields(void) { return (nn_fields)NN_FIELDS(fields); }

/* ---- The form ---------------------------------------------------------------------------------------------------- */

static bool ends_in(const char *text, const char *end)
{
    const size_t n = strlen(text), k = strlen(end);
    return n >= k && strcmp(text + n - k, end) == 0;
}

/* A byte that neither numbers nor quotes nor line ends have. */
static bool can_part(const char *text)
{
    const unsigned char c = (unsigned char)text[0];
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return c && !text[1] && c < 0x7f && !is_letter && !strchr("\"\r\n+-.", c);
}

static ad_status fail_form(nn_dataset *dataset, const char *option, const char *value, const char *rule)
{
    char text[NN_DATASET_MESSAGE];
    nn_writer w = nn_writer_into(text, sizeof text);
    nn_begin_refused(&w, &(nn_refused){.name = option, .element = SIZE_MAX, .value = value, .is_text = true});
    nn_put(&w, rule);
    return nn_dataset_fail(dataset, AD_BAD_VALUE, "%s", text);
}

static ad_status fail_both_commas(nn_dataset *dataset)
{
    char text[NN_DATASET_MESSAGE];
    nn_writer w = nn_writer_into(text, sizeof text);
    nn_put_option_name(&w, "decimal");
    nn_put(&w, " and the delimiter are both ','; for numbers such as 3,5: ");
    nn_put_option(&w, "decimal", ",");
    nn_put(&w, " ");
    nn_put_option(&w, "delimiter", ";");
    return nn_dataset_fail(dataset, AD_BAD_VALUE, "%s", text);
}

static ad_status fail_both_given(nn_dataset *dataset, const char *one, const char *other)
{
    char texts[2][NN_OPTION_TEXT];
    return nn_dataset_fail(dataset, AD_BAD_VALUE, "%s and %s are both given; give one of them",
                           nn_option_text(texts[0], one, NULL), nn_option_text(texts[1], other, NULL));
}

static ad_status check_lists(nn_dataset *dataset, const nn_csv_options *o)
{
    const struct {
        const char *option;
        nn_texts texts;
    } lists[] = {{"missing", o->missing}, {"targets", o->targets},         {"ids", o->ids},
                 {"ignored", o->ignored}, {"categorical", o->categorical}, {"numeric", o->numeric}};
    for (size_t k = 0; k < sizeof lists / sizeof lists[0]; k++)
        for (size_t i = 0; i < lists[k].texts.n; i++)
            if (!lists[k].texts.at || !lists[k].texts.at[i])
                return nn_dataset_fail(dataset, AD_BAD_VALUE, "%s[%zu] is NULL: give a text", lists[k].option, i);
    if (o->like.n > 0 && !o->like.at)
        return nn_dataset_fail(dataset, AD_BAD_VALUE, "like is NULL: it must be an array of %zu columns", o->like.n);
    return AD_OK;
}

ad_status nn_csv_form(nn_dataset *dataset, const char *name, const nn_csv_options *o, char *delimiter)
{
    const bool has_tabs = ends_in(name, ".tsv") || ends_in(name, ".tsv.gz");
    const char *given = o->delimiter ? o->delimiter : has_tabs ? "\t" : ",";
    given = strcmp(given, "tab") == 0 ? "\t" : given;
    *delimiter = *given;
    if (!can_part(given))
        return fail_form(dataset, "delimiter", given, "one character such as ',', ';' or '|', or tab");
    if (o->decimal && strcmp(o->decimal, ".") != 0 && strcmp(o->decimal, ",") != 0)
        return fail_form(dataset, "decimal", o->decimal, "'.' or ','");
    if (o->decimal && *o->decimal == *delimiter)
        return fail_both_commas(dataset);
    if (o->label && o->targets.n > 0)
        return fail_both_given(dataset, "label", "targets");
    if (o->header && o->no_header)
        return fail_both_given(dataset, "header", "no_header");
    return check_lists(dataset, o);
}
