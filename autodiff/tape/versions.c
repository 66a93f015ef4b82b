/* In-place changes of leaves, and catching a gradient rule that would read a value newer than its recording. */
#include "versions.h"

#include <gradtape/update.h>

#include "../reverse/pullback.h"

bool ad_is_leaf(const ad_tape *t, uint32_t id)
{
    return id >> AD_INDEX_BITS != AD_TEMPORARY && !ad_entry_at(t, id)->op;
}

/* A rule and a kernel may change only what they made themselves and what goes with them: a rule's after a mark. */
static bool refuse_change(ad_tape *t, uint32_t id, const char *who)
{
    if (!t->floor || (id >> AD_INDEX_BITS == AD_STEP && id >= t->floor && !t->walking))
        return false;
    ad_fail(t, AD_BAD_STATE, "%s: a rule or a kernel may change only a leaf that it made after a mark (ad_mark_now)",
            who);
    return true;
}

bool ad_note_change(ad_tape *t, uint32_t id, const char *who)
{
    if (refuse_change(t, id, who))
        return false;
    ad_leaf *leaf = &ad_entry_at(t, id)->u.leaf;
    if (t->ends[AD_STEP] == 1 || leaf->changed_at == t->ends[AD_STEP]) {
        leaf->version++; /* nothing is recorded that could have read what it was */
        return true;
    }
    ad_change *changes = ad_more_room(t, t->changes, t->n_changes, &t->changes_room, sizeof *changes);
    if (!changes)
        return false;
    t->changes = changes;
    t->changes[t->n_changes++] = (ad_change){id, t->ends[AD_STEP], leaf->version};
    leaf->version++;
    leaf->changed_at = t->ends[AD_STEP];
    return true;
}

void ad_forget_changes(ad_tape *t)
{
    for (size_t i = 0; i < t->n_changes; i++)
        if (t->changes[i].leaf >> AD_INDEX_BITS == AD_KEPT || t->changes[i].leaf < t->ends[AD_STEP])
            ad_entry_at(t, t->changes[i].leaf)->u.leaf.changed_at = 0;
    t->n_changes = 0;
}

bool ad_refuse_partly_old(ad_tape *t, const char *who)
{
    if (t->misfit)
        ad_fail(t, AD_BAD_STATE, "%s: the recording does not fit any more: ad_reset and record anew", who);
    else if (t->half_replayed)
        ad_fail(t, AD_BAD_STATE, "%s: the last replay failed on its way: ad_replay again, or ad_reset", who);
    return t->misfit || t->half_replayed;
}

/* Leaves that go with the entries are forgotten; what is recorded from here on has read the others as they are. */
void ad_forget_changes_from(ad_tape *t, uint32_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n_changes; i++) {
        ad_change change = t->changes[i];
        if (change.leaf >> AD_INDEX_BITS == AD_STEP && change.leaf >= count)
            continue;
        uint32_t *changed_at = &ad_entry_at(t, change.leaf)->u.leaf.changed_at;
        if (change.entries > count && *changed_at == count)
            continue; /* one change at a place is enough */
        if (change.entries >= count)
            change.entries = *changed_at = count;
        t->changes[n++] = change;
    }
    t->n_changes = n;
}

/* The leaf's version when entry `reader` was recorded. */
static uint32_t version_then(const ad_tape *t, uint32_t leaf, uint32_t reader)
{
    for (size_t i = 0; i < t->n_changes; i++)
        if (t->changes[i].leaf == leaf && t->changes[i].entries > reader)
            return t->changes[i].version;
    return ad_entry_at(t, leaf)->u.leaf.version;
}

bool ad_check_unchanged_slowly(ad_tape *t, uint32_t id, uint32_t reader)
{
    const uint32_t origin = ad_origin_of(t, id);
    const ad_entry *e = ad_entry_at(t, origin);
    if (e->op || e->u.leaf.changed_at <= reader)
        return true;
    ad_fail(t, AD_BAD_STATE,
            "%s: %s was changed in place after it was read: its version was %u then and is %u now; change leaves after "
            "backward, and record anew or ad_replay before the next one",
            ad_entry_at(t, reader)->op->name, ad_name_or(e, "a leaf"), version_then(t, origin, reader),
            e->u.leaf.version);
    return false;
}

bool ad_may_read_slowly(ad_tape *t, uint32_t id)
{
    const ad_entry *e = t->rule->entry;
    for (uint32_t i = 0; i < e->value.n_operands; i++)
        if (ad_operands_of(e)[i] == id)
            return ad_check_unchanged_slowly(t, id, t->rule->id);
    return true;
}

uint32_t ad_version_of(ad_tensor leaf)
{
    const ad_entry *e = ad_require(leaf, "version_of");
    if (e && ad_is_leaf(leaf.tape, leaf.id))
        return e->u.leaf.version;
    if (e)
        ad_fail(leaf.tape, AD_BAD_STATE, "version_of: the tensor is no leaf: only leaves change in place");
    return 0;
}
