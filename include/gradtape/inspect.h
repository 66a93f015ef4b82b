#ifndef GRADTAPE_INSPECT_H
#define GRADTAPE_INSPECT_H
/* Looking into a tape: what was recorded, and where each gradient comes from.
 *
 * The calls that read take a tape in error, record nothing, and change no value or gradient. Those that return a
 * pointer or a number say so if there is nothing to return. They may put the tape in error where it is stated: a tensor
 * that is not valid does. A tensor whose segment dropped its value (segments.h) is valid here, except where its value
 * is read. */
#include <gradtape/operator.h>
#include <gradtape/tensor.h>

/* ---- The recording ----------------------------------------------------------------------------------------------- */

/* Returns number i of what was recorded since the last reset, in the order of recording, which is a topological order;
 * ad_entry_count (tape.h) says how many there are. Inputs and variables are among them, parameters and states are not
 * (ad_kept_at). Each result of a call is listed, and each by-product, once its kernel has written them. An i out of
 * range gives an inert tensor. */
AD_API ad_tensor ad_recorded_at(ad_tape *tape, size_t i);

/* Returns the number of `x`: i where `x` is ad_recorded_at(tape, i), or ad_kept_at(tape, i) if it is a parameter or a
 * state. SIZE_MAX for a gradient that was not recorded. Error: `x` is not valid; the result is then SIZE_MAX. */
AD_API size_t ad_number_of(ad_tensor x);

/* Returns whether `x` is valid. It is the one call here for which that is no error. */
AD_API bool ad_is_valid(ad_tensor x);

/* Returns the name of the operator that made `y`, for instance "tanh". A leaf gives "param", "state", "input" or
 * "variable". A gradient that was not recorded gives "gradient", a tensor that survived ad_return_to gives "return_to".
 * Error: `y` is not valid; the result is then "". */
AD_API const char *ad_made_by(ad_tensor y);

/* Returns the operator that made `y`; NULL for a leaf, and for a gradient that was not recorded. Error: `y` is not
 * valid. */
AD_API const ad_operator *ad_operator_of(ad_tensor y);

/* Returns the attributes of the call that made `y`, as its operator declares them; NULL if there are none. They belong
 * to the tape and last as long as `y`. Error: `y` is not valid. */
AD_API const ad_attribute *ad_attributes_of(ad_tensor y);

/* Returns which result of its call `y` is: 0 for the first, and for a leaf. By-products follow the results. The results
 * of a call are recorded one after the other. Error: `y` is not valid. */
AD_API int ad_result_number(ad_tensor y);

/* Returns the number of operands that `y` was made from: 0 for a leaf. Error: `y` is not valid. */
AD_API int ad_operand_count(ad_tensor y);

/* Returns the i-th operand that `y` was made from. Errors: `y` is not valid; i is out of range (AD_BAD_VALUE). */
AD_API ad_tensor ad_operand(ad_tensor y, int i);

/* Returns whether `x` wants a gradient: it is a parameter or a variable, or depends on one. Error: `x` is not valid. */
AD_API bool ad_wants_gradient(ad_tensor x);

/* Returns whether the segment of `x` dropped its value. Error: `x` is not valid. */
AD_API bool ad_is_dropped(ad_tensor x);

/* Returns the data of `x` as ad_data does (tensor.h), for showing it: also inside a gradient rule that must not compute
 * with it, because a leaf was changed since. NULL if its segment dropped it. Error: `x` is not valid. */
AD_API const void *ad_look_at(ad_tensor x);

/* Returns whether `x` is a leaf that was changed in place since the recording read it, or a view of one: its value is
 * not the one that results were computed from. Error: `x` is not valid. */
AD_API bool ad_is_changed(ad_tensor x);

/* ---- Scopes ------------------------------------------------------------------------------------------------------ *
 * A scope gives a name to a stretch of the recording, for instance to a layer. Scopes nest. They change nothing else.
 */

typedef struct ad_scope {
    const char *name; /* belongs to the tape */
    int outer;        /* the index of the scope around it; -1: none */
    size_t first, n;  /* its entries: n from number `first` on (ad_recorded_at) */
    bool is_open;
} ad_scope;

/* Begins a scope; ends the innermost one. The name is copied. Both return the tape's status. Errors: the name is NULL;
 * no scope is open; memory; a call in a kernel or a rule (operator.h). A position (position.h) that is returned to
 * leaves the scopes as they were. */
AD_API ad_status ad_scope_begin(ad_tape *tape, const char *name);
AD_API ad_status ad_scope_end(ad_tape *tape);

/* Return the number of scopes since the last reset, and number i of them, in the order of their beginnings. An i out of
 * range gives a scope whose name is NULL. */
AD_API size_t ad_scope_count(const ad_tape *tape);
AD_API ad_scope ad_scope_at(const ad_tape *tape, size_t i);

/* ---- Watching ---------------------------------------------------------------------------------------------------- *
 * Each operand of each call gives a part of its gradient. A watched tape keeps each part as it is added up, in order:
 * to whom, from which call, through which of its operands. The parts of a tensor add up to its gradient. */

/* The most elements of a part, a gradient or a value that are copied. */
#define AD_MOST_COPIED 4096

/* Numbers that were copied. */
typedef struct ad_numbers {
    ad_type type;
    ad_shape shape;
    size_t n;         /* elements */
    double norm;      /* Euclidean, of all elements; -1: none were computed */
    const void *data; /* row-major; NULL if there are more than AD_MOST_COPIED, or none were computed */
} ad_numbers;

