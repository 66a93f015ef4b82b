/* Slots: the states that belong to a parameter. */
#include <gradtape/update.h>

#include <stdio.h>
#include <string.h>

#include "entries.h"
#include "update.h"

/* The parameter's slot of this name; inert if it has none. */
static ad_tensor find_slot(ad_tensor x, const ad_entry *e, const char *name)
{
    for (uint32_t id = e->extra->first_slot; id; id = ad_entry_at(x.tape, id)->extra->next_slot)
        if (!strcmp(ad_entry_at(x.tape, id)->extra->slot, name))
            return ad_handle(x.tape, id);
    return ad_inert(x.tape);
}

/* What a slot is: of x's type and shape, or a number. */
static ad_tensor make_slot(ad_tensor x, ad_entry *e, const char *name, double initial, ad_type type, ad_shape shape)
{
    char full_name[256];
    snprintf(full_name, sizeof full_name, "%.120s/%.120s", ad_name_or(e, "parameter"), name);
    if (type == AD_I32 && !ad_check_fits(x.tape, e, initial, "slot"))
        return ad_inert(x.tape);
    const size_t bytes = strlen(name) + 1;
    char *copy = ad_arena_take(&x.tape->persistent, bytes);
    if (!copy) {
        ad_fail_memory(x.tape, "slot");
        return ad_inert(x.tape);
    }
    memcpy(copy, name, bytes);
    const ad_tensor slot = ad_state(x.tape, type, shape, NULL, full_name);
    if (ad_is_inert(slot))
        return slot;
    ad_entry *made = ad_entry_at(x.tape, slot.id);
    ad_set_all(made, initial);
    made->extra->slot = copy; /* whatever the state is named later */
    made->extra->next_slot = e->extra->first_slot;
    e->extra->first_slot = slot.id;
    return slot;
}

/* The slot of this name, if it is of the type and the shape; the tape is in error if it is another. */
static ad_tensor check_slot(ad_tensor slot, const ad_entry *e, const char *name, ad_type type, const ad_shape *shape)
{
    const ad_entry *found = ad_entry_at(slot.tape, slot.id);
    if (found->value.type == type && ad_same_dims(found->value.shape, shape))
        return slot;
    ad_fail(slot.tape, AD_BAD_SHAPE, "slot: %s has a slot %s already, of another shape or type", ad_leaf_name(e), name);
    return ad_inert(slot.tape);
}

static ad_tensor slot_of(ad_tensor x, const char *name, double initial, bool is_number)
{
    ad_entry *e = ad_require_persistent(x, "slot");
    if (!e || !name || !*name || strchr(name, '/') || strlen(name) > 120) {
        if (e)
            ad_fail(x.tape, AD_BAD_VALUE, "slot: a name of 1 to 120 characters without '/' is needed");
        return ad_inert(x.tape);
    }
    if (!ad_extra_of(x.tape, x.id))
        return ad_inert(x.tape);
    const ad_type type = is_number ? AD_F64 : (ad_type)e->value.type;
    const ad_shape shape = is_number ? AD_SCALAR : *e->value.shape;
    const ad_tensor slot = find_slot(x, e, name);
    return ad_is_inert(slot) ? make_slot(x, e, name, initial, type, shape) : check_slot(slot, e, name, type, &shape);
}

ad_tensor ad_slot(ad_tensor x, const char *name, double initial) { return slot_of(x, name, initial, false); }

ad_tensor ad_slot_number(ad_tensor x, const char *name, double initial) { return slot_of(x, name, initial, true); }
