/* Tables and paragraphs in lines. */
#include "lines.h"

#include <string.h>

#include "escape.h"

/* Between columns, before the first one, and before what stands below a line. */
enum { GAP = 2, BELOW = 8 };

int ad_characters_of(const char *text)
{
    int n = 0;
    for (; *text; n++)
        ad_next_character(&text);
    return n;
}

/* ---- Widths ------------------------------------------------------------------------------------------------------ */

/* The longest word, or the longest row of numbers. */
static int longest_piece(const char *text, bool is_row)
{
    int longest = 0;
    uint32_t before = 0;
    for (int n = 0; *text;) {
        const uint32_t character = ad_next_character(&text);
        n = character == ' ' && (!is_row || before == ';' || before == '|') ? 0 : n + 1;
        longest = n > longest ? n : longest;
        before = character;
    }
    return longest;
}

static void raise(int *width, int to) { *width = *width > to ? *width : to; }

void ad_measure_line(ad_widths *w, const ad_line *line)
{
    for (int i = 0; i < w->n; i++) {
        raise(&w->widths[i], ad_characters_of(line->cells[i]));
        raise(&w->words[i], longest_piece(line->cells[i], false));
        raise(&w->unbroken[i], longest_piece(line->cells[i], w->least[i] == 0));
    }
}

/* The narrowest that column i may become. */
static int least(const ad_widths *w, int i, bool may_break)
{
    if (may_break)
        return w->least[i] ? w->least[i] : w->words[i];
    return w->least[i] > w->unbroken[i] ? w->least[i] : w->unbroken[i];
}

/* The column of the most characters above its least; -1: there is none. */
static int widest(const ad_widths *w, bool may_break)
{
    int found = -1;
    for (int i = 0; i < w->n - 1; i++)
        if (w->widths[i] > least(w, i, may_break) && (found < 0 || w->widths[i] > w->widths[found]))
            found = i;
    return found;
}

static int begin_of_last(const ad_widths *w)
{
    int begin = GAP;
    for (int i = 0; i < w->n - 1; i++)
        begin += w->widths[i] + GAP;
    return begin;
}

static int most_columns(const ad_widths *w) { return w->most ? w->most : AD_MOST_COLUMNS; }

/* How narrow the last column may become beside the others. */
static int least_of_last(const ad_widths *w) { return w->least[w->n - 1] ? w->least[w->n - 1] : w->widths[w->n - 1]; }

void ad_fit_widths(ad_widths *w)
{
    const ad_widths whole = *w;
    bool fits = false;
    for (int pass = 0; pass < 3 && !fits; pass++) {
        const bool has_last = pass == 0 || w->keeps_last;
        const int most = most_columns(w) - (has_last ? least_of_last(w) : -GAP);
        *w = whole;
        for (int i; begin_of_last(w) > most && (i = widest(w, pass == 2)) >= 0;)
            w->widths[i]--;
        fits = begin_of_last(w) <= most;
    }
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

/* The bytes of text that go into a line of so many characters: all, or up to the end of a row of a matrix, else of a
 * word, else of a part of a name, else what there is room for. */
static size_t piece(const char *text, int width, bool has_rows)
{
    const char *at = text, *after_row = NULL, *after_word = NULL, *after_part = NULL;
    for (int n = 0; *at && n < width; n++) {
        const uint32_t character = ad_next_character(&at);
        if (*at == ' ')
            after_word = at;
        if (*at == ' ' && has_rows && (character == ';' || character == '|'))
            after_row = at;
        if (character == '/' || character == '_')
            after_part = at;
    }
    const char *end = !*at ? at : after_row ? after_row : after_word ? after_word : after_part ? after_part : at;
    return (size_t)(end - text);
}

/* The lines that text takes in a column. */
static int lines_of(const char *text, int width)
{
    int n = 0;
    for (; *text; n++) {
        text += piece(text, width, true);
        text += strspn(text, " ");
    }
    return n;
}

/* Hard blanks are written as blanks. */
static void put_piece(ad_sink *sink, const char *text, size_t n)
{
    while (n > 0) {
        const char *hard = memchr(text, *AD_HARD_BLANK, n);
        const size_t part = hard ? (size_t)(hard - text) : n;
        ad_put_bytes(sink, text, part);
        ad_put(sink, hard ? " " : "");
        text += part + (hard != NULL);
        n -= part + (hard != NULL);
    }
}

static void put_blanks(ad_sink *sink, int n)
{
    static const char blanks[] = "                                ";
    const int most = (int)sizeof blanks - 1;
    for (; n > 0; n -= most)
        ad_put_bytes(sink, blanks, (size_t)(n < most ? n : most));
}

static void put_paragraph(ad_sink *sink, int most, int indent, const char *text)
{
    while (*text) {
        const size_t n = piece(text, most - indent, false);
        put_blanks(sink, indent);
        put_piece(sink, text, n);
        ad_put(sink, "\n");
        text += n;
        text += strspn(text, " ");
    }
}

void ad_put_paragraph(ad_sink *sink, int indent, const char *text)
{
    put_paragraph(sink, AD_MOST_COLUMNS, indent, text);
}

/* Writes the next piece of each cell. Returns whether anything is left. */
static bool put_pieces(ad_sink *sink, int n, const int *widths, const char **cells)
{
    bool is_left = false;
    int column = 0, begin = GAP;
    for (int i = 0; i < n; begin += widths[i++] + GAP) {
        const char *end = cells[i] + piece(cells[i], widths[i], true);
        if (end == cells[i])
            continue;
        put_blanks(sink, begin - column);
        put_piece(sink, cells[i], (size_t)(end - cells[i]));
        for (column = begin; cells[i] < end; column++)
            ad_next_character(&cells[i]);
        cells[i] += strspn(cells[i], " ");
        is_left = is_left || *cells[i];
    }
    ad_put(sink, "\n");
    return is_left;
}

void ad_put_line(ad_sink *sink, const ad_widths *w, const ad_line *line)
{
    const char *cells[AD_CELLS];
    int widths[AD_CELLS];
    const int last = w->n - 1;
    for (int i = 0; i < w->n; i++) {
        cells[i] = line->cells[i];
        widths[i] = w->widths[i];
    }
    widths[last] = most_columns(w) - begin_of_last(w);
    const bool is_beside = widths[last] >= least_of_last(w) && longest_piece(cells[last], false) <= widths[last] &&
                           lines_of(cells[last], widths[last]) <= 2;
    if (!is_beside)
        cells[last] = "";
    while (put_pieces(sink, w->n, widths, cells))
        ;
    if (!is_beside)
        put_paragraph(sink, most_columns(w), BELOW, line->cells[last]);
}
