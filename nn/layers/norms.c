/* Normalisation: layer_norm and batch_norm. */
#include "kind.h"

#include <gradtape/operators/backward.h>

NN_KINDS_OF(norms)

/* ---- layer_norm -------------------------------------------------------------------------------------------------- */

static const nn_field layer_norm_fields[] = {
    {"epsilon", "added to the variance", NN_FIELD_REAL, offsetof(nn_layer_norm_options, epsilon), .standard = 1e-5,
     .range = NN_FROM_TO(1e-30, 1e30)},
};

static const nn_part layer_norm_parts[] = {
    {"gain", NN_GAIN, 1, {NN_INPUT_SIZE(-1)}, .initialiser = NN_ONES, .file_name = "weight"},
    {"bias", NN_BIAS, 1, {NN_INPUT_SIZE(-1)}, .initialiser = NN_ZEROS, .file_name = "bias"},
};

static ad_tensor layer_norm_apply(nn_layer_call *c, ad_tensor x)
{
    const nn_layer_norm_options *o = nn_layer_options(c);
    return ad_layer_norm(x, nn_layer_part(c, 0), nn_layer_part(c, 1), o->epsilon);
}

NN_LAYER_KIND(layer_norm,
    OPTIONS(nn_layer_norm_options, layer_norm_fields),
    PARTS(layer_norm_parts),
    .formula = "gain (x - mean) / sqrt(variance + epsilon) + bias, over the last axis",
    .apply = layer_norm_apply,
);

/* ---- batch_norm -------------------------------------------------------------------------------------------------- */

static const nn_field batch_norm_fields[] = {
    {"momentum", "of the running values", NN_FIELD_REAL, offsetof(nn_batch_norm_options, momentum), .standard = 0.1,
     .range = {.high = 1, .above_low = true}},
    {"epsilon", "added to the variance", NN_FIELD_REAL, offsetof(nn_batch_norm_options, epsilon), .standard = 1e-5,
     .range = NN_FROM_TO(1e-30, 1e30)},
};

enum { GAIN, BIAS, RUNNING_MEAN, RUNNING_VARIANCE };
static const nn_part batch_norm_parts[] = {
    [GAIN] = {"gain", NN_GAIN, 1, {NN_INPUT_SIZE(0)}, .initialiser = NN_ONES, .file_name = "weight"},
    [BIAS] = {"bias", NN_BIAS, 1, {NN_INPUT_SIZE(0)}, .initialiser = NN_ZEROS, .file_name = "bias"},
    [RUNNING_MEAN] =
        {"running_mean", NN_STATE, 1, {NN_INPUT_SIZE(0)}, .initialiser = NN_ZEROS, .file_name = "running_mean"},
    [RUNNING_VARIANCE] =
        {"running_variance", NN_STATE, 1, {NN_INPUT_SIZE(0)}, .initialiser = NN_ONES, .file_name = "running_var"},
};

/* r <- (1 - momentum) r + momentum b, in the shape of r. */
static void propose(nn_layer_call *c, int state, ad_tensor b, double momentum)
{
    const ad_tensor r = nn_layer_proposed(c, state), flat = ad_reshape(ad_detach(b), ad_shape_of(r));
    nn_layer_propose(c, state, ad_add(ad_scale(r, 1 - momentum), ad_scale(flat, momentum)));
}

/* All axes of x but the second. */
static ad_axes other_axes(const ad_shape *x)
{
    ad_axes axes = {.keep = true};
    for (int i = 0; i < x->rank; i++)
        if (i != 1)
            axes.axis[axes.count++] = i;
    return axes;
}

/* A part [d] as [1,d,1,...], so that it goes along with x. */
static ad_tensor along(ad_tensor part, const ad_shape *x)
{
    ad_shape shape = {.rank = x->rank};
    for (int i = 0; i < x->rank; i++)
        shape.dims[i] = i == 1 ? x->dims[1] : 1;
    return ad_reshape(part, shape);
}

/* x - mean and the variance, both of the batch. Proposes the running values. */
static ad_tensor take_moments(nn_layer_call *c, ad_tensor x, ad_tensor *variance)
{
    const nn_batch_norm_options *o = nn_layer_options(c);
    const ad_shape shape = ad_shape_of(x);
    const ad_axes axes = other_axes(&shape);
    const double m = (double)ad_size_of(x) / (double)shape.dims[1];
    *variance = ad_var_over(x, 0, axes);
    propose(c, RUNNING_MEAN, ad_mean_over(x, axes), o->momentum);
    propose(c, RUNNING_VARIANCE, ad_scale(*variance, m / (m - 1)), o->momentum);
    return ad_deviations(x, axes);
}

/* x - mean and the variance, both of training. */
static ad_tensor take_running(nn_layer_call *c, ad_tensor x, ad_tensor *variance)
{
    const ad_shape shape = ad_shape_of(x);
    *variance = along(nn_layer_part(c, RUNNING_VARIANCE), &shape);
    return ad_sub(x, along(nn_layer_part(c, RUNNING_MEAN), &shape));
}

static ad_tensor batch_norm_apply(nn_layer_call *c, ad_tensor x)
{
    const nn_batch_norm_options *o = nn_layer_options(c);
    const ad_shape shape = ad_shape_of(x);
    ad_tensor variance;
    if (nn_layer_trains(c) && ad_size_of(x) <= (size_t)shape.dims[1]) {
        nn_layer_fail(c, AD_BAD_SHAPE,
                      "a batch of %s number for each feature has no variance: train with at least 2 rows in "
                      "each batch",
                      ad_size_of(x) ? "one" : "no");
        return (ad_tensor){.tape = x.tape};
    }
    const ad_tensor away = nn_layer_trains(c) ? take_moments(c, x, &variance) : take_running(c, x, &variance);
    const ad_tensor normal = ad_mul(away, ad_rsqrt(ad_shift(variance, o->epsilon)));
    return ad_mul_add(normal, along(nn_layer_part(c, GAIN), &shape), along(nn_layer_part(c, BIAS), &shape));
}

NN_LAYER_KIND(batch_norm,
    OPTIONS(nn_batch_norm_options, batch_norm_fields),
    PARTS(batch_norm_parts),
    .formula = "gain (x - mean) / sqrt(variance + epsilon) + bias, over the examples",
    .least_examples = 2,
    .apply = batch_norm_apply,
);
