#ifndef GRADTAPE_POSITION_H
#define GRADTAPE_POSITION_H
/* Positions: a calculation inside another. Take a position, record and differentiate, return to the position: what was
 * recorded in between is gone, except the tensors that survive. For a loop that tries things, and for the kernel or the
 * gradient rule of your own operator, where a position is what lets you record and differentiate (differentiate.h).
 *
 *   const ad_position position = ad_position_now(t);
 *   ad_tensor y = ...;
 *   ad_return_to(t, position, &y, 1);
 *
 * - Positions nest. Returning to an outer position also gives up the inner ones.
 * - A position is used once: a second return to it is an error.
 * - ad_reset gives up all positions.
 * - A kernel or gradient rule returns to each position that it takes. If it does not, that is an error that
 *   names its operator. It cannot return to a position from outside. */
#include <gradtape/tensor.h>

/* A place in the recording, to be passed back. Its members are not for reading. */
typedef struct ad_position {
    const ad_tape *tape;
    uint64_t serial;
} ad_position;

/* Takes a position: the place in the recording as it is now. A tape in error, and NULL, give a position that is not
 * valid. Error: memory. */
AD_API ad_position ad_position_now(ad_tape *tape);

/* Returns to a position and forgets what was recorded after it: its handles become stale, and its memory is used again.
 * - The n tensors of `survive` survive (at most 8; NULL and 0 for none). Those recorded after the position are replaced
 *   by constants with the same values, and survive[i] gets the new handle. A gradient that was not recorded stays one
 *   (ad_gradient).
 * - Gradients of older tensors stay.
 * - A segment that was begun after the position is dropped too.
 * - The recording does not say how a survivor was made: ad_replay is an error while one is on the tape. A guard that is
 *   dropped makes ad_replay an error until ad_reset, because the program chose by it what it recorded next. Kernels are
 *   excepted: a replay runs them again.
 * - Inside a rule that is recorded, a survivor depends on everything that the rule was given. A derivative that passes
 *   through it is an error that names the operator.
 * - A tape in error returns to its position too, and stays in error. The tensors of `survive` are then inert.
 * Returns the tape's status. Errors: a position that was used, given up by ad_reset or by a return to an outer one, is
 * not valid or belongs to another tape; in a kernel or a rule, a position that was taken outside of it; more than 8
 * tensors in `survive`, or one that is not valid; memory. */
AD_API ad_status ad_return_to(ad_tape *tape, ad_position position, ad_tensor *survive, int n);

#endif
