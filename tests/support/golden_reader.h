#ifndef TESTS_GOLDEN_READER_H
#define TESTS_GOLDEN_READER_H
/* What the suites of golden numbers have in common: reading the files in golden/, and comparing. golden.py and
 * make_graphs.py there say how the files are written. Functions that read return false, or NULL, for what is not as it
 * should be. */
#include <stdio.h>

#include <gradtape/gradtape.h>

enum { GOLDEN_NUMBERS = AD_MAX_ATTRIBUTES * (AD_MAX_RANK + 2) };

/* The attributes of a call, flat, in the order of the row. */
typedef struct golden_attributes {
    int n;
    double number[GOLDEN_NUMBERS];
} golden_attributes;

/* Opens a file of the folder GRADTAPE_GOLDEN_DIR for reading, and writes its path for messages. */
FILE *golden_open(const char *name, char *path, size_t size);

/* Returns n numbers of a type that the caller frees. */
double *golden_read_numbers(FILE *file, ad_type type, size_t n);

bool golden_read_type(FILE *file, ad_type *type);

/* RANK SIZES..., and the number of elements. */
bool golden_read_shape(FILE *file, ad_shape *shape, size_t *n);

/* COUNT NUMBERS... */
bool golden_read_attributes(FILE *file, golden_attributes *flat);

/* Skips the rest of a line. */
void golden_skip_line(FILE *file);

/* Makes of flat attributes those that the row declares, and returns how many these are; more or fewer numbers than they
 * take fail the test, with a message that begins with `what`. */
int golden_row_attributes(const ad_operator *op, const golden_attributes *flat, const char *what,
                          ad_attribute attributes[AD_MAX_ATTRIBUTES]);

/* |got - want|; infinite for NaN, and for an infinity that is not the one wanted. */
double golden_distance(double got, double want);

#endif
