/* The tape: entries, handles, leaves, reset. */
#include "tape.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "../base/blas.h"
#include "../kernels/kernel.h"
#include "../reverse/pullback.h"
#include "segments.h"
#include "versions.h"

/* ---- Opening and closing ----------------------------------------------------------------------------------------- */

static void prepare_process(void)
{
    ad_blas_prepare();
    ad_processor_prepare();
}

ad_tape *ad_tape_open(const ad_tape_options *options)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, prepare_process);
    ad_memory memory = ad_memory_over(options ? options->allocator : NULL);
    ad_tape *t = ad_memory_take(&memory, 1, sizeof *t);
    if (!t)
        return NULL;
    *t = (ad_tape){.memory = memory, .recording = true, .generation = 1, .processor = ad_processor()};
    for (uint32_t which = 0; which < AD_TABLES; which++)
        t->ends[which] = which << AD_INDEX_BITS;
    t->ends[AD_STEP]++; /* id 0 is the inert tensor's */
    t->step.memory = t->kept.memory = t->pool.arena.memory = &t->memory;
    return t;
}

static void release_room(ad_tape *t, ad_entry **chunks, ad_shape **shapes, uint32_t room)
{
    ad_memory_release(&t->memory, chunks, room, sizeof *chunks);
    ad_memory_release(&t->memory, shapes, room, sizeof *shapes);
}

static void free_table(ad_tape *t, uint32_t which)
{
    const ad_table *table = &t->tables[which];
    for (uint32_t i = 0; i < table->n_chunks; i++) {
        ad_memory_release(&t->memory, table->chunks[i], AD_CHUNK_ENTRIES, sizeof *table->chunks[i]);
        ad_memory_release(&t->memory, table->shapes[i], AD_CHUNK_ENTRIES, sizeof *table->shapes[i]);
    }
    release_room(t, table->chunks, table->shapes, table->room);
}

void ad_tape_close(ad_tape *t)
{
    if (!t)
        return;
    for (uint32_t i = 0; i < AD_TABLES; i++)
        free_table(t, i);
    ad_arena_free(&t->step);
    ad_arena_free(&t->kept);
    ad_arena_free(&t->pool.arena);
    ad_memory_release(&t->memory, t->holders, t->holders_room, sizeof t->holders[0]);
    ad_memory_release(&t->memory, t->changes, t->changes_room, sizeof t->changes[0]);
    ad_memory_release(&t->memory, t->segments, t->segments_room, sizeof t->segments[0]);
    ad_memory memory = t->memory;
    ad_memory_release(&memory, t, 1, sizeof *t);
}

void ad_drop_from(ad_tape *t, uint32_t count, ad_arena_mark mark, uint32_t pins)
{
    ad_drop_segments_from(t, count);
    ad_forget_changes_from(t, count);
    if (t->misfit_leaf >= count)
        ad_forget_misfit(t);
    t->ends[AD_STEP] = count;
    ad_arena_rewind(&t->step, t->pins == pins ? mark : t->pin);
}

ad_status ad_reset(ad_tape *t)
{
    if (!t)
        return AD_BAD_HANDLE;
    if (ad_refuse_in_rule(t, "reset", "take ad_rewind"))
        return t->status;
    ad_settle_gradients(t);
    ad_drop_gradients(t, false);
    ad_forget_changes(t);
    ad_drop_from(t, 1, (ad_arena_mark){0}, t->pins);
    t->open_segment = 0;
    t->marked = 0;
    ad_forget_misfit(t);
    t->half_replayed = false;
    t->generation++;
    t->resets++;
    return t->status;
}

ad_usage ad_usage_of(const ad_tape *t) { return t ? t->memory.usage : (ad_usage){0}; }

size_t ad_entry_count(const ad_tape *t) { return t ? t->ends[AD_STEP] - 1 : 0; }

/* ---- Entries ----------------------------------------------------------------------------------------------------- */

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
    *table = (ad_table){chunks, shapes, table->n_chunks, room};
    t->lists[which] = (uintptr_t)chunks - ((uintptr_t)which << (AD_INDEX_BITS - AD_CHUNK_BITS)) * sizeof *chunks;
    return true;
}

