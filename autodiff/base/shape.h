#ifndef AUTODIFF_BASE_SHAPE_H
#define AUTODIFF_BASE_SHAPE_H
/* Shapes: sizes, broadcasting, adding and removing axes. No tape, no errors. */
#include <gradtape/operator.h>

extern const ad_shape ad_scalar_shape_value;

bool ad_equal_dims(const ad_shape *a, const ad_shape *b);
static inline bool ad_same_dims(const ad_shape *a, const ad_shape *b) { return a == b || ad_equal_dims(a, b); }

/* The number of elements of a checked shape. */
static inline size_t ad_count_of(const ad_shape *shape)
{
    size_t n = 1;
    for (int i = 0; i < shape->rank; i++)
        n *= (size_t)shape->dims[i];
    return n;
}

/* The bytes of an element of a legal type. */
static inline size_t ad_bytes_of(uint8_t type) { return type == AD_F64 ? sizeof(double) : sizeof(float); }

/* Broadcasts b into *a, as NumPy does. Returns false if they do not fit. */
bool ad_broadcast(ad_shape *a, const ad_shape *b);

/* The shape with a new axis of `size` at index `axis`. */
ad_shape ad_expanded(const ad_shape *x, int axis, int64_t size);

/* The shape with the axes of the mask removed, or kept with size 1. */
ad_shape ad_reduced(const ad_shape *x, unsigned mask, bool keep);

/* The number that matrix `index` of the leading axes `lead` has in an operand whose own leading axes broadcast to
 * `lead`. */
size_t ad_matrix_at(const ad_shape *lead, const ad_shape *own, size_t index);

/* Writes "[2,3]" into text, and returns it. */
enum { AD_SHAPE_TEXT = 8 * 21 + 3 };
const char *ad_shape_text(const ad_shape *shape, char text[AD_SHAPE_TEXT]);

#endif