/* Where a part comes from. */
typedef enum ad_part_origin {
    AD_FROM_RULE,   /* a gradient rule gave it */
    AD_FROM_SEED,   /* the sweep began with it: 1, or the seed that the caller gave */
    AD_FROM_BEFORE, /* the gradient that was there when a sweep with `accumulate` began, and was not watched */
} ad_part_origin;

/* One part of a gradient. */
typedef struct ad_part {
    ad_part_origin origin;
    int sweep;       /* which sweep of the band: 0 for the first */
    ad_tensor of;    /* to whose gradient it was added */
    ad_tensor from;  /* result 0 of the call whose rule gave it; inert if there was none */
    int place;       /* which operand of that call `of` is, from 0 (JSON counts from 1); -1: there was none */
    ad_numbers part; /* in the shape of `of` */
    const ad_numbers *upstream; /* the gradients of the results of that call, n_upstream of them */
    int n_upstream;
    bool has_local;
    double local; /* the derivative of the call by this operand: where both have one element, there is no other result,
                     and the rule gives that place one part */
} ad_part;

/* The two bands of parts. */
typedef enum ad_band {
    AD_BAND_BACKWARD,   /* the last ad_backward; those with `accumulate` add to it. A gradient of an inner tensor is the
                           sum of its parts of the last sweep. */
    AD_BAND_FUNCTIONAL, /* the last ad_grad, ad_vjp, ad_jvp, ad_hvp or ad_jacobian of the program, each sweep after the
                           other, without the parts of entries that the call removed at its end. What rules and kernels
                           differentiate is not watched. */
    AD_BAND_COUNT
} ad_band;

/* Turns watching on or off.
 * - While it is on, a sweep keeps its parts, and a change of a leaf in place keeps the value before it. Gradients have
 * the same bits. Rules of calls with one element run a second time, for the local derivative.
 * - While it is off, it costs nothing. What was kept stays until the next ad_backward, ad_reset, or ad_watch with
 * AD_ON.
 * - Each sweep that accumulates, and each change, takes more memory: until the next ad_backward that does not
 *   accumulate, or ad_reset.
 * - Parts of entries that ad_return_to drops are dropped.
 * - A sweep that fails keeps what was given before it failed.
 * Errors: memory, then or in a sweep; a call in a kernel or a rule (operator.h). Returns the tape's status. */
AD_API ad_status ad_watch(ad_tape *tape, ad_switch on);

/* Returns whether the tape is watched. */
AD_API bool ad_is_watched(const ad_tape *tape);

/* Return the number of parts in a band, and number i of them, in the order in which they were given. The part belongs
 * to the tape and lasts until the next sweep or reset. NULL: i is out of range.
 * - A whole gradient is no part. That of a leaf is ad_gradient(x) (backward.h). That of an inner tensor is what the
 *   rule of its own call was given: `upstream[j]` of each part that is `from` that call, where j is
 *   ad_result_number(x); it is the sum of the parts that are `of` it, too. */
AD_API size_t ad_part_count(const ad_tape *tape, ad_band band);
AD_API const ad_part *ad_part_at(const ad_tape *tape, ad_band band, size_t i);

/* A change of a leaf in place, by ad_descend for instance. */
typedef struct ad_leaf_change {
    ad_tensor leaf;
    const char *by;    /* "descend" */
    ad_numbers before; /* its value before the change */
} ad_leaf_change;

/* Return the number of changes since the last ad_backward that did not accumulate or the last replay, and number i of
 * them, in order. A change by ad_touch is not listed: the earlier value is gone. The change lasts until the next
 * backward, replay or reset. NULL: i is out of range. */
AD_API size_t ad_leaf_change_count(const ad_tape *tape);
AD_API const ad_leaf_change *ad_leaf_change_at(const ad_tape *tape, size_t i);

/* ---- Derivatives of one call ------------------------------------------------------------------------------------- */

/* Returns the local derivative of `y` by its i-th operand: what y's rule gives to that place alone when the gradient of
 * `y` is all ones. For `x + x` each of the two places gets 1.
 * - The result is a constant of the operand's shape, like an input: a replay leaves it unchanged, and it has no
 *   derivative. Take ad_grad where it must have one.
 * - No stored gradient changes.
 * Errors: the operator or the types have no derivative (AD_NO_GRADIENT); i is out of range; a call in a kernel or a
 * rule (operator.h). */
AD_API ad_tensor ad_local_gradient(ad_tensor y, int i);

/* ---- Numbers that are not finite --------------------------------------------------------------------------------- */

/* Turns a check on or off that finds where a NaN or an infinity comes from. While it is on, every result of an operator
 * and every gradient is looked at, and the first number that is not finite puts the tape in error (AD_NOT_FINITE).
 * - The message names the entry by its number from 1 on (ad_recorded_at), its operator and the nearest tensor before it
 *   that has a name; the element; and each operand with its range. In a sweep it names the entry whose gradient rule
 *   runs, and says that the loss depends on it.
 * - An input that is not finite is found at the first operator whose result it makes not finite.
 * - The check costs one pass over everything that is computed.
 * Returns the tape's status. */
AD_API ad_status ad_check_finite(ad_tape *tape, ad_switch on);

/* Returns the first tensor with a number that is not finite: of the parameters and states, then of what was recorded;
 * an inert tensor if there is none. It is for tapes that were not checked. Values that segments dropped are not looked
 * at.
 * - *reaches gets whether the loss was computed from that tensor, in however many steps. `loss` may be inert, and
 *   `reaches` NULL.
 * Errors: the loss is not valid; memory. */
AD_API ad_tensor ad_first_not_finite(ad_tape *tape, ad_tensor loss, bool *reaches);

#endif
