/* Figures of classes and labels that weigh the probabilities. */
#include "room.h"

#include <float.h>
#include <math.h>

static double surprise(double p) { return -log(fmin(fmax(p, DBL_EPSILON), 1 - DBL_EPSILON)); }

static double row_surprise(const nn_metrics *m, int64_t row)
{
    return surprise(nn_probability_of(m, row, m->of.labels[row]));
}

static double row_brier(const nn_metrics *m, int64_t row)
{
    nn_total sum = {0};
    for (int64_t j = 0; j < m->of.columns; j++) {
        const double off = nn_probability_of(m, row, j) - (m->of.labels[row] == j);
        nn_add(&sum, off * off);
    }
    return nn_total_of(&sum);
}

static double row_brier_of_1(const nn_metrics *m, int64_t row)
{
    const double off = nn_probability_of(m, row, 1) - (m->of.labels[row] == 1);
    return off * off;
}

static double row_probability_of_1(const nn_metrics *m, int64_t row) { return nn_probability_of(m, row, 1); }

static void log_loss(const nn_metrics *m, nn_figure_room *f) { nn_give_mean(m, f, row_surprise); }
static void log_loss_error(const nn_metrics *m, nn_figure_room *f) { nn_give_standard_error(m, f, row_surprise); }
static void brier_sum(const nn_metrics *m, nn_figure_room *f) { nn_give_mean(m, f, row_brier); }
static void brier(const nn_metrics *m, nn_figure_room *f) { nn_give_mean(m, f, row_brier_of_1); }
static void prediction_mean(const nn_metrics *m, nn_figure_room *f) { nn_give_mean(m, f, row_probability_of_1); }

/* The weights of rows by the rank of their class come first; then they are added up. */
static void top_k(const nn_metrics *m, nn_figure_room *f)
{
    if (!nn_has_rows(m, f))
        return;
    for (int64_t row = 0; row < m->of.rows; row++) {
        const double own = nn_probability_of(m, row, m->of.labels[row]);
        size_t rank = 0;
        for (int64_t j = 0; j < m->of.columns; j++)
            rank +=
                nn_probability_of(m, row, j) > own || (nn_probability_of(m, row, j) == own && j > m->of.labels[row]);
        if (rank < f->count)
            f->values[rank] += nn_weight_at(&m->of, row);
    }
    nn_total sum = {0};
    for (size_t i = 0; i < f->count; i++) {
        nn_add(&sum, f->values[i]);
        nn_give(f, i, nn_total_of(&sum) / m->weight);
    }
}

static double row_labels_surprise(const nn_metrics *m, int64_t row)
{
    nn_total sum = {0};
    for (int64_t j = 0; j < m->of.columns; j++) {
        const double p = nn_probability_of(m, row, j);
        nn_add(&sum, surprise(m->of.labels[row * m->of.columns + j] ? p : 1 - p));
    }
    return nn_total_of(&sum) / (double)m->of.columns;
}

static void labels_log_loss(const nn_metrics *m, nn_figure_room *f) { nn_give_mean(m, f, row_labels_surprise); }

/* clang-format off */
static const nn_metric_row rows[] = {
    {{"log_loss", NN_CLASSES, "mean of -ln p, p the probability of the true class", "p is kept 2^-52 from 0 and 1"}, .kind = NN_ONE, .compute = log_loss},
    {{"log_loss_standard_error", NN_CLASSES, "deviation (n - 1) of the rows' -ln p / sqrt(n)", "weights, or fewer than 2 rows: not defined"}, .kind = NN_ONE, .compute = log_loss_error},
    {{"brier_sum", NN_CLASSES, "mean of the sum over classes of (p - [true])^2", ""}, .kind = NN_ONE, .compute = brier_sum},
    {{"brier", NN_CLASSES, "mean of (p - [class 1])^2, p the probability of class 1", "two classes"}, .kind = NN_ONE, .compute = brier, .classes = NN_TWO_CLASSES},
    {{"prediction_mean", NN_CLASSES, "mean probability of class 1", "two classes"}, .kind = NN_ONE, .compute = prediction_mean, .classes = NN_TWO_CLASSES},
    {{"top_k", NN_CLASSES, "[k - 1]: share of rows whose class is among the k most probable", "of equals the highest index comes first; three classes or more"}, .kind = NN_RANKS, .compute = top_k, .classes = NN_MORE_CLASSES},
    {{"log_loss_mean_over_labels", NN_LABELS, "mean of -ln p, p the probability of what is true", "p is kept 2^-52 from 0 and 1"}, .kind = NN_ONE, .compute = labels_log_loss},
};
/* clang-format on */

const nn_metric_rows nn_rows_by_probabilities = {
    .at = rows, .count = sizeof rows / sizeof rows[0], .need_probabilities = true};
