/* The reader of models. */
#define _GNU_SOURCE /* memmem */
#include "model_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <gradtape/model.h>
#include <gradtape/options.h>

#include "file_of_bytes.h"

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

/* How much is taken, and how much may be: a step of many rows or inputs may ask for more than there is. */
typedef struct meter {
    size_t bytes, peak;
} meter;

enum { MOST = 1 << 28 };

static void *take(void *context, size_t bytes)
{
    meter *m = context;
    if (bytes > m->peak && bytes > MOST)
        m->peak = bytes;
    void *block = bytes <= MOST - m->bytes ? malloc(bytes) : NULL;
    m->bytes += block ? bytes : 0;
    m->peak = m->bytes > m->peak ? m->bytes : m->peak;
    return block;
}

static void give_back(void *context, void *block, size_t bytes)
{
    meter *m = context;
    m->bytes -= bytes;
    free(block);
}

/* Layers, copies of a list counted, are at most 10,000 of about 1 KB; all else is in proportion to the file. */
static void check_memory(const meter *m, size_t n) { FUZZ_HOLDS(m->peak <= 1000 * n + ((size_t)1 << 24)); }

/* ---- A row ------------------------------------------------------------------------------------------------------- */

/* As many numbers as a file of an input has room for. */
enum { NUMBERS = 4096 };

/* A row of zeros, and what is true of it: the first label that the options name, or zeros. */
typedef struct row {
    float features[NUMBERS];
    int32_t labels[NUMBERS];
    double targets[NUMBERS];
    const char *text;
    nn_options *options;
    nn_data data;
} row;

/* The features of a row are as many as the tensor of means has. */
static int64_t count_columns(const nn_model_info *info)
{
    for (size_t i = 0; i < info->n_tensors; i++)
        if (!strcmp(info->tensors[i].name, "gradtape.fill") && info->tensors[i].rank == 1)
            return info->tensors[i].sizes[0];
    return 0;
}

/* A file that is loaded has proved how many columns, classes and targets there are: there is room for them. */
static void fill_row(row *r, const nn_model_info *info, bool is_classifier)
{
    r->options = nn_options_parse(info->options, is_classifier ? NN_CLASSIFIER : NN_REGRESSOR, NULL);
    const nn_classifier_options *c = nn_options_classifier(r->options);
    const nn_regressor_options *g = nn_options_regressor(r->options);
    FUZZ_HOLDS(c || g);
    r->data = (nn_data){.features = r->features, .rows = 1, .columns = count_columns(info), .targets = r->targets};
    r->data.target_element = NN_F64;
    r->data.n_targets = g ? g->n_targets : 1;
    FUZZ_HOLDS(r->data.columns <= NUMBERS && r->data.n_targets <= NUMBERS);
    if (c && c->label_texts.n) {
        r->text = c->label_texts.at[0];
        r->data.label_texts = &r->text;
    } else if (c) {
        r->labels[0] = c->label_integers.n ? c->label_integers.at[0] : 0;
        r->data.labels = r->labels;
    }
}

/* ---- Using ------------------------------------------------------------------------------------------------------- */

/* A file may say that more steps were made than can be counted, or one less, so that a step more is too many. */
static bool has_counted_too_far(const char *message) { return strstr(message, "whole number") != NULL; }

/* Save what was loaded, and load it again, which must be possible. */
static void save_classifier(const nn_classifier *c, const nn_load_options *load)
{
    char path[64];
    snprintf(path, sizeof path, "/dev/shm/gradtape-fuzz-%ld", (long)getpid());
    if (nn_classifier_save(c, path, NULL) != AD_OK)
        return;
    nn_classifier *again = nn_classifier_load(path, load);
    FUZZ_HOLDS(again && (nn_classifier_status(again) == AD_OK || has_counted_too_far(nn_classifier_message(again))));
    nn_classifier_close(again);
    unlink(path);
}

static void save_regressor(const nn_regressor *g, const nn_load_options *load)
{
    char path[64];
    snprintf(path, sizeof path, "/dev/shm/gradtape-fuzz-%ld", (long)getpid());
    if (nn_regressor_save(g, path, NULL) != AD_OK)
        return;
    nn_regressor *again = nn_regressor_load(path, load);
    FUZZ_HOLDS(again && (nn_regressor_status(again) == AD_OK || has_counted_too_far(nn_regressor_message(again))));
    nn_regressor_close(again);
    unlink(path);
}

