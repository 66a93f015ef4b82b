/* Replay: running the recording again. */
#include <gradtape/operators.h>
#include <gradtape/replay.h>
#include <gradtape/update.h>

#include <stdio.h>
#include <string.h>

#include "apply.h"
#include "guards.h"
#include "../reverse/pullback.h"
#include "../tape/segments.h"
#include "../tape/versions.h"

/* ---- Running ----------------------------------------------------------------------------------------------------- */

typedef struct replay {
    ad_tape *tape;
    bool repeat_draws;
    ad_replay_report *report;
} replay;

/* A new draw for a random operator: the last of its attributes. */
static void draw_anew(ad_tape *t, ad_entry *e)
{
    int last = 0;
    while (last + 1 < AD_MAX_ATTRIBUTES && e->op->attributes[last + 1].kind != AD_ATTRIBUTE_NONE)
        last++;
    ((ad_attribute *)(uintptr_t)e->extra->attributes)[last].integer = (int64_t)t->draws++;
}

/* Whether the recording goes on as it was. */
static bool run_guard(const replay *r, ad_entry *e, uint32_t id)
{
    const int32_t before = e->scalar.i32;
    if (!ad_run_again(r->tape, id))
        return false;
    if (e->scalar.i32 == before)
        return true;
    r->tape->misfit = true;
    snprintf(r->tape->reason, sizeof r->tape->reason, "the guard %.100s is %s now and was %s when recorded",
             ad_name_or(e, "without a name"), before ? "false" : "true", before ? "true" : "false");
    return false;
}

/* ---- Ties -------------------------------------------------------------------------------------------------------- */

/* How many elements equal, and how many more than there need be: operators, computed and thrown away. */
static double count_ties(ad_tape *t, const ad_entry *e, uint32_t id)
{
    const ad_tensor y = ad_handle(t, id), x = ad_handle(t, ad_operands_of(e)[0]);
    if (e->value.n_operands == 2)
        return ad_item(ad_sum(ad_cast(ad_equal(x, ad_handle(t, ad_operands_of(e)[1])), AD_F64)));
    ad_shape kept = ad_shape_of(x);
    const ad_axes *axes = &e->extra->attributes[0].axes;
    for (int i = 0; i < (axes->count ? axes->count : kept.rank); i++) {
        const int axis = axes->count ? axes->axis[i] : i, place = axis < 0 ? axis + kept.rank : axis;
        if (place < 0 || place >= kept.rank) {
            ad_fail(t, AD_BAD_VALUE, "%s: its axis %d is out of range, and its shape rule has let it pass", e->op->name,
                    axis);
            return 0;
        }
        kept.dims[place] = 1;
    }
    return ad_item(ad_sum(ad_cast(ad_equal(x, ad_reshape(y, kept)), AD_F64))) - (double)ad_size_of(y);
}

static void look_for_ties(const replay *r, const ad_entry *e, uint32_t id)
{
    ad_tape *t = r->tape;
    if (!(e->op->properties & AD_SHARES_TIES))
        return;
    const ad_mark mark = ad_mark_now(t);
    const double ties = count_ties(t, e, id);
    ad_rewind(t, mark, NULL, 0);
    if (ties > 0 && r->report->ties == 0)
        snprintf(r->report->tie, sizeof r->report->tie, "%.40s%s%.60s", e->op->name, *ad_name_or(e, "") ? " " : "",
                 ad_name_or(e, ""));
    r->report->ties += ties > 0 ? (size_t)ties : 0;
}

/* ---- The walk ---------------------------------------------------------------------------------------------------- */

static bool run_entry(const replay *r, uint32_t id, bool ties)
{
    ad_entry *e = ad_entry_at(r->tape, id);
    if (id + AD_AHEAD < r->tape->ends[AD_STEP])
        ad_prefetch_entry(ad_entry_at(r->tape, id + AD_AHEAD));
    if (!e->op || e->value.result > 0)
        return true;
    if (ad_is_guard(e))
        return run_guard(r, e, id);
    if (e->op->properties & AD_RANDOM && !r->repeat_draws)
        draw_anew(r->tape, e);
    if (!ad_run_again(r->tape, id))
        return false;
    if (ties)
        look_for_ties(r, e, id);
    return r->tape->status == AD_OK;
}

