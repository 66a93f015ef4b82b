/* Kernels that are one loop over all operands. */
#include "map.h"

#include "../kernels/broadcast.h"

void ad_map_by(ad_call *c, ad_loop *loop)
{
    const ad_shape *shapes[AD_SPAN_ARRAYS] = {c->y[0]->shape};
    size_t bytes[AD_SPAN_ARRAYS] = {ad_bytes_of(c->y[0]->type)};
    ad_span span = {.array = {c->y[0]->data}};
    bool all_same = true;
    for (int i = 0; i < c->n_x; i++) {
        shapes[i + 1] = c->x[i]->shape;
        bytes[i + 1] = ad_bytes_of(c->x[i]->type);
        span.array[i + 1] = c->x[i]->data;
        span.step[i + 1] = 1;
        all_same = all_same && ad_same_dims(c->x[i]->shape, c->y[0]->shape);
    }
    if (c->op->attributes[0].kind == AD_ATTRIBUTE_REAL)
        span.constant = c->attributes[0].real;
    if (all_same) {
        span.n = ad_elements(c->y[0]);
        loop(&span);
    } else {
        ad_broadcast_loop(c->y[0]->shape, c->n_x + 1, shapes, bytes, loop, &span);
    }
}

/* One element goes through the loop that scalars take (scalars.h), so that it has the same bits on every way. */
void ad_map(ad_call *c)
{
    const uint8_t type = c->y[0]->type;
    const bool is_one = ad_elements(c->y[0]) == 1;
    ad_map_by(c, is_one ? c->op->loops->of[type][AD_BASELINE] : ad_loop_for(c->op->loops, type));
}

void ad_map_one(const ad_operator *op, const ad_attribute *attributes, uint8_t type, void *y, void *a, void *b, void *c)
{
    const bool has_constant = op->attributes[0].kind == AD_ATTRIBUTE_REAL;
    const ad_span span = {.n = 1, .array = {y, a, b, c}, .constant = has_constant ? attributes[0].real : 0};
    op->loops->of[type][AD_BASELINE](&span);
}
