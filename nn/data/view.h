#ifndef GRADTAPE_NN_VIEW_H
#define GRADTAPE_NN_VIEW_H
/* Private to nn: a view of data, and the arrays behind it. Rows of the view are 0 .. rows-1. A row of the arrays may be
 * any number of them, or none. */
#include <math.h>
#include <stdbool.h>

#include <gradtape/data.h>

/* The row of the arrays that is row i of the view. */
static inline int64_t nn_row_of(const nn_data *data, int64_t i) { return data->index ? data->index[i] : i; }

/* The number of rows of the arrays. */
static inline int64_t nn_array_rows(const nn_data *data) { return data->index ? data->array_rows : data->rows; }

/* The rows of the arrays that a caller asks for: those of a list, or, where it is NULL, those of the view from `first`
 * on. NULL: they lie side by side, from `first` on. */
static inline const int32_t *nn_rows_of(const nn_data *data, const int32_t *rows, int64_t first)
{
    return rows || !data->index ? rows : data->index + first;
}

/* Feature i of the array, as a number. */
static inline double nn_feature_at(const nn_data *data, int64_t i)
{
    switch (data->element) {
#define CASE(name, text, type)                                                                                         \
    case name: return (double)((const type *)data->features)[i];
        NN_ELEMENT_LIST(CASE)
#undef CASE
    default: return (double)NAN;
    }
}

/* Whether an element may be missing: one of a type that has NaN. */
static inline bool nn_may_miss(nn_element element) { return element == NN_F32 || element == NN_F64; }

#endif
