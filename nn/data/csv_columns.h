#ifndef GRADTAPE_NN_CSV_COLUMNS_H
#define GRADTAPE_NN_CSV_COLUMNS_H
/* Private to nn: what the columns of a table are: the header, the options and the schema `like` together. */
#include <gradtape/csv.h>

#include "columns.h"
#include "csv_records.h"
#include "levels.h"

#define NN_CSV_MOST_LEVELS 65536 /* of a category */
#define NN_CSV_MOST_OPEN 1000    /* an open column with more different values, all of them numbers, is a number */
#define NN_CSV_NONE SIZE_MAX     /* no column */
#define NN_CSV_F32_LIMIT 0x1.ffffffp127 /* from here on, f32 has an infinity */

typedef struct nn_csv_column {
    const char *name; /* in the store */
    nn_column_kind kind;
    const char *by;        /* the option that says so; NULL: none does */
    bool is_open;          /* a category or a number, as its values are; `kind` is category until that is known */
    bool was_open;         /* until so many values were numbers that it is one */
    bool is_left_out;      /* `like` does not have it */
    size_t place;          /* among the features, the targets or the ids */
    const nn_column *like; /* what `like` says; NULL: nothing */
} nn_csv_column;

/* The labels so far. */
typedef struct nn_csv_labels {
    int64_t n, n_whole; /* all, and the whole numbers among them */
    int64_t odd_line;   /* the line of the first one that is none; 0: there is none */
    char odd[NN_SHOWN_BYTES];
} nn_csv_labels;

typedef struct nn_csv_columns {
    const nn_csv_options *options;
    const nn_csv_records *records;
    nn_csv_column *at; /* in the store, as all here */
    size_t n;
    size_t *order; /* of those in the schema: first as `like` has them */
    size_t n_order;
    size_t n_features, n_targets, n_ids;
    size_t label, weight; /* columns */
    nn_csv_labels labels;
    char point;
    double limit; /* what a number's size is below */
} nn_csv_columns;

/* Whether columns of a kind have features. */
static inline bool nn_csv_is_feature(nn_column_kind kind)
{
    return kind == NN_COLUMN_NUMBER || kind == NN_COLUMN_CATEGORY;
}

/* Checks the form that options give, and finds the delimiter of a file of this name. AD_BAD_VALUE with a message. */
ad_status nn_csv_form(nn_dataset *dataset, const char *name, const nn_csv_options *options, char *delimiter);

/* Makes the columns. The first record has been read; it is the header unless there is none. */
ad_status nn_csv_columns_make(nn_csv_columns *columns, const nn_csv_records *records, const nn_csv_options *options,
                              nn_store *store);

#endif
