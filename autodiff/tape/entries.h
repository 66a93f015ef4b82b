#ifndef AUTODIFF_TAPE_ENTRIES_H
#define AUTODIFF_TAPE_ENTRIES_H
/* Entries: adding them to a table, and giving them their type, shape and data. */
#include "tape.h"

/* Makes room for more entries in a table. Returns false if there is no memory (the tape is then in error). */
bool ad_add_chunk(ad_tape *t, uint32_t table);

/* Gives a table's memory back. */
void ad_free_table(ad_tape *t, uint32_t table);

/* The id of the entry of a table that has this address inside it, as a scalar's number is; 0 if there is none. */
uint32_t ad_id_around(const ad_tape *t, uint32_t table, const void *address);

/* Makes the next n ids of STEP such as can all be given. */
void ad_find_run(ad_tape *t, uint32_t n);

/* Makes the entry at `id` one that stands for nothing. It is passed over like an input that nobody reads. */
void ad_retire(ad_tape *t, uint32_t id);

/* How many entries of STEP there are from `first` on, before `end`, without those that are retired and the results of
 * calls that still run. */
size_t ad_count_entries(const ad_tape *t, uint32_t first, uint32_t end);

/* Ends STEP at `end`, or after the retired entries that are there. */
void ad_pass_retired(ad_tape *t);
static inline void ad_end_step_at(ad_tape *t, uint32_t end)
{
    t->ends[AD_STEP] = end;
    if (t->has_retired)
        ad_pass_retired(t);
}

/* The next entry of STEP, with its id. Returns NULL, having done nothing, where the next place is not ready: its chunk
 * is missing, or its id is used up. */
AD_ALWAYS_INLINE ad_entry *ad_append_to_step(ad_tape *t, uint32_t *id)
{
    const uint32_t next = t->ends[AD_STEP];
    if (!AD_LIKELY(next >> AD_CHUNK_BITS < t->tables[AD_STEP].n_chunks))
        return NULL;
    ad_entry *e = t->tables[AD_STEP].chunks[next >> AD_CHUNK_BITS] + (next & (AD_CHUNK_ENTRIES - 1));
    const uint32_t generation = ad_next_generation(e);
    if (!AD_LIKELY(generation <= AD_LAST_GENERATION))
        return NULL;
    t->ends[AD_STEP] = next + 1;
    *id = next;
    *e = (ad_entry){.generation = generation};
    return e;
}

/* Puts a temporary into the list of the fresh. Only this and what its value sets is ever anything but 0 in one; its
 * generation changed when it was recycled. */
AD_ALWAYS_INLINE ad_entry *ad_make_fresh(ad_tape *t, ad_entry *e, uint32_t id)
{
    e->value.flags = AD_IS_FRESH;
    e->next = t->fresh;
    t->fresh = id;
    return e;
}

/* A temporary that was recycled, with its id. Returns NULL, having done nothing, if there is none. */
AD_ALWAYS_INLINE ad_entry *ad_reuse_temporary(ad_tape *t, uint32_t *id)
{
    *id = t->free;
    if (!AD_LIKELY(*id))
        return NULL;
    ad_entry *e = ad_entry_at(t, *id);
    t->free = e->next;
    return ad_make_fresh(t, e, *id);
}

/* Does what ad_append does where no place is ready. */
ad_entry *ad_append_slowly(ad_tape *t, uint32_t table, uint32_t *id);

/* Adds an entry to a table, and gives its id. A temporary is in the list of the fresh until the rule that made it has
 * run. Returns NULL if there is no memory (the tape is then in error). */
static inline ad_entry *ad_append(ad_tape *t, uint32_t table, uint32_t *id)
{
    ad_entry *e = table == AD_STEP        ? ad_append_to_step(t, id)
                  : table == AD_TEMPORARY ? ad_reuse_temporary(t, id)
                                          : NULL;
    return e ? e : ad_append_slowly(t, table, id);
}

/* An entry of TEMPORARY that is in no list, whose flags are to be set. Returns NULL if there is no memory (the tape is
 * then in error). */
static inline ad_entry *ad_take_temporary(ad_tape *t, uint32_t *id)
{
    ad_entry *e = ad_append(t, AD_TEMPORARY, id);
    if (e) {
        t->fresh = e->next;
        e->next = 0;
    }
    return e;
}

