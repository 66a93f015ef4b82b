/* flatten. */
#include "kind.h"

NN_KINDS_OF(flatten)

static void flatten_shape(nn_layer_call *c, ad_shape *y)
{
    int64_t n = 1;
    for (int i = 0; i < y->rank; i++) {
        if (n > INT64_MAX / y->dims[i])
            nn_layer_fail(c, AD_BAD_SHAPE, "its input has more elements than can be counted");
        n = n > INT64_MAX / y->dims[i] ? 1 : n * y->dims[i];
    }
    *y = AD_SHAPE(n);
}

static ad_tensor flatten_apply(nn_layer_call *c, ad_tensor x)
{
    (void)c;
    const ad_shape shape = ad_shape_of(x);
    int64_t n = 1;
    for (int i = 1; i < shape.rank; i++)
        n *= shape.dims[i];
    return ad_reshape(x, AD_SHAPE(shape.dims[0], n));
}

NN_LAYER_KIND(flatten,
    .formula = "x, all axes of an example as one",
    .shape = flatten_shape,
    .apply = flatten_apply,
);
