#ifndef GRADTAPE_UPDATE_H
#define GRADTAPE_UPDATE_H
/* Changing leaves in place. The values of a leaf change only through these calls.
 *
 * - A call changes the whole leaf, or nothing if it fails. A change counts up the leaf's version.
 * - Update after ad_backward and before the next recording, or run ad_replay after the update. Results already recorded
 *   keep their values.
 * - Views of the leaf show the new values. Views are made by ad_reshape, ad_squeeze, ad_expand_dims and ad_detach; one
 *   to or from rank 0 is a copy and keeps the old value.
 * - A gradient rule that would read a leaf newer than its recording is an error that names both versions.
 * - Parameters and states accept every change except ad_touch. Inputs and variables accept only ad_assign, borrowed
 *   leaves only ad_touch.
 * - A kernel or a rule may change only leaves that it made after a position (position.h).
 *
 * What a step computes for a state, such as a running mean, is proposed and then committed, so that it counts once for
 * each step that completes:
 *
 *   ad_propose(mean, ad_add(ad_scale(mean, 0.9), ad_scale(ad_mean(x), 0.1)));
 *   ad_backward(loss);
 *   ... update parameters ...
 *   ad_commit(t);
 *
 * - A proposal lives with the recording. ad_reset drops it, and ad_return_to if it was made after the position: the
 *   proposal before it is then in force again. What is dropped is not committed.
 * - ad_replay computes the values again, and all proposals wait for ad_commit again. So a loop of ad_backward, updates,
 *   ad_commit and ad_replay gives the same bits as recording anew each time. Commit at the end of a recording: a replay
 *   does not repeat what was committed on the way.
 * - Sweeps and segments that are computed again propose nothing. ad_gradcheck leaves no proposal that waits.
 *
 * A call that changes a leaf returns the tape's status, or AD_BAD_HANDLE if there is no tape. */
#include <gradtape/tensor.h>

/* Copies `data` into a leaf. `data` has the leaf's type and number of elements. Where it lies in the data of a result,
 * of a gradient (ad_f64, ad_data, ...), or of a leaf that was assigned from one, the leaf is to be assigned anew after
 * each replay (replay.h). */
AD_API ad_status ad_assign(ad_tensor leaf, const void *data);

/* Tells the tape that the caller changed the array of a borrowed leaf. Error: the leaf is not borrowed. A scalar given
 * to ad_borrow is copied, and accepts ad_assign instead. */
AD_API ad_status ad_touch(ad_tensor leaf);

/* Returns the state that belongs to the parameter or state `x` under a name, for instance "Adagrad". For optimisers.
 * - It has x's shape and type. The first call makes it and fills it with `initial`; later calls find it again, even if
 *   x or the state has been renamed.
 * - It is called X/Adagrad, where X is the first 120 characters of x's name, or parameter/Adagrad if x has no name.
 * Errors: a name that is empty, contains '/' or has more than 120 characters; an `initial` that i32 cannot hold; x has
 * a number of this name (ad_slot_number); memory. */
AD_API ad_tensor ad_slot(ad_tensor x, const char *name, double initial);

/* The same for one number: a scalar of type f64, whatever x is. For instance how many steps x was updated. Errors:
 * those of ad_slot; x has a slot of this name that is of its own shape and type. */
AD_API ad_tensor ad_slot_number(ad_tensor x, const char *name, double initial);

/* x <- x - rate dx : gradient descent. Errors: x has no gradient (AD_NO_GRADIENT); a rate that is not
 * finite. */
AD_API ad_status ad_descend(ad_tensor x, double rate);

/* x <- (1 - share) x : weight decay that is decoupled from the gradient (Loshchilov, Hutter 2019), with share = rate
 * decay. x is a parameter or state of type f32 or f64; it needs no gradient. Error: a share outside 0..1. */
AD_API ad_status ad_shrink(ad_tensor x, double share);

/* a <- a + dx^2 ;  x <- x - rate dx / sqrt(a) : Adagrad (Duchi, Hazan, Singer 2011), without an epsilon.
 * `accumulator` is a state of x's shape and type. Its initial values must be positive. Errors: those of ad_descend; an
 * accumulator of another kind, shape or type. */
AD_API ad_status ad_descend_adagrad(ad_tensor x, ad_tensor accumulator, double rate);

/* The most states that one update changes together with its parameter. */
#define AD_MAX_UPDATE_STATES 4

