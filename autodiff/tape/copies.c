/* Leaves that were assigned from a result. */
#include "copies.h"

#include <stdio.h>
#include <string.h>

#include "entries.h"
#include "names.h"
#include "proposals.h"
#include "status.h"

/* ---- Where numbers lie ------------------------------------------------------------------------------------------- */

static bool lies_in(const ad_entry *e, const void *data)
{
    const size_t bytes = e->value.data ? ad_elements(&e->value) * ad_bytes_of(e->value.type) : 0;
    return (uintptr_t)data - (uintptr_t)e->value.data < bytes;
}

/* A view shows what its origin computed. What shows a leaf is no result. */
static bool is_result_at(const ad_tape *t, uint32_t id, const void *data)
{
    const ad_entry *e = ad_entry_at(t, id);
    return e->op && lies_in(e, data) && ad_entry_at(t, ad_origin_of(t, id))->op;
}

static uint32_t result_at(const ad_tape *t, const void *data)
{
    const uint32_t scalar = ad_id_around(t, AD_STEP, data);
    const uint32_t first = scalar ? scalar : t->first, end = scalar ? scalar + 1 : t->ends[AD_STEP];
    for (uint32_t id = first; id < end && id < t->ends[AD_STEP]; id++)
        if (is_result_at(t, id, data))
            return id;
    return 0;
}

/* ---- Notes ------------------------------------------------------------------------------------------------------- */

static ad_copy *copy_at(const ad_tape *t, size_t i) { return (ad_copy *)t->copies.items + i; }

