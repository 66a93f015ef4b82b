/* Updating a network's parameters. */
#include "node.h"

#include <gradtape/update.h>

static bool check_step(const nn_network *network, const char *who)
{
    if (network && !network->first)
        ad_fail(network->tape, AD_BAD_HANDLE, "%s: the network has no layers: opening it failed", who);
    return network && ad_status_of(network->tape) == AD_OK;
}

ad_status nn_network_prepare(nn_network *network, const nn_optimiser_options *optimiser)
{
    if (!check_step(network, "prepare") || network->n_trained == 0)
        return network ? ad_status_of(network->tape) : AD_BAD_HANDLE;
    return nn_optimiser_prepare(optimiser, network->trained, network->n_trained);
}

ad_status nn_step(nn_network *network, nn_pass pass, const nn_optimiser_options *optimiser)
{
    if (!check_step(network, "step"))
        return network ? ad_status_of(network->tape) : AD_BAD_HANDLE;
    if (!pass.trains)
        return ad_fail(network->tape, AD_BAD_STATE, "step: the pass is for inference: make it by nn_training");
    if (network->n_trained == 0)
        return ad_commit(network->tape);
    return nn_optimiser_step_by(optimiser, network->trained, network->factors, network->n_trained);
}
