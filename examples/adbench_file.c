#include "adbench_file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The text of a file, ended by a 0. */
static char *read_text(const char *file)
{
    FILE *f = fopen(file, "rb");
    char *text = NULL;
    size_t n = 0, room = 0, got = 1;
    while (f && got > 0) {
        if (n + 1 >= room) {
            room = room ? 2 * room : 1 << 16;
            char *more = realloc(text, room);
            if (!more) {
                free(text);
                text = NULL;
                break;
            }
            text = more;
        }
        n += got = fread(text + n, 1, room - n - 1, f);
    }
    if (text)
        text[n] = 0;
    if (f)
        fclose(f);
    return text;
}

/* Each number takes two characters at least. */
static double *parse(const char *text, size_t *n)
{
    double *numbers = malloc((strlen(text) / 2 + 1) * sizeof *numbers);
    char *end;
    *n = 0;
    for (const char *at = text; numbers; at = end) {
        const double number = strtod(at, &end);
        if (end == at)
            break;
        numbers[(*n)++] = number;
    }
    if (numbers && end[strspn(end, " \t\r\n")] == 0)
        return numbers;
    free(numbers);
    return NULL;
}

double *read_numbers(const char *file, size_t *n)
{
    errno = 0;
    char *text = read_text(file);
    double *numbers = text ? parse(text, n) : NULL;
    if (!text)
        fprintf(stderr, "%s: %s\n", file, errno ? strerror(errno) : "memory is out");
    else if (!numbers)
        fprintf(stderr, "%s: something in it is not a number\n", file);
    free(text);
    return numbers;
}

double *read_known_gradient(const char *file, size_t *n)
{
    static const char ending[] = ".gradient.txt";
    const size_t stem = strlen(file) > 4 ? strlen(file) - 4 : 0;
    char *name = malloc(stem + sizeof ending);
    double *known = NULL;
    if (name && stem && !strcmp(file + stem, ".txt")) {
        memcpy(name, file, stem);
        memcpy(name + stem, ending, sizeof ending);
        FILE *f = fopen(name, "rb");
        if (f && !fclose(f))
            known = read_numbers(name, n);
    }
    free(name);
    return known;
}

double block_difference(const double *g, const double *known, size_t n)
{
    double off = 0, largest = 0;
    for (size_t i = 0; i < n; i++) {
        off = fmax(off, isfinite(g[i]) ? fabs(g[i] - known[i]) : INFINITY);
        largest = fmax(largest, fabs(known[i]));
    }
    return off > 0 ? off / largest : 0;
}

static double norm(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    return sqrt(sum);
}

static double print_line(const char *name, double number, const double *got, const double *known, size_t n)
{
    const double off = known ? block_difference(got, known, n) : 0;
    printf("%-12s %22.15g", name, number);
    if (known)
        printf("   difference %.1e", off);
    printf("\n");
    return off;
}

double print_gradient(const recording *r, const double *known, size_t n_known)
{
    size_t total = 1;
    for (int i = 0; i < r->n_leaves; i++)
        total += ad_size_of(r->leaf[i]);
    if (known && n_known != total)
        return (double)NAN;
    const double loss = ad_item(r->loss);
    double worst = print_line("objective", loss, &loss, known, 1);
    for (int i = 0, at = 1; i < r->n_leaves; i++) {
        const double *g = ad_f64(ad_gradient(r->leaf[i]));
        const size_t n = ad_size_of(r->leaf[i]);
        worst = fmax(worst, print_line(ad_name_of(r->leaf[i]), norm(g, n), g, known ? known + at : NULL, n));
        at += (int)n;
    }
    return worst;
}
