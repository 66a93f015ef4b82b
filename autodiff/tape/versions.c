/* In-place changes of leaves, and catching a gradient rule that would read a value newer than its recording. */
#include "versions.h"

#include <gradtape/update.h>

#include "copies.h"
#include "entries.h"
#include "frames.h"
#include "handles.h"
#include "names.h"
#include "watch.h"

/* A kernel may change only a leaf that it made itself, and a gradient rule only one that it made after a position. */
static bool refuse_change(ad_tape *t, uint32_t id, const char *who)
{
    const ad_frame *f = ad_callback_around(t);
    if (!f || (id >> AD_INDEX_BITS == AD_STEP && id >= f->start.entries && !ad_running_rule(t)))
        return false;
    ad_fail(t, AD_BAD_STATE,
            "%s: a rule or a kernel may change only a leaf that it made after a position (ad_position_now)", who);
    return true;
}

/* Whether nothing is recorded that could have read what the leaf was since its last change. */
static bool is_unread(const ad_tape *t, const ad_leaf *leaf)
{
    return t->ends[AD_STEP] == t->first || leaf->changed_at == t->ends[AD_STEP];
}

void ad_count_change(ad_tape *t, uint32_t id)
{
    if (t->copies.n)
        ad_forget_copy(t, id);
    ad_leaf *leaf = &ad_entry_at(t, id)->u.leaf;
    if (!is_unread(t, leaf)) {
        ((ad_change *)t->changes.items)[t->changes.n++] = (ad_change){id, t->ends[AD_STEP], leaf->version};
        leaf->changed_at = t->ends[AD_STEP];
    }
    leaf->version++;
}

/* The room of proposals is left to them: ad_commit takes no memory. */
bool ad_note_change(ad_tape *t, uint32_t id, const char *who)
{
    if (refuse_change(t, id, who) || (t->watching && !ad_watch_change(t, id, who)))
        return false;
    if (t->changes.room - t->changes.n <= t->proposals.n && !is_unread(t, &ad_entry_at(t, id)->u.leaf) &&
        !ad_room_for(t, &t->changes, 1 + t->proposals.n, sizeof(ad_change)))
        return false;
    ad_count_change(t, id);
    return true;
}

void ad_forget_changes(ad_tape *t)
{
    const ad_change *changes = t->changes.items;
    for (size_t i = 0; i < t->changes.n; i++)
        if (changes[i].leaf >> AD_INDEX_BITS == AD_PERSISTENT || changes[i].leaf < t->ends[AD_STEP])
            ad_entry_at(t, changes[i].leaf)->u.leaf.changed_at = 0;
    t->changes.n = 0;
}

/* Drops the changes of leaves that go. Entries recorded from here on have read the other leaves as they are. */
void ad_forget_changes_from(ad_tape *t, uint32_t count)
{
    ad_change *changes = t->changes.items;
    const size_t end = t->changes.n;
    size_t n = end;
    while (n > 0 && changes[n - 1].entries >= count) /* those before stay as they are */
        n--;
    for (size_t i = n; i < end; i++) {
        ad_change change = changes[i];
        if (change.leaf >> AD_INDEX_BITS == AD_STEP && change.leaf >= count)
            continue;
        uint32_t *changed_at = &ad_entry_at(t, change.leaf)->u.leaf.changed_at;
        if (change.entries > count && *changed_at == count)
            continue; /* one change at a place is enough */
        change.entries = *changed_at = count;
        changes[n++] = change;
    }
    t->changes.n = n;
}

/* The leaf's version when entry `reader` was recorded. */
static uint32_t version_then(const ad_tape *t, uint32_t leaf, uint32_t reader)
{
    const ad_change *changes = t->changes.items;
    for (size_t i = 0; i < t->changes.n; i++)
        if (changes[i].leaf == leaf && changes[i].entries > reader)
            return changes[i].version;
    return ad_entry_at(t, leaf)->u.leaf.version;
}

bool ad_check_unchanged_slowly(ad_tape *t, uint32_t id, uint32_t reader)
{
    const uint32_t origin = ad_origin_of(t, id);
    const ad_entry *e = ad_entry_at(t, origin);
    if (e->op || e->u.leaf.changed_at <= reader)
        return true;
    char text[AD_TENSOR_TEXT];
    ad_fail(t, AD_BAD_STATE,
            "%s: %s was changed in place after it was read: its version was %u then and is %u now; change leaves after "
            "backward, and record anew or ad_replay before the next one",
            ad_entry_at(t, reader)->op->name, ad_tensor_text(t, origin, text), version_then(t, origin, reader),
            e->u.leaf.version);
    return false;
}

bool ad_may_read_slowly(ad_tape *t, uint32_t id)
{
    const ad_frame *rule = ad_rule_around(t);
    for (uint32_t i = 0; rule && rule->entry && i < rule->entry->value.n_operands; i++)
        if (ad_operands_of(rule->entry)[i] == id)
            return ad_check_unchanged_slowly(t, id, rule->id);
    return true;
}

uint32_t ad_version_of(ad_tensor leaf)
{
    const ad_entry *e = ad_require_to_read(leaf, "version_of");
    if (e && ad_is_leaf(leaf.tape, leaf.id))
        return e->u.leaf.version;
    if (e)
        ad_fail(leaf.tape, AD_BAD_STATE, "version_of: the tensor is no leaf: only leaves change in place");
    return 0;
}
