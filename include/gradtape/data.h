#ifndef GRADTAPE_DATA_H
#define GRADTAPE_DATA_H
/* Data sets: features [n,d], and what is true of each row: a label, several labels or targets. From arrays or files. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <gradtape/columns.h>
#include <gradtape/memory.h>
#include <gradtape/status.h>

/* The element types of features: those of IDX files. The list gives the enumeration, its names, its C types and the
 * loops over them. Training computes in f32 for each of them. */
#define NN_ELEMENT_LIST(X)                                                                                             \
    X(NN_F32, f32, float)                                                                                              \
    X(NN_F64, f64, double)                                                                                             \
    X(NN_U8, u8, uint8_t)                                                                                              \
    X(NN_I8, i8, int8_t)                                                                                               \
    X(NN_I16, i16, int16_t)                                                                                            \
    X(NN_I32, i32, int32_t)

#define NN_ELEMENT_NAME(name, text, type) name,
typedef enum nn_element { NN_ELEMENT_LIST(NN_ELEMENT_NAME) NN_ELEMENT_COUNT } nn_element;
#undef NN_ELEMENT_NAME

/* How features are scaled before they enter the network. */
typedef enum nn_scaling_kind {
    NN_SCALE_NONE,     /* features as they are */
    NN_SCALE_CONSTANT, /* each feature divided by a constant */
    NN_SCALE_GLOBAL,   /* (x - mean) / deviation, with one mean and one standard deviation for all features */
    NN_SCALE_FEATURE,  /* the same with a mean and a deviation for each feature; a constant feature becomes 0,
                          and so does one whose deviation is below 1e-40 */
    NN_SCALE_MINMAX,   /* (x - least) / (largest - least) for each feature, 0 to 1 in the rows of the first fit; a
                          constant feature becomes 0 */
    NN_SCALE_COUNT
} nn_scaling_kind;

/* Returns "none", "constant", "global", "feature" or "minmax"; NULL for a number outside the list. */
AD_API const char *nn_scaling_name(int scaling);

/* What becomes of a missing value: a feature of f32 or f64 that is NaN. */
typedef enum nn_impute_kind {
    NN_IMPUTE_REFUSE, /* an error that names row and column */
    NN_IMPUTE_MEAN,   /* a number becomes the mean of its column; for a category, "missing" is a level of its own */
    NN_IMPUTE_LEVEL,  /* the same, and a number column with missing values gets one more input: 1 where it is missing */
    NN_IMPUTE_COUNT
} nn_impute_kind;

/* Returns "refuse", "mean" or "level"; NULL for a number outside the list. */
AD_API const char *nn_impute_name(int impute);

/* A view of a data set, for fit, predict and evaluate. It owns nothing. Fill it with your own arrays, or take it from
 * nn_dataset_data. */
typedef struct nn_data {
    const void *features; /* [rows, columns], row-major, of type `element` */
    nn_element element;   /* 0: f32 */
    int64_t rows;
    int64_t columns;
    const int32_t *labels; /* [rows], or [rows, n_classes] of 0 and 1 for independent labels; NULL if none are needed
                              (predict), or label_texts are given */
    const char *const *label_texts; /* [rows]: labels of a vocabulary of texts (classifier.h), instead of `labels` */
    const void *targets;            /* [rows, n_targets], row-major, for a regressor */
    nn_element target_element;      /* 0: f32 */
    int64_t n_targets;              /* 0 stands for 1 */
    const double *weights;          /* [rows]: how much each row counts in losses and figures, at least 0, not all 0;
                                       NULL: 1 */
    /* A view of some rows of the arrays, in any order (split.h makes them): row i of the data is row index[i] of every
     * array, which has array_rows rows. Results are in the order of the view; messages name rows of the arrays, or
     * say that they name the place in the index. NULL: all rows. */
    const int32_t *index;   /* [rows], each from 0 to array_rows-1 (else AD_BAD_VALUE); a row may be there twice */
    int64_t array_rows;     /* with an index, at least 1; else 0 (AD_BAD_SHAPE) */
    nn_schema schema;       /* what the columns are; none: all features are numbers without names. The widths of its
                               numbers and categories add up to `columns` (else AD_BAD_SHAPE) */
    const char *const *ids; /* [rows, n_ids], row-major: the texts of the columns of the kind NN_COLUMN_ID, in the order
                               that these have in the schema; NULL without any */
    int64_t n_ids;          /* 0 stands for 1 */
    struct nn_feed *feed;   /* the rows stay in a file (feed.h), and there are no arrays; NULL: they are in memory */
} nn_data;

/* Returns the column of features that have no schema: one number without a name, as wide as the data. NULL gives the
 * width 0. */
AD_API nn_column nn_infer_real_valued_columns(const nn_data *data);

