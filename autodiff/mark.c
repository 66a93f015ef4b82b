/* Marks: going back to a place in the recording. */
#include <string.h>

#include "pullback.h"
#include "segments.h"

/* By which an entry is known again; a segment that drops it turns the highest bit round. */
static uint32_t generation_of_last(const ad_tape *t, uint32_t count)
{
    return ad_entry_at(t, count - 1)->generation & (UINT32_MAX >> 1);
}

ad_mark ad_mark_now(ad_tape *t)
{
    if (!t || t->status != AD_OK)
        return (ad_mark){0};
    const uint32_t count = t->tables[AD_STEP].count;
    const ad_arena_mark arena = ad_arena_now(&t->step);
    const ad_mark mark = {.entries = count,
                          .resets = t->resets,
                          .fresh = t->fresh_list,
                          .generation = count > 1 ? generation_of_last(t, count) : 0,
                          .pins = t->pins,
                          .segment = t->open_segment,
                          .recording = t->recording,
                          .walking = t->walking,
                          .block = arena.block,
                          .at = arena.at};
    if (t->walking)
        t->walking->mark = mark;
    t->marked = count;
    t->fresh_list = 0;
    t->recording = true;
    t->walking = NULL;
    return mark;
}

static bool is_good(const ad_tape *t, const ad_mark *mark)
{
    const uint32_t count = mark->entries;
    return count && count <= t->tables[AD_STEP].count && mark->resets == t->resets &&
           (count == 1 || generation_of_last(t, count) == mark->generation);
}

static bool check_mark(ad_tape *t, const ad_mark *mark)
{
    if (!is_good(t, mark))
        ad_fail(t, AD_BAD_STATE, "rewind: the mark is not one of this recording: the tape was reset or rewound since");
    return t->status == AD_OK;
}

/* What a tensor is outside the mark: itself, or a constant with its value where it is about to go. */
static bool carry_out(ad_tape *t, ad_tensor *x, const ad_mark *mark, ad_storage **copy)
{
    const ad_entry *e = ad_entry_of(t, *x);
    *copy = NULL;
    if (!e) {
        ad_fail_handle(t, *x, "rewind: what to keep", -1);
        return false;
    }
    if (ad_table_of(*x) == AD_KEPT || (ad_table_of(*x) == AD_STEP && x->id < mark->entries))
        return true;
    const size_t bytes = ad_elements(&e->value) * ad_type_bytes((ad_type)e->value.type);
    *copy = ad_pool_take(&t->pool, sizeof(ad_entry) + sizeof(ad_shape) + bytes);
    if (!*copy) {
        ad_fail_memory(t, "rewind");
        return false;
    }
    ad_entry *image = ad_storage_data(*copy);
    ad_shape *shape = (ad_shape *)(image + 1);
    *shape = *e->value.shape;
    *image = (ad_entry){.value.type = e->value.type, .value.shape = shape, .value.data = shape + 1};
    memcpy(image->value.data, e->value.data, bytes);
    return true;
}

/* ---- What a rule carries out ------------------------------------------------------------------------------------- *
 * In a walk that is recorded a constant would be wrong: the value depends on what the rule was given, but how is
 * forgotten. So it enters as the result of an operator that is made for the call, of all that the rule could read, and
 * that cannot be differentiated, nor computed again. */

typedef struct carried {
    ad_operator op;        /* the first member: its address is this one's */
    const ad_entry *image; /* the value, until it is there */
} carried;

static const carried *carried_of(const ad_operator *op) { return (const carried *)(const void *)op; }

static void carried_shape(ad_call *c)
{
    const ad_value *value = &carried_of(c->op)->image->value;
    ad_result(c, 0, (ad_type)value->type, value->shape);
}

static void carried_run(ad_call *c)
{
    const ad_entry *image = carried_of(c->op)->image;
    if (image)
        memcpy(c->y[0]->data, image->value.data,
               ad_elements(&image->value) * ad_type_bytes((ad_type)image->value.type));
    else
        ad_call_fail(c, AD_BAD_STATE,
                     "its rule carried a value out of a mark (ad_rewind), which cannot be computed again: record anew");
}

static void carried_vjp(ad_pullback *p)
{
    ad_fail(p->tape, AD_BAD_STATE,
            "%s: its rule carried a value out of a mark (ad_rewind), so its gradient cannot be differentiated",
            p->entry->op->name);
}

