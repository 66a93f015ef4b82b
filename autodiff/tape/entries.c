/* Entries: the tables and their chunks; shapes and data. */
#include "entries.h"

#include <string.h>

#include "frames.h"
#include "status.h"

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

static void release_room(ad_tape *t, ad_entry **chunks, ad_shape **shapes, uint32_t room)
{
    ad_memory_release(&t->memory, chunks, room, sizeof *chunks);
    ad_memory_release(&t->memory, shapes, room, sizeof *shapes);
}

void ad_free_table(ad_tape *t, uint32_t which)
{
    const ad_table *table = &t->tables[which];
    for (uint32_t i = 0; i < table->n_chunks; i++) {
        ad_memory_release(&t->memory, table->chunks[i], AD_CHUNK_ENTRIES, sizeof *table->chunks[i]);
        ad_memory_release(&t->memory, table->shapes[i], AD_CHUNK_ENTRIES, sizeof *table->shapes[i]);
    }
    release_room(t, table->chunks, table->shapes, table->room);
}

static bool grow_chunks(ad_tape *t, uint32_t which)
{
    ad_table *table = &t->tables[which];
    const uint32_t room = table->room ? 2 * table->room : 8;
    ad_entry **chunks = ad_memory_take(&t->memory, room, sizeof *chunks);
    ad_shape **shapes = ad_memory_take(&t->memory, room, sizeof *shapes);
    if (!chunks || !shapes) {
        release_room(t, chunks, shapes, room);
        return false;
    }
    memset(shapes, 0, room * sizeof *shapes);
    for (uint32_t i = 0; i < table->n_chunks; i++) {
        chunks[i] = table->chunks[i];
        shapes[i] = table->shapes[i];
    }
    release_room(t, table->chunks, table->shapes, table->room);
    *table = (ad_table){chunks, shapes, table->n_chunks, room, table->lowest, table->end};
    t->bases[which] = (uintptr_t)chunks - ((uintptr_t)which << (AD_INDEX_BITS - AD_CHUNK_BITS)) * sizeof *chunks;
    return true;
}

bool ad_add_chunk(ad_tape *t, uint32_t which)
{
    ad_table *table = &t->tables[which];
    /* One chunk fewer than ids can count, so that the end of a table is not an id of the next table. */
    if (table->n_chunks == AD_INDEX_MASK >> AD_CHUNK_BITS) {
        ad_fail(t, AD_NO_MEMORY, "the tape is full: it holds %u entries; reset it more often",
                AD_INDEX_MASK & ~(AD_CHUNK_ENTRIES - 1U));
        return false;
    }
    ad_entry *chunk = NULL;
    if (table->n_chunks < table->room || grow_chunks(t, which))
        chunk = ad_memory_take(&t->memory, AD_CHUNK_ENTRIES, sizeof *chunk);
    if (!chunk) {
        ad_fail_memory(t, "tape");
        return false;
    }
    memset(chunk, 0, AD_CHUNK_ENTRIES * sizeof *chunk);
    const uintptr_t from = (uintptr_t)chunk, to = (uintptr_t)(chunk + AD_CHUNK_ENTRIES);
    table->lowest = table->n_chunks && table->lowest < from ? table->lowest : from;
    table->end = table->end > to ? table->end : to;
    table->chunks[table->n_chunks++] = chunk;
    return true;
}

uint32_t ad_id_around(const ad_tape *t, uint32_t which, const void *address)
{
    const ad_table *table = &t->tables[which];
    if ((uintptr_t)address - table->lowest >= table->end - table->lowest)
        return 0;
    for (uint32_t i = 0; i < table->n_chunks; i++) {
        const uintptr_t at = (uintptr_t)address - (uintptr_t)table->chunks[i];
        if (at < AD_CHUNK_ENTRIES * sizeof(ad_entry))
            return which << AD_INDEX_BITS | i << AD_CHUNK_BITS | (uint32_t)(at / sizeof(ad_entry));
    }
    return 0;
}

/* ---- Ids that are used up ---------------------------------------------------------------------------------------- */

/* The entry n places after the end of STEP; NULL where no chunk is yet, so that its id was never given. */
static ad_entry *entry_at_end(const ad_tape *t, uint32_t n)
{
    const uint32_t id = t->ends[AD_STEP] + n;
    return id >> AD_CHUNK_BITS < t->tables[AD_STEP].n_chunks ? ad_entry_at(t, id) : NULL;
}

void ad_retire(ad_tape *t, uint32_t id)
{
    ad_entry *e = ad_entry_at(t, id);
    *e = (ad_entry){.generation = AD_RETIRED_GENERATION};
    ad_make_scalar(e, AD_F64);
    t->has_retired = true;
}

