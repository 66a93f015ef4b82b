#ifndef GRADTAPE_REPLAY_H
#define GRADTAPE_REPLAY_H
/* Replay: computing what is recorded again on changed leaves, without recording it again. For a function of fixed shape
 * that is evaluated many times:
 *
 *   record the loss once;
 *   for (;;) {
 *       ad_backward(loss);
 *       ... update parameters, ad_assign or ad_feed inputs ...
 *       if (ad_replay(t) == AD_CHANGED) { ad_reset(t); record the loss anew; }
 *   }
 *
 * All handles stay. Values are the same bits as recording anew would give, as long as the program would record the same
 * operators: a branch of the C program that depends on values is not seen, unless it goes by a guard, and neither is an
 * input that it made of values it read. What the library knows to be missing from the recording is an error of the
 * replay (AD_BAD_STATE): a tensor that ad_rewind kept, a guard that it went back over, and as an operand a gradient
 * that ad_backward did not record. Guards in kernels are made again, and those in rules that were recorded belong to
 * it. */
#include <gradtape/tensor.h>

typedef struct ad_replay_options {
    bool repeat_draws; /* random operators draw again what they drew last, in the recording or a replay */
} ad_replay_options;

/* What a replay saw. */
typedef struct ad_replay_report {
    ad_status status; /* as ad_replay_with returns it */
    char reason[240]; /* of AD_CHANGED: which guard or which shape; of an error: the tape's message; else "" */
} ad_replay_report;

/* Runs all recorded operators again, in order. Returns AD_OK; or AD_CHANGED where the recording no longer fits: a
 * guard decides otherwise, or a leaf was fed another shape. That is no error of the tape, but its values are then
 * partly old, and ad_backward is an error until ad_reset, and later replays say the same, with the first reason. Other
 * statuses are the tape's own; after an error on the way, ad_backward is one until a replay has come to its end.
 * Random operators draw anew. Gradients from before are dropped, but for those of parameters. Errors, besides those of
 * the operators: what is missing (above), an open segment, a call in a kernel or a rule (operator.h). */
AD_API ad_status ad_replay(ad_tape *tape);

/* The same with options (NULL: none), and a report if `report` is not NULL; only then are ties looked for. */
AD_API ad_status ad_replay_with(ad_tape *tape, const ad_replay_options *options, ad_replay_report *report);

/* Gives a leaf new values, as ad_assign, but with their shape. If that is not the recorded one of an input or a
 * variable nothing is copied, and the next replay returns AD_CHANGED and says so, unless it is fed the recorded one
 * again; for a parameter or a state, and in a kernel or a rule, it is an error. */
AD_API ad_status ad_feed(ad_tensor leaf, ad_shape shape, const void *data);

/* A choice that the program makes by values: returns whether a > b, which have one element each, and records the choice
 * under its name, so that a replay for which it would be another returns AD_CHANGED. On an error it returns false. */
AD_API bool ad_guard_greater(ad_tensor a, ad_tensor b, const char *name);

/* The same for any condition: an i32 tensor of one element; true if it is not 0. */
AD_API bool ad_guard(ad_tensor condition, const char *name);

#endif
