/* Figures of classes and labels that only need to know what was called what. */
#include "room.h"

#include <math.h>

enum { PRECISION, RECALL, F1 };

static double precision_recall_f1(int which, double hits, double alarms, double misses)
{
    const double above = which == F1 ? 2 * hits : hits;
    const double below = above + (which == RECALL ? 0 : alarms) + (which == PRECISION ? 0 : misses);
    return below > 0 ? above / below : (double)NAN;
}

static double of_column(const nn_metrics *m, int which, size_t i)
{
    return precision_recall_f1(which, m->hits[i], m->alarms[i], m->misses[i]);
}

static double or_zero(double x) { return isnan(x) ? 0 : x; }

static double sum_of(const double *x, size_t n)
{
    nn_total sum = {0};
    for (size_t i = 0; i < n; i++)
        nn_add(&sum, x[i]);
    return nn_total_of(&sum);
}

static void accuracy(const nn_metrics *m, nn_figure_room *f)
{
    if (nn_has_rows(m, f))
        nn_give(f, 0, sum_of(m->hits, (size_t)m->of.columns) / m->weight);
}

static void accuracy_error(const nn_metrics *m, nn_figure_room *f)
{
    if (!nn_has_rows_for_error(m, f, 1))
        return;
    const double a = sum_of(m->hits, (size_t)m->of.columns) / m->weight;
    nn_give(f, 0, sqrt(a * (1 - a) / (double)m->counted));
}

static void accuracy_baseline(const nn_metrics *m, nn_figure_room *f)
{
    double most = 0;
    for (int64_t i = 0; i < m->of.columns; i++)
        most = fmax(most, m->hits[i] + m->misses[i]);
    if (nn_has_rows(m, f))
        nn_give(f, 0, most / m->weight);
}

/* The mean over the columns for which precision, recall or f1 is not 0 / 0. */
static void macro_defined(const nn_metrics *m, nn_figure_room *f)
{
    nn_total sum = {0};
    double n = 0;
    for (size_t i = 0; i < (size_t)m->of.columns; i++) {
        const double x = of_column(m, f->row->which, i);
        nn_add(&sum, or_zero(x));
        n += !isnan(x);
    }
    if (!nn_has_rows(m, f))
        return;
    if (n > 0)
        nn_give(f, 0, nn_total_of(&sum) / n);
    else
        nn_refuse(f, "it is 0 / 0 everywhere");
}

static void confusion(const nn_metrics *m, nn_figure_room *f)
{
    for (size_t i = 0; i < f->count; i++)
        nn_give(f, i, nn_total_of(&m->table[i]));
}

static void per_column(const nn_metrics *m, nn_figure_room *f)
{
    for (size_t i = 0; nn_has_rows(m, f) && i < f->count; i++)
        nn_give(f, i, or_zero(of_column(m, f->row->which, i)));
}

static void micro(const nn_metrics *m, nn_figure_room *f)
{
    const size_t n = (size_t)m->of.columns;
    const double hits = sum_of(m->hits, n), alarms = sum_of(m->alarms, n), misses = sum_of(m->misses, n);
    if (nn_has_rows(m, f))
        nn_give(f, 0, or_zero(precision_recall_f1(f->row->which, hits, alarms, misses)));
}

/* The mean over columns, each with a weight; 0 if these are all 0. */
static void give_mean_of_columns(const nn_metrics *m, nn_figure_room *f, bool by_rows)
{
    nn_total sum = {0}, weights = {0};
    for (size_t i = 0; i < (size_t)m->of.columns; i++) {
        const double weight = by_rows ? m->hits[i] + m->misses[i] : 1;
        nn_add(&sum, weight * or_zero(of_column(m, f->row->which, i)));
        nn_add(&weights, weight);
    }
    if (nn_has_rows(m, f))
        nn_give(f, 0, nn_total_of(&weights) > 0 ? nn_total_of(&sum) / nn_total_of(&weights) : 0);
}

static void macro(const nn_metrics *m, nn_figure_room *f) { give_mean_of_columns(m, f, false); }
static void weighted(const nn_metrics *m, nn_figure_room *f) { give_mean_of_columns(m, f, true); }

/* Gorodkin 2004; for two classes Matthews 1975. Shares of rows are summed, so that nothing overflows. */
static void matthews(const nn_metrics *m, nn_figure_room *f)
{
    nn_total hits = {0}, both = {0}, said = {0}, is = {0};
    if (!nn_has_rows(m, f))
        return;
    for (size_t i = 0; i < (size_t)m->of.columns; i++) {
        const double t = (m->hits[i] + m->misses[i]) / m->weight, p = (m->hits[i] + m->alarms[i]) / m->weight;
        nn_add(&hits, m->hits[i] / m->weight);
        nn_add(&both, t * p);
        nn_add(&said, p * p);
        nn_add(&is, t * t);
    }
    const double root = sqrt(fmax(0, 1 - nn_total_of(&said)) * fmax(0, 1 - nn_total_of(&is)));
    nn_give(f, 0, root > 0 ? (nn_total_of(&hits) - nn_total_of(&both)) / root : 0);
}

