/* A call while it runs: its results, its scratch, its shape rule and its kernel. */
#include "call.h"

#include <string.h>

#include "../tape/reset.h"
#include "../tape/status.h"
#include "finite.h"

void ad_begin_call(ad_running_call *r, ad_tape *t, const ad_operator *op, const ad_attribute *attributes, int n_x,
                   int n_y, ad_value *const *x)
{
    r->call = (ad_call){t, op, attributes, n_x, n_y, x, r->y, r};
    r->x_ids = NULL;
    r->scratch = NULL;
    /* Cleared one by one these are a few vectors each; the whole would be cleared by a loop as long as a kernel. */
    memset(r->y_ids, 0, sizeof r->y_ids);
    memset(r->y, 0, sizeof r->y);
}

/* ---- Results ----------------------------------------------------------------------------------------------------- */

/* Whether the shape is an operand's, and so was checked for a type that takes as much room. */
static bool is_of_operand(const ad_call *c, const ad_shape *shape, ad_type type)
{
    for (int i = 0; i < c->n_x; i++)
        if (c->x[i]->shape == shape)
            return ad_bytes_of(c->x[i]->type) >= ad_bytes_of((uint8_t)type);
    return false;
}

static bool check_view(ad_call *c, ad_type type, const ad_shape *shape)
{
    if (c->n_x > 0 && ad_check_shape(c->tape, c->op->name, shape, ad_type_bytes(type)) &&
        type == (ad_type)c->x[0]->type && ad_count_of(shape) == ad_elements(c->x[0]))
        return true;
    ad_call_fail(c, AD_BAD_STATE,
                 "its shape rule gives a view that has not the type and as many elements as operand 0");
    return false;
}

static bool allocate_result(const ad_running_call *r, uint32_t id, ad_type type, const ad_shape *shape)
{
    const ad_call *c = &r->call;
    if (is_of_operand(c, shape, type)) /* which lives as long if the call is recorded: the shape is shared */
        return c->tape->recording && shape->rank ? ad_allocate_value_like(c->tape, id, type, shape)
                                                 : ad_allocate_value(c->tape, id, type, shape);
    return ad_check_shape(c->tape, c->op->name, shape, ad_bytes_of((uint8_t)type)) &&
           ad_allocate_value(c->tape, id, type, shape);
}

void ad_result(ad_call *c, int j, ad_type type, const ad_shape *shape)
{
    ad_running_call *r = c->frame;
    ad_tape *t = c->tape;
    if (t->status != AD_OK)
        return;
    if (!shape || j < 0 || j >= c->n_y || (j && !r->y_ids[j - 1]) || r->y_ids[j] || (unsigned)type >= AD_TYPE_COUNT) {
        ad_call_fail(c, AD_BAD_STATE,
                     "its shape rule gives result %d of type %d%s: it must give 0 to %d, once each, in order", j,
                     (int)type, shape ? "" : " and no shape", c->n_y - 1);
        return;
    }
    const uint32_t id = ad_append(t, t->recording ? AD_STEP : AD_TEMPORARY);
    const bool is_view = j == 0 && c->op->properties & AD_VIEW;
    if (id && (is_view ? check_view(c, type, shape) && ad_share_value(t, id, type, shape, r->x_ids[0])
                       : allocate_result(r, id, type, shape))) {
        r->y_ids[j] = id;
        r->y[j] = &ad_entry_at(t, id)->value;
    }
}

/* ---- Scratch ----------------------------------------------------------------------------------------------------- */

void *ad_scratch(ad_call *c, size_t count, size_t element_bytes)
{
    ad_running_call *r = c->frame;
    size_t bytes;
    ad_storage *storage = ad_multiply_sizes(count, element_bytes, &bytes) ? ad_pool_take(&c->tape->pool, bytes) : NULL;
    if (!storage) {
        ad_call_fail(c, AD_NO_MEMORY, "memory is out for %zu bytes of scratch", bytes);
        return NULL;
    }
    storage->next = r->scratch;
    r->scratch = storage;
    return ad_storage_data(storage);
}

static void drop_scratch(ad_running_call *r)
{
    for (ad_storage *s = r->scratch, *next; s; s = next) {
        next = s->next;
        ad_pool_drop(&r->call.tape->pool, s);
    }
}

/* ---- Running ----------------------------------------------------------------------------------------------------- */

/* Ends the frame of a shape rule or a kernel. Positions that it left behind are an error. */
static void end_frame(ad_running_call *r, const char *what)
{
    ad_call *c = &r->call;
    if (c->tape->frame != &r->frame) {
        ad_call_fail(c, AD_BAD_STATE, "its %s took a position (ad_position_now) and did not return to it (ad_return_to)", what);
        ad_leave_positions_in(c->tape, &r->frame);
    }
    ad_pop_frame(c->tape, &r->frame);
}

bool ad_run_shape_rule(ad_running_call *r)
{
    ad_call *c = &r->call;
    ad_tape *t = c->tape;
    const uint32_t generation = t->generation;
    ad_push_frame(t, &r->frame, AD_IN_SHAPE_RULE);
    c->op->shape(c);
    end_frame(r, "shape rule");
    const uint32_t n = t->recording ? (uint32_t)c->n_y : 0;
    if (t->status == AD_OK && !r->y_ids[c->n_y - 1])
        ad_call_fail(c, AD_BAD_STATE, "its shape rule gives too few of its %d results", c->n_y);
    else if (t->ends[AD_STEP] != r->frame.start.entries + n || t->generation != generation)
        ad_call_fail(c, AD_BAD_STATE, "its shape rule records or returns to a position: leave that to its kernel (run)");
    return t->status == AD_OK;
}

bool ad_run_kernel(ad_running_call *r)
{
    ad_call *c = &r->call;
    ad_tape *t = c->tape;
    if (c->op->run) {
        ad_push_frame(t, &r->frame, AD_IN_KERNEL);
        c->op->run(c);
        end_frame(r, "kernel");
        if (t->ends[AD_STEP] != r->frame.start.entries)
            ad_drop_since(t, &r->frame);
    }
    if (r->scratch)
        drop_scratch(r);
    if (t->checking && t->status == AD_OK)
        ad_check_results(c);
    return t->status == AD_OK;
}
