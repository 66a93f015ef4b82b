/* Constants made from nothing: operators without operands. */
#include "../family.h"

#include <inttypes.h>

#ifdef AD_REAL

/* y[i] = constant + i size[0] */
LOOP(fill_linear)
{
    REAL *restrict Y = s->array[0];
    const REAL first = (REAL)s->constant, step = (REAL)s->size[0];
    for (size_t i = 0; i < s->n; i++)
        Y[i] = first + step * (REAL)i;
}

#else

AD_FAMILY(creation_constants)

LOOP_TABLE(fill_linear)

static void maker_shape(ad_call *c)
{
    const int64_t type = c->attributes[0].integer;
    if (type < 0 || type >= AD_TYPE_COUNT)
        ad_call_fail(c, AD_BAD_TYPE, "type %" PRId64 " is none of AD_F32, AD_F64, AD_I32", type);
    else
        ad_result(c, 0, (ad_type)type, &c->attributes[1].shape);
}

static bool fits_i32(ad_call *c, double value)
{
    if (value >= INT32_MIN && value <= INT32_MAX && value == (double)(int32_t)value)
        return true;
    ad_call_fail(c, AD_BAD_VALUE, "%g is no i32", value);
    return false;
}

static void fill_linear(ad_call *c, double first, size_t step)
{
    ad_value *y = c->y[0];
    const size_t n = ad_elements(y);
    if (y->type != AD_I32) {
        ad_span span = {.n = n, .array = {y->data}, .constant = first, .size = {step}};
        ad_loop_for(&fill_linear_loops, y->type)(&span);
    } else if (fits_i32(c, first) && fits_i32(c, n ? first + (double)(step * (n - 1)) : 0)) {
        for (size_t i = 0; i < n; i++)
            ((int32_t *)y->data)[i] = (int32_t)first + (int32_t)(step * i);
    }
}

static void full_run(ad_call *c) { fill_linear(c, c->attributes[2].real, 0); }
static void arange_run(ad_call *c) { fill_linear(c, 0, 1); }

static const ad_sample samples_full[] = {
    {.attributes = {{.integer = AD_F64}, {.shape = {2, {2, 3}}}, {.real = 1.5}}},
    {.attributes = {{.integer = AD_F64}, {.shape = {0}}, {.real = 2}}},
    {.attributes = {{.integer = AD_I32}, {.shape = {1, {0}}}, {.real = 2}}},
};

AD_OPERATOR(full,
    .attributes = {{"type", AD_ATTRIBUTE_TYPE}, {"shape", AD_ATTRIBUTE_SHAPE}, {"value", AD_ATTRIBUTE_REAL}},
    .properties = AD_NOT_DIFFERENTIABLE,
    .shape = maker_shape,
    .run = full_run,
    SAMPLES(samples_full),
    .formula = "value everywhere",
    .gradient = "none",
);

static const ad_sample samples_arange[] = {
    {.attributes = {{.integer = AD_F64}, {.shape = {1, {4}}}}},
    {.attributes = {{.integer = AD_I32}, {.shape = {1, {0}}}}},
};

AD_OPERATOR(arange,
    .attributes = {{"type", AD_ATTRIBUTE_TYPE}, {"shape", AD_ATTRIBUTE_SHAPE}},
    .properties = AD_NOT_DIFFERENTIABLE,
    .shape = maker_shape,
    .run = arange_run,
    SAMPLES(samples_arange),
    .formula = "0, 1, ..., n-1",
    .gradient = "none",
);

ad_tensor ad_full(ad_tape *tape, ad_type type, ad_shape shape, double value)
{
    ad_tensor y;
    ad_apply(tape, &ad_operator_full, NULL, 0,
             (const ad_attribute[]){{.integer = (int64_t)type}, {.shape = shape}, {.real = value}}, &y);
    return y;
}

ad_tensor ad_zeros(ad_tape *tape, ad_type type, ad_shape shape) { return ad_full(tape, type, shape, 0); }
ad_tensor ad_ones(ad_tape *tape, ad_type type, ad_shape shape) { return ad_full(tape, type, shape, 1); }

static ad_tensor full_like(ad_tensor x, double value)
{
    const ad_entry *e = ad_require(x, "full_like");
    return e ? ad_full(x.tape, (ad_type)e->value.type, *e->value.shape, value) : ad_inert(x.tape);
}

ad_tensor ad_zeros_like(ad_tensor x) { return full_like(x, 0); }
ad_tensor ad_ones_like(ad_tensor x) { return full_like(x, 1); }

ad_tensor ad_arange(ad_tape *tape, ad_type type, int64_t n)
{
    ad_tensor y;
    ad_apply(tape, &ad_operator_arange, NULL, 0,
             (const ad_attribute[]){{.integer = (int64_t)type}, {.shape = AD_SHAPE(n)}}, &y);
    return y;
}

static void eye_shape(ad_call *c)
{
    char text[AD_SHAPE_TEXT];
    if (c->attributes[1].shape.rank == 2)
        maker_shape(c);
    else
        ad_call_fail(c, AD_BAD_SHAPE, "%s is not the shape of a matrix", ad_shape_text(&c->attributes[1].shape, text));
}

static void eye_run(ad_call *c)
{
    const ad_value *y = c->y[0];
    const size_t m = (size_t)y->shape->dims[0], n = (size_t)y->shape->dims[1];
    memset(y->data, 0, ad_elements(y) * ad_bytes_of(y->type));
    for (size_t i = 0; i < m && i < n; i++)
        if (y->type == AD_F32)
            ((float *)y->data)[i * n + i] = 1;
        else if (y->type == AD_F64)
            ((double *)y->data)[i * n + i] = 1;
        else
            ((int32_t *)y->data)[i * n + i] = 1;
}

static const ad_sample samples_eye[] = {
    {.attributes = {{.integer = AD_F64}, {.shape = {2, {3, 3}}}}},
    {.attributes = {{.integer = AD_F32}, {.shape = {2, {2, 4}}}}},
    {.attributes = {{.integer = AD_I32}, {.shape = {2, {0, 0}}}}},
};

AD_OPERATOR(eye,
    .attributes = {{"type", AD_ATTRIBUTE_TYPE}, {"shape", AD_ATTRIBUTE_SHAPE}},
    .properties = AD_NOT_DIFFERENTIABLE,
    .shape = eye_shape,
    .run = eye_run,
    SAMPLES(samples_eye),
    .formula = "1 on the diagonal, 0 elsewhere",
    .gradient = "none",
);

ad_tensor ad_eye(ad_tape *tape, ad_type type, int64_t n)
{
    ad_tensor y;
    ad_apply(tape, &ad_operator_eye, NULL, 0,
             (const ad_attribute[]){{.integer = (int64_t)type}, {.shape = AD_SHAPE(n, n)}}, &y);
    return y;
}

#endif
