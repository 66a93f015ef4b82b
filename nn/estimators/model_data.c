/* Whether data are those of the last fit. */
#include <gradtape/model.h>

#include "../data/data_check.h"
#include "../data/feed.h"
#include "../options/writer.h"
#include "estimator.h"

static void put_difference(nn_writer *w, int64_t n, const char *of, int64_t trained)
{
    nn_put(w, "the data have ");
    nn_put_count(w, n);
    nn_put(w, of);
    nn_put(w, ", the model was trained on ");
    nn_put_count(w, trained);
}

static ad_status check_data(const nn_estimator *e, const nn_data *data)
{
    char message[400] = "";
    nn_writer w = nn_writer_into(message, sizeof message);
    if (e->options_are_bad)
        return nn_estimator_status(e);
    if (e->data.rows == 0)
        return nn_estimator_fail(e, AD_BAD_STATE, "check_data: the model was not fitted yet");
    const nn_data known = data ? nn_in_memory(data) : (nn_data){0};
    if (data && data->feed && nn_feed_status(data->feed) != AD_OK)
        return nn_estimator_fail(e, nn_feed_status(data->feed), "check_data: %s", nn_feed_message(data->feed));
    const ad_status status = nn_view_check(data ? &known : NULL, message, sizeof message);
    if (status != AD_OK)
        return nn_estimator_fail(e, status, "check_data: %s", message);
    const nn_fingerprint found = nn_fingerprint_of(data);
    if (found.columns != e->data.columns)
        put_difference(&w, found.columns, " columns", e->data.columns);
    else if (found.rows != e->data.rows)
        put_difference(&w, found.rows, " rows", e->data.rows);
    else if (found.hash != e->data.hash)
        nn_put(&w, "the data have other names of columns, or another first or last row, than those of the last fit");
    if (w.n == 0)
        return AD_OK;
    nn_put(&w, found.rows == e->data.rows ? "; give it the same data to go on as if there had been no end"
                                          : "; a fit to them begins a new epoch");
    return nn_estimator_fail(e, AD_BAD_VALUE, "check_data: %s", message);
}

/* An estimator is the first member of both. */
ad_status nn_classifier_check_data(const nn_classifier *c, const nn_data *data)
{
    return c ? check_data((const nn_estimator *)c, data) : AD_BAD_HANDLE;
}

ad_status nn_regressor_check_data(const nn_regressor *r, const nn_data *data)
{
    return r ? check_data((const nn_estimator *)r, data) : AD_BAD_HANDLE;
}
