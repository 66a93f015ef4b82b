/* Reading golden files, and attributes by the row that they are for. */
#include "golden_reader.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

FILE *golden_open(const char *name, char *path, size_t size)
{
    const char *folder = getenv("GRADTAPE_GOLDEN_DIR");
    snprintf(path, size, "%s/%s", folder ? folder : "tests/golden", name);
    return fopen(path, "r");
}

double *golden_read_numbers(FILE *file, ad_type type, size_t n)
{
    double *numbers = malloc((n + 1) * sizeof *numbers);
    for (size_t i = 0; numbers && i < n; i++) {
        if (fscanf(file, "%lf", &numbers[i]) != 1) {
            free(numbers);
            return NULL;
        }
        if (type == AD_F32)
            numbers[i] = (double)(float)numbers[i];
    }
    return numbers;
}

bool golden_read_type(FILE *file, ad_type *type)
{
    char name[4];
    if (fscanf(file, "%3s", name) != 1)
        return false;
    for (int t = 0; t < AD_TYPE_COUNT; t++) {
        *type = (ad_type)t;
        if (strcmp(ad_type_name(*type), name) == 0)
            return true;
    }
    return false;
}

bool golden_read_shape(FILE *file, ad_shape *shape, size_t *n)
{
    *n = 1;
    if (fscanf(file, "%d", &shape->rank) != 1 || shape->rank < 0 || shape->rank > AD_MAX_RANK)
        return false;
    for (int d = 0; d < shape->rank; d++) {
        unsigned size;
        if (fscanf(file, "%u", &size) != 1 || size > 1000)
            return false;
        shape->dims[d] = size;
        *n *= size;
    }
    return *n < 100000;
}

bool golden_read_attributes(FILE *file, golden_attributes *flat)
{
    if (fscanf(file, "%d", &flat->n) != 1 || flat->n < 0 || flat->n > GOLDEN_NUMBERS)
        return false;
    for (int a = 0; a < flat->n; a++) {
        if (fscanf(file, "%lf", &flat->number[a]) != 1)
            return false;
    }
    return true;
}

void golden_skip_line(FILE *file)
{
    for (int c = 0; c != '\n' && c != EOF;)
        c = getc(file);
}

/* ---- Attributes by a row ----------------------------------------------------------------------------------------- */

/* Flat attributes; the first `at` are taken. */
typedef struct taking {
    const golden_attributes *flat;
    const char *what;
    int at;
} taking;

static double take(taking *t)
{
    ck_assert_msg(t->at < t->flat->n, "%s: it has %d numbers of attributes, its row asks for more", t->what,
                  t->flat->n);
    return t->flat->number[t->at++];
}

static int take_count(taking *t)
{
    double count = take(t);
    ck_assert_msg(count >= 0 && count <= AD_MAX_RANK, "%s: an attribute has %g numbers", t->what, count);
    return (int)count;
}

/* COUNT, 1 if kept, AXES... */
static ad_axes take_axes(taking *t)
{
    ad_axes axes = {.count = take_count(t)};
    axes.keep = take(t) != 0;
    for (int a = 0; a < axes.count; a++)
        axes.axis[a] = (int)take(t);
    return axes;
}

/* COUNT, NUMBERS... */
static ad_shape take_shape(taking *t)
{
    ad_shape shape = {.rank = take_count(t)};
    for (int d = 0; d < shape.rank; d++)
        shape.dims[d] = (int64_t)take(t);
    return shape;
}

static ad_attribute take_attribute(taking *t, ad_attribute_kind kind)
{
    switch (kind) {
    case AD_ATTRIBUTE_REAL: return (ad_attribute){.real = take(t)};
    case AD_ATTRIBUTE_AXES: return (ad_attribute){.axes = take_axes(t)};
    case AD_ATTRIBUTE_SHAPE:
    case AD_ATTRIBUTE_INTEGERS: return (ad_attribute){.shape = take_shape(t)};
    default: return (ad_attribute){.integer = (int64_t)take(t)};
    }
}

int golden_row_attributes(const ad_operator *op, const golden_attributes *flat, const char *what,
                          ad_attribute attributes[AD_MAX_ATTRIBUTES])
{
    taking t = {.flat = flat, .what = what};
    int n = 0;
    for (; n < AD_MAX_ATTRIBUTES && op->attributes[n].kind != AD_ATTRIBUTE_NONE; n++)
        attributes[n] = take_attribute(&t, op->attributes[n].kind);
    ck_assert_msg(t.at == flat->n, "%s: it has %d numbers of attributes, its row takes %d", what, flat->n, t.at);
    return n;
}

/* ---- Comparing --------------------------------------------------------------------------------------------------- */

double golden_distance(double got, double want)
{
    if (got == want)
        return 0;
    double difference = fabs(got - want);
    return isfinite(difference) ? difference : INFINITY;
}
