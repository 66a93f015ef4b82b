/* Updating a network's parameters by a search. */
#include "../training/search.h"

#include "node.h"

typedef struct objective {
    const nn_network *network;
    nn_objective *loss;
    void *context;
} objective;

/* The caller's loss; new values of states are looked at too. */
static ad_tensor loss_of_network(ad_tape *tape, void *context)
{
    const objective *o = context;
    const ad_tensor loss = o->loss(tape, o->context);
    nn_check_proposals(o->network, "search");
    return loss;
}

ad_status nn_network_search(nn_network *network, nn_pass pass, const nn_optimiser_options *optimiser,
                            nn_objective *loss, void *context, nn_search_result *result)
{
    if (!nn_check_step(network, pass, "search"))
        return network ? ad_status_of(network->tape) : AD_BAD_HANDLE;
    if (!loss)
        return ad_fail(network->tape, AD_BAD_VALUE, "search: the objective is NULL");
    if (network->n_trained == 0)
        return ad_fail(network->tape, AD_BAD_STATE, "search: the network has no parameters that are trained");
    objective o = {network, loss, context};
    return nn_search_step_by(optimiser, network->trained, network->factors, network->n_trained, loss_of_network, &o,
                             result);
}
