/* Layers and activations. */
#include <gradtape/layers.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <gradtape/operators.h>
#include <gradtape/random.h>
#include <gradtape/update.h>

static ad_tensor identity(ad_tensor x) { return x; }

/* One row an activation: its name and its operator. */
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

static ad_activation or_default(ad_activation activation)
{
    return activation == AD_ACTIVATION_DEFAULT ? AD_RELU : activation;
}

static bool is_known(ad_activation activation) { return (unsigned)activation < AD_ACTIVATION_COUNT; }

const char *nn_activation_name(ad_activation activation)
{
    return is_known(activation) ? activations[or_default(activation)].name : "unknown activation";
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
        return activations[or_default(activation)].apply(x);
    ad_fail(x.tape, AD_BAD_VALUE, "activate: %d is no activation: use AD_RELU or another of the list", (int)activation);
    return (ad_tensor){.tape = x.tape};
}

static bool check_options(ad_tape *tape, const nn_dense_options *o)
{
    if (!o)
        ad_fail(tape, AD_BAD_VALUE, "dense: the options are NULL: inputs and units must be given");
    else if (o->inputs < 1 || o->units < 1)
        ad_fail(tape, AD_BAD_SHAPE, "dense: %lld inputs and %lld units: both must be at least 1", (long long)o->inputs,
                (long long)o->units);
    else if (o->stream >= AD_STREAM_NUMBERS)
        ad_fail(tape, AD_BAD_VALUE, "dense: stream %llu is too large: it must be below 2^56",
                (unsigned long long)o->stream);
    else if (!is_known(o->activation))
        ad_fail(tape, AD_BAD_VALUE, "dense: %d is no activation: use AD_RELU or another of the list",
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
    const uint64_t stream = ad_stream(AD_STREAM_WEIGHTS, o->stream);
    layer.activation = or_default(o->activation);
    layer.weights = named_param(tape, o, AD_SHAPE(o->inputs, o->units), "weights");
    layer.biases = named_param(tape, o, AD_SHAPE(o->units), "biases");
    if (ad_fill_uniform(layer.weights, (const double[]){-limit, limit}, o->seed, stream) != AD_OK)
        layer.weights = layer.biases = (ad_tensor){.tape = tape};
    return layer;
}

ad_tensor nn_dense_apply(const nn_dense *layer, ad_tensor x)
{
    if (layer && is_known(layer->activation))
        return ad_linear(x, layer->weights, layer->biases, or_default(layer->activation));
    if (layer)
        return nn_activate(x, layer->activation); /* which says what is wrong */
    ad_fail(x.tape, AD_BAD_HANDLE, "dense: the layer is NULL");
    return (ad_tensor){.tape = x.tape};
}
