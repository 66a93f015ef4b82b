/* Replay: running the recording again. */
#include <gradtape/replay.h>
#include <gradtape/update.h>

#include <stdio.h>

#include "../tape/copies.h"
#include "../tape/frames.h"
#include "../tape/gradients.h"
#include "../tape/handles.h"
#include "../tape/names.h"
#include "../tape/proposals.h"
#include "../tape/status.h"
#include "../tape/versions.h"
#include "../tape/watch.h"
#include "guards.h"
#include "recompute.h"
#include "scalars.h"

/* A new draw for a random operator: the last of its attributes. */
static void draw_anew(ad_tape *t, const ad_entry *e)
{
    const int last = ad_attribute_count(e->op) - 1;
    ((ad_attribute *)(uintptr_t)e->extra->attributes)[last].integer = (int64_t)t->draws++;
}

static bool run_entry(ad_tape *t, uint32_t id, bool repeat_draws)
{
    const ad_entry *e = ad_entry_at(t, id);
    if (id + AD_AHEAD < t->ends[AD_STEP])
        ad_prefetch_entry(ad_entry_at(t, id + AD_AHEAD));
    if (!e->op || e->value.result > 0)
        return true;
    if (ad_is_guard(e))
        return ad_decides_as_recorded(t, e, id);
    if (e->op->properties & AD_RANDOM && !repeat_draws)
        draw_anew(t, e);
    return ad_recompute(t, id);
}

/* A call on scalars needs no frame: nothing but its loop runs. */
static bool run_entries(ad_tape *t, uint32_t first, uint32_t last, bool repeat_draws)
{
    bool goes_on = true;
    for (uint32_t id = first; id <= last && goes_on; id++) {
        const ad_entry *e = ad_entry_at(t, id);
        if (!e->op || t->checking || !ad_recompute_scalar(t, e))
            goes_on = run_entry(t, id, repeat_draws);
    }
    return goes_on;
}

static bool run_segment(ad_tape *t, size_t segment, bool repeat_draws)
{
    const ad_segment s = *ad_segment_at(t, segment);
    if (!s.live && !ad_allocate_segment(t, segment))
        return false;
    const bool goes_on = run_entries(t, s.first, s.last, repeat_draws);
    if (!s.live)
        ad_drop_segment(t, segment);
    return goes_on;
}

static void run_all(ad_tape *t, bool repeat_draws)
{
    const uint32_t end = t->ends[AD_STEP];
    const size_t n = t->segments.n;
    uint32_t id = t->first;
    bool goes_on = true;
    for (size_t i = 0; i < n && goes_on; i++) {
        const ad_segment s = *ad_segment_at(t, i);
        goes_on = run_entries(t, id, s.first - 1, repeat_draws) && run_segment(t, i, repeat_draws);
        id = s.last + 1;
    }
    if (goes_on)
        run_entries(t, id, end - 1, repeat_draws);
}

static void replay(ad_tape *t, bool repeat_draws)
{
    ad_frame f;
    ad_forget_changes(t);
    if (t->watch)
        ad_forget_watched_changes(t);
    ad_settle_gradients(t); /* those of parameters are what they were, also if they are recorded */
    ad_drop_gradients(t, false);
    ad_renew_proposals(t);
    t->replay.state = AD_RECORDING_CURRENT;
    ad_push_frame(t, &f, AD_IN_REPLAY);
    run_all(t, repeat_draws);
    t->frame = f.outer;
    if (t->status != AD_OK)
        t->replay.state = AD_RECORDING_FAILED;
    else
        ad_age_copies(t);
}

/* Whether the recording can be run again. If not, the tape is in error. */
static bool may_replay(ad_tape *t)
{
    if (t->status != AD_OK || ad_refuse_in_rule(t, "replay", "record again"))
        return false;
    if (t->open_segment)
        ad_fail(t, AD_BAD_STATE, "replay: a segment is open: end it first");
    else if (t->replay.guard_lost && t->replay.state != AD_RECORDING_CHANGED)
        ad_fail(t, AD_BAD_STATE, "replay: the program returned to a position over the guard %.100s: record anew",
                *t->replay.reason ? t->replay.reason : "without a name");
    return t->status == AD_OK && ad_check_copies(t);
}

ad_status ad_replay_with(ad_tape *t, const ad_replay_options *options, ad_replay_report *report)
{
    if (t && may_replay(t) && t->replay.state != AD_RECORDING_CHANGED)
        replay(t, options && options->repeat_draws);
    const bool changed = t && t->status == AD_OK && t->replay.state == AD_RECORDING_CHANGED;
    const ad_status status = changed ? AD_CHANGED : ad_status_of(t);
    const char *reason = changed ? t->replay.reason : ad_message(t);
    if (report) {
        *report = (ad_replay_report){.status = status};
        snprintf(report->reason, sizeof report->reason, "%.239s", reason);
    }
    return status;
}

ad_status ad_replay(ad_tape *t) { return ad_replay_with(t, NULL, NULL); }

ad_status ad_feed(ad_tensor leaf, ad_shape shape, const void *data)
{
    char a[AD_SHAPE_TEXT], b[AD_SHAPE_TEXT];
    ad_tape *t = leaf.tape;
    const ad_entry *e = ad_require(leaf, "feed");
    const bool same = e && ad_same_dims(e->value.shape, &shape);
    if ((e && !same && ad_refuse_in_rule(t, "feed", "record again")) || !e ||
        !ad_check_shape(t, "feed", &shape, ad_bytes_of(e->value.type)))
        return ad_status_after(t);
    if (same)
        return ad_assign(leaf, data);
    if (!ad_is_leaf(t, leaf.id) || ad_table_of(leaf) == AD_PERSISTENT)
        return ad_fail(t, AD_BAD_SHAPE, "feed: %s of a parameter, a state or a result cannot become %s",
                       ad_shape_text(e->value.shape, a), ad_shape_text(&shape, b));
    if (t->replay.state != AD_RECORDING_CHANGED) /* the first reason stays */
        snprintf(t->replay.reason, sizeof t->replay.reason, "the shape of %.80s was %s when recorded and is %s now",
                 ad_name_or(e, "an input"), ad_shape_text(e->value.shape, a), ad_shape_text(&shape, b));
    t->replay.state = AD_RECORDING_CHANGED;
    return AD_CHANGED;
}
