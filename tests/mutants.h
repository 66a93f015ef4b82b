#ifndef TESTS_MUTANTS_H
#define TESTS_MUTANTS_H
/* What mutate.py puts into gradient rules, in its copy of the sources, in the place of ad_give, ad_x, ad_y, ad_y_at,
 * ad_dy and ad_dy_at. Each place has a number. The environment asks for one mutant of one row:
 *
 *   GRADTAPE_MUTANT="PLACE ROW KIND BY"
 *
 * where KIND is n (the gift is negated), s (scaled by 1.001), d (dropped) or i (the index is the one that is BY further
 * on, counted round). So all mutants of a file are compiled at once, and one that is not asked for changes nothing.
 *
 * With GRADTAPE_MUTANT_LOG a line `PLACE ROW OPERANDS RESULTS GRADIENTS` is added to that file when a row's rule comes
 * to a place: how many operands it has, results with by-products, and results with gradients. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/operators.h>

#include "../autodiff/reverse/pullback.h"

enum { MUTANT_PLACES = 8192, MUTANT_ROWS = 16 };

typedef struct mutant {
    bool is_read;
    int place;
    char row[64];
    char kind;
    int by;
} mutant;

static inline int mutant_gradients(const ad_pullback *p)
{
    return p->entry->op->n_results ? p->entry->op->n_results : 1;
}

static inline void mutant_write(const char *path, const ad_pullback *p, int place)
{
    FILE *file = fopen(path, "a");
    if (!file)
        return;
    fprintf(file, "%d %s %d %d %d\n", place, p->entry->op->name, ad_x_count(p), (int)p->entry->value.n_results,
            mutant_gradients(p));
    fclose(file);
}

/* Each row once, as far as there is room to remember it. */
static inline void mutant_log(const ad_pullback *p, int place)
{
    static const ad_operator *seen[MUTANT_PLACES][MUTANT_ROWS];
    const char *path = getenv("GRADTAPE_MUTANT_LOG");
    if (!path || place >= MUTANT_PLACES)
        return;
    for (int k = 0; k < MUTANT_ROWS; k++) {
        if (seen[place][k] == p->entry->op)
            return;
        if (!seen[place][k]) {
            seen[place][k] = p->entry->op;
            break;
        }
    }
    mutant_write(path, p, place);
}

/* The mutant that is asked for, if it is this place of this row; else one of no kind. */
static inline mutant mutant_here(const ad_pullback *p, int place)
{
    static mutant asked = {.place = -1};
    if (!asked.is_read) {
        const char *text = getenv("GRADTAPE_MUTANT");
        if (text && sscanf(text, "%d %63s %c %d", &asked.place, asked.row, &asked.kind, &asked.by) != 4)
            asked.place = -1;
        asked.is_read = true;
    }
    mutant_log(p, place);
    return place == asked.place && !strcmp(p->entry->op->name, asked.row) ? asked : (mutant){.place = -1};
}

static inline int mutant_index(const ad_pullback *p, int place, int i, int n)
{
    const mutant m = mutant_here(p, place);
    return m.kind == 'i' && n > 0 ? (i + m.by) % n : i;
}

static inline void mutant_give(int place, ad_pullback *p, int i, ad_tensor g)
{
    const mutant m = mutant_here(p, place);
    if (m.kind == 'd')
        return;
    if (m.kind == 'n')
        g = ad_neg(g);
    if (m.kind == 's')
        g = ad_scale(g, 1.001);
    ad_give(p, mutant_index(p, place, i, ad_x_count(p)), g);
}

static inline ad_tensor mutant_x(int place, ad_pullback *p, int i)
{
    return ad_x(p, mutant_index(p, place, i, ad_x_count(p)));
}

static inline ad_tensor mutant_y_at(int place, ad_pullback *p, int j)
{
    return ad_y_at(p, mutant_index(p, place, j, (int)p->entry->value.n_results));
}

static inline ad_tensor mutant_dy_at(int place, ad_pullback *p, int j)
{
    return ad_dy_at(p, mutant_index(p, place, j, mutant_gradients(p)));
}

static inline ad_tensor mutant_y(int place, ad_pullback *p) { return mutant_y_at(place, p, 0); }
static inline ad_tensor mutant_dy(int place, ad_pullback *p) { return mutant_dy_at(place, p, 0); }

#endif
