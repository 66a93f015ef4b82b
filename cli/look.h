#ifndef GRADTAPE_CLI_LOOK_H
#define GRADTAPE_CLI_LOOK_H
/* What `gradtape info` prints: of data, and of a model. Both return a status; mistakes are said. */
#include "../nn/files/json.h"
#include "arguments.h"

int cli_look_at_data(cli_arguments *a);
int cli_look_at_model(cli_arguments *a);

/* Put a member of an object. NaN is not a number, and is null. */
void cli_put_json_text(nn_json_writer *w, const char *key, const char *text);
void cli_put_json_integer(nn_json_writer *w, const char *key, int64_t x);
void cli_put_json_real(nn_json_writer *w, const char *key, double x);

#endif
