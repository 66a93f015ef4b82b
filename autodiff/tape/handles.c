/* Handles: whether they are valid, and what is wrong with them if not. */
#include "handles.h"

#include <stdio.h>

bool ad_is_value_dropped(const ad_tape *t, ad_tensor x)
{
    if (x.id == 0 || x.id >> AD_INDEX_BITS != AD_STEP || x.id >= t->ends[AD_STEP])
        return false;
    const ad_entry *e = ad_entry_at(t, x.id);
    return e->value.flags & AD_IS_DROPPED && (e->generation ^ x.generation) == AD_DROPPED_GENERATION;
}

static const char *handle_problem(const ad_tape *t, ad_tensor x)
{
    if (x.id == 0)
        return "is inert: it was never made, or came from a call that failed";
    if (x.tape != t)
        return "belongs to another tape: operands must be of one tape";
    if (ad_is_value_dropped(t, x))
        return "is not kept: it is inside a segment; make it an output of ad_segment_end";
    if (x.id >> AD_INDEX_BITS == AD_TEMPORARY)
        return "is stale: a gradient lasts until the next backward or reset";
    return "is stale: its tape was reset, or returned to a position, since it was made: make it again, or let it survive "
           "(ad_return_to)";
}

void ad_fail_handle(ad_tape *t, ad_tensor x, const char *who, int i)
{
    char place[32] = "its operand";
    if (i >= 0)
        snprintf(place, sizeof place, "operand %d", i);
    ad_fail(t, AD_BAD_HANDLE, "%s: %s %s", who, place, handle_problem(t, x));
    if (x.id && x.tape && x.tape != t)
        ad_fail(x.tape, AD_BAD_HANDLE, "%s: %s %s", who, place, handle_problem(t, x));
}

ad_entry *ad_require_to_read(ad_tensor x, const char *who)
{
    ad_entry *e = x.tape ? ad_entry_of(x.tape, x) : NULL;
    if (x.tape && !e)
        ad_fail_handle(x.tape, x, who, -1);
    return e;
}

const ad_entry *ad_require_to_look(ad_tensor x, const char *who)
{
    return x.tape && ad_is_value_dropped(x.tape, x) ? ad_entry_at(x.tape, x.id) : ad_require_to_read(x, who);
}

bool ad_check_operand(ad_tape *t, const ad_entry *e, int i, const char *who)
{
    const int n = e->op ? (int)e->value.n_operands : 0;
    if (i >= 0 && i < n)
        return true;
    ad_fail(t, AD_BAD_VALUE, "%s: there is no operand %d: %s has %d", who, i, e->op ? e->op->name : "a leaf", n);
    return false;
}

ad_entry *ad_require(ad_tensor x, const char *who)
{
    return x.tape && x.tape->status == AD_OK ? ad_require_to_read(x, who) : NULL;
}

ad_tensor ad_handle_as_recorded(ad_tape *t, uint32_t id)
{
    ad_tensor x = ad_handle(t, id);
    if (ad_entry_at(t, id)->value.flags & AD_IS_DROPPED && ad_table_of(x) == AD_STEP)
        x.generation ^= AD_DROPPED_GENERATION;
    return x;
}
