#ifndef GRADTAPE_NN_ARRAY_H
#define GRADTAPE_NN_ARRAY_H
/* Private to nn: an array in a file, as the header of its format describes it, and how it becomes features, labels or
 * targets. IDX and NumPy share it. */
#include "source.h"

/* The types of numbers in files: name, C type of its bits, and what features of it become. The list gives the
 * enumeration and the loops over it. */
#define NN_SIGNED_LIST(X)                                                                                              \
    X(I8, i8, int8_t, NN_I8)                                                                                           \
    X(I16, i16, int16_t, NN_I16)                                                                                       \
    X(I32, i32, int32_t, NN_I32)                                                                                       \
    X(I64, i64, int64_t, NN_F64)
#define NN_UNSIGNED_LIST(X)                                                                                            \
    X(BOOL, bool, uint8_t, NN_U8)                                                                                      \
    X(U8, u8, uint8_t, NN_U8)                                                                                          \
    X(U16, u16, uint16_t, NN_I32)                                                                                      \
    X(U32, u32, uint32_t, NN_F64)                                                                                      \
    X(U64, u64, uint64_t, NN_F64)
#define NN_FLOATING_LIST(X)                                                                                            \
    X(F16, f16, uint16_t, NN_F32)                                                                                      \
    X(F32, f32, float, NN_F32)                                                                                         \
    X(F64, f64, double, NN_F64)
#define NN_NUMBER_LIST(X) NN_SIGNED_LIST(X) NN_UNSIGNED_LIST(X) NN_FLOATING_LIST(X)

#define NN_NUMBER_NAME(name, text, type, element) NN_NUMBER_##name,
typedef enum nn_number { NN_NUMBER_LIST(NN_NUMBER_NAME) NN_NUMBER_COUNT } nn_number;
#undef NN_NUMBER_NAME

#define NN_ARRAY_RANK 255 /* IDX has a byte for it; NumPy's largest is 64 */

typedef struct nn_array {
    /* What the header says. */
    nn_number number;
    bool is_big_endian;
    bool is_by_columns; /* Fortran's order: the first index runs fastest */
    unsigned rank;      /* at least 1 */
    uint64_t sizes[NN_ARRAY_RANK];
    size_t header_bytes;
    /* What follows from it. */
    size_t rows, columns, count; /* count: rows x columns */
    size_t total_bytes;          /* header and values, inflated */
    char shape[300];             /* for messages: "60000 x 28 x 28 of u8" */
} nn_array;

bool nn_number_is_floating(nn_number number);

/* Reads bytes of a header, and counts them. Fewer than wanted are an error. */
ad_status nn_array_read_header(nn_source *source, nn_array *array, void *to, size_t bytes);

/* Completes the array after its header, and compares it with the length of the source, before memory is taken. */
ad_status nn_array_measure(const nn_source *source, nn_array *array);

/* Reads the values to the end of the source, which must be there, and gives them to `data`, which owns them from then
 * on: rows, columns and features; or what is true of its rows. `features` is their name in messages. */
ad_status nn_array_features(nn_source *source, const nn_array *array, nn_data *data);
ad_status nn_array_labels(nn_source *source, const nn_array *array, const char *features, nn_data *data);
ad_status nn_array_targets(nn_source *source, const nn_array *array, const char *features, nn_data *data);

/* Labels of several sizes: the message asks whether files are swapped. */
ad_status nn_array_fail_labels(const nn_source *source, const nn_array *array);

#endif
