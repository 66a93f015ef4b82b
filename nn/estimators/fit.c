/* Training an estimator: batches in a random order, one step after another. */
#include "estimator.h"

#include <inttypes.h>
#include <math.h>
#include <time.h>

#include <gradtape/backward.h>
#include <gradtape/operators.h>
#include <gradtape/random.h>

#include "../network/node.h"

enum { DEFAULT_BATCH = 32 };

static ad_status check_fit(const nn_estimator *e, const nn_data *data, const nn_truth *truth, const nn_fit_options *o)
{
    if (e->is_fitting)
        return nn_estimator_fail(e, AD_BAD_STATE, "fit: it is running already: a callback must not call it");
    ad_status status = nn_estimator_check(e, data, truth, "fit");
    if (status != AD_OK)
        return status;
    if (!nn_truth_counts(truth, data))
        return nn_estimator_fail(e, AD_BAD_VALUE, "fit: no row counts: each has the weight 0, or its class has");
    if (o->batch_size < 0)
        return nn_estimator_fail(e, AD_BAD_VALUE, "fit: batch_size is %" PRId64 ": it must be 1 or more, or 0 for %d",
                                 o->batch_size, DEFAULT_BATCH);
    if (o->steps < 0)
        return nn_estimator_fail(e, AD_BAD_VALUE, "fit: steps is %" PRId64 ": it must be 1 or more, or 0 for one epoch",
                                 o->steps);
    if (o->steps > INT64_MAX - e->step)
        return nn_estimator_fail(e, AD_BAD_VALUE,
                                 "fit: steps is %" PRId64 ": after %" PRId64 " steps that is more than can be counted",
                                 o->steps, e->step);
    return AD_OK;
}

/* ---- The order of the rows --------------------------------------------------------------------------------------- */

/* The next batch begins here: at once in a new permutation where the last one is used up, or was of another number of
 * rows. */
static nn_cursor next_place(nn_cursor at, int64_t rows, int64_t least)
{
    if (at.rows == rows && rows - at.place >= least)
        return at;
    return (nn_cursor){.epoch = at.rows ? at.epoch + 1 : 0, .place = 0, .rows = rows};
}

/* Makes `order` the permutation of the epoch. It depends on nothing but seed, epoch and rows, so it can be made again.
 */
static ad_status make_order(nn_estimator *e, nn_cursor at)
{
    if (e->order && e->order_of.rows == at.rows && e->order_of.epoch == at.epoch)
        return AD_OK;
    if (e->order_room < at.rows) {
        int32_t *order = ad_memory_take(&e->memory, (size_t)at.rows, sizeof *order);
        if (!order)
            return nn_estimator_fail(e, AD_NO_MEMORY, "fit: memory is out for the order of %" PRId64 " rows", at.rows);
        ad_memory_release(&e->memory, e->order, (size_t)e->order_room, sizeof *order);
        e->order = order;
        e->order_room = at.rows;
    }
    e->order_of = at;
    ad_random_permutation(e->options.seed, ad_stream(AD_STREAM_ORDER, (uint64_t)at.epoch), at.rows, e->order);
    return AD_OK;
}

/* ---- Steps ------------------------------------------------------------------------------------------------------- */

/* Records the mean loss of rows of the data, which count as much as `sum` in all. */
static ad_tensor record_loss(nn_estimator *e, const nn_data *data, const nn_truth *truth, nn_pass pass,
                             const int32_t *rows, int64_t n, double sum)
{
    const ad_tensor x = nn_batch_features(&e->batch, e->tape, &e->scaling, data, rows, 0, n);
    const ad_tensor z = nn_run(e->network, pass, x);
    const ad_tensor y = nn_batch_truth(&e->batch, e->tape, truth, data, rows, 0, n);
    return nn_batch_mean(&e->batch, nn_head_losses(truth->head, z, y, &e->options.head_options), sum);
}

