/* LIBSVM's text, which svmlight began: LABEL INDEX:VALUE INDEX:VALUE ... # comment. What is in the file is kept as it
 * comes, features that are not 0 only; at its end, when the number of columns is known, they become rows. */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "../lengthen.h"
#include "decimal.h"
#include "lines.h"

static const char again[] = "check the path, or write it again";

/* A feature of a line. */
typedef struct feature {
    int32_t index; /* from 1 */
    float value;
} feature;

/* An array that grows. */
typedef struct list {
    void *at;
    size_t n, room, bytes; /* of an element */
} list;

typedef struct reader {
    nn_lines lines;
    int64_t columns;  /* that the caller gave, or 0 */
    int32_t largest;  /* index */
    int64_t its_line; /* where that is */
    bool is_whole;    /* every label is a whole number that fits i32 */
    list labels;      /* double */
    list ends;        /* size_t: of each row, in `features` */
    list features;    /* feature */
} reader;

static ad_memory *memory_of(const reader *r) { return &r->lines.source->dataset->memory; }

/* ---- Lists ------------------------------------------------------------------------------------------------------- */

static ad_status widen(const reader *r, list *l)
{
    const size_t wider = l->room ? 2 * l->room : 1024;
    void *at = nn_lengthen(memory_of(r), l->at, l->n, l->room, wider, l->bytes);
    if (!at)
        return nn_source_fail_memory(r->lines.source, wider * l->bytes);
    l->at = at;
    l->room = wider;
    return AD_OK;
}

static ad_status append(const reader *r, list *l, const void *element)
{
    ad_status status = l->n == l->room ? widen(r, l) : AD_OK;
    if (status == AD_OK)
        memcpy((char *)l->at + l->n++ * l->bytes, element, l->bytes);
    return status;
}

static void drop(const reader *r, list *l) { ad_memory_release(memory_of(r), l->at, l->room, l->bytes); }

/* ---- Words ------------------------------------------------------------------------------------------------------- */

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    return at;
}

/* A word of the line in quotes, cut if it is long. */
static const char *show_word(char shown[NN_SHOWN_BYTES], const char *at, const char *end)
{
    const char *behind = at;
    while (behind < end && !is_blank(*behind))
        behind++;
    return nn_show_bytes(shown, at, (size_t)(behind - at));
}

/* Reads a number that ends where a word may. Returns where; NULL if it is none. */
static const char *read_number(const reader *r, const char *at, const char *end, double *x)
{
    const char *behind = nn_decimal_read(at, r->lines.limit, '.', x);
    return behind && (behind == end || (behind < end && is_blank(*behind))) ? behind : NULL;
}

/* ---- Labels ------------------------------------------------------------------------------------------------------ */

static ad_status fail_label(const reader *r, const char *at, const char *end)
{
    char shown[NN_SHOWN_BYTES];
    const char *behind = at;
    while (behind < end && !is_blank(*behind) && *behind != ':' && *behind != ',')
        behind++;
    show_word(shown, at, end);
    if (behind < end && *behind == ':')
        return nn_lines_fail(&r->lines,
                             "%s stands where the label is expected; begin each line with one, 0 if it is "
                             "not known",
                             shown);
    if (behind < end && *behind == ',')
        return nn_lines_fail(&r->lines, "%s: several labels of one row are not read; give one number", shown);
    return nn_lines_fail(&r->lines, "%s is not a number; begin each line with a label that is one", shown);
}

static ad_status read_label(reader *r, const char **at, const char *end)
{
    double label;
    char shown[NN_SHOWN_BYTES];
    const char *behind = read_number(r, *at, end, &label);
    if (!behind)
        return fail_label(r, *at, end);
    if (isinf(label))
        return nn_lines_fail(&r->lines, "label %s is too large for f64; scale the labels down",
                             show_word(shown, *at, end));
    r->is_whole = r->is_whole && label >= INT32_MIN && label <= INT32_MAX && floor(label) == label;
    *at = behind;
    return append(r, &r->labels, &label);
}

/* ---- Features ---------------------------------------------------------------------------------------------------- */

/* Reads an index, which stays too large if it is. Returns its end; NULL if there is no digit. */
static const char *read_index(const char *at, const char *end, int64_t *index)
{
    const char *first = at;
    for (*index = 0; at < end && *at >= '0' && *at <= '9'; at++)
        *index = *index <= INT32_MAX ? 10 * *index + (*at - '0') : *index;
    return at > first ? at : NULL;
}

