/* The classes of a training: whether they are classes at all, and their weights. */
#include <math.h>
#include <string.h>

#include "../nn/options/number.h"
#include "classes.h"

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
        return cli_say(CLI_ONE_CLASS, d->name, cli_count(a, k->counts[0]), cli_quoted(a, k->names[0]));
    if (cli_given(a, "task") || !are_numbers(k, a, &have_fractions) || (k->n <= MOST_NUMBERS && !have_fractions))
        return CLI_OK;
    const char *column = d->label_names ? cli_quoted(a, d->label_names[0]) : "of the labels";
    const char *what =
        have_fractions ? "numbers with fractions" : cli_text(a, "%s different numbers", cli_count(a, k->n));
    return cli_say(CLI_MANY_NUMBERS, d->name, column, what);
}

/* ---- Weights ----------------------------------------------------------------------------------------------------- */

static int read_weight(const cli_classes *k, cli_arguments *a, const cli_data *d, const char *text, double *weights)
{
    const char *equals = strrchr(text, '=');
    double x;
    if (!equals || !nn_read_real(equals + 1, &x) || !(x >= 0 && isfinite(x)))
        return cli_say(CLI_BAD_CLASS_WEIGHT, cli_quoted(a, text));
    const char *name = cli_text(a, "%.*s", (int)(equals - text), text);
    const int32_t i = cli_class_of(k, name);
    if (i < 0)
        return cli_say(CLI_UNKNOWN_CLASS, cli_quoted(a, name), d->name, cli_list(a, k->names, k->n));
    weights[i] = x;
    return CLI_OK;
}

int cli_read_class_weights(const cli_classes *k, cli_arguments *a, const cli_data *d, double **weights)
{
    const nn_texts *given = &a->settings.class_weight;
    double *w = nn_store_take(&a->store, (size_t)k->n, sizeof *w);
    *weights = w;
    if (!w)
        return cli_say(CLI_NO_MEMORY, "");
    const bool is_balanced = given->n == 1 && !strcmp(given->at[0], "balanced");
    for (int64_t i = 0; i < k->n; i++)
        w[i] = is_balanced ? (double)d->data.rows / ((double)k->n * (double)k->counts[i]) : 1;
    int status = CLI_OK;
    for (size_t i = 0; i < given->n && !is_balanced && status == CLI_OK; i++)
        status = read_weight(k, a, d, given->at[i], w);
    return status;
}
