/* Metrics: an outcome is checked, its rows are counted, and the rows of the table make the figures. */
#include "room.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *nn_task_name(nn_task task)
{
    static const char *const names[NN_TASK_COUNT] = {"classes", "scores", "several labels", "regression"};
    return (unsigned)task < NN_TASK_COUNT ? names[task] : "unknown task";
}

double nn_number_in(const void *array, nn_element element, size_t i)
{
    switch (element) {
#define CASE(name, text, type)                                                                                         \
    case name: return (double)((const type *)array)[i];
        NN_ELEMENT_LIST(CASE)
#undef CASE
    default: return (double)NAN;
    }
}

double nn_probability_of(const nn_metrics *m, int64_t row, int64_t column)
{
    return nn_number_in(m->of.probabilities, m->of.element, (size_t)(row * m->of.columns + column));
}

/* ---- The table --------------------------------------------------------------------------------------------------- */

static const nn_metric_rows *const files[] = {&nn_rows_by_counts, &nn_rows_by_probabilities, &nn_rows_by_scores,
                                              &nn_rows_of_regression};
enum { FILES = sizeof files / sizeof files[0] };

size_t nn_metric_count(void)
{
    size_t count = 0;
    for (int i = 0; i < FILES; i++)
        count += files[i]->count;
    return count;
}

/* Row `index` of the table, and the rows of its file. */
static const nn_metric_row *row_at(size_t index, const nn_metric_rows **rows)
{
    int i = 0;
    while (index >= files[i]->count)
        index -= files[i++]->count;
    *rows = files[i];
    return &files[i]->at[index];
}

const nn_metric *nn_metric_at(size_t index)
{
    const nn_metric_rows *rows;
    return index < nn_metric_count() ? &row_at(index, &rows)->shown : NULL;
}

/* The row, if an outcome has its figure; else NULL. */
static const nn_metric_row *row_of(const nn_outcome *of, size_t index)
{
    const nn_metric_rows *rows;
    const nn_metric_row *row = row_at(index, &rows);
    if (row->shown.task != of->task || (of->task == NN_CLASSES && rows->need_probabilities && !of->probabilities))
        return NULL;
    const nn_class_count count = of->columns == 2 ? NN_TWO_CLASSES : NN_MORE_CLASSES;
    return row->classes == NN_ANY_CLASSES || row->classes == count ? row : NULL;
}

/* ---- Checking ---------------------------------------------------------------------------------------------------- */

static bool fail(nn_metrics *m, ad_status status, const char *format, ...) AD_PRINTF(3, 4);

static bool fail(nn_metrics *m, ad_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(m->message, sizeof m->message, format, arguments);
    va_end(arguments);
    m->status = status;
    return false;
}

static bool has_arrays(nn_metrics *m)
{
    const nn_outcome *o = &m->of;
    const bool regression = o->task == NN_REGRESSION;
    if (o->rows == 0)
        return true;
    if (!regression && !o->labels)
        return fail(m, AD_BAD_VALUE, "metrics: labels is NULL; give what is true of each row");
    if (regression && !(o->targets && o->predictions))
        return fail(m, AD_BAD_VALUE, "metrics: %s is NULL; a regression needs targets and predictions",
                    o->targets ? "predictions" : "targets");
    if (o->task == NN_SCORES && !o->scores)
        return fail(m, AD_BAD_VALUE, "metrics: scores is NULL; give a score for each row");
    if (o->task == NN_CLASSES && !o->probabilities && !o->predicted)
        return fail(m, AD_BAD_VALUE, "metrics: probabilities and predicted are both NULL; give one of them");
    if (o->task == NN_LABELS && !o->probabilities)
        return fail(m, AD_BAD_VALUE, "metrics: probabilities is NULL; give one for each row and label");
    return true;
}

static bool check_sizes(nn_metrics *m)
{
    const nn_outcome *o = &m->of;
    const int64_t least = o->task == NN_CLASSES ? 2 : 1;
    if ((unsigned)o->task >= NN_TASK_COUNT)
        return fail(m, AD_BAD_VALUE, "metrics: %d is no task: use NN_CLASSES or another of the list", (int)o->task);
    if (nn_element_bytes(o->element) == 0)
        return fail(m, AD_BAD_TYPE, "metrics: %d is no element type: use NN_F32 or another of the list",
                    (int)o->element);
    if (o->rows < 0)
        return fail(m, AD_BAD_SHAPE, "metrics: %" PRId64 " rows: there are 0 or more", o->rows);
    if (o->columns < least || o->columns > INT32_MAX)
        return fail(m, AD_BAD_SHAPE, "metrics: %" PRId64 " columns: %s has %" PRId64 " to 2147483647", o->columns,
                    o->task == NN_CLASSES ? "a classification, whose columns are its classes," : "this task", least);
    if (!ad_multiply_sizes((size_t)o->rows, (size_t)o->columns * sizeof(nn_scored), NULL))
        return fail(m, AD_BAD_SHAPE, "metrics: %" PRId64 " rows of %" PRId64 " columns are too many to count", o->rows,
                    o->columns);
    return has_arrays(m);
}

