/* Labels as rows of one 1 among zeros. */
#include "../family.h"

#include <inttypes.h>

AD_FAMILY(indexing_one_hot)

static void one_hot_shape(ad_call *c)
{
    const ad_shape *labels = c->x[0]->shape;
    const int64_t n = c->attributes[0].integer, type = c->attributes[1].integer;
    const int axis = ad_new_axis_index(c, -1, labels->rank);
    if (axis < 0)
        return;
    if (type < 0 || type >= AD_TYPE_COUNT) {
        ad_call_fail(c, AD_BAD_TYPE, "type %" PRId64 " is none of AD_F32, AD_F64, AD_I32", type);
        return;
    }
    const ad_shape y = ad_expanded(labels, axis, n);
    ad_result(c, 0, (ad_type)type, &y);
}

static void one_hot_run(ad_call *c)
{
    const ad_value *labels = c->x[0], *y = c->y[0];
    const size_t n = (size_t)c->attributes[0].integer, bytes = ad_bytes_of(y->type);
    const void *ones[AD_TYPE_COUNT] = {[AD_F32] = &(float){1}, [AD_F64] = &(double){1}, [AD_I32] = &(int32_t){1}};
    const int32_t *label = labels->data;
    memset(y->data, 0, ad_elements(y) * bytes);
    for (size_t i = 0; i < ad_elements(labels); i++) {
        if (label[i] < 0 || (size_t)label[i] >= n) {
            ad_call_fail(c, AD_BAD_VALUE, "label %" PRId32 " at place %zu is out of range: there are %zu", label[i], i,
                         n);
            return;
        }
        memcpy((char *)y->data + (i * n + (size_t)label[i]) * bytes, ones[y->type], bytes);
    }
}

static const ad_sample samples_one_hot[] = {
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.integer = 4}, {.integer = AD_F64}}},
    {.n_x = 1, .x = {{0}}, .attributes = {{.integer = 3}, {.integer = AD_I32}}},
    {.n_x = 1, .x = {{1, {0}}}, .attributes = {{.integer = 3}, {.integer = AD_F32}}},
};

AD_OPERATOR(one_hot,
    .arity = 1,
    .types = "i",
    .attributes = {{"n", AD_ATTRIBUTE_INTEGER}, {"type", AD_ATTRIBUTE_TYPE}},
    .properties = AD_NOT_DIFFERENTIABLE,
    .shape = one_hot_shape,
    SAMPLES(samples_one_hot),
    .run = one_hot_run,
    .formula = "1 at the label, 0 elsewhere",
    .gradient = "none",
    .domain = {{.high = 2}},
);

ad_tensor ad_one_hot(ad_tensor labels, int64_t n, ad_type type)
{
    return ad_apply_one(&ad_operator_one_hot, &labels, 1,
                        (const ad_attribute[]){{.integer = n}, {.integer = (int64_t)type}});
}
