/* Layers that hold a list of layers: residual and repeat. */
#include "kind.h"

#include "../shape_text.h"

NN_KINDS_OF(lists)

static const nn_field residual_fields[] = {
    {"layers", "f", NN_FIELD_LAYERS, .offset = offsetof(nn_residual_options, layers)},
};

static void residual_shape(nn_layer_call *c, ad_shape *y)
{
    const ad_shape x = nn_layer_input(c);
    if (!nn_same_shape(&x, y))
        nn_layer_fail(c, AD_BAD_SHAPE, "its list gives another shape than it takes, so that x + f(x) is not defined");
}

static ad_tensor residual_apply(nn_layer_call *c, ad_tensor x) { return ad_add(x, nn_layer_run_list(c, x)); }

NN_LAYER_KIND(residual,
    OPTIONS(nn_residual_options, residual_fields),
    .formula = "x + f(x)",
    .shape = residual_shape,
    .apply = residual_apply,
);

static const nn_field repeat_fields[] = {
    {"layers", "f", NN_FIELD_LAYERS, .offset = offsetof(nn_repeat_options, layers)},
    {"times", "copies of f, each with parameters of its own", NN_FIELD_INTEGER, offsetof(nn_repeat_options, times),
     .range = NN_FROM_TO(1, 10000)},
};

static const nn_size repeat_copies = NN_OPTION_SIZE(nn_repeat_options, times);

NN_LAYER_KIND(repeat,
    OPTIONS(nn_repeat_options, repeat_fields),
    .formula = "f(f(... f(x)))",
    .apply = nn_layer_run_list,
    .copies = &repeat_copies,
);
