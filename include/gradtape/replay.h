#ifndef GRADTAPE_REPLAY_H
#define GRADTAPE_REPLAY_H
/* Replay: computing the recording again on changed leaves, without recording it again. For a function of fixed shape
 * that is evaluated many times:
 *
 *   record the loss once;
 *   for (;;) {
 *       ad_backward(loss);
 *       ... update parameters, ad_assign or ad_feed inputs ...
 *       if (ad_replay(t) == AD_CHANGED) { ad_reset(t); record the loss anew; }
 *   }
 *
 * Gradients that are to be read, not to update parameters, may be recorded too. The replay then computes them itself,
 * without a sweep. For small tensors that is faster; but all tensors of the gradient stay on the tape (bench/adbench
 * prints time and memory of both ways).
 *
 *   record the loss once;
 *   ad_grad(loss, x, n, dx);
 *   for (;;) {
 *       ... ad_assign leaves ...
 *       if (ad_replay(t) != AD_OK) break;
 *       ... read ad_item(loss) and ad_f64(dx[i]) ...
 *   }
 *
 * ad_gradient, ad_descend and optimisers do not see that: to them the gradient of a parameter is the one that the last
 * ad_backward left, also where that was recorded. Run ad_backward after each replay before an update.
 *
 * All handles stay valid. Values are the same bits as recording anew would give, as long as the program would record
 * the same operators:
 * - A branch of the C program that depends on values is not seen, unless it goes by a guard.
 * - An input that the program made from values it read is not computed again.
 * - A leaf that the program assigned from a result, as a running mean is, is not assigned again. After a replay the
 *   program assigns it anew: ad_assign(mean, ad_f64(next)). If it did not, the next replay is an error that names the
 *   leaf, unless nothing in the recording reads it. A state whose new value is proposed instead (ad_propose, update.h)
 *   needs nothing of this: ad_commit after each replay.
 * - The same holds for a leaf that was assigned from a gradient which ad_backward did not record, from a result that a
 *   return to a position dropped since, and from another leaf that has such numbers. The library sees it by the address
 *   that ad_assign or ad_feed is given: it lies in the data of a tensor of the tape. ad_reset forgets it.
 * - A copy through a variable or an array of the program's own (ad_item, ad_fill, memcpy, ad_borrow), and the data with
 *   which a leaf is made, are not seen: the leaf then stays as it is.
 * - Guards in kernels are made again when the kernel runs. Guards in rules that were recorded belong to the recording.
 *
 * A recording is in one of three states:
 * - current: its values are those of its leaves, or will be after a replay.
 * - changed: a guard decided otherwise or a leaf was fed another shape. Its values are partly old. The tape is not in
 *   error, but ad_backward is one, and ad_replay returns AD_CHANGED. Only ad_reset ends this state.
 * - failed: a replay ended with an error. ad_backward is an error until a replay has reached its end, or ad_reset.
 *
 * What the library knows to be missing from the recording is an error of the replay (AD_BAD_STATE): a tensor that
 * survived ad_return_to, a guard that it dropped (position.h), an operand that is a gradient which ad_backward did not
 * record, and the new assignment of a leaf (above). */
#include <gradtape/tensor.h>

/* Zero means the default. */
typedef struct ad_replay_options {
    bool repeat_draws; /* random operators draw the same numbers as the last time, in the recording or a replay */
} ad_replay_options;

/* The outcome of a replay. */
typedef struct ad_replay_report {
    ad_status status; /* as ad_replay_with returns it */
    char reason[240]; /* of AD_CHANGED: which guard or which shape; of an error: the tape's message; else "" */
} ad_replay_report;

/* Runs all recorded operators again, in order. Random operators draw new numbers. Gradients from before are dropped,
 * except those of parameters. Returns one of:
 * - AD_OK: the values are those of the leaves as they are now.
 * - AD_CHANGED: the recording no longer fits, because a guard decides otherwise or a leaf was fed another shape. The
 *   recording is changed until ad_reset (above). The report has the first reason.
 * - The tape's status: an error of an operator, something missing from the recording (above), an open segment, or a
 *   call in a kernel or a rule (operator.h). After an error on the way the recording is failed. */
AD_API ad_status ad_replay(ad_tape *tape);

/* Does the same with options, and fills `report`. Both may be NULL. */
AD_API ad_status ad_replay_with(ad_tape *tape, const ad_replay_options *options, ad_replay_report *report);

/* Gives a leaf new values of a given shape.
 * - With the recorded shape it does the same as ad_assign.
 * - With another shape it copies nothing and returns AD_CHANGED. The recording is then changed until ad_reset; feeding
 *   the recorded shape again does not undo that.
 * Errors: those of ad_assign; another shape for a parameter, a state or a result (AD_BAD_SHAPE), or in a kernel or a
 * rule (operator.h). */
AD_API ad_status ad_feed(ad_tensor leaf, ad_shape shape, const void *data);

/* A choice that the program makes by values. Returns whether a > b; both have one element. The choice is recorded under
 * its name: a replay that would choose otherwise returns AD_CHANGED. Returns false on an error. */
AD_API bool ad_guard_greater(ad_tensor a, ad_tensor b, const char *name);

/* Does the same for any condition, an i32 tensor of one element. Returns whether it is not 0. */
AD_API bool ad_guard(ad_tensor condition, const char *name);

#endif
