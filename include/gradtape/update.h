#ifndef GRADTAPE_UPDATE_H
#define GRADTAPE_UPDATE_H
/* Changing leaves in place: the only way their values change. Each call either changes the whole leaf or, on an error,
 * nothing, and counts up the leaf's version. What was recorded before keeps the old numbers (but views of the leaf,
 * made by ad_reshape, ad_squeeze, ad_expand_dims and ad_detach, show the new ones, unless they are to or from rank 0),
 * so update after ad_backward and before the next recording, or run ad_replay: a rule that would read a leaf newer than
 * its recording is an error that names both versions. In a kernel or a rule only leaves made there change (operator.h).
 * Parameters and states take every call; inputs and variables ad_assign only, borrowed ones ad_touch. */
#include <gradtape/tensor.h>

/* Copies `data` (as many elements as the leaf has, of its type) into a leaf. */
AD_API ad_status ad_assign(ad_tensor leaf, const void *data);

/* Says that the caller changed the array of a borrowed leaf; any other is an error. A borrowed scalar is copied, and so
 * takes ad_assign. */
AD_API ad_status ad_touch(ad_tensor leaf);

/* The state that belongs to the parameter or state `x` under a name, "Adagrad" for instance: of the shape and type of
 * x, made and filled with `initial` at the first call, found again at later ones, whatever both are called by then. It
 * is called X/Adagrad, or parameter/Adagrad if x has no name; of x's name 120 characters are taken. For optimisers.
 * Errors: a name that is empty, has a '/' or more than 120 characters; an `initial` that i32 cannot hold; memory. */
AD_API ad_tensor ad_slot(ad_tensor x, const char *name, double initial);

/* x <- x - rate dx : gradient descent. Errors: no gradient, a leaf that wants none. */
AD_API ad_status ad_descend(ad_tensor x, double rate);

/* a <- a + dx^2 ;  x <- x - rate dx / sqrt(a) : Adagrad (Duchi, Hazan, Singer 2011), without an epsilon. `accumulator`
 * is a state of the shape and type of `x` with positive initial values. */
AD_API ad_status ad_descend_adagrad(ad_tensor x, ad_tensor accumulator, double rate);

/* Fills a leaf of f32 or f64 with numbers uniform in [low, high), of the range {low, high}, both finite and low <=
 * high, drawn at (seed, stream, 0), (seed, stream, 1), ... See random.h. */
AD_API ad_status ad_fill_uniform(ad_tensor leaf, const double range[2], uint64_t seed, uint64_t stream);

/* Fills a leaf with one value; for i32 it must be a whole number that fits. */
AD_API ad_status ad_fill(ad_tensor leaf, double value);

/* The number of times the leaf was changed in place. */
AD_API uint32_t ad_version_of(ad_tensor leaf);

#endif
