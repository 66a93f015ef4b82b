/* Gradients as links of entries: kept, copied, dropped and read. */
#include "gradients.h"

#include <gradtape/backward.h>

#include <string.h>

bool ad_hold_gradient(ad_tape *t, uint32_t owner)
{
    uint32_t *holders = ad_more_room(t, t->holders, t->n_holders, &t->holders_room, sizeof *holders);
    if (!holders)
        return false;
    t->holders = holders;
    t->holders[t->n_holders++] = owner;
    return true;
}

static void drop_kept_gradients(ad_tape *t)
{
    for (uint32_t i = 0; i < ad_kept_number(t); i++)
        ad_unlink_gradient(t, ad_kept_entry(t, i));
}

void ad_drop_gradients(ad_tape *t, bool kept)
{
    for (size_t i = 0; i < t->n_holders; i++)
        ad_unlink_gradient(t, ad_entry_at(t, t->holders[i]));
    t->n_holders = 0;
    if (kept)
        drop_kept_gradients(t);
}

void ad_drop_inner_gradients(ad_tape *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n_holders; i++) {
        ad_entry *e = ad_entry_at(t, t->holders[i]);
        if (e->op)
            ad_unlink_gradient(t, e);
        else
            t->holders[n++] = t->holders[i];
    }
    t->n_holders = n;
}

uint32_t ad_copy_as_temporary(ad_tape *t, uint32_t from)
{
    ad_entry *source = ad_entry_at(t, from);
    uint32_t id = ad_append(t, AD_TEMPORARY);
    if (!id)
        return 0;
    ad_type type = (ad_type)source->value.type;
    ad_entry *e = ad_entry_at(t, id);
    if (source->value.shape->rank == 0) {
        ad_furnish_scalar(e, source->value.type);
        e->scalar = source->scalar;
    } else if (ad_furnish(t, id, type, source->value.shape)) {
        memcpy(e->value.data, source->value.data, ad_elements(&source->value) * ad_type_bytes(type));
    } else {
        return 0;
    }
    e->value.flags |= AD_IS_HELD;
    return id;
}

/* A gradient that is an entry from `first` on becomes a copy. */
static void settle(ad_tape *t, ad_entry *e, uint32_t first)
{
    if (e->link && !ad_is_temporary(e->link) && e->link >= first)
        e->link = ad_copy_as_temporary(t, e->link);
}

void ad_settle_gradients(ad_tape *t)
{
    for (uint32_t i = 0; i < ad_kept_number(t); i++)
        settle(t, ad_kept_entry(t, i), 0);
    ad_recycle_fresh(t);
}

/* A gradient that shares the data of an entry, which may be about to go, gets its own. */
static void unshare(ad_tape *t, ad_entry *e)
{
    const ad_entry *g = e->link && ad_is_temporary(e->link) ? ad_entry_at(t, e->link) : NULL;
    if (!g || g->u.storage || g->value.shape->rank == 0)
        return;
    const uint32_t copy = ad_copy_as_temporary(t, e->link);
    ad_release_gradient(t, e->link);
    e->link = copy;
}

void ad_drop_gradients_from(ad_tape *t, uint32_t first)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n_holders; i++) {
        ad_entry *e = ad_entry_at(t, t->holders[i]);
        if (t->holders[i] >= first) {
            ad_unlink_gradient(t, e);
            continue;
        }
        settle(t, e, first);
        unshare(t, e);
        t->holders[n++] = t->holders[i]; /* also without a link: a functional walk may have set it aside */
    }
    t->n_holders = n;
    for (uint32_t i = 0; i < ad_kept_number(t); i++)
        settle(t, ad_kept_entry(t, i), first);
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

bool ad_has_gradient(ad_tensor x)
{
    ad_entry *e = ad_require(x, "has_gradient");
    return e && ad_table_of(x) != AD_TEMPORARY && e->link;
}

ad_tensor ad_gradient(ad_tensor x)
{
    ad_tape *t = x.tape;
    ad_entry *e = ad_require(x, "gradient");
    if (!e)
        return ad_inert(t);
    if (ad_table_of(x) != AD_TEMPORARY && e->link)
        return ad_handle(t, e->link);
    const char *why = !(e->value.flags & AD_WANTS_GRADIENT) ? "it depends on no parameter or variable"
                      : e->op ? "it is an inner tensor: run ad_backward_with(.keep = true)"
                              : "ad_backward was not run since, or its loss does not depend on this tensor";
    ad_fail(t, AD_NO_GRADIENT, "the gradient of %s was not computed: %s", ad_name_or(e, "a tensor"), why);
    return ad_inert(t);
}