void *ad_more_room(ad_tape *t, void *array, size_t n, size_t *room, size_t bytes)
{
    if (n < *room)
        return array;
    const size_t more = *room ? 2 * *room : 64;
    void *moved = ad_memory_take(&t->memory, more, bytes);
    if (!moved) {
        ad_fail_memory(t, "tape");
        return NULL;
    }
    if (n)
        memcpy(moved, array, n * bytes);
    ad_memory_release(&t->memory, array, *room, bytes);
    *room = more;
    return moved;
}

bool ad_add_chunk(ad_tape *t, uint32_t which)
{
    ad_table *table = &t->tables[which];
    /* One chunk less than ids could count, so that the end of a table is none of the next one's ids. */
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
    table->chunks[table->n_chunks++] = chunk;
    return true;
}

static ad_shape *shape_room(ad_tape *t, uint32_t id)
{
    const uint32_t which = id >> AD_INDEX_BITS, index = id & AD_INDEX_MASK;
    if (which == AD_STEP)
        return ad_arena_take(&t->step, sizeof(ad_shape));
    ad_shape **shapes = &t->tables[which].shapes[index >> AD_CHUNK_BITS];
    if (!*shapes)
        *shapes = ad_memory_take(&t->memory, AD_CHUNK_ENTRIES, sizeof **shapes);
    return *shapes ? *shapes + (index & (AD_CHUNK_ENTRIES - 1)) : NULL;
}

/* `shape` is shared where it outlives the entry: for one of STEP, the shape of an entry of STEP or KEPT. */
static bool furnish_shape(ad_tape *t, uint32_t id, ad_type type, const ad_shape *shape, bool share)
{
    ad_entry *e = ad_entry_at(t, id);
    e->value.type = (uint8_t)type;
    if (shape->rank == 0) {
        e->value.shape = &ad_scalar_shape_value;
    } else if (share && id >> AD_INDEX_BITS == AD_STEP) {
        e->value.shape = shape;
    } else {
        ad_shape *room = shape_room(t, id);
        if (!room)
            return false;
        *room = *shape;
        e->value.shape = room;
    }
    return true;
}

static bool furnish_data(ad_tape *t, uint32_t id, ad_type type)
{
    ad_entry *e = ad_entry_at(t, id);
    if (e->value.shape->rank == 0) {
        e->value.data = &e->scalar;
        return true;
    }
    size_t bytes = ad_count_of(e->value.shape) * ad_bytes_of((uint8_t)type);
    bytes = bytes ? bytes : 1;
    if (id >> AD_INDEX_BITS == AD_TEMPORARY) {
        e->u.storage = ad_pool_take(&t->pool, bytes);
        e->value.data = e->u.storage ? ad_storage_data(e->u.storage) : NULL;
    } else if (t->open_segment && id >> AD_INDEX_BITS == AD_STEP) {
        e->value.data = ad_segment_data(t, id, bytes);
    } else {
        e->value.data = ad_arena_take(id >> AD_INDEX_BITS == AD_STEP ? &t->step : &t->kept, bytes);
    }
    return e->value.data != NULL;
}

static bool furnish(ad_tape *t, uint32_t id, ad_type type, const ad_shape *shape, bool share)
{
    if (furnish_shape(t, id, type, shape, share) && furnish_data(t, id, type))
        return true;
    char text[AD_SHAPE_TEXT];
    ad_fail(t, AD_NO_MEMORY, "memory is out for a tensor %s of %s", ad_shape_text(shape, text), ad_type_name(type));
    return false;
}

bool ad_furnish(ad_tape *t, uint32_t id, ad_type type, const ad_shape *shape)
{
    return furnish(t, id, type, shape, false);
}

bool ad_furnish_like(ad_tape *t, uint32_t id, ad_type type, const ad_shape *shape)
{
    return furnish(t, id, type, shape, true);
}

