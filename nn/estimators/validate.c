/* Validation in a fit: the best weights, and when to stop. */
#include "validate.h"

#include <math.h>
#include <string.h>

#include <gradtape/inspect.h>
#include <gradtape/update.h>

const char *nn_monitor_name(int monitor)
{
    static const char *const names[NN_MONITOR_COUNT] = {"loss", "accuracy"};
    return (unsigned)monitor < NN_MONITOR_COUNT ? names[monitor] : NULL;
}

/* ---- Weights ----------------------------------------------------------------------------------------------------- */

static size_t bytes_of(ad_tensor x) { return ad_size_of(x) * ad_type_bytes(ad_type_of(x)); }

/* Copies the values of all parts of the network. */
static void keep_weights(const nn_estimator *e, char *to)
{
    for (size_t i = 0; i < nn_network_part_count(e->network); i++) {
        const ad_tensor x = nn_network_part(e->network, i);
        memcpy(to, ad_data(x), bytes_of(x));
        to += bytes_of(x);
    }
}

/* Gives all parts such values, or none. */
static ad_status put_weights(nn_estimator *e, const char *from)
{
    const size_t n = nn_network_part_count(e->network);
    nn_estimator_prepare_tape(e);
    ad_watch(e->tape, AD_OFF); /* a change of a leaf then takes no memory */
    for (size_t i = 0; i < n && ad_status_of(e->tape) == AD_OK; i++) {
        const ad_tensor x = nn_network_part(e->network, i);
        ad_assign(x, from);
        from += bytes_of(x);
    }
    return ad_status_of(e->tape) == AD_OK ? AD_OK : nn_estimator_fail_with_tape(e, e->tape, "fit");
}

static ad_status make_room(nn_estimator *e)
{
    nn_best *b = &e->best;
    size_t bytes = 0;
    if (b->weights)
        return AD_OK;
    for (size_t i = 0; i < nn_network_part_count(e->network); i++)
        bytes += bytes_of(nn_network_part(e->network, i));
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
    if (b->is_shown && !b->is_over && put_weights(f->e, b->last) != AD_OK)
        return AD_NO_MEMORY;
    if (b->is_over)
        b->waited = 0;
    b->is_shown = b->is_over = false;
    if (f->held.rows == 0)
        return AD_OK;
    if (b->monitor != f->options->monitor || b->rows != f->held.rows || (f->options->patience && !b->has_weights)) {
        b->has_value = b->has_weights = false;
        b->waited = 0;
    }
    b->monitor = f->options->monitor;
    b->rows = f->held.rows;
    return AD_OK;
}

/* Whether this is the best validation so far. One that is NaN is not. */
static bool is_better(const nn_best *b, double value, double by)
{
    if (!b->has_value)
        return !isnan(value);
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
    if (is_best) {
        b->value = value;
        b->has_value = true;
        b->has_weights = f->options->patience > 0;
        if (b->has_weights)
            keep_weights(e, b->weights);
    }
    if (e->options.optimiser.schedule.rule->observes)
        e->plateau_factor = nn_plateau_observe(&e->plateau, &e->options.optimiser.schedule, found.loss);
    f->validation = (nn_validation){
        .step = e->step, .loss = found.loss, .accuracy = found.accuracy, .is_best = is_best, .waited = b->waited};
    b->is_over = f->options->patience > 0 && b->waited >= f->options->patience;
    f->has_ended |= b->is_over;
    return AD_OK;
}

ad_status nn_end_validation(nn_fit *f, ad_status status)
{
    nn_best *b = &f->e->best;
    if (f->options->patience == 0 || !b->has_weights || b->is_shown || f->e->is_to_close)
        return status;
    keep_weights(f->e, b->last);
    const ad_status put = put_weights(f->e, b->weights);
    b->is_shown = put == AD_OK;
    return status == AD_OK ? put : status;
}
