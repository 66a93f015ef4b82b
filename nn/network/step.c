/* Updating a network's parameters. */
#include "node.h"

#include <math.h>

#include <gradtape/update.h>

static bool check_step(const nn_network *network, const char *who)
{
    if (network && !network->first)
        ad_fail(network->tape, AD_BAD_HANDLE, "%s: the network has no layers: opening it failed", who);
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
    if (!check_step(network, "prepare") || network->n_trained == 0)
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

/* A running value that became infinite or NaN would stay so for ever. */
static bool check_proposals(const nn_network *network)
{
    for (size_t i = 0; i < network->n_parts; i++) {
        const nn_made_part *part = &network->parts[i];
        if (part->role != NN_STATE || part->frozen || is_finite(ad_proposed(part->tensor)))
            continue;
        ad_fail(network->tape, AD_NOT_FINITE,
                "step: the new value of %s is not finite: a feature of the batch may be too large",
                ad_name_of(part->tensor));
    }
    return ad_status_of(network->tape) == AD_OK;
}

ad_status nn_step(nn_network *network, nn_pass pass, const nn_optimiser_options *optimiser)
{
    if (!check_step(network, "step"))
        return network ? ad_status_of(network->tape) : AD_BAD_HANDLE;
    if (!pass.trains)
        return ad_fail(network->tape, AD_BAD_STATE, "step: the pass is for inference: make it by nn_training");
    if (!check_proposals(network))
        return ad_status_of(network->tape);
    if (network->n_trained == 0)
        return ad_commit(network->tape);
    return nn_optimiser_step_by(optimiser, network->trained, network->factors, network->n_trained);
}
