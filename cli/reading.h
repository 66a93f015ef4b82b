#ifndef GRADTAPE_CLI_READING_H
#define GRADTAPE_CLI_READING_H
/* What the readers of data have in common (data.c, arrays.c, truth.c). */
#include "data.h"

/* What is read, and where it goes. */
typedef struct cli_reader {
    cli_data *to;
    cli_arguments *a;
    const cli_reading *how;
    nn_stream in; /* {NULL}: there is a file, how->path */
} cli_reader;

/* Says the message of a call of the library's, if it failed. Returns the status of the command. */
static inline int cli_end_reading(ad_status status, const char *message)
{
    return status == AD_OK ? CLI_OK : cli_fail_status(status, message);
}

/* Read arrays. (arrays.c) */
int cli_read_idx(cli_reader *r);
int cli_read_npy(cli_reader *r);
int cli_read_npz(cli_reader *r);
int cli_read_libsvm(cli_reader *r);

/* Gives the data what the task needs of them. (truth.c) */
int cli_take_truth(cli_reader *r);

#endif
