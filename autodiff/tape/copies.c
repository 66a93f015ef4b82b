/* Leaves that were assigned from a result. */
#include "copies.h"

#include <string.h>

#include "entries.h"
#include "names.h"
#include "status.h"

/* ---- Where numbers lie ------------------------------------------------------------------------------------------- */

/* The id of the entry of STEP that has this address inside it, as a scalar's number is; 0 if there is none. */
static uint32_t entry_around(const ad_tape *t, const void *data)
{
    const ad_table *table = &t->tables[AD_STEP];
    if ((uintptr_t)data - table->lowest >= table->end - table->lowest)
        return 0;
    for (uint32_t i = 0; i < table->n_chunks; i++) {
        const uintptr_t at = (uintptr_t)data - (uintptr_t)table->chunks[i];
        if (at < AD_CHUNK_ENTRIES * sizeof(ad_entry))
            return i << AD_CHUNK_BITS | (uint32_t)(at / sizeof(ad_entry));
    }
    return 0;
}

/* Segments have their results in the pool, where there are gradients too. */
static bool is_in_pool(const ad_tape *t, const void *data)
{
    return (t->segments.n || t->open_segment) && ad_pool_has(&t->pool, data);
}

bool ad_is_on_tape(const ad_tape *t, const void *data)
{
    return ad_arena_has(&t->step, data) || entry_around(t, data) || is_in_pool(t, data);
}

/* A view shows what its origin computed. What shows a leaf is no result. */
static bool is_result_at(const ad_tape *t, uint32_t id, const void *data)
{
    const ad_entry *e = ad_entry_at(t, id);
    const size_t bytes = e->op && e->value.data ? ad_elements(&e->value) * ad_bytes_of(e->value.type) : 0;
    return (uintptr_t)data - (uintptr_t)e->value.data < bytes && ad_entry_at(t, ad_origin_of(t, id))->op;
}

static uint32_t result_at(const ad_tape *t, const void *data)
{
    const uint32_t scalar = entry_around(t, data);
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

/* Looks for the result, unless it is known. */
static void find_source(const ad_tape *t, ad_copy *copy)
{
    copy->source = copy->source ? copy->source : result_at(t, copy->data);
    if (!copy->source)
        copy->data = NULL;
}

/* Programs assign a leaf from the same result again and again. What lies in the pool is looked at while it is there. */
void ad_note_copy(ad_tape *t, uint32_t leaf, const void *data)
{
    const size_t i = place_of(t, leaf);
    ad_copy *copy = copy_at(t, i);
    if (i == t->copies.n || copy->leaf != leaf) {
        memmove(copy + 1, copy, (t->copies.n++ - i) * sizeof *copy);
        *copy = (ad_copy){.leaf = leaf};
    }
    copy->source = copy->source && is_result_at(t, copy->source, data) ? copy->source : 0;
    copy->data = data;
    copy->is_old = false;
    if (is_in_pool(t, data))
        find_source(t, copy);
}

void ad_forget_copy(ad_tape *t, uint32_t leaf)
{
    ad_copy *copy = copy_of(t, leaf);
    if (copy)
        copy->data = NULL;
}

static bool stays(const ad_copy *copy, uint32_t count)
{
    return copy->data && copy->source < count && (copy->leaf >> AD_INDEX_BITS != AD_STEP || copy->leaf < count);
}

void ad_forget_copies_from(ad_tape *t, uint32_t count)
{
    if (count == t->ends[AD_STEP])
        return;
    size_t n = 0;
    for (size_t i = 0; i < t->copies.n && count > t->first; i++) {
        ad_copy copy = *copy_at(t, i);
        if (copy.data)
            find_source(t, &copy);
        if (stays(&copy, count))
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

static bool has_old(ad_tape *t)
{
    bool any = false;
    for (size_t i = 0; i < t->copies.n; i++) {
        ad_copy *copy = copy_at(t, i);
        if (copy->is_old && copy->data)
            find_source(t, copy);
        any = any || (copy->is_old && copy->data);
        copy->is_read = false;
    }
    return any;
}

static void find_readers(const ad_tape *t)
{
    for (uint32_t id = t->first; id < t->ends[AD_STEP]; id++) {
        const ad_entry *e = ad_entry_at(t, id);
        for (uint32_t i = 0; i < e->value.n_operands; i++) {
            ad_copy *copy = copy_of(t, ad_operands_of(e)[i]);
            if (copy)
                copy->is_read = true;
        }
    }
}

/* A leaf that nothing reads keeps a result, for instance the best so far: its note is not needed. */
bool ad_check_copies(ad_tape *t)
{
    if (!has_old(t))
        return true;
    find_readers(t);
    for (size_t i = 0; i < t->copies.n; i++) {
        ad_copy *copy = copy_at(t, i);
        if (!copy->is_old || !copy->data)
            continue;
        const ad_entry *source = ad_entry_at(t, copy->source);
        if (copy->is_read) {
            ad_fail(t, AD_BAD_STATE,
                    "replay: %s was assigned from the result %.80s before the last replay and not since: ad_assign it "
                    "anew after each replay; to hold it fixed, assign it from a copy of the numbers",
                    ad_name_or(ad_entry_at(t, copy->leaf), "a leaf"), ad_name_or(source, source->op->name));
            return false;
        }
        copy->data = NULL;
    }
    return true;
}
