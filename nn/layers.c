/* Layers and activations. */
#include <gradtape/layers.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <gradtape/operators.h>
#include <gradtape/update.h>

static ad_tensor identity(ad_tensor x) { return x; }

/* One row an activation: its name, its operator, and what ad_linear calls it. */
static const struct {
    const char *name;
    ad_tensor (*apply)(ad_tensor x);
    ad_activation in_linear;
} activations[NN_ACTIVATION_COUNT] = {
    [NN_RELU] = {"relu", ad_relu, AD_RELU},
    [NN_LOGISTIC] = {"logistic", ad_logistic, AD_LOGISTIC},
    [NN_TANH] = {"tanh", ad_tanh, AD_TANH},
    [NN_ELU] = {"elu", ad_elu, AD_ELU},
    [NN_SOFTPLUS] = {"softplus", ad_softplus, AD_SOFTPLUS},
    [NN_IDENTITY] = {"identity", identity, AD_IDENTITY},
};

static bool is_known(nn_activation activation) { return (unsigned)activation < NN_ACTIVATION_COUNT; }

const char *nn_activation_name(nn_activation activation)
{
    return is_known(activation) ? activations[activation].name : "unknown activation";
}

nn_activation nn_activation_named(const char *name)
{
    int i = 0;
    while (i < NN_ACTIVATION_COUNT && !(name && !strcmp(activations[i].name, name)))
        i++;
    return (nn_activation)i;
}

ad_tensor nn_activate(ad_tensor x, nn_activation activation)
{
    if (is_known(activation))
        return activations[activation].apply(x);
    ad_fail(x.tape, AD_BAD_VALUE, "activate: %d is no activation: use NN_RELU or another of the list", (int)activation);
    return (ad_tensor){.tape = x.tape};
}

static bool check_options(ad_tape *tape, const nn_dense_options *o)
{
    if (!o)
        ad_fail(tape, AD_BAD_VALUE, "dense: the options are NULL: inputs and units must be given");
    else if (o->inputs < 1 || o->units < 1)
        ad_fail(tape, AD_BAD_SHAPE, "dense: %lld inputs and %lld units: both must be at least 1", (long long)o->inputs,
                (long long)o->units);
    else if (!is_known(o->activation))
        ad_fail(tape, AD_BAD_VALUE, "dense: %d is no activation: use NN_RELU or another of the list",
                (int)o->activation);
    return tape && ad_status_of(tape) == AD_OK;
}

static ad_tensor named_param(ad_tape *tape, const nn_dense_options *o, ad_shape shape, const char *part)
{
    char name[160];
    snprintf(name, sizeof name, "%.120s/%s", o->name ? o->name : "dense", part);
    return ad_param(tape, o->type, shape, NULL, name);
}

nn_dense nn_dense_make(ad_tape *tape, const nn_dense_options *o)
{
    nn_dense layer = {.weights = {.tape = tape}, .biases = {.tape = tape}};
    if (!check_options(tape, o))
        return layer;
    const double limit = sqrt(6 / ((double)o->inputs + (double)o->units));
    layer.activation = o->activation;
    layer.weights = named_param(tape, o, AD_SHAPE(o->inputs, o->units), "weights");
    layer.biases = named_param(tape, o, AD_SHAPE(o->units), "biases");
    if (ad_fill_uniform(layer.weights, (const double[]){-limit, limit}, o->seed, o->stream) != AD_OK)
        layer.weights = layer.biases = (ad_tensor){.tape = tape};
    return layer;
}

ad_tensor nn_dense_apply(const nn_dense *layer, ad_tensor x)
{
    if (layer && is_known(layer->activation))
        return ad_linear(x, layer->weights, layer->biases, activations[layer->activation].in_linear);
    if (layer)
        return nn_activate(x, layer->activation); /* which says what is wrong */
    ad_fail(x.tape, AD_BAD_HANDLE, "dense: the layer is NULL");
    return (ad_tensor){.tape = x.tape};
}
