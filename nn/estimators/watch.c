/* Steps of a fit that are watched: how the gradient of each parameter flows. */
#include "fit.h"

#include <math.h>
#include <string.h>

#include <gradtape/backward.h>

#include "../network/node.h"
#include "../total.h"

static bool is_multiple(int64_t step, int64_t every) { return every > 0 && step % every == 0; }

bool nn_is_watched_next(const nn_fit *f) { return is_multiple(f->e->step + 1, f->options->watch_every); }

bool nn_was_watched(const nn_fit *f) { return f->e->is_recorded && is_multiple(f->e->step, f->options->watch_every); }

static double rms(const float *x, const float *from, size_t n)
{
    nn_total sum = {0};
    for (size_t i = 0; i < n; i++) {
        const double d = (double)x[i] - (from ? (double)from[i] : 0);
        nn_add(&sum, d * d);
    }
    return sqrt(nn_total_of(&sum) / (double)n);
}

/* Room for all parameters that are trained, one after the other. */
static float *room_for_parameters(nn_estimator *e)
{
    size_t n = 0;
    for (size_t i = 0; i < e->network->n_trained; i++)
        n += ad_size_of(e->network->trained[i]);
    if (n <= e->before_room)
        return e->before;
    ad_memory_release(&e->memory, e->before, e->before_room, sizeof *e->before);
    e->before = ad_memory_take(&e->memory, n, sizeof *e->before);
    e->before_room = e->before ? n : 0;
    if (!e->before)
        ad_fail(e->tape, AD_NO_MEMORY, "memory is out for the parameters before a step that is watched");
    return e->before;
}

ad_status nn_watched_step(nn_fit *f, nn_pass pass)
{
    nn_estimator *e = f->e;
    const nn_network *network = e->network;
    float *before = room_for_parameters(e);
    for (size_t i = 0; before && i < network->n_trained; i++) {
        const ad_tensor x = network->trained[i];
        memcpy(before, ad_data(x), ad_size_of(x) * sizeof *before);
        before += ad_size_of(x);
    }
    if (nn_step_by(e->network, pass, &e->options.optimiser, f->factor) != AD_OK)
        return ad_status_of(e->tape);
    nn_flow *flow = nn_history_add_step(&e->history);
    const float *from = e->before;
    for (size_t i = 0; i < network->n_trained; i++) {
        const ad_tensor x = network->trained[i];
        const size_t n = ad_size_of(x);
        const double size = rms(from, NULL, n);
        flow[i] = (nn_flow){.step = e->step + 1,
                            .name = ad_name_of(x),
                            .gradient_rms = rms(ad_f32(ad_gradient(x)), NULL, n),
                            .update_ratio = size > 0 ? rms(ad_f32(x), from, n) / size : (double)NAN};
        from += n;
    }
    return AD_OK;
}
