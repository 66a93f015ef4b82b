/* Figures of real targets. */
#include "room.h"

#include <math.h>

enum { SQUARED, ABSOLUTE, ROOT, TARGET, PREDICTION };

static double target(const nn_metrics *m, int64_t row, int64_t column)
{
    return nn_number_in(m->of.targets, m->of.element, (size_t)(row * m->of.columns + column));
}

static double prediction(const nn_metrics *m, int64_t row, int64_t column)
{
    return nn_number_in(m->of.predictions, m->of.element, (size_t)(row * m->of.columns + column));
}

static double error_of(const nn_metrics *m, int64_t row, int64_t column)
{
    return target(m, row, column) - prediction(m, row, column);
}

/* The mean error of a target. */
static double column_error(const nn_metrics *m, int which, int64_t column)
{
    nn_total sum = {0};
    for (int64_t row = 0; row < m->of.rows; row++) {
        const double e = error_of(m, row, column);
        nn_add(&sum, nn_weight_at(&m->of, row) * (which == ABSOLUTE ? fabs(e) : e * e));
    }
    const double mean = nn_total_of(&sum) / m->weight;
    return which == ROOT ? sqrt(mean) : mean;
}

static void errors_each(const nn_metrics *m, nn_figure_room *f)
{
    for (size_t i = 0; nn_has_rows(m, f) && i < f->count; i++)
        nn_give(f, i, column_error(m, f->row->which, (int64_t)i));
}

static void errors_mean(const nn_metrics *m, nn_figure_room *f)
{
    nn_total sum = {0};
    for (int64_t i = 0; m->counted > 0 && i < m->of.columns; i++)
        nn_add(&sum, column_error(m, f->row->which, i));
    if (nn_has_rows(m, f))
        nn_give(f, 0, nn_total_of(&sum) / (double)m->of.columns);
}

static double row_squares(const nn_metrics *m, int64_t row)
{
    nn_total sum = {0};
    for (int64_t j = 0; j < m->of.columns; j++)
        nn_add(&sum, error_of(m, row, j) * error_of(m, row, j));
    return nn_total_of(&sum) / (double)m->of.columns;
}

static void mse_error(const nn_metrics *m, nn_figure_room *f) { nn_give_standard_error(m, f, row_squares); }

/* R2 of a target; *spread is the sum of (y - mean)^2. */
static double r2_of(const nn_metrics *m, int64_t column, double *spread)
{
    nn_total sum = {0}, around = {0}, squares = {0};
    const double first = target(m, 0, column); /* taken off, so that equal targets have no spread */
    for (int64_t row = 0; row < m->of.rows; row++)
        nn_add(&sum, nn_weight_at(&m->of, row) * (target(m, row, column) - first));
    const double mean = nn_total_of(&sum) / m->weight;
    for (int64_t row = 0; row < m->of.rows; row++) {
        const double weight = nn_weight_at(&m->of, row), rest = target(m, row, column) - first - mean;
        const double e = error_of(m, row, column);
        nn_add(&around, weight * (rest * rest));
        nn_add(&squares, weight * (e * e));
    }
    *spread = nn_total_of(&around);
    if (*spread > 0)
        return 1 - nn_total_of(&squares) / *spread;
    return nn_total_of(&squares) > 0 ? 0 : 1;
}

static bool has_two_rows(const nn_metrics *m, nn_figure_room *f)
{
    if (m->counted < 2)
        nn_refuse(f, nn_few_rows);
    return m->counted >= 2;
}

static void r2_each(const nn_metrics *m, nn_figure_room *f)
{
    double spread;
    for (size_t i = 0; has_two_rows(m, f) && i < f->count; i++)
        nn_give(f, i, r2_of(m, (int64_t)i, &spread));
}

static void give_mean_r2(const nn_metrics *m, nn_figure_room *f, bool by_spread)
{
    nn_total plain = {0}, weighted_sum = {0}, spreads = {0};
    if (!has_two_rows(m, f))
        return;
    for (int64_t i = 0; i < m->of.columns; i++) {
        double spread;
        const double r2 = r2_of(m, i, &spread);
        nn_add(&plain, r2);
        nn_add(&weighted_sum, spread * r2);
        nn_add(&spreads, spread);
    }
    const bool weigh = by_spread && nn_total_of(&spreads) > 0;
    nn_give(f, 0,
            weigh ? nn_total_of(&weighted_sum) / nn_total_of(&spreads) : nn_total_of(&plain) / (double)m->of.columns);
}

static void r2_uniform(const nn_metrics *m, nn_figure_room *f) { give_mean_r2(m, f, false); }
static void r2_weighted(const nn_metrics *m, nn_figure_room *f) { give_mean_r2(m, f, true); }

static void means_each(const nn_metrics *m, nn_figure_room *f)
{
    for (size_t i = 0; nn_has_rows(m, f) && i < f->count; i++) {
        nn_total sum = {0};
        for (int64_t row = 0; row < m->of.rows; row++)
            nn_add(&sum,
                   nn_weight_at(&m->of, row) * (f->row->which == TARGET ? target : prediction)(m, row, (int64_t)i));
        nn_give(f, i, nn_total_of(&sum) / m->weight);
    }
}

#define ERRORS(figure, which_of, formula)                                                                              \
    {{#figure "_per_target", NN_REGRESSION, formula, ""}, .kind = NN_EACH, .compute = errors_each, .which = which_of}, \
    {                                                                                                                  \
        {#figure, NN_REGRESSION, "mean of " #figure "_per_target", ""}, .kind = NN_ONE, .compute = errors_mean,        \
                                                                        .which = which_of                              \
    }
#define R2_EDGE "equal targets: 1 if all are met, else 0; fewer than 2 rows: not defined"

/* clang-format off */
static const nn_metric_row rows[] = {
    ERRORS(mse, SQUARED, "mean of (y - f)^2"),
    ERRORS(mae, ABSOLUTE, "mean of |y - f|"),
    ERRORS(rmse, ROOT, "root of the mean of (y - f)^2"),
    {{"mse_standard_error", NN_REGRESSION, "deviation (n - 1) of the rows' mean (y - f)^2 over targets / sqrt(n)", "weights, or fewer than 2 rows: not defined"}, .kind = NN_ONE, .compute = mse_error},
    {{"r2_per_target", NN_REGRESSION, "1 - sum (y - f)^2 / sum (y - m)^2, m the mean of y", R2_EDGE}, .kind = NN_EACH, .compute = r2_each},
    {{"r2_uniform", NN_REGRESSION, "mean of r2_per_target", R2_EDGE}, .kind = NN_ONE, .compute = r2_uniform},
    {{"r2_variance_weighted", NN_REGRESSION, "mean of r2_per_target, weighted by sum (y - m)^2", "all targets equal: r2_uniform; fewer than 2 rows: not defined"}, .kind = NN_ONE, .compute = r2_weighted},
    {{"label_mean_per_target", NN_REGRESSION, "mean of y", ""}, .kind = NN_EACH, .compute = means_each, .which = TARGET},
    {{"prediction_mean_per_target", NN_REGRESSION, "mean of f", ""}, .kind = NN_EACH, .compute = means_each, .which = PREDICTION},
};
/* clang-format on */

const nn_metric_rows nn_rows_of_regression = {.at = rows, .count = sizeof rows / sizeof rows[0]};
