/* Walking arrays that are broadcast to one index space. */
#include "broadcast.h"

#include <string.h>

/* Axes of the space, merged where no array can tell the difference, the innermost first. */
typedef struct plan {
    int n_axes, n_arrays;
    size_t size[AD_MAX_RANK];
    size_t stride[AD_MAX_RANK][AD_SPAN_ARRAYS]; /* in elements; 0 where the array is broadcast */
} plan;

static bool merges(const plan *p, const size_t stride[])
{
    const int last = p->n_axes - 1;
    for (int i = 0; i < p->n_arrays; i++)
        if (stride[i] != p->stride[last][i] * p->size[last])
            return false;
    return true;
}

static void add_axis(plan *p, size_t size, const size_t stride[])
{
    if (size == 1)
        return;
    if (p->n_axes && merges(p, stride)) {
        p->size[p->n_axes - 1] *= size;
        return;
    }
    p->size[p->n_axes] = size;
    memcpy(p->stride[p->n_axes++], stride, sizeof p->stride[0]);
}

static plan plan_of(const ad_shape *space, int n_arrays, const ad_shape *const shapes[])
{
    plan p = {.n_arrays = n_arrays};
    size_t dense[AD_SPAN_ARRAYS] = {1, 1, 1, 1};
    for (int axis = space->rank - 1; axis >= 0; axis--) {
        size_t stride[AD_SPAN_ARRAYS] = {0};
        for (int i = 0; i < n_arrays; i++) {
            int own = axis - (space->rank - shapes[i]->rank);
            size_t size = own >= 0 ? (size_t)shapes[i]->dims[own] : 1;
            stride[i] = size == 1 ? 0 : dense[i];
            dense[i] *= size;
        }
        add_axis(&p, (size_t)space->dims[axis], stride);
    }
    if (p.n_axes == 0)
        p.size[p.n_axes++] = 1;
    return p;
}

/* Counts the outer axes up by one, as an odometer, and moves the arrays along; false after the last. */
static bool advance(const plan *p, size_t index[], ad_span *span, const size_t element_bytes[])
{
    for (int axis = 1; axis < p->n_axes; axis++) {
        bool carry = ++index[axis] == p->size[axis];
        for (int i = 0; i < p->n_arrays; i++) {
            size_t step = p->stride[axis][i] * element_bytes[i];
            char *at = span->array[i];
            span->array[i] = carry ? at - step * (p->size[axis] - 1) : at + step;
        }
        if (!carry)
            return true;
        index[axis] = 0;
    }
    return false;
}

void ad_walk(const ad_shape *space, int n_arrays, const ad_shape *const shapes[], const size_t element_bytes[],
             ad_loop *loop, ad_span *span)
{
    if (ad_count_of(space) == 0)
        return;
    plan p = plan_of(space, n_arrays, shapes);
    span->n = p.size[0];
    memcpy(span->step, p.stride[0], sizeof span->step);
    size_t index[AD_MAX_RANK] = {0};
    do
        loop(span);
    while (advance(&p, index, span, element_bytes));
}

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
        ad_walk(c->y[0]->shape, c->n_x + 1, shapes, bytes, loop, &span);
    }
}

void ad_map(ad_call *c) { ad_map_by(c, ad_loop_for(c->op->loops, c, c->y[0]->type)); }
