#ifndef AUTODIFF_REVERSE_ACCUMULATE_H
#define AUTODIFF_REVERSE_ACCUMULATE_H
/* Adding up gradients.
 *
 * Who owns a gradient: a part that a rule gives is (tensor, whether it may be written to). It may be written to where
 * nobody else will read it: a temporary that the rule made and nobody else has, or the gradient of the rule's own
 * result where nothing needs that after the rule. Such a part is taken as it is, and later parts are added into it.
 * Every other part is shared or copied first. In a sweep five functions write an entry's gradient: ad_take_part
 * and ad_add_gradient here, ad_drop_gradient (tape/entries.h), ad_give_numbers (scalar_parts.h), and ad_give_run
 * (pullback.h), which copies or adds a part of another gradient. */
#include "../tape/gradients.h"
#include "pullback.h"

/* Whether a part is borrowed from an owner that leaves it as it is, or must be copied where it might change. */
typedef enum ad_ownership { AD_GIVEN, AD_BORROWED } ad_ownership;

/* Sums a valid g to a shape that broadcasts to its own; g itself if it has that shape. */
ad_tensor ad_sum_to_shape(ad_tensor g, const ad_shape *shape);

/* Adds g, a valid handle of x's type, to the gradient of entry x. A g that is wider is summed to the shape of x. p is
 * the rule that gives it; NULL for a seed. */
void ad_add_gradient(ad_tape *t, ad_ownership ownership, ad_pullback *p, uint32_t x, ad_tensor g);

/* Whether nothing else sees the data of a temporary. */
static inline bool ad_is_exclusive(const ad_entry *g)
{
    return g->value.shape == &ad_scalar_shape_value || (g->u.storage && g->u.storage->references == 1);
}

/* Makes g the gradient of x, which has none, if g may be written to. Otherwise it does nothing and returns false. */
static inline bool ad_take_part(ad_pullback *p, ad_entry *x, ad_entry *given, uint32_t g)
{
    if ((given->value.flags & (AD_IS_FRESH | AD_IS_GRADIENT)) == AD_IS_FRESH && ad_is_exclusive(given))
        given->value.flags |= AD_IS_GRADIENT;
    /* Not where it outlives the sweep, and so perhaps its data: a leaf's. */
    else if (p && p->may_move && g == p->dy[0] && p->entry->gradient == g &&
             (x->op || given->value.shape == &ad_scalar_shape_value || given->u.storage))
        p->entry->gradient = 0;
    else
        return false;
    x->gradient = g;
    return true;
}

/* Whether a part may be added into the gradient `sum`: it may be written to, and the rule will not read it again. */
static inline bool ad_may_add_into(const ad_pullback *p, const ad_entry *sum, uint32_t id, uint32_t g)
{
    return id != g && ad_is_temporary(id) && !(p && id == p->dy[0]) && !(sum->value.flags & AD_IS_FRESH) &&
           ad_is_exclusive(sum);
}

#endif
