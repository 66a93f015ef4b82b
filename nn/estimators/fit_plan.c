/* What a fit is to do: checks of its options, the rows it learns from, the steps it takes. */
#include "fit.h"

#include <inttypes.h>

#include "../data/data_check.h"
#include "../data/feed.h"
#include "../network/node.h"

/* ---- Options ----------------------------------------------------------------------------------------------------- */

/* Of these at most one is given. */
static ad_status check_length(const nn_estimator *e, const nn_fit_options *o)
{
    const char *const names[] = {"steps", "to_step", "epochs"};
    const int64_t numbers[] = {o->steps, o->to_step, o->epochs};
    char one[NN_OPTION_TEXT], other[NN_OPTION_TEXT];
    const char *given = NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (given && numbers[i])
            return nn_estimator_fail(e, AD_BAD_VALUE, "fit: %s and %s: give one", nn_option_text(one, given, NULL),
                                     nn_option_text(other, names[i], NULL));
        given = numbers[i] ? names[i] : given;
    }
    return AD_OK;
}

static ad_status check_validation(const nn_estimator *e, const nn_fit_options *o)
{
    const bool validates = o->validation || o->validation_share != 0;
    const char *alone = o->patience                 ? "patience"
                        : o->validate_every         ? "validate_every"
                        : o->monitor                ? "monitor"
                        : o->least_improvement != 0 ? "least_improvement"
                                                    : NULL;
    const bool observes = e->options.optimiser.schedule.rule->observes;
    char name[NN_OPTION_TEXT], data[NN_OPTION_TEXT], share[NN_OPTION_TEXT];
    nn_option_text(data, "validation", NULL);
    nn_option_text(share, "validation_share", NULL);
    if (o->validation && o->validation_share != 0)
        return nn_estimator_fail(e, AD_BAD_VALUE, "fit: %s and %s: give one", data, share);
    if ((alone || observes) && !validates)
        return nn_estimator_fail(e, AD_BAD_VALUE,
                                 "fit: %s needs validation: give data as %s, or a %s of the rows, for instance 0.1",
                                 alone ? nn_option_text(name, alone, NULL) : "its schedule", data, share);
    if (o->monitor == NN_MONITOR_ACCURACY && e->truth.head->task == NN_REGRESSION)
        return nn_estimator_fail(e, AD_BAD_VALUE, "fit: %s: a regressor has none, use %s",
                                 nn_option_text(name, "monitor", "accuracy"), nn_option_text(data, "monitor", "loss"));
    return AD_OK;
}

static bool searches(const nn_estimator *e) { return e->options.optimiser.rule->search; }

