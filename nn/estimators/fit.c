/* Training an estimator: batches in a random order, one step after another. */
#include "fit.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#include <gradtape/backward.h>
#include <gradtape/inspect.h>
#include <gradtape/operators.h>
#include <gradtape/random.h>

#include "../network/node.h"
#include "../training/schedules.h"
#include "model.h"
#include "progress.h"
#include "validate.h"
#include "weights.h"

/* ---- The order of the rows --------------------------------------------------------------------------------------- */

/* The next batch begins here: at once in a new permutation where the last one is used up, or was of another number of
 * rows. */
static nn_cursor next_place(nn_cursor at, int64_t rows, int64_t least)
{
    if (at.rows == rows && rows - at.place >= least)
        return at;
    return (nn_cursor){.epoch = at.rows ? at.epoch + 1 : 0, .place = 0, .rows = rows};
}

/* The rows of a window from a place on. */
static int64_t left_in_window(const nn_fit *f, nn_cursor at)
{
    const int64_t begin = nn_window_begin(f, at);
    return begin + nn_window_rows(f, begin) - at.place;
}

/* In a fit with other batches than the one before, a place may lie where the rest of its window is no batch. */
static nn_cursor skip_rest(const nn_fit *f, nn_cursor at)
{
    const int64_t left = left_in_window(f, at);
    at.place += left < f->least ? left : 0;
    return at;
}

/* Makes room for n row numbers. Returns false, and keeps an error, if memory is out. */
static bool make_room(nn_estimator *e, int32_t **numbers, int64_t *room, int64_t n)
{
    if (*room >= n)
        return true;
    int32_t *more = ad_memory_take(&e->memory, (size_t)n, sizeof *more);
    if (!more) {
        nn_estimator_fail(e, AD_NO_MEMORY, "fit: memory is out for the order of %" PRId64 " rows", n);
        return false;
    }
    ad_memory_release(&e->memory, *numbers, (size_t)*room, sizeof *more);
    *numbers = more;
    *room = n;
    return true;
}

/* Makes `order` the permutation of the window in which a place lies. It depends on nothing but seed, epoch, and number
 * and rows of the window, so it can be made again. */
static bool make_order(const nn_fit *f, nn_cursor at)
{
    nn_estimator *e = f->e;
    const int64_t begin = nn_window_begin(f, at);
    const int64_t number = f->window.rows ? begin / f->window.rows : 0;
    const nn_cursor of = {.epoch = at.epoch, .place = number, .rows = nn_window_rows(f, begin)};
    if (e->order && e->order_of.rows == of.rows && e->order_of.epoch == of.epoch && e->order_of.place == of.place)
        return true;
    if (!make_room(e, &e->order, &e->order_room, of.rows))
        return false;
    e->order_of = of;
    ad_random_permutation(e->options.seed, ad_stream(AD_STREAM_ORDER, (uint64_t)at.epoch + ((uint64_t)number << 32)),
                          of.rows, e->order);
    return true;
}

/* The rows of the batch at a place. */
static int64_t rows_at(const nn_fit *f, nn_cursor at)
{
    const int64_t left = left_in_window(f, at);
    return left - f->batch < f->least ? left : f->batch;
}

/* The rows of the arrays that the batch of n rows at a place takes; NULL if memory is out. */
static const int32_t *pick_rows(const nn_fit *f, nn_cursor at, int64_t n)
{
    nn_estimator *e = f->e;
    if (!make_order(f, at))
        return NULL;
    const int32_t *order = e->order + (at.place - nn_window_begin(f, at));
    if (!f->data.index)
        return order;
    if (!make_room(e, &e->picked, &e->picked_room, f->most))
        return NULL;
    for (int64_t i = 0; i < n; i++)
        e->picked[i] = f->data.index[order[i]];
    return e->picked;
}

/* ---- Steps ------------------------------------------------------------------------------------------------------- */

/* A batch: rows of the arrays, which count as much as `sum` in all. */
typedef struct batch {
    nn_fit *fit;
    nn_pass pass;
    const int32_t *rows;
    int64_t n;
    double sum;
    bool is_evaluated; /* a search evaluates several times; the first is where the step begins, and gives its loss */
} batch;

/* The name of the layer, with those around it, in which an entry was recorded; "" if it was in none. */
static void name_layer(const ad_tape *tape, size_t entry, char *name, size_t size)
{
    int n = 0;
    name[0] = 0;
    for (size_t i = 0; i < ad_scope_count(tape); i++) {
        const ad_scope s = ad_scope_at(tape, i);
        if (entry < s.first || entry >= s.first + s.n)
            continue;
        n += snprintf(name + n, size - (size_t)n, "%s%s", n ? "/" : "", s.name);
        n = n < (int)size ? n : (int)size - 1;
    }
}