/* Returns the bytes of one element; 0 for a number outside the list. */
AD_API size_t nn_element_bytes(nn_element element);

/* Returns the name of an element type, for instance "u8"; "unknown element" for a number outside the list. */
AD_API const char *nn_element_name(nn_element element);

/* A data set that owns its arrays. It belongs to one thread at a time. Using it after close is undefined. */
typedef struct nn_dataset nn_dataset;

/* Zero means the default. */
typedef struct nn_dataset_options {
    const ad_allocator *allocator; /* copied; NULL: malloc and free */
} nn_dataset_options;

/* Opens an empty data set. `options` may be NULL. Returns NULL only when memory is out. The caller closes it. */
AD_API nn_dataset *nn_dataset_open(const nn_dataset_options *options);

/* Frees the data set and its arrays. NULL is allowed. */
AD_API void nn_dataset_close(nn_dataset *dataset);

/* Returns a view of what was read last, with 0 rows if nothing was read. The arrays belong to the data set and last
 * until the next read. */
AD_API nn_data nn_dataset_data(const nn_dataset *dataset);

/* Reads features and labels from a pair of IDX files, plain or gzipped; the content tells which.
 * - `labels` NULL reads features only.
 * - If a file does not exist, but one with .gz after its name does, that one is read.
 * - The format is LeCun's: two zero bytes, a type code, the rank, big-endian sizes, big-endian values.
 * - The first size of the features is the number of rows. The product of the others is the number of columns, 1 if
 *   there are no others. Labels have rank 1 and any integer type.
 * - Everything is checked before it is used: the magic number, the sizes against the length of the file (truncated or
 *   overlong), gzip's checksum, one label for each row.
 * - A size that so many bytes of gzip cannot hold is refused before memory is taken for it.
 * - On failure the data set keeps its former content.
 * Returns the status of this call. Errors: AD_BAD_FILE (the message names the file, what is wrong with it and how to
 * fix it), AD_NO_MEMORY, AD_BAD_VALUE (`features` is NULL), AD_BAD_HANDLE (`dataset` is NULL). */
AD_API ad_status nn_dataset_read_idx(nn_dataset *dataset, const char *features, const char *labels);

/* Reads features and what is true of each row from a pair of NumPy's .npy files (numpy.save), plain or gzipped; the
 * content tells which.
 * - `labels` NULL reads features only. A file that does not exist is looked for with .gz after its name.
 * - The first size of the features is the number of rows. The product of the others is the number of columns, 1
 *   if there are no others. Arrays in Fortran's order, and of either byte order, become row-major and the
 *   machine's; one in Fortran's order takes its memory twice while it is read.
 * - The dtype alone gives the element. float32, float64, uint8, int8, int16 and int32 stay; bool becomes u8,
 *   uint16 i32, float16 f32; uint32, int64 and uint64 become f64, and a number that f64 does not hold exactly is
 *   refused.
 * - `labels` of an integer type or bool give the labels of the data: one for each row, shape [n] or [n,1], that
 *   fits i32. int64 is what NumPy makes by default. `labels` of a floating type give the targets of a regressor:
 *   [n] or [n, n_targets]. So whole numbers that are targets are saved as floats, .astype('float32').
 * - Refused: objects (a pickle is never read), structured, complex, text and time types, single numbers of shape
 *   (), a header longer than 10,000 bytes, a file that is cut or goes on behind its values.
 * - A size that the file cannot hold is refused before memory is taken for it.
 * - On failure the data set keeps its former content.
 * Returns the status of this call. Errors: AD_BAD_FILE (the message names the file, what is wrong with it and how to
 * fix it), AD_NO_MEMORY, AD_BAD_VALUE (`features` is NULL), AD_BAD_HANDLE (`dataset` is NULL). */
AD_API ad_status nn_dataset_read_npy(nn_dataset *dataset, const char *features, const char *labels);

/* A FILE that the caller has opened, and its name in messages, for instance {stdin, "standard input"}; a NULL name is
 * shown as FILE. The two stand together, so that a reader of one file and a reader of a pair take the same thing, and
 * no name can be given to the wrong FILE. */
typedef struct nn_stream {
    FILE *file;
    const char *name;
} nn_stream;

/* The same from FILEs: {NULL} as `labels` reads features only.
 * - Each is read from where it stands to its end, which a pipe has when its writer closes it. It need not seek.
 *   The caller closes it; where it stands after an error is not defined.
 * - The features are read before the labels.
 * - Nobody knows how long a FILE is, so memory grows with what comes: at most twice the bytes that have come, and
 *   the old block while they are copied.
 * Errors: as nn_dataset_read_npy; AD_BAD_VALUE also if both are the same FILE. */
