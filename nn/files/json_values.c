/* What values of JSON mean. */
#include <math.h>
#include <string.h>

#include "../options/number.h"
#include "json.h"

const nn_json *nn_json_member(const nn_json *object, const char *key)
{
    if (!object || object->type != NN_JSON_OBJECT)
        return NULL;
    const size_t n = strlen(key);
    const nn_json *member = object->first;
    while (member && (member->key_bytes != n || memcmp(member->key, key, n) != 0))
        member = member->next;
    return member;
}

static bool is_number(const nn_json *value) { return value && value->type == NN_JSON_NUMBER; }

/* A text without a 0 within. */
static bool is_plain_text(const nn_json *value)
{
    return value && value->type == NN_JSON_TEXT && strlen(value->text) == value->bytes;
}

/* -0 is a real number, and no integer: it has a sign. */
bool nn_json_is_integer(const nn_json *value, int64_t *x)
{
    return is_number(value) && strcmp(value->text, "-0") != 0 && nn_read_integer(value->text, x);
}

/* Only what nn_json_unsigned writes, and not 007. */
bool nn_json_is_unsigned(const nn_json *value, uint64_t *x)
{
    return is_plain_text(value) && (value->text[0] != '0' || value->bytes == 1) && nn_read_unsigned(value->text, x);
}

bool nn_json_is_real(const nn_json *value, double *x)
{
    static const char *const names[] = {"nan", "inf", "-inf"};
    static const double numbers[] = {NAN, INFINITY, -INFINITY};
    double read;
    if (is_number(value) && nn_read_real(value->text, &read) && isfinite(read)) {
        *x = read;
        return true;
    }
    for (int i = 0; i < 3; i++)
        if (is_plain_text(value) && strcmp(value->text, names[i]) == 0) {
            *x = numbers[i];
            return true;
        }
    return false;
}