/* How many results of the call that a frame is of lie from `first` on, before `end`. */
static uint32_t count_unwritten(const ad_frame *f, uint32_t first, uint32_t end)
{
    const bool is_kernel = f->kind == AD_IN_KERNEL;
    if (!is_kernel && f->kind != AD_IN_SHAPE_RULE)
        return 0;
    const uint32_t from = is_kernel ? f->id : f->start.entries,
                   to = is_kernel && end > f->start.entries ? f->start.entries : end;
    const uint32_t begin = from > first ? from : first;
    return from && to > begin ? to - begin : 0;
}

size_t ad_count_entries(const ad_tape *t, uint32_t first, uint32_t end)
{
    size_t n = end - first;
    for (uint32_t id = first; t->has_retired && id < end; id++)
        n -= ad_entry_at(t, id)->generation == AD_RETIRED_GENERATION;
    for (const ad_frame *f = t->frame; f; f = ad_frame_around(f))
        n -= count_unwritten(f, first, end);
    return n;
}

/* What begins at the end of the recording begins after the retired entry. */
static void retire_at_end(ad_tape *t)
{
    const uint32_t id = t->ends[AD_STEP]++;
    ad_retire(t, id);
    t->first += t->first == id;
    t->open_segment += t->open_segment == id;
    for (ad_frame *f = t->frame; f; f = f->outer)
        f->start.entries += f->start.entries == id;
}

/* Makes the next place of a table ready: there is a chunk, and STEP is past the ids that are used up. */
static bool make_room(ad_tape *t, uint32_t table)
{
    const ad_entry *e;
    while (table == AD_STEP && (e = entry_at_end(t, 0)) && ad_is_used_up(e))
        retire_at_end(t);
    return (t->ends[table] & AD_INDEX_MASK) >> AD_CHUNK_BITS < t->tables[table].n_chunks || ad_add_chunk(t, table);
}

ad_entry *ad_append_slowly(ad_tape *t, uint32_t table, uint32_t *id)
{
    if (!make_room(t, table))
        return NULL;
    if (table == AD_STEP)
        return ad_append_to_step(t, id);
    *id = t->ends[table]++;
    ad_entry *e = ad_entry_at(t, *id);
    if (table == AD_TEMPORARY)
        return ad_make_fresh(t, e, *id);
    *e = (ad_entry){.generation = 1};
    return e;
}

void ad_find_run(ad_tape *t, uint32_t n)
{
    for (uint32_t i = 0; i < n;) {
        const ad_entry *e = entry_at_end(t, i);
        if (e && ad_is_used_up(e)) {
            retire_at_end(t);
            i = 0;
        } else {
            i++;
        }
    }
}

void ad_pass_retired(ad_tape *t)
{
    for (const ad_entry *e; (e = entry_at_end(t, 0)) && e->generation == AD_RETIRED_GENERATION;)
        t->ends[AD_STEP]++;
}

bool ad_room_for(ad_tape *t, ad_list *list, size_t n, size_t bytes)
{
    if (ad_list_grow(&t->memory, list, n, bytes))
        return true;
    ad_fail_memory(t, "tape");
    return false;
}

