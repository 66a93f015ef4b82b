#ifndef GRADTAPE_TENSOR_H
#define GRADTAPE_TENSOR_H
/* Tensors: handles, shapes, leaves, and reading values. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gradtape/tape.h>

/* The most axes that a tensor can have. */
#define AD_MAX_RANK 8

/* The types of elements: float, double and int32_t. */
typedef enum ad_type { AD_F32, AD_F64, AD_I32, AD_TYPE_COUNT } ad_type;

/* The sizes of a tensor, outermost first. Tensors are dense and row-major. Rank 0 is a scalar. A size of 0 is legal. */
typedef struct ad_shape {
    int rank;
    int64_t dims[AD_MAX_RANK];
} ad_shape;

/* AD_SHAPE(2, 3) is the shape of two rows and three columns. AD_SCALAR is that of a scalar. */
#define AD_SHAPE(...)                                                                                                  \
    ((ad_shape){.rank = (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), .dims = {__VA_ARGS__}})
#define AD_SCALAR ((ad_shape){.rank = 0})

/* A handle: a value to copy, never a pointer to free. A tensor with id 0 is inert: every call that makes a tensor
 * returns one after an error, and every call on an inert tensor returns an inert tensor. */
typedef struct ad_tensor {
    ad_tape *tape;
    uint32_t id;
    uint32_t generation;
} ad_tensor;

/* Returns whether x is inert. */
static inline bool ad_is_inert(ad_tensor x) { return x.id == 0; }

/* ---- Leaves ------------------------------------------------------------------------------------------------------ *
 * `data` is row-major, with an element for each element of the shape. It is copied; NULL gives zeros. On an error the
 * result is inert. */

/* Makes a parameter: it wants a gradient, is updated in place (update.h), and lives until the tape is closed. The type
 * is f32 or f64. `name` is copied and used in messages; NULL gives none. */
AD_API ad_tensor ad_param(ad_tape *tape, ad_type type, ad_shape shape, const void *data, const char *name);

/* Makes a state: like a parameter, but it wants no gradient, and its type may be i32. For an optimiser's slot or a
 * running mean. */
AD_API ad_tensor ad_state(ad_tape *tape, ad_type type, ad_shape shape, const void *data, const char *name);

/* Makes an input: it wants no gradient and is gone at reset. */
AD_API ad_tensor ad_input(ad_tape *tape, ad_type type, ad_shape shape, const void *data);

/* Makes a variable: an input that wants a gradient. The type is f32 or f64. */
AD_API ad_tensor ad_variable(ad_tape *tape, ad_type type, ad_shape shape, const void *data);

/* Makes an input whose `data` is not copied. The caller keeps `data` alive until reset, and calls ad_touch (update.h)
 * after changing it. The library never writes to it. A scalar is copied all the same. */
AD_API ad_tensor ad_borrow(ad_tape *tape, ad_type type, ad_shape shape, const void *data);

/* Makes an input of rank 0 and type f64 with this value. As an operand beside f32 tensors it is read as f32 (a cast of
 * it is recorded), so that it goes with both types. Scalars alone, and what is computed from them, are f64. Beside i32
 * operands, or as a seed for an f32 tensor, it needs ad_cast. */
AD_API ad_tensor ad_scalar(ad_tape *tape, double value);

/* Returns the number of parameters and states of a tape. */
AD_API size_t ad_kept_count(const ad_tape *tape);

/* Returns a parameter or a state by its index, in the order of creation, also on a tape in error. Error: an index out
 * of range. */
AD_API ad_tensor ad_kept_at(ad_tape *tape, size_t index);

/* Returns the number of parameters of a tape, without states. */
AD_API size_t ad_param_count(const ad_tape *tape);

/* Returns a parameter by its index, in the order of creation, also on a tape in error; states are not counted. Error:
 * an index out of range. */
AD_API ad_tensor ad_param_at(ad_tape *tape, size_t index);

/* Returns whether x is a parameter or a state. Error: x is not valid; the result is then false. */
AD_API bool ad_is_kept(ad_tensor x);

/* ---- Names ------------------------------------------------------------------------------------------------------- */

/* Gives `x` a name for messages and drawings. The name is copied; NULL changes nothing. A gradient that was not
 * recorded gets no name. Returns `x`, or an inert tensor on an error: `x` is not valid; memory. */
AD_API ad_tensor ad_name(ad_tensor x, const char *name);

/* Returns the name of `x`, "" if it has none. It belongs to the tape and lasts until `x` is named anew or gone. Error:
 * `x` is not valid; the result is then "". */
AD_API const char *ad_name_of(ad_tensor x);

/* ---- Reading ----------------------------------------------------------------------------------------------------- *
 * A tape in error can be read too: a valid tensor gives what it gave before. */

/* Return the type, the shape and the number of elements. Error: x is not valid; the results are then AD_F32, AD_SCALAR
 * and 0. */
AD_API ad_type ad_type_of(ad_tensor x);
AD_API ad_shape ad_shape_of(ad_tensor x);
AD_API size_t ad_size_of(ad_tensor x);

/* Return the values, row-major. The array belongs to the tape and lasts as long as `x`. Errors: `x` is not valid, or
 * has another type than the one asked for; the result is then NULL. */
AD_API const void *ad_data(ad_tensor x);
AD_API const float *ad_f32(ad_tensor x);
AD_API const double *ad_f64(ad_tensor x);
AD_API const int32_t *ad_i32(ad_tensor x);

/* Returns the value of a tensor with one element, of any type. Errors: x is not valid, or has not exactly one element;
 * the result is then NaN. */
AD_API double ad_item(ad_tensor x);

/* Returns "f32", "f64" or "i32"; "unknown type" for a number outside the list. */
AD_API const char *ad_type_name(ad_type type);

/* Returns the bytes of one element; 0 for a number outside the list. */
AD_API size_t ad_type_bytes(ad_type type);

#endif
