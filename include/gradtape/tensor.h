#ifndef GRADTAPE_TENSOR_H
#define GRADTAPE_TENSOR_H
/* Tensors: handles, shapes, leaves, and reading values. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gradtape/tape.h>

#define AD_MAX_RANK 8

typedef enum ad_type { AD_F32, AD_F64, AD_I32, AD_TYPE_COUNT } ad_type;

/* Sizes, outermost first; row-major and dense. Rank 0 is a scalar. A size of 0 is legal. */
typedef struct ad_shape {
    int rank;
    int64_t dims[AD_MAX_RANK];
} ad_shape;

/* AD_SHAPE(2, 3) is a shape of two rows and three columns. */
#define AD_SHAPE(...)                                                                                                  \
    ((ad_shape){.rank = (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), .dims = {__VA_ARGS__}})
#define AD_SCALAR ((ad_shape){.rank = 0})

/* A handle: a value to copy, never a pointer to free. A tensor with id 0 is inert: what every call returns after an
 * error, and what calls on it return again. */
typedef struct ad_tensor {
    ad_tape *tape;
    uint32_t id;
    uint32_t generation;
} ad_tensor;

static inline bool ad_is_inert(ad_tensor x) { return x.id == 0; }

/* ---- Leaves ------------------------------------------------------------------------------------------------------ */

/* A parameter: wants a gradient, is updated in place (update.h), and lives until the tape is closed.
 * `data` is copied; NULL gives zeros. `name` is copied and used in messages; NULL gives none. Type f32 or f64. */
AD_API ad_tensor ad_param(ad_tape *tape, ad_type type, ad_shape shape, const void *data, const char *name);

/* Like a parameter, but wants no gradient: an optimiser's slot, a running mean. */
AD_API ad_tensor ad_state(ad_tape *tape, ad_type type, ad_shape shape, const void *data, const char *name);

/* An input: wants no gradient, and is gone at reset. `data` is copied; NULL gives zeros. */
AD_API ad_tensor ad_input(ad_tape *tape, ad_type type, ad_shape shape, const void *data);

/* An input that wants a gradient. Type f32 or f64. */
AD_API ad_tensor ad_variable(ad_tape *tape, ad_type type, ad_shape shape, const void *data);

/* An input that is not copied: the caller keeps `data` alive until reset, and says ad_touch (update.h) if it changes
 * it. The library never writes to it. Rank 0 is copied all the same; NULL gives zeros. */
AD_API ad_tensor ad_borrow(ad_tape *tape, ad_type type, ad_shape shape, const void *data);

/* A rank-0 input with the value given, as f64. */
AD_API ad_tensor ad_scalar(ad_tape *tape, double value);

/* Parameters and states of a tape, in the order of their creation. An index out of range is an error. */
AD_API size_t ad_kept_count(const ad_tape *tape);
AD_API ad_tensor ad_kept_at(ad_tape *tape, size_t index);

/* Parameters of a tape, without its states, in the order of their creation. An index out of range is an error. */
AD_API size_t ad_param_count(const ad_tape *tape);
AD_API ad_tensor ad_param_at(ad_tape *tape, size_t index);

/* Whether x is a parameter or a state; a tensor that is not valid is an error, and false. */
AD_API bool ad_is_kept(ad_tensor x);

/* ---- Names ------------------------------------------------------------------------------------------------------- */

/* Gives `x` a name for messages and drawings, and returns `x`; inert if there is no memory. The name is copied. A
 * gradient that was not recorded keeps none, and NULL changes nothing. */
AD_API ad_tensor ad_name(ad_tensor x, const char *name);

/* The name of `x`, "" if it has none. It belongs to the tape and lasts as long as `x`. */
AD_API const char *ad_name_of(ad_tensor x);

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

/* Type, shape and number of elements. A tensor that is not valid puts its tape in error and gives AD_F32, AD_SCALAR, 0.
 */
AD_API ad_type ad_type_of(ad_tensor x);
AD_API ad_shape ad_shape_of(ad_tensor x);
AD_API size_t ad_size_of(ad_tensor x);

/* The values, row-major. The array belongs to the tape and lasts as long as `x`. NULL on error (a tensor that is not
 * valid, a type that is not the one asked for). */
AD_API const void *ad_data(ad_tensor x);
AD_API const float *ad_f32(ad_tensor x);
AD_API const double *ad_f64(ad_tensor x);
AD_API const int32_t *ad_i32(ad_tensor x);

/* The value of a tensor with one element, of any type; NaN on error. */
AD_API double ad_item(ad_tensor x);

/* "f32", "f64" or "i32"; "unknown type" for a number outside the list. */
AD_API const char *ad_type_name(ad_type type);

/* Bytes of one element. */
AD_API size_t ad_type_bytes(ad_type type);

/* ---- Marks ------------------------------------------------------------------------------------------------------- */

/* A place in the recording to come back to, for a calculation inside another: in a loop that tries things, or in the
 * kernel or the gradient rule of your own operator, where a mark is what lets you record and differentiate
 * (differentiate.h). Marks nest; a mark lasts until it is rewound to, or the tape is reset. That of a tape in error, or
 * of NULL, is none, and rewinding to it an error. */
typedef struct ad_mark {
    const ad_tape *tape;
    uint64_t serial;
} ad_mark;
AD_API ad_mark ad_mark_now(ad_tape *tape);

/* Forgets what was recorded since the mark: handles to it become stale, and its memory is used again. The n tensors of
 * `keep` (at most 8; NULL and 0 for none) come along: what was recorded since becomes a constant with its value, at a
 * new handle. As nobody knows then how it was made, a later ad_replay is an error; in a rule that is recorded, where it
 * depends on what the rule was given, so is differentiating it again. Gradients of older tensors stay. A segment that
 * was begun since is dropped with the rest. Errors: a mark that is not one of this recording or, in a rule or a kernel,
 * was taken outside of it; more than 8 tensors to keep or one that is not valid; memory. A tape in error is rewound
 * too. */
AD_API ad_status ad_rewind(ad_tape *tape, ad_mark mark, ad_tensor *keep, int n);

#endif