static void use_classifier(const char *path, size_t n, const nn_model_info *info)
{
    meter m = {0};
    row r = {.text = NULL};
    float z[NUMBERS];
    const ad_allocator allocator = {take, give_back, &m};
    const nn_load_options load = {.allocator = &allocator};
    nn_classifier *c = nn_classifier_load(path, &load);
    check_memory(&m, n);
    if (nn_classifier_status(c) == AD_OK) {
        save_classifier(c, &load);
        fill_row(&r, info, true);
        nn_classifier_predict_proba(c, &r.data, z);
        r.data.schema = nn_classifier_schema(c);
        nn_classifier_evaluate(c, &r.data);
        nn_classifier_clear_error(c);
        nn_classifier_fit(c, &r.data, &(nn_fit_options){.steps = 1, .watch_every = 1});
        save_classifier(c, &load);
        nn_options_close(r.options);
    } else
        FUZZ_HOLDS(nn_classifier_message(c)[0]);
    nn_classifier_close(c);
    FUZZ_HOLDS(m.bytes == 0);
}

static void use_regressor(const char *path, size_t n, const nn_model_info *info)
{
    meter m = {0};
    row r = {.text = NULL};
    float z[NUMBERS];
    const ad_allocator allocator = {take, give_back, &m};
    const nn_load_options load = {.allocator = &allocator};
    nn_regressor *g = nn_regressor_load(path, &load);
    check_memory(&m, n);
    if (nn_regressor_status(g) == AD_OK) {
        save_regressor(g, &load);
        fill_row(&r, info, false);
        nn_regressor_predict(g, &r.data, z);
        r.data.schema = nn_regressor_schema(g);
        nn_regressor_evaluate(g, &r.data);
        nn_regressor_clear_error(g);
        nn_regressor_fit(g, &r.data, &(nn_fit_options){.steps = 1, .watch_every = 1});
        save_regressor(g, &load);
        nn_options_close(r.options);
    } else
        FUZZ_HOLDS(nn_regressor_message(g)[0]);
    nn_regressor_close(g);
    FUZZ_HOLDS(m.bytes == 0);
}

/* ---- Mending ----------------------------------------------------------------------------------------------------- */

/* The header ends with the first newline, and the checksum is right, with its own digits counted as 0. */
static void mend(uint8_t *bytes, size_t n)
{
    static const char key[] = "\"checksum\":\"";
    char digits[9];
    const uint8_t *newline = n > 8 ? memchr(bytes + 8, '\n', n - 8) : NULL;
    uint8_t *checksum = newline ? memmem(bytes + 8, (size_t)(newline - bytes - 8), key, sizeof key - 1) : NULL;
    if (newline) {
        const uint64_t length = (uint64_t)(newline - bytes) - 7;
        for (int i = 0; i < 8; i++)
            bytes[i] = (uint8_t)(length >> 8 * i);
    }
    if (!checksum || newline - checksum < (ptrdiff_t)sizeof key + 8)
        return;
    memset(checksum + sizeof key - 1, '0', 8);
    snprintf(digits, sizeof digits, "%08lx", crc32(crc32(0, NULL, 0), bytes, (unsigned)n));
    memcpy(checksum + sizeof key - 1, digits, 8);
}

void fuzz_read_model(const uint8_t *bytes, size_t n)
{
    char path[64];
    uint8_t *mended = malloc(n + 1);
    FILE *nowhere = fopen("/dev/null", "w");
    FUZZ_HOLDS(mended && nowhere);
    if (n)
        memcpy(mended, bytes, n);
    mend(mended, n);
    const int file = fuzz_make_file(mended, n, path);
    nn_model_info *info = nn_model_look(path, NULL);
    FUZZ_HOLDS(info);
    nn_print_model(path, nowhere);
    use_classifier(path, n, info);
    use_regressor(path, n, info);
    nn_model_info_close(info);
    fuzz_close_file(file);
    fclose(nowhere);
    free(mended);
}
