#ifndef INSPECT_LINES_H
#define INSPECT_LINES_H
/* Tables and paragraphs in lines of at most 100 columns. A cell that is wider than its column goes on below. */
#include "sink.h"

enum { AD_MOST_COLUMNS = 100, AD_CELLS = 8, AD_CELL_TEXT = 500 };

/* A list of more lines is folded: its first and last lines are printed. */
enum { AD_MOST_LINES = 60, AD_LINES_OF_AN_END = 30 };

/* In a cell: a blank at which it is not broken. */
#define AD_HARD_BLANK "\x1f"

typedef struct ad_line {
    char cells[AD_CELLS][AD_CELL_TEXT];
} ad_line;

/* The widths of columns. All but the last have one; the last takes what is left. */
typedef struct ad_widths {
    int n;                  /* columns, at most AD_CELLS */
    int least[AD_CELLS];    /* how narrow a column may become; 0: not below its longest word, and the last not at all */
    int most;               /* columns of a line; 0: AD_MOST_COLUMNS */
    bool keeps_last;        /* the last column always stands beside the others, never below */
    int widths[AD_CELLS];   /* of the widest cell */
    int words[AD_CELLS];    /* of the longest word */
    int unbroken[AD_CELLS]; /* of the longest row of a matrix, and so of all else that is read in one */
} ad_widths;

/* The number of characters of a text. */
int ad_characters_of(const char *text);

/* Makes the columns as wide as the cells of a line ask for. */
void ad_measure_line(ad_widths *widths, const ad_line *line);

/* Makes columns narrower until a line has room, the widest first. Before rows of numbers are broken, or names, the last
 * column goes below. */
void ad_fit_widths(ad_widths *widths);

/* Writes a line. What does not fit into two lines of the last column stands on a line of its own below. */
void ad_put_line(ad_sink *sink, const ad_widths *widths, const ad_line *line);

/* Writes text in lines that begin with `indent` blanks. */
void ad_put_paragraph(ad_sink *sink, int indent, const char *text);

#endif
