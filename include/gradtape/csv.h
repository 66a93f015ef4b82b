#ifndef GRADTAPE_CSV_H
#define GRADTAPE_CSV_H
/* Tables as text: CSV (RFC 4180) and its kin with tabs or semicolons.
 *
 *   nn_dataset *d = nn_dataset_open(NULL);
 *   nn_dataset_read_csv(d, "iris.csv", &(nn_csv_options){ .label = "species" });
 *   nn_data data = nn_dataset_data(d);
 *
 * - Fields are separated by the delimiter and records by line ends (LF or CRLF). A field may stand in quotes, and then
 *   have delimiters, line ends and doubled quotes. Blanks belong to a field. A byte order mark is skipped. The text is
 *   UTF-8.
 * - The first record has the names. Names are found exactly as they are written. Where no column has the name that an
 *   option gives, a whole number from 1 on is the place of a column.
 * - A column whose values are all numbers is a number. Other columns are refused, unless an option says what they are.
 *   Nothing is guessed.
 * - A number is decimal: 12, -0.5, 1e-3, with an optional sign. It is read to the nearest f64 in every locale.
 * - Labels are whole numbers that fit i32, all of them, or else texts (label_texts). A whole number has no point, no
 *   sign + and no zeros before it: 007 and 1.0 are texts, so that a label can be written as it was read. Classes and
 *   levels are in the order of their numbers if all are whole numbers, else in the order of their bytes.
 * - Rows keep their order. Messages name file, line and column: LINE counts the lines of the file from 1, also those
 *   within quotes; COLUMN counts fields from 1. */
#include <gradtape/data.h>
#include <gradtape/show.h>

/* Zero means the default. Texts are needed only during the call.
 *
 * `like` has the columns of an estimator. They say, by name, what the columns of the table are:
 * - A feature of `like` that the table lacks is an error of the file.
 * - A label, target, weight or id of `like` may be missing, and `ignored` may name it: for rows to predict.
 * - The levels of a category are those of `like` first, and new ones after them.
 * - A label that is not among the levels of `like`, if it has any, is an error.
 * - A column that `like` does not have is left out, and a note says so unless `ignored` names it.
 * - Options can add only ids and a weight. */
typedef struct nn_csv_options {
    /* The form of the file. */
    const char *delimiter; /* one byte, or "tab"; NULL: a tab if the name ends in .tsv or .tsv.gz, else a comma */
    const char *decimal;   /* "." (the default), or "," with another delimiter */
    bool no_header;        /* the first record is a row; columns are called 1, 2, ... */
    bool header;           /* the first record has the names, though one is a number; false: such a record is refused */
    nn_texts missing;      /* what a missing value is written as, beside an empty field: "?", "NA" */
    bool keep_missing;     /* a missing feature is NaN (nn_impute_kind); false: it is an error */
    /* What columns are. All others are numbers. At most one of label and targets is given. */
    const char *label;
    nn_texts targets;
    const char *weight;   /* of each row (nn_data.weights) */
    nn_texts ids;         /* they name the rows, and are kept as texts, in the order of the table (nn_data.ids) */
    nn_texts ignored;     /* beside `like` the table may lack them */
    nn_texts categorical; /* {"auto"}, if no column has that name: each column that is not all numbers. A column
                             whose first 1,000 different values are numbers is a number, and another value in it is
                             an error */
    nn_texts numeric;     /* numbers in spite of categorical=auto: any other value is an error */
    nn_schema like;       /* the columns of an estimator (nn_classifier_schema), as above */
    bool as_f32;          /* features and targets are rounded to f32, which takes half the memory; false: f64 */
} nn_csv_options;

/* Returns the table of these options, without `like`: for options as text (options.h), help and reference tables. */
AD_API nn_fields nn_csv_fields(void);

/* Reads a table from a path, plain or gzipped; the content tells which. Memory: the features, twice while they grow,
 * and each different text once. On failure the data set keeps its former content. Returns the status of this call.
 * Errors: AD_BAD_FILE (what is wrong in the file, with line and column, and which option mends it; a feature of `like`
 * that the file lacks); AD_BAD_VALUE (an option that cannot be, a column that an option names and that is not there, a
 * column with two uses); AD_NO_MEMORY; AD_BAD_HANDLE. */
