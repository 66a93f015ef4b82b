#ifndef LESSON_H
#define LESSON_H
/* What the programs of the lessons share. */
#include <stdlib.h>

#include <gradtape/gradtape.h>

/* Element i of a tensor in f64, in row-major order. */
static inline double element(ad_tensor x, int i)
{
    const double *numbers = ad_data(x);
    return numbers ? numbers[i] : 0;
}

/* Writes the inspection page `name` into the folder, if there is one. */
static inline void write_page_with(ad_tape *tape, const char *folder, const char *name, const ad_write_options *options)
{
    char path[1000];
    if (!folder)
        return;
    snprintf(path, sizeof path, "%s/%s.html", folder, name);
    const ad_shown shown = ad_write_html(tape, path, options);
    if (shown.status == AD_OK)
        return;
    fprintf(stderr, "%s\n", shown.message);
    exit(1);
}

static inline void write_page(ad_tape *tape, const char *folder, const char *name, const char *title)
{
    write_page_with(tape, folder, name, &(ad_write_options){.title = title});
}

/* A table of numbers by rows: its title, its size, how many decimals are printed, and what the middles of the first and
 * the last column and row are called. */
typedef struct grid {
    const char *title;
    int rows, columns, decimals;
    double left, right, top, bottom;
} grid;

static inline void print_grid(grid g, const double *numbers)
{
    printf("\n%8s", g.title);
    for (int j = 0; j < g.columns; j++)
        printf("  %7g", g.left + (g.right - g.left) * j / (g.columns - 1));
    for (int i = 0; i < g.rows * g.columns; i++) {
        if (i % g.columns == 0)
            printf("\n%8g", g.top + (g.bottom - g.top) * (i / g.columns) / (g.rows - 1));
        printf("  %7.*f", g.decimals, numbers[i]);
    }
    printf("\n");
}

/* Closes the tape. Ends the program if the tape is in error. */
static inline void close_tape(ad_tape *tape)
{
    if (ad_status_of(tape) != AD_OK) {
        fprintf(stderr, "%s\n", ad_message(tape));
        exit(1);
    }
    ad_tape_close(tape);
}

#endif
