/* The columns that an estimator was fitted to, as JSON. */
#include <string.h>

#include "model.h"

void nn_model_write_schema(nn_json_writer *w, nn_schema schema)
{
    nn_json_key(w, "schema");
    nn_json_begin(w, '[');
    for (size_t i = 0; i < schema.n; i++) {
        const nn_column *column = &schema.at[i];
        nn_json_begin(w, '{');
        nn_json_key(w, "name");
        nn_json_text(w, column->name);
        nn_json_key(w, "kind");
        nn_json_text(w, nn_column_kind_name((int)column->kind));
        nn_json_key(w, "width");
        nn_json_integer(w, column->width);
        nn_json_key(w, "levels");
        nn_json_begin(w, '[');
        for (size_t k = 0; k < column->levels.n; k++)
            nn_json_text(w, column->levels.at[k]);
        nn_json_end(w, ']');
        nn_json_end(w, '}');
    }
    nn_json_end(w, ']');
}

static bool read_levels(nn_model_reader *r, const nn_json *list, nn_texts *levels)
{
    if (!list || list->type != NN_JSON_LIST)
        return nn_model_fail(r, AD_BAD_FILE, "a column of its schema has no list of levels") == AD_OK;
    const char **texts = nn_store_take(&r->store, list->n, sizeof *texts);
    if (!texts)
        return nn_model_fail(r, AD_NO_MEMORY, "memory is out for its levels") == AD_OK;
    *levels = (nn_texts){list->n ? texts : NULL, list->n};
    for (const nn_json *text = list->first; text; text = text->next) {
        if (text->type != NN_JSON_TEXT || strlen(text->text) != text->bytes)
            return nn_model_fail(r, AD_BAD_FILE, "a level of a column of its schema is no text") == AD_OK;
        *texts++ = text->text;
    }
    return true;
}

static bool read_column(nn_model_reader *r, const nn_json *json, nn_column *column)
{
    const char *kind = nn_model_text(r, json, "kind", false);
    int i = 0;
    while (kind && i < NN_COLUMN_KIND_COUNT && strcmp(nn_column_kind_name(i), kind) != 0)
        i++;
    if (kind && i == NN_COLUMN_KIND_COUNT)
        nn_model_fail(r, AD_BAD_FILE, "a column of its schema is of a kind that is none");
    column->kind = (nn_column_kind)i;
    column->name = nn_model_text(r, json, "name", true);
    column->width = nn_model_whole(r, json, "width", INT32_MAX);
    return r->status == AD_OK && read_levels(r, nn_json_member(json, "levels"), &column->levels);
}

bool nn_model_read_schema(nn_model_reader *r, nn_schema *schema)
{
    const nn_json *list = nn_json_member(r->root, "schema");
    if (!list || list->type != NN_JSON_LIST)
        return nn_model_fail(r, AD_BAD_FILE, "it has no list of columns") == AD_OK;
    nn_column *columns = nn_store_take(&r->store, list->n, sizeof *columns);
    if (!columns)
        return nn_model_fail(r, AD_NO_MEMORY, "memory is out for its columns") == AD_OK;
    *schema = (nn_schema){list->n ? columns : NULL, list->n};
    for (const nn_json *json = list->first; json; json = json->next)
        if (!read_column(r, json, columns++))
            return false;
    return true;
}
