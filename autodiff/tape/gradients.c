/* Gradients of entries: kept, copied, dropped and read. */
#include "gradients.h"

#include <gradtape/backward.h>

#include <stdlib.h>

#include "handles.h"
#include "names.h"

static uint32_t *owners_of(const ad_tape *t) { return t->with_gradient.items; }

bool ad_keep_gradient(ad_tape *t, uint32_t owner)
{
    if (!ad_more_room(t, &t->with_gradient, sizeof owner))
        return false;
    owners_of(t)[t->with_gradient.n++] = owner;
    return true;
}

void ad_drop_gradients(ad_tape *t, bool persistent)
{
    for (size_t i = 0; i < t->with_gradient.n; i++)
        ad_drop_gradient(t, ad_entry_at(t, owners_of(t)[i]));
    t->with_gradient.n = 0;
    for (uint32_t i = 0; persistent && i < ad_persistent_count(t); i++)
        ad_drop_gradient(t, ad_persistent_entry(t, i));
}

static int by_id(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Sweeps that accumulate list a leaf again each time. Once there are more ids than entries, each is left once. */
static void list_once(ad_tape *t)
{
    uint32_t *owners = owners_of(t);
    size_t n = 0;
    if (t->with_gradient.n <= t->ends[AD_STEP] - t->first)
        return;
    qsort(owners, t->with_gradient.n, sizeof *owners, by_id);
    for (size_t i = 0; i < t->with_gradient.n; i++)
        if (n == 0 || owners[n - 1] != owners[i])
            owners[n++] = owners[i];
    t->with_gradient.n = n;
}

void ad_drop_inner_gradients(ad_tape *t)
{
    uint32_t *owners = owners_of(t);
    size_t n = 0;
    for (size_t i = 0; i < t->with_gradient.n; i++) {
        ad_entry *e = ad_entry_at(t, owners[i]);
        if (e->op)
            ad_drop_gradient(t, e);
        else
            owners[n++] = owners[i];
    }
    t->with_gradient.n = n;
    list_once(t);
}

static void become_copy(ad_tape *t, ad_entry *e)
{
    const uint32_t copy = ad_copy_as_gradient(t, e->gradient);
    ad_drop_gradient(t, e);
    e->gradient = copy;
}

/* A gradient that is an entry from `first` on becomes a copy. */
static void settle(ad_tape *t, ad_entry *e, uint32_t first)
{
    if (e->gradient && !ad_is_temporary(e->gradient) && e->gradient >= first)
        become_copy(t, e);
}

void ad_settle_gradients(ad_tape *t)
{
    for (uint32_t i = 0; i < ad_persistent_count(t); i++)
        settle(t, ad_persistent_entry(t, i), 0);
    ad_recycle_fresh(t);
}

/* A gradient that shares the data of an entry, which may be about to go, becomes a copy. */
static void unshare(ad_tape *t, ad_entry *e)
{
    const ad_entry *g = e->gradient && ad_is_temporary(e->gradient) ? ad_entry_at(t, e->gradient) : NULL;
    if (g && !g->u.storage && g->value.shape->rank > 0)
        become_copy(t, e);
}

void ad_drop_gradients_from(ad_tape *t, uint32_t first)
{
    uint32_t *owners = owners_of(t);
    size_t n = 0;
    for (size_t i = 0; i < t->with_gradient.n; i++) {
        ad_entry *e = ad_entry_at(t, owners[i]);
        if (owners[i] >= first) {
            ad_drop_gradient(t, e);
            continue;
        }
        settle(t, e, first);
        unshare(t, e);
        owners[n++] = owners[i]; /* also without a gradient: a functional sweep may have set it aside */
    }
    t->with_gradient.n = n;
    for (uint32_t i = 0; i < ad_persistent_count(t); i++)
        settle(t, ad_persistent_entry(t, i), first);
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

bool ad_has_gradient(ad_tensor x)
{
    const ad_entry *e = ad_require_to_read(x, "has_gradient");
    return e && ad_table_of(x) != AD_TEMPORARY && e->gradient;
}

ad_tensor ad_gradient(ad_tensor x)
{
    ad_tape *t = x.tape;
    const ad_entry *e = ad_require_to_read(x, "gradient");
    if (!e)
        return ad_inert(t);
    if (ad_table_of(x) != AD_TEMPORARY && e->gradient) {
        ad_entry *g = ad_entry_at(t, e->gradient);
        if (ad_is_temporary(e->gradient) && !(g->value.flags & AD_IS_FRESH)) {
            g->owner = x.id;
            t->gave_gradient = true;
        }
        return ad_handle(t, e->gradient);
    }
    const char *why = !(e->value.flags & AD_WANTS_GRADIENT) ? "it depends on no parameter or variable"
                      : e->op ? "it is an inner tensor: run ad_backward_with(.keep = true)"
                              : "ad_backward was not run since, or its loss does not depend on this tensor";
    ad_fail(t, AD_NO_GRADIENT, "the gradient of %s was not computed: %s", ad_name_or(e, "a tensor"), why);
    return ad_inert(t);
}
