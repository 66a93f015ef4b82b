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

ad_status nn_classes_check(const int32_t *classes, int64_t rows, int64_t n_classes, char *message, size_t size)
{
    if (!classes)
        return refuse(message, size, AD_BAD_VALUE, "labels are NULL; give one for each of the %lld rows",
                      (long long)rows);
    for (int64_t i = 0; i < rows; i++)
        if (classes[i] < 0 || classes[i] >= n_classes)
            return refuse(message, size, AD_BAD_VALUE,
                          "row %lld: label %ld is outside 0..%lld; mend it, or set n_classes", (long long)i,
                          (long)classes[i], (long long)n_classes - 1);
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

/* The first feature that f32 cannot hold; rows times columns if there is none. Integers are always finite. */
static int64_t first_wrong(const nn_data *data)
{
    const int64_t count = data->rows * data->columns;
    if (data->element == NN_F32)
        return first_wrong_f32(data->features, count);
    return data->element == NN_F64 ? first_wrong_f64(data->features, count) : count;
}

static double number_at(const nn_data *data, int64_t at)
{
    return data->element == NN_F32 ? (double)((const float *)data->features)[at] : ((const double *)data->features)[at];
}

static ad_status check_features(const nn_data *data, char *message, size_t size)
{
    const int64_t at = first_wrong(data);
    if (at == data->rows * data->columns)
        return AD_OK;
    const long long row = at / data->columns, column = at % data->columns;
    const double x = number_at(data, at);
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
    status = needs_labels ? nn_classes_check(data->labels, data->rows, n_classes, message, size) : AD_OK;
    return status == AD_OK ? check_features(data, message, size) : status;
}

static ad_status check_zeros_and_ones(const nn_data *data, int64_t k, char *message, size_t size)
{
    if (!data->labels)
        return refuse(message, size, AD_BAD_VALUE, "labels are NULL; give %lld, each 0 or 1, for each of the %lld rows",
                      (long long)k, (long long)data->rows);
    for (int64_t i = 0; i < data->rows * k; i++)
        if (data->labels[i] != 0 && data->labels[i] != 1)
            return refuse(message, size, AD_BAD_VALUE, "row %lld: label %lld is %ld: it must be 0 or 1",
                          (long long)(i / k), (long long)(i % k), (long)data->labels[i]);
    return AD_OK;
}

static ad_status check_targets(const nn_data *data, int64_t k, char *message, size_t size)
{
    const int64_t given = data->n_targets ? data->n_targets : 1;
    if (nn_element_bytes(data->target_element) == 0)
        return refuse(message, size, AD_BAD_TYPE, "unknown target_element %d; set it to NN_F32 or another nn_element",
                      (int)data->target_element);
    if (given != k)
        return refuse(message, size, AD_BAD_SHAPE,
                      "the data have %lld targets for each row (n_targets; 0 is 1); %lld are expected",
                      (long long)given, (long long)k);
    if (!data->targets)
        return refuse(message, size, AD_BAD_VALUE, "targets are NULL; give an array [%lld,%lld]", (long long)data->rows,
                      (long long)k);
    const nn_data as_features = {
        .features = data->targets, .element = data->target_element, .rows = data->rows, .columns = k};
    const int64_t at = first_wrong(&as_features);
    if (at == data->rows * k)
        return AD_OK;
    const double x = number_at(&as_features, at);
    return refuse(message, size, isfinite(x) ? AD_BAD_VALUE : AD_NOT_FINITE, "row %lld, target %lld is %s",
                  (long long)(at / k), (long long)(at % k),
                  isfinite(x) ? "too large for f32; scale the targets down"
                  : isnan(x)  ? "NaN; replace it or drop the row"
                              : "infinite; replace it or drop the row");
}

ad_status nn_truth_check(const nn_data *data, nn_task task, int64_t k, char *message, size_t size)
{
    if (!ad_multiply_sizes((size_t)data->rows, (size_t)k * sizeof(double), NULL))
        return refuse(message, size, AD_BAD_SHAPE, "sizes overflow: [%lld,%lld] is more than memory can hold",
                      (long long)data->rows, (long long)k);
    return task == NN_LABELS ? check_zeros_and_ones(data, k, message, size) : check_targets(data, k, message, size);
}

ad_status nn_weights_check(const nn_data *data, char *message, size_t size)
{
    double most = 0;
    for (int64_t i = 0; data->weights && i < data->rows; i++) {
        const double w = data->weights[i];
        if (!(w >= 0 && w <= (double)FLT_MAX))
            return refuse(message, size, AD_BAD_VALUE, "row %lld: its weight is %g: it must be 0 to 3.4e38",
                          (long long)i, w);
        most = w > most ? w : most;
    }
    if (data->weights && (float)most == 0)
        return refuse(message, size, AD_BAD_VALUE, "all weights are 0 in f32: give some rows a larger weight");
    return AD_OK;
}
