#ifndef AUTODIFF_TAPE_FRAMES_H
#define AUTODIFF_TAPE_FRAMES_H
/* The stack of frames: what runs on the tape, inside what. */
#include "entries.h"

/* Pushes a frame. It is popped by `t->frame = f.outer`. */
static inline void ad_push_frame(ad_tape *t, ad_frame *f, ad_frame_kind kind)
{
    f->outer = t->frame;
    f->start = AD_PLACE_NOW(t);
    f->kind = kind;
    t->frame = f;
}

/* The next frame that is no position, outside f. So looking for what runs takes no longer where positions are open. */
static inline ad_frame *ad_frame_around(const ad_frame *f) { return f->kind == AD_AT_POSITION ? f->around : f->outer; }

/* The gradient rule that runs, its kernels included. NULL if there is none, or it has taken a position since. */
const ad_frame *ad_running_rule(const ad_tape *t);

/* The innermost gradient rule, whatever runs inside it. NULL if there is none. */
const ad_frame *ad_rule_around(const ad_tape *t);

/* The innermost rule, shape rule or kernel. NULL if the program runs. */
const ad_frame *ad_callback_around(const ad_tape *t);

/* Whether a kernel or a shape rule is among the frames; a functional sweep; and how many sweeps and replays. */
bool ad_is_in_kernel(const ad_tape *t);
bool ad_is_in_functional_sweep(const ad_tape *t);
int ad_sweep_depth(const ad_tape *t);

/* Refuses a call that only the program may make. Returns true if something runs on the tape: the tape is then in error,
 * and outside a gradient rule the message says what to do `instead`. */
bool ad_refuse_in_rule(ad_tape *t, const char *who, const char *instead);

/* Whether the values are not those of the leaves: the recording changed, or a replay failed. The tape is then in error.
 */
bool ad_refuse_partly_old(ad_tape *t, const char *who);

#endif