static bool run_stretch(const replay *r, uint32_t first, uint32_t last, bool ties)
{
    bool goes_on = true;
    for (uint32_t id = first; id <= last && goes_on; id++)
        goes_on = run_entry(r, id, ties);
    return goes_on;
}

static bool run_segment(const replay *r, size_t segment, bool ties)
{
    const ad_stretch s = r->tape->segments[segment];
    if (!s.live && !ad_furnish_segment(r->tape, segment))
        return false;
    const bool goes_on = run_stretch(r, s.first, s.last, ties);
    if (!s.live)
        ad_drop_segment(r->tape, segment);
    return goes_on;
}

static void run_all(const replay *r, bool ties)
{
    const ad_tape *t = r->tape;
    const uint32_t end = t->ends[AD_STEP];
    const size_t n = t->n_segments;
    uint32_t id = 1;
    bool goes_on = true;
    for (size_t i = 0; i < n && goes_on; i++) {
        const ad_stretch s = t->segments[i];
        goes_on = run_stretch(r, id, s.first - 1, ties) && run_segment(r, i, ties);
        id = s.last + 1;
    }
    if (goes_on)
        run_stretch(r, id, end - 1, ties);
}

ad_status ad_replay_with(ad_tape *t, const ad_replay_options *options, ad_replay_report *report)
{
    ad_replay_report own;
    replay r = {t, options && options->repeat_draws, report ? report : &own};
    *r.report = (ad_replay_report){.status = ad_status_of(t)};
    if (!t || t->status != AD_OK || ad_refuse_in_rule(t, "replay", "record again"))
        return r.report->status = ad_status_of(t);
    if (t->open_segment)
        return r.report->status = ad_fail(t, AD_BAD_STATE, "replay: a segment is open: end it first");
    if (!t->misfit) {
        ad_forget_changes(t);
        ad_settle_gradients(t); /* those of parameters are what they were, also if they are recorded */
        ad_drop_gradients(t, false);
        t->busy++;
        run_all(&r, report != NULL);
        t->busy--;
        t->half_replayed = t->status != AD_OK;
    }
    const char *reason = t->status != AD_OK ? t->message : t->misfit ? t->reason : "";
    snprintf(r.report->reason, sizeof r.report->reason, "%.239s", reason);
    return r.report->status = t->status != AD_OK ? t->status : t->misfit ? AD_CHANGED : AD_OK;
}

ad_status ad_replay(ad_tape *t) { return ad_replay_with(t, NULL, NULL); }

ad_status ad_feed(ad_tensor leaf, ad_shape shape, const void *data)
{
    char a[AD_SHAPE_TEXT], b[AD_SHAPE_TEXT];
    ad_tape *t = leaf.tape;
    const ad_entry *e = ad_require(leaf, "feed");
    if (e && !ad_same_dims(e->value.shape, &shape) && ad_refuse_in_rule(t, "feed", "record again"))
        return ad_status_of(t);
    if (!e || !ad_check_shape(t, "feed", &shape, ad_type_bytes((ad_type)e->value.type)))
        return ad_status_of(t) == AD_OK ? AD_BAD_HANDLE : ad_status_of(t);
    if (ad_same_dims(e->value.shape, &shape)) {
        const ad_status status = ad_assign(leaf, data);
        if (status == AD_OK && t->misfit_leaf == leaf.id)
            ad_forget_misfit(t); /* it fits again */
        return status;
    }
    if (!ad_is_leaf(t, leaf.id) || ad_table_of(leaf) == AD_KEPT)
        return ad_fail(t, AD_BAD_SHAPE, "feed: %s of a parameter, a state or a result cannot become %s",
                       ad_shape_text(e->value.shape, a), ad_shape_text(&shape, b));
    if (t->misfit && t->misfit_leaf != leaf.id) {
        t->misfit_leaf = 0;
        return AD_OK; /* the first reason stays */
    }
    t->misfit = true;
    t->misfit_leaf = leaf.id;
    snprintf(t->reason, sizeof t->reason, "the shape of %.80s was %s when recorded and is %s now",
             ad_name_or(e, "an input"), ad_shape_text(e->value.shape, a), ad_shape_text(&shape, b));
    return AD_OK;
}
