/* Checks of a user's data, before anything is computed from them. */
#include "data_check.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "columns.h"
#include "view.h"

static ad_status refuse(char *message, size_t size, ad_status status, const char *format, ...) AD_PRINTF(4, 5);

static ad_status refuse(char *message, size_t size, ad_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, size, format, arguments);
    va_end(arguments);
    return status;
}

/* The larger of the rows of the view and those of its arrays. */
static long long most_rows(const nn_data *data)
{
    return data->rows > data->array_rows ? data->rows : data->array_rows;
}

static ad_status check_sizes(const nn_data *data, char *message, size_t size)
{
    size_t bytes = nn_element_bytes(data->element), row;
    long long n = most_rows(data), d = data->columns;
    if (bytes == 0)
        return refuse(message, size, AD_BAD_TYPE, "unknown element %d; set it to NN_F32 or another nn_element",
                      (int)data->element);
    if (data->rows == 0)
        return refuse(message, size, AD_BAD_SHAPE, "the data have no rows; give at least one");
    if (data->rows < 0 || d < 1)
        return refuse(message, size, AD_BAD_SHAPE, "the data are [%lld,%lld]; rows and columns are at least 1",
                      (long long)data->rows, d);
    if (n > INT32_MAX)
        return refuse(message, size, AD_BAD_SHAPE, "%lld rows; at most %ld can be used, give them in parts", n,
                      (long)INT32_MAX);
    if ((uint64_t)d > SIZE_MAX || !ad_multiply_sizes((size_t)d, bytes, &row) ||
        !ad_multiply_sizes((size_t)n, row, &row) || row > PTRDIFF_MAX)
        return refuse(message, size, AD_BAD_SHAPE, "sizes overflow: [%lld,%lld] of %s is more than memory can hold", n,
                      d, nn_element_name(data->element));
    return AD_OK;
}

static ad_status check_index(const nn_data *data, char *message, size_t size)
{
    const long long n = data->array_rows;
    if (!data->index)
        return n == 0 ? AD_OK
                      : refuse(message, size, AD_BAD_SHAPE,
                               "array_rows is %lld, and there is no index; give one, or set array_rows to 0", n);
    if (n < 1)
        return refuse(message, size, AD_BAD_SHAPE,
                      "array_rows is %lld; with an index it is the number of rows of the arrays, at least 1", n);
    for (int64_t i = 0; i < data->rows; i++)
        if (data->index[i] < 0 || data->index[i] >= n)
            return refuse(message, size, AD_BAD_VALUE,
                          "index[%lld] is %ld, outside 0..%lld; mend it, or set array_rows", (long long)i,
                          (long)data->index[i], n - 1);
    return AD_OK;
}

ad_status nn_view_check(const nn_data *data, char *message, size_t size)
{
    if (!data)
        return refuse(message, size, AD_BAD_VALUE, "the data are NULL; give a view of features");
    if (data->feed)
        return refuse(message, size, AD_BAD_VALUE,
                      "the data are those of a feed, which only a fit takes; give windows of it (nn_feed_window)");
    ad_status status = check_sizes(data, message, size);
    if (status == AD_OK)
        status = check_index(data, message, size);
    return status == AD_OK ? nn_schema_check(&data->schema, data->columns, message, size) : status;
}

ad_status nn_classes_check(const nn_data *data, const int32_t *classes, int64_t n_classes, char *message, size_t size)
{
    if (!classes)
        return refuse(message, size, AD_BAD_VALUE, "labels are NULL; give one for each of the %lld rows",
                      (long long)nn_array_rows(data));
    char option[NN_OPTION_TEXT];
    for (int64_t i = 0; i < data->rows; i++) {
        const int64_t row = nn_row_of(data, i);
        if (classes[row] < 0 || classes[row] >= n_classes)
            return refuse(message, size, AD_BAD_VALUE, "row %lld: label %ld is outside 0..%lld; mend it, or set %s",
                          (long long)row, (long)classes[row], (long long)n_classes - 1,
                          nn_option_text(option, "n_classes", NULL));
    }
    return AD_OK;
}

/* The first of `count` values that f32 cannot hold as a finite number, or, of those that may be missing, as a number or
 * NaN; `count` if there is none. Whole blocks are asked first, because a loop that does not leave early can be
 * vectorised. `!(<=)` is true for NaN, `>` is not. */
