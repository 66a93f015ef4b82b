#ifndef GRADTAPE_CLI_LOOK_H
#define GRADTAPE_CLI_LOOK_H
/* What `gradtape info` prints: of data, and of a model. Both return a status; mistakes are said. */
#include "arguments.h"

int cli_look_at_data(cli_arguments *a);
int cli_look_at_model(cli_arguments *a);

#endif