/* Integers in 0..last. */
static bool check_integers(nn_metrics *m, const char *what, const int32_t *x, int64_t columns, int64_t last)
{
    for (int64_t i = 0; x && i < m->of.rows * columns; i++)
        if (x[i] < 0 || x[i] > last)
            return fail(m, AD_BAD_VALUE, "metrics: %s of row %" PRId64 "%s is %" PRId32 ": it must be 0 to %" PRId64,
                        what, i / columns, columns > 1 ? " (one of its columns)" : "", x[i], last);
    return true;
}

/* Reals in [low, high]; infinities are allowed if these are infinite. */
static bool check_reals(nn_metrics *m, const char *what, const void *x, int64_t columns, double low, double high)
{
    for (int64_t i = 0; x && i < m->of.rows * columns; i++) {
        const double value = nn_number_in(x, m->of.element, (size_t)i);
        if (value >= low && value <= high)
            continue;
        const char *range = low == 0     ? "it must be 0 to 1"
                            : isinf(low) ? "it must be a number or an infinity"
                                         : "it must be finite";
        return fail(m, isnan(value) ? AD_NOT_FINITE : AD_BAD_VALUE,
                    "metrics: %s of row %" PRId64 ", column %" PRId64 " is %g: %s", what, i / columns, i % columns,
                    value, range);
    }
    return true;
}

static bool check_weights(nn_metrics *m)
{
    const double *w = m->of.weights;
    nn_total sum = {0};
    for (int64_t row = 0; row < m->of.rows; row++) {
        if (w && !(w[row] >= 0 && isfinite(w[row])))
            return fail(m, isnan(w[row]) ? AD_NOT_FINITE : AD_BAD_VALUE,
                        "metrics: the weight of row %" PRId64 " is %g: it must be finite and at least 0", row, w[row]);
        nn_add(&sum, nn_weight_at(&m->of, row));
        m->counted += nn_weight_at(&m->of, row) > 0;
    }
    m->weight = nn_total_of(&sum);
    if (!isfinite(m->weight))
        return fail(m, AD_BAD_VALUE, "metrics: the weights add up to more than f64 holds; scale them down");
    if (m->of.rows > 0 && m->counted == 0)
        return fail(m, AD_BAD_VALUE, "metrics: all %" PRId64 " weights are 0; give some row a weight", m->of.rows);
    return true;
}

static bool check_numbers(nn_metrics *m)
{
    const nn_outcome *o = &m->of;
    switch (o->task) {
    case NN_CLASSES:
        return check_integers(m, "the label", o->labels, 1, o->columns - 1) &&
               check_integers(m, "the predicted class", o->predicted, 1, o->columns - 1) &&
               check_reals(m, "the probability", o->probabilities, o->columns, 0, 1);
    case NN_SCORES:
        return check_integers(m, "the label", o->labels, 1, 1) &&
               check_reals(m, "the score", o->scores, 1, (double)-INFINITY, (double)INFINITY);
    case NN_LABELS:
        return check_integers(m, "the label", o->labels, o->columns, 1) &&
               check_reals(m, "the probability", o->probabilities, o->columns, 0, 1);
    default:
        return check_reals(m, "the target", o->targets, o->columns, -DBL_MAX, DBL_MAX) &&
               check_reals(m, "the prediction", o->predictions, o->columns, -DBL_MAX, DBL_MAX);
    }
}

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

/* So many elements of an array of the object; 0: the task does not need it. */
typedef struct array {
    void **at;
    size_t count, bytes;
} array;

enum { N_ARRAYS = 9 };

/* The arrays of m for its sizes, each with where it is kept. */
static void list_arrays(nn_metrics *m, array arrays[N_ARRAYS])
{
    const nn_task task = m->of.task;
    const size_t rows = (size_t)m->of.rows, columns = (size_t)m->of.columns;
    const bool counts = task == NN_CLASSES || task == NN_LABELS;
    const array all[N_ARRAYS] = {
        {(void **)&m->table, m->n_table, sizeof *m->table},
        {(void **)&m->hits, counts ? columns : 0, sizeof *m->hits},
        {(void **)&m->alarms, counts ? columns : 0, sizeof *m->alarms},
        {(void **)&m->misses, counts ? columns : 0, sizeof *m->misses},
        {(void **)&m->predicted, counts ? rows * (task == NN_LABELS ? columns : 1) : 0, sizeof *m->predicted},
        {(void **)&m->ranked, task == NN_REGRESSION ? 0 : rows, sizeof *m->ranked},
        {(void **)&m->figures, m->n_figures, sizeof *m->figures},
        {(void **)&m->values, m->n_values, sizeof *m->values},
        {(void **)&m->defined, m->n_values, sizeof *m->defined},
    };
    memcpy(arrays, all, sizeof all);
}