#define FIRST_WRONG(name, type, is_wrong)                                                                              \
    static int64_t name(const type *x, int64_t count)                                                                  \
    {                                                                                                                  \
        int64_t at = 0;                                                                                                \
        for (int wrong = 0; at + 256 <= count; at += 256) {                                                            \
            for (int64_t k = 0; k < 256; k++)                                                                          \
                wrong |= is_wrong(x[at + k]);                                                                          \
            if (wrong)                                                                                                 \
                break;                                                                                                 \
        }                                                                                                              \
        while (at < count && !is_wrong(x[at]))                                                                         \
            at++;                                                                                                      \
        return at;                                                                                                     \
    }
#define IS_NO_F32(x) (!(fabsf(x) <= FLT_MAX))
#define IS_NO_F64(x) (!(fabs(x) <= (double)FLT_MAX))
#define IS_TOO_LARGE_F32(x) (fabsf(x) > FLT_MAX)
#define IS_TOO_LARGE_F64(x) (fabs(x) > (double)FLT_MAX)
FIRST_WRONG(first_wrong_f32, float, IS_NO_F32)
FIRST_WRONG(first_wrong_f64, double, IS_NO_F64)
FIRST_WRONG(first_too_large_f32, float, IS_TOO_LARGE_F32)
FIRST_WRONG(first_too_large_f64, double, IS_TOO_LARGE_F64)
#undef FIRST_WRONG

/* An array [array rows, columns] of a view: features or targets. */
typedef struct numbers {
    const void *at;
    nn_element element;
    int64_t columns;
    bool may_miss;    /* NaN is right */
    const bool *used; /* [columns]: those that are looked at; NULL: all */
} numbers;

static int64_t first_wrong(const numbers *x, int64_t from, int64_t count)
{
    if (x->element == NN_F32)
        return (x->may_miss ? first_too_large_f32 : first_wrong_f32)((const float *)x->at + from, count);
    return (x->may_miss ? first_too_large_f64 : first_wrong_f64)((const double *)x->at + from, count);
}

/* The place of the first wrong number among `count` from a place on; -1 if there is none. */
static int64_t find_wrong_from(const numbers *x, int64_t from, int64_t count)
{
    int64_t at = from + first_wrong(x, from, count);
    while (at < from + count && x->used && !x->used[at % x->columns]) {
        at++;
        at += first_wrong(x, at, from + count - at);
    }
    return at < from + count ? at : -1;
}

/* The same of the view. Integers are always finite. */
static int64_t find_wrong(const nn_data *data, const numbers *x)
{
    if (!nn_may_miss(x->element))
        return -1;
    if (!data->index)
        return find_wrong_from(x, 0, data->rows * x->columns);
    for (int64_t i = 0; i < data->rows; i++) {
        const int64_t at = find_wrong_from(x, data->index[i] * x->columns, x->columns);
        if (at >= 0)
            return at;
    }
    return -1;
}

static double number_at(const numbers *x, int64_t at)
{
    return x->element == NN_F32 ? (double)((const float *)x->at)[at] : ((const double *)x->at)[at];
}

/* Begins "row 3, column "age": " with the feature at a place of the array. */
static nn_writer name_feature(const nn_data *data, int64_t at, char *message, size_t size)
{
    nn_writer w = nn_writer_into(message, size);
    nn_put_format(&w, "row %" PRId64 ", ", at / data->columns);
    nn_put_feature(&w, &data->schema, at % data->columns);
    nn_put(&w, ": ");
    return w;
}

static void put_imputing(nn_writer *w)
{
    nn_put(w, "the feature is missing (NaN); ");
    nn_put_option(w, "impute", "mean");
    nn_put(w, " fills it");
}

static ad_status check_numbers(const nn_data *data, nn_impute_kind impute, const bool *used, char *message, size_t size)
{
    const numbers features = {data->features, data->element, data->columns, impute != NN_IMPUTE_REFUSE, used};
    const int64_t at = find_wrong(data, &features);
    if (at < 0)
        return AD_OK;
    const double x = number_at(&features, at);
    nn_writer w = name_feature(data, at, message, size);
    if (isnan(x))
        put_imputing(&w);
    else if (isfinite(x))
        nn_put_format(&w, "%g does not fit f32; scale the feature down", x);
    else
        nn_put(&w, "the feature is infinite; replace it or drop the row");
    return isfinite(x) ? AD_BAD_VALUE : AD_NOT_FINITE;
}