/* What is wrong with a word that is not INDEX:VALUE. */
static ad_status fail_word(const reader *r, const char *at, const char *end)
{
    char shown[NN_SHOWN_BYTES];
    const char *behind = at;
    while (behind < end && !is_blank(*behind) && *behind != ':')
        behind++;
    const bool has_colon = behind < end && *behind == ':';
    show_word(shown, at, end);
    if (!has_colon)
        return nn_lines_fail(&r->lines, "%s has no colon; write a feature as INDEX:VALUE, for instance 3:0.5", shown);
    if (behind - at == 3 && memcmp(at, "qid", 3) == 0)
        return nn_lines_fail(&r->lines,
                             "%s: groups of rows for ranking are not supported; take the qid out of each "
                             "line to learn its label",
                             shown);
    int64_t index;
    if (read_index(at, end, &index) != behind)
        return nn_lines_fail(&r->lines, "%s: its index is not a whole number; write one from 1 on before the colon",
                             shown);
    return nn_lines_fail(&r->lines, "%s: its value is not a number; write one, for instance 0.5, behind the colon",
                         shown);
}

static ad_status check_index(const reader *r, int64_t index, int64_t before, const char *shown)
{
    if (index == 0)
        return nn_lines_fail(&r->lines, "%s: indices begin at 1; add 1 to every index of the file", shown);
    if (index > INT32_MAX)
        return nn_lines_fail(&r->lines, "%s: its index is larger than %" PRId32 "; number the features from 1 on",
                             shown, INT32_MAX);
    if (index == before)
        return nn_lines_fail(&r->lines, "%s: index %" PRId64 " is there twice; keep one of them", shown, index);
    if (index < before)
        return nn_lines_fail(&r->lines, "%s stands behind index %" PRId64 "; sort the features of each line by index",
                             shown, before);
    if (r->columns > 0 && index > r->columns)
        return nn_lines_fail(&r->lines, "%s: columns is %" PRId64 "; set it to the largest index or more, or to 0",
                             shown, r->columns);
    return AD_OK;
}

/* Reads INDEX:VALUE. *before is the index of the feature before it. */
static ad_status read_feature(reader *r, const char **at, const char *end, int64_t *before)
{
    int64_t index;
    double value;
    char shown[NN_SHOWN_BYTES];
    const char *colon = read_index(*at, end, &index);
    const bool has_colon = colon && colon < end && *colon == ':';
    const char *behind = has_colon ? read_number(r, colon + 1, end, &value) : NULL;
    if (!behind)
        return fail_word(r, *at, end);
    if (index <= *before || index > INT32_MAX || (r->columns > 0 && index > r->columns))
        return check_index(r, index, *before, show_word(shown, *at, end));
    if (fabs(value) > FLT_MAX)
        return nn_lines_fail(&r->lines, "%s: its value does not fit f32; scale the feature down",
                             show_word(shown, *at, end));
    if (index > r->largest) {
        r->largest = (int32_t)index;
        r->its_line = r->lines.number;
    }
    *at = behind;
    *before = index;
    return append(r, &r->features, &(feature){.index = (int32_t)index, .value = (float)value});
}

