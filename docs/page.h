#ifndef GRADTAPE_DOCS_PAGE_H
#define GRADTAPE_DOCS_PAGE_H
/* What the programs share that print pages from tables. */
#include <stdio.h>

/* Prints the text of a cell of a Markdown table, where a bar would end the cell. */
static inline void print_cell(const char *text)
{
    for (; *text; text++)
        if (*text == '|')
            fputs("\\|", stdout);
        else
            putchar(*text);
}

#endif
