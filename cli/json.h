#ifndef GRADTAPE_CLI_JSON_H
#define GRADTAPE_CLI_JSON_H
/* Members of JSON objects. A number that JSON does not have, NaN or an infinity, is null. */
#include "../nn/files/json.h"

/* Begins a list or an object that is a member. nn_json_end ends it. */
void cli_begin_json(nn_json_writer *w, const char *key, char bracket);

void cli_put_json_text(nn_json_writer *w, const char *key, const char *text); /* NULL: null */
void cli_put_json_texts(nn_json_writer *w, const char *key, const char *const *texts, int64_t n);
void cli_put_json_integer(nn_json_writer *w, const char *key, int64_t x);
void cli_put_json_bool(nn_json_writer *w, const char *key, bool x);
void cli_put_json_real(nn_json_writer *w, const char *key, double x);

/* A figure is null, too, where it is not defined. */
void cli_put_json_figure(nn_json_writer *w, const char *key, double x, bool is_defined);

/* Elements without keys. */
void cli_put_json_number(nn_json_writer *w, double x, bool is_defined);
void cli_put_json_f32(nn_json_writer *w, float x);

#endif
