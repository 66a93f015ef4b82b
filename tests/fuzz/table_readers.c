/* Readers of tables as text, CSV and LIBSVM, and of options. */
#include "table_readers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/options.h>

#include "file_of_bytes.h"

/* ---- CSV --------------------------------------------------------------------------------------------------------- */

#define TEXTS(...)                                                                                                     \
    {                                                                                                                  \
        (const char *const[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)                     \
    }

/* The next byte of an input chooses one of them. */
static const nn_csv_options tables[] = {
    {.keep_missing = true},
    {.label = "1"},
    {.label = "1", .categorical = TEXTS("auto"), .missing = TEXTS("?", "NA"), .keep_missing = true},
    {.no_header = true, .delimiter = ";", .decimal = ",", .label = "1", .as_f32 = true},
    {.delimiter = "tab", .ids = TEXTS("1", "4"), .weight = "2", .header = true, .targets = TEXTS("3")},
    {.ignored = TEXTS("1"), .categorical = TEXTS("2", "3"), .keep_missing = true, .no_header = true},
    {.categorical = TEXTS("auto"), .numeric = TEXTS("2"), .keep_missing = true},
};

static void check_texts(const char *const *texts, int64_t n)
{
    for (int64_t i = 0; texts && i < n; i++)
        FUZZ_HOLDS(!texts[i] || strlen(texts[i]) <= FUZZ_FILE_BYTES);
}

/* A table that was read can be copied, and is read again by its own schema, with as many rows. */
static void check_table(nn_dataset *set, const char *path, const nn_csv_options *options)
{
    const nn_data data = nn_dataset_data(set);
    nn_dataset *other = nn_dataset_open(NULL);
    check_texts(data.label_texts, data.rows);
    check_texts(data.ids, data.rows * data.n_ids);
    FUZZ_HOLDS(data.rows > 0 && nn_dataset_copy(other, &data) == AD_OK);
    nn_csv_options like = {.like = data.schema,
                           .delimiter = options->delimiter,
                           .decimal = options->decimal,
                           .no_header = options->no_header,
                           .header = options->header,
                           .missing = options->missing,
                           .keep_missing = true};
    if (nn_dataset_read_csv(other, path, &like) == AD_OK)
        FUZZ_HOLDS(nn_dataset_data(other).rows == data.rows);
    nn_dataset_close(other);
}

/* What is read has a report without errors, and as many rows. */
static void check_report(const char *path, const nn_csv_options *options, const nn_data *data)
{
    nn_csv_look *look = nn_csv_look_at(path, options, NULL);
    const nn_csv_report *report = nn_csv_look_report(look);
    if (data) {
        FUZZ_HOLDS(report && report->rows == data->rows);
        for (size_t i = 0; i < report->n; i++)
            FUZZ_HOLDS(!report->at[i].refused);
    }
    nn_csv_look_close(look);
    FILE *nowhere = fopen("/dev/null", "w");
    FUZZ_HOLDS(nowhere);
    nn_print_csv(path, options, nowhere);
    fclose(nowhere);
}

void fuzz_read_csv(const uint8_t *bytes, size_t n)
{
    if (n == 0)
        return;
    char path[64];
    nn_dataset *set = nn_dataset_open(NULL);
    const nn_csv_options *options = &tables[bytes[0] % (sizeof tables / sizeof *tables)];
    const int file = fuzz_make_file(bytes + 1, n - 1, path);
    const bool is_read = nn_dataset_read_csv(set, path, options) == AD_OK;
    const nn_data data = nn_dataset_data(set);
    FUZZ_HOLDS(is_read == (nn_dataset_message(set)[0] == 0));
    if (is_read)
        check_table(set, path, options);
    check_report(path, options, is_read ? &data : NULL);
    nn_dataset_close(set);
    fuzz_close_file(file);
}

/* ---- LIBSVM ------------------------------------------------------------------------------------------------------ */

/* An index may ask for more memory than there is: a file need not be long for that. */
static void *take_some(void *context, size_t bytes)
{
    (void)context;
    return bytes <= (size_t)1 << 26 ? malloc(bytes) : NULL;
}

static void give_back(void *context, void *block, size_t bytes)
{
    (void)context;
    (void)bytes;
    free(block);
}

/* As a file, and as a FILE. */
void fuzz_read_libsvm(const uint8_t *bytes, size_t n)
{
    char path[64];
    const ad_allocator some = {take_some, give_back, NULL};
    nn_dataset *set = nn_dataset_open(&(nn_dataset_options){.allocator = &some});
    const int64_t columns = n % 2 ? 0 : 5;
    const int file = fuzz_make_file(bytes, n, path);
    const ad_status status = nn_dataset_read_libsvm(set, path, columns);
    const int64_t rows = nn_dataset_data(set).rows;
    FILE *stream = fopen(path, "rb");
    FUZZ_HOLDS(stream);
    FUZZ_HOLDS(nn_dataset_read_libsvm_stream(set, (nn_stream){.file = stream}, columns) == status);
    FUZZ_HOLDS(nn_dataset_data(set).rows == rows);
    fclose(stream);
    nn_dataset_close(set);
    fuzz_close_file(file);
}

/* ---- Options ----------------------------------------------------------------------------------------------------- */

/* What an estimator says of its options is read again, and said again. */
static void check_settings(const nn_classifier_options *options)
{
    nn_classifier *c = nn_classifier_open(options);
    if (nn_classifier_status(c) == AD_OK) {
        const char *settings = nn_classifier_settings(c);
        nn_options *again = nn_options_parse(settings, NN_CLASSIFIER, NULL);
        FUZZ_HOLDS(nn_options_status(again) == AD_OK);
        nn_classifier *other = nn_classifier_open(nn_options_classifier(again));
        FUZZ_HOLDS(strcmp(settings, nn_classifier_settings(other)) == 0);
        nn_classifier_close(other);
        nn_options_close(again);
    }
    nn_classifier_close(c);
}

void fuzz_read_options(const uint8_t *bytes, size_t n)
{
    char *text = malloc(n + 1);
    FUZZ_HOLDS(text);
    if (n)
        memcpy(text, bytes, n);
    text[n] = 0;
    for (int kind = 0; kind < NN_OPTIONS_COUNT; kind++) {
        nn_options *o = nn_options_parse(text, (nn_options_kind)kind, NULL);
        FUZZ_HOLDS(o && (nn_options_status(o) == AD_OK) == (nn_options_message(o)[0] == 0));
        if (nn_options_classifier(o))
            check_settings(nn_options_classifier(o));
        if (nn_options_regressor(o))
            nn_regressor_close(nn_regressor_open(nn_options_regressor(o)));
        nn_options_close(o);
    }
    free(text);
}
