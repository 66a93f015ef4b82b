/* The stack of frames: what runs on the tape, inside what. */
#include "frames.h"

const ad_frame *ad_running_rule(const ad_tape *t)
{
    const ad_frame *f = t->frame;
    while (f && (f->kind == AD_IN_KERNEL || f->kind == AD_IN_SHAPE_RULE))
        f = f->outer;
    return f && f->kind == AD_IN_RULE ? f : NULL;
}

/* The innermost frame whose kind is in the set `kinds`, a bit for each; positions are never in it. */
static const ad_frame *innermost(const ad_tape *t, unsigned kinds)
{
    const ad_frame *f = t->frame;
    while (f && !(kinds >> f->kind & 1))
        f = ad_frame_around(f);
    return f;
}

const ad_frame *ad_rule_around(const ad_tape *t) { return innermost(t, 1U << AD_IN_RULE); }

const ad_frame *ad_callback_around(const ad_tape *t)
{
    const ad_frame *f = t->frame;
    while (f && (f->kind == AD_IN_SWEEP || f->kind == AD_IN_REPLAY || f->kind == AD_AT_POSITION))
        f = ad_frame_around(f);
    return f;
}

bool ad_is_in_kernel(const ad_tape *t) { return innermost(t, 1U << AD_IN_KERNEL | 1U << AD_IN_SHAPE_RULE) != NULL; }

bool ad_is_in_functional_sweep(const ad_tape *t)
{
    const ad_frame *f = t->frame;
    while (f && !(f->kind == AD_IN_SWEEP && f->functional))
        f = ad_frame_around(f);
    return f != NULL;
}

int ad_sweep_depth(const ad_tape *t)
{
    int depth = 0;
    for (const ad_frame *f = t->frame; f; f = ad_frame_around(f))
        depth += f->kind == AD_IN_SWEEP || f->kind == AD_IN_REPLAY;
    return depth;
}

bool ad_refuse_in_rule(ad_tape *t, const char *who, const char *instead)
{
    if (!t->frame || (t->frame->kind == AD_AT_POSITION && !t->frame->around))
        return false;
    if (t->frame->kind == AD_IN_RULE)
        ad_fail(t, AD_BAD_STATE, "%s: a gradient rule must not call it", who);
    else
        ad_fail(t, AD_BAD_STATE, "%s: a rule or a kernel must not call it, not at a position either: %s", who, instead);
    return true;
}

bool ad_refuse_partly_old(ad_tape *t, const char *who)
{
    if (t->replay.state == AD_RECORDING_CHANGED)
        ad_fail(t, AD_BAD_STATE, "%s: the recording does not fit any more: ad_reset and record anew", who);
    else if (t->replay.state == AD_RECORDING_FAILED)
        ad_fail(t, AD_BAD_STATE, "%s: the last replay failed on its way: ad_replay again, or ad_reset", who);
    return t->replay.state != AD_RECORDING_CURRENT;
}