AD_API ad_status nn_dataset_read_npy_stream(nn_dataset *dataset, nn_stream features, nn_stream labels);

/* The same from two arrays of an .npz archive (numpy.savez, numpy.savez_compressed).
 * - `features` and `labels` name them as NumPy does: "x", or "x.npy" as the archive has it. `labels` NULL reads
 *   features only.
 * - The archive is a zip file: members stored or deflated, ZIP64 where needed, CRC-32 compared. Only the two
 *   members are read.
 * - Refused: members that are encrypted, of another method or there twice; archives in parts, with a comment, or
 *   with anything before, between or behind what the format puts there. An archive is read from its end, so there
 *   is no call for a FILE.
 * Errors: as nn_dataset_read_npy; AD_BAD_FILE also if an array is not there (the message lists those that are);
 * AD_BAD_VALUE also if `path` is NULL. */
AD_API ad_status nn_dataset_read_npz(nn_dataset *dataset, const char *path, const char *features, const char *labels);

/* The same from a FILE, a pipe too, read from where it stands to its end. An archive is read from its end, so it is
 * first copied into a temporary file. Errors: as nn_dataset_read_npz; AD_BAD_FILE also if there is no room for the
 * copy. */
AD_API ad_status nn_dataset_read_npz_stream(nn_dataset *dataset, nn_stream stream, const char *features,
                                            const char *labels);

/* Returns what the last read that went well found that is no error, a line for each finding: columns that were left
 * out. "" if there is nothing, and for NULL. It belongs to the data set and lasts until the next read. */
AD_API const char *nn_dataset_notes(const nn_dataset *dataset);

/* The same as nn_dataset_read_idx from FILEs, as nn_dataset_read_npy_stream reads them: {NULL} as `labels` reads
 * features only. Errors: as nn_dataset_read_idx; AD_BAD_VALUE also if both are the same FILE. */
AD_API ad_status nn_dataset_read_idx_stream(nn_dataset *dataset, nn_stream features, nn_stream labels);

/* Reads LIBSVM's text (svmlight), plain or gzipped; the content tells which.
 * - A line is a row: LABEL INDEX:VALUE INDEX:VALUE ... Indices begin at 1 and ascend; a feature that is not named is 0.
 *   # begins a comment. Lines that are blank or a comment are no rows. Line ends are LF or CRLF.
 * - Features are f32, all of them in memory, zeros too. While the file is read, the words take 8 bytes each beside
 *   them, and twice that while they grow.
 * - `columns`: the number of features, at least the largest index; 0: as many as that. For test data give the number
 *   that the estimator was fitted to, because a file need not name the last ones.
 * - Labels are numbers, and the targets of the data, f64. If all are whole numbers that fit i32, they are its labels,
 *   too.
 * - Refused: index 0, an index that is there twice or out of order, qid:N, several labels of one row, values and labels
 *   that are no decimal number or too large, a NUL byte.
 * - On failure the data set keeps its former content.
 * Returns the status of this call. Errors: AD_BAD_FILE (the message names file, line and word, and how to mend it),
 * AD_NO_MEMORY, AD_BAD_VALUE (`path` is NULL, `columns` is negative), AD_BAD_HANDLE (`dataset` is NULL). */
AD_API ad_status nn_dataset_read_libsvm(nn_dataset *dataset, const char *path, int64_t columns);

/* The same from a FILE, read from where it stands to its end. The caller closes it. */
AD_API ad_status nn_dataset_read_libsvm_stream(nn_dataset *dataset, nn_stream stream, int64_t columns);

/* Copies data, so that the data set owns them: the rows of a view, in its order, with labels, targets, weights, ids
 * and columns.
 * - `labels` are one for each row. A view does not say how many independent labels, [rows, n_classes], a row has: they
 *   cannot be copied. Set labels to NULL in the view, and keep them beside the data set.
 * - The view may be of this data set.
 * - Values are not looked at. NULL texts stay NULL.
 * - On failure the data set keeps its former content.
 * Errors: sizes or an index that are wrong (AD_BAD_SHAPE, AD_BAD_TYPE, AD_BAD_VALUE), features, columns of the schema
 * or levels that are NULL (AD_BAD_VALUE); AD_NO_MEMORY; AD_BAD_HANDLE (`dataset` is NULL). */
AD_API ad_status nn_dataset_copy(nn_dataset *dataset, const nn_data *data);

/* Returns the status of the last read. NULL gives AD_BAD_HANDLE. */
AD_API ad_status nn_dataset_status(const nn_dataset *dataset);

/* Returns the message of the last read, "" if it had no error; for NULL a text that says so. It belongs to the data set
 * and lasts until the next read. */
AD_API const char *nn_dataset_message(const nn_dataset *dataset);

#endif