/* Records a batch and updates the parameters by it. */
static ad_status learn_batch(nn_estimator *e, const nn_data *data, const nn_truth *truth, const int32_t *rows,
                             int64_t n, double sum, double *loss)
{
    const nn_pass pass = nn_training(e->network, e->step);
    const ad_tensor mean = record_loss(e, data, truth, pass, rows, n, sum);
    *loss = ad_item(mean);
    if (ad_status_of(e->tape) == AD_OK && !isfinite(*loss))
        ad_fail(e->tape, AD_NOT_FINITE,
                "the loss is %s at step %" PRId64 ": a smaller rate or scaled features may mend it",
                isnan(*loss) ? "NaN" : "infinite", e->step + 1);
    ad_backward(mean);
    if (nn_step(e->network, pass, &e->options.optimiser) != AD_OK)
        return nn_estimator_fail_with_tape(e, e->tape, "fit");
    ad_reset(e->tape);
    return AD_OK;
}

/* One step; everything that can fail comes before the first change. A batch in which no row counts changes nothing. */
static ad_status train_step(nn_estimator *e, const nn_data *data, const nn_truth *truth, int64_t batch_size,
                            double *loss)
{
    const int64_t least = nn_network_least_examples(e->network);
    nn_cursor at = next_place(e->at, data->rows, least);
    const int64_t left = at.rows - at.place, n = left - batch_size < least ? left : batch_size;
    ad_status status = make_order(e, at);
    if (status != AD_OK)
        return status;
    if (!nn_batch_reserve(&e->batch, n, data->columns, nn_truth_width(truth->head, truth->k), &e->memory))
        return nn_estimator_fail(e, AD_NO_MEMORY, "fit: memory is out for a batch of %" PRId64 " rows", n);
    nn_estimator_prepare_tape(e);
    const int32_t *rows = e->order + at.place;
    const double sum = nn_batch_weigh(&e->batch, truth, data, rows, n);
    status = sum > 0 ? learn_batch(e, data, truth, rows, n, sum, loss) : AD_OK;
    if (status != AD_OK)
        return status;
    at.place += n;
    e->at = at;
    e->step++;
    return AD_OK;
}

/* The batches of an epoch: a rest that is too small for one has joined the last. */
static int64_t steps_of_epoch(int64_t rows, int64_t batch, int64_t least)
{
    const int64_t whole = rows / batch;
    return whole + (whole == 0 || rows % batch >= least);
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static ad_status train(nn_estimator *e, const nn_data *data, const nn_truth *truth, const nn_fit_options *o)
{
    const int64_t batch = o->batch_size ? o->batch_size : DEFAULT_BATCH;
    const int64_t steps =
        o->steps ? o->steps : steps_of_epoch(data->rows, batch, nn_network_least_examples(e->network));
    const int64_t last = e->step + steps;
    const double start = seconds_now();
    while (e->step < last) {
        nn_progress progress = {.last_step = last};
        const ad_status status = train_step(e, data, truth, batch, &progress.loss);
        if (status != AD_OK)
            return status;
        progress.step = e->step;
        progress.seconds = seconds_now() - start;
        if (o->callback && (!o->callback(&progress, o->context) || e->is_to_close))
            return AD_STOPPED;
    }
    return AD_OK;
}

ad_status nn_estimator_fit(nn_estimator *e, const nn_data *data, const nn_truth *truth, const nn_fit_options *options)
{
    static const nn_fit_options none = {0};
    options = options ? options : &none;
    ad_status status = check_fit(e, data, truth, options);
    if (status == AD_OK && !e->tape)
        status = nn_estimator_build(e, data);
    if (status != AD_OK)
        return status;
    e->is_fitting = true;
    status = train(e, data, truth, options);
    e->is_fitting = false;
    if (e->step == 0 && !e->is_to_close)
        nn_estimator_release_network(e); /* nothing was learnt: the next fit may have other data */
    return status;
}
