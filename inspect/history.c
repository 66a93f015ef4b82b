/* nn_write_history: the history of an estimator's fits as CSV. */
#include <gradtape/history.h>

#include <inttypes.h>
#include <math.h>

#include "escape.h"

enum { DIGITS = 9 };

/* A comma and a number; without one, nothing stands after the comma. */
static void put_figure(ad_sink *sink, double figure)
{
    ad_put(sink, ",");
    if (!isnan(figure))
        ad_put_number(sink, figure, DIGITS);
}

ad_shown nn_write_history(const nn_history *history, FILE *to)
{
    ad_sink sink = ad_sink_over_for("write_history", to);
    if (!history)
        ad_sink_fail(&sink, AD_BAD_HANDLE, "write_history: the history is NULL: its estimator is");
    ad_put(&sink, "step,epoch,loss,rate,validation_loss,validation_accuracy\n");
    for (size_t i = 0; i < nn_history_count(history) && ad_sink_is_good(&sink); i++) {
        const nn_history_row *r = nn_history_at(history, i);
        ad_put_format(&sink, "%" PRId64 ",%" PRId64, r->step, r->epoch);
        put_figure(&sink, r->loss);
        put_figure(&sink, r->rate);
        put_figure(&sink, r->validation_loss);
        put_figure(&sink, r->validation_accuracy);
        ad_put(&sink, "\n");
    }
    return ad_sink_close(&sink);
}