/* A search takes all rows at once, and makes recordings of its own. */
static ad_status check_search(const nn_fit *f)
{
    const int64_t batch = f->options->batch_size, rows = f->data.rows;
    char name[NN_OPTION_TEXT];
    if (searches(f->e) && f->options->watch_every)
        return nn_estimator_fail(
            f->e, AD_BAD_VALUE, "fit: %s is %" PRId64 ": no step of %s can be watched: leave it out",
            nn_option_text(name, "watch_every", NULL), f->options->watch_every, f->e->options.optimiser.rule->name);
    if (!searches(f->e) || batch == 0 || batch >= rows)
        return AD_OK;
    nn_option_text(name, "batch_size", NULL);
    return nn_estimator_fail(f->e, AD_BAD_VALUE,
                             "fit: %s is %" PRId64 ": %s takes all %" PRId64 " rows in each step: leave %s out", name,
                             batch, f->e->options.optimiser.rule->name, rows, name);
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

/* Holds a share of the rows out. */
static ad_status split_rows(nn_fit *f)
{
    const ad_allocator allocator = nn_shared_allocator(f->e->shared);
    char share[NN_OPTION_TEXT];
    nn_data data = f->data;
    data.label_texts = NULL;
    data.labels = f->truth->head->task == NN_CLASSES ? f->truth->classes : NULL;
    f->split = nn_split_open(&data, &(nn_split_options){.share = f->options->validation_share,
                                                        .plain = !data.labels,
                                                        .seed = f->e->options.seed,
                                                        .allocator = &allocator});
    if (!f->split)
        return nn_estimator_fail(f->e, AD_NO_MEMORY, "fit: memory is out for the split of %" PRId64 " rows", data.rows);
    if (nn_split_status(f->split) != AD_OK)
        return nn_estimator_fail(f->e, nn_split_status(f->split), "fit: %s: %s",
                                 nn_option_text(share, "validation_share", NULL), nn_split_message(f->split));
    const nn_data train = nn_split_train(f->split, 0), held = nn_split_test(f->split, 0);
    f->held = f->data;
    f->held.rows = held.rows;
    f->held.index = held.index;
    f->held.array_rows = held.array_rows;
    f->data.rows = train.rows;
    f->data.index = train.index;
    f->data.array_rows = train.array_rows;
    f->whole = f->data;
    f->held_truth = f->truth;
    char mistake[400];
    const ad_status status = nn_weights_check(&f->held, mistake, sizeof mistake);
    return status == AD_OK ? AD_OK : nn_estimator_fail(f->e, status, "fit: the share that is held out: %s", mistake);
}

/* Whether columns may have to be matched. */
static bool has_columns(const nn_fit *f) { return f->held.schema.n || f->data.schema.n; }

/* Checks the validation data. Before there is a network nothing says which of their columns it will take. */
static ad_status check_held(nn_fit *f)
{
    nn_estimator *e = f->e;
    nn_matching matching = {.is_same = false};
    f->held = *f->options->validation;
    const ad_status status =
        nn_estimator_check(e, &f->held, f->held_truth, !has_columns(f), "fit: validation", &matching, &e->memory);
    nn_matching_release(&matching);
    if (status == AD_OK && !has_columns(f) && f->held.columns != f->data.columns)
        return nn_estimator_fail(e, AD_BAD_SHAPE,
                                 "fit: the validation data have %" PRId64 " columns, those to learn from %" PRId64,
                                 f->held.columns, f->data.columns);
    return status;
}

static ad_status check_saving(const nn_estimator *e, const nn_fit_options *o)
{
    char name[NN_OPTION_TEXT], save[NN_OPTION_TEXT];
    nn_option_text(save, "save", NULL);
    if (o->save && !*o->save)
        return nn_estimator_fail(e, AD_BAD_VALUE, "fit: %s is empty: give the path of a file, or NULL for none", save);
    if (!o->save && (o->save_every || o->keep))
        return nn_estimator_fail(e, AD_BAD_VALUE, "fit: %s needs %s: give the path of a file",
                                 nn_option_text(name, o->save_every ? "save_every" : "keep", NULL), save);
    return AD_OK;
}

/* Checks the options alone, before any data are split. */
static ad_status check_options(const nn_estimator *e, const nn_fit_options *o)
{
    char mistake[400];
    if (!nn_fields_check(nn_fit_fields, o, mistake, sizeof mistake))
        return nn_estimator_fail(e, AD_BAD_VALUE, "fit: %s", mistake);
    ad_status status = check_length(e, o);
    if (status == AD_OK)
        status = check_validation(e, o);
    return status == AD_OK ? check_saving(e, o) : status;
}

static ad_status check_warm_start(const nn_estimator *e, const nn_fit_options *o)
{
    if (o->warm_start && !*o->warm_start)
        return nn_estimator_fail(e, AD_BAD_VALUE,
                                 "fit: warm_start is empty: give the path of a file, or NULL for none");
    if (o->warm_start && e->tape)
        return nn_estimator_fail(e, AD_BAD_STATE,
                                 "fit: warm_start: the %s has its weights already: leave it out, or open another %s",
                                 e->options.noun, e->options.noun);
    return AD_OK;
}

ad_status nn_plan_fit(nn_fit *f)
{
    nn_estimator *e = f->e;
    const nn_fit_options *o = f->options;
    if (e->is_fitting)
        return nn_estimator_fail(e, AD_BAD_STATE, "fit: it is running already: a callback must not call it");
    ad_status status = nn_check_feed(f);
    const nn_data known = nn_in_memory(&f->whole);
    if (status == AD_OK)
        status = nn_estimator_check(e, &known, f->truth, true, "fit", &f->matching, &e->memory);
    if (status == AD_OK)
        status = check_options(e, o);
    if (status == AD_OK)
        status = check_warm_start(e, o);
    if (status == AD_OK)
        f->print = nn_fingerprint_of(&f->whole);
    if (status == AD_OK && o->validation)
        status = check_held(f);
    if (status == AD_OK && o->validation_share > 0)
        status = split_rows(f);
    if (status == AD_OK && !f->whole.feed && !nn_truth_counts(f->truth, &f->data))
        return nn_estimator_fail(e, AD_BAD_VALUE, "fit: no row counts: each has the weight 0, or its class has");
    return status == AD_OK ? check_search(f) : status;
}

ad_status nn_match_fit(nn_fit *f)
{
    nn_estimator *e = f->e;
    nn_matching matching = {.is_same = false};
    char mistake[400];
    ad_status status = nn_matching_make(&f->matching, &e->encoding, &f->data, &e->memory, mistake, sizeof mistake);
    if (status != AD_OK)
        return nn_estimator_fail(e, status, "fit: %s", mistake);
    if (f->options->validation && has_columns(f))
        status = nn_estimator_match(e, &f->held, "fit: validation", &matching, &e->memory);
    nn_matching_release(&matching);
    return status;
}

/* ---- Steps ------------------------------------------------------------------------------------------------------- */

/* The steps to add: those of the options, or of epochs. Negative: more than can be counted. */
static int64_t steps_to_add(const nn_fit *f)
{
    const nn_fit_options *o = f->options;
    int64_t steps = 0;
    if (o->to_step)
        return o->to_step > f->first ? o->to_step - f->first : 0;
    if (o->steps)
        steps = o->steps;
    else if (__builtin_mul_overflow(o->epochs ? o->epochs : 1, f->epoch_steps, &steps))
        return -1;
    return steps > INT64_MAX - f->first ? -1 : steps;
}

/* How many of `steps` steps from now on are multiples of `every`, at most; no more than a history keeps. */
static int64_t times(int64_t steps, int64_t every)
{
    return !every ? 0 : steps / every < NN_HISTORY_ROWS ? steps / every + 1 : NN_HISTORY_ROWS;
}

ad_status nn_plan_steps(nn_fit *f)
{
    nn_estimator *e = f->e;
    const nn_fit_options *o = f->options;
    const int64_t rows = f->whole.rows;
    char name[NN_OPTION_TEXT];
    f->batch = searches(e) ? rows : o->batch_size ? o->batch_size : NN_DEFAULT_BATCH;
    f->least = nn_network_least_examples(e->network);
    f->epoch_steps = rows / f->batch + (rows < f->batch || rows % f->batch >= f->least);
    f->most = rows - f->batch < f->least - 1 ? rows : f->batch + f->least - 1;
    f->first = e->step;
    const int64_t steps = steps_to_add(f);
    if (steps < 0)
        return nn_estimator_fail(
            e, AD_BAD_VALUE, "fit: %s is %" PRId64 ": after %" PRId64 " steps that is more than can be counted",
            nn_option_text(name, o->steps ? "steps" : "epochs", NULL), o->steps ? o->steps : o->epochs, f->first);
    f->last = f->first + steps;
    const ad_status status = nn_plan_windows(f);
    if (status != AD_OK)
        return status;
    const int64_t rows_of_history =
        times(steps, f->epoch_steps) + times(steps, o->validate_every) + times(steps, NN_HISTORY_STEPS);
    if (nn_history_reserve(&e->history, rows_of_history, times(steps, o->watch_every), e->network->n_trained,
                           &e->memory))
        return AD_OK;
    return nn_estimator_fail(e, AD_NO_MEMORY, "fit: memory is out for the history of %" PRId64 " steps", steps);
}

bool nn_is_end_of_epoch(const nn_fit *f) { return f->whole.rows - f->e->at.place < f->least; }

bool nn_is_validation_due(const nn_fit *f)
{
    const int64_t every = f->options->validate_every;
    return f->held.rows > 0 && (every ? f->e->step % every == 0 : nn_is_end_of_epoch(f));
}
