/* Values of fields of tables as text, and their errors. */
#include "csv_values.h"

#include <string.h>

bool nn_csv_is_missing(const nn_csv_columns *c, nn_csv_field f)
{
    const nn_texts missing = c->options->missing;
    for (size_t i = 0; i < missing.n; i++)
        if (strlen(missing.at[i]) == f.n && memcmp(missing.at[i], f.at, f.n) == 0)
            return true;
    return f.n == 0;
}

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

/* A text with the other decimal sign. */
static bool has_other_point(const nn_csv_columns *c, nn_csv_field f)
{
    double x;
    const char other = c->point == '.' ? ',' : '.';
    return memchr(f.at, other, f.n) && nn_decimal_read(f.at, f.at + f.n, other, &x) == f.at + f.n;
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* A number with blanks before or behind it. */
static bool has_blanks(const nn_csv_columns *c, nn_csv_field f)
{
    double x;
    const char *at = f.at, *end = f.at + f.n;
    while (at < end && is_blank(*at))
        at++;
    while (end > at && is_blank(end[-1]))
        end--;
    return (size_t)(end - at) < f.n && nn_decimal_read(at, end, c->point, &x) == end;
}

static void put_column(nn_writer *w, const char *before, const nn_csv_column *column)
{
    nn_put(w, before);
    nn_put_name(w, column->name);
}

/* train.csv:17: column "age" is empty; ... */
static void put_missing(nn_writer *w, const nn_csv_columns *c, size_t i)
{
    const nn_csv_column *column = &c->at[i];
    const nn_csv_field f = c->records->fields[i];
    nn_csv_put_line(w, c->records, nn_csv_line_of(c->records, i));
    put_column(w, "column ", column);
    nn_put(w, f.n ? " is " : " is empty; ");
    if (f.n) {
        nn_csv_put_field(w, f);
        nn_put(w, ", a missing value; ");
    }
    if (nn_csv_is_feature(column->kind)) {
        if (!nn_has_option_form()) { /* a program with a form keeps missing values by itself where it imputes */
            nn_put_option(w, "keep_missing", "true");
            nn_put(w, " with ");
        }
        nn_put_option(w, "impute", "mean");
        nn_put(w, " fills it");
        if (!column->like) {
            nn_put(w, ", ");
            nn_put_option(w, "ignored", column->name);
            nn_put(w, " leaves the column out");
        }
    } else {
        nn_put(w, "each row must have a ");
        nn_put(w, column->kind == NN_COLUMN_LABEL ? "label" : column->kind == NN_COLUMN_TARGET ? "target" : "weight");
    }
}

/* train.csv:2: "39,1" in column "bill" is not a number; for decimal commas: decimal="," delimiter=; */
static void put_other_point(nn_writer *w, const nn_csv_columns *c, size_t i)
{
    char shown[NN_SHOWN_BYTES];
    const nn_csv_field f = c->records->fields[i];
    nn_csv_put_line(w, c->records, nn_csv_line_of(c->records, i));
    nn_show_bytes(shown, f.at, f.n);
    shown[0] = shown[strlen(shown) - 1] = '"';
    nn_put(w, shown);
    put_column(w, " in column ", &c->at[i]);
    nn_put(w, " is not a number; for decimal ");
    nn_put(w, c->point == '.' ? "commas: " : "points: ");
    nn_put_option(w, "decimal", c->point == '.' ? "," : ".");
    if (c->point == '.' && c->records->delimiter == ',') {
        nn_put(w, " ");
        nn_put_option(w, "delimiter", ";");
    }
}

/* What other programs write for a missing value. */
static bool is_usual_mark(nn_csv_field f)
{
    static const char *const marks[] = {"NA",   "N/A",  "na",   "n/a", "nan", "NaN", "NAN", "null",
                                        "NULL", "None", "none", "?",   "-",   ".",   "#N/A"};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (strlen(marks[i]) == f.n && memcmp(marks[i], f.at, f.n) == 0)
            return true;
    return false;
}

/* Why a field is no number, and what it may be. */
static void put_reason(nn_writer *w, const nn_csv_columns *c, size_t i)
{
    double x;
    const nn_csv_column *column = &c->at[i];
    const nn_csv_field f = c->records->fields[i];
    if (nn_decimal_read(f.at, f.at + f.n, c->point, &x) == f.at + f.n) {
        nn_put(w, c->limit <= NN_CSV_F32_LIMIT ? " is too large for f32; " : " is too large for f64; ");
        nn_put(w, "give the column another unit");
        return;
    }
    nn_put(w, " is not a number");
    if (column->was_open)
        nn_put_format(w, ", as its first %d different values are", NN_CSV_MOST_OPEN);
    if (has_blanks(c, f))
        nn_put(w, ", because blanks belong to a field; remove them");
    else if (is_usual_mark(f) && nn_csv_is_feature(column->kind)) {
        char mark[8] = "";
        memcpy(mark, f.at, f.n);
        nn_put(w, "; if it means a missing value: ");
        nn_put_option(w, "missing", mark);
    } else if (column->kind == NN_COLUMN_NUMBER && !column->by) {
        nn_put(w, "; if the column holds categories: ");
        nn_put_option(w, "categorical", column->name);
    }
}

static void put_no_number(nn_writer *w, const nn_csv_columns *c, size_t i)
{
    if (has_other_point(c, c->records->fields[i])) {
        put_other_point(w, c, i);
        return;
    }
    nn_csv_put_place(w, c->records, i);
    nn_csv_put_field(w, c->records->fields[i]);
    put_column(w, " in column ", &c->at[i]);
    put_reason(w, c, i);
}

void nn_csv_put_error(nn_writer *w, const nn_csv_columns *c, size_t i)
{
    double x;
    if (nn_csv_is_missing(c, c->records->fields[i]))
        put_missing(w, c, i);
    else if (!nn_csv_read_number(c, c->records->fields[i], &x))
        put_no_number(w, c, i);
    else {
        nn_csv_put_place(w, c->records, i);
        nn_csv_put_field(w, c->records->fields[i]);
        put_column(w, " in column ", &c->at[i]);
        nn_put(w, " is a weight below 0; weights are at least 0");
    }
}

void nn_csv_put_many_levels(nn_writer *w, const nn_csv_columns *c, size_t i)
{
    const char *name = c->at[i].name;
    nn_csv_put_line(w, c->records, nn_csv_line_of(c->records, i));
    put_column(w, "column ", &c->at[i]);
    nn_put_format(w, " has more than %d different values, the most that a category may have; if it names rows: ",
                  NN_CSV_MOST_LEVELS);
    nn_put_option(w, "ids", name);
    nn_put(w, ", else ");
    nn_put_option(w, "ignored", name);
    nn_put(w, " leaves it out");
}
