#ifndef GRADTAPE_CLI_VERBS_H
#define GRADTAPE_CLI_VERBS_H
/* The verbs. Each does its work, says what was wrong, and returns a status (messages.h). Results go to stdout. */
#include "../nn/files/json.h"
#include "arguments.h"

int cli_train(cli_arguments *a);
int cli_evaluate(cli_arguments *a);
int cli_predict(cli_arguments *a);
int cli_info(cli_arguments *a);
int cli_cross_validate(cli_arguments *a);
int cli_metrics(cli_arguments *a);
int cli_inspect(cli_arguments *a);

/* Ends the results: returns CLI_OK if all of stdout was written. A reader that went away (head) is no error: the
 * command then ends quietly. */
int cli_end_output(void);

/* Prints a JSON text with a line end, releases it, and ends the results. Returns a status. */
int cli_print_json(nn_text *text);

#endif
