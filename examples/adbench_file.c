#include "adbench_file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

/* All of a file, ended by a 0; NULL, and errno says why, if it cannot be read. */
static char *read_all(FILE *f)
{
    char *text = NULL;
    size_t n = 0, room = 0, got = 1;
    while (got > 0) {
        if (n + 1 >= room) {
            room = room ? 2 * room : 1 << 16;
            char *more = realloc(text, room);
            if (!more)
                break;
            text = more;
        }
        n += got = fread(text + n, 1, room - n - 1, f);
    }
    if (got > 0 || ferror(f)) {
        free(text);
        return NULL;
    }
    text[n] = 0;
    return text;
}

static char *read_text(const char *file)
{
    FILE *f = fopen(file, "rb");
    char *text = f ? read_all(f) : NULL;
    if (!text)
        fprintf(stderr, "%s: %s\n", file, strerror(errno));
    if (f)
        fclose(f);
    return text;
}

/* The line of a text that a place is in, from 1. */
static size_t line_of(const char *text, const char *at)
{
    size_t line = 1;
    for (; text < at; text++)
        line += *text == '\n';
    return line;
}

static const char blanks[] = " \t\r\n";

/* Each number takes two characters at least. */
static double *parse(const char *file, const char *text, size_t *n)
{
    double *numbers = malloc((strlen(text) / 2 + 1) * sizeof *numbers);
    if (!numbers)
        fprintf(stderr, "%s: %s\n", file, strerror(errno));
    *n = 0;
    for (const char *at = text + strspn(text, blanks); numbers && *at;) {
        char *end;
        const double number = strtod(at, &end);
        if (end == at || !isfinite(number) || !strchr(blanks, *end)) {
            fprintf(stderr, "%s:%zu: '%.*s' is not a finite number\n", file, line_of(text, at),
                    (int)strcspn(at, blanks) < 40 ? (int)strcspn(at, blanks) : 40, at);
            free(numbers);
            return NULL;
        }
        numbers[(*n)++] = number;
        at = end + strspn(end, blanks);
    }
    return numbers;
}

double *read_numbers(const char *file, size_t *n)
{
    char *text = read_text(file);
    double *numbers = text ? parse(file, text, n) : NULL;
    free(text);
    return numbers;
}

/* ---- The known gradient ------------------------------------------------------------------------------------------ */

bool read_known_gradient(const char *file, known_gradient *known)
{
    static const char ending[] = ".gradient.txt";
    const size_t n = strlen(file), stem = n > 4 && !strcmp(file + n - 4, ".txt") ? n - 4 : n;
    *known = (known_gradient){.file = malloc(stem + sizeof ending)};
    if (!known->file) {
        fprintf(stderr, "%s: %s\n", file, strerror(errno));
        return false;
    }
    memcpy(known->file, file, stem);
    memcpy(known->file + stem, ending, sizeof ending);
    FILE *f = fopen(known->file, "rb");
    if (!f && errno == ENOENT)
        return true;
    if (f)
        fclose(f);
    known->numbers = read_numbers(known->file, &known->n);
    return known->numbers != NULL;
}

void free_known_gradient(known_gradient *known)
{
    free(known->file);
    free(known->numbers);
    *known = (known_gradient){0};
}

double block_difference(const double *g, const double *known, size_t n, size_t *worst)
{
    double off = 0, largest = 0;
    *worst = 0;
    for (size_t i = 0; i < n; i++) {
        const double difference = isfinite(g[i]) && isfinite(known[i]) ? fabs(g[i] - known[i]) : (double)INFINITY;
        if (difference > off)
            *worst = i;
        off = fmax(off, difference);
        largest = fmax(largest, fabs(known[i]));
    }
    return off > 0 && isfinite(off) ? off / largest : off;
}

/* ---- Beside each other ------------------------------------------------------------------------------------------- */

static double norm(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    return sqrt(sum);
}

/* One block of n numbers, and its difference from the known ones, if there are any. */
static double print_block(const char *name, double number, const double *got, const double *known, size_t n)
{
    static const double most = 1e-10;
    size_t i = 0;
    const double off = known ? block_difference(got, known, n, &i) : (double)NAN;
    printf("%-12s %22.15g", name, number);
    if (known)
        printf("   difference %.1e", off);
    printf("\n");
    if (off > most)
        fprintf(stderr, "%s: number %zu is %.17g, and known to be %.17g: the block is off by %.2e, more than %.0e\n",
                name, i, got[i], known[i], off, most);
    return off;
}

static size_t count_numbers(const recording *r)
{
    size_t n = 1;
    for (int i = 0; i < r->n_leaves; i++)
        n += ad_size_of(r->leaf[i]);
    return n;
}

bool print_gradient(const recording *r, const known_gradient *known, double *largest)
{
    const double loss = ad_item(r->loss), *at = known->numbers;
    *largest = (double)NAN;
    if (at && known->n != count_numbers(r)) {
        fprintf(stderr, "%s: it has %zu numbers: it must have %zu, the objective and its gradient\n", known->file,
                known->n, count_numbers(r));
        return false;
    }
    double worst = print_block("objective", loss, &loss, at, 1);
    at = at ? at + 1 : NULL;
    for (int i = 0; i < r->n_leaves; i++) {
        const double *g = ad_f64(ad_gradient(r->leaf[i]));
        const size_t n = ad_size_of(r->leaf[i]);
        worst = fmax(worst, print_block(ad_name_of(r->leaf[i]), norm(g, n), g, at, n));
        at = at ? at + n : NULL;
    }
    if (!known->numbers)
        printf("nothing is compared: there is no %s\n", known->file);
    *largest = worst;
    return !known->numbers || worst <= 1e-10;
}
