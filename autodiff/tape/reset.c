/* Dropping what was recorded: all of it, or what came after a place. */
#include "reset.h"

#include <string.h>

#include "copies.h"
#include "entries.h"
#include "frames.h"
#include "gradients.h"
#include "proposals.h"
#include "scopes.h"
#include "segments.h"
#include "versions.h"
#include "watch.h"

void ad_forget_descriptors(ad_tape *t)
{
    memset(t->checked, 0, sizeof t->checked);
    t->checked_own = false;
}

void ad_drop_from(ad_tape *t, ad_place place)
{
    if (t->copies.n)
        ad_forget_copies_from(t, place.entries);
    if (t->proposals.n)
        ad_forget_proposals_from(t, place.entries);
    if (t->watch)
        ad_forget_watched_from(t, place.entries);
    ad_drop_segments_from(t, place.entries);
    ad_forget_changes_from(t, place.entries);
    if (t->checked_own)
        ad_forget_descriptors(t);
    ad_end_step_at(t, place.entries);
    ad_arena_rewind(&t->step, place.memory);
}

void ad_drop_since(ad_tape *t, const ad_frame *f)
{
    ad_drop_gradients_from(t, f->start.entries);
    ad_drop_from(t, f->start);
    if (!ad_rule_around(t))
        ad_recycle_fresh(t);
}

/* Pops the innermost frame, a position. What came since is dropped already. */
static void pop_position(ad_tape *t)
{
    const ad_frame *f = t->frame;
    ad_recycle_fresh(t);
    if (t->open_segment != f->open_segment) /* it began since: it is dropped */
        t->open_segment = 0;
    t->fresh = f->fresh;
    t->recording = f->recording;
    t->frame = f->outer;
    ad_pool_drop(&t->pool, f->storage);
}

bool ad_leave_positions_in(ad_tape *t, const ad_frame *f)
{
    const ad_frame *first = t->frame;
    if (first == f)
        return false;
    while (first->outer != f)
        first = first->outer;
    ad_recycle_fresh(t);
    if (ad_frame_around(first) || first->sweeps != t->sweeps) /* else no gradient has come since */
        ad_drop_gradients_from(t, first->start.entries);
    ad_drop_from(t, first->start);
    ad_return_scopes(t, first);
    while (t->frame != f)
        pop_position(t);
    if (!f)
        ad_pool_begin_step(&t->pool);
    return true;
}

ad_status ad_reset(ad_tape *t)
{
    if (!t)
        return AD_BAD_HANDLE;
    if (ad_refuse_in_rule(t, "reset", "take ad_return_to"))
        return t->status;
    ad_leave_positions_in(t, NULL);
    ad_settle_gradients(t);
    ad_drop_gradients(t, false);
    ad_forget_changes(t);
    t->copies.n = 0;
    ad_drop_from(t, (ad_place){.entries = t->first});
    ad_arena_rewind(&t->late, (ad_arena_mark){0});
    t->open_segment = 0;
    t->scopes.n = t->open_scope = 0;
    ad_forget_watched(t);
    t->replay.state = AD_RECORDING_CURRENT;
    t->replay.guard_lost = false;
    ad_pool_begin_step(&t->pool);
    return t->status;
}