/* Takes a temporary back. Its handles become stale. */
static inline void ad_recycle(ad_tape *t, ad_entry *e, uint32_t id)
{
    if (e->u.storage) {
        ad_pool_drop(&t->pool, e->u.storage);
        e->u.storage = NULL;
    }
    if (++e->generation == UINT32_MAX)
        return; /* its id is used up */
    e->next = t->free;
    t->free = id;
}

/* Makes a temporary of rank 0 that is in no list another tensor of the same type, as if it were taken back and given
 * out again: handles to the one before become stale. Returns false if its id is used up. */
static inline bool ad_make_another(ad_entry *e)
{
    if (e->generation + 1 == UINT32_MAX)
        return false;
    e->generation++;
    e->owner = 0;
    return true;
}

/* Takes back the fresh temporaries that are no gradients. */
static inline void ad_recycle_fresh(ad_tape *t)
{
    for (uint32_t id = t->fresh, next; id; id = next) {
        ad_entry *e = ad_entry_at(t, id);
        next = e->next;
        e->next = 0;
        e->value.flags &= (uint8_t)~AD_IS_FRESH;
        if (!(e->value.flags & AD_IS_GRADIENT))
            ad_recycle(t, e, id);
    }
    t->fresh = 0;
}

/* ---- Gradients of entries -----------------------------------------------------------------------------------------
 */

/* Gives back a gradient. One that is still in the list of the fresh is recycled with it, when the rule has run. */
static inline void ad_release_gradient(ad_tape *t, uint32_t id)
{
    if (!ad_is_temporary(id))
        return;
    ad_entry *e = ad_entry_at(t, id);
    if (e->value.flags & AD_IS_FRESH)
        e->value.flags &= (uint8_t)~AD_IS_GRADIENT;
    else
        ad_recycle(t, e, id);
}

static inline void ad_drop_gradient(ad_tape *t, ad_entry *e)
{
    if (e->gradient)
        ad_release_gradient(t, e->gradient);
    e->gradient = 0;
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

/* Makes an entry a scalar. Its number is not set. */
static inline void ad_make_scalar(ad_entry *e, uint8_t type)
{
    e->value.shape = &ad_scalar_shape_value;
    e->value.type = type;
    e->value.data = &e->scalar;
}

/* Gives the entry e, whose id is `id`, its type, a copy of the shape, and room for its data. Returns false if there is
 * no memory (the tape is then in error), and so do the others. */
bool ad_allocate_value(ad_tape *t, ad_entry *e, uint32_t id, ad_type type, const ad_shape *shape);

/* The same for an entry of STEP; a shape that belongs to an entry that lives as long is shared. */
bool ad_allocate_value_like(ad_tape *t, ad_entry *e, uint32_t id, ad_type type, const ad_shape *shape);

/* The same, but the data of another entry is shared. A scalar's is copied. */
bool ad_share_value(ad_tape *t, ad_entry *e, uint32_t id, ad_type type, const ad_shape *shape, uint32_t from);

/* Gives an entry its type, a copy of the shape, and the caller's data. */
bool ad_borrow_value(ad_tape *t, ad_entry *e, uint32_t id, ad_type type, const ad_shape *shape, void *data);

/* A storage for the data of an entry in a segment. Returns NULL if there is no memory. */
void *ad_allocate_in_segment(ad_tape *t, uint32_t id, size_t bytes);

/* The tensor whose data this one shows: of a view its operand's, and so on. Views to and from rank 0 are copies. */
uint32_t ad_origin_of(const ad_tape *t, uint32_t id);

/* The arena for what is said of an entry that is there already. */
ad_arena *ad_arena_of(ad_tape *t, uint32_t id);

/* The extra of an entry, which is made if it has none. Returns NULL if there is no memory (the tape is then in error).
 */
ad_extra *ad_extra_of(ad_tape *t, uint32_t id);

/* Makes room for one more item in one of the tape's lists, or for n. Returns false if there is no memory (the tape is
 * then in error). */
bool ad_more_room(ad_tape *t, ad_list *list, size_t bytes);
bool ad_room_for(ad_tape *t, ad_list *list, size_t n, size_t bytes);

/* A temporary that is a gradient, with a copy of the data. Returns 0 if there is no memory (the tape is then in error).
 */
uint32_t ad_make_gradient(ad_tape *t, ad_type type, const ad_shape *shape, const void *data);

/* The same with the type, the shape and the data of another entry. */
uint32_t ad_copy_as_gradient(ad_tape *t, uint32_t from);

#endif
