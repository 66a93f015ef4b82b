/* Giving the numbers of figures: means over rows, their errors, and why there is none. */
#include "room.h"

#include <math.h>

static const char no_rows[] = "there are no rows", no_errors_of_weights[] = "rows have weights";
const char nn_few_rows[] = "there are fewer than 2 rows";

void nn_refuse(nn_figure_room *f, const char *why) { f->undefined = why; }

void nn_give(nn_figure_room *f, size_t i, double value)
{
    if (!isfinite(value)) {
        nn_refuse(f, "it is too large for f64");
        return;
    }
    f->values[i] = value;
    f->defined[i] = true;
}

bool nn_has_rows(const nn_metrics *m, nn_figure_room *f)
{
    if (m->counted == 0)
        nn_refuse(f, no_rows);
    return m->counted > 0;
}

/* A standard error is one of rows that count alike. */
bool nn_has_rows_for_error(const nn_metrics *m, nn_figure_room *f, int64_t least)
{
    if (m->of.weights)
        nn_refuse(f, no_errors_of_weights);
    else if (m->counted < least)
        nn_refuse(f, least == 1 ? no_rows : nn_few_rows);
    return !m->of.weights && m->counted >= least;
}

static double mean_over_rows(const nn_metrics *m, nn_row_number *number)
{
    nn_total sum = {0};
    for (int64_t row = 0; row < m->of.rows; row++)
        if (nn_weight_at(&m->of, row) > 0)
            nn_add(&sum, nn_weight_at(&m->of, row) * number(m, row));
    return nn_total_of(&sum) / m->weight;
}

void nn_give_mean(const nn_metrics *m, nn_figure_room *f, nn_row_number *number)
{
    if (nn_has_rows(m, f))
        nn_give(f, 0, mean_over_rows(m, number));
}

/* The deviation of the rows' numbers, with divisor n - 1, over the root of n. */
void nn_give_standard_error(const nn_metrics *m, nn_figure_room *f, nn_row_number *number)
{
    if (!nn_has_rows_for_error(m, f, 2))
        return;
    const double mean = mean_over_rows(m, number), n = (double)m->counted;
    nn_total squares = {0};
    for (int64_t row = 0; row < m->of.rows; row++) {
        const double rest = number(m, row) - mean;
        nn_add(&squares, rest * rest);
    }
    nn_give(f, 0, sqrt(nn_total_of(&squares) / (n - 1) / n));
}
