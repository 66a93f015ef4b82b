/* A call while it runs: its results, its scratch, its shape rule and its kernel. */
#include "call.h"

#include "../tape/reset.h"
#include "../tape/status.h"
#include "finite.h"

/* ---- Results ----------------------------------------------------------------------------------------------------- */

static bool check_view(ad_call *c, ad_type type, const ad_shape *shape)
{
    if (c->n_x > 0 && ad_check_shape(c->tape, c->op->name, shape, ad_type_bytes(type)) &&
        type == (ad_type)c->x[0]->type && ad_count_of(shape) == ad_elements(c->x[0]))
        return true;
    ad_call_fail(c, AD_BAD_STATE,
                 "its shape rule gives a view that has not the type and as many elements as operand 0");
    return false;
}

/* Gives a result its value. The shape of an operand was checked for a type that takes as much room, and it lives as
 * long as the result if the call is recorded. */
static bool allocate_result(ad_running_call *r, int j, ad_entry *e, uint32_t id, ad_type type, const ad_shape *shape)
{
    ad_call *c = &r->call;
    ad_tape *t = c->tape;
    if (j == 0 && c->op->properties & AD_VIEW)
        return check_view(c, type, shape) && ad_share_value(t, e, id, type, shape, r->x_ids[0]);
    bool is_checked = false;
    for (int i = 0; i < c->n_x && !is_checked; i++)
        is_checked = c->x[i]->shape == shape && (type != AD_F64 || c->x[i]->type == AD_F64);
    if (is_checked && t->recording)
        return ad_allocate_value_like(t, e, id, type, shape);
    return (is_checked || ad_check_shape(t, c->op->name, shape, type == AD_F64 ? sizeof(double) : sizeof(float))) &&
           ad_allocate_value(t, e, id, type, shape);
}

static void give_result(ad_running_call *r, int j, ad_type type, const ad_shape *shape)
{
    ad_call *c = &r->call;
    ad_tape *t = c->tape;
    if (!shape || j < 0 || j >= c->n_y || (j && !r->y_ids[j - 1]) || r->y_ids[j] || (unsigned)type >= AD_TYPE_COUNT) {
        ad_call_fail(c, AD_BAD_STATE,
                     "its shape rule gives result %d of type %d%s: it must give 0 to %d, once each, in order", j,
                     (int)type, shape ? "" : " and no shape", c->n_y - 1);
        return;
    }
    uint32_t id;
    if (c->n_y > 1 && j == 0 && t->recording)
        ad_find_run(t, (uint32_t)c->n_y); /* the results of a call stand side by side */
    ad_entry *e = ad_append(t, t->recording ? AD_STEP : AD_TEMPORARY, &id);
    if (!e || !allocate_result(r, j, e, id, type, shape))
        return;
    r->y_ids[j] = id;
    r->y[j] = &e->value;
}

void ad_result(ad_call *c, int j, ad_type type, const ad_shape *shape)
{
    static const ad_value failed = {.shape = &ad_scalar_shape_value}; /* the rest of the rule may look at it */
    ad_running_call *r = c->frame;
    if (c->tape->status == AD_OK)
        give_result(r, j, type, shape);
    if (c->tape->status != AD_OK && j >= 0 && j < c->n_y && !r->y[j])
        r->y[j] = (ad_value *)(uintptr_t)&failed;
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

/* Positions that a shape rule or a kernel left behind are an error. */
static void leave_positions(ad_running_call *r, const char *what)
{
    ad_call_fail(&r->call, AD_BAD_STATE,
                 "its %s took a position (ad_position_now) and did not return to it (ad_return_to)", what);
    ad_leave_positions_in(r->call.tape, &r->frame);
}

bool ad_end_shape_rule(ad_running_call *r, uint64_t positions)
{
    ad_call *c = &r->call;
    ad_tape *t = c->tape;
    if (t->frame != &r->frame)
        leave_positions(r, "shape rule");
    const uint32_t n = t->recording ? (uint32_t)c->n_y : 0;
    if (t->status == AD_OK && !r->y_ids[c->n_y - 1])
        ad_call_fail(c, AD_BAD_STATE, "its shape rule gives too few of its %d results", c->n_y);
    else if (t->ends[AD_STEP] != r->frame.start.entries + n || t->positions != positions)
        ad_call_fail(c, AD_BAD_STATE,
                     "its shape rule records or returns to a position: leave that to its kernel (run)");
    r->frame.kind = AD_IN_KERNEL;
    r->frame.id = n ? r->y_ids[0] : 0;
    r->frame.start = AD_PLACE_NOW(t);
    return t->status == AD_OK;
}

bool ad_end_kernel(ad_running_call *r)
{
    ad_call *c = &r->call;
    ad_tape *t = c->tape;
    if (t->frame != &r->frame)
        leave_positions(r, "kernel");
    t->frame = r->frame.outer;
    if (t->ends[AD_STEP] != r->frame.start.entries)
        ad_drop_since(t, &r->frame);
    if (r->scratch)
        drop_scratch(r);
    if (t->checking && t->status == AD_OK)
        ad_check_results(c);
    return t->status == AD_OK;
}