/* The features of a category, which begin at `feature`, are numbers of its levels. */
static ad_status check_category(const nn_data *data, const nn_column *column, int64_t feature, char *message,
                                size_t size)
{
    const double n = (double)column->levels.n;
    for (int64_t i = 0; i < data->rows; i++) {
        const int64_t at = nn_row_of(data, i) * data->columns + feature;
        const double x = nn_feature_at(data, at);
        if (isnan(x) || (x >= 0 && x < n && floor(x) == x))
            continue;
        nn_writer w = name_feature(data, at, message, size);
        nn_put_real(&w, x);
        if (column->levels.n)
            nn_put_format(&w, " is not the number of a level, 0..%zu", column->levels.n - 1);
        else
            nn_put(&w, " is not the number of a level: there is none");
        return AD_BAD_VALUE;
    }
    return AD_OK;
}

static ad_status check_categories(const nn_data *data, const bool *used, char *message, size_t size)
{
    int64_t feature = 0;
    for (size_t i = 0; i < data->schema.n; i++) {
        const nn_column *column = &data->schema.at[i];
        const bool is_checked = column->kind == NN_COLUMN_CATEGORY && (!used || used[feature]);
        const ad_status status = is_checked ? check_category(data, column, feature, message, size) : AD_OK;
        if (status != AD_OK)
            return status;
        feature += nn_column_features(column);
    }
    return AD_OK;
}

ad_status nn_features_check(const nn_data *data, nn_impute_kind impute, const bool *used, char *message, size_t size)
{
    if (!data->features)
        return refuse(message, size, AD_BAD_VALUE, "features are NULL; give an array [%lld,%lld] of %s",
                      (long long)nn_array_rows(data), (long long)data->columns, nn_element_name(data->element));
    const ad_status status = check_numbers(data, impute, used, message, size);
    return status == AD_OK ? check_categories(data, used, message, size) : status;
}

ad_status nn_data_check(const nn_data *data, char *message, size_t size)
{
    const ad_status status = nn_view_check(data, message, size);
    return status == AD_OK ? nn_features_check(data, NN_IMPUTE_REFUSE, NULL, message, size) : status;
}

static ad_status check_zeros_and_ones(const nn_data *data, int64_t k, char *message, size_t size)
{
    if (!data->labels)
        return refuse(message, size, AD_BAD_VALUE, "labels are NULL; give %lld, each 0 or 1, for each of the %lld rows",
                      (long long)k, (long long)nn_array_rows(data));
    for (int64_t i = 0; i < data->rows; i++) {
        const int64_t row = nn_row_of(data, i);
        const int32_t *labels = data->labels + row * k;
        for (int64_t j = 0; j < k; j++)
            if (labels[j] != 0 && labels[j] != 1)
                return refuse(message, size, AD_BAD_VALUE, "row %lld: label %lld is %ld: it must be 0 or 1",
                              (long long)row, (long long)j, (long)labels[j]);
    }
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
        return refuse(message, size, AD_BAD_VALUE, "targets are NULL; give an array [%lld,%lld]",
                      (long long)nn_array_rows(data), (long long)k);
    const numbers targets = {.at = data->targets, .element = data->target_element, .columns = k};
    const int64_t at = find_wrong(data, &targets);
    if (at < 0)
        return AD_OK;
    const double x = number_at(&targets, at);
    return refuse(message, size, isfinite(x) ? AD_BAD_VALUE : AD_NOT_FINITE, "row %lld, target %lld is %s",
                  (long long)(at / k), (long long)(at % k),
                  isfinite(x) ? "too large for f32; scale the targets down"
                  : isnan(x)  ? "NaN; replace it or drop the row"
                              : "infinite; replace it or drop the row");
}

ad_status nn_truth_check(const nn_data *data, nn_task task, int64_t k, char *message, size_t size)
{
    if (!ad_multiply_sizes((size_t)most_rows(data), (size_t)k * sizeof(double), NULL))
        return refuse(message, size, AD_BAD_SHAPE, "sizes overflow: [%lld,%lld] is more than memory can hold",
                      most_rows(data), (long long)k);
    return task == NN_LABELS ? check_zeros_and_ones(data, k, message, size) : check_targets(data, k, message, size);
}

ad_status nn_weights_check(const nn_data *data, char *message, size_t size)
{
    double most = 0;
    for (int64_t i = 0; data->weights && i < data->rows; i++) {
        const int64_t row = nn_row_of(data, i);
        const double w = data->weights[row];
        if (!(w >= 0 && w <= (double)FLT_MAX))
            return refuse(message, size, AD_BAD_VALUE, "row %lld: its weight is %g: it must be 0 to 3.4e38",
                          (long long)row, w);
        most = w > most ? w : most;
    }
    if (data->weights && (float)most == 0)
        return refuse(message, size, AD_BAD_VALUE, "all weights are 0 in f32: give some rows a larger weight");
    return AD_OK;
}
