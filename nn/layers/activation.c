/* activation: each function of operators/activations.h. */
#include "kind.h"

NN_KINDS_OF(activation)

static ad_tensor identity(ad_tensor x) { return x; }

/* One row a function: its name, and its operator where that takes x alone. */
static const struct {
    const char *name;
    ad_tensor (*apply)(ad_tensor x);
} functions[NN_FUNCTION_COUNT] = {
    [NN_FUNCTION_DEFAULT] = {"", NULL},
    [NN_RELU] = {"relu", ad_relu},
    [NN_LEAKY_RELU] = {"leaky_relu", NULL},
    [NN_ELU] = {"elu", ad_elu},
    [NN_SELU] = {"selu", ad_selu},
    [NN_GELU] = {"gelu", ad_gelu},
    [NN_SILU] = {"silu", ad_silu},
    [NN_SOFTPLUS] = {"softplus", ad_softplus},
    [NN_LOGISTIC] = {"logistic", ad_logistic},
    [NN_LOG_LOGISTIC] = {"log_logistic", ad_log_logistic},
    [NN_TANH] = {"tanh", ad_tanh},
    [NN_HARDTANH] = {"hardtanh", ad_hardtanh},
    [NN_STEP] = {"step", ad_step},
    [NN_IDENTITY] = {"identity", identity},
};

const char *nn_function_name(int function)
{
    return (unsigned)function < NN_FUNCTION_COUNT ? functions[function].name : NULL;
}

static const nn_field activation_fields[] = {
    {"function", "f", NN_FIELD_CHOICE, offsetof(nn_activation_options, function), .standard = NN_RELU,
     .choice = nn_function_name},
    {"slope", "of leaky_relu below 0", NN_FIELD_REAL, offsetof(nn_activation_options, slope), .standard = 0.01,
     .range = NN_FROM_TO(-1e30, 1e30)},
};

static ad_tensor activation_apply(nn_layer_call *c, ad_tensor x)
{
    const nn_activation_options *o = nn_layer_options(c);
    return o->function == NN_LEAKY_RELU ? ad_leaky_relu(x, o->slope) : functions[o->function].apply(x);
}

NN_LAYER_KIND(activation,
    OPTIONS(nn_activation_options, activation_fields),
    .formula = "f(x)",
    .apply = activation_apply,
);