/* The place in the list of the first note on this leaf or on one after it. */
static size_t place_of(const ad_tape *t, uint32_t leaf)
{
    size_t from = 0, to = t->copies.n;
    while (from < to) {
        const size_t middle = (from + to) / 2;
        if (copy_at(t, middle)->leaf < leaf)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static ad_copy *copy_of(const ad_tape *t, uint32_t leaf)
{
    const size_t i = place_of(t, leaf);
    return i < t->copies.n && copy_at(t, i)->leaf == leaf ? copy_at(t, i) : NULL;
}

/* The note on the leaf that has this address among its numbers; NULL if there is none. */
static const ad_copy *copy_around(const ad_tape *t, const void *data)
{
    const bool is_kept = ad_arena_has(&t->persistent, data) || ad_id_around(t, AD_PERSISTENT, data);
    for (size_t i = is_kept ? place_of(t, (uint32_t)AD_PERSISTENT << AD_INDEX_BITS) : 0; i < t->copies.n; i++) {
        const ad_copy *copy = copy_at(t, i);
        if (!is_kept && copy->leaf >> AD_INDEX_BITS == AD_PERSISTENT)
            break;
        if (lies_in(ad_entry_at(t, copy->leaf), data))
            return copy;
    }
    return NULL;
}

/* Looks for the result, unless it is known. */
static void find_source(const ad_tape *t, ad_copy *copy)
{
    if (!copy->data || copy->from != AD_COPIED_UNKNOWN)
        return;
    copy->from = AD_COPIED_RESULT;
    copy->source = result_at(t, copy->data);
    if (!copy->source)
        copy->data = NULL;
}

/* Gradients lie in TEMPORARY and in the pool. So do the results in segments: what may go is looked at while it is
 * there.
 */
bool ad_find_copied(const ad_tape *t, const void *data, ad_copy *copy)
{
    const ad_copy *other = t->copies.n ? copy_around(t, data) : NULL;
    *copy = other ? *other : (ad_copy){.data = data};
    if (other)
        return copy->data;
    if (ad_arena_has(&t->step, data) || ad_id_around(t, AD_STEP, data))
        return true;
    const bool has_segments = t->segments.n || t->open_segment;
    if ((!t->gave_gradient && !has_segments) || (!ad_id_around(t, AD_TEMPORARY, data) && !ad_pool_has(&t->pool, data)))
        return false;
    copy->source = has_segments ? result_at(t, data) : 0;
    copy->from = copy->source ? AD_COPIED_RESULT : AD_COPIED_GRADIENT;
    return true;
}

/* Programs assign a leaf from the same result again and again. */
void ad_note_copy(ad_tape *t, uint32_t leaf, const ad_copy *new)
{
    const size_t i = place_of(t, leaf);
    ad_copy *copy = copy_at(t, i);
    if (i == t->copies.n || copy->leaf != leaf) {
        memmove(copy + 1, copy, (t->copies.n++ - i) * sizeof *copy);
        *copy = (ad_copy){.leaf = leaf};
    }
    const bool is_known =
        new->from == AD_COPIED_UNKNOWN && copy->from == AD_COPIED_RESULT &&is_result_at(t, copy->source, new->data);
    copy->source = is_known ? copy->source : new->source;
    copy->from = is_known ? AD_COPIED_RESULT : new->from;
    copy->data = new->data;
    copy->is_old = false;
}

void ad_forget_copy(ad_tape *t, uint32_t leaf)
{
    ad_copy *copy = copy_of(t, leaf);
    if (copy)
        copy->data = NULL;
}

/* A leaf that stays keeps what it has, also where the result goes. */
void ad_forget_copies_from(ad_tape *t, uint32_t count)
{
    if (count == t->ends[AD_STEP])
        return;
    size_t n = 0;
    for (size_t i = 0; i < t->copies.n; i++) {
        ad_copy copy = *copy_at(t, i);
        find_source(t, &copy);
        if (!copy.data || (copy.leaf >> AD_INDEX_BITS == AD_STEP && copy.leaf >= count))
            continue;
        if (copy.from == AD_COPIED_RESULT && copy.source >= count)
            copy.from = AD_COPIED_DROPPED;
        copy.unread_until = copy.unread_until < count ? copy.unread_until : count;
        *copy_at(t, n++) = copy;
    }
    t->copies.n = n;
}

/* ---- Replays ----------------------------------------------------------------------------------------------------- */

void ad_age_copies(ad_tape *t)
{
    for (size_t i = 0; i < t->copies.n; i++)
        copy_at(t, i)->is_old = copy_at(t, i)->data != NULL;
}

static bool is_frozen(const ad_copy *copy) { return copy->is_old && copy->data; }

/* From which entry on the recording may read a leaf whose note is old; its end if there is none. */
static uint32_t first_reader(ad_tape *t)
{
    uint32_t first = t->ends[AD_STEP];
    for (size_t i = 0; i < t->copies.n; i++) {
        ad_copy *copy = copy_at(t, i);
        if (is_frozen(copy))
            find_source(t, copy);
        if (is_frozen(copy) && copy->unread_until < first)
            first = copy->unread_until;
        copy->is_read = false;
    }
    return first > t->first ? first : t->first;
}

static void find_readers(const ad_tape *t, uint32_t first)
{
    for (uint32_t id = first; id < t->ends[AD_STEP]; id++) {
        const ad_entry *e = ad_entry_at(t, id);
        for (uint32_t i = ad_is_proposal(t, e); i < e->value.n_operands; i++) {
            ad_copy *copy = copy_of(t, ad_operands_of(e)[i]);
            if (copy)
                copy->is_read = true;
        }
    }
}

static void fail_frozen(ad_tape *t, const ad_copy *copy)
{
    static const char *const what[] = {[AD_COPIED_GRADIENT] = "a gradient that ad_backward did not record",
                                       [AD_COPIED_DROPPED] = "a result that a return to a position dropped"};
    char leaf[AD_TENSOR_TEXT], result[AD_TENSOR_TEXT], text[AD_TENSOR_TEXT + 16];
    if (copy->from == AD_COPIED_RESULT)
        snprintf(text, sizeof text, "the result %s", ad_tensor_text(t, copy->source, result));
    else
        snprintf(text, sizeof text, "%s", what[copy->from]);
    ad_fail(t, AD_BAD_STATE,
            "replay: %s was assigned from %s before the last replay and not since: ad_assign it anew after each "
            "replay; to hold it fixed, assign it from a copy of the numbers",
            ad_tensor_text(t, copy->leaf, leaf), text);
}

/* A leaf that nothing reads keeps a result, for instance the best so far. */
bool ad_check_copies(ad_tape *t)
{
    const uint32_t first = t->copies.n ? first_reader(t) : t->ends[AD_STEP];
    if (first == t->ends[AD_STEP])
        return true;
    find_readers(t, first);
    for (size_t i = 0; i < t->copies.n && t->status == AD_OK; i++) {
        ad_copy *copy = copy_at(t, i);
        if (is_frozen(copy) && copy->is_read)
            fail_frozen(t, copy);
        else if (is_frozen(copy))
            copy->unread_until = t->ends[AD_STEP];
    }
    return t->status == AD_OK;
}
