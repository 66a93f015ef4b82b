/* The values of an estimator's network, kept aside and put back. */
#include "weights.h"

#include <string.h>

#include <gradtape/inspect.h>
#include <gradtape/update.h>

static size_t bytes_of(ad_tensor x) { return ad_size_of(x) * ad_type_bytes(ad_type_of(x)); }

size_t nn_weights_bytes(const nn_estimator *e)
{
    size_t bytes = 0;
    for (size_t i = 0; i < nn_network_part_count(e->network); i++)
        bytes += bytes_of(nn_network_part(e->network, i));
    return bytes;
}

void nn_weights_keep(const nn_estimator *e, char *to)
{
    for (size_t i = 0; i < nn_network_part_count(e->network); i++) {
        const ad_tensor x = nn_network_part(e->network, i);
        memcpy(to, ad_data(x), bytes_of(x));
        to += bytes_of(x);
    }
}

ad_status nn_weights_put(nn_estimator *e, const char *from)
{
    nn_estimator_prepare_tape(e);
    ad_watch(e->tape, AD_OFF); /* a change of a leaf then takes no memory */
    for (size_t i = 0; i < nn_network_part_count(e->network) && ad_status_of(e->tape) == AD_OK; i++) {
        const ad_tensor x = nn_network_part(e->network, i);
        ad_assign(x, from);
        from += bytes_of(x);
    }
    return ad_status_of(e->tape) == AD_OK ? AD_OK : nn_estimator_fail_with_tape(e, e->tape, "fit");
}
