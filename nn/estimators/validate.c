/* Validation in a fit: the best weights, and when to stop. */
#include "validate.h"

#include <math.h>

#include "weights.h"

const char *nn_monitor_name(int monitor)
{
    static const char *const names[NN_MONITOR_COUNT] = {"loss", "accuracy"};
    return (unsigned)monitor < NN_MONITOR_COUNT ? names[monitor] : NULL;
}

/* ---- Weights ----------------------------------------------------------------------------------------------------- */

static ad_status make_room(nn_estimator *e)
{
    nn_best *b = &e->best;
    if (b->weights)
        return AD_OK;
    const size_t bytes = nn_weights_bytes(e);
    b->weights = ad_memory_take(&e->memory, bytes, 1);
    b->last = ad_memory_take(&e->memory, bytes, 1);
    if (b->weights && b->last) {
        b->bytes = bytes;
        return AD_OK;
    }
    ad_memory_release(&e->memory, b->weights, bytes, 1);
    ad_memory_release(&e->memory, b->last, bytes, 1);
    b->weights = b->last = NULL;
    return nn_estimator_fail(e, AD_NO_MEMORY, "fit: memory is out for the best weights");
}

/* ---- A fit ------------------------------------------------------------------------------------------------------- */

ad_status nn_begin_validation(nn_fit *f)
{
    nn_best *b = &f->e->best;
    if (f->options->patience > 0 && make_room(f->e) != AD_OK)
        return AD_NO_MEMORY;
    /* An end by patience may have been saved before the best weights took their place. */
    const char *weights = b->is_shown && !b->is_over ? b->last : b->is_over && !b->is_shown ? b->weights : NULL;
    const ad_status put = weights ? nn_weights_put(f->e, weights) : AD_OK;
    if (put != AD_OK)
        return put;
    if (b->is_over)
        b->used = 0;
    b->is_shown = b->is_over = false;
    if (f->held.rows == 0)
        return AD_OK;
    if (b->monitor != f->options->monitor || b->rows != f->held.rows || (f->options->patience && !b->has_weights)) {
        b->has_value = b->has_weights = false;
        b->waited = b->used = 0;
    }
    if (b->rows != f->held.rows) { /* losses of other rows tell nothing */
        f->e->plateau.has_best = false;
        f->e->plateau.waited = 0;
    }
    b->monitor = f->options->monitor;
    b->rows = f->held.rows;
    return AD_OK;
}

/* Whether this is the best validation so far. One that is not finite is not. */
static bool is_better(const nn_best *b, double value, double by)
{
    if (!b->has_value)
        return isfinite(value);
    return b->monitor == NN_MONITOR_ACCURACY ? value > b->value + by : value < b->value - by;
}

ad_status nn_validate(nn_fit *f)
{
    nn_estimator *e = f->e;
    nn_best *b = &e->best;
    const nn_evaluation found = nn_estimator_validate(e, &f->held, f->held_truth);
    if (found.status != AD_OK)
        return found.status;
    const double value = b->monitor == NN_MONITOR_ACCURACY ? found.accuracy : found.loss;
    const bool is_best = is_better(b, value, f->options->least_improvement);
    b->waited = is_best ? 0 : b->waited + 1;
    b->used = is_best ? 0 : b->used + (f->options->patience > 0);
    if (is_best) {
        b->value = value;
        b->has_value = true;
        b->has_weights = f->options->patience > 0;
        if (b->has_weights)
            nn_weights_keep(e, b->weights);
    }
    if (e->options.optimiser.schedule.rule->observes)
        e->plateau_factor = nn_plateau_observe(&e->plateau, &e->options.optimiser.schedule, found.loss);
    f->validation = (nn_validation){
        .step = e->step, .loss = found.loss, .accuracy = found.accuracy, .is_best = is_best, .waited = b->waited};
    b->is_over = f->options->patience > 0 && b->used >= f->options->patience;
    if (b->is_over)
        f->end = NN_END_PATIENCE;
    return AD_OK;
}

ad_status nn_end_validation(nn_fit *f, ad_status status)
{
    nn_best *b = &f->e->best;
    if (f->options->patience == 0 || !b->has_weights || f->e->is_to_close)
        return status;
    nn_weights_keep(f->e, b->last);
    const ad_status put = nn_weights_put(f->e, b->weights);
    b->is_shown = put == AD_OK;
    return status == AD_OK ? put : status;
}
