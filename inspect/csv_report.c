/* nn_print_csv: what a table has, before it is read. */
#include <gradtape/csv.h>

#include <inttypes.h>
#include <string.h>

#include "escape.h"
#include "lines.h"

enum { NAME, KIND, MISSING, VALUES, COLUMNS };
enum { LEAST_VALUES = 40 }; /* characters */
enum { MOST_LEVELS = 8, MOST_COUNTED = 1000, MOST_IN_CATEGORY = 65536 };

/* 1,200: a comma before each group of three digits. */
static void put_count(ad_sink *sink, int64_t n)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, n);
    for (size_t left = strlen(digits), i = 0; left > 0; left--, i++) {
        ad_put_bytes(sink, &digits[i], 1);
        ad_put(sink, left % 3 == 1 && left > 1 ? "," : "");
    }
}

/* "1 row", "2 rows". */
static void put_counted(ad_sink *sink, int64_t n, const char *one, const char *many)
{
    put_count(sink, n);
    ad_put(sink, " ");
    ad_put(sink, n == 1 ? one : many);
}

/* "setosa (50), versicolor (50)", the first of many. `blank` stands before a count. */
static void put_levels(ad_sink *sink, ad_ink ink, const nn_csv_column_report *column, const char *blank)
{
    for (size_t i = 0; i < column->n_levels && i < MOST_LEVELS; i++) {
        ad_put(sink, i ? ", " : "");
        ad_put_text(sink, ink, column->levels[i].text, AD_NAME_IN_TEXT);
        ad_put(sink, blank);
        ad_put(sink, "(");
        put_count(sink, column->levels[i].count);
        ad_put(sink, ")");
    }
    ad_put(sink, column->n_levels > MOST_LEVELS ? ", ..." : "");
}

/* How many different values there are. */
static void put_different(ad_sink *sink, const nn_csv_column_report *column)
{
    const bool is_label = column->kind == NN_COLUMN_LABEL;
    const int64_t n = (int64_t)column->n_levels;
    ad_put(sink, column->has_many ? "more than " : "");
    put_counted(sink,
                !column->has_many                    ? n
                : column->kind == NN_COLUMN_CATEGORY ? MOST_IN_CATEGORY
                                                     : MOST_COUNTED,
                is_label ? "class" : "different value", is_label ? "classes" : "different values");
}

static void put_range(ad_sink *sink, const nn_csv_column_report *column)
{
    ad_put_number(sink, column->least, AD_FEW_DIGITS);
    ad_put(sink, " to ");
    ad_put_number(sink, column->largest, AD_FEW_DIGITS);
    ad_put(sink, ", mean ");
    ad_put_number(sink, column->mean, AD_FEW_DIGITS);
}

/* Of a column that has texts among its numbers, the values tell more than a range. */
static void put_values(ad_sink *sink, ad_ink ink, const nn_csv_column_report *column, int64_t rows)
{
    const bool has_texts = column->numbers < rows - column->missing;
    if (column->kind == NN_COLUMN_ID || column->kind == NN_COLUMN_IGNORED)
        return;
    if (column->kind == NN_COLUMN_LABEL)
        put_different(sink, column);
    else if (column->numbers > 0 && !has_texts)
        put_range(sink, column);
    else if (column->n_levels > 0 || column->has_many) {
        put_different(sink, column);
        ad_put(sink, column->n_levels ? ": " : "");
        put_levels(sink, ink, column, AD_HARD_BLANK);
    } else if (column->numbers > 0)
        put_range(sink, column);
    else
        ad_put(sink, "no values");
}