bool ad_more_room(ad_tape *t, ad_list *list, size_t bytes)
{
    return list->n < list->room || ad_room_for(t, list, 1, bytes);
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

/* STEP has its shapes in its arena, the other tables have room for them beside their chunks. */
static bool copy_shape(ad_tape *t, ad_entry *e, uint32_t id, const ad_shape *shape)
{
    const uint32_t table = id >> AD_INDEX_BITS, index = id & AD_INDEX_MASK;
    ad_shape *room;
    e->value.shape = &ad_scalar_shape_value;
    if (shape->rank == 0)
        return true;
    if (table == AD_STEP) {
        room = ad_arena_take(&t->step, sizeof(ad_shape));
    } else {
        ad_shape **shapes = &t->tables[table].shapes[index >> AD_CHUNK_BITS];
        if (!*shapes)
            *shapes = ad_memory_take(&t->memory, AD_CHUNK_ENTRIES, sizeof **shapes);
        room = *shapes ? *shapes + (index & (AD_CHUNK_ENTRIES - 1)) : NULL;
    }
    if (!room)
        return false;
    *room = *shape;
    e->value.shape = room;
    return true;
}

/* Room for the data of an entry that is no scalar and has a type and a shape. */
static bool allocate_data(ad_tape *t, ad_entry *e, uint32_t id)
{
    const uint32_t table = id >> AD_INDEX_BITS;
    size_t bytes = ad_count_of(e->value.shape) * ad_bytes_of(e->value.type);
    bytes = bytes ? bytes : 1;
    if (table == AD_TEMPORARY) {
        e->u.storage = ad_pool_take(&t->pool, bytes);
        e->value.data = e->u.storage ? ad_storage_data(e->u.storage) : NULL;
    } else if (t->open_segment && table == AD_STEP) {
        e->value.data = ad_allocate_in_segment(t, id, bytes);
    } else {
        e->value.data = ad_arena_take(table == AD_STEP ? &t->step : &t->persistent, bytes);
    }
    return e->value.data != NULL;
}

static bool fail_allocation(ad_tape *t, ad_type type, const ad_shape *shape)
{
    char text[AD_SHAPE_TEXT];
    ad_fail(t, AD_NO_MEMORY, "memory is out for a tensor %s of %s", ad_shape_text(shape, text), ad_type_name(type));
    return false;
}

bool ad_allocate_value(ad_tape *t, ad_entry *e, uint32_t id, ad_type type, const ad_shape *shape)
{
    e->value.type = (uint8_t)type;
    e->value.shape = &ad_scalar_shape_value;
    e->value.data = &e->scalar;
    if (shape->rank == 0 || (copy_shape(t, e, id, shape) && allocate_data(t, e, id)))
        return true;
    return fail_allocation(t, type, shape);
}

bool ad_allocate_value_like(ad_tape *t, ad_entry *e, uint32_t id, ad_type type, const ad_shape *shape)
{
    if (shape->rank == 0)
        return ad_allocate_value(t, e, id, type, shape);
    e->value.type = (uint8_t)type;
    e->value.shape = shape;
    return allocate_data(t, e, id) || fail_allocation(t, type, shape);
}

bool ad_share_value(ad_tape *t, ad_entry *e, uint32_t id, ad_type type, const ad_shape *shape, uint32_t from)
{
    const ad_entry *source = ad_entry_at(t, from);
    if (source->value.shape->rank == 0 && shape->rank > 0)
        return ad_allocate_value(t, e, id, type, shape) &&
               memcpy(e->value.data, source->value.data, ad_bytes_of((uint8_t)type));
    e->value.type = (uint8_t)type;
    if (!copy_shape(t, e, id, shape)) {
        ad_fail_memory(t, "tape");
        return false;
    }
    if (shape->rank == 0) {
        /* A scalar lies in its entry, so it is copied, from wherever the one element of the other lies. */
        e->value.data = memcpy(&e->scalar, source->value.data, ad_bytes_of((uint8_t)type));
        return true;
    }
    e->value.data = source->value.data;
    if (ad_is_temporary(id) && ad_is_temporary(from) && source->u.storage) {
        e->u.storage = source->u.storage;
        e->u.storage->references++;
    }
    return true;
}

bool ad_borrow_value(ad_tape *t, ad_entry *e, uint32_t id, ad_type type, const ad_shape *shape, void *data)
{
    e->value.type = (uint8_t)type;
    e->value.data = data;
    return copy_shape(t, e, id, shape);
}

uint32_t ad_make_gradient(ad_tape *t, ad_type type, const ad_shape *shape, const void *data)
{
    uint32_t id;
    ad_entry *e = ad_append(t, AD_TEMPORARY, &id);
    if (!e || !ad_allocate_value(t, e, id, type, shape))
        return 0;
    memcpy(e->value.data, data, ad_count_of(shape) * ad_bytes_of((uint8_t)type));
    e->value.flags |= AD_IS_GRADIENT;
    return id;
}

uint32_t ad_copy_as_gradient(ad_tape *t, uint32_t from)
{
    const ad_value *source = &ad_entry_at(t, from)->value;
    return ad_make_gradient(t, (ad_type)source->type, source->shape, source->data);
}

static bool is_shared_view(const ad_tape *t, const ad_entry *e)
{
    return e->op && e->op->properties & AD_VIEW && e->value.result == 0 && e->value.shape->rank &&
           ad_entry_at(t, ad_operands_of(e)[0])->value.shape->rank;
}

uint32_t ad_origin_of(const ad_tape *t, uint32_t id)
{
    for (const ad_entry *e = ad_entry_at(t, id); is_shared_view(t, e); e = ad_entry_at(t, id))
        id = ad_operands_of(e)[0];
    return id;
}

/* ---- What few entries have --------------------------------------------------------------------------------------- */

/* What a frame says of an older entry of STEP stays there when the frame's own entries go. */
ad_arena *ad_arena_of(ad_tape *t, uint32_t id)
{
    if (id >> AD_INDEX_BITS != AD_STEP)
        return &t->persistent;
    return t->frame && id < t->frame->start.entries ? &t->late : &t->step;
}

ad_extra *ad_extra_of(ad_tape *t, uint32_t id)
{
    ad_entry *e = ad_entry_at(t, id);
    if (!e->extra) {
        e->extra = ad_arena_take(ad_arena_of(t, id), sizeof *e->extra);
        if (e->extra)
            *e->extra = (ad_extra){0};
        else
            ad_fail_memory(t, "tape");
    }
    return e->extra;
}

void *ad_allocate_in_segment(ad_tape *t, uint32_t id, size_t bytes)
{
    ad_extra *extra = ad_extra_of(t, id);
    if (!extra)
        return NULL;
    extra->storage = ad_pool_take(&t->pool, bytes);
    return extra->storage ? ad_storage_data(extra->storage) : NULL;
}