static double row_is_1(const nn_metrics *m, int64_t row) { return m->of.labels[row] == 1; }
static double row_wrong_labels(const nn_metrics *m, int64_t row)
{
    double wrong = 0;
    for (int64_t j = row * m->of.columns; j < (row + 1) * m->of.columns; j++)
        wrong += m->predicted[j] != m->of.labels[j];
    return wrong / (double)m->of.columns;
}

static double row_all_right(const nn_metrics *m, int64_t row) { return row_wrong_labels(m, row) == 0; }

static void label_mean(const nn_metrics *m, nn_figure_room *f) { nn_give_mean(m, f, row_is_1); }
static void subset_accuracy(const nn_metrics *m, nn_figure_room *f) { nn_give_mean(m, f, row_all_right); }
static void hamming_loss(const nn_metrics *m, nn_figure_room *f) { nn_give_mean(m, f, row_wrong_labels); }

/* Precision, recall and f1 are reported in the same five ways for classes and for labels. */
#define EACH_WAY(figure, which_of, task, each, formula)                                                                \
    {{#figure "_per_" each, task, formula, "0 / 0 is 0"}, .kind = NN_EACH, .compute = per_column, .which = which_of},  \
        {{#figure "_micro", task, "from counts added up over all", "0 / 0 is 0"},                                      \
         .kind = NN_ONE,                                                                                               \
         .compute = micro,                                                                                             \
         .which = which_of},                                                                                           \
        {{#figure "_macro", task, "mean of " #figure "_per_" each, "0 / 0 counts as 0"},                               \
         .kind = NN_ONE,                                                                                               \
         .compute = macro,                                                                                             \
         .which = which_of},                                                                                           \
        {{#figure "_weighted", task, "the same mean, weighted by true rows", "0 / 0 counts as 0"},                     \
         .kind = NN_ONE,                                                                                               \
         .compute = weighted,                                                                                          \
         .which = which_of},                                                                                           \
    {                                                                                                                  \
        {#figure "_macro_defined_only", task, "mean where it is not 0 / 0", "nowhere: not defined"},                   \
            .kind = NN_ONE, .compute = macro_defined, .which = which_of                                                \
    }
#define PRECISION_RECALL_F1(task, each)                                                                                \
    EACH_WAY(precision, PRECISION, task, each, "hits / (hits + false alarms)"),                                        \
        EACH_WAY(recall, RECALL, task, each, "hits / (hits + misses)"),                                                \
        EACH_WAY(f1, F1, task, each, "2 hits / (2 hits + false alarms + misses)")

/* clang-format off */
static const nn_metric_row rows[] = {
    {{"accuracy", NN_CLASSES, "rows whose class was said / rows", ""}, .kind = NN_ONE, .compute = accuracy},
    {{"accuracy_standard_error", NN_CLASSES, "sqrt(a (1 - a) / n), a the accuracy", "weights: not defined"}, .kind = NN_ONE, .compute = accuracy_error},
    {{"accuracy_baseline", NN_CLASSES, "share of the most frequent class", ""}, .kind = NN_ONE, .compute = accuracy_baseline},
    {{"balanced_accuracy", NN_CLASSES, "mean of the recall of the classes that occur", ""}, .kind = NN_ONE, .compute = macro_defined, .which = RECALL},
    {{"confusion", NN_CLASSES, "[i, j]: rows of class i that were called j", ""}, .kind = NN_TABLE, .compute = confusion},
    PRECISION_RECALL_F1(NN_CLASSES, "class"),
    {{"matthews", NN_CLASSES, "(s c - sum t p) / sqrt((s^2 - sum p^2) (s^2 - sum t^2)); s rows, c hits, t true, p called so", "0 where the root is 0"}, .kind = NN_ONE, .compute = matthews},
    {{"label_mean", NN_CLASSES, "share of class 1", "two classes"}, .kind = NN_ONE, .compute = label_mean, .classes = NN_TWO_CLASSES},
    {{"label_mean", NN_SCORES, "share of positive rows", ""}, .kind = NN_ONE, .compute = label_mean},
    {{"subset_accuracy", NN_LABELS, "share of rows with every label right", ""}, .kind = NN_ONE, .compute = subset_accuracy},
    {{"hamming_loss", NN_LABELS, "share of labels that are wrong", ""}, .kind = NN_ONE, .compute = hamming_loss},
    {{"confusion_per_label", NN_LABELS, "[i, t, s]: rows whose label i is t and was called s", ""}, .kind = NN_TABLE, .compute = confusion},
    PRECISION_RECALL_F1(NN_LABELS, "label"),
};
/* clang-format on */

const nn_metric_rows nn_rows_by_counts = {.at = rows, .count = sizeof rows / sizeof rows[0]};
