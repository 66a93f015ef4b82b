/* The classes of data: which there are, whether they are classes at all, and their weights. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../nn/options/number.h"
#include "run.h"

/* ---- Finding ----------------------------------------------------------------------------------------------------- */

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_integers(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Sorts a copy of the labels, and counts equal ones. `bytes` is the size of one. Returns false if memory is out. */
static bool count(cli_classes *k, cli_arguments *a, const void *labels, int64_t rows, size_t bytes,
                  int (*compare)(const void *, const void *))
{
    char *copy = ad_memory_take(&a->memory, (size_t)rows, bytes);
    if (!copy)
        return false;
    memcpy(copy, labels, (size_t)rows * bytes);
    qsort(copy, (size_t)rows, bytes, compare);
    int64_t n = 0;
    for (int64_t i = 0; i < rows; i++)
        n += i == 0 || compare(copy + (size_t)i * bytes, copy + (size_t)(i - 1) * bytes) != 0;
    char *different = nn_store_take(&a->store, (size_t)n, bytes);
    k->counts = nn_store_take(&a->store, (size_t)n, sizeof *k->counts);
    for (int64_t i = 0; i < rows && different && k->counts; i++) {
        const char *label = copy + (size_t)i * bytes;
        if (i == 0 || compare(label, label - bytes) != 0)
            memcpy(different + (size_t)k->n++ * bytes, label, bytes);
        k->counts[k->n - 1]++;
    }
    ad_memory_release(&a->memory, copy, (size_t)rows, bytes);
    if (compare == compare_integers)
        k->integers = (int32_t *)(void *)different;
    else
        k->texts = (const char **)(void *)different;
    return different && k->counts;
}

bool cli_find_classes(cli_classes *k, cli_arguments *a, const nn_data *data)
{
    *k = (cli_classes){.n = 0};
    if (data->label_texts)
        return count(k, a, data->label_texts, data->rows, sizeof *data->label_texts, compare_texts);
    return count(k, a, data->labels, data->rows, sizeof *data->labels, compare_integers);
}

const char *cli_class_name(const cli_classes *k, cli_arguments *a, int64_t i)
{
    return k->texts ? k->texts[i] : cli_text(a, "%d", (int)k->integers[i]);
}

/* ---- Checking ---------------------------------------------------------------------------------------------------- */

enum { MOST_NUMBERS = 100 };

/* Reads a number with the decimal sign of the table. */
static bool read_number(cli_arguments *a, const char *text, double *x)
{
    const char *decimal = cli_given(a, "decimal");
    char *copy = nn_store_text(&a->store, text), *comma = copy ? strchr(copy, ',') : NULL;
    if (comma && decimal && *decimal == ',')
        *comma = '.';
    return copy && nn_read_real(copy, x);
}

/* Whether all classes are numbers, and whether any has a fraction. */
static bool are_numbers(const cli_classes *k, cli_arguments *a, bool *have_fractions)
{
    double x;
    *have_fractions = false;
    for (int64_t i = 0; i < k->n && k->texts; i++) {
        if (!read_number(a, k->texts[i], &x))
            return false;
        *have_fractions = *have_fractions || x != floor(x);
    }
    return true;
}

int cli_check_classes(const cli_classes *k, cli_arguments *a, const cli_data *d)
{
    bool have_fractions;
    if (k->n == 1)
        return cli_say(CLI_ONE_CLASS, d->name, cli_count(a, k->counts[0]), cli_quoted(a, cli_class_name(k, a, 0)));
    if (cli_given(a, "task") || !are_numbers(k, a, &have_fractions) || (k->n <= MOST_NUMBERS && !have_fractions))
        return CLI_OK;
    const char *column = d->label_names ? cli_quoted(a, d->label_names[0]) : "of the labels";
    const char *what =
        have_fractions ? "numbers with fractions" : cli_text(a, "%s different numbers", cli_count(a, k->n));
    return cli_say(CLI_MANY_NUMBERS, d->name, column, what);
}

/* ---- Weights ----------------------------------------------------------------------------------------------------- */

static int64_t class_of(const cli_classes *k, cli_arguments *a, const char *name)
{
    for (int64_t i = 0; i < k->n; i++)
        if (!strcmp(cli_class_name(k, a, i), name))
            return i;
    return -1;
}

/* The first classes, for a message. */
static const char *list_classes(const cli_classes *k, cli_arguments *a)
{
    enum { SHOWN = 10 };
    const char *list = "";
    for (int64_t i = 0; i < k->n && i < SHOWN; i++)
        list = cli_text(a, "%s%s%s", list, i ? ", " : "", cli_class_name(k, a, i));
    return k->n > SHOWN ? cli_text(a, "%s, ...", list) : list;
}

static int read_weight(const cli_classes *k, cli_arguments *a, const cli_data *d, const char *text, double *weights)
{
    const char *equals = strrchr(text, '=');
    double x;
    if (!equals || !nn_read_real(equals + 1, &x) || !(x >= 0 && isfinite(x)))
        return cli_say(CLI_BAD_CLASS_WEIGHT, cli_quoted(a, text));
    const char *name = cli_text(a, "%.*s", (int)(equals - text), text);
    const int64_t i = class_of(k, a, name);
    if (i < 0)
        return cli_say(CLI_UNKNOWN_CLASS, cli_quoted(a, name), d->name, list_classes(k, a));
    weights[i] = x;
    return CLI_OK;
}

int cli_read_class_weights(const cli_classes *k, cli_arguments *a, const cli_data *d, double **weights)
{
    const nn_texts *given = &a->settings.class_weight;
    *weights = NULL;
    if (!given->n)
        return CLI_OK;
    double *w = nn_store_take(&a->store, (size_t)k->n, sizeof *w);
    if (!w)
        return cli_say(CLI_NO_MEMORY, "");
    const bool is_balanced = given->n == 1 && !strcmp(given->at[0], "balanced");
    for (int64_t i = 0; i < k->n; i++)
        w[i] = is_balanced ? (double)d->data.rows / ((double)k->n * (double)k->counts[i]) : 1;
    int status = CLI_OK;
    for (size_t i = 0; i < given->n && !is_balanced && status == CLI_OK; i++)
        status = read_weight(k, a, d, given->at[i], w);
    *weights = w;
    return status;
}