bool ad_furnish_shared(ad_tape *t, uint32_t id, ad_type type, const ad_shape *shape, uint32_t from)
{
    ad_entry *e = ad_entry_at(t, id), *source = ad_entry_at(t, from);
    if (source->value.shape->rank == 0 && shape->rank > 0)
        return ad_furnish(t, id, type, shape) && memcpy(e->value.data, source->value.data, ad_type_bytes(type));
    if (!furnish_shape(t, id, type, shape, false)) {
        ad_fail_memory(t, "tape");
        return false;
    }
    if (shape->rank == 0) {
        /* A scalar lies in its entry, so it is copied: from wherever the one element of the other lies. */
        e->value.data = memcpy(&e->scalar, source->value.data, ad_type_bytes(type));
        return true;
    }
    e->value.data = source->value.data;
    if (id >> AD_INDEX_BITS == AD_TEMPORARY && from >> AD_INDEX_BITS == AD_TEMPORARY && source->u.storage) {
        e->u.storage = source->u.storage;
        e->u.storage->references++;
    }
    return true;
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

ad_extra *ad_extra_of(ad_tape *t, uint32_t id)
{
    ad_entry *e = ad_entry_at(t, id);
    if (!e->extra) {
        e->extra = ad_arena_take(id >> AD_INDEX_BITS == AD_STEP ? &t->step : &t->kept, sizeof *e->extra);
        if (e->extra)
            *e->extra = (ad_extra){0};
        else
            ad_fail_memory(t, "tape");
    }
    return e->extra;
}

/* ---- Handles ----------------------------------------------------------------------------------------------------- */

/* Whether x is valid but for its data, which its segment dropped. */
static bool is_dropped(const ad_tape *t, ad_tensor x)
{
    if (x.id >> AD_INDEX_BITS != AD_STEP || x.id >= t->ends[AD_STEP])
        return false;
    const ad_entry *e = ad_entry_at(t, x.id);
    return e->value.flags & AD_NOT_KEPT && (e->generation ^ x.generation) == AD_OTHER_GENERATION;
}

static const char *what_is_wrong(const ad_tape *t, ad_tensor x)
{
    if (x.id == 0)
        return "is inert: it was never made, or came from a call that failed";
    if (x.tape != t)
        return "belongs to another tape: operands must be of one tape";
    if (is_dropped(t, x))
        return "is not kept: it is inside a segment; make it an output of ad_segment_end";
    if (x.id >> AD_INDEX_BITS == AD_TEMPORARY)
        return "is stale: a gradient lasts until the next backward or reset";
    return "is stale: its tape was reset or rewound since it was made; only parameters and states survive that";
}

void ad_fail_handle(ad_tape *t, ad_tensor x, const char *who, int i)
{
    char place[32] = "its operand";
    if (i >= 0)
        snprintf(place, sizeof place, "operand %d", i);
    ad_fail(t, AD_BAD_HANDLE, "%s: %s %s", who, place, what_is_wrong(t, x));
    if (x.id && x.tape && x.tape != t)
        ad_fail(x.tape, AD_BAD_HANDLE, "%s: %s %s", who, place, what_is_wrong(t, x));
}

ad_entry *ad_require(ad_tensor x, const char *who)
{
    if (!x.tape || x.tape->status != AD_OK)
        return NULL;
    ad_entry *e = ad_entry_of(x.tape, x);
    if (!e)
        ad_fail_handle(x.tape, x, who, -1);
    return e;
}

/* ---- Leaves ------------------------------------------------------------------------------------------------------ */

static bool valid_type(ad_tape *t, const char *who, ad_type type, bool real)
{
    if ((unsigned)type >= AD_TYPE_COUNT)
        ad_fail(t, AD_BAD_TYPE, "%s: type %d is none of AD_F32, AD_F64, AD_I32", who, (int)type);
    else if (real && type == AD_I32)
        ad_fail(t, AD_BAD_TYPE, "%s: an i32 tensor has no gradient: use ad_input, or f32 or f64", who);
    else
        return true;
    return false;
}

/* A new leaf, its data not yet filled; 0 on failure, and nothing is left behind. */
static uint32_t new_leaf(ad_tape *t, uint32_t which, ad_type type, const ad_shape *shape)
{
    ad_arena_mark step = ad_arena_now(&t->step), kept = ad_arena_now(&t->kept);
    uint32_t before = t->ends[which], id = ad_append(t, which);
    if (id && ad_furnish(t, id, type, shape))
        return id;
    t->ends[which] = before;
    ad_arena_rewind(&t->step, step);
    ad_arena_rewind(&t->kept, kept);
    return 0;
}

static ad_tensor make_leaf(ad_tape *t, const char *who, uint32_t which, ad_type type, ad_shape shape, const void *data)
{
    if (!t || t->status != AD_OK || !valid_type(t, who, type, false) ||
        !ad_check_shape(t, who, &shape, ad_type_bytes(type)))
        return ad_inert(t);
    uint32_t id = new_leaf(t, which, type, &shape);
    if (!id)
        return ad_inert(t);
    ad_entry *e = ad_entry_at(t, id);
    size_t bytes = ad_count_of(&shape) * ad_type_bytes(type);
    if (data && bytes)
        memcpy(e->value.data, data, bytes);
    else
        memset(e->value.data, 0, bytes);
    return ad_handle(t, id);
}

static ad_tensor make_kept(ad_tape *t, ad_tensor x, const char *name, unsigned flag)
{
    if (ad_is_inert(x))
        return x;
    ad_entry_at(t, x.id)->value.flags |= (uint8_t)flag;
    if (name && ad_is_inert(ad_name(x, name))) {
        t->ends[AD_KEPT]--;
        return ad_inert(t);
    }
    return x;
}

ad_tensor ad_param(ad_tape *t, ad_type type, ad_shape shape, const void *data, const char *name)
{
    if (!t || t->status != AD_OK || !valid_type(t, "param", type, true))
        return ad_inert(t);
    return make_kept(t, make_leaf(t, "param", AD_KEPT, type, shape, data), name, AD_WANTS_GRADIENT);
}

ad_tensor ad_state(ad_tape *t, ad_type type, ad_shape shape, const void *data, const char *name)
{
    return make_kept(t, make_leaf(t, "state", AD_KEPT, type, shape, data), name, AD_IS_STATE);
}

ad_tensor ad_input(ad_tape *t, ad_type type, ad_shape shape, const void *data)
{
    return make_leaf(t, "input", AD_STEP, type, shape, data);
}

ad_tensor ad_variable(ad_tape *t, ad_type type, ad_shape shape, const void *data)
{
    if (!t || t->status != AD_OK || !valid_type(t, "variable", type, true))
        return ad_inert(t);
    ad_tensor x = make_leaf(t, "variable", AD_STEP, type, shape, data);
    if (!ad_is_inert(x))
        ad_entry_at(t, x.id)->value.flags |= AD_WANTS_GRADIENT;
    return x;
}

ad_tensor ad_borrow(ad_tape *t, ad_type type, ad_shape shape, const void *data)
{
    if (shape.rank == 0 || !data)
        return make_leaf(t, "borrow", AD_STEP, type, shape, data);
    if (!t || t->status != AD_OK || !valid_type(t, "borrow", type, false) ||
        !ad_check_shape(t, "borrow", &shape, ad_type_bytes(type)))
        return ad_inert(t);
    const uint32_t before = t->ends[AD_STEP], id = ad_append(t, AD_STEP);
    if (!id || !furnish_shape(t, id, type, &shape, false)) {
        t->ends[AD_STEP] = before;
        ad_fail_memory(t, "borrow");
        return ad_inert(t);
    }
    /* The engine never writes through this pointer: what is borrowed is not updated in place. */
    ad_entry_at(t, id)->value.data = (void *)(uintptr_t)data;
    ad_entry_at(t, id)->value.flags |= AD_IS_BORROWED;
    return ad_handle(t, id);
}

ad_tensor ad_scalar(ad_tape *t, double value) { return make_leaf(t, "scalar", AD_STEP, AD_F64, AD_SCALAR, &value); }

ad_tensor ad_constant(ad_tape *t, const ad_entry *e)
{
    return make_leaf(t, "constant", AD_STEP, (ad_type)e->value.type, *e->value.shape, e->value.data);
}

size_t ad_kept_count(const ad_tape *t) { return t ? ad_kept_number(t) : 0; }

ad_tensor ad_kept_at(ad_tape *t, size_t index)
{
    if (!t || t->status != AD_OK)
        return ad_inert(t);
    if (index >= ad_kept_number(t)) {
        ad_fail(t, AD_BAD_VALUE, "kept_at: index %zu is out of range: the tape keeps %u tensors", index,
                ad_kept_number(t));
        return ad_inert(t);
    }
    return ad_handle(t, (uint32_t)AD_KEPT << AD_INDEX_BITS | (uint32_t)index);
}

bool ad_is_kept(ad_tensor x) { return ad_require(x, "is_kept") && ad_table_of(x) == AD_KEPT; }

/* ---- Names ------------------------------------------------------------------------------------------------------- */

/* What lies in the arena up to here belongs to an entry from before a mark: going back to the mark leaves it there. */
static void pin(ad_tape *t)
{
    t->pins++;
    t->pin = ad_arena_now(&t->step);
}

ad_tensor ad_name(ad_tensor x, const char *name)
{
    ad_entry *e = ad_require(x, "name");
    if (!e)
        return ad_inert(x.tape);
    if (ad_table_of(x) == AD_TEMPORARY || !name)
        return x;
    size_t bytes = strlen(name) + 1;
    char *copy = ad_arena_take(ad_table_of(x) == AD_STEP ? &x.tape->step : &x.tape->kept, bytes);
    ad_extra *extra = copy ? ad_extra_of(x.tape, x.id) : NULL;
    if (!extra) {
        ad_fail_memory(x.tape, "name");
        return ad_inert(x.tape);
    }
    extra->name = memcpy(copy, name, bytes);
    if (ad_table_of(x) == AD_STEP && (x.id < x.tape->marked || x.id < x.tape->floor))
        pin(x.tape);
    return x;
}

const char *ad_name_of(ad_tensor x)
{
    ad_entry *e = ad_require(x, "name_of");
    return e ? ad_name_or(e, "") : "";
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

ad_type ad_type_of(ad_tensor x)
{
    ad_entry *e = ad_require(x, "type_of");
    return e ? (ad_type)e->value.type : AD_F32;
}

ad_shape ad_shape_of(ad_tensor x)
{
    ad_entry *e = ad_require(x, "shape_of");
    return e ? *e->value.shape : AD_SCALAR;
}

size_t ad_size_of(ad_tensor x)
{
    ad_entry *e = ad_require(x, "size_of");
    return e ? ad_elements(&e->value) : 0;
}

const void *ad_data(ad_tensor x)
{
    const ad_entry *e = ad_require(x, "data");
    return e && ad_may_read(x.tape, x.id) ? e->value.data : NULL;
}

static const void *data_as(ad_tensor x, ad_type type)
{
    const ad_entry *e = ad_require(x, ad_type_name(type));
    if (!e || !ad_may_read(x.tape, x.id))
        return NULL;
    if (e->value.type == type)
        return e->value.data;
    ad_fail(x.tape, AD_BAD_TYPE, "%s: the tensor is %s: read it with ad_%s, or ad_cast it", ad_type_name(type),
            ad_type_name((ad_type)e->value.type), ad_type_name((ad_type)e->value.type));
    return NULL;
}

const float *ad_f32(ad_tensor x) { return data_as(x, AD_F32); }
const double *ad_f64(ad_tensor x) { return data_as(x, AD_F64); }
const int32_t *ad_i32(ad_tensor x) { return data_as(x, AD_I32); }

double ad_item(ad_tensor x)
{
    const ad_entry *e = ad_require(x, "item");
    if (!e || !ad_may_read(x.tape, x.id))
        return (double)NAN;
    if (ad_elements(&e->value) != 1) {
        char text[AD_SHAPE_TEXT];
        ad_fail(x.tape, AD_BAD_SHAPE, "item: the tensor %s has not one element: read it with ad_data",
                ad_shape_text(e->value.shape, text));
        return (double)NAN;
    }
    if (e->value.type == AD_F32)
        return (double)*(const float *)e->value.data;
    return e->value.type == AD_F64 ? *(const double *)e->value.data : (double)*(const int32_t *)e->value.data;
}
