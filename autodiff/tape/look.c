/* Looking at what was recorded: entries in order, and how each was made. */
#include "look.h"

#include "entries.h"
#include "handles.h"
#include "proposals.h"
#include "status.h"

ad_tensor ad_recorded_at(ad_tape *t, size_t i)
{
    if (i >= ad_entry_count(t))
        return ad_inert(t);
    uint32_t id = t->first + (uint32_t)i, left_out = 0; /* so many up to id are in no list */
    for (uint32_t before = 1; left_out != before; id = t->first + (uint32_t)i + left_out) {
        before = left_out;
        left_out = id + 1 - t->first - (uint32_t)ad_count_entries(t, t->first, id + 1);
    }
    return ad_handle_as_recorded(t, id);
}

size_t ad_number_of(ad_tensor x)
{
    const ad_entry *e = ad_require_to_look(x, "number_of");
    if (!e || ad_table_of(x) == AD_TEMPORARY)
        return SIZE_MAX;
    return ad_table_of(x) == AD_PERSISTENT ? x.id & AD_INDEX_MASK : ad_count_entries(x.tape, x.tape->first, x.id);
}

bool ad_is_valid(ad_tensor x) { return x.tape && (ad_entry_of(x.tape, x) || ad_is_value_dropped(x.tape, x)); }

static const char *name_of_maker(ad_tensor y, const ad_entry *e)
{
    if (e->op)
        return e->op->name;
    if (ad_table_of(y) == AD_PERSISTENT)
        return e->value.flags & AD_IS_STATE ? "state" : "param";
    if (ad_table_of(y) == AD_TEMPORARY)
        return "gradient";
    return e->value.flags & AD_WANTS_GRADIENT ? "variable" : "input";
}

const char *ad_made_by(ad_tensor y)
{
    const ad_entry *e = ad_require_to_look(y, "made_by");
    return e ? name_of_maker(y, e) : "";
}

const ad_operator *ad_operator_of(ad_tensor y)
{
    const ad_entry *e = ad_require_to_look(y, "operator_of");
    return e ? e->op : NULL;
}

const ad_attribute *ad_attributes_of(ad_tensor y)
{
    const ad_entry *e = ad_require_to_look(y, "attributes_of");
    return e && e->op && ad_attribute_count(e->op) ? ad_entry_attributes(e) : NULL;
}

int ad_result_number(ad_tensor y)
{
    const ad_entry *e = ad_require_to_look(y, "result_number");
    return e && e->op ? e->value.result : 0;
}

int ad_operand_count(ad_tensor y)
{
    const ad_entry *e = ad_require_to_look(y, "operand_count");
    return e && e->op ? (int)e->value.n_operands : 0;
}

bool ad_check_operand(ad_tensor y, const ad_entry *e, int i, const char *who)
{
    const int n = e->op ? (int)e->value.n_operands : 0;
    if (i >= 0 && i < n)
        return true;
    ad_fail(y.tape, AD_BAD_VALUE, "%s: there is no operand %d: %s has %d", who, i, name_of_maker(y, e), n);
    return false;
}

ad_tensor ad_operand(ad_tensor y, int i)
{
    const ad_entry *e = ad_require_to_look(y, "operand");
    if (!e || !ad_check_operand(y, e, i, "operand"))
        return ad_inert(y.tape);
    return ad_handle_as_recorded(y.tape, ad_operands_of(e)[i]);
}

bool ad_wants_gradient(ad_tensor x)
{
    const ad_entry *e = ad_require_to_look(x, "wants_gradient");
    return e && e->value.flags & AD_WANTS_GRADIENT;
}

bool ad_is_dropped(ad_tensor x)
{
    const ad_entry *e = ad_require_to_look(x, "is_dropped");
    return e && x.id >> AD_INDEX_BITS == AD_STEP && e->value.flags & AD_IS_DROPPED;
}

const void *ad_look_at(ad_tensor x)
{
    const ad_entry *e = ad_require_to_look(x, "look_at");
    return e && !ad_is_dropped(x) ? e->value.data : NULL;
}

static bool reads(const ad_tape *t, const ad_entry *e, uint32_t id)
{
    for (uint32_t i = ad_is_proposal(t, e); e->op && i < e->value.n_operands; i++)
        if (ad_operands_of(e)[i] == id)
            return true;
    return false;
}

/* A change that no entry before it has read is none. A view that was recorded before it has read the leaf. */
bool ad_is_changed(ad_tensor x)
{
    const ad_tape *t = x.tape;
    if (!ad_require_to_look(x, "is_changed") || t->changes.n == 0 || ad_is_temporary(x.id))
        return false;
    const uint32_t leaf = ad_origin_of(t, x.id),
                   end = ad_is_leaf(t, leaf) ? ad_entry_at(t, leaf)->u.leaf.changed_at : 0;
    bool is_read = leaf != x.id && x.id < end;
    for (uint32_t id = t->first; leaf == x.id && !is_read && id < end; id++)
        is_read = reads(t, ad_entry_at(t, id), x.id);
    return is_read;
}