/* A line may be blank, or have a comment only. */
static ad_status read_line(reader *r)
{
    int64_t before = 0;
    const char *at = r->lines.at, *end = memchr(at, '#', (size_t)(r->lines.end - at));
    end = end ? end : r->lines.end;
    at = skip_blanks(at, end);
    if (at == end)
        return AD_OK;
    if (r->labels.n == INT32_MAX)
        return nn_lines_fail(&r->lines, "more than %" PRId32 " rows; split the file", INT32_MAX);
    ad_status status = read_label(r, &at, end);
    while (status == AD_OK && (at = skip_blanks(at, end)) < end)
        status = read_feature(r, &at, end, &before);
    return status == AD_OK ? append(r, &r->ends, &r->features.n) : status;
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

static ad_status fail_size(const reader *r, const nn_data *data, const char *bytes)
{
    char why[64] = "columns asks for that";
    if (r->columns == 0)
        snprintf(why, sizeof why, "line %" PRId64 " has the largest index", r->its_line);
    return nn_dataset_fail(r->lines.source->dataset, AD_NO_MEMORY,
                           "%s: memory is out: [%" PRId64 ",%" PRId64 "] of f32 are %s bytes; %s",
                           r->lines.source->name, data->rows, data->columns, bytes, why);
}

static ad_status make_features(const reader *r, nn_data *data)
{
    char text[32];
    size_t count, bytes;
    if (!ad_multiply_sizes((size_t)data->rows, (size_t)data->columns, &count) ||
        !ad_multiply_sizes(count, sizeof(float), &bytes))
        return fail_size(r, data, "too many");
    float *x = ad_memory_take(memory_of(r), count, sizeof *x);
    snprintf(text, sizeof text, "%zu", bytes);
    if (!x)
        return fail_size(r, data, text);
    data->features = x;
    memset(x, 0, bytes);
    const feature *features = r->features.at;
    const size_t *ends = r->ends.at;
    size_t k = 0;
    for (int64_t i = 0; i < data->rows; i++, x += data->columns)
        for (; k < ends[i]; k++)
            x[features[k].index - 1] = features[k].value;
    return AD_OK;
}

static ad_status make_truth(const reader *r, nn_data *data)
{
    const size_t rows = r->labels.n;
    double *targets = ad_memory_take(memory_of(r), rows, sizeof *targets);
    if (!targets)
        return nn_source_fail_memory(r->lines.source, rows * sizeof *targets);
    data->targets = memcpy(targets, r->labels.at, rows * sizeof *targets);
    if (!r->is_whole)
        return AD_OK;
    int32_t *labels = ad_memory_take(memory_of(r), rows, sizeof *labels);
    if (!labels)
        return nn_source_fail_memory(r->lines.source, rows * sizeof *labels);
    for (size_t i = 0; i < rows; i++)
        labels[i] = (int32_t)targets[i];
    data->labels = labels;
    return AD_OK;
}

static ad_status make_rows(const reader *r, nn_data *data)
{
    const nn_source *s = r->lines.source;
    if (r->labels.n == 0)
        return nn_source_fail(s, "has no rows, only blank lines and comments; %s", again);
    if (r->columns == 0 && r->largest == 0)
        return nn_source_fail(s, "no line has a feature; give columns if all are 0");
    *data = (nn_data){.element = NN_F32,
                      .rows = (int64_t)r->labels.n,
                      .columns = r->columns ? r->columns : r->largest,
                      .target_element = NN_F64,
                      .n_targets = 1};
    ad_status status = make_features(r, data);
    return status == AD_OK ? make_truth(r, data) : status;
}

/* ---- The file ---------------------------------------------------------------------------------------------------- */

static ad_status read_lines(reader *r)
{
    bool has_line = true;
    ad_status status = AD_OK;
    while (status == AD_OK && has_line) {
        status = nn_lines_next(&r->lines, &has_line);
        if (status == AD_OK && has_line)
            status = read_line(r);
    }
    return status;
}

static ad_status read_all(nn_source *s, int64_t columns, nn_data *data)
{
    reader r = {.columns = columns,
                .is_whole = true,
                .labels = {.bytes = sizeof(double)},
                .ends = {.bytes = sizeof(size_t)},
                .features = {.bytes = sizeof(feature)}};
    ad_status status = nn_lines_open(&r.lines, s);
    if (status == AD_OK)
        status = read_lines(&r);
    if (status == AD_OK)
        status = make_rows(&r, data);
    nn_lines_close(&r.lines);
    drop(&r, &r.labels);
    drop(&r, &r.ends);
    drop(&r, &r.features);
    return status;
}

/* A source that was opened, well or not, with this status. */
static ad_status read_source(nn_source *s, int64_t columns, ad_status status)
{
    nn_dataset *dataset = s->dataset;
    nn_content fresh = nn_content_of(dataset);
    if (status == AD_OK)
        status = read_all(s, columns, &fresh.data);
    nn_source_close(s);
    return nn_dataset_settle(dataset, status, &fresh);
}

static ad_status fail_columns(nn_dataset *dataset, const char *function, int64_t columns)
{
    return nn_dataset_fail(dataset, AD_BAD_VALUE,
                           "%s: columns is %" PRId64 "; give the number of features, or 0 for the largest index",
                           function, columns);
}

ad_status nn_dataset_read_libsvm(nn_dataset *dataset, const char *path, int64_t columns)
{
    if (!dataset)
        return AD_BAD_HANDLE;
    nn_dataset_begin(dataset);
    if (!path)
        return nn_dataset_fail(dataset, AD_BAD_VALUE, "nn_dataset_read_libsvm: path is NULL; give that of a file");
    if (columns < 0)
        return fail_columns(dataset, "nn_dataset_read_libsvm", columns);
    nn_source s;
    return read_source(&s, columns, nn_source_open(&s, dataset, path, again));
}

ad_status nn_dataset_read_libsvm_stream(nn_dataset *dataset, nn_stream stream, int64_t columns)
{
    if (!dataset)
        return AD_BAD_HANDLE;
    nn_dataset_begin(dataset);
    if (!stream.file)
        return nn_dataset_fail(dataset, AD_BAD_VALUE,
                               "nn_dataset_read_libsvm_stream: stream has no FILE; give one that is open for reading");
    if (columns < 0)
        return fail_columns(dataset, "nn_dataset_read_libsvm_stream", columns);
    nn_source s;
    return read_source(&s, columns, nn_source_open_stream(&s, dataset, stream, again));
}
