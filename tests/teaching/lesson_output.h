#ifndef TESTS_LESSON_OUTPUT_H
#define TESTS_LESSON_OUTPUT_H
/* A lesson's program is part of its suite, which includes its source after this file: so its functions can be called,
 * and what it prints can be read. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../support/check.h"

#define main lesson_main
int lesson_main(int argc, char **argv);

static char printed[300000];

/* Runs the program with up to three arguments, which may be NULL, and keeps what it prints on a file, 1 or 2. */
static inline int run_lesson(int file, const char *a, const char *b, const char *c)
{
    char *arguments[] = {(char[]){"lesson"}, (char *)(size_t)a, (char *)(size_t)b, (char *)(size_t)c, NULL};
    FILE *to = tmpfile();
    ck_assert_ptr_nonnull(to);
    fflush(stdout);
    const int before = dup(file);
    dup2(fileno(to), file);
    const int status = lesson_main(a ? b ? 4 : 2 : 1, arguments);
    fflush(stdout);
    dup2(before, file);
    close(before);
    rewind(to);
    printed[fread(printed, 1, sizeof printed - 1, to)] = 0;
    fclose(to);
    return status;
}

/* The number of the printed line "name = number". */
static inline double said(const char *name)
{
    char begin[200];
    snprintf(begin, sizeof begin, "\n%s = ", name);
    const char *line = strstr(printed, begin);
    ck_assert_msg(line, "no line \"%s = number\"", name);
    return atof(line + strlen(begin));
}

/* Copies the next cell of a line, and returns what follows it: cells are divided by two or more blanks. NULL: the line
 * has no more. */
static inline const char *next_cell(const char *at, char cell[100])
{
    at += strspn(at, " ");
    size_t n = 0;
    while (at[n] && at[n] != '\n' && !(at[n] == ' ' && at[n + 1] == ' ') && n < 99)
        n++;
    memcpy(cell, at, n);
    cell[n] = 0;
    return n > 0 ? at + n : NULL;
}

static inline const char *next_line(const char *line)
{
    line = strchr(line, '\n');
    return line ? line + 1 : "";
}

/* The number in a row, from 0, and a column of the printed table whose header begins with `first`. */
static inline double cell_of(const char *first, int row, const char *column)
{
    char cell[100] = "";
    int at = 0;
    const char *line = printed, *place;
    while (*line && !((place = next_cell(line, cell)) && strcmp(cell, first) == 0 && next_cell(place, cell)))
        line = next_line(line);
    ck_assert_msg(*line, "no table begins with %s", first);
    for (place = next_cell(line, cell); place && strcmp(cell, column) != 0; at++)
        place = next_cell(place, cell);
    ck_assert_msg(place, "the table of %s has no column %s", first, column);
    for (int i = 0; i <= row; i++)
        line = next_line(line);
    for (place = line; at >= 0; at--) {
        place = next_cell(place, cell);
        ck_assert_msg(place, "the table of %s has no row %d", first, row);
    }
    return atof(cell);
}

#endif
