/* Reading tensors: type, shape, values. */
#include <gradtape/tensor.h>

#include <math.h>

#include "handles.h"
#include "versions.h"

ad_type ad_type_of(ad_tensor x)
{
    const ad_entry *e = ad_require_to_look(x, "type_of");
    return e ? (ad_type)e->value.type : AD_F32;
}

ad_shape ad_shape_of(ad_tensor x)
{
    const ad_entry *e = ad_require_to_look(x, "shape_of");
    return e ? *e->value.shape : AD_SCALAR;
}

size_t ad_size_of(ad_tensor x)
{
    const ad_entry *e = ad_require_to_look(x, "size_of");
    return e ? ad_elements(&e->value) : 0;
}

const void *ad_data(ad_tensor x)
{
    const ad_entry *e = ad_require_to_read(x, "data");
    return e && ad_may_read(x.tape, x.id) ? e->value.data : NULL;
}

static const void *data_as(ad_tensor x, ad_type type)
{
    const ad_entry *e = ad_require_to_read(x, ad_type_name(type));
    if (!e || !ad_may_read(x.tape, x.id))
        return NULL;
    if (e->value.type == type)
        return e->value.data;
    ad_fail(x.tape, AD_BAD_TYPE, "%s: the tensor is %s: read it with ad_%s, or ad_cast it", ad_type_name(type),
            ad_type_name((ad_type)e->value.type), ad_type_name((ad_type)e->value.type));
    return NULL;
}

const float *ad_f32(ad_tensor x) { return data_as(x, AD_F32); }
const double *ad_f64(ad_tensor x) { return data_as(x, AD_F64); }
const int32_t *ad_i32(ad_tensor x) { return data_as(x, AD_I32); }

double ad_item(ad_tensor x)
{
    const ad_entry *e = ad_require_to_read(x, "item");
    if (!e || !ad_may_read(x.tape, x.id))
        return (double)NAN;
    if (ad_elements(&e->value) != 1) {
        char text[AD_SHAPE_TEXT];
        ad_fail(x.tape, AD_BAD_SHAPE, "item: the tensor %s has not one element: read it with ad_data",
                ad_shape_text(e->value.shape, text));
        return (double)NAN;
    }
    if (e->value.type == AD_F32)
        return (double)*(const float *)e->value.data;
    return e->value.type == AD_F64 ? *(const double *)e->value.data : (double)*(const int32_t *)e->value.data;
}
