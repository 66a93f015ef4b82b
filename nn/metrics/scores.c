/* Figures that only need the order of the rows by their score, or by their probability. */
#include "room.h"

#include <math.h>
#include <stdlib.h>

/* Falling scores; of equal ones the earlier row. */
static int by_score(const void *a, const void *b)
{
    const nn_scored *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Sorts the rows by the score of a column. Returns how many have a weight. */
static size_t rank_rows(const nn_metrics *m, size_t column)
{
    const nn_outcome *o = &m->of;
    const size_t columns = (size_t)o->columns;
    size_t n = 0;
    int unit; /* of the weights, a power of 2: products of small or large ones keep their digits */
    frexp(m->weight, &unit);
    for (int64_t row = 0; row < o->rows; row++) {
        const size_t at = (size_t)row * columns + (o->task == NN_CLASSES ? 1 : column);
        const void *scores = o->task == NN_SCORES ? o->scores : o->probabilities;
        const int32_t label = o->labels[o->task == NN_LABELS ? at : (size_t)row];
        if (nn_weight_at(o, row) > 0)
            m->ranked[n++] =
                (nn_scored){nn_number_in(scores, o->element, at), ldexp(nn_weight_at(o, row), -unit), row, label == 1};
    }
    qsort(m->ranked, n, sizeof *m->ranked, by_score);
    return n;
}

/* What a pass through the ranked rows adds up. */
typedef struct pass {
    nn_total hits, alarms; /* weights of the rows so far, positive and negative */
    nn_total area;         /* twice that under the curve, not divided yet */
    nn_total precision;    /* of each rise of the hits, times the rise */
} pass;

/* Rows of equal scores are one step. */
static pass pass_through(const nn_metrics *m, size_t n)
{
    pass p = {.hits = {0}};
    for (size_t i = 0; i < n;) {
        const double hits = nn_total_of(&p.hits), alarms = nn_total_of(&p.alarms), score = m->ranked[i].score;
        for (; i < n && m->ranked[i].score == score; i++)
            nn_add(m->ranked[i].is_positive ? &p.hits : &p.alarms, m->ranked[i].weight);
        const double rise = nn_total_of(&p.hits) - hits, above = nn_total_of(&p.hits);
        nn_add(&p.area, (nn_total_of(&p.alarms) - alarms) * (above + hits));
        nn_add(&p.precision, rise * (above / (above + nn_total_of(&p.alarms))));
    }
    return p;
}

static void roc_auc(const nn_metrics *m, nn_figure_room *f)
{
    for (size_t i = 0; nn_has_rows(m, f) && i < f->count; i++) {
        const pass p = pass_through(m, rank_rows(m, i));
        const double positive = nn_total_of(&p.hits), negative = nn_total_of(&p.alarms);
        if (positive > 0 && negative > 0)
            nn_give(f, i, nn_total_of(&p.area) / positive / negative / 2);
        else
            nn_refuse(f, positive > 0 ? "there is no negative row" : "there is no positive row");
    }
}

static void average_precision(const nn_metrics *m, nn_figure_room *f)
{
    for (size_t i = 0; nn_has_rows(m, f) && i < f->count; i++) {
        const pass p = pass_through(m, rank_rows(m, i));
        const double positive = nn_total_of(&p.hits);
        nn_give(f, i, positive > 0 ? nn_total_of(&p.precision) / positive : 0);
    }
}

#define AREA "area under hits over false alarms, by falling score"
#define AREA_EDGE "equal scores count one half; rows of one kind only: not defined"
#define RISES "sum over falling scores of the rise of recall, times precision"
#define RISES_EDGE "equal scores are one step; no positive row: 0"

/* clang-format off */
static const nn_metric_row rows[] = {
    {{"roc_auc", NN_CLASSES, AREA ": the probability of class 1", AREA_EDGE "; two classes"}, .kind = NN_ONE, .compute = roc_auc, .classes = NN_TWO_CLASSES},
    {{"average_precision", NN_CLASSES, RISES "; the score is the probability of class 1", RISES_EDGE "; two classes"}, .kind = NN_ONE, .compute = average_precision, .classes = NN_TWO_CLASSES},
    {{"roc_auc", NN_SCORES, AREA, AREA_EDGE}, .kind = NN_ONE, .compute = roc_auc},
    {{"average_precision", NN_SCORES, RISES, RISES_EDGE}, .kind = NN_ONE, .compute = average_precision},
    {{"roc_auc_per_label", NN_LABELS, AREA ": the probability of the label", AREA_EDGE}, .kind = NN_EACH, .compute = roc_auc},
    {{"average_precision_per_label", NN_LABELS, RISES "; the score is the probability of the label", RISES_EDGE}, .kind = NN_EACH, .compute = average_precision},
};
/* clang-format on */

const nn_metric_rows nn_rows_by_scores = {
    .at = rows, .count = sizeof rows / sizeof rows[0], .need_probabilities = true};
