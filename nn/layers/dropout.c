/* dropout. */
#include "kind.h"

NN_KINDS_OF(dropout)

static const nn_field dropout_fields[] = {
    {"rate", "the share of x that becomes 0", NN_FIELD_REAL, offsetof(nn_dropout_options, rate),
     .range = NN_FROM_TO_BELOW(0, 1)},
};

static ad_tensor dropout_apply(nn_layer_call *c, ad_tensor x)
{
    const nn_dropout_options *o = nn_layer_options(c);
    if (!nn_layer_trains(c) || o->rate == 0)
        return x;
    return ad_mul(x, nn_layer_mask(c, x, o->rate));
}

NN_LAYER_KIND(dropout,
    OPTIONS(nn_dropout_options, dropout_fields),
    .formula = "x m, m = 0 with probability rate, else 1 / (1 - rate); x in inference",
    .apply = dropout_apply,
);
