/* Tables as text. */
#define TESTS_NO_LINES
#include "tables.h"

#include <math.h>
#include <string.h>

ad_status read_bytes(nn_dataset *set, const void *bytes, size_t n, const nn_csv_options *options)
{
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    if (fwrite(bytes, 1, n, file) != n || fseek(file, 0, SEEK_SET) != 0)
        ck_abort_msg("a temporary file cannot be written");
    const ad_status status = nn_dataset_read_csv_stream(set, (nn_stream){file, "train.csv"}, options);
    fclose(file);
    return status;
}

ad_status read_text(nn_dataset *set, const char *text, const nn_csv_options *options)
{
    return read_bytes(set, text, strlen(text), options);
}

nn_dataset *table(int line, const char *text, const nn_csv_options *options)
{
    nn_dataset *set = nn_dataset_open(NULL);
    if (read_text(set, text, options) != AD_OK || *nn_dataset_message(set))
        ck_abort_msg("line %d: %s", line, nn_dataset_message(set));
    return set;
}

void expect_refused(int line, const char *text, const nn_csv_options *options, ad_status status, const char *message)
{
    counting memory;
    counting_open(&memory);
    nn_dataset *set = nn_dataset_open(&(nn_dataset_options){.allocator = &memory.allocator});
    ck_assert_int_eq(read_text(set, "held\n17\n", NULL), AD_OK);
    const ad_status got = read_text(set, text, options);
    if (got != status || strcmp(nn_dataset_message(set), message) != 0)
        ck_abort_msg("line %d: %s: %s\nin place of %s: %s", line, ad_status_name(got), nn_dataset_message(set),
                     ad_status_name(status), message);
    ck_assert_int_eq(nn_dataset_status(set), status);
    const nn_data data = nn_dataset_data(set);
    if (data.rows != 1 || *(const double *)data.features != 17 || strcmp(data.schema.at[0].name, "held") != 0)
        ck_abort_msg("line %d: the former content is lost", line);
    nn_dataset_close(set);
    counting_check_released(&memory);
}

void expect_features(int line, nn_data data, int64_t rows, int64_t columns, const double *numbers)
{
    if (data.rows != rows || data.columns != columns)
        ck_abort_msg("line %d: [%d,%d]", line, (int)data.rows, (int)data.columns);
    for (int64_t i = 0; i < rows * columns; i++) {
        const double x = element_at(data.features, data.element, i);
        if (!(x == numbers[i] && signbit(x) == signbit(numbers[i])) && !(isnan(x) && isnan(numbers[i])))
            ck_abort_msg("line %d: feature %d is %a, not %a", line, (int)i, x, numbers[i]);
    }
}

void expect_schema(int line, nn_data data, const char *wanted)
{
    char text[2000] = "";
    size_t n = 0;
    for (size_t i = 0; i < data.schema.n; i++) {
        const nn_column *c = &data.schema.at[i];
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s %s", i ? ", " : "", c->name,
                              nn_column_kind_name((int)c->kind));
        for (size_t k = 0; k < c->levels.n && n < sizeof text; k++)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s%s", k ? " " : " [", c->levels.at[k],
                                  k + 1 < c->levels.n ? "" : "]");
    }
    if (strcmp(text, wanted) != 0)
        ck_abort_msg("line %d: %s\nin place of %s", line, text, wanted);
}
