/* dense, and the activations that it applies. */
#include "kind.h"

#include <math.h>
#include <string.h>

NN_KINDS_OF(dense)

/* ---- Activations by number --------------------------------------------------------------------------------------- */

static ad_tensor identity(ad_tensor x) { return x; }

/* One row an activation of a layer: its name and its operator. */
static const struct {
    const char *name;
    ad_tensor (*apply)(ad_tensor x);
} activations[AD_ACTIVATION_COUNT] = {
    [AD_RELU] = {"relu", ad_relu},
    [AD_TANH] = {"tanh", ad_tanh},
    [AD_LOGISTIC] = {"logistic", ad_logistic},
    [AD_SOFTPLUS] = {"softplus", ad_softplus},
    [AD_ELU] = {"elu", ad_elu},
    [AD_IDENTITY] = {"identity", identity},
};

static ad_activation or_relu(ad_activation activation)
{
    return activation == AD_ACTIVATION_DEFAULT ? AD_RELU : activation;
}

static bool is_known(ad_activation activation) { return (unsigned)activation < AD_ACTIVATION_COUNT; }

const char *nn_activation_name(ad_activation activation)
{
    return is_known(activation) ? activations[or_relu(activation)].name : "unknown activation";
}

ad_activation nn_activation_named(const char *name)
{
    int i = AD_ACTIVATION_DEFAULT + 1;
    while (i < AD_ACTIVATION_COUNT && !(name && !strcmp(activations[i].name, name)))
        i++;
    return (ad_activation)i;
}

ad_tensor nn_activate(ad_tensor x, ad_activation activation)
{
    if (is_known(activation))
        return activations[or_relu(activation)].apply(x);
    ad_fail(x.tape, AD_BAD_VALUE, "activate: %d is no activation: use AD_RELU or another of the list", (int)activation);
    return (ad_tensor){.tape = x.tape};
}

const char *nn_activation_choice(int number)
{
    if (number == AD_ACTIVATION_DEFAULT)
        return "";
    return is_known((ad_activation)number) ? activations[number].name : NULL;
}

/* ---- dense ------------------------------------------------------------------------------------------------------- */

static const nn_field dense_fields[] = {
    {"units", "outputs, h", NN_FIELD_INTEGER, offsetof(nn_dense_options, units), .range = NN_FROM_TO(1, 0x1p52)},
    {"activation", "of the outputs", NN_FIELD_CHOICE, offsetof(nn_dense_options, activation), .standard = AD_IDENTITY,
     .choice = nn_activation_choice},
    {"initialiser", "of the weights", NN_FIELD_CHOICE, offsetof(nn_dense_options, initialiser),
     .standard = NN_GLOROT_UNIFORM, .choice = nn_initialiser_name},
    {"without_biases", "x W instead of x W + b", NN_FIELD_SWITCH, .offset = offsetof(nn_dense_options, without_biases)},
};

static const nn_part dense_parts[] = {
    {"weights",
     NN_WEIGHT,
     2,
     {NN_INPUT_SIZE(-1), NN_OPTION_SIZE(nn_dense_options, units)},
     .initialiser = NN_GLOROT_UNIFORM,
     .chosen_by = offsetof(nn_dense_options, initialiser),
     .file_name = "weight",
     .is_transposed = true},
    {"biases",
     NN_BIAS,
     1,
     {NN_OPTION_SIZE(nn_dense_options, units)},
     .initialiser = NN_ZEROS,
     .left_out_by = offsetof(nn_dense_options, without_biases),
     .file_name = "bias"},
};

static void dense_shape(nn_layer_call *c, ad_shape *y)
{
    const nn_dense_options *o = nn_layer_options(c);
    y->dims[y->rank - 1] = o->units;
}

static ad_tensor dense_apply(nn_layer_call *c, ad_tensor x)
{
    const nn_dense_options *o = nn_layer_options(c);
    if (!o->without_biases)
        return ad_linear(x, nn_layer_part(c, 0), nn_layer_part(c, 1), o->activation);
    return nn_activate(ad_matmul(x, nn_layer_part(c, 0)), o->activation);
}

NN_LAYER_KIND(dense,
    OPTIONS(nn_dense_options, dense_fields),
    PARTS(dense_parts),
    .formula = "activation(x W + b)",
    .shape = dense_shape,
    .apply = dense_apply,
);
