#ifndef GRADTAPE_DATA_H
#define GRADTAPE_DATA_H
/* Data sets: features [n, d] and a label for each row, from arrays or files. */
#include <stddef.h>
#include <stdint.h>

#include <gradtape/memory.h>
#include <gradtape/status.h>

/* Element types of features, those of IDX files: one list gives the enumeration, its names, its C types and the loops
 * over them. Training computes in f32 whatever they are. */
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

/* A view of a data set: what fit, predict and evaluate take. Fill it with your own arrays, or let nn_dataset give it.
 */
typedef struct nn_data {
    const void *features; /* [rows, columns], row-major, of type `element` */
    nn_element element;   /* 0: f32 */
    int64_t rows;
    int64_t columns;
    const int32_t *labels; /* [rows]; NULL where none are needed (predict) */
} nn_data;

/* Bytes of one element; its name ("u8"). For a number outside the list: 0; "unknown element". */
AD_API size_t nn_element_bytes(nn_element element);
AD_API const char *nn_element_name(nn_element element);

/* A data set that owns its arrays. It belongs to one thread at a time; use after close is undefined. */
typedef struct nn_dataset nn_dataset;

typedef struct nn_dataset_options {
    const ad_allocator *allocator; /* copied; NULL: malloc and free */
} nn_dataset_options;

/* Opens an empty data set; `options` may be NULL. NULL only when memory is out. The caller closes it. */
AD_API nn_dataset *nn_dataset_open(const nn_dataset_options *options);

/* Frees it with its arrays. NULL is allowed. */
AD_API void nn_dataset_close(nn_dataset *dataset);

/* The view of what was read: rows 0 if nothing was. The arrays belong to the data set and last until the next read. */
AD_API nn_data nn_dataset_data(const nn_dataset *dataset);

/* Reads features and labels from a pair of IDX files (LeCun's format: magic 0 0 type rank, then big-endian sizes, then
 * big-endian values), plain or gzipped, told by content. Where a file does not exist but one with .gz after its name
 * does, that one is read. The first size of the features is the number of rows, the others together the columns (1
 * where there are no others); labels have rank 1 and any integer type. `labels` NULL reads features only. Everything is
 * checked before it is believed: magic, sizes against the file's length (truncated or overlong), gzip's checksum, as
 * many labels as rows. A size that gzip cannot hold in as many bytes is refused before memory is taken for it. Errors:
 * AD_BAD_FILE (the message names the file, what is wrong with it and what to do), AD_NO_MEMORY, AD_BAD_VALUE (no path
 * of features), AD_BAD_HANDLE (no data set). On failure the data set keeps what it had. Returns the status of this
 * call. */
AD_API ad_status nn_dataset_read_idx(nn_dataset *dataset, const char *features, const char *labels);

/* The status and the message of the last read, "" after one that went well. The message belongs to the data set and
 * lasts until the next read. */
AD_API ad_status nn_dataset_status(const nn_dataset *dataset);
AD_API const char *nn_dataset_message(const nn_dataset *dataset);

#endif
