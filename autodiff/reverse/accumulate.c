/* Adding up gradients. */
#include "accumulate.h"

#include "../forward/rows.h"
#include "../kernels/accumulate.h"

/* Makes a gradient that shows g's data, if that is a counted storage, or lies in an entry of STEP and the owner is in
 * STEP too. All other data is copied: a leaf's changes in place, a parameter's gradient outlives a reset, a segment
 * drops its data. Returns 0 if there is no memory. */
static uint32_t share(ad_tape *t, ad_ownership ownership, uint32_t g, uint32_t owner)
{
    const ad_entry *source = ad_entry_at(t, g);
    const bool is_view = source->op && source->op->properties & AD_VIEW;
    const bool stays = source->op && !is_view && !(source->extra && source->extra->storage);
    const bool lives_as_long = g >> AD_INDEX_BITS == AD_STEP && owner >> AD_INDEX_BITS == AD_STEP && stays;
    if (source->value.shape->rank == 0 ||
        !(ownership == AD_BORROWED || lives_as_long || (ad_is_temporary(g) && source->u.storage)))
        return ad_copy_as_gradient(t, g);
    uint32_t id;
    ad_entry *e = ad_append(t, AD_TEMPORARY, &id);
    if (!e || !ad_share_value(t, e, id, (ad_type)source->value.type, source->value.shape, g))
        return 0;
    e->value.flags |= AD_IS_GRADIENT;
    return id;
}

static ad_tensor apply_with(const ad_operator *op, ad_tensor x, ad_attribute attribute)
{
    ad_tensor y;
    ad_apply(NULL, op, &x, 1, &attribute, &y);
    return y;
}

ad_tensor ad_sum_to_shape(ad_tensor g, const ad_shape *shape)
{
    const bool fits = ad_same_dims(ad_entry_at(g.tape, g.id)->value.shape, shape);
    return fits ? g : apply_with(&ad_operator_sum_to, g, (ad_attribute){.shape = *shape});
}

/* A recorded part is its own gradient. But a leaf changes in place, also where a view shows it, and its number at this
 * moment does not. */
static uint32_t recorded_part(ad_tape *t, uint32_t g)
{
    if (ad_entry_at(t, ad_origin_of(t, g))->op)
        return g;
    return apply_with(&ad_operator_scale, ad_handle(t, g), (ad_attribute){.real = 1}).id;
}

void ad_add_gradient(ad_tape *t, ad_ownership ownership, ad_pullback *p, uint32_t id, ad_tensor g)
{
    ad_entry *x = ad_entry_at(t, id);
    g = ad_sum_to_shape(g, x->value.shape);
    const uint32_t old = x->gradient;
    if (g.id == 0)
        return;
    if (old && !t->recording && ad_may_add_into(p, ad_entry_at(t, old), old, g.id)) {
        ad_accumulate(&ad_entry_at(t, old)->value, ad_entry_at(t, g.id)->value.data);
        return;
    }
    if (old) {
        if (t->recording && ad_is_temporary(old))
            ad_entry_at(t, old)->owner = id; /* a number of an earlier backward: no derivative passes through it */
        g = ad_apply2(&ad_operator_add, ad_handle(t, old), g);
        if (g.id == 0)
            return;
        x->gradient = 0;
        if (p && old == p->dy[0] && !t->recording)
            p->entry->gradient = old; /* given back to the result, which releases it when the rule has run */
        else
            ad_release_gradient(t, old);
    }
    if (t->recording)
        x->gradient = recorded_part(t, g.id);
    else if (!ad_is_temporary(g.id) || !ad_take_part(p, x, ad_entry_at(t, g.id), g.id))
        x->gradient = share(t, ownership, g.id, id);
}