static void drop_arrays(nn_metrics *m)
{
    array arrays[N_ARRAYS];
    list_arrays(m, arrays);
    for (int i = 0; i < N_ARRAYS; i++) {
        ad_memory_release(&m->memory, *arrays[i].at, arrays[i].count, arrays[i].bytes);
        *arrays[i].at = NULL;
    }
    m->n_figures = 0;
}

static bool take_arrays(nn_metrics *m)
{
    array arrays[N_ARRAYS];
    list_arrays(m, arrays);
    for (int i = 0; i < N_ARRAYS; i++) {
        *arrays[i].at = ad_memory_take(&m->memory, arrays[i].count, arrays[i].bytes);
        if (!*arrays[i].at) {
            drop_arrays(m);
            return fail(m, AD_NO_MEMORY,
                        "metrics: no memory for the figures of %" PRId64 " rows and %" PRId64 " columns", m->of.rows,
                        m->of.columns);
        }
        memset(*arrays[i].at, 0, arrays[i].count * arrays[i].bytes);
    }
    return true;
}

static ad_shape shape_of(const nn_outcome *of, nn_figure_kind kind)
{
    const int64_t columns = of->columns;
    switch (kind) {
    case NN_ONE: return AD_SCALAR;
    case NN_EACH: return AD_SHAPE(columns);
    case NN_RANKS: return AD_SHAPE(columns - 1);
    default: return of->task == NN_CLASSES ? AD_SHAPE(columns, columns) : AD_SHAPE(columns, 2, 2);
    }
}

/* The elements of a shape; false if they cannot be counted. */
static bool count_of(const ad_shape *shape, size_t *count)
{
    *count = 1;
    for (int axis = 0; axis < shape->rank; axis++)
        if (!ad_multiply_sizes(*count, (size_t)shape->dims[axis], count))
            return false;
    return ad_multiply_sizes(*count, sizeof(nn_total), NULL);
}

static bool count_values(nn_metrics *m)
{
    const ad_shape table = shape_of(&m->of, NN_TABLE);
    if (m->of.task == NN_CLASSES || m->of.task == NN_LABELS)
        if (!count_of(&table, &m->n_table))
            return fail(m, AD_NO_MEMORY, "metrics: the table of confusion of %" PRId64 " classes is too large",
                        m->of.columns);
    for (size_t i = 0; i < nn_metric_count(); i++) {
        const nn_metric_row *row = row_of(&m->of, i);
        if (!row)
            continue;
        const ad_shape shape = shape_of(&m->of, row->kind);
        size_t count = 0;
        count_of(&shape, &count);
        m->n_figures++;
        m->n_values += count;
    }
    return true;
}

/* ---- Counting ---------------------------------------------------------------------------------------------------- */

static int32_t most_probable(const nn_outcome *of, int64_t row)
{
    const size_t k = (size_t)of->columns, first = (size_t)row * k;
    size_t best = 0;
    for (size_t j = 1; j < k; j++)
        if (nn_number_in(of->probabilities, of->element, first + j) >
            nn_number_in(of->probabilities, of->element, first + best))
            best = j;
    return (int32_t)best;
}

static void count_classes(nn_metrics *m)
{
    const nn_outcome *o = &m->of;
    const size_t k = (size_t)o->columns;
    for (int64_t row = 0; row < o->rows; row++) {
        m->predicted[row] = o->predicted ? o->predicted[row] : most_probable(o, row);
        nn_add(&m->table[(size_t)o->labels[row] * k + (size_t)m->predicted[row]], nn_weight_at(o, row));
    }
    for (size_t i = 0; i < k; i++) {
        nn_total row = {0}, column = {0};
        for (size_t j = 0; j < k; j++) {
            nn_add(&row, j == i ? 0 : nn_total_of(&m->table[i * k + j]));
            nn_add(&column, j == i ? 0 : nn_total_of(&m->table[j * k + i]));
        }
        m->hits[i] = nn_total_of(&m->table[i * k + i]);
        m->misses[i] = nn_total_of(&row);
        m->alarms[i] = nn_total_of(&column);
    }
}

