/* Positions: places in the recording to return to. Each is a frame, so that they nest and are used once. */
#include <gradtape/position.h>

#include <stdio.h>
#include <string.h>

#include "../forward/guards.h"
#include "../tape/entries.h"
#include "../tape/frames.h"
#include "../tape/handles.h"
#include "../tape/names.h"
#include "../tape/opaque.h"
#include "../tape/reset.h"
#include "../tape/status.h"
#include "raw.h"

ad_position ad_position_now(ad_tape *t)
{
    if (!t || t->status != AD_OK)
        return (ad_position){0};
    ad_storage *storage = ad_pool_take(&t->pool, sizeof(ad_frame));
    if (!storage) {
        ad_fail_memory(t, "position_now");
        return (ad_position){0};
    }
    const ad_frame *rule = ad_running_rule(t);
    if (rule)
        ad_pullback_of(rule)->n_cached = 0; /* what follows is recorded */
    ad_frame *f = ad_storage_data(storage);
    *f = (ad_frame){.storage = storage,
                    .around = t->frame && t->frame->kind == AD_AT_POSITION ? t->frame->around : t->frame,
                    .recording = t->recording,
                    .fresh = t->fresh,
                    .open_segment = t->open_segment,
                    .n_scopes = t->scopes.n,
                    .open_scope = t->open_scope,
                    .sweeps = t->sweeps,
                    .serial = ++t->positions};
    ad_push_frame(t, f, AD_AT_POSITION);
    t->fresh = 0;
    t->recording = true;
    return (ad_position){t, f->serial};
}

/* ---- Finding a position ------------------------------------------------------------------------------------------ */

/* The frame of a position among those of what runs; NULL, and the tape is in error, if it is not there. Those of
 * positions that were taken earlier are around it. */
static const ad_frame *find_position(ad_tape *t, ad_position position)
{
    bool outside = false;
    const ad_frame *f = position.tape == t ? t->frame : NULL;
    for (; f && !(f->kind == AD_AT_POSITION && f->serial <= position.serial); f = f->outer)
        outside = outside || f->kind != AD_AT_POSITION;
    if (f && f->serial != position.serial)
        f = NULL;
    if (f && !outside)
        return f;
    if (position.tape && position.tape != t)
        ad_fail(t, AD_BAD_HANDLE, "return_to: the position belongs to another tape");
    else if (f)
        ad_fail(t, AD_BAD_STATE,
                "return_to: the position was taken outside the rule or the kernel that runs: take one inside");
    else
        ad_fail(t, AD_BAD_STATE,
                "return_to: the position is used up: the tape was reset, or returned to it or to an outer one");
    return NULL;
}

/* ---- Survivors --------------------------------------------------------------------------------------------------- */

/* An unrecorded gradient survives as one. It is called after its owner if that stays. */
static void mark_unrecorded(ad_entry *image, uint32_t owner, const ad_frame *f)
{
    image->value.flags = AD_WANTS_GRADIENT;
    image->owner = owner >> AD_INDEX_BITS == AD_STEP && owner >= f->start.entries ? 0 : owner;
}

/* Copies the value of a tensor that is about to go into a storage. A tensor that stays needs no copy. On a failure
 * the tape is in error. */
static void copy_out(ad_tape *t, ad_tensor x, const ad_frame *f, ad_storage **copy)
{
    const ad_entry *e = ad_entry_of(t, x);
    if (!e) {
        ad_fail_handle(t, x, "return_to: what is to survive", -1);
        return;
    }
    if (ad_table_of(x) == AD_PERSISTENT || (ad_table_of(x) == AD_STEP && x.id < f->start.entries))
        return;
    const size_t bytes = ad_elements(&e->value) * ad_bytes_of(e->value.type);
    *copy = ad_pool_take(&t->pool, sizeof(ad_entry) + sizeof(ad_shape) + bytes);
    if (!*copy) {
        ad_fail_memory(t, "return_to");
        return;
    }
    ad_entry *image = ad_storage_data(*copy);
    ad_shape *shape = (ad_shape *)(image + 1);
    *shape = *e->value.shape;
    *image = (ad_entry){.value.type = e->value.type, .value.shape = shape, .value.data = shape + 1};
    memcpy(image->value.data, e->value.data, bytes);
    if (ad_is_unrecorded(x.id, e))
        mark_unrecorded(image, ad_is_temporary(x.id) ? e->owner : 0, f);
}

/* A survivor enters where the position was taken: the recording, or the rule that runs there. */
static ad_tensor enter(ad_tape *t, const ad_entry *image)
{
    const ad_frame *rule = ad_running_rule(t);
    const bool unrecorded = image->value.flags & AD_WANTS_GRADIENT;
    if (t->recording && rule)
        return ad_enter_from_rule(ad_pullback_of(rule), image);
    if (t->recording)
        return unrecorded ? ad_enter_gradient(t, image, true) : ad_enter_survivor(t, image);
    uint32_t id;
    ad_entry *e = ad_append(t, AD_TEMPORARY, &id);
    if (!e || !ad_allocate_value(t, e, id, (ad_type)image->value.type, image->value.shape))
        return ad_inert(t);
    memcpy(e->value.data, image->value.data, ad_elements(&image->value) * ad_bytes_of(image->value.type));
    return ad_handle(t, id);
}

/* ---- Returning --------------------------------------------------------------------------------------------------- */

static void check_survivors(ad_tape *t, const ad_tensor *survive, int n)
{
    if (n < 0 || n > AD_MAX_RESULTS)
        ad_fail(t, AD_BAD_VALUE, "return_to: %d tensors are to survive: there can be 0 to %d", n, AD_MAX_RESULTS);
    else if (n > 0 && !survive)
        ad_fail(t, AD_BAD_VALUE, "return_to: the tensors that are to survive are NULL");
}

/* Notes that a guard is dropped: the program chose by it what it records next. Guards in a kernel do not count, because
 * the kernel runs again with them. */
static void note_lost_guard(ad_tape *t, const ad_frame *f)
{
    const ad_entry *guard = ad_is_in_kernel(t) ? NULL : ad_guard_from(t, f->start.entries);
    if (!guard || !f->recording || t->replay.guard_lost)
        return;
    if (t->replay.state != AD_RECORDING_CHANGED)
        snprintf(t->replay.reason, sizeof t->replay.reason, "%s", ad_name_or(guard, ""));
    t->replay.guard_lost = true;
}

ad_status ad_return_to(ad_tape *t, ad_position position, ad_tensor *survive, int n)
{
    if (!t)
        return AD_BAD_HANDLE;
    ad_storage *copies[AD_MAX_RESULTS] = {0};
    check_survivors(t, survive, n);
    const ad_frame *f = find_position(t, position);
    const int count = survive ? n : 0;
    for (int i = 0; f && i < count && t->status == AD_OK; i++)
        copy_out(t, survive[i], f, &copies[i]);
    if (f) {
        note_lost_guard(t, f);
        ad_leave_positions_in(t, f->outer);
    }
    for (int i = 0; i < count && i < AD_MAX_RESULTS; i++) {
        if (copies[i] && t->status == AD_OK)
            survive[i] = enter(t, ad_storage_data(copies[i]));
        ad_pool_drop(&t->pool, copies[i]);
    }
    for (int i = 0; i < count && t->status != AD_OK; i++)
        survive[i] = ad_inert(t);
    return t->status;
}
