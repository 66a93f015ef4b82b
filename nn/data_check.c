/* Checks of a user's data, before anything is computed from them. */
#include "data_check.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

static ad_status refuse(char *message, size_t size, ad_status status, const char *format, ...) AD_PRINTF(4, 5);

static ad_status refuse(char *message, size_t size, ad_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, size, format, arguments);
    va_end(arguments);
    return status;
}

static ad_status check_sizes(const nn_data *data, char *message, size_t size)
{
    size_t bytes = nn_element_bytes(data->element), row;
    long long n = data->rows, d = data->columns;
    if (bytes == 0)
        return refuse(message, size, AD_BAD_TYPE, "unknown element %d; set it to NN_F32 or another nn_element",
                      (int)data->element);
    if (n == 0)
        return refuse(message, size, AD_BAD_SHAPE, "the data have no rows; give at least one");
    if (n < 0 || d < 1)
        return refuse(message, size, AD_BAD_SHAPE, "the data are [%lld,%lld]; rows and columns are at least 1", n, d);
    if (n > INT32_MAX)
        return refuse(message, size, AD_BAD_SHAPE, "%lld rows; at most %ld can be used, give them in parts", n,
                      (long)INT32_MAX);
    if ((uint64_t)d > SIZE_MAX || !ad_multiply_sizes((size_t)d, bytes, &row) ||
        !ad_multiply_sizes((size_t)n, row, &row) || row > PTRDIFF_MAX)
        return refuse(message, size, AD_BAD_SHAPE, "sizes overflow: [%lld,%lld] of %s is more than memory can hold", n,
                      d, nn_element_name(data->element));
    return AD_OK;
}

static ad_status check_labels(const nn_data *data, int64_t n_classes, char *message, size_t size)
{
    if (!data->labels)
        return refuse(message, size, AD_BAD_VALUE, "labels are NULL; give one for each of the %lld rows",
                      (long long)data->rows);
    for (int64_t i = 0; i < data->rows; i++)
        if (data->labels[i] < 0 || data->labels[i] >= n_classes)
            return refuse(message, size, AD_BAD_VALUE,
                          "row %lld: label %ld is outside 0..%lld; mend it, or set n_classes", (long long)i,
                          (long)data->labels[i], (long long)n_classes - 1);
    return AD_OK;
}

/* The first of `count` values that f32 cannot hold as a finite number; `count` if there is none. Whole blocks are asked
 * first, because a loop that does not leave early can be vectorised. `!(<=)` is true for NaN. */
#define FIRST_WRONG(name, type, magnitude)                                                                             \
    static int64_t name(const type *x, int64_t count)                                                                  \
    {                                                                                                                  \
        int64_t at = 0;                                                                                                \
        for (int wrong = 0; at + 256 <= count; at += 256) {                                                            \
            for (int64_t k = 0; k < 256; k++)                                                                          \
                wrong |= !(magnitude(x[at + k]) <= (type)FLT_MAX);                                                     \
            if (wrong)                                                                                                 \
                break;                                                                                                 \
        }                                                                                                              \
        while (at < count && magnitude(x[at]) <= (type)FLT_MAX)                                                        \
            at++;                                                                                                      \
        return at;                                                                                                     \
    }
FIRST_WRONG(first_wrong_f32, float, fabsf)
FIRST_WRONG(first_wrong_f64, double, fabs)
#undef FIRST_WRONG

/* Integers are always finite. */
static ad_status check_features(const nn_data *data, char *message, size_t size)
{
    const float *x32 = data->features;
    const double *x64 = data->features;
    int64_t count = data->rows * data->columns, at = count;
    if (data->element == NN_F32)
        at = first_wrong_f32(x32, count);
    if (data->element == NN_F64)
        at = first_wrong_f64(x64, count);
    if (at == count)
        return AD_OK;
    long long row = at / data->columns, column = at % data->columns;
    double x = data->element == NN_F32 ? (double)x32[at] : x64[at];
    if (isfinite(x))
        return refuse(message, size, AD_BAD_VALUE, "row %lld, column %lld: %g does not fit f32; scale the feature down",
                      row, column, x);
    return refuse(message, size, AD_NOT_FINITE, "row %lld, column %lld: the feature is %s; replace it or drop the row",
                  row, column, isnan(x) ? "NaN" : "infinite");
}

ad_status nn_data_check(const nn_data *data, bool needs_labels, int64_t n_classes, char *message, size_t size)
{
    if (!data)
        return refuse(message, size, AD_BAD_VALUE, "the data are NULL; give a view of features");
    ad_status status = check_sizes(data, message, size);
    if (status != AD_OK)
        return status;
    if (!data->features)
        return refuse(message, size, AD_BAD_VALUE, "features are NULL; give an array [%lld,%lld] of %s",
                      (long long)data->rows, (long long)data->columns, nn_element_name(data->element));
    status = needs_labels ? check_labels(data, n_classes, message, size) : AD_OK;
    return status == AD_OK ? check_features(data, message, size) : status;
}
