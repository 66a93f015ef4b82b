/* Changing the type. */
#include "../family.h"

#include <inttypes.h>

#include "../../kernels/strided_copy.h"

AD_FAMILY(shapes_cast)

static void cast_shape(ad_call *c)
{
    const int64_t type = c->attributes[0].integer;
    if (type < 0 || type >= AD_TYPE_COUNT)
        ad_call_fail(c, AD_BAD_TYPE, "type %" PRId64 " is none of AD_F32, AD_F64, AD_I32", type);
    else
        ad_result(c, 0, (ad_type)type, c->x[0]->shape);
}

static double element(const ad_value *x, size_t i)
{
    if (x->type == AD_F32)
        return (double)((const float *)x->data)[i];
    return x->type == AD_F64 ? ((const double *)x->data)[i] : (double)((const int32_t *)x->data)[i];
}

/* To i32: towards 0. What does not fit is an error, not undefined. */
static void cast_to_i32(ad_call *c)
{
    int32_t *y = c->y[0]->data;
    for (size_t i = 0; i < ad_elements(c->y[0]); i++) {
        double x = element(c->x[0], i);
        if (!(x > (double)INT32_MIN - 1 && x < (double)INT32_MAX + 1)) {
            ad_call_fail(c, AD_BAD_VALUE, "%g at place %zu does not fit into i32", x, i);
            return;
        }
        y[i] = (int32_t)x;
    }
}

static void cast_run(ad_call *c)
{
    const size_t n = ad_elements(c->y[0]);
    if (c->x[0]->type == c->y[0]->type)
        memcpy(c->y[0]->data, c->x[0]->data, n * ad_bytes_of(c->y[0]->type));
    else if (c->y[0]->type == AD_I32)
        cast_to_i32(c);
    else if (c->y[0]->type == AD_F32)
        for (size_t i = 0; i < n; i++)
            ((float *)c->y[0]->data)[i] = (float)element(c->x[0], i);
    else
        for (size_t i = 0; i < n; i++)
            ((double *)c->y[0]->data)[i] = element(c->x[0], i);
}

static void cast_vjp(ad_pullback *p) { ad_give(p, 0, ad_cast(ad_dy(p), ad_type_of(ad_x(p, 0)))); }

static const ad_sample samples_cast[] = {
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.integer = AD_F64}}},
    {.n_x = 1, .x = {{0}}, .attributes = {{.integer = AD_F64}}},
    {.n_x = 1, .x = {{2, {2, 0}}}, .attributes = {{.integer = AD_F32}}},
};

AD_OPERATOR(cast,
    .arity = 1,
    .types = "*",
    .attributes = {{"type", AD_ATTRIBUTE_TYPE}},
    .shape = cast_shape,
    SAMPLES(samples_cast),
    .run = cast_run,
    .vjp = cast_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "x in another type",
    .gradient = "dy in the type of x",
    .convention = "to i32: towards 0; an error where it does not fit",
);

ad_tensor ad_cast(ad_tensor x, ad_type type)
{
    return ad_apply_one(&ad_operator_cast, &x, 1, &(ad_attribute){.integer = (int64_t)type});
}