static void count_labels(nn_metrics *m)
{
    const nn_outcome *o = &m->of;
    const size_t n = (size_t)o->columns;
    for (size_t i = 0; i < (size_t)o->rows * n; i++) {
        m->predicted[i] = nn_number_in(o->probabilities, o->element, i) >= 0.5;
        nn_add(&m->table[i % n * 4 + 2 * (size_t)o->labels[i] + (size_t)m->predicted[i]],
               nn_weight_at(o, (int64_t)(i / n)));
    }
    for (size_t i = 0; i < n; i++) {
        m->alarms[i] = nn_total_of(&m->table[4 * i + 1]);
        m->misses[i] = nn_total_of(&m->table[4 * i + 2]);
        m->hits[i] = nn_total_of(&m->table[4 * i + 3]);
    }
}

static void compute_figures(nn_metrics *m)
{
    if (m->of.task == NN_CLASSES)
        count_classes(m);
    else if (m->of.task == NN_LABELS)
        count_labels(m);
    nn_figure_room *f = m->figures;
    size_t used = 0;
    for (size_t i = 0; i < nn_metric_count(); i++) {
        const nn_metric_row *row = row_of(&m->of, i);
        if (!row)
            continue;
        *f = (nn_figure_room){
            .row = row, .shape = shape_of(&m->of, row->kind), .values = m->values + used, .defined = m->defined + used};
        count_of(&f->shape, &f->count);
        used += f->count;
        row->compute(m, f++);
    }
}

/* ---- The object -------------------------------------------------------------------------------------------------- */

nn_metrics *nn_metrics_open(const nn_outcome *outcome, const ad_allocator *allocator)
{
    ad_memory memory = ad_memory_over(allocator);
    nn_metrics *m = ad_memory_take(&memory, 1, sizeof *m);
    if (!m)
        return NULL;
    *m = (nn_metrics){.memory = memory};
    if (!outcome) {
        fail(m, AD_BAD_VALUE, "metrics: the outcome is NULL; say what is true and what was predicted");
        return m;
    }
    m->of = *outcome;
    if (m->of.task == NN_SCORES)
        m->of.columns = 1;
    if (check_sizes(m) && check_numbers(m) && check_weights(m) && count_values(m) && take_arrays(m))
        compute_figures(m);
    return m;
}

void nn_metrics_close(nn_metrics *metrics)
{
    if (!metrics)
        return;
    drop_arrays(metrics);
    ad_memory memory = metrics->memory; /* a copy: the meter must outlive the block that it is in */
    ad_memory_release(&memory, metrics, 1, sizeof *metrics);
}

ad_status nn_metrics_status(const nn_metrics *metrics) { return metrics ? metrics->status : AD_BAD_HANDLE; }

const char *nn_metrics_message(const nn_metrics *metrics)
{
    return metrics ? metrics->message : "the metrics are NULL; memory for them was out";
}

size_t nn_metrics_count(const nn_metrics *metrics) { return metrics && metrics->figures ? metrics->n_figures : 0; }

const int32_t *nn_metrics_predicted(const nn_metrics *metrics)
{
    const bool has = metrics && (metrics->of.task == NN_CLASSES || metrics->of.task == NN_LABELS);
    return has ? metrics->predicted : NULL;
}

static nn_figure not_there(const char *name, const char *why)
{
    static const double none[1];
    static const bool not_defined[1];
    return (nn_figure){
        .name = name, .shape = AD_SCALAR, .count = 1, .values = none, .defined = not_defined, .undefined = why};
}

nn_figure nn_metrics_at(const nn_metrics *metrics, size_t index)
{
    if (index >= nn_metrics_count(metrics))
        return not_there("", "there is no figure of this index");
    const nn_figure_room *f = &metrics->figures[index];
    return (nn_figure){.name = f->row->shown.name,
                       .shape = f->shape,
                       .count = f->count,
                       .values = f->values,
                       .defined = f->defined,
                       .undefined = f->undefined,
                       .value = f->count > 0 ? f->values[0] : 0};
}

nn_figure nn_metrics_figure(const nn_metrics *metrics, const char *name)
{
    for (size_t i = 0; name && i < nn_metrics_count(metrics); i++)
        if (!strcmp(metrics->figures[i].row->shown.name, name))
            return nn_metrics_at(metrics, i);
    if (!metrics || metrics->status != AD_OK)
        return not_there(name ? name : "", "there are no figures: nn_metrics_message says why");
    bool is_known = false, is_of_task = false;
    for (size_t i = 0; name && i < nn_metric_count(); i++)
        if (!strcmp(nn_metric_at(i)->name, name)) {
            is_known = true;
            is_of_task |= nn_metric_at(i)->task == metrics->of.task;
        }
    return not_there(name ? name : "", is_of_task ? "it needs probabilities, or another number of classes"
                                       : is_known ? "it is of another task"
                                                  : "no metric has this name: nn_metric_at lists them");
}
