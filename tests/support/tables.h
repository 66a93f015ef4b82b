#ifndef TESTS_TABLES_H
#define TESTS_TABLES_H
/* Tables as text for the suites of their reader. They are read as a FILE that is called train.csv, so that messages are
 * the same in every folder. Each function gets the line of the test. */
#include <gradtape/csv.h>

#include "data_files.h"

/* Reads a text, or bytes. Returns the status. */
ad_status read_text(nn_dataset *set, const char *text, const nn_csv_options *options);
ad_status read_bytes(nn_dataset *set, const void *bytes, size_t n, const nn_csv_options *options);

/* A new data set that has read the text, which must go well; the caller closes it. */
nn_dataset *table(int line, const char *text, const nn_csv_options *options);

/* Reading fails with this status and message, and the data set keeps what it had. */
void expect_refused(int line, const char *text, const nn_csv_options *options, ad_status status, const char *message);

/* The features of all rows are these numbers; NaN is NaN. */
void expect_features(int line, nn_data data, int64_t rows, int64_t columns, const double *numbers);

/* The names of the columns, with their kinds, then the levels of each in brackets: "a number, b category [x y]". */
void expect_schema(int line, nn_data data, const char *wanted);

#ifndef TESTS_NO_LINES
#define table(...) table(__LINE__, __VA_ARGS__)
#define expect_refused(...) expect_refused(__LINE__, __VA_ARGS__)
#define expect_features(data, rows, columns, ...)                                                                      \
    expect_features(__LINE__, data, rows, columns, (const double[]){__VA_ARGS__})
#define expect_schema(...) expect_schema(__LINE__, __VA_ARGS__)
#endif

#endif
