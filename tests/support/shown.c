/* What the calls of show.h write. */
#define TESTS_NO_LINES
#include "shown.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Keeping ----------------------------------------------------------------------------------------------------- */

static FILE *file;
static char *text;
static size_t size;

FILE *shown_open(void)
{
    free(text);
    text = NULL;
    file = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(file);
    return file;
}

const char *shown_close(void)
{
    fclose(file);
    return text;
}

static const char *finish(int line, ad_shown shown)
{
    ck_assert_msg(shown.status == AD_OK && !*shown.message, "line %d: %s", line, shown.message);
    return shown_close();
}

const char *printed(int line, ad_tape *t, const ad_print_options *options)
{
    return finish(line, ad_print(t, shown_open(), options));
}

const char *printed_tensor(int line, ad_tensor x, const ad_print_options *options)
{
    return finish(line, ad_print_tensor(x, shown_open(), options));
}

const char *explained(int line, ad_tensor y, ad_tensor x) { return finish(line, ad_explain(y, x, shown_open())); }

const char *why_zero(int line, ad_tensor x) { return finish(line, ad_why_zero(x, shown_open())); }

int lines_in(const char *shown)
{
    int n = 0;
    for (; *shown; shown++)
        n += *shown == '\n';
    return n;
}

int columns_of(const char *shown)
{
    int widest = 0;
    for (int n = 0; *shown; shown++) {
        n = *shown == '\n' ? 0 : n + ((*shown & 0xc0) != 0x80);
        widest = n > widest ? n : widest;
    }
    return widest;
}

/* ---- Comparing --------------------------------------------------------------------------------------------------- */

/* Whether two texts are equal word by word; numbers to 1e-6. */
static bool is_same(const char *a, const char *b)
{
    static const char blanks[] = " \n";
    for (;;) {
        a += strspn(a, blanks);
        b += strspn(b, blanks);
        if (!*a || !*b)
            return !*a && !*b;
        char *after_a, *after_b;
        const double x = strtod(a, &after_a), y = strtod(b, &after_b);
        if (after_a != a && after_b != b) {
            if (!(fabs(x - y) <= 1e-6 * fmax(1, fabs(y))) && !(isnan(x) && isnan(y)) && !(x == y))
                return false;
            a = after_a;
            b = after_b;
        } else if (*a++ != *b++) {
            return false;
        }
    }
}

void expect_text(int line, const char *shown, const char *wanted)
{
    ck_assert_msg(is_same(shown, wanted), "line %d: wanted\n%s\nand got\n%s", line, wanted, shown);
}

enum { CELLS = 12, CELL = 600, BELOW = 8 };

/* The cells of a line, and the columns where they begin. */
typedef struct cells {
    int n;
    int columns[CELLS];
    char cells[CELLS][CELL];
} cells;

static void split(const char *line, cells *found)
{
    *found = (cells){0};
    for (int at = 0; line[at] && line[at] != '\n';) {
        if (line[at] == ' ') {
            at++;
            continue;
        }
        int n = 0;
        while (line[at + n] && line[at + n] != '\n' && strncmp(line + at + n, "  ", 2) != 0)
            n++;
        ck_assert_int_lt(found->n, CELLS);
        ck_assert_int_lt(n, CELL);
        found->columns[found->n] = at;
        memcpy(found->cells[found->n], line + at, (size_t)n);
        found->cells[found->n++][n] = 0;
        at += n;
    }
}

/* Puts what stands below to the cells that it belongs to. */
static void add_below(cells *to, const cells *below)
{
    for (int i = 0; i < below->n; i++) {
        int k = 0;
        while (k < to->n && (to->columns[k] != below->columns[i] || below->columns[i] == BELOW))
            k++;
        if (k == to->n)
            to->columns[to->n++] = below->columns[i];
        ck_assert_uint_lt(strlen(to->cells[k]) + strlen(below->cells[i]) + 1, CELL);
        strcat(strcat(to->cells[k], *to->cells[k] ? " " : ""), below->cells[i]);
    }
}

static bool find(const char *shown, const char *first, cells *found)
{
    bool is_found = false;
    for (const char *line = shown; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        cells now;
        split(line, &now);
        const bool is_below = now.n > 0 && now.columns[0] > 2;
        if (is_found && !is_below)
            break;
        if (is_found)
            add_below(found, &now);
        else if (now.n > 0 && strcmp(now.cells[0], first) == 0) {
            *found = now;
            is_found = true;
        }
    }
    return is_found;
}

void expect_cells(int line, const char *shown, const char *first, const char *const *wanted)
{
    cells found;
    int n = 0;
    ck_assert_msg(find(shown, first, &found), "line %d: no line begins with %s in\n%s", line, first, shown);
    for (; wanted[n]; n++) {
        ck_assert_msg(n + 1 < found.n, "line %d: %s has no \"%s\" in\n%s", line, first, wanted[n], shown);
        ck_assert_msg(is_same(found.cells[n + 1], wanted[n]), "line %d: %s has \"%s\" and not \"%s\" in\n%s", line,
                      first, found.cells[n + 1], wanted[n], shown);
    }
    ck_assert_msg(found.n == n + 1, "line %d: %s has \"%s\" too in\n%s", line, first,
                  found.cells[n + 1 < CELLS ? n + 1 : 0], shown);
}

void expect_shown(int line, ad_shown shown, ad_status status, const char *const *parts)
{
    ck_assert_msg(shown.status == status, "line %d: %s and not %s: %s", line, ad_status_name(shown.status),
                  ad_status_name(status), shown.message);
    for (; *parts; parts++)
        ck_assert_msg(strstr(shown.message, *parts), "line %d: \"%s\" is not in: %s", line, *parts, shown.message);
}
