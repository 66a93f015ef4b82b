#ifndef GRADTAPE_CLI_CLASSES_H
#define GRADTAPE_CLI_CLASSES_H
/* Classes: the different labels of data. They are compared as they are written, whole numbers too. */
#include <gradtape/data.h>

#include "arguments.h"
#include "data.h"

/* Classes in their order: that of numbers if all are whole numbers, else that of bytes; or the caller's. */
typedef struct cli_classes {
    int64_t n;
    const char *const *names;              /* [n]: as they are written */
    const char *const *texts;              /* the names, if labels of data are texts; else NULL */
    int32_t *integers;                     /* [n]: if they are whole numbers; else NULL */
    int64_t *counts;                       /* [n]: rows of data; NULL: nothing was counted */
    const struct cli_class_place *by_text; /* [n]: for looking up */
} cli_classes;

/* Finds the classes of data, and counts their rows. Returns false if memory is out. */
bool cli_find_classes(cli_classes *classes, cli_arguments *a, const nn_data *data);

/* Makes classes of names that are all different, in their order. The names lie where the caller has them. Returns a
 * status; what lacks memory is said. */
int cli_name_classes(cli_classes *classes, cli_arguments *a, const char *const *names, int64_t n);

/* Makes classes of others and of more names, which may be among them. Nothing is counted. */
int cli_add_classes(cli_classes *classes, cli_arguments *a, const cli_classes *others, nn_texts more);

/* Returns the number of a class; -1 if there is none. */
int32_t cli_class_of(const cli_classes *classes, const char *name);

/* How class i is shown: cut, and with control characters escaped. */
const char *cli_class_name(const cli_classes *classes, cli_arguments *a, int64_t i);

/* Returns names for a message: "red, green, blue", the first ones of many. */
const char *cli_list(cli_arguments *a, const char *const *names, int64_t n);

/* Returns the label of a row as it is written. `room` is for a number. */
enum { CLI_LABEL_ROOM = 16 };
const char *cli_label_text(const nn_data *data, int64_t row, char room[CLI_LABEL_ROOM]);

/* Whether a text is a whole number as labels have it: no sign +, no zeros before it. */
bool cli_is_whole(const char *text, int64_t *number);

/* ---- Classes of a training (class_options.c) --------------------------------------------------------------------- */

/* Refuses labels that are numbers rather than classes, unless --task classes was said; and one class alone. */
int cli_check_classes(const cli_classes *classes, cli_arguments *a, const cli_data *data);

/* Reads --class-weight, which is given. *weights gets a factor for each class. */
int cli_read_class_weights(const cli_classes *classes, cli_arguments *a, const cli_data *data, double **weights);

#endif
