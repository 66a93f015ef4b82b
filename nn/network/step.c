/* Updating a network's parameters. */
#include "node.h"

#include <math.h>

#include <gradtape/update.h>

static bool check_network(const nn_network *network, const char *who)
{
    if (network && !network->first)
        ad_fail(network->tape, AD_BAD_HANDLE, "%s: the network has no layers: opening it failed", who);
    return network && ad_status_of(network->tape) == AD_OK;
}

bool nn_check_step(const nn_network *network, nn_pass pass, const char *who)
{
    if (check_network(network, who) && !pass.trains)
        ad_fail(network->tape, AD_BAD_STATE, "%s: the pass is for inference: make it by nn_training", who);
    return network && ad_status_of(network->tape) == AD_OK;
}

int64_t nn_network_least_examples(const nn_network *network)
{
    int64_t least = 1;
    for (size_t i = 0; i < network->n_nodes; i++)
        if (network->nodes[i]->made.kind->least_examples > least)
            least = network->nodes[i]->made.kind->least_examples;
    return least;
}

ad_status nn_network_prepare(nn_network *network, const nn_optimiser_options *optimiser)
{
    if (!check_network(network, "prepare") || network->n_trained == 0)
        return network ? ad_status_of(network->tape) : AD_BAD_HANDLE;
    return nn_optimiser_prepare(optimiser, network->trained, network->n_trained);
}

static bool is_finite(ad_tensor x)
{
    const float *f32 = ad_type_of(x) == AD_F32 ? ad_f32(x) : NULL;
    const double *f64 = f32 ? NULL : ad_f64(x);
    size_t i = 0;
    const size_t n = f32 || f64 ? ad_size_of(x) : 0;
    while (i < n && isfinite(f32 ? (double)f32[i] : f64[i]))
        i++;
    return i == n;
}

bool nn_check_proposals(const nn_network *network, const char *who)
{
    for (size_t i = 0; i < network->n_parts; i++) {
        const nn_made_part *part = &network->parts[i];
        if (part->role != NN_STATE || part->frozen || is_finite(ad_proposed(part->tensor)))
            continue;
        ad_fail(network->tape, AD_NOT_FINITE,
                "%s: the new value of %s is not finite: a feature of the batch may be too large", who,
                ad_name_of(part->tensor));
    }
    return ad_status_of(network->tape) == AD_OK;
}

ad_status nn_step_by(nn_network *network, nn_pass pass, const nn_optimiser_options *optimiser, double factor)
{
    if (!nn_check_step(network, pass, "step"))
        return network ? ad_status_of(network->tape) : AD_BAD_HANDLE;
    if (!nn_check_proposals(network, "step"))
        return ad_status_of(network->tape);
    if (network->n_trained == 0)
        return ad_commit(network->tape);
    const nn_trained trained = {network->trained, network->factors, network->n_trained, &network->memory_of_steps};
    return nn_optimiser_step_by(optimiser, &trained, factor);
}

ad_status nn_step(nn_network *network, nn_pass pass, const nn_optimiser_options *optimiser)
{
    const nn_schedule_options *const schedule = optimiser ? &optimiser->schedule : NULL;
    if (nn_check_step(network, pass, "step") && schedule && schedule->rule && schedule->rule->observes)
        return ad_fail(network->tape, AD_BAD_VALUE,
                       "step: the schedule %s goes by the losses that it is told, and nn_step tells it none: leave it "
                       "out, and multiply the rate by what nn_plateau_observe returns",
                       schedule->rule->name ? schedule->rule->name : "of the options");
    return nn_step_by(network, pass, optimiser, nn_schedule_factor(schedule, pass.step));
}