/* A part of a parameter that a rule updates: n elements of it, of its gradient and of its states, from element `first`
 * on. All arrays are of the type, which is f32 or f64, and none overlaps another. */
typedef struct ad_update_block {
    size_t n, first;
    ad_type type;
    void *x;
    const void *dx;
    void *state[AD_MAX_UPDATE_STATES]; /* in the order in which they were given */
    const void *context;
} ad_update_block;

/* A rule: it changes x and the states of a block. Threads call it for several blocks at once, so it changes nothing
 * else, and makes no call of the library. Each element is in one block, and where blocks begin does not depend on the
 * number of threads. */
typedef void ad_update_rule(const ad_update_block *block);

/* Changes a parameter and its n_states states by a rule of the caller's, in one pass. `context` is for the rule. States
 * have x's shape and type, and each is another one; n_states 0 allows NULL. Errors, of which none calls the rule: those
 * of ad_descend; x is i32; the rule is NULL; n_states is outside 0..AD_MAX_UPDATE_STATES; a state of another kind,
 * shape or type, or given twice; memory. */
AD_API ad_status ad_update_by(ad_tensor x, const ad_tensor *states, int n_states, ad_update_rule *rule,
                              const void *context);

/* Fills a leaf of type f32 or f64 with numbers uniform in [low, high). `range` is {low, high}; both are finite, and
 * low <= high. The numbers are drawn at (seed, stream, 0), (seed, stream, 1), ... (random.h). */
AD_API ad_status ad_fill_uniform(ad_tensor leaf, const double range[2], uint64_t seed, uint64_t stream);

/* Fills a leaf of type f32 or f64 with normal numbers of this mean and this standard deviation. They are mean +
 * deviation z, where the z are drawn at (seed, stream) as ad_normal draws them: of the stream
 * ad_stream(AD_STREAM_NORMAL, draw) they are those of that draw. Errors: a mean or a deviation that is not finite; a
 * deviation below 0; mean and deviation so large that not all numbers fit into the type. */
AD_API ad_status ad_fill_normal(ad_tensor leaf, double mean, double deviation, uint64_t seed, uint64_t stream);

/* Fills a leaf with one value. For i32 it must be a whole number that fits. */
AD_API ad_status ad_fill(ad_tensor leaf, double value);

/* Proposes a new value for a state. It is recorded now, as a copy of `value`, and ad_commit gives it to the state. The
 * last proposal for a state counts.
 * - `value` has the state's type and shape.
 * - No gradient passes, and gradients are as without it.
 * - A `value` in a segment may be dropped at its end: the proposal stays.
 * - A `value` that is a gradient which ad_backward did not record cannot be computed again: ad_replay is then an error.
 * Errors: `state` is no state (ad_state); another type or shape; a call in a kernel or a rule (operator.h); memory.
 * Returns the tape's status. */
AD_API ad_status ad_propose(ad_tensor state, ad_tensor value);

/* Returns the last proposal for the state that waits for ad_commit; the state itself if there is none. A layer that
 * runs twice in one step proposes from its own first proposal. No gradient passes through it. Error: `state` is no
 * state; the result is then inert. */
AD_API ad_tensor ad_proposed(ad_tensor state);

/* Gives each state the last proposal for it, all of them or none. What is committed waits no more: a second call does
 * nothing until there is a new proposal or a replay. nn_optimiser_step calls it after its updates.
 * - It takes no memory, unless the tape is watched (ad_watch).
 * Errors: values that are partly old, because a replay failed or the recording changed (replay.h); a call in a kernel
 * or a rule (operator.h). Returns the tape's status. */
AD_API ad_status ad_commit(ad_tape *tape);

/* Does the checks of ad_commit and changes nothing: before updates that are to be made with it or not at all. Returns
 * the tape's status. */
AD_API ad_status ad_check_commit(ad_tape *tape);

/* Makes room for `times` changes of each of the n parameters or states, in this order, or of slots that belong to them,
 * and for ad_commit after these: none of them then fails because memory is out. It changes nothing. For optimisers that
 * update all or nothing: they call it right before the updates. Errors: those of ad_check_commit; one of the n is
 * neither a parameter nor a state of the tape; memory. Returns the tape's status. */
AD_API ad_status ad_reserve_changes(ad_tape *tape, const ad_tensor *leaves, size_t n, size_t times);

/* Returns how often the leaf has been changed in place. Error: the tensor is not a leaf. */
AD_API uint32_t ad_version_of(ad_tensor leaf);

#endif