/* Puts the tape in error where the loss is not finite: the message names the layer that gave the first such number. */
static void check_loss(const nn_fit *f, ad_tensor mean)
{
    const nn_estimator *e = f->e;
    char layer[400] = "";
    if (ad_status_of(e->tape) != AD_OK || isfinite(f->loss))
        return;
    const ad_tensor first = ad_first_not_finite(e->tape, mean, NULL);
    const bool is_recorded = ad_is_valid(first) && !ad_is_kept(first);
    if (is_recorded)
        name_layer(e->tape, ad_number_of(first), layer, sizeof layer);
    else if (ad_is_valid(first))
        snprintf(layer, sizeof layer, "%s", ad_name_of(first));
    ad_fail(e->tape, AD_NOT_FINITE, "the loss is %s at step %" PRId64 " (first in %.300s)",
            isnan(f->loss) ? "NaN" : "infinite", e->step + 1, layer[0] ? layer : "the loss itself");
}

/* Records the mean loss of a batch. */
static ad_tensor record_loss(ad_tape *tape, void *context)
{
    batch *b = context;
    nn_fit *f = b->fit;
    nn_estimator *e = f->e;
    const ad_tensor x = nn_batch_features(&e->batch, tape, &e->encoding, &f->matching, &f->data, b->rows, 0, b->n);
    const ad_tensor z = nn_run(e->network, b->pass, x);
    const ad_tensor y = nn_batch_truth(&e->batch, tape, f->truth, &f->data, b->rows, 0, b->n);
    const ad_tensor mean =
        nn_batch_mean(&e->batch, nn_head_losses(f->truth->head, z, y, &e->options.head_options), b->sum);
    if (b->is_evaluated)
        return mean;
    b->is_evaluated = true;
    f->loss = ad_item(mean);
    check_loss(f, mean);
    return mean;
}

/* ---- Good weights ------------------------------------------------------------------------------------------------ *
 * A loss that is not finite shows too late that weights are bad: they are those of the last step. So each KEEP_EVERY
 * steps weights are kept with which a loss was finite. */

enum { KEEP_EVERY = 50 };

static ad_status make_room_for_good(nn_estimator *e)
{
    if (e->good || e->options.optimiser.rule->search)
        return AD_OK;
    const size_t bytes = nn_weights_bytes(e);
    e->good = ad_memory_take(&e->memory, bytes, 1);
    e->good_bytes = e->good ? bytes : 0;
    return e->good ? AD_OK : nn_estimator_fail(e, AD_NO_MEMORY, "fit: memory is out for weights that are kept");
}

/* Called in a step, between a finite loss and the update. */
static void keep_good(nn_fit *f)
{
    nn_estimator *e = f->e;
    if (f->has_good && (e->step - f->first) % KEEP_EVERY != 0)
        return;
    nn_weights_keep(e, e->good);
    e->good_step = e->step;
    f->has_good = true;
}

/* The error of the tape is the fit's. Where the gradient was not finite, but the loss was, the step is told here. */
static ad_status fail_step(const nn_fit *f)
{
    char who[48] = "fit";
    if (ad_status_of(f->e->tape) == AD_NOT_FINITE && isfinite(f->loss))
        snprintf(who, sizeof who, "fit: step %" PRId64, f->e->step + 1);
    return nn_estimator_fail_with_tape(f->e, f->e->tape, who);
}

/* Updates the parameters by a batch. */
static ad_status learn_batch(nn_fit *f, batch *b)
{
    nn_estimator *e = f->e;
    const bool is_watched = nn_is_watched_next(f);
    if (is_watched)
        ad_watch(e->tape, AD_ON);
    e->is_recorded = is_watched;
    const ad_tensor mean = record_loss(e->tape, b);
    if (ad_status_of(e->tape) == AD_OK)
        keep_good(f);
    ad_backward(mean);
    const ad_status status =
        is_watched ? nn_watched_step(f, b->pass) : nn_step_by(e->network, b->pass, &e->options.optimiser, f->factor);
    if (status != AD_OK)
        return fail_step(f);
    if (!is_watched)
        ad_reset(e->tape);
    return AD_OK;
}

/* Makes a step of a search over all rows. */
static ad_status search(nn_fit *f, batch *b)
{
    nn_estimator *e = f->e;
    nn_search_result found = {0};
    if (nn_network_search(e->network, b->pass, &e->options.optimiser, record_loss, b, &found) != AD_OK)
        return fail_step(f);
    if (found.has_ended)
        f->end = NN_END_MINIMUM;
    return AD_OK;
}

