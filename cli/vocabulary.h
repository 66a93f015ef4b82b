#ifndef GRADTAPE_CLI_VOCABULARY_H
#define GRADTAPE_CLI_VOCABULARY_H
/* Classes by their texts: labels of a table are numbers or texts, and are compared as they are written. */
#include <gradtape/data.h>

#include "arguments.h"

/* Texts that are all different. Class i is at[i]. They lie where the caller has them. */
typedef struct cli_vocabulary {
    const char *const *at;
    int64_t n;
    const struct cli_word_place *sorted; /* [n] for looking up */
} cli_vocabulary;

/* Makes classes of texts, in their order. Returns a status; what lacks memory is said. */
int cli_make_vocabulary(cli_vocabulary *classes, cli_arguments *a, const char *const *texts, int64_t n);

/* Makes classes of texts that may be there several times: in the order of their numbers if all are whole numbers, else
 * in that of their bytes. The texts are reordered. */
int cli_collect_vocabulary(cli_vocabulary *classes, cli_arguments *a, const char **texts, int64_t n);

/* Returns the number of a class; -1 if there is none. */
int32_t cli_class_of(const cli_vocabulary *classes, const char *text);

/* Returns the label of a row as it is written. `room` is for a number. */
enum { CLI_LABEL_ROOM = 16 };
const char *cli_label_text(const nn_data *data, int64_t row, char room[CLI_LABEL_ROOM]);

/* Whether a text is a whole number as labels have it: no sign +, no zeros before it. */
bool cli_is_whole(const char *text, int64_t *number);

/* Returns texts for a message: "red, green, blue", the first ones of many. */
const char *cli_list(cli_arguments *a, const char *const *texts, int64_t n);

#endif