/* All operands of the rule's call, and the gradients of its results. */
static int gather_operands(ad_tape *t, const ad_pullback *p, ad_tensor *x)
{
    const ad_value *value = &p->entry->value;
    int n = 0;
    for (uint32_t i = 0; i < value->n_operands; i++)
        x[n++] = ad_handle(t, ad_operands_of(p->entry)[i]);
    for (uint32_t j = 0; j < value->n_results; j++)
        if (p->dy[j])
            x[n++] = ad_handle(t, p->dy[j]);
    return n;
}

static ad_tensor enter_from_rule(ad_tape *t, const ad_pullback *p, const ad_entry *image)
{
    ad_tensor y = ad_inert(t);
    carried *g = ad_arena_take(&t->step, sizeof *g);
    ad_storage *room = ad_pool_take(&t->pool, (p->entry->value.n_operands + AD_MAX_RESULTS) * sizeof(ad_tensor));
    if (g && room) {
        ad_tensor *x = ad_storage_data(room);
        const int n = gather_operands(t, p, x);
        *g = (carried){{.name = p->entry->op->name, .arity = n, .types = "*"}, image};
        g->op.shape = carried_shape;
        g->op.run = carried_run;
        g->op.vjp = carried_vjp;
        ad_apply(t, &g->op, x, n, NULL, &y);
        g->image = NULL;
    } else {
        ad_fail_memory(t, "rewind");
    }
    if (room)
        ad_pool_drop(&t->pool, room);
    return y;
}

/* A constant where the mark was: of the recording, or of the rule that runs there. */
static ad_tensor enter(ad_tape *t, const ad_entry *image)
{
    if (t->recording)
        return t->walking ? enter_from_rule(t, t->walking, image) : ad_constant(t, image);
    const uint32_t id = ad_append(t, AD_TEMPORARY);
    if (!id || !ad_furnish(t, id, (ad_type)image->value.type, image->value.shape))
        return ad_inert(t);
    const size_t bytes = ad_elements(&image->value) * ad_type_bytes((ad_type)image->value.type);
    memcpy(ad_entry_at(t, id)->value.data, image->value.data, bytes);
    return ad_handle(t, id);
}

/* ---- Going back -------------------------------------------------------------------------------------------------- */

void ad_go_back(ad_tape *t, const ad_mark *mark)
{
    const ad_arena_mark before = {.block = mark->block, .at = mark->at};
    ad_recycle_fresh(t);
    ad_drop_gradients_from(t, mark->entries);
    ad_drop_from(t, mark->entries, t->pins == mark->pins ? before : t->pin);
    t->open_segment = t->open_segment == mark->segment ? mark->segment : 0;
    t->generation++;
    t->fresh_list = mark->fresh;
    t->recording = mark->recording;
    t->walking = mark->walking;
}

static void check_keep(ad_tape *t, const ad_tensor *keep, int n)
{
    if (n > AD_MAX_RESULTS)
        ad_fail(t, AD_BAD_VALUE, "rewind: %d tensors are to be kept: there can be at most %d", n, AD_MAX_RESULTS);
    else if (n > 0 && !keep)
        ad_fail(t, AD_BAD_VALUE, "rewind: the tensors to be kept are NULL");
}

ad_status ad_rewind(ad_tape *t, ad_mark mark, ad_tensor *keep, int n)
{
    if (!t)
        return AD_BAD_HANDLE;
    ad_storage *copies[AD_MAX_RESULTS] = {0};
    check_keep(t, keep, n);
    const int kept = keep ? n : 0;
    for (int i = 0; i < kept && t->status == AD_OK && check_mark(t, &mark); i++)
        carry_out(t, &keep[i], &mark, &copies[i]);
    if (is_good(t, &mark))
        ad_go_back(t, &mark);
    else
        check_mark(t, &mark);
    for (int i = 0; i < kept; i++) {
        ad_storage *copy = i < AD_MAX_RESULTS ? copies[i] : NULL;
        if (t->status != AD_OK)
            keep[i] = ad_inert(t);
        else if (copy)
            keep[i] = enter(t, ad_storage_data(copy));
        if (copy)
            ad_pool_drop(&t->pool, copy);
    }
    return t->status;
}