/* Gathers the batch at a place. */
static ad_status take_batch(nn_fit *f, nn_cursor at, batch *b)
{
    nn_estimator *e = f->e;
    const ad_status status = nn_take_window(f, at);
    if (status != AD_OK)
        return status;
    const int64_t width = nn_truth_width(f->truth->head, f->truth->k);
    nn_estimator_prepare_tape(e); /* it may borrow the batch */
    *b = (batch){.fit = f, .pass = nn_training(e->network, e->step), .n = rows_at(f, at)};
    b->rows = pick_rows(f, at, b->n);
    if (!b->rows)
        return AD_NO_MEMORY;
    if (!nn_batch_reserve(&e->batch, f->most, &e->encoding, &f->matching, width, &e->memory))
        return nn_estimator_fail(e, AD_NO_MEMORY, "fit: memory is out for a batch of %" PRId64 " rows", b->n);
    b->sum = nn_batch_weigh(&e->batch, f->truth, &f->data, b->rows, b->n);
    return AD_OK;
}

/* A search compares losses of one step with those of the next, so that all rows come in the same order. */
static nn_cursor place_of_batch(const nn_fit *f, nn_cursor at)
{
    const bool is_fixed = f->options->overfit_one_batch || f->e->options.optimiser.rule->search;
    return is_fixed ? (nn_cursor){.rows = at.rows} : at;
}

/* One step; everything that can fail comes before the first change. A batch in which no row counts changes nothing. */
static ad_status train_step(nn_fit *f)
{
    nn_estimator *e = f->e;
    nn_cursor at = skip_rest(f, next_place(e->at, f->whole.rows, f->least));
    batch b;
    ad_status status = take_batch(f, place_of_batch(f, at), &b);
    if (status != AD_OK)
        return status;
    f->factor = e->plateau_factor * nn_schedule_factor_at(&e->options.optimiser.schedule, e->step);
    f->loss = 0;
    if (b.sum > 0)
        status = e->options.optimiser.rule->search ? search(f, &b) : learn_batch(f, &b);
    if (status != AD_OK)
        return status;
    if (b.sum > 0) {
        nn_history_add_loss(&e->history, f->loss);
        f->taken = place_of_batch(f, at);
    }
    at.place += rows_at(f, at);
    e->at = at;
    e->step++;
    e->rate = f->factor * e->options.optimiser.rate;
    return AD_OK;
}

/* Whether the weights give the last batch that was learnt a finite loss. */
static bool are_good(nn_fit *f)
{
    batch b;
    if (take_batch(f, f->taken, &b) != AD_OK || b.sum <= 0)
        return true; /* nothing says otherwise */
    b.is_evaluated = true;
    const ad_tensor mean = record_loss(f->e->tape, &b);
    const bool good = ad_status_of(f->e->tape) == AD_OK && isfinite(ad_item(mean));
    ad_clear_error(f->e->tape);
    ad_reset(f->e->tape);
    return good;
}

/* After a number that was not finite: where the weights are to blame, good ones take their place. The message says
 * whose weights are kept. Returns `status`. */
static ad_status put_good(nn_fit *f, ad_status status)
{
    nn_estimator *e = f->e;
    if (status != AD_NOT_FINITE)
        return status;
    int64_t kept = e->step;
    char advice[NN_ADVICE];
    if (f->has_good && !are_good(f) && nn_weights_put(e, e->good) == AD_OK)
        kept = e->good_step;
    if (f->options->patience > 0 && e->best.has_weights)
        kept = e->history.best.step;
    if (!f->had_error)
        nn_shared_add(e->shared, "; the model of step %" PRId64 " is kept; try %s", kept, nn_advice_text(advice));
    return status;
}

/* ---- A fit ------------------------------------------------------------------------------------------------------- */

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* What follows a step: validation and a row of the history where they are due. A validation that failed is due until
 * it is made. */
static ad_status observe(nn_fit *f)
{
    nn_estimator *e = f->e;
    const bool validates = nn_is_validation_due(f);
    nn_history_row row = {.step = e->step,
                          .epoch = e->at.epoch,
                          .rate = e->rate,
                          .validated = validates,
                          .validation_loss = (double)NAN,
                          .validation_accuracy = (double)NAN};
    e->is_observed = true;
    if (!validates && !nn_is_end_of_epoch(f) && e->step % NN_HISTORY_STEPS != 0)
        return AD_OK;
    const ad_status status = validates ? nn_validate(f) : AD_OK;
    e->is_observed = status == AD_OK;
    if (status != AD_OK)
        return status;
    if (validates) {
        row.validation_loss = f->validation.loss;
        row.validation_accuracy = f->validation.accuracy;
    }
    const nn_history_row *added = nn_history_add(&e->history, row);
    if (validates && f->validation.is_best)
        e->history.best = *added;
    return AD_OK;
}

