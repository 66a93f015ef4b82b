/* Replay: running the recording again. */
#include <gradtape/operators.h>
#include <gradtape/replay.h>
#include <gradtape/update.h>

#include <stdio.h>
#include <string.h>

#include "apply.h"
#include "pullback.h"
#include "segments.h"
#include "versions.h"

/* ---- Guards ------------------------------------------------------------------------------------------------------ */

static void guard_shape(ad_call *c)
{
    char text[AD_OPERAND_TEXT];
    if (ad_elements(c->x[0]) == 1)
        ad_result(c, 0, AD_I32, &AD_SCALAR);
    else
        ad_call_fail(c, AD_BAD_SHAPE, "the condition %s must have one element", ad_operand_text(c, 0, text));
}

static void guard_run(ad_call *c) { *(int32_t *)c->y[0]->data = *(const int32_t *)c->x[0]->data != 0; }

static const ad_operator guard = {.name = "guard",
                                  .arity = 1,
                                  .types = "i",
                                  .properties = AD_NOT_DIFFERENTIABLE,
                                  .shape = guard_shape,
                                  .run = guard_run,
                                  .formula = "1 if the condition is not 0, else 0",
                                  .gradient = "none"};

bool ad_guard(ad_tensor condition, const char *name)
{
    const ad_tensor y = ad_name(ad_apply1(&guard, condition), name);
    return !ad_is_inert(y) && *ad_i32(y);
}

bool ad_guard_greater(ad_tensor a, ad_tensor b, const char *name) { return ad_guard(ad_greater(a, b), name); }

/* ---- Running ----------------------------------------------------------------------------------------------------- */

typedef struct replay {
    ad_tape *tape;
    bool repeat_draws;
    ad_replay_report *report;
} replay;

static const char *name_of(const ad_entry *e) { return e->extra && e->extra->name ? e->extra->name : ""; }

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
    snprintf(r->report->reason, sizeof r->report->reason, "the guard %.100s is %s now and was %s when recorded",
             name_of(e), before ? "false" : "true", before ? "true" : "false");
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
        const int axis = axes->count ? axes->axis[i] : i;
        kept.dims[axis < 0 ? axis + kept.rank : axis] = 1;
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
        snprintf(r->report->tie, sizeof r->report->tie, "%.40s%s%.60s", e->op->name, *name_of(e) ? " " : "",
                 name_of(e));
    r->report->ties += ties > 0 ? (size_t)ties : 0;
}

/* ---- The walk ---------------------------------------------------------------------------------------------------- */

static bool run_entry(const replay *r, uint32_t id, bool ties)
{
    ad_entry *e = ad_entry_at(r->tape, id);
    if (!e->op || e->value.result > 0)
        return true;
    if (e->op == &guard)
        return run_guard(r, e, id);
    if (e->op->properties & AD_RANDOM && !r->repeat_draws)
        draw_anew(r->tape, e);
    if (!ad_run_again(r->tape, id))
        return false;
    if (ties)
        look_for_ties(r, e, id);
    return r->tape->status == AD_OK;
}

static void run_all(const replay *r, bool ties)
{
    ad_tape *t = r->tape;
    const uint32_t count = t->tables[AD_STEP].count;
    ad_stretch *segment = t->segments, *end = segment + t->n_segments;
    bool goes_on = true, was_dropped = false;
    for (uint32_t id = 1; id < count && goes_on; id++) {
        if (segment != end && segment->first == id) {
            was_dropped = !segment->live;
            goes_on = !was_dropped || ad_furnish_segment(t, segment);
        }
        goes_on = goes_on && run_entry(r, id, ties);
        if (segment != end && segment->last == id && was_dropped)
            ad_drop_segment(t, segment);
        if (segment != end && segment->last == id)
            segment++;
    }
}

ad_status ad_replay_with(ad_tape *t, const ad_replay_options *options, ad_replay_report *report)
{
    ad_replay_report own;
    replay r = {t, options && options->repeat_draws, report ? report : &own};
    *r.report = (ad_replay_report){.status = ad_status_of(t)};
    if (!t || t->status != AD_OK || ad_refuse_in_rule(t, "replay"))
        return r.report->status = ad_status_of(t);
    if (t->open_segment)
        return r.report->status = ad_fail(t, AD_BAD_STATE, "replay: a segment is open: end it first");
    if (t->misfit) {
        snprintf(r.report->reason, sizeof r.report->reason, "%.239s", t->message);
        return r.report->status = AD_CHANGED;
    }
    ad_forget_changes(t);
    ad_drop_gradients(t, false);
    run_all(&r, report != NULL);
    if (t->misfit && t->status == AD_OK)
        snprintf(t->message, sizeof t->message, "%s", r.report->reason);
    else
        snprintf(r.report->reason, sizeof r.report->reason, "%.239s", ad_message(t));
    return r.report->status = t->status != AD_OK ? t->status : t->misfit ? AD_CHANGED : AD_OK;
}

ad_status ad_replay(ad_tape *t) { return ad_replay_with(t, NULL, NULL); }

ad_status ad_feed(ad_tensor leaf, ad_shape shape, const void *data)
{
    char a[AD_SHAPE_TEXT], b[AD_SHAPE_TEXT];
    ad_tape *t = leaf.tape;
    const ad_entry *e = ad_require(leaf, "feed");
    if (!e || !ad_check_shape(t, "feed", &shape, ad_type_bytes((ad_type)e->value.type)))
        return ad_status_of(t) == AD_OK ? AD_BAD_HANDLE : ad_status_of(t);
    if (ad_same_dims(e->value.shape, &shape))
        return ad_assign(leaf, data);
    if (!ad_is_leaf(t, leaf.id) || ad_table_of(leaf) == AD_KEPT)
        return ad_fail(t, AD_BAD_SHAPE, "feed: %s of a parameter, a state or a result cannot become %s",
                       ad_shape_text(e->value.shape, a), ad_shape_text(&shape, b));
    t->misfit = true;
    snprintf(t->message, sizeof t->message, "the shape of %.80s was %s when recorded and is %s now",
             *name_of(e) ? name_of(e) : "an input", ad_shape_text(e->value.shape, a), ad_shape_text(&shape, b));
    return AD_OK;
}