static void fill_line(ad_line *line, ad_ink ink, const nn_csv_column_report *column, int64_t rows)
{
    ad_sink name = ad_sink_into(line->cells[NAME], sizeof line->cells[NAME]);
    ad_sink kind = ad_sink_into(line->cells[KIND], sizeof line->cells[KIND]);
    ad_sink missing = ad_sink_into(line->cells[MISSING], sizeof line->cells[MISSING]);
    ad_sink values = ad_sink_into(line->cells[VALUES], sizeof line->cells[VALUES]);
    ad_put_text(&name, ink, column->name, AD_NAME_IN_TEXT);
    ad_put(&kind, nn_column_kind_name((int)column->kind));
    put_count(&missing, column->missing);
    put_values(&values, ink, column, rows);
}

static void put_table(ad_sink *sink, ad_ink ink, const nn_csv_report *report)
{
    static const ad_line head = {{"column", "kind", "missing", "values"}};
    ad_line line;
    ad_widths widths = {.n = COLUMNS, .most = 80, .keeps_last = true, .least = {[VALUES] = LEAST_VALUES}};
    ad_measure_line(&widths, &head);
    for (size_t i = 0; i < report->n; i++) {
        fill_line(&line, ink, &report->at[i], report->rows);
        ad_measure_line(&widths, &line);
    }
    ad_fit_widths(&widths);
    ad_put_line(sink, &widths, &head);
    for (size_t i = 0; i < report->n && ad_sink_is_good(sink); i++) {
        fill_line(&line, ink, &report->at[i], report->rows);
        ad_put_line(sink, &widths, &line);
    }
}

static void put_classes(ad_sink *sink, ad_ink ink, const nn_csv_report *report)
{
    for (size_t i = 0; i < report->n; i++) {
        const nn_csv_column_report *column = &report->at[i];
        if (column->kind != NN_COLUMN_LABEL || column->n_levels == 0)
            continue;
        ad_put(sink, "classes: ");
        put_levels(sink, ink, column, " ");
        ad_put(sink, "\n");
    }
}

/* Each line is a note. */
static void put_notes(ad_sink *sink, const char *notes)
{
    while (*notes) {
        const size_t n = strcspn(notes, "\n");
        ad_put(sink, "note: ");
        ad_put_bytes(sink, notes, n);
        ad_put(sink, "\n");
        notes += n + (notes[n] == '\n');
    }
}

static void put_report(ad_sink *sink, const nn_csv_report *report)
{
    const ad_ink ink = ad_ink_of_locale();
    ad_put(sink, report->name);
    ad_put(sink, ": ");
    put_counted(sink, report->rows, "row", "rows");
    ad_put(sink, ", ");
    put_counted(sink, (int64_t)report->n, "column", "columns");
    ad_put(sink, ", ");
    put_counted(sink, report->missing, "value", "values");
    ad_put(sink, " missing\n");
    put_table(sink, ink, report);
    put_classes(sink, ink, report);
    put_notes(sink, report->notes);
    for (size_t i = 0; i < report->n; i++) {
        if (!report->at[i].refused)
            continue;
        ad_put(sink, "refused: ");
        ad_put(sink, report->at[i].refused);
        ad_put(sink, "\n");
    }
}

ad_shown nn_print_csv_look(const nn_csv_look *look, FILE *to)
{
    ad_sink sink = ad_sink_over_for("print_csv", to);
    const nn_csv_report *report = nn_csv_look_report(look);
    if (report && ad_sink_is_good(&sink))
        put_report(&sink, report);
    else if (!report)
        ad_sink_fail(&sink, nn_csv_look_status(look), "%s", nn_csv_look_message(look));
    return ad_sink_close(&sink);
}

ad_shown nn_print_csv(const char *path, const nn_csv_options *options, FILE *to)
{
    ad_sink sink = ad_sink_over_for("print_csv", to);
    nn_csv_look *look = ad_sink_is_good(&sink) ? nn_csv_look_at(path, options, NULL) : NULL;
    if (!look) {
        ad_sink_fail(&sink, AD_NO_MEMORY, "print_csv: memory is out");
        return ad_sink_close(&sink);
    }
    const ad_shown shown = nn_print_csv_look(look, to);
    nn_csv_look_close(look);
    return shown;
}