/* Asks the callback. Returns false if the fit is to stop. */
static bool goes_on(nn_fit *f, double start)
{
    nn_estimator *e = f->e;
    if (!f->options->callback)
        return true;
    const nn_progress progress = {.step = e->step,
                                  .first_step = f->first,
                                  .last_step = f->last,
                                  .epoch = e->at.epoch,
                                  .loss = f->loss,
                                  .rate = e->rate,
                                  .seconds = seconds_now() - start,
                                  .validation = f->validation,
                                  .network = e->network,
                                  .history = &e->history,
                                  .is_watched = nn_was_watched(f),
                                  .is_last = f->end != NN_END_NONE,
                                  .shown = &f->shown};
    const bool goes_on = f->options->callback(&progress, f->options->context) && !e->is_to_close;
    f->had_error = f->had_error || nn_estimator_status(e) != AD_OK;
    return goes_on;
}

static ad_status train(nn_fit *f)
{
    const double start = seconds_now();
    ad_status status = f->e->is_observed || f->e->step == 0 ? AD_OK : observe(f);
    while (status == AD_OK && f->end == NN_END_NONE) {
        status = train_step(f);
        if (status == AD_OK)
            status = observe(f);
        if (status == AD_OK && f->end == NN_END_NONE && f->e->step == f->last)
            f->end = NN_END_STEPS;
        f->e->history.end = f->end;
        if (status == AD_OK)
            status = nn_save_step(f);
        if (status == AD_OK && !goes_on(f, start))
            status = AD_STOPPED;
    }
    f->e->history.end = status == AD_OK ? f->end : status == AD_STOPPED ? NN_END_STOPPED : NN_END_FAILED;
    return status;
}

/* Makes a network for the data. On failure nothing of it is left. */
static ad_status begin(nn_fit *f)
{
    ad_status status = nn_estimator_build(f->e, &f->whole);
    if (status != AD_OK)
        return status;
    status = nn_match_fit(f);
    if (status == AD_OK && f->options->warm_start)
        status = nn_warm_start(f->e, f->options->warm_start);
    if (status != AD_OK)
        nn_estimator_release_network(f->e);
    return status;
}

static ad_status run(nn_fit *f)
{
    nn_estimator *e = f->e;
    ad_status status = nn_plan_fit(f);
    if (status == AD_OK && !e->tape)
        status = begin(f);
    if (status != AD_OK)
        return status;
    status = nn_plan_steps(f);
    if (status == AD_OK)
        status = nn_begin_saving(f);
    if (status == AD_OK && f->first == f->last) {
        e->history.end = NN_END_STEPS;
        e->history.goal = f->last;
        return nn_end_saving(f, AD_OK);
    }
    if (status == AD_OK)
        status = make_room_for_good(e);
    if (status == AD_OK)
        status = nn_begin_validation(f);
    if (status == AD_OK) {
        e->data = f->print;
        e->history.goal = f->last;
        e->is_fitting = true;
        status = nn_end_saving(f, nn_end_validation(f, put_good(f, train(f))));
        e->is_fitting = false;
    }
    if (e->step == 0 && !e->is_to_close)
        nn_estimator_release_network(e); /* nothing was learnt: the next fit may have other data */
    return status;
}

ad_status nn_estimator_fit(nn_estimator *e, const nn_data *data, const nn_truth *truth, const nn_truth *held,
                           const nn_fit_options *options)
{
    static const nn_fit_options none = {0};
    nn_fit fit = {.e = e, .options = options ? options : &none, .truth = truth, .held_truth = held};
    if (!data)
        return nn_estimator_check(e, NULL, truth, true, "fit", &fit.matching, &e->memory);
    fit.whole = fit.data = *data;
    fit.had_error = nn_estimator_status(e) != AD_OK;
    const bool is_within = e->is_fitting; /* and refused */
    const ad_status status = run(&fit);
    if (status != AD_OK && status != AD_STOPPED && !is_within)
        e->history.end = NN_END_FAILED;
    nn_end_progress(&fit.shown);
    nn_split_close(fit.split);
    nn_matching_release(&fit.matching);
    nn_release_window(&fit);
    return status;
}
