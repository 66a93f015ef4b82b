/* Members of JSON objects. */
#include "json.h"

#include <math.h>

void cli_begin_json(nn_json_writer *w, const char *key, char bracket)
{
    nn_json_key(w, key);
    nn_json_begin(w, bracket);
}

void cli_put_json_text(nn_json_writer *w, const char *key, const char *text)
{
    nn_json_key(w, key);
    nn_json_text(w, text);
}

void cli_put_json_texts(nn_json_writer *w, const char *key, const char *const *texts, int64_t n)
{
    cli_begin_json(w, key, '[');
    for (int64_t i = 0; i < n; i++)
        nn_json_text(w, texts[i]);
    nn_json_end(w, ']');
}

void cli_put_json_integer(nn_json_writer *w, const char *key, int64_t x)
{
    nn_json_key(w, key);
    nn_json_integer(w, x);
}

void cli_put_json_bool(nn_json_writer *w, const char *key, bool x)
{
    nn_json_key(w, key);
    nn_json_bool(w, x);
}

void cli_put_json_real(nn_json_writer *w, const char *key, double x) { cli_put_json_figure(w, key, x, true); }

void cli_put_json_figure(nn_json_writer *w, const char *key, double x, bool is_defined)
{
    nn_json_key(w, key);
    cli_put_json_number(w, x, is_defined);
}

void cli_put_json_number(nn_json_writer *w, double x, bool is_defined)
{
    if (is_defined && isfinite(x))
        nn_json_real(w, x);
    else
        nn_json_text(w, NULL);
}

void cli_put_json_f32(nn_json_writer *w, float x)
{
    if (isfinite(x))
        nn_json_f32(w, x);
    else
        nn_json_text(w, NULL);
}
