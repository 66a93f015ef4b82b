#ifndef TESTS_DATA_FILES_H
#define TESTS_DATA_FILES_H
/* Files of data sets for the suites of their readers: made byte by byte, or by NumPy (golden/numpy.txt), and a data set
 * whose content a failed read must keep. */
#include <stdint.h>
#include <stdio.h>

#include <check.h>

#include <gradtape/data.h>

#include "counting.h"

/* ---- Files ------------------------------------------------------------------------------------------------------- */

typedef struct file_bytes {
    unsigned char at[1 << 16];
    size_t n;
} file_bytes;

/* Appends. Numbers are little-endian. */
void put_bytes(file_bytes *b, const void *bytes, size_t n);
void put_text(file_bytes *b, const char *text);
void put_number(file_bytes *b, uint64_t number, size_t width);

/* Runs the suite in a folder of its own, which is emptied after each test, also of folders: what main returns. */
int run_in_folder(const char *suite, void (*add_tests)(TCase *tests));

/* The path of a file there; good for four calls. */
const char *path_in_folder(const char *name);

/* Writes a file, or its first n bytes, and returns its path. */
const char *save_bytes(const char *name, const file_bytes *b);
const char *save_first(const char *name, const file_bytes *b, size_t n);

/* The content of a file. */
void load_bytes(const char *path, file_bytes *b);

/* Both have the same bytes, more than 100 and less than 1 MiB of them. */
void expect_same_files(const char *a, const char *b);

/* Turns one bit of a file round. */
void flip_bit(const char *path, size_t bit);

void gzip_bytes(const file_bytes *plain, file_bytes *packed);

/* An .npy file of version 1: the dictionary, padded as NumPy does, and zeros for so many bytes of values. */
void make_npy(file_bytes *b, const char *dictionary, size_t bytes);

/* A file that NumPy wrote, and what it has in it; archives have no numbers. False after the last file. */
typedef struct numpy_file {
    char name[64];
    file_bytes bytes;
    int64_t rows, columns;
    nn_element element;
    double values[64];
} numpy_file;
bool next_numpy_file(FILE *golden, numpy_file *file);

/* One of them by its name. */
void find_numpy_file(const char *name, numpy_file *file);

/* ---- Data -------------------------------------------------------------------------------------------------------- */

/* Features or targets as numbers. */
double element_at(const void *values, nn_element element, int64_t i);

/* Shape, element and each value are those of the file; a zero has its sign. */
void check_features(nn_data data, const numpy_file *file);

/* A set that holds data of its own, so that what a failed read must keep is known. */
typedef struct held_data {
    counting memory;
    nn_dataset *set;
} held_data;
void hold_data(held_data *h);
void hold_again(held_data *h); /* after a read that went well */
void let_go(held_data *h);

/* The last read failed with `status` and a message that names the file, says `why` and tells the way out; all data are
 * still there. */
void check_kept(const held_data *h, ad_status status, const char *name, const char *why);

#endif
