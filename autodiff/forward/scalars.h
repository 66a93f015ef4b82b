#ifndef AUTODIFF_FORWARD_SCALARS_H
#define AUTODIFF_FORWARD_SCALARS_H
/* Calls on scalars, quickly. A call on scalars has no shape to find, and what it must remember fits into an entry. All
 * other calls take the general path, which also reports errors. */
#include "../tape/frames.h"
#include "map.h"

/* Whether the row is one loop over its n operands, which it broadcasts. */
AD_ALWAYS_INLINE bool ad_is_map(const ad_operator *op, int n)
{
    return AD_LIKELY(op) && AD_LIKELY(op->run == ad_map) && AD_LIKELY(op->shape == ad_broadcast_shape) &&
           AD_LIKELY(op->arity == n);
}

AD_ALWAYS_INLINE bool ad_has_no_attributes(const ad_operator *op)
{
    return op->attributes[0].kind == AD_ATTRIBUTE_NONE;
}

/* Whether a call may be made as one on scalars: nothing has to be asked before it reads them, or be done after it. */
AD_ALWAYS_INLINE bool ad_may_be_scalar(const ad_tape *t, bool recording)
{
    return t->mode == ad_plain_mode(recording) && AD_LIKELY(!t->changes.n || !t->frame);
}

/* The entry of x, if it is a scalar and can be an operand as it is: a recording takes no temporaries. Else NULL. */
AD_ALWAYS_INLINE const ad_entry *ad_scalar_of(const ad_tape *t, ad_tensor x, bool recording)
{
    const uint32_t table = x.id >> AD_INDEX_BITS;
    if (!AD_LIKELY(x.tape == t) || !AD_LIKELY(recording ? (int32_t)x.id > 0 : x.id) ||
        !AD_LIKELY(x.id < t->ends[table]))
        return NULL;
    const ad_entry *e = ad_entry_at(t, x.id);
    return AD_LIKELY(e->generation == x.generation) && AD_LIKELY(e->value.shape == &ad_scalar_shape_value) ? e : NULL;
}

/* Computes the number y of a type from a, b and c, as many as the row has. One number without vectors is the fastest.
 */
AD_ALWAYS_INLINE void ad_run_one(const ad_operator *op, const ad_attribute *attributes, uint8_t type, void *y, void *a,
                                 void *b, void *c)
{
    ad_one *one = op->loops->one[type];
    if (AD_LIKELY(one) && AD_LIKELY(!attributes))
        one(y, a, b, c);
    else
        ad_map_one(op, attributes, type, y, a, b, c);
}

/* Where the result of a call on scalars may lie. A place that is ready needs no call. */
typedef enum ad_place_for_result { AD_READY_PLACE, AD_ANY_PLACE } ad_place_for_result;

/* Runs a call on 1 to 3 scalars, a and those of b and c that there are. Returns false, having done nothing, where it is
 * no plain call on scalars, or no place for its result is ready. */
AD_ALWAYS_INLINE bool ad_apply_scalars(ad_tape *t, const ad_operator *op, int n, const ad_tensor *x,
                                       const ad_attribute *attributes, bool recording, ad_place_for_result place,
                                       ad_tensor *y)
{
    const ad_entry *a = ad_scalar_of(t, x[0], recording), *b = a && n > 1 ? ad_scalar_of(t, x[1], recording) : a;
    const ad_entry *c = b && n > 2 ? ad_scalar_of(t, x[2], recording) : b;
    if (!AD_LIKELY(c) || !AD_LIKELY(a->value.type != AD_I32) || !AD_LIKELY(b->value.type == a->value.type) ||
        !AD_LIKELY(c->value.type == a->value.type))
        return false;
    const uint8_t type = a->value.type, flags = a->value.flags | b->value.flags | c->value.flags;
    uint32_t id;
    ad_entry *e = place == AD_ANY_PLACE ? ad_append(t, recording ? AD_STEP : AD_TEMPORARY, &id)
                  : recording           ? ad_append_to_step(t, &id)
                                        : ad_reuse_temporary(t, &id);
    if (!AD_LIKELY(e))
        return false;
    ad_make_scalar(e, type);
    if (recording) {
        e->op = op;
        e->value.n_results = 1;
        e->value.n_operands = (uint32_t)n;
        e->value.flags = flags & AD_WANTS_GRADIENT;
        e->u.operands[0] = x[0].id;
        e->u.operands[1] = n > 1 ? x[1].id : 0;
    }
    *y = (ad_tensor){.tape = t, .id = id, .generation = e->generation};
    ad_run_one(op, attributes, type, &e->scalar, a->value.data, b->value.data, c->value.data);
    return true;
}

/* Runs the kernel of the recorded entry e again, if that is one loop over one number of each operand. Returns false,
 * having done nothing, for every other call. */
static inline bool ad_recompute_scalar(const ad_tape *t, const ad_entry *e)
{
    const ad_operator *op = e->op;
    const uint32_t n = e->value.n_operands, *operands = ad_operands_of(e);
    if (op->run != ad_map || op->properties & (AD_VIEW | AD_RANDOM) || n - 1 >= AD_SPAN_ARRAYS - 1 ||
        e->value.n_results != 1 || e->value.shape != &ad_scalar_shape_value)
        return false;
    const ad_entry *a = ad_entry_at(t, operands[0]), *b = n > 1 ? ad_entry_at(t, operands[1]) : a;
    const ad_entry *c = n > 2 ? ad_entry_at(t, operands[2]) : b;
    if (a->value.shape != &ad_scalar_shape_value || b->value.shape != &ad_scalar_shape_value ||
        c->value.shape != &ad_scalar_shape_value)
        return false;
    ad_run_one(op, ad_has_no_attributes(op) ? NULL : e->extra->attributes, e->value.type, e->value.data, a->value.data,
               b->value.data, c->value.data);
    return true;
}

/* Applies an operator of one result and no attributes to one or two operands, in every case. */
ad_tensor ad_apply_few(const ad_operator *op, ad_tensor a, ad_tensor b, int n);

#endif
