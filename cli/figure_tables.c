/* Tables of figures, in 80 columns. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../nn/options/writer.h"
#include "figures.h"

enum { COLUMNS = 80, MOST_LINES = 20, MOST_CONFUSED = 10 };

/* ---- Cells ------------------------------------------------------------------------------------------------------- */

/* The characters of a text in UTF-8. */
static int width_of(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* A name of the user's as it is shown. */
static void show(const char *name, char *text, size_t size)
{
    nn_writer w = nn_writer_into(text, size);
    nn_put_shown(&w, name);
}

enum { SHOWN = 256 };

static int width_of_name(const char *name)
{
    char text[SHOWN];
    show(name, text, sizeof text);
    return width_of(text);
}

/* Prints a name in so many columns; a longer one is cut, and ends in two points. */
static void print_name(const char *name, int width, bool is_right)
{
    char text[SHOWN];
    show(name, text, sizeof text);
    const int n = width_of(text);
    const bool is_cut = n > width;
    char *end = text;
    for (int i = 0; *end && i < (is_cut ? width - 2 : n); i++)
        do
            end++;
        while (((unsigned char)*end & 0xc0) == 0x80);
    *end = 0;
    const int blanks = is_cut ? 0 : width - n;
    printf("%*s%s%s%*s", is_right ? blanks : 0, "", text, is_cut ? ".." : "", is_right ? 0 : blanks, "");
}

/* The widest of the names, from `least` to `most` columns. */
static int width_of_names(const cli_figures *f, int least, int most)
{
    int width = least;
    for (int64_t i = 0; i < f->n; i++) {
        const int n = width_of_name(f->names[i]);
        width = n > width ? n : width;
    }
    return width < most ? width : most;
}

/* ---- Figures of each class, label or target ---------------------------------------------------------------------- */

/* A column of the table: a figure, and how it is shown. */
typedef struct column {
    const char *figure, *heading;
    int width;
} column;

static const column of_classes[] = {{"precision_per_class", "precision", 10},
                                    {"recall_per_class", "recall", 10},
                                    {"f1_per_class", "f1", 10},
                                    {.figure = NULL}};
static const column of_labels[] = {{"precision_per_label", "precision", 10},
                                   {"recall_per_label", "recall", 8},
                                   {"f1_per_label", "f1", 8},
                                   {"roc_auc_per_label", "roc_auc", 8},
                                   {"average_precision_per_label", "average_precision", 18},
                                   {.figure = NULL}};
static const column of_targets[] = {{"mse_per_target", "mse", 13},
                                    {"mae_per_target", "mae", 13},
                                    {"rmse_per_target", "rmse", 13},
                                    {"r2_per_target", "r2", 13},
                                    {.figure = NULL}};

/* The weight of the rows of a class, or of those that a label is true of. */
static double support(const cli_figures *f, int64_t i)
{
    const nn_figure table = nn_metrics_figure(f->metrics, f->task == NN_LABELS ? "confusion_per_label" : "confusion");
    double sum = 0;
    const int64_t width = f->task == NN_LABELS ? 2 : f->n, first = f->task == NN_LABELS ? 4 * i + 2 : i * f->n;
    for (int64_t j = 0; j < width; j++)
        sum += table.values[first + j];
    return sum;
}

static void print_element(const cli_figures *f, const column *c, int64_t i)
{
    const nn_figure figure = nn_metrics_figure(f->metrics, c->figure);
    if (!figure.defined[i])
        printf("%*s", c->width, "n/a");
    else if (f->task == NN_REGRESSION)
        printf("%*.6g", c->width, figure.values[i]);
    else
        printf("%*.4f", c->width, figure.values[i]);
}

static void print_each(const cli_figures *f, const column *columns, const char *heading)
{
    const bool has_support = f->task != NN_REGRESSION;
    const int support_width = has_support ? 13 : 0;
    int rest = COLUMNS - support_width;
    for (const column *c = columns; c->figure; c++)
        rest -= c->width;
    const int width = width_of_names(f, (int)strlen(heading), rest);
    printf("\n%-*s", width, heading);
    for (const column *c = columns; c->figure; c++)
        printf("%*s", c->width, c->heading);
    printf(has_support ? "%*s\n" : "\n", support_width, f->has_weights ? "weight" : "rows");
    for (int64_t i = 0; i < f->n; i++) {
        print_name(f->names[i], width, false);
        for (const column *c = columns; c->figure; c++)
            print_element(f, c, i);
        if (has_support)
            printf("%*.*g", support_width, f->has_weights ? 6 : 12, support(f, i));
        printf("\n");
    }
}

/* ---- Which classes were called what ------------------------------------------------------------------------------ */

/* A cell as text; returns its width. */
static int write_cell(const cli_figures *f, double value, char text[32])
{
    return snprintf(text, 32, f->has_weights ? "%.4g" : "%.0f", value);
}

static void print_confusion(const cli_figures *f)
{
    static const char heading[] = "true \\ called";
    const nn_figure table = nn_metrics_figure(f->metrics, "confusion");
    char text[32];
    int cell = 1;
    for (size_t i = 0; i < table.count; i++) {
        const int n = write_cell(f, table.values[i], text);
        cell = n > cell ? n : cell;
    }
    const int first = (int)sizeof heading - 1, most = (COLUMNS - first) / (int)f->n - 1;
    if (cell > most) {
        printf("\nThe table of confusion is wider than %d columns; --json has it.\n", COLUMNS);
        return;
    }
    const int width = width_of_names(f, cell, most < 13 ? most : 13);
    const int names = width_of_names(f, first, COLUMNS - (int)f->n * (width + 1));
    printf("\n%-*s", names, heading);
    for (int64_t j = 0; j < f->n; j++) {
        printf(" ");
        print_name(f->names[j], width, true);
    }
    printf("\n");
    for (int64_t i = 0; i < f->n; i++) {
        print_name(f->names[i], names, false);
        for (int64_t j = 0; j < f->n; j++) {
            write_cell(f, table.values[i * f->n + j], text);
            printf(" %*s", width, text);
        }
        printf("\n");
    }
}

void cli_print_figure_tables(const cli_figures *f)
{
    if (f->task == NN_LABELS)
        print_each(f, of_labels, "label");
    else if (f->task == NN_REGRESSION && f->n > 1)
        print_each(f, of_targets, "target");
    else if (f->task == NN_CLASSES && f->n <= MOST_LINES)
        print_each(f, of_classes, "class");
    if (f->task == NN_CLASSES && f->n <= MOST_CONFUSED)
        print_confusion(f);
    if (f->evaluation && (f->task == NN_LABELS || f->n > 1))
        printf("\n");
}