AD_API ad_status nn_dataset_read_csv(nn_dataset *dataset, const char *path, const nn_csv_options *options);

/* The same from a FILE, read from where it stands to its end. The caller closes it. */
AD_API ad_status nn_dataset_read_csv_stream(nn_dataset *dataset, nn_stream stream, const nn_csv_options *options);

/* ---- Looking at a table ------------------------------------------------------------------------------------------ */

/* A value of a column, and how many rows have it. */
typedef struct nn_csv_level {
    const char *text;
    int64_t count;
} nn_csv_level;

/* A column as it would be read. Missing values are counted by themselves, and are in no other figure. */
typedef struct nn_csv_column_report {
    const char *name;
    nn_column_kind kind;
    int64_t missing;
    int64_t numbers;             /* values that are numbers; 0 for a category, a label, an id and an ignored column */
    double least, largest, mean; /* of the numbers; NaN without any */
    const nn_csv_level *levels;  /* the different values, the most frequent first; NULL: they were not counted */
    size_t n_levels;
    bool has_many;       /* there are more than are counted: 1,000, or 65,536 of a category */
    const char *refused; /* the first error of the column, as reading gives it; NULL: it can be read */
} nn_csv_column_report;

typedef struct nn_csv_report {
    const char *name; /* of the file, as messages have it */
    int64_t rows;
    int64_t missing; /* of all columns together; ids and ignored columns have none */
    const nn_csv_column_report *at;
    size_t n;          /* columns, in the order of the file */
    const char *notes; /* a line for each, as nn_dataset_notes gives them after reading; "": there is none */
} nn_csv_report;

/* A look at a table. */
typedef struct nn_csv_look nn_csv_look;

/* Reads a table as nn_dataset_read_csv does, and keeps only a report: what each column has, and what reading would
 * refuse. `keep_missing` and `label` may be left out. Memory does not grow with the rows. `options` may be NULL.
 * `allocator` is copied; NULL: malloc and free. Returns NULL only when memory for the object is out. The caller closes
 * it. Errors are kept: those that leave nothing to report (the file, its form, the options; memory). */
AD_API nn_csv_look *nn_csv_look_at(const char *path, const nn_csv_options *options, const ad_allocator *allocator);

/* Looks at a table from a FILE, read from where it stands to its end, as nn_csv_look_at. The caller closes the FILE.
 * Errors: those of nn_csv_look_at; no FILE (AD_BAD_VALUE). */
AD_API nn_csv_look *nn_csv_look_at_stream(nn_stream stream, const nn_csv_options *options,
                                          const ad_allocator *allocator);

/* Frees the look. NULL is allowed. */
AD_API void nn_csv_look_close(nn_csv_look *look);

/* Returns the report, which lasts until nn_csv_look_close; NULL after an error. */
AD_API const nn_csv_report *nn_csv_look_report(const nn_csv_look *look);

/* Return the error and its message; AD_OK and "" if there is none. NULL gives AD_BAD_HANDLE, and a text that says so.
 */
AD_API ad_status nn_csv_look_status(const nn_csv_look *look);
AD_API const char *nn_csv_look_message(const nn_csv_look *look);

/* Prints such a report: rows, each column with its kind, missing values, range and mean or levels; classes with their
 * counts; notes; the first error of each column. Lines of the table have at most 80 columns. Errors: those of
 * nn_csv_look_at; the FILE cannot be written (AD_BAD_FILE). */
AD_API ad_shown nn_print_csv(const char *path, const nn_csv_options *options, FILE *to);

/* Prints the report of a look, as nn_print_csv. Errors: the error of the look; a look that is NULL (AD_BAD_HANDLE); a
 * FILE that is NULL (AD_BAD_VALUE) or cannot be written (AD_BAD_FILE). */
AD_API ad_shown nn_print_csv_look(const nn_csv_look *look, FILE *to);

#endif
